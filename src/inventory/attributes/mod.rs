//! Derives the policy attributes of grants and principals from inventories and principals files. An attribute that is
//! neither derived nor stated is absent.

mod account;
mod credential;
mod grant;
mod principal;

#[cfg(test)]
mod tests;

use super::{EffectiveTiers, IdentityDirectory, LoadedInventory, SodAnalysis};
use crate::{
    connector::{ConnectorKind, registry},
    model::{
        Digest, Grant, PrincipalId, SystemId, Tier, Timestamp,
        file::{AttributeValue, Exception, PrincipalRecord, Rating, System},
    },
    policy::{AttributeValues, grant_attributes},
};
use account::AccountAttributes;
use credential::CredentialIndex;
use std::collections::BTreeMap;

/// The inputs from which attributes are derived, all read at one commit of the main branch.
#[derive(Clone, Copy)]
pub struct AttributeInputs<'a> {
    /// All systems.
    pub systems: &'a BTreeMap<SystemId, System>,
    /// The inventories of the systems that have one.
    pub inventories: &'a BTreeMap<SystemId, LoadedInventory>,
    /// The identity of each account.
    pub people: &'a IdentityDirectory,
    /// The active profiles.
    pub profiles: &'a [String],
    /// The time of the last certification of each grant.
    pub certified: &'a LastCertified,
    /// The grants whose tier an exception lowers.
    pub lowered: &'a TierOverrides,
    /// The separation-of-duties violations of each principal and each uncorrelated account; `None` if they were not
    /// computed.
    pub separation: Option<&'a SodAnalysis>,
    /// The instant to which ages are counted, if the caller sets one. No clock is read.
    pub as_of: Timestamp,
}

impl AttributeInputs<'_> {
    /// Returns the name of the connector of a system: that of the system file, or that of its inventory.
    fn connector_name(&self, system: &SystemId) -> Option<&str> {
        let named = self.systems.get(system).map(|system| system.connector.as_str());
        named.or_else(|| self.inventories.get(system).map(|loaded| loaded.observation.connector.as_str()))
    }

    /// Returns the connector of a system; `None` if it is unknown.
    fn connector(&self, system: &SystemId) -> Option<&'static dyn ConnectorKind> {
        registry::find(self.connector_name(system)?)
    }
}

/// The time of the last certification, by grant digest: a grant that changed since counts as not certified.
pub type LastCertified = BTreeMap<Digest, Timestamp>;

/// The tiers lowered by a signed exception for exactly that grant.
#[derive(Clone, Debug, Default)]
pub struct TierOverrides(BTreeMap<Digest, (Tier, Rating, String)>);

impl TierOverrides {
    /// Returns the tiers lowered by `exceptions`, which the caller has verified, while they are in force.
    pub fn of<'a>(exceptions: impl IntoIterator<Item = &'a Exception>, as_of: Timestamp) -> Self {
        let mut lowered: BTreeMap<Digest, (Tier, Rating, String)> = BTreeMap::new();
        for exception in exceptions.into_iter().filter(|one| one.valid_from <= as_of && as_of < one.until) {
            let Some(tier) = exception.lower_tier_to else { continue };
            let candidate = (tier, exception.rating, format!("exception {} until {}", exception.id, exception.until));
            // If two exceptions differ, the one that lowers less applies.
            if lowered.get(&exception.grant_digest).is_none_or(|other| tier < other.0) {
                lowered.insert(exception.grant_digest, candidate);
            }
        }
        Self(lowered)
    }

    /// Returns the lowered tier of a grant and the reason, if an exception lowers the computed tier. An exception never
    /// raises a tier, and it needs the approval of the tier that it lowers: an approver of low risks cannot declare a
    /// high risk low.
    pub fn tier(&self, grant: &Grant, computed: Tier) -> Option<(Tier, &str)> {
        if self.0.is_empty() {
            return None;
        }
        let (tier, rating, why) = self.0.get(&grant.digest())?;
        let weighty = match rating {
            Rating::Critical => Tier::T0,
            Rating::High => Tier::T1,
            Rating::Medium => Tier::T2,
            Rating::Low => Tier::T3,
        };
        (*tier > computed && weighty <= computed).then_some((*tier, why.as_str()))
    }
}

/// Builds attributes from one index over all inputs. The index is built once; the cost of one set of attributes is
/// proportional to its size.
pub struct AttributeBuilder<'a> {
    known: AttributeInputs<'a>,
    tiers: BTreeMap<&'a SystemId, EffectiveTiers<'a>>,
    accounts: BTreeMap<String, AccountAttributes<'a>>,
    keyring: CredentialIndex<'a>,
    /// The attributes of each principal in the principals files.
    principals: BTreeMap<&'a PrincipalId, AttributeValues>,
}

