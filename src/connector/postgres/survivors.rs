//! Access that remains after a change, by the inventory.

use super::grant_key::{DatabaseObject, PostgresGrantKey};
use crate::model::{AccessChange, AccessPath, AccessRoute, Grant, GrantKind, Inventory, Overlap, RemainingPath, Tier};
use std::collections::BTreeSet;

/// Returns the paths by which the holder of a grant keeps a part of what `change` takes away.
pub(super) fn survivors(
    change: &AccessChange,
    grant: &Grant,
    key: &PostgresGrantKey,
    inventory: &Inventory,
) -> Vec<RemainingPath> {
    match (change, key) {
        (AccessChange::Revoke {}, PostgresGrantKey::Membership { .. }) => {
            let mut left = of_paths(grant, key, inventory);
            left.extend(of_contents(grant, key, inventory, &left));
            left
        }
        (
            AccessChange::Revoke {},
            PostgresGrantKey::Attribute { .. } | PostgresGrantKey::Default { .. } | PostgresGrantKey::Privilege { .. },
        ) => of_paths(grant, key, inventory),
        (AccessChange::Reduce { to }, PostgresGrantKey::Membership { .. } | PostgresGrantKey::Privilege { .. }) => {
            let option = match to.as_str() {
                "without admin" => "admin",
                "without inherit" => "inherit",
                "without set" => "set",
                _ => "grantable",
            };
            let same = inventory.of_entitlement(&grant.entitlement.id);
            let same = same.filter(|held| held.principal == grant.principal && held.key != grant.key);
            let admin = (option == "inherit" || option == "set") && grant.attribute("admin") == Some("yes");
            let admin = admin.then(|| RemainingPath::whole(by_admin(&key.holder().to_string()), grant.tier));
            admin
                .into_iter()
                .chain(
                    same.filter(|held| held.attribute(option) == Some("yes")).filter_map(|held| {
                        Some(RemainingPath::whole(held.paths.first()?.clone(), grant.tier).by(held))
                    }),
                )
                .collect()
        }
        _ => Vec::new(),
    }
}

/// The path of a member that can grant itself the role again.
pub(super) fn by_admin(ids: &str) -> AccessPath {
    let text = "by ADMIN, which can grant it again".to_owned();
    AccessPath { via: AccessRoute::Role, ids: format!("{ids}/admin"), text }
}

/// The other paths of the grant itself.
fn of_paths(grant: &Grant, key: &PostgresGrantKey, inventory: &Inventory) -> Vec<RemainingPath> {
    let others = grant.paths.iter().skip(1);
    others
        .map(|path| {
            let mut left = RemainingPath::whole(path.clone(), grant.tier);
            let is_column = matches!(key, PostgresGrantKey::Privilege { on, .. } if on.column == 0);
            if is_column && let Some((_, column)) = path.ids.split_once("/column.") {
                left.overlap = Overlap::Part(format!("column {column}"));
            }
            if path.ids.contains("/privilege.") {
                left.overlap = Overlap::Part("nextval".to_owned());
            }
            if let Some((_, schema)) = path.ids.split_once("/schema.") {
                left.overlap = Overlap::Part(format!("schema {schema}"));
            }
            match giving(path, grant, key, inventory) {
                Some(by) => left.by(by),
                None => left,
            }
        })
        .collect()
}

/// Returns the listed grant that gives a path.
fn giving<'a>(path: &AccessPath, grant: &Grant, key: &PostgresGrantKey, inventory: &'a Inventory) -> Option<&'a Grant> {
    let ids: Vec<&str> = path.ids.split('/').collect();
    let of_holder = |entitlement: String| {
        let mut held = inventory.of_entitlement(&entitlement).filter(|held| held.principal.id == grant.principal.id);
        held.find(|held| held.key != grant.key)
    };
    match (path.via, key) {
        (AccessRoute::Administrator, _) if ids.len() == 1 => of_holder(format!("attribute/{}", path.ids)),
        (AccessRoute::Ownership, PostgresGrantKey::Privilege { on, .. }) if path.ids == grant.principal.id => {
            let catalog = super::grant_key::catalog_of(&on.class);
            of_holder(format!("owner/{}/{catalog}/{}", on.database, on.oid))
        }
        (AccessRoute::Direct | AccessRoute::Public, PostgresGrantKey::Privilege { on, privilege, grantee, .. }) => {
            let (grantee, by) = match path.via {
                AccessRoute::Public => (0, ids.get(1)?),
                _ => (*grantee, ids.first()?),
            };
            let column = match ids.last().and_then(|last| last.strip_prefix("column.")) {
                Some(column) => column.parse().ok()?,
                None if path.ids.ends_with("/whole") => 0,
                None => on.column,
            };
            let on = DatabaseObject { column, ..on.clone() };
            let privilege = ids.last().and_then(|last| last.strip_prefix("privilege.")).unwrap_or(privilege).to_owned();
            let key = PostgresGrantKey::Privilege { on, privilege, grantee, grantor: by.parse().ok()? };
            inventory.grant(&crate::model::GrantKey::parse(&key.to_string()).ok()?)
        }
        (AccessRoute::Direct, PostgresGrantKey::Membership { role, .. }) => {
            let mut held = inventory.of_entitlement(&format!("role/{role}"));
            held.find(|held| held.principal.id == grant.principal.id && held.paths.first() == Some(path))
        }
        (AccessRoute::Administrator | AccessRoute::Ownership | AccessRoute::Role, _) => {
            of_holder(format!("role/{}", ids.first()?))
        }
        _ => None,
    }
}

/// Rights that a role gives, and that its member has by other grants as well.
fn of_contents(
    grant: &Grant,
    key: &PostgresGrantKey,
    inventory: &Inventory,
    known: &[RemainingPath],
) -> Vec<RemainingPath> {
    let given: BTreeSet<&str> = grant.expands_to.iter().map(|given| given.id.as_str()).collect();
    if given.is_empty() || !known.is_empty() {
        return Vec::new();
    }
    let holder = key.holder().to_string();
    let others = inventory.of_principal(&holder).chain(inventory.of_principal("0"));
    let others = others.filter(|held| held.key != grant.key && held.kind != GrantKind::Account);
    let mut covered: BTreeSet<&str> = BTreeSet::new();
    let mut left = Vec::new();
    for held in others {
        let gives = |id: &str| held.entitlement.id == id || held.expands_to.iter().any(|it| it.id == id);
        let common: Vec<&str> = given.iter().copied().filter(|id| gives(id)).collect();
        if common.is_empty() {
            continue;
        }
        let named = grant.expands_to.iter().filter(|it| common.contains(&it.id.as_str()));
        let names: Vec<&str> = named.map(|it| it.name.as_str()).collect();
        let shown = names.iter().take(3).copied().collect::<Vec<_>>().join("; ");
        let what = if names.len() > 3 { format!("{shown}; and {} more", names.len() - 3) } else { shown };
        let tiers = inventory.grants().filter(|it| common.contains(&it.entitlement.id.as_str())).map(|it| it.tier);
        let tier = tiers.min().unwrap_or(Tier::T2);
        let Some(path) = held.paths.first() else { continue };
        let text = format!("{} of {}", held.entitlement.name, held.principal.name);
        let path = AccessPath { text, ..path.clone() };
        left.push(RemainingPath { overlap: Overlap::Part(what), ..RemainingPath::whole(path, tier).by(held) });
        covered.extend(common);
    }
    if covered.len() == given.len() {
        for path in &mut left {
            (path.overlap, path.tier) = (Overlap::Whole, grant.tier);
        }
    }
    left
}
