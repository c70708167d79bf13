//! Plans of changes, computed from signed decisions and inventories, checked by guardrails and recorded before
//! execution: `Plan<Draft>` → `Plan<Cleared>` → `Plan<Recorded>`.
//!
//! A plan is a pure function of its [`BuildInputs`]: no clock, no randomness, no map order, no network. The same inputs
//! result in the same bytes, whose digest identifies the plan, so an auditor can recompute it. This layer cannot write
//! to a target: it uses only [`crate::connector::ConnectorSchema`].
//!
//! A plan that has passed the guardrails can be recorded, and then executed:
//! ```no_run
//! # use tenure::plan::{Cleared, Plan, PublicationProof};
//! fn act(cleared: Plan<Cleared>, proof: PublicationProof) { for _ in cleared.recorded(proof).into_actions() {} }
//! ```
//! A draft cannot be recorded:
//! ```compile_fail,E0599
//! # use tenure::plan::{Draft, Plan, PublicationProof};
//! fn skip(draft: Plan<Draft>, proof: PublicationProof) { let _ = draft.recorded(proof); }
//! ```
//! A draft does not give access to its actions:
//! ```compile_fail,E0599
//! # use tenure::plan::{Draft, Plan};
//! fn act(draft: Plan<Draft>) { for _ in draft.into_actions() {} }
//! ```
//! ```no_run
//! # use tenure::plan::{Draft, Plan};
//! fn show(draft: Plan<Draft>) { for _ in draft.actions() {} }
//! ```

mod build;
mod document;
mod guardrail;
mod id_cache;
mod order;
mod publication_proof;
mod role_member_removal;
mod separation_of_duties;
mod state;
mod surviving_access;

#[cfg(test)]
mod tests;

pub use build::{BuildInputs, PlanTarget, administrators, build, build_with};
pub use document::{HeldCode, HeldDecision, PlanInputs, SCHEMA};
pub use guardrail::{GuardrailLimits, GuardrailViolation, OwnerDirectory};
pub use id_cache::IdCache;
pub use publication_proof::PublicationProof;
pub use separation_of_duties::{NoteCode, SodContext, SodNote};
pub use state::{Cleared, Draft, GuardrailsExceeded, Plan, Recorded, read};
