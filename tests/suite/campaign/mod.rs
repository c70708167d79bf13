//! Campaigns: definitions, stages, reviews, outcomes and their quality.

mod bound_openings;
mod campaign_lifecycle;
pub(crate) mod campaigns;
mod exceptions;
mod principals;
mod review_quality;
mod sealed_inventories;
mod separation_of_duties;
mod stages;
mod strategies;
mod timeliness;
mod ways_out;
