//! What is known of each grant and principal, as rules and reviewers need it: everything that can be derived is derived,
//! the rest is what the principals' files say, and what nobody says is not there.

mod account;
mod credential;
mod grant;
mod principal;

#[cfg(test)]
mod tests;

use super::{IdentityDirectory, Loaded, SodAnalysis, Tiers};
use crate::{
    model::{
        Digest, Grant, PrincipalId, SystemId, Tier, Timestamp,
        file::{AttributeValue, Exception, PrincipalRecord, Rating, System},
    },
    policy::{Facts, grant_attributes},
};
use account::Account;
use credential::CredentialIndex;
use std::collections::BTreeMap;

/// What portraits are drawn from, all of it as one commit of the main branch has it.
#[derive(Clone, Copy)]
pub struct AttributeInputs<'a> {
    /// All systems.
    pub systems: &'a BTreeMap<SystemId, System>,
    /// Their inventories, where they have one.
    pub inventories: &'a BTreeMap<SystemId, Loaded>,
    /// Who is who.
    pub people: &'a IdentityDirectory,
    /// The profiles that are on.
    pub profiles: &'a [String],
    /// When grants were last certified.
    pub certified: &'a LastCertified,
    /// Whose tier stands lower than computed.
    pub lowered: &'a TierOverrides,
    /// The toxic pairs that each principal, or account nobody claims, holds both sides of; `None` where nobody looked.
    pub separation: Option<&'a SodAnalysis>,
    /// The instant that ages are counted to, when the caller says; no clock is asked.
    pub as_of: Timestamp,
}

/// When each grant was last certified, by its digest: a grant that changed since was not certified as it is.
pub type LastCertified = BTreeMap<Digest, Timestamp>;

/// The tiers that stand lower than computed, each by a signed exception for that very grant.
#[derive(Clone, Debug, Default)]
pub struct TierOverrides(BTreeMap<Digest, (Tier, Rating, String)>);

impl TierOverrides {
    /// Returns what `exceptions`, which the caller has verified, lower while they hold.
    pub fn of<'a>(exceptions: impl IntoIterator<Item = &'a Exception>, as_of: Timestamp) -> Self {
        let mut lowered: BTreeMap<Digest, (Tier, Rating, String)> = BTreeMap::new();
        for exception in exceptions.into_iter().filter(|one| one.from <= as_of && as_of < one.until) {
            let Some(tier) = exception.lowers else { continue };
            let said = (tier, exception.rating, format!("exception {} until {}", exception.id, exception.until));
            // Of two that differ the one that lowers less counts.
            if lowered.get(&exception.grant).is_none_or(|other| tier < other.0) {
                lowered.insert(exception.grant, said);
            }
        }
        Self(lowered)
    }

    /// Returns the tier of a grant and why, where an exception lowers what was computed. It never raises, and it was
    /// accepted as what it lowers: whoever may accept a low risk cannot make a high one low.
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

/// Draws portraits: one index over everything, built once; each portrait costs what it says.
pub struct AttributeBuilder<'a> {
    known: AttributeInputs<'a>,
    tiers: BTreeMap<&'a SystemId, Tiers<'a>>,
    accounts: BTreeMap<String, Account<'a>>,
    keyring: CredentialIndex<'a>,
    /// What is known of each principal of the files.
    principals: BTreeMap<&'a PrincipalId, Facts>,
}

impl<'a> AttributeBuilder<'a> {
    /// Returns the portraits of everything that is held.
    pub fn new(known: AttributeInputs<'a>) -> Self {
        let least = |id| known.systems.get(id).map_or(Tier::T3, |system: &System| system.tier);
        let tiers =
            known.inventories.iter().map(|(id, loaded)| (id, Tiers::of(&loaded.inventory, least(id)))).collect();
        let accounts = account::all(&known);
        let keyring = CredentialIndex::of(&known, &accounts);
        let mut portraits = Self { known, tiers, accounts, keyring, principals: BTreeMap::new() };
        portraits.principals = known.people.entries().map(|entry| (&entry.id, portraits.principal_of(entry))).collect();
        portraits
    }

