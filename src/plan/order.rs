//! Order of the actions in a plan: disable before remove, parts before the whole.

use crate::model::{AccessChange, GrantKind, SystemId, action::ActionSpec};

/// Returns the sort key of an action. Disabling comes first: it is fast and reversible. A new credential is created
/// before the old one is removed. Objects of an account are removed before the account. Within a step, actions are
/// sorted by system, principal and key, so that the order is fully determined.
pub(super) fn sort_key(action: &ActionSpec) -> (u8, &SystemId, &str, &str) {
    let step = match (&action.change, action.grant.kind) {
        (AccessChange::Disable {}, _) => 0,
        (AccessChange::Rotate {}, _) => 1,
        (AccessChange::Reduce { .. }, _) => 2,
        (AccessChange::Revoke {}, GrantKind::Account) => 6,
        (AccessChange::Revoke {}, GrantKind::Ownership) => 5,
        // A membership shows the contents of its group. If these were removed first, the membership would differ from
        // the reviewed one.
        (AccessChange::Revoke {}, GrantKind::Membership) => 3,
        (AccessChange::Revoke {}, _) => 4,
    };
    (step, &action.grant.system, &action.grant.principal.id, action.grant.key.as_str())
}
