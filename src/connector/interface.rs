//! The interfaces of a connector to a system: planning, reading and writing.

use super::{error::ConnectorError, intent::Intent};
use crate::model::{
    AccessChange, AccessLoss, Action, ExpectedState, Grant, GrantKey, GrantKind, GrantObservation, Inventory,
    Operation, RemainingPath, Usage, VerificationLevel, Witness,
    action::{ActionSpec, Planned, SideEffect},
};

/// The description of a connector, for `validate`, help and evidence.
#[derive(Clone, Debug)]
pub struct ConnectorDescriptor {
    /// The name in `connector =` of a system file.
    pub name: &'static str,
    /// The kinds of grants that it lists.
    pub kinds: &'static [GrantKind],
    /// The rights that it needs on the target, in the target's own terms: for reading first, for writing second.
    pub needs: &'static [&'static str],
    /// The highest verification level that it can reach by itself.
    pub level: VerificationLevel,
}

/// The planning interface of a system: pure, without a connection.
pub trait ConnectorSchema {
    /// Returns the description of the connector.
    fn describe(&self) -> ConnectorDescriptor;

    /// Returns the exact calls for `change` on `grant` and their effects, from the inventory alone. The same inputs
    /// give the same result.
    ///
    /// # Errors
    /// When the change is not supported, or would harm other principals.
    fn plan_change(
        &self,
        change: &AccessChange,
        grant: &Grant,
        inventory: &Inventory,
    ) -> Result<PlannedChange, UnsupportedChangeError>;

    /// Returns whether the system has a decision function that can be asked about the access of `grant`. A verification
    /// without its answers is weaker.
    fn has_oracle(&self, grant: &Grant) -> bool {
        let _ = grant;
        false
    }

    /// Returns the number of days after which a disabled `grant` is removed, so that affected users can object; `None`
    /// when it is not removed.
    fn grace_period_days(&self, grant: &Grant) -> Option<u16> {
        let _ = grant;
        None
    }

    /// Returns a manual way to deny `what` to the holder of `grant`, who has it through a role, so that the denial
    /// overrides the role; `None` when the system does not support denials.
    fn deny_statement(&self, grant: &Grant, what: &str) -> Option<String> {
        let _ = (grant, what);
        None
    }
}

/// A drafted change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PlannedChange {
    /// The exact calls, in order.
    pub operations: Vec<Operation>,
    /// The state of the target that confirms the change.
    pub expects: ExpectedState,
    /// The effective access that principals lose, sorted.
    pub loses: Vec<AccessLoss>,
    /// The access paths that, by the inventory, give a part of the lost access after the change.
    pub survives: Vec<RemainingPath>,
    /// Other grants that the change affects.
    pub effects: Vec<SideEffect>,
    /// The part of the change that cannot be undone, if any.
    pub irreversible: Option<String>,
}

/// The reason why a change is not drafted.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum UnsupportedChangeError {
    /// It would remove access of other principals, or break the system.
    #[error("{why}")]
    Harm {
        /// The harm, with names.
        why: String,
        /// The alternative.
        instead: String,
    },
    /// The connector does not support it.
    #[error("{why}")]
    Unsupported {
        /// The reason.
        why: String,
        /// The alternative.
        instead: String,
    },
}

/// One page of a listing.
#[derive(Clone, Debug, Default)]
pub struct GrantPage {
    /// The grants on the page.
    pub grants: Vec<Grant>,
    /// Their last use, if the system reports it.
    pub usage: Vec<(GrantKey, Usage)>,
    /// The cursor of the next page; `None` on the page that the system itself reports as the last one.
    pub next: Option<ListingCursor>,
}

/// A position in a listing, opaque to other code than its connector.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ListingCursor(pub String);

/// The number of grants of one kind, by another query than the listing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ControlTotal {
    /// The counted kind.
    pub kind: GrantKind,
    /// The number.
    pub count: u64,
    /// The independent source, in the target's own terms.
    pub source: String,
}

/// The capabilities of a connector on this system.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ConnectorHealth {
    /// The target and its version, as it reports them.
    pub target: String,
    /// The identity of the connector, as the target reports it.
    pub identity: String,
    /// The parts of the system that it cannot read; an empty list claims complete coverage.
    pub blind_spots: Vec<String>,
}

/// The question to a target about one change.
#[derive(Clone, Copy, Debug)]
pub struct TargetQuery<'a> {
    /// The grant as reviewed.
    pub grant: &'a Grant,
    /// The change, which determines the lost access.
    pub change: &'a AccessChange,
    /// The expected state after the change.
    pub expects: &'a ExpectedState,
    /// The requests to put to the target's own decision function.
    pub witnesses: WitnessQuery<'a>,
}

