//! Who holds which systems: the branch is the lock.

use crate::{
    enforce::JournalError,
    model::{
        RunId, SystemId, Timestamp,
        history::{EvidenceHistory, RunHistory},
    },
};

/// Refuses to start a run while another holds one of its systems.
///
/// A run that never ended holds its systems until its lease is over, as its own clock claimed. A start that lies in our
/// future says that one of the two clocks is wrong: such a run is never taken over.
pub(super) fn acquire(
    history: &EvidenceHistory,
    run: &RunId,
    systems: &[SystemId],
    now: Timestamp,
) -> Result<(), JournalError> {
    for (by, other) in history.holding(systems).filter(|(by, _)| *by != run) {
        let until = lease_end(other);
        let from_the_future = other.started_at.unix() > now.unix() + TOLERANCE;
        if now <= until || from_the_future {
            return Err(busy(by, other, systems, (!from_the_future).then_some(until)));
        }
    }
    Ok(())
}

/// Refuses to go on with a run when a later one has taken a system of it over.
pub(super) fn check_held(history: &EvidenceHistory, run: &RunId) -> Result<(), JournalError> {
    let Some(ours) = history.run(run) else { return Ok(()) };
    let systems = &ours.start.systems;
    let later = history.runs().rev().take_while(|(_, other)| other.seq > ours.seq);
    for (by, other) in later {
        if let Some(system) = shared(other, systems) {
            return Err(JournalError::Fenced { by: by.clone(), system: system.clone() });
        }
    }
    Ok(())
}

/// Returns the refusal of a run that would hold `systems` while `other` does, or after it has changed what is known of them.
pub(super) fn busy(by: &RunId, other: &RunHistory, systems: &[SystemId], until: Option<Timestamp>) -> JournalError {
    match shared(other, systems) {
        Some(system) => JournalError::Busy { by: by.clone(), system: system.clone(), until },
        None => JournalError::Contended { tries: 1 },
    }
}

/// Returns a system that the run and `systems` have in common.
pub(super) fn shared<'a>(run: &RunHistory, systems: &'a [SystemId]) -> Option<&'a SystemId> {
    systems.iter().find(|system| run.start.systems.contains(system))
}

fn lease_end(run: &RunHistory) -> Timestamp {
    let lease = i64::try_from(run.start.lease.min(LONGEST_LEASE)).unwrap_or_default();
    Timestamp::from_unix(run.started_at.unix().saturating_add(lease))
}

/// How far two honest clocks may be apart, in seconds.
const TOLERANCE: i64 = 600;
/// No lease is honoured for longer than a day.
const LONGEST_LEASE: u64 = 86_400;
