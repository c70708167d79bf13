//! What policy would advise, with reason codes; never a decision.

use super::{Member, Setting, population::unused_days};
use crate::model::{
    Inventory, Tier, Timestamp, Usage, Verdict,
    file::{PrincipalEntry, PrincipalKind, PrincipalStatus},
};

/// What policy would advise on an item.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Advice {
    verdict: Verdict,
    codes: Vec<&'static str>,
}

impl Advice {
    /// Returns the advice as a review file has it: `revoke: NHI-OWN-02, NHI-LIF-02`.
    pub(super) fn text(&self) -> String {
        format!("{}: {}", self.verdict, self.codes.join(", "))
    }

    /// Returns how much speaks against the grant, for the order of a worklist.
    pub(super) fn weight(&self) -> usize {
        let verdict = match self.verdict {
            Verdict::Revoke => 300,
            Verdict::Disable => 200,
            _ => 100,
        };
        verdict + self.codes.len()
    }
}

/// Returns what the facts advise; nothing when nothing speaks against the grant.
///
/// The codes are those of the shipped rules: `NHI-LOC-01` nobody claims the account; `NHI-OWN-01` no owner;
/// `NHI-OWN-02` the owner left; `NHI-LIF-01` its purpose ended; `NHI-LIF-02` and `HUM-DOR-01` dormant (45 days for T0
/// and T1, else 90); `NHI-PRV-01` a non-human identity in the control plane; `HUM-LVR-01` a leaver. Nobody answering
/// for something nobody uses is reason to remove it.
pub(super) fn advice(
    member: &Member<'_>,
    entry: Option<&PrincipalEntry>,
    inventory: &Inventory,
    now: Timestamp,
    setting: &Setting<'_>,
) -> Option<Advice> {
    let usage = inventory.usage(&member.grant.key);
    let limit = if member.tier <= Tier::T1 { 45 } else { 90 };
    let dormant =
        !matches!(usage, Usage::Unknown(_)) && unused_days(&usage, inventory).is_some_and(|days| days >= limit);
    let gone = entry.is_some_and(|e| e.status == PrincipalStatus::Left || e.ends.is_some_and(|end| end <= now));
    let person = entry.is_some_and(|entry| entry.kind == PrincipalKind::Person);
    let sealed = entry.is_some_and(|entry| entry.kind == PrincipalKind::BreakGlass);

    let orphan = match entry {
        None => Some("NHI-LOC-01"),
        Some(_) if person => None,
        Some(entry) if entry.owner.is_none() => Some("NHI-OWN-01"),
        Some(entry) if setting.people.living_owner(entry).is_none() => Some("NHI-OWN-02"),
        Some(_) => None,
    };
    let ended = gone.then_some(if person { "HUM-LVR-01" } else { "NHI-LIF-01" });
    // Sealed emergency access is not used by design.
    let unused = (dormant && !sealed).then_some(if person { "HUM-DOR-01" } else { "NHI-LIF-02" });
    let control = (!person && !sealed && entry.is_some() && member.tier == Tier::T0).then_some("NHI-PRV-01");

    let codes: Vec<_> = [ended, orphan, unused, control].into_iter().flatten().collect();
    let verdict = match (ended, orphan, unused, control) {
        (Some(_), ..) | (_, Some(_), Some(_), _) => Verdict::Revoke,
        (_, Some("NHI-LOC-01"), ..) | (_, _, Some(_), _) => Verdict::Disable,
        (_, Some(_), ..) => Verdict::Transfer,
        (_, _, _, Some(_)) => Verdict::Reduce,
        _ => return None,
    };
    Some(Advice { verdict, codes })
}
