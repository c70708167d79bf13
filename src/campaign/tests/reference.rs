//! Reference model of campaigns: a map from item, stage and reviewer to responses, and the closed stages. It is written
//! from the documentation, shares no code with the implementation, and `random_histories.rs` compares the two.

use crate::model::{Strategy, Tier, Verdict};
use std::collections::{BTreeMap, BTreeSet};

pub(super) type Name = &'static str;

/// The campaign.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    pub(super) stages: Vec<Rules>,
    pub(super) overall: Strategy,
    /// Whether the no-response default removes access at the end.
    pub(super) disables: bool,
    /// Whether it may revoke access, too.
    pub(super) revokes: bool,
    pub(super) cap: usize,
    pub(super) fallbacks: [Name; 2],
    pub(super) owners: Vec<Name>,
    /// The principals who have left; their signatures do not count.
    pub(super) left: BTreeSet<Name>,
    /// The principals with a key.
    pub(super) keys: Vec<Name>,
    pub(super) tiers: Vec<Tier>,
    /// The holder of each item.
    pub(super) own: BTreeSet<(usize, Name)>,
    pub(super) asked: BTreeSet<(usize, u32, Name)>,
    /// The day on which the campaign ends.
    pub(super) ends: i64,
    pub(super) answers: Vec<Answer>,
    /// For each closed stage the unanswered items with their outcomes, and the day of the close.
    pub(super) closed: Vec<(BTreeMap<usize, Then>, i64)>,
    /// The delegations: reviewer, delegate, and last day.
    pub(super) loans: Vec<(Name, Name, i64)>,
}

/// The window of each stage.
pub(super) const DAYS_OF_A_STAGE: i64 = 7;

/// The strategy of a stage, and the results on which it advances.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) outcome: Strategy,
    pub(super) stop_on: Vec<StageResult>,
    pub(super) advance_on: Vec<StageResult>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum StageResult {
    Gone,
    Kept,
    Less,
    Nothing,
    Unsure,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Then {
    Advance,
    Disable,
    Except,
    Open,
    Revoke,
}

/// The slot of a response.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Place {
    Of(Name),
    OfTheSilent,
    /// A fallback decides an item that the stages left undecided.
    OfTheUndecided,
}

/// An accepted response.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) file: usize,
    pub(super) says: Decision,
    pub(super) place: Place,
    pub(super) replaced: bool,
}

/// A response to one item.
#[derive(Clone, Debug)]
pub(super) struct Decision {
    pub(super) by: Name,
    pub(super) stage: u32,
    pub(super) item: usize,
    pub(super) verdict: Verdict,
    pub(super) to: Option<Name>,
    /// The day on which it ends.
    pub(super) until: Option<i64>,
    /// The file of the superseded decision; `None` if it supersedes none.
    pub(super) replaces: Option<Option<usize>>,
}

/// The outcome of an item.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Outcome {
    Decided { verdict: Verdict, to: Option<Name>, until: Option<i64>, by_silence: bool },
    Open(&'static str),
    Waiting { stage: u32, missing: BTreeSet<Name> },
}

/// The progress of an item.
enum Reached {
    /// The item is pending in this stage.
    Here(u32),
    /// This stage ended the item; no later stage follows.
    End(u32),
}

fn result_of(verdict: Verdict) -> StageResult {
    match verdict {
        Verdict::Certify | Verdict::Except | Verdict::Transfer => StageResult::Kept,
        Verdict::Reduce | Verdict::Rotate => StageResult::Less,
        Verdict::Disable | Verdict::Replace | Verdict::Revoke => StageResult::Gone,
        Verdict::Abstain | Verdict::Investigate => StageResult::Unsure,
    }
}

