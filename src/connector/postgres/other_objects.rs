//! Objects through which a principal can reach another one: views and functions that run as their owner, and parent
//! tables.

use super::{
    grant_key::{DatabaseObject, PostgresGrantKey, catalog_of},
    leading_objects::query,
    remaining::Leftover,
    server_connections::ServerConnections,
};
use crate::{
    connector::ConnectorError,
    model::{AccessPath, AccessRoute, Tier},
};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// An object that leads to another one.
#[derive(Deserialize)]
struct LeadingObject {
    kind: String,
    object: u32,
    name: String,
    owner: String,
    /// The name of what it leads to.
    to: String,
    /// An entry that gives its use to one of the roles, if any.
    grantee: Option<u32>,
    grantor: Option<u32>,
    privilege: String,
}

/// Returns the objects that lead to one of `rights`, and that one of `roles` or PUBLIC can use.
pub(super) fn other_objects(
    server: &mut ServerConnections,
    holder: u32,
    roles: &[u32],
    rights: &[&PostgresGrantKey],
    tier: Tier,
) -> Result<Vec<Leftover>, ConnectorError> {
    let mut by_database: BTreeMap<u32, BTreeSet<(u32, u32, &str)>> = BTreeMap::new();
    for right in rights {
        if let PostgresGrantKey::Privilege { on, privilege, .. } = right
            && on.database != 0
            && matches!(on.class.as_str(), "table" | "sequence" | "routine")
        {
            let targets = by_database.entry(on.database).or_default();
            targets.insert((catalog_of(&on.class), on.oid, privilege));
        }
    }
    let mut left = Vec::new();
    for (database, targets) in by_database {
        if !server.is_connected(database) || holder == 0 {
            continue;
        }
        let found: Vec<LeadingObject> = server.json(database, &query(roles, &targets))?;
        // Objects to come are less than the least critical right.
        let found = found.into_iter().filter(|it| it.kind != "default" || tier < Tier::T3);
        left.extend(found.map(|it| it.into_leftover(database, holder, tier)));
    }
    Ok(left)
}

impl LeadingObject {
    fn into_leftover(self, database: u32, holder: u32, tier: Tier) -> Leftover {
        if self.kind == "default" {
            return self.into_default(database, tier);
        }
        let class = match self.kind.as_str() {
            "function" => "routine",
            "server" => "server",
            _ => "table",
        };
        let by = self.grantee.filter(|grantee| *grantee == holder || *grantee == 0).zip(self.grantor);
        let by = by.map(|(grantee, grantor)| PostgresGrantKey::Privilege {
            on: DatabaseObject { database, class: class.to_owned(), oid: self.object, column: 0 },
            privilege: self.privilege.clone(),
            grantee,
            grantor,
        });
        let (name, to, owner) = (&self.name, &self.to, &self.owner);
        let (text, why) = match self.kind.as_str() {
            "view" => (format!("view {name}, which reads {to} as {owner}"), "the view decides what it shows"),
            "parent" => {
                (format!("the parent table {name}, which contains {to}"), "queries of the parent reach its rows")
            }
            "child" => (format!("table {name}, which contains rows of {to}"), "they are a part of its rows"),
            "cascade" => (
                format!("table {name}, to which {to} refers"),
                "the server changes the rows that refer to a changed one",
            ),
            "foreign" => {
                (format!("foreign table {name}, on the same server as {to}"), "both may lead to the same data")
            }
            "server" => (
                format!("USAGE on the foreign server {name} of {to}"),
                "another foreign table can be created for the same data",
            ),
            "trigger" => {
                (format!("table {name}, with a trigger that uses {to} as {owner}"), "the trigger decides what it does")
            }
            "table" => {
                (format!("table {name}, with a rule that uses {to} as {owner}"), "the rule decides what it does")
            }
            _ => (format!("function {name}, which uses {to} as {owner}"), "the function decides what it does"),
        };
        let path =
            AccessPath { via: AccessRoute::Rule, ids: format!("{}/{database}/{}", self.kind, self.object), text };
        Leftover::untold(path, tier, by, why)
    }
}

impl LeadingObject {
    /// A default gives the right on objects that are created later, also in the place of this one.
    fn into_default(self, database: u32, tier: Tier) -> Leftover {
        let class = match self.name.as_str() {
            "r" => "TABLES",
            "S" => "SEQUENCES",
            _ => "ROUTINES",
        };
        let by = self.grantee.zip(self.grantor).map(|(grantee, schema)| PostgresGrantKey::Default {
            database,
            definer: self.object,
            schema,
            class: class.to_owned(),
            privilege: self.privilege.clone(),
            grantee,
        });
        let text = format!("default privileges on {} that {} creates later", class.to_lowercase(), self.owner);
        let path = AccessPath {
            via: AccessRoute::Default,
            ids: format!("default/{database}/{}/{}", self.object, self.grantor.unwrap_or_default()),
            text,
        };
        Leftover::lesser(path, tier, by, &format!("{} created again", self.to))
    }
}
