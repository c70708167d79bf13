//! A log of evidence: every line read, chained to the one before, and put into the Merkle tree.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;
use tenure::format::merkle::Tree;
use tenure::model::record::{
    Entry, IntentRecorded, OutcomeKind, OutcomeRecorded, Record, VerificationKind, VerificationRecorded,
};
use tenure::model::{ActionId, Digest, GrantKey, ItemId, Level, RepoId, RunId, SystemId, Timestamp, jcs};

/// Writes a log of `count` records: intent, outcome and verification of one action after the other.
pub fn prepare(folder: &Path, count: u64) {
    let mut log = BufWriter::new(File::create(folder.join(LOG)).expect("a file can be made"));
    let mut prev = Digest::ZERO;
    for seq in 0..count {
        let line = line(seq, prev);
        prev = Digest::of(&line);
        writeln!(log, "{line}").expect("a file can be written");
    }
    log.flush().expect("a file can be written");
}

/// Returns the line of one record.
pub fn line(seq: u64, prev: Digest) -> String {
    jcs::to_string(&record(seq, prev)).expect("a record has a canonical form")
}

/// Reads the log; returns how many records it holds after the last of them was chained and hashed.
pub fn read(folder: &Path) -> u64 {
    let mut log = BufReader::new(File::open(folder.join(LOG)).expect("it was prepared"));
    let (mut line, mut prev, mut tree, mut seq) = (String::new(), Digest::ZERO, Tree::default(), 0);
    while log.read_line(&mut line).expect("it can be read") > 0 {
        prev = next(line.trim_end_matches('\n'), seq, prev, &mut tree);
        line.clear();
        seq += 1;
    }
    assert_ne!(tree.root(), Digest::ZERO);
    seq
}

/// Takes one line: parse, place, chain, leaf.
pub fn next(line: &str, seq: u64, prev: Digest, tree: &mut Tree) -> Digest {
    let record: Record = serde_json::from_str(line).expect("a record");
    assert!(record.seq == seq && record.prev == prev.hex(), "the chain is broken at {seq}");
    tree.append(line.as_bytes());
    Digest::of(line)
}

fn record(seq: u64, prev: Digest) -> Record {
    let number = seq / 3;
    let of = |what: &str| Digest::of(format!("{what} {number}"));
    let repo = RepoId::parse("urn:uuid:9c1e6f0a-6a0f-4c59-9a53-1c7f5f6d2b11").expect("a repository id");
    let item = ItemId::parse(&format!("itm-{}", &of("item").hex()[..16])).expect("16 digits");
    let action = ActionId::of(&repo, &item, &of("grant"), "revoke");
    let entry = match seq % 3 {
        0 => Entry::Intent(IntentRecorded {
            action,
            plan: Digest::of("plan"),
            system: SystemId::parse("pg-orders").expect("a system id"),
            item,
            grant: GrantKey::parse(&format!("member:{number}:16400")).expect("a grant key"),
            precondition: of("grant"),
            verb: "revoke".into(),
        }),
        1 => Entry::Outcome(OutcomeRecorded {
            action,
            intent: seq - 1,
            result: OutcomeKind::Applied,
            class: None,
            text: "REVOKE ROLE".into(),
            successor: None,
            deposited: None,
        }),
        _ => Entry::Verification(VerificationRecorded {
            action,
            result: VerificationKind::Confirmed,
            level: Level::V3,
            paths: vec![],
            probe: "role reporting_admin has 7 other members".into(),
        }),
    };
    let run = RunId::parse("01932b5e-7c00-7000-8000-000000000001").expect("a run id");
    Record { v: 1, seq, prev: prev.hex(), run, t: Timestamp::from_unix(1_795_000_000), entry }
}

const LOG: &str = "log.jsonl";
