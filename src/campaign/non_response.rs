//! Campaigns in a row that a reviewer did not answer, by the signed closes of their stages.

use super::CampaignStatus;
use crate::{
    model::{CampaignId, Finding, PrincipalId, Severity, Timestamp},
    trust::{OpenCampaign, VotingSlot},
};
use std::collections::{BTreeMap, BTreeSet};

/// Returns the campaigns that each reviewer missed in a row, oldest first.
///
/// A reviewer missed a campaign if the close of one of its stages lists an item as silent that they were asked about, and
/// no answer counts for them in that campaign. An answer in a later campaign ends the row. A campaign that was opened before
/// the previous missed one was closed is not counted: one absence is not a repeated one.
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

/// Returns a finding for each reviewer of the campaign who missed two campaigns in a row or more.
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

/// The part of a reviewer in a campaign they were asked in.
#[derive(Clone, Copy, Debug)]
struct ReviewerParticipation {
    opened_at: Timestamp,
    /// When the last stage was closed that they did not answer; none if they answered.
    missed_at: Option<Timestamp>,
}

/// Returns the reviewers who answered in a campaign, and those who missed it. Reviewers of a stage that is still open
/// are in neither group until they answer.
fn participations(opening: &OpenCampaign) -> BTreeMap<&PrincipalId, ReviewerParticipation> {
    let opened_at = opening.campaign().opened_at;
    let name = |index: u32| opening.reviewers().get(usize::try_from(index).ok()?);
    let answered = opening.items().flat_map(|item| opening.bound(item)).filter_map(|bound| match bound.slot {
        VotingSlot::Asked(index) => name(index),
        VotingSlot::Fallback => None,
    });
    let answered: BTreeSet<&PrincipalId> = answered.collect();
    let mut all: BTreeMap<&PrincipalId, ReviewerParticipation> =
        answered.iter().map(|reviewer| (*reviewer, ReviewerParticipation { opened_at, missed_at: None })).collect();
    for close in opening.closes() {
        for silent in &close.no_response {
            let asked = opening.asked(&silent.item).iter().filter(|(stage, _)| *stage == close.stage);
            for reviewer in asked.filter_map(|(_, index)| name(*index)).filter(|one| !answered.contains(one)) {
                all.insert(reviewer, ReviewerParticipation { opened_at, missed_at: Some(close.closed_at) });
            }
        }
    }
    all
}

/// Returns the last campaigns that were missed one after the other; `turns` are in the order of their openings.
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

/// How many campaigns missed in a row are a finding.
const REPEATED: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    /// A title, the days on which campaigns were opened with whether they were missed, and the campaigns in the row.
    type Case = (&'static str, &'static [(i64, bool)], &'static [usize]);

    /// Opened on a day, and closed a week later, missed or answered.
    fn turn(day: i64, missed: bool) -> ReviewerParticipation {
        let at = |day: i64| Timestamp::from_unix(day * 86_400);
        ReviewerParticipation { opened_at: at(day), missed_at: missed.then(|| at(day + 7)) }
    }

    #[test]
    fn missed_in_a_row_answer_between_resets_count() {
        let cases: [Case; 8] = [
            ("never asked", &[], &[]),
            ("once", &[(0, true)], &[0]),
            ("twice", &[(0, true), (90, true)], &[0, 1]),
            ("an answer between them", &[(0, true), (90, false), (180, true)], &[2]),
            ("an answer before them", &[(0, false), (90, true), (180, true)], &[1, 2]),
            ("an answer since", &[(0, true), (90, true), (180, false)], &[]),
            ("three times", &[(0, true), (90, true), (180, true)], &[0, 1, 2]),
            ("absent once, with two under way", &[(0, true), (3, true)], &[0]),
        ];
        for (name, days, found) in cases {
            let turns = days.iter().map(|(day, missed)| turn(*day, *missed)).enumerate();
            assert_eq!(missed_in_a_row(turns), found, "{name}");
        }
    }
}
