//! Property test: random campaign histories have the same accepted files and outcomes as the reference model, and
//! conflicting histories never pick a side.

use super::{
    fixtures::{campaign_id, id, system_id, time},
    random_events::{By, ENDS, Event, ITEMS, PEOPLE, Plan, Replaces, Said, Spoil, histories},
    reference::{Decision, Name, Outcome, Reference, Rules, StageResult, Then},
};
use crate::{
    campaign::{ReopenReason, ResolutionSummary, decided, resolve},
    model::{
        self, Digest, GrantKey, ItemId, RepoId, Strategy, Tier, Timestamp, Verdict,
        action::DecisionOrigin,
        file::{
            Campaign, CampaignDefinition, Delegation, GovernedFile, Item, NoResponseAction, NoResponseItem,
            NoResponseOutcome, Population, PrincipalKind, PrincipalRecord, PrincipalStatus, Review, Stage, StageClose,
            assignments_digest, population,
        },
    },
    trust::test_support::{TestCampaign, TestVerifier, worklists_digest},
};
use proptest::{
    prelude::*,
    test_runner::{RngSeed, TestRunner},
};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

/// A campaign in the verifier and in the reference model.
struct Both<'c> {
    case: TestCampaign<'c>,
    reference: Reference,
    template: Review,
    items: Vec<Item>,
    /// The references of all written files, accepted or not.
    files: Vec<String>,
    day: i64,
}

const CASES: u32 = 1_000;

#[test]
fn campaign_agrees_with_reference_model() {
    let court = court();
    let seen: RefCell<BTreeMap<&str, usize>> = RefCell::default();
    let config = ProptestConfig {
        cases: CASES,
        rng_seed: RngSeed::Fixed(20_261_123),
        failure_persistence: None,
        max_shrink_iters: 4_000,
        ..ProptestConfig::default()
    };
    let ran = TestRunner::new(config).run(&histories(), |(plan, events)| {
        let mut both = Both::open(&court, &plan);
        for event in &events {
            let judged = both.happens(event)?;
            both.compare(event)?;
            *seen.borrow_mut().entry(judged).or_default() += 1;
        }
        for item in 0..ITEMS.len() {
            *seen.borrow_mut().entry(told(&both.reference.outcome(item, both.day))).or_default() += 1;
        }
        both.finishes()?;
        Ok(())
    });
    if let Err(failed) = ran {
        panic!("{failed}");
    }
    let seen = seen.into_inner();
    let missing: Vec<_> = ALL.iter().filter(|code| !seen.contains_key(*code)).collect();
    assert!(missing.is_empty(), "never tried: {missing:?} of {seen:#?}");
    assert!(seen["accepted"] > CASES as usize, "{seen:#?}");
}

/// The answer of all reviewers of a stage.
#[derive(Clone, Copy, Debug)]
enum Voice {
    Abstains,
    Certifies,
    Disagrees,
    IsSilent,
}

#[test]
fn d1_each_stage_result_has_a_way_out() {
    let court = court();
    let voices = [Voice::Abstains, Voice::Certifies, Voice::Disagrees, Voice::IsSilent];
    let mut undecided = 0;
    for count in 1..=3_u32 {
        for overall in Strategy::ALL {
            for case in 0..voices.len().pow(count) {
                let said: Vec<Voice> =
                    (0..count).map(|stage| voices[case / voices.len().pow(stage) % voices.len()]).collect();
                let next = model::ReviewResult::ALL.to_vec();
                let strategy = Strategy::ALL[case % 4];
                let plan = Plan {
                    stages: said.iter().map(|_| (strategy, Vec::new(), next.clone())).collect(),
                    overall: Some(overall),
                    silence: NoResponseAction::Open,
                    cap: 10,
                    asked: (1..=count)
                        .flat_map(|stage| (0..ITEMS.len()).map(move |item| (item, stage, vec!["fay", "gus"])))
                        .collect(),
                };
                let mut both = Both::open(&court, &plan);
                for (stage, voice) in (1..).zip(&said) {
                    let verdict = match voice {
                        Voice::Abstains => Some(Verdict::Abstain),
                        Voice::Certifies => Some(Verdict::Certify),
                        Voice::Disagrees => Some(Verdict::Reduce),
                        Voice::IsSilent => None,
                    };
                    for (by, to) in [("fay", 0), ("gus", 1)] {
                        let Some(verdict) = verdict else { continue };
                        let to = (verdict == Verdict::Reduce).then_some(to);
                        let says = Said { item: 0, verdict, to, until: None, replaces: None };
                        assert_eq!(both.answers(by, stage, &[says], None).unwrap(), "accepted", "{said:?}");
                    }
                    assert_eq!(both.closes(stage, 7, None, true, "ana").unwrap(), "closed", "{said:?}");
                }
                undecided += usize::from(both.case.opening.unsettled_in(&both.items[0].id).is_some());
                both.finishes().unwrap_or_else(|error| panic!("{overall} {said:?}: {error}"));
                assert!(matches!(both.reference.outcome(0, 0), Outcome::Decided { .. }), "{overall} {said:?}");
            }
        }
    }
    assert!(undecided > 100, "{undecided}");
}

