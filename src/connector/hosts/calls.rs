//! Names, parameters and reversal of the file edits of this connector.

use crate::{connector::ConnectorError, model::Operation};
use std::collections::BTreeMap;

/// Add a member to a group; only used to undo [`LEAVE_GROUP`].
pub(super) const JOIN_GROUP: &str = "edit:group:add-member";
/// Remove a member from a group in `/etc/group` and `/etc/gshadow`.
pub(super) const LEAVE_GROUP: &str = "edit:group:remove-member";
/// Lock the password of a group.
pub(super) const LOCK_GROUP: &str = "edit:group:lock-password";
/// Set the shell of an account.
pub(super) const SET_SHELL: &str = "edit:passwd:set-shell";
/// Remove the line of an account from `/etc/passwd`.
pub(super) const REMOVE_ACCOUNT: &str = "edit:passwd:remove";
/// Remove the line of an account from `/etc/shadow`.
pub(super) const REMOVE_SHADOW: &str = "edit:shadow:remove";
/// Lock the password of an account and set its expiry date.
pub(super) const DISABLE_ACCOUNT: &str = "edit:shadow:disable";
/// Unlock an account and restore its expiry date; only used to undo [`DISABLE_ACCOUNT`].
pub(super) const ENABLE_ACCOUNT: &str = "edit:shadow:enable";
/// Reduce the commands of a sudo rule.
pub(super) const NARROW_RULE: &str = "edit:sudoers:narrow";
/// Remove a user or group from a sudo rule.
pub(super) const REMOVE_RULE: &str = "edit:sudoers:remove";
/// Set the options of a key.
pub(super) const SET_OPTIONS: &str = "edit:authorized-keys:set-options";
/// Remove a key.
pub(super) const REMOVE_KEY: &str = "edit:authorized-keys:remove";
/// Create a new key, pass its private part to the sink, and add its public part beside the old one.
pub(super) const SUCCEED_KEY: &str = "edit:authorized-keys:add-successor";

/// Returns an operation.
pub(super) fn operation<const N: usize>(call: &str, with: [(&str, &str); N], text: String) -> Operation {
    let with: BTreeMap<String, String> =
        with.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Operation { call: call.to_owned(), with, text }
}

/// Returns a parameter of an operation.
///
/// # Errors
/// When the operation has no such parameter: it was not planned by this connector.
pub(super) fn parameter<'a>(operation: &'a Operation, name: &str) -> Result<&'a str, ConnectorError> {
    let missing = || ConnectorError::Permanent(format!("`{}` needs `{name}`", operation.call));
    operation.with.get(name).map(String::as_str).ok_or_else(missing)
}

/// Returns the reverse operations, if every operation contains the data to undo it.
pub(super) fn reversed(operations: &[Operation]) -> Option<Vec<Operation>> {
    operations.iter().rev().map(reverse).collect()
}

fn reverse(done: &Operation) -> Option<Operation> {
    let with = |name: &str| done.with.get(name).map(String::as_str);
    match done.call.as_str() {
        LEAVE_GROUP => {
            let (group, member) = (with("group")?, with("member")?);
            let text = format!("/etc/group: add {member} to the members of {group}");
            Some(operation(JOIN_GROUP, [("group", group), ("member", member)], text))
        }
        SET_SHELL => {
            let (account, from, to) = (with("account")?, with("to")?, with("from")?);
            let text = format!("/etc/passwd: restore the shell \"{to}\" of {account}");
            Some(operation(SET_SHELL, [("account", account), ("from", from), ("to", to)], text))
        }
        DISABLE_ACCOUNT => {
            let (account, expires) = (with("account")?, with("expired")?);
            let text = format!("/etc/shadow: unlock {account} and restore its expiry date: {expires}");
            Some(operation(ENABLE_ACCOUNT, [("account", account), ("expires", expires)], text))
        }
        SET_OPTIONS => {
            let [account, file, fingerprint] = [with("account")?, with("file")?, with("fingerprint")?];
            let (from, to) = (with("to")?, with("from")?);
            let text = format!("{file}: restore the options \"{to}\" of the key {fingerprint}");
            let with = [("account", account), ("file", file), ("fingerprint", fingerprint), ("from", from), ("to", to)];
            Some(operation(SET_OPTIONS, with, text))
        }
        _ => None,
    }
}
