//! Generates the exact SQL of a change.

use super::{
    grant_key::{DEPENDENTS, DatabaseObject, PostgresGrantKey},
    identifiers::{ident, outside_quotes},
};
use crate::{
    connector::UnsupportedChangeError,
    model::{AccessChange, Grant, GrantKey, GrantKind, Inventory, Operation, Timestamp},
};
use std::collections::BTreeMap;

/// Runs in a transaction.
pub(super) const SQL: &str = "sql";
/// Runs outside of a transaction, after the preceding statements were committed. It can be repeated.
pub(super) const TERMINATE: &str = "sql:terminate";
/// The placeholder of the verifier that is created during a password rotation.
pub(super) const VERIFIER: &str = "'<SCRAM-SHA-256 verifier of a new random password>'";

/// Returns the statements for `change`, in order. The same grant and inventory give the same statements.
pub(super) fn render(
    change: &AccessChange,
    grant: &Grant,
    inventory: &Inventory,
) -> Result<Vec<Operation>, UnsupportedChangeError> {
    let key = PostgresGrantKey::parse(&grant.key)
        .ok_or_else(|| unsupported("the grant was not collected from a PostgreSQL server", "collect again"))?;
    let statement = SqlStatement { grant, inventory, key: &key };
    match (&key, change) {
        (PostgresGrantKey::Account { .. }, AccessChange::Disable {}) => Ok(statement.disable()),
        (PostgresGrantKey::Account { .. }, AccessChange::Revoke {}) => statement.drop(),
        (PostgresGrantKey::Account { .. } | PostgresGrantKey::Password { .. }, AccessChange::Reduce { to }) => {
            statement.limit(to)
        }
        (PostgresGrantKey::Attribute { attribute, .. }, AccessChange::Revoke {}) => {
            let text = format!("ALTER ROLE {} NO{}", statement.holder(), attribute.to_uppercase());
            Ok(vec![statement.operation(SQL, text, true)])
        }
        (PostgresGrantKey::Membership { .. }, AccessChange::Revoke {}) => statement.leave(""),
        (PostgresGrantKey::Membership { grantor, .. }, AccessChange::Reduce { to }) => match (to.as_str(), grantor) {
            ("without admin", _) => statement.leave("ADMIN OPTION FOR "),
            ("without inherit", Some(_)) => statement.leave("INHERIT OPTION FOR "),
            ("without set", Some(_)) => statement.leave("SET OPTION FOR "),
            _ => Err(unsupported(
                &format!("a membership cannot be reduced to `{to}`"),
                "`without admin`; since PostgreSQL 16 also `without inherit`, `without set`",
            )),
        },
        (PostgresGrantKey::Default { .. }, AccessChange::Revoke {}) => statement.default(""),
        (PostgresGrantKey::Privilege { .. }, AccessChange::Revoke {}) => statement.privilege(""),
        (PostgresGrantKey::Default { .. } | PostgresGrantKey::Privilege { .. }, AccessChange::Reduce { to })
            if to != "without grant option" =>
        {
            Err(unsupported(
                &format!("a privilege cannot be reduced to `{to}`"),
                "`without grant option`; each privilege is a separate grant, to keep or to revoke",
            ))
        }
        (PostgresGrantKey::Default { .. }, AccessChange::Reduce { .. }) => statement.default("GRANT OPTION FOR "),
        (PostgresGrantKey::Privilege { .. }, AccessChange::Reduce { .. }) => statement.privilege("GRANT OPTION FOR "),
        (PostgresGrantKey::Password { .. }, AccessChange::Disable {}) => {
            let text = format!("ALTER ROLE {} VALID UNTIL '-infinity'", statement.holder());
            Ok(vec![statement.operation(SQL, text, false)])
        }
        (PostgresGrantKey::Password { .. }, AccessChange::Revoke {}) => {
            let text = format!("ALTER ROLE {} PASSWORD NULL", statement.holder());
            Ok(vec![statement.operation(SQL, text, true), statement.terminate()])
        }
        (PostgresGrantKey::Password { .. }, AccessChange::Rotate {}) => {
            let text = format!("ALTER ROLE {} PASSWORD {VERIFIER}", statement.holder());
            Ok(vec![statement.operation(SQL, text, true)])
        }
        (PostgresGrantKey::Ownership { .. }, _) => Err(unsupported(
            "an object always has an owner",
            "assign another owner manually (ALTER … OWNER TO …), and attest the change",
        )),
        (PostgresGrantKey::Account { .. }, AccessChange::Rotate {}) => {
            Err(unsupported("an account has no secret to rotate", "decide on its password"))
        }
        (_, AccessChange::Disable {} | AccessChange::Reduce { .. } | AccessChange::Rotate {}) => {
            Err(unsupported(&format!("PostgreSQL cannot {change} this grant of kind {}", key.kind()), "revoke it"))
        }
    }
}