/// All possible rejections of an event, and all possible outcomes of an item.
const ALL: [&str; 31] = [
    "abstained",
    "accepted",
    "duplicate-response",
    "closed",
    "contradictory",
    "decided",
    "delegated",
    "delegation-ineligible",
    "disabled by default",
    "expired",
    "decision-not-own",
    "reassignment-invalid",
    "investigated",
    "left",
    "duplicate-decision",
    "decision-late",
    "needs-exception",
    "not-in-group",
    "self-review",
    "signer-left",
    "signer-not-named",
    "no-response-limit",
    "stage-close-early",
    "stage-close-stale",
    "stage-close-wrong",
    "stage-not-open",
    "stage-out-of-order",
    "stale-supersedes",
    "unanswered",
    "unknown-stage",
    "waiting",
];

impl<'c> Both<'c> {
    fn open(court: &'c TestVerifier, plan: &Plan) -> Self {
        let items: Vec<Item> = ITEMS.into_iter().map(item).collect();
        let mut definition =
            CampaignDefinition { window_days: 30, ..CampaignDefinition::new("Access", id("ana"), id("ben")) };
        definition.on_no_response = plan.silence;
        definition.max_no_response_removals = Some(plan.cap);
        definition.overall_strategy = plan.overall;
        definition.stages = plan.stages.iter().enumerate().map(stage).collect();
        let put = |(item, stage, who): &(usize, u32, Vec<Name>)| {
            let put: Vec<_> = who.iter().map(|who| (items[*item].id, *stage, id(who))).collect();
            put
        };
        let all: Vec<_> = plan.asked.iter().flat_map(put).collect();
        let template = Review {
            schema: Review::KIND.schema().to_owned(),
            repo: repo(),
            campaign: campaign_id(),
            digest: Digest::ZERO,
            system: system_id("db"),
            reviewer: id("ana"),
            cosigners: Vec::new(),
            stage: None,
            items: Vec::new(),
        };
        let stub = |(number, (put, stage, who)): (usize, &(ItemId, u32, model::PrincipalId))| {
            let items = items.iter().filter(|item| item.id == *put).cloned().collect();
            let review = Review { reviewer: who.clone(), stage: Some(*stage), items, ..template.clone() };
            (format!("campaigns/{}/reviews/db/{who}-{}.toml", campaign_id(), number + 2), review)
        };
        let stubs: Vec<(String, Review)> = all.iter().enumerate().map(stub).collect();
        let campaign = Campaign {
            schema: Campaign::KIND.schema().to_owned(),
            repo: repo(),
            id: campaign_id(),
            from: "policies/access.toml".to_owned(),
            base: EMPTY.to_owned(),
            opened_at: on(0),
            closes_at: on(ENDS),
            items: items.len() as u64,
            population: population(items.iter().map(|item| (&item.id, &item.grant_digest))),
            assignments: Some(assignments_digest(all.iter().map(|(item, stage, who)| (item, *stage, who)))),
            principals: Digest::of("principals"),
            policies: None,
            evidence: None,
            definition,
            systems: vec![Population {
                system: system_id("db"),
                system_version: Digest::ZERO,
                observed_at: on(0),
                observation: Digest::of("observation"),
                tree: EMPTY.to_owned(),
                grants: items.len() as u64,
                items: items.len() as u64,
                worklists: worklists_digest(&stubs),
            }],
        };
        let digest = Digest::of(crate::format::codec::render(&campaign));
        let template = Review { digest, ..template };
        let case = court.open(campaign, &stubs, "ana").unwrap();
        Self { case, reference: reference(plan), template, items, files: Vec::new(), day: 0 }
    }

