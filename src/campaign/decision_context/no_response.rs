//! What no answer comes to on the due date.

use super::{ContextLine, ItemContext};
use crate::{
    campaign::item_summary::format_date,
    model::{Tier, file::NoResponseAction},
};

impl ItemContext<'_> {
    pub(super) fn silence(&self) -> Vec<ContextLine> {
        let definition = &self.library.sources.campaign.definition;
        let then = silence_words(definition.on_silence, self.item.tier);
        vec![
            ContextLine::plain(format!("due {}", format_date(self.due))),
            ContextLine::plain(format!("without an answer {then}")),
        ]
    }
}

/// Returns what no answer comes to when the last stage is closed: without an answer …
pub const fn silence_words(then: NoResponseAction, tier: Tier) -> &'static str {
    match (then, tier) {
        (NoResponseAction::Open, _) => "it stays open, you are named as late, and the campaign cannot close",
        (NoResponseAction::Disable, Tier::T0 | Tier::T1) => {
            "it is disabled if it is unused for certain, else a signed exception is demanded"
        }
        (NoResponseAction::Disable, Tier::T2 | Tier::T3) => "its use is stopped when the last stage is closed",
    }
}
