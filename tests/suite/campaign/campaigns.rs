//! Random campaign histories in a real repository, including merges that the gate rejected. The results of `tenure
//! check` and the state of main are compared with the reference model of campaigns.

#[path = "../../../src/campaign/tests/reference.rs"]
#[allow(dead_code, reason = "outcomes are compared where they are made")]
mod reference;

use crate::support::governed;
use crate::support::governed::{CAMPAIGN, Files, SYSTEM, TestHistory};
use crate::support::sandbox::Sandbox;
use proptest::strategy::Strategy as _;
use proptest::{
    collection::vec,
    option,
    prelude::*,
    sample::select,
    test_runner::{RngSeed, TestRunner},
};
use reference::{Decision, Name, Place, Reference, Rules, StageResult, Then};
use std::collections::{BTreeMap, BTreeSet};
use tenure::model::{
    self as words, CampaignId, Digest, GrantKey, ItemId, Strategy, SystemId, Tier, Verdict,
    file::{Item, NoResponseAction, NoResponseOutcome, Stage},
};

/// An event in the history of a campaign.
#[derive(Clone, Debug)]
enum Event {
    /// One or two files, and whether they are merged when the gate rejects them.
    Answers(Vec<Said>, bool),
    Close {
        days: i64,
        forget: bool,
        signer: Name,
    },
    Lend {
        from: Name,
        to: Name,
        days: i64,
    },
}

#[derive(Clone, Debug)]
struct Said {
    by: Name,
    stage: u32,
    item: usize,
    verdict: Verdict,
    to: Option<Name>,
    /// The index of the decision in force that it replaces.
    replaces: Option<usize>,
}

const PEOPLE: [Name; 7] = ["ana", "ben", "cleo", "dora", "emil", "fay", "gus"];
const HOLDERS: [&str; 3] = ["mo", "pat", "dora-admin"];
const ASKED: [(Name, u32); 4] = [("dora", 1), ("emil", 1), ("emil", 2), ("gus", 2)];
const CASES: u32 = 12;

/// A repository and the reference model.
struct Both {
    world: TestHistory,
    reference: Reference,
    items: Vec<Item>,
    /// The name by which a later file refers to each file.
    files: Vec<String>,
    refused: BTreeMap<&'static str, usize>,
}

#[test]
fn gate_and_walk_agree_with_reference() {
    compare_histories(CASES, 20_261_123);
}

/// Compares gate and walk with the reference model on random histories. Returns the number of decisions by result.
pub(crate) fn compare_histories(cases: u32, seed: u64) -> BTreeMap<&'static str, usize> {
    let sandbox = Sandbox::new();
    let refused = std::cell::RefCell::new(BTreeMap::<&'static str, usize>::new());
    let config = ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: 60,
        ..ProptestConfig::default()
    };
    let ran = TestRunner::new(config).run(&vec(events(), 10), |events| {
        let mut both = Both::open();
        for event in &events {
            both.happens(&sandbox, event)?;
            both.compare(event)?;
        }
        for (code, times) in both.refused {
            *refused.borrow_mut().entry(code).or_default() += times;
        }
        Ok(())
    });
    if let Err(failed) = ran {
        panic!("{failed}");
    }
    let refused = refused.into_inner();
    for code in
        ["decision-not-own", "duplicate-decision", "decision-late", "self-review", "stage-close-wrong", "accepted"]
    {
        assert!(refused.contains_key(code), "never tried: {code} of {refused:#?}");
    }
    refused
}

