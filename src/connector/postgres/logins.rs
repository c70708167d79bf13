//! Logins that need no password of the server, by `pg_hba.conf`.

use super::{
    identifiers::original, remaining::Leftover, role_graph::RoleGraph, server_connections::ServerConnections,
    snapshot::ClusterSnapshot,
};
use crate::{
    connector::ConnectorError,
    model::{AccessPath, AccessRoute, Overlap, Tier},
};
use serde::Deserialize;

/// One line of the file.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
struct LoginRule {
    line: u32,
    kind: String,
    databases: Vec<String>,
    users: Vec<String>,
    address: String,
    method: String,
}

/// Returns the lines by which a role can log in without a password that the server stores. After a rotation, `replaced`,
/// only lines count that accept any password.
pub(super) fn other_logins(
    server: &mut ServerConnections,
    facts: &ClusterSnapshot,
    role: u32,
    replaced: bool,
    tier: Tier,
) -> Result<Vec<Leftover>, ConnectorError> {
    let Some(account) = facts.role(role).filter(|role| role.login) else { return Ok(Vec::new()) };
    let rules: Vec<LoginRule> = match server.json(0, RULES) {
        Ok(rules) => rules,
        Err(ConnectorError::Forbidden { missing }) => {
            let path = AccessPath {
                via: AccessRoute::Rule,
                ids: "pg_hba".to_owned(),
                text: "logins without a password, by pg_hba.conf".to_owned(),
            };
            return Ok(vec![Leftover::untold(path, tier, None, &format!("it cannot be read: {missing}"))]);
        }
        Err(other) => return Err(other),
    };
    let graph = RoleGraph::new(facts);
    let reached = graph.reached_by(role);
    let name = original(&account.name);
    let is_named = |user: &String| {
        let group = user.strip_prefix('+');
        user == "all"
            || *user == name
            || group.is_some_and(|group| {
                name == group || reached.keys().any(|oid| facts.role(*oid).is_some_and(|it| original(&it.name) == group))
            })
            // A regular expression may match the name.
            || user.starts_with('/')
    };
    // The lines for replication are those of a database with this name as well.
    let replicates = account.is("replication") || facts.cluster.databases.iter().any(|it| it.name == "replication");
    let is_open = |rule: &LoginRule| replicates || rule.databases != ["replication"];
    let matching: Vec<&LoginRule> =
        rules.iter().filter(|rule| is_open(rule) && rule.users.iter().any(is_named)).collect();
    let mut found = Vec::new();
    for (index, rule) in matching.iter().enumerate() {
        let is_reached = !matching.iter().take(index).any(|earlier| earlier.hides(rule, &name));
        if !is_reached || STORED.contains(&rule.method.as_str()) || (replaced && rule.method != "trust") {
            continue;
        }
        let text = format!("pg_hba.conf line {}: {} from {}", rule.line, rule.method, rule.origin());
        let path = AccessPath { via: AccessRoute::Rule, ids: format!("pg_hba/{}", rule.line), text };
        let why = "who can log in this way is decided outside of the server";
        let mut left = Leftover::untold(path, tier, None, why);
        if rule.method == "trust" {
            left.overlap = Overlap::Whole;
        }
        found.push(left);
    }
    Ok(found)
}

impl LoginRule {
    fn origin(&self) -> String {
        if self.address.is_empty() { self.kind.clone() } else { format!("{} {}", self.kind, self.address) }
    }

    /// Returns whether this line decides on everything that a later one matches.
    fn hides(&self, later: &Self, user: &str) -> bool {
        let kind = self.kind == later.kind || (self.kind == "host" && later.kind.starts_with("host"));
        let database = self.databases == ["all"] || self.databases == later.databases;
        let address = self.address == "all" || self.address == later.address;
        let name = self.users.iter().any(|it| it == "all" || it == user);
        kind && database && address && name
    }
}

const RULES: &str =
    "SELECT coalesce(json_agg(json_build_object('line', line_number, 'kind', type, 'databases', database,
   'users', user_name, 'address', coalesce(address || coalesce('/' || netmask, ''), ''), 'method', auth_method)
   ORDER BY line_number), '[]') FROM pg_hba_file_rules WHERE error IS NULL";

/// Methods that check the stored password, or refuse.
const STORED: [&str; 4] = ["md5", "password", "reject", "scram-sha-256"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earlier_line_hides_a_later_one() {
        let rule = |kind: &str, databases: &[&str], users: &[&str], address: &str| LoginRule {
            line: 1,
            kind: kind.to_owned(),
            databases: databases.iter().map(ToString::to_string).collect(),
            users: users.iter().map(ToString::to_string).collect(),
            address: address.to_owned(),
            method: "reject".to_owned(),
        };
        let later = rule("hostssl", &["shop"], &["all"], "10.0.0.0/255.0.0.0");
        assert!(rule("host", &["all"], &["ana"], "all").hides(&later, "ana"));
        assert!(rule("host", &["shop"], &["all"], "10.0.0.0/255.0.0.0").hides(&later, "ana"));
        for other in [
            rule("local", &["all"], &["all"], ""),
            rule("host", &["other"], &["all"], "all"),
            rule("host", &["all"], &["li"], "all"),
            rule("host", &["all"], &["all"], "10.1.0.0/255.255.0.0"),
        ] {
            assert!(!other.hides(&later, "ana"), "{other:?}");
        }
    }
}
