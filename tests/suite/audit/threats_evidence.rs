//! Attacks on the evidence branch, by row of the threat table, mostly by an attacker who has the real engine keys.

use crate::support::evidence::{BRANCH, ORIGIN, TestLog, end, intent, outcome, put, read, reseal, run_id, start};
use std::{collections::BTreeMap, fs, thread};
use tenure::{
    enforce::{Journal, JournalError},
    evidence::{DefectCode, Ledger, layout},
    format::{
        checkpoint::Checkpoint,
        ssh_keys::PrivateKey,
        sshsig::{SignatureNamespace, SshSignature},
    },
    git::{ObjectId, TreeEdit},
    model::{Digest, FixedClock, Timestamp, record::RecordPayload},
};

#[test]
fn row_13_rewritten_or_deleted_evidence_is_detected() {
    let world = TestLog::new();
    let (repository, head) = world.with_log();
    let rewritten = reseal(&world, &repository, head, |text| text.replacen("\"exit\":0", "\"exit\":4", 1));
    assert_eq!(world.codes(&repository, rewritten), [], "with the real keys, it verifies alone");
    world.sandbox.git(world.sandbox.join("clone"), &["push", "-q", "-f", "origin", &format!("{rewritten}:{BRANCH}")]);
    let refused = world.journal(&repository, 2, &world.clock).err().unwrap();
    assert!(matches!(refused, JournalError::Defect { code: "evidence-rewritten", .. }), "{refused}");
    let mut ledger = Ledger::read(&repository, head, world.keys()).unwrap().0;
    let defects = ledger.advance(&repository, rewritten, &mut |_| {}).unwrap();
    assert_eq!(defects[0].code, DefectCode::BranchRewritten);
    world.sandbox.git(&world.remote, &["update-ref", "-d", BRANCH]);
    let refused = world.journal(&repository, 2, &world.clock).err().unwrap();
    assert!(matches!(refused, JournalError::Defect { code: "evidence-deleted", .. }), "{refused}");
}

#[test]
fn row_14_a_tail_that_was_cut_leaves_an_intent_dangling_or_a_run_open() {
    let world = TestLog::new();
    let (repository, head) = world.with_log();
    let line = repository.first_parents(None, head).unwrap();
    for kept in 1..line.len() {
        let cut = line[kept - 1];
        world.sandbox.git(&world.remote, &["update-ref", BRANCH, &cut.to_string()]);
        let refused = world.journal(&repository, 2, &world.clock).err().unwrap();
        assert!(matches!(refused, JournalError::Defect { code: "evidence-rewritten", .. }), "{refused}");
        let (_, history, defects) = Ledger::read(&repository, cut, world.keys()).unwrap();
        assert_eq!(defects, [], "a fresh clone sees a log that is in order, and");
        assert_eq!(history.dangling().count(), usize::from(kept == 1), "an intent without an outcome");
        assert!(history.run(&run_id(1)).unwrap().end.is_none(), "a run without an end");
    }
}

