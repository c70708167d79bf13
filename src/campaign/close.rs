//! Closes a campaign: every item must be decided, and every change confirmed or excepted.

use super::{CampaignStatus, ItemState};
use crate::{
    diag::{Diagnostic, Diagnostics},
    model::{Digest, action::DecisionOrigin, record::CampaignClose},
};
use std::collections::BTreeMap;

/// Returns the evidence record of the close; `digest` is the digest of the campaign file.
///
/// # Errors
/// When the campaign is already closed, an item is undecided, a change is neither confirmed nor excepted, or decisions
/// conflict: all problems, each with the next command.
pub fn close(status: &CampaignStatus, digest: Digest) -> Result<CampaignClose, Diagnostics> {
    let mut problems = Diagnostics::new();
    if status.closed {
        let message = format!("the campaign `{}` is already closed", status.campaign);
        problems.push(
            Diagnostic::error("campaign-closed", message).help(format!("tenure campaign status {}", status.campaign)),
        );
    }
    for item in status.items.iter().filter(|item| !item.state.is_done()) {
        let what = format!("{} `{}` of `{}` on `{}`", item.item, item.entitlement, item.principal, item.system);
        let code = if item.state == ItemState::Undecided { "item-undecided" } else { "item-unconfirmed" };
        let problem = Diagnostic::error(code, format!("{what} {}: {}", item.state.words(), item.why));
        problems.push(problem.in_file(&item.path).help(&item.next));
    }
    for finding in &status.findings {
        problems.push(
            Diagnostic::error(finding.code, finding.message.clone()).in_file(&finding.subject).help(&finding.help),
        );
    }
    if problems.has_errors() {
        return Err(problems);
    }
    let mut verdicts: BTreeMap<String, u64> = BTreeMap::new();
    for item in &status.items {
        let none = if item.state == ItemState::NotReviewed { item.state.as_str() } else { "none" };
        let verdict = item.verdict.map_or(none, |verdict| verdict.as_str());
        // Items without a response are counted apart from decided ones.
        let verdict = match item.decided {
            Some(how @ DecisionOrigin::BySilence) => format!("{verdict} {}", how.as_str()),
            _ => verdict.to_owned(),
        };
        *verdicts.entry(verdict).or_default() += 1;
    }
    let count = |state: ItemState| status.states.get(state.as_str()).copied().unwrap_or(0);
    Ok(CampaignClose {
        campaign: status.campaign.clone(),
        digest,
        items: status.items.len() as u64,
        verdicts,
        by_people: Some(status.by_people),
        confirmed: count(ItemState::Confirmed),
        excepted: count(ItemState::Excepted),
        followed_by: Vec::new(),
    })
}
