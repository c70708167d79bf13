//! Asks the targets before a batch which requests they permit, so that the same requests can be asked afterwards.

use super::execute::{ProvisioningTarget, observe_with_retry};
use crate::{
    connector::{MAX_WITNESSES, WitnessQuery},
    model::{ActionId, Answer, SystemId, Witness, action::ActionSpec, history::EvidenceHistory},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    thread,
};

/// The requests that the targets permitted before a batch, by action.
#[derive(Debug, Default)]
pub(super) struct BatchWitnesses(BTreeMap<ActionId, Vec<Witness>>);

impl BatchWitnesses {
    /// Returns the requests about an action.
    pub(super) fn of(&self, action: &ActionId) -> &[Witness] {
        self.0.get(action).map_or(&[], Vec::as_slice)
    }
}

/// Asks the target of each action about the access that it takes away, the systems in parallel. The requests of an
/// earlier intent of the same action are kept: after a part of the change, the target may deny them already. A target
/// that cannot be read is not asked; the action itself reports why.
pub(super) fn ask_before(
    actions: &[ActionSpec],
    hands: &mut BTreeMap<SystemId, ProvisioningTarget>,
    history: &EvidenceHistory,
) -> BatchWitnesses {
    let answered: Vec<(ActionId, Vec<Witness>)> = thread::scope(|scope| {
        let asking: Vec<_> = hands
            .iter_mut()
            .map(|(system, hand)| {
                let own: Vec<&ActionSpec> = actions.iter().filter(|action| action.grant.system == *system).collect();
                (hand, own)
            })
            .filter(|(_, own)| !own.is_empty())
            .map(|(hand, own)| {
                scope
                    .spawn(move || own.into_iter().map(|action| (action.id.clone(), permitted(action, hand))).collect())
            })
            .collect();
        asking
            .into_iter()
            .filter_map(|thread| thread.join().ok())
            .collect::<Vec<Vec<_>>>()
            .into_iter()
            .flatten()
            .collect()
    });
    let mut asked = BatchWitnesses::default();
    for (id, witnesses) in answered {
        let earlier = history.action(&id).map(|past| past.witnesses.clone()).unwrap_or_default();
        // The earlier requests come first: the change may have removed what they asked for.
        let mut seen = BTreeSet::new();
        let mut all: Vec<Witness> = earlier.into_iter().chain(witnesses).collect();
        all.retain(|witness| seen.insert(witness.clone()));
        all.truncate(MAX_WITNESSES);
        asked.0.insert(id, all);
    }
    asked
}

/// Returns the requests about an action that its target permits now.
fn permitted(action: &ActionSpec, hand: &ProvisioningTarget) -> Vec<Witness> {
    let provisioner = hand.provisioner.as_ref();
    if !provisioner.has_oracle(&action.grant) {
        return Vec::new();
    }
    let Ok(before) = observe_with_retry(provisioner, action, WitnessQuery::Choose) else { return Vec::new() };
    let answers = before.access.map(|left| left.answers).unwrap_or_default();
    let allowed = answers.into_iter().filter(|answer| matches!(answer.answer, Answer::Allowed(_)));
    allowed.map(|answer| answer.witness).collect()
}
