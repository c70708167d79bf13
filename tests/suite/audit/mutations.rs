//! Changes of single fields of files on main, made past the gate while a campaign is open: each is refused by the gate, or
//! reported by the audit, or alters no outcome.

use crate::support::{
    fixtures::{TestRepository, ran},
    host,
};
use regex::Regex;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    path::{Path, PathBuf},
};

/// The change of one field: the path, the line, and the file with the change.
struct Mutation {
    path: String,
    line: usize,
    field: String,
    text: String,
}

impl fmt::Display for Mutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{} {}", self.path, self.line, self.field)
    }
}

/// The result for one change.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Verdict {
    Refused,
    Found,
    WithoutEffect,
    Unseen,
}

/// A repository with decisions, the commit before them, and their files.
struct World {
    repository: TestRepository,
    clone: PathBuf,
    before: String,
    decided: String,
    plan: Value,
    findings: BTreeSet<String>,
}

impl World {
    fn new() -> Self {
        let repository = TestRepository::founded();
        host::decide(&repository, &["web-1"]);
        let clone = repository.clone("mutated");
        let git = |arguments: &[&str]| repository.sandbox().git(&clone, arguments);
        let decided = git(&["rev-parse", "HEAD"]);
        let before = git(&["rev-parse", "HEAD~1"]);
        git(&["remote", "remove", "origin"]);
        let mut world = Self { repository, clone, before, decided, plan: Value::Null, findings: BTreeSet::new() };
        (world.plan, world.findings) = (world.plan(), world.findings());
        world
    }

    fn git(&self, arguments: &[&str]) -> String {
        self.repository.sandbox().git(&self.clone, arguments)
    }

    /// Returns the actions and the held decisions of the plan.
    fn plan(&self) -> Value {
        let told = ran(&mut self.repository.command_in(&self.clone, 0, &["plan", "--format", "json"]));
        let plan: Value = serde_json::from_str(&told.out).unwrap_or(Value::Null);
        serde_json::json!({"actions": plan["actions"], "held": plan["held"]})
    }

    fn findings(&self) -> BTreeSet<String> {
        let told = ran(&mut self.repository.command_in(&self.clone, 0, &["audit", "--format", "json"]));
        let audit: Value = serde_json::from_str(&told.out).unwrap_or(Value::Null);
        let Some(findings) = audit["findings"].as_array() else { return BTreeSet::from([told.err]) };
        findings.iter().map(|one| format!("{} {} {}", one["code"], one["subject"], one["message"])).collect()
    }

    /// Merges the change after the opening, and the decisions after it.
    fn evaluate(&self, mutation: &Mutation) -> Verdict {
        self.git(&["checkout", "--quiet", "--force", "-B", "main", &self.before]);
        fs::write(self.clone.join(&mutation.path), &mutation.text).unwrap();
        self.git(&["commit", "--quiet", "--all", "-m", "change a field"]);
        let check = ["check", "--base", &self.before];
        let refused = ran(&mut self.repository.command_in(&self.clone, 0, &check)).code == Some(3);
        self.git(&["checkout", "--quiet", &self.decided, "--", "campaigns"]);
        if mutation.path.starts_with("campaigns/") {
            fs::write(self.clone.join(&mutation.path), &mutation.text).unwrap();
        }
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", "decide"]);
        if refused {
            return Verdict::Refused;
        }
        if !self.findings().is_subset(&self.findings) {
            return Verdict::Found;
        }
        if self.plan() == self.plan { Verdict::WithoutEffect } else { Verdict::Unseen }
    }

    /// Returns a change of each field of each governed and pinned file.
    fn mutations(&self) -> Vec<Mutation> {
        self.git(&["checkout", "--quiet", "--force", "-B", "main", &self.before]);
        let files = self.git(&["ls-files"]);
        let parts = Regex::new(r#"("?[a-z_]+"?)( = |:)("(?:[^"\\]|\\.)*"|[0-9]+|true|false)"#).unwrap();
        let mut all = Vec::new();
        for path in files.lines().filter(|path| path.ends_with(".toml") || path.ends_with(".jsonl")) {
            let text = fs::read_to_string(self.clone.join(Path::new(path))).unwrap();
            for found in parts.captures_iter(&text) {
                let value = found.get(3).unwrap();
                let changed = format!("{}{}{}", &text[..value.start()], other(value.as_str()), &text[value.end()..]);
                let line = text[..value.start()].matches('\n').count() + 1;
                let field = found[1].trim_matches('"').to_owned();
                all.push(Mutation { path: path.to_owned(), line, field, text: changed });
            }
        }
        all
    }
}

/// Returns another value of the same type.
fn other(value: &str) -> String {
    match value {
        "true" => "false".to_owned(),
        "false" => "true".to_owned(),
        text if text.starts_with('"') => match text.trim_end_matches('"').chars().last() {
            Some('0') if text.contains("sha256:") => format!("{}1\"", &text[..text.len() - 2]),
            Some(_) if text.contains("sha256:") => format!("{}0\"", &text[..text.len() - 2]),
            _ => format!("{}x\"", &text[..text.len() - 1]),
        },
        number => (number.parse::<u64>().unwrap_or(0) + 1).to_string(),
    }
}

/// The changes with each verdict.
type Evaluated = BTreeMap<Verdict, Vec<String>>;

/// Evaluates each change that `chosen` selects by its number.
fn evaluated(chosen: impl Fn(usize) -> bool) -> Evaluated {
    let world = World::new();
    let mut found = Evaluated::new();
    for (_, mutation) in world.mutations().iter().enumerate().filter(|(number, _)| chosen(*number)) {
        found.entry(world.evaluate(mutation)).or_default().push(mutation.to_string());
    }
    found
}

/// A sample with a constant step, so that each file has its share.
#[test]
fn changed_field_is_refused_found_or_without_effect() {
    let found = evaluated(|number| number % STEP == STEP / 2);
    assert!(found.values().map(Vec::len).sum::<usize>() >= 20, "{found:#?}");
    assert_eq!(found.get(&Verdict::Unseen), None);
}

/// All changes; writes the counts, and the changes without effect, to `tests/nightly/results/mutations.txt`.
#[test]
#[ignore = "takes more than a minute; a sample runs above"]
fn each_changed_field_is_refused_found_or_without_effect() {
    let found = evaluated(|_| true);
    let of = |verdict| found.get(&verdict).map(Vec::as_slice).unwrap_or_default();
    let mut text = String::new();
    for (name, verdict) in [
        ("refused by the gate", Verdict::Refused),
        ("found by the audit", Verdict::Found),
        ("without effect", Verdict::WithoutEffect),
        ("unseen", Verdict::Unseen),
    ] {
        text.push_str(&format!("{name}: {}\n", of(verdict).len()));
    }
    text.push_str(&format!("\nwithout effect:\n{}\n", of(Verdict::WithoutEffect).join("\n")));
    fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nightly/results/mutations.txt"), text).unwrap();
    assert_eq!(found.get(&Verdict::Unseen), None);
}

const STEP: usize = 37;
