//! A definition over a part of what it selects: what an event touches, or what a campaign left unanswered.

use crate::model::{
    CampaignId, SystemId,
    file::{Campaign, CampaignDefinition, Selector},
};
use serde::Serialize;
use std::collections::BTreeSet;

/// What an event touches.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct AffectedScope {
    /// Accounts, `<system>:<immutable id>`.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub subjects: BTreeSet<String>,
    /// Roles and groups, `<system>:<immutable id of the entitlement>`: everybody in them, and what they give.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub roles: BTreeSet<String>,
}

impl AffectedScope {
    /// Returns nothing but these accounts.
    pub fn accounts(subjects: impl IntoIterator<Item = String>) -> Self {
        Self { subjects: subjects.into_iter().collect(), roles: BTreeSet::new() }
    }

    /// Returns whether it is nothing.
    pub fn is_empty(&self) -> bool {
        self.subjects.is_empty() && self.roles.is_empty()
    }

    /// Returns everything in it, accounts first, each sorted.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.subjects.iter().chain(&self.roles).map(String::as_str)
    }

    fn systems(&self) -> BTreeSet<SystemId> {
        self.iter().filter_map(|one| SystemId::parse(one.split_once(':')?.0).ok()).collect()
    }
}

/// Returns the definition over nothing but what is touched, under the title that says why; opened once, and by no rhythm.
pub fn narrowed(definition: &CampaignDefinition, touched: &AffectedScope, why: &str) -> CampaignDefinition {
    let systems = touched.systems();
    let narrow = |selector: &Selector| {
        let asked = |system: &&SystemId| selector.systems.is_empty() || selector.systems.contains(system);
        let systems: Vec<SystemId> = systems.iter().filter(asked).cloned().collect();
        let subjects = touched.subjects.iter().cloned().collect();
        let roles = touched.roles.iter().cloned().collect();
        (!systems.is_empty()).then(|| Selector { systems, subjects, roles, ..selector.clone() })
    };
    let selectors = definition.selectors.iter().filter_map(narrow).collect();
    once(definition, selectors, systems.iter().cloned().collect(), why)
}

/// Returns the definition over what nobody answered in a campaign that was opened from it.
pub fn for_unanswered(definition: &CampaignDefinition, campaign: &Campaign) -> CampaignDefinition {
    let again = |selector: &Selector| Selector { unanswered_in: Some(campaign.id.clone()), ..selector.clone() };
    let selectors = definition.selectors.iter().map(again).collect();
    let systems = campaign.systems.iter().map(|population| population.system.clone()).collect();
    once(definition, selectors, systems, &format!("what nobody answered in {}", campaign.id))
}

/// Returns the definition over what changed of it since a campaign, as far as it is touched.
pub fn for_drift(
    definition: &CampaignDefinition,
    touched: &AffectedScope,
    campaign: &CampaignId,
) -> CampaignDefinition {
    let mut definition = narrowed(definition, touched, &format!("what changed during {campaign}"));
    for selector in &mut definition.selectors {
        selector.changed_since = Some(campaign.clone());
    }
    definition
}

/// Returns whether a campaign is about a part of what the definition that it was opened from selects.
pub fn is_narrowed(definition: &CampaignDefinition) -> bool {
    let part = |one: &Selector| {
        !one.subjects.is_empty() || !one.roles.is_empty() || one.unanswered_in.is_some() || one.changed_since.is_some()
    };
    definition.every_days.is_none() && definition.selectors.iter().any(part)
}

fn once(
    definition: &CampaignDefinition,
    selectors: Vec<Selector>,
    may_be_empty: Vec<SystemId>,
    why: &str,
) -> CampaignDefinition {
    CampaignDefinition {
        title: format!("{}: {why}", definition.title),
        selectors,
        may_be_empty,
        every_days: None,
        on_events: Vec::new(),
        // A few among a few would be no control.
        seeded: None,
        ..definition.clone()
    }
}
