//! Tests of a Git host or mirror that serves an outdated state, detected by remembered commits and checkpoints.

use crate::support::fixtures::{Ran, TestRepository, ran};
use crate::support::host;
use std::path::Path;

const DAY: i64 = 24 * 60;

/// The data that an auditor keeps of a repository: the commit of main, and a file with the checkpoint of the evidence.
struct Kept {
    main: String,
    checkpoint: String,
}

fn keep(world: &TestRepository, name: &str) -> Kept {
    let git = |arguments: &[&str]| world.sandbox().git(world.join("remote.git"), arguments);
    let checkpoint = format!("{name}.checkpoint");
    world.write(&checkpoint, &format!("{}\n", git(&["show", "evidence:checkpoint"])));
    Kept { main: git(&["rev-parse", "main"]), checkpoint: format!("../{checkpoint}") }
}

fn audited(world: &TestRepository, clone: &str, days: i64, more: &[&str]) -> Ran {
    ran(&mut world.command_in(&world.join(clone), days * DAY, &[&["audit"], more].concat()))
}

fn copied(world: &TestRepository, from: &str, to: &str) {
    world.sandbox().git(world.path(), &["clone", "--quiet", "--mirror", from, to]);
}

fn cloned(world: &TestRepository, from: &str, to: &str) {
    world.sandbox().git(world.path(), &["clone", "--quiet", from, to]);
}

#[test]
fn row_34_an_old_state_is_told_by_whoever_kept_a_newer_one() {
    let world = TestRepository::founded();
    host::decide(&world, &["web-1"]);
    world.enforce(&[]).exits(0);
    let before = keep(&world, "before");
    copied(&world, "remote.git", "mirror.git");
    world.write("repo/policies/more.toml", &world.read("repo/policies/all.toml"));
    world.merge("one more definition");
    let after_main = world.sandbox().git(world.join("remote.git"), &["rev-parse", "main"]);
    world.verify_later(DAY).exits(0);
    let after = keep(&world, "after");
    assert_eq!(after.main, after_main);

    // The mirror is behind, but valid in itself, so the comparison needs data that was kept elsewhere.
    cloned(&world, "mirror.git", "behind");
    let integrity = "integrity    nothing found";
    audited(&world, "behind", 1, &[]).says(integrity);
    audited(&world, "behind", 1, &["--expect-commit", &before.main, "--checkpoint", &before.checkpoint])
        .says(integrity);
    let told = audited(&world, "behind", 1, &["--expect-commit", &after.main]).exits(3).says("critical[main-behind]");
    told.says(&format!("main was at {}, but this clone does not have that commit", after.main));
    let told = audited(&world, "behind", 1, &["--checkpoint", &after.checkpoint]).exits(3);
    told.says("critical[evidence-behind]").says("git fetch, and compare with another clone");
    audited(&world, "behind", 1, &["--max-age", "30"]).says(integrity);
    audited(&world, "behind", 40, &["--max-age", "30"]).exits(3).says("high[evidence-stale]").says("more than 30 days");

    // An up-to-date clone contains everything.
    cloned(&world, "remote.git", "fresh");
    let all = ["--expect-commit", &before.main, "--expect-commit", &after.main, "--checkpoint", &before.checkpoint];
    audited(&world, "fresh", 1, &[&all[..], &["--checkpoint", &after.checkpoint]].concat()).says(integrity);

    // Only main is rolled back: the record of main in the evidence is enough to detect it.
    let refs = world.join("mirror.git");
    fetch(&world, &refs, "evidence");
    cloned(&world, "mirror.git", "half");
    audited(&world, "half", 1, &[]).exits(3).says("critical[main-rolled-back]");
    // The newer commit exists in the clone, but main does not contain it.
    world.sandbox().git(world.join("behind"), &["fetch", "--quiet", "../remote.git", "main"]);
    audited(&world, "behind", 1, &["--expect-commit", &after.main]).exits(3).says("critical[main-rolled-back]");

    audited(&world, "fresh", 1, &["--expect-commit", "nowhere"]).exits(1).says("error[git-failed]");
    audited(&world, "fresh", 1, &["--checkpoint", "nowhere"]).exits(1).says("git show origin/evidence:checkpoint");
}

fn fetch(world: &TestRepository, mirror: &Path, branch: &str) {
    world.sandbox().git(mirror, &["fetch", "--quiet", "../remote.git", &format!("{branch}:{branch}")]);
}
