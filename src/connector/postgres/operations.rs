//! What a change will take, what it will do to whom, and what is refused: from the inventory alone.

use super::{grant_key::Key, impact, sql};
use crate::{
    connector::{PlannedChange, UnsupportedChange},
    model::{AccessRoute, Change, Expectation, Grant, Inventory, Timestamp},
};
use std::collections::BTreeMap;

/// A limit an account or password can be reduced to.
pub(super) struct Limit {
    pub(super) sql: String,
    pub(super) attribute: (String, String),
}

/// Returns the draft of `change`; `user` is the role the engine acts as.
pub(super) fn draft(
    user: &str,
    change: &Change,
    grant: &Grant,
    inventory: &Inventory,
) -> Result<PlannedChange, UnsupportedChange> {
    let key = Key::parse(&grant.key)
        .ok_or_else(|| sql::unsupported("this is not a grant of a PostgreSQL server", "collect again"))?;
    impact::of(user, change, grant, &key, inventory)?;
    let operations = sql::render(change, grant, inventory)?;
    let expects = expects(change, &key)?;
    let (cleared, survives): (Vec<_>, Vec<_>) = match change {
        Change::Revoke {} => grant.paths.iter().skip(1).partition(|path| is_cleared_too(&key, path.via, &path.ids)),
        _ => Default::default(),
    };
    let loses = impact::losses(change, grant, &key, inventory, &survives, &cleared);
    let survives = survives.into_iter().map(|path| path.text.clone()).collect();
    Ok(PlannedChange { operations, expects, loses, survives, irreversible: irreversible(change, &key) })
}

/// Returns what a read must show afterwards.
fn expects(change: &Change, key: &Key) -> Result<Expectation, UnsupportedChange> {
    let shows = |pairs: &[(&str, &str)]| {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Expectation::Shows(pairs.collect::<BTreeMap<_, _>>())
    };
    Ok(match (change, key) {
        (Change::Revoke {}, _) => Expectation::Absent,
        (Change::Rotate {}, _) => Expectation::Replaced,
        (Change::Disable {}, Key::Account { .. }) => shows(&[("login", "no"), ("valid-until", "-infinity")]),
        (Change::Disable {}, _) => shows(&[("valid-until", "-infinity")]),
        (Change::Reduce { to }, Key::Account { .. } | Key::Password { .. }) => {
            let limit = limit(key, to).ok_or_else(|| sql::unsupported("no such limit", "see `tenure help`"))?;
            let (name, value) = limit.attribute;
            shows(&[(&name, &value)])
        }
        (Change::Reduce { to }, _) => match to.as_str() {
            "without admin" => shows(&[("admin", "no")]),
            "without inherit" => shows(&[("inherit", "no")]),
            "without set" => shows(&[("set", "no")]),
            _ => shows(&[("grantable", "no")]),
        },
    })
}

/// Reads `valid until TIME` and, for an account, `connection limit N`.
pub(super) fn limit(key: &Key, to: &str) -> Option<Limit> {
    if let Some(time) = to.strip_prefix("valid until ") {
        let time = Timestamp::parse(time).ok()?.to_string();
        return Some(Limit { sql: format!("VALID UNTIL '{time}'"), attribute: ("valid-until".to_owned(), time) });
    }
    let number: u16 = to.strip_prefix("connection limit ")?.parse().ok()?;
    matches!(key, Key::Account { .. }).then(|| Limit {
        sql: format!("CONNECTION LIMIT {number}"),
        attribute: ("connection-limit".to_owned(), number.to_string()),
    })
}

/// The server takes a column's privilege away with that of the whole table, when the same role granted both.
fn is_cleared_too(key: &Key, via: AccessRoute, ids: &str) -> bool {
    let Key::Privilege { on, grantor, .. } = key else { return false };
    on.column == 0 && via == AccessRoute::Direct && ids.starts_with(&format!("{grantor}/column."))
}

fn irreversible(change: &Change, key: &Key) -> Option<String> {
    let text = match (change, key) {
        (Change::Revoke {}, Key::Account { .. }) => {
            "the role's oid and password are gone for good; open sessions are ended and their transactions rolled back"
        }
        (Change::Disable {}, Key::Account { .. }) => "open sessions are ended and their transactions rolled back",
        (Change::Revoke {}, Key::Password { .. }) => {
            "the old password cannot be put back; open sessions are ended and their transactions rolled back"
        }
        (Change::Rotate {}, _) => "the old password cannot be put back",
        _ => return None,
    };
    Some(text.to_owned())
}
