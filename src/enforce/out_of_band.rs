//! Detects changes without a decision: compares a fresh listing of a system with its committed inventory.

use super::read_target::{ReadTarget, VerifiedAction};
use crate::{
    inventory::{self, CollectRequest, CollectionLimits, difference},
    model::{
        ActionId, Clock, Grant, GrantKey, Inventory, SystemId,
        action::SideEffect,
        history::EvidenceHistory,
        record::{FindingRecorded, OUT_OF_BAND, OutcomeKind, RecordPayload, short},
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// The changes in a fresh listing of a system that the evidence does not explain.
#[derive(Clone, Debug)]
pub struct OutOfBandReport {
    /// The system.
    pub system: SystemId,
    /// The changes since its inventory was committed, the highest tier first; or the reason why they are unknown.
    pub found: Result<Vec<UnexplainedChange>, String>,
}

/// A change that the evidence does not explain.
#[derive(Clone, Debug)]
pub struct UnexplainedChange {
    /// The kind of change.
    pub how: ChangeKind,
    /// The grant now; for a removed grant, as it was.
    pub grant: Grant,
    /// The changed parts, in words.
    pub what: Vec<String>,
}

/// The kind of a change.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum ChangeKind {
    /// The grant is new.
    Added,
    /// The grant differs in a field that a review is bound to.
    Changed,
    /// The grant no longer exists.
    Removed,
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
        })
    }
}

/// Lists the system again if its reader has the committed inventory, and returns the unexplained changes and the
/// listing. Writes no data.
pub(super) fn detect_out_of_band(
    system: &SystemId,
    reader: &ReadTarget<'_>,
    seen: &[VerifiedAction],
    history: &EvidenceHistory,
    clock: &dyn Clock,
) -> Option<(OutOfBandReport, Option<Inventory>)> {
    let committed = reader.committed?;
    let now = listed(system, reader, clock);
    let found = now.as_ref().map(|now| compare(committed, now, &ExplainedChanges::of(committed, seen, history)));
    let found = found.map_err(String::clone);
    Some((OutOfBandReport { system: system.clone(), found }, now.ok()))
}

impl OutOfBandReport {
    /// Returns whether there are no unexplained changes; false when the listing failed.
    pub fn is_clean(&self) -> bool {
        self.found.as_ref().is_ok_and(Vec::is_empty)
    }

    /// Returns the entries for evidence: first the counts, which replace those of an earlier listing, then at most a
    /// hundred changes.
    pub(super) fn entries(&self) -> Vec<RecordPayload> {
        let finding = |what: &str, subject: String, text: String| {
            let code = format!("{OUT_OF_BAND}{what}");
            RecordPayload::Finding(FindingRecorded { code, subject: short(&subject), text: short(&text) })
        };
        let found = match &self.found {
            Ok(found) => found,
            Err(why) => return vec![finding("unknown", self.system.to_string(), why.clone())],
        };
        let count = |how| found.iter().filter(|one| one.how == how).count();
        let (added, changed, removed) =
            (count(ChangeKind::Added), count(ChangeKind::Changed), count(ChangeKind::Removed));
        let mut text = format!("{added} added, {changed} changed, {removed} removed without a decision");
        if found.len() > MOST_RECORDED {
            text = format!("{text}; the {MOST_RECORDED} worst follow");
        }
        let one = |one: &UnexplainedChange| {
            finding(&one.how.to_string(), format!("{} {}", self.system, one.grant.key), one.to_string())
        };
        let summary = finding("listed", self.system.to_string(), text);
        std::iter::once(summary).chain(found.iter().take(MOST_RECORDED).map(one)).collect()
    }
}

impl fmt::Display for UnexplainedChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Grant { entitlement, principal, tier, .. } = &self.grant;
        write!(f, "{} of {} ({tier})", entitlement.name, principal.name)?;
        if self.what.is_empty() { Ok(()) } else { write!(f, ": {}", self.what.join("; ")) }
    }
}

fn listed(system: &SystemId, reader: &ReadTarget<'_>, clock: &dyn Clock) -> Result<Inventory, String> {
    let collector = reader.collector.as_ref();
    let task =
        CollectRequest { system, collector, clock, limits: CollectionLimits::default(), pause: &std::thread::sleep };
    let collection = inventory::collect(&task, &mut |_| {}).map_err(|error| error.to_string())?;
    collection.into_inventory().map_err(|error| error.to_string())
}

