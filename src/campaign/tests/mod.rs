//! Tests of campaigns: opening, assignment, resolution, close.

mod assigning;
mod dossier;
mod fixtures;
mod machine;
mod opening;
mod reference;
mod resolving;
mod selecting;
mod stages;
mod strategies;
