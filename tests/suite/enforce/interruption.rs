//! Interrupts `tenure enforce` with real signals, and releases the locks of killed runs.

use crate::support::fixtures::{KEYS, TestRepository};
use crate::support::host;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::process::Stdio;
use std::sync::LazyLock;
use std::thread::sleep;
use std::time::Duration;
use tenure::enforce::RunStep;

static DECIDED: LazyLock<TestRepository> = LazyLock::new(|| {
    let world = TestRepository::founded();
    host::decide(&world, &["web-1"]);
    world
});

/// Starts a run that waits for a lock of the host, sends it a signal, and lets it continue.
fn interrupted(world: &TestRepository, signal: Signal) -> (Option<i32>, String) {
    // Process 1 is always running. The other files are not locked, and their actions come before or after.
    let lock = world.join("web-1/etc/passwd.lock");
    fs::write(&lock, "1\0").unwrap();
    let mut command = world.enforce_in(&world.repo(), 0, &[]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    // `.pwd.lock` is taken before the run waits.
    let begun = world.join("web-1/etc/.pwd.lock");
    for _ in 0..600 {
        if begun.exists() {
            break;
        }
        sleep(Duration::from_millis(50));
    }
    assert!(begun.exists(), "the run has begun");
    kill_process(pid, signal).unwrap();
    sleep(Duration::from_millis(300));
    fs::remove_file(&lock).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn interrupted_run_ends_in_order() {
    for signal in [Signal::INT, Signal::TERM] {
        let world = DECIDED.copied();
        let (code, said) = interrupted(&world, signal);
        assert_eq!(code, Some(130), "{said}");
        for text in
            ["interrupted: the action in progress is finished first", "the run was interrupted, and ended in order"]
        {
            assert!(said.contains(text), "{said}");
        }
        let ends = world.records_of("run.end");
        assert_eq!((ends.len(), &ends[0]["exit"]), (1, &130.into()));
        let outcomes = world.records_of("outcome");
        assert_eq!(outcomes.len(), 4, "every intent has its outcome");
        let applied = outcomes.iter().filter(|outcome| outcome["result"] == "applied").count();
        assert!((1..4).contains(&applied), "{outcomes:?}");
        let names = fs::read_dir(world.join("web-1/etc")).unwrap().map(|entry| entry.unwrap().file_name());
        for name in names.map(|name| name.into_string().unwrap()) {
            assert!(!name.contains("tenure") && (!name.contains(".lock") || name == ".pwd.lock"), "{name}");
        }
        // The lock is released, so that the next run starts without delay.
        world.enforce_later(1, &[]).exits(0);
        host::is_as_decided(&world.join("web-1"));
        world.verify_later(2).exits(0);
        world.audit_is_clean(3);
    }
}

#[test]
fn lock_of_a_killed_run_is_released() {
    let world = DECIDED.copied();
    let at = format!("{}:2", RunStep::AfterApply.name());
    assert_eq!(world.enforce_later(0, &["--crash-at", &at]).signal, Some(9));
    world.enforce_later(1, &[]).exits(75).says("tenure unlock web-1");
    let unlock = |minutes: i64, arguments: &[&str]| {
        let arguments = [&["unlock", "web-1"], KEYS, arguments].concat();
        world.tenure_later(minutes, &arguments)
    };
    let run = world.records_of("run.start")[0]["run"].as_str().unwrap().to_owned();
    unlock(1, &[]).exits(75).says("its lease has not expired").says(&format!("tenure unlock web-1 --run {run}"));
    unlock(1, &["--run", "0199a1b2-0000-7000-8000-000000000000"]).exits(1).says("does not lock `web-1`");
    unlock(1, &["--run", &run]).exits(0);
    let released = world.records_of("finding");
    assert_eq!((released.len(), &released[0]["code"]), (1, &"lock-released".into()), "{released:?}");
    assert!(released[0]["text"].as_str().unwrap().contains(&run));
    unlock(2, &[]).exits(0);
    assert_eq!(world.records_of("finding").len(), 1, "a system that is not locked needs no record");
    world.enforce_later(3, &[]).exits(0);
    host::is_as_decided(&world.join("web-1"));
    world.verify_later(4).exits(0);
    world.audit_is_clean(5);
}

#[test]
fn expired_lock_is_released_without_naming_the_run() {
    let world = DECIDED.copied();
    assert_eq!(world.enforce_later(0, &["--crash-at", RunStep::AfterIntents.name()]).signal, Some(9));
    let arguments = [&["unlock", "web-1"], KEYS].concat();
    world.tenure_later(60, &arguments).exits(0);
    assert_eq!(world.records_of("finding")[0]["code"], "lock-released");
    world.enforce_later(61, &[]).exits(0);
    world.verify_later(62).exits(0);
    world.audit_is_clean(63);
}
