//! Principals, the accounts and groups that are theirs, and the access they own.

mod graph;
pub(in crate::trust) mod link;
pub(in crate::trust) mod ownership;
