//! Reviewing in line mode, in full-screen mode and with an editor: quitting, resuming, signing, and concurrent changes.

use crate::support::fixtures::{CAMPAIGN, Ran, TestRepository, answer};
use crate::support::host;
use crate::support::terminal::Terminal;
use std::io::Write as _;
use std::process::Stdio;
use std::sync::LazyLock;
use tenure::format::codec::{parse, render};
use tenure::model::Verdict;
use tenure::model::file::Review;

/// A host under review, without decisions.
static OPENED: LazyLock<TestRepository> = LazyLock::new(|| {
    let world = TestRepository::founded();
    host::lay(&world, "web-1");
    world.system("web-1", &host::settings("web-1"));
    world.tenure(&["policy", "init"]).exits(0);
    world.collected(&["web-1"]);
    world.campaign(&[("web-1", host::KINDS)]);
    world
});

#[test]
fn the_list_says_which_files_and_how_far() {
    let world = OPENED.copied();
    let ran = world.tenure(&["review", "--list", "--signer", "ana"]).exits(0);
    is("list", &ran.out);
    let named = world.tenure(&["review", "--list", "--key", "../keys/ana"]).exits(0);
    assert_eq!(named.out, ran.out, "a key says whose items they are");
}

#[test]
fn who_reviews_must_be_known() {
    let world = OPENED.copied();
    world.tenure(&["review", "--list"]).exits(1).says("reviewer-ambiguous").says("--signer NAME");
    world.tenure(&["review", "--list", "--signer", "nobody"]).exits(1).says("nothing-to-review");
    world.tenure(&["review", "q1", "--list", "--signer", "ana"]).exits(1).says("unknown-campaign");
    world.tenure(&["review", "--signer", "ana"]).exits(1).says("no-terminal").says("--next");
}

#[test]
fn one_item_at_a_time() {
    let world = OPENED.copied();
    let ran = talk(&world, "ana", &["r", "1 not used since the move", "?", "z", "certify", "", "s", "q"]);
    is("next", &ran.exits(0).out);
    let decided = [read(&world, "ana"), read(&world, "ana-2")].map(|review| decided(&review));
    assert_eq!(decided, [vec![(Verdict::Revoke, "unused: not used since the move".to_owned())], vec![]]);
}

