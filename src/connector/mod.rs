//! The code that speaks to systems: three traits, from harmless to powerful.
//!
//! [`ConnectorSchema`] knows a system's words and has no connection: the planner has nothing else in scope.
//! [`Collector`] can read. [`Provisioner`] can write, and asks for an [`Intent`] by value: proof that what it is about
//! to do stands on the remote evidence branch already.
//!
//! The vocabulary is a trait of its own because a plan is a pure function: the exact calls come from the inventory
//! alone, so that an auditor without any target can compute the same plan again.
//!
//! What only knows the words cannot write, and neither can what reads:
//! ```compile_fail,E0599
//! # use tenure::{connector::{Intent, NoSink, Vocabulary}, model::{Action, action::Ready}};
//! fn dry(words: &dyn Vocabulary, action: &Action<Ready>, intent: Intent) { let _ = words.apply(action, intent, &NoSink); }
//! ```
//! ```compile_fail,E0599
//! # use tenure::{connector::{Collector, Intent, NoSink}, model::{Action, action::Ready}};
//! fn look(reader: &dyn Collector, action: &Action<Ready>, intent: Intent) { let _ = reader.apply(action, intent, &NoSink); }
//! ```
//! What can write asks for an intent, which serves once, and which nobody can make or copy:
//! ```
//! # use tenure::{connector::{Intent, NoSink, Provisioner}, model::{Action, action::Ready}};
//! fn write(to: &dyn Provisioner, action: &Action<Ready>, intent: Intent) { let _ = to.apply(action, intent, &NoSink); }
//! ```
//! ```compile_fail,E0061
//! # use tenure::{connector::{NoSink, Provisioner}, model::{Action, action::Ready}};
//! fn write(to: &dyn Provisioner, action: &Action<Ready>) { let _ = to.apply(action, &NoSink); }
//! ```
//! ```compile_fail,E0382
//! # use tenure::{connector::{Intent, NoSink, Provisioner}, model::{Action, action::Ready}};
//! fn twice(to: &dyn Provisioner, action: &Action<Ready>, intent: Intent) {
//!     let _ = to.apply(action, intent, &NoSink);
//!     let _ = to.apply(action, intent, &NoSink);
//! }
//! ```
//! ```compile_fail,E0624
//! # use tenure::{connector::Intent, model::ActionId};
//! fn make(action: ActionId) -> Intent { Intent::recorded(action, 0) }
//! ```
//! ```compile_fail,E0599
//! # use tenure::connector::Intent;
//! fn copy(intent: &Intent) -> Intent { Intent::clone(intent) }
//! ```

pub mod aws_iam;
mod error;
pub mod github;
pub mod hosts;
pub mod http;
mod intent;
pub mod postgres;
pub mod registry;
pub mod sink;
mod unavailable;

pub use error::ConnectorError;
pub use intent::Intent;

use crate::model::{
    AccessChange, AccessLoss, Action, ExpectedState, Grant, GrantKey, GrantKind, GrantObservation, Inventory,
    Operation, Usage, VerificationLevel, action::Planned,
};

/// What a connector says of itself, for `validate`, help and evidence.
#[derive(Clone, Debug)]
pub struct ConnectorDescriptor {
    /// The name that `connector =` has in a system file.
    pub name: &'static str,
    /// The kinds of grants it lists.
    pub kinds: &'static [GrantKind],
    /// The rights it needs on the target, in the target's words: reading first, writing after.
    pub needs: &'static [&'static str],
    /// The best verification level it can reach alone.
    pub level: VerificationLevel,
}

/// The words of a system: pure, without a connection.
pub trait ConnectorSchema {
    /// Returns what this connector is.
    fn describe(&self) -> ConnectorDescriptor;

    /// Returns the exact calls for `change` on `grant`, and what they will do, from the inventory alone.
    /// The same inputs give the same answer.
    ///
    /// # Errors
    /// When it cannot be done here, or not without harming others: it is said, not tried.
    fn draft(
        &self,
        change: &AccessChange,
        grant: &Grant,
        inventory: &Inventory,
    ) -> Result<PlannedChange, UnsupportedChangeError>;

    /// Returns after how many days a disabled `grant` is removed, so that whoever still needs it can speak up; nothing
    /// where disabling is all there is to it.
    fn soak(&self, grant: &Grant) -> Option<u16> {
        let _ = grant;
        None
    }

    /// Returns how people deny `what` to the holder of `grant`, who has it by a role, so that the denial outweighs the role;
    /// nothing where the system has no such thing.
    fn denial(&self, grant: &Grant, what: &str) -> Option<String> {
        let _ = (grant, what);
        None
    }
}

