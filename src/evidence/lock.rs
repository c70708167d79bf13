//! Locks systems for a run; the evidence branch serves as the lock.

use crate::{
    enforce::JournalError,
    model::{
        RunId, SystemId, Timestamp,
        history::{EvidenceHistory, RunHistory},
    },
};

/// Rejects a run while another one holds one of its systems.
///
/// A run without an end holds its systems until its lease expires, by its own clock. A start time in the future means
/// that one of the two clocks is wrong: such a run is never taken over.
pub(super) fn acquire(
    history: &EvidenceHistory,
    run: &RunId,
    systems: &[SystemId],
    released: &[RunId],
    now: Timestamp,
) -> Result<(), JournalError> {
    for (by, other) in history.holding(systems).filter(|(by, _)| *by != run && !released.contains(by)) {
        let until = lease_end(other);
        let from_the_future = other.started_at.unix() > now.unix() + TOLERANCE;
        if now <= until || from_the_future {
            return Err(busy(by, other, systems, (!from_the_future).then_some(until)));
        }
    }
    Ok(())
}

/// A run that holds a system.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LeaseHolder {
    /// The run.
    pub run: RunId,
    /// The end of its lease, by its clock.
    pub until: Timestamp,
    /// Whether the lease has expired.
    pub is_over: bool,
}

impl LeaseHolder {
    /// Returns the runs that hold a system.
    pub fn of(history: &EvidenceHistory, system: &SystemId, now: Timestamp) -> Vec<Self> {
        let holder = |(run, history): (&RunId, &RunHistory)| {
            let until = lease_end(history);
            let is_over = now > until && history.started_at.unix() <= now.unix() + TOLERANCE;
            Self { run: run.clone(), until, is_over }
        };
        history.holding(std::slice::from_ref(system)).map(holder).collect()
    }
}

/// Rejects the continuation of a run after a later one took over one of its systems.
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

/// Returns the error for a run that needs `systems` while `other` holds them, or after it has changed their state.
pub(super) fn busy(by: &RunId, other: &RunHistory, systems: &[SystemId], until: Option<Timestamp>) -> JournalError {
    match shared(other, systems) {
        Some(system) => JournalError::Busy { by: by.clone(), system: system.clone(), until },
        None => JournalError::Contended { tries: 1 },
    }
}

/// Returns a system that both the run and `systems` contain.
pub(super) fn shared<'a>(run: &RunHistory, systems: &'a [SystemId]) -> Option<&'a SystemId> {
    systems.iter().find(|system| run.start.systems.contains(system))
}

fn lease_end(run: &RunHistory) -> Timestamp {
    let lease = i64::try_from(run.start.lease.min(LONGEST_LEASE)).unwrap_or_default();
    Timestamp::from_unix(run.started_at.unix().saturating_add(lease))
}

/// The maximum difference between two correct clocks, in seconds.
const TOLERANCE: i64 = 600;
/// The maximum lease; longer ones are cut to a day.
const LONGEST_LEASE: u64 = 86_400;
