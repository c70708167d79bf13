//! The frozen population of a campaign: selected grants, and the digest that pins them.

use super::{
    CampaignContext,
    role_contents::{is_role, memberships},
};
use crate::{
    diag::SourceFile,
    model::{
        CampaignId, Digest, Grant, GrantKind, Inventory, ItemId, SystemId, Tier, Usage,
        file::{
            CampaignDefinition, PrincipalKind, PrincipalRecord, PrincipalStatus, Scope, Selector,
            population as digest_of,
        },
    },
    policy::{self, SelectorCondition},
};
use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet},
};

/// One grant that is an item of a campaign.
#[derive(Clone, Copy, Debug)]
pub struct CampaignItem<'a> {
    /// The grant as it was collected.
    pub grant: &'a Grant,
    /// The grant digest, to which decisions are bound.
    pub digest: Digest,
    /// The tier at which it is reviewed: the most critical of its effective access and its system, unless an exception
    /// lowers it.
    pub tier: Tier,
    /// The computed tier, ignoring exceptions.
    pub computed: Tier,
}

impl CampaignItem<'_> {
    /// Returns the immutable id of the holder, `<system>:<id>`.
    pub fn subject(&self) -> String {
        subject(self.grant)
    }
}

/// All items of a campaign, by id.
#[derive(Clone, Debug, Default)]
pub struct CampaignPopulation<'a> {
    members: BTreeMap<ItemId, CampaignItem<'a>>,
}

impl<'a> CampaignPopulation<'a> {
    /// Returns the digest over all items: sorted lines `<item id> <grant digest>`. It does not depend on the order of
    /// grants, systems and selectors.
    pub fn digest(&self) -> Digest {
        digest_of(self.members.iter().map(|(item, member)| (item, &member.digest)))
    }

    /// Returns an item.
    pub fn get(&self, item: &ItemId) -> Option<&CampaignItem<'a>> {
        self.members.get(item)
    }

    /// Returns all items by id.
    pub fn items(&self) -> impl ExactSizeIterator<Item = (&ItemId, &CampaignItem<'a>)> {
        self.members.iter()
    }

    /// Returns the systems with items.
    pub(super) fn systems(&self) -> BTreeSet<&SystemId> {
        self.members.values().map(|member| &member.grant.system).collect()
    }

    /// Returns the number of items.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Returns whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }
}

/// Returns the population that `definition` selects. The same tree produces the same population, so its digest can be
/// recomputed from the commit that a campaign pins.
///
/// Unknown values are included: an uncorrelated account matches every condition on the kind of principal, and a grant
/// is selected if an expression or rule is unknown for it.
pub fn population<'a>(
    campaign: &CampaignId,
    definition: &CampaignDefinition,
    setting: &CampaignContext<'a>,
) -> CampaignPopulation<'a> {
    let mut population = CampaignPopulation::default();
    let choices = choices(definition);
    for system in scope(definition, setting) {
        let Some(loaded) = setting.inventories.get(&system) else { continue };
        let choices: Vec<_> = choices.iter().filter(|choice| choice.is_about(&system)).collect();
        let unlisted = setting.unlisted.get(&system).into_iter().flatten();
        for grant in loaded.inventory.grants().chain(unlisted) {
            let candidate = SelectionCandidate::of(grant, &loaded.inventory, setting);
            if choices.iter().any(|choice| candidate.meets(choice)) {
                let item = ItemId::of(campaign, &system, &grant.key);
                let (digest, computed) = (candidate.digest(), setting.attribute_builder.computed(grant));
                population.members.insert(item, CampaignItem { grant, digest, tier: candidate.tier, computed });
            }
        }
    }
    population
}

/// Returns the systems that the selectors name, or all systems if one selector names none.
pub(super) fn scope(definition: &CampaignDefinition, setting: &CampaignContext<'_>) -> BTreeSet<SystemId> {
    let mut systems: BTreeSet<_> = definition.selectors.iter().flat_map(|s| s.systems.iter().cloned()).collect();
    if definition.selectors.iter().any(|selector| selector.systems.is_empty()) {
        systems.extend(setting.systems.keys().cloned());
    }
    systems
}

pub(super) fn subject(grant: &Grant) -> String {
    format!("{}:{}", grant.system, grant.principal.id)
}

/// Returns whether a principal has no active owner. An active person needs none.
pub(super) fn is_orphan(entry: Option<&PrincipalRecord>, setting: &CampaignContext<'_>) -> bool {
    match entry {
        None => true,
        Some(entry) if entry.kind == PrincipalKind::Person => entry.status == PrincipalStatus::Left,
        Some(entry) => setting.people.active_owner(entry).is_none(),
    }
}

/// Returns the number of unused days before the inventory, and whether it is certain.
pub(super) fn unused_days(usage: &Usage, inventory: &Inventory) -> Option<i64> {
    match usage {
        Usage::At(time) | Usage::NeverSince(time) => Some(inventory.observed_at().days_since(*time).max(0)),
        Usage::Unknown(_) => None,
    }
}

/// A selector with its compiled expression.
struct CompiledSelector<'d> {
    selector: &'d Selector,
    condition: Option<Result<SelectorCondition, ()>>,
}

fn choices(definition: &CampaignDefinition) -> Vec<CompiledSelector<'_>> {
    let source = SourceFile::new("", "");
    let compile = |text: &String| SelectorCondition::compile(text, &source, &[]).map_err(drop);
    definition
        .selectors
        .iter()
        .map(|selector| CompiledSelector { selector, condition: selector.condition.as_ref().map(compile) })
        .collect()
}