/// What a change will take.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PlannedChange {
    /// The exact calls, in order.
    pub operations: Vec<Operation>,
    /// What a read must show afterwards.
    pub expects: ExpectedState,
    /// Who loses what, effectively; sorted.
    pub loses: Vec<AccessLoss>,
    /// Paths that will survive it, in words.
    pub survives: Vec<String>,
    /// What cannot be undone, if anything.
    pub irreversible: Option<String>,
}

/// Why a change is not drafted.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum UnsupportedChangeError {
    /// It would take something from others, or break the system.
    #[error("{why}")]
    Harm {
        /// Who or what would be harmed, by name.
        why: String,
        /// What to do instead.
        instead: String,
    },
    /// This connector has no words for it.
    #[error("{why}")]
    Unsupported {
        /// What is missing.
        why: String,
        /// What to do instead.
        instead: String,
    },
}

/// One page of a listing.
#[derive(Clone, Debug, Default)]
pub struct GrantPage {
    /// The grants on it.
    pub grants: Vec<Grant>,
    /// When they were last used, where the system says.
    pub usage: Vec<(GrantKey, Usage)>,
    /// Where the next page begins; nothing on the page that the system itself calls the last.
    pub next: Option<ListingCursor>,
}

/// A place in a listing, meaningful to its connector alone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ListingCursor(pub String);

/// The number of grants of one kind, by another query than the one that listed them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ControlTotal {
    /// What was counted.
    pub kind: GrantKind,
    /// How many there are.
    pub count: u64,
    /// The independent source, in the target's words.
    pub source: String,
}

/// What a connector can and cannot see on this system.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ConnectorHealth {
    /// The target and its version, as it says.
    pub target: String,
    /// The identity the connector acts as, as the target says.
    pub identity: String,
    /// What it cannot see; an empty list claims it sees all.
    pub blind_spots: Vec<String>,
}

/// Reads a system.
pub trait Collector: ConnectorSchema {
    /// Returns what it can see. Makes few calls.
    ///
    /// # Errors
    /// When the target cannot be read at all.
    fn validate(&self) -> Result<ConnectorHealth, ConnectorError>;

    /// Returns one page of the grants of one kind, from the beginning or from a cursor.
    ///
    /// # Errors
    /// When the page could not be read whole; a partial page is never returned.
    fn list(&self, kind: GrantKind, from: Option<&ListingCursor>) -> Result<GrantPage, ConnectorError>;

    /// Returns control totals by independent queries, one for each kind the target can count.
    ///
    /// # Errors
    /// When a query could not be read whole.
    fn control_totals(&self) -> Result<Vec<ControlTotal>, ConnectorError>;

    /// Looks at one grant now: the reviewed grant itself, and every path by which its principal has the entitlement.
    /// A refused or partial read is [`crate::model::Presence::Unknown`], never absent.
    ///
    /// # Errors
    /// Only when there was no answer at all; callers treat it as unknown.
    fn observe(&self, grant: &Grant) -> Result<GrantObservation, ConnectorError>;

    /// Returns the number of calls made to the target so far.
    fn calls(&self) -> u64;
}

/// Changes a system.
pub trait Provisioner: Collector {
    /// Makes the calls of the action, exactly as planned; the intent is used up.
    ///
    /// # Errors
    /// [`ConnectorError::Ambiguous`] when an answer was lost: look before anything else.
    fn apply(
        &self,
        action: &Action<Planned>,
        intent: Intent,
        sink: &dyn SecretSink,
    ) -> Result<ApplyReceipt, ConnectorError>;

    /// Returns the calls that would undo the action, where that is possible.
    fn compensate(&self, action: &Action<Planned>) -> Option<Vec<Operation>>;
}

/// What the target answered.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ApplyReceipt {
    /// The answer in a few words, without secrets.
    pub text: String,
    /// Whether the target was in the wanted state before any call.
    pub already: bool,
    /// The credential that took the place of the old one.
    pub successor: Option<GrantKey>,
    /// Where its secret went, as the sink names it.
    pub deposited: Option<String>,
}

/// Where new secrets go: encrypted to named recipients, never to a log.
pub trait SecretSink {
    /// Keeps `secret` under `label` and returns where it is.
    ///
    /// # Errors
    /// When it could not be kept; the caller must then not use the secret.
    fn deposit(&self, label: &str, secret: &secrecy::SecretString) -> Result<String, SinkError>;
}

/// Why a secret was not kept.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the new secret was not kept: {0}")]
pub struct SinkError(pub String);

/// A place for secrets where none is configured: refuses.
#[derive(Clone, Copy, Debug, Default)]
pub struct UnconfiguredSink;

impl SecretSink for UnconfiguredSink {
    fn deposit(&self, _: &str, _: &secrecy::SecretString) -> Result<String, SinkError> {
        Err(SinkError("the system file has no [sink]; add one with `kind = \"age\"` and its recipients".to_owned()))
    }
}
