//! The first session of a new reviewer: 25 items of a PostgreSQL cluster and of a host with 60 accounts, decided in
//! full-screen mode, in line mode and with an editor, signed by two people, pushed as a branch, and planned.
//!
//! `tests/support/record_pictures.sh` runs this and keeps the pictures of the screen in `docs/reviewing`.

use crate::support::fixtures::{CAMPAIGN, TestRepository, answer};
use crate::support::postgres::Cluster;
use crate::support::shop;
use crate::support::terminal::{Terminal, page};
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;
use tenure::format::codec::parse;
use tenure::model::file::{Item, Review};

#[test]
fn a_new_reviewer_decides_25_items_signs_and_pushes_them() {
    let cluster = Cluster::start(&[]);
    let world = shop::opened(&cluster);
    assert_eq!(world.read("web-1/etc/passwd").lines().count(), 60);
    let files = files(&world, "ana");
    let items = |wanted: &dyn Fn(&Review) -> bool| -> usize {
        files.iter().filter(|(_, review)| wanted(review)).map(|(_, review)| review.items.len()).sum()
    };
    assert_eq!(items(&|_| true), 25);
    assert!(items(&|review| review.system.as_str() == "web-1") >= 5, "the host is part of it");

    in_the_terminal(&world, &files[0].1.items);
    line_by_line(&world, &files[1].1.items, files[0].1.items.len());
    files[2..].iter().for_each(|(path, _)| with_an_editor(&world, path));
    sign(&world, "ana", "sign");
    sign(&world, "ben", "cosign");
    let overview = world.tenure(&["campaign", "summary", CAMPAIGN]).exits(0).out;
    for (path, review) in &files {
        let count = review.items.len();
        assert!(overview.contains(&format!("{count} of {count} decided")), "{path}: {overview}");
    }
    assert!(overview.contains("Decision context"), "{overview}");

    // The commands that `tenure review` printed as next steps.
    let git = |arguments: &[&str]| world.sandbox().git(world.repo(), arguments);
    git(&["switch", "--quiet", "-c", "review-2026-q4-ana"]);
    git(&["add", "campaigns/2026-q4/reviews"]);
    git(&["commit", "--quiet", "-m", "review of 2026-q4 by ana"]);
    world.tenure(&["check", "--base", "origin/main"]).exits(0);
    git(&["push", "--quiet", "-u", "origin", "review-2026-q4-ana"]);

    // The pull request is merged, and the plan is shown.
    git(&["switch", "--quiet", "main"]);
    git(&["merge", "--quiet", "--no-ff", "-m", "Merge review-2026-q4-ana", "review-2026-q4-ana"]);
    git(&["push", "--quiet", "origin", "main"]);
    git(&["fetch", "--quiet", "origin"]);
    let plan = world.tenure(&["plan"]);
    assert!(matches!(plan.code, Some(0 | 3)), "{}{}", plan.out, plan.err);
    assert!(plan.out.contains("svc_legacy"), "{}", plan.out);
    keep("plan", &page(&numbered(&first_lines(&plan.out, 30)), 120, "The plan that follows from the signed decisions"));
}

/// Decides these items with the keys of full-screen mode, with an interruption.
fn in_the_terminal(world: &TestRepository, items: &[Item]) {
    let command = world.command(&["review", "--key", "../keys/ana"]);
    let mut desk = Terminal::start(&command, 24, 80);
    desk.until("0 of 25 decided").still();
    keep("list", &desk.picture("The list of items, in 80 columns"));
    desk.press("\r").until("What it is").still();
    keep("card", &desk.picture("The card of one item"));
    desk.press("?").until("verdicts:").still();
    keep("help", &desk.picture("The page of keys"));
    desk.press("q")
        .until("What it is")
        .press("r")
        .until("why")
        .press("1")
        .press("the job it was for ended in May")
        .still();
    keep("reason", &desk.picture("A verdict asks for a reason before it is taken"));
    desk.press("\x1b").until("no decision made").press("q").still();
    look_around(&mut desk);
    let half = items.len() / 2;
    for (place, item) in items.iter().enumerate() {
        if place == half {
            desk.press("q");
            let (code, left) = desk.ends();
            assert!(code == Some(0) && left.contains("all decisions are saved"), "{left}");
            desk = Terminal::start(&command, 40, 120);
            desk.until(&format!("{half} of 25 decided")).still();
            keep("wide", &desk.picture("From 110 columns on, list and card stand side by side"));
        }
        desk.press(&keys(item)).until(&format!("{} of 25 decided", place + 1));
    }
    desk.press("u").until(&format!("{} of 25 decided", items.len() - 1));
    desk.press("U").until(&format!("{} of 25 decided", items.len())).press("q");
    assert_eq!(desk.ends().0, Some(0));
}

