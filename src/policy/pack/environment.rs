//! The names that expressions may use: attributes and limits in rules, five words in toxic pairs.

use crate::{
    model::{
        Tier,
        file::{Limit, Rule, Scope},
    },
    policy::{
        ATTRIBUTES, Facts, Kind, attribute,
        enumerations::words,
        expression::{AttributeIndex, AttributeSchema, AttributeSource, List, Value},
    },
};
use std::borrow::Cow;

/// The names of a rule: all attributes, and the limits it declares.
pub(crate) struct RuleEnvironment<'r> {
    pub(crate) limits: Vec<&'r str>,
    pub(crate) scope: Option<Scope>,
}

impl AttributeSchema for RuleEnvironment<'_> {
    fn find(&self, name: &str) -> Option<(AttributeIndex, Kind)> {
        if let Some(limit) = name.strip_prefix("limit.") {
            let place = self.limits.iter().position(|declared| *declared == limit)?;
            return Some((FIRST_LIMIT.checked_add(AttributeIndex::try_from(place).ok()?)?, Kind::Number));
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

    fn words(&self, slot: AttributeIndex) -> Option<&'static [&'static str]> {
        words(ATTRIBUTES.get(usize::from(slot))?.name)
    }

    fn help(&self) -> &'static str {
        match self.scope {
            Some(Scope::Principal) => {
                "a rule over principals sees no single grant; `tenure policy attributes` lists all names"
            }
            _ => "`tenure policy attributes` lists all names; a `limit.<name>` is declared below its rule",
        }
    }
}

impl<'r> RuleEnvironment<'r> {
    /// Returns the names of a rule.
    pub(crate) fn of(rule: &'r Rule) -> Self {
        Self { limits: rule.limits.iter().map(|limit| limit.name.as_str()).collect(), scope: Some(rule.over) }
    }

    /// Returns the limit of a rule at a place.
    pub(crate) fn limit(rule: &Rule, slot: AttributeIndex) -> Option<&Limit> {
        rule.limits.get(usize::from(slot.checked_sub(FIRST_LIMIT)?))
    }

    /// A rule over principals has no one grant or credential before it.
    fn sees(&self, name: &str) -> bool {
        self.scope != Some(Scope::Principal) || !SINGLE.iter().any(|prefix| name.starts_with(prefix))
    }
}

/// Returns the name at a place, as people know it.
pub(crate) fn name_of(slot: AttributeIndex, scope: Scope) -> &'static str {
    match ATTRIBUTES.get(usize::from(slot)) {
        Some(attribute) => attribute.name,
        // A limit is known as soon as the tier is.
        None => tier_name(scope),
    }
}

/// Returns the attribute whose tier chooses the limits of a rule.
pub(crate) const fn tier_name(scope: Scope) -> &'static str {
    match scope {
        Scope::Grant => "grant.tier",
        Scope::Principal => "principal.tier",
    }
}

/// One grant or principal as a rule sees it.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'f> {
    own: &'f Facts,
    principal: Option<&'f Facts>,
}

impl<'f> Subject<'f> {
    /// Returns the subject that these facts are about.
    pub const fn of(facts: &'f Facts) -> Self {
        Self { own: facts, principal: None }
    }

    /// Adds the facts of the holder, for a grant; what is known of the grant itself counts first.
    #[must_use]
    pub const fn held_by(mut self, principal: &'f Facts) -> Self {
        self.principal = Some(principal);
        self
    }

    pub(crate) fn value(&self, slot: AttributeIndex) -> Option<Value<'f>> {
        self.own.value(slot).or_else(|| self.principal?.value(slot))
    }

    /// Returns the tier that chooses the limits of a rule.
    pub(crate) fn tier(&self, slot: AttributeIndex) -> Option<Tier> {
        match self.value(slot)? {
            Value::Text(text) => TIERS.into_iter().find(|(name, _)| *name == text).map(|(_, tier)| tier),
            _ => None,
        }
    }
}

impl AttributeSource for Subject<'_> {
    fn value(&self, slot: AttributeIndex) -> Option<Value<'_>> {
        Subject::value(self, slot)
    }
}

/// A subject with the limits of one rule and the profiles that are on.
pub(crate) struct View<'v> {
    pub(crate) subject: &'v Subject<'v>,
    /// For each limit its numbers from T0 to T3.
    pub(crate) limits: &'v [[i64; 4]],
    pub(crate) tier: AttributeIndex,
    pub(crate) profiles: &'v [String],
    pub(crate) profiles_slot: AttributeIndex,
}

impl AttributeSource for View<'_> {
    fn value(&self, slot: AttributeIndex) -> Option<Value<'_>> {
        if slot == self.profiles_slot {
            return Some(Value::List(List::Words(self.profiles)));
        }
        let Some(place) = slot.checked_sub(FIRST_LIMIT) else { return self.subject.value(slot) };
        let numbers = self.limits.get(usize::from(place))?;
        let number = match self.subject.tier(self.tier) {
            Some(tier) => numbers.get(tier as usize)?,
            // Where all tiers have one number, the tier need not be known.
            None if numbers.iter().all(|number| *number == numbers[0]) => &numbers[0],
            None => return None,
        };
        Some(Value::Number(*number))
    }
}

/// The names of a side of a toxic pair.
pub(crate) struct SodEnvironment;

impl AttributeSchema for SodEnvironment {
    fn find(&self, name: &str) -> Option<(AttributeIndex, Kind)> {
        let place = HELD.iter().position(|held| *held == name)?;
        Some((AttributeIndex::try_from(place).ok()?, Kind::Text))
    }

    fn names(&self) -> Vec<String> {
        HELD.map(str::to_owned).to_vec()
    }

    fn words(&self, slot: AttributeIndex) -> Option<&'static [&'static str]> {
        match held_name(slot) {
            "kind" => words("grant.kind"),
            "tier" => words("grant.tier"),
            _ => None,
        }
    }

    fn help(&self) -> &'static str {
        "one side of a toxic pair sees one entitlement: `system`, `kind`, `id`, `name`, `tier`"
    }
}

/// One entitlement that somebody effectively holds, as a toxic pair sees it.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Held<'h> {
    /// The system.
    pub system: Option<&'h str>,
    /// The kind of the grant it comes with, as `grant.kind`.
    pub kind: Option<&'h str>,
    /// The immutable id.
    pub id: Option<&'h str>,
    /// The name people use.
    pub name: Option<&'h str>,
    /// The tier, `T0` to `T3`.
    pub tier: Option<&'h str>,
}

impl AttributeSource for Held<'_> {
    fn value(&self, slot: AttributeIndex) -> Option<Value<'_>> {
        let values = [self.system, self.kind, self.id, self.name, self.tier];
        values.get(usize::from(slot)).copied().flatten().map(|text| Value::Text(Cow::Borrowed(text)))
    }
}

/// Returns the name at a place of a side.
pub(crate) fn held_name(slot: AttributeIndex) -> &'static str {
    HELD.get(usize::from(slot)).copied().unwrap_or("name")
}

const HELD: [&str; 5] = ["system", "kind", "id", "name", "tier"];
const TIERS: [(&str, Tier); 4] = [("T0", Tier::T0), ("T1", Tier::T1), ("T2", Tier::T2), ("T3", Tier::T3)];
const SINGLE: [&str; 2] = ["credential.", "grant."];
/// Limits have the places behind all attributes.
pub(crate) const FIRST_LIMIT: AttributeIndex = 192;
/// The most limits a rule may declare.
pub(crate) const MAX_LIMITS: usize = 16;