/// Compares two inventories. Names may change at any time; only the fields that a review is bound to are compared.
fn compare(committed: &Inventory, now: &Inventory, known: &ExplainedChanges<'_>) -> Vec<UnexplainedChange> {
    let all = difference(committed, now);
    let added =
        all.added.into_iter().map(|grant| UnexplainedChange { how: ChangeKind::Added, grant, what: Vec::new() });
    let removed =
        all.removed.into_iter().map(|grant| UnexplainedChange { how: ChangeKind::Removed, grant, what: Vec::new() });
    let changed = all.changed.into_iter().filter(|changed| changed.lapses);
    let changed =
        changed.map(|changed| UnexplainedChange { how: ChangeKind::Changed, grant: changed.grant, what: changed.what });
    let mut found: Vec<_> = added.chain(changed).chain(removed).filter(|one| !known.explains(one)).collect();
    found.sort_by(|a, b| (a.grant.tier, a.how, &a.grant.key).cmp(&(b.grant.tier, b.how, &b.grant.key)));
    found
}

/// The changes that the evidence explains.
struct ExplainedChanges<'a> {
    committed: &'a Inventory,
    /// Grants that an action is about, which are reported elsewhere.
    own: BTreeSet<&'a GrantKey>,
    /// Grants that were changed since the inventory was collected: other grants may have been removed with them.
    acted_on: Vec<&'a Grant>,
    /// The predicted side effects of those changes.
    effects: BTreeMap<&'a GrantKey, &'a SideEffect>,
}

impl<'a> ExplainedChanges<'a> {
    /// An action explains a change of its grant when it was executed after the inventory was collected, or when this
    /// verification reports that its target is not as decided. An earlier confirmed action explains no change, because
    /// the inventory was collected after it.
    fn of(committed: &'a Inventory, seen: &'a [VerifiedAction], history: &'a EvidenceHistory) -> Self {
        let looks: BTreeMap<&ActionId, &VerifiedAction> = seen.iter().map(|look| (&look.planned.id, look)).collect();
        let mut known = Self { committed, own: BTreeSet::new(), acted_on: Vec::new(), effects: BTreeMap::new() };
        for (id, past) in history.actions().filter(|(_, past)| past.system == *committed.system()) {
            let look = looks.get(id);
            let Some(outcome) = &past.outcome else {
                known.own.insert(&past.grant);
                continue;
            };
            let recent = past.outcome_at.is_some_and(|(_, at)| at >= committed.observed_at());
            let open = look.is_some_and(|look| !look.judgement.kind.is_done());
            if outcome.result != OutcomeKind::Drifted && (recent || open) {
                known.own.insert(&past.grant);
            }
            let acted = matches!(outcome.result, OutcomeKind::Applied | OutcomeKind::Manual | OutcomeKind::Unknown);
            if recent && acted {
                known.own.extend(&outcome.successor);
                known.acted_on.extend(look.map(|look| &look.planned.grant));
                let effects = look.into_iter().flat_map(|look| &look.planned.effects);
                known.effects.extend(effects.map(|effect| (&effect.grant, effect)));
            }
        }
        known
    }

    /// Grants that depend on a changed grant may disappear or lose access. Gained access is never explained.
    fn explains(&self, one: &UnexplainedChange) -> bool {
        let Grant { principal, entitlement, key, .. } = &one.grant;
        // A membership depends on the grants of its group or role.
        let near = |acted: &&Grant| {
            acted.principal.id == principal.id
                || acted.entitlement.id == entitlement.id
                || acted.principal.id == entitlement.id
        };
        let only_lost = match one.how {
            ChangeKind::Added => false,
            ChangeKind::Changed => self.committed.grant(key).is_some_and(|was| one.grant.only_lost_paths(was)),
            ChangeKind::Removed => true,
        };
        let derived = || {
            self.committed.grant(key).is_some_and(|was| {
                Grant { attributes: was.attributes.clone(), ..one.grant.clone() }.only_lost_paths(was)
            })
        };
        let predicted = self.effects.get(key).is_some_and(|effect| match (one.how, effect.after) {
            (ChangeKind::Added, _) => effect.is_created,
            (ChangeKind::Changed, Some(after)) => one.grant.digest() == after,
            (ChangeKind::Changed, None) => derived(),
            (ChangeKind::Removed, _) => true,
        });
        self.own.contains(key) || predicted || (only_lost && self.acted_on.iter().any(near))
    }
}

/// The maximum number of recorded changes. The counts include all of them.
const MOST_RECORDED: usize = 100;
