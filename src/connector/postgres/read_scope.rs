//! Scopes of reads, from one grant to a whole server.

use super::{
    catalog::{ObjectScope, RoleScope},
    grant_key::{PostgresGrantKey, catalog_of},
};

/// The scope of a read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum ReadScope {
    /// All roles, and the entries of the cluster.
    Cluster,
    /// One kind of default privilege of one database, and these roles.
    Defaults { database: u32, definer: u32, class: String, holder: u32 },
    /// Everything, in every configured database.
    Everything,
    /// The rights that a membership gives, with the other ways of the member to them, in all databases.
    Membership { role: u32, member: u32 },
    /// One object of one database, by its catalog and oid, as its holder can use it.
    Object { database: u32, catalog: u32, object: u32, holder: u32 },
    /// One role alone; with the entries of one object of the cluster.
    Role { role: u32, object: Option<u32> },
    /// All roles, and everything that one role holds in all databases.
    Whole(u32),
}

impl ReadScope {
    /// Returns the scope of a complete read of a grant.
    pub(super) fn of(key: &PostgresGrantKey) -> Self {
        let holder = key.holder();
        match key {
            PostgresGrantKey::Account { role }
            | PostgresGrantKey::Attribute { role, .. }
            | PostgresGrantKey::Password { role, .. } => Self::Role { role: *role, object: Some(0) },
            PostgresGrantKey::Default { database, definer, class, .. } => {
                Self::Defaults { database: *database, definer: *definer, class: class.clone(), holder }
            }
            PostgresGrantKey::Membership { role, member, .. } => Self::Membership { role: *role, member: *member },
            PostgresGrantKey::Ownership { database: 0, object, .. } => {
                Self::Role { role: holder, object: Some(*object) }
            }
            PostgresGrantKey::Ownership { database, catalog, object, .. } => {
                Self::Object { database: *database, catalog: *catalog, object: *object, holder }
            }
            PostgresGrantKey::Privilege { on, .. } if on.database == 0 => {
                Self::Role { role: holder, object: Some(on.oid) }
            }
            PostgresGrantKey::Privilege { on, .. } => {
                Self::Object { database: on.database, catalog: catalog_of(&on.class), object: on.oid, holder }
            }
        }
    }

    /// Returns the single database that is read with its objects.
    pub(super) fn database(&self) -> Option<u32> {
        match self {
            Self::Defaults { database, .. } | Self::Object { database, .. } => Some(*database),
            _ => None,
        }
    }

    /// Returns the roles, and the objects of one database, to read.
    pub(super) fn parts(&self) -> (RoleScope, ObjectScope) {
        let reached = |from: &[u32], sessions: u32, object: Option<u32>| RoleScope::Reached {
            from: from.to_vec(),
            sessions,
            object,
        };
        match self {
            Self::Cluster | Self::Whole(_) => (RoleScope::All, ObjectScope::Nothing),
            Self::Everything => (RoleScope::All, ObjectScope::All),
            Self::Defaults { definer, class, holder, .. } => (
                reached(&[*holder, *definer], *holder, Some(0)),
                ObjectScope::Defaults { definer: *definer, class: class.clone() },
            ),
            Self::Membership { role, member } => (reached(&[*role, *member], *member, None), ObjectScope::Nothing),
            Self::Object { catalog, object, holder, .. } => {
                (reached(&[*holder], *holder, Some(0)), ObjectScope::Object(*catalog, *object))
            }
            Self::Role { role, object } => (reached(&[*role], *role, *object), ObjectScope::Nothing),
        }
    }
}
