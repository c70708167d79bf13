//! Reading targets again later: what came back, what was changed by others, what lingers.

use super::{
    act::look,
    journal::{Journal, JournalError},
    judge::{Judgement, judge},
    recover::Plans,
};
use crate::{
    connector::Collector,
    model::{
        ActionId, Level, SystemId,
        action::Planned,
        file::Remediation,
        record::{Entry, OutcomeKind, RunEnd, RunStart, VerificationKind},
    },
};
use std::collections::BTreeMap;

/// A system that can be read.
pub struct Reader {
    /// The connection; it cannot write.
    pub collector: Box<dyn Collector + Send>,
    /// Whether it has a credential of its own, another than the one that writes.
    pub own_credential: bool,
    /// Who makes changes there.
    pub remediation: Remediation,
}

/// One action that was looked at again.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The action as planned.
    pub planned: Planned,
    /// What the read says.
    pub judgement: Judgement,
    /// How much the read is worth.
    pub level: Level,
    /// Whether it had been confirmed before and is there again.
    pub came_back: bool,
}

/// Reads the targets again for every action that was done, on the systems at hand, and records what they say.
///
/// # Errors
/// When the evidence cannot be read or written.
pub fn verify(
    start: RunStart,
    readers: &BTreeMap<SystemId, Reader>,
    journal: &mut dyn Journal,
) -> Result<Vec<Verified>, JournalError> {
    let mut plans = Plans::default();
    let mut due: Vec<(ActionId, crate::model::Digest, SystemId, bool)> = Vec::new();
    for (id, past) in journal.history().actions() {
        let happened = past.outcome.as_ref().is_some_and(|outcome| outcome.result != OutcomeKind::Drifted);
        if happened && readers.contains_key(&past.system) {
            due.push((id.clone(), past.plan, past.system.clone(), past.confirmed.is_some()));
        }
    }
    let mut seen = Vec::new();
    for (id, plan, system, was_confirmed) in due {
        let Some(reader) = readers.get(&system) else { continue };
        let Some(planned) = plans.action(journal, &plan, &id)? else { continue };
        let judgement = match look(reader.collector.as_ref(), &planned) {
            Ok(now) => judge(&planned.expects, &now),
            Err(error) => Judgement::unknown(error.to_string()),
        };
        let came_back = was_confirmed && judgement.kind == VerificationKind::StillPresent;
        let level = if reader.own_credential { Level::V4 } else { Level::V3 };
        seen.push(Verified { planned, judgement, level, came_back });
    }
    let mut entries = vec![Entry::RunStart(start)];
    entries.extend(seen.iter().map(|verified| verified.judgement.entry(&verified.planned.id, verified.level)));
    entries.push(Entry::RunEnd(end_of(&seen)));
    let _ = journal.publish(&entries)?;
    Ok(seen)
}

fn end_of(seen: &[Verified]) -> RunEnd {
    let mut verifications = BTreeMap::new();
    for verified in seen {
        *verifications.entry(verified.judgement.kind.to_string()).or_default() += 1;
    }
    let disagrees = seen.iter().any(|verified| verified.judgement.kind != VerificationKind::Confirmed);
    RunEnd { outcomes: BTreeMap::new(), verifications, exit: if disagrees { 4 } else { 0 } }
}
