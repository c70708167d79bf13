//! The built-in policies: strict and canonical files, and cases for each rule.

mod page;
mod shown;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};
use tenure::{
    format::codec,
    model::{
        Severity, Tier,
        file::{
            CampaignDefinition, Controls, Expected, FileKind, GovernedFile, LimitDirection, NoResponseAction, Profile,
            RuleCases, Rules, Selector,
        },
    },
    policy::{PackSources, PolicyPack},
};

#[test]
fn every_shipped_file_is_accepted_as_it_is() {
    let mut kinds = BTreeMap::new();
    for (name, bytes) in shipped() {
        let text = std::str::from_utf8(&bytes).expect("text");
        let kind = codec::kind(&name, text).unwrap_or_else(|problems| panic!("{}", problems.to_json()));
        codec::check(kind, &name, &bytes).unwrap_or_else(|problems| panic!("{name}: {}", problems.to_json()));
        let end = match kind {
            FileKind::CampaignDefinition => ".toml",
            FileKind::Controls => "controls.toml",
            FileKind::Profile => ".profile.toml",
            FileKind::RuleCases => ".cases.toml",
            FileKind::Rules => ".rules.toml",
            other => panic!("{name} is {other:?}, which is no policy"),
        };
        assert!(name.ends_with(end), "{name} should end in {end}");
        *kinds.entry(end).or_insert(0) += 1;
    }
    assert_eq!(kinds.get("controls.toml"), Some(&1));
    assert_eq!(kinds.get(".profile.toml"), Some(&7));
    assert_eq!(kinds.get(".rules.toml"), kinds.get(".cases.toml"), "rules and their cases lie side by side");
}

#[test]
fn the_rules_are_those_of_the_pack_with_their_severities() {
    let pack = pack(&[]);
    let found: Vec<(&str, Severity, Vec<Severity>)> = pack
        .rules()
        .map(|rule| (rule.id.as_str(), rule.severity, rule.severities.iter().map(|when| when.severity).collect()))
        .collect();
    let expected: Vec<(&str, Severity, Vec<Severity>)> =
        RULES.iter().map(|(id, severity, when)| (*id, *severity, when.to_vec())).collect();
    assert_eq!(found, expected);
}

#[test]
fn every_rule_is_shown_to_fail_to_pass_and_to_be_unknown() {
    let cases: Vec<_> = all::<RuleCases>(FileKind::RuleCases).into_iter().flat_map(|(_, file)| file.cases).collect();
    for rule in pack(&[]).rules() {
        let of: Vec<_> = cases.iter().filter(|case| case.rule == rule.id).collect();
        let shown = |expected| of.iter().filter(move |case| case.expect == expected);
        for expected in [Expected::Fail, Expected::Pass, Expected::Unknown] {
            assert!(shown(expected).next().is_some(), "{}: no case {expected:?}", rule.id);
        }
        let about_all = rule.when == "true";
        assert!(about_all || shown(Expected::NotApplicable).next().is_some(), "{}: what is it not about?", rule.id);
        let plain = |severity| shown(Expected::Fail).any(|case| case.severity == severity && case.profiles.is_empty());
        assert!(plain(Some(rule.severity)), "{}: no case is {}", rule.id, rule.severity);
        for when in &rule.severities {
            assert!(plain(Some(when.severity)), "{}: no case is {}", rule.id, when.severity);
        }
        assert!(shown(Expected::Fail).all(|case| case.severity.is_some()), "{}: how bad is it?", rule.id);
        let names: BTreeSet<_> = of.iter().map(|case| &case.name).collect();
        assert_eq!(names.len(), of.len(), "{}: two cases have one name", rule.id);
    }
}

