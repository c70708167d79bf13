//! Items without a response: which of them may remain only by an exception, and the terms of such an exception.

use crate::model::{
    ItemId, ReviewResult, StagePosition,
    file::{Exception, NoResponseOutcome, NoResponseTerms, StageClose},
};
use crate::trust::error::TrustError;
use crate::trust::verified::Verified;
use crate::trust::verify::open_campaign::OpenCampaign;

impl OpenCampaign {
    /// Returns the stage close after which an item may remain only by an exception: it had no response before the
    /// close, and no authorized decision since.
    pub fn unanswered(&self, item: &ItemId) -> Option<&Verified<StageClose>> {
        let close = self.closes.iter().rfind(|close| then(close, item) == Some(NoResponseOutcome::Except))?;
        let course = self.course(item);
        let result = course.overall_result(&self.campaign.definition);
        let settled = self.settlement(item).map(|settled| ReviewResult::of(Some(settled.verdict)));
        let silent = course.at == StagePosition::Ended(close.stage)
            && self.tally(item, close.stage).is_unanswered()
            && settled.is_none_or(|result| result == ReviewResult::NotDecided);
        (silent && !matches!(result, ReviewResult::Reduce | ReviewResult::Revoke)).then_some(close)
    }
}

/// Checks that an exception matches the item as published by its campaign: the holder of the access determines who may
/// not approve it.
pub(in crate::trust) fn check_item(exception: &Exception, opening: &OpenCampaign) -> Result<(), TrustError> {
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
pub(in crate::trust) fn check_silent(
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
        return refuse(format!("may last at most {} days", terms.max_days));
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
