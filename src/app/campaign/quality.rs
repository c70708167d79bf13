//! The review quality of a campaign.

use super::worklists;
use crate::{
    app::{AppError, RepositorySession},
    campaign::{QualityInputs, ReviewQuality, SignedReviewData, WorklistFile, study},
    model::{file::Campaign, history::EvidenceHistory},
    trust::{OpenCampaign, Verified},
};

/// Returns the review quality of a campaign, from main and the evidence.
///
/// # Errors
/// When its worklists cannot be read.
pub fn quality_of(
    campaign: &Verified<Campaign>,
    session: &RepositorySession,
    history: &EvidenceHistory,
) -> Result<ReviewQuality, AppError> {
    quality_over(&worklists(campaign, session)?, campaign, session, history)
}

/// As [`quality_of`], for worklists that are already loaded.
///
/// # Errors
/// When there is no trust state.
pub fn quality_over(
    sheets: &[WorklistFile],
    campaign: &Verified<Campaign>,
    session: &RepositorySession,
    history: &EvidenceHistory,
) -> Result<ReviewQuality, AppError> {
    let of_it = session.governed.reviews().iter().filter(|review| review.campaign == campaign.id);
    let closes = session.governed.openings().get(&campaign.id).map(OpenCampaign::closes).unwrap_or_default();
    Ok(study(&QualityInputs {
        campaign: campaign.value(),
        sheets,
        reviews: of_it.map(SignedReviewData::of).collect(),
        closes: closes.iter().map(Verified::value).collect(),
        history,
        terms: session.trust()?.mandate().file().review_terms(),
    }))
}
