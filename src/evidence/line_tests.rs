//! Tests that the fast line parser agrees with serde: accepted lines are exactly those that would be written.

use super::{super::decode::DecodeCache, DefectCode, read};
use crate::evidence::{EngineKeyHistory, Ledger};
use crate::model::{
    ActionId, CampaignId, Digest, GrantKey, ItemId, RunId, SystemId, Timestamp, VerificationLevel, Witness,
    history::EvidenceHistory, jcs, record::*,
};
use proptest::prelude::*;

fn entries() -> Vec<RecordPayload> {
    let action = ActionId::parse("act-00000000000000000000000000000001").unwrap();
    let item = ItemId::parse("itm-7c0f2f6e9a4b41d2").unwrap();
    let (path, digest, text) =
        ("campaigns/q4/reviews/pg/ana.toml".to_owned(), Digest::of(b"x"), "a \"b\" \\ ä".to_owned());
    let (time, key) = (Timestamp::parse("2026-11-23").unwrap(), GrantKey::parse("membership:1/2").unwrap());
    let system = SystemId::parse("pg-orders").unwrap();
    let run = RunId::parse("01932b5e-7c00-7000-8000-000000000001").unwrap();
    let start = |plan, claims| {
        RecordPayload::RunStart(RunStart {
            command: "enforce".into(),
            main: "0".repeat(40),
            plan,
            manifest: digest,
            systems: vec![system.clone()],
            root: digest,
            mandate: digest,
            engine: "0.1.0".into(),
            lease: 3600,
            evidence: 7,
            claims,
        })
    };
    let outcome = |class, successor, deposited| {
        let (action, text) = (action.clone(), text.clone());
        RecordPayload::Outcome(OutcomeRecorded {
            action,
            intent: 3,
            result: OutcomeKind::Failed,
            class,
            text,
            successor,
            deposited,
        })
    };
    let verification = |paths| {
        let (action, probe) = (action.clone(), text.clone());
        RecordPayload::Verification(VerificationRecorded {
            left: vec!["by role r".into()],
            answers: vec![AnswerRecorded { request: "1: read".into(), answer: AnswerKind::Denied, text: "a".into() }],
            action,
            result: VerificationKind::StillPresent,
            level: VerificationLevel::V3,
            paths,
            probe,
        })
    };
    let account = ForgeAccount { id: 42, login: "ana".into() };
    let merge =
        |told| RecordPayload::Merge(MergeProvenance { commit: "1".repeat(40), forge: "github.com/o/r".into(), told });
    vec![
        RecordPayload::Anchor(AnchorRecorded { size: 7, path: path.clone(), digest }),
        RecordPayload::Attempt(AttemptRecorded {
            action: action.clone(),
            class: "transient".into(),
            text: text.clone(),
        }),
        RecordPayload::Attestation(AttestationRecorded {
            action: action.clone(),
            path: path.clone(),
            digest,
            signers: vec![],
        }),
        RecordPayload::CampaignClose(CampaignClose {
            campaign: CampaignId::parse("q4").unwrap(),
            digest,
            items: 2,
            verdicts: [("certify".into(), 1), ("revoke".into(), 1)].into(),
            by_people: Some(2),
            confirmed: 1,
            excepted: 0,
            followed_by: vec![CampaignId::parse("q4-late").unwrap()],
        }),
        RecordPayload::DecisionAccepted(DecisionAccepted {
            path: path.clone(),
            digest,
            signatures: [(format!("{path}.ana.sig"), digest)].into(),
            signers: vec!["ana".into()],
            commit: "1".repeat(40),
            registry: 1,
            items: 2,
        }),
        RecordPayload::DecisionRejected(DecisionRejected { path: path.clone(), digest, code: "self-review".into() }),
        RecordPayload::Exception(ExceptionRecorded { path, digest, item, until: time }),
        merge(ForgeReport::Pushed),
        merge(ForgeReport::Unknown(text.clone())),
        merge(ForgeReport::Pull(Box::new(PullRequest {
            number: 7,
            author: account.clone(),
            merger: Some(account.clone()),
            head: "2".repeat(40),
            reviews: Some(vec![ReviewApproval {
                by: account.clone(),
                state: ReviewState::ChangesRequested,
                commit: "2".repeat(40),
            }]),
            checks: Some([("success".into(), 2)].into()),
            bypassed: Some(false),
        }))),
        merge(ForgeReport::Pull(Box::new(PullRequest {
            number: 7,
            author: account,
            merger: None,
            head: "2".repeat(40),
            reviews: None,
            checks: None,
            bypassed: None,
        }))),
        RecordPayload::Finding(FindingRecorded { code: "c".into(), subject: "s".into(), text: text.clone() }),
        RecordPayload::Intent(IntentRecorded {
            witnesses: vec![Witness { principal: "1".into(), request: "read".into() }],
            action: action.clone(),
            plan: digest,
            system: system.clone(),
            item,
            grant: key.clone(),
            precondition: digest,
            verb: "revoke".into(),
        }),
        RecordPayload::KeyRotate(KeyRotate { root: 2, log_key: "l".into(), commit_key: "c".into() }),
        RecordPayload::LogGenesis(LogGenesis { repo: "r".into(), origin: "o".into(), root: digest }),
        RecordPayload::Notice(ReminderSent {
            id: "q4/1/due/ana".into(),
            campaign: CampaignId::parse("q4").unwrap(),
            stage: 1,
            event: "due".into(),
            to: vec!["ana".into(), "ben".into()],
            items: 3,
        }),
        outcome(None, None, None),
        outcome(Some("forbidden".into()), Some(key), Some("age:1".into())),
        RecordPayload::Recover(RecoveryRecorded {
            action: action.clone(),
            intent: 3,
            of: run,
            seen: VerificationKind::Confirmed,
            text: text.clone(),
        }),
        RecordPayload::RunEnd(RunEnd { outcomes: [("applied".into(), 1)].into(), verifications: [].into(), exit: 4 }),
        start(None, [].into()),
        start(Some(digest), [("iss".into(), "https://example.org".into()), ("\u{e9}".into(), text.clone())].into()),
        verification(vec![]),
        verification(vec![text.clone()]),
    ]
}