impl<'a> TargetQuery<'a> {
    /// Returns the question about an action, without asking the target's decision function.
    pub fn about(action: &'a ActionSpec) -> Self {
        let ActionSpec { grant, change, expects, .. } = action;
        Self { grant, change, expects, witnesses: WitnessQuery::Nothing }
    }

    /// Returns the question whether a grant exists and how else its principal has the entitlement, as for a removal.
    pub fn removal(grant: &'a Grant) -> Self {
        let witnesses = WitnessQuery::Nothing;
        Self { grant, change: &AccessChange::Revoke {}, expects: &ExpectedState::Absent, witnesses }
    }

    /// Returns the same question with these requests.
    #[must_use]
    pub fn asking(self, witnesses: WitnessQuery<'a>) -> Self {
        Self { witnesses, ..self }
    }
}

/// The requests to put to the target's own decision function.
#[derive(Clone, Copy, Debug)]
pub enum WitnessQuery<'a> {
    /// These requests.
    Ask(&'a [Witness]),
    /// At most [`MAX_WITNESSES`] requests that represent the lost access, chosen by the connector.
    Choose,
    /// None.
    Nothing,
}

/// The maximum number of requests about one action.
pub const MAX_WITNESSES: usize = 8;

/// Reads a system.
pub trait Collector: ConnectorSchema {
    /// Checks the access to the target with few calls.
    ///
    /// # Errors
    /// When the target cannot be read.
    fn validate(&self) -> Result<ConnectorHealth, ConnectorError>;

    /// Returns the immutable identity of the target, such as that of the machine or cluster; `None` if it reports none.
    /// An exact copy of a target has the same identity.
    ///
    /// # Errors
    /// When the target cannot be read.
    fn target_identity(&self) -> Result<Option<String>, ConnectorError> {
        Ok(None)
    }

    /// Returns one page of the grants of one kind, from the beginning or from a cursor.
    ///
    /// # Errors
    /// When the page could not be read completely; a partial page is never returned.
    fn list(&self, kind: GrantKind, from: Option<&ListingCursor>) -> Result<GrantPage, ConnectorError>;

    /// Returns control totals by independent queries, one for each kind the target can count.
    ///
    /// # Errors
    /// When a query could not be read completely.
    fn control_totals(&self) -> Result<Vec<ControlTotal>, ConnectorError>;

    /// Reads what is left of the access that a change takes away: the reviewed grant itself, every path by which its
    /// principal can still do any part of it, and the target's own answers. A refused or partial read is unknown, never
    /// absence.
    ///
    /// # Errors
    /// Only when there was no reply; callers treat it as unknown.
    fn observe(&self, query: &TargetQuery<'_>) -> Result<GrantObservation, ConnectorError>;

    /// Returns the number of calls made to the target so far.
    fn calls(&self) -> u64;
}

/// Changes a system.
pub trait Provisioner: Collector {
    /// Makes the calls of the action, exactly as planned. Consumes the intent.
    ///
    /// # Errors
    /// [`ConnectorError::Ambiguous`] when a reply was lost: the caller must read the target before any other step.
    fn apply(
        &self,
        action: &Action<Planned>,
        intent: Intent,
        sink: &dyn SecretSink,
    ) -> Result<ApplyReceipt, ConnectorError>;

    /// Returns whether an earlier attempt at the action stopped after a part of it, so that edits, copies or locks of it
    /// are left. [`Provisioner::apply`] finishes such an action.
    ///
    /// # Errors
    /// When the target cannot be read.
    fn is_half_done(&self, action: &ActionSpec) -> Result<bool, ConnectorError> {
        let _ = action;
        Ok(false)
    }

    /// Returns the calls that would undo the action, if possible.
    fn compensate(&self, action: &Action<Planned>) -> Option<Vec<Operation>>;
}

/// The reply of the target to a change.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ApplyReceipt {
    /// A summary without secrets.
    pub text: String,
    /// Whether the target was in the wanted state before any call.
    pub already: bool,
    /// The credential that replaces the old one.
    pub successor: Option<GrantKey>,
    /// The location of its secret, as named by the sink.
    pub deposited: Option<String>,
}

/// A destination of new secrets: they are encrypted to named recipients, and never logged.
pub trait SecretSink {
    /// Stores `secret` under `label` and returns its location.
    ///
    /// # Errors
    /// When it could not be stored; the caller must then not use the secret.
    fn deposit(&self, label: &str, secret: &secrecy::SecretString) -> Result<String, SinkError>;
}

/// An error of storing a secret.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the new secret was not stored: {0}")]
pub struct SinkError(pub String);

/// The sink of a system without one: rejects every secret.
#[derive(Clone, Copy, Debug, Default)]
pub struct UnconfiguredSink;

impl SecretSink for UnconfiguredSink {
    fn deposit(&self, _: &str, _: &secrecy::SecretString) -> Result<String, SinkError> {
        Err(SinkError("the system file has no [sink]; add one with `kind = \"age\"` and its recipients".to_owned()))
    }
}
