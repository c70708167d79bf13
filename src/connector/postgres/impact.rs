//! Impact of a change on other principals, from the inventory: rejected changes, and lost access.

use super::{
    grant_key::{DEPENDENTS, PostgresGrantKey},
    role_graph::DATABASE_OWNER,
    snapshot::BOOTSTRAP,
};
use crate::{
    connector::UnsupportedChangeError,
    model::{AccessChange, AccessLoss, Grant, GrantKey, GrantKind, Inventory, Overlap, RemainingPath},
};
use std::collections::{BTreeSet, VecDeque};

/// Rejects changes that would remove access of others, or lock out the engine.
pub(super) fn of(
    user: &str,
    change: &AccessChange,
    grant: &Grant,
    key: &PostgresGrantKey,
    inventory: &Inventory,
) -> Result<(), UnsupportedChangeError> {
    let about_role = matches!(
        key,
        PostgresGrantKey::Account { .. } | PostgresGrantKey::Attribute { .. } | PostgresGrantKey::Password { .. }
    );
    if about_role && grant.principal.name == user {
        return harm(
            format!("`{user}` is the role of the engine, which would lock itself out"),
            "have another administrator make the change, and attest it",
        );
    }
    if let Some(role) = own_power(user, key, inventory) {
        let why = match role == user {
            true => format!("it is a right of `{user}`, the role of the engine, which would lock itself out"),
            false => format!("`{user}`, the role of the engine, acts as `{role}`, and would lock itself out"),
        };
        return harm(why, "have another administrator make the change, and attest it");
    }
    if matches!((key, change), (PostgresGrantKey::Account { role: BOOTSTRAP }, AccessChange::Revoke {}))
        || matches!((key, change), (PostgresGrantKey::Attribute { role: BOOTSTRAP, .. }, AccessChange::Revoke {}))
    {
        return harm(
            format!(
                "`{}` is the bootstrap superuser of the server; it cannot be dropped or demoted",
                grant.principal.name
            ),
            "disable its login",
        );
    }
    match (key, change) {
        (PostgresGrantKey::Account { role }, AccessChange::Revoke {}) => drop(*role, grant, inventory),
        (
            PostgresGrantKey::Privilege { .. } | PostgresGrantKey::Membership { .. },
            AccessChange::Revoke {} | AccessChange::Reduce { .. },
        ) => {
            let option = if matches!(key, PostgresGrantKey::Membership { .. }) { "admin" } else { "grantable" };
            if matches!(change, AccessChange::Reduce { to } if to == "without inherit" || to == "without set") {
                return Ok(());
            }
            dependents(grant, key, option, inventory)?;
            // The server revokes a privilege on columns with that on the table.
            let columns = super::sql::columns(grant, key, inventory);
            for column in columns.into_iter().filter(|column| column.attribute(option) == Some("yes")) {
                if let Some(key) = PostgresGrantKey::parse(&column.key) {
                    dependents(column, &key, option, inventory)?;
                }
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Returns the role from whose grant the engine draws its power: its own, or one that it can act as. A superuser does not
/// depend on other grants.
fn own_power(user: &str, key: &PostgresGrantKey, inventory: &Inventory) -> Option<String> {
    let own = inventory.of_entitlement("account").find(|account| account.principal.name == user)?;
    let all = InventoryWithoutGrant { inventory, gone: None };
    let holder = key.holder().to_string();
    let is_own = holder == own.principal.id;
    let is_superuser = |id: &str| inventory.of_entitlement("attribute/superuser").any(|held| held.principal.id == id);
    if is_superuser(&own.principal.id) {
        return None;
    }
    let logs_in = |id: &str| {
        matches!(key, PostgresGrantKey::Privilege { on, privilege, grantee: 0, .. }
        if on.class == "database" && privilege == "CONNECT" && {
            let entitlement = key.entitlement();
            let after = InventoryWithoutGrant { inventory, gone: None };
            let owner = format!("owner/0/1262/{}", on.oid);
            let selves: BTreeSet<String> = after.roles(id).into_iter().chain([id.to_owned()]).collect();
            let others = inventory.of_entitlement(&entitlement).chain(inventory.of_entitlement(&owner));
            !others.into_iter().any(|held| selves.contains(&held.principal.id))
        })
    };
    let matters = match key {
        PostgresGrantKey::Privilege { grantee: 0, .. } => logs_in(&own.principal.id),
        PostgresGrantKey::Membership { .. } | PostgresGrantKey::Attribute { .. } => {
            is_own || all.roles(&own.principal.id).contains(&holder)
        }
        PostgresGrantKey::Privilege { .. } => is_own,
        _ => false,
    };
    if !matters {
        return None;
    }
    let role = inventory.of_principal(&holder).find(|held| held.kind == GrantKind::Account);
    Some(role.map_or(holder, |role| role.principal.name.clone()))
}

/// Rights that the holder granted to others would be removed as well (`CASCADE`).
fn dependents(
    grant: &Grant,
    key: &PostgresGrantKey,
    option: &str,
    inventory: &Inventory,
) -> Result<(), UnsupportedChangeError> {
    if grant.attribute(option) != Some("yes") {
        return Ok(());
    }
    let holder = key.holder();
    let same: Vec<&Grant> = inventory.of_entitlement(&grant.entitlement.id).collect();
    let held_twice = |other: &&Grant| {
        other.principal == grant.principal && other.key != grant.key && other.attribute(option) == Some("yes")
    };
    if same.iter().any(held_twice) {
        return Ok(());
    }
    let granted_on =
        |other: &&&Grant| PostgresGrantKey::parse(&other.key).and_then(|key| key.grantor()) == Some(holder);
    let mut names: BTreeSet<&str> = same.iter().filter(granted_on).map(|other| other.principal.name.as_str()).collect();
    // The option on a table is one on its columns. The server would leave their grants without a grantor.
    if let PostgresGrantKey::Privilege { on, privilege, .. } = key
        && on.column == 0
        && on.class == "table"
    {
        let entitlement = format!("{}/table/{}.", on.database, on.oid);
        let columns = inventory.grants().filter(|other| other.entitlement.id.starts_with(&entitlement));
        let by_holder = columns.filter(|other| match PostgresGrantKey::parse(&other.key) {
            Some(PostgresGrantKey::Privilege { privilege: same, grantor, .. }) => {
                same == *privilege && grantor == holder
            }
            _ => false,
        });
        let has_option = |column: &Grant| {
            inventory
                .of_entitlement(&column.entitlement.id)
                .any(|other| other.principal == grant.principal && other.attribute(option) == Some("yes"))
        };
        names.extend(by_holder.filter(|column| !has_option(column)).map(|column| column.principal.name.as_str()));
    }
    if names.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = names.into_iter().collect();
    harm(
        format!(
            "{} have {} from {}: revoking it would revoke theirs (CASCADE)",
            names.join(", "),
            grant.entitlement.name,
            grant.principal.name
        ),
        "decide on their grants first, or have the owner grant them the right",
    )
}

fn drop(role: u32, grant: &Grant, inventory: &Inventory) -> Result<(), UnsupportedChangeError> {
    let name = &grant.principal.name;
    let owned: Vec<&str> = inventory
        .of_principal(&grant.principal.id)
        .filter(|held| held.kind == GrantKind::Ownership)
        .map(|held| held.entitlement.name.as_str())
        .collect();
    if !owned.is_empty() {
        let why = format!("`{name}` owns {} objects: {}", owned.len(), listed(&owned));
        return harm(
            why,
            "assign another owner (REASSIGN OWNED in each database; DROP USER MAPPING for a user mapping), or disable the account",
        );
    }
    let dependents = grant.attribute(DEPENDENTS).unwrap_or_default();
    let blocking: Vec<&str> = dependents.split(' ').filter(|it| !it.is_empty() && !it.ends_with("/defaults")).collect();
    if !blocking.is_empty() {
        let why = format!(
            "DROP ROLE would fail: `{name}` has {} (database oid and kind)",
            blocking.iter().map(|it| it.replace('/', ": ")).collect::<Vec<_>>().join("; ")
        );
        return harm(why, "remove them manually in these databases (policies, privileges), or disable the account");
    }
    // ADMIN alone, as the creator of a role has since version 16, gives no right of the role.
    let uses = |held: &&Grant| held.attribute("inherit") != Some("no") || held.attribute("set") != Some("no");
    let members: Vec<&str> = inventory
        .of_entitlement(&format!("role/{role}"))
        .filter(uses)
        .map(|held| held.principal.name.as_str())
        .collect();
    if !members.is_empty() {
        let why = format!("{} members of `{name}` would lose its rights: {}", members.len(), listed(&members));
        return harm(why, "decide on their memberships first");
    }
    let granted = |held: &&Grant| {
        let key = PostgresGrantKey::parse(&held.key);
        let by = key.as_ref().and_then(PostgresGrantKey::grantor) == Some(role);
        by && held.principal.id != grant.principal.id && !matches!(key, Some(PostgresGrantKey::Default { .. }))
    };
    let granted: Vec<String> = inventory
        .grants()
        .filter(granted)
        .map(|held| format!("{} to {}", held.entitlement.name, held.principal.name))
        .collect();
    if !granted.is_empty() {
        let granted: Vec<&str> = granted.iter().map(String::as_str).collect();
        let why =
            format!("`{name}` granted {} rights that would be revoked with it: {}", granted.len(), listed(&granted));
        return harm(why, "have the owner grant them again, or decide on them first");
    }
    Ok(())
}

/// Returns the effective access that principals lose, sorted.
pub(super) fn losses(
    change: &AccessChange,
    grant: &Grant,
    key: &PostgresGrantKey,
    inventory: &Inventory,
    survives: &[RemainingPath],
) -> Vec<AccessLoss> {
    let holder = &grant.principal;
    let loss = |principal: &str, entitlement: &str| AccessLoss {
        principal: principal.to_owned(),
        entitlement: entitlement.to_owned(),
    };
    let mut losses = BTreeSet::new();
    match (change, key) {
        (AccessChange::Disable {}, PostgresGrantKey::Password { .. }) => {
            losses.insert(loss(&holder.name, "log in with the password"));
        }
        (AccessChange::Disable {}, _) => {
            losses.insert(loss(&holder.name, "log in"));
        }
        (AccessChange::Revoke {}, PostgresGrantKey::Account { .. }) => {
            for held in inventory.of_principal(&holder.id) {
                losses.insert(loss(&holder.name, &held.entitlement.name));
            }
            for held in inventory.of_entitlement(&format!("role/{}", holder.id)) {
                losses.insert(loss(&held.principal.name, &format!("ADMIN of {}", held.entitlement.name)));
            }
        }
        (AccessChange::Revoke {}, _) => {
            let after = InventoryWithoutGrant { inventory, gone: Some(&grant.key) };
            let keeps_all = survives.iter().any(|left| left.overlap == Overlap::Whole);
            if !keeps_all {
                losses.insert(loss(&holder.name, &grant.entitlement.name));
            }
            let mut others = if holder.id == "0" { after.everybody() } else { after.members(&holder.id) };
            if holder.name == DATABASE_OWNER {
                others.extend(after.database_owners(key.database()));
            }
            for (id, name) in others {
                if !after.has(&id, &grant.entitlement.id) {
                    losses.insert(loss(&name, &grant.entitlement.name));
                }
            }
            for given in grant.expands_to.iter().filter(|_| !keeps_all) {
                if !after.has(&holder.id, &given.id) {
                    losses.insert(loss(&holder.name, &given.name));
                }
            }
        }
        (AccessChange::Reduce { .. }, _) => {
            losses.insert(loss(&holder.name, &format!("{change}: {}", grant.entitlement.name)));
        }
        (AccessChange::Rotate {}, _) => {
            losses.insert(loss(&holder.name, "the old password"));
        }
    }
    losses.into_iter().collect()
}

/// The inventory, without one grant.
pub(super) struct InventoryWithoutGrant<'a> {
    pub(super) inventory: &'a Inventory,
    pub(super) gone: Option<&'a GrantKey>,
}

impl InventoryWithoutGrant<'_> {
    pub(super) fn has(&self, principal: &str, entitlement: &str) -> bool {
        let mut selves = self.roles(principal);
        selves.insert(principal.to_owned());
        let superuser = |held: &Grant| selves.contains(&held.principal.id) && Some(&held.key) != self.gone;
        if self.inventory.of_entitlement("attribute/superuser").any(superuser) {
            return true;
        }
        let gives = |held: &Grant| {
            Some(&held.key) != self.gone && (held.principal.id == "0" || selves.contains(&held.principal.id))
        };
        self.inventory.of_entitlement(entitlement).any(gives)
    }

    /// Returns the roles that `principal` can act as.
    pub(super) fn roles(&self, principal: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut next = VecDeque::from([principal.to_owned()]);
        while let Some(at) = next.pop_front() {
            for held in self.inventory.of_principal(&at) {
                let Some(role) = held.entitlement.id.strip_prefix("role/") else { continue };
                if Some(&held.key) != self.gone && found.insert(role.to_owned()) {
                    next.push_back(role.to_owned());
                }
            }
        }
        found
    }

    /// Returns the principals that can act as `role`, including nested ones.
    pub(super) fn members(&self, role: &str) -> BTreeSet<(String, String)> {
        let mut found = BTreeSet::new();
        let mut next = VecDeque::from([role.to_owned()]);
        while let Some(at) = next.pop_front() {
            for held in self.inventory.of_entitlement(&format!("role/{at}")) {
                if found.insert((held.principal.id.clone(), held.principal.name.clone())) {
                    next.push_back(held.principal.id.clone());
                }
            }
        }
        found
    }

    /// Returns the owner of a database, who is a member of `pg_database_owner` there, with the members of it.
    fn database_owners(&self, database: u32) -> BTreeSet<(String, String)> {
        let mut found = BTreeSet::new();
        for held in self.inventory.of_entitlement(&format!("owner/0/1262/{database}")) {
            found.extend(self.members(&held.principal.id));
            found.insert((held.principal.id.clone(), held.principal.name.clone()));
        }
        found
    }

    pub(super) fn everybody(&self) -> BTreeSet<(String, String)> {
        let accounts = self.inventory.of_entitlement("account");
        accounts.map(|held| (held.principal.id.clone(), held.principal.name.clone())).collect()
    }
}

fn harm(why: String, instead: &str) -> Result<(), UnsupportedChangeError> {
    Err(UnsupportedChangeError::Harm { why, instead: instead.to_owned() })
}

fn listed(names: &[&str]) -> String {
    let some = names.iter().take(12).copied().collect::<Vec<_>>().join("; ");
    if names.len() > 12 { format!("{some}; and {} more", names.len() - 12) } else { some }
}
