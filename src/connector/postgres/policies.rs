//! Row-level security: policies that a role brings to its members, those that show the same rows, and those that only
//! limit them. Also lines of `pg_hba.conf` that refuse the members of a role.

use super::{
    catalog, grant_key::PostgresGrantKey, identifiers::original, remaining::Leftover, role_graph::RoleGraph,
    server_connections::ServerConnections, snapshot::ClusterSnapshot,
};
use crate::{
    connector::ConnectorError,
    model::{AccessChange, AccessPath, AccessRoute, Tier},
};
use serde::Deserialize;
use std::collections::BTreeSet;

/// A policy of a table with row-level security.
#[derive(Deserialize)]
struct RowPolicy {
    oid: u32,
    name: String,
    table: String,
    table_oid: u32,
    /// `*` for all commands.
    command: String,
    permissive: bool,
    /// The roles that it is for; 0 for all.
    roles: Vec<u32>,
}

/// The roles that a member loses by a change, and those that it keeps.
struct LostRoles {
    lost: BTreeSet<u32>,
    kept: BTreeSet<u32>,
}

impl LostRoles {
    /// Returns the roles, from a read before or after the change.
    fn of(facts: &ClusterSnapshot, key: &PostgresGrantKey, change: &AccessChange) -> Option<Self> {
        let PostgresGrantKey::Membership { role, member, grantor } = key else { return None };
        let inherit_alone = match change {
            AccessChange::Reduce { to } if to == "without inherit" => true,
            AccessChange::Reduce { .. } => return None,
            _ => false,
        };
        let mut after = facts.clone();
        for row in &mut after.cluster.memberships {
            let is_it = (row.role, row.member) == (*role, *member) && grantor.is_none_or(|by| by == row.grantor);
            if is_it {
                row.inherit = false;
                (row.set, row.admin) = if inherit_alone { (row.set, row.admin) } else { (false, false) };
            }
        }
        let graph = RoleGraph::new(&after);
        // Policies and the lines of pg_hba.conf follow inherited memberships.
        let mut kept: BTreeSet<u32> = graph.reached_with(*member, &|row| row.inherit).keys().copied().collect();
        kept.insert(*member);
        let mut lost: BTreeSet<u32> = graph.reached_with(*role, &|row| row.inherit).keys().copied().collect();
        lost.insert(*role);
        lost.retain(|oid| !kept.contains(oid));
        (!lost.is_empty()).then_some(Self { lost, kept })
    }

    fn loses(&self, policy: &RowPolicy) -> bool {
        policy.roles.iter().any(|oid| self.lost.contains(oid)) && !self.keeps(policy)
    }

    fn keeps(&self, policy: &RowPolicy) -> bool {
        policy.roles.iter().any(|oid| *oid == 0 || self.kept.contains(oid))
    }
}

/// Returns the policies that still show rows of tables of which the lost role showed some.
pub(super) fn other_policies(
    server: &mut ServerConnections,
    facts: &ClusterSnapshot,
    key: &PostgresGrantKey,
    change: &AccessChange,
    tier: Tier,
) -> Result<Vec<Leftover>, ConnectorError> {
    let Some(roles) = LostRoles::of(facts, key, change) else { return Ok(Vec::new()) };
    let mut left = Vec::new();
    for (database, policies) in read(server, facts, &roles.lost)? {
        let gave: Vec<&RowPolicy> = policies.iter().filter(|it| it.permissive && roles.loses(it)).collect();
        let shows = |it: &&RowPolicy| {
            let same = |lost: &&RowPolicy| {
                let command = lost.command == "*" || it.command == "*" || lost.command == it.command;
                lost.table_oid == it.table_oid && command
            };
            it.permissive && roles.keeps(it) && gave.iter().copied().any(|lost| same(&lost))
        };
        for policy in policies.iter().filter(shows) {
            let path = AccessPath {
                via: AccessRoute::Rule,
                ids: format!("policy/{database}/{}", policy.oid),
                text: format!("row-level security policy {} on {}", policy.name, policy.table),
            };
            left.push(Leftover::untold(path, tier, None, "its condition decides on the rows"));
        }
    }
    Ok(left)
}

/// Returns the limit that a change would lift: a restrictive policy, or a line of `pg_hba.conf`, for a role that the
/// member loses.
pub(super) fn lifted_limit(
    server: &mut ServerConnections,
    facts: &ClusterSnapshot,
    key: &PostgresGrantKey,
    change: &AccessChange,
) -> Result<Option<String>, ConnectorError> {
    let Some(roles) = LostRoles::of(facts, key, change) else { return Ok(None) };
    for (_, policies) in read(server, facts, &roles.lost)? {
        if let Some(policy) = policies.iter().find(|it| !it.permissive && roles.loses(it)) {
            return Ok(Some(format!(
                "it would lift the restrictive policy {} on {}, which limits the rows of the role's members; name the \
                 member in the policy first (ALTER POLICY … TO …)",
                policy.name, policy.table
            )));
        }
    }
    // A refused statement would end the transaction.
    let may_read = "SELECT has_table_privilege('pg_hba_file_rules', 'SELECT')
   AND has_function_privilege('pg_hba_file_rules()', 'EXECUTE')";
    if server.one(0, may_read)? != "t" {
        return Ok(None);
    }
    let names: Vec<String> =
        roles.lost.iter().map(|oid| catalog::literal(&format!("+{}", original(&facts.name(*oid))))).collect();
    let query = format!(
        "SELECT coalesce(string_agg('line ' || line_number, ', '), '') FROM pg_hba_file_rules
 WHERE auth_method = 'reject' AND user_name && ARRAY[{}]::text[]",
        names.join(", ")
    );
    let lines = server.one(0, &query)?;
    let text = format!("pg_hba.conf {lines} rejects the logins of the role's members; name the member there first");
    Ok((!lines.is_empty()).then_some(text))
}

/// Reads the policies of tables that have one for these roles, by database.
fn read(
    server: &mut ServerConnections,
    facts: &ClusterSnapshot,
    roles: &BTreeSet<u32>,
) -> Result<Vec<(u32, Vec<RowPolicy>)>, ConnectorError> {
    let roles: Vec<u32> = roles.iter().copied().collect();
    let list = catalog::array(&roles);
    let held: Vec<u32> = server.json(
        0,
        &format!(
            "SELECT coalesce(json_agg(DISTINCT d.dbid::bigint), '[]') FROM pg_shdepend d
 WHERE d.refclassid = 1260 AND d.deptype = 'r' AND d.refobjid = ANY ({list})"
        ),
    )?;
    let mut found = Vec::new();
    for (oid, name) in server.looked_into(&facts.cluster) {
        if !held.contains(&oid) || !server.try_connect(oid, &name)? {
            continue;
        }
        let query = format!(
            "SELECT coalesce(json_agg(json_build_object('oid', p.oid::bigint, 'name', quote_ident(p.polname),
   'table', p.polrelid::regclass::text, 'table_oid', p.polrelid::bigint, 'command', p.polcmd, 'permissive', p.polpermissive,
   'roles', (SELECT json_agg(r::bigint) FROM unnest(p.polroles) r)) ORDER BY p.oid), '[]')
 FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid AND c.relrowsecurity
 WHERE EXISTS (SELECT 1 FROM pg_policy q WHERE q.polrelid = p.polrelid AND q.polroles && {list})"
        );
        found.push((oid, server.json(oid, &query)?));
    }
    Ok(found)
}