    /// Applies an event to both, and returns the result.
    fn happens(&mut self, event: &Event) -> Result<&'static str, TestCaseError> {
        match event {
            Event::Clock(day) => {
                self.day = *day;
                Ok("the clock")
            }
            Event::Answer { by, stage, decisions, merger } => {
                let stage = self.stage(*stage);
                let asked = &self.reference.asked;
                let asked = asked.iter().filter(|(item, at, _)| (*item, *at) == (decisions[0].item, stage));
                let asked: Vec<Name> = asked.map(|(.., who)| *who).collect();
                let mut entitled = asked.clone();
                entitled.extend(self.reference.loans.iter().map(|(_, to, _)| *to));
                let handed = self.reference.answers.iter().filter(|answer| answer.says.verdict == Verdict::Abstain);
                entitled.extend(handed.filter_map(|answer| answer.says.to));
                entitled.extend(self.reference.fallbacks);
                let by = match by {
                    By::Entitled(index) => entitled[index % entitled.len()],
                    By::Asked(index) if !asked.is_empty() => asked[index % asked.len()],
                    By::Asked(index) | By::Any(index) => PEOPLE[*index],
                };
                self.answers(by, stage, decisions, merger.map(|merger| PEOPLE[merger]))
            }
            Event::Close { stage, days, spoil, excepts, signer } => {
                let stage = self.stage(*stage);
                self.closes(stage, *days, *spoil, *excepts, PEOPLE[*signer])
            }
            Event::Leave(who) => {
                self.reference.left.insert(*who);
                self.case.set_people(people(&self.reference.left));
                Ok("left")
            }
            Event::Lend { from, to, until, signer } => {
                let (from, to) = (PEOPLE[*from], PEOPLE[*to]);
                let signer = signer.map_or(from, |signer| PEOPLE[signer]);
                let delegation = Delegation {
                    schema: Delegation::KIND.schema().to_owned(),
                    repo: repo(),
                    id: id(&format!("{from}-{to}-{}", self.reference.loans.len())),
                    campaign: campaign_id(),
                    digest: self.template.digest,
                    from: id(from),
                    to: id(to),
                    systems: Vec::new(),
                    until: on(*until),
                    reason: "on leave".to_owned(),
                };
                let against = self.reference.objections_to_loan(from, to, *until, signer);
                let judged = self.case.delegate(delegation, signer);
                agree(event, judged.err(), &against)?;
                if judged.is_ok() {
                    self.reference.loans.push((from, to, *until));
                }
                Ok(judged.err().unwrap_or("delegated"))
            }
        }
    }

    /// Returns the current stage or a nearby stage; for a large offset, a stage that does not exist.
    fn stage(&self, offset: i64) -> u32 {
        let (next, last) = (self.reference.closed.len() as i64 + 1, self.reference.stages.len() as i64);
        let stage = if offset.abs() > 2 { last + offset } else { (next + offset).clamp(1, last) };
        u32::try_from(stage).unwrap_or_default()
    }

    fn answers(
        &mut self,
        by: Name,
        stage: u32,
        decisions: &[Said],
        merger: Option<Name>,
    ) -> Result<&'static str, TestCaseError> {
        let file = self.files.len();
        let path = format!("campaigns/2026-q4/reviews/db/{by}-{}.toml", file + 2);
        let mut review = Review { reviewer: id(by), stage: Some(stage), ..self.template.clone() };
        let (mut all, mut against) = (Vec::new(), BTreeSet::new());
        let mut said = BTreeSet::new();
        for one in decisions.iter().filter(|one| said.insert(one.item)) {
            let (replaces, supersedes) = self.replaced(by, one, stage);
            let to = one.to.map(|to| PEOPLE[to]).filter(|_| one.verdict.needs_to() || one.verdict == Verdict::Abstain);
            let to = to.or_else(|| one.verdict.needs_to().then_some("fay"));
            let ends = matches!(one.verdict, Verdict::Certify | Verdict::Except);
            let until = one.until.or_else(|| (one.verdict == Verdict::Except).then_some(20)).filter(|_| ends);
            review.items.push(Item {
                decision: Some(one.verdict),
                reason: "seen in the ticket".to_owned(),
                to: to.map(str::to_owned),
                until: until.map(on),
                supersedes,
                ..self.items[one.item].clone()
            });
            let decision = Decision { by, stage, item: one.item, verdict: one.verdict, to, until, replaces };
            against.extend(self.reference.objections(&decision, merger));
            all.push(decision);
        }
        let digest = Digest::of(crate::format::codec::render(&review));
        self.files.push(crate::trust::reference(&path, digest));
        let judged = self.case.review(&path, review, merger.map(id).as_ref());
        let refused = judged.as_ref().err().copied();
        // `mallory` has no key.
        let against = if by == "mallory" { ["unknown-signer"].into() } else { against };
        agree(&all, refused, &against)?;
        if refused.is_none() {
            self.reference.take(file, &all);
        }
        Ok(refused.unwrap_or("accepted"))
    }

    /// Returns the superseded decision, as identified by the reference model and by a file.
    fn replaced(&self, by: Name, one: &Said, stage: u32) -> (Option<Option<usize>>, Option<String>) {
        let in_force = |index: usize| {
            let here = self
                .reference
                .answers
                .iter()
                .filter(|answer| !answer.replaced && (answer.says.item, answer.says.stage) == (one.item, stage));
            let here: Vec<usize> = here.map(|answer| answer.file).collect();
            (!here.is_empty()).then(|| here[index % here.len()])
        };
        let named = |file: Option<usize>| (file.map(Some), file.map(|file| self.files[file].clone()));
        match one.replaces {
            None => (None, None),
            Some(Replaces::Any(_)) if self.files.is_empty() => (None, None),
            Some(Replaces::Any(index)) => named(Some(index % self.files.len())),
            Some(Replaces::Fitting) => {
                if stage as usize <= self.reference.closed.len() {
                    return named(self.reference.settled(one.item).map(|answer| answer.file));
                }
                let mut here =
                    self.reference.answers.iter().filter(|answer| {
                        !answer.replaced && (answer.says.item, answer.says.stage) == (one.item, stage)
                    });
                named(here.find(|answer| self.reference.may_replace(by, answer)).map(|answer| answer.file))
            }
            Some(Replaces::InForce(index)) => named(in_force(index)),
            Some(Replaces::WrongDigest(index)) => {
                let path = in_force(index).map_or("db/none.toml", |file| self.files[file].split('@').next().unwrap());
                (Some(None), Some(crate::trust::reference(path, Digest::of("another"))))
            }
        }
    }

    fn closes(
        &mut self,
        stage: u32,
        days: i64,
        spoil: Option<Spoil>,
        excepts: bool,
        signer: Name,
    ) -> Result<&'static str, TestCaseError> {
        let known = stage >= 1 && stage as usize <= self.reference.stages.len();
        let (all, mute) = if known { self.reference.count(stage) } else { (0, BTreeSet::new()) };
        let then = |item: &usize| {
            let allowed = self.reference.silence(*item, stage);
            *allowed.get(usize::from(excepts)).unwrap_or(&allowed[0])
        };
        let mut silent: BTreeMap<usize, Then> = mute.iter().map(|item| (*item, then(item))).collect();
        let mut answered = all - mute.len();
        match spoil {
            None => {}
            Some(Spoil::Count) => answered += 1,
            Some(Spoil::Forget) => drop(silent.pop_first()),
            Some(Spoil::Invent(item)) => drop(silent.insert(item % ITEMS.len(), Then::Open)),
            Some(Spoil::Then(other)) => silent.values_mut().take(1).for_each(|then| *then = means(other)),
        }
        let day = self.reference.closed.last().map_or(0, |(_, day)| *day) + days;
        let mut listed: Vec<NoResponseItem> = silent
            .iter()
            .map(|(item, then)| NoResponseItem {
                item: self.items[*item].id,
                outcome: written(*then),
                principal: self.items[*item].principal.clone(),
                entitlement: self.items[*item].entitlement.clone(),
            })
            .collect();
        listed.sort_by_key(|a| a.item);
        let close = StageClose {
            schema: StageClose::KIND.schema().to_owned(),
            repo: repo(),
            campaign: campaign_id(),
            digest: self.template.digest,
            stage,
            base: EMPTY.to_owned(),
            closed_at: on(day),
            answered: answered as u64,
            unlisted: None,
            no_response: listed,
        };
        let mut against = self.reference.objections_to_close(stage, day, &silent, answered, signer);
        if signer == "mallory" {
            against.insert("unknown-signer");
        }
        let judged = self.case.close(close, signer);
        agree(&(stage, day, &silent, spoil, signer), judged.err(), &against)?;
        if judged.is_ok() {
            self.reference.closed.push((silent, day));
        }
        Ok(judged.err().unwrap_or("closed"))
    }

    /// Completes the campaign from any state by the next steps that `tenure campaign status` prints: a campaign owner
    /// closes the stage, a fallback decides what it left undecided. Only an expired decision remains, which a new
    /// campaign or an exception replaces.
    fn finishes(&mut self) -> Result<(), TestCaseError> {
        let certify =
            |item| Said { item, verdict: Verdict::Certify, to: None, until: None, replaces: Some(Replaces::Fitting) };
        for step in 0.. {
            prop_assert!(step < 40, "the campaign does not end: {:?}", self.reference);
            let outcomes: Vec<Outcome> = (0..ITEMS.len()).map(|item| self.reference.outcome(item, self.day)).collect();
            let late =
                (0..ITEMS.len()).find_map(|item| Some((item, self.case.opening.unsettled_in(&self.items[item].id)?)));
            if let Some((item, stage)) = late {
                let may: Vec<String> =
                    self.case.opening.settlers(&self.items[item].id).iter().map(|id| id.to_string()).collect();
                let is_here = |name: &Name| may.iter().any(|may| may == name) && !self.reference.left.contains(name);
                let by = PEOPLE.into_iter().find(is_here);
                let judged = self.answers(by.unwrap_or("mallory"), stage, &[certify(item)], None)?;
                prop_assert_eq!(judged, "accepted", "item {} in stage {}", item, stage);
                continue;
            }
            let is_done = |one: &Outcome| matches!(one, Outcome::Decided { .. } | Outcome::Open("expired"));
            if outcomes.iter().all(is_done) {
                break;
            }
            let stage = self.reference.closed.len() as u32 + 1;
            prop_assert!(stage <= self.reference.last(), "no step is left for {:?}", outcomes);
            match self.closes(stage, 7, None, true, "ana")? {
                "closed" => {}
                "no-response-limit" => {
                    let silent = self.reference.count(stage).1.into_iter().next().unwrap_or_default();
                    let (ana, ben) = (self.answers("ana", stage, &[certify(silent)], None)?, "ben");
                    let judged =
                        if ana == "accepted" { ana } else { self.answers(ben, stage, &[certify(silent)], None)? };
                    prop_assert_eq!(judged, "accepted", "item {} in stage {}", silent, stage);
                }
                other => prop_assert!(false, "the close of stage {} is refused: {}", stage, other),
            }
        }
        self.compare(&Event::Clock(self.day))?;
        // After the end, only what the reference model allows counts: no decision of an item in a closed stage.
        for item in 0..ITEMS.len() {
            let closed = self.reference.closed.len() as u32;
            for by in ["ana", "fay"] {
                let again = Said { item, verdict: Verdict::Revoke, to: None, until: None, replaces: None };
                let stage = closed.max(1);
                let judged = self.answers(by, stage, &[again], None)?;
                prop_assert!(stage > closed || judged != "accepted", "item {} in closed stage {}", item, stage);
            }
        }
        self.compare(&Event::Clock(self.day))
    }

    /// Compares the outcome of every item, and the contents of the next close.
    fn compare(&self, event: &Event) -> Result<(), TestCaseError> {
        let answers = self.case.reviews.iter().map(|(review, slots)| (review, slots.as_slice()));
        let resolved = resolve(&self.case.opening, answers.clone(), on(self.day));
        prop_assert_eq!(
            &decided(&self.case.opening, answers, on(self.day)),
            &resolved.decided,
            "`decided` and `resolve` agree"
        );
        for (index, item) in self.items.iter().enumerate() {
            let expected = self.reference.outcome(index, self.day);
            prop_assert_eq!(outcome(&resolved, &item.id), expected, "{} after {:?}", item.principal, event);
        }
        let torn = resolved.open.values().filter(|why| **why == ReopenReason::Contradictory).count();
        prop_assert_eq!(resolved.findings.len(), torn, "each contradiction has a finding");
        for stage in 1..=self.reference.stages.len() as u32 {
            let (answered, silent) = self.case.opening.answered_in(stage);
            let silent: BTreeSet<_> = silent.into_iter().collect();
            let (all, mute) = self.reference.count(stage);
            let mute: BTreeSet<_> = mute.iter().map(|item| &self.items[*item].id).collect();
            prop_assert_eq!((answered, silent), ((all - mute.len()) as u64, mute));
        }
        Ok(())
    }
}

