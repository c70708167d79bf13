//! Closes the current stage of a campaign, with the outcome of each unanswered item.

use crate::{
    app::{AppError, ConnectorSupport, RepositorySession, worklists},
    campaign::{StageCloseError, StageCloseInputs, WorklistFile, close_stage, current_stage},
    model::{
        ItemId, SystemId, Tier, Timestamp, Usage,
        file::{Item, NoResponseAction, NoResponseOutcome, StageClose},
    },
    policy::PolicyPack,
    trust::OpenCampaign,
};
use std::collections::{BTreeMap, BTreeSet};

/// Returns the file that closes the current stage, and the worklists of the campaign; or the reason why the stage
/// cannot be closed yet.
///
/// # Errors
/// When the worklists, the rules, or an inventory that an outcome depends on cannot be read.
pub fn close_current_stage(
    session: &RepositorySession,
    opening: &OpenCampaign,
    now: Timestamp,
) -> Result<Result<(StageClose, Vec<WorklistFile>), StageCloseError>, AppError> {
    let sheets = worklists(opening.campaign(), session)?;
    let unused = unused(session, opening, &sheets)?;
    let depends = opening.campaign().definition.on_no_response == NoResponseAction::Remove;
    let possible = if depends { possible(session, opening, &sheets)? } else { BTreeSet::new() };
    let closing = StageCloseInputs {
        opening,
        sheets: &sheets,
        unused: &|item| unused.contains(item),
        can: &|item, verdict| !depends || possible.contains(&(*item, verdict.as_str())),
        base: session.main.to_string(),
        now,
    };
    Ok(close_stage(&closing).map(|close| (close, sheets)))
}

/// Returns the removals of unanswered items of the current stage that the connectors can carry out, by the newest
/// inventory.
fn possible(
    session: &RepositorySession,
    opening: &OpenCampaign,
    sheets: &[WorklistFile],
) -> Result<BTreeSet<(ItemId, &'static str)>, AppError> {
    let Some((stage, ..)) = current_stage(opening) else { return Ok(BTreeSet::new()) };
    let id = &opening.campaign().id;
    let items: BTreeSet<ItemId> = opening.answered_in(stage).1.into_iter().copied().collect();
    let silent = sheets.iter().filter(|sheet| sheet.review.items.iter().any(|item| items.contains(&item.id)));
    let systems: BTreeSet<&SystemId> = silent.map(|sheet| &sheet.review.system).collect();
    let view = session.view(format!("the outcome of unanswered items in stage {stage} of `{id}`"));
    let inventories =
        systems.iter().map(|system| view.required_inventory(system)).collect::<Result<Vec<_>, AppError>>()?;
    let support = ConnectorSupport::of(view.systems()?, session.repository.directory());
    Ok(support.removals(id, &inventories, &items))
}

/// Returns the unanswered items of the current stage that may be disabled or excepted, and whose access is unused
/// according to the newest inventory, for at least the number of days after which the rules classify access as dormant.
fn unused(
    session: &RepositorySession,
    opening: &OpenCampaign,
    sheets: &[WorklistFile],
) -> Result<BTreeSet<ItemId>, AppError> {
    let mut unused = BTreeSet::new();
    let Some((stage, ..)) = current_stage(opening) else { return Ok(unused) };
    let id = &opening.campaign().id;
    let items = undetermined(opening, stage, sheets);
    let systems: BTreeSet<&SystemId> = items.values().map(|(system, _)| *system).collect();
    if systems.is_empty() {
        return Ok(unused);
    }
    let view = session.view(format!("the outcome of unanswered items in stage {stage} of `{id}`"));
    let pack = view.pack()?;
    for system in systems {
        // Without the inventory, an unused item would be excepted and keep its access.
        let loaded = view.required_inventory(system)?;
        for grant in loaded.inventory.grants() {
            let item = ItemId::of(id, system, &grant.key);
            let Some((_, tier)) = items.get(&item) else { continue };
            let since = match loaded.inventory.usage(&grant.key) {
                Usage::At(time) | Usage::NeverSince(time) => time,
                Usage::Unknown(_) => continue,
            };
            if loaded.inventory.observed_at().days_since(since) >= dormant(pack, *tier) {
                unused.insert(item);
            }
        }
    }
    Ok(unused)
}

/// Returns the unanswered items of a stage whose outcome depends on their use, with system and tier.
fn undetermined<'a>(
    opening: &OpenCampaign,
    stage: u32,
    sheets: &'a [WorklistFile],
) -> BTreeMap<&'a ItemId, (&'a SystemId, Tier)> {
    let unanswered: BTreeSet<&ItemId> = opening.answered_in(stage).1.into_iter().collect();
    let depends = |item: &Item| {
        unanswered.contains(&item.id)
            && opening.no_response_outcomes(&item.id, stage).contains(&NoResponseOutcome::Except)
    };
    let items = sheets.iter().flat_map(|sheet| sheet.review.items.iter().map(move |item| (&sheet.review.system, item)));
    items.filter(|(_, item)| depends(item)).map(|(system, item)| (&item.id, (system, item.tier))).collect()
}

/// Returns the number of unused days after which access is dormant. People and machines have separate rules; the longer
/// limit applies to both.
fn dormant(pack: &PolicyPack, tier: Tier) -> i64 {
    let limits = ["HUM-DOR-01", "NHI-LIF-02"].map(|rule| pack.limit(rule, "idle_days", tier).map(|(days, _)| days));
    limits.into_iter().flatten().max().unwrap_or(DORMANT)
}

/// CIS Controls v8.1 safeguard 5.3: accounts that were not used for 45 days.
const DORMANT: i64 = 45;