#[test]
fn row_15_what_was_done_to_a_record_is_named() {
    let world = TestLog::new();
    let repository = world.clone("clone");
    let mut journal = world.journal(&repository, 1, &world.clock).unwrap();
    let _start = journal.publish(&[start(&["pg"], Digest::ZERO), intent(1, "pg")]).unwrap();
    let _more = journal.publish(&[outcome(1, 2), intent(2, "pg"), outcome(2, 4), end()]).unwrap();
    let head = repository.reference(layout::REMEMBERED).unwrap().unwrap();
    assert_eq!(world.codes(&repository, reseal(&world, &repository, head, str::to_owned)), []);
    let lines = |text: &str, order: &[usize]| -> String {
        order.iter().map(|line| format!("{}\n", text.lines().nth(*line).unwrap())).collect()
    };
    type Tamper<'a> = (&'a str, Vec<DefectCode>, Box<dyn Fn(&str) -> String + 'a>);
    let cases: Vec<Tamper<'_>> = vec![
        ("edited", vec![DefectCode::ChainBroken], Box::new(|t| t.replacen("applied", "unknown", 1))),
        ("deleted", vec![DefectCode::ChainBroken, DefectCode::SequenceGap], Box::new(|t| lines(t, &[0, 2, 3]))),
        (
            "inserted",
            vec![DefectCode::ChainBroken, DefectCode::SequenceDuplicate],
            Box::new(|t| lines(t, &[0, 0, 1, 2, 3])),
        ),
        (
            "swapped",
            vec![DefectCode::ChainBroken, DefectCode::SequenceGap, DefectCode::SequenceDuplicate],
            Box::new(|t| lines(t, &[0, 2, 1, 3])),
        ),
        ("unknown kind", vec![DefectCode::RecordKind], Box::new(|t| t.replacen("\"run.end\"", "\"run.off\"", 1))),
        ("float", vec![DefectCode::RecordNumber], Box::new(|t| t.replacen("\"exit\":0", "\"exit\":0.5", 1))),
        (
            "large number",
            vec![DefectCode::RecordNumber],
            Box::new(|t| t.replacen("\"exit\":0", "\"exit\":9007199254740992", 1)),
        ),
        (
            "unknown key",
            vec![DefectCode::RecordSchema],
            Box::new(|t| t.replacen("\"exit\":0", "\"exit\":0,\"extra\":1", 1)),
        ),
        ("missing key", vec![DefectCode::RecordSchema], Box::new(|t| t.replacen("\"exit\":0,", "", 1))),
        ("version", vec![DefectCode::RecordVersion], Box::new(|t| t.replace("\"v\":1}\n", "\"v\":2}\n"))),
        ("space", vec![DefectCode::RecordMalformed], Box::new(|t| t.replacen("\"exit\":0", "\"exit\": 0", 1))),
        ("trailing space", vec![DefectCode::RecordMalformed], Box::new(|t| t.trim_end().to_owned() + " \n")),
        ("CRLF", vec![DefectCode::RecordMalformed], Box::new(|t| t.trim_end().to_owned() + "\r\n")),
        (
            "key order",
            vec![DefectCode::RecordMalformed],
            Box::new(|t| t.replacen("\"exit\":0,\"kind\":\"run.end\"", "\"kind\":\"run.end\",\"exit\":0", 1)),
        ),
        (
            "twice the same key",
            vec![DefectCode::RecordMalformed],
            Box::new(|t| t.replacen("\"exit\":0", "\"exit\":0,\"exit\":0", 1)),
        ),
        (
            "null",
            vec![DefectCode::RecordMalformed],
            Box::new(|t| t.replacen("\"intent\":2", "\"deposited\":null,\"intent\":2", 1)),
        ),
        ("escape", vec![DefectCode::RecordMalformed], Box::new(|t| t.replacen("REVOKE", "\\u0052EVOKE", 1))),
        ("oversize", vec![DefectCode::RecordSize], Box::new(|t| t.replacen("REVOKE", &"R".repeat(600), 1))),
        ("very oversize", vec![DefectCode::RecordSize], Box::new(|t| t.replacen("REVOKE", &"R".repeat(20_000), 1))),
        ("no last line end", vec![DefectCode::SegmentMalformed], Box::new(|t| t.trim_end().to_owned())),
        ("empty line", vec![DefectCode::RecordMalformed], Box::new(|t| format!("{t}\n"))),
        ("other run", vec![DefectCode::RecordRun], Box::new(|t| t.replace(run_id(1).as_str(), run_id(9).as_str()))),
        ("second genesis", vec![DefectCode::GenesisInvalid], Box::new(genesis_again)),
    ];
    for (name, expected, edit) in cases {
        let codes = world.codes(&repository, reseal(&world, &repository, head, edit));
        for code in expected {
            assert!(codes.contains(&code), "{name}: {code} is not among {codes:?}");
        }
    }
}

