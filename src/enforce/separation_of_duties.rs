//! Evaluates separation of duties after enforcement, on fresh listings.

use crate::{
    inventory::{SodAnalysis, SodHolding, SodViolation},
    model::{
        Digest, Inventory, SystemId,
        history::EvidenceHistory,
        record::{FindingRecorded, RecordPayload, SOD_VIOLATION, short},
    },
    plan::SodContext,
};
use std::collections::{BTreeMap, BTreeSet};

/// The separation-of-duties violations found by a verification.
#[derive(Clone, Debug, Default)]
pub struct SodReport {
    /// The present violations, each with whether a signed exception accepts it.
    pub held: Vec<(SodViolation, bool)>,
    /// The violations of an earlier verification that no longer exist: holder and pair.
    pub resolved: Vec<String>,
    /// The systems that were not listed, and for which the committed inventory was used.
    pub not_fresh: Vec<SystemId>,
}

/// The grants and rules that signed exceptions in force accept.
pub type AcceptedViolations = BTreeSet<(Digest, String)>;

/// Evaluates fresh listings, and the committed inventories of systems that were not listed; `None` when there are no
/// pairs, or no system was listed.
pub(super) fn judge(
    duties: &SodContext<'_>,
    accepted: &AcceptedViolations,
    fresh: &BTreeMap<SystemId, Inventory>,
    history: &EvidenceHistory,
) -> Option<SodReport> {
    if duties.pairs.is_empty() || fresh.is_empty() {
        return None;
    }
    let committed = || duties.inventories.iter().copied().filter(|held| !fresh.contains_key(held.system()));
    let inventories: Vec<&Inventory> = fresh.values().chain(committed()).collect();
    let separation = SodAnalysis::judge(inventories.iter().copied(), duties.people, &duties.pairs);
    let digest = |hold: &SodHolding| {
        let inventory = inventories.iter().find(|held| *held.system() == hold.system)?;
        inventory.grant(&hold.grant).map(crate::model::Grant::digest)
    };
    let stands = |clash: &SodViolation| {
        let mut holds = clash.left.by.iter().chain(&clash.right.by).filter_map(digest);
        holds.any(|grant| accepted.contains(&(grant, clash.rule.clone())))
    };
    let held: Vec<(SodViolation, bool)> =
        separation.clashes().iter().map(|clash| (clash.clone(), !accepted.is_empty() && stands(clash))).collect();
    let now: BTreeSet<String> = separation.clashes().iter().map(subject).collect();
    let earlier = history.sod_violations().map(|(_, seen)| seen.subject.clone());
    let resolved = earlier.filter(|seen| !now.contains(seen)).collect();
    Some(SodReport { held, resolved, not_fresh: committed().map(|held| held.system().clone()).collect() })
}

impl SodReport {
    /// Returns the entries for evidence: first the counts, which replace those of an earlier verification, then at most
    /// a hundred pairs, and the resolved ones.
    pub(super) fn entries(&self) -> Vec<RecordPayload> {
        let finding = |what: &str, subject: String, text: String| {
            let code = format!("{SOD_VIOLATION}{what}");
            RecordPayload::Finding(FindingRecorded { code, subject: short(&subject), text: short(&text) })
        };
        let accepted = self.held.iter().filter(|(_, accepted)| *accepted).count();
        let text = format!(
            "{} held, {accepted} of them accepted by exception; {} resolved since the previous verification",
            self.held.len(),
            self.resolved.len()
        );
        let mut entries = vec![finding("judged", "separation of duties".to_owned(), text)];
        entries.extend(self.held.iter().take(MOST_RECORDED).map(|(clash, accepted)| {
            finding(if *accepted { "accepted" } else { "remains" }, subject(clash), clash.to_string())
        }));
        let resolved = self.resolved.iter().take(MOST_RECORDED);
        entries
            .extend(resolved.map(|seen| finding("resolved", seen.clone(), "no principal has both sides".to_owned())));
        entries
    }
}

/// Returns the id of a violation: holder and pair.
fn subject(clash: &SodViolation) -> String {
    short(&format!("{} {}", clash.holder, clash.pair))
}

/// The maximum number of recorded violations. The counts include all of them.
const MOST_RECORDED: usize = 100;
