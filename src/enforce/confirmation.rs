//! Decides whether a read of the target confirms an action. No other module decides this.

use crate::model::{ExpectedState, GrantObservation, Presence, VerificationLevel, record, record::VerificationKind};

/// The result of comparing a read with the expected state.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VerificationResult {
    /// Whether the target shows the expected state.
    pub kind: VerificationKind,
    /// The remaining access paths, in words.
    pub paths: Vec<String>,
    /// The known object that the same read found, or the reason when the read failed.
    pub probe: String,
}

impl VerificationResult {
    /// Returns an unknown result with its reason.
    pub fn unknown(reason: impl Into<String>) -> Self {
        Self { kind: VerificationKind::Unknown, paths: Vec::new(), probe: reason.into() }
    }

    /// Returns the entry for evidence.
    pub fn entry(&self, action: &crate::model::ActionId, level: VerificationLevel) -> record::RecordPayload {
        record::RecordPayload::Verification(record::VerificationRecorded {
            action: action.clone(),
            result: self.kind,
            level,
            paths: self.paths.iter().take(MAX_PATHS).map(|path| record::short(path)).collect(),
            probe: record::short(&self.probe),
        })
    }
}

/// Compares `sighting` with the expected state.
pub fn evaluate(expects: &ExpectedState, sighting: &GrantObservation) -> VerificationResult {
    let judged = |kind, paths: &[String], probe: &str| VerificationResult {
        kind,
        paths: paths.to_vec(),
        probe: probe.to_owned(),
    };
    match (&sighting.presence, expects) {
        (Presence::Unknown { reason }, _) => VerificationResult::unknown(reason.clone()),
        (Presence::Absent { probe }, _) => judged(VerificationKind::Confirmed, &[], probe),
        (Presence::Lingering { until }, ExpectedState::Shows(_)) if !shows(expects, sighting) => {
            judged(VerificationKind::StillPresent, std::slice::from_ref(until), "the grant is not as expected")
        }
        (Presence::Lingering { until }, _) => judged(VerificationKind::Lingering, std::slice::from_ref(until), until),
        (Presence::Present { .. }, ExpectedState::Shows(_)) if shows(expects, sighting) => {
            judged(VerificationKind::Confirmed, &[], "the grant itself, as expected")
        }
        (Presence::Present { paths }, _) => {
            let words: Vec<_> = paths.iter().map(ToString::to_string).collect();
            judged(VerificationKind::StillPresent, &words, "the access itself")
        }
    }
}

fn shows(expects: &ExpectedState, sighting: &GrantObservation) -> bool {
    match (expects, &sighting.grant) {
        (ExpectedState::Shows(wanted), Some(grant)) => {
            wanted.iter().all(|(name, value)| grant.attribute(name) == Some(value))
        }
        _ => false,
    }
}

/// The maximum number of paths, so that they fit into a record.
const MAX_PATHS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn sighting(presence: Presence) -> GrantObservation {
        GrantObservation { presence, grant: None }
    }

    #[test]
    fn failed_read_confirms_no_action() {
        let unread = sighting(Presence::Unknown { reason: "timeout".into() });
        for expects in [ExpectedState::Absent, ExpectedState::Replaced, ExpectedState::Shows(Default::default())] {
            assert_eq!(evaluate(&expects, &unread).kind, VerificationKind::Unknown);
        }
    }

    #[test]
    fn open_session_is_not_absent() {
        let open = sighting(Presence::Lingering { until: "2 sessions".into() });
        assert_eq!(evaluate(&ExpectedState::Absent, &open).kind, VerificationKind::Lingering);
    }
}
