//! Due dates of the stages of a campaign, and reasons why a stage is not open.

use crate::{
    model::{ItemId, Timestamp},
    trust::OpenCampaign,
};

/// The stages of an open campaign.
pub(in crate::cli) struct StageOverview<'a> {
    opening: &'a OpenCampaign,
    due: Vec<Timestamp>,
}

impl<'a> StageOverview<'a> {
    /// Returns the stages of an open campaign. A stage begins when the previous one was closed or should have been.
    pub(in crate::cli) fn of(opening: &'a OpenCampaign) -> Self {
        let campaign = opening.campaign().value();
        let days: Vec<u32> = match campaign.definition.stages.as_slice() {
            [] => vec![campaign.definition.window_days],
            stages => stages.iter().map(|stage| stage.days).collect(),
        };
        let (mut due, mut begins) = (Vec::new(), campaign.opened_at);
        for (place, days) in days.into_iter().enumerate() {
            let end = begins.plus_days(i64::from(days));
            due.push(end);
            begins = opening.closes().get(place).map_or(end, |close| close.value().closed_at);
        }
        Self { opening, due }
    }

    /// Returns when responses in a stage are due.
    pub(in crate::cli) fn due(&self, stage: u32) -> Option<Timestamp> {
        self.due.get(usize::try_from(stage.checked_sub(1)?).ok()?).copied()
    }

    /// Returns the reason why a stage is not open.
    pub(super) fn progress_bar(&self, stage: u32) -> Option<String> {
        let (closed, count) = (self.opening.closed(), self.due.len());
        if stage <= closed {
            return Some(format!("stage {stage} is closed; later responses are rejected"));
        }
        let next = closed + 1;
        (stage > next).then(|| format!("stage {stage} of {count} starts when stage {next} is closed"))
    }

    /// Returns the reason why an item is not part of an open stage.
    pub(super) fn bar_of(&self, item: &ItemId, stage: u32) -> Option<String> {
        let course = self.opening.course(item);
        if stage == 1 || course.reached(stage) {
            return None;
        }
        let (last, result) = course.results.last()?;
        Some(format!("stage {last} ended with {result}, so no later stage follows"))
    }
}
