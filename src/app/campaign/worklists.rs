//! Worklists of a campaign, and the error for a campaign that does not exist.

use crate::{
    app::{AppError, FailureKind, RepositorySession},
    campaign::{WorklistFile, folder},
    diag::Diagnostic,
    format::nearest,
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

/// Returns the error for a campaign that does not exist, with the reason if its definition is rejected, and the campaign
/// with the most similar name.
pub fn unknown_campaign(id: &CampaignId, session: &RepositorySession) -> AppError {
    let path = format!("{}/campaign.toml", folder(id));
    let rejected = session.governed.rejections().iter().rfind(|found| found.standing && found.path == path);
    if let Some(rejected) = rejected {
        let message = format!("the campaign `{id}` is suspended: {}", rejected.refusal);
        let problem = Diagnostic::error("campaign-suspended", message).in_file(path);
        return AppError::new(FailureKind::Findings, problem.help(rejected.refusal.help()));
    }
    let known: Vec<&str> = session.governed.openings().keys().map(CampaignId::as_str).collect();
    let problem = Diagnostic::error("unknown-campaign", format!("no campaign `{id}` is signed on main"));
    let listed: Vec<_> = known.iter().map(|id| format!("`{id}`")).collect();
    let problem = match listed.as_slice() {
        [] => problem,
        listed => problem.with_note(format!("signed campaigns: {}", listed.join(", "))),
    };
    let sign = format!("tenure sign {path}, and merge it with its reviews");
    let near = nearest(id.as_str(), known);
    problem.help(near.map_or(sign, |near| format!("did you mean `{near}`?"))).into()
}

/// Returns the warning about a campaign of which a signed file was changed or removed on main; `None` for another one.
pub fn suspension(id: &CampaignId, session: &RepositorySession) -> Option<Diagnostic> {
    let path = session.governed.suspended_campaigns().remove(id)?;
    let found = session.governed.rejections().iter().rfind(|found| found.standing && found.path == path);
    let why = found.map_or_else(|| format!("the signed file {path} was changed"), |found| found.refusal.to_string());
    let message = format!("the campaign `{id}` is suspended, its decisions are held: {why}");
    let next = format!("restore it: git log --first-parent -- {path}, then git checkout COMMIT -- {path}");
    Some(Diagnostic::error("campaign-suspended", message).in_file(path).help(next))
}
