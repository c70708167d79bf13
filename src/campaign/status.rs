//! Campaign status: open decisions by reviewer, and unconfirmed changes. Computed from signed files and evidence, never
//! stored.

use super::{ExceptionStatus, ItemState, Resolution, ResolutionSummary, WorklistFile};
use crate::model::{
    CampaignId, Finding, ItemId, PrincipalId, SystemId, Tier, Timestamp, Verdict,
    action::DecisionOrigin,
    file::{Campaign, Item, System},
    history::EvidenceHistory,
};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The status of one item.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ItemStatus {
    /// The item.
    pub item: ItemId,
    /// The system.
    pub system: SystemId,
    /// The tier.
    pub tier: Tier,
    /// The display name of the holder.
    pub principal: String,
    /// The display name of the entitlement.
    pub entitlement: String,
    /// The reviewer.
    pub reviewer: PrincipalId,
    /// The file for the decision.
    pub path: String,
    /// The verdict, if decided.
    pub verdict: Option<Verdict>,
    /// Whether a person decided, or the no-response default applied.
    pub decided: Option<DecisionOrigin>,
    /// Whether the decision was accepted after the due date of its stage, and before the close.
    pub late: bool,
    /// The stage in which it is pending; `None` if it passed all stages.
    pub stage: Option<u32>,
    /// The reviewers whose response is missing.
    pub missing: Vec<PrincipalId>,
    /// The principals who can decide or cosign it now. A campaign owner closes a stage, or an exception is needed, where
    /// there are none.
    pub must_act: Vec<PrincipalId>,
    /// The state.
    pub state: ItemState,
    /// The reason for the state.
    pub why: String,
    /// The next step; empty if there is none.
    pub next: String,
}

/// The open work of one reviewer.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ReviewerStatus {
    /// The reviewer.
    pub reviewer: PrincipalId,
    /// The number of assigned items.
    pub items: u64,
    /// The number of undecided items on which they can act now.
    pub undecided: u64,
    /// The number of decided items without confirmation.
    pub unconfirmed: u64,
    /// The number of items they decided after the due date.
    pub late: u64,
    /// Whether the reviewer has undecided items after the window.
    pub overdue: bool,
    /// The campaigns they missed in a row, oldest first.
    pub missed: Vec<CampaignId>,
}

/// The status of a stage.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct StageStatus {
    /// The number of the stage, from 1.
    pub stage: u32,
    /// The name.
    pub name: String,
    /// Whether it is closed.
    pub closed: bool,
    /// The number of items pending in it.
    pub waiting: u64,
}

/// The status of a campaign.
#[derive(Clone, Debug, Serialize)]
pub struct CampaignStatus {
    /// The campaign.
    pub campaign: CampaignId,
    /// The title.
    pub title: String,
    /// The end of its window.
    pub closes_at: Timestamp,
    /// Whether the window has ended with undecided items.
    pub overdue: bool,
    /// Whether the evidence contains its close.
    pub closed: bool,
    /// The number of items in each state.
    pub states: BTreeMap<&'static str, u64>,
    /// The number of items decided by people.
    pub by_people: u64,
    /// The number of items decided after the due date of their stage.
    pub late: u64,
    /// The number of items resolved by the no-response default; never counted as decided by people.
    pub by_silence: u64,
    /// The stages, in order.
    pub stages: Vec<StageStatus>,
    /// The open work of each reviewer.
    pub reviewers: Vec<ReviewerStatus>,
    /// All items, least complete first.
    pub items: Vec<ItemStatus>,
    /// The findings about the decisions.
    pub findings: Vec<Finding>,
}

/// The inputs of a status.
pub struct StatusInputs<'a> {
    /// The campaign.
    pub campaign: &'a Campaign,
    /// Its worklists as published at opening.
    pub sheets: &'a [WorklistFile],
    /// The resolution of its reviews.
    pub resolved: &'a ResolutionSummary,
    /// The evidence.
    pub history: &'a EvidenceHistory,
    /// The verified exceptions with their status.
    pub exceptions: &'a [ExceptionStatus],
    /// The campaigns that each reviewer missed in a row.
    pub missed: &'a BTreeMap<PrincipalId, Vec<CampaignId>>,
    /// The end of the window of the open stage; `None` if all stages are closed.
    pub stage_ends: Option<Timestamp>,
    /// Returns the fallbacks who may decide an item.
    pub settlers: &'a dyn Fn(&ItemId) -> Vec<PrincipalId>,
    /// Returns whether none may review an item: it is the access of the only person.
    pub is_unreviewable: &'a dyn Fn(&ItemId) -> bool,
    /// Returns whether a principal has not left.
    pub is_here: &'a dyn Fn(&PrincipalId) -> bool,
    /// The review files that were accepted after the due date of their stage, and before its close.
    pub late: &'a BTreeSet<String>,
    /// The review files on main that lack the signature of a cosigner, with their cosigners.
    pub unsigned: &'a BTreeMap<String, Vec<PrincipalId>>,
    /// The systems, for their remediation mode.
    pub systems: &'a BTreeMap<SystemId, System>,
    /// The current time.
    pub now: Timestamp,
}

