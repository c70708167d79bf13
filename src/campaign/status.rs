//! Who owes what, and what is not confirmed: computed from signed files and evidence, stored nowhere.

use super::{
    ExceptionStatus, Resolution, Sheet, State,
    resolve::{Reopened, Resolved},
};
use crate::model::{
    ActionId, CampaignId, Finding, ItemId, Level, PrincipalId, SystemId, Tier, Timestamp, Verdict,
    action::Decided,
    file::{Campaign, Item, Remediation, System},
    history::{ActionHistory, History},
    record::{OutcomeKind, VerificationKind, VerificationRecorded},
};
use serde::Serialize;
use std::collections::BTreeMap;

/// One item of a campaign, as far as it is.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ItemStatus {
    /// The item.
    pub item: ItemId,
    /// The system.
    pub system: SystemId,
    /// The tier.
    pub tier: Tier,
    /// The holder, by the name people use.
    pub principal: String,
    /// What is held, by the name people use.
    pub entitlement: String,
    /// Whose decision it is.
    pub reviewer: PrincipalId,
    /// The file the decision belongs in, or is in.
    pub path: String,
    /// What was decided, if anything.
    pub verdict: Option<Verdict>,
    /// Whether people decided it, or silence did.
    pub decided: Option<Decided>,
    /// The stage it waits in; nothing when it is through.
    pub stage: Option<u32>,
    /// Whose answer is missing there.
    pub missing: Vec<PrincipalId>,
    /// How far it is.
    pub state: State,
    /// Why it is no further.
    pub why: String,
    /// What to do next; empty when nothing is left.
    pub next: String,
}

/// What one reviewer owes.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ReviewerStatus {
    /// The reviewer.
    pub reviewer: PrincipalId,
    /// How many items are theirs.
    pub items: u64,
    /// How many of them they have not decided.
    pub undecided: u64,
    /// How many they have decided are not confirmed.
    pub unconfirmed: u64,
    /// Whether they are late.
    pub overdue: bool,
}

/// How far a stage is.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct StageStatus {
    /// Which one, from 1.
    pub stage: u32,
    /// What it is called.
    pub name: String,
    /// Whether it is closed.
    pub closed: bool,
    /// How many items wait in it.
    pub waiting: u64,
}

/// How far a campaign is.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// The campaign.
    pub campaign: CampaignId,
    /// What it is called.
    pub title: String,
    /// When its window ends.
    pub closes_at: Timestamp,
    /// Whether the window has ended and something is undecided.
    pub overdue: bool,
    /// Whether the evidence has its close.
    pub closed: bool,
    /// How many items are in each state.
    pub states: BTreeMap<&'static str, u64>,
    /// How many items people decided.
    pub by_people: u64,
    /// How many items nobody decided, and silence made a verdict of; never among those that people decided.
    pub by_silence: u64,
    /// The stages, in order.
    pub stages: Vec<StageStatus>,
    /// The second looks that nobody has taken: how many each is asked for, by name; nobody's where no one is left who may.
    pub looks: BTreeMap<String, u64>,
    /// What each reviewer owes, by reviewer.
    pub reviewers: Vec<ReviewerStatus>,
    /// Every item, what is furthest from done first.
    pub items: Vec<ItemStatus>,
    /// What is wrong with the decisions.
    pub findings: Vec<Finding>,
}

/// What a status is computed from.
pub struct Facts<'a> {
    /// The campaign.
    pub campaign: &'a Campaign,
    /// Its worklists, as they were when it was opened.
    pub sheets: &'a [Sheet],
    /// What its reviews amount to.
    pub resolved: &'a Resolved,
    /// What the evidence says.
    pub history: &'a History,
    /// The verified exceptions, as they stand.
    pub exceptions: &'a [ExceptionStatus],
    /// The systems, for who makes changes on them.
    pub systems: &'a BTreeMap<SystemId, System>,
    /// The present, for what is overdue and what has ended.
    pub now: Timestamp,
}

