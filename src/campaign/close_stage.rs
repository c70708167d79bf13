//! Closes a stage after its window ended or all reviewers responded, with the exact list of unanswered items.

use super::WorklistFile;
use crate::{
    format::{codec, limits::MAX_FILE},
    model::{
        ItemId, PrincipalId, Tier, Timestamp, Verdict,
        file::{Campaign, FileKind, Item, NoResponseItem, NoResponseOutcome, StageClose, UnlistedItems},
    },
    trust::OpenCampaign,
};
use std::collections::{BTreeMap, BTreeSet};

/// The inputs of a stage close.
pub struct StageCloseInputs<'a> {
    /// The campaign with all responses so far.
    pub opening: &'a OpenCampaign,
    /// The worklists as published at opening.
    pub sheets: &'a [WorklistFile],
    /// A function that returns whether the access of an item has certainly been unused for the required time.
    pub unused: &'a dyn Fn(&ItemId) -> bool,
    /// A function that returns whether the connector can carry out a verdict on the access of an item.
    pub can: &'a dyn Fn(&ItemId, Verdict) -> bool,
    /// The commit of main at which responses are counted.
    pub base: String,
    /// The time of the close.
    pub now: Timestamp,
}

/// The reason why a stage cannot be closed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StageCloseError {
    /// All stages are closed.
    #[error("all {0} stages are closed already")]
    Done(u32),
    /// The window has not ended, and responses are missing.
    #[error("stage {stage} is open until {ends}, and {} for {waits}", waiting(*.items))]
    Early {
        /// The stage.
        stage: u32,
        /// The end of its window.
        ends: Timestamp,
        /// The number of open items.
        items: u64,
        /// The reviewers who have not responded.
        waits: String,
    },
    /// The close lists more removals than a file can contain.
    #[error("closing stage {stage} would list {items} removals, more than one file can contain")]
    TooLarge {
        /// The stage.
        stage: u32,
        /// The number of removals.
        items: usize,
    },
    /// The close would remove more unanswered items than the definition allows.
    #[error("closing stage {stage} would remove {found} unanswered items; the definition allows {cap}")]
    TooMuch {
        /// The stage.
        stage: u32,
        /// The number of removals.
        found: usize,
        /// The permitted number.
        cap: u32,
    },
}

/// Returns the current stage with the start and end of its window; `None` if all stages are closed.
pub fn current_stage(opening: &OpenCampaign) -> Option<(u32, Timestamp, Timestamp)> {
    let campaign = opening.campaign().value();
    let stage = opening.closed() + 1;
    if stage > campaign.definition.stage_count() {
        return None;
    }
    let (begins, ends) = opening.stage_window(stage);
    Some((stage, begins, ends))
}

/// Returns the open items of a stage by the reviewers who have not responded.
pub fn missing(opening: &OpenCampaign, stage: u32) -> BTreeMap<PrincipalId, BTreeSet<ItemId>> {
    let mut missing: BTreeMap<PrincipalId, BTreeSet<ItemId>> = BTreeMap::new();
    for item in opening.items().filter(|item| opening.course(item).reached(stage)) {
        for reviewer in opening.missing(item, stage) {
            missing.entry(reviewer).or_default().insert(*item);
        }
    }
    missing
}

