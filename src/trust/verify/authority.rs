//! Authority to decide an item in a stage, and attribution of decisions to reviewers.
//!
//! A principal may decide if a worklist of the stage, as published at opening, assigns the item to them; if an assigned
//! reviewer delegated to them (one hop: delegated or reassigned items cannot be delegated again); if an assigned
//! reviewer proposed them when reassigning the item (once); or as a fallback of the definition, for reviewers who did
//! not respond or did not decide, and for items that the stages left undecided. Each slot is answered by one decision, each person answers for one slot, and a
//! decision in an answered slot names the previous decision in `supersedes`.

use crate::model::{
    PrincipalId, ReviewResult, SystemId,
    file::{Delegation, Item},
};
use crate::trust::error::TrustError;
use crate::trust::error::stage::StageError;
use crate::trust::verified::Verified;
use crate::trust::verify::open_campaign::{EffectiveDecision, OpenCampaign, VotingSlot};

/// A principal who decides an item.
#[derive(Clone, Copy)]
pub(in crate::trust) struct DecidingPrincipal<'a> {
    pub(in crate::trust) reviewer: &'a PrincipalId,
    pub(in crate::trust) system: &'a SystemId,
    pub(in crate::trust) stage: u32,
    pub(in crate::trust) item: &'a Item,
}

/// The basis of a principal's authority to decide.
struct AuthorityBasis {
    /// The slots that are assigned to the principal.
    own: Option<u32>,
    /// The reviewers who delegated to the principal, sorted by name.
    delegated: Vec<u32>,
    fallback: bool,
}

impl AuthorityBasis {
    /// Returns whether the principal may replace the decision `bound`. Principals may replace their own decisions; a
    /// fallback may decide what others left undecided.
    fn may_replace(&self, reviewer: &PrincipalId, bound: &EffectiveDecision) -> bool {
        let undecided =
            bound.slot == VotingSlot::Fallback || ReviewResult::of(Some(bound.verdict)) == ReviewResult::NotDecided;
        let assigned = match bound.slot {
            VotingSlot::Assigned(index) => self.own == Some(index) || self.delegated.contains(&index),
            VotingSlot::Fallback | VotingSlot::Settlement => false,
        };
        let proposed = bound.reassigns() && bound.to.as_deref() == Some(reviewer.as_str());
        assigned || proposed || bound.by == *reviewer || (self.fallback && undecided)
    }
}

impl OpenCampaign {
    /// Returns the reviewer to whom the decision is attributed.
    ///
    /// # Errors
    /// In this order: the principal is not assigned and represents no assigned reviewer; the stage is closed, or the
    /// item has not reached it; a decision in force is not named in `supersedes`, or a different one is; the principal
    /// would answer for two slots.
    pub(in crate::trust) fn authorize(
        &self,
        claim: DecidingPrincipal<'_>,
        delegations: &[Verified<Delegation>],
    ) -> Result<VotingSlot, TrustError> {
        let DecidingPrincipal { reviewer, stage, item, .. } = claim;
        let stages = self.campaign.definition.stage_count();
        if stage == 0 || stage > stages {
            return Err(StageError::Unknown { found: stage, stages }.into());
        }
        let rights = self.authority_basis(claim, delegations);
        let bound: Vec<&EffectiveDecision> = self.bound(&item.id).iter().filter(|bound| bound.stage == stage).collect();
        let some_right = rights.own.is_some()
            || !rights.delegated.is_empty()
            || rights.fallback
            || bound.iter().any(|bound| rights.may_replace(reviewer, bound));
        if !some_right {
            return Err(self.foreign(claim));
        }
        if self.check_time(claim, rights.fallback)? {
            return self.check_settlement(claim);
        }
        let slot = match &item.supersedes {
            Some(names) => self.replaced(claim, &rights, &bound, names)?,
            None => self.vacant_slot(claim, &rights, &bound)?,
        };
        match bound.iter().find(|bound| bound.slot != slot && self.kinship.is_same_person(&bound.by, reviewer)) {
            Some(other) => Err(StageError::DuplicateResponse {
                item: item.id.to_string(),
                reviewer: reviewer.to_string(),
                stage,
                path: other.path.to_string(),
            }
            .into()),
            None => Ok(slot),
        }
    }

    fn authority_basis(&self, claim: DecidingPrincipal<'_>, delegations: &[Verified<Delegation>]) -> AuthorityBasis {
        let DecidingPrincipal { reviewer, stage, item, .. } = claim;
        let own = self.assigned_in(&item.id, stage).find(|(_, assigned)| *assigned == reviewer).map(|(index, _)| index);
        let mut delegated: Vec<(u32, &PrincipalId)> = match own {
            Some(_) => Vec::new(),
            None => self
                .assigned_in(&item.id, stage)
                .filter(|(_, assigned)| self.is_delegate(claim, assigned, delegations))
                .collect(),
        };
        delegated.sort_by_key(|(_, assigned)| *assigned);
        let fallback = self.campaign.definition.is_fallback(reviewer);
        AuthorityBasis { own, delegated: delegated.into_iter().map(|(index, _)| index).collect(), fallback }
    }

    /// Returns whether `from` delegated to the principal, for this system and at this time.
    pub(in crate::trust) fn is_delegate(
        &self,
        claim: DecidingPrincipal<'_>,
        from: &PrincipalId,
        delegations: &[Verified<Delegation>],
    ) -> bool {
        delegations.iter().any(|delegation| {
            delegation.to == *claim.reviewer
                && delegation.from == *from
                && delegation.value().digest == self.campaign.digest()
                && (delegation.systems.is_empty() || delegation.systems.contains(claim.system))
                && delegation.until > self.last_stage_closed_at()
                && delegation.until <= self.campaign.closes_at
        })
    }

