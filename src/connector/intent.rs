//! The permission to execute one action.

use crate::model::ActionId;

/// Proof that an intent is on the remote evidence branch. It is valid for one action, can be used once, and cannot be
/// copied.
#[must_use = "a recorded intent that is not used is left dangling"]
#[derive(Debug)]
pub struct Intent {
    action: ActionId,
    seq: u64,
}

impl Intent {
    /// Returns the permission for `action`, recorded with sequence number `seq`. Only a recorded plan creates one.
    pub(crate) fn recorded(action: ActionId, seq: u64) -> Self {
        Self { action, seq }
    }

    /// Returns the action it permits.
    pub fn action(&self) -> &ActionId {
        &self.action
    }

    /// Returns the sequence number of its record.
    pub fn seq(&self) -> u64 {
        self.seq
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example in the header of `connector` names this constructor, which other crates cannot call.
    #[test]
    fn recorded_intent_names_its_action() {
        let action = ActionId::parse("act-00000000000000000000000000000001").unwrap();
        assert_eq!(Intent::recorded(action.clone(), 7).action(), &action);
    }
}