struct SqlStatement<'a> {
    grant: &'a Grant,
    inventory: &'a Inventory,
    key: &'a PostgresGrantKey,
}

impl SqlStatement<'_> {
    fn holder(&self) -> String {
        match self.key.holder() {
            0 => "PUBLIC".to_owned(),
            _ => ident(&self.grant.principal.name),
        }
    }

    /// Returns the quoted name of another role that the grant refers to.
    fn role(&self, oid: u32) -> Result<String, UnsupportedChangeError> {
        name_of(self.inventory, oid).map(|name| ident(&name)).ok_or_else(|| {
            unsupported(&format!("role {oid}, which the grant refers to, is not in the inventory"), "collect again")
        })
    }

    fn operation(&self, call: &str, text: String, removes: bool) -> Operation {
        let mut with = BTreeMap::from([
            ("database".to_owned(), self.key.database().to_string()),
            ("entitlement".to_owned(), format!("{} {}", self.grant.entitlement.id, self.grant.entitlement.name)),
            ("role".to_owned(), format!("{} {}", self.grant.principal.id, self.grant.principal.name)),
        ]);
        if let Some(grantor) = self.key.grantor() {
            let name = name_of(self.inventory, grantor).unwrap_or_default();
            with.insert("grantor".to_owned(), format!("{grantor} {name}").trim_end().to_owned());
        }
        if removes {
            with.insert("removes".to_owned(), self.grant.key.to_string());
        }
        Operation { call: call.to_owned(), with, text }
    }

    fn terminate(&self) -> Operation {
        let text = format!(
            "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE usesysid = {} AND pid <> pg_backend_pid()",
            self.key.holder()
        );
        self.operation(TERMINATE, text, false)
    }

    fn disable(&self) -> Vec<Operation> {
        let text = format!("ALTER ROLE {} NOLOGIN VALID UNTIL '-infinity'", self.holder());
        vec![self.operation(SQL, text, false), self.terminate()]
    }

    fn limit(&self, to: &str) -> Result<Vec<Operation>, UnsupportedChangeError> {
        let clause = account_limit(self.key, to).ok_or_else(|| invalid_reduction(to))?;
        let text = format!("ALTER ROLE {} {}", self.holder(), clause.sql);
        Ok(vec![self.operation(SQL, text, false)])
    }

    fn leave(&self, option: &str) -> Result<Vec<Operation>, UnsupportedChangeError> {
        let PostgresGrantKey::Membership { grantor, .. } = self.key else { return Ok(Vec::new()) };
        let role = ident(self.grant.entitlement.name.strip_prefix("role ").unwrap_or_default());
        let mut text = format!("REVOKE {option}{role} FROM {}", self.holder());
        if let Some(grantor) = grantor {
            text.push_str(&format!(" GRANTED BY {}", self.role(*grantor)?));
        }
        Ok(vec![self.operation(SQL, text, option.is_empty())])
    }

    /// PostgreSQL lets a superuser act only as the owner; a privilege granted by another role must be revoked as that
    /// role.
    fn privilege(&self, option: &str) -> Result<Vec<Operation>, UnsupportedChangeError> {
        let what = outside_quotes(&self.grant.entitlement.name, " IN DATABASE ").0;
        let text = format!("REVOKE {option}{what} FROM {}", self.holder());
        let mut changes = vec![self.operation(SQL, text, option.is_empty())];
        // The server revokes a privilege on columns with that on the table, and only the latter was decided.
        for column in columns(self.grant, self.key, self.inventory) {
            let what = outside_quotes(&column.entitlement.name, " IN DATABASE ").0;
            let with = if column.attribute("grantable") == Some("yes") { " WITH GRANT OPTION" } else { "" };
            changes.push(self.operation(SQL, format!("GRANT {what} TO {}{with}", self.holder()), false));
        }
        match (self.grant.attribute("granted-by"), self.key.grantor()) {
            (Some("owner"), _) | (_, None) => Ok(changes),
            (_, Some(grantor)) => {
                let become_grantor = format!("SET LOCAL ROLE {}", self.role(grantor)?);
                let again = "RESET ROLE".to_owned();
                changes.insert(0, self.operation(SQL, become_grantor, false));
                changes.push(self.operation(SQL, again, false));
                if !self.grantor_has_option(grantor) {
                    let by = self.role(grantor)?;
                    let give = format!("GRANT {what} TO {by} WITH GRANT OPTION");
                    changes.insert(0, self.operation(SQL, give, false));
                    changes.push(self.operation(SQL, format!("REVOKE {what} FROM {by}"), false));
                }
                Ok(changes)
            }
        }
    }

    /// Returns whether the grantor can still revoke. A right on a column, granted with an option on the table, outlives
    /// that option.
    fn grantor_has_option(&self, grantor: u32) -> bool {
        let PostgresGrantKey::Privilege { on, privilege, .. } = self.key else { return true };
        if on.column == 0 {
            return true;
        }
        let whole = PostgresGrantKey::Privilege {
            on: DatabaseObject { column: 0, ..on.clone() },
            privilege: privilege.clone(),
            grantee: grantor,
            grantor: 0,
        };
        let held = [self.grant.entitlement.id.clone(), whole.entitlement()];
        let mut held = held.iter().flat_map(|entitlement| self.inventory.of_entitlement(entitlement));
        held.any(|held| held.principal.id == grantor.to_string() && held.attribute("grantable") == Some("yes"))
    }

    fn default(&self, option: &str) -> Result<Vec<Operation>, UnsupportedChangeError> {
        let PostgresGrantKey::Default { definer, schema, class, privilege, .. } = self.key else {
            return Ok(Vec::new());
        };
        let schema = match schema {
            0 => String::new(),
            _ => {
                let after = outside_quotes(&self.grant.entitlement.name, " IN SCHEMA ").1;
                format!(" IN SCHEMA {}", outside_quotes(after, " BY ").0)
            }
        };
        let text = format!(
            "ALTER DEFAULT PRIVILEGES FOR ROLE {}{schema} REVOKE {option}{privilege} ON {} FROM {}",
            self.role(*definer)?,
            class.replace('-', " "),
            self.holder()
        );
        Ok(vec![self.operation(SQL, text, option.is_empty())])
    }

    /// Disables the role, revokes what prevents dropping it, database by database, and drops it.
    fn drop(&self) -> Result<Vec<Operation>, UnsupportedChangeError> {
        let oid = self.key.holder();
        let mut operations =
            vec![self.operation(SQL, format!("ALTER ROLE {} NOLOGIN", self.holder()), false), self.terminate()];
        let mut shared = Vec::new();
        for grant in held_or_set_by(self.inventory, oid) {
            if is_built_in(grant, oid) {
                continue;
            }
            // Privileges on columns are revoked as well.
            let mut revoke = render(&AccessChange::Revoke {}, grant, self.inventory)?;
            let again = format!(" TO {}", self.holder());
            revoke.retain(|operation| !(operation.text.starts_with("GRANT ") && operation.text.contains(&again)));
            let list = if PostgresGrantKey::parse(&grant.key).is_some_and(|key| key.database() == 0) {
                &mut shared
            } else {
                &mut operations
            };
            list.extend(revoke);
        }
        // A default that lacks the built-in privileges of PUBLIC prevents the drop.
        let dependents = self.grant.attribute(DEPENDENTS).unwrap_or_default();
        for database in dependents.split(' ').filter_map(|it| it.strip_suffix("/defaults")) {
            let place = operations.iter().rposition(|it| it.with.get("database").is_some_and(|at| at == database));
            for what in ["EXECUTE ON ROUTINES", "USAGE ON TYPES"] {
                let text = format!("ALTER DEFAULT PRIVILEGES FOR ROLE {} GRANT {what} TO PUBLIC", self.holder());
                let mut restore = self.operation(SQL, text, false);
                restore.with.insert("database".to_owned(), database.to_owned());
                operations.insert(place.map_or(operations.len(), |place| place + 1), restore);
            }
        }
        operations.extend(shared);
        operations.push(self.operation(SQL, format!("DROP ROLE {}", self.holder()), true));
        Ok(operations)
    }
}

