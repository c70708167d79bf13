//! Tests of each finding about rubber-stamping, at its limit and above it, and of a careful review without findings.

use super::{QualityInputs, ReviewQuality, SignedReviewData, file_warnings, study};
use crate::{
    campaign::WorklistFile,
    format::{codec, schema},
    model::{
        Digest, ItemId, PrincipalId, RunId, Severity, Strategy, Tier, Timestamp, Verdict,
        file::{Campaign, FileKind, Item, NoResponseItem, NoResponseOutcome, Review, ReviewTerms, Stage, StageClose},
        history::EvidenceHistory,
        record::{DecisionAccepted, Record, RecordPayload},
    },
};
use std::collections::BTreeMap;

/// A campaign under review.
struct Round {
    campaign: Campaign,
    reviews: Vec<(String, Review)>,
    closes: Vec<StageClose>,
    history: EvidenceHistory,
    terms: ReviewTerms,
}

fn person(name: &str) -> PrincipalId {
    PrincipalId::parse(name).unwrap()
}

impl Round {
    fn new() -> Self {
        let campaign = codec::parse("campaign", schema::example(FileKind::Campaign).as_bytes()).ok().unwrap();
        Self {
            campaign,
            reviews: Vec::new(),
            closes: Vec::new(),
            history: EvidenceHistory::default(),
            terms: ReviewTerms::usual(),
        }
    }

    /// Gives the campaign this number of stages.
    fn stages(&mut self, many: usize) {
        let stage = |number: usize| Stage {
            name: format!("stage {number}"),
            days: 7,
            reviewers: vec!["owner".to_owned()],
            reviewers_per_item: 1,
            strategy: Strategy::AllMustAccept,
            stop_on: Vec::new(),
            advance_on: Vec::new(),
            sample_percent: None,
        };
        self.campaign.definition.stages = (1..=many).map(stage).collect();
    }

    /// Adds a review file with decided items.
    fn file(&mut self, reviewer: &str, items: Vec<Item>) -> usize {
        let mut review: Review = codec::parse("review", schema::example(FileKind::Review).as_bytes()).ok().unwrap();
        review.campaign = self.campaign.id.clone();
        review.reviewer = person(reviewer);
        review.cosigners.clear();
        review.stage = None;
        review.items = items;
        let number = self.reviews.len() + 1;
        self.reviews.push((format!("campaigns/{}/reviews/db/{reviewer}-{number}.toml", self.campaign.id), review));
        number - 1
    }

    /// Records the acceptance of a file, this many seconds after the opening.
    fn accepted(&mut self, file: usize, seconds: i64) {
        let (path, review) = &self.reviews[file];
        let entry = RecordPayload::DecisionAccepted(DecisionAccepted {
            path: path.clone(),
            digest: digest(review),
            signatures: BTreeMap::new(),
            signers: vec![review.reviewer.to_string()],
            commit: "0".repeat(40),
            registry: 1,
            items: review.items.len() as u64,
        });
        let seq = self.history.size();
        let t = Timestamp::from_unix(self.campaign.opened_at.unix() + seconds);
        let record = Record { v: 1, seq, prev: Digest::ZERO.to_string(), run: RunId::new_now(), t, entry };
        self.history.push(&record, Digest::ZERO);
    }

    fn quality(&self) -> ReviewQuality {
        let blank = |(path, review): &(String, Review)| {
            let mut review = review.clone();
            review.items.iter_mut().for_each(|item| item.decision = None);
            WorklistFile { path: path.clone(), review }
        };
        let sheets: Vec<WorklistFile> = self.reviews.iter().map(blank).collect();
        let given = |(path, review): &'_ (String, Review)| -> (String, Digest) { (path.clone(), digest(review)) };
        let digests: Vec<_> = self.reviews.iter().map(given).collect();
        let reviews = self.reviews.iter().zip(&digests);
        study(&QualityInputs {
            campaign: &self.campaign,
            sheets: &sheets,
            reviews: reviews
                .map(|((_, review), (path, digest))| SignedReviewData { review, path, digest: *digest })
                .collect(),
            closes: self.closes.iter().collect(),
            history: &self.history,
            terms: self.terms,
        })
    }

    fn codes(&self) -> Vec<&'static str> {
        self.quality().findings.iter().map(|one| one.code).collect()
    }
}

fn digest(review: &Review) -> Digest {
    Digest::of(codec::render(review))
}

