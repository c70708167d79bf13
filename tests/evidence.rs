//! Stories about evidence: what stock tools say of it, what is found when it is tampered with, and what a race leaves.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop there")]

mod support;
#[path = "support/evidence.rs"]
mod world;

use std::{collections::BTreeMap, fs, process::Stdio, thread};
use support::sandbox::{hook, succeed};
use tenure::{
    enforce::{Journal, JournalError},
    evidence::{Code, Keys, Ledger, layout},
    format::{
        checkpoint::Checkpoint,
        keys::{PrivateKey, Signer},
        sshsig::{Namespace, SshSignature},
    },
    git::{Carrier, Edit, ObjectId, Repository},
    model::{Digest, FixedClock, Timestamp, record::Entry},
};
use world::{BRANCH, ORIGIN, World, end, engine_keys, intent, outcome, run_id, start};

#[test]
fn a_run_reads_back_as_it_was_written() {
    let world = World::new();
    let (repository, head) = world.with_log();
    let (ledger, history, defects) = Ledger::read(&repository, head, world.keys()).unwrap();
    assert_eq!(defects, []);
    assert_eq!((ledger.size(), history.size()), (5, 5), "genesis, start, intent, outcome, end");
    assert_eq!(ledger.genesis(), Some(&world::genesis()));
    let done = history.action(&world::action(1)).unwrap();
    assert_eq!((done.intent, done.is_dangling()), (2, false));
    assert_eq!(history.run(&run_id(1)).unwrap().end, Some((4, 0)));
    let paths = world.sandbox.git(&world.remote, &["ls-tree", "-r", "--name-only", BRANCH]);
    let run = run_id(1);
    for (first, phase) in [(0, 'a'), (3, 'b'), (4, 'c')] {
        assert!(paths.contains(&format!("log/2026/11/{first:012}-{run}-{phase}.jsonl")), "{paths}");
    }
    let journal = world.journal(&repository, 2, &world.clock).unwrap();
    assert_eq!(journal.kept(&Digest::of(b"{\"plan\":1}")).unwrap().as_deref(), Some(&b"{\"plan\":1}"[..]));
    assert_eq!(journal.kept(&Digest::of(b"other")).unwrap(), None);
}

#[test]
fn stock_tools_accept_the_branch() {
    let world = World::new();
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
    // What C2SP signed-note says a signature covers: the text with its last line end. The key in the form openssl reads
    // (RFC 8410) is a fixed prefix and 32 bytes.
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
    let world = World::new();
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

/// Rewrites the last segment's text, and seals it again as the real engine would: list, signature, checkpoint.
fn reseal(world: &World, repository: &Repository, head: ObjectId, edit: impl Fn(&str) -> String) -> ObjectId {
    let parent = repository.parents(head).unwrap()[0];
    let old = String::from_utf8(read(repository, head, "segments.sha256")).unwrap();
    let path = old.lines().last().unwrap().split_once("  ").unwrap().1.to_owned();
    let segment = edit(&String::from_utf8(read(repository, head, &path)).unwrap());
    let kept: String = old.lines().take(old.lines().count() - 1).map(|line| format!("{line}\n")).collect();
    let list = format!("{kept}{}  {path}\n", Digest::of(&segment).hex());
    let mut tree = tenure::format::merkle::Tree::new();
    for line in kept.lines() {
        let text = String::from_utf8(read(repository, head, line.split_once("  ").unwrap().1)).unwrap();
        text.lines().for_each(|line| tree.append(line.as_bytes()));
    }
    segment.strip_suffix('\n').unwrap_or(&segment).split('\n').for_each(|line| tree.append(line.as_bytes()));
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: tree.size(), root: tree.root() };
    let signature = SshSignature::sign(&world.commit_key, Namespace::Evidence, list.as_bytes()).unwrap();
    let edits = [
        put(repository, &path, &segment),
        put(repository, "segments.sha256", &list),
        put(repository, "segments.sha256.sig", &signature.armored()),
        put(repository, "checkpoint", &checkpoint.sign(&world.log_key).unwrap().to_string()),
    ];
    world.forge(repository, &[parent], &edits)
}

