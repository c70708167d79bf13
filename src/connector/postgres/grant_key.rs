//! Grant keys of a PostgreSQL server: oids, at the finest granularity that can be revoked.

use crate::model::{GrantKey, GrantKind};
use std::fmt;

/// A parsed grant key. As in the catalogs, `0` is PUBLIC as a grantee, and the cluster as a database.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) enum PostgresGrantKey {
    /// A role.
    Account { role: u32 },
    /// A role attribute that is a right in itself.
    Attribute { attribute: String, role: u32 },
    /// A privilege on future objects (`pg_default_acl`).
    Default { database: u32, definer: u32, schema: u32, class: String, privilege: String, grantee: u32 },
    /// One row of `pg_auth_members`. Before version 16, a membership has only one grantor, which is not in the key.
    Membership { role: u32, member: u32, grantor: Option<u32> },
    /// Ownership of an object, by its catalog.
    Ownership { database: u32, catalog: u32, object: u32, owner: u32 },
    /// A stored password, by its fingerprint: another password is another credential.
    Password { role: u32, fingerprint: String },
    /// One privilege of one entry of an access control list; `column` is 0 for the whole object.
    Privilege { on: DatabaseObject, privilege: String, grantee: u32, grantor: u32 },
}

/// An object that privileges are granted on.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) struct DatabaseObject {
    pub(super) database: u32,
    pub(super) class: String,
    pub(super) oid: u32,
    pub(super) column: i32,
}

impl fmt::Display for DatabaseObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.database, self.class, self.oid)?;
        if self.column != 0 { write!(f, ".{}", self.column) } else { Ok(()) }
    }
}

impl fmt::Display for PostgresGrantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account { role } => write!(f, "account:{role}"),
            Self::Attribute { attribute, role } => write!(f, "attribute:{attribute}/{role}"),
            Self::Default { database, definer, schema, class, privilege, grantee } => {
                write!(f, "default:{database}/{definer}/{schema}/{class}/{privilege}/{grantee}")
            }
            Self::Membership { role, member, grantor: Some(grantor) } => {
                write!(f, "membership:{role}/{member}/{grantor}")
            }
            Self::Membership { role, member, grantor: None } => write!(f, "membership:{role}/{member}"),
            Self::Ownership { database, catalog, object, owner } => {
                write!(f, "ownership:{database}/{catalog}/{object}/{owner}")
            }
            Self::Password { role, fingerprint } => write!(f, "password:{role}/{fingerprint}"),
            Self::Privilege { on, privilege, grantee, grantor } => {
                write!(f, "privilege:{on}/{}/{grantee}/{grantor}", dashed(privilege))
            }
        }
    }
}

impl PostgresGrantKey {
    /// Parses a key; `None` when it is not a key of this connector.
    pub(super) fn parse(key: &GrantKey) -> Option<Self> {
        let (kind, rest) = key.as_str().split_once(':')?;
        let parts: Vec<&str> = rest.split('/').collect();
        let oid = |part: &str| part.parse::<u32>().ok();
        let parsed = match (kind, parts.as_slice()) {
            ("account", [role]) => Self::Account { role: oid(role)? },
            ("attribute", [attribute, role]) => {
                Self::Attribute { attribute: (*attribute).to_owned(), role: oid(role)? }
            }
            ("default", [database, definer, schema, class, privilege, grantee]) => Self::Default {
                database: oid(database)?,
                definer: oid(definer)?,
                schema: oid(schema)?,
                class: (*class).to_owned(),
                privilege: (*privilege).to_owned(),
                grantee: oid(grantee)?,
            },
            ("membership", [role, member]) => {
                Self::Membership { role: oid(role)?, member: oid(member)?, grantor: None }
            }
            ("membership", [role, member, grantor]) => {
                Self::Membership { role: oid(role)?, member: oid(member)?, grantor: Some(oid(grantor)?) }
            }
            ("ownership", [database, catalog, object, owner]) => Self::Ownership {
                database: oid(database)?,
                catalog: oid(catalog)?,
                object: oid(object)?,
                owner: oid(owner)?,
            },
            ("password", [role, fingerprint]) => {
                Self::Password { role: oid(role)?, fingerprint: (*fingerprint).to_owned() }
            }
            ("privilege", [database, class, object, privilege, grantee, grantor]) => {
                let (object, column) = object.split_once('.').unwrap_or((object, "0"));
                Self::Privilege {
                    on: DatabaseObject {
                        database: oid(database)?,
                        class: (*class).to_owned(),
                        oid: oid(object)?,
                        column: column.parse().ok()?,
                    },
                    privilege: privilege.replace('-', " "),
                    grantee: oid(grantee)?,
                    grantor: oid(grantor)?,
                }
            }
            _ => return None,
        };
        (parsed.to_string() == key.as_str()).then_some(parsed)
    }