fn lines() -> Vec<String> {
    let run = RunId::parse("01932b5e-7c00-7000-8000-000000000002").unwrap();
    let record =
        |entry| Record { v: 1, seq: 5, prev: Digest::ZERO.hex(), run: run.clone(), t: Timestamp::from_unix(0), entry };
    entries().into_iter().map(|entry| jcs::to_string(&record(entry)).unwrap()).collect()
}

#[test]
fn every_kind_is_read_as_by_serde() {
    let mut memory = DecodeCache::default();
    for line in lines() {
        let record = read(line.as_bytes(), &mut memory).unwrap();
        assert_eq!(record, serde_json::from_str::<Record>(&line).unwrap());
    }
}

#[test]
fn history_of_every_kind_is_restored_from_bytes() {
    let run = RunId::parse("01932b5e-7c00-7000-8000-000000000001").unwrap();
    let mut history = EvidenceHistory::default();
    for (entry, seq) in entries().into_iter().zip(0..) {
        let t = Timestamp::parse("2026-11-23").unwrap();
        history.push(&Record { v: 1, seq, prev: Digest::ZERO.hex(), run: run.clone(), t, entry }, Digest::of(b"x"));
    }
    let keys = EngineKeyHistory::new;
    let (_, restored) = Ledger::resume(keys(), &Ledger::new(keys()).save(&history).unwrap()).unwrap();
    assert_eq!(format!("{restored:?}"), format!("{history:?}"));
}

#[test]
fn empty_optional_keys_are_rejected() {
    let insert = |line: &str, before: &str, key: &str| {
        assert!(line.contains(before), "{line}");
        let longer = line.replacen(before, &format!("{key}{before}"), 1);
        let serde: Result<Record, _> = serde_json::from_str(&longer);
        assert!(serde.is_ok(), "serde alone accepts {longer}");
        assert!(
            matches!(read(longer.as_bytes(), &mut DecodeCache::default()), Err((DefectCode::RecordMalformed, _))),
            "{longer}"
        );
    };
    let all = lines();
    let first = |kind: &str| all.iter().find(|line| line.contains(&format!("\"kind\":\"{kind}\""))).unwrap();
    insert(first("outcome"), "\"intent\":3", "\"class\":null,\"deposited\":null,");
    insert(first("verification"), "\"prev\":", "\"paths\":[],");
    insert(first("run.start"), "\"command\":", "\"claims\":{},");
    insert(first("run.start"), "\"prev\":", "\"plan\":null,");
}

#[test]
fn string_length_is_counted_after_decoding() {
    let long = |text: &str| {
        let entry =
            RecordPayload::Finding(FindingRecorded { code: "c".into(), subject: "s".into(), text: text.into() });
        let run = RunId::parse("01932b5e-7c00-7000-8000-000000000002").unwrap();
        let record = Record { v: 1, seq: 5, prev: Digest::ZERO.hex(), run, t: Timestamp::from_unix(0), entry };
        read(jcs::to_string(&record).unwrap().as_bytes(), &mut DecodeCache::default())
            .map(|_| ())
            .map_err(|(code, _)| code)
    };
    assert_eq!(long(&"\"".repeat(MAX_STRING)), Ok(()), "escapes are longer on the line than in the string");
    assert_eq!(long(&"\u{1}".repeat(MAX_STRING)), Ok(()));
    assert_eq!(long(&"ä".repeat(MAX_STRING / 2)), Ok(()));
    assert_eq!(long(&"\u{1}".repeat(MAX_STRING + 1)), Err(DefectCode::RecordSize));
    assert_eq!(long(&"ä".repeat(MAX_STRING / 2 + 1)), Err(DefectCode::RecordSize));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn accepted_line_is_canonical(
        which in 0..19_usize,
        at in any::<prop::sample::Index>(),
        cut in 0..12_usize,
        put in prop::sample::select(vec![
            "", " ", "\"", "\\", ",", ":", "{", "}", "[", "]", "0", "-", "-0", "1.0", "1e3", "00", "null", "true", "\\u0041", "\\u0001",
            "\\u001F", "\\/", "\\n", "\u{e9}", "\u{1f600}", "\t", "\"a\":1,", "\"paths\":[],", "\"zz\":{}", "9007199254740993",
        ]),
    ) {
        let lines = lines();
        let line = &lines[which % lines.len()];
        let borders: Vec<usize> = line.char_indices().map(|(at, _)| at).chain([line.len()]).collect();
        let start = at.index(borders.len());
        let end = (start + cut).min(borders.len() - 1);
        let changed = format!("{}{put}{}", &line[..borders[start]], &line[borders[end]..]);
        if let Ok(record) = read(changed.as_bytes(), &mut DecodeCache::default()) {
            prop_assert_eq!(jcs::to_string(&record).unwrap(), changed);
        }
    }
}
