//! What is held: collecting the grants of a system, keeping them as files, and reading them back.

mod collect;
mod contents;
mod difference;
mod effective;
mod facts;
mod load;
mod people;
mod publish;
pub mod roster;
mod separation;
mod source;

#[cfg(test)]
mod stories;
#[cfg(test)]
mod tests;

pub use collect::{CollectError, Collection, Limits, Progress, Task, collect};
pub use contents::{Contents, Inside, Role, Shift, roles};
pub use difference::{Changed, Difference, difference};
pub use effective::{Effective, Tiers, count, effective, gives, is_remainder, role_of};
pub use facts::{Certified, Known, Lowered, Portraits};
pub use load::{LoadError, Loaded, load};
pub use people::People;
pub use publish::{Existing, PublishError, publish, publish_folder};
pub use separation::{Change, Clash, Hold, Separation, Side, inventories};
pub use source::{Source, SourceError, WorkTree};

use crate::model::{GrantKind, SystemId};

/// Returns the folder of a system's inventory.
pub fn folder(system: &SystemId) -> String {
    format!("inventory/{system}")
}

fn grants_file(kind: GrantKind) -> String {
    format!("grants/{kind}.jsonl")
}

const OBSERVATION: &str = "observation.toml";
const USAGE: &str = "usage.jsonl";
