//! The cases show the rules: whatever is changed in a rule, some case says so.

use super::{pack_of, shipped};
use tenure::policy::Pack;

#[test]
fn every_case_comes_out_as_it_says() {
    assert_eq!(failing(&pack_of(&shipped(), &[])), Vec::<String>::new());
}

#[test]
fn every_rule_is_without_fault() {
    let files = shipped();
    let sources = tenure::policy::Sources::read(files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())));
    let problems = tenure::policy::lint(sources.expect("a pack"));
    assert!(problems.is_empty(), "{}", problems.to_json());
}

#[test]
fn a_limit_that_is_one_off_fails_a_case() {
    let mut changed = 0;
    for rule in pack_of(&shipped(), &[]).rules() {
        for limit in &rule.limits {
            let numbers = [("T0", limit.t0), ("T1", limit.t1), ("T2", limit.t2), ("T3", limit.t3)];
            for step in [-1, 1] {
                // What stands for several tiers is shown on one of them.
                for one in numbers.map(|(_, number)| number).into_iter().collect::<std::collections::BTreeSet<_>>() {
                    let other = |(key, number): (&str, i64)| {
                        format!("{key} = {}\n", if number == one { number + step } else { number })
                    };
                    let block = |numbers: String| format!("name = \"{}\"\nstricter = \"{}\"\n{numbers}", limit.name, word(limit));
                    let was = block(numbers.map(|(key, number)| format!("{key} = {number}\n")).concat());
                    let is = block(numbers.map(other).concat());
                    caught(&rule.id, &was, &is);
                    changed += 1;
                }
            }
        }
    }
    assert!(changed >= 40, "{changed} changes");
}

#[test]
fn a_rule_that_lost_a_part_fails_a_case() {
    let mut changed = 0;
    for rule in pack_of(&shipped(), &[]).rules() {
        let line = |key: &str, text: &str| format!("{key} = {}\n", toml::Value::String(text.to_owned()));
        if rule.applies != "true" {
            caught(&rule.id, &line("applies", &rule.applies), &line("applies", "true"));
            changed += 1;
        }
        for part in parts(&rule.fails) {
            let (before, after) = rule.fails.split_at(part.start);
            let without = format!("{before}false{}", &after[part.len()..]);
            caught(&rule.id, &line("fails", &rule.fails), &line("fails", &without));
            changed += 1;
        }
    }
    assert!(changed >= 100, "{changed} changes");
}

/// Asserts that some case fails when one text of a rule is another.
fn caught(rule: &str, was: &str, is: &str) {
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
    let failing = failing(&pack_of(&files, &[]));
    assert!(!failing.is_empty(), "{rule}: no case minds when\n{was}is\n{is}");
}

fn failing(pack: &Pack) -> Vec<String> {
    let tested = pack.test().unwrap_or_else(|problems| panic!("{}", problems.to_json()));
    let failing = tested.iter().filter(|one| !one.is_as_expected());
    failing.map(|one| format!("{}: {}", one.case.rule, one.case.name)).collect()
}

/// The places of the parts that stand between `||` on the first level.
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
        tenure::model::file::Stricter::Less => "less",
        tenure::model::file::Stricter::More => "more",
    }
}
