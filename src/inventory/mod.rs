//! Inventories: collects the grants of a system, stores them as files, and loads them.

mod atomic_dir;
mod attributes;
mod collect;
mod diff;
mod effective;
mod identities;
pub mod import;
mod load;
mod role_contents;
mod sod;
mod source;

#[cfg(test)]
mod test_fixtures;
#[cfg(test)]
mod tests;

pub use atomic_dir::{OnExisting, PublishError, publish, publish_folder};
pub use attributes::{AttributeBuilder, AttributeInputs, LastCertified, TierOverrides};
pub use collect::{CollectError, CollectRequest, Collection, Limits, Progress, collect};
pub use diff::{Changed, Difference, difference};
pub use effective::{EffectiveEntitlement, Tiers, count, effective, expand, is_remainder, role_of};
pub use identities::IdentityDirectory;
pub use load::{LoadError, Loaded, load};
pub use role_contents::{ContentsChange, Role, RoleContents, RoleEntitlement, roles};
pub use sod::{Change, Side, SodAnalysis, SodHolding, SodViolation, inventories};
pub use source::{Source, SourceError, WorkTree};

use crate::model::{GrantKind, SystemId};

/// Returns the folder of the inventory of a system.
pub fn folder(system: &SystemId) -> String {
    format!("inventory/{system}")
}

fn grants_file(kind: GrantKind) -> String {
    format!("grants/{kind}.jsonl")
}

const OBSERVATION: &str = "observation.toml";
const USAGE: &str = "usage.jsonl";
