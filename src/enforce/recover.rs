//! Recovers dangling intents of earlier runs by reading their targets.

use super::{
    execute::{ProvisioningTarget, observe_with_retry},
    journal::{Journal, JournalError},
    verdict::{VerificationResult, judge},
};
use crate::{
    connector::WitnessQuery,
    model::{
        ActionId, SystemId, VerificationLevel,
        action::ActionSpec,
        record::{OutcomeKind, OutcomeRecorded, RecordPayload, RecoveryRecorded, short},
    },
    plan,
};
use std::collections::BTreeMap;

/// Reads the target for every dangling intent on the connected systems, and returns the entries for evidence, at
/// least three for each intent, and the number of intents. Writes no data.
pub(super) fn recover(
    journal: &dyn Journal,
    hands: &BTreeMap<SystemId, ProvisioningTarget>,
) -> Result<(Vec<RecordPayload>, usize), JournalError> {
    let mut entries = Vec::new();
    let mut recovered = 0;
    let mut plans = PlanCache::default();
    for (id, past) in journal.history().dangling() {
        let Some(hand) = hands.get(&past.system) else { continue };
        let planned = plans.action(journal, &past.plan, id)?;
        recovered += 1;
        let (judgement, result, text) = match &planned {
            None => (
                VerificationResult::unknown("its plan is not stored"),
                OutcomeKind::Unknown,
                "its plan is not stored".to_owned(),
            ),
            Some(planned) => {
                match observe_with_retry(hand.provisioner.as_ref(), planned, WitnessQuery::Ask(&past.witnesses)) {
                    Err(error) => {
                        (VerificationResult::unknown(error.to_string()), OutcomeKind::Unknown, error.to_string())
                    }
                    Ok(_) if hand.provisioner.is_half_done(planned).unwrap_or(false) => {
                        let text = "found half done after an interrupted run, which this run finishes";
                        (VerificationResult::unknown(text), OutcomeKind::Unknown, text.to_owned())
                    }
                    Ok(now) => {
                        let judgement = judge(planned, &now);
                        // An earlier run confirmed it, and the interrupted run executed it again without effect.
                        let was_done = past.confirmed.is_some() && !past.regressed;
                        let untouched = now.grant.as_ref().is_some_and(|grant| grant.digest() == planned.precondition);
                        let (result, text) = match judgement.kind {
                            kind if kind.is_done() && was_done => {
                                (OutcomeKind::Already, "found already done after an interrupted run")
                            }
                            kind if kind.is_done() => (OutcomeKind::Applied, "found done after an interrupted run"),
                            _ if untouched => (OutcomeKind::Failed, "found unchanged after an interrupted run"),
                            _ => (OutcomeKind::Unknown, "found neither unchanged nor done after an interrupted run"),
                        };
                        (judgement, result, text.to_owned())
                    }
                }
            }
        };
        entries.push(RecordPayload::Recover(RecoveryRecorded {
            action: id.clone(),
            intent: past.intent,
            of: past.run.clone(),
            seen: judgement.kind,
            text: short(&text),
        }));
        entries.push(RecordPayload::Outcome(OutcomeRecorded {
            action: id.clone(),
            intent: past.intent,
            result,
            class: Some("interrupted".to_owned()),
            text: short(&text),
            successor: None,
            deposited: None,
        }));
        entries.extend(judgement.entries(id, VerificationLevel::V3));
    }
    Ok((entries, recovered))
}

/// The plans stored in evidence, each read once.
#[derive(Debug, Default)]
pub(super) struct PlanCache(BTreeMap<crate::model::Digest, BTreeMap<ActionId, ActionSpec>>);

impl PlanCache {
    /// Returns the action from the plan with this digest.
    pub(super) fn action(
        &mut self,
        journal: &dyn Journal,
        plan: &crate::model::Digest,
        id: &ActionId,
    ) -> Result<Option<ActionSpec>, JournalError> {
        if !self.0.contains_key(plan) {
            let actions = match journal.load_blob(plan)? {
                None => Vec::new(),
                Some(bytes) => plan::read(&bytes).map_err(|error| JournalError::Defect {
                    code: "plan-unreadable",
                    message: format!("{plan}: {error}"),
                })?,
            };
            self.0.insert(*plan, actions.into_iter().map(|action| (action.id.clone(), action)).collect());
        }
        Ok(self.0.get(plan).and_then(|actions| actions.get(id)).cloned())
    }
}