#[test]
fn a_thief_of_the_keys_cannot_hide_what_was_done_to_a_record() {
    let world = World::new();
    let repository = world.clone("clone");
    let mut journal = world.journal(&repository, 1, &world.clock).unwrap();
    let _start = journal.publish(&[start(&["pg"], Digest::ZERO), intent(1, "pg")]).unwrap();
    let _more = journal.publish(&[outcome(1, 2), intent(2, "pg"), outcome(2, 4), end()]).unwrap();
    let head = repository.reference(layout::REMEMBERED).unwrap().unwrap();
    assert_eq!(world.codes(&repository, reseal(&world, &repository, head, str::to_owned)), []);
    let lines = |text: &str, order: &[usize]| -> String {
        order.iter().map(|line| format!("{}\n", text.lines().nth(*line).unwrap())).collect()
    };
    type Tamper<'a> = (&'a str, Vec<Code>, Box<dyn Fn(&str) -> String + 'a>);
    let cases: Vec<Tamper<'_>> = vec![
        ("edited", vec![Code::ChainBroken], Box::new(|t| t.replacen("applied", "unknown", 1))),
        ("deleted", vec![Code::ChainBroken, Code::SequenceGap], Box::new(|t| lines(t, &[0, 2, 3]))),
        ("inserted", vec![Code::ChainBroken, Code::SequenceTwin], Box::new(|t| lines(t, &[0, 0, 1, 2, 3]))),
        (
            "swapped",
            vec![Code::ChainBroken, Code::SequenceGap, Code::SequenceTwin],
            Box::new(|t| lines(t, &[0, 2, 1, 3])),
        ),
        ("unknown kind", vec![Code::RecordKind], Box::new(|t| t.replacen("\"run.end\"", "\"run.off\"", 1))),
        ("float", vec![Code::RecordNumber], Box::new(|t| t.replacen("\"exit\":0", "\"exit\":0.5", 1))),
        (
            "large number",
            vec![Code::RecordNumber],
            Box::new(|t| t.replacen("\"exit\":0", "\"exit\":9007199254740992", 1)),
        ),
        ("unknown key", vec![Code::RecordSchema], Box::new(|t| t.replacen("\"exit\":0", "\"exit\":0,\"extra\":1", 1))),
        ("missing key", vec![Code::RecordSchema], Box::new(|t| t.replacen("\"exit\":0,", "", 1))),
        ("version", vec![Code::RecordVersion], Box::new(|t| t.replace("\"v\":1}\n", "\"v\":2}\n"))),
        ("space", vec![Code::RecordForm], Box::new(|t| t.replacen("\"exit\":0", "\"exit\": 0", 1))),
        ("trailing space", vec![Code::RecordForm], Box::new(|t| t.trim_end().to_owned() + " \n")),
        ("CRLF", vec![Code::RecordForm], Box::new(|t| t.trim_end().to_owned() + "\r\n")),
        (
            "key order",
            vec![Code::RecordForm],
            Box::new(|t| t.replacen("\"exit\":0,\"kind\":\"run.end\"", "\"kind\":\"run.end\",\"exit\":0", 1)),
        ),
        (
            "twice the same key",
            vec![Code::RecordForm],
            Box::new(|t| t.replacen("\"exit\":0", "\"exit\":0,\"exit\":0", 1)),
        ),
        (
            "null",
            vec![Code::RecordForm],
            Box::new(|t| t.replacen("\"intent\":2", "\"deposited\":null,\"intent\":2", 1)),
        ),
        ("escape", vec![Code::RecordForm], Box::new(|t| t.replacen("REVOKE", "\\u0052EVOKE", 1))),
        ("oversize", vec![Code::RecordSize], Box::new(|t| t.replacen("REVOKE", &"R".repeat(600), 1))),
        ("very oversize", vec![Code::RecordSize], Box::new(|t| t.replacen("REVOKE", &"R".repeat(20_000), 1))),
        ("no last line end", vec![Code::SegmentForm], Box::new(|t| t.trim_end().to_owned())),
        ("empty line", vec![Code::RecordForm], Box::new(|t| format!("{t}\n"))),
        ("other run", vec![Code::RecordRun], Box::new(|t| t.replace(run_id(1).as_str(), run_id(9).as_str()))),
        ("second genesis", vec![Code::Genesis], Box::new(genesis_again)),
    ];
    for (name, expected, edit) in cases {
        let codes = world.codes(&repository, reseal(&world, &repository, head, edit));
        for code in expected {
            assert!(codes.contains(&code), "{name}: {code} is not among {codes:?}");
        }
    }
}

