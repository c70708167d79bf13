//! Actions: one change to one grant, and the states it passes through.

use super::{AccessChange, ActionId, Digest, Grant, ItemId, Timestamp, Verdict, VerificationLevel};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// One call to a target, in the target's own words.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// What the connector does, for its dispatch: `sql`, `iam:DeleteAccessKey`, `edit:sudoers`.
    pub call: String,
    /// What the call is made with: immutable ids, and the names they must still have. Never a secret.
    pub with: BTreeMap<String, String>,
    /// The call as the target's own people would write it: the exact SQL, the API call, the edit of a file.
    pub text: String,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What a read must show for an action to be confirmed.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ExpectedState {
    /// No path gives the principal the entitlement any more.
    Absent,
    /// The credential that was reviewed no longer works, and its successor does.
    Replaced,
    /// The grant is there with exactly these attributes among its own.
    Shows(BTreeMap<String, String>),
}

impl fmt::Display for ExpectedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("gone by every path"),
            Self::Replaced => f.write_str("old credential dead, new one proven"),
            Self::Shows(attributes) => {
                let shown: Vec<_> = attributes.iter().map(|(name, value)| format!("{name} = {value}")).collect();
                f.write_str(&shown.join(", "))
            }
        }
    }
}

/// What somebody can no longer do afterwards.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessLoss {
    /// Who, by the name people use.
    pub principal: String,
    /// What, by the name people use.
    pub entitlement: String,
}

/// Why an action may be done.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionBasis {
    /// The review file with the decision, or the close of the stage in which nobody answered.
    pub path: String,
    /// The digest of that file's bytes.
    pub file: Digest,
    /// The item decided.
    pub item: ItemId,
    /// The verdict as signed.
    pub verdict: Verdict,
    /// Who signed, sorted.
    pub signers: Vec<String>,
    /// Whether people decided it, or nobody did and policy made that a verdict.
    #[serde(default, skip_serializing_if = "DecisionOrigin::is_by_people")]
    pub decided: DecisionOrigin,
}

/// Where a verdict comes from. Silence is never counted as somebody's decision.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DecisionOrigin {
    /// Those who were asked, or who stand for them.
    #[default]
    ByPeople,
    /// Nobody answered; the definition says what that means, and a campaign owner signed the list.
    BySilence,
}

impl DecisionOrigin {
    /// Returns whether somebody decided it.
    pub const fn is_by_people(&self) -> bool {
        matches!(self, Self::ByPeople)
    }

    /// Returns it in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ByPeople => "by people",
            Self::BySilence => "by silence",
        }
    }
}

/// What an action is, whatever its state.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionSpec {
    /// Its id, which is also its idempotency key.
    pub id: ActionId,
    /// The decision behind it.
    pub basis: ActionBasis,
    /// What is asked of the target.
    pub change: AccessChange,
    /// The grant as it was reviewed.
    pub grant: Grant,
    /// The digest of that grant: what the target must still show right before.
    pub precondition: Digest,
    /// The exact calls, in order.
    pub operations: Vec<Operation>,
    /// What a read must show afterwards.
    pub expects: ExpectedState,
    /// Who loses what by it, effectively; sorted.
    pub loses: Vec<AccessLoss>,
    /// Paths which the inventory says will survive it, in words; a plan that says so will not be confirmed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub survives: Vec<String>,
    /// What cannot be undone, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub irreversible: Option<String>,
    /// The least verification that closes the item.
    pub level: VerificationLevel,
}

/// An action in one state. States follow each other in one order only:
/// `Action<Ready>` → `Action<Applied>` → `Action<Confirmed>`.
///
/// None can be skipped, and none can be gone through twice:
/// ```compile_fail,E0599
/// # use tenure::model::{Action, Timestamp, action::Ready};
/// fn skip(action: Action<Ready>) { let _ = action.confirmed(String::new(), Timestamp::from_unix(0)); }
/// ```
/// ```compile_fail,E0382
/// # use tenure::model::{Action, action::Ready};
/// fn twice(action: Action<Ready>) { let _ = (action.applied(String::new()), action.applied(String::new())); }
/// ```
#[derive(Clone, Debug)]
pub struct Action<S> {
    planned: ActionSpec,
    state: S,
}

/// Planned, and nothing done yet.
#[derive(Clone, Copy, Debug)]
pub struct Planned;

/// The target took the calls; what it then says is not known yet.
#[derive(Clone, Debug)]
pub struct Applied {
    /// What the target answered, short and without secrets.
    pub receipt: String,
}

/// A read showed what was expected.
#[derive(Clone, Debug)]
pub struct Confirmed {
    /// What the target answered.
    pub receipt: String,
    /// What known thing the confirming read also found.
    pub probe: String,
    /// When that read was made, as the engine's clock claims.
    pub read_at: Timestamp,
}

impl Action<Planned> {
    /// Returns the action of a plan.
    pub fn new(planned: ActionSpec) -> Self {
        Self { planned, state: Planned }
    }

    /// Returns the action after the target took its calls.
    pub fn applied(self, receipt: String) -> Action<Applied> {
        Action { planned: self.planned, state: Applied { receipt } }
    }
}

impl Action<Applied> {
    /// Returns the action after a read showed what was expected.
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
