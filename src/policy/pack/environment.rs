//! The names available in expressions: attributes and limits in rules, five names in separation-of-duties rules.

use crate::{
    model::{
        Tier,
        file::{Limit, Rule, Scope},
    },
    policy::{
        ATTRIBUTES, AttributeKind, AttributeValues, attribute,
        expression::{AttributeIndex, AttributeSchema, AttributeSource, ExprList, ExprValue},
    },
};
use std::borrow::Cow;

/// The names available in a rule: all attributes, and the limits that it declares.
pub(crate) struct RuleEnvironment<'r> {
    pub(crate) limits: Vec<&'r str>,
    pub(crate) scope: Option<Scope>,
}

impl AttributeSchema for RuleEnvironment<'_> {
    fn find(&self, name: &str) -> Option<(AttributeIndex, AttributeKind)> {
        if let Some(limit) = name.strip_prefix("limit.") {
            let place = self.limits.iter().position(|declared| *declared == limit)?;
            return Some((FIRST_LIMIT.checked_add(AttributeIndex::try_from(place).ok()?)?, AttributeKind::Number));
        }
        let attribute = attribute(name).filter(|attribute| self.sees(attribute.name))?;
        let place = ATTRIBUTES.partition_point(|one| one.name < name);
        Some((AttributeIndex::try_from(place).ok()?, attribute.kind))
    }

    fn names(&self) -> Vec<String> {
        let limits = self.limits.iter().map(|limit| format!("limit.{limit}"));
        let seen = ATTRIBUTES.iter().filter(|attribute| self.sees(attribute.name));
        seen.map(|attribute| attribute.name.to_owned()).chain(limits).collect()
    }

    fn permitted_values(&self, slot: AttributeIndex) -> Option<&'static [&'static str]> {
        ATTRIBUTES.get(usize::from(slot))?.words
    }

    fn help(&self) -> &'static str {
        match self.scope {
            Some(Scope::Principal) => {
                "a rule over principals has no grant attributes; list all names with `tenure policy attributes`"
            }
            _ => "list all names with `tenure policy attributes`; a `limit.<name>` is declared in its rule",
        }
    }
}

impl<'r> RuleEnvironment<'r> {
    /// Returns the names available in a rule.
    pub(crate) fn of(rule: &'r Rule) -> Self {
        Self { limits: rule.limits.iter().map(|limit| limit.name.as_str()).collect(), scope: Some(rule.scope) }
    }

    /// Returns the limit of a rule at an index.
    pub(crate) fn limit(rule: &Rule, slot: AttributeIndex) -> Option<&Limit> {
        rule.limits.get(usize::from(slot.checked_sub(FIRST_LIMIT)?))
    }

    /// A rule over principals has no grant and no credential.
    fn sees(&self, name: &str) -> bool {
        self.scope != Some(Scope::Principal) || !SINGLE.iter().any(|prefix| name.starts_with(prefix))
    }
}

/// Returns the name at an index.
pub(crate) fn name_of(slot: AttributeIndex, scope: Scope) -> &'static str {
    match ATTRIBUTES.get(usize::from(slot)) {
        Some(attribute) => attribute.name,
        // A limit is known if the tier is known.
        None => tier_name(scope),
    }
}

/// Returns the attribute that selects the limits of a rule by tier.
pub(crate) const fn tier_name(scope: Scope) -> &'static str {
    match scope {
        Scope::Grant => "grant.tier",
        Scope::Principal => "principal.tier",
    }
}

/// One grant or principal as the subject of rules.
#[derive(Clone, Copy, Debug)]
pub struct RuleSubject<'f> {
    own: &'f AttributeValues,
    principal: Option<&'f AttributeValues>,
}

impl<'f> RuleSubject<'f> {
    /// Returns the subject with these attributes.
    pub const fn of(facts: &'f AttributeValues) -> Self {
        Self { own: facts, principal: None }
    }

    /// Adds the attributes of the holder of a grant; attributes of the grant take precedence.
    #[must_use]
    pub const fn with_holder(mut self, principal: &'f AttributeValues) -> Self {
        self.principal = Some(principal);
        self
    }