/// Returns how far a campaign is. Every item of its worklists is there once, decided or not, but for seeded ones that were
/// told.
pub fn status(facts: &Facts<'_>) -> Status {
    let decided: BTreeMap<&ItemId, &Resolution> = facts.resolved.decided.iter().map(|one| (&one.item, one)).collect();
    let all = facts.sheets.iter().flat_map(|sheet| sheet.review.items.iter().map(move |item| (sheet, item)));
    let mut stubs: Vec<Stub<'_>> = all.filter(|(_, item)| !facts.resolved.seeded.contains(&item.id)).collect();
    // Stubs are many and lines are long: what can be put in order before there are lines is.
    stubs.sort_by(|(a, one), (b, other)| (&a.review.system, one.id).cmp(&(&b.review.system, other.id)));
    let line = |stubs: &[Stub<'_>]| match decided.get(&stubs.first()?.1.id) {
        Some(resolution) => {
            let own = stubs.iter().find(|(sheet, _)| sheet.path == resolution.basis.path).or(stubs.first());
            own.map(|(sheet, item)| facts.decided(sheet, item, resolution))
        }
        None => facts.undecided(stubs),
    };
    let mut items: Vec<ItemStatus> = stubs.chunk_by(|(_, a), (_, b)| a.id == b.id).filter_map(line).collect();
    items.sort_by_cached_key(|one| (one.state.is_done(), one.tier, one.state));
    let late = facts.now > facts.campaign.closes_at;
    let mut states = BTreeMap::new();
    for item in &items {
        *states.entry(item.state.as_str()).or_default() += 1;
    }
    let mut looks = BTreeMap::new();
    for who in facts.resolved.looks.values() {
        let who = who.as_ref().map_or("nobody who may", PrincipalId::as_str);
        *looks.entry(who.to_owned()).or_default() += 1;
    }
    let decided = |how: Decided| items.iter().filter(|item| item.decided == Some(how)).count() as u64;
    Status {
        campaign: facts.campaign.id.clone(),
        title: facts.campaign.definition.title.clone(),
        closes_at: facts.campaign.closes_at,
        overdue: late && items.iter().any(|item| item.state == State::Undecided),
        closed: facts.history.is_closed(&facts.campaign.id),
        states,
        by_people: decided(Decided::ByPeople),
        by_silence: decided(Decided::BySilence),
        stages: facts.stages(&items),
        looks,
        reviewers: facts.reviewers(&items, late),
        items,
        findings: facts.resolved.findings.clone(),
    }
}

/// An item as one of its reviewers was asked about it.
type Stub<'a> = (&'a Sheet, &'a Item);

