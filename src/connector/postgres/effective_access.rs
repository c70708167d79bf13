//! Effective access: all paths by which PostgreSQL gives a principal the entitlement of a grant.

use super::{
    grant_key::{DatabaseObject, PostgresGrantKey},
    grants::{GrantBuilder, SEVERAL_GRANTORS, direct, entry_key},
    role_graph::{MembershipChain, ReachedRoles},
    snapshot::{AclEntry, DefaultPrivilege},
};
use crate::model::{AccessPath, AccessRoute};

/// A path, and the grant that gives it.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct FoundPath {
    pub(super) path: AccessPath,
    /// The grant of the holder, or of PUBLIC; `None` for what no grant gives.
    pub(super) by: Option<PostgresGrantKey>,
    /// The only part of the entitlement that it gives.
    pub(super) part: Option<String>,
    /// Whether its holder may also grant the entitlement.
    pub(super) grantable: bool,
}

impl FoundPath {
    pub(super) fn new(via: AccessRoute, ids: String, text: String, by: Option<PostgresGrantKey>) -> Self {
        Self { path: direct(via, ids, text), by, part: None, grantable: true }
    }
}

impl GrantBuilder<'_> {
    /// Returns every path by which the holder of `key` has its entitlement now, sorted, including the grant itself if
    /// it exists.
    pub(super) fn paths(&self, key: &PostgresGrantKey) -> Vec<FoundPath> {
        let holder = key.holder();
        let mut paths = match key {
            PostgresGrantKey::Account { role } => {
                self.facts.role(*role).map(|_| self.itself(key)).into_iter().collect()
            }
            PostgresGrantKey::Attribute { attribute, role } => self.attribute(key, attribute, *role),
            PostgresGrantKey::Default { .. } => self.coming(key),
            PostgresGrantKey::Membership { role, member, .. } => self.membership(*role, *member),
            PostgresGrantKey::Ownership { .. } => self.ownership(key),
            PostgresGrantKey::Password { role, fingerprint } => {
                let stored = self.facts.role(*role).is_some_and(|role| role.password == *fingerprint);
                stored.then(|| self.itself(key)).into_iter().collect()
            }
            PostgresGrantKey::Privilege { on, privilege, grantee, .. } => self.privilege(key, on, privilege, *grantee),
        };
        // A dropped role has no access, not even that of PUBLIC.
        if holder != 0 && self.facts.role(holder).is_none() {
            paths.clear();
        }
        paths.sort();
        paths.dedup_by(|one, other| one.path == other.path);
        paths
    }

    fn itself(&self, key: &PostgresGrantKey) -> FoundPath {
        let own = self.own_path(key);
        FoundPath::new(own.via, own.ids, own.text, Some(key.clone()))
    }

    fn privilege(&self, key: &PostgresGrantKey, on: &DatabaseObject, privilege: &str, holder: u32) -> Vec<FoundPath> {
        let reached = self.roles.reached_in(on.database, holder);
        let mut paths = Vec::new();
        for entry in self.entries_on(on, holder, &reached) {
            let covers = entry.column == on.column || entry.column == 0 || on.column == 0;
            if covers && entry.privilege == privilege {
                paths.extend(self.by_entry(entry, on, holder, &reached));
            } else if advances(&on.class, privilege) && advances(&entry.class, &entry.privilege) {
                let found = self.by_entry(entry, on, holder, &reached);
                paths.extend(found.map(|found| as_other_privilege(found, &entry.privilege)));
            }
        }
        let there = self.owner(key).is_some();
        if holder != 0 && there {
            paths.extend(self.by_owner(key, holder, &reached));
            paths.extend(self.by_predefined(&on.class, privilege, holder));
            if on.class == "sequence" && privilege == "USAGE" {
                let found = self.by_predefined("sequence", "UPDATE", holder);
                paths.extend(found.map(|found| as_other_privilege(found, "UPDATE")));
            }
            paths.extend(self.by_power(holder));
        }
        paths
    }

    /// Returns the access that one entry of an access control list gives to `holder`.
    fn by_entry(
        &self,
        entry: &AclEntry,
        on: &DatabaseObject,
        holder: u32,
        reached: &ReachedRoles,
    ) -> Option<FoundPath> {
        let (part, words) = match (entry.column, on.column) {
            (a, b) if a == b => (String::new(), String::new()),
            (0, _) => ("/whole".to_owned(), format!(", on {}", entry.name)),
            (column, _) => (format!("/column.{column}"), format!(", on column {}", entry.column_name)),
        };
        let by = self.facts.name(entry.grantor);
        let key = entry_key(on.database, entry);
        let found = if entry.grantee == holder {
            let ids = format!("{}{part}", entry.grantor);
            FoundPath::new(AccessRoute::Direct, ids, format!("granted by {by}{words}"), Some(key))
        } else if holder == 0 {
            return None;
        } else if entry.grantee == 0 {
            let ids = format!("0/{}{part}", entry.grantor);
            let listed = (!entry.initial).then_some(key);
            FoundPath::new(AccessRoute::Public, ids, format!("granted to PUBLIC by {by}{words}"), listed)
        } else {
            let chain = reached.get(&entry.grantee)?;
            let text = format!("{}, granted by {by}{words}", self.roles.words(chain));
            let ids = format!("{}/{}{part}", chain.ids(), entry.grantor);
            FoundPath::new(AccessRoute::Role, ids, text, self.first_edge(holder, chain, on.database))
        };
        let part = (entry.column != 0 && on.column == 0).then(|| format!("column {}", entry.column_name));
        Some(FoundPath { part, grantable: entry.grantable, ..found })
    }

    /// Returns the grant of `holder` with which a path begins.
    pub(super) fn first_edge(&self, holder: u32, chain: &MembershipChain, database: u32) -> Option<PostgresGrantKey> {
        let first = *chain.roles.first()?;
        if Some(first) == self.roles.database_owners() {
            return Some(PostgresGrantKey::Ownership {
                database: 0,
                catalog: DATABASES,
                object: database,
                owner: holder,
            });
        }
        let rows = self.members_of(first).iter().filter(|row| row.member == holder);
        // A membership that inherits gives more.
        let row = rows.min_by_key(|row| !row.inherit)?;
        let grantor = (self.facts.cluster.version >= SEVERAL_GRANTORS).then_some(row.grantor);
        Some(PostgresGrantKey::Membership { role: first, member: holder, grantor })
    }

    fn by_owner(&self, key: &PostgresGrantKey, holder: u32, reached: &ReachedRoles) -> Option<FoundPath> {
        let owner = self.owner(key)?;
        let database = key.database();
        if owner == holder {
            let by = match key {
                PostgresGrantKey::Privilege { on, .. } => Some(PostgresGrantKey::Ownership {
                    database,
                    catalog: super::grant_key::catalog_of(&on.class),
                    object: on.oid,
                    owner,
                }),
                _ => Some(key.clone()),
            };
            return Some(FoundPath::new(AccessRoute::Ownership, owner.to_string(), "owns it".to_owned(), by));
        }
        let chain = reached.get(&owner)?;
        let text = format!("{}, which owns it", self.roles.words(chain));
        Some(FoundPath::new(AccessRoute::Ownership, chain.ids(), text, self.first_edge(holder, chain, database)))
    }

    /// Rights of predefined roles that are not in an access control list (documentation, section 22.5).
    fn by_predefined(&self, class: &str, privilege: &str, holder: u32) -> Option<FoundPath> {
        let roles: &[&str] = match (class, privilege) {
            ("table" | "sequence", "SELECT") => &["pg_read_all_data"],
            ("table", "INSERT" | "UPDATE" | "DELETE") | ("sequence", "UPDATE") => &["pg_write_all_data"],
            ("table", "MAINTAIN") => &["pg_maintain"],
            ("schema", "USAGE") => &["pg_write_all_data", "pg_read_all_data"],
            _ => return None,
        };
        let chain = roles.iter().find_map(|role| self.roles.predefined(holder, role))?;
        let text = format!("{}, which has it everywhere", self.roles.words(&chain));
        let by = self.first_edge(holder, &chain, 0);
        Some(FoundPath { grantable: false, ..FoundPath::new(AccessRoute::Role, chain.ids(), text, by) })
    }

    /// Rights over the whole server: superuser, and CREATEROLE before version 16, which can grant itself any other role.
    pub(super) fn by_power(&self, holder: u32) -> Vec<FoundPath> {
        let superuser = self.roles.superuser(holder).map(|chain| (chain, "superuser", "a superuser"));
        let creator = self.roles.role_creator(holder);
        let creator = creator.map(|chain| (chain, "createrole", "by CREATEROLE, which can grant itself any role"));
        let found = superuser.into_iter().chain(creator).map(|(chain, attribute, words)| {
            if chain.roles.is_empty() {
                let by = PostgresGrantKey::Attribute { attribute: attribute.to_owned(), role: holder };
                return FoundPath::new(AccessRoute::Administrator, attribute.to_owned(), words.to_owned(), Some(by));
            }
            let text = format!("{}, {words}", self.roles.words(&chain));
            let ids = format!("{}/{attribute}", chain.ids());
            FoundPath::new(AccessRoute::Administrator, ids, text, self.first_edge(holder, &chain, 0))
        });
        found.collect()
    }

    fn attribute(&self, key: &PostgresGrantKey, attribute: &str, holder: u32) -> Vec<FoundPath> {
        let mut paths = Vec::new();
        if self.facts.role(holder).is_some_and(|role| role.is(attribute)) {
            paths.push(self.itself(key));
        }
        let reached = self.roles.reached_by(holder);
        for (oid, chain) in reached.iter() {
            if chain.acts && self.facts.role(*oid).is_some_and(|role| role.is(attribute)) {
                // Attributes are not inherited and need SET ROLE.
                let text = format!("member of {}, by SET ROLE", self.facts.name(*oid));
                paths.push(FoundPath::new(AccessRoute::Role, chain.ids(), text, self.first_edge(holder, chain, 0)));
            }
        }
        if attribute != "superuser" {
            let superuser = self.by_power(holder).into_iter().filter(|found| found.path.ids.ends_with("superuser"));
            paths.extend(superuser);
        }
        paths
    }

    fn membership(&self, role: u32, member: u32) -> Vec<FoundPath> {
        let mut paths = Vec::new();
        let several = self.facts.cluster.version >= SEVERAL_GRANTORS;
        let reached = self.roles.reached_by(member);
        for row in self.members_of(role) {
            if row.member == member {
                let grantor = several.then_some(row.grantor);
                let key = PostgresGrantKey::Membership { role, member, grantor };
                paths.push(FoundPath { grantable: row.admin, ..self.itself(&key) });
            } else if let Some(chain) = reached.get(&row.member) {
                let text = format!("{}, itself a member", self.roles.words(chain));
                let found = FoundPath::new(AccessRoute::Role, chain.ids(), text, self.first_edge(member, chain, 0));
                paths.push(FoundPath { grantable: row.admin, ..found });
            }
        }
        paths.extend(self.by_power(member));
        paths
    }

    fn ownership(&self, key: &PostgresGrantKey) -> Vec<FoundPath> {
        let holder = key.holder();
        let Some(owner) = self.owner(key) else { return Vec::new() };
        let mut paths = Vec::new();
        if owner == holder {
            paths.push(self.itself(key));
        } else {
            let reached = self.roles.reached_in(key.database(), holder);
            paths.extend(self.by_owner(key, holder, &reached));
        }
        paths.extend(self.by_power(holder));
        paths
    }

    /// Paths to objects that will be created.
    fn coming(&self, key: &PostgresGrantKey) -> Vec<FoundPath> {
        let PostgresGrantKey::Default { database, definer, schema, class, privilege, grantee } = key else {
            return Vec::new();
        };
        let mut paths = Vec::new();
        let objects = self.facts.objects.get(database);
        let reached = self.roles.reached_in(*database, *grantee);
        for row in objects.into_iter().flat_map(|objects| &objects.defaults) {
            let same = row.definer == *definer && row.class == *class && row.privilege == *privilege;
            // A default for one schema gives a part of one for all.
            if same && (row.schema == *schema || row.schema == 0 || *schema == 0) {
                paths.extend(self.by_default(row, key, &reached));
            }
        }
        if *grantee == 0 {
            return paths;
        }
        let set = objects.is_some_and(|objects| {
            objects.set_globally.iter().any(|set| set.definer == *definer && set.class == *class)
        });
        if !set && matches!((class.as_str(), privilege.as_str()), ("ROUTINES", "EXECUTE") | ("TYPES", "USAGE")) {
            let text = format!("PUBLIC, by the built-in default of {} for new {}", "PostgreSQL", class.to_lowercase());
            paths.push(FoundPath {
                grantable: false,
                ..FoundPath::new(AccessRoute::Public, format!("0/{definer}/built-in"), text, None)
            });
        }
        let text = "on future objects that it owns";
        if definer == grantee {
            paths.push(FoundPath::new(AccessRoute::Ownership, definer.to_string(), text.to_owned(), None));
        } else if let Some(chain) = reached.get(definer) {
            let text = format!("{}, {text}", self.roles.words(chain));
            let by = self.first_edge(*grantee, chain, *database);
            paths.push(FoundPath::new(AccessRoute::Ownership, chain.ids(), text, by));
        }
        let class = match class.as_str() {
            "TABLES" => "table",
            "SEQUENCES" => "sequence",
            "SCHEMAS" => "schema",
            _ => "",
        };
        paths.extend(self.by_predefined(class, privilege, *grantee));
        paths.extend(self.by_power(*grantee));
        paths
    }

    fn by_default(&self, row: &DefaultPrivilege, key: &PostgresGrantKey, reached: &ReachedRoles) -> Option<FoundPath> {
        let PostgresGrantKey::Default { database, definer, schema, class, privilege, grantee } = key else {
            return None;
        };
        let (place, mark) = match (row.schema, *schema) {
            (a, b) if a == b => (String::new(), String::new()),
            (0, _) => (", in every schema".to_owned(), "/every".to_owned()),
            (one, _) => (format!(", in schema {}", row.schema_name), format!("/schema.{one}")),
        };
        let ids = format!("{definer}{mark}");
        let giving = PostgresGrantKey::Default {
            database: *database,
            definer: *definer,
            schema: row.schema,
            class: class.clone(),
            privilege: privilege.clone(),
            grantee: row.grantee,
        };
        let found = if row.grantee == *grantee {
            let text = format!("on future objects created by {}{place}", self.facts.name(*definer));
            FoundPath::new(AccessRoute::Default, ids, text, Some(giving))
        } else if *grantee != 0 && row.grantee == 0 {
            let text = format!("PUBLIC, on future objects{place}");
            FoundPath::new(AccessRoute::Public, ids, text, Some(giving))
        } else {
            let chain = reached.get(&row.grantee)?;
            let text = format!("{}, on future objects{place}", self.roles.words(chain));
            let by = self.first_edge(*grantee, chain, *database);
            FoundPath::new(AccessRoute::Role, format!("{}/{ids}", chain.ids()), text, by)
        };
        let part = (row.schema != 0 && *schema == 0).then(|| format!("schema {}", row.schema_name));
        Some(FoundPath { part, grantable: row.grantable, ..found })
    }
}

/// Returns whether a privilege lets its holder advance a sequence by `nextval`.
fn advances(class: &str, privilege: &str) -> bool {
    class == "sequence" && matches!(privilege, "UPDATE" | "USAGE")
}

fn as_other_privilege(found: FoundPath, privilege: &str) -> FoundPath {
    let FoundPath { mut path, by, .. } = found;
    path.ids = format!("{}/privilege.{privilege}", path.ids);
    path.text = format!("{}, by {privilege}", path.text);
    FoundPath { path, by, part: Some("nextval".to_owned()), grantable: false }
}

/// The catalog of databases.
const DATABASES: u32 = 1262;
