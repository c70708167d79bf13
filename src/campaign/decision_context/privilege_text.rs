//! Plain descriptions of privileges, by the phrases of their connector. Entitlements without a description are shown in the
//! notation of their system.

use crate::{
    campaign::text::truncate,
    connector::{ConnectorKind, PrivilegePhrase},
    inventory::RoleContents,
    model::Grant,
};
use std::collections::{BTreeMap, BTreeSet};

/// Returns a description of what a grant with its contents permits: capabilities first, then actions on objects; `None`
/// if no part has a description.
pub(super) fn capabilities(connector: &dyn ConnectorKind, grant: &Grant, contents: &RoleContents) -> Option<String> {
    let own = (Some(grant.kind), grant.entitlement.name.as_str());
    let inside = contents.inside.iter().map(|one| (one.kind, one.name.as_str()));
    let mut capabilities: Vec<&str> = Vec::new();
    let mut actions: BTreeMap<(usize, &str), BTreeSet<String>> = BTreeMap::new();
    for (kind, name) in std::iter::once(own).chain(inside) {
        match connector.phrase(kind, name) {
            Some(PrivilegePhrase::Capability(phrase)) if !capabilities.contains(&phrase) => capabilities.push(phrase),
            Some(PrivilegePhrase::Action { rank, verb, object }) => {
                actions.entry((rank, verb)).or_default().insert(object);
            }
            Some(PrivilegePhrase::Capability(_)) | None => {}
        }
    }
    let more = capabilities.len().saturating_sub(MOST_CAPABILITIES);
    let mut parts: Vec<String> = capabilities.into_iter().take(MOST_CAPABILITIES).map(str::to_owned).collect();
    parts.extend((more > 0).then(|| format!("{more} more privileges")));
    parts.extend(actions.iter().map(|((_, verb), objects)| format!("{verb} {}", some(objects))));
    (!parts.is_empty()).then(|| format!("can {}", parts.join("; can ")))
}

fn some(names: &BTreeSet<String>) -> String {
    let first: Vec<String> = names.iter().take(MOST_OBJECTS).map(|name| truncate(name)).collect();
    match names.len().saturating_sub(MOST_OBJECTS) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

const MOST_CAPABILITIES: usize = 4;
const MOST_OBJECTS: usize = 3;
