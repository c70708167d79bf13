//! Plans: what will be done, computed from what is signed and collected, cleared by guardrails, recorded before it
//! is done: `Plan<Draft>` → `Plan<Cleared>` → `Plan<Recorded>`.
//!
//! A plan is a pure function of its [`BuildInputs`]: no clock, no randomness, no map order, no network. The same inputs give
//! the same bytes, whose digest is the plan's name; an auditor computes it again. Nothing here can write to a target:
//! the planner has [`crate::connector::ConnectorSchema`] in scope and nothing stronger.
//!
//! A plan that has not passed the guardrails cannot be recorded, and so cannot run:
//! ```compile_fail,E0599
//! # use tenure::plan::*;
//! fn skip(draft: Plan<Draft>, proof: Published) { let _ = draft.recorded(proof); }
//! ```
//! A draft has no actions to give away:
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
