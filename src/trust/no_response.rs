//! Items without a response: which of them may remain only by an exception, and the terms of such an exception.

use super::{
    error::TrustError, open_campaign::OpenCampaign, repository_state::RepositoryState,
    required_context::RequiredContext, verified::Verified,
};
use crate::{
    format::codec,
    git::{FileMode, GitError, ObjectId, Repository, TreeDiff},
    model::{
        CampaignId, ItemId, ReviewResult, StagePosition, SystemId,
        file::{Exception, GovernedFile as Kind, NoResponseOutcome, NoResponseTerms, StageClose},
    },
    store::RepoPath,
};
use std::collections::BTreeMap;

impl OpenCampaign {
    /// Returns the stage close after which an item may remain only by an exception: it had no response before the
    /// close, and no authorized decision since.
    pub fn unanswered(&self, item: &ItemId) -> Option<&Verified<StageClose>> {
        let close = self.closes.iter().rfind(|close| then(close, item) == Some(NoResponseOutcome::Except))?;
        let course = self.course(item);
        let result = course.overall_result(&self.campaign.definition);
        let silent = course.at == StagePosition::Ended(close.stage) && self.tally(item, close.stage).is_unanswered();
        (silent && !matches!(result, ReviewResult::Reduce | ReviewResult::Revoke)).then_some(close)
    }
}

impl RepositoryState {
    /// Returns the stage close, of any campaign, after which an item may remain only by an exception.
    pub fn unanswered(&self, item: &ItemId) -> Option<&Verified<StageClose>> {
        self.openings.values().find_map(|opening| opening.unanswered(item))
    }

    /// Checks an exception for an item without a response against the no-response terms.
    ///
    /// # Errors
    /// When it lasts too long, or was renewed too often.
    pub fn check_silence(&self, exception: &Exception) -> Result<(), TrustError> {
        let unanswered = self.unanswered(&exception.item).filter(|_| exception.lower_tier_to.is_none());
        match (unanswered, &self.trust) {
            (Some(close), Some(trust)) => {
                check_silent(exception, close, &trust.mandate().file().no_response_terms(), &self.exceptions)
            }
            _ => Ok(()),
        }
    }

    /// Returns the campaign of an item.
    pub(super) fn opening_of(&self, item: &ItemId) -> Option<&OpenCampaign> {
        self.openings.values().find(|opening| opening.put(item).is_some())
    }
}

/// Adds the excepted items that a closed stage lists as without response to the required context: an exception does not
/// name the campaign of its item.
pub(super) fn add_unanswered(
    repository: &Repository,
    base: ObjectId,
    head: ObjectId,
    changes: &TreeDiff,
    wanted: &mut BTreeMap<CampaignId, RequiredContext>,
) -> Result<(), GitError> {
    let touched = changes.files.iter().filter_map(|change| match RepoPath::of(change.path()) {
        RepoPath::Exception(_) => Some(change.path().to_owned()),
        RepoPath::Signature { of, .. } => matches!(RepoPath::of(&of), RepoPath::Exception(_)).then_some(of),
        _ => None,
    });
    let mut excepted: Vec<Exception> = Vec::new();
    for path in touched {
        excepted.extend(read(repository, head, &path)?);
    }
    if excepted.is_empty() {
        return Ok(());
    }
    for name in repository.folders(base, "campaigns")? {
        let Ok(campaign) = CampaignId::parse(&name) else { continue };
        for file in repository.list(base, &format!("campaigns/{name}/stages"))?.files {
            if !matches!(RepoPath::of(&file.path), RepoPath::StageClose { .. }) {
                continue;
            }
            let Some(close) = read::<StageClose>(repository, base, &file.path)? else { continue };
            for exception in excepted.iter().filter(|exception| then(&close, &exception.item).is_some()) {
                let system = exception.subject.split(':').next().and_then(|system| SystemId::parse(system).ok());
                wanted.entry(campaign.clone()).or_default().add_item(system, &exception.item);
            }
        }
    }
    Ok(())
}

/// Checks that an exception matches the item as published by its campaign: the holder of the access determines who may
/// not approve it.
pub(super) fn check_item(exception: &Exception, opening: &OpenCampaign) -> Result<(), TrustError> {
    let Some(put) = opening.put(&exception.item) else { return Ok(()) };
    if (exception.grant_digest, exception.subject.as_str()) == (put.grant(), put.subject()) {
        return Ok(());
    }
    Err(TrustError::ExceptionItem {
        item: exception.item.to_string(),
        says: format!("the grant {} of {}", exception.grant_digest, exception.subject),
        put: format!("{} of {}", put.grant(), put.subject()),
    })
}

/// Checks the duration and the number of renewals of an exception for an item without a response.
pub(super) fn check_silent(
    exception: &Exception,
    close: &Verified<StageClose>,
    terms: &NoResponseTerms,
    earlier: &[Verified<Exception>],
) -> Result<(), TrustError> {
    let refuse = |why: String| {
        let (item, close) = (exception.item.to_string(), close.path().to_owned());
        Err(TrustError::ExceptionNoResponse { item, close, why })
    };
    if exception.until.unix() - exception.valid_from.unix() > i64::from(terms.max_days) * 86_400 {
        return refuse(format!("lasts at most {} days", terms.max_days));
    }
    // Renewals are counted for the item, across all rules.
    let before = earlier.iter().filter(|one| one.item == exception.item && one.lower_tier_to.is_none()).count();
    if before > terms.max_renewals as usize {
        return refuse(match terms.max_renewals {
            0 => "cannot be renewed".to_owned(),
            more => format!("can be renewed at most {more} times"),
        });
    }
    Ok(())
}

/// Returns the no-response outcome of an item in a stage close.
fn then(close: &StageClose, item: &ItemId) -> Option<NoResponseOutcome> {
    let found = close.no_response.binary_search_by(|silent| silent.item.cmp(item)).ok()?;
    close.no_response.get(found).map(|silent| silent.outcome)
}

/// Returns a file of a commit; `None` if it cannot be read.
fn read<T: Kind>(repository: &Repository, commit: ObjectId, path: &str) -> Result<Option<T>, GitError> {
    let Some(file) = repository.file(commit, path)?.filter(|file| file.mode == FileMode::Plain) else {
        return Ok(None);
    };
    let Ok(bytes) = repository.blob(file.id, super::base_state::MAX_FILE) else { return Ok(None) };
    Ok(codec::parse(path, &bytes).ok())
}
