//! Verifies delegations and stage closes. Unanswered items and their outcomes are recomputed, never taken from the
//! file.

use crate::trust::error::TrustError;
use crate::trust::error::stage::StageError;
use crate::trust::verify::item_digest::names;
use crate::trust::verify::open_campaign::{OpenCampaign, bound_to};
use crate::trust::verify::verifier::{Verifier, VerifyOutcome, check_place};
use crate::{
    format::sshsig::SignatureNamespace,
    git::ObjectId,
    model::{
        ItemId, PrincipalId,
        file::{Delegation, KeyState, NoResponseItem, NoResponseOutcome, StageClose, UnlistedItems},
    },
    store::Unverified,
};
use std::collections::BTreeSet;

impl Verifier<'_> {
    /// Verifies a delegation: signed by the delegator, to another principal with a key, for a period within the
    /// campaign.
    pub(in crate::trust) fn delegation(
        &self,
        file: Unverified<Delegation>,
        opening: Option<&OpenCampaign>,
    ) -> Result<VerifyOutcome<Delegation>, TrustError> {
        let delegation = file.value();
        self.check_repo(&delegation.repo)?;
        check_place(file.path(), &format!("delegations/{}.toml", delegation.id))?;
        let opening = bound_to(delegation.campaign.as_str(), delegation.digest, opening)?;
        let to = delegation.to.to_string();
        let unfit = |why| Err(StageError::Delegation { to: to.clone(), why }.into());
        if delegation.from == delegation.to {
            return unfit("names the delegator as delegate");
        }
        if !self.can_sign(&delegation.to) {
            return unfit("names a delegate without an active key in the registry");
        }
        if !self.kinship.is_active_until(&delegation.to, delegation.until) {
            return unfit("names a delegate who has left or leaves before it ends");
        }
        if !opening.reviewers.contains(&delegation.from) {
            return unfit("is by a principal without items in this campaign");
        }
        if delegation.until > opening.campaign.closes_at {
            return unfit("ends after the campaign");
        }
        if delegation.until <= opening.last_stage_closed_at() {
            return unfit("ends before it begins");
        }
        let signers = self.signers(SignatureNamespace::Delegation, &file, &[delegation.from.as_str()])?;
        if signers.is_empty() {
            return Ok(VerifyOutcome::Pending(TrustError::Threshold { needed: 1, found: 0, tier: None }));
        }
        Ok(VerifyOutcome::Accepted(self.verified(file, signers)))
    }

    /// Verifies a stage close: signed by a campaign owner, in order, computed at a commit of main, with exact content.
    /// Responses merged before it count: a response to an item listed as unanswered makes the close stale.
    pub(in crate::trust) fn stage_close(
        &self,
        file: Unverified<StageClose>,
        opening: Option<&OpenCampaign>,
        passed: impl FnOnce(ObjectId) -> bool,
    ) -> Result<VerifyOutcome<StageClose>, TrustError> {
        let close = file.value();
        self.check_repo(&close.repo)?;
        check_place(file.path(), &format!("campaigns/{}/stages/{}.toml", close.campaign, close.stage))?;
        let opening = bound_to(close.campaign.as_str(), close.digest, opening)?;
        let stages = opening.campaign.definition.stage_count();
        if close.stage == 0 || close.stage > stages {
            return Err(StageError::Unknown { found: close.stage, stages }.into());
        }
        let expected = opening.closed() + 1;
        if close.stage != expected {
            return Err(StageError::Order { found: close.stage, expected }.into());
        }
        let group = &self.trust.mandate().file().campaign_owner_group;
        let signers = self.group_signers(SignatureNamespace::StageClose, &file, group)?;
        if !ObjectId::parse(&close.base).is_ok_and(passed) {
            return Err(StageError::Place(close.base.clone()).into());
        }
        if close.closed_at < opening.last_stage_closed_at() {
            let message = format!(
                "`closed_at` is {}, before the previous close at {}",
                close.closed_at,
                opening.last_stage_closed_at()
            );
            return Err(StageError::Wrong(message).into());
        }
        check_window(close, opening)?;
        let expanded = expanded(close, opening)?;
        check_silent(&expanded, opening)?;
        if signers.is_empty() {
            return Ok(VerifyOutcome::Pending(TrustError::Threshold { needed: 1, found: 0, tier: None }));
        }
        Ok(VerifyOutcome::Accepted(self.verified(file, signers).map(|_| expanded)))
    }

    /// Returns whether a principal has an active key.
    pub(in crate::trust) fn can_sign(&self, who: &PrincipalId) -> bool {
        self.trust.registry().keys_of(who.as_str()).any(|(_, state)| state == KeyState::Active)
    }
}

