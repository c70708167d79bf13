//! What no answer comes to on the due date.

use super::{Case, Line};
use crate::{
    campaign::facts::day,
    model::{Tier, file::Silence},
};

impl Case<'_> {
    pub(super) fn silence(&self) -> Vec<Line> {
        let definition = &self.library.sources.campaign.definition;
        let then = silence_words(definition.on_silence, self.item.tier);
        vec![Line::plain(format!("due {}", day(self.due))), Line::plain(format!("without an answer {then}"))]
    }
}

/// Returns what no answer comes to when the last stage is closed: without an answer …
pub const fn silence_words(then: Silence, tier: Tier) -> &'static str {
    match (then, tier) {
        (Silence::Open, _) => "it stays open, you are named as late, and the campaign cannot close",
        (Silence::Disable, Tier::T0 | Tier::T1) => {
            "it is disabled if it is unused for certain, else a signed exception is demanded"
        }
        (Silence::Disable, Tier::T2 | Tier::T3) => "its use is stopped when the last stage is closed",
    }
}
