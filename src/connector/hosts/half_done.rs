//! Detects actions that stopped after a part of their change.

use super::{
    calls::SUCCEED_KEY,
    file_edits::PendingWrites,
    grant_key::{bound_account, part},
    lock::{self, LockTargets},
    look::HostLook,
    snapshot::{HostSnapshot, SHADOW},
};
use crate::{
    connector::{ConnectorError, TargetQuery},
    model::{ExpectedState, Grant, GrantKind, Inventory, action::ActionSpec},
};

/// Returns whether an action was begun: its grant is not as reviewed any more, and edits, new contents or locks of the
/// action are left.
pub(super) fn is_half_done(look: HostLook<'_>, action: &ActionSpec) -> Result<bool, ConnectorError> {
    let (tree, inventory) = look.about(&action.grant)?;
    Ok(has_edits_left(action, &tree, &inventory)
        || (has_begun(action, &inventory) && lock::has_leftovers(look.root, &LockTargets::of(action))?))
}

/// Returns whether the essential change of an action was made, and other edits of it were not.
pub(super) fn has_edits_left(action: &ActionSpec, tree: &HostSnapshot, inventory: &Inventory) -> bool {
    let mut work = PendingWrites::on(tree);
    let mut edits = action.operations.iter().filter(|operation| operation.call != SUCCEED_KEY);
    has_begun(action, inventory) && edits.all(|edit| work.apply(edit).is_ok()) && !work.into_changed().is_empty()
}

/// Returns whether a grant is gone, or differs from the reviewed one only as decided.
fn has_begun(action: &ActionSpec, inventory: &Inventory) -> bool {
    let Some(now) = inventory.grant(&action.grant.key) else { return true };
    let ExpectedState::Shows(wanted) = &action.expects else { return false };
    let names = now.attributes.keys().chain(action.grant.attributes.keys());
    let mut changed = names.filter(|name| now.attribute(name) != action.grant.attribute(name)).peekable();
    changed.peek().is_some() && changed.all(|name| now.attribute(name) == wanted.get(name).map(String::as_str))
}

/// Returns the reason why the removal of an account is not complete, although the account is gone.
pub(super) fn rest(query: &TargetQuery<'_>, now: Option<&Grant>, tree: &HostSnapshot) -> Option<String> {
    let is_removal = query.grant.kind == GrantKind::Account && *query.expects == ExpectedState::Absent;
    let (_, name) = query.grant.key.as_str().strip_prefix("account:").and_then(bound_account)?;
    let stays = tree.shadows.iter().any(|row| part(&row.value.name) == name && tree.account(&row.value.name).is_none());
    (is_removal && now.is_none() && stays).then(|| {
        format!("the removal is half done: {SHADOW} still has the line of {name}; `tenure enforce` finishes it")
    })
}
