//! Stories of campaigns: opening, assigning, resolving, closing.

mod opening;
mod resolving;
mod world;
