//! The consequence of no response.

use super::{ContextLine, ItemContext};
use crate::{
    campaign::text::format_date,
    model::{Tier, file::NoResponseAction},
};

impl ItemContext<'_> {
    pub(super) fn no_response(&self) -> Vec<ContextLine> {
        let definition = &self.library.sources.campaign.definition;
        let then = no_response_text(definition.on_no_response, self.item.tier);
        vec![
            ContextLine::plain(format!("due {}", format_date(self.due))),
            ContextLine::plain(format!("without a response {then}")),
        ]
    }
}

/// Returns the consequence at the close of the last stage, to complete "without a response …".
pub const fn no_response_text(then: NoResponseAction, tier: Tier) -> &'static str {
    match (then, tier) {
        (NoResponseAction::Open, _) => "it stays open, you are reported as late, and the campaign cannot close",
        (NoResponseAction::Disable, Tier::T0 | Tier::T1) => {
            "it is disabled if it is certainly unused, otherwise it requires a signed exception"
        }
        (NoResponseAction::Remove, Tier::T0 | Tier::T1) => {
            "unused, it is disabled or revoked when the last stage is closed; otherwise it needs an exception or a fallback"
        }
        (NoResponseAction::Remove, Tier::T2 | Tier::T3) => {
            "it is disabled when the last stage is closed, or revoked if it cannot be disabled"
        }
        (NoResponseAction::Disable, Tier::T2 | Tier::T3) => "it is disabled when the last stage is closed",
    }
}
