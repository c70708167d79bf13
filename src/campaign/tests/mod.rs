//! Stories of campaigns: opening, assigning, resolving, closing.

mod assigning;
mod opening;
mod resolving;
mod seeds;
mod selecting;
mod stages;
mod strategies;
mod world;
