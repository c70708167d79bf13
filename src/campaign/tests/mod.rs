//! Stories of campaigns: opening, assigning, resolving, closing.

mod opening;
mod world;