    /// Returns the kind of the grant.
    pub(super) fn kind(&self) -> GrantKind {
        match self {
            Self::Account { .. } => GrantKind::Account,
            Self::Attribute { .. } => GrantKind::Attribute,
            Self::Default { .. } | Self::Privilege { .. } => GrantKind::Privilege,
            Self::Membership { .. } => GrantKind::Membership,
            Self::Ownership { .. } => GrantKind::Ownership,
            Self::Password { .. } => GrantKind::Credential,
        }
    }

    /// Returns the oid of its holder; 0 is PUBLIC.
    pub(super) fn holder(&self) -> u32 {
        match self {
            Self::Account { role } | Self::Attribute { role, .. } | Self::Password { role, .. } => *role,
            Self::Default { grantee, .. } | Self::Privilege { grantee, .. } => *grantee,
            Self::Membership { member, .. } => *member,
            Self::Ownership { owner, .. } => *owner,
        }
    }

    /// Returns its database; 0 for the cluster.
    pub(super) fn database(&self) -> u32 {
        match self {
            Self::Default { database, .. } | Self::Ownership { database, .. } => *database,
            Self::Privilege { on, .. } => on.database,
            _ => 0,
        }
    }

    /// Returns the grantor, if it is part of the key.
    pub(super) fn grantor(&self) -> Option<u32> {
        match self {
            Self::Default { definer, .. } => Some(*definer),
            Self::Membership { grantor, .. } => *grantor,
            Self::Privilege { grantor, .. } => Some(*grantor),
            _ => None,
        }
    }

    /// Returns the id of the entitlement it gives: the same for every holder and grantor.
    pub(super) fn entitlement(&self) -> String {
        match self {
            Self::Account { .. } => "account".to_owned(),
            Self::Attribute { attribute, .. } => format!("attribute/{attribute}"),
            Self::Default { database, definer, schema, class, privilege, .. } => {
                format!("default/{database}/{definer}/{schema}/{class}/{privilege}")
            }
            Self::Membership { role, .. } => format!("role/{role}"),
            Self::Ownership { database, catalog, object, .. } => format!("owner/{database}/{catalog}/{object}"),
            Self::Password { .. } => "password".to_owned(),
            Self::Privilege { on, privilege, .. } => format!("{on}/{}", dashed(privilege)),
        }
    }
}

/// Returns the oid of the catalog of a class of objects.
pub(super) fn catalog_of(class: &str) -> u32 {
    match class {
        "table" | "sequence" => 1259,
        "schema" => 2615,
        "routine" => 1255,
        "type" => 1247,
        "language" => 2612,
        "wrapper" => 2328,
        "server" => 1417,
        "large-object" => 2613,
        "database" => 1262,
        "tablespace" => 1213,
        _ => PARAMETERS,
    }
}

/// The attribute with what depends on a role beside its grants: `DATABASE/KIND`, separated by blanks.
pub(super) const DEPENDENTS: &str = "dependents";

/// The catalog of parameters.
pub(super) const PARAMETERS: u32 = 6243;

fn dashed(privilege: &str) -> String {
    privilege.replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grant_keys_round_trip() {
        for text in [
            "account:16385",
            "attribute:superuser/10",
            "default:5/16385/0/TABLES/SELECT/0",
            "membership:16385/16386",
            "membership:16385/16386/10",
            "ownership:5/1259/16410/16385",
            "password:16385/md5",
            "privilege:5/table/16410.2/SELECT/16385/10",
            "privilege:0/parameter/16411/ALTER-SYSTEM/16385/10",
        ] {
            let key = PostgresGrantKey::parse(&GrantKey::parse(text).unwrap());
            assert_eq!(key.map(|key| key.to_string()).as_deref(), Some(text));
        }
        for text in ["account:", "account:0x1", "privilege:5/table/1.0/SELECT/2/3", "account:01", "role:1"] {
            assert_eq!(PostgresGrantKey::parse(&GrantKey::parse(text).unwrap()), None, "{text}");
        }
    }
}