/// Returns the status of a campaign. It contains every item of the worklists once, decided or not.
pub fn status(facts: &StatusInputs<'_>) -> CampaignStatus {
    let decided: BTreeMap<&ItemId, &Resolution> = facts.resolved.decided.iter().map(|one| (&one.item, one)).collect();
    let all = facts.sheets.iter().flat_map(|sheet| sheet.review.items.iter().map(move |item| (sheet, item)));
    let mut stubs: Vec<AssignedItem<'_>> = all.collect();
    // Stubs are many and lines are long: what can be put in order before there are lines is.
    stubs.sort_by(|(a, one), (b, other)| (&a.review.system, one.id).cmp(&(&b.review.system, other.id)));
    let line = |stubs: &[AssignedItem<'_>]| match decided.get(&stubs.first()?.1.id) {
        Some(resolution) => {
            let own = stubs.iter().find(|(sheet, _)| sheet.path == resolution.basis.path).or(stubs.first());
            own.map(|(sheet, item)| facts.decided(sheet, item, resolution))
        }
        None => facts.undecided(stubs),
    };
    let mut items: Vec<ItemStatus> = stubs.chunk_by(|(_, a), (_, b)| a.id == b.id).filter_map(line).collect();
    items.sort_by_cached_key(|one| (one.state.is_done(), one.tier, one.state));
    let late = facts.now > facts.campaign.closes_at;
    let mut states = BTreeMap::new();
    for item in &items {
        *states.entry(item.state.as_str()).or_default() += 1;
    }
    let decided = |how: DecisionOrigin| items.iter().filter(|item| item.decided == Some(how)).count() as u64;
    CampaignStatus {
        campaign: facts.campaign.id.clone(),
        title: facts.campaign.definition.title.clone(),
        closes_at: facts.campaign.closes_at,
        overdue: late && items.iter().any(|item| item.state == ItemState::Undecided),
        closed: facts.history.is_closed(&facts.campaign.id),
        states,
        by_people: decided(DecisionOrigin::ByPeople),
        late: items.iter().filter(|item| item.late).count() as u64,
        by_silence: decided(DecisionOrigin::BySilence),
        stages: facts.stages(&items),
        reviewers: facts.reviewers(&items, late),
        items,
        findings: facts.resolved.findings.clone(),
    }
}

/// An item as assigned to one of its reviewers.
pub(super) type AssignedItem<'a> = (&'a WorklistFile, &'a Item);

impl StatusInputs<'_> {
    fn stages(&self, items: &[ItemStatus]) -> Vec<StageStatus> {
        let definition = &self.campaign.definition;
        let of = |stage: u32| StageStatus {
            stage,
            name: definition.stage(stage).map(|stage| stage.name.clone()).unwrap_or_default(),
            closed: stage <= self.resolved.closed,
            waiting: items.iter().filter(|item| item.stage == Some(stage)).count() as u64,
        };
        (1..=definition.stage_count()).map(of).collect()
    }

    fn reviewers(&self, items: &[ItemStatus], late: bool) -> Vec<ReviewerStatus> {
        let mut all: BTreeMap<&PrincipalId, ReviewerStatus> = BTreeMap::new();
        let new = |reviewer: &PrincipalId| ReviewerStatus {
            reviewer: reviewer.clone(),
            items: 0,
            undecided: 0,
            unconfirmed: 0,
            late: 0,
            overdue: false,
            missed: self.missed.get(reviewer).cloned().unwrap_or_default(),
        };
        for sheet in self.sheets {
            let reviewer = &sheet.review.reviewer;
            all.entry(reviewer).or_insert_with(|| new(reviewer)).items += sheet.review.items.len() as u64;
        }
        for item in items {
            if item.late {
                all.entry(&item.reviewer).or_insert_with(|| new(&item.reviewer)).late += 1;
            }
            match item.state {
                ItemState::Undecided => {
                    for reviewer in &item.must_act {
                        all.entry(reviewer).or_insert_with(|| new(reviewer)).undecided += 1;
                    }
                }
                state if !state.is_done() => {
                    all.entry(&item.reviewer).or_insert_with(|| new(&item.reviewer)).unconfirmed += 1;
                }
                _ => {}
            }
        }
        for one in all.values_mut() {
            one.overdue = late && one.undecided > 0;
        }
        all.into_values().collect()
    }
}
