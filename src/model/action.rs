//! Actions: a change to one grant, and the states of its execution.

use super::{
    AccessChange, ActionId, Digest, Grant, GrantKey, ItemId, SurvivingPath, Timestamp, Verdict, VerificationLevel,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// One call to a target, in the target's own terms.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// The operation, used by the connector for dispatch: `sql`, `iam:DeleteAccessKey`, `edit:sudoers`.
    pub call: String,
    /// The arguments of the call: immutable ids, and the names that they must still have. Never a secret.
    pub with: BTreeMap<String, String>,
    /// The call as an administrator of the target would write it: the exact SQL, the API call, the edit of a file.
    pub text: String,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The state of the target that confirms an action.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ExpectedState {
    /// The principal no longer has the entitlement by any path.
    Absent,
    /// The reviewed credential no longer works, and its successor does.
    Replaced,
    /// The grant exists with these attribute values.
    Shows(BTreeMap<String, String>),
}

impl ExpectedState {
    /// Returns whether `now`, the grant in its present form, exists and has the expected attributes.
    pub fn is_shown_by(&self, now: Option<&Grant>) -> bool {
        match (self, now) {
            (Self::Shows(wanted), Some(grant)) => {
                wanted.iter().all(|(name, value)| grant.attribute(name) == Some(value))
            }
            _ => false,
        }
    }
}

impl fmt::Display for ExpectedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("gone by every path"),
            Self::Replaced => f.write_str("old credential disabled, new credential verified"),
            Self::Shows(attributes) => {
                let shown: Vec<_> = attributes.iter().map(|(name, value)| format!("{name} = {value}")).collect();
                f.write_str(&shown.join(", "))
            }
        }
    }
}

/// Access that a principal loses through an action.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessLoss {
    /// The display name of the principal.
    pub principal: String,
    /// The display name of the entitlement.
    pub entitlement: String,
}

/// A grant that a change affects beside its own.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SideEffect {
    /// The affected grant.
    pub grant: GrantKey,
    /// Its digest after the change; `None` when it may only lose paths, contents or itself, and attributes that depend
    /// on the changed grant may differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Digest>,
    /// Whether the change creates the grant. Its key then determines its content.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_created: bool,
}

/// The decision that permits an action.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionBasis {
    /// The review file with the decision, or the close of the stage that had no response.
    pub path: String,
    /// The digest of that file's bytes.
    pub file: Digest,
    /// The item.
    pub item: ItemId,
    /// The verdict as signed.
    pub verdict: Verdict,
    /// The signers, sorted.
    pub signers: Vec<String>,
    /// The origin of the verdict: the reviewers, or the policy for no response.
    #[serde(default, skip_serializing_if = "DecisionOrigin::is_by_people")]
    pub decided: DecisionOrigin,
}

/// The origin of a verdict. No response is never counted as a reviewer's decision.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DecisionOrigin {
    /// The assigned reviewers, or their delegates.
    #[default]
    ByPeople,
    /// There was no response. The definition determines the verdict, and a campaign owner signed the list of items.
    BySilence,
}

impl DecisionOrigin {
    /// Returns whether a reviewer decided it.
    pub const fn is_by_people(&self) -> bool {
        matches!(self, Self::ByPeople)
    }

    /// Returns the origin in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ByPeople => "by people",
            Self::BySilence => "by no response",
        }
    }
}

/// The specification of an action, independent of its state.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionSpec {
    /// Its id, which is also its idempotency key.
    pub id: ActionId,
    /// The decision that permits it.
    pub basis: ActionBasis,
    /// The requested change.
    pub change: AccessChange,
    /// The grant as reviewed.
    pub grant: Grant,
    /// The digest of that grant, which the target must still match immediately before the change.
    pub precondition: Digest,
    /// The exact calls, in order.
    pub operations: Vec<Operation>,
    /// The state of the target that confirms the action.
    pub expects: ExpectedState,
    /// The effective access that principals lose, sorted.
    pub loses: Vec<AccessLoss>,
    /// The access paths that, by the inventory, give a part of the lost access after the change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub survives: Vec<SurvivingPath>,
    /// The grants of others, or other grants of the principal, that the change affects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effects: Vec<SideEffect>,
    /// The part of the change that cannot be undone, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub irreversible: Option<String>,
    /// The lowest verification level that closes the item.
    pub level: VerificationLevel,
}

/// An action in one state. The order of the states is fixed:
/// `Action<Planned>` → `Action<Applied>` → `Action<Confirmed>`:
/// ```no_run
/// # use tenure::model::{Action, Timestamp, action::Planned};
/// fn once(action: Action<Planned>) {
///     let _ = action.applied(String::new()).confirmed(String::new(), Timestamp::from_unix(0));
/// }
/// ```
/// No state can be skipped or repeated:
/// ```compile_fail,E0599
/// # use tenure::model::{Action, Timestamp, action::Planned};
/// fn skip(action: Action<Planned>) { let _ = action.confirmed(String::new(), Timestamp::from_unix(0)); }
/// ```
/// ```compile_fail,E0382
/// # use tenure::model::{Action, action::Planned};
/// fn twice(action: Action<Planned>) { let _ = (action.applied(String::new()), action.applied(String::new())); }
/// ```
#[derive(Clone, Debug)]
pub struct Action<S> {
    planned: ActionSpec,
    state: S,
}

/// Planned, and not yet executed.
#[derive(Clone, Copy, Debug)]
pub struct Planned;

/// The target accepted the calls. The result has not been read back yet.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The reply of the target, short and without secrets.
    pub receipt: String,
}

/// A read showed the expected state.
#[derive(Clone, Debug)]
pub struct Confirmed {
    /// The reply of the target.
    pub receipt: String,
    /// The known object that the confirming read found as well.
    pub probe: String,
    /// The time of that read, by the engine's clock.
    pub read_at: Timestamp,
}

impl Action<Planned> {
    /// Returns the action of a plan.
    pub fn new(planned: ActionSpec) -> Self {
        Self { planned, state: Planned }
    }

    /// Returns the action after the target accepted its calls.
    pub fn applied(self, receipt: String) -> Action<Applied> {
        Action { planned: self.planned, state: Applied { receipt } }
    }
}

impl Action<Applied> {
    /// Returns the action after a read showed the expected state.
    pub fn confirmed(self, probe: String, read_at: Timestamp) -> Action<Confirmed> {
        let state = Confirmed { receipt: self.state.receipt, probe, read_at };
        Action { planned: self.planned, state }
    }
}

impl<S> Action<S> {
    /// Returns its state.
    pub fn state(&self) -> &S {
        &self.state
    }
}

impl<S> std::ops::Deref for Action<S> {
    type Target = ActionSpec;
    fn deref(&self) -> &ActionSpec {
        &self.planned
    }
}
