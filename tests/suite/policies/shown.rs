//! Mutation test of the rules: every change of a rule fails at least one case.

use super::{pack_of, shipped};
use tenure::{
    model::file::{FileKind, Profile, ProfileSetting},
    policy::PolicyPack,
};

#[test]
fn every_case_comes_out_as_it_says() {
    assert_eq!(failing(&pack_of(&shipped(), &[])), Vec::<String>::new());
}

#[test]
fn every_rule_is_without_fault() {
    let files = shipped();
    let sources =
        tenure::policy::PackSources::read(files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())));
    let problems = tenure::policy::lint(sources.expect("a pack"));
    assert!(problems.is_empty(), "{}", problems.to_json());
}

#[test]
fn a_limit_that_is_one_off_fails_a_case() {
    let (mut changed, mut unseen) = (0, Vec::new());
    for rule in pack_of(&shipped(), &[]).rules() {
        for limit in &rule.limits {
            let numbers = [("T0", limit.t0), ("T1", limit.t1), ("T2", limit.t2), ("T3", limit.t3)];
            for step in [-1, 1] {
                // A value for several tiers is tested on one of them.
                for one in numbers.map(|(_, number)| number).into_iter().collect::<std::collections::BTreeSet<_>>() {
                    let other = |(key, number): (&str, i64)| {
                        format!("{key} = {}\n", if number == one { number + step } else { number })
                    };
                    let block = |numbers: String| {
                        format!("name = \"{}\"\nstricter = \"{}\"\n{numbers}", limit.name, word(limit))
                    };
                    let was = block(numbers.map(|(key, number)| format!("{key} = {number}\n")).concat());
                    let is = block(numbers.map(other).concat());
                    if (rule.id.as_str(), limit.name.as_str(), one, step) != NO_SEASON {
                        unseen.extend(unnoticed(&rule.id, &was, &is));
                    }
                    changed += 1;
                }
            }
        }
    }
    assert!(changed >= 40, "{changed} changes");
    assert!(unseen.is_empty(), "{}", unseen.join("\n\n"));
}

#[test]
fn a_number_of_a_profile_that_is_one_off_fails_a_case() {
    let (mut changed, mut unseen) = (0, Vec::new());
    for (name, profile) in super::all::<Profile>(FileKind::Profile) {
        // A profile ends the season with the ordinary number, so a shorter season has no effect.
        let counts = |setting: &ProfileSetting| setting.limit.as_deref() != Some("seasonal_days");
        for (place, setting) in profile.settings.iter().enumerate().filter(|(_, setting)| counts(setting)) {
            let numbers = [("T0", setting.t0), ("T1", setting.t1), ("T2", setting.t2), ("T3", setting.t3)];
            for (key, number) in numbers.into_iter().filter_map(|(key, number)| Some((key, number?))) {
                let mut files = shipped();
                let (_, bytes) = files.iter_mut().find(|(file, _)| *file == name).expect("the profile");
                let text = String::from_utf8_lossy(bytes).into_owned();
                let (start, _) = text.match_indices("\n[[set]]\n").nth(place).expect("the setting");
                let (before, own) = text.split_at(start);
                // A larger number may be looser than the rule, which is rejected; a smaller number never is.
                let tighter = own.replacen(&format!("\n{key} = {number}\n"), &format!("\n{key} = {}\n", number - 1), 1);
                assert_ne!(own, tighter);
                *bytes = format!("{before}{tighter}").into_bytes();
                if failing(&pack_of(&files, &[])).is_empty() {
                    unseen.push(format!("{name}: {} {key} = {}", setting.rule, number - 1));
                }
                changed += 1;
            }
        }
    }
    assert!(changed >= 20, "{changed} changes");
    assert!(unseen.is_empty(), "no case minds\n{}", unseen.join("\n"));
}

#[test]
fn a_rule_that_lost_a_part_fails_a_case() {
    let (mut changed, mut unseen) = (0, Vec::new());
    for rule in pack_of(&shipped(), &[]).rules() {
        let line = |key: &str, text: &str| format!("{key} = {}\n", toml::Value::String(text.to_owned()));
        if rule.when != "true" {
            unseen.extend(unnoticed(&rule.id, &line("when", &rule.when), &line("when", "true")));
            changed += 1;
        }
        for part in parts(&rule.violation) {
            let (before, after) = rule.violation.split_at(part.start);
            let without = format!("{before}false{}", &after[part.len()..]);
            unseen.extend(unnoticed(&rule.id, &line("violation", &rule.violation), &line("violation", &without)));
            changed += 1;
        }
    }
    assert!(changed >= 100, "{changed} changes");
    assert!(unseen.is_empty(), "{}", unseen.join("\n\n"));
}

/// Returns the change of a rule if no case fails because of it.
fn unnoticed(rule: &str, was: &str, is: &str) -> Option<String> {
    let mut files = shipped();
    let id = format!("\nid = \"{rule}\"\n");
    let (_, bytes) = files
        .iter_mut()
        .find(|(name, bytes)| name.ends_with(".rules.toml") && String::from_utf8_lossy(bytes).contains(&id))
        .expect("the file of the rule");
    let text = String::from_utf8_lossy(bytes).into_owned();
    let (before, own) = text.split_at(text.find(&id).expect("the rule"));
    assert!(own.contains(was), "{rule} has no\n{was}");
    *bytes = format!("{before}{}", own.replacen(was, is, 1)).into_bytes();
    failing(&pack_of(&files, &[])).is_empty().then(|| format!("{rule}: no case minds when\n{was}is\n{is}"))
}

fn failing(pack: &PolicyPack) -> Vec<String> {
    let tested = pack.test().unwrap_or_else(|problems| panic!("{}", problems.to_json()));
    let failing = tested.iter().filter(|one| !one.is_as_expected());
    failing.map(|one| format!("{}: {}", one.case.rule, one.case.name)).collect()
}

/// Returns the ranges of the operands of the top-level `||`.
fn parts(expression: &str) -> Vec<std::ops::Range<usize>> {
    let (mut depth, mut start, mut parts) = (0_i32, 0, Vec::new());
    for (at, character) in expression.char_indices() {
        match character {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '|' if depth == 0 && expression[at..].starts_with("|| ") => {
                parts.push(start..at - 1);
                start = at + 3;
            }
            _ => {}
        }
    }
    parts.push(start..expression.len());
    parts
}

fn word(limit: &tenure::model::file::Limit) -> &'static str {
    match limit.stricter {
        tenure::model::file::LimitDirection::Less => "less",
        tenure::model::file::LimitDirection::More => "more",
    }
}

/// T0 and T1 have no season: their number is the ordinary one, and a shorter season has no effect.
const NO_SEASON: (&str, &str, i64, i64) = ("NHI-LIF-02", "seasonal_days", 45, -1);
