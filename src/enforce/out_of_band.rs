//! Changes that nobody decided: a fresh listing of a system, compared with its inventory as committed.

use super::verify::{ReadTarget, VerifiedAction};
use crate::{
    inventory::{self, CollectRequest, CollectionLimits, difference},
    model::{
        ActionId, Clock, Grant, GrantKey, Inventory, SystemId,
        history::EvidenceHistory,
        record::{FindingRecorded, OUT_OF_BAND, OutcomeKind, RecordPayload, VerificationKind, short},
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// What a fresh listing of a system shows besides what the evidence explains.
#[derive(Clone, Debug)]
pub struct OutOfBandReport {
    /// The system.
    pub system: SystemId,
    /// What changed since its inventory was committed, the worst tier first; or why nobody knows.
    pub found: Result<Vec<UnexplainedChange>, String>,
}

/// A change that nothing in the evidence explains.
#[derive(Clone, Debug)]
pub struct UnexplainedChange {
    /// How the grant changed.
    pub how: ChangeKind,
    /// The grant as it is now; as it was, where it is there no more.
    pub grant: Grant,
    /// What changed of it, in words.
    pub what: Vec<String>,
}

/// How a grant changed.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum ChangeKind {
    /// It was not there.
    Added,
    /// It is there in another form than a review would be bound to.
    Changed,
    /// It is there no more.
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

/// Lists the system again, where its reader has the inventory as committed, and returns what nothing explains, with
/// what was listed. Writes nothing.
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
    /// Returns whether the listing showed nothing unexplained; a listing that failed showed nothing at all.
    pub fn is_clean(&self) -> bool {
        self.found.as_ref().is_ok_and(Vec::is_empty)
    }

    /// Returns the entries for evidence: the counts first, which take the place of those of an earlier listing, then at
    /// most a hundred changes.
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

/// Names may change at any time; only what a review is bound to counts.
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

/// What the evidence explains.
struct ExplainedChanges<'a> {
    committed: &'a Inventory,
    /// Grants that an action is about, and that are spoken of already.
    own: BTreeSet<&'a GrantKey>,
    /// Grants that were changed since the inventory was taken: others may have gone with them.
    acted_on: Vec<&'a Grant>,
}

impl<'a> ExplainedChanges<'a> {
    /// An action explains its grant when it was done since the inventory, or when this very look says that the target is
    /// not as decided. An old action that is confirmed explains nothing: the inventory was taken after it.
    fn of(committed: &'a Inventory, seen: &'a [VerifiedAction], history: &'a EvidenceHistory) -> Self {
        let looks: BTreeMap<&ActionId, &VerifiedAction> = seen.iter().map(|look| (&look.planned.id, look)).collect();
        let mut known = Self { committed, own: BTreeSet::new(), acted_on: Vec::new() };
        for (id, past) in history.actions().filter(|(_, past)| past.system == *committed.system()) {
            let look = looks.get(id);
            let Some(outcome) = &past.outcome else {
                known.own.insert(&past.grant);
                continue;
            };
            let recent = past.outcome_at.is_some_and(|(_, at)| at >= committed.observed_at());
            let open = look.is_some_and(|look| look.judgement.kind != VerificationKind::Confirmed);
            if outcome.result != OutcomeKind::Drifted && (recent || open) {
                known.own.insert(&past.grant);
            }
            let acted = matches!(outcome.result, OutcomeKind::Applied | OutcomeKind::Manual | OutcomeKind::Unknown);
            if recent && acted {
                known.own.extend(&outcome.successor);
                known.acted_on.extend(look.map(|look| &look.planned.grant));
            }
        }
        known
    }

    /// What goes with another grant may disappear or lose something. Nothing explains what is gained.
    fn explains(&self, one: &UnexplainedChange) -> bool {
        let Grant { principal, entitlement, key, .. } = &one.grant;
        let near = |acted: &&Grant| acted.principal.id == principal.id || acted.entitlement.id == entitlement.id;
        let only_lost = match one.how {
            ChangeKind::Added => false,
            ChangeKind::Changed => self.committed.grant(key).is_some_and(|was| one.grant.only_lost_paths(was)),
            ChangeKind::Removed => true,
        };
        self.own.contains(key) || (only_lost && self.acted_on.iter().any(near))
    }
}

/// Enough to act on; the counts say how many there are.
const MOST_RECORDED: usize = 100;