#[test]
fn rules_and_their_cases_lie_in_files_of_one_name() {
    let cases: BTreeMap<_, _> = all::<RuleCases>(FileKind::RuleCases).into_iter().collect();
    for (name, rules) in all::<Rules>(FileKind::Rules) {
        let beside = cases.get(&name.replace(".rules.", ".cases.")).expect("cases beside the rules");
        let ids: BTreeSet<_> = rules.rules.iter().map(|rule| &rule.id).collect();
        let pairs: BTreeSet<_> = rules.pairs.iter().map(|pair| &pair.id).collect();
        let shown: BTreeSet<_> = beside.cases.iter().map(|case| &case.rule).collect();
        assert_eq!(shown, ids.union(&pairs).copied().collect(), "{name}");
        assert!(rules.rules.is_sorted_by_key(|rule| &rule.id), "{name}: rules are sorted by id");
        assert!(rules.pairs.is_sorted_by_key(|pair| &pair.id), "{name}: pairs are sorted by id");
    }
}

#[test]
fn every_profile_only_tightens_and_says_why() {
    let plain = pack(&[]);
    let profiles = all::<Profile>(FileKind::Profile);
    let names: Vec<_> = profiles.iter().map(|(_, profile)| profile.name.as_str()).collect();
    assert_eq!(names, ["cis", "dora", "fedramp-high", "fedramp-moderate", "hipaa", "pci", "sox"]);
    let cases: Vec<_> = all::<RuleCases>(FileKind::RuleCases).into_iter().flat_map(|(_, file)| file.cases).collect();
    let frameworks = controls();
    for (file, profile) in &profiles {
        assert_eq!(*file, format!("policies/{}.profile.toml", profile.name));
        let with = pack(&[&profile.name]);
        let mut changes = 0;
        for rule in plain.rules() {
            let severities = [&with, &plain].map(|pack| pack.severity(&rule.id).expect("a rule").0);
            assert!(severities[0] <= severities[1], "{}: {} is less bad", profile.name, rule.id);
            changes += usize::from(severities[0] < severities[1]);
            for limit in &rule.limits {
                for tier in [Tier::T0, Tier::T1, Tier::T2, Tier::T3] {
                    let numbers = [&with, &plain].map(|pack| pack.limit(&rule.id, &limit.name, tier).expect("one").0);
                    let looser = match limit.stricter {
                        LimitDirection::Less => numbers[0] > numbers[1],
                        LimitDirection::More => numbers[0] < numbers[1],
                    };
                    assert!(!looser, "{}: {} {} {tier} is looser", profile.name, rule.id, limit.name);
                    changes += usize::from(numbers[0] != numbers[1]);
                }
            }
        }
        assert!(changes > 0, "{} changes nothing", profile.name);
        for setting in &profile.settings {
            let framework = setting.because.split(' ').next().unwrap_or_default();
            let known = frameworks.frameworks.iter().any(|known| known.id == framework);
            assert!(known, "{}: `{}` names no framework", profile.name, setting.because);
            let shown = cases.iter().any(|case| case.rule == setting.rule && case.profiles.contains(&profile.name));
            assert!(shown, "{}: no case shows what it sets for {}", profile.name, setting.rule);
        }
    }
}

#[test]
fn every_control_that_a_rule_names_is_there_and_names_the_rule() {
    let controls = controls();
    let retired: BTreeSet<_> = controls.retired.iter().map(|retired| retired.id.as_str()).collect();
    let by_id: BTreeMap<String, _> =
        controls.controls.iter().map(|control| (format!("{}:{}", control.framework, control.id), control)).collect();
    assert_eq!(by_id.len(), controls.controls.len(), "a control is there twice");
    let pack = pack(&[]);
    for rule in pack.rules() {
        assert!(!rule.controls.is_empty(), "{} serves no control", rule.id);
        assert!(rule.controls.is_sorted(), "{}: controls are sorted", rule.id);
        for id in &rule.controls {
            assert!(!retired.contains(id.as_str()), "{} names {id}, which is retired", rule.id);
            let control = by_id.get(id).unwrap_or_else(|| panic!("{} names {id}, which is not there", rule.id));
            assert!(control.policies.contains(&rule.id), "{id} does not name {}", rule.id);
        }
    }
    let frameworks: BTreeSet<_> = controls.frameworks.iter().map(|framework| framework.id.as_str()).collect();
    for control in &controls.controls {
        assert!(frameworks.contains(control.framework.as_str()), "{}: no such framework", control.framework);
        for id in &control.policies {
            assert!(pack.rule(id).is_some(), "{}:{} names {id}, which is no rule", control.framework, control.id);
        }
    }
    for retired in &controls.retired {
        assert!(!by_id.contains_key(&retired.id), "{} is retired and there", retired.id);
        for id in &retired.instead {
            assert!(by_id.contains_key(id), "{}: {id} takes its place and is not there", retired.id);
        }
    }
}

