//! Reminders and escalations that are due.

use super::{status_of, unknown_campaign, worklists};
use crate::{
    app::{AppError, RepositorySession},
    campaign::{ItemState, OpenStage, OpenWork, Reminder, WorkKind, current_stage, missing, notices, work_notices},
    model::{CampaignId, ItemId, PrincipalId, Timestamp, history::EvidenceHistory},
};
use std::collections::{BTreeMap, BTreeSet};

/// Returns the due reminders that are not recorded yet, by campaign and reviewer; of those named by `only`, if given.
///
/// # Errors
/// When the principals or the worklists of a campaign cannot be read.
pub fn due_reminders(
    session: &RepositorySession,
    history: &EvidenceHistory,
    only: Option<&BTreeSet<&str>>,
    now: Timestamp,
) -> Result<Vec<Reminder>, AppError> {
    let view = session.view("the reminders");
    let people = &view.identities()?.people;
    let trust = session.trust()?;
    let group = &trust.mandate().file().campaign_owner_group;
    let in_group = |id: &&PrincipalId| trust.registry().is_in(id.as_str(), group);
    let registered = trust.registry().file().principals.iter().map(|principal| &principal.id);
    let owners: Vec<PrincipalId> = registered.filter(in_group).cloned().collect();
    let mut all = Vec::new();
    for (id, opening) in session.governed.openings() {
        if history.is_closed(id) {
            continue;
        }
        if let Some(last) = opening.closes().last() {
            let open = open_work(id, session, history, &owners, now)?;
            let work = OpenWork { campaign: id, stage: last.stage, since: last.closed_at, open };
            all.extend(work_notices(&work, people, &owners, now));
        }
        let Some((stage, begins, ends)) = current_stage(opening) else { continue };
        let mut files: BTreeMap<(ItemId, PrincipalId), String> = BTreeMap::new();
        for sheet in worklists(opening.campaign(), session)?.into_iter().filter(|sheet| sheet.review.stage() == stage) {
            for item in sheet.review.items {
                files.insert((item.id, sheet.review.reviewer.clone()), sheet.path.clone());
            }
        }
        let mut open = BTreeMap::new();
        for (reviewer, items) in missing(opening, stage) {
            let paths: BTreeSet<String> =
                items.iter().filter_map(|item| files.get(&(*item, reviewer.clone())).cloned()).collect();
            open.insert(reviewer, (items.len() as u64, paths));
        }
        let definition = &opening.campaign().definition;
        let waiting = OpenStage { campaign: id, definition, stage, begins, ends, open };
        let mut reminders = notices(&waiting, people, &owners, now);
        // A delegate receives the reminders of the delegating reviewer.
        for delegation in session.governed.delegations().iter().map(|one| one.value()) {
            let counts = delegation.campaign == *id && delegation.until > now && !people.has_left(&delegation.to);
            for notice in reminders.iter_mut().filter(|notice| counts && notice.reviewer == delegation.from) {
                notice.to.insert(delegation.to.clone());
            }
        }
        all.extend(reminders);
    }
    all.retain(|notice| !history.is_noticed(&notice.id) && only.is_none_or(|ids| ids.contains(&*notice.id)));
    Ok(all)
}

/// The open items by kind of work and person: number and files.
type WorkByPerson = BTreeMap<(WorkKind, PrincipalId), (u64, BTreeSet<String>)>;

/// Returns the items that wait for no stage and are not done, by the person who must act.
fn open_work(
    id: &CampaignId,
    session: &RepositorySession,
    history: &EvidenceHistory,
    owners: &[PrincipalId],
    now: Timestamp,
) -> Result<WorkByPerson, AppError> {
    let campaign = session.governed.campaign(id).ok_or_else(|| unknown_campaign(id, session))?;
    let (_, status) = status_of(id, session, &worklists(campaign, session)?, history, now)?;
    let view = session.view("the reminders");
    let systems = view.systems()?;
    let mut open = WorkByPerson::new();
    for item in status.items.iter().filter(|item| item.stage.is_none() && !item.state.is_done()) {
        let (kind, who): (_, Vec<PrincipalId>) = match item.state {
            ItemState::Undecided if item.must_act.is_empty() => (WorkKind::Exception, owners.to_vec()),
            ItemState::Undecided => (WorkKind::Fallback, item.must_act.clone()),
            _ => {
                let owner = systems.get(&item.system).map(|system| system.owner.clone());
                (WorkKind::Enforcement, owner.into_iter().collect())
            }
        };
        for one in who {
            let (items, files) = open.entry((kind, one)).or_default();
            *items += 1;
            files.insert(item.path.clone());
        }
    }
    Ok(open)
}
