//! Connector for AWS IAM through its Query API: users and their credentials, groups, and policies.
//!
//! Objects are identified by ids that AWS never reuses (`AIDA…`, `AGPA…`, `ANPA…`, the key id). Calls take names, so
//! every operation contains both, and before a call the connector checks that the id still has the name.
//!
//! - `attributes`: attributes for rules
//! - `account`: the account with its credential
//! - `config`: settings in the system file
//! - `connection`: the operations on an account
//! - `definition`: the definition for the registry
//! - `api`: signed calls and error classes
//! - `api_types`: types of the replies
//! - `listing`: complete listings
//! - `policy_document`: the power of a policy document
//! - `principal_access`: the policies and credentials of a user or group
//! - `grants`: grants built from replies
//! - `collect`: listings of grants, control totals, health
//! - `observe`: present effective access
//! - `grant_key`: grant keys
//! - `snapshot`: the policies of all users and groups at one point in time
//! - `operations`: the exact calls of a change, planned without a connection
//! - `schema`: the planning interface
//! - `drafts`: parts of planned changes
//! - `removal`: disabling and removing a user
//! - `calls`: mutating calls and their parameters
//! - `apply`: execution of calls
//! - `phrases`: descriptions of policies for reviewers
//! - `apply_errors`: errors of executed calls
//! - `rotate`: rotation of access keys

mod account;
mod api;
mod api_types;
mod apply;
mod apply_errors;
mod attributes;
mod calls;
mod collect;
mod config;
mod connection;
mod definition;
mod drafts;
mod grant_key;
mod grants;
mod listing;
mod observe;
mod operations;
mod phrases;
mod policy_document;
mod principal_access;
mod removal;
mod rotate;
mod schema;
mod signature;
mod snapshot;
#[cfg(test)]
mod tests;

pub use account::AwsIam;
pub use config::{Config, UnobservedKind};
pub use definition::AwsIamDefinition;
pub use schema::AwsIamSchema;
