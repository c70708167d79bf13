//! Catalog contents as read: rows with oids, and names for display.

use super::identifiers::{visible, visible_sql};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

/// The result of one read: the cluster, and the objects of the databases that were read.
#[derive(Clone, Debug, Default)]
pub(super) struct ClusterSnapshot {
    pub(super) cluster: ClusterCatalog,
    /// By the oid of the database.
    pub(super) objects: BTreeMap<u32, DatabaseObjects>,
    /// The databases that are to be read, and refused the connection.
    pub(super) unread: Vec<u32>,
}

/// Data shared by all databases of the cluster.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct ClusterCatalog {
    pub(super) version: u32,
    pub(super) now: i64,
    /// The role of the engine, as the server reports it; used to check that a read is complete.
    pub(super) me: u32,
    /// The database of the read.
    pub(super) database: u32,
    pub(super) roles: Vec<DatabaseRole>,
    pub(super) memberships: Vec<RoleMembership>,
    pub(super) databases: Vec<DatabaseInfo>,
    /// Open sessions by role.
    pub(super) sessions: Vec<RoleSessions>,
    /// Prepared transactions by role.
    pub(super) prepared: Vec<PreparedTransactions>,
    pub(super) entries: Vec<AclEntry>,
    pub(super) owned: Vec<OwnedObject>,
    /// Owned objects in databases that were not read: known without their names.
    pub(super) owned_elsewhere: Vec<OtherDatabaseObjects>,
    /// Dependencies that prevent a role from being dropped, or have to be restored first, and are no grants.
    pub(super) dependents: Vec<RoleDependents>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct DatabaseRole {
    pub(super) oid: u32,
    /// As displayed.
    #[serde(deserialize_with = "displayed")]
    pub(super) name: String,
    pub(super) login: bool,
    pub(super) inherit: bool,
    /// Attributes that are rights, in alphabetical order.
    pub(super) attributes: BTreeMap<String, bool>,
    pub(super) limit: i32,
    pub(super) valid_until: String,
    /// `none`, `unseen`, `md5`, or the digest of the stored value.
    pub(super) password: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct RoleMembership {
    pub(super) role: u32,
    pub(super) member: u32,
    pub(super) grantor: u32,
    pub(super) admin: bool,
    pub(super) inherit: bool,
    pub(super) set: bool,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct DatabaseInfo {
    pub(super) oid: u32,
    /// As displayed.
    #[serde(deserialize_with = "displayed")]
    pub(super) name: String,
    pub(super) owner: u32,
    pub(super) connectable: bool,
    /// Left by an interrupted DROP DATABASE.
    pub(super) invalid: bool,
}

/// An object that a role holds a right on or owns, by `pg_shdepend`; the database is 0 for the cluster.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub(super) struct RoleDependency {
    pub(super) database: u32,
    pub(super) catalog: u32,
    pub(super) object: u32,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct RoleSessions {
    pub(super) role: u32,
    pub(super) count: u64,
    /// The database; 0 for none.
    pub(super) database: u32,
    /// Whether the role has CONNECT on that database now.
    pub(super) connect: bool,
    /// Those that stream the log of the server.
    pub(super) replicating: u64,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct PreparedTransactions {
    pub(super) role: u32,
    pub(super) count: u64,
}

/// Something in a database that depends on a role.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct RoleDependents {
    pub(super) database: u32,
    pub(super) what: String,
    pub(super) role: u32,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct OtherDatabaseObjects {
    pub(super) database: u32,
    pub(super) catalog: u32,
    pub(super) object: u32,
    pub(super) owner: u32,
}

/// The contents of one database.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct DatabaseObjects {
    pub(super) entries: Vec<AclEntry>,
    pub(super) owned: Vec<OwnedObject>,
    pub(super) defaults: Vec<DefaultPrivilege>,
    /// The objects of a read that names its objects, also those without an entry.
    pub(super) things: Vec<NamedObject>,
    /// The names of grantors and owners.
    pub(super) names: BTreeMap<u32, String>,
    /// The defaults that replace those of the server for all schemas.
    pub(super) set_globally: Vec<GlobalDefault>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct NamedObject {
    pub(super) class: String,
    pub(super) object: u32,
    pub(super) owner: u32,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct GlobalDefault {
    pub(super) definer: u32,
    pub(super) class: String,
}

/// One privilege of one entry of an access control list. The owner's own privileges are omitted: they are part of
/// ownership.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct AclEntry {
    pub(super) class: String,
    pub(super) object: u32,
    pub(super) column: i32,
    pub(super) owner: u32,
    /// The text after ON, quoted for SQL.
    #[serde(deserialize_with = "displayed_sql")]
    pub(super) name: String,
    /// The column, quoted for SQL; empty for the whole object.
    #[serde(deserialize_with = "displayed_sql")]
    pub(super) column_name: String,
    pub(super) privilege: String,
    pub(super) grantee: u32,
    pub(super) grantor: u32,
    pub(super) grantable: bool,
    /// Part of the installation, on an object of the server.
    pub(super) initial: bool,
    /// A default of PostgreSQL where no list is set.
    pub(super) builtin: bool,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct OwnedObject {
    pub(super) catalog: u32,
    pub(super) object: u32,
    pub(super) owner: u32,
    pub(super) kind: String,
    #[serde(deserialize_with = "displayed_sql")]
    pub(super) name: String,
}

/// One privilege on future objects.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct DefaultPrivilege {
    pub(super) definer: u32,
    pub(super) schema: u32,
    #[serde(deserialize_with = "displayed_sql")]
    pub(super) schema_name: String,
    pub(super) class: String,
    pub(super) privilege: String,
    pub(super) grantee: u32,
    pub(super) grantable: bool,
}

impl ClusterSnapshot {
    /// Returns the role with this oid.
    pub(super) fn role(&self, oid: u32) -> Option<&DatabaseRole> {
        // The catalogs are sorted by oid.
        let index = self.cluster.roles.binary_search_by_key(&oid, |role| role.oid).ok()?;
        self.cluster.roles.get(index)
    }

    /// Returns the display name of a grantee; 0 is PUBLIC.
    pub(super) fn name(&self, oid: u32) -> String {
        let known = self.role(oid).map(|role| role.name.clone());
        let named = || self.objects.values().find_map(|objects| objects.names.get(&oid)).map(|name| visible(name));
        let unknown = || if oid == 0 { "PUBLIC".to_owned() } else { format!("(role {oid}, dropped)") };
        known.or_else(named).unwrap_or_else(unknown)
    }

    /// Returns the name of a database.
    pub(super) fn database(&self, oid: u32) -> String {
        let found = self.cluster.databases.iter().find(|database| database.oid == oid);
        found.map_or_else(|| format!("(database {oid})"), |database| database.name.clone())
    }

    /// Returns the number of open sessions of the role.
    pub(super) fn sessions(&self, role: u32) -> u64 {
        self.cluster.sessions.iter().filter(|open| open.role == role).map(|open| open.count).sum()
    }

    /// Returns the number of prepared transactions of the role.
    pub(super) fn prepared(&self, role: u32) -> u64 {
        self.cluster.prepared.iter().filter(|held| held.role == role).map(|held| held.count).sum()
    }

    /// Returns the number of sessions that stream the log for the role.
    pub(super) fn replicating(&self, role: u32) -> u64 {
        self.cluster.sessions.iter().filter(|open| open.role == role).map(|open| open.replicating).sum()
    }

    /// Returns the known object that the read found, which distinguishes absence from a failed read.
    pub(super) fn probe(&self) -> Option<String> {
        let me = self.role(self.cluster.me)?;
        let database = self.database(self.cluster.database);
        Some(format!(
            "own role {} (oid {}) among {} roles, in database {database}",
            me.name,
            me.oid,
            self.cluster.roles.len()
        ))
    }
}

impl DatabaseRole {
    /// Returns whether the role has this attribute.
    pub(super) fn is(&self, attribute: &str) -> bool {
        self.attributes.get(attribute).copied().unwrap_or(false)
    }

    /// Returns whether the role is predefined by the server and cannot be changed.
    pub(super) fn is_predefined(&self) -> bool {
        self.oid < FIRST_NORMAL_OID && self.name.starts_with("pg_")
    }
}

fn displayed<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    String::deserialize(from).map(|name| visible(&name))
}

fn displayed_sql<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    String::deserialize(from).map(|text| visible_sql(&text))
}

/// Lower oids belong to the server itself (`FirstNormalObjectId` in `access/transam.h`).
pub(super) const FIRST_NORMAL_OID: u32 = 16384;

/// The superuser created by `initdb` (`BOOTSTRAP_SUPERUSERID` in `pg_authid.dat`).
pub(super) const BOOTSTRAP: u32 = 10;
