//! The conformance suite of connectors. The tests of each connector run it against the real system.

// The library compiles this file for its own tests, and names its modules the same way.
use crate::{
    connector::{Collector, ListingCursor, TargetQuery},
    model::{AccessChange, Digest, Grant, GrantKey, GrantKind, Inventory, SystemId, Timestamp, jcs},
};
use std::collections::{BTreeMap, BTreeSet};

/// Lists all grants by following pages to the end.
///
/// # Panics
/// When a page cannot be read, or a listing does not end.
pub fn list_all(collector: &dyn Collector) -> BTreeMap<GrantKind, Vec<Grant>> {
    let mut all = BTreeMap::new();
    for &kind in collector.describe().kinds {
        let mut grants = Vec::new();
        let mut cursor: Option<ListingCursor> = None;
        for page in 0.. {
            assert!(page < 10_000, "the listing of {kind} does not end");
            let listed = collector.list(kind, cursor.as_ref()).unwrap_or_else(|error| panic!("{kind}: {error}"));
            grants.extend(listed.grants);
            match listed.next {
                Some(next) => {
                    assert_ne!(cursor.as_ref(), Some(&next), "the listing of {kind} turns in a circle");
                    cursor = Some(next);
                }
                None => break,
            }
        }
        all.insert(kind, grants);
    }
    all
}

/// Checks every guarantee that needs no change of the system. The system must have at least one grant, and no
/// concurrent changes. One observation may take `most_calls`.
///
/// # Panics
/// When a guarantee is not met.
pub fn conforms_within(collector: &dyn Collector, system: &SystemId, most_calls: u64) {
    let descriptor = collector.describe();
    assert!(!descriptor.kinds.is_empty() && !descriptor.needs.is_empty(), "{} says what it is", descriptor.name);
    let health = collector.validate().expect("a system that can be read");
    assert!(!health.target.is_empty() && !health.identity.is_empty(), "the target says what it is and who we are");

    let first = list_all(collector);
    let second = list_all(collector);
    assert_eq!(lines(&first), lines(&second), "two reads of a quiet system are the same");

    let grants: Vec<&Grant> = first.values().flatten().collect();
    assert!(!grants.is_empty(), "a system without a grant shows nothing");
    let keys: BTreeSet<&GrantKey> = grants.iter().map(|grant| &grant.key).collect();
    assert_eq!(keys.len(), grants.len(), "a key names one grant");
    for (kind, of_kind) in &first {
        for grant in of_kind {
            well_formed(grant, *kind, system);
        }
    }
    for total in collector.control_totals().expect("control totals") {
        let listed = first.get(&total.kind).map_or(0, Vec::len) as u64;
        assert_eq!(listed, total.count, "{} by {}", total.kind, total.source);
        assert!(!total.source.is_empty());
    }
    looks_at(collector, &grants, most_calls);
    drafts(collector, &grants, system);
}

fn lines(grants: &BTreeMap<GrantKind, Vec<Grant>>) -> BTreeSet<String> {
    grants.values().flatten().map(|grant| jcs::to_string(grant).expect("a canonical form")).collect()
}

fn well_formed(grant: &Grant, kind: GrantKind, system: &SystemId) {
    assert_eq!((&grant.system, grant.kind), (system, kind), "{grant:?}");
    assert!(!grant.principal.id.is_empty() && !grant.entitlement.id.is_empty(), "{grant:?}");
    assert!(!grant.paths.is_empty(), "a grant comes about somehow: {grant:?}");
    assert!(grant.paths.iter().all(|path| !path.ids.is_empty() && !path.text.is_empty()), "{grant:?}");
    assert!(grant.expands_to.is_sorted(), "{grant:?}");
    assert_ne!(grant.digest(), Digest::ZERO);
    let mut renamed = grant.clone();
    renamed.principal.name = "renamed".into();
    renamed.entitlement.name = "renamed".into();
    assert_eq!(renamed.digest(), grant.digest(), "names are for display only");
}

/// Checks that every listed grant is observed as listed, and that an unknown grant is absent, by a read that found a
/// known object.
fn looks_at(collector: &dyn Collector, grants: &[&Grant], most_calls: u64) {
    for grant in sample(grants) {
        let calls = collector.calls();
        let sighting =
            collector.observe(&TargetQuery::removal(grant)).unwrap_or_else(|error| panic!("{}: {error}", grant.key));
        let left = sighting.access.unwrap_or_else(|why| panic!("{} is listed and cannot be read: {why}", grant.key));
        assert!(!left.paths.is_empty(), "{} is listed and seen as absent", grant.key);
        let seen = sighting.grant.unwrap_or_else(|| panic!("{} is listed and not seen", grant.key));
        assert_eq!(jcs::to_string(&seen), jcs::to_string(grant), "listing and observation agree");
        assert!(
            collector.calls() - calls <= most_calls,
            "a look at {} took {} calls",
            grant.key,
            collector.calls() - calls
        );
    }
}

/// Checks that planning is pure: the same inputs give the same calls, and no call is made.
fn drafts(collector: &dyn Collector, grants: &[&Grant], system: &SystemId) {
    let owned = grants.iter().map(|grant| (*grant).clone());
    let inventory = Inventory::new(system.clone(), Timestamp::from_unix(0), Digest::ZERO, true, owned, BTreeMap::new());
    let calls = collector.calls();
    for grant in grants {
        for change in [AccessChange::Revoke {}, AccessChange::Disable {}, AccessChange::Rotate {}] {
            let drafted = collector.plan_change(&change, grant, &inventory);
            assert_eq!(drafted, collector.plan_change(&change, grant, &inventory), "{change} {}", grant.key);
            if let Ok(draft) = drafted {
                assert!(!draft.operations.is_empty(), "{change} {}: something has to be done", grant.key);
                assert!(draft.operations.iter().all(|operation| !operation.text.is_empty()));
                assert!(draft.loses.is_sorted(), "{change} {}", grant.key);
            }
        }
    }
    assert_eq!(collector.calls(), calls, "drafting makes no calls");
}

/// Returns all grants of a small system, and the first of every kind of a large one, so that it is not read twice.
fn sample<'a>(grants: &[&'a Grant]) -> Vec<&'a Grant> {
    let mut taken: BTreeMap<GrantKind, usize> = BTreeMap::new();
    let of_each = move |grant: &&&'a Grant| {
        let count = taken.entry(grant.kind).or_default();
        *count += 1;
        *count <= 16
    };
    grants.iter().filter(of_each).copied().collect()
}
