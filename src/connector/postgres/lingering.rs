//! Sessions and prepared transactions that may still use the access after it was taken away.
//!
//! The server does not show which role a session has assumed, so every session that could have assumed it counts.

use super::{
    grant_key::PostgresGrantKey,
    lost_access::{LostAccess, MembershipUse},
    snapshot::{ClusterSnapshot, RoleSessions},
    sql::account_limit,
};
use crate::model::{AccessChange, Grant, Timestamp};

/// Returns what may still use the lost access.
pub(super) fn lingering(
    facts: &ClusterSnapshot,
    key: &PostgresGrantKey,
    lost: &LostAccess,
    reviewed: &Grant,
    change: &AccessChange,
) -> Vec<String> {
    let holder = key.holder();
    let open = facts.sessions(holder);
    let mut found = Vec::new();
    let mut add = |count: u64, text: String| {
        if count > 0 {
            found.push(format!("{count} {text}"));
        }
    };
    let reduces = matches!(change, AccessChange::Reduce { .. });
    if let (AccessChange::Reduce { to }, LostAccess::Login | LostAccess::Password { .. }) = (change, lost) {
        match account_limit(key, to).map(|limit| limit.attribute) {
            Some((name, until)) if name == "valid-until" => {
                let is_past = Timestamp::parse(&until).is_ok_and(|until| until.unix() <= facts.cluster.now);
                add(if is_past { open } else { 0 }, format!("open sessions of {}", facts.name(holder)));
            }
            Some((_, limit)) => {
                let limit: u64 = limit.parse().unwrap_or_default();
                add(open.saturating_sub(limit), format!("open sessions of {} beyond the limit", facts.name(holder)));
            }
            None => {}
        }
    }
    match lost {
        LostAccess::Privilege { option: false } => {
            let (count, text) = sessions_with(facts, key);
            add(count, text);
        }
        LostAccess::Attribute(attribute) if attribute == "bypassrls" => {
            add(
                open,
                format!("open sessions of {}, whose prepared statements may pass the policies", facts.name(holder)),
            );
        }
        LostAccess::Login if !reduces => {
            add(open, format!("open sessions of {}", facts.name(holder)));
            add(facts.prepared(holder), "prepared transactions".to_owned());
        }
        LostAccess::Password { .. } if !reduces => {
            add(open, "sessions opened before, or without a password".to_owned());
        }
        LostAccess::Attribute(attribute) if attribute == "superuser" => {
            let how =
                if facts.cluster.version < CHECKED_AUTHORIZATION { "SET SESSION AUTHORIZATION" } else { "SET ROLE" };
            add(open, format!("open sessions of {}, which may act as a superuser by {how}", facts.name(holder)));
        }
        LostAccess::Attribute(attribute) if attribute == "replication" => {
            add(facts.replicating(holder), "sessions that stream the log".to_owned());
        }
        LostAccess::Membership(MembershipUse::All | MembershipUse::Set) if reviewed.attribute("set") != Some("no") => {
            let PostgresGrantKey::Membership { role, .. } = key else { return found };
            // The read counts the sessions of the member and of all roles that can act as it.
            let all: u64 = facts.cluster.sessions.iter().map(|open| open.count).sum();
            add(all, format!("open sessions, which may have assumed role {}", facts.name(*role)));
            add(facts.prepared(*role), format!("prepared transactions of {}", facts.name(*role)));
        }
        _ => {}
    }
    found
}

/// Returns the number of sessions that keep what a privilege gave, and the reason.
fn sessions_with(facts: &ClusterSnapshot, key: &PostgresGrantKey) -> (u64, String) {
    let PostgresGrantKey::Privilege { on, privilege, .. } = key else { return (0, String::new()) };
    let count = |is_one: &dyn Fn(&RoleSessions) -> bool| -> u64 {
        facts.cluster.sessions.iter().filter(|open| is_one(open)).map(|open| open.count).sum()
    };
    match (on.class.as_str(), privilege.as_str()) {
        ("database", "CONNECT") => {
            (count(&|open| open.database == on.oid && !open.connect), "open sessions in the database".to_owned())
        }
        ("parameter", "SET") => (count(&|_| true), "open sessions, which keep the value that they set".to_owned()),
        _ => (0, String::new()),
    }
}

/// The first version in which SET SESSION AUTHORIZATION checks the present attributes of the role that logged in.
const CHECKED_AUTHORIZATION: u32 = 170_000;
