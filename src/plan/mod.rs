//! Plans: what will be done, computed from what is signed and collected, cleared by guardrails, recorded before it
//! is done: `Plan<Draft>` → `Plan<Cleared>` → `Plan<Recorded>`.

mod published;

pub use published::Published;