#[test]
fn builtin_definitions_select_items_and_have_fallbacks() {
    let definitions = all::<CampaignDefinition>(FileKind::CampaignDefinition);
    assert!(definitions.len() >= 4, "{} definitions", definitions.len());
    for (name, definition) in definitions {
        assert!(!definition.selectors.is_empty(), "{name} selects nothing");
        assert_ne!(definition.fallback, definition.second_fallback, "{name}: the fallbacks are two people");
        let days: u32 = definition.stages.iter().map(|stage| stage.days).sum();
        assert!(days <= definition.window_days, "{name}: the stages take longer than the window");
        let recurs = definition.recurrence_days.is_some() || !definition.triggers.is_empty();
        assert!(recurs, "{name}: when is it opened?");
        if let Some(every) = definition.recurrence_days {
            assert!(definition.window_days < every, "{name}: the next one opens before this one ends");
        }
        assert_eq!(definition.on_no_response, NoResponseAction::Remove, "{name}: silence leaves access as it is");
    }
}

#[test]
fn every_tier_is_certified_as_often_as_the_rule_asks() {
    let pack = pack(&[]);
    let definitions = all::<CampaignDefinition>(FileKind::CampaignDefinition);
    for tier in [Tier::T0, Tier::T1, Tier::T2, Tier::T3] {
        let (limit, _) = pack.limit("NHI-LIF-05", "days", tier).expect("the rule on cadence");
        // A selector that names only the tier selects all of it.
        let takes = |definition: &CampaignDefinition| {
            let whole = Selector { tiers: Vec::new(), ..Selector::default() };
            let of = |selector: &&Selector| selector.tiers.contains(&tier);
            let plain = |selector: &Selector| Selector { tiers: Vec::new(), ..selector.clone() } == whole;
            definition.selectors.iter().filter(of).any(plain)
        };
        let often = |every: u32| i64::from(every) <= limit;
        let found = definitions.iter().any(|(_, one)| takes(one) && one.recurrence_days.is_some_and(often));
        assert!(found, "no campaign takes all of {tier} every {limit} days");
    }
}

/// Every shipped file with its path in a governed repository, sorted.
fn shipped() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("the folder of policies")
        .map(|entry| entry.expect("an entry").path())
        .map(|path| {
            let name = path.file_name().expect("a name").to_str().expect("text");
            (format!("policies/{name}"), fs::read(&path).expect("a policy"))
        })
        .collect();
    files.sort();
    files
}

fn all<T: GovernedFile>(kind: FileKind) -> Vec<(String, T)> {
    let is = |name: &str, bytes: &[u8]| {
        codec::kind(name, std::str::from_utf8(bytes).expect("text")).is_ok_and(|found| found == kind)
    };
    let read = |(name, bytes): (String, Vec<u8>)| {
        let file = codec::parse(&name, &bytes).unwrap_or_else(|problems| panic!("{}", problems.to_json()));
        (name, file)
    };
    shipped().into_iter().filter(|(name, bytes)| is(name, bytes)).map(read).collect()
}

fn controls() -> Controls {
    all::<Controls>(FileKind::Controls).pop().expect("controls.toml").1
}

