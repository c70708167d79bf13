//! Verifies reviews: campaign, signatures, authority of the signers, and attribution of decisions.

use crate::trust::error::TrustError;
use crate::trust::error::stage::StageError;
use crate::trust::verified::Verified;
use crate::trust::verify::authority::DecidingPrincipal;
use crate::trust::verify::open_campaign::{OpenCampaign, VotingSlot, bound_to, decided};
use crate::trust::verify::verifier::{Verifier, VerifyOutcome};
use crate::{
    format::sshsig::SignatureNamespace,
    model::{
        PrincipalId, ReviewResult, Tier, Verdict,
        file::{Delegation, Item, MissingField, Review, ReviewTerms},
    },
    store::{RepoPath, Unverified},
};
use std::collections::BTreeSet;

/// A review and the slot of each of its decisions.
pub(in crate::trust) type ReviewWithSlots = (Review, Vec<VotingSlot>);

impl Verifier<'_> {
    /// Verifies a review. One forbidden decision rejects the whole file, since its signers signed all of it.
    pub(in crate::trust) fn review(
        &self,
        file: Unverified<Review>,
        opening: Option<&OpenCampaign>,
        delegations: &[Verified<Delegation>],
    ) -> Result<VerifyOutcome<ReviewWithSlots>, TrustError> {
        let review = file.value();
        self.check_repo(&review.repo)?;
        check_review_place(file.path(), review)?;
        let opening = check_campaign(review, opening)?;
        if file.signatures().is_empty() && decided(review).next().is_none() {
            return Ok(VerifyOutcome::Open);
        }
        let all: Vec<&PrincipalId> = std::iter::once(&review.reviewer).chain(&review.cosigners).collect();
        let allowed: Vec<&str> = all.iter().map(|id| id.as_str()).collect();
        opening.check_cosigners(file.path(), review, delegations)?;
        let signers = self.signers(SignatureNamespace::Review, &file, &allowed)?;
        let mut slots = Vec::new();
        for item in decided(review) {
            check_decision(item, &self.trust.mandate().file().review_terms())?;
            for signer in &all {
                self.check_self_review(opening, signer, item)?;
            }
        }
        for item in decided(review) {
            let claim =
                DecidingPrincipal { reviewer: &review.reviewer, system: &review.system, stage: review.stage(), item };
            let slot = opening.authorize(claim, delegations)?;
            self.check_delegate_conflict(opening, claim, slot, delegations)?;
            self.check_reassignment(opening, claim, slot)?;
            slots.push(slot);
        }
        let named = signers.iter().any(|signer| signer.name == review.reviewer.as_str());
        if !named && !signers.is_empty() {
            return Ok(VerifyOutcome::Pending(TrustError::NotByReviewer(review.reviewer.to_string())));
        }
        let tier = decided(review).map(|item| item.tier).min().unwrap_or(Tier::T3);
        let needed = self.trust.mandate().threshold(tier);
        if signers.len() < needed {
            return Ok(VerifyOutcome::Pending(TrustError::Threshold {
                needed,
                found: signers.len(),
                tier: Some(tier),
            }));
        }
        if let Some(pair) = self.too_few_people(&[self.kinship, &opening.kinship], &signers, needed) {
            return Ok(VerifyOutcome::Pending(pair));
        }
        self.check_merger_self_review(opening, review)?;
        Ok(VerifyOutcome::Accepted(self.verified(file, signers).map(|review| (review, slots))))
    }

    /// Rejects a decision that keeps access of the principal who merged it. The merger is known only if a registered
    /// key signed the merge commit; author names in git are claims and are ignored. Merging the removal of one's own
    /// access is harmless, and rejecting it would let the principal undo a decision by merging it. A merge never counts
    /// as a signature.
    fn check_merger_self_review(&self, opening: &OpenCampaign, review: &Review) -> Result<(), TrustError> {
        let Some(merger) = self.merger else { return Ok(()) };
        for item in decided(review).filter(|item| ReviewResult::of(item.decision) == ReviewResult::Accept) {
            for kinship in [self.kinship, &opening.kinship] {
                if let Some(tie) = kinship.link(merger, &item.subject) {
                    let what = format!("{tie}, nor merge the decision");
                    return Err(TrustError::SelfReview { signer: merger.to_string(), what, item: item.id.to_string() });
                }
            }
        }
        Ok(())
    }

    /// Rejects self-review: decisions on access that belongs to a signer now or did at the opening of the campaign.
    /// Abstaining is permitted, but choosing the new reviewer is a decision.
    fn check_self_review(&self, opening: &OpenCampaign, who: &PrincipalId, item: &Item) -> Result<(), TrustError> {
        if item.decision == Some(Verdict::Abstain) && item.to.is_none() {
            return Ok(());
        }
        for kinship in [self.kinship, &opening.kinship] {
            self.reject_self_review(kinship, who.as_str(), &item.id, &item.subject)?;
        }
        match self.former.find(who, &item.subject, opening.since(&item.subject)) {
            None => Ok(()),
            Some(link) => {
                let what = format!("{link} until a merge since the last campaign");
                Err(TrustError::SelfReview { signer: who.to_string(), what, item: item.id.to_string() })
            }
        }
    }

    /// A delegate decides neither on their own access nor on that of the delegator.
    fn check_delegate_conflict(
        &self,
        opening: &OpenCampaign,
        claim: DecidingPrincipal<'_>,
        slot: VotingSlot,
        delegations: &[Verified<Delegation>],
    ) -> Result<(), TrustError> {
        match opening.holder(slot) {
            Some(holder) if opening.is_delegate(claim, holder, delegations) => {
                self.check_self_review(opening, holder, claim.item)
            }
            _ => Ok(()),
        }
    }

    /// Checks a reassignment: made once, by an assigned reviewer, to a principal who has a key, stays until the
    /// campaign ends, is not already assigned, and has no link to the access.
    fn check_reassignment(
        &self,
        opening: &OpenCampaign,
        claim: DecidingPrincipal<'_>,
        slot: VotingSlot,
    ) -> Result<(), TrustError> {
        let DecidingPrincipal { reviewer, stage, item, .. } = claim;
        let Some(to) = item.to.as_deref().filter(|_| item.decision == Some(Verdict::Abstain)) else { return Ok(()) };
        let refuse =
            |why| Err(StageError::ReassignmentInvalid { item: item.id.to_string(), to: to.to_owned(), why }.into());
        let own = opening
            .assigned_in(&item.id, stage)
            .any(|(index, assigned)| assigned == reviewer && slot == VotingSlot::Assigned(index));
        if !own {
            return refuse("only an assigned reviewer can reassign an item, and only once");
        }
        let before = opening.bound(&item.id).iter().find(|bound| (bound.stage, bound.slot) == (stage, slot));
        if before.is_some_and(|before| before.reassigned) {
            return refuse("the item was already reassigned once");
        }
        let Some(next) = PrincipalId::parse(to).ok().filter(|next| self.can_sign(next)) else {
            return refuse("they have no active key in the registry");
        };
        if !self.kinship.is_active_until(&next, opening.campaign.closes_at) {
            return refuse("they have left or leave before the campaign ends");
        }
        if opening.assigned_in(&item.id, stage).any(|(_, assigned)| *assigned == next) {
            return refuse("they are already assigned to this item");
        }
        if self.check_self_review(opening, &next, &Item { decision: None, ..item.clone() }).is_err() {
            return refuse("they would review their own access");
        }
        Ok(())
    }
}

