//! The words of the field as types: one idea, one word, one type.
//!
//! Glossary, used alike in files, code, help and messages:
//! *system* holds access · *principal* a person or non-human identity · *entitlement* something a system can grant ·
//! *grant* one principal holding one entitlement, an account or a credential · *inventory* the grants of a system as
//! last collected · *campaign* a round over a frozen population · *item* one grant put to one reviewer · *review* a
//! reviewer's file of items and decisions · *decision* the signed verdict on an item · *resolution* the one outcome per
//! item · *stance* what a verdict says in kind: accept, reduce, revoke, or none of them · *rule* what policy demands of a
//! grant or principal · *plan* and *action* what will be done · *intent* the recorded permission to do one action · *outcome* what
//! happened · *verification* what a later read says · *record*, *segment*, *checkpoint* units of evidence · *finding*
//! what a check reports · *guardrail* a limit a plan must clear · *exception* a signed, expiring acceptance of risk ·
//! *connector* the code that speaks to a system · *tier* T0 control plane to T3 low.

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
pub mod presence;
pub mod reason;
pub mod record;
mod serde_text;
pub mod stage_progress;
pub mod strategy;
pub mod time;
pub mod verdict;

pub use action::{AccessLoss, Action, ExpectedState, Operation};
pub use attributes::Attributes;
pub use digest::Digest;
pub use finding::{Finding, Severity};
pub use grant::{AccessPath, AccessRoute, Entitlement, Grant, GrantKind, Principal, Usage};
pub use id::{ActionId, CampaignId, GrantKey, Handle, ItemId, PrincipalId, REMOVE_AFTER_SOAK, RepoId, RunId, SystemId};
pub use inventory::Inventory;
pub use presence::{GrantObservation, Presence, VerificationLevel};
pub use reason::ReasonCode;
pub use stage_progress::{StagePosition, StageProgress, StageTally};
pub use strategy::{Stance, Strategy};
pub use time::{Clock, FixedClock, SystemClock, Timestamp};
pub use verdict::{AccessChange, Tier, Verdict};
