//! What a plan says, as bytes: canonical JSON, whose digest is the plan's name.

use super::SodNote;
use crate::model::{Digest, ItemId, RepoId, SystemId, action::ActionSpec, jcs, jcs::CanonicalizationError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The schema id at the head of every plan.
pub const SCHEMA: &str = "tenure/plan/v1";

/// What a plan was computed from. Two plans with the same premises are the same plan.
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
    /// How many records of evidence were known.
    pub evidence_size: u64,
    /// The digest of the last of them.
    pub evidence_head: Digest,
}

#[cfg(test)]
impl PlanInputs {
    /// Returns what a plan of tests rests on: nothing but the repository.
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

/// A decision that does not become an action now, and why.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldDecision {
    /// The system.
    pub system: SystemId,
    /// The item.
    pub item: ItemId,
    /// Why, as a stable code.
    pub code: HeldCode,
    /// Why, in words.
    pub why: String,
    /// What to do.
    pub next: String,
}

/// Why a decision does not become an action now.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeldCode {
    /// It would harm others.
    Harm,
    /// What is to go lies inside a role, and no call takes it from one of its members alone.
    InsideRole,
    /// The grant has changed since it was reviewed: the decision lapses.
    Lapsed,
    /// Waiting for a person who changes the system by hand.
    ManualOpen,
    /// The system has no inventory, so nothing is known of it.
    NoInventory,
    /// The system is only reported on.
    ReportOnly,
    /// The system has no file, or a connector that is not known here.
    UnknownSystem,
    /// The connector has no words for it.
    Unsupported,
}

impl HeldCode {
    /// Returns the code as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Harm => "harm",
            Self::InsideRole => "inside-role",
            Self::Lapsed => "lapsed",
            Self::ManualOpen => "manual-open",
            Self::NoInventory => "no-inventory",
            Self::ReportOnly => "report-only",
            Self::UnknownSystem => "unknown-system",
            Self::Unsupported => "unsupported",
        }
    }
}

/// The whole plan as it is written.
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
    /// Returns the bytes that are digested and kept.
    pub(super) fn bytes(&self) -> Result<Vec<u8>, CanonicalizationError> {
        jcs::to_string(self).map(String::into_bytes)
    }
}
