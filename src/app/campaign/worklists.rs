//! Worklists of a campaign, and the error for a campaign that does not exist.

use crate::{
    app::{AppError, RepositorySession},
    campaign::{WorklistFile, folder},
    diag::Diagnostic,
    model::{
        CampaignId,
        file::{Campaign, Review},
    },
    store::RepositorySnapshot,
    trust::Verified,
};

/// Returns the worklists at the commit where the signed campaign reached main. `trust` has verified them, and compares
/// later files with them.
///
/// # Errors
/// When they cannot be read.
pub fn worklists(campaign: &Verified<Campaign>, session: &RepositorySession) -> Result<Vec<WorklistFile>, AppError> {
    let opening = RepositorySnapshot::at(&session.repository, campaign.commit());
    let reviews = opening.read_again::<Review>(&format!("{}/reviews", folder(&campaign.id)))?;
    Ok(reviews.into_iter().map(|(path, review)| WorklistFile { path, review }).collect())
}

/// Returns the error for a campaign that does not exist.
pub fn unknown_campaign(id: &CampaignId, session: &RepositorySession) -> AppError {
    let known: Vec<_> = session.governed.openings().keys().map(|id| format!("`{id}`")).collect();
    let problem = Diagnostic::error("unknown-campaign", format!("no campaign `{id}` is signed on main"));
    let problem = match known.as_slice() {
        [] => problem,
        known => problem.with_note(format!("signed campaigns: {}", known.join(", "))),
    };
    problem.help(format!("tenure sign campaigns/{id}/campaign.toml, and merge it with its reviews")).into()
}