/// Checks that the code rejects for one of the objections of the reference model, and accepts if there is none.
fn agree(
    what: &dyn std::fmt::Debug,
    refused: Option<&'static str>,
    against: &BTreeSet<&'static str>,
) -> Result<(), TestCaseError> {
    let agreed = refused.map_or(against.is_empty(), |code| against.contains(code));
    prop_assert!(agreed, "{:?}: the code returns {:?}, the reference model {:?}", what, refused, against);
    Ok(())
}

fn outcome(resolved: &ResolutionSummary, item: &ItemId) -> Outcome {
    if let Some(waiting) = resolved.waiting.get(item) {
        let known = |who: &model::PrincipalId| PEOPLE.into_iter().find(|name| *name == who.as_str()).unwrap();
        return Outcome::Waiting { stage: waiting.stage, missing: waiting.missing.iter().map(known).collect() };
    }
    if let Some(why) = resolved.open.get(item) {
        return Outcome::Open(match why {
            ReopenReason::Abstained(_) => "abstained",
            ReopenReason::Contradictory => "contradictory",
            ReopenReason::Expired(_) => "expired",
            ReopenReason::Investigated => "investigated",
            ReopenReason::NeedsException => "needs-exception",
            ReopenReason::Unanswered => "unanswered",
        });
    }
    let decided: Vec<_> = resolved.decided.iter().filter(|one| one.item == *item).collect();
    let [one] = decided.as_slice() else { panic!("expected one outcome, found {decided:?}") };
    Outcome::Decided {
        verdict: one.verdict,
        to: one.to.as_deref().and_then(|to| PEOPLE.into_iter().find(|name| *name == to)),
        until: one.until.map(|until| (until.unix() - on(0).unix()) / (24 * 60 * 60)),
        by_silence: one.basis.decided == DecisionOrigin::BySilence,
    }
}