fn genesis_again(text: &str) -> String {
    let last = text.lines().last().unwrap();
    let prev = last.split("\"prev\":\"").nth(1).unwrap().split('"').next().unwrap();
    let kept: String = text.lines().take(3).map(|line| format!("{line}\n")).collect();
    let root = Digest::of(b"root");
    format!(
        "{kept}{{\"kind\":\"log.genesis\",\"origin\":\"{ORIGIN}\",\"prev\":\"{prev}\",\"repo\":\"r\",\"root\":\"{root}\",\
         \"run\":\"{}\",\"seq\":6,\"t\":\"2026-11-23T05:00:00Z\",\"v\":1}}\n",
        run_id(1)
    )
}

#[test]
fn what_is_done_to_files_is_named() {
    let world = World::new();
    let (repository, head) = world.with_log();
    let list = String::from_utf8(read(&repository, head, "segments.sha256")).unwrap();
    let paths: Vec<_> = list.lines().map(|line| line.split_once("  ").unwrap().1.to_owned()).collect();
    let blob = layout::blob_path(&Digest::of(b"{\"plan\":1}"));
    let stranger = PrivateKey::from_seed(&[9; 32]);
    let sign = |key: &PrivateKey, namespace, text: &str| {
        SshSignature::sign(key, namespace, text.as_bytes()).unwrap().armored()
    };
    let short_list = list.lines().take(2).map(|line| format!("{line}\n")).collect::<String>();
    let reversed = list.lines().rev().map(|line| format!("{line}\n")).collect::<String>();
    let wrong = list.replacen(&list[..8], "00000000", 1);
    let listed = |text: &str| {
        let signature = sign(&world.commit_key, Namespace::Evidence, text);
        vec![put(&repository, "segments.sha256", text), put(&repository, "segments.sha256.sig", &signature)]
    };
    let root = Ledger::read(&repository, head, world.keys()).unwrap().0.root();
    let checkpoint = |origin: &str, size, root, key: &PrivateKey| {
        let note = Checkpoint { origin: origin.to_owned(), size, root }.sign(key).unwrap();
        vec![put(&repository, "checkpoint", &note.to_string())]
    };
    let remove = |path: &str| vec![Edit::Remove { path: path.to_owned() }];
    let one = |path: &str, text: &str| vec![put(&repository, path, text)];
    let cases: Vec<(&str, Vec<Edit>, Code)> = vec![
        ("segment edited", one(&paths[1], "{}\n"), Code::SegmentChanged),
        ("last segment dropped", remove(&paths[2]), Code::SegmentDeleted),
        (
            "segment under another name",
            one("log/2026/11/000000000099-01932b5e-7c00-7000-8000-000000000001-d.jsonl", "{}\n"),
            Code::SegmentName,
        ),
        (
            "empty segment",
            one("log/2026/11/000000000005-01932b5e-7c00-7000-8000-000000000001-d.jsonl", ""),
            Code::SegmentForm,
        ),
        ("segment not listed", listed(&short_list), Code::SegmentUnlisted),
        ("segment listed and not there", listed(&format!("{list}{}  log/x\n", "0".repeat(64))), Code::SegmentMissing),
        ("segment with another digest", listed(&wrong), Code::SegmentDigest),
        ("segments in another order", listed(&reversed), Code::SegmentsForm),
        ("no list", listed("nonsense"), Code::SegmentsForm),
        (
            "list signed by a stranger",
            one("segments.sha256.sig", &sign(&stranger, Namespace::Evidence, &list)),
            Code::SegmentsSignature,
        ),
        (
            "list signed for something else",
            one("segments.sha256.sig", &sign(&world.commit_key, Namespace::Review, &list)),
            Code::SegmentsSignature,
        ),
        ("list not signed", remove("segments.sha256.sig"), Code::SegmentsSignature),
        ("checkpoint too small", checkpoint(ORIGIN, 4, root, &world.log_key), Code::CheckpointSize),
        ("checkpoint of other records", checkpoint(ORIGIN, 5, Digest::of(b"x"), &world.log_key), Code::CheckpointRoot),
        ("checkpoint by a stranger", checkpoint(ORIGIN, 5, root, &stranger), Code::CheckpointSignature),
        ("checkpoint by the commit key", checkpoint(ORIGIN, 5, root, &world.commit_key), Code::CheckpointSignature),
        ("checkpoint of another log", checkpoint("tenure/other", 5, root, &world.log_key), Code::Genesis),
        ("no checkpoint", remove("checkpoint"), Code::FileDeleted),
        ("broken checkpoint", one("checkpoint", "x"), Code::CheckpointForm),
        ("blob edited", one(&blob, "other"), Code::FileChanged),
        ("blob that is not its name", one(&layout::blob_path(&Digest::of(b"name")), "other"), Code::BlobDigest),
        ("stray file", one("README", "hello"), Code::FileStray),
        ("anchor", one("anchors/000000000005.cosig", "x"), Code::FileChanged),
    ];
    for (name, edits, expected) in cases {
        let forged = world.forge(&repository, &[head], &edits);
        let codes = world.codes(&repository, forged);
        if name == "anchor" {
            assert_eq!(codes, [], "an anchor may be added");
            let changed = world.forge(&repository, &[forged], &one("anchors/000000000005.cosig", "y"));
            assert_eq!(world.codes(&repository, changed), [expected], "and stays as it is");
        } else {
            assert!(codes.contains(&expected), "{name}: {expected} is not among {codes:?}");
        }
    }
}

