//! Principals, the accounts and groups that are theirs, and the access they own.

pub(in crate::trust) mod former_links;
mod graph;
pub(in crate::trust) mod link;
pub(in crate::trust) mod ownership;
