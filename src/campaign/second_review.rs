//! The second look, for what is decided: agreement changes nothing, disagreement holds an item until a third person decides.

use super::{ReopenReason, Resolution, ResolutionSummary, WorklistFile, aggregate::reopens, folder};
use crate::{
    model::{
        Finding, ItemId, PrincipalId, Severity, SystemId, Tier, Timestamp,
        action::{ActionBasis, DecisionOrigin},
        file::{Item, Review, Thresholds},
    },
    trust::{EffectiveDecision, OpenCampaign, Verified},
};
use std::collections::{BTreeMap, BTreeSet};

/// Holds against what the stages came to what those say who looked again: no side is picked.
pub(super) fn apply_second_reviews(
    resolved: &mut ResolutionSummary,
    opening: &OpenCampaign,
    reviews: &BTreeMap<&str, &Verified<Review>>,
    now: Timestamp,
) {
    let decided = std::mem::take(&mut resolved.decided);
    for resolution in decided {
        let item = resolution.item;
        let Some(lookers) = opening.second_reviewers(&item) else {
            resolved.decided.push(resolution);
            continue;
        };
        match (opening.second_review(&item), opening.tie_breaker(&item)) {
            (None, _) => {
                resolved.looks.insert(item, lookers.first().cloned());
                resolved.decided.push(resolution);
            }
            (Some(_), _) if !opening.is_disputed(&item) => resolved.decided.push(resolution),
            (Some(look), third) => match third.and_then(|third| said(third, &item, reviews)) {
                Some((review, own)) => match reopens(own, now) {
                    Some(why) => drop(resolved.open.insert(item, why)),
                    None => resolved.decided.push(tie_break(resolution, review, own)),
                },
                None => {
                    resolved.findings.push(differs(&resolution, look, opening));
                    resolved.open.insert(item, ReopenReason::Disputed);
                }
            },
        }
    }
    resolved.findings.sort();
}

fn said<'r>(
    bound: &EffectiveDecision,
    item: &ItemId,
    reviews: &BTreeMap<&str, &'r Verified<Review>>,
) -> Option<(&'r Verified<Review>, &'r Item)> {
    let review = *reviews.get(&*bound.path)?;
    Some((review, review.value().items.iter().find(|own| own.id == *item)?))
}

fn tie_break(resolution: Resolution, review: &Verified<Review>, own: &Item) -> Resolution {
    let verdict = own.decision.unwrap_or(resolution.verdict);
    let basis = ActionBasis {
        path: review.path().to_owned(),
        file: review.digest(),
        item: resolution.item,
        verdict,
        signers: review.names(),
        decided: DecisionOrigin::ByPeople,
    };
    Resolution { verdict, to: own.to.clone(), until: own.until, basis, ..resolution }
}

fn differs(resolution: &Resolution, look: &EffectiveDecision, opening: &OpenCampaign) -> Finding {
    let Resolution { item, verdict, campaign, basis, .. } = resolution;
    let message = format!(
        "{verdict} by {} in {}, and {} by {}, who looked at it again without knowing that",
        basis.signers.join(" and "),
        basis.path,
        look.verdict,
        look.by
    );
    let between = opening.second_reviewers(item).unwrap_or_default().iter().find(|who| **who != look.by);
    let help = match between {
        Some(who) => format!("{who} decides between them: `tenure campaign look {campaign}` writes the file"),
        None => format!("`{}` decides anew in a new review file, naming {} in `supersedes`", look.by, look.reference()),
    };
    Finding {
        severity: Severity::High,
        code: "second-look-disagrees",
        subject: format!("{}#{item}", look.path),
        message,
        help,
    }
}

/// Returns the review files of the second look that nobody has begun: one for each who is asked, with nothing decided in
/// them and nothing of what was; and for those who judge between two. `is_free` says whether a path is, and `begun` what
/// stands in files already, with who has it.
pub fn second_look(
    opening: &OpenCampaign,
    sheets: &[WorklistFile],
    thresholds: &Thresholds,
    begun: &BTreeSet<(ItemId, PrincipalId)>,
    is_free: impl Fn(&str) -> bool,
) -> Vec<WorklistFile> {
    type Pile<'a> = BTreeMap<(SystemId, PrincipalId, Vec<PrincipalId>), Vec<(&'a Review, &'a Item)>>;
    let mut stubs: BTreeMap<&ItemId, (&Review, &Item)> = BTreeMap::new();
    for sheet in sheets {
        for item in &sheet.review.items {
            stubs.entry(&item.id).or_insert((&sheet.review, item));
        }
    }
    let mut piles: Pile<'_> = BTreeMap::new();
    for item in opening.sampled_items() {
        let (Some(lookers), Some((review, stub))) = (opening.second_reviewers(item), stubs.get(item)) else { continue };
        let who = match (opening.second_review(item), opening.tie_breaker(item)) {
            (None, _) => lookers.first(),
            (Some(look), None) if opening.is_disputed(item) => lookers.iter().find(|who| **who != look.by),
            _ => None,
        };
        let Some(who) = who.filter(|who| !begun.contains(&(*item, (*who).clone()))) else { continue };
        let look = opening.second_review(item).map(|look| &look.by);
        // A look is one person's; a word between two is a decision like any other.
        let signers = if look.is_some() { super::assignment::signers(thresholds, stub.tier) } else { 1 };
        let others = lookers.iter().filter(|other| *other != who && Some(*other) != look);
        let mut cosigners: Vec<_> = others.take(signers - 1).cloned().collect();
        cosigners.sort();
        piles.entry((review.system.clone(), who.clone(), cosigners)).or_default().push((review, stub));
    }
    let stage = opening.campaign().value().definition.stage_count() + 1;
    let mut written: Vec<WorklistFile> = Vec::new();
    for ((system, reviewer, cosigners), mut items) in piles {
        items.sort_by(|(_, a), (_, b)| {
            (a.tier, a.severity.is_none(), &a.subject, &a.id).cmp(&(b.tier, b.severity.is_none(), &b.subject, &b.id))
        });
        let most = if items.first().is_some_and(|(_, item)| item.tier <= Tier::T1) { 25 } else { 75 };
        for page in items.chunks(most) {
            let Some((head, _)) = page.first() else { continue };
            let stems =
                std::iter::once(reviewer.to_string()).chain((2_u32..).map(|number| format!("{reviewer}-{number}")));
            let mut paths =
                stems.map(|stem| format!("{}/reviews/{system}/{stem}.toml", folder(&opening.campaign().id)));
            let Some(path) = paths.find(|path| is_free(path) && written.iter().all(|sheet| sheet.path != *path)) else {
                continue;
            };
            let review = Review {
                reviewer: reviewer.clone(),
                cosigners: cosigners.clone(),
                stage: Some(stage),
                items: page.iter().map(|(_, item)| (*item).clone()).collect(),
                ..(*head).clone()
            };
            written.push(WorklistFile { path, review });
        }
    }
    written
}
