//! Error output of every command: code, file and line, cause, and next command.
//!
//! The transcripts are kept in `cases/commands`.

use crate::support::fixtures::{KEYS, TestRepository, ran};
use crate::support::host;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use tenure::model::Digest;

/// A world with decisions.
static DECIDED: LazyLock<TestRepository> = LazyLock::new(|| {
    let world = TestRepository::founded();
    host::decide(&world, &["web-1"]);
    world
});

/// Runs commands in a world and records their output.
struct Transcript {
    world: TestRepository,
    folder: PathBuf,
    text: String,
}

#[test]
fn where_there_is_no_repository() {
    let mut typed = Transcript::of(TestRepository::new());
    for line in EVERYWHERE {
        typed.line(line, 1);
    }
    typed.is("no-repository");
}

#[test]
fn where_nothing_is_governed() {
    let mut typed = Transcript::of(TestRepository::new());
    let git = |folder: &Path, arguments: &[&str]| typed.world.sandbox().git(folder, arguments);
    git(typed.world.path(), &["init", "--quiet", "--initial-branch=main", "repo"]);
    git(&typed.world.repo(), &["commit", "--quiet", "--allow-empty", "-m", "empty"]);
    git(&typed.world.repo(), &["remote", "add", "origin", "../nowhere.git"]);
    typed.folder = typed.world.repo();
    for line in EVERYWHERE {
        typed.line(line, 1);
    }
    typed.is("not-governed");
}

#[test]
fn in_a_bare_repository() {
    let mut typed = Transcript::of(DECIDED.copied());
    typed.folder = typed.world.join("remote.git");
    for line in
        ["collect web-1", "enforce", "fmt x.toml", "sign x.toml", "campaign open again --from policies/all.toml"]
    {
        typed.line(line, 1);
    }
    typed.is("bare");
}

#[test]
fn with_another_pin_or_none() {
    let mut typed = Transcript::of(DECIDED.copied());
    typed.line("plan --root sha256:00", 2);
    for line in ["plan", "enforce", "verify", "audit", "check", "campaign status 2026-q4"] {
        typed.line(&format!("{line} --root sha256:{}", "0".repeat(64)), ANY);
    }
    typed.world.without_pin();
    for line in ["plan", "enforce", "verify", "audit", "check", "campaign status 2026-q4"] {
        typed.line(line, 1);
    }
    typed.is("pins");
}

#[test]
fn with_keys_that_cannot_be_used() {
    let mut typed = Transcript::of(DECIDED.copied());
    typed.world.write("keys/garbage", "not a key\n");
    typed.line("enforce", 1);
    typed.line("enforce --commit-key ../keys/nowhere", 1);
    typed.line("enforce --commit-key ../keys/garbage", 1);
    typed.line("enforce --commit-key ../keys/engine-commit.pub", 1);
    typed.line("enforce --commit-key ../keys/ana --log-key ../keys/ben", ANY);
    typed.line("verify", 1);
    typed.line("campaign close 2026-q4", 1);
    typed.line("sign policies/all.toml --key ../keys/nowhere", 1);
    typed.line("sign policies/all.toml --key ../keys/garbage", 1);
    typed.line("sign policies/all.toml --key ../keys/ana", 1);
    typed.line("sign campaigns/2026-q4/campaign.toml", 1);
    typed.line("sign campaigns/2026-q4/campaign.toml --key ../keys/engine-log", 1);
    typed.is("keys");
}

#[test]
fn with_names_of_what_is_not_there() {
    let mut typed = Transcript::of(DECIDED.copied());
    for line in ["collect nowhere", "plan nowhere", "enforce nowhere", "verify nowhere", "campaign status nowhere"] {
        typed.line(line, 1);
    }
    typed.line("enforce --remote nowhere", 1);
    typed.line("campaign close nowhere --commit-key ../keys/engine-commit --log-key ../keys/engine-log", 1);
    typed.line("campaign open 2026-q4 --from policies/all.toml", 1);
    typed.line("campaign open again --from policies/nowhere.toml", 1);
    typed.line("check --base nowhere", ANY);
    typed.line("sign nowhere.toml --key ../keys/ana", 1);
    typed.line("sign ../keys/ana.pub --key ../keys/ana", 1);
    typed.line("fmt nowhere.toml", 1);
    typed.line("init . --founder ana=../keys/ana.pub --threshold 1", 1);
    typed.line("init ../other --founder ana=../keys/nowhere.pub", 1);
    typed.is("names");
}

#[test]
fn with_words_that_no_command_takes() {
    let mut typed = Transcript::of(DECIDED.copied());
    for line in ["enfroce", "collect Web_1", "campaign open 2026/q4 --from x", "schema nowhere", "plan --format xml"] {
        typed.line(line, 2);
    }
    typed.line("init ../other --founder ana", 2);
    typed.line("plan --now 2026-01-01T00:00:00Z", 2);
    typed.is("words");
}

#[test]
fn with_files_that_are_not_in_order() {
    let mut typed = Transcript::of(DECIDED.copied());
    let system = typed.world.read("repo/systems/web-1/1.toml");
    typed.world.write("repo/systems/web-1/1.toml", &system.replace("tier = \"T2\"", "tear = \"T2\""));
    typed.line("fmt systems/web-1/1.toml", ANY);
    typed.world.merge("a key nobody knows");
    for line in ["collect web-1", "plan", "enforce"] {
        typed.line(line, ANY);
    }
    typed.world.write("repo/systems/web-1/1.toml", &system);
    typed.world.change_system("web-1", |file| file.replace("hosts", "hosst"));
    typed.world.merge("a connector nobody has");
    typed.line("collect web-1", 1);
    typed.world.change_system("web-1", |file| file.replace("hosst", "hosts").replace("root = ", "rot = "));
    typed.world.merge("a setting nobody knows");
    typed.line("collect web-1", 1);
    typed.world.change_system("web-1", |file| file.replace("rot = ", "root = ").replace("../web-1", "../web-2"));
    typed.world.merge("a host that is not there");
    typed.line("collect web-1", 1);
    typed.is("files");
}

