//! Effects of a change on other grants, by the inventory.

use super::{grant_key::PostgresGrantKey, impact::InventoryWithoutGrant, sql};
use crate::model::{AccessChange, Grant, Inventory, action::SideEffect};
use std::collections::BTreeSet;

/// Returns the other grants that a change affects, sorted.
pub(super) fn effects(
    change: &AccessChange,
    grant: &Grant,
    key: &PostgresGrantKey,
    inventory: &Inventory,
) -> Vec<SideEffect> {
    let mut effects: BTreeSet<SideEffect> = BTreeSet::new();
    let mut loses = |held: &Grant| {
        if held.key != grant.key {
            effects.insert(SideEffect { grant: held.key.clone(), after: None, is_created: false });
        }
    };
    match (key, change) {
        (PostgresGrantKey::Account { .. } | PostgresGrantKey::Password { .. }, change) => {
            let until = match change {
                AccessChange::Disable {} => Some("-infinity".to_owned()),
                AccessChange::Reduce { to } => sql::account_limit(key, to)
                    .map(|limit| limit.attribute)
                    .filter(|(name, _)| name == "valid-until")
                    .map(|(_, value)| value),
                _ => None,
            };
            if *change == (AccessChange::Revoke {}) && matches!(key, PostgresGrantKey::Account { .. }) {
                inventory.of_principal(&grant.principal.id).for_each(&mut loses);
                inventory.of_entitlement(&format!("role/{}", grant.principal.id)).for_each(&mut loses);
            }
            // VALID UNTIL is an attribute of the role and of its password.
            for held in inventory.of_principal(&grant.principal.id).filter(|held| held.key != grant.key) {
                if let (Some(until), true) = (&until, held.attribute("valid-until").is_some()) {
                    let mut after = held.clone();
                    after.attributes.insert("valid-until".to_owned(), until.clone());
                    effects.insert(SideEffect {
                        grant: held.key.clone(),
                        after: Some(after.digest()),
                        is_created: false,
                    });
                }
            }
        }
        _ => {
            // The paths of the same right of others, the contents of roles, and all that was reached through a role.
            let all = InventoryWithoutGrant { inventory, gone: None };
            let mut reached = BTreeSet::from([key.holder().to_string()]);
            let others = if key.holder() == 0 { all.everybody() } else { all.members(&key.holder().to_string()) };
            reached.extend(others.into_iter().map(|(id, _)| id));
            let passes_on = matches!(key, PostgresGrantKey::Membership { .. } | PostgresGrantKey::Attribute { .. });
            for role in &reached {
                if key.holder() != 0 {
                    inventory.of_entitlement(&format!("role/{role}")).for_each(&mut loses);
                }
                if passes_on {
                    inventory.of_principal(role).for_each(&mut loses);
                }
            }
            inventory.of_entitlement(&grant.entitlement.id).for_each(&mut loses);
            if let PostgresGrantKey::Privilege { on, .. } = key {
                for held in reached.iter().flat_map(|role| inventory.of_principal(role)) {
                    if let Some(PostgresGrantKey::Privilege { on: other, .. }) = PostgresGrantKey::parse(&held.key)
                        && (other.database, &other.class, other.oid) == (on.database, &on.class, on.oid)
                    {
                        loses(held);
                    }
                }
            }
        }
    }
    effects.into_iter().collect()
}