/// Returns the grants of the same privilege on columns of the same table, by the same grantor.
pub(super) fn columns<'a>(grant: &Grant, key: &PostgresGrantKey, inventory: &'a Inventory) -> Vec<&'a Grant> {
    let PostgresGrantKey::Privilege { on, privilege, grantee, grantor } = key else { return Vec::new() };
    if on.column != 0 || on.class != "table" {
        return Vec::new();
    }
    let is_column = |held: &&Grant| {
        let Some(PostgresGrantKey::Privilege { on: other, privilege: same, grantee: to, grantor: by }) =
            PostgresGrantKey::parse(&held.key)
        else {
            return false;
        };
        let table = (other.database, &other.class, other.oid) == (on.database, &on.class, on.oid);
        table && other.column != 0 && (&same, to, by) == (privilege, *grantee, *grantor)
    };
    let mut columns: Vec<&Grant> = inventory.of_principal(&grant.principal.id).filter(is_column).collect();
    columns.sort_by(|a, b| a.key.cmp(&b.key));
    columns
}

/// Returns the grants to revoke before a role can be dropped: its privileges, and its default privileges for others.
fn held_or_set_by(inventory: &Inventory, role: u32) -> Vec<&Grant> {
    let mut grants: Vec<&Grant> =
        inventory.of_principal(&role.to_string()).filter(|grant| grant.kind == GrantKind::Privilege).collect();
    let sets = |grant: &&Grant| {
        grant.kind == GrantKind::Privilege
            && matches!(PostgresGrantKey::parse(&grant.key), Some(PostgresGrantKey::Default { definer, grantee, .. }) if definer == role && grantee != role)
    };
    grants.extend(inventory.grants().filter(sets));
    grants.sort_by_key(|grant| PostgresGrantKey::parse(&grant.key).map(|key| (key.database(), key)));
    grants
}