/// Returns the file that closes the current stage.
///
/// # Errors
/// When it is too early, all stages are closed, or the limit of removals is exceeded.
pub fn close_stage(closing: &StageCloseInputs<'_>) -> Result<StageClose, StageCloseError> {
    let opening = closing.opening;
    let campaign: &Campaign = opening.campaign().value();
    let Some((stage, _, ends)) = current_stage(opening) else {
        return Err(StageCloseError::Done(campaign.definition.stage_count()));
    };
    let missing = missing(opening, stage);
    if closing.now < ends && !missing.is_empty() {
        let items: BTreeSet<&ItemId> = missing.values().flatten().collect();
        let names: Vec<&str> = missing.keys().map(PrincipalId::as_str).collect();
        let waits = names.join(", ");
        return Err(StageCloseError::Early { stage, ends, items: items.len() as u64, waits });
    }
    let stubs: BTreeMap<&ItemId, &Item> =
        closing.sheets.iter().flat_map(|sheet| &sheet.review.items).map(|item| (&item.id, item)).collect();
    let (answered, silent) = opening.answered_in(stage);
    let allowed = |stub: &Item| opening.no_response_outcomes(&stub.id, stage);
    let silent: Vec<_> =
        silent.into_iter().filter_map(|item| stubs.get(item)).map(|stub| (*stub, allowed(stub))).collect();
    let silent =
        outcomes(stage, &silent, campaign.definition.max_no_response_removals(), (closing.unused, closing.can))?;
    let close = StageClose {
        schema: FileKind::StageClose.schema().to_owned(),
        repo: campaign.repo.clone(),
        campaign: campaign.id.clone(),
        digest: opening.campaign().digest(),
        stage,
        base: closing.base.clone(),
        closed_at: closing.now,
        answered,
        unlisted: None,
        no_response: silent,
    };
    let close = shortened(close, &|item| opening.unlisted_outcome(&item.item, stage) == item.outcome);
    let size = codec::render(&close).len();
    if size > MAX_FILE { Err(StageCloseError::TooLarge { stage, items: close.no_response.len() }) } else { Ok(close) }
}

/// Returns a close that is too large for a file without the items whose outcome needs no choice; their number and
/// digest are signed instead.
fn shortened(close: StageClose, needs_no_choice: &dyn Fn(&NoResponseItem) -> bool) -> StageClose {
    if codec::render(&close).len() <= MAX_FILE {
        return close;
    }
    let (unlisted, listed): (Vec<_>, Vec<_>) =
        close.no_response.iter().cloned().partition(|item| needs_no_choice(item));
    let unlisted = UnlistedItems::of(unlisted.iter().map(|item| (&item.item, item.outcome)));
    StageClose { unlisted: Some(unlisted), no_response: listed, ..close }
}

fn waiting(items: u64) -> String {
    if items == 1 { "1 item is open".to_owned() } else { format!("{items} items are open") }
}

/// Returns whether an item is unused.
type IsUnused<'a> = &'a dyn Fn(&ItemId) -> bool;
/// Returns whether the connector can carry out a verdict on an item.
type CanRemove<'a> = &'a dyn Fn(&ItemId, Verdict) -> bool;

/// Items that must be removed come first; items that may be excepted instead are removed only within the limit.
fn outcomes(
    stage: u32,
    silent: &[(&Item, &'static [NoResponseOutcome])],
    cap: u32,
    (unused, can): (IsUnused<'_>, CanRemove<'_>),
) -> Result<Vec<NoResponseItem>, StageCloseError> {
    let removal = |item: &Item, allowed: &[NoResponseOutcome]| {
        let choice = allowed.iter().copied().find(|then| then.removal().is_some_and(|verdict| can(&item.id, verdict)));
        // A definition that leaves no choice was checked when the campaign was opened.
        choice.or(allowed.first().copied().filter(|_| allowed.len() == 1))
    };
    let may_be_excepted = |allowed: &[NoResponseOutcome]| allowed.contains(&NoResponseOutcome::Except);
    let planned: Vec<_> = silent.iter().map(|(item, allowed)| (*item, *allowed, removal(item, allowed))).collect();
    let removes = |then: &Option<NoResponseOutcome>| then.is_some_and(|then| then.removal().is_some());
    let must = planned.iter().filter(|(_, allowed, then)| !may_be_excepted(allowed) && removes(then)).count();
    let most = usize::try_from(cap).unwrap_or(usize::MAX);
    if must > most {
        return Err(StageCloseError::TooMuch { stage, found: must, cap });
    }
    let mut remaining = most - must;
    let mut outcomes = Vec::with_capacity(silent.len());
    for (item, allowed, removal) in planned {
        let outcome = match removal {
            Some(then) if !may_be_excepted(allowed) => then,
            Some(then) if remaining > 0 && item.tier <= Tier::T1 && unused(&item.id) => {
                remaining -= 1;
                then
            }
            _ if may_be_excepted(allowed) => NoResponseOutcome::Except,
            _ => NoResponseOutcome::Open,
        };
        let (principal, entitlement) = (item.principal.clone(), item.entitlement.clone());
        outcomes.push(NoResponseItem { item: item.id, outcome, principal, entitlement });
    }
    Ok(outcomes)
}
