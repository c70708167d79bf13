//! Systems that can be read, and the verification of one action on them.

use super::confirmation::VerificationResult;
use crate::{
    connector::Collector,
    model::{Inventory, VerificationLevel, action::ActionSpec, file::Remediation},
};

/// A system that can be read.
pub struct ReadTarget<'a> {
    /// The connection, which cannot write.
    pub collector: Box<dyn Collector + Send>,
    /// Whether it has a separate credential, different from the one used for writing.
    pub own_credential: bool,
    /// The way of making changes on the system.
    pub remediation: Remediation,
    /// The committed inventory to compare a fresh listing with; `None` when only the targets of actions are read.
    pub committed: Option<&'a Inventory>,
}

/// The verification of one action.
#[derive(Clone, Debug)]
pub struct VerifiedAction {
    /// The action as planned.
    pub planned: ActionSpec,
    /// The result of the read.
    pub judgement: VerificationResult,
    /// The strength of the verification.
    pub level: VerificationLevel,
    /// Whether the access was confirmed as removed before and exists again.
    pub came_back: bool,
}