#[test]
fn commits_are_the_engines_own_and_one_line() {
    let world = World::new();
    let (repository, head) = world.with_log();
    let tree = repository.tree_of(head).unwrap();
    let stranger = PrivateKey::from_seed(&[9; 32]);
    let by_stranger = world.forge_tree(&repository, &[head], tree, &stranger);
    assert_eq!(world.codes(&repository, by_stranger), [Code::CommitSigner]);
    let merge = world.forge_tree(&repository, &[head, by_stranger], tree, &world.commit_key);
    assert_eq!(world.codes(&repository, merge), [Code::HistoryBranched]);
    let raw = world
        .sandbox
        .git(world.sandbox.join("clone"), &["commit-tree", &tree.to_string(), "-p", &head.to_string(), "-m", "x"]);
    assert_eq!(world.codes(&repository, ObjectId::parse(&raw).unwrap()), [Code::CommitUnsigned]);
    let signed = repository.commit(by_stranger).unwrap().signature.unwrap().signature;
    let object = world.sandbox.git(world.sandbox.join("clone"), &["cat-file", "commit", &head.to_string()]);
    let theirs = repository.commit(head).unwrap().signature.unwrap().signature;
    let indent = |text: &str| text.trim_end().replace('\n', "\n ");
    let swapped = object.replace(&indent(&theirs), &indent(&signed)) + "\n";
    fs::write(world.sandbox.join("swapped"), swapped).unwrap();
    let file = world.sandbox.join("swapped");
    let id =
        world.sandbox.git(world.sandbox.join("clone"), &["hash-object", "-t", "commit", "-w", &file.to_string_lossy()]);
    assert!(world.codes(&repository, ObjectId::parse(&id).unwrap()).contains(&Code::CommitSignature));
    let root = world.forge_tree(&repository, &[], tree, &world.commit_key);
    assert_eq!(world.codes(&repository, root), [], "all at once is the same log, by the engine's own hand");
}

