//! Effective access: all paths by which PostgreSQL gives a principal the entitlement of a grant.

use super::{
    grant_key::{DatabaseObject, PostgresGrantKey},
    grants::{GrantBuilder, direct},
    snapshot::AclEntry,
};
use crate::model::{AccessPath, AccessRoute};

impl GrantBuilder<'_> {
    /// Returns every path by which the holder of `key` has its entitlement now, sorted, including the grant itself if
    /// it exists.
    pub(super) fn paths(&self, key: &PostgresGrantKey) -> Vec<AccessPath> {
        let holder = key.holder();
        let mut paths = match key {
            PostgresGrantKey::Account { role } => {
                self.facts.role(*role).map(|_| self.own_path(key)).into_iter().collect()
            }
            PostgresGrantKey::Attribute { attribute, role } => self.attribute(key, attribute, *role),
            PostgresGrantKey::Default { .. } => self.coming(key),
            PostgresGrantKey::Membership { role, member, .. } => self.membership(*role, *member),
            PostgresGrantKey::Ownership { .. } => self.ownership(key),
            PostgresGrantKey::Password { role, fingerprint } => {
                let stored = self.facts.role(*role).is_some_and(|role| role.password == *fingerprint);
                stored.then(|| self.own_path(key)).into_iter().collect()
            }
            PostgresGrantKey::Privilege { on, privilege, grantee, .. } => self.privilege(key, on, privilege, *grantee),
        };
        // A dropped role has no access, not even that of PUBLIC.
        if holder != 0 && self.facts.role(holder).is_none() {
            paths.clear();
        }
        paths.sort();
        paths.dedup();
        paths
    }

    fn privilege(&self, key: &PostgresGrantKey, on: &DatabaseObject, privilege: &str, holder: u32) -> Vec<AccessPath> {
        let mut paths = Vec::new();
        for entry in self.entries_on(on) {
            let covers = entry.column == on.column || entry.column == 0 || on.column == 0;
            if covers && entry.privilege == privilege {
                paths.extend(self.by_entry(entry, on, holder));
            }
        }
        let there = self.owner(key).is_some();
        if holder != 0 && there {
            paths.extend(self.by_owner(key, holder));
            paths.extend(self.by_predefined(on, privilege, holder));
            paths.extend(self.by_superuser(holder));
        }
        paths
    }

    /// Returns the access that one entry of an access control list gives to `holder`.
    fn by_entry(&self, entry: &AclEntry, on: &DatabaseObject, holder: u32) -> Option<AccessPath> {
        let (part, words) = match (entry.column, on.column) {
            (a, b) if a == b => (String::new(), String::new()),
            (0, _) => ("/whole".to_owned(), format!(", on {}", entry.name)),
            (column, _) => (format!("/column.{column}"), format!(", on column {}", entry.column_name)),
        };
        let by = self.facts.name(entry.grantor);
        if entry.grantee == holder {
            let ids = format!("{}{part}", entry.grantor);
            return Some(direct(AccessRoute::Direct, ids, format!("granted by {by}{words}")));
        }
        if holder == 0 {
            return None;
        }
        if entry.grantee == 0 {
            let ids = format!("0/{}{part}", entry.grantor);
            return Some(direct(AccessRoute::Public, ids, format!("granted to PUBLIC by {by}{words}")));
        }
        let chain = match self.roles.chain(holder, entry.grantee) {
            Some(chain) => chain,
            None => return self.as_database_owner(entry, on, holder),
        };
        let text = format!("{}, granted by {by}{words}", self.roles.words(&chain));
        Some(direct(AccessRoute::Role, format!("{}/{}{part}", chain.ids(), entry.grantor), text))
    }

    /// The owner of a database is a member of `pg_database_owner` in it, which no catalog shows.
    fn as_database_owner(&self, entry: &AclEntry, on: &DatabaseObject, holder: u32) -> Option<AccessPath> {
        let role = self.facts.role(entry.grantee)?;
        (role.is_predefined() && role.name == "pg_database_owner").then_some(())?;
        let database = self.facts.cluster.databases.iter().find(|database| database.oid == on.database)?;
        let through = if database.owner == holder {
            String::new()
        } else {
            self.roles.chain(holder, database.owner).map(|chain| format!("{}/", chain.ids()))?
        };
        let ids = format!("{through}{}/{}", entry.grantee, entry.grantor);
        Some(direct(AccessRoute::Role, ids, format!("owner of database {}, thus pg_database_owner", database.name)))
    }

    fn by_owner(&self, key: &PostgresGrantKey, holder: u32) -> Option<AccessPath> {
        let owner = self.owner(key)?;
        if owner == holder {
            return Some(direct(AccessRoute::Ownership, owner.to_string(), "owns it".to_owned()));
        }
        let chain = self.roles.chain(holder, owner)?;
        Some(direct(AccessRoute::Ownership, chain.ids(), format!("{}, which owns it", self.roles.words(&chain))))
    }

    /// Rights of predefined roles that are not in an access control list (documentation, section 22.5).
    fn by_predefined(&self, on: &DatabaseObject, privilege: &str, holder: u32) -> Option<AccessPath> {
        let role = match (on.class.as_str(), privilege) {
            ("table" | "sequence", "SELECT") => "pg_read_all_data",
            ("table", "INSERT" | "UPDATE" | "DELETE") | ("sequence", "UPDATE") => "pg_write_all_data",
            ("table", "MAINTAIN") => "pg_maintain",
            ("schema", "USAGE") => {
                let chain = self.roles.predefined(holder, "pg_write_all_data");
                return chain.or_else(|| self.roles.predefined(holder, "pg_read_all_data")).map(|chain| {
                    direct(
                        AccessRoute::Role,
                        chain.ids(),
                        format!("{}, which has it everywhere", self.roles.words(&chain)),
                    )
                });
            }
            _ => return None,
        };
        let chain = self.roles.predefined(holder, role)?;
        Some(direct(AccessRoute::Role, chain.ids(), format!("{}, which has it everywhere", self.roles.words(&chain))))
    }

    fn by_superuser(&self, holder: u32) -> Option<AccessPath> {
        let chain = self.roles.superuser(holder)?;
        if chain.roles.is_empty() {
            return Some(direct(AccessRoute::Administrator, "superuser".to_owned(), "a superuser".to_owned()));
        }
        let text = format!("{}, a superuser", self.roles.words(&chain));
        Some(direct(AccessRoute::Administrator, format!("{}/superuser", chain.ids()), text))
    }

    fn attribute(&self, key: &PostgresGrantKey, attribute: &str, holder: u32) -> Vec<AccessPath> {
        let mut paths = Vec::new();
        if self.facts.role(holder).is_some_and(|role| role.is(attribute)) {
            paths.push(self.own_path(key));
        }
        let reached = self.roles.reached_by(holder);
        for (oid, chain) in reached.iter() {
            if self.facts.role(*oid).is_some_and(|role| role.is(attribute)) {
                // Attributes are not inherited and need SET ROLE.
                let text = format!("member of {}, by SET ROLE", self.facts.name(*oid));
                paths.push(direct(AccessRoute::Role, chain.ids(), text));
            }
        }
        if attribute != "superuser" {
            paths.extend(self.by_superuser(holder));
        }
        paths
    }

    fn membership(&self, role: u32, member: u32) -> Vec<AccessPath> {
        let mut paths = Vec::new();
        let several = self.facts.cluster.version >= 160_000;
        for row in self.facts.cluster.memberships.iter().filter(|row| row.role == role) {
            if row.member == member {
                let grantor = several.then_some(row.grantor);
                paths.push(self.own_path(&PostgresGrantKey::Membership { role, member, grantor }));
            } else if let Some(chain) = self.roles.chain(member, row.member) {
                let text = format!("{}, itself a member", self.roles.words(&chain));
                paths.push(direct(AccessRoute::Role, chain.ids(), text));
            }
        }
        paths.extend(self.by_superuser(member));
        paths
    }

    fn ownership(&self, key: &PostgresGrantKey) -> Vec<AccessPath> {
        let holder = key.holder();
        let Some(owner) = self.owner(key) else { return Vec::new() };
        let mut paths = Vec::new();
        if owner == holder {
            paths.push(self.own_path(key));
        } else {
            paths.extend(self.by_owner(key, holder));
        }
        paths.extend(self.by_superuser(holder));
        paths
    }

    fn coming(&self, key: &PostgresGrantKey) -> Vec<AccessPath> {
        let PostgresGrantKey::Default { database, definer, schema, class, privilege, grantee } = key else {
            return Vec::new();
        };
        let mut paths = Vec::new();
        for row in self.facts.objects.get(database).into_iter().flat_map(|objects| &objects.defaults) {
            let same = row.definer == *definer && row.class == *class && row.privilege == *privilege;
            if !same || (row.schema != *schema && row.schema != 0) {
                continue;
            }
            let everywhere = if row.schema == *schema { "" } else { ", in every schema" };
            let ids = if row.schema == *schema { definer.to_string() } else { format!("{definer}/every") };
            if row.grantee == *grantee {
                let text = format!("on future objects created by {}{everywhere}", self.facts.name(*definer));
                paths.push(direct(AccessRoute::Default, ids, text));
            } else if *grantee != 0 && row.grantee == 0 {
                paths.push(direct(AccessRoute::Public, ids, format!("PUBLIC, on future objects{everywhere}")));
            } else if let Some(chain) = self.roles.chain(*grantee, row.grantee) {
                let text = format!("{}, on future objects{everywhere}", self.roles.words(&chain));
                paths.push(direct(AccessRoute::Role, format!("{}/{ids}", chain.ids()), text));
            }
        }
        paths
    }
}
