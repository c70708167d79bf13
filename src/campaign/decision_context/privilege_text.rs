//! Plain descriptions of privileges. Entitlements without a description are shown in the notation of their system.

use crate::{
    campaign::text::truncate,
    inventory::RoleContents,
    model::{Grant, GrantKind},
};
use std::collections::{BTreeMap, BTreeSet};

/// Returns a description of what a grant with its contents permits: attributes first, then privileges on objects;
/// `None` if no part has a description.
pub(super) fn capabilities(grant: &Grant, contents: &RoleContents) -> Option<String> {
    let own = (Some(grant.kind), grant.entitlement.name.as_str());
    let inside = contents.inside.iter().map(|one| (one.kind, one.name.as_str()));
    let mut powers: Vec<&str> = Vec::new();
    let mut deeds: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for (kind, name) in std::iter::once(own).chain(inside) {
        if let Some(power) = power(kind, name).filter(|power| !powers.contains(power)) {
            powers.push(power);
        } else if let Some((deed, what)) = privilege_phrase(name) {
            deeds.entry(deed).or_default().insert(what);
        }
    }
    let more = powers.len().saturating_sub(MOST_POWERS);
    let mut parts: Vec<String> = powers.into_iter().take(MOST_POWERS).map(str::to_owned).collect();
    parts.extend((more > 0).then(|| format!("{more} more privileges")));
    parts.extend(deeds.iter().filter_map(|(deed, what)| Some(format!("{} {}", DEEDS.get(*deed)?.1, some(what)))));
    (!parts.is_empty()).then(|| format!("can {}", parts.join("; can ")))
}

fn some(names: &BTreeSet<String>) -> String {
    let first: Vec<String> = names.iter().take(MOST_THINGS).map(|name| truncate(name)).collect();
    match names.len().saturating_sub(MOST_THINGS) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// Returns the description of a well-known attribute, role or group.
fn power(kind: Option<GrantKind>, name: &str) -> Option<&'static str> {
    let known = POWERS.iter().find(|(own, _)| *own == name).map(|(_, words)| *words);
    let rule = || match kind {
        Some(GrantKind::Rule) | None => sudo(name),
        Some(_) => None,
    };
    known.or_else(rule)
}

/// Returns the description of a sudo rule that permits everything: `sudo (ALL:ALL) NOPASSWD: ALL`.
fn sudo(name: &str) -> Option<&'static str> {
    let rest = name.strip_prefix("sudo (")?;
    let (who, what) = rest.split_once(") ")?;
    let as_root =
        who.split(':').next().is_some_and(|users| users.split(',').any(|user| ["ALL", "root"].contains(&user.trim())));
    match (as_root, what.trim()) {
        (true, "ALL") => Some("run anything as root"),
        (true, "NOPASSWD: ALL") => Some("run anything as root, without a password"),
        _ => None,
    }
}

/// Returns the index of a privilege in [`DEEDS`], and its object without its kind.
fn privilege_phrase(name: &str) -> Option<(usize, String)> {
    let (verb, rest) = match name.strip_prefix("OWNER OF ") {
        Some(rest) => ("OWNER", rest),
        None => name.split_once(" ON ")?,
    };
    // `SELECT (email) ON TABLE customers` concerns a column.
    let (verb, column) = verb.split_once(" (").map_or((verb, None), |(verb, column)| (verb, column.strip_suffix(')')));
    let deed = DEEDS.iter().position(|(own, _)| *own == verb)?;
    let (class, thing) = rest.split_once(' ')?;
    let thing = thing.split(" IN DATABASE ").next().unwrap_or(thing);
    let class = class.to_lowercase();
    let thing = if class == "table" { thing.to_owned() } else { format!("{class} {thing}") };
    Some((deed, column.map_or_else(|| thing.clone(), |column| format!("{column} of {thing}"))))
}

/// SQL privileges with their descriptions, most critical first.
const DEEDS: &[(&str, &str)] = &[
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

/// Descriptions of well-known attributes, roles and groups of PostgreSQL 13 to 17, Debian and AWS.
const POWERS: &[(&str, &str)] = &[
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
    ("group sudo", "run commands as root, as permitted to the group by sudo"),
    ("group wheel", "run commands as root, as permitted to the group by sudo"),
    ("group docker", "become root through a container"),
    ("group lxd", "become root through a container"),
    ("group incus", "become root through a container"),
    ("group libvirt", "become root through a virtual machine"),
    ("group disk", "read and write raw disks, bypassing file permissions"),
    ("group shadow", "read password hashes"),
    ("group adm", "read system logs"),
    ("group systemd-journal", "read system logs"),
    ("AdministratorAccess", "do everything in the AWS account"),
    ("PowerUserAccess", "do everything in the AWS account except manage IAM"),
    ("IAMFullAccess", "manage IAM in the AWS account, and thereby do everything"),
    ("ReadOnlyAccess", "read everything in the AWS account"),
];
const MOST_POWERS: usize = 4;
const MOST_THINGS: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn privilege_is_described_by_verb_and_object() {
        let said = |name: &str| privilege_phrase(name).map(|(deed, what)| format!("{} {what}", DEEDS[deed].1));
        let cases = [
            ("SELECT ON TABLE shop.orders IN DATABASE orders", Some("read shop.orders")),
            ("SELECT (email) ON TABLE shop.customers IN DATABASE orders", Some("read email of shop.customers")),
            ("USAGE ON SCHEMA shop IN DATABASE orders", Some("use schema shop")),
            ("OWNER OF TABLE shop.orders IN DATABASE orders", Some("have full control of shop.orders")),
            ("CONNECT ON DATABASE sales", Some("connect to database sales")),
            ("role reporting", None),
            ("JUGGLE ON TABLE x", None),
        ];
        for (name, wanted) in cases {
            assert_eq!(said(name).as_deref(), wanted, "{name}");
        }
    }

    #[test]
    fn sudo_rule_for_everything_is_described() {
        assert_eq!(sudo("sudo (ALL:ALL) ALL"), Some("run anything as root"));
        assert_eq!(sudo("sudo (root) NOPASSWD: ALL"), Some("run anything as root, without a password"));
        assert_eq!(sudo("sudo (www-data) ALL"), None);
        assert_eq!(sudo("sudo (root) NOPASSWD: /usr/bin/systemctl restart shop"), None);
    }

    #[test]
    fn each_privilege_name_is_listed_once() {
        let names: BTreeSet<_> = POWERS.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), POWERS.len());
    }
}
