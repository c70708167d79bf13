//! The order of a plan: contain before remove, remove the parts before the whole.

use crate::model::{AccessChange, GrantKind, SystemId, action::ActionSpec};

/// Where an action stands in its plan. Containing comes first: it is quick, and can be undone. A new credential exists
/// before the old one goes. What hangs on an account goes before the account. Within a step: by system, principal and
/// key, so that the order never depends on anything else.
pub(super) fn sort_key(action: &ActionSpec) -> (u8, &SystemId, &str, &str) {
    let step = match (&action.change, action.grant.kind) {
        (AccessChange::Disable {}, _) => 0,
        (AccessChange::Rotate {}, _) => 1,
        (AccessChange::Reduce { .. }, _) => 2,
        (AccessChange::Revoke {}, GrantKind::Account) => 6,
        (AccessChange::Revoke {}, GrantKind::Ownership) => 5,
        // A membership shows what its group gives; were that taken first, the membership would not be as reviewed.
        (AccessChange::Revoke {}, GrantKind::Membership) => 3,
        (AccessChange::Revoke {}, _) => 4,
    };
    (step, &action.grant.system, &action.grant.principal.id, action.grant.key.as_str())
}