#[test]
fn modes_and_names_that_lead_elsewhere_are_named() {
    let world = World::new();
    let (repository, head) = world.with_log();
    let clone = world.sandbox.join("clone");
    let git = |arguments: &[&str]| world.sandbox.git(&clone, arguments);
    git(&["read-tree", &head.to_string()]);
    let blob = repository.write_blob(b"x").unwrap().to_string();
    for (mode, path, code) in [
        ("100755", "anchors/000000000005.cosig", Code::FileMode),
        ("120000", "anchors/000000000005.tsr", Code::FileMode),
        ("100644", "Checkpoint", Code::FileStray),
    ] {
        git(&["update-index", "--add", "--cacheinfo", &format!("{mode},{blob},{path}")]);
        let tree = ObjectId::parse(&git(&["write-tree"])).unwrap();
        git(&["update-index", "--force-remove", path]);
        let forged = world.forge_tree(&repository, &[head], tree, &world.commit_key);
        assert!(world.codes(&repository, forged).contains(&code), "{path}");
    }
}

#[test]
fn a_branch_that_was_reset_or_deleted_is_noticed() {
    let world = World::new();
    let (repository, head) = world.with_log();
    let parent = repository.parents(head).unwrap()[0];
    world.sandbox.git(&world.remote, &["update-ref", BRANCH, &parent.to_string()]);
    let refused = world.journal(&repository, 2, &world.clock).err().unwrap();
    assert!(matches!(refused, JournalError::Defect { code: "evidence-rewritten", .. }), "{refused}");
    world.sandbox.git(&world.remote, &["update-ref", "-d", BRANCH]);
    let refused = world.journal(&repository, 2, &world.clock).err().unwrap();
    assert!(matches!(refused, JournalError::Defect { code: "evidence-deleted", .. }), "{refused}");
    let fork = world.forge(&repository, &[parent], &[]);
    let mut ledger = Ledger::read(&repository, head, world.keys()).unwrap().0;
    let defects = ledger.advance(&repository, fork, &mut |_| {}).unwrap();
    assert_eq!(defects[0].code, Code::BranchRewritten);
}

#[test]
fn nobody_goes_on_from_evidence_that_does_not_verify() {
    let world = World::new();
    let (repository, head) = world.with_log();
    let mut journal = world.journal(&repository, 2, &world.clock).unwrap();
    let forged = world.forge(&repository, &[head], &[put(&repository, "README", "x")]);
    world.sandbox.git(world.sandbox.join("clone"), &["push", "-q", "origin", &format!("{forged}:{BRANCH}")]);
    let refused = journal.publish(&[start(&["pg"], Digest::ZERO)]).err().unwrap();
    assert!(matches!(refused, JournalError::Defect { code: "file-stray", .. }), "{refused}");
    assert!(matches!(world.journal(&repository, 3, &world.clock), Err(JournalError::Defect { .. })));
}