/// Returns whether a grant is a built-in default of PUBLIC on future objects of the role.
fn is_built_in(grant: &Grant, role: u32) -> bool {
    matches!(
        PostgresGrantKey::parse(&grant.key),
        Some(PostgresGrantKey::Default { definer, schema: 0, class, privilege, grantee: 0, .. })
            if definer == role
                && matches!((class.as_str(), privilege.as_str()), ("ROUTINES", "EXECUTE") | ("TYPES", "USAGE"))
    )
}

/// Returns the name of a role in the inventory; `None` for predefined roles that cannot be used to log in.
pub(super) fn name_of(inventory: &Inventory, oid: u32) -> Option<String> {
    let key = GrantKey::parse(&format!("account:{oid}")).ok()?;
    inventory.grant(&key).map(|account| account.principal.name.clone())
}

/// A limit to which an account or password can be reduced.
pub(super) struct AccountLimit {
    pub(super) sql: String,
    pub(super) attribute: (String, String),
}

/// Parses `valid until TIME` and, for an account, `connection limit N`.
pub(super) fn account_limit(key: &PostgresGrantKey, to: &str) -> Option<AccountLimit> {
    if let Some(time) = to.strip_prefix("valid until ") {
        let time = Timestamp::parse(time).ok()?.to_string();
        return Some(AccountLimit {
            sql: format!("VALID UNTIL '{time}'"),
            attribute: ("valid-until".to_owned(), time),
        });
    }
    let number: u16 = to.strip_prefix("connection limit ")?.parse().ok()?;
    matches!(key, PostgresGrantKey::Account { .. }).then(|| AccountLimit {
        sql: format!("CONNECTION LIMIT {number}"),
        attribute: ("connection-limit".to_owned(), number.to_string()),
    })
}

/// Returns the error for a target that an account or password cannot be reduced to.
pub(super) fn invalid_reduction(to: &str) -> UnsupportedChangeError {
    unsupported(
        &format!("`{to}` is not a valid reduction of this grant"),
        "`valid until 2027-01-31T00:00:00Z`; for an account also `connection limit 5`",
    )
}

pub(super) fn unsupported(why: &str, instead: &str) -> UnsupportedChangeError {
    UnsupportedChangeError::Unsupported { why: why.to_owned(), instead: instead.to_owned() }
}
