//! From verified reviews to the one outcome of each item.

use super::Resolution;
use crate::model::{
    Digest, Finding, ItemId, Severity, Timestamp, Verdict,
    action::{Basis, Decided},
    file::{Campaign, Item, Review},
};
use crate::trust::Verified;
use std::collections::{BTreeMap, BTreeSet};

/// What the reviews of a campaign amount to. An item that is in neither list was not decided on at all.
#[derive(Clone, Debug, Default)]
pub struct Resolved {
    /// Items with one decision in force that leaves nothing to a reviewer, by item.
    pub decided: Vec<Resolution>,
    /// Items that somebody has decided on and that are open all the same.
    pub open: BTreeMap<ItemId, Reopened>,
    /// The paths of the files that were signed; what they left open goes into another file.
    pub signed: BTreeSet<String>,
    /// What is wrong with the decisions.
    pub findings: Vec<Finding>,
}

/// Why an item is open although somebody has decided on it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Reopened {
    /// The reviewer handed it on, perhaps to somebody.
    Abstained(Option<String>),
    /// More than one decision is in force, and none of them wins by itself.
    Contradictory,
    /// The decision held until this time.
    Expired(Timestamp),
    /// It is being looked into.
    Investigated,
}

/// A signed review with what stands behind it.
#[derive(Clone, Copy)]
pub(super) struct Signed<'a> {
    pub(super) review: &'a Review,
    pub(super) path: &'a str,
    pub(super) digest: Digest,
    pub(super) signers: &'a [String],
}

/// One decision on one item.
struct Decision<'a> {
    signed: Signed<'a>,
    item: &'a Item,
    verdict: Verdict,
}

impl Decision<'_> {
    fn reference(&self) -> String {
        format!("{}@{}", self.signed.path, self.signed.digest)
    }
}

/// Returns what the verified reviews of `campaign` amount to: at most one outcome for each item, whatever order they are
/// given in. A decision that was replaced does not count, one that has ended leaves its item open, and decisions that
/// contradict each other leave it open too, with a finding: no side is picked.
///
/// Only what `trust` has verified gets in:
/// ```compile_fail,E0308
/// # use tenure::{campaign::resolve, model::{file::{Campaign, Review}, Timestamp}, store::Unverified};
/// fn believe(campaign: &Campaign, review: &Unverified<Review>, now: Timestamp) {
///     resolve(campaign, [review], now);
/// }
/// ```
pub fn resolve<'a>(
    campaign: &Campaign,
    reviews: impl IntoIterator<Item = &'a Verified<Review>>,
    now: Timestamp,
) -> Resolved {
    let reviews: Vec<_> = reviews.into_iter().map(|review| (review, review.names())).collect();
    let signed = reviews.iter().map(|(review, signers)| Signed {
        review: review.value(),
        path: review.path(),
        digest: review.digest(),
        signers,
    });
    resolve_signed(campaign, signed, now)
}

pub(super) fn resolve_signed<'a>(
    campaign: &Campaign,
    reviews: impl IntoIterator<Item = Signed<'a>>,
    now: Timestamp,
) -> Resolved {
    let mut resolved = Resolved::default();
    let mut by_item: BTreeMap<&ItemId, Vec<Decision<'a>>> = BTreeMap::new();
    for signed in reviews {
        if signed.review.campaign != campaign.id {
            continue;
        }
        resolved.signed.insert(signed.path.to_owned());
        for item in &signed.review.items {
            if let Some(verdict) = item.decision {
                by_item.entry(&item.id).or_default().push(Decision { signed, item, verdict });
            }
        }
    }
    for (item, decisions) in by_item {
        match in_force(&decisions) {
            Ok(decision) => match reopened(decision, now) {
                Some(why) => drop(resolved.open.insert(item.clone(), why)),
                None => resolved.decided.push(resolution(campaign, decision)),
            },
            Err(finding) => {
                resolved.open.insert(item.clone(), Reopened::Contradictory);
                resolved.findings.push(finding);
            }
        }
    }
    resolved.findings.sort();
    resolved
}

/// Returns the one decision that no other takes the place of. Order in time does not matter: the last writer never wins
/// by being last.
fn in_force<'d, 'a>(decisions: &'d [Decision<'a>]) -> Result<&'d Decision<'a>, Finding> {
    let known: BTreeSet<_> = decisions.iter().map(Decision::reference).collect();
    let replaced: BTreeSet<&str> = decisions.iter().filter_map(|d| d.item.supersedes.as_deref()).collect();
    if let Some(stray) = decisions.iter().find(|d| d.item.supersedes.as_ref().is_some_and(|r| !known.contains(r))) {
        return Err(finding(stray, "it takes the place of a decision that is not among the verified ones"));
    }
    let in_force: Vec<_> = decisions.iter().filter(|d| !replaced.contains(d.reference().as_str())).collect();
    match (in_force.as_slice(), decisions) {
        ([one], _) => Ok(one),
        ([first, others @ ..], _) => {
            let also: Vec<_> =
                others.iter().map(|other| format!("{} in {}", other.verdict, other.signed.path)).collect();
            Err(finding(first, &format!("{} here, and {}", first.verdict, also.join(", "))))
        }
        ([], [first, ..]) => Err(finding(first, "the decisions take each other's place")),
        // INVARIANT: an item is in the map because a decision was put there.
        ([], []) => Err(Finding {
            severity: Severity::High,
            code: "contradictory-decisions",
            subject: String::new(),
            message: "no decision at all".to_owned(),
            help: String::new(),
        }),
    }
}

fn finding(decision: &Decision<'_>, message: &str) -> Finding {
    Finding {
        severity: Severity::High,
        code: "contradictory-decisions",
        subject: format!("{}#{}", decision.signed.path, decision.item.id),
        message: message.to_owned(),
        help: "decide once more in a new review file, and name the decision in force in `supersedes`".to_owned(),
    }
}

fn reopened(decision: &Decision<'_>, now: Timestamp) -> Option<Reopened> {
    let ended = decision.item.until.filter(|until| *until <= now);
    match decision.verdict {
        Verdict::Abstain => Some(Reopened::Abstained(decision.item.to.clone())),
        Verdict::Investigate => Some(Reopened::Investigated),
        Verdict::Certify | Verdict::Except => ended.map(Reopened::Expired),
        _ => None,
    }
}

fn resolution(campaign: &Campaign, decision: &Decision<'_>) -> Resolution {
    let Decision { signed, item, verdict } = decision;
    Resolution {
        campaign: campaign.id.clone(),
        system: signed.review.system.clone(),
        item: item.id.clone(),
        grant: item.grant,
        subject: item.subject.clone(),
        tier: item.tier,
        verdict: *verdict,
        to: item.to.clone(),
        until: item.until,
        basis: Basis {
            path: signed.path.to_owned(),
            file: signed.digest,
            item: item.id.clone(),
            verdict: *verdict,
            signers: signed.signers.to_vec(),
            decided: Decided::ByPeople,
        },
    }
}