impl Both {
    fn open() -> Self {
        let mut world = TestHistory::founded();
        let items: Vec<Item> = HOLDERS.iter().map(|holder| item(holder)).collect();
        world.open_stages(&items, &ASKED, |definition| {
            definition.on_no_response = NoResponseAction::Disable;
            definition.stages = [1, 2].map(stage).into();
        });
        assert_eq!(world.codes(), Vec::<&str>::new());
        let rules =
            || Rules { outcome: Strategy::OneDenyDenies, stop_on: vec![StageResult::Gone], advance_on: Vec::new() };
        let reference = Reference {
            stages: vec![rules(), rules()],
            overall: Strategy::AllMustAccept,
            disables: true,
            revokes: false,
            cap: 10,
            fallbacks: ["ana", "ben"],
            owners: vec!["ana", "ben", "cleo"],
            left: BTreeSet::new(),
            keys: PEOPLE.to_vec(),
            tiers: vec![Tier::T3; HOLDERS.len()],
            own: [(2, "dora")].into(),
            asked: (0..HOLDERS.len()).flat_map(|item| ASKED.map(|(who, stage)| (item, stage, who))).collect(),
            ends: 30,
            answers: Vec::new(),
            closed: Vec::new(),
            loans: Vec::new(),
        };
        Self { world, reference, items, files: Vec::new(), refused: BTreeMap::new() }
    }

    fn happens(&mut self, sandbox: &Sandbox, event: &Event) -> Result<(), TestCaseError> {
        match event {
            Event::Answers(all, anyway) => self.answers(sandbox, all, *anyway),
            Event::Lend { from, to, days } => {
                let id = format!("{from}-to-{to}-{}", self.reference.loans.len());
                let files = self.world.delegation(from, to, |one| {
                    one.id = words::PrincipalId::parse(&id).unwrap();
                    one.until = one.until.plus_days(days - 30);
                });
                let against = self.reference.objections_to_loan(from, to, *days, from);
                let passed = self.gate(sandbox, event, &files, &against)?;
                if passed {
                    self.world.merge(&files);
                    self.reference.loans.push((from, to, *days));
                }
                Ok(())
            }
            Event::Close { days, forget, signer } => {
                let stage = self.reference.closed.len() as u32 + 1;
                if stage > 2 {
                    return Ok(());
                }
                let (all, mute) = self.reference.count(stage);
                let mut silent: BTreeMap<usize, Then> =
                    mute.iter().map(|item| (*item, self.reference.silence(*item, stage)[0])).collect();
                if *forget {
                    silent.pop_first();
                }
                let answered = all - mute.len();
                let day = self.reference.closed.last().map_or(0, |(_, day)| *day) + days;
                let listed: Vec<_> = silent.iter().map(|(item, then)| (&self.items[*item], written(*then))).collect();
                let mut files = self.world.close(stage, answered as u64, &listed, |close| {
                    close.closed_at = close.closed_at.plus_days(day - 7 * i64::from(stage));
                });
                let path = governed::close_path(stage);
                files.remove(&governed::signature_path(&path, "ana"));
                governed::sign(&mut files, &path, signer);
                let against = self.reference.objections_to_close(stage, day, &silent, answered, signer);
                if self.gate(sandbox, event, &files, &against)? {
                    self.world.merge(&files);
                    self.reference.closed.push((silent, day));
                }
                Ok(())
            }
        }
    }