impl CompiledSelector<'_> {
    fn is_about(&self, system: &SystemId) -> bool {
        self.selector.systems.is_empty() || self.selector.systems.contains(system)
    }
}

struct SelectionCandidate<'s, 'a> {
    grant: &'a Grant,
    tier: Tier,
    kind: Option<PrincipalKind>,
    orphan: bool,
    usage: Usage,
    unused: Option<i64>,
    inventory: &'a Inventory,
    setting: &'s CampaignContext<'a>,
    digest: OnceCell<Digest>,
    facts: OnceCell<policy::AttributeValues>,
}

impl<'s, 'a> SelectionCandidate<'s, 'a> {
    fn of(grant: &'a Grant, inventory: &'a Inventory, setting: &'s CampaignContext<'a>) -> Self {
        let entry = setting.people.identity_of(&subject(grant));
        let usage = inventory.usage(&grant.key);
        Self {
            grant,
            tier: setting.attribute_builder.tier(grant),
            kind: entry.map(|entry| entry.kind),
            orphan: is_orphan(entry, setting),
            unused: unused_days(&usage, inventory),
            usage,
            inventory,
            setting,
            digest: OnceCell::new(),
            facts: OnceCell::new(),
        }
    }

    fn digest(&self) -> Digest {
        *self.digest.get_or_init(|| self.grant.digest())
    }

    fn facts(&self) -> &policy::AttributeValues {
        self.facts.get_or_init(|| self.setting.attribute_builder.grant(self.grant))
    }

    fn meets(&self, choice: &CompiledSelector<'_>) -> bool {
        let selector = choice.selector;
        let among = |listed: bool, empty: bool| empty || listed;
        among(selector.kinds.contains(&self.grant.kind), selector.kinds.is_empty())
            && among(selector.tiers.contains(&self.tier), selector.tiers.is_empty())
            && among(self.kind.is_none_or(|kind| selector.principals.contains(&kind)), selector.principals.is_empty())
            && (selector.subjects.is_empty() || selector.subjects.contains(&subject(self.grant)))
            && (selector.roles.is_empty() || self.is_of_role(selector))
            && selector.orphaned.is_none_or(|wanted| wanted == self.orphan)
            && selector.unused_days.is_none_or(|days| self.is_unused(i64::from(days)))
            && match selector.role_contents {
                // Synthetic role grants match only selectors that request role contents.
                None => !self.is_unlisted(),
                Some(wanted) => wanted == self.is_content(),
            }
            && self.meets_earlier(selector)
            && (selector.findings.is_empty() || selector.findings.iter().any(|rule| self.is_found(rule)))
            && choice.condition.as_ref().is_none_or(|cel| self.holds(cel))
    }

    /// A role selects its memberships; if role contents are requested, its own grants.
    fn is_of_role(&self, selector: &Selector) -> bool {
        let Grant { system, principal, entitlement, kind, .. } = self.grant;
        let is_named = |id: &str| {
            selector
                .roles
                .iter()
                .any(|role| role.split_once(':').is_some_and(|(own, is)| own == system.as_str() && is == id))
        };
        if selector.role_contents == Some(true) {
            return is_named(&principal.id)
                || memberships(self.inventory, &principal.id).any(|membership| is_named(&membership.entitlement.id));
        }
        *kind == GrantKind::Membership && is_named(&entitlement.id)
    }

    fn meets_earlier(&self, selector: &Selector) -> bool {
        let Grant { system, key, .. } = self.grant;
        let earlier = self.setting.earlier;
        selector.new_since.as_ref().is_none_or(|campaign| earlier.digest(campaign, system, key).is_none())
            && selector
                .changed_since
                .as_ref()
                .is_none_or(|campaign| earlier.digest(campaign, system, key) != Some(&self.digest()))
            && selector.unanswered_in.as_ref().is_none_or(|campaign| earlier.is_unanswered(campaign, system, key))
    }

    /// Use before recording began is unknown, and unknown use is included.
    fn is_unused(&self, days: i64) -> bool {
        !matches!(self.usage, Usage::At(_)) || self.unused.is_none_or(|unused| unused >= days)
    }

    /// The grants of a role are given to its members; its own account and credentials are not.
    fn is_content(&self) -> bool {
        self.is_unlisted()
            || (!matches!(self.grant.kind, GrantKind::Account | GrantKind::Credential)
                && is_role(self.inventory, &self.grant.principal.id))
    }

    fn is_unlisted(&self) -> bool {
        super::role_contents::is_unlisted(&self.grant.key)
    }

    fn is_found(&self, rule: &str) -> bool {
        let subject = policy::RuleSubject::of(self.facts());
        let counts = |outcome: &policy::RuleOutcome| {
            matches!(outcome, policy::RuleOutcome::Fail | policy::RuleOutcome::Unknown(_))
        };
        match rule {
            "*" => [Scope::Grant, Scope::Principal]
                .into_iter()
                .any(|scope| !self.setting.pack.evaluate(scope, &subject).is_empty()),
            rule => self.setting.pack.evaluate_rule(rule, &subject).is_none_or(|judged| counts(&judged.result)),
        }
    }

    fn holds(&self, cel: &Result<SelectorCondition, ()>) -> bool {
        cel.as_ref().ok().and_then(|cel| cel.holds(&policy::RuleSubject::of(self.facts()))).unwrap_or(true)
    }
}