    /// Returns whether the principal may decide although the stage is closed: a fallback, for an item that would
    /// otherwise stay open forever.
    fn check_time(&self, claim: DecidingPrincipal<'_>, fallback: bool) -> Result<bool, TrustError> {
        let DecidingPrincipal { stage, item, .. } = claim;
        let closed = self.closed();
        if stage <= closed {
            if fallback && self.is_unsettled(&item.id, stage) {
                return Ok(true);
            }
            let close = usize::try_from(stage).ok().and_then(|stage| self.closes.get(stage - 1));
            let close = close.map(|close| close.path().to_owned()).unwrap_or_default();
            return Err(StageError::Late { item: item.id.to_string(), stage, close }.into());
        }
        let not_open = |why| Err(StageError::NotOpen { item: item.id.to_string(), stage, why }.into());
        if stage > closed + 1 {
            return not_open(format!("stage {} is not closed", closed + 1));
        }
        let course = self.course(&item.id);
        if course.reached(stage) {
            return Ok(false);
        }
        match course.results.last() {
            Some((last, result)) => not_open(format!("the result of stage {last} is {result}, which ends the item")),
            None => not_open("the item was assigned to no reviewer in it".to_owned()),
        }
    }

    /// Returns the slot of the replaced decision.
    fn replaced(
        &self,
        claim: DecidingPrincipal<'_>,
        rights: &AuthorityBasis,
        bound: &[&EffectiveDecision],
        names: &str,
    ) -> Result<VotingSlot, TrustError> {
        match bound.iter().find(|bound| bound.reference() == names) {
            Some(before) if rights.may_replace(claim.reviewer, before) => Ok(before.slot),
            Some(_) => Err(self.foreign(claim)),
            None => Err(stale(claim, names, bound.iter().map(|bound| bound.reference()).collect())),
        }
    }

    /// Checks the decision of a fallback on an item that the stages left undecided. It replaces their result, so it
    /// supersedes only an earlier decision of this kind, by which a fallback abstained or investigates.
    fn check_settlement(&self, claim: DecidingPrincipal<'_>) -> Result<VotingSlot, TrustError> {
        let before = self.settlement(&claim.item.id);
        match (before, claim.item.supersedes.as_deref()) {
            (None, None) => Ok(VotingSlot::Settlement),
            (Some(before), Some(names)) if before.reference() == names => Ok(VotingSlot::Settlement),
            (Some(before), None) => {
                let (item, by) = (claim.item.id.to_string(), before.path.to_string());
                Err(TrustError::DuplicateDecision { item, by })
            }
            (_, Some(names)) => {
                Err(stale(claim, names, before.map(EffectiveDecision::reference).into_iter().collect()))
            }
        }
    }

    /// Returns the slot of a decision that replaces none.
    fn vacant_slot(
        &self,
        claim: DecidingPrincipal<'_>,
        rights: &AuthorityBasis,
        bound: &[&EffectiveDecision],
    ) -> Result<VotingSlot, TrustError> {
        let item = claim.item.id.to_string();
        let at = |slot: VotingSlot| bound.iter().find(|bound| bound.slot == slot);
        let free = |index: &&u32| at(VotingSlot::Assigned(**index)).is_none();
        let own = rights.own.or_else(|| rights.delegated.iter().find(free).or(rights.delegated.first()).copied());
        let slot = match own {
            Some(index) => VotingSlot::Assigned(index),
            None if rights.fallback => VotingSlot::Fallback,
            // A reassigned reviewer names the reassigning decision in `supersedes`.
            None => match bound.iter().find(|bound| rights.may_replace(claim.reviewer, bound)) {
                Some(before) => before.slot,
                None => return Err(self.foreign(claim)),
            },
        };
        if let Some(before) = at(slot) {
            return Err(TrustError::DuplicateDecision { item, by: before.path.to_string() });
        }
        let silent =
            self.assigned_in(&claim.item.id, claim.stage).any(|(index, _)| at(VotingSlot::Assigned(index)).is_none());
        // A fallback decides for reviewers who did not respond. In other cases it may only replace a decision.
        if slot == VotingSlot::Fallback && !silent {
            return Err(self.foreign(claim));
        }
        Ok(slot)
    }

    fn foreign(&self, claim: DecidingPrincipal<'_>) -> TrustError {
        let DecidingPrincipal { reviewer, stage, item, .. } = claim;
        let mut assigned: Vec<&str> =
            self.assigned_in(&item.id, stage).map(|(_, assigned)| assigned.as_str()).collect();
        assigned.sort_unstable();
        let assigned = if assigned.is_empty() { "no reviewer".to_owned() } else { assigned.join(", ") };
        StageError::Foreign { item: item.id.to_string(), reviewer: reviewer.to_string(), stage, assigned }.into()
    }
}

/// Returns the rejection of a decision that supersedes none of the decisions in force.
fn stale(claim: DecidingPrincipal<'_>, names: &str, in_force: Vec<String>) -> TrustError {
    let in_force = if in_force.is_empty() { "no decision".to_owned() } else { in_force.join(" and ") };
    TrustError::StaleSupersedes { item: claim.item.id.to_string(), names: names.to_owned(), in_force }
}