    pub(crate) fn value(&self, slot: AttributeIndex) -> Option<ExprValue<'f>> {
        self.own.value(slot).or_else(|| self.principal?.value(slot))
    }

    /// Returns the tier that selects the limits of a rule.
    pub(crate) fn tier(&self, slot: AttributeIndex) -> Option<Tier> {
        match self.value(slot)? {
            ExprValue::Text(text) => TIERS.into_iter().find(|(name, _)| *name == text).map(|(_, tier)| tier),
            _ => None,
        }
    }
}

impl AttributeSource for RuleSubject<'_> {
    fn value(&self, slot: AttributeIndex) -> Option<ExprValue<'_>> {
        RuleSubject::value(self, slot)
    }
}

/// A subject with the limits of one rule and the active profiles.
pub(crate) struct RuleView<'v> {
    pub(crate) subject: &'v RuleSubject<'v>,
    /// The numbers of each limit from T0 to T3.
    pub(crate) limits: &'v [[i64; 4]],
    pub(crate) tier: AttributeIndex,
    pub(crate) profiles: &'v [String],
    pub(crate) profiles_slot: AttributeIndex,
}

impl AttributeSource for RuleView<'_> {
    fn value(&self, slot: AttributeIndex) -> Option<ExprValue<'_>> {
        if slot == self.profiles_slot {
            return Some(ExprValue::List(ExprList::Words(self.profiles)));
        }
        let Some(place) = slot.checked_sub(FIRST_LIMIT) else { return self.subject.value(slot) };
        let numbers = self.limits.get(usize::from(place))?;
        let number = match self.subject.tier(self.tier) {
            Some(tier) => numbers.get(tier as usize)?,
            // If the number is the same for all tiers, the tier need not be known.
            None if numbers.iter().all(|number| *number == numbers[0]) => &numbers[0],
            None => return None,
        };
        Some(ExprValue::Number(*number))
    }
}

/// The names available in a side of a separation-of-duties rule.
pub(crate) struct SodEnvironment;

impl AttributeSchema for SodEnvironment {
    fn find(&self, name: &str) -> Option<(AttributeIndex, AttributeKind)> {
        let place = HELD.iter().position(|held| *held == name)?;
        Some((AttributeIndex::try_from(place).ok()?, AttributeKind::Text))
    }

    fn names(&self) -> Vec<String> {
        HELD.map(str::to_owned).to_vec()
    }

    fn permitted_values(&self, slot: AttributeIndex) -> Option<&'static [&'static str]> {
        match held_name(slot) {
            name @ ("kind" | "tier") => attribute(&format!("grant.{name}"))?.words,
            _ => None,
        }
    }

    fn help(&self) -> &'static str {
        "available names: `system`, `kind`, `id`, `name`, `tier` of one entitlement"
    }
}

/// One effective entitlement of a principal, as input of separation-of-duties rules.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SodEntitlement<'h> {
    /// The system.
    pub system: Option<&'h str>,
    /// The kind of the grant, as `grant.kind`.
    pub kind: Option<&'h str>,
    /// The immutable id.
    pub id: Option<&'h str>,
    /// The display name.
    pub name: Option<&'h str>,
    /// The tier, `T0` to `T3`.
    pub tier: Option<&'h str>,
}

impl AttributeSource for SodEntitlement<'_> {
    fn value(&self, slot: AttributeIndex) -> Option<ExprValue<'_>> {
        let values = [self.system, self.kind, self.id, self.name, self.tier];
        values.get(usize::from(slot)).copied().flatten().map(|text| ExprValue::Text(Cow::Borrowed(text)))
    }
}

/// Returns the name at an index.
pub(crate) fn held_name(slot: AttributeIndex) -> &'static str {
    HELD.get(usize::from(slot)).copied().unwrap_or("name")
}

const HELD: [&str; 5] = ["system", "kind", "id", "name", "tier"];
const TIERS: [(&str, Tier); 4] = [("T0", Tier::T0), ("T1", Tier::T1), ("T2", Tier::T2), ("T3", Tier::T3)];
const SINGLE: [&str; 2] = ["credential.", "grant."];
/// The indexes of limits follow those of all attributes.
pub(crate) const FIRST_LIMIT: AttributeIndex = 192;
/// Maximum number of limits of a rule.
pub(crate) const MAX_LIMITS: usize = 16;