fn told(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Decided { by_silence: true, .. } => "disabled by default",
        Outcome::Decided { .. } => "decided",
        Outcome::Open(why) => why,
        Outcome::Waiting { .. } => "waiting",
    }
}

pub(super) fn court() -> TestVerifier {
    TestVerifier::found(&repo(), &PEOPLE[..6], people(&BTreeSet::new()))
}

/// Returns the principals, of whom some have left.
fn people(left: &BTreeSet<Name>) -> Vec<PrincipalRecord> {
    let person = |name: Name| PrincipalRecord {
        accounts: [name]
            .iter()
            .filter(|name| ["dora", "emil"].contains(name))
            .map(|name| format!("db:{name}"))
            .collect(),
        status: if left.contains(name) { PrincipalStatus::Left } else { PrincipalStatus::Active },
        ..PrincipalRecord::new(id(name), PrincipalKind::Person)
    };
    let bot = PrincipalRecord {
        accounts: vec!["db:bot".to_owned()],
        owner: Some(id("emil")),
        ..PrincipalRecord::new(id("bot"), PrincipalKind::Service)
    };
    let known = PEOPLE[..6].iter().filter(|name| ["dora", "emil"].contains(name) || left.contains(*name));
    let mut people: Vec<_> = known.map(|name| person(name)).chain([bot]).collect();
    people.sort_by(|a, b| a.id.cmp(&b.id));
    people
}

