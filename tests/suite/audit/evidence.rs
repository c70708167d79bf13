//! The evidence branch: verification with standard tools, detection of tampering, and races.

use crate::support::evidence;
use crate::support::evidence::{BRANCH, ORIGIN, TestLog, end, engine_keys, intent, outcome, put, read, run_id, start};
use crate::support::fixtures::TestRepository;
use crate::support::host;
use crate::support::sandbox::{executable, hook, succeed};
use std::{fs, path::PathBuf, process::Stdio, time::Duration};
use tenure::{
    enforce::{Journal, JournalError},
    evidence::{Appender, AppenderOptions, DefectCode, EngineKeyHistory, Ledger, RecordRef},
    format::ssh_keys::{PrivateKey, Signer},
    git::GitRemote,
    model::{Digest, FixedClock, Timestamp},
};

#[test]
fn a_run_reads_back_as_it_was_written() {
    let world = TestLog::new();
    let (repository, head) = world.with_log();
    let (ledger, history, defects) = Ledger::read(&repository, head, world.keys()).unwrap();
    assert_eq!(defects, []);
    assert_eq!((ledger.size(), history.size()), (5, 5), "genesis, start, intent, outcome, end");
    assert_eq!(ledger.genesis(), Some(&evidence::genesis()));
    let done = history.action(&evidence::action(1)).unwrap();
    assert_eq!((done.intent, done.is_dangling()), (2, false));
    assert_eq!(history.run(&run_id(1)).unwrap().end, Some((4, 0)));
    let paths = world.sandbox.git(&world.remote, &["ls-tree", "-r", "--name-only", BRANCH]);
    let run = run_id(1);
    for (first, phase) in [(0, 'a'), (3, 'b'), (4, 'c')] {
        assert!(paths.contains(&format!("log/2026/11/{first:012}-{run}-{phase}.jsonl")), "{paths}");
    }
    let journal = world.journal(&repository, 2, &world.clock).unwrap();
    assert_eq!(journal.load_blob(&Digest::of(b"{\"plan\":1}")).unwrap().as_deref(), Some(&b"{\"plan\":1}"[..]));
    assert_eq!(journal.load_blob(&Digest::of(b"other")).unwrap(), None);
}

#[test]
fn reading_continues_from_a_saved_ledger() {
    let world = TestLog::new();
    let (repository, head) = world.with_log();
    let (whole, expected, _) = Ledger::read(&repository, head, world.keys()).unwrap();
    for commit in repository.first_parents(None, head).unwrap() {
        let (ledger, history, _) = Ledger::read(&repository, commit, world.keys()).unwrap();
        let bytes = ledger.save(&history).unwrap();
        let (mut ledger, mut history) = Ledger::resume(world.keys(), &bytes).unwrap();
        let mut add = |seen: &RecordRef<'_>| history.push(seen.record, seen.line);
        assert_eq!(ledger.advance(&repository, head, &mut add).unwrap(), []);
        assert_eq!((ledger.size(), ledger.root(), ledger.head()), (whole.size(), whole.root(), whole.head()));
        assert_eq!(format!("{history:?}"), format!("{expected:?}"));
        assert!(Ledger::resume(world.keys(), &bytes[..bytes.len() / 2]).is_none());
    }
}

#[test]
fn evidence_cache_does_not_change_results() {
    let world = TestRepository::founded();
    host::decide(&world, &["web-1"]);
    let cache = world.repo().join(".git/tenure/evidence");
    let entries =
        || -> Vec<PathBuf> { fs::read_dir(&cache).into_iter().flatten().map(|entry| entry.unwrap().path()).collect() };
    let results = || {
        ["plan", "campaign status 2026-q4"].map(|line| {
            let words: Vec<&str> = line.split(' ').chain(["--format", "json"]).collect();
            let ran = world.tenure(&words);
            (ran.code, ran.out)
        })
    };
    for minutes in [0, 60] {
        world.enforce_later(minutes, &[]);
        let _ = fs::remove_dir_all(&cache);
        let expected = results();
        assert_eq!((entries().len(), results()), (1, expected.clone()));
        let whole = fs::read(&entries()[0]).unwrap();
        for damaged in [&whole[..40], &[&whole[..100], b"x", &whole[101..]].concat()] {
            fs::write(&entries()[0], damaged).unwrap();
            assert_eq!(results(), expected);
        }
        fs::write(&entries()[0], &whole).unwrap();
    }
}