/// Searches, filters, decides similar items together, and undoes all of it with one key.
fn look_around(desk: &mut Terminal) {
    desk.press("/svc_legacy").until("found").press("\r").until("with `svc_legacy`");
    desk.press("\x1b").until_gone("with `").press("f").until("show only").press("\x1b").until_gone("show only");
    desk.press("b").until("decide it individually");
    desk.press("/petra\r")
        .until("1 of 1 shown")
        .press("b")
        .until("no other visible item")
        .press("\x1b")
        .until_gone("1 of 1");
    desk.press("/order_read\r")
        .until("with `order_read`")
        .press("G")
        .press("b")
        .until("press the verdict for all")
        .still();
    keep("bulk", &desk.picture("What is open, unflagged and of one shape is decided together"));
    desk.press("c").until("items with one reason").press("1\r").until("u: undo all");
    desk.press("u").until("0 of 25 decided").press("\x1b").until_gone("with `").press("g").still();
}

/// Decides the next items in line mode.
fn line_by_line(world: &TestRepository, items: &[Item], before: usize) {
    let mut command = world.command(&["review", "--next", "--key", "../keys/ana"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let said: String = items.iter().flat_map(lines).map(|line| format!("{line}\n")).collect();
    child.stdin.take().unwrap().write_all(format!("{said}q\n").as_bytes()).unwrap();
    let ran = answer(child.wait_with_output().unwrap()).exits(0);
    assert_eq!(ran.out.matches("saved: ").count(), items.len(), "{}", ran.out);
    let from = ran.out.find(&format!("[{} of 25]", before + 1)).unwrap_or(0);
    keep("next", &page(&first_lines(&ran.out[from..], 32), 110, "One item at a time, as plain lines"));
}

/// Decides a file with an editor, and formats it.
fn with_an_editor(world: &TestRepository, path: &str) {
    let text = world.read(&format!("repo/{path}"));
    let edited = text.replace(
        "decision = \"\"\nreason = \"\"",
        "reason = 'ended: the work it was for ended in May'\ndecision = 'revoke'",
    );
    assert_ne!(edited, text);
    world.write(&format!("repo/{path}"), &edited);
    world.tenure(&["fmt", path]).exits(0);
}

/// Signs the decisions in full-screen mode.
fn sign(world: &TestRepository, name: &str, picture: &str) {
    let command = world.command(&["review", CAMPAIGN, "--key", &format!("../keys/{name}")]);
    let mut desk = Terminal::start(&command, 24, 80);
    desk.until("decided").press("S").until("type y").still();
    keep(picture, &desk.picture("Nothing is signed before somebody says so"));
    desk.press("y\r");
    let (code, left) = desk.ends();
    assert!(code == Some(0) && left.contains("signed: campaigns/"), "{left}");
    if name == "ana" {
        keep("signed", &page(&left, 80, "After signing: what to type next"));
    }
}

/// Returns the keys that decide an item: access of the engine or of the role itself is kept for a time, other access is
/// revoked.
fn keys(item: &Item) -> String {
    if stays(item) {
        "x90d\r1needed until roles have owners\r".to_owned()
    } else {
        "r2no longer needed since May\r".to_owned()
    }
}

fn lines(item: &Item) -> Vec<&'static str> {
    if stays(item) {
        vec!["x", "90d", "1 needed until roles have owners"]
    } else {
        vec!["r", "2 no longer needed since May"]
    }
}

fn stays(item: &Item) -> bool {
    ["super", "reporting", "order_write", "dba", "ben"].contains(&item.principal.as_str())
}

/// Returns the review files of a reviewer, in the order of the review session.
fn files(world: &TestRepository, name: &str) -> Vec<(String, Review)> {
    let ran = world.tenure(&["review", "--list", "--format", "json", "--signer", name]).exits(0);
    let listed: Vec<serde_json::Value> = serde_json::from_str(&ran.out).unwrap();
    let read = |entry: &serde_json::Value| {
        let path = entry["path"].as_str().unwrap().to_owned();
        let text = world.read(&format!("repo/{path}"));
        let review = parse(&path, text.as_bytes()).ok().unwrap();
        (path, review)
    };
    listed.iter().map(read).collect()
}

/// Returns the text with its actions numbered: their ids differ from repository to repository.
fn numbered(text: &str) -> String {
    let mut parts = text.split("act-");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for (number, part) in (1..).zip(parts) {
        let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_hexdigit()).len();
        shown.push_str(&format!("act-{number:0digits$x}{}", &part[digits..]));
    }
    shown
}

fn first_lines(text: &str, count: usize) -> String {
    text.lines().take(count).map(|line| format!("{line}\n")).collect()
}

/// Stores a picture in the documentation, on request.
fn keep(name: &str, picture: &str) {
    assert!(picture.starts_with("<svg") && picture.ends_with("</svg>\n") && !picture.contains('\u{1b}'));
    if std::env::var_os("TENURE_UPDATE").is_some() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reviewing");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("{name}.svg")), picture).unwrap();
    }
}
