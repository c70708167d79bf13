//! Difference between two inventories of a system.

use crate::model::{Grant, GrantKey, Inventory};
use std::collections::BTreeSet;

/// The difference between two inventories; each list is sorted by key.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct InventoryDiff {
    /// Grants that are new.
    pub added: Vec<Grant>,
    /// Grants that are gone.
    pub removed: Vec<Grant>,
    /// Grants that changed.
    pub changed: Vec<GrantRevision>,
}

/// A grant that changed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GrantRevision {
    /// The current grant.
    pub grant: Grant,
    /// Whether the grant digest changed, to which reviews are bound, and not only names.
    pub lapses: bool,
    /// A description of each change.
    pub what: Vec<String>,
}

impl InventoryDiff {
    /// Returns whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

/// Returns the difference from `before` to `after`.
pub fn difference(before: &Inventory, after: &Inventory) -> InventoryDiff {
    let mut all = InventoryDiff::default();
    for grant in after.grants() {
        match before.grant(&grant.key) {
            None => all.added.push(grant.clone()),
            Some(was) if was == grant => {}
            Some(was) => all.changed.push(GrantRevision {
                grant: grant.clone(),
                lapses: was.digest() != grant.digest(),
                what: changes(was, grant),
            }),
        }
    }
    let gone = |key: &GrantKey| after.grant(key).is_none();
    all.removed = before.grants().filter(|grant| gone(&grant.key)).cloned().collect();
    all
}

fn changes(was: &Grant, is: &Grant) -> Vec<String> {
    let mut what = Vec::new();
    let mut differs = |name: &str, was: &str, is: &str| {
        if was != is {
            what.push(format!("{name}: {was} → {is}"));
        }
    };
    differs("kind", was.kind.as_str(), is.kind.as_str());
    differs("principal id", &was.principal.id, &is.principal.id);
    differs("principal", &was.principal.name, &is.principal.name);
    differs("entitlement id", &was.entitlement.id, &is.entitlement.id);
    differs("entitlement", &was.entitlement.name, &is.entitlement.name);
    differs("tier", &was.tier.to_string(), &is.tier.to_string());
    let names: BTreeSet<_> = was.attributes.keys().chain(is.attributes.keys()).collect();
    for name in names {
        differs(name, was.attribute(name).unwrap_or("(not there)"), is.attribute(name).unwrap_or("(not there)"));
    }
    let paths = |from: &Grant, other: &Grant, sign: &str, what: &mut Vec<String>| {
        for path in from.paths.iter().filter(|path| !other.paths.contains(path)) {
            what.push(format!("path {sign} {path}"));
        }
    };
    paths(was, is, "−", &mut what);
    paths(is, was, "+", &mut what);
    if was.paths != is.paths && what.is_empty() {
        what.push("order of paths".to_owned());
    }
    let hidden = |from: &Grant, other: &Grant| -> Vec<String> {
        let fresh = from.expands_to.iter().filter(|one| !other.expands_to.contains(one));
        fresh.map(|one| one.name.clone()).collect()
    };
    for (sign, names) in [("−", hidden(was, is)), ("+", hidden(is, was))] {
        if !names.is_empty() {
            what.push(format!("gives {sign} {}", names.join(", ")));
        }
    }
    what
}