#[test]
fn stock_tools_accept_the_branch() {
    let world = TestLog::new();
    let _log = world.with_log();
    let tree = world.sandbox.join("tree");
    let sandbox = &world.sandbox;
    sandbox.git(sandbox.path(), &["clone", "-q", "-b", "evidence", "remote.git", "tree"]);
    succeed(sandbox.command("sha256sum", &tree).args(["--strict", "-c", "segments.sha256"]));
    let allowed = world.allowed_signers();
    let mut verify = sandbox.command("ssh-keygen", &tree);
    verify.args(["-Y", "verify", "-I", "engine", "-n", "evidence.v1@tenure", "-s", "segments.sha256.sig", "-f"]);
    verify.arg(&allowed).stdin(Stdio::from(fs::File::open(tree.join("segments.sha256")).unwrap()));
    succeed(&mut verify);
    let setting = format!("gpg.ssh.allowedSignersFile={}", allowed.display());
    for commit in sandbox.git(&tree, &["rev-list", "HEAD"]).lines() {
        sandbox.git(&tree, &["-c", &setting, "verify-commit", commit]);
    }
    sandbox.git(&tree, &["fsck", "--strict"]);
    // By C2SP signed-note, a signature covers the text with its last line end. The key in the format of openssl (RFC
    // 8410) is a fixed prefix and 32 bytes.
    let note = fs::read_to_string(tree.join("checkpoint")).unwrap();
    let (text, signatures) = note.rsplit_once("\n\n").unwrap();
    let base64 = signatures.trim().rsplit_once(' ').unwrap().1;
    let signature = <base64ct::Base64 as base64ct::Encoding>::decode_vec(base64).unwrap();
    let spki =
        [&b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00"[..], world.log_key.public_key().as_bytes()].concat();
    for (name, bytes) in [("text", format!("{text}\n").as_bytes()), ("sig", &signature[4..]), ("key.der", &spki)] {
        fs::write(sandbox.join(name), bytes).unwrap();
    }
    let mut openssl = sandbox.command("openssl", sandbox.path());
    openssl.args(["pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", "key.der"]);
    let said = succeed(openssl.args(["-sigfile", "sig", "-in", "text"]));
    assert!(said.contains("Signature Verified Successfully"), "{said}");
}

#[test]
fn other_implementations_accept_the_checkpoint() {
    let world = TestLog::new();
    let (repository, head) = world.with_log();
    let note = read(&repository, head, "checkpoint");
    let key = format!("{}", engine_keys(&world.commit_key, &world.log_key).log[0]);
    let verifier = signed_note::StandardVerifier::new(&key).unwrap();
    let verified = signed_note::Note::from_bytes(&note).unwrap();
    let (valid, _) = verified.verify(&signed_note::VerifierList::new(vec![Box::new(verifier)])).unwrap();
    assert_eq!(valid.len(), 1);
    let checkpoint = tlog_tiles::Checkpoint::from_bytes(verified.text()).unwrap();
    let (ledger, _, _) = Ledger::read(&repository, head, world.keys()).unwrap();
    assert_eq!((checkpoint.origin(), checkpoint.size()), (ORIGIN, 5));
    assert_eq!(checkpoint.hash().0, *ledger.root().as_bytes());
}

#[test]
fn nobody_goes_on_from_evidence_that_does_not_verify() {
    let world = TestLog::new();
    let (repository, head) = world.with_log();
    let mut journal = world.journal(&repository, 2, &world.clock).unwrap();
    let forged = world.forge(&repository, &[head], &[put(&repository, "README", "x")]);
    world.sandbox.git(world.sandbox.join("clone"), &["push", "-q", "origin", &format!("{forged}:{BRANCH}")]);
    let refused = journal.publish(&[start(&["pg"], Digest::ZERO)]).err().unwrap();
    assert!(matches!(refused, JournalError::Defect { code: "file-unexpected", .. }), "{refused}");
    assert!(matches!(world.journal(&repository, 3, &world.clock), Err(JournalError::Defect { .. })));
}

#[test]
fn second_run_on_same_system_is_busy_others_interleave() {
    let world = TestLog::new();
    let (here, there) = (world.clone("here"), world.clone("there"));
    let mut one = world.journal(&here, 1, &world.clock).unwrap();
    let mut two = world.journal(&there, 2, &world.clock).unwrap();
    let _held = one.publish(&[start(&["hosts", "pg"], Digest::ZERO), intent(1, "pg")]).unwrap();
    let busy = two.publish(&[start(&["pg"], Digest::ZERO)]).err().unwrap();
    assert!(matches!(&busy, JournalError::Busy { by, .. } if *by == run_id(1)), "{busy}");
    let mut three = world.journal(&there, 3, &world.clock).unwrap();
    let seqs = three.publish(&[start(&["aws"], Digest::ZERO), intent(3, "aws")]).unwrap();
    assert_eq!(seqs.seqs(), [3, 4]);
    let seqs = one.publish(&[outcome(1, 2), end()]).unwrap();
    assert_eq!(seqs.seqs(), [5, 6], "sequenced again after the other");
    let mut four = world.journal(&there, 4, &world.clock).unwrap();
    let _free = four.publish(&[start(&["pg"], Digest::ZERO), end()]).unwrap();
}

#[test]
fn a_plan_that_was_overtaken_is_not_begun() {
    let world = TestLog::new();
    let (here, there) = (world.clone("here"), world.clone("there"));
    let mut slow = world.journal(&here, 1, &world.clock).unwrap();
    let mut quick = world.journal(&there, 2, &world.clock).unwrap();
    let _done = quick.publish(&[start(&["pg"], Digest::ZERO), intent(1, "pg"), outcome(1, 2), end()]).unwrap();
    let busy = slow.publish(&[start(&["pg"], Digest::ZERO), intent(1, "pg")]).err().unwrap();
    assert!(matches!(&busy, JournalError::Busy { by, until: None, .. } if *by == run_id(2)), "{busy}");
}

#[test]
fn expired_lease_is_taken_and_old_run_is_fenced() {
    let world = TestLog::new();
    let (here, there) = (world.clone("here"), world.clone("there"));
    let mut old = world.journal(&here, 1, &world.clock).unwrap();
    let _held = old.publish(&[start(&["pg"], Digest::ZERO), intent(1, "pg")]).unwrap();
    let at = |text| FixedClock(Timestamp::parse(text).unwrap());
    let (within, after) = (at("2026-11-23T05:59:59Z"), at("2026-11-23T06:00:01Z"));
    let mut early = world.journal(&there, 2, &within).unwrap();
    assert!(matches!(early.publish(&[start(&["pg"], Digest::ZERO)]), Err(JournalError::Busy { until: Some(_), .. })));
    let mut new = world.journal(&there, 3, &after).unwrap();
    let _taken = new.publish(&[start(&["pg"], Digest::ZERO)]).unwrap();
    let fenced = old.publish(&[outcome(1, 2)]).err().unwrap();
    assert!(matches!(&fenced, JournalError::Fenced { by, .. } if *by == run_id(3)), "{fenced}");
}

#[test]
fn a_server_that_declines_or_forgets_is_not_believed() {
    let world = TestLog::new();
    let (repository, head) = world.with_log();
    let mut journal = world.journal(&repository, 2, &world.clock).unwrap();
    hook(&world.remote, "update", "exit 1");
    assert!(matches!(journal.publish(&[start(&["pg"], Digest::ZERO)]), Err(JournalError::Declined(_))));
    hook(&world.remote, "update", "exit 0");
    hook(&world.remote, "post-receive", &format!("git update-ref {BRANCH} {head}"));
    assert!(matches!(journal.publish(&[start(&["pg"], Digest::ZERO)]), Err(JournalError::Declined(_))));
    hook(&world.remote, "post-receive", "kill -9 $PPID");
    let published = journal.publish(&[start(&["pg"], Digest::ZERO)]).unwrap();
    assert_eq!(published.seqs(), [5], "the answer was lost, the records were not");
    assert_eq!(journal.history().size(), 6);
}

#[test]
fn a_remote_that_is_gone_says_so() {
    let world = TestLog::new();
    let (repository, _) = world.with_log();
    let mut opening = world.opening(&repository, 2, &world.clock);
    opening.carrier = GitRemote::to("http://127.0.0.1:9/r.git").unwrap().with_variable("NO_PROXY", "*");
    let gone = Appender::open(opening).err().unwrap();
    assert!(matches!(gone, JournalError::Unreachable(_)), "{gone}");
}

#[test]
fn new_keys_are_in_force_from_the_record_that_says_so() {
    let mut world = TestLog::new();
    let (repository, head) = world.with_log();
    let old = (world.commit_key.clone(), world.log_key.clone());
    let keys = world.keys();
    (world.commit_key, world.log_key) = (PrivateKey::from_seed(&[3; 32]), PrivateKey::from_seed(&[4; 32]));
    let refused = world.opening(&repository, 2, &world.clock);
    let refused = Appender::open(AppenderOptions { keys: keys.clone(), ..refused }).err().unwrap();
    assert!(matches!(refused, JournalError::Unusable(_)), "{refused}");
    let both = keys.with_root(3, engine_keys(&world.commit_key, &world.log_key));
    let mut opening = world.opening(&repository, 2, &world.clock);
    opening.keys = both.clone();
    let mut journal = Appender::open(opening).unwrap();
    let published = journal.publish(&[start(&["pg"], Digest::ZERO)]).unwrap();
    assert_eq!(published.seqs(), [6], "after `key.rotate`");
    let head_now = journal.ledger().head().unwrap();
    let read = |keys: EngineKeyHistory, head| Ledger::read(&repository, head, keys).unwrap().2;
    assert_eq!(read(both.clone(), head_now), []);
    assert_eq!(read(both.clone(), head), []);
    (world.commit_key, world.log_key) = old;
    let tree = repository.tree_of(head_now).unwrap();
    let late = world.forge_tree(&repository, &[head_now], tree, &world.commit_key);
    let codes: Vec<_> = read(both, late).into_iter().map(|defect| defect.code).collect();
    assert_eq!(codes, [DefectCode::CommitSigner], "the old key signs nothing any more");
    assert!(read(world.keys(), head_now).iter().any(|defect| defect.code == DefectCode::KeyRotation));
}

#[test]
fn a_push_nobody_heard_of_is_found_by_the_next_fetch() {
    let world = TestLog::new();
    let (repository, _) = world.with_log();
    let (script, cut) = (world.sandbox.join("ssh"), world.sandbox.join("cut"));
    let cut = cut.display();
    // The connection fails after a push: the reply is not trusted, and the ref cannot be read back.
    let body = format!(
        "#!/bin/sh\nfor last; do :; done\ncase \"$last\" in\n*receive-pack*) touch {cut};;\n\
         *) if [ -e {cut} ]; then rm {cut}; exit 1; fi;;\nesac\neval \"$last\"\n"
    );
    executable(&script, &body);
    let add = |carrier: GitRemote, (name, value)| carrier.with_variable(name, value);
    let carrier = GitRemote::to(&format!("ssh://host{}", world.remote.display())).unwrap();
    let carrier = world.sandbox.environment().into_iter().fold(carrier, add);
    let mut opening = world.opening(&repository, 2, &world.clock);
    opening.carrier = carrier.with_variable("GIT_SSH_COMMAND", script).with_variable("GIT_SSH_VARIANT", "ssh");
    let mut journal = Appender::open(opening).unwrap().with_pace(Duration::from_millis(1));
    let published = journal.publish(&[start(&["pg"], Digest::ZERO), intent(2, "pg")]).unwrap();
    assert_eq!(published.seqs(), [5, 6]);
    let size = journal.history().size();
    let commits = world.sandbox.git(&world.remote, &["rev-list", "--count", BRANCH]);
    assert_eq!((size, commits.as_str()), (7, "4"), "once, and not twice");
}
