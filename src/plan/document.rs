//! The content of a plan as canonical JSON, whose digest identifies the plan.

use super::SodNote;
use crate::model::{Digest, ItemId, RepoId, SystemId, action::ActionSpec, jcs, jcs::CanonicalizationError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The schema id of every plan.
pub const SCHEMA: &str = "tenure/plan/v1";

/// The inputs of a plan. Two plans with the same inputs are the same plan.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanInputs {
    /// The engine's version.
    pub engine: String,
    /// The repository.
    pub repo: RepoId,
    /// The commit of the main branch.
    pub main: String,
    /// The digest over all governed files at that commit.
    pub manifest: Digest,
    /// The digest of the root in force.
    pub root: Digest,
    /// The digest of the mandate in force.
    pub mandate: Digest,
    /// The digest of each system's inventory.
    pub inventories: BTreeMap<SystemId, Digest>,
    /// The number of evidence records.
    pub evidence_size: u64,
    /// The digest of the last record.
    pub evidence_head: Digest,
}

#[cfg(test)]
impl PlanInputs {
    /// Returns the inputs of a test plan: only the repository.
    pub(crate) fn test_fixture() -> Self {
        Self {
            engine: "test".into(),
            repo: RepoId::parse("urn:uuid:9c1e6f0a-6a0f-4c59-9a53-1c7f5f6d2b11").unwrap(),
            main: "0".repeat(40),
            manifest: Digest::ZERO,
            root: Digest::ZERO,
            mandate: Digest::ZERO,
            inventories: BTreeMap::new(),
            evidence_size: 0,
            evidence_head: Digest::ZERO,
        }
    }
}

/// A decision that does not become an action now, and the reason.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldDecision {
    /// The system.
    pub system: SystemId,
    /// The item.
    pub item: ItemId,
    /// The reason, as a stable code.
    pub code: HeldCode,
    /// The reason, in words.
    pub why: String,
    /// The remedy.
    pub next: String,
}

/// The reason why a decision does not become an action now.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeldCode {
    /// It would harm other principals.
    CollateralDamage,
    /// The access is part of a role, and no call can remove it for a single member.
    NestedInRole,
    /// A signed file of the campaign was changed on main.
    CampaignSuspended,
    /// The grant has changed since its review: the decision lapses.
    DecisionLapsed,
    /// A person must change the system manually.
    WorkOrderOpen,
    /// The system has no inventory.
    NoInventory,
    /// The system is report-only.
    ReportOnly,
    /// The replacement does not exist.
    ReplacementMissing,
    /// The system has no valid file, or its connector is not allowed.
    UnknownSystem,
    /// The connector does not support the change.
    ChangeUnsupported,
}

impl HeldCode {
    /// Returns the spelling of the code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CollateralDamage => "collateral-damage",
            Self::NestedInRole => "nested-in-role",
            Self::CampaignSuspended => "campaign-suspended",
            Self::DecisionLapsed => "decision-lapsed",
            Self::WorkOrderOpen => "work-order-open",
            Self::NoInventory => "no-inventory",
            Self::ReportOnly => "report-only",
            Self::ReplacementMissing => "replacement-missing",
            Self::UnknownSystem => "unknown-system",
            Self::ChangeUnsupported => "change-unsupported",
        }
    }
}

/// The whole plan as serialized.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanDocument {
    pub(super) schema: String,
    pub(super) premises: PlanInputs,
    pub(super) actions: Vec<ActionSpec>,
    pub(super) held: Vec<HeldDecision>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) notes: Vec<SodNote>,
}

impl PlanDocument {
    /// Returns the bytes for digest and storage.
    pub(super) fn bytes(&self) -> Result<Vec<u8>, CanonicalizationError> {
        jcs::to_string(self).map(String::into_bytes)
    }
}
