//! Who let two campaigns in a row pass without an answer, by what the signed closes of their stages list as silent; and
//! whom to tell that what they own needs another owner.

use super::Reminder;
use crate::{
    inventory::IdentityDirectory,
    model::{CampaignId, PrincipalId, Timestamp},
    trust::{OpenCampaign, VotingSlot},
};
use std::collections::{BTreeMap, BTreeSet};

/// Two campaigns that somebody let pass.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MissedCampaigns {
    /// Which, the earlier one first.
    pub campaigns: [CampaignId; 2],
    /// The last stage of the later one in which they were asked and silent.
    pub stage: u32,
    /// How many items of the later one they did not answer.
    pub items: u64,
    /// When that stage was closed, as the closer's clock claims.
    pub closed_at: Timestamp,
}

/// What somebody owns: what it is, and the file that says so.
pub type OwnedResources = BTreeMap<PrincipalId, BTreeMap<String, String>>;

/// Returns who let two campaigns in a row pass: a stage of each is closed in which they were asked, and nobody answered
/// anything for them. Any answer for them in a later one wipes that out; and what was opened before the earlier one was
/// closed is no second chance, and does not count.
pub fn missed<'a>(openings: impl IntoIterator<Item = &'a OpenCampaign>) -> BTreeMap<PrincipalId, MissedCampaigns> {
    let mut openings: Vec<&OpenCampaign> = openings.into_iter().collect();
    openings.sort_by_key(|opening| (opening.campaign().opened_at, &opening.campaign().value().id));
    let mut all: BTreeMap<&PrincipalId, Vec<(&CampaignId, ReviewerParticipation)>> = BTreeMap::new();
    for opening in openings {
        let campaign = opening.campaign().value();
        for (reviewer, turn) in participations(opening) {
            all.entry(reviewer).or_default().push((&campaign.id, turn));
        }
    }
    let two = |(who, turns): (&PrincipalId, Vec<(&CampaignId, ReviewerParticipation)>)| {
        let [first, last] = in_a_row(turns.iter().map(|(_, turn)| *turn))?;
        let (earlier, _) = turns.get(first)?;
        let (later, ReviewerParticipation { silent: Some(silent), .. }) = turns.get(last)? else { return None };
        let campaigns = [(*earlier).clone(), (*later).clone()];
        let NonResponse { stage, items, closed_at } = *silent;
        Some((who.clone(), MissedCampaigns { campaigns, stage, items, closed_at }))
    };
    all.into_iter().filter_map(two).collect()
}

/// Returns whom to tell that somebody missed two campaigns and owns something that needs another owner.
pub fn reassignments(
    missed: &BTreeMap<PrincipalId, MissedCampaigns>,
    owned: &OwnedResources,
    people: &IdentityDirectory,
    owners: &[PrincipalId],
) -> Vec<Reminder> {
    let notice = |(who, missed): (&PrincipalId, &MissedCampaigns)| {
        let owns = owned.get(who).filter(|owns| !owns.is_empty())?;
        let [_, campaign] = &missed.campaigns;
        let manager = people.get(who).and_then(|entry| entry.owner.clone());
        let mut to: BTreeSet<PrincipalId> = owners.iter().cloned().chain(manager).collect();
        to.insert(who.clone());
        to.retain(|id| !people.has_left(id));
        Some(Reminder {
            id: format!("{campaign}/{}/{REASSIGN}/{who}", missed.stage),
            campaign: campaign.clone(),
            stage: missed.stage,
            event: REASSIGN.to_owned(),
            reviewer: who.clone(),
            to,
            items: missed.items,
            files: owns.values().cloned().collect(),
            owns: owns.clone(),
            missed: missed.campaigns.to_vec(),
            due: missed.closed_at,
        })
    };
    missed.iter().filter_map(notice).collect()
}

/// The event that what somebody owns needs another owner.
pub const REASSIGN: &str = "reassign";

