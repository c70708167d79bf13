//! Keys and the right to use them: root, registry and mandate, and signing.

pub(in crate::trust) mod bootstrap;
pub(in crate::trust) mod registry;
pub(in crate::trust) mod root;
pub(in crate::trust) mod signing;
pub(in crate::trust) mod ssh_agent;
pub(in crate::trust) mod trust_state;
