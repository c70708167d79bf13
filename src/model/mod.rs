//! The domain model: one type for each term of the glossary.
//!
//! Glossary, used in files, code, help and messages:
//! - *system*: a database, account or host that holds access
//! - *principal*: a person or non-human identity
//! - *entitlement*: a right that a system can grant
//! - *grant*: one principal with one entitlement, an account or a credential
//! - *inventory*: the grants of a system as last collected
//! - *campaign*: a review of a frozen population of grants
//! - *item*: one grant assigned to one reviewer
//! - *review*: a reviewer's file of items and decisions
//! - *decision*: the signed verdict on an item
//! - *resolution*: the final outcome of an item
//! - *result*: the class of a verdict: accept, reduce, revoke, not decided, or no response
//! - *rule*: a policy requirement for a grant or principal
//! - *plan* and *action*: the planned changes, and one of them
//! - *intent*: the recorded permission to execute one action
//! - *outcome*: the result of an action
//! - *verification*: the result of a later read
//! - *record*, *segment*, *checkpoint*: units of evidence
//! - *finding*: a result of a check
//! - *guardrail*: a limit of every plan
//! - *exception*: a signed, expiring acceptance of risk
//! - *connector*: the code that accesses a system
//! - *tier*: the risk class of an entitlement, from T0 (control plane) to T3 (low)

pub mod action;
pub mod attributes;
pub mod digest;
pub mod file;
pub mod finding;
pub mod grant;
pub mod history;
pub mod id;
pub mod inventory;
pub mod jcs;
pub mod observation;
pub mod plan_evidence;
pub mod reason;
pub mod record;
mod serde_text;
pub mod stage_progress;
pub mod strategy;
mod survival;
pub mod tier;
pub mod time;
pub mod verdict;

pub use action::{AccessLoss, Action, ExpectedState, Operation};
pub use attributes::Attributes;
pub use digest::Digest;
pub use finding::{Finding, Severity};
pub use grant::{AccessPath, AccessRoute, Entitlement, Grant, GrantKind, Principal, Usage};
pub use id::{ActionId, CampaignId, GrantKey, Handle, ItemId, PrincipalId, REMOVE_AFTER_SOAK, RepoId, RunId, SystemId};
pub use inventory::Inventory;
pub use observation::{
    Answer, GrantObservation, Overlap, RemainingAccess, RemainingPath, VerificationLevel, Witness, WitnessAnswer,
};
pub use plan_evidence::{ActionState, PlanEvidence};
pub use reason::ReasonCode;
pub use stage_progress::{StagePosition, StageProgress, StageTally};
pub use strategy::{ReviewResult, Strategy};
pub use survival::{SurvivalKind, SurvivingPath, survival};
pub use tier::Tier;
pub use time::{Clock, FixedClock, SystemClock, Timestamp};
pub use verdict::{AccessChange, Verdict};