/// What a campaign was to somebody who was asked in it, and who answered or let it pass.
#[derive(Clone, Copy, Debug)]
struct ReviewerParticipation {
    opened_at: Timestamp,
    /// Nothing where they answered.
    silent: Option<NonResponse>,
}

#[derive(Clone, Copy, Debug)]
struct NonResponse {
    stage: u32,
    items: u64,
    closed_at: Timestamp,
}

/// Returns the turns of everybody who let a campaign pass, or for whom something was answered in it. Who was
/// asked in a stage that is open still and has not answered has had no turn yet.
fn participations(opening: &OpenCampaign) -> BTreeMap<&PrincipalId, ReviewerParticipation> {
    let opened_at = opening.campaign().opened_at;
    let name = |index: u32| opening.reviewers().get(usize::try_from(index).ok()?);
    let answered = opening.items().flat_map(|item| opening.bound(item)).filter_map(|bound| match bound.seat {
        VotingSlot::Asked(index) => name(index),
        VotingSlot::Fallback | VotingSlot::Look => None,
    });
    let answered: BTreeSet<&PrincipalId> = answered.collect();
    let mut turns: BTreeMap<&PrincipalId, ReviewerParticipation> =
        answered.iter().map(|reviewer| (*reviewer, ReviewerParticipation { opened_at, silent: None })).collect();
    for close in opening.closes() {
        for silent in &close.silent {
            let asked = opening.asked(&silent.item).iter().filter(|(stage, _)| *stage == close.stage);
            for reviewer in asked.filter_map(|(_, index)| name(*index)).filter(|one| !answered.contains(one)) {
                let turn = turns.entry(reviewer).or_insert(ReviewerParticipation { opened_at, silent: None });
                let items = turn.silent.map_or(0, |silent| silent.items) + 1;
                turn.silent = Some(NonResponse { stage: close.stage, items, closed_at: close.closed_at });
            }
        }
    }
    turns
}

/// Returns the last two of the turns that were missed one after the other; the turns come in the order of their openings.
fn in_a_row(turns: impl IntoIterator<Item = ReviewerParticipation>) -> Option<[usize; 2]> {
    let mut missed: Vec<(usize, Timestamp)> = Vec::new();
    for (place, turn) in turns.into_iter().enumerate() {
        match turn.silent {
            None => missed.clear(),
            Some(silent) if missed.last().is_none_or(|(_, closed_at)| *closed_at <= turn.opened_at) => {
                missed.push((place, silent.closed_at));
            }
            Some(_) => {}
        }
    }
    match missed.as_slice() {
        [.., (first, _), (last, _)] => Some([*first, *last]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What happened, the days on which campaigns were opened with whether they were missed, and the two in a row.
    type Case = (&'static str, &'static [(i64, bool)], Option<[usize; 2]>);

    /// Opened on a day, and closed a week later with something unanswered, or answered.
    fn turn(day: i64, missed: bool) -> ReviewerParticipation {
        let closed_at = Timestamp::from_unix((day + 7) * 86_400);
        let silent = missed.then_some(NonResponse { stage: 1, items: 1, closed_at });
        ReviewerParticipation { opened_at: Timestamp::from_unix(day * 86_400), silent }
    }

    #[test]
    fn missed_in_a_row_requires_no_response_in_between() {
        let cases: [Case; 8] = [
            ("never asked", &[], None),
            ("once", &[(0, true)], None),
            ("twice", &[(0, true), (90, true)], Some([0, 1])),
            ("an answer between them", &[(0, true), (90, false), (180, true)], None),
            ("an answer before them", &[(0, false), (90, true), (180, true)], Some([1, 2])),
            ("an answer since", &[(0, true), (90, true), (180, false)], None),
            ("of three the last two", &[(0, true), (90, true), (180, true)], Some([1, 2])),
            ("away once, with two under way", &[(0, true), (3, true)], None),
        ];
        for (name, days, found) in cases {
            assert_eq!(in_a_row(days.iter().map(|(day, missed)| turn(*day, *missed))), found, "{name}");
        }
    }
}
