//! Campaigns over the grants that changed while another one was open.

use super::{drift, is_id_in_use, unknown_campaign};
use crate::{
    app::{AppError, RepositorySession},
    campaign::{AffectedScope, for_drift},
    diag::Diagnostic,
    model::{CampaignId, Timestamp, file::CampaignDefinition, history::EvidenceHistory},
};

/// A campaign that reviews the changes of another one.
pub struct Supplement {
    /// Its id.
    pub id: CampaignId,
    /// The file that the definition comes from.
    pub from: String,
    /// Its definition.
    pub definition: CampaignDefinition,
}

/// Returns the campaign that reviews the grants that were added or changed since another one opened; `None` if no change
/// needs a review.
///
/// # Errors
/// When there is no such campaign, its inputs cannot be read, or all names are in use.
pub fn supplement(
    id: &CampaignId,
    session: &RepositorySession,
    history: &EvidenceHistory,
    now: Timestamp,
) -> Result<Option<Supplement>, AppError> {
    let opening = session.governed.openings().get(id).ok_or_else(|| unknown_campaign(id, session))?;
    let campaign = opening.campaign().value();
    let changes = drift(id, session, history, now)?;
    let open: Vec<_> = changes.iter().filter(|change| change.disposition.is_none()).collect();
    if open.is_empty() {
        return Ok(None);
    }
    let touched = AffectedScope::accounts(open.iter().map(|change| change.subject.clone()));
    let definition = for_drift(&campaign.definition, &touched, id);
    Ok(Some(Supplement { id: free_id(id, session)?, from: campaign.from.clone(), definition }))
}

/// Returns the first unused name of a campaign that follows another one.
fn free_id(id: &CampaignId, session: &RepositorySession) -> Result<CampaignId, AppError> {
    for number in 1..100_u32 {
        let name = if number == 1 { format!("{id}-late") } else { format!("{id}-late-{number}") };
        if let Ok(name) = CampaignId::parse(&name)
            && !is_id_in_use(&name, session)?
        {
            return Ok(name);
        }
    }
    Err(Diagnostic::error("campaign-exists", format!("`{id}-late` and all following names are in use")).into())
}
