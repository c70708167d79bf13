//! The grants of one system as last collected, indexed for planning.

use super::{Digest, Grant, GrantKey, SystemId, Timestamp, Usage};
use std::{collections::BTreeMap, sync::Arc};

/// The grants of a system at one observation. Clones share them.
#[derive(Clone, Debug)]
pub struct Inventory {
    system: SystemId,
    observed_at: Timestamp,
    digest: Digest,
    complete: bool,
    /// Sorted by key.
    grants: Arc<Vec<Grant>>,
    usage: Arc<BTreeMap<GrantKey, Usage>>,
    /// The indexes of each principal's grants.
    by_principal: Arc<BTreeMap<String, Vec<usize>>>,
    /// The indexes of each entitlement's grants.
    by_entitlement: Arc<BTreeMap<String, Vec<usize>>>,
}

impl Inventory {
    /// Returns the inventory of `system` with these `grants`; `digest` is the digest of its files, `complete` the flag
    /// of its observation.
    pub fn new(
        system: SystemId,
        observed_at: Timestamp,
        digest: Digest,
        complete: bool,
        grants: impl IntoIterator<Item = Grant>,
        usage: BTreeMap<GrantKey, Usage>,
    ) -> Self {
        let mut grants: Vec<Grant> = grants.into_iter().collect();
        grants.sort_by(|one, other| one.key.cmp(&other.key));
        // Of duplicates, the last one is kept.
        grants.dedup_by(|later, kept| {
            let twins = later.key == kept.key;
            if twins {
                std::mem::swap(later, kept);
            }
            twins
        });
        let usage = sharing_keys(usage, &grants);
        let (by_principal, by_entitlement) =
            (places(&grants, |grant| &grant.principal.id), places(&grants, |grant| &grant.entitlement.id));
        Self {
            system,
            observed_at,
            digest,
            complete,
            // Moved, not copied: there may be a million grants.
            grants: Arc::new(grants),
            usage: Arc::new(usage),
            by_principal: Arc::new(by_principal),
            by_entitlement: Arc::new(by_entitlement),
        }
    }

    /// Returns the system.
    pub fn system(&self) -> &SystemId {
        &self.system
    }

    /// Returns the collection time, by the collector's clock.
    pub fn observed_at(&self) -> Timestamp {
        self.observed_at
    }

    /// Returns the digest over its files.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Returns whether the collection was complete.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Returns the grant with this key.
    pub fn grant(&self, key: &GrantKey) -> Option<&Grant> {
        let place = self.grants.binary_search_by(|grant| grant.key.cmp(key)).ok()?;
        self.grants.get(place)
    }

    /// Returns all grants by key.
    pub fn grants(&self) -> impl ExactSizeIterator<Item = &Grant> {
        self.grants.iter()
    }

    /// Returns the grants of the principal with this immutable id.
    pub fn of_principal<'a>(&'a self, id: &str) -> impl Iterator<Item = &'a Grant> + use<'a> {
        self.by_principal.get(id).into_iter().flatten().filter_map(|place| self.grants.get(*place))
    }

    /// Returns the grants of the entitlement with this immutable id.
    pub fn of_entitlement<'a>(&'a self, id: &str) -> impl Iterator<Item = &'a Grant> + use<'a> {
        self.by_entitlement.get(id).into_iter().flatten().filter_map(|place| self.grants.get(*place))
    }

    /// Returns whether access other than `grant` has this key or entitlement, or belongs to another principal of this
    /// name: by id or by display name.
    pub fn has_other(&self, name: &str, grant: &Grant) -> bool {
        let is_named = |other: &&Grant| {
            let Grant { key, principal, entitlement, kind, .. } = other;
            let is_same_entitlement = entitlement.id == name
                || entitlement.name == name
                || name
                    .strip_prefix(kind.as_str())
                    .is_some_and(|rest| rest.strip_prefix(' ') == Some(&entitlement.name));
            let is_principal = principal.id == name || principal.name == name;
            key.as_str() == name
                || (is_same_entitlement && entitlement.id != grant.entitlement.id)
                || (is_principal && principal.id != grant.principal.id)
        };
        self.grants().filter(|other| other.key != grant.key).any(|other| is_named(&other))
    }

    /// Returns the last use of the grant, as far as the system reports it.
    pub fn usage(&self, key: &GrantKey) -> Usage {
        let silent = || Usage::Unknown("the system does not report it".into());
        self.usage.get(key).cloned().unwrap_or_else(silent)
    }
}

/// Returns the same map with keys that share the texts of the grants' keys: there may be hundreds of thousands.
fn sharing_keys(usage: BTreeMap<GrantKey, Usage>, grants: &[Grant]) -> BTreeMap<GrantKey, Usage> {
    let mut rest = grants.iter().peekable();
    let mut shared = |key: GrantKey| {
        while rest.next_if(|grant| grant.key < key).is_some() {}
        rest.peek().filter(|grant| grant.key == key).map_or(key, |grant| grant.key.clone())
    };
    usage.into_iter().map(|(key, usage)| (shared(key), usage)).collect()
}

/// Returns the indexes of the grants with each id.
fn places(grants: &[Grant], id: fn(&Grant) -> &String) -> BTreeMap<String, Vec<usize>> {
    let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, grant) in grants.iter().enumerate() {
        match places.get_mut(id(grant)) {
            Some(known) => known.push(place),
            None => drop(places.insert(id(grant).clone(), vec![place])),
        }
    }
    places
}
