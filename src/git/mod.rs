//! Git: objects and refs through libgit2, the network through the user's own `git`.
//!
//! Nothing here knows what a file means. What is read comes from the object database by id, never from a work tree;
//! what cannot be trusted to say the whole history (shallow, grafted, replaced) is not opened.

mod carrier;
mod child;
mod diff;
mod error;
mod history;
mod id;
mod names;
mod report;
mod repository;
mod tree;
mod write;

pub use carrier::{Carrier, CarrierError, Pushed};
pub use child::ChildError;
pub use diff::{Change, Changes};
pub use error::GitError;
pub use history::{Commit, Signed};
pub use id::{NotAnObjectId, ObjectId};
pub use names::{Hazard, Peril};
pub use repository::Repository;
pub use tree::{File, Listing, Mode};
pub use write::{Draft, Edit, Identity};