/// A stage is closed before its window ended only when all responses are there.
fn check_window(close: &StageClose, opening: &OpenCampaign) -> Result<(), TrustError> {
    let (_, ends) = opening.stage_window(close.stage);
    if close.closed_at >= ends {
        return Ok(());
    }
    let reached = opening.items.ids().filter(|item| opening.course(item).reached(close.stage));
    let waiting: BTreeSet<String> =
        reached.flat_map(|item| opening.missing(item, close.stage)).map(|who| who.to_string()).collect();
    if waiting.is_empty() {
        return Ok(());
    }
    let waiting = waiting.into_iter().collect::<Vec<_>>().join(", ");
    Err(StageError::Early {
        stage: close.stage,
        closed_at: close.closed_at.to_string(),
        ends: ends.to_string(),
        waiting,
    }
    .into())
}

/// Returns the close with the unanswered items that it does not list. Their outcomes follow from the definition, and
/// their number and digest are signed.
fn expanded(close: &StageClose, opening: &OpenCampaign) -> Result<StageClose, TrustError> {
    let Some(signed) = close.unlisted else { return Ok(close.clone()) };
    let is_listed = |item: &ItemId| close.no_response.binary_search_by(|listed| listed.item.cmp(item)).is_ok();
    let silent = opening.answered_in(close.stage).1.into_iter().filter(|item| !is_listed(item));
    let unlisted: Vec<(&ItemId, NoResponseOutcome)> =
        silent.map(|item| (item, opening.unlisted_outcome(item, close.stage))).collect();
    let found = UnlistedItems::of(unlisted.iter().copied());
    if found != signed {
        let message = format!(
            "the close omits {} unanswered items with the digest {}, but there are {} with the digest {}",
            signed.items, signed.digest, found.items, found.digest
        );
        return Err(StageError::Wrong(message).into());
    }
    let mut all = close.clone();
    all.no_response.extend(unlisted.into_iter().map(|(item, outcome)| NoResponseItem {
        item: *item,
        outcome,
        principal: String::new(),
        entitlement: String::new(),
    }));
    all.no_response.sort_by_key(|silent| silent.item);
    Ok(all)
}

/// Checks the list of unanswered items, their outcomes, and the number of removals.
fn check_silent(close: &StageClose, opening: &OpenCampaign) -> Result<(), TrustError> {
    let mut listed = close.no_response.iter().peekable();
    let (mut answered, mut disabled) = (0, 0);
    for item in opening.items.ids() {
        let here = listed.next_if(|silent| silent.item == *item);
        let tally = opening.tally(item, close.stage);
        let assigned = tally.assigned > 0 && opening.course(item).reached(close.stage);
        match here {
            Some(silent) if !assigned => {
                let message =
                    format!("item {} is listed as unanswered, but was not open in stage {}", silent.item, close.stage);
                return Err(StageError::Wrong(message).into());
            }
            Some(silent) if !tally.is_unanswered() => {
                let by = opening.bound(item).iter().find(|bound| bound.stage == close.stage);
                let path = by.map(|bound| bound.path.to_string()).unwrap_or_default();
                return Err(StageError::Stale { item: silent.item.to_string(), path }.into());
            }
            Some(silent) => {
                let is_listed = !silent.principal.is_empty() || close.unlisted.is_none();
                check_display_text(silent, is_listed, close.stage, opening)?;
                disabled += u32::from(silent.outcome.removal().is_some());
            }
            None if assigned && tally.is_unanswered() => {
                return Err(StageError::Wrong(format!("item {item} has no response but is not listed")).into());
            }
            None => answered += u64::from(assigned),
        }
    }
    if let Some(other) = listed.next() {
        let message = format!("item {} is listed twice, out of order, or not part of this campaign", other.item);
        return Err(StageError::Wrong(message).into());
    }
    if answered != close.answered {
        let message = format!("the stage close states {} answered items, but {answered} were answered", close.answered);
        return Err(StageError::Wrong(message).into());
    }
    let cap = opening.campaign.definition.max_no_response_removals();
    if disabled > cap {
        return Err(StageError::NoResponseLimit { found: disabled, cap }.into());
    }
    Ok(())
}

/// Checks the display names of an unanswered item, and its outcome.
fn check_display_text(
    silent: &NoResponseItem,
    is_listed: bool,
    stage: u32,
    opening: &OpenCampaign,
) -> Result<(), TrustError> {
    let Some(put) = opening.items.get(&silent.item) else {
        return Err(TrustError::ItemNotInCampaign(silent.item.to_string()));
    };
    if is_listed && put.names != names(&silent.principal, &silent.entitlement) {
        return Err(TrustError::ItemAltered(silent.item.to_string()));
    }
    let allowed = opening.no_response_outcomes(&silent.item, stage);
    if allowed.contains(&silent.outcome) {
        return Ok(());
    }
    let allowed: Vec<_> = allowed.iter().map(|then| then.as_str()).collect();
    let (item, then, allowed) = (&silent.item, silent.outcome.as_str(), allowed.join(" or "));
    Err(StageError::Wrong(format!("item {item}: the definition sets the no-response outcome {allowed}, not {then}"))
        .into())
}