/// Combines several results, as documented in `docs/strategies.md`.
fn aggregate(strategy: Strategy, all: &[StageResult]) -> StageResult {
    let any = |result| all.contains(&result);
    let every = |result| !all.is_empty() && all.iter().all(|one| *one == result);
    let taken = || {
        if any(StageResult::Gone) {
            Some(StageResult::Gone)
        } else {
            any(StageResult::Less).then_some(StageResult::Less)
        }
    };
    let unsure = || if any(StageResult::Unsure) { StageResult::Unsure } else { StageResult::Nothing };
    match strategy {
        Strategy::AllMustAccept => {
            taken().unwrap_or_else(|| if every(StageResult::Kept) { StageResult::Kept } else { unsure() })
        }
        Strategy::OneAcceptAccepts if any(StageResult::Kept) => StageResult::Kept,
        Strategy::OneAcceptAccepts => taken().unwrap_or_else(unsure),
        Strategy::OneDenyDenies => {
            taken().unwrap_or_else(|| if any(StageResult::Kept) { StageResult::Kept } else { unsure() })
        }
        Strategy::AcceptedIfNotDenied => taken().unwrap_or_else(|| {
            if any(StageResult::Kept) && !any(StageResult::Unsure) { StageResult::Kept } else { unsure() }
        }),
    }
}