#[test]
fn row_15_what_was_done_to_a_file_is_named() {
    let world = TestLog::new();
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
        let signature = sign(&world.commit_key, SignatureNamespace::Evidence, text);
        vec![put(&repository, "segments.sha256", text), put(&repository, "segments.sha256.sig", &signature)]
    };
    let root = Ledger::read(&repository, head, world.keys()).unwrap().0.root();
    let checkpoint = |origin: &str, size, root, key: &PrivateKey| {
        let note = Checkpoint { origin: origin.to_owned(), size, root }.sign(key).unwrap();
        vec![put(&repository, "checkpoint", &note.to_string())]
    };
    let remove = |path: &str| vec![TreeEdit::Remove { path: path.to_owned() }];
    let one = |path: &str, text: &str| vec![put(&repository, path, text)];
    let cases: Vec<(&str, Vec<TreeEdit>, DefectCode)> = vec![
        ("segment edited", one(&paths[1], "{}\n"), DefectCode::SegmentChanged),
        ("last segment dropped", remove(&paths[2]), DefectCode::SegmentDeleted),
        (
            "segment under another name",
            one("log/2026/11/000000000099-01932b5e-7c00-7000-8000-000000000001-d.jsonl", "{}\n"),
            DefectCode::SegmentName,
        ),
        (
            "empty segment",
            one("log/2026/11/000000000005-01932b5e-7c00-7000-8000-000000000001-d.jsonl", ""),
            DefectCode::SegmentMalformed,
        ),
        ("segment not listed", listed(&short_list), DefectCode::SegmentUnlisted),
        (
            "segment listed and not there",
            listed(&format!("{list}{}  log/x\n", "0".repeat(64))),
            DefectCode::SegmentMissing,
        ),
        ("segment with another digest", listed(&wrong), DefectCode::SegmentDigest),
        ("segments in another order", listed(&reversed), DefectCode::SegmentListMalformed),
        ("no list", listed("nonsense"), DefectCode::SegmentListMalformed),
        (
            "list signed by a stranger",
            one("segments.sha256.sig", &sign(&stranger, SignatureNamespace::Evidence, &list)),
            DefectCode::SegmentListSignature,
        ),
        (
            "list signed for something else",
            one("segments.sha256.sig", &sign(&world.commit_key, SignatureNamespace::Review, &list)),
            DefectCode::SegmentListSignature,
        ),
        ("list not signed", remove("segments.sha256.sig"), DefectCode::SegmentListSignature),
        ("checkpoint too small", checkpoint(ORIGIN, 4, root, &world.log_key), DefectCode::CheckpointSize),
        (
            "checkpoint of other records",
            checkpoint(ORIGIN, 5, Digest::of(b"x"), &world.log_key),
            DefectCode::CheckpointRoot,
        ),
        ("checkpoint by a stranger", checkpoint(ORIGIN, 5, root, &stranger), DefectCode::CheckpointSignature),
        (
            "checkpoint by the commit key",
            checkpoint(ORIGIN, 5, root, &world.commit_key),
            DefectCode::CheckpointSignature,
        ),
        ("checkpoint of another log", checkpoint("tenure/other", 5, root, &world.log_key), DefectCode::GenesisInvalid),
        ("no checkpoint", remove("checkpoint"), DefectCode::FileDeleted),
        ("broken checkpoint", one("checkpoint", "x"), DefectCode::CheckpointMalformed),
        ("blob edited", one(&blob, "other"), DefectCode::FileChanged),
        ("blob that is not its name", one(&layout::blob_path(&Digest::of(b"name")), "other"), DefectCode::BlobDigest),
        ("stray file", one("README", "hello"), DefectCode::FileUnexpected),
        ("anchor", one("anchors/000000000005.cosig", "x"), DefectCode::FileChanged),
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
fn row_15_commits_are_the_engines_own_and_one_line() {
    let world = TestLog::new();
    let (repository, head) = world.with_log();
    let tree = repository.tree_of(head).unwrap();
    let stranger = PrivateKey::from_seed(&[9; 32]);
    let by_stranger = world.forge_tree(&repository, &[head], tree, &stranger);
    assert_eq!(world.codes(&repository, by_stranger), [DefectCode::CommitSigner]);
    let merge = world.forge_tree(&repository, &[head, by_stranger], tree, &world.commit_key);
    assert_eq!(world.codes(&repository, merge), [DefectCode::HistoryBranched]);
    let raw = world
        .sandbox
        .git(world.sandbox.join("clone"), &["commit-tree", &tree.to_string(), "-p", &head.to_string(), "-m", "x"]);
    assert_eq!(world.codes(&repository, ObjectId::parse(&raw).unwrap()), [DefectCode::CommitUnsigned]);
    let signed = repository.commit(by_stranger).unwrap().signature.unwrap().signature;
    let object = world.sandbox.git(world.sandbox.join("clone"), &["cat-file", "commit", &head.to_string()]);
    let theirs = repository.commit(head).unwrap().signature.unwrap().signature;
    let indent = |text: &str| text.trim_end().replace('\n', "\n ");
    let swapped = object.replace(&indent(&theirs), &indent(&signed)) + "\n";
    fs::write(world.sandbox.join("swapped"), swapped).unwrap();
    let file = world.sandbox.join("swapped");
    let id =
        world.sandbox.git(world.sandbox.join("clone"), &["hash-object", "-t", "commit", "-w", &file.to_string_lossy()]);
    assert!(world.codes(&repository, ObjectId::parse(&id).unwrap()).contains(&DefectCode::CommitSignature));
    let root = world.forge_tree(&repository, &[], tree, &world.commit_key);
    assert_eq!(world.codes(&repository, root), [], "all at once is the same log, by the engine's own hand");
}

#[test]
fn row_16_two_histories_do_not_fit_one_reader() {
    let world = TestLog::new();
    let (repository, head) = world.with_log();
    let other = reseal(&world, &repository, head, |text| text.replacen("\"exit\":0", "\"exit\":4", 1));
    let read = |at| Ledger::read(&repository, at, world.keys()).unwrap();
    let (one, two) = (read(head), read(other));
    assert_eq!((one.2.len(), two.2.len(), one.0.size()), (0, 0, two.0.size()));
    assert_ne!(one.0.root(), two.0.root(), "one size, two roots: both checkpoints are signed, and prove it");
    for (mut seen, shown) in [(one.0, other), (two.0, head)] {
        assert_eq!(seen.advance(&repository, shown, &mut |_| {}).unwrap()[0].code, DefectCode::BranchRewritten);
    }
}

#[test]
fn row_34_log_must_contain_kept_checkpoints() {
    let world = TestLog::new();
    let (repository, head) = world.with_log();
    let line = repository.first_parents(None, head).unwrap();
    let kept = |at| String::from_utf8(read(&repository, at, layout::CHECKPOINT)).unwrap();
    let (first, last) = (kept(line[0]), kept(head));
    let ledger = |at| Ledger::read(&repository, at, world.keys()).unwrap().0;
    let code = |at, text: &str| ledger(at).verify_contains(text, "kept").err().map(|defect| defect.code);
    assert_eq!((code(head, &first), code(head, &last), code(line[0], &first)), (None, None, None));
    assert_eq!(code(line[0], &last), Some(DefectCode::BranchBehind));
    let other = reseal(&world, &repository, head, |text| text.replacen("\"exit\":0", "\"exit\":4", 1));
    assert_eq!(code(other, &last), Some(DefectCode::BranchRewritten), "as long, and another one");
    let forged = |key: &PrivateKey, root: &str| {
        let size = ledger(head).size();
        let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size, root: Digest::of(root) };
        checkpoint.sign(key).unwrap().to_string()
    };
    assert_eq!(code(head, &forged(&world.log_key, "another")), Some(DefectCode::BranchRewritten));
    let stranger = PrivateKey::from_seed(&[9; 32]);
    assert_eq!(code(head, &forged(&stranger, "another")), Some(DefectCode::CheckpointSignature), "nobody's word");
    assert_eq!(code(head, "hello\n"), Some(DefectCode::CheckpointMalformed));
}

