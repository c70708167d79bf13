//! What no answer comes to on the due date.

use super::{Case, Line};
use crate::{
    campaign::facts::day,
    model::{Tier, file::Silence},
};

impl Case<'_> {
    pub(super) fn silence(&self) -> Vec<Line> {
        let definition = &self.library.sources.campaign.definition;
        let due = format!("due {}", day(self.due));
        let then = match (definition.on_silence, self.item.tier) {
            (Silence::Open, _) => {
                "without an answer it stays open, you are named as late, and the campaign cannot close"
            }
            (Silence::Disable, Tier::T0 | Tier::T1) => {
                "without an answer it is disabled if it is unused for certain, else a signed exception is demanded"
            }
            (Silence::Disable, Tier::T2 | Tier::T3) => {
                "without an answer its use is stopped when the last stage is closed"
            }
        };
        vec![Line::plain(due), Line::plain(then)]
    }
}