/// Unflagged item `number`, with a bulk decision key of its own.
fn item(number: usize, verdict: Verdict, reason: &str) -> Item {
    Item {
        id: ItemId::parse(&format!("itm-{number:016x}")).unwrap(),
        grant_digest: Digest::of(number.to_string()),
        subject: format!("db:{number}"),
        tier: Tier::T2,
        summary: "a service account".to_owned(),
        recommendation: String::new(),
        severity: None,
        principal: format!("svc_{number}"),
        entitlement: format!("role of {}", word(number)),
        decision: Some(verdict),
        to: None,
        until: None,
        reason: reason.to_owned(),
        supersedes: None,
    }
}

fn flagged(number: usize, verdict: Verdict, reason: &str) -> Item {
    let recommend = "revoke: NHI-LIF-02".to_owned();
    Item { severity: Some(Severity::Medium), recommendation: recommend, ..item(number, verdict, reason) }
}

/// A word that differs for each number.
fn word(number: usize) -> String {
    let hex = Digest::of(number.to_string()).hex();
    hex.chars().take(12).map(|c| if c.is_ascii_digit() { (b'g' + c as u8 - b'0') as char } else { c }).collect()
}

/// A reason that differs for each number.
fn own(number: usize) -> String {
    format!("{} {} {} {}", word(number), word(number + 1000), word(number + 2000), word(number + 3000))
}

fn kept(numbers: std::ops::Range<usize>, reason: impl Fn(usize) -> String) -> Vec<Item> {
    numbers.map(|number| item(number, Verdict::Certify, &reason(number))).collect()
}

#[test]
fn row_38_duplicate_reasons_are_found_and_distinct_ones_are_not() {
    let mut round = Round::new();
    for page in 0..4 {
        round.file("ana", kept(page * 75..(page + 1) * 75, |_| "needed for the business".to_owned()));
    }
    let quality = round.quality();
    let [found] = quality.findings.as_slice() else { panic!("{:?}", quality.findings) };
    assert_eq!((found.code, found.severity), ("duplicate-reasons", Severity::Medium));
    assert!(found.message.contains("300 items and gives the same reason 300 times"), "{}", found.message);
    assert!(found.message.contains("git cannot show who has read what"), "{}", found.message);
    assert_eq!(quality.reviewers[0].duplicate_reason_pct, Some(99));

    let (path, line) = found.subject.rsplit_once(':').unwrap();
    let (_, review) = round.reviews.iter().find(|(own, _)| own == path).unwrap();
    let text = codec::render(review);
    assert_eq!(text.lines().nth(line.parse::<usize>().unwrap() - 1), Some("reason = \"needed for the business\""));

    let mut round = Round::new();
    for page in 0..4 {
        round.file("ana", kept(page * 75..(page + 1) * 75, own));
    }
    assert_eq!(round.codes(), Vec::<&str>::new());
    assert_eq!(round.quality().reviewers[0].duplicate_reason_pct, Some(0));
}

#[test]
fn row_38_reasons_are_compared_after_normalization() {
    let disguises: [fn(usize) -> String; 6] = [
        |number| format!("In-use-needed:  SVC_{number} still needs this, ticket {number}!"),
        |number| format!("needed by svc_{number} for its work; see CHG-{number}"),
        |number| ["yes, it is needed", "it is needed. Yes", "IT IS NEEDED YES"][number % 3].to_owned(),
        // Cyrillic letters, digits and diacritics that resemble Latin letters, and unusual spaces.
        |number| {
            ["needed for work", "n\u{435}eded f\u{43e}r w\u{43e}rk", "n\u{435}\u{435}ded for work"][number % 3]
                .to_owned()
        },
        |number| ["needed for work", "n3eded f0r w0rk", "n\u{e9}eded for w\u{f6}rk"][number % 3].to_owned(),
        |number| ["needed for work", "needed\u{a0}for  work", " needed... for-work "][number % 3].to_owned(),
    ];
    for (place, disguise) in disguises.into_iter().enumerate() {
        let mut round = Round::new();
        round.file("ana", kept(0..30, disguise));
        assert_eq!(round.codes(), ["duplicate-reasons"], "{place}");
    }
}

#[test]
fn row_38_copies_are_found_over_all_files_and_stages_of_a_person() {
    let mut round = Round::new();
    round.stages(2);
    for number in 0..12 {
        let file = round.file("ana", kept(number..number + 1, |_| "needed for the business".to_owned()));
        round.reviews[file].1.stage = (number % 2 == 0).then_some(2);
    }
    assert_eq!(round.codes(), ["duplicate-reasons"], "twelve files of one item each, over two stages");
    let mut careful = Round::new();
    careful.file("ana", kept(0..6, |_| "needed for the business".to_owned()));
    careful.file("ben", kept(6..12, |_| "needed for the business".to_owned()));
    assert_eq!(careful.codes(), Vec::<&str>::new(), "two reviewers may give the same reason");
}

