//! Tests of policy packs: evaluation, profiles, lints, and cases.

use super::*;
use crate::{
    diag::RenderStyle,
    model::{Severity, file::AttributeValue},
    policy::{AttributeValues, lint},
};

const RULES: &str = include_str!("../../../tests/cases/policy/sound.rules.toml");
const CASES: &str = include_str!("../../../tests/cases/policy/sound.cases.toml");
const PROFILE: &str = include_str!("../../../tests/cases/policy/strict.profile.toml");
const CONTROLS: &str = include_str!("../../../tests/cases/policy/controls.toml");

fn files() -> [(&'static str, &'static str); 4] {
    [
        ("policies/controls.toml", CONTROLS),
        ("policies/sound.cases.toml", CASES),
        ("policies/sound.rules.toml", RULES),
        ("policies/strict.profile.toml", PROFILE),
    ]
}

fn sources(files: &[(&str, String)]) -> PackSources {
    let files = files.iter().map(|(path, text)| (*path, text.as_bytes()));
    PackSources::read(files).unwrap_or_else(|problems| panic!("{}", problems.render(RenderStyle::plain())))
}

fn sound() -> PackSources {
    sources(&files().map(|(path, text)| (path, text.to_owned())))
}

/// The sound pack with one text in one of its files replaced.
fn edited(from: &str, to: &str) -> PackSources {
    let mut found = 0;
    let files = files().map(|(path, text)| {
        found += text.matches(from).count();
        (path, text.replacen(from, to, 1))
    });
    assert!(found > 0, "no file has {from:?}");
    sources(&files)
}

fn pack(profiles: &[&str]) -> PolicyPack {
    let profiles: Vec<_> = profiles.iter().map(|&name| name.to_owned()).collect();
    PolicyPack::compile(sound(), &profiles)
        .unwrap_or_else(|problems| panic!("{}", problems.render(RenderStyle::plain())))
}

fn facts(known: &[(&str, AttributeValue)]) -> AttributeValues {
    let mut facts = AttributeValues::default();
    known.iter().for_each(|(name, fact)| facts.insert(name, fact.clone()).unwrap());
    facts
}

fn text(word: &str) -> AttributeValue {
    AttributeValue::Text(word.to_owned())
}

/// A service account of a tier, unused for this number of days.
fn idle(tier: &str, days: i64) -> AttributeValues {
    facts(&[
        ("grant.kind", text("account")),
        ("grant.tier", text(tier)),
        ("principal.kind", text("service")),
        ("usage.idle_days", AttributeValue::Number(days)),
    ])
}

#[test]
fn sound_pack_has_no_problems() {
    assert_eq!(lint(sound()).render(RenderStyle::plain()), "");
    let pack = pack(&[]);
    let tested = pack.test().unwrap();
    assert_eq!(tested.len(), 8);
    for tested in tested {
        assert!(tested.is_as_expected(), "{}", tested.problem.unwrap().render(RenderStyle::plain()));
    }
}

