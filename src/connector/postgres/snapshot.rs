//! What the catalogs say, as read: rows with oids, and names for people.

use serde::Deserialize;
use std::collections::BTreeMap;

/// What one read saw: the cluster, and the objects of the databases it looked into.
#[derive(Clone, Debug, Default)]
pub(super) struct ClusterSnapshot {
    pub(super) cluster: ClusterCatalog,
    /// By the oid of the database.
    pub(super) objects: BTreeMap<u32, DatabaseObjects>,
}

/// What every database of the cluster shares.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct ClusterCatalog {
    pub(super) version: u32,
    pub(super) now: i64,
    /// The role we are, as the server says: what a read of anything else is checked against.
    pub(super) me: u32,
    /// The database the read was made in.
    pub(super) database: u32,
    pub(super) roles: Vec<DatabaseRole>,
    pub(super) memberships: Vec<RoleMembership>,
    pub(super) databases: Vec<DatabaseInfo>,
    /// In which databases a role has or owns something (`pg_shdepend`).
    pub(super) reaches: Vec<DatabaseAccess>,
    /// Open sessions by role.
    pub(super) sessions: Vec<RoleSessions>,
    pub(super) entries: Vec<AclEntry>,
    pub(super) owned: Vec<OwnedObject>,
    /// Owned in databases that are not looked into: known to be there, without a name.
    pub(super) owned_elsewhere: Vec<OtherDatabaseObjects>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct DatabaseRole {
    pub(super) oid: u32,
    pub(super) name: String,
    pub(super) login: bool,
    pub(super) inherit: bool,
    /// Attributes that are rights, in alphabetical order.
    pub(super) attributes: BTreeMap<String, bool>,
    pub(super) limit: i32,
    pub(super) valid_until: String,
    /// `none`, `unseen`, `md5`, or the digest of what is stored.
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
    pub(super) name: String,
    pub(super) owner: u32,
    pub(super) connectable: bool,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct DatabaseAccess {
    pub(super) database: u32,
    pub(super) role: u32,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct RoleSessions {
    pub(super) role: u32,
    pub(super) count: u64,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct OtherDatabaseObjects {
    pub(super) database: u32,
    pub(super) catalog: u32,
    pub(super) object: u32,
    pub(super) owner: u32,
}

/// What one database holds.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct DatabaseObjects {
    pub(super) entries: Vec<AclEntry>,
    pub(super) owned: Vec<OwnedObject>,
    pub(super) defaults: Vec<DefaultPrivilege>,
}

/// One privilege of one entry of an access control list. The owner's own are not here: they come with ownership.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct AclEntry {
    pub(super) class: String,
    pub(super) object: u32,
    pub(super) column: i32,
    pub(super) owner: u32,
    /// What follows ON, quoted as SQL needs it.
    pub(super) name: String,
    /// The column, quoted as SQL needs it; empty for the whole object.
    pub(super) column_name: String,
    pub(super) privilege: String,
    pub(super) grantee: u32,
    pub(super) grantor: u32,
    pub(super) grantable: bool,
    /// As the server was installed, on an object of its own.
    pub(super) initial: bool,
    /// Not granted by anybody: what PostgreSQL gives where no list is set.
    pub(super) builtin: bool,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct OwnedObject {
    pub(super) catalog: u32,
    pub(super) object: u32,
    pub(super) owner: u32,
    pub(super) kind: String,
    pub(super) name: String,
}

/// One privilege on objects to come.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct DefaultPrivilege {
    pub(super) definer: u32,
    pub(super) schema: u32,
    pub(super) schema_name: String,
    pub(super) class: String,
    pub(super) privilege: String,
    pub(super) grantee: u32,
    pub(super) grantable: bool,
}

impl ClusterSnapshot {
    /// Returns the role with this oid.
    pub(super) fn role(&self, oid: u32) -> Option<&DatabaseRole> {
        // The catalogs are read in the order of their oids.
        let index = self.cluster.roles.binary_search_by_key(&oid, |role| role.oid).ok()?;
        self.cluster.roles.get(index)
    }

    /// Returns what people call a grantee; 0 is PUBLIC.
    pub(super) fn name(&self, oid: u32) -> String {
        match self.role(oid) {
            Some(role) => role.name.clone(),
            None if oid == 0 => "PUBLIC".to_owned(),
            None => format!("(role {oid}, gone)"),
        }
    }

    /// Returns the name of a database.
    pub(super) fn database(&self, oid: u32) -> String {
        let found = self.cluster.databases.iter().find(|database| database.oid == oid);
        found.map_or_else(|| format!("(database {oid})"), |database| database.name.clone())
    }

    /// Returns how many sessions of the role are open.
    pub(super) fn sessions(&self, role: u32) -> u64 {
        self.cluster.sessions.iter().filter(|open| open.role == role).map(|open| open.count).sum()
    }

    /// Returns what a read found that is known to exist: without it, "nothing" would be "no answer".
    pub(super) fn probe(&self) -> Option<String> {
        let me = self.role(self.cluster.me)?;
        let database = self.database(self.cluster.database);
        Some(format!(
            "our own role {} (oid {}) among {} roles, in database {database}",
            me.name,
            me.oid,
            self.cluster.roles.len()
        ))
    }
}

impl DatabaseRole {
    /// Returns whether it has this attribute.
    pub(super) fn is(&self, attribute: &str) -> bool {
        self.attributes.get(attribute).copied().unwrap_or(false)
    }

    /// Returns whether the server made it and nobody can change it.
    pub(super) fn is_predefined(&self) -> bool {
        self.oid < FIRST_NORMAL_OID && self.name.starts_with("pg_")
    }
}

/// Oids below are the server's own (`FirstNormalObjectId` in `access/transam.h`).
pub(super) const FIRST_NORMAL_OID: u32 = 16384;
