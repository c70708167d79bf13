//! Connectors to target systems: three traits with increasing privileges.
//!
//! [`ConnectorSchema`] plans changes without a connection: the planner uses only this trait. [`Collector`] can read.
//! [`Provisioner`] can write, and takes an [`Intent`] by value: proof that the change is already recorded on the remote
//! evidence branch.
//!
//! Planning is a separate trait because a plan must be a pure function: the exact calls are derived from the inventory
//! alone, so that an auditor without a target can recompute the plan.
//!
//! Writing needs an intent:
//! ```no_run
//! # use tenure::{connector::{Intent, Provisioner, UnconfiguredSink}, model::{Action, action::Planned}};
//! fn write(to: &dyn Provisioner, action: &Action<Planned>, intent: Intent) {
//!     let _ = to.apply(action, intent, &UnconfiguredSink);
//! }
//! ```
//! It cannot be left out or used twice:
//! ```compile_fail,E0061
//! # use tenure::{connector::{Intent, Provisioner, UnconfiguredSink}, model::{Action, action::Planned}};
//! fn write(to: &dyn Provisioner, action: &Action<Planned>) {
//!     let _ = to.apply(action, &UnconfiguredSink);
//! }
//! ```
//! ```compile_fail,E0382
//! # use tenure::{connector::{Intent, Provisioner, UnconfiguredSink}, model::{Action, action::Planned}};
//! fn twice(to: &dyn Provisioner, action: &Action<Planned>, intent: Intent) {
//!     let _ = to.apply(action, intent, &UnconfiguredSink);
//!     let _ = to.apply(action, intent, &UnconfiguredSink);
//! }
//! ```
//! Planning and reading cannot write:
//! ```compile_fail,E0599
//! # use tenure::{connector::{ConnectorSchema, Intent, UnconfiguredSink}, model::{Action, action::Planned}};
//! fn write(to: &dyn ConnectorSchema, action: &Action<Planned>, intent: Intent) {
//!     let _ = to.apply(action, intent, &UnconfiguredSink);
//! }
//! ```
//! ```compile_fail,E0599
//! # use tenure::{connector::{Collector, Intent, UnconfiguredSink}, model::{Action, action::Planned}};
//! fn write(to: &dyn Collector, action: &Action<Planned>, intent: Intent) {
//!     let _ = to.apply(action, intent, &UnconfiguredSink);
//! }
//! ```
//! ```no_run
//! # use tenure::{connector::{Collector, ConnectorSchema, Intent}, model::{Action, ActionId, action::Planned}};
//! fn same(_: &dyn Collector, _: &dyn ConnectorSchema, _: &Action<Planned>, intent: Intent) -> Intent { intent }
//! fn id(intent: &Intent) -> ActionId { ActionId::clone(intent.action()) }
//! ```
//! It cannot be created or copied elsewhere:
//! ```compile_fail,E0624
//! # use tenure::{connector::Intent, model::ActionId};
//! fn make(action: ActionId) -> Intent { Intent::recorded(action, 0) }
//! ```
//! ```compile_fail,E0599
//! # use tenure::connector::Intent;
//! fn copy(intent: &Intent) -> Intent { Intent::clone(intent) }
//! ```

mod attributes;
pub mod aws_iam;
mod definition;
mod error;
pub mod hosts;
pub mod http;
mod identified_target;
mod intent;
mod interface;
mod kind;
pub mod postgres;
pub mod registry;
pub mod sink;
#[cfg(test)]
mod tests;
mod unavailable;

pub use attributes::{
    CredentialAttributes, CredentialExpiry, GrantAttributes, LastUseSource, LoginAttributes, PrivilegePhrase,
    SecondFactor,
};
pub use definition::{ConnectorDefinition, ConnectorSettings, InvalidSettingError};
pub use error::{ConnectorError, OpenError};
pub use intent::Intent;
pub use interface::{
    ApplyReceipt, Collector, ConnectorDescriptor, ConnectorHealth, ConnectorSchema, ControlTotal, GrantPage,
    ListingCursor, MAX_WITNESSES, PlannedChange, Provisioner, SecretSink, SinkError, TargetQuery, UnconfiguredSink,
    UnsupportedChangeError, WitnessQuery,
};
pub use kind::{ConnectorEnvironment, ConnectorKind};