/// A part of the rules gives no errors about the other parts.
#[test]
fn each_part_of_the_pack_stands_alone() {
    let part = |stem: &str, with: &[&str]| -> Vec<(String, Vec<u8>)> {
        let is_of = |name: &str| {
            let name = name.trim_start_matches("policies/");
            name == "controls.toml"
                || name.starts_with(&format!("{stem}."))
                || with.iter().any(|end| name.ends_with(end))
        };
        shipped().into_iter().filter(|(name, _)| is_of(name)).collect()
    };
    let stems: Vec<String> = shipped()
        .into_iter()
        .filter_map(|(name, _)| Some(name.strip_suffix(".rules.toml")?.replace("policies/", "")))
        .collect();
    assert!(stems.len() > 9, "{stems:?}");
    for stem in &stems {
        for with in [&[][..], &[".profile.toml"]] {
            let files = part(stem, with);
            let sources =
                PackSources::read(files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()))).unwrap();
            let problems = tenure::policy::lint(sources);
            assert!(problems.is_empty(), "{stem} {with:?}: {}", problems.to_json());
            let pack = pack_of(&files, &[]);
            let tested = pack.test().unwrap();
            assert!(tested.iter().all(|tested| tested.is_as_expected()), "{stem}");
            assert_eq!(pack.left_out().is_empty(), !with.is_empty() || !names_profiles(&files), "{stem} {with:?}");
        }
    }
}

fn names_profiles(files: &[(String, Vec<u8>)]) -> bool {
    files
        .iter()
        .any(|(name, bytes)| name.ends_with(".cases.toml") && String::from_utf8_lossy(bytes).contains("profiles = ["))
}

fn pack(profiles: &[&str]) -> PolicyPack {
    pack_of(&shipped(), profiles)
}

fn pack_of(files: &[(String, Vec<u8>)], profiles: &[&str]) -> PolicyPack {
    let sources = PackSources::read(files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())));
    let sources = sources.unwrap_or_else(|problems| panic!("{}", problems.to_json()));
    let profiles: Vec<String> = profiles.iter().map(|name| (*name).to_owned()).collect();
    PolicyPack::compile(sources, &profiles).unwrap_or_else(|problems| panic!("{}", problems.to_json()))
}

use Severity::{Critical, High, Medium};

/// The rules of the default pack: id, severity, and the severities under a condition.
const RULES: &[(&str, Severity, &[Severity])] = &[
    ("HUM-ADM-01", High, &[]),
    ("HUM-DOR-01", Medium, &[High]),
    ("HUM-EXT-01", High, &[]),
    ("HUM-LVR-01", Critical, &[]),
    ("HUM-MOV-01", High, &[]),
    ("HUM-SOD-01", High, &[]),
    ("NHI-3RD-01", High, &[]),
    ("NHI-3RD-02", High, &[]),
    ("NHI-AGT-01", High, &[]),
    ("NHI-ATH-01", High, &[]),
    ("NHI-ATH-02", High, &[Critical]),
    ("NHI-ATH-03", Medium, &[]),
    ("NHI-BRG-01", Critical, &[]),
    ("NHI-CRD-01", High, &[]),
    ("NHI-CRD-02", High, &[Critical]),
    ("NHI-CRD-03", High, &[]),
    ("NHI-CRD-04", Medium, &[]),
    ("NHI-CRD-05", Critical, &[]),
    ("NHI-CRD-06", High, &[]),
    ("NHI-CRD-07", High, &[]),
    ("NHI-CRD-08", Critical, &[]),
    ("NHI-ENG-01", Critical, &[]),
    ("NHI-ENV-01", High, &[Critical]),
    ("NHI-HUM-01", High, &[]),
    ("NHI-HUM-02", High, &[]),
    ("NHI-LIF-01", Critical, &[]),
    ("NHI-LIF-02", Medium, &[High]),
    ("NHI-LIF-03", Medium, &[]),
    ("NHI-LIF-04", Medium, &[]),
    ("NHI-LIF-05", High, &[]),
    ("NHI-LOC-01", High, &[]),
    ("NHI-LOG-01", Medium, &[]),
    ("NHI-OWN-01", High, &[]),
    ("NHI-OWN-02", High, &[Critical]),
    ("NHI-OWN-03", Medium, &[]),
    ("NHI-PRV-01", High, &[Critical]),
    ("NHI-PRV-02", Medium, &[High]),
    ("NHI-PRV-03", Critical, &[]),
    ("NHI-PRV-04", High, &[]),
    ("NHI-PRV-05", Medium, &[]),
    ("NHI-REU-01", High, &[]),
    ("NHI-SHR-01", High, &[]),
];