fn reference(plan: &Plan) -> Reference {
    let rules =
        |(outcome, stop_on, advance_on): &(Strategy, Vec<model::ReviewResult>, Vec<model::ReviewResult>)| Rules {
            outcome: *outcome,
            stop_on: stop_on.iter().copied().map(meant).collect(),
            advance_on: advance_on.iter().copied().map(meant).collect(),
        };
    Reference {
        stages: plan.stages.iter().map(rules).collect(),
        overall: plan.overall.unwrap_or(Strategy::AllMustAccept),
        disables: plan.silence != NoResponseAction::Open,
        revokes: plan.silence == NoResponseAction::Remove,
        cap: plan.cap as usize,
        fallbacks: ["ana", "ben"],
        owners: vec!["ana"],
        left: BTreeSet::new(),
        keys: PEOPLE[..6].to_vec(),
        tiers: ITEMS.iter().map(|(_, tier)| *tier).collect(),
        own: [(2, "dora"), (3, "emil")].into(),
        asked: plan.asked.iter().flat_map(|(item, stage, who)| who.iter().map(|who| (*item, *stage, *who))).collect(),
        ends: ENDS,
        answers: Vec::new(),
        closed: Vec::new(),
        loans: Vec::new(),
    }
}

fn meant(result: model::ReviewResult) -> StageResult {
    match result {
        model::ReviewResult::Accept => StageResult::Kept,
        model::ReviewResult::NoResponse => StageResult::Nothing,
        model::ReviewResult::NotDecided => StageResult::Unsure,
        model::ReviewResult::Reduce => StageResult::Less,
        model::ReviewResult::Revoke => StageResult::Gone,
    }
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

fn means(then: NoResponseOutcome) -> Then {
    match then {
        NoResponseOutcome::Advance => Then::Advance,
        NoResponseOutcome::Disable => Then::Disable,
        NoResponseOutcome::Except => Then::Except,
        NoResponseOutcome::Open => Then::Open,
        NoResponseOutcome::Revoke => Then::Revoke,
    }
}

fn stage((index, rules): (usize, &(Strategy, Vec<model::ReviewResult>, Vec<model::ReviewResult>))) -> Stage {
    Stage {
        name: format!("stage {}", index + 1),
        days: 7,
        reviewers: vec!["owner".to_owned()],
        reviewers_per_item: 2,
        strategy: rules.0,
        stop_on: rules.1.clone(),
        advance_on: rules.2.clone(),
        sample_percent: None,
    }
}

pub(super) fn item((holder, tier): (&str, Tier)) -> Item {
    let key = GrantKey::parse(&format!("membership/{holder}/writers")).unwrap();
    Item {
        id: ItemId::of(&campaign_id(), &system_id("db"), &key),
        grant_digest: Digest::of(holder),
        subject: format!("db:{holder}"),
        tier,
        summary: "not used for 143 days".to_owned(),
        recommendation: String::new(),
        severity: None,
        principal: holder.to_owned(),
        entitlement: "role writers".to_owned(),
        decision: None,
        to: None,
        until: None,
        reason: String::new(),
        supersedes: None,
    }
}

pub(super) fn repo() -> RepoId {
    RepoId::parse("urn:uuid:9c1e6f0a-6a0f-4c59-9a53-1c7f5f6d2b11").unwrap()
}

pub(super) fn on(day: i64) -> Timestamp {
    time("2026-11-01T00:00:00Z").plus_days(day)
}

pub(super) const EMPTY: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
