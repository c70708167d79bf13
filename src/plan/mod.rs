//! Plans of changes, computed from signed decisions and inventories, checked by guardrails and recorded before
//! execution: `Plan<Draft>` → `Plan<Cleared>` → `Plan<Recorded>`.
//!
//! A plan is a pure function of its [`BuildInputs`]: no clock, no randomness, no map order, no network. The same inputs
//! result in the same bytes, whose digest identifies the plan, so an auditor can recompute it. This layer cannot write
//! to a target: it uses only [`crate::connector::ConnectorSchema`].
//!
//! A plan that has not passed the guardrails cannot be recorded, and therefore cannot be executed:
//! ```compile_fail,E0599
//! # use tenure::plan::*;
//! fn skip(draft: Plan<Draft>, proof: Published) { let _ = draft.recorded(proof); }
//! ```
//! A draft does not give access to its actions:
//! ```compile_fail,E0599
//! # use tenure::plan::*;
//! fn act(draft: Plan<Draft>) { for _ in draft.into_actions() {} }
//! ```

mod build;
mod document;
mod guardrail;
mod order;
mod publication_proof;
mod role_member_removal;
mod separation_of_duties;
mod state;

#[cfg(test)]
mod tests;

pub use build::{BuildInputs, PlanTarget, administrators, build};
pub use document::{HeldCode, HeldDecision, PlanInputs, SCHEMA};
pub use guardrail::{GuardrailLimits, GuardrailViolation, GuardrailsExceeded, OwnerDirectory};
pub use publication_proof::PublicationProof;
pub use separation_of_duties::{NoteCode, SodContext, SodNote};
pub use state::{Cleared, Draft, Plan, Recorded, read};
