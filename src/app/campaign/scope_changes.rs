//! Loads the scope changes of a campaign since it opened, for several commands.

use crate::{
    app::{AppError, CampaignInputs, RepositorySession, RepositoryView},
    campaign::{ChangedGrant, DriftDisposition, DriftDispositions, changes, population},
    git::ObjectId,
    inventory,
    model::{
        CampaignId, ItemId, Timestamp,
        file::Campaign,
        history::{ActionHistory, EvidenceHistory},
    },
    trust::OpenCampaign,
};
use std::collections::{BTreeMap, BTreeSet};

/// Returns the grants at the head of main that differ from the pinned population, with the disposition of each change.
/// If no grant has changed, no inventory is read.
///
/// # Errors
/// When the base or an inventory cannot be read.
pub fn drift(
    id: &CampaignId,
    session: &RepositorySession,
    history: &EvidenceHistory,
    now: Timestamp,
) -> Result<Vec<ChangedGrant>, AppError> {
    let Some(opening) = session.governed.openings().get(id) else { return Ok(Vec::new()) };
    let campaign = opening.campaign().value();
    let base = session.repository.resolve(&campaign.base)?;
    if !is_touched(campaign, base, session)? {
        return Ok(Vec::new());
    }
    let trust = session.trust()?;
    let (governed, definition) = (&session.governed, &campaign.definition);
    let dependent = format!("the changes since `{id}` opened");
    let (view, view_now) =
        (RepositoryView::at(&session.repository, base, dependent.as_str()), session.view(dependent.as_str()));
    let view = view.with_systems(governed)?;
    let pinned = CampaignInputs::load(&view, governed, definition, campaign.opened_at)?;
    let current = CampaignInputs::load(&view_now, governed, definition, now)?;
    let (attribute_builder, portraits_now) = (pinned.attribute_builder(), current.attribute_builder());
    let before = pinned.campaign_context(governed, trust, &attribute_builder);
    let after = current.campaign_context(governed, trust, &portraits_now);
    let (population, population_now) = (population(id, definition, &before), population(id, definition, &after));
    let mut disposals = engine(history);
    for exception in governed.exceptions().iter().filter(|one| one.valid_from <= now && now < one.until) {
        disposals.accepted.insert(exception.grant_digest, DriftDisposition::Exception(exception.id.to_string()));
    }
    let first = changes((&population, &before), (&population_now, &after), &disposals);
    if first.iter().all(|change| change.disposition.is_some()) {
        return Ok(first);
    }
    let later = |other: &&OpenCampaign| other.campaign().id != *id && other.campaign().opened_at >= campaign.opened_at;
    for other in governed.openings().values().filter(later) {
        put_to_review(other, campaign, session, &mut disposals)?;
    }
    Ok(changes((&population, &before), (&population_now, &after), &disposals))
}

/// Returns whether any grant file differs from the pinned one. Observation files are ignored: they change with every
/// collection, but contain no grants.
fn is_touched(campaign: &Campaign, base: ObjectId, session: &RepositorySession) -> Result<bool, AppError> {
    for pinned in &campaign.systems {
        let grants = format!("{}/grants", inventory::folder(&pinned.system));
        let at = |commit| session.repository.file(commit, &grants).map(|tree| tree.map(|tree| tree.id));
        if at(base)? != at(session.main)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Returns the changes made by the engine, according to the evidence.
fn engine(history: &EvidenceHistory) -> DriftDispositions {
    let successor = |action: &ActionHistory| action.outcome.as_ref()?.successor.clone();
    DriftDispositions {
        decided: history.actions().map(|(_, action)| action.item).collect(),
        successors: history.actions().filter_map(|(_, action)| successor(action)).collect(),
        accepted: BTreeMap::new(),
    }
}

/// Adds the grants that another campaign reviews, as it pinned them.
fn put_to_review(
    other: &OpenCampaign,
    campaign: &Campaign,
    session: &RepositorySession,
    disposals: &mut DriftDispositions,
) -> Result<(), AppError> {
    let file = other.campaign();
    let view = RepositoryView::at(
        &session.repository,
        session.repository.resolve(&file.base)?,
        format!("the changes that `{}` reviews", file.id),
    );
    let items: BTreeSet<&ItemId> = other.items().collect();
    let here = |system| campaign.systems.iter().any(|own| own.system == system);
    for pinned in file.systems.iter().filter(|pinned| here(pinned.system.clone())) {
        let loaded = view.required_inventory(&pinned.system)?;
        for grant in loaded.inventory.grants() {
            if items.contains(&ItemId::of(&file.id, &pinned.system, &grant.key)) {
                disposals.accepted.entry(grant.digest()).or_insert_with(|| DriftDisposition::Campaign(file.id.clone()));
            }
        }
    }
    Ok(())
}

/// Returns the campaigns that review the changes of another campaign, sorted.
pub fn supplementary_campaigns(changes: &[ChangedGrant]) -> Vec<CampaignId> {
    let of = |change: &ChangedGrant| match &change.disposition {
        Some(DriftDisposition::Campaign(id)) => Some(id.clone()),
        _ => None,
    };
    changes.iter().filter_map(of).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Returns whether a name for a campaign is taken: signed, on main, or in the work tree.
///
/// # Errors
/// When the files on main cannot be listed.
pub fn is_id_in_use(id: &CampaignId, session: &RepositorySession) -> Result<bool, AppError> {
    let folder = crate::campaign::folder(id);
    let is_listed = !session.snapshot().list(&folder)?.files.is_empty();
    let is_written = || session.repository.work_tree().is_some_and(|root| root.join(&folder).exists());
    Ok(session.governed.openings().contains_key(id) || is_listed || is_written())
}
