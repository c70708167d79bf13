//! Progress of an item, for display: its state, the reason, and the next command.

use super::{
    ItemState, ItemStatus, Resolution, StatusInputs, WorklistFile, exceptions::ExceptionStatus,
    resolution_summary::ReopenReason, status::AssignedItem,
};
use crate::model::{
    ActionId, PrincipalId, Tier, Verdict, VerificationLevel,
    file::{Item, Remediation},
    history::ActionHistory,
    record::{OutcomeKind, VerificationKind, VerificationRecorded},
};

impl StatusInputs<'_> {
    pub(super) fn undecided(&self, stubs: &[AssignedItem<'_>]) -> Option<ItemStatus> {
        let item = stubs.first()?.1;
        let waiting = self.resolved.waiting.get(&item.id);
        let ended = self.resolved.ended.get(&item.id).copied();
        let stage = waiting.map(|waiting| waiting.stage).or(ended).unwrap_or(self.resolved.closed);
        let missing = waiting.map(|waiting| waiting.missing.clone()).unwrap_or_default();
        let here = || stubs.iter().filter(|(sheet, _)| sheet.review.stage() == stage);
        let owing = here().find(|(sheet, _)| missing.contains(&sheet.review.reviewer));
        let (sheet, item) = *owing.or_else(|| here().next()).or(stubs.last())?;
        let reviewer = missing.first().unwrap_or(&sheet.review.reviewer);
        let many = self.campaign.definition.stage_count() > 1;
        let prefix = if many && waiting.is_some() { format!("stage {stage}: ") } else { String::new() };
        let names = || missing.iter().map(PrincipalId::as_str).collect::<Vec<_>>().join(", ");
        let why = match self.resolved.open.get(&item.id) {
            None if waiting.is_some() && missing.is_empty() => format!("waiting for the close of stage {stage}"),
            None if missing.len() < here().count() => format!("{prefix}waiting for {}", names()),
            None => format!("{prefix}no decision yet"),
            Some(ReopenReason::Abstained(None)) => "abstained; needs another reviewer".to_owned(),
            Some(ReopenReason::Abstained(Some(to))) => format!("reassigned to {to}"),
            Some(ReopenReason::Contradictory) => "conflicting decisions".to_owned(),
            Some(ReopenReason::Expired(until)) => format!("the decision expired on {until}"),
            Some(ReopenReason::Investigated) => "under investigation".to_owned(),
            Some(ReopenReason::NeedsException) => "no response; needs an exception".to_owned(),
            Some(ReopenReason::Unanswered) => "responses were missing when the stage was closed".to_owned(),
        };
        let (next, must_act) = self.next_step(item, sheet, reviewer, &missing, stage);
        let (state, why, next) = match self.exception(item) {
            Some(exception) => (ItemState::Excepted, exception.until_words(), String::new()),
            None if (self.is_unreviewable)(&item.id) => {
                (ItemState::NotReviewed, "no second person".to_owned(), String::new())
            }
            None => (ItemState::Undecided, why, next),
        };
        let mut line = self.line(sheet, item, None, state, why, next);
        line.reviewer.clone_from(reviewer);
        line.stage = waiting.map(|waiting| waiting.stage).filter(|_| state != ItemState::NotReviewed);
        line.missing = missing;
        line.must_act = if state == ItemState::Undecided { must_act } else { Vec::new() };
        Some(line)
    }

    /// Returns the next step for an undecided item, and the principals who can take it; none if a campaign owner must
    /// close the stage, or an exception is needed.
    fn next_step(
        &self,
        item: &Item,
        sheet: &WorklistFile,
        reviewer: &PrincipalId,
        missing: &[PrincipalId],
        stage: u32,
    ) -> (String, Vec<PrincipalId>) {
        let id = &self.campaign.id;
        let settlers = (self.settlers)(&item.id);
        let or = settlers.iter().map(PrincipalId::as_str).collect::<Vec<_>>().join(" or ");
        let close = format!("tenure campaign close-stage {id}");
        let again = format!("{reviewer} decides in a new review file: `tenure review {id}`");
        let open = self.resolved.open.get(&item.id);
        if self.resolved.waiting.contains_key(&item.id) {
            if missing.is_empty() {
                return (close, Vec::new());
            }
            let pending = self.unsigned.get(&sheet.path).filter(|names| !names.is_empty());
            if let Some(names) = pending.filter(|_| *reviewer == sheet.review.reviewer) {
                let all = names.iter().map(PrincipalId::as_str).collect::<Vec<_>>().join(" or ");
                return (format!("{all} cosigns: `tenure sign {}`", sheet.path), names.clone());
            }
            let stub = *reviewer == sheet.review.reviewer && !self.resolved.signed.contains(&sheet.path);
            let next = match open {
                None if stub => format!("{reviewer} decides in {}, then `tenure sign {}`", sheet.path, sheet.path),
                _ => again,
            };
            let (mut who, left): (Vec<_>, Vec<_>) = missing.iter().cloned().partition(|one| (self.is_here)(one));
            let is_early = self.stage_ends.is_none_or(|ends| self.now < ends);
            if who.is_empty() && settlers.is_empty() {
                return (format!("`{close}` when its window has ended"), Vec::new());
            }
            if who.is_empty() {
                let left = left.iter().map(PrincipalId::as_str).collect::<Vec<_>>().join(", ");
                return (format!("{left} left; a fallback decides, {or}: `tenure review {id}`"), settlers);
            }
            if (is_early && left.is_empty()) || settlers.is_empty() {
                return (next, who);
            }
            who.extend(settlers);
            who.dedup();
            return (format!("{next}; or a fallback decides, {or}: `tenure review {id}`"), who);
        }
        let fallback = format!("a fallback decides, {or}: `tenure review {id}`");
        let exception = format!("`tenure exception new {} …`", item.id);
        match open {
            // A decision of the stages is final once they are closed, also if it has expired.
            Some(ReopenReason::Expired(_)) if stage <= self.resolved.closed => (exception, Vec::new()),
            Some(ReopenReason::Investigated | ReopenReason::Expired(_)) if stage > self.resolved.closed => {
                (format!("{again}; or `{close}`, then {fallback}"), vec![reviewer.clone()])
            }
            Some(ReopenReason::Abstained(_)) if stage > self.resolved.closed && !settlers.is_empty() => {
                (fallback, settlers)
            }
            _ if stage > self.resolved.closed => (format!("`{close}`, then {fallback}"), Vec::new()),
            _ if settlers.is_empty() => (exception, Vec::new()),
            Some(ReopenReason::NeedsException) => (format!("{exception}; or {fallback}"), settlers),
            _ => (fallback, settlers),
        }
    }

    pub(super) fn decided(&self, sheet: &WorklistFile, item: &Item, resolution: &Resolution) -> ItemStatus {
        let verdict = resolution.verdict;
        let (state, why, next) = match verdict {
            Verdict::Certify | Verdict::Transfer => (ItemState::Kept, String::new(), String::new()),
            Verdict::Except => {
                let (why, next) = self.unexcepted(item);
                (ItemState::Decided, why, next)
            }
            _ => self.change(resolution),
        };
        let (state, why, next) = match self.exception(item) {
            Some(exception) if !state.is_done() => {
                (ItemState::Excepted, format!("until {}", exception.until), String::new())
            }
            _ => (state, why, next),
        };
        let mut line = self.line(sheet, item, Some(verdict), state, why, next);
        line.path.clone_from(&resolution.basis.path);
        line.decided = Some(resolution.basis.decided);
        line.late = self.late.contains(&resolution.basis.path);
        line
    }

    /// Returns the progress of the decided change.
    fn change(&self, resolution: &Resolution) -> (ItemState, String, String) {
        let Resolution { item, grant, verdict, system, .. } = resolution;
        let action = ActionId::of(&self.campaign.repo, item, grant, verdict.as_str());
        let Some(history) = self.history.action(&action) else {
            return (
                ItemState::Decided,
                "not yet enforced by any run".to_owned(),
                "review `tenure plan`, then run `tenure enforce`".to_owned(),
            );
        };
        let again = |command: &str| format!("{command} ({action})");
        let newer = match (history.verified_at, history.outcome_at) {
            (Some((seen, _)), Some((done, _))) => seen > done,
            (Some(_), None) => true,
            (None, _) => false,
        };
        // For a change that was never made, the reason is more useful than "still present".
        let undone = history.outcome.as_ref().is_some_and(|outcome| {
            matches!(outcome.result, OutcomeKind::Drifted | OutcomeKind::Failed | OutcomeKind::Manual)
        });
        let tells = |seen: &&VerificationRecorded| newer && !(undone && seen.result == VerificationKind::StillPresent);
        if let Some(seen) = history.verification.as_ref().filter(tells) {
            let (state, why) = match seen.result {
                VerificationKind::Confirmed => self.confirmed(resolution, history),
                VerificationKind::Kept => (ItemState::KeptElsewhere, seen.paths.join(", ")),
                VerificationKind::Pending => (ItemState::Manual, seen.probe.clone()),
                VerificationKind::Lingering => (ItemState::Lingering, format!("{} continues", seen.paths.join(", "))),
                VerificationKind::StillPresent => (ItemState::StillPresent, format!("by {}", seen.paths.join(", "))),
                VerificationKind::Unknown if history.is_attested => {
                    (ItemState::Confirmed, "attested by two people at V2, because reads could not verify it".to_owned())
                }
                VerificationKind::Unknown if !seen.paths.is_empty() => (ItemState::Unknown, seen.paths.join(", ")),
                VerificationKind::Unknown => (ItemState::Unknown, seen.probe.clone()),
            };
            let next = match state {
                ItemState::Confirmed | ItemState::KeptElsewhere => String::new(),
                ItemState::Manual => format!("make the change, then run `tenure attest {action}`"),
                ItemState::Unknown if history.is_attestable() => format!(
                    "`tenure verify {system}`; if it cannot be verified, two people attest it: `tenure attest {action}`"
                ),
                ItemState::StillPresent => again(&format!("remove that path, then run `tenure verify {system}`")),
                _ => again(&format!("`tenure verify {system}`")),
            };
            return (state, why, next);
        }
        let text = history.outcome.as_ref().map(|outcome| outcome.text.clone()).unwrap_or_default();
        match history.outcome.as_ref().map(|outcome| outcome.result) {
            None => (ItemState::Intended, "the run recorded no outcome".to_owned(), again("`tenure enforce`")),
            Some(OutcomeKind::Already | OutcomeKind::Applied) => (
                ItemState::Applied,
                "not confirmed by a read of the target".to_owned(),
                again(&format!("`tenure verify {system}`")),
            ),
            Some(OutcomeKind::Drifted) => {
                (ItemState::Drifted, text, "review it again in the next campaign, or decide again".to_owned())
            }
            Some(OutcomeKind::Failed) => {
                (ItemState::Failed, text, again("correct the cause, then run `tenure enforce`"))
            }
            Some(OutcomeKind::Manual) => {
                (ItemState::Manual, text, format!("make the change, then run `tenure attest {action}`"))
            }
            Some(OutcomeKind::Unknown) => (ItemState::Unknown, text, again("`tenure enforce`")),
        }
    }

    fn confirmed(&self, resolution: &Resolution, history: &ActionHistory) -> (ItemState, String) {
        let by_hand = self.systems.get(&resolution.system).is_some_and(|s| s.remediation == Remediation::Manual);
        let needed = match resolution.tier {
            _ if by_hand => VerificationLevel::V2,
            Tier::T0 | Tier::T1 => VerificationLevel::V4,
            Tier::T2 | Tier::T3 => VerificationLevel::V3,
        };
        let left = history.verification.iter().flat_map(|seen| &seen.left).map(String::as_str).collect::<Vec<_>>();
        let left =
            if left.is_empty() { String::new() } else { format!("; left, of a lower tier: {}", left.join(", ")) };
        match history.confirmed {
            Some(level) if level >= needed => (ItemState::Confirmed, format!("at {level}{left}")),
            Some(level) => (ItemState::Applied, format!("confirmed at {level}; {} needs {needed}", resolution.tier)),
            None => (ItemState::Applied, "not confirmed by a read of the target".to_owned()),
        }
    }

    fn exception(&self, item: &Item) -> Option<&ExceptionStatus> {
        self.exceptions.iter().find(|one| one.covers(&item.id, item.grant_digest))
    }

    /// Returns the next step for an item whose exception is not in force or does not exist.
    fn unexcepted(&self, item: &Item) -> (String, String) {
        let own = |one: &&ExceptionStatus| one.item == item.id && one.lower_tier_to.is_none();
        match self.exceptions.iter().rfind(own) {
            Some(one) if one.grant_digest == item.grant_digest => {
                (format!("its exception {} is {}", one.path, one.validity), "tenure exception list".to_owned())
            }
            _ => {
                let next = format!("`tenure exception new {} …`, then `tenure sign` it", item.id);
                ("no signed exception exists".to_owned(), next)
            }
        }
    }

    fn line(
        &self,
        sheet: &WorklistFile,
        item: &Item,
        verdict: Option<Verdict>,
        state: ItemState,
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
            late: false,
            stage: None,
            missing: Vec::new(),
            must_act: Vec::new(),
            state,
            why,
            next,
        }
    }
}
