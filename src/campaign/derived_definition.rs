//! Derives campaign definitions with a narrower selection: items affected by an event, left unanswered by a campaign,
//! or changed since it was opened.

use crate::model::{
    CampaignId, SystemId,
    file::{Campaign, CampaignDefinition, Selector},
};
use serde::Serialize;
use std::collections::BTreeSet;

/// The accounts and roles affected by an event.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct AffectedScope {
    /// Accounts, `<system>:<immutable id>`.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub subjects: BTreeSet<String>,
    /// Roles and groups, `<system>:<immutable id of the entitlement>`: all their members and contents.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub roles: BTreeSet<String>,
}

impl AffectedScope {
    /// Returns a scope of these accounts.
    pub fn accounts(subjects: impl IntoIterator<Item = String>) -> Self {
        Self { subjects: subjects.into_iter().collect(), roles: BTreeSet::new() }
    }

    /// Returns whether the scope is empty.
    pub fn is_empty(&self) -> bool {
        self.subjects.is_empty() && self.roles.is_empty()
    }

    /// Returns the contents, accounts first, each part sorted.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.subjects.iter().chain(&self.roles).map(String::as_str)
    }

    fn systems(&self) -> BTreeSet<SystemId> {
        self.iter().filter_map(|one| SystemId::parse(one.split_once(':')?.0).ok()).collect()
    }
}

/// Returns the definition restricted to the affected scope, with a title that names the reason; it opens once, without
/// recurrence.
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

/// Returns the definition restricted to the unanswered items of a campaign that was opened from it.
pub fn for_unanswered(definition: &CampaignDefinition, campaign: &Campaign) -> CampaignDefinition {
    let again = |selector: &Selector| Selector { unanswered_in: Some(campaign.id.clone()), ..selector.clone() };
    let selectors = definition.selectors.iter().map(again).collect();
    let systems = campaign.systems.iter().map(|population| population.system.clone()).collect();
    once(definition, selectors, systems, &format!("unanswered items of {}", campaign.id))
}

/// Returns the definition restricted to the affected changes since a campaign.
pub fn for_drift(
    definition: &CampaignDefinition,
    touched: &AffectedScope,
    campaign: &CampaignId,
) -> CampaignDefinition {
    let mut definition = narrowed(definition, touched, &format!("changes during {campaign}"));
    for selector in &mut definition.selectors {
        selector.changed_since = Some(campaign.clone());
    }
    definition
}

/// Returns whether a campaign covers only a part of the selection of its definition.
pub fn is_narrowed(definition: &CampaignDefinition) -> bool {
    let part = |one: &Selector| {
        !one.subjects.is_empty() || !one.roles.is_empty() || one.unanswered_in.is_some() || one.changed_since.is_some()
    };
    definition.recurrence_days.is_none() && definition.selectors.iter().any(part)
}

/// Returns whether a definition is another one, or is derived from it: it has the same rules, and its selectors select a
/// part of the original ones.
pub(super) fn is_derived(derived: &CampaignDefinition, original: &CampaignDefinition) -> bool {
    if derived == original {
        return true;
    }
    let same_rules = CampaignDefinition {
        title: original.title.clone(),
        selectors: original.selectors.clone(),
        allow_empty: original.allow_empty.clone(),
        recurrence_days: original.recurrence_days,
        triggers: original.triggers.clone(),
        ..derived.clone()
    };
    let whole = |selector: &Selector| {
        let wide = |other: &&Selector| {
            let within = |system: &SystemId| other.systems.is_empty() || other.systems.contains(system);
            selector.systems.iter().all(within) && {
                let Selector { systems, subjects, roles, .. } = (*other).clone();
                let (unanswered_in, changed_since) = (other.unanswered_in.clone(), other.changed_since.clone());
                let wider = Selector { systems, subjects, roles, unanswered_in, changed_since, ..selector.clone() };
                wider == **other
            }
        };
        original.selectors.iter().any(|other| wide(&other))
    };
    same_rules == *original
        && derived.title.starts_with(&original.title)
        && is_narrowed(derived)
        && derived.selectors.iter().all(whole)
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
        allow_empty: may_be_empty,
        recurrence_days: None,
        triggers: Vec::new(),
        ..definition.clone()
    }
}