#[test]
fn row_19_modes_and_names_that_lead_elsewhere_are_named() {
    let world = TestLog::new();
    let (repository, head) = world.with_log();
    let clone = world.sandbox.join("clone");
    let git = |arguments: &[&str]| world.sandbox.git(&clone, arguments);
    git(&["read-tree", &head.to_string()]);
    let blob = repository.write_blob(b"x").unwrap().to_string();
    for (mode, path, code) in [
        ("100755", "anchors/000000000005.cosig", DefectCode::FileMode),
        ("120000", "anchors/000000000005.tsr", DefectCode::FileMode),
        ("100644", "Checkpoint", DefectCode::FileUnexpected),
    ] {
        git(&["update-index", "--add", "--cacheinfo", &format!("{mode},{blob},{path}")]);
        let tree = ObjectId::parse(&git(&["write-tree"])).unwrap();
        git(&["update-index", "--force-remove", path]);
        let forged = world.forge_tree(&repository, &[head], tree, &world.commit_key);
        assert!(world.codes(&repository, forged).contains(&code), "{path}");
    }
}

#[test]
fn row_26_what_looks_like_a_secret_or_is_too_long_is_not_written() {
    let world = TestLog::new();
    let repository = world.clone("clone");
    let mut journal = world.journal(&repository, 1, &world.clock).unwrap();
    let text = |text: String| match outcome(1, 2) {
        RecordPayload::Outcome(mut recorded) => {
            recorded.text = text;
            RecordPayload::Outcome(recorded)
        }
        other => other,
    };
    for hostile in [format!("ghp_{}", "a1".repeat(18)), "x".repeat(513)] {
        let refused = journal.publish(&[start(&["pg"], Digest::ZERO), text(hostile)]);
        assert!(matches!(refused, Err(JournalError::Refused(_))));
    }
    assert!(matches!(journal.store_blob(b"-----BEGIN PRIVATE KEY-----"), Err(JournalError::Refused(_))));
    assert!(matches!(journal.publish(&[intent(1, "pg")]), Err(JournalError::Refused(_))), "no run has started");
    assert!(world.sandbox.git(&world.remote, &["for-each-ref"]).is_empty(), "nothing was pushed");
}

#[test]
fn row_28_two_who_append_at_random_lose_and_fork_nothing() {
    const PUBLISHES: u64 = 8;
    let world = TestLog::new();
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
                let mut publish = |entries: &[RecordPayload]| loop {
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
        if !matches!(seen.record.entry, RecordPayload::LogGenesis(_)) {
            let writer = u64::from(seen.record.run == run_id(2)) + 1;
            found.entry(writer).or_default().push(seen.record.seq);
        }
    });
    assert_eq!(defects.unwrap(), []);
    assert_eq!(found, told, "seed {random:?}");
    let all: u64 = found.values().map(|seqs| seqs.len() as u64).sum();
    assert_eq!(ledger.size(), all + 1);
}

#[test]
fn row_30_a_clock_that_is_a_year_ahead_frees_nothing() {
    let world = TestLog::new();
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