    fn answers(&mut self, sandbox: &Sandbox, all: &[Said], anyway: bool) -> Result<(), TestCaseError> {
        let mut files = self.world.files.clone();
        let mut decisions: Vec<(usize, Decision, BTreeSet<&'static str>)> = Vec::new();
        for one in all {
            let number = self.files.len();
            let in_force =
                self.reference.answers.iter().filter(|answer| {
                    !answer.replaced && (answer.says.item, answer.says.stage) == (one.item, one.stage)
                });
            let in_force: Vec<usize> = in_force.map(|answer| answer.file).collect();
            let replaces = one.replaces.filter(|_| !in_force.is_empty()).map(|index| in_force[index % in_force.len()]);
            let says = Decision {
                by: one.by,
                stage: one.stage,
                item: one.item,
                verdict: one.verdict,
                to: one.to.filter(|_| one.verdict == Verdict::Abstain),
                until: None,
                replaces: replaces.map(Some),
            };
            let stem = format!("{}-{}", one.by, number + 10);
            let named = replaces.map(|file| self.files[file].clone());
            let named =
                self.world.answer_in(&mut files, &stem, one.stage, &self.items[one.item], one.verdict, |item| {
                    item.to = says.to.map(str::to_owned);
                    item.supersedes = named;
                });
            self.files.push(named);
            decisions.push((number, says, BTreeSet::new()));
        }
        // File names are sorted as strings.
        decisions.sort_by_key(|(number, says, _)| format!("{}-{}", says.by, number + 10));
        let after = judged_at_once(&self.reference, &mut decisions);
        let against: BTreeSet<&'static str> = decisions.iter().flat_map(|(.., against)| against).copied().collect();
        let passed = self.gate(sandbox, &all, &files, &against)?;
        // The gate repeats its check by reviewer; decisions on own access were already checked on main.
        let seen_again = !against.contains("self-review") && !against.contains("reassignment-invalid");
        if passed || (anyway && seen_again) {
            self.world.merge(&files);
            self.reference = after;
        }
        Ok(())
    }

    /// Runs `tenure check` on a change: it reports one of the expected codes for every file, or none.
    fn gate(
        &mut self,
        sandbox: &Sandbox,
        what: &dyn std::fmt::Debug,
        files: &Files,
        against: &BTreeSet<&'static str>,
    ) -> Result<bool, TestCaseError> {
        let base = self.world.main;
        self.world.commit(&[base], files, "a change");
        let pin = self.world.pin.to_string();
        let mut command = sandbox.tenure(self.world.path());
        command.args(["--root", &pin, "check", "--base", &base.to_string(), "--format", "json"]);
        let output = command.output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        let told: serde_json::Value =
            serde_json::from_str(&told).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        let problems = told.as_array().unwrap();
        let codes: BTreeSet<&str> = problems
            .iter()
            .filter(|problem| problem["severity"] == "error")
            .map(|problem| problem["code"].as_str().unwrap())
            .collect();
        for code in &codes {
            prop_assert!(
                against.contains(code),
                "{:?}: {} is told, and against it speaks {:?}: {:#}",
                what,
                code,
                against,
                told
            );
        }
        prop_assert_eq!(codes.is_empty(), against.is_empty(), "{:?}: {:?}", what, against);
        prop_assert_eq!(output.status.code(), Some(if codes.is_empty() { 0 } else { 3 }));
        for code in against {
            *self.refused.entry(code).or_default() += 1;
        }
        *self.refused.entry("accepted").or_default() += usize::from(against.is_empty());
        Ok(against.is_empty())
    }

    /// Compares the state of main with the reference.
    fn compare(&self, event: &Event) -> Result<(), TestCaseError> {
        let governed = self.world.governed();
        let campaign = CampaignId::parse(CAMPAIGN).unwrap();
        let opening = &governed.openings()[&campaign];
        prop_assert_eq!(opening.closed() as usize, self.reference.closed.len());
        for (index, item) in self.items.iter().enumerate() {
            let bound: BTreeSet<_> =
                governed.bound(&campaign, &item.id).iter().map(|bound| bound.reference()).collect();
            let in_force = self.reference.answers.iter().filter(|answer| !answer.replaced && answer.says.item == index);
            let in_force: BTreeSet<_> = in_force.map(|answer| self.files[answer.file].clone()).collect();
            prop_assert_eq!(bound, in_force, "{} after {:?}", item.principal, event);
        }
        Ok(())
    }
}

/// Determines the rejections of each file in a merge, and returns the state after it. Two decisions of one reviewer, or
/// for one person, contradict each other; otherwise one may build on the other.
fn judged_at_once(before: &Reference, decisions: &mut [(usize, Decision, BTreeSet<&'static str>)]) -> Reference {
    let place = |says: &Decision| -> Option<Place> {
        let mut after = before.clone();
        after.take(usize::MAX, std::slice::from_ref(says));
        after.answers.last().map(|answer| answer.place)
    };
    if let [(_, one, against), (_, other, also)] = &mut *decisions
        && (one.item, one.stage) == (other.item, other.stage)
        && [&*one, &*other].iter().all(|says| before.objections(says, None).is_empty())
        && (one.by == other.by || place(one) == place(other))
    {
        against.insert("duplicate-decision");
        also.insert("duplicate-decision");
        return before.clone();
    }
    let mut after = before.clone();
    let mut taken = BTreeSet::new();
    for _ in 0..2 {
        let start = after.clone();
        for (number, says, against) in decisions.iter_mut() {
            if taken.contains(number) {
                continue;
            }
            let mut objections = start.objections(says, None);
            if objections.is_empty() {
                objections = after.objections(says, None);
            }
            if objections.is_empty() {
                after.take(*number, std::slice::from_ref(says));
                taken.insert(*number);
                against.clear();
            }
            // The program may name a reason of either pass.
            against.extend(objections);
        }
    }
    after
}

fn written(then: Then) -> NoResponseOutcome {
    match then {
        Then::Advance => NoResponseOutcome::Advance,
        Then::Disable => NoResponseOutcome::Disable,
        Then::Except => NoResponseOutcome::Except,
        Then::Open => NoResponseOutcome::Open,
        Then::Revoke => NoResponseOutcome::Revoke,
    }
}

fn stage(number: u32) -> Stage {
    Stage {
        name: format!("stage {number}"),
        days: 7,
        reviewers: vec!["owner".to_owned()],
        reviewers_per_item: 2,
        strategy: Strategy::OneDenyDenies,
        stop_on: vec![words::ReviewResult::Revoke],
        advance_on: Vec::new(),
        sample_percent: None,
    }
}

fn item(holder: &str) -> Item {
    let (campaign, system) = (CampaignId::parse(CAMPAIGN).unwrap(), SystemId::parse(SYSTEM).unwrap());
    Item {
        id: ItemId::of(&campaign, &system, &GrantKey::parse(&format!("membership/{holder}/writers")).unwrap()),
        grant_digest: Digest::of(holder),
        subject: format!("{SYSTEM}:{holder}"),
        principal: holder.to_owned(),
        tier: Tier::T3,
        ..governed::items().remove(0)
    }
}

fn events() -> impl proptest::strategy::Strategy<Value = Event> {
    let asked = || prop_oneof![5 => select(vec!["dora", "emil", "gus"]), 2 => select(PEOPLE.to_vec())];
    let verdict = select(vec![Verdict::Certify, Verdict::Revoke, Verdict::Abstain, Verdict::Investigate]);
    let item = prop_oneof![4 => Just(0_usize), 1 => Just(1), 1 => Just(2)];
    let stage = prop_oneof![3 => Just(1_u32), 1 => Just(2)];
    let to = option::weighted(0.3, select(vec!["fay", "cleo", "emil", "dora"]));
    let said = (asked(), stage, item, verdict, to, option::of(0..3_usize))
        .prop_map(|(by, stage, item, verdict, to, replaces)| Said { by, stage, item, verdict, to, replaces });
    let signer = prop_oneof![5 => Just("ana"), 1 => Just("fay")];
    let close = (prop_oneof![4 => 7..10_i64, 1 => 0..7_i64], option::weighted(0.3, Just(())), signer)
        .prop_map(|(days, forget, signer)| Event::Close { days, forget: forget.is_some(), signer });
    prop_oneof![
        6 => (vec(said, 1..3), any::<bool>()).prop_map(|(all, anyway)| Event::Answers(all, anyway)),
        2 => close,
        1 => (asked(), select(PEOPLE.to_vec()), 1..40_i64).prop_map(|(from, to, days)| Event::Lend { from, to, days }),
    ]
}
