//! Systems that can be read, and the verification of one action on them.

use super::verdict::VerificationResult;
use crate::{
    connector::Collector,
    model::{Inventory, VerificationLevel, action::ActionSpec, file::Remediation, record::VerificationKind},
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
    /// Whether the time limit of its tier has passed.
    pub is_overdue: bool,
}

impl VerifiedAction {
    /// Returns whether the target is as decided, or will be within the time limit.
    pub fn is_clean(&self) -> bool {
        is_in_time(self.judgement.kind, self.is_overdue)
    }
}

/// Returns whether an action is done, or waits for an end that is not overdue: of sessions, or of work by a person.
pub(super) fn is_in_time(kind: VerificationKind, is_overdue: bool) -> bool {
    kind.is_done() || (matches!(kind, VerificationKind::Lingering | VerificationKind::Pending) && !is_overdue)
}