impl Reference {
    /// Returns all objections to a decision; it counts if there are none.
    pub(super) fn objections(&self, says: &Decision, merger: Option<Name>) -> BTreeSet<&'static str> {
        let Decision { by, stage, item, verdict, to, .. } = *says;
        let mut against = BTreeSet::new();
        let decides = verdict != Verdict::Abstain || to.is_some();
        if self.left.contains(by) {
            return ["signer-left"].into();
        }
        if decides && self.own.contains(&(item, by)) {
            against.insert("self-review");
        }
        if result_of(verdict) == StageResult::Kept && merger.is_some_and(|merger| self.own.contains(&(item, merger))) {
            against.insert("self-review");
        }
        if stage < 1 || stage > self.last() {
            against.insert("unknown-stage");
            return against;
        }
        let late = stage <= self.closed();
        let fallback = self.fallbacks.contains(&by);
        let asked = self.asked.contains(&(item, stage, by));
        let lenders = self.lenders(item, stage, by);
        let any_right = asked || fallback || !lenders.is_empty();
        if !any_right && !self.here(item, stage).any(|answer| self.may_replace(by, answer)) {
            against.insert("decision-not-own");
        }
        if late && !(fallback && self.is_left_open(item, stage)) {
            against.insert("decision-late");
        }
        if !late && (stage > self.closed() + 1 || !self.asks(item, stage)) {
            against.insert("stage-not-open");
        }
        let Ok(place) = self.place(says) else {
            against.insert(self.place(says).err().unwrap_or_default());
            return against;
        };
        if place != Place::OfTheUndecided
            && self.here(item, stage).any(|answer| answer.says.by == by && answer.place != place)
        {
            against.insert("duplicate-response");
        }
        if let Place::Of(holder) = place
            && decides
            && self.own.contains(&(item, holder))
            && self.lends(holder, by)
        {
            against.insert("self-review");
        }
        if let (Verdict::Abstain, Some(to)) = (verdict, to) {
            let before = self.answers.iter().any(|answer| {
                (answer.says.item, answer.says.stage, answer.place) == (item, stage, place)
                    && answer.reassigns().is_some()
            });
            let asked_too = self.asked.contains(&(item, stage, to));
            let fit =
                self.keys.contains(&to) && !self.left.contains(to) && !asked_too && !self.own.contains(&(item, to));
            if !asked || place != Place::Of(by) || before || !fit {
                against.insert("reassignment-invalid");
            }
        }
        against
    }

    /// Records the decisions of one file without objections.
    pub(super) fn take(&mut self, file: usize, all: &[Decision]) {
        for says in all {
            let Ok(place) = self.place(says) else { continue };
            let before = self.answers.iter_mut().find(|answer| {
                !answer.replaced
                    && (answer.says.item, answer.says.stage, answer.place) == (says.item, says.stage, place)
            });
            if let Some(before) = before {
                before.replaced = true;
            }
            self.answers.push(Answer { file, says: says.clone(), place, replaced: false });
        }
    }

    /// Returns the slot of a decision, or the reason why it has none.
    fn place(&self, says: &Decision) -> Result<Place, &'static str> {
        let Decision { by, stage, item, .. } = *says;
        let late = stage <= self.closed();
        let fallback = self.fallbacks.contains(&by);
        if late {
            return match (self.settled(item).map(|answer| answer.file), says.replaces) {
                (None, None) => Ok(Place::OfTheUndecided),
                (Some(before), Some(named)) if named == Some(before) => Ok(Place::OfTheUndecided),
                (Some(_), None) => Err("duplicate-decision"),
                (_, Some(_)) => Err("stale-supersedes"),
            };
        }
        if let Some(named) = says.replaces {
            let before = self.here(item, stage).find(|answer| Some(answer.file) == named);
            let before = before.ok_or("stale-supersedes")?;
            return if self.may_replace(by, before) { Ok(before.place) } else { Err("decision-not-own") };
        }
        let is_free = |place: &Place| self.here(item, stage).all(|answer| answer.place != *place);
        let mut places: Vec<Place> = Vec::new();
        places.extend(self.asked.contains(&(item, stage, by)).then_some(Place::Of(by)));
        places.extend(self.lenders(item, stage, by).into_iter().map(Place::Of));
        let place = match places.iter().find(|place| is_free(place)).or(places.first()) {
            Some(place) => *place,
            None if fallback => Place::OfTheSilent,
            // A principal whose authority comes from another decision must supersede that decision.
            None if self.here(item, stage).any(|answer| self.may_replace(by, answer)) => {
                return Err("duplicate-decision");
            }
            None => return Err("decision-not-own"),
        };
        if !is_free(&place) {
            return Err("duplicate-decision");
        }
        let somebody_silent = self.asked_of(item, stage).any(|asked| is_free(&Place::Of(asked)));
        if place == Place::OfTheSilent && !somebody_silent {
            return Err("decision-not-own");
        }
        Ok(place)
    }

    /// Returns whether a principal may supersede a response.
    pub(super) fn may_replace(&self, who: Name, answer: &Answer) -> bool {
        let open = answer.place == Place::OfTheSilent || result_of(answer.says.verdict) == StageResult::Unsure;
        let by_fallback = open && self.fallbacks.contains(&who);
        let holds = match answer.place {
            Place::Of(holder) => {
                holder == who || self.lenders(answer.says.item, answer.says.stage, who).contains(&holder)
            }
            Place::OfTheSilent | Place::OfTheUndecided => false,
        };
        by_fallback || holds || answer.reassigns() == Some(who) || answer.says.by == who
    }

    /// Returns the reviewers whom a principal represents; assigned reviewers represent only themselves.
    fn lenders(&self, item: usize, stage: u32, who: Name) -> BTreeSet<Name> {
        if self.asked.contains(&(item, stage, who)) {
            return BTreeSet::new();
        }
        self.asked_of(item, stage).filter(|lender| self.lends(lender, who)).collect()
    }

    fn lends(&self, from: Name, to: Name) -> bool {
        self.loans.iter().any(|loan| (loan.0, loan.1) == (from, to) && loan.2 > self.day())
    }

    /// Returns all objections to a delegation.
    pub(super) fn objections_to_loan(&self, from: Name, to: Name, until: i64, signer: Name) -> BTreeSet<&'static str> {
        let asked = self.asked.iter().any(|(.., own)| *own == from);
        let fit = from != to
            && self.keys.contains(&to)
            && !self.left.contains(to)
            && asked
            && until > self.day()
            && until <= self.ends;
        let codes = [
            (!fit, "delegation-ineligible"),
            (signer != from, "signer-not-named"),
            (self.left.contains(signer), "signer-left"),
        ];
        codes.into_iter().filter(|(speaks, _)| *speaks).map(|(_, code)| code).collect()
    }

    /// Returns all objections to a stage close.
    pub(super) fn objections_to_close(
        &self,
        stage: u32,
        day: i64,
        silent: &BTreeMap<usize, Then>,
        answered: usize,
        signer: Name,
    ) -> BTreeSet<&'static str> {
        let mut against = BTreeSet::new();
        against.extend((!self.owners.contains(&signer)).then_some("not-in-group"));
        against.extend(self.left.contains(signer).then_some("signer-left"));
        against.extend((day < self.day()).then_some("stage-close-wrong"));
        if stage < 1 || stage > self.last() {
            against.insert("unknown-stage");
            return against;
        }
        if stage != self.closed() + 1 {
            against.insert("stage-out-of-order");
            return against;
        }
        let waits = |item: usize| self.asks(item, stage) && !self.missing(item, stage).is_empty();
        if day < self.day() + DAYS_OF_A_STAGE && (0..self.tiers.len()).any(waits) {
            against.insert("stage-close-early");
        }
        let (all, mute) = self.count(stage);
        if silent.keys().any(|item| !mute.contains(item)) {
            against.extend(["stage-close-stale", "stage-close-wrong"]);
        }
        let wrong = |(item, then): (&usize, &Then)| !self.silence(*item, stage).contains(then);
        if mute.iter().any(|item| !silent.contains_key(item))
            || silent.iter().any(wrong)
            || answered != all - mute.len()
        {
            against.insert("stage-close-wrong");
        }
        let taken = silent.values().filter(|then| matches!(then, Then::Disable | Then::Revoke)).count();
        against.extend((taken > self.cap).then_some("no-response-limit"));
        against
    }

    /// Returns the number of items of a stage, and the unanswered ones.
    pub(super) fn count(&self, stage: u32) -> (usize, BTreeSet<usize>) {
        let asks: Vec<usize> = (0..self.tiers.len()).filter(|item| self.asks(*item, stage)).collect();
        let silent = asks.iter().filter(|item| self.here(**item, stage).next().is_none()).copied();
        (asks.len(), silent.collect())
    }

    /// Returns the permitted no-response outcomes.
    pub(super) fn silence(&self, item: usize, stage: u32) -> Vec<Then> {
        if self.is_asked_after(item, stage) && !self.stops(stage, StageResult::Nothing) {
            return vec![Then::Advance];
        }
        match self.tiers[item] {
            _ if !self.disables => vec![Then::Open],
            Tier::T0 | Tier::T1 if self.revokes => vec![Then::Disable, Then::Revoke, Then::Except],
            Tier::T2 | Tier::T3 if self.revokes => vec![Then::Disable, Then::Revoke, Then::Open],
            Tier::T0 | Tier::T1 => vec![Then::Disable, Then::Except],
            Tier::T2 | Tier::T3 => vec![Then::Disable],
        }
    }

    /// Returns the outcome of an item on a day.
    pub(super) fn outcome(&self, item: usize, day: i64) -> Outcome {
        let (results, stage) = match self.follow(item) {
            (_, Reached::Here(stage)) => return Outcome::Waiting { stage, missing: self.missing(item, stage) },
            (results, Reached::End(stage)) => (results, stage),
        };
        if let Some(settled) = self.settled(item) {
            let Decision { verdict, to, until, .. } = settled.says;
            return Self::decided(verdict, to, until, day);
        }
        let overall = aggregate(self.overall, &results.iter().map(|(_, result)| *result).collect::<Vec<_>>());
        if let Some(then) = self.silence_after(item, stage)
            && !matches!(overall, StageResult::Gone | StageResult::Less)
        {
            return match then {
                Then::Disable => {
                    Outcome::Decided { verdict: Verdict::Disable, to: None, until: None, by_silence: true }
                }
                Then::Revoke => Outcome::Decided { verdict: Verdict::Revoke, to: None, until: None, by_silence: true },
                Then::Except => Outcome::Open("needs-exception"),
                Then::Advance | Then::Open => Outcome::Open("unanswered"),
            };
        }
        if self.is_torn(item) {
            return Outcome::Open("contradictory");
        }
        let Some(verdict) = self.strongest(item, overall) else { return Outcome::Open("unanswered") };
        let given = || self.of(item).filter(|answer| answer.says.verdict == verdict);
        let spoken = given().find(|answer| verdict.needs_to() && answer.place == Place::OfTheSilent);
        let to = spoken.or_else(|| given().next()).and_then(|answer| answer.says.to);
        let until = given().filter_map(|answer| answer.says.until).min();
        Self::decided(verdict, to, until, day)
    }

    fn decided(verdict: Verdict, to: Option<Name>, until: Option<i64>, day: i64) -> Outcome {
        match verdict {
            Verdict::Abstain => Outcome::Open("abstained"),
            Verdict::Investigate => Outcome::Open("investigated"),
            _ if until.is_some_and(|until| until <= day) => Outcome::Open("expired"),
            _ => Outcome::Decided { verdict, to, until, by_silence: false },
        }
    }

    /// Returns the results of the completed stages of an item, and its progress.
    fn follow(&self, item: usize) -> (Vec<(u32, StageResult)>, Reached) {
        let mut results = Vec::new();
        let stages: BTreeSet<u32> =
            self.asked.iter().filter(|(own, ..)| *own == item).map(|(_, stage, _)| *stage).collect();
        for stage in &stages {
            let closed = *stage <= self.closed();
            if !closed && !self.missing(item, *stage).is_empty() {
                return (results, Reached::Here(*stage));
            }
            let mut said: Vec<StageResult> =
                self.here(item, *stage).map(|answer| result_of(answer.says.verdict)).collect();
            let spoken_for = self.here(item, *stage).any(|answer| answer.place == Place::OfTheSilent);
            let places = self.here(item, *stage).filter(|answer| answer.place != Place::OfTheSilent).count();
            said.extend((!spoken_for && places < self.asked_of(item, *stage).count()).then_some(StageResult::Nothing));
            let came_to = aggregate(self.stages[*stage as usize - 1].outcome, &said);
            results.push((*stage, came_to));
            if self.stops(*stage, came_to) || !self.is_asked_after(item, *stage) {
                return (results, Reached::End(*stage));
            }
            if !closed {
                return (results, Reached::Here(*stage));
            }
        }
        let last = stages.last().copied().unwrap_or(1);
        (results, Reached::End(last))
    }

    /// Returns whether an item reaches a stage: no earlier stage stopped it.
    fn asks(&self, item: usize, stage: u32) -> bool {
        let (results, reached) = self.follow(item);
        let (Reached::Here(at) | Reached::End(at)) = reached;
        self.asked_of(item, stage).next().is_some() && (at == stage || results.iter().any(|(own, _)| *own == stage))
    }

    fn is_asked_after(&self, item: usize, stage: u32) -> bool {
        self.asked.iter().any(|(own, at, _)| *own == item && *at > stage)
    }

    fn stops(&self, stage: u32, came_to: StageResult) -> bool {
        let Some(rules) = self.stages.get(stage as usize - 1).filter(|_| stage < self.last()) else { return true };
        match (rules.stop_on.is_empty(), rules.advance_on.is_empty()) {
            (_, false) => !rules.advance_on.contains(&came_to),
            (false, true) => rules.stop_on.contains(&came_to),
            (true, true) if rules.outcome == Strategy::OneAcceptAccepts => came_to == StageResult::Kept,
            (true, true) => matches!(came_to, StageResult::Gone | StageResult::Less),
        }
    }

    /// Returns the no-response outcome of a stage close, if there was no later response.
    fn silence_after(&self, item: usize, stage: u32) -> Option<Then> {
        let (silent, _) = self.closed.get(stage as usize - 1)?;
        silent.get(&item).copied().filter(|_| self.here(item, stage).next().is_none())
    }

    /// Returns whether the last stage that an item reached is closed and left it without an outcome.
    fn is_left_open(&self, item: usize, stage: u32) -> bool {
        let (_, Reached::End(at)) = self.follow(item) else { return false };
        // The end date is ignored: an expired decision was a decision.
        let undecided = ["abstained", "contradictory", "investigated", "needs-exception", "unanswered"];
        let settled = self.settled(item).map(|settled| result_of(settled.says.verdict));
        if at == stage
            && let Some(result) = settled
        {
            return result == StageResult::Unsure;
        }
        at == stage && matches!(self.outcome(item, i64::MIN), Outcome::Open(why) if undecided.contains(&why))
    }

    /// Returns whether the winning responses conflict, or those of the fallbacks who settled them.
    fn is_torn(&self, item: usize) -> bool {
        let (results, _) = self.follow(item);
        let overall = aggregate(self.overall, &results.iter().map(|(_, result)| *result).collect::<Vec<_>>());
        let Some(verdict) = self.strongest(item, overall).filter(|verdict| verdict.needs_to()) else { return false };
        let given = || self.of(item).filter(|answer| answer.says.verdict == verdict);
        let spoken = given().any(|answer| answer.place == Place::OfTheSilent);
        let speak = given().filter(|answer| !spoken || answer.place == Place::OfTheSilent);
        speak.map(|answer| answer.says.to).collect::<BTreeSet<_>>().len() > 1
    }

    fn strongest(&self, item: usize, wanted: StageResult) -> Option<Verdict> {
        let order = [
            Verdict::Revoke,
            Verdict::Replace,
            Verdict::Disable,
            Verdict::Reduce,
            Verdict::Rotate,
            Verdict::Except,
            Verdict::Transfer,
            Verdict::Certify,
            Verdict::Investigate,
            Verdict::Abstain,
        ];
        let given = |verdict: &Verdict| self.of(item).any(|answer| answer.says.verdict == *verdict);
        order.into_iter().filter(|verdict| result_of(*verdict) == wanted).find(given)
    }

    pub(super) fn missing(&self, item: usize, stage: u32) -> BTreeSet<Name> {
        let accepted = self.here(item, stage).any(|answer| result_of(answer.says.verdict) == StageResult::Kept);
        if accepted && self.stages[stage as usize - 1].outcome == Strategy::OneAcceptAccepts {
            return BTreeSet::new();
        }
        let spoken_for = self.here(item, stage).any(|answer| answer.place == Place::OfTheSilent);
        let of = |asked| match self.here(item, stage).find(|answer| answer.place == Place::Of(asked)) {
            None => (!spoken_for).then_some(asked),
            Some(answer) => answer.reassigns(),
        };
        self.asked_of(item, stage).filter_map(of).collect()
    }

    fn asked_of(&self, item: usize, stage: u32) -> impl Iterator<Item = Name> {
        self.asked.iter().filter(move |(own, at, _)| (*own, *at) == (item, stage)).map(|(.., asked)| *asked)
    }

    /// Returns the responses to an item in a stage that no other response supersedes.
    fn here(&self, item: usize, stage: u32) -> impl Iterator<Item = &Answer> {
        self.of(item).filter(move |answer| answer.says.stage == stage && answer.place != Place::OfTheUndecided)
    }

    /// Returns the decision of a fallback on an item that the stages left undecided.
    pub(super) fn settled(&self, item: usize) -> Option<&Answer> {
        self.of(item).find(|answer| answer.place == Place::OfTheUndecided)
    }

    fn of(&self, item: usize) -> impl Iterator<Item = &Answer> {
        self.answers.iter().filter(move |answer| !answer.replaced && answer.says.item == item)
    }

    fn closed(&self) -> u32 {
        self.closed.len() as u32
    }

    pub(super) fn last(&self) -> u32 {
        self.stages.len() as u32
    }

    /// Returns the day of the latest stage close.
    fn day(&self) -> i64 {
        self.closed.last().map_or(0, |(_, day)| *day)
    }
}

impl Answer {
    fn reassigns(&self) -> Option<Name> {
        self.says.to.filter(|_| self.says.verdict == Verdict::Abstain)
    }
}
