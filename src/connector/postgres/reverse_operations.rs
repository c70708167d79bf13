//! Reverse operations: the statements that undo an action.

use super::{
    grant_key::PostgresGrantKey,
    identifiers::{ident, outside_quotes},
};
use crate::model::{AccessChange, Action, Operation, action::Planned};

/// Returns the statements that would undo an action; `None` when that is impossible: a dropped role or an old password
/// cannot be restored.
pub(super) fn undo(action: &Action<Planned>) -> Option<Vec<Operation>> {
    let grant = &action.grant;
    let key = PostgresGrantKey::parse(&grant.key)?;
    let holder = if key.holder() == 0 { "PUBLIC".to_owned() } else { ident(&grant.principal.name) };
    let yes = |name: &str| grant.attribute(name) == Some("yes");
    let valid = || format!("VALID UNTIL '{}'", grant.attribute("valid-until").unwrap_or("infinity"));
    let text = match (&key, &action.change) {
        (PostgresGrantKey::Account { .. }, AccessChange::Disable {}) => {
            let login = if yes("login") { "LOGIN" } else { "NOLOGIN" };
            format!("ALTER ROLE {holder} {login} {}", valid())
        }
        (PostgresGrantKey::Account { .. }, AccessChange::Reduce { .. }) => {
            let limit = grant.attribute("connection-limit").unwrap_or("-1");
            format!("ALTER ROLE {holder} CONNECTION LIMIT {limit} {}", valid())
        }
        (PostgresGrantKey::Password { .. }, AccessChange::Disable {} | AccessChange::Reduce { .. }) => {
            format!("ALTER ROLE {holder} {}", valid())
        }
        (PostgresGrantKey::Attribute { attribute, .. }, AccessChange::Revoke {}) => {
            format!("ALTER ROLE {holder} {}", attribute.to_uppercase())
        }
        // The reverse of the executed statement keeps schema, columns and grantor.
        (
            PostgresGrantKey::Default { .. } | PostgresGrantKey::Membership { .. } | PostgresGrantKey::Privilege { .. },
            AccessChange::Revoke {} | AccessChange::Reduce { .. },
        ) => {
            return action
                .operations
                .iter()
                .filter(|operation| !operation.text.starts_with("GRANT "))
                .map(|operation| reversed_statement(operation, &key, &holder, action))
                .collect();
        }
        _ => return None,
    };
    let mut operation = action.operations.first()?.clone();
    operation.text = text;
    operation.with.remove("removes");
    Some(vec![operation])
}

fn reversed_statement(
    operation: &Operation,
    key: &PostgresGrantKey,
    holder: &str,
    action: &Action<Planned>,
) -> Option<Operation> {
    let mut back = operation.clone();
    back.with.remove("removes");
    if operation.text.ends_with("RESET ROLE") || operation.text.starts_with("SET LOCAL ROLE") {
        return Some(back);
    }
    let yes = |name: &str| action.grant.attribute(name) == Some("yes");
    let text = operation.text.as_str();
    let (before, rest) = outside_quotes(text, "REVOKE ");
    let rest = ["GRANT OPTION FOR ", "ADMIN OPTION FOR ", "INHERIT OPTION FOR ", "SET OPTION FOR "]
        .iter()
        .find_map(|option| rest.strip_prefix(option))
        .unwrap_or(rest);
    let (what, by) = outside_quotes(rest, &format!(" FROM {holder}"));
    let options = match key {
        PostgresGrantKey::Membership { grantor: None, .. } => {
            if yes("admin") { " WITH ADMIN OPTION" } else { "" }.to_owned()
        }
        PostgresGrantKey::Membership { .. } => {
            let word = |name| if yes(name) { "TRUE" } else { "FALSE" };
            format!(" WITH ADMIN {}, INHERIT {}, SET {}", word("admin"), word("inherit"), word("set"))
        }
        _ => if yes("grantable") { " WITH GRANT OPTION" } else { "" }.to_owned(),
    };
    back.text = format!("{before}GRANT {what} TO {holder}{options}{by}");
    Some(back)
}
