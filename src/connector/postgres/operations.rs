//! Plans changes: operations, lost access and rejections, from the inventory alone.

use super::{grant_key::PostgresGrantKey, impact, sql};
use crate::{
    connector::{PlannedChange, UnsupportedChangeError},
    model::{AccessChange, AccessRoute, ExpectedState, Grant, Inventory, RemainingPath},
};
use std::collections::BTreeMap;

/// Plans `change`; `user` is the role of the engine.
pub(super) fn plan_change(
    user: &str,
    change: &AccessChange,
    grant: &Grant,
    inventory: &Inventory,
) -> Result<PlannedChange, UnsupportedChangeError> {
    let key = PostgresGrantKey::parse(&grant.key)
        .ok_or_else(|| sql::unsupported("the grant was not collected from a PostgreSQL server", "collect again"))?;
    impact::of(user, change, grant, &key, inventory)?;
    let operations = sql::render(change, grant, inventory)?;
    let expects = expects(change, &key)?;
    let (cleared, survives): (Vec<_>, Vec<_>) = match change {
        AccessChange::Revoke {} => {
            grant.paths.iter().skip(1).partition(|path| is_cleared_too(&key, path.via, &path.ids))
        }
        _ => Default::default(),
    };
    let loses = impact::losses(change, grant, &key, inventory, &survives, &cleared);
    let survives = survives.into_iter().map(|path| RemainingPath::whole(path.clone(), grant.tier)).collect();
    let irreversible = irreversible(change, &key);
    Ok(PlannedChange { operations, expects, loses, survives, effects: Vec::new(), irreversible })
}

/// Returns the state that confirms the change.
fn expects(change: &AccessChange, key: &PostgresGrantKey) -> Result<ExpectedState, UnsupportedChangeError> {
    let shows = |pairs: &[(&str, &str)]| {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        ExpectedState::Shows(pairs.collect::<BTreeMap<_, _>>())
    };
    Ok(match (change, key) {
        (AccessChange::Revoke {}, _) => ExpectedState::Absent,
        (AccessChange::Rotate {}, _) => ExpectedState::Replaced,
        (AccessChange::Disable {}, PostgresGrantKey::Account { .. }) => {
            shows(&[("login", "no"), ("valid-until", "-infinity")])
        }
        (AccessChange::Disable {}, _) => shows(&[("valid-until", "-infinity")]),
        (AccessChange::Reduce { to }, PostgresGrantKey::Account { .. } | PostgresGrantKey::Password { .. }) => {
            let limit = sql::account_limit(key, to).ok_or_else(|| sql::invalid_reduction(to))?;
            let (name, value) = limit.attribute;
            shows(&[(&name, &value)])
        }
        (AccessChange::Reduce { to }, _) => match to.as_str() {
            "without admin" => shows(&[("admin", "no")]),
            "without inherit" => shows(&[("inherit", "no")]),
            "without set" => shows(&[("set", "no")]),
            _ => shows(&[("grantable", "no")]),
        },
    })
}

/// The server removes the privilege on a column with that on the whole table, when the same role granted both.
fn is_cleared_too(key: &PostgresGrantKey, via: AccessRoute, ids: &str) -> bool {
    let PostgresGrantKey::Privilege { on, grantor, .. } = key else { return false };
    on.column == 0 && via == AccessRoute::Direct && ids.starts_with(&format!("{grantor}/column."))
}

fn irreversible(change: &AccessChange, key: &PostgresGrantKey) -> Option<String> {
    let text = match (change, key) {
        (AccessChange::Revoke {}, PostgresGrantKey::Account { .. }) => {
            "the role's oid and password cannot be restored; open sessions are ended and their transactions rolled back"
        }
        (AccessChange::Disable {}, PostgresGrantKey::Account { .. }) => {
            "open sessions are ended and their transactions rolled back"
        }
        (AccessChange::Revoke {}, PostgresGrantKey::Password { .. }) => {
            "the old password cannot be restored; open sessions are ended and their transactions rolled back"
        }
        (AccessChange::Rotate {}, _) => "the old password cannot be restored",
        _ => return None,
    };
    Some(text.to_owned())
}
