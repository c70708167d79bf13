//! The resolutions of all decisions in a governed repository.

use crate::{
    campaign::{Resolution, decided},
    model::Timestamp,
    trust::RepositoryState,
};

/// Returns the resolutions of all decisions, latest campaign last.
pub fn resolutions(governed: &RepositoryState, now: Timestamp) -> Vec<Resolution> {
    let mut openings: Vec<_> = governed.openings().iter().collect();
    openings.sort_by_key(|(id, opening)| (opening.campaign().opened_at, *id));
    openings.into_iter().flat_map(|(id, opening)| decided(opening, governed.answers(id), now)).collect()
}
