//! Consecutive campaigns without a response of a reviewer, from the signed stage closes.

use super::CampaignStatus;
use crate::{
    model::{CampaignId, Finding, PrincipalId, Severity, Timestamp},
    trust::{OpenCampaign, VotingSlot},
};
use std::collections::{BTreeMap, BTreeSet};

/// Returns the consecutive campaigns that each reviewer missed up to now, oldest first.
///
/// A reviewer missed a campaign if a stage close lists an item assigned to them as unanswered, and none of their
/// responses counts in that campaign. A response in a later campaign resets the count. A campaign that was opened
/// before the previous missed campaign was closed is not counted, since one absence may affect both.
pub fn missed_campaigns<'a>(
    openings: impl IntoIterator<Item = &'a OpenCampaign>,
) -> BTreeMap<PrincipalId, Vec<CampaignId>> {
    let mut openings: Vec<&OpenCampaign> = openings.into_iter().collect();
    openings.sort_by_key(|opening| (opening.campaign().opened_at, &opening.campaign().value().id));
    let mut all: BTreeMap<PrincipalId, Vec<(CampaignId, ReviewerParticipation)>> = BTreeMap::new();
    for opening in openings {
        for (reviewer, participation) in participations(opening) {
            let id = opening.campaign().value().id.clone();
            all.entry(reviewer.clone()).or_default().push((id, participation));
        }
    }
    all.into_iter().map(|(reviewer, turns)| (reviewer, missed_in_a_row(turns))).collect()
}

/// Returns a finding for each reviewer of the campaign who missed two or more consecutive campaigns.
pub fn non_response_findings(status: &CampaignStatus) -> Vec<Finding> {
    let finding = |reviewer: &PrincipalId, missed: &[CampaignId]| Finding {
        severity: Severity::Medium,
        code: "campaigns-missed",
        subject: reviewer.to_string(),
        message: format!(
            "did not answer {} campaigns in a row: {}",
            missed.len(),
            missed.iter().map(CampaignId::as_str).collect::<Vec<_>>().join(", ")
        ),
        help: "change `owner` in the files of the systems and principals they own, and open a pull request".to_owned(),
    };
    let reviewers = status.reviewers.iter().filter(|one| one.missed.len() >= REPEATED);
    reviewers.map(|one| finding(&one.reviewer, &one.missed)).collect()
}

/// The participation of a reviewer in a campaign with items assigned to them.
#[derive(Clone, Copy, Debug)]
struct ReviewerParticipation {
    opened_at: Timestamp,
    /// The closing time of the last stage without a response of the reviewer; `None` if they responded.
    missed_at: Option<Timestamp>,
}

/// Returns the participation of each reviewer who responded or missed a campaign. Reviewers of an open stage are
/// omitted until they respond.
fn participations(opening: &OpenCampaign) -> BTreeMap<&PrincipalId, ReviewerParticipation> {
    let opened_at = opening.campaign().opened_at;
    let name = |index: u32| opening.reviewers().get(usize::try_from(index).ok()?);
    let answered = opening.items().flat_map(|item| opening.bound(item)).filter_map(|bound| match bound.slot {
        VotingSlot::Assigned(index) => name(index),
        VotingSlot::Fallback | VotingSlot::Settlement => None,
    });
    let answered: BTreeSet<&PrincipalId> = answered.collect();
    let mut all: BTreeMap<&PrincipalId, ReviewerParticipation> =
        answered.iter().map(|reviewer| (*reviewer, ReviewerParticipation { opened_at, missed_at: None })).collect();
    for close in opening.closes() {
        for silent in &close.no_response {
            let assigned = opening.assignments(&silent.item).iter().filter(|(stage, _)| *stage == close.stage);
            for reviewer in assigned.filter_map(|(_, index)| name(*index)).filter(|one| !answered.contains(one)) {
                all.insert(reviewer, ReviewerParticipation { opened_at, missed_at: Some(close.closed_at) });
            }
        }
    }
    all
}

/// Returns the latest consecutive missed campaigns; `turns` are sorted by opening time.
fn missed_in_a_row<T>(turns: impl IntoIterator<Item = (T, ReviewerParticipation)>) -> Vec<T> {
    let (mut missed, mut last) = (Vec::new(), None);
    for (campaign, turn) in turns {
        match turn.missed_at {
            None => {
                missed.clear();
                last = None;
            }
            Some(at) if last.is_none_or(|last| last <= turn.opened_at) => {
                missed.push(campaign);
                last = Some(at);
            }
            Some(_) => {}
        }
    }
    missed
}

/// Number of consecutive missed campaigns from which a finding is reported.
const REPEATED: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    /// A case: its name, the opening day of each campaign with whether it was missed, and the expected campaigns.
    type Case = (&'static str, &'static [(i64, bool)], &'static [usize]);

    /// A campaign that was opened on this day and closed a week later, missed or answered.
    fn turn(day: i64, missed: bool) -> ReviewerParticipation {
        let at = |day: i64| Timestamp::from_unix(day * 86_400);
        ReviewerParticipation { opened_at: at(day), missed_at: missed.then(|| at(day + 7)) }
    }

    #[test]
    fn missed_in_a_row_answer_between_resets_count() {
        let cases: [Case; 8] = [
            ("never assigned", &[], &[]),
            ("once", &[(0, true)], &[0]),
            ("twice", &[(0, true), (90, true)], &[0, 1]),
            ("a response between them", &[(0, true), (90, false), (180, true)], &[2]),
            ("a response before them", &[(0, false), (90, true), (180, true)], &[1, 2]),
            ("a response after them", &[(0, true), (90, true), (180, false)], &[]),
            ("three times", &[(0, true), (90, true), (180, true)], &[0, 1, 2]),
            ("one absence during two overlapping campaigns", &[(0, true), (3, true)], &[0]),
        ];
        for (name, days, found) in cases {
            let turns = days.iter().map(|(day, missed)| turn(*day, *missed)).enumerate();
            assert_eq!(missed_in_a_row(turns), found, "{name}");
        }
    }
}
