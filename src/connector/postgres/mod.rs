//! Connector for PostgreSQL servers, version 15 and later: roles, memberships, privileges, ownership, passwords.
//!
//! The listed grants and their keys, at the finest granularity of `REVOKE` and `ALTER ROLE`:
//!
//! | grant | key | verdicts |
//! |---|---|---|
//! | role, with login, validity, connection limit | `account:ROLE` | disable, revoke (drop), reduce |
//! | attribute that is a right | `attribute:NAME/ROLE` | revoke |
//! | membership, by grantor since version 16 | `membership:ROLE/MEMBER[/GRANTOR]` | revoke, reduce |
//! | stored password, by the digest of its verifier | `password:ROLE/FINGERPRINT` | rotate, disable, revoke, reduce |
//! | one privilege of one access control list entry | `privilege:DATABASE/CLASS/OID[.COLUMN]/PRIVILEGE/GRANTEE/GRANTOR` | revoke, reduce |
//! | privilege on future objects | `default:DATABASE/DEFINER/SCHEMA/CLASS/PRIVILEGE/GRANTEE` | revoke |
//! | ownership | `ownership:DATABASE/CATALOG/OID/OWNER` | none: reported only |
//!
//! All ids are oids. Names are used for display, and in the SQL of a plan: before the SQL is executed, the connector
//! generates it again from the present state of the server, and executes it only if it is unchanged. The transaction is
//! committed only if the reviewed grant, and no other grant of the same name, has changed.
//!
//! PostgreSQL does not report whether a session has executed `SET ROLE` (it may continue to act as a role from which
//! its user was removed, until it ends), and when a right or a login was last used.

mod apply;
mod ask;
mod attributes;
mod catalog;
mod collateral;
mod collect;
mod config;
mod connection;
mod control_totals;
mod decision_functions;
mod definition;
mod effective_access;
mod effects;
mod grant_key;
mod grants;
mod identifiers;
mod impact;
mod leading_objects;
mod lingering;
mod logins;
mod lost_access;
mod observe;
mod operations;
mod other_objects;
mod phrases;
mod policies;
mod probe;
mod read_scope;
mod remaining;
mod request;
mod reverse_operations;
mod role_graph;
mod rotate;
mod schema;
mod server_connections;
mod snapshot;
mod sql;
mod sqlstate;
mod survivors;
mod tier;
mod unlisted_access;

#[cfg(test)]
mod tests;

pub use config::{PasswordVisibility, PostgresConfig, TlsMode};
pub use connection::{Postgres, open};
pub use definition::PostgresDefinition;
pub use schema::PostgresSchema;