/// Runs `tenure review --next` as a reviewer who enters these lines.
fn talk(world: &TestRepository, name: &str, lines: &[&str]) -> Ran {
    let key = format!("../keys/{name}");
    let mut command = world.command(&["review", "--next", "--key", &key]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let said: String = lines.iter().map(|line| format!("{line}\n")).collect();
    child.stdin.take().unwrap().write_all(said.as_bytes()).unwrap();
    answer(child.wait_with_output().unwrap())
}

/// Asserts that a text equals the stored one.
fn is(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../cases/review");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// Reads a review file, which must be in canonical form.
fn read(world: &TestRepository, name: &str) -> Review {
    let path = format!("campaigns/{CAMPAIGN}/reviews/web-1/{name}.toml");
    let text = world.read(&format!("repo/{path}"));
    let review: Review = parse(&path, text.as_bytes()).unwrap_or_else(|_| panic!("{text}"));
    assert_eq!(render(&review), text);
    review
}

fn decided(review: &Review) -> Vec<(Verdict, String)> {
    review.items.iter().filter_map(|item| Some((item.decision?, item.reason.clone()))).collect()
}

#[test]
fn in_a_terminal_decided_saved_quit_resumed_signed() {
    let world = OPENED.copied();
    let command = |arguments: &[&str]| world.command(&[&["review", "--key", "../keys/ana"], arguments].concat());
    let mut desk = Terminal::start(&command(&[]), 24, 80);
    desk.until("0 of 25 decided").press("\r").until("What it is").press("r").until("why");
    desk.press("1").press("the restore drill is over\r").until("1 of 25 decided");
    assert_eq!(decided(&read(&world, "ana")), [(Verdict::Revoke, "unused: the restore drill is over".to_owned())]);
    desk.press("u").until("0 of 25 decided").until("undone");
    assert_eq!(decided(&read(&world, "ana")), []);
    desk.press("U").until("1 of 25 decided").press("?").until("verdicts").press("q").press("q").press("q");
    let (code, left) = desk.ends();
    assert_eq!(code, Some(0));
    assert!(left.contains("all decisions are saved"), "{left}");

    let mut desk = Terminal::start(&command(&[]), 40, 120);
    desk.until("1 of 25 decided").press("d").until("why").press("2gone since spring\r").until("2 of 25 decided");
    let open = read(&world, "ana").items.iter().filter(|item| item.decision.is_none()).count();
    desk.press("S").until(&format!("{open} flagged items are undecided")).press("y\r");
    desk.press(&format!("\x7f\x7f\x7f{open}\r"));
    let (code, left) = desk.ends();
    assert_eq!(code, Some(0), "{left}");
    assert!(left.contains("signed: campaigns/2026-q4/reviews/web-1/ana.toml.ana.sig"), "{left}");
    world.tenure(&["check"]).exits(0);
}

#[test]
fn save_merges_concurrent_edit() {
    let world = OPENED.copied();
    let path = format!("campaigns/{CAMPAIGN}/reviews/web-1/ana.toml");
    let mut desk = Terminal::start(&world.command(&["review", "--key", "../keys/ana"]), 24, 80);
    desk.until("0 of 25 decided");
    let mut theirs = read(&world, "ana");
    theirs.items[5].decision = Some(Verdict::Revoke);
    theirs.items[5].reason = "ended: by another hand".to_owned();
    world.write(&format!("repo/{path}"), &render(&theirs));
    desk.press("r1by this hand\r").until("both versions were merged").until("2 of 25 decided");
    let reasons: Vec<_> = decided(&read(&world, "ana")).into_iter().map(|(_, reason)| reason).collect();
    assert_eq!(reasons, ["unused: by this hand", "ended: by another hand"]);

    // A malformed file that is being edited is not changed, and reported.
    let text = world.read(&format!("repo/{path}"));
    world.write(&format!("repo/{path}"), &format!("{text}# a note\n"));
    desk.press("r1once more\r").until("NOT SAVED");
    assert_eq!(world.read(&format!("repo/{path}")), format!("{text}# a note\n"));
    desk.press("q");
    desk.ends();
}

#[test]
fn killed_session_is_saved_and_terminal_restored() {
    let world = OPENED.copied();
    let command = world.command(&["review", "--key", "../keys/ana"]);
    let mut desk = Terminal::start(&command, 24, 80);
    desk.until("0 of 25 decided").press("r1gone\r").until("1 of 25 decided").press("r1half wri");
    desk.kill();
    assert_eq!(decided(&read(&world, "ana")), [(Verdict::Revoke, "unused: gone".to_owned())]);
    assert_eq!(
        world.sandbox().git(world.repo(), &["status", "--porcelain"]).lines().count(),
        1,
        "no file is left over"
    );

    let mut desk = Terminal::start(&command, 24, 80);
    desk.until("1 of 25 decided");
    rustix::process::kill_process(desk.id(), rustix::process::Signal::TERM).unwrap();
    assert_eq!(desk.ends().0, Some(0));
    let mut desk = Terminal::start(&command, 24, 80);
    desk.until("1 of 25 decided").press("\x03");
    assert_eq!(desk.ends().0, Some(0), "ctrl-c leaves");
}

#[test]
fn a_desk_whose_terminal_goes_away_ends_with_everything_saved() {
    let world = OPENED.copied();
    let mut desk = Terminal::start(&world.command(&["review", "--key", "../keys/ana"]), 24, 80);
    desk.until("0 of 25 decided").press("r1gone\r").until("1 of 25 decided");
    desk.hang_up();
    assert_eq!(decided(&read(&world, "ana")), [(Verdict::Revoke, "unused: gone".to_owned())]);
}

#[test]
fn open_items_after_merge_go_into_next_file() {
    let world = OPENED.copied();
    let name = |number: &str| format!("campaigns/{CAMPAIGN}/reviews/web-1/ana{number}.toml");
    let mut first = read(&world, "ana");
    first.items[1].decision = Some(Verdict::Revoke);
    first.items[1].reason = "ended: by editor".to_owned();
    world.write(&format!("repo/{}", name("")), &render(&first));
    world.sign("ana", &[&name("")]);
    world.sign("ben", &[&name("")]);
    world.merge("the first file");
    talk(&world, "ana", &["r", "1 left open before", "q"]).exits(0).says("saved: revoke");
    let next = read(&world, "ana-3");
    assert_eq!(next.items.len(), 1, "only what is decided");
    assert_eq!(next.items[0].id, first.items[0].id);
    assert_eq!(next.items[0].supersedes, None);

    let mut desk = Terminal::start(&world.command(&["review", "--key", "../keys/ana"]), 24, 80);
    desk.until("2 of 25 decided").press("gjd1only its use\r").until("disable: ").press("q");
    desk.ends();
    let next = read(&world, "ana-3");
    let named = next.items[1].supersedes.as_deref().unwrap_or_default();
    assert!(named.starts_with(&format!("{}@sha256:", name(""))), "{named}");
    world.sign("ana", &[&name("-3")]);
    world.sign("ben", &[&name("-3")]);
    world.merge("the next file");
    world.tenure(&["check"]).exits(0);
}

#[test]
fn any_terminal_will_do_and_no_colour_says_anything_alone() {
    let world = OPENED.copied();
    let command = world.command(&["review", "--key", "../keys/ana"]);
    let seen = |variables: &[(&str, &str)]| {
        let mut desk = Terminal::start_with(&command, 24, 80, variables);
        desk.until("0 of 25 decided").press("\r").until("What it is").still();
        let (card, coloured) = (desk.text(), desk.coloured());
        desk.press("q").until("j k move").still();
        let (list, more) = (desk.text(), desk.coloured());
        desk.press("q");
        assert_eq!(desk.ends().0, Some(0));
        ([card, list], coloured + more)
    };
    let (with, many) = seen(&[("TERM", "xterm")]);
    let (without, none) = seen(&[("TERM", "xterm-256color"), ("NO_COLOR", "1")]);
    assert!(many > 0 && none == 0, "{many} {none}");
    assert_eq!(with, without, "what colours say is also written");
    let (ascii, none) = seen(&[("TERM", "vt100"), ("LC_ALL", "C")]);
    assert_eq!(none, 0);
    assert!(ascii.iter().all(|text| text.is_ascii()), "{ascii:?}");

    // This terminal has no cursor control: the review runs in line mode.
    let mut talk = Terminal::start_with(&command, 24, 80, &[("TERM", "dumb"), ("LC_ALL", "C")]);
    talk.until("decision (? shows the keys):").press("q\r");
    let (code, left) = talk.ends();
    assert!(code == Some(0) && left.contains("all decisions are saved") && left.is_ascii(), "{left}");
}

#[test]
fn the_window_may_be_pulled_at_while_a_decision_is_written() {
    let world = OPENED.copied();
    let mut desk = Terminal::start(&world.command(&["review", "--key", "../keys/ana"]), 24, 80);
    desk.until("0 of 25 decided").press("r1the drill ");
    desk.until("the drill").resize(10, 40).press("is");
    for rows in 11..40 {
        // A key and a resize arrive at the same time.
        desk.resize(rows, 40).press("!");
    }
    desk.press(&"\u{7f}".repeat(29)).press(" over\r").until("1 of 25 decided").press("\r").until("What it is");
    desk.resize(40, 120).until("by risk").until("What it is").resize(5, 20).until("too small");
    desk.resize(24, 80).until("1 of 25 decided").press("qq");
    assert_eq!(desk.ends().0, Some(0));
    assert_eq!(decided(&read(&world, "ana")), [(Verdict::Revoke, "unused: the drill is over".to_owned())]);
}

#[test]
fn what_a_hostile_host_says_steers_nothing() {
    let world = TestRepository::founded();
    host::lay(&world, "web-1");
    let keys = "web-1/srv/deploy/.ssh/authorized_keys";
    let hostile = format!("\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}gnp.exe\u{200b} {}", "x".repeat(3000));
    let told = world.read(keys);
    let key = told.lines().next().unwrap().split(' ').take(2).collect::<Vec<_>>().join(" ");
    world.write(
        keys,
        &format!("{key} {hostile}\n{}", told.lines().skip(1).map(|line| format!("{line}\n")).collect::<String>()),
    );
    world.system("web-1", &host::settings("web-1"));
    world.tenure(&["policy", "init"]).exits(0);
    world.collected(&["web-1"]);
    world.campaign(&[("web-1", &["credential"])]);
    let command = world.command(&["review", "--signer", "ana"]);
    for (rows, columns) in [(24, 80), (10, 40), (40, 120)] {
        let mut desk = Terminal::start(&command, rows, columns);
        desk.until("decided").press("/gnp\r").until("with `gnp`").press("\r").until("What it is").still();
        let text = desk.text();
        assert!(!text.chars().any(|c| tenure::diag::HiddenCharacter::of(c).is_some() && c != '\n'), "{text:?}");
        assert!(text.lines().count() <= usize::from(rows), "{text}");
        desk.press("qq");
        assert_eq!(desk.ends().0, Some(0));
    }
    for words in [&["review", "--list", "--signer", "ana"][..], &["campaign", "summary", CAMPAIGN]] {
        let out = world.tenure(words).exits(0).out;
        assert!(!out.chars().any(|c| tenure::diag::HiddenCharacter::of(c).is_some() && c != '\n'), "{out:?}");
    }
}

#[test]
fn an_editor_leaves_the_same_bytes() {
    let (terminal, editor) = (OPENED.copied(), OPENED.copied());
    let path = format!("repo/campaigns/{CAMPAIGN}/reviews/web-1/ana.toml");
    let mut desk = Terminal::start(&terminal.command(&["review", "--key", "../keys/ana"]), 24, 80);
    desk.until("0 of 25 decided").press("r1gone since the move\r").until("1 of 25 decided");
    desk.press("x90d\r2until its owner is found\r").until("2 of 25 decided").press("q");
    desk.ends();
    let text = editor.read(&path);
    let blank = "decision = \"\"\nreason = \"\"";
    let edited = text.replacen(blank, "reason='unused: gone since the move'\ndecision =  'revoke'", 1);
    let end = &read(&terminal, "ana").items[1];
    let words = format!("until = {:?}\ndecision = 'except'\nreason = {:?}", end.until.unwrap().to_string(), end.reason);
    editor.write(&path, &edited.replacen(blank, &words, 1));
    editor.tenure(&["fmt", path.trim_start_matches("repo/")]).exits(0);
    assert_eq!(editor.read(&path), terminal.read(&path));
}

#[test]
fn programs_are_told_the_same() {
    let world = OPENED.copied();
    let json = |words: &[&str]| -> serde_json::Value {
        serde_json::from_str(&world.tenure(&[words, &["--format", "json"]].concat()).exits(0).out).unwrap()
    };
    let next = json(&["review", "--next", "--signer", "ana"]);
    let chapters = next["dossier"]["chapters"].as_array().unwrap();
    assert_eq!((chapters.len(), &chapters[1]["title"]), (11, &"Recommended".into()));
    assert!(chapters[1].to_string().contains("confidence "), "{next}");
    let listed = json(&["review", "--list", "--signer", "ana"]);
    let overview = json(&["campaign", "summary", CAMPAIGN]);
    assert_eq!(listed[0]["path"], overview[0]["path"]);
    assert_eq!(listed[0]["flagged_open"], overview[0]["flagged_open"]);
}

#[test]
fn shells_complete_every_command_there_is() {
    let world = TestRepository::new();
    let help = answer(world.command(&["help"]).current_dir(world.path()).output().unwrap()).exits(0).out;
    let commands = help.lines().skip_while(|line| *line != "Start:").take_while(|line| *line != "Options:");
    let commands = commands.filter(|line| line.starts_with("  ")).filter_map(|line| line.split_whitespace().next());
    let commands: Vec<&str> = commands.collect();
    assert!(commands.len() > 15, "{commands:?}");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ran = answer(world.command(&["completions", shell]).current_dir(world.path()).output().unwrap()).exits(0);
        let named = commands.iter().chain(&["close-stage", "summary", "--next"]);
        for name in named {
            let name = name.trim_start_matches("--");
            assert!(ran.out.contains(name), "{shell} does not complete {name}");
        }
    }
}
