//! Role contents as items: reviewed once for each role, and not for each member.

use crate::{
    inventory::{ReviewedRole, roles},
    model::{
        AccessPath, AccessRoute, Attributes, Digest, Entitlement, Grant, GrantKey, GrantKind, Inventory, Principal,
    },
};
use std::collections::BTreeMap;

/// Returns whether a principal is a role or group, that is, has members.
pub(super) fn is_role(inventory: &Inventory, id: &str) -> bool {
    memberships(inventory, id).next().is_some()
}

/// Returns the memberships in the role with this immutable id.
pub fn memberships<'a>(inventory: &'a Inventory, id: &str) -> impl Iterator<Item = &'a Grant> {
    // Some systems identify a role as an entitlement by its id alone, others by class and id: `role/16401`.
    let ids = [id.to_owned(), format!("role/{id}")];
    ids.into_iter()
        .flat_map(|id| inventory.of_entitlement(&id).collect::<Vec<_>>())
        .filter(|grant| grant.kind == GrantKind::Membership)
}

/// Returns role contents without a grant of their own (entitlements that a system only names) as synthetic grants of
/// the role. They can be reviewed as contents; removing one is manual work.
pub fn synthetic_role_grants(inventory: &Inventory) -> Vec<Grant> {
    let mut grants = BTreeMap::new();
    for role in roles(inventory) {
        let only_named = role.contents.inside.iter().filter(|one| one.kind.is_none() && one.way.len() == 1);
        for one in only_named {
            let Some(key) = key(&role, &one.id) else { continue };
            let id = role.principal.clone().unwrap_or_else(|| role.entitlement.id.clone());
            let path = AccessPath {
                via: AccessRoute::Role,
                ids: format!("{}/{}", role.entitlement.id, one.id),
                text: format!("{} gives it", role.entitlement.name),
            };
            let grant = Grant {
                system: inventory.system().clone(),
                kind: GrantKind::Privilege,
                key: key.clone(),
                principal: Principal { id, name: role.entitlement.name.clone() },
                entitlement: Entitlement { id: one.id.clone(), name: one.name.clone() },
                paths: vec![path],
                attributes: Attributes::new(),
                expands_to: Vec::new(),
                tier: one.tier,
            };
            grants.insert(key, grant);
        }
    }
    grants.into_values().collect()
}

/// Returns whether a key belongs to a synthetic role grant.
pub fn is_unlisted(key: &GrantKey) -> bool {
    key.as_str().starts_with(UNLISTED)
}

fn key(role: &ReviewedRole, content: &str) -> Option<GrantKey> {
    let of = Digest::of(format!("{}\n{content}\n", role.entitlement.id));
    GrantKey::parse(&format!("{UNLISTED}{}", &of.hex()[..32])).ok()
}

/// No connector uses this key prefix.
const UNLISTED: &str = "role-content:";
