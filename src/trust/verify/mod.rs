//! Verifies one signed file against the trust state and the campaigns before it.

pub(in crate::trust) mod authority;
pub(in crate::trust) mod exception;
pub(in crate::trust) mod item_digest;
pub(in crate::trust) mod item_table;
pub(in crate::trust) mod no_response;
pub(in crate::trust) mod open_campaign;
pub(in crate::trust) mod published_items;
pub(in crate::trust) mod review;
pub(in crate::trust) mod signature_status;
pub(in crate::trust) mod stage;
pub(in crate::trust) mod system;
pub(in crate::trust) mod verifier;