#[test]
fn a_second_run_over_the_same_system_is_told_to_wait_and_others_interleave() {
    let world = World::new();
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
    let world = World::new();
    let (here, there) = (world.clone("here"), world.clone("there"));
    let mut slow = world.journal(&here, 1, &world.clock).unwrap();
    let mut quick = world.journal(&there, 2, &world.clock).unwrap();
    let _done = quick.publish(&[start(&["pg"], Digest::ZERO), intent(1, "pg"), outcome(1, 2), end()]).unwrap();
    let busy = slow.publish(&[start(&["pg"], Digest::ZERO), intent(1, "pg")]).err().unwrap();
    assert!(matches!(&busy, JournalError::Busy { by, until: None, .. } if *by == run_id(2)), "{busy}");
}

#[test]
fn a_lease_that_is_over_can_be_taken_and_the_old_run_is_fenced_off() {
    let world = World::new();
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
fn a_clock_that_is_a_year_ahead_frees_nothing() {
    let world = World::new();
    let (here, there) = (world.clone("here"), world.clone("there"));
    let ahead = FixedClock(Timestamp::parse("2027-11-23").unwrap());
    let mut wrong = world.journal(&here, 1, &ahead).unwrap();
    let _held = wrong.publish(&[start(&["pg"], Digest::ZERO)]).unwrap();
    let mut right = world.journal(&there, 2, &world.clock).unwrap();
    assert!(matches!(right.publish(&[start(&["pg"], Digest::ZERO)]), Err(JournalError::Busy { until: None, .. })));
    let _by_order = wrong.publish(&[end()]).unwrap();
    let mut right = world.journal(&there, 3, &world.clock).unwrap();
    let _started = right.publish(&[start(&["pg"], Digest::ZERO)]).unwrap();
}

#[test]
fn what_looks_like_a_secret_or_is_too_long_is_not_written() {
    let world = World::new();
    let repository = world.clone("clone");
    let mut journal = world.journal(&repository, 1, &world.clock).unwrap();
    let text = |text: String| match outcome(1, 2) {
        Entry::Outcome(mut recorded) => {
            recorded.text = text;
            Entry::Outcome(recorded)
        }
        other => other,
    };
    for hostile in [format!("ghp_{}", "a1".repeat(18)), "x".repeat(513)] {
        let refused = journal.publish(&[start(&["pg"], Digest::ZERO), text(hostile)]);
        assert!(matches!(refused, Err(JournalError::Refused(_))));
    }
    assert!(matches!(journal.keep(b"-----BEGIN PRIVATE KEY-----"), Err(JournalError::Refused(_))));
    assert!(matches!(journal.publish(&[intent(1, "pg")]), Err(JournalError::Refused(_))), "no run has started");
    assert!(world.sandbox.git(&world.remote, &["for-each-ref"]).is_empty(), "nothing was pushed");
}

#[test]
fn a_server_that_declines_or_forgets_is_not_believed() {
    let world = World::new();
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
    let world = World::new();
    let (repository, _) = world.with_log();
    let mut opening = world.opening(&repository, 2, &world.clock);
    opening.carrier = Carrier::to("http://127.0.0.1:9/r.git").unwrap().with_variable("NO_PROXY", "*");
    let gone = tenure::evidence::Appender::open(opening).err().unwrap();
    assert!(matches!(gone, JournalError::Unreachable(_)), "{gone}");
}

#[test]
fn new_keys_are_in_force_from_the_record_that_says_so() {
    let mut world = World::new();
    let (repository, head) = world.with_log();
    let old = (world.commit_key.clone(), world.log_key.clone());
    let keys = world.keys();
    (world.commit_key, world.log_key) = (PrivateKey::from_seed(&[3; 32]), PrivateKey::from_seed(&[4; 32]));
    let refused = world.opening(&repository, 2, &world.clock);
    let refused =
        tenure::evidence::Appender::open(tenure::evidence::Opening { keys: keys.clone(), ..refused }).err().unwrap();
    assert!(matches!(refused, JournalError::Unusable(_)), "{refused}");
    let both = keys.with_root(3, engine_keys(&world.commit_key, &world.log_key));
    let mut opening = world.opening(&repository, 2, &world.clock);
    opening.keys = both.clone();
    let mut journal = tenure::evidence::Appender::open(opening).unwrap();
    let published = journal.publish(&[start(&["pg"], Digest::ZERO)]).unwrap();
    assert_eq!(published.seqs(), [6], "after `key.rotate`");
    let head_now = journal.ledger().head().unwrap();
    let read = |keys: Keys, head| Ledger::read(&repository, head, keys).unwrap().2;
    assert_eq!(read(both.clone(), head_now), []);
    assert_eq!(read(both.clone(), head), []);
    (world.commit_key, world.log_key) = old;
    let tree = repository.tree_of(head_now).unwrap();
    let late = world.forge_tree(&repository, &[head_now], tree, &world.commit_key);
    let codes: Vec<_> = read(both, late).into_iter().map(|defect| defect.code).collect();
    assert_eq!(codes, [Code::CommitSigner], "the old key signs nothing any more");
    assert!(read(world.keys(), head_now).iter().any(|defect| defect.code == Code::KeyRotation));
}

/// Two writers with random schedules over one bare repository: every record they were told stands on the branch stands
/// there once, in their order, in one unbroken chain.
#[test]
fn two_who_append_at_random_lose_and_fork_nothing() {
    const PUBLISHES: u64 = 8;
    let world = World::new();
    let mut random = [0; 1];
    getrandom::fill(&mut random).unwrap();
    let told: BTreeMap<u64, Vec<u64>> = thread::scope(|scope| {
        let write = |writer: u64| {
            let world = &world;
            let (repository, system) = (world.clone(&format!("writer-{writer}")), format!("system-{writer}"));
            let seed = u64::from(random[0]) + writer;
            scope.spawn(move || {
                let mut journal = world.journal(&repository, writer, &world.clock).unwrap();
                let mut seqs = Vec::new();
                let mut publish = |entries: &[Entry]| loop {
                    match journal.publish(entries) {
                        Ok(published) => return seqs.extend_from_slice(published.seqs()),
                        Err(JournalError::Contended { .. }) => {}
                        Err(error) => panic!("{error}"),
                    }
                };
                publish(&[start(&[&system], Digest::ZERO)]);
                for number in 0..PUBLISHES {
                    let schedule = (seed * 2_654_435_761 + number * 40_503) >> 4;
                    thread::sleep(std::time::Duration::from_millis(schedule % 20));
                    let intents: Vec<_> =
                        (0..=schedule % 3).map(|n| intent(1000 * writer + 10 * number + n, &system)).collect();
                    publish(&intents);
                }
                (writer, seqs)
            })
        };
        let writers: Vec<_> = (1..=2).map(write).collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    let reader = world.clone("reader");
    let head = ObjectId::parse(&world.sandbox.git(&world.remote, &["rev-parse", BRANCH])).unwrap();
    let mut found: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    let mut ledger = Ledger::new(world.keys());
    let defects = ledger.advance(&reader, head, &mut |seen| {
        if !matches!(seen.record.entry, Entry::LogGenesis(_)) {
            let writer = u64::from(seen.record.run == run_id(2)) + 1;
            found.entry(writer).or_default().push(seen.record.seq);
        }
    });
    assert_eq!(defects.unwrap(), []);
    assert_eq!(found, told, "seed {random:?}");
    let all: u64 = found.values().map(|seqs| seqs.len() as u64).sum();
    assert_eq!(ledger.size(), all + 1);
}

fn put(repository: &Repository, path: &str, text: &str) -> Edit {
    Edit::Put { path: path.to_owned(), blob: repository.write_blob(text.as_bytes()).unwrap() }
}

fn read(repository: &Repository, commit: ObjectId, path: &str) -> Vec<u8> {
    let file = repository.file(commit, path).unwrap().unwrap();
    repository.blob(file.id, 1 << 20).unwrap()
}