    /// Returns what is known of a grant and of its holder.
    pub fn grant(&self, grant: &Grant) -> Facts {
        let subject = subject(grant);
        let mut portrait = Attributes(self.account(&subject));
        if let Some(entry) = self.known.people.behind(&subject) {
            grant_attributes(entry, grant.kind, self.known.as_of, &mut portrait.0);
        }
        self.add_grant_attributes(grant, &subject, &mut portrait);
        portrait.0
    }

    /// Returns what is known of a principal of the files.
    pub fn principal(&self, id: &PrincipalId) -> Option<Facts> {
        self.principals.get(id).cloned()
    }

    /// Returns what is known of whoever is behind the account `<system>:<immutable id>`; of the account alone when nobody
    /// claims it, or more than one.
    pub fn account(&self, subject: &str) -> Facts {
        match self.known.people.behind(subject) {
            Some(entry) => self.principals.get(&entry.id).cloned().unwrap_or_default(),
            None => self.nobody(subject),
        }
    }

    /// Returns all that rules judge as a principal: the ids of the files, and the accounts that nobody claims for
    /// certain, with what is known of each.
    pub fn holders(&self) -> impl Iterator<Item = (String, Facts)> + '_ {
        let claimed = self.principals.iter().map(|(id, facts)| (id.to_string(), facts.clone()));
        let unclaimed = self.accounts.keys().filter(|subject| self.known.people.behind(subject).is_none());
        claimed.chain(unclaimed.map(|subject| (subject.clone(), self.nobody(subject))))
    }

    /// Returns the tier a grant is reviewed at: the worst of all that it effectively gives and of its system, unless an
    /// exception lowers that.
    pub fn tier(&self, grant: &Grant) -> Tier {
        let computed = self.computed(grant);
        self.known.lowered.tier(grant, computed).map_or(computed, |(tier, _)| tier)
    }

    /// Returns the tier of a grant as computed, whatever exceptions say.
    pub fn computed(&self, grant: &Grant) -> Tier {
        self.tiers.get(&grant.system).map_or(grant.tier, |tiers| tiers.grant(grant))
    }

    /// Returns the tier of a grant with how it comes about, where an exception lowers it.
    pub fn tier_text(&self, grant: &Grant) -> Option<String> {
        let computed = self.computed(grant);
        let (tier, why) = self.known.lowered.tier(grant, computed)?;
        Some(format!("{tier} by {why}, {computed} by what it gives"))
    }
}

/// Facts being gathered. What was typed comes first, so that what is derived takes its place.
struct Attributes(Facts);

impl Attributes {
    fn know(&mut self, name: &'static str, fact: AttributeValue) {
        let taken = self.0.know(name, fact);
        debug_assert!(taken.is_ok(), "{name}: {taken:?}");
    }

    fn flag(&mut self, name: &'static str, value: impl Into<Option<bool>>) {
        value.into().into_iter().for_each(|value| self.know(name, AttributeValue::Flag(value)));
    }

    fn number(&mut self, name: &'static str, value: impl Into<Option<i64>>) {
        value.into().into_iter().for_each(|value| self.know(name, AttributeValue::Number(value)));
    }

    fn text(&mut self, name: &'static str, value: impl ToString) {
        self.know(name, AttributeValue::Text(value.to_string()));
    }

    fn text_of<T: ToString>(&mut self, name: &'static str, value: Option<T>) {
        value.into_iter().for_each(|value| self.text(name, value));
    }

    fn texts(&mut self, name: &'static str, values: impl IntoIterator<Item = String>) {
        self.know(name, AttributeValue::Texts(values.into_iter().collect()));
    }
}

/// Returns the account that holds a grant, `<system>:<immutable id>`.
fn subject(grant: &Grant) -> String {
    format!("{}:{}", grant.system, grant.principal.id)
}

/// Returns whether somebody is not here any more: who left, and whose end has passed.
pub(super) fn is_gone(entry: &PrincipalRecord, as_of: Timestamp) -> bool {
    entry.status == crate::model::file::PrincipalStatus::Left || entry.ends.is_some_and(|end| end <= as_of)
}