impl OpenCampaign {
    /// Checks that the campaign assigned the cosigners of a review: its worklist names them; or, in a later file, a
    /// worklist of the same system and stage names them as reviewers or cosigners. Fallbacks of the campaign may always
    /// cosign, and delegates of the permitted principals.
    fn check_cosigners(
        &self,
        path: &str,
        review: &Review,
        delegations: &[Verified<Delegation>],
    ) -> Result<(), TrustError> {
        let own = self.cosigners.get(path);
        let folder = format!("{}/", path.rsplit_once('/').map_or("", |(folder, _)| folder));
        let beside = || {
            let lists = self.cosigners.range(folder.clone()..).take_while(|(other, _)| other.starts_with(&folder));
            lists.flat_map(|(_, names)| names)
        };
        let items = review.items.iter().filter(|item| item.decision.is_some());
        let assigned: BTreeSet<&PrincipalId> =
            items.flat_map(|item| self.assigned_in(&item.id, review.stage()).map(|(_, who)| who)).collect();
        let named = |who: &PrincipalId| match own {
            Some(own) => own.contains(who),
            None => assigned.contains(who) || beside().any(|other| other == who),
        };
        for cosigner in &review.cosigners {
            let lent = delegations.iter().any(|delegation| {
                delegation.to == *cosigner
                    && delegation.value().digest == self.campaign.digest()
                    && named(&delegation.from)
            });
            if !named(cosigner) && !self.campaign.definition.is_fallback(cosigner) && !lent {
                let names: BTreeSet<&str> = match own {
                    Some(own) => own.iter().map(PrincipalId::as_str).collect(),
                    None => beside().chain(assigned.iter().copied()).map(PrincipalId::as_str).collect(),
                };
                let names: Vec<&str> = names.into_iter().collect();
                let names = if names.is_empty() { "nobody".to_owned() } else { names.join(", ") };
                let why = format!("the campaign assigned {names}");
                return Err(TrustError::Cosigner { cosigner: cosigner.to_string(), why });
            }
        }
        Ok(())
    }
}

