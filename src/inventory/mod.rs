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
pub use collect::{CollectError, CollectRequest, CollectedInventory, CollectionLimits, CollectionProgress, collect};
pub use diff::{GrantRevision, InventoryDiff, difference};
pub use effective::{EffectiveEntitlement, EffectiveTiers, count, effective, expand, is_remainder, role_of};
pub use identities::IdentityDirectory;
pub use load::{LoadError, LoadedInventory, load};
pub use role_contents::{ContentsChange, ReviewedRole, RoleContents, RoleEntitlement, roles};
pub use sod::{HeldSide, ProposedChange, SodAnalysis, SodHolding, SodViolation, inventories};
pub use source::{FileSource, SourceError, WorkTree};

use crate::model::{GrantKind, SystemId};

/// Returns the folder of the inventory of a system.
pub fn folder(system: &SystemId) -> String {
    format!("inventory/{system}")
}

fn grants_file(kind: GrantKind) -> String {
    format!("grants/{kind}.jsonl")
}

/// The file of a collection.
pub const OBSERVATION: &str = "observation.toml";
const USAGE: &str = "usage.jsonl";