impl Facts<'_> {
    fn stages(&self, items: &[ItemStatus]) -> Vec<StageStatus> {
        let definition = &self.campaign.definition;
        let of = |stage: u32| StageStatus {
            stage,
            name: definition.stage(stage).map(|stage| stage.name.clone()).unwrap_or_default(),
            closed: stage <= self.resolved.closed,
            waiting: items.iter().filter(|item| item.stage == Some(stage)).count() as u64,
        };
        (1..=definition.stage_count()).map(of).collect()
    }

    fn reviewers(&self, items: &[ItemStatus], late: bool) -> Vec<ReviewerStatus> {
        let mut all: BTreeMap<&PrincipalId, ReviewerStatus> = BTreeMap::new();
        let new = |reviewer: &PrincipalId| ReviewerStatus {
            reviewer: reviewer.clone(),
            items: 0,
            undecided: 0,
            unconfirmed: 0,
            overdue: false,
        };
        for sheet in self.sheets {
            let own = sheet.review.items.iter().filter(|item| !self.resolved.seeded.contains(&item.id)).count();
            let reviewer = &sheet.review.reviewer;
            all.entry(reviewer).or_insert_with(|| new(reviewer)).items += own as u64;
        }
        for item in items {
            match item.state {
                State::Undecided => {
                    let owing =
                        if item.missing.is_empty() { std::slice::from_ref(&item.reviewer) } else { &item.missing };
                    for reviewer in owing {
                        all.entry(reviewer).or_insert_with(|| new(reviewer)).undecided += 1;
                    }
                }
                state if !state.is_done() => {
                    all.entry(&item.reviewer).or_insert_with(|| new(&item.reviewer)).unconfirmed += 1;
                }
                _ => {}
            }
        }
        for one in all.values_mut() {
            one.overdue = late && one.undecided > 0;
        }
        all.into_values().collect()
    }

    fn undecided(&self, stubs: &[Stub<'_>]) -> Option<ItemStatus> {
        let item = stubs.first()?.1;
        let waiting = self.resolved.waiting.get(&item.id);
        let stage = waiting.map_or(self.resolved.closed, |waiting| waiting.stage);
        let missing = waiting.map(|waiting| waiting.missing.clone()).unwrap_or_default();
        let here = || stubs.iter().filter(|(sheet, _)| sheet.review.stage() == stage);
        let owing = here().find(|(sheet, _)| missing.contains(&sheet.review.reviewer));
        let (sheet, item) = *owing.or_else(|| here().next()).or(stubs.last())?;
        let reviewer = missing.first().unwrap_or(&sheet.review.reviewer);
        let many = self.campaign.definition.stage_count() > 1;
        let prefix = if many && waiting.is_some() { format!("stage {stage}: ") } else { String::new() };
        let names = || missing.iter().map(PrincipalId::as_str).collect::<Vec<_>>().join(", ");
        let why = match self.resolved.open.get(&item.id) {
            None if waiting.is_some() && missing.is_empty() => format!("waits for stage {stage} to be closed"),
            None if missing.len() < here().count() => format!("{prefix}waits for {}", names()),
            None => format!("{prefix}nobody has decided"),
            Some(Reopened::Abstained(None)) => "handed on".to_owned(),
            Some(Reopened::Abstained(Some(to))) => format!("handed on, to {to}"),
            Some(Reopened::Contradictory) => "decisions contradict each other".to_owned(),
            Some(Reopened::Disputed) => "a second look came to something else".to_owned(),
            Some(Reopened::Expired(until)) => format!("the decision held until {until}"),
            Some(Reopened::Investigated) => "being looked into".to_owned(),
            Some(Reopened::NeedsException) => "nobody answered, and it is not disabled by silence".to_owned(),
            Some(Reopened::Unanswered) => "not everybody answered before the stage was closed".to_owned(),
        };
        let own = *reviewer == sheet.review.reviewer;
        let fallback = &self.campaign.definition.fallback;
        let next = match self.resolved.open.get(&item.id) {
            None if waiting.is_some() && missing.is_empty() => format!("tenure campaign advance {}", self.campaign.id),
            None if own && !self.resolved.signed.contains(&sheet.path) => {
                format!("{reviewer} decides in {}, then `tenure sign {}`", sheet.path, sheet.path)
            }
            Some(Reopened::NeedsException) => {
                format!("`tenure exception new {} …`; or {fallback}, a fallback, decides in a new review file", item.id)
            }
            Some(Reopened::Disputed) => {
                format!("a third person decides: `tenure campaign look {}` writes their file", self.campaign.id)
            }
            Some(_) if self.is_late(item) => {
                format!("{fallback}, a fallback, decides in a new review file: `tenure review {}`", item.id)
            }
            _ => format!("{reviewer} decides in a new review file: `tenure review {}`", item.id),
        };
        let (state, why, next) = match self.exception(item) {
            Some(exception) => (State::Excepted, exception.until_words(), String::new()),
            None => (State::Undecided, why, next),
        };
        let mut line = self.line(sheet, item, None, state, why, next);
        line.reviewer.clone_from(reviewer);
        line.stage = waiting.map(|waiting| waiting.stage);
        line.missing = missing;
        Some(line)
    }

    /// Returns whether those who were asked can decide it no more: its stage is closed, and no later one asks.
    fn is_late(&self, item: &Item) -> bool {
        self.resolved.closed > 0 && !self.resolved.waiting.contains_key(&item.id)
    }

    fn decided(&self, sheet: &Sheet, item: &Item, resolution: &Resolution) -> ItemStatus {
        let verdict = resolution.verdict;
        let (state, why, next) = match verdict {
            Verdict::Certify | Verdict::Transfer => (State::Kept, String::new(), String::new()),
            Verdict::Except => {
                let (why, next) = self.unexcepted(item);
                (State::Decided, why, next)
            }
            _ => self.change(resolution),
        };
        let (state, why, next) = match self.exception(item) {
            Some(exception) if !state.is_done() => {
                (State::Excepted, format!("until {}", exception.until), String::new())
            }
            _ => (state, why, next),
        };
        let mut line = self.line(sheet, item, Some(verdict), state, why, next);
        line.path.clone_from(&resolution.basis.path);
        line.decided = Some(resolution.basis.decided);
        line
    }

    /// Returns how far the change is that was decided.
    fn change(&self, resolution: &Resolution) -> (State, String, String) {
        let Resolution { item, grant, verdict, system, .. } = resolution;
        let action = ActionId::of(&self.campaign.repo, item, grant, verdict.as_str());
        let Some(history) = self.history.action(&action) else {
            return (
                State::Decided,
                "no run has taken it up".to_owned(),
                "look at `tenure plan`, then `tenure enforce`".to_owned(),
            );
        };
        let again = |command: &str| format!("{command} ({action})");
        let newer = match (history.verified_at, history.outcome_at) {
            (Some((seen, _)), Some((done, _))) => seen > done,
            (Some(_), None) => true,
            (None, _) => false,
        };
        // What was never changed is still there of course: why it was not changed says more.
        let undone = history.outcome.as_ref().is_some_and(|outcome| {
            matches!(outcome.result, OutcomeKind::Drifted | OutcomeKind::Failed | OutcomeKind::Manual)
        });
        let tells = |seen: &&VerificationRecorded| newer && !(undone && seen.result == VerificationKind::StillPresent);
        if let Some(seen) = history.verification.as_ref().filter(tells) {
            let (state, why) = match seen.result {
                VerificationKind::Confirmed => self.confirmed(resolution, history),
                VerificationKind::Lingering => (State::Lingering, format!("{} lives on", seen.paths.join(", "))),
                VerificationKind::StillPresent => (State::StillPresent, format!("by {}", seen.paths.join(", "))),
                VerificationKind::Unknown => (State::Unknown, seen.probe.clone()),
            };
            let next = match state {
                State::Confirmed => String::new(),
                State::StillPresent => again(&format!("take that path away, then `tenure verify {system}`")),
                _ => again(&format!("`tenure verify {system}`")),
            };
            return (state, why, next);
        }
        let text = history.outcome.as_ref().map(|outcome| outcome.text.clone()).unwrap_or_default();
        match history.outcome.as_ref().map(|outcome| outcome.result) {
            None => (State::Intended, "its run has not said what came of it".to_owned(), again("`tenure enforce`")),
            Some(OutcomeKind::Already | OutcomeKind::Applied) => {
                (State::Applied, "no read has confirmed it".to_owned(), again(&format!("`tenure verify {system}`")))
            }
            Some(OutcomeKind::Drifted) => {
                (State::Drifted, text, "review it again in the next campaign, or decide anew".to_owned())
            }
            Some(OutcomeKind::Failed) => (State::Failed, text, again("mend the cause, then `tenure enforce`")),
            Some(OutcomeKind::Manual) => (State::Manual, text, format!("do it, then `tenure attest {action}`")),
            Some(OutcomeKind::Unknown) => (State::Unknown, text, again("`tenure enforce`")),
        }
    }

    fn confirmed(&self, resolution: &Resolution, history: &ActionHistory) -> (State, String) {
        let by_hand = self.systems.get(&resolution.system).is_some_and(|s| s.remediation == Remediation::Manual);
        let needed = match resolution.tier {
            _ if by_hand => Level::V2,
            Tier::T0 | Tier::T1 => Level::V4,
            Tier::T2 | Tier::T3 => Level::V3,
        };
        match history.confirmed {
            Some(level) if level >= needed => (State::Confirmed, format!("at {level}")),
            Some(level) => (State::Applied, format!("confirmed at {level}; {} needs {needed}", resolution.tier)),
            None => (State::Applied, "no read has confirmed it".to_owned()),
        }
    }

    fn exception(&self, item: &Item) -> Option<&ExceptionStatus> {
        self.exceptions.iter().find(|one| one.covers(&item.id, item.grant))
    }

    /// Returns what to do about an item that stays by an exception which does not hold, or is not there.
    fn unexcepted(&self, item: &Item) -> (String, String) {
        let own = |one: &&ExceptionStatus| one.item == item.id && one.lowers.is_none();
        match self.exceptions.iter().rfind(own) {
            Some(one) if one.grant == item.grant => {
                (format!("its exception {} is {}", one.path, one.validity), "tenure exception list".to_owned())
            }
            _ => {
                let next = format!("`tenure exception new {} …`, then `tenure sign` it", item.id);
                ("no signed exception stands behind it".to_owned(), next)
            }
        }
    }

    fn line(
        &self,
        sheet: &Sheet,
        item: &Item,
        verdict: Option<Verdict>,
        state: State,
        why: String,
        next: String,
    ) -> ItemStatus {
        ItemStatus {
            item: item.id,
            system: sheet.review.system.clone(),
            tier: item.tier,
            principal: item.principal.clone(),
            entitlement: item.entitlement.clone(),
            reviewer: sheet.review.reviewer.clone(),
            path: sheet.path.clone(),
            verdict,
            decided: None,
            stage: None,
            missing: Vec::new(),
            state,
            why,
            next,
        }
    }
}