impl<'a> AttributeBuilder<'a> {
    /// Returns the builder over all inventories.
    pub fn new(known: AttributeInputs<'a>) -> Self {
        let least = |id| known.systems.get(id).map_or(Tier::T3, |system: &System| system.tier);
        let tiers = known
            .inventories
            .iter()
            .map(|(id, loaded)| (id, EffectiveTiers::of(&loaded.inventory, least(id))))
            .collect();
        let accounts = account::all(&known);
        let keyring = CredentialIndex::of(&known, &accounts);
        let mut attribute_builder = Self { known, tiers, accounts, keyring, principals: BTreeMap::new() };
        attribute_builder.principals =
            known.people.entries().map(|entry| (&entry.id, attribute_builder.principal_of(entry))).collect();
        attribute_builder
    }

    /// Returns the attributes of a grant and of its holder.
    pub fn grant(&self, grant: &Grant) -> AttributeValues {
        let subject = subject(grant);
        let mut collector = AttributeCollector(self.account(&subject));
        if let Some(entry) = self.known.people.identity_of(&subject) {
            grant_attributes(entry, grant.kind, self.known.as_of, &mut collector.0);
        }
        self.add_grant_attributes(grant, &subject, &mut collector);
        collector.0
    }

    /// Returns the attributes of a principal in the principals files.
    pub fn principal(&self, id: &PrincipalId) -> Option<AttributeValues> {
        self.principals.get(id).cloned()
    }

    /// Returns the attributes of the principal to which the account `<system>:<immutable id>` belongs; of the account
    /// alone if it is claimed by none or by several principals.
    pub fn account(&self, subject: &str) -> AttributeValues {
        match self.known.people.identity_of(subject) {
            Some(entry) => self.principals.get(&entry.id).cloned().unwrap_or_default(),
            None => self.uncorrelated(subject),
        }
    }

    /// Returns everything that rules evaluate as a principal: the principals of the files and the accounts without
    /// exactly one claim, each with its attributes.
    pub fn holders(&self) -> impl Iterator<Item = (String, AttributeValues)> + '_ {
        let claimed = self.principals.iter().map(|(id, facts)| (id.to_string(), facts.clone()));
        let unclaimed = self.accounts.keys().filter(|subject| self.known.people.identity_of(subject).is_none());
        claimed.chain(unclaimed.map(|subject| (subject.clone(), self.uncorrelated(subject))))
    }

    /// Returns the tier at which a grant is reviewed: the most critical tier of everything it effectively gives and of
    /// its system, unless an exception lowers it.
    pub fn tier(&self, grant: &Grant) -> Tier {
        let computed = self.computed(grant);
        self.known.lowered.tier(grant, computed).map_or(computed, |(tier, _)| tier)
    }

    /// Returns the computed tier of a grant, ignoring exceptions.
    pub fn computed(&self, grant: &Grant) -> Tier {
        self.tiers.get(&grant.system).map_or(grant.tier, |tiers| tiers.grant(grant))
    }

    /// Returns the explanation of a tier that an exception lowers.
    pub fn tier_text(&self, grant: &Grant) -> Option<String> {
        let computed = self.computed(grant);
        let (tier, why) = self.known.lowered.tier(grant, computed)?;
        Some(format!("{tier} by {why}, {computed} by what it gives"))
    }
}

/// Attributes under construction. Stated attributes are set first, so that derived ones override them.
struct AttributeCollector(AttributeValues);

impl AttributeCollector {
    fn insert(&mut self, name: &'static str, fact: AttributeValue) {
        let taken = self.0.insert(name, fact);
        debug_assert!(taken.is_ok(), "{name}: {taken:?}");
    }

    fn flag(&mut self, name: &'static str, value: impl Into<Option<bool>>) {
        value.into().into_iter().for_each(|value| self.insert(name, AttributeValue::Flag(value)));
    }

    fn number(&mut self, name: &'static str, value: impl Into<Option<i64>>) {
        value.into().into_iter().for_each(|value| self.insert(name, AttributeValue::Number(value)));
    }

    fn text(&mut self, name: &'static str, value: impl ToString) {
        self.insert(name, AttributeValue::Text(value.to_string()));
    }

    fn text_of<T: ToString>(&mut self, name: &'static str, value: Option<T>) {
        value.into_iter().for_each(|value| self.text(name, value));
    }

    fn texts(&mut self, name: &'static str, values: impl IntoIterator<Item = String>) {
        self.insert(name, AttributeValue::Texts(values.into_iter().collect()));
    }
}

/// Returns the account that holds a grant, as `<system>:<immutable id>`.
fn subject(grant: &Grant) -> String {
    format!("{}:{}", grant.system, grant.principal.id)
}

/// Returns whether a principal has left or its end date has passed.
pub(super) fn is_gone(entry: &PrincipalRecord, as_of: Timestamp) -> bool {
    entry.status == crate::model::file::PrincipalStatus::Left || entry.end_date.is_some_and(|end| end <= as_of)
}