#[test]
fn with_policies_that_are_not_in_order() {
    let mut typed = Transcript::of(DECIDED.copied());
    let line = |typed: &mut Transcript, code: i32| {
        for command in ["policy lint", "policy test"] {
            typed.line(&format!("{command} policies/own.rules.toml"), code);
        }
    };
    line(&mut typed, 1);
    let rules = include_str!("../../cases/policy/sound.rules.toml");
    typed.world.write("repo/policies/own.rules.toml", &rules.replace("title =", "tittle ="));
    line(&mut typed, 3);
    let mistaken = rules.replacen("when = \"", "when = \"nowhere && ", 1);
    assert_ne!(mistaken, rules);
    typed.world.write("repo/policies/own.rules.toml", &mistaken);
    line(&mut typed, 3);
    typed.is("policies");
}

#[test]
fn with_a_guardrail_in_the_way() {
    let mut typed = Transcript::of(DECIDED.copied());
    let keys = KEYS.join(" ");
    let mandate = typed.world.read("repo/trust/mandate/1.toml");
    let prev = format!("prev = \"{}\"", Digest::of(&mandate));
    let next = mandate.replace("version = 1", "version = 2").replace("prev = \"none\"", &prev);
    let next = next.replace("max_removals_per_run = 50", "max_removals_per_run = 1");
    typed.world.write("repo/trust/mandate/2.toml", &next);
    ["ana", "ben"].iter().for_each(|name| typed.world.sign(name, &["trust/mandate/2.toml"]));
    typed.world.merge("one removal in a run");
    typed.line(&format!("enforce {keys}"), 3);
    host::is_untouched(&typed.world.join("web-1"));
    assert!(typed.world.records_of("intent").is_empty());
    typed.is("guardrail");
}

impl Transcript {
    fn of(world: TestRepository) -> Self {
        let repo = world.repo();
        let folder = if repo.exists() { repo } else { world.path().to_owned() };
        Self { world, folder, text: String::new() }
    }

    /// Runs a command line and records its output. It must exit with this code, and without a panic.
    fn line(&mut self, line: &str, code: i32) {
        let arguments: Vec<&str> = line.split(' ').collect();
        let ran = ran(&mut self.world.command_in(&self.folder, 0, &arguments));
        let shown = line.replace(&"0".repeat(64), "[OTHER]");
        self.text.push_str(&format!("$ tenure {shown}\n{}{}[exit {:?}]\n\n", ran.out, ran.err, ran.code.unwrap_or(-1)));
        assert!(!ran.err.contains("panicked"), "{}", ran.err);
        if code == ANY {
            assert!(matches!(ran.code, Some(1 | 3)), "`{line}` ends with {:?}:\n{}{}", ran.code, ran.out, ran.err);
        } else {
            assert_eq!(ran.code, Some(code), "`{line}`:\n{}{}", ran.out, ran.err);
        }
        if code != 2 {
            assert!(ran.err.contains("error[") || ran.code == Some(3), "`{line}` has no code:\n{}", ran.err);
            assert!(ran.err.contains("help:") || ran.code == Some(3), "`{line}` has no next step:\n{}", ran.err);
        }
    }

    /// Compares the recorded output with the stored transcript.
    fn is(self, name: &str) {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("../../cases/commands");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        let text = self.text.replace(&self.world.path().display().to_string(), "[WORLD]");
        settings.bind(|| insta::assert_snapshot!(name, steady(&text)));
    }
}

/// Replaces digests, keys and ids, which differ between worlds, by placeholders.
fn steady(text: &str) -> String {
    text.split_inclusive(char::is_whitespace).map(steady_word).collect()
}

fn steady_word(word: &str) -> String {
    let whole = |kind: &str| format!("{kind}{}", &word[word.trim_end().len()..]);
    if word.starts_with("SHA256:") {
        return whole("[FINGERPRINT]");
    }
    if word.starts_with("tenure/") && word.matches('+').count() >= 2 {
        return whole("[LOG-KEY]");
    }
    if word.starts_with("act-") {
        return whole("[ACTION]");
    }
    // Digests and commit ids, whole or short: no other word has this length and only hexadecimal digits.
    let is_hex = |part: &str| part.chars().all(|c| c.is_ascii_hexdigit()) && matches!(part.len(), 12 | 40 | 64);
    let parts = word.split_inclusive(|c: char| !c.is_ascii_alphanumeric());
    let shown = parts.map(|part| {
        let bare = part.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        if is_hex(bare) { part.replacen(bare, "[HEX]", 1) } else { part.to_owned() }
    });
    shown.collect()
}

/// One command line of each command that works in a repository.
const EVERYWHERE: [&str; 11] = [
    "audit",
    "campaign close 2026-q4",
    "campaign open 2026-q4 --from policies/all.toml",
    "campaign status 2026-q4",
    "check",
    "collect web-1",
    "enforce",
    "fmt x.toml",
    "plan",
    "sign x.toml",
    "verify",
];
/// The command fails, or there are findings: the transcript shows the exit code.
const ANY: i32 = -1;