#[test]
fn rule_result_is_three_valued_and_names_missing() {
    let pack = pack(&[]);
    let judge = |facts: &AttributeValues| pack.evaluate_rule("T-IDLE", &RuleSubject::of(facts)).unwrap();
    assert_eq!(judge(&idle("T2", 91)).result, RuleOutcome::Fail);
    assert_eq!(judge(&idle("T2", 90)).result, RuleOutcome::Pass);
    assert_eq!(judge(&idle("T1", 90)).result, RuleOutcome::Fail);
    let unknown =
        |missing: &[&'static str]| RuleOutcome::Unknown(MissingAttributes { missing: missing.to_vec(), trouble: None });
    let without_use = facts(&[("grant.kind", text("account")), ("principal.kind", text("agent"))]);
    // Without a tier, the limit is unknown too.
    assert_eq!(judge(&without_use).result, unknown(&["grant.tier", "usage.idle_days"]));
    let without_tier = facts(&[
        ("grant.kind", text("account")),
        ("principal.kind", text("agent")),
        ("usage.idle_days", AttributeValue::Number(500)),
    ]);
    assert_eq!(judge(&without_tier).result, unknown(&["grant.tier"]));
    // The rule does not apply to credentials.
    assert_eq!(judge(&facts(&[("grant.kind", text("credential"))])).result, RuleOutcome::NotApplicable);
    assert_eq!(judge(&facts(&[("grant.kind", text("account"))])).result, unknown(&["principal.kind"]));
    assert_eq!(judge(&AttributeValues::default()).result, unknown(&["grant.kind", "principal.kind"]));
}

#[test]
fn limit_equal_for_all_tiers_needs_no_tier() {
    let keepers =
        facts(&[("principal.kind", text("break-glass")), ("principal.custodians", AttributeValue::Number(1))]);
    let judged = pack(&[]);
    let judged = judged.evaluate(crate::model::file::Scope::Principal, &RuleSubject::of(&keepers));
    assert_eq!(judged.len(), 1);
    assert_eq!((&judged[0].result, judged[0].severity), (&RuleOutcome::Fail, Severity::High));
}

#[test]
fn grant_attributes_precede_holder_attributes() {
    let pack = pack(&[]);
    let grant = facts(&[
        ("grant.kind", text("account")),
        ("grant.tier", text("T0")),
        ("usage.idle_days", AttributeValue::Number(46)),
    ]);
    let holder = facts(&[("principal.kind", text("service")), ("usage.idle_days", AttributeValue::Number(0))]);
    let judged = pack.evaluate_rule("T-IDLE", &RuleSubject::of(&grant).with_holder(&holder)).unwrap();
    assert_eq!((judged.result, judged.severity), (RuleOutcome::Fail, Severity::Critical));
}

#[test]
fn first_matching_severity_applies_unknown_is_worst() {
    let pack = pack(&[]);
    let severity = |facts: &AttributeValues| pack.evaluate_rule("T-IDLE", &RuleSubject::of(facts)).unwrap().severity;
    assert_eq!(severity(&idle("T0", 91)), Severity::Critical);
    assert_eq!(severity(&idle("T1", 91)), Severity::High);
    assert_eq!(severity(&idle("T3", 91)), Severity::Medium);
    assert_eq!(severity(&AttributeValues::default()), Severity::Critical);
}

#[test]
fn profile_tightens_rule_and_is_named() {
    let (plain, strict) = (pack(&[]), pack(&["strict"]));
    let judge = |pack: &PolicyPack, facts: &AttributeValues| {
        let judged = pack.evaluate_rule("T-IDLE", &RuleSubject::of(facts)).unwrap();
        let by: Vec<_> = judged.set_by.iter().map(|by| format!("{} by {}", by.what, by.profile)).collect();
        (judged.result, judged.severity, by.join(", "))
    };
    let said = String::new;
    assert_eq!(judge(&plain, &idle("T0", 40)), (RuleOutcome::Pass, Severity::Critical, said()));
    // The severity is already critical, so the profile sets only the limit.
    let number = "idle_days by strict".to_owned();
    assert_eq!(judge(&strict, &idle("T0", 40)), (RuleOutcome::Fail, Severity::Critical, number));
    let both = "idle_days by strict, severity by strict".to_owned();
    assert_eq!(judge(&strict, &idle("T2", 61)), (RuleOutcome::Fail, Severity::High, both));
    let severity = "severity by strict".to_owned();
    assert_eq!(judge(&strict, &idle("T3", 91)), (RuleOutcome::Fail, Severity::High, severity));
    assert_eq!(strict.limit("T-IDLE", "idle_days", Tier::T2).map(|(number, _)| number), Some(60));
    assert_eq!(strict.limit("T-IDLE", "idle_days", Tier::T1), Some((45, None)));
    assert_eq!(strict.limit("T-KEEPERS", "keepers", Tier::T0).map(|(number, _)| number), Some(3));
}

#[test]
fn strictest_of_several_profiles_applies() {
    let other = PROFILE
        .replace("\"strict\"", "\"other\"")
        .replace("T0 = 35", "T0 = 40")
        .replace("T2 = 60", "T2 = 30")
        .replace("T0 = 3\n", "T0 = 5\n");
    let mut files = files().map(|(path, text)| (path, text.to_owned())).to_vec();
    files.push(("policies/other.profile.toml", other));
    let on = ["strict".to_owned(), "other".to_owned()];
    let pack = PolicyPack::compile(sources(&files), &on).unwrap();
    let set = |rule, limit, tier| {
        let (number, by) = pack.limit(rule, limit, tier).unwrap();
        (number, by.map(|by| by.profile.as_str()))
    };
    assert_eq!(set("T-IDLE", "idle_days", Tier::T0), (35, Some("strict")));
    assert_eq!(set("T-IDLE", "idle_days", Tier::T2), (30, Some("other")));
    assert_eq!(set("T-KEEPERS", "keepers", Tier::T0), (5, Some("other")));
    assert_eq!(set("T-KEEPERS", "keepers", Tier::T3), (2, None));
}

#[test]
fn pair_across_systems_names_both_sides() {
    let pack = pack(&[]);
    let pairs = pack.pairs();
    let held = |system, kind, name, tier| SodEntitlement { system, kind, id: name, name, tier };
    let deploy = held(Some("ci"), Some("membership"), Some("deploy"), Some("T2"));
    let read = held(Some("db"), Some("privilege"), Some("orders"), Some("T3"));
    let audit = held(Some("log"), Some("privilege"), Some("audit-writer"), Some("T1"));
    let found = pairs.evaluate([read, deploy, audit, deploy]);
    assert_eq!(found.len(), 1);
    let places = (found[0].left.as_slice(), found[0].right.as_slice(), found[0].missing.len());
    assert_eq!(places, ([1, 3].as_slice(), [2].as_slice(), 0));
    assert!(pairs.evaluate([read, deploy]).is_empty());
    assert!(pairs.sides(&read).is_harmless());
    // An unknown attribute of the other side makes the violation possible, with the attribute listed.
    let nameless = held(Some("log"), None, None, Some("T1"));
    let perhaps = pairs.evaluate([deploy, nameless]);
    assert_eq!((perhaps.len(), perhaps[0].missing.as_slice()), (1, ["name"].as_slice()));
    let surely = pairs.evaluate([deploy, nameless, audit]);
    assert_eq!((surely[0].right.as_slice(), surely[0].missing.len()), ([2].as_slice(), 0));
}

#[test]
fn pack_digest_excludes_campaign_definitions() {
    let with = |extra: Option<(&'static str, &str)>| {
        let all = files().map(|(path, text)| (path, text.to_owned()));
        let extra = extra.map(|(path, text)| (path, text.to_owned()));
        sources(&all.into_iter().chain(extra).collect::<Vec<_>>()).digest()
    };
    let campaign = include_str!("../../../schemas/examples/campaign-definition.toml");
    assert_eq!(with(None), with(Some(("policies/all.toml", campaign))));
    assert_ne!(with(None), with(Some(("policies/other.profile.toml", &PROFILE.replace("strict", "other")))));
}

#[test]
fn problems_point_at_their_source() {
    let attributes = "requires_attributes = [\"principal.alert_on_use\", \"principal.custodians\"]";
    let wrong = [
        (
            "an unknown attribute after an escape sequence",
            "grant.kind == \\\"account\\\" &&",
            "grant.kind == \\\"account\\\" && grant.knd == 'x' &&",
        ),
        ("an undeclared limit", "> limit.idle_days", "> limit.idle_day"),
        ("a value that the attribute never has", "'agent', 'service'", "'agent', 'servce'"),
        ("incompatible types", "usage.idle_days >", "usage.source >"),
        ("not CEL", "usage.idle_days >", "usage.idle_days is over"),
        ("a grant attribute in a rule over principals", "principal.kind == 'break-glass'", "grant.kind == 'account'"),
        ("an unknown value that would pass", "!has(principal.alert_on_use)", "has(principal.alert_on_use)"),
        ("an unknown name in a separation-of-duties rule", "name == 'deploy'", "role == 'deploy'"),
        ("an invalid severity condition", "when = \"grant.tier == 'T0'\"", "when = \"grant.tier = 'T0'\""),
        (
            "a required attribute that is not used",
            attributes,
            "requires_attributes = [\"principal.custodians\", \"principal.sealed\"]",
        ),
        (
            "a used attribute that is not required",
            "requires_attributes = [\"usage.idle_days\"]",
            "requires_attributes = []",
        ),
        (
            "an unknown required attribute",
            "requires_attributes = [\"usage.idle_days\"]",
            "requires_attributes = [\"usage.idle_day\", \"usage.idle_days\"]",
        ),
        (
            "a duplicate required attribute",
            "requires_attributes = [\"usage.idle_days\"]",
            "requires_attributes = [\"usage.idle_days\", \"usage.idle_days\"]",
        ),
        ("a rule that never applies", "principal.kind in ['agent', 'service']", "grant.kind == 'rule'"),
        (
            "a rule that is never violated",
            "usage.idle_days > limit.idle_days",
            "usage.idle_days > limit.idle_days && usage.idle_days < 45",
        ),
        (
            "a violation that is never true",
            "usage.idle_days > limit.idle_days",
            "usage.idle_days > limit.idle_days && false",
        ),
        (
            "a severity after a wider condition",
            "when = \"grant.tier == 'T0'\"",
            "when = \"grant.tier in ['T0', 'T1', 'T2']\"",
        ),
        ("a retired control", "controls = [\"frame-2:A.1\"]", "controls = [\"frame-1:Z.9\"]"),
        ("an unknown control", "controls = [\"frame-2:A.1\"]", "controls = [\"frame-2:A.11\"]"),
        (
            "a separation-of-duties rule for an unknown rule",
            "rule = \"T-KEEPERS\"\n\n[pair.left]",
            "rule = \"T-KEEPER\"\n\n[pair.left]",
        ),
        ("two rules with the same id", "id = \"T-KEEPERS\"", "id = \"T-IDLE\""),
        ("rules out of order", "id = \"T-IDLE\"", "id = \"T-ZERO\""),
        ("an unused limit", "principal.custodians < limit.keepers", "principal.custodians < 2"),
        ("a control for an unknown rule", "policies = [\"T-IDLE\"]", "policies = [\"T-IDEL\"]"),
        ("a retired control with an unknown replacement", "use = [\"frame-2:A.1\"]", "use = [\"frame-2:A.2\"]"),
        ("a profile that loosens a maximum", "T0 = 35", "T0 = 46"),
        ("a profile that loosens a minimum", "T0 = 3\n", "T0 = 1\n"),
        ("a profile that lowers a severity", "severity = \"high\"\n\n[[set]]", "severity = \"low\"\n\n[[set]]"),
        ("a profile for an unknown rule", "rule = \"T-KEEPERS\"\nbecause", "rule = \"T-KEEPRES\"\nbecause"),
        ("a profile for an unknown limit", "limit = \"idle_days\"\nT0 = 35", "limit = \"days\"\nT0 = 35"),
        (
            "a rule without a case with an unknown result",
            "expect = \"unknown\"\n\n[case.attributes.grant]",
            "expect = \"pass\"\n\n[case.attributes.grant]",
        ),
        ("a case for an unknown rule", "name = \"idle\"\nrule = \"T-IDLE\"", "name = \"idle\"\nrule = \"T-IDEL\""),
        ("a case with an unknown attribute", "idle_days = 46", "idle_dys = 46"),
        ("a case with a value of a wrong type", "idle_days = 46", "idle_days = \"46\""),
        ("two cases with the same name", "name = \"in use\"", "name = \"idle\""),
    ];
    let mut rendered = String::new();
    for (case, from, to) in wrong {
        let problems = lint(edited(from, to));
        assert!(problems.has_errors(), "{case}");
        for problem in problems.sorted() {
            assert!(problem.help.is_some() && problem.line().is_some(), "{case}: {problem:?}");
        }
        rendered.push_str(&format!("# {case}\n{}\n", problems.render(RenderStyle::plain())));
    }
    insta::assert_snapshot!(rendered);
}

#[test]
fn comparison_that_is_rarely_meant_warns() {
    for (condition, code) in [
        ("grant.tier > 'T1'", Some("tier-order")),
        ("grant.tier>='T2'", Some("tier-order")),
        ("grant.tier <= 'T1'", None),
        ("grant.tier in ['T0', 'T1']", None),
        ("grant.entitlement == 'membership group ops'", Some("entitlement-kind")),
        ("grant.entitlement == 'group ops'", None),
    ] {
        let from = "principal.kind in ['agent', 'service']\"";
        let problems = lint(edited(from, &format!("principal.kind in ['agent', 'service'] && {condition}\"")));
        let warned = |code| problems.sorted().iter().any(|problem| problem.code == code);
        let found = ["entitlement-kind", "tier-order"].into_iter().find(|code| warned(*code));
        assert_eq!(found, code, "{condition}: {}", problems.render(RenderStyle::plain()));
    }
}

#[test]
fn unknown_active_profile_is_rejected() {
    let problems = PolicyPack::compile(sound(), &["strickt".to_owned()]).unwrap_err();
    let problem = problems.sorted()[0];
    assert_eq!((problem.code, problem.file()), ("unknown-profile", Some("governance.toml")));
    assert_eq!(problem.help.as_deref(), Some("did you mean `strict`?"));
}

#[test]
fn failed_case_reports_actual_result() {
    let pack = PolicyPack::compile(edited("idle_days = 46", "idle_days = 44"), &[]).unwrap();
    let problems: Diagnostics = pack.test().unwrap().into_iter().filter_map(|tested| tested.problem).collect();
    insta::assert_snapshot!(problems.render(RenderStyle::plain()));
}
