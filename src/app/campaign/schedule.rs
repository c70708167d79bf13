//! Campaigns that are due by recurrence or event.

use super::{CampaignInputs, is_id_in_use};
use crate::{
    app::{AppError, RepositorySession, RepositoryView},
    campaign::{DueCampaign, IdentityView, by_event, is_narrowed, narrowed, population, recurring},
    format::codec,
    git::ObjectId,
    model::{
        Timestamp,
        file::{CampaignDefinition, FileKind},
    },
};

/// Returns the campaign definitions on main by path.
///
/// # Errors
/// When a definition is invalid.
pub fn definitions(session: &RepositorySession) -> Result<Vec<(String, CampaignDefinition)>, AppError> {
    let snapshot = session.snapshot();
    let mut definitions = Vec::new();
    for file in snapshot.list("policies")?.files.into_iter().filter(|file| file.path.ends_with(".toml")) {
        let bytes = snapshot.blob(&file, MAX_FILE)?;
        // A file of an unknown kind could be a definition that is due.
        if codec::kind(&file.path, &String::from_utf8_lossy(&bytes))? == FileKind::CampaignDefinition {
            let definition = codec::parse(&file.path, &bytes)?;
            definitions.push((file.path, definition));
        }
    }
    Ok(definitions)
}

/// Returns the due campaigns of one definition that do not exist yet. Events are found by comparison with `since`, or
/// with the commit that added the definition.
///
/// # Errors
/// When the inputs of either commit cannot be read.
pub fn due_campaigns(
    from: &str,
    definition: &CampaignDefinition,
    since: Option<ObjectId>,
    session: &RepositorySession,
    now: Timestamp,
) -> Result<Vec<DueCampaign>, AppError> {
    let campaigns = session.governed.openings().values().map(|opening| opening.campaign().value());
    let whole = campaigns.filter(|campaign| campaign.from == from && !is_narrowed(&campaign.definition));
    let last = whole.map(|campaign| campaign.opened_at).max();
    let mut due: Vec<DueCampaign> = recurring(from, definition, last, now).into_iter().collect();
    let since = match since {
        _ if definition.triggers.is_empty() => None,
        Some(since) => Some(since),
        None => arrival(from, session)?,
    };
    if let Some(since) = since {
        due.extend(of_events(from, definition, since, session, now)?);
    }
    let mut free = Vec::new();
    for one in due {
        if !is_id_in_use(&one.id, session)? {
            free.push(one);
        }
    }
    Ok(free)
}

/// Returns the campaigns that events trigger, if the definition selects any of the affected access.
fn of_events(
    from: &str,
    definition: &CampaignDefinition,
    since: ObjectId,
    session: &RepositorySession,
    now: Timestamp,
) -> Result<Vec<DueCampaign>, AppError> {
    let dependent = format!("the events that `{from}` reacts to");
    let view = RepositoryView::at(&session.repository, since, dependent.as_str()).with_systems(&session.governed)?;
    let inventories = view.inventories(view.systems()?.keys())?;
    let observed_at = inventories.values().map(|loaded| loaded.observation.observed_at).max();
    let at = observed_at.unwrap_or(Timestamp::from_unix(0));
    let before = IdentityView { people: &view.identities()?.people, inventories: &inventories, at };
    let view_now = session.view(dependent);
    let inputs = CampaignInputs::load(&view_now, &session.governed, definition, now)?;
    let here = IdentityView { people: inputs.people, inventories: &inputs.inventories, at: now };
    let mut due = by_event(from, definition, before, here);
    if due.is_empty() {
        return Ok(due);
    }
    let attribute_builder = inputs.attribute_builder();
    let setting = inputs.campaign_context(&session.governed, session.trust()?, &attribute_builder);
    due.retain(|one| !population(&one.id, &narrowed(definition, &one.touched, &one.because), &setting).is_empty());
    Ok(due)
}

/// Returns the commit that added a definition to main; earlier events are ignored.
fn arrival(from: &str, session: &RepositorySession) -> Result<Option<ObjectId>, AppError> {
    let commits = session.repository.first_parents(None, session.main)?;
    let (mut low, mut high) = (0, commits.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let Some(commit) = commits.get(middle) else { break };
        if session.repository.file(*commit, from)?.is_some() {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(commits.get(low).copied())
}

const MAX_FILE: u64 = 256 * 1024;
