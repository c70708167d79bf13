//! The status of a campaign, and the record of its close.

use super::{drift, supplementary_campaigns, unknown_campaign, worklists};
use crate::{
    app::{AppError, RepositorySession, UntimelyFile, exception_statuses, in_force},
    campaign::{
        CampaignStatus, StatusInputs, WorklistFile, close, current_stage, missed_campaigns, pending_drift, resolve,
        status,
    },
    model::{
        CampaignId, ItemId, PrincipalId, Timestamp,
        file::{Campaign, Review},
        history::EvidenceHistory,
        record::CampaignClose,
    },
    trust::{OpenCampaign, RejectedFile, Verified, VotingSlot},
};
use std::collections::{BTreeMap, BTreeSet};

/// Returns the record of the close of a campaign.
///
/// # Errors
/// When an item is undecided, or neither confirmed nor excepted. All problems are returned, with exit 3.
pub fn closing(
    id: &CampaignId,
    session: &RepositorySession,
    history: &EvidenceHistory,
    now: Timestamp,
) -> Result<CampaignClose, AppError> {
    let campaign = session.governed.campaign(id).ok_or_else(|| unknown_campaign(id, session))?;
    let (campaign, status) = status_of(id, session, &worklists(campaign, session)?, history, now)?;
    let changes = drift(id, session, history, now)?;
    let mut problems = pending_drift(id, &changes);
    match close(&status, campaign.digest()) {
        Ok(close) if problems.is_empty() => {
            Ok(CampaignClose { followed_by: supplementary_campaigns(&changes), ..close })
        }
        closed => {
            problems.extend(closed.err().unwrap_or_default());
            Err(AppError::findings(problems))
        }
    }
}

/// Returns the status of a campaign, from signed files and evidence.
///
/// # Errors
/// When there is no such campaign, or its files cannot be read.
pub fn status_of<'s>(
    id: &CampaignId,
    session: &'s RepositorySession,
    sheets: &[WorklistFile],
    history: &EvidenceHistory,
    now: Timestamp,
) -> Result<(&'s Verified<Campaign>, CampaignStatus), AppError> {
    let campaign = session.governed.campaign(id).ok_or_else(|| unknown_campaign(id, session))?;
    let view = session.view(format!("the status of `{id}`"));
    let (governed, untimely) = in_force(&session.governed, history, now);
    let opened = governed.openings().get(id).ok_or_else(|| unknown_campaign(id, session))?;
    let mut resolved = resolve(opened, governed.answers(id), now);
    resolved.findings.extend(untimely.iter().filter(|file| file.campaign == *id).map(UntimelyFile::finding));
    let exceptions = exception_statuses(&session.governed, session.trust()?, &view, now)?;
    let is_here = |one: &PrincipalId| session.governed.kinship().is_active_until(one, now);
    let settlers =
        |item: &ItemId| opened.settlers(item).into_iter().filter(|settler| is_here(settler)).cloned().collect();
    let files = view.system_files()?;
    let systems = files.systems.iter().chain(&files.changed).map(|(id, system)| (id.clone(), system.clone())).collect();
    let facts = StatusInputs {
        campaign: campaign.value(),
        sheets,
        resolved: &resolved,
        history,
        exceptions: &exceptions,
        stage_ends: current_stage(opened).map(|(.., ends)| ends),
        settlers: &settlers,
        is_unreviewable: &|item| opened.is_unreviewable(item),
        is_here: &is_here,
        late: &late(opened, session, history, now),
        unsigned: &unsigned(session, sheets),
        systems: &systems,
        missed: &missed_campaigns(session.governed.openings().values()),
        now,
    };
    let status = status(&facts);
    Ok((campaign, status))
}

/// Returns the review files that were accepted after the due date of their stage, and before its close.
fn late(
    opened: &OpenCampaign,
    session: &RepositorySession,
    history: &EvidenceHistory,
    now: Timestamp,
) -> BTreeSet<String> {
    let is_late = |(review, slots): &(&Verified<Review>, &[VotingSlot])| {
        let accepted = history.accepted(review.path()).map_or(now, |accepted| accepted.at);
        // An answer precedes the close of its stage, also if a run accepts both later.
        let close = opened.closes().iter().find(|close| close.stage == review.stage());
        let at = close.map_or(accepted, |close| accepted.min(close.closed_at));
        !slots.contains(&VotingSlot::Settlement) && at > opened.stage_window(review.stage()).1
    };
    let answers = session.governed.answers(&opened.campaign().id).filter(is_late);
    answers.map(|(review, _)| review.path().to_owned()).collect()
}

/// Returns the review files on main that their reviewer signed and that lack the signature of a cosigner.
fn unsigned(session: &RepositorySession, sheets: &[WorklistFile]) -> BTreeMap<String, Vec<PrincipalId>> {
    let lacks = |found: &&RejectedFile| found.standing && found.refusal.code() == "below-threshold";
    let paths: BTreeSet<&str> =
        session.governed.rejections().iter().filter(lacks).map(|found| found.path.as_str()).collect();
    let pending = sheets.iter().filter(|sheet| paths.contains(sheet.path.as_str()));
    pending.map(|sheet| (sheet.path.clone(), sheet.review.cosigners.clone())).collect()
}
