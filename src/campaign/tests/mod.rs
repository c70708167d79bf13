//! Tests of campaigns: opening, assignment, resolution, close.

mod assigning;
mod decision_context;
mod fixtures;
mod large_close;
mod opening;
mod random_events;
mod random_histories;
mod reference;
mod resolving;
mod selecting;
mod stages;
mod strategies;
