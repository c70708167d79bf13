//! The grants of one system as last collected, indexed for the questions a plan asks.

use super::{Digest, Grant, GrantKey, SystemId, Timestamp, Usage};
use std::collections::BTreeMap;

/// The grants of a system at one observation.
#[derive(Clone, Debug)]
pub struct Inventory {
    system: SystemId,
    observed_at: Timestamp,
    digest: Digest,
    complete: bool,
    grants: BTreeMap<GrantKey, Grant>,
    usage: BTreeMap<GrantKey, Usage>,
    by_principal: BTreeMap<String, Vec<GrantKey>>,
    by_entitlement: BTreeMap<String, Vec<GrantKey>>,
}

impl Inventory {
    /// Returns the inventory of `system` made of `grants`; `digest` is that of its files, `complete` what its
    /// observation says.
    pub fn new(
        system: SystemId,
        observed_at: Timestamp,
        digest: Digest,
        complete: bool,
        grants: impl IntoIterator<Item = Grant>,
        usage: BTreeMap<GrantKey, Usage>,
    ) -> Self {
        let mut inventory = Self {
            system,
            observed_at,
            digest,
            complete,
            grants: BTreeMap::new(),
            usage,
            by_principal: BTreeMap::new(),
            by_entitlement: BTreeMap::new(),
        };
        for grant in grants {
            let key = grant.key.clone();
            inventory.by_principal.entry(grant.principal.id.clone()).or_default().push(key.clone());
            inventory.by_entitlement.entry(grant.entitlement.id.clone()).or_default().push(key.clone());
            inventory.grants.insert(key, grant);
        }
        inventory
    }

    /// Returns the system.
    pub fn system(&self) -> &SystemId {
        &self.system
    }

    /// Returns when it was collected, as the collector's clock claims.
    pub fn observed_at(&self) -> Timestamp {
        self.observed_at
    }

    /// Returns the digest over its files.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Returns whether the collection read everything it set out to read.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Returns the grant with this key.
    pub fn grant(&self, key: &GrantKey) -> Option<&Grant> {
        self.grants.get(key)
    }

    /// Returns all grants by key.
    pub fn grants(&self) -> impl ExactSizeIterator<Item = &Grant> {
        self.grants.values()
    }

    /// Returns the grants of the principal with this immutable id.
    pub fn of_principal<'a>(&'a self, id: &str) -> impl Iterator<Item = &'a Grant> + use<'a> {
        self.by_principal.get(id).into_iter().flatten().filter_map(|key| self.grants.get(key))
    }

    /// Returns the grants of the entitlement with this immutable id.
    pub fn of_entitlement<'a>(&'a self, id: &str) -> impl Iterator<Item = &'a Grant> + use<'a> {
        self.by_entitlement.get(id).into_iter().flatten().filter_map(|key| self.grants.get(key))
    }

    /// Returns when the grant was last used, as far as the system says.
    pub fn usage(&self, key: &GrantKey) -> Usage {
        let silent = || Usage::Unknown("the system does not say".to_owned());
        self.usage.get(key).cloned().unwrap_or_else(silent)
    }
}