/// Checks a decision against the review requirements of the mandate.
///
/// # Errors
/// When something that the verdict needs is missing, or policy requires an exception.
pub fn check_decision(item: &Item, terms: &ReviewTerms) -> Result<(), TrustError> {
    let (Some(verdict), Some(lack)) = (item.decision, item.lacks_by(terms)) else { return Ok(()) };
    let id = item.id.to_string();
    Err(match (lack, item.severity) {
        (MissingField::Exception, Some(severity)) => TrustError::AgainstPolicy { item: id, verdict, severity },
        _ => TrustError::DecisionIncomplete { item: id, verdict, needs: lack.as_str() },
    })
}

fn check_review_place(path: &str, review: &Review) -> Result<(), TrustError> {
    let reviewer = review.reviewer.as_str();
    let fits = match RepoPath::of(path) {
        RepoPath::Review { campaign, system, stem } => {
            campaign == review.campaign && system == review.system && is_part(&stem, reviewer)
        }
        _ => false,
    };
    if fits {
        return Ok(());
    }
    let says = format!("campaigns/{}/reviews/{}/{reviewer}.toml", review.campaign, review.system);
    Err(TrustError::Place { says, lies: path.to_owned() })
}

/// Returns whether `stem` is the id of the reviewer, optionally followed by `-2`, `-3`, …
pub(in crate::trust) fn is_part(stem: &str, reviewer: &str) -> bool {
    stem.strip_prefix(reviewer).is_some_and(|rest| {
        let number = rest.strip_prefix('-').and_then(|digits| digits.parse::<u32>().ok());
        rest.is_empty() || number.is_some_and(|number| number > 1 && rest == format!("-{number}"))
    })
}

fn check_campaign<'o>(review: &Review, opening: Option<&'o OpenCampaign>) -> Result<&'o OpenCampaign, TrustError> {
    let opening = bound_to(review.campaign.as_str(), review.digest, opening)?;
    let mut seen = BTreeSet::new();
    for item in &review.items {
        match opening.items.get(&item.id) {
            None => return Err(TrustError::ItemNotInCampaign(item.id.to_string())),
            Some(put) if !put.is(&review.system, item) => {
                return Err(TrustError::ItemAltered(item.id.to_string()));
            }
            Some(_) if !seen.insert(&item.id) => return Err(TrustError::DuplicateName(item.id.to_string())),
            Some(_) => {}
        }
    }
    Ok(opening)
}
