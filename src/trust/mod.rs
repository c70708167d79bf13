//! Who may sign what, and what is believed because of it. Only here is anything [`Verified`].
//!
//! The root of trust is pinned from outside; every later version is signed by the one before. A file is judged by the
//! trust state at the first parent of the merge that brought it, by principals and not by keys, and never by a date.

mod acceptance;
mod agent;
mod at_once;
mod authority;
mod base;
mod bounds;
mod check;
mod check_policies;
#[cfg(test)]
pub(crate) mod court;
mod deciding;
mod docket;
mod family;
mod founding;
mod governed;
mod judge;
mod keep;
mod kinship;
mod looks;
mod opening;
mod puts;
mod refusal;
mod refusal_help;
mod registry;
mod replay;
mod root;
mod signing;
mod silence;
mod stage_refusal;
mod stages;
mod standing;
mod state;
mod take;
mod verified;
mod walk;
mod wanted;

pub use agent::{Agent, AgentError, AgentKey, AgentSigner};
pub use check::{Checked, check};
pub use founding::{Founder, Founding, render_allowed_signers};
pub use governed::{Found, Governed, first_root};
pub use kinship::{Kinship, Tie};
pub use opening::{Bound, Opening, Seat};
pub use puts::Put;
pub use refusal::Refusal;
pub use registry::Registry;
pub use root::{Role, Root};
pub use signing::{Signed, SigningError, sign};
pub use stage_refusal::StageRefusal;
pub use standing::{Standing, standing};
pub use state::{Mandate, Trust};
pub use verified::{Signer, Verified, reference};
