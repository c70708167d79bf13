//! Plans changes: operations, lost access and rejections, from the inventory alone.

use super::{effects::effects, grant_key::PostgresGrantKey, impact, sql, survivors::survivors};
use crate::{
    connector::{PlannedChange, UnsupportedChangeError},
    model::{AccessChange, ExpectedState, Grant, Inventory},
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
    let survives = survivors(change, grant, &key, inventory);
    let loses = impact::losses(change, grant, &key, inventory, &survives);
    let effects = effects(change, grant, &key, inventory);
    let irreversible = irreversible(change, &key);
    Ok(PlannedChange { operations, expects, loses, survives, effects, irreversible })
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