#[test]
fn duplicate_reasons_need_count_and_share() {
    let codes = |copied: usize, others: usize| {
        let mut round = Round::new();
        let mut items = kept(0..copied, |_| "needed for the business".to_owned());
        items.extend(kept(copied..copied + others, own));
        round.file("ana", items);
        round.codes()
    };
    assert_eq!(codes(10, 0), Vec::<&str>::new());
    assert_eq!(codes(11, 0), ["duplicate-reasons"]);
    assert_eq!(codes(11, 11), ["duplicate-reasons"]);
    assert_eq!(codes(11, 12), Vec::<&str>::new());

    let mut round = Round::new();
    round.file("ana", (0..30).map(|number| item(number, Verdict::Revoke, "unused")).collect());
    assert_eq!(round.codes(), Vec::<&str>::new(), "a revocation needs no individual reason");
}

#[test]
fn reasons_that_only_repeat_the_verdict_are_found() {
    let codes = |empty: usize, others: usize, reason: &str| {
        let mut round = Round::new();
        let mut items = kept(0..empty, |_| reason.to_owned());
        items.extend(kept(empty..empty + others, own));
        round.file("ana", items);
        round.codes()
    };
    for reason in ["ok", "OK!", "yes", "approved", "lgtm", "fine, keep"] {
        assert_eq!(codes(7, 0, reason), ["empty-reasons"], "7 of 7 certified: {reason}");
    }
    assert_eq!(codes(4, 0, "ok"), Vec::<&str>::new(), "too few");
    assert_eq!(codes(7, 8, "ok"), Vec::<&str>::new(), "less than half");
    assert_eq!(codes(7, 0, "approved for the migration until May"), Vec::<&str>::new());
    assert_eq!(codes(7, 0, "CHG-4711"), Vec::<&str>::new(), "a ticket");
    assert_eq!(codes(75, 0, "ok"), ["duplicate-reasons"], "one cause, one finding");

    let mut round = Round::new();
    round.file("ana", (0..7).map(|number| item(number, Verdict::Revoke, "ok")).collect());
    assert_eq!(round.codes(), Vec::<&str>::new(), "a revocation needs no individual reason");
}

#[test]
fn bulk_reason_counts_once_unless_flagged() {
    let group = |count: usize, flag: bool| {
        let one = |number| match flag {
            true => flagged(number, Verdict::Certify, "in-use-needed: the whole team reads it"),
            false => item(number, Verdict::Certify, "the whole team reads it"),
        };
        let alike = |number| Item { entitlement: "role readers".to_owned(), ..one(number) };
        let mut round = Round::new();
        round.file("ana", (0..count).map(alike).collect());
        round
    };
    assert_eq!(group(50, false).codes(), Vec::<&str>::new());
    assert_eq!(group(51, false).codes(), ["duplicate-reasons", "bulk-decisions"]);
    assert_eq!(group(11, true).codes(), ["duplicate-reasons"]);
    let round = group(50, false);
    let (path, review) = &round.reviews[0];
    assert!(file_warnings(path, review, &round.terms).is_empty());
    let round = group(51, false);
    let (path, review) = &round.reviews[0];
    assert_eq!(file_warnings(path, review, &round.terms).sorted()[0].code, "duplicate-reasons");
}

#[test]
fn too_many_flagged_items_in_one_file_are_found() {
    let codes = |count: usize| {
        let mut round = Round::new();
        round.file(
            "ana",
            (0..count).map(|n| flagged(n, Verdict::Certify, &format!("in-use-needed: {}", own(n)))).collect(),
        );
        // The others keep the same share, so that no reviewer is above the peers.
        for name in ["ben", "mia"] {
            let some = (500..510).map(|n| flagged(n, Verdict::Certify, &format!("in-use-needed: {}", own(n))));
            round.file(name, some.chain([flagged(600, Verdict::Revoke, "unused")]).collect());
        }
        round.quality().findings.iter().filter(|one| one.code == "bulk-decisions").count()
    };
    assert_eq!((codes(25), codes(26)), (0, 1));
}

