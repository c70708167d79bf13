//! Descriptions of attributes, predefined roles and privileges of PostgreSQL 13 to 17 for reviewers.

use crate::{connector::PrivilegePhrase, model::GrantKind};

/// Returns the description of an attribute or predefined role, or of a privilege on an object.
pub(super) fn phrase(_: Option<GrantKind>, entitlement: &str) -> Option<PrivilegePhrase> {
    let known = CAPABILITIES.iter().find(|(name, _)| *name == entitlement);
    known.map(|(_, phrase)| PrivilegePhrase::Capability(phrase)).or_else(|| privilege(entitlement))
}

/// Returns the action of a privilege, and its object without its kind.
fn privilege(name: &str) -> Option<PrivilegePhrase> {
    let (privilege, rest) = match name.strip_prefix("OWNER OF ") {
        Some(rest) => ("OWNER", rest),
        None => name.split_once(" ON ")?,
    };
    // `SELECT (email) ON TABLE customers` concerns a column.
    let (privilege, column) = privilege
        .split_once(" (")
        .map_or((privilege, None), |(privilege, column)| (privilege, column.strip_suffix(')')));
    let rank = ACTIONS.iter().position(|(own, _)| *own == privilege)?;
    let (class, thing) = rest.split_once(' ')?;
    let thing = thing.split(" IN DATABASE ").next().unwrap_or(thing);
    let class = class.to_lowercase();
    let thing = if class == "table" { thing.to_owned() } else { format!("{class} {thing}") };
    let object = column.map_or_else(|| thing.clone(), |column| format!("{column} of {thing}"));
    Some(PrivilegePhrase::Action { rank, verb: ACTIONS.get(rank)?.1, object })
}

/// SQL privileges with their actions, most critical first.
const ACTIONS: &[(&str, &str)] = &[
    ("OWNER", "have full control of"),
    ("DELETE", "delete from"),
    ("TRUNCATE", "empty"),
    ("UPDATE", "change"),
    ("INSERT", "add to"),
    ("SELECT", "read"),
    ("EXECUTE", "run"),
    ("CREATE", "create objects in"),
    ("TRIGGER", "create triggers on"),
    ("CONNECT", "connect to"),
    ("USAGE", "use"),
];

const CAPABILITIES: &[(&str, &str)] = &[
    ("SUPERUSER", "do everything on the server: read, change and delete all data, and grant any privilege"),
    ("BYPASSRLS", "bypass row-level security"),
    ("CREATEROLE", "create roles and grant memberships"),
    ("CREATEDB", "create databases"),
    ("REPLICATION", "copy all data of the server by replication"),
    ("role pg_read_all_data", "read every table of every database"),
    ("role pg_write_all_data", "change every table of every database"),
    ("role pg_read_server_files", "read any file that the server can read"),
    ("role pg_write_server_files", "write any file that the server can write, and thereby take over the server"),
    ("role pg_execute_server_program", "run programs as the user of the server, and thereby take over the server"),
    ("role pg_signal_backend", "cancel queries and sessions of other users"),
    ("role pg_monitor", "see the queries of all users and all settings"),
    ("role pg_read_all_settings", "see all settings"),
    ("role pg_read_all_stats", "see the queries of all users"),
    ("role pg_stat_scan_tables", "run table scans for statistics, which may lock tables for long"),
    ("role pg_maintain", "maintain every table"),
    ("role pg_checkpoint", "run CHECKPOINT"),
    ("role pg_create_subscription", "create subscriptions to other servers"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn privilege_is_described_by_verb_and_object() {
        let said = |name: &str| match phrase(None, name)? {
            PrivilegePhrase::Action { verb, object, .. } => Some(format!("{verb} {object}")),
            PrivilegePhrase::Capability(phrase) => Some(phrase.to_owned()),
        };
        let cases = [
            ("SELECT ON TABLE shop.orders IN DATABASE orders", Some("read shop.orders")),
            ("SELECT (email) ON TABLE shop.customers IN DATABASE orders", Some("read email of shop.customers")),
            ("USAGE ON SCHEMA shop IN DATABASE orders", Some("use schema shop")),
            ("OWNER OF TABLE shop.orders IN DATABASE orders", Some("have full control of shop.orders")),
            ("CONNECT ON DATABASE sales", Some("connect to database sales")),
            ("role pg_checkpoint", Some("run CHECKPOINT")),
            ("role reporting", None),
            ("JUGGLE ON TABLE x", None),
        ];
        for (name, wanted) in cases {
            assert_eq!(said(name).as_deref(), wanted, "{name}");
        }
    }
}