#[test]
fn reviewer_above_peers_is_found_but_not_in_small_samples() {
    let flag = |keeps: usize, of: usize, from: usize| -> Vec<Item> {
        let one = |n: usize| match n < keeps {
            true => flagged(from + n, Verdict::Certify, &format!("in-use-needed: {}", own(from + n))),
            false => flagged(from + n, Verdict::Revoke, "unused"),
        };
        (0..of).map(one).collect()
    };
    let found = |ana: (usize, usize), others: (usize, usize)| {
        let mut round = Round::new();
        round.file("ana", flag(ana.0, ana.1, 0));
        round.file("ben", flag(others.0, others.1, 100));
        let quality = round.quality();
        quality
            .findings
            .iter()
            .filter(|one| one.code == "flagged-items-certified" && one.subject.contains("ana"))
            .count()
    };
    assert_eq!(found((10, 10), (7, 10)), 1, "100 % and 70 %");
    assert_eq!(found((10, 10), (8, 11)), 0, "100 % and 72 %");
    assert_eq!(found((4, 4), (0, 10)), 0, "four items are too few");
    assert_eq!(found((5, 5), (0, 4)), 0, "four items of others are too few");
    assert_eq!(found((5, 5), (0, 5)), 1);
    assert_eq!(found((20, 20), (20, 20)), 1, "nearly always is a finding without a comparison");
    assert_eq!(found((19, 20), (20, 20)), 0);
    assert_eq!(found((0, 0), (0, 0)), 0);
}

#[test]
fn decisions_made_too_quickly_are_found() {
    let codes = |items: usize, seconds: i64| {
        let mut round = Round::new();
        let file = round.file("ana", kept(0..items, own));
        round.accepted(file, seconds);
        round.codes()
    };
    assert_eq!(codes(20, 199), ["signed-too-quickly"]);
    assert_eq!(codes(20, 200), Vec::<&str>::new());
    assert_eq!(codes(19, 0), Vec::<&str>::new(), "too few decisions");

    let mut round = Round::new();
    let files: Vec<usize> = (0..4).map(|page| round.file("ana", kept(page * 75..(page + 1) * 75, own))).collect();
    files.iter().for_each(|file| round.accepted(*file, 900));
    assert_eq!(round.codes(), ["signed-too-quickly"], "75 decisions are possible in that time, but 300 are not");
    assert_eq!(round.quality().reviewers[0].assign_to_sign_median_h, Some(0.2));

    let mut other = Round::new();
    let file = other.file("ana", kept(0..75, own));
    let (path, mut review) = other.reviews[file].clone();
    review.items.clear();
    other.reviews[file] = (path, review);
    other.accepted(file, 0);
    assert_eq!(other.quality().reviewers[0].assign_to_sign_median_h, None, "a file with another digest was accepted");
}

#[test]
fn later_stage_is_timed_from_previous_close() {
    let mut round = Round::new();
    round.stages(2);
    let file = round.file("ana", kept(0..20, own));
    round.reviews[file].1.stage = Some(2);
    let mut close: StageClose = codec::parse("close", schema::example(FileKind::StageClose).as_bytes()).ok().unwrap();
    close.stage = 1;
    close.closed_at = round.campaign.opened_at.plus_days(7);
    round.closes = vec![close];
    round.accepted(file, 7 * 86_400 + 60);
    assert_eq!(round.codes(), ["signed-too-quickly"]);
}

#[test]
fn defaults_and_superseded_decisions_do_not_count() {
    let mut round = Round::new();
    round.campaign.items = 40;
    let first = round.file("ana", kept(0..30, |_| "needed".to_owned()));
    let mut open = item(30, Verdict::Certify, "");
    open.decision = None;
    round.file("ben", vec![open, item(31, Verdict::Abstain, "wrong-reviewer"), item(32, Verdict::Revoke, "unused")]);
    let mut close: StageClose = codec::parse("close", schema::example(FileKind::StageClose).as_bytes()).ok().unwrap();
    let unanswered = |number: usize| NoResponseItem {
        item: item(number, Verdict::Certify, "").id,
        outcome: NoResponseOutcome::Disable,
        principal: "svc".to_owned(),
        entitlement: "role".to_owned(),
    };
    close.no_response = vec![unanswered(30), unanswered(33)];
    round.closes = vec![close];
    let quality = round.quality();
    assert_eq!((quality.items, quality.human_decided, quality.by_silence), (40, 31, 2));
    let ben = &quality.reviewers[1];
    assert_eq!((ben.items, ben.decided, ben.revokes, ben.flagged), (3, 1, 1, 0));
    assert_eq!(ben.duplicate_reason_pct, None, "no item is kept");
    assert_eq!(round.codes(), ["duplicate-reasons"]);

    let (path, review) = round.reviews[first].clone();
    let reference = format!("{path}@{}", digest(&review));
    let again = kept(0..30, own).into_iter().map(|item| Item { supersedes: Some(reference.clone()), ..item });
    round.file("ana", again.collect());
    assert_eq!(round.codes(), Vec::<&str>::new(), "new decisions with individual reasons supersede the duplicates");
    assert_eq!(round.quality().human_decided, 31);
}
