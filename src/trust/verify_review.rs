//! Judging a review: what it was made for, who signed it, whether they may decide, and for whom that counts.

use super::{
    authority::DecidingPrincipal,
    open_campaign::{OpenCampaign, VotingSlot, decided},
    rejection::Rejection,
    stage_rejection::StageRejection,
    verified::Verified,
    verifier::{Verifier, VerifyOutcome},
};
use crate::{
    format::sshsig::Namespace,
    model::{
        PrincipalId, Stance, Tier, Verdict,
        file::{Delegation, Item, MissingField, Review},
    },
    store::{RepoPath, Unverified},
};
use std::collections::BTreeSet;

/// A review, and for whom each of its decisions counts.
pub(super) type ReviewWithSeats = (Review, Vec<VotingSlot>);

impl Verifier<'_> {
    /// Judges a review. One decision that may not be made refuses the file: its signers signed all of it.
    pub(super) fn review(
        &self,
        file: Unverified<Review>,
        opening: Option<&OpenCampaign>,
        delegations: &[Verified<Delegation>],
    ) -> Result<VerifyOutcome<ReviewWithSeats>, Rejection> {
        let review = file.value();
        self.check_repo(&review.repo)?;
        check_review_place(file.path(), review)?;
        let opening = check_campaign(review, opening)?;
        if file.signatures().is_empty() && decided(review).next().is_none() {
            return Ok(VerifyOutcome::Open);
        }
        let all: Vec<&PrincipalId> = std::iter::once(&review.reviewer).chain(&review.cosigners).collect();
        let allowed: Vec<&str> = all.iter().map(|id| id.as_str()).collect();
        let signers = self.signers(Namespace::Review, &file, &allowed)?;
        let mut seats = Vec::new();
        for item in decided(review) {
            self.check_complete(item)?;
            for signer in &all {
                self.check_self_review(opening, signer, item)?;
            }
        }
        for item in decided(review) {
            let claim =
                DecidingPrincipal { reviewer: &review.reviewer, system: &review.system, stage: review.stage(), item };
            let seat = opening.seat_of(claim, &review.cosigners, delegations)?;
            self.check_delegate_conflict(opening, claim, seat, delegations)?;
            self.check_reassignment(opening, claim, seat)?;
            seats.push(seat);
        }
        let named = signers.iter().any(|signer| signer.name == review.reviewer.as_str());
        if !named && !signers.is_empty() {
            return Ok(VerifyOutcome::Pending(Rejection::NotByReviewer(review.reviewer.to_string())));
        }
        let tier = decided(review).map(|item| item.tier).min().unwrap_or(Tier::T3);
        // A second look changes nothing by itself; a word between two who disagree does.
        let looks = !seats.is_empty() && seats.iter().all(|seat| *seat == VotingSlot::Look);
        let needed = if looks { 1 } else { self.trust.mandate().threshold(tier) };
        if signers.len() < needed {
            return Ok(VerifyOutcome::Pending(Rejection::Threshold { needed, found: signers.len(), tier: Some(tier) }));
        }
        self.check_merger_self_review(opening, review)?;
        Ok(VerifyOutcome::Accepted(self.verified(file, signers).map(|review| (review, seats))))
    }

    /// Nobody merges a decision by which they keep their own access. Git's names of authors are claims and are never looked
    /// at: this is known only of a merge that is signed with a key of the registry. That somebody merges what takes their
    /// access away harms nobody, and to refuse it would let them undo a decision by merging it. A merge is no signature: it
    /// counts for no threshold.
    fn check_merger_self_review(&self, opening: &OpenCampaign, review: &Review) -> Result<(), Rejection> {
        let Some(merger) = self.merger else { return Ok(()) };
        for item in decided(review).filter(|item| Stance::of(item.decision) == Stance::Accept) {
            for kinship in [self.kinship, &opening.kinship] {
                if let Some(tie) = kinship.tie(merger, &item.subject) {
                    let what = format!("{tie}, not even by merging it");
                    return Err(Rejection::SelfReview { signer: merger.to_string(), what, item: item.id.to_string() });
                }
            }
        }
        Ok(())
    }

    /// A decision has what it needs by the mandate's terms of review.
    fn check_complete(&self, item: &Item) -> Result<(), Rejection> {
        let lack = item.lacks_by(&self.trust.mandate().file().review_terms());
        let (Some(verdict), Some(lack)) = (item.decision, lack) else { return Ok(()) };
        let id = item.id.to_string();
        Err(match (lack, item.severity) {
            (MissingField::Exception, Some(severity)) => Rejection::AgainstPolicy { item: id, verdict, severity },
            _ => Rejection::DecisionIncomplete { item: id, verdict, needs: lack.as_str() },
        })
    }

    /// Nobody decides on their own access: not on what is theirs now, nor on what was when the campaign was opened. To hand
    /// an item on decides nothing about it, but to name who judges it instead does.
    fn check_self_review(&self, opening: &OpenCampaign, who: &PrincipalId, item: &Item) -> Result<(), Rejection> {
        if item.decision == Some(Verdict::Abstain) && item.to.is_none() {
            return Ok(());
        }
        for kinship in [self.kinship, &opening.kinship] {
            self.refuse_self_review(kinship, who.as_str(), &item.id, &item.subject)?;
        }
        Ok(())
    }

    /// Whoever decides for somebody decides neither on their own access nor on that of whom they stand for.
    fn check_delegate_conflict(
        &self,
        opening: &OpenCampaign,
        claim: DecidingPrincipal<'_>,
        seat: VotingSlot,
        delegations: &[Verified<Delegation>],
    ) -> Result<(), Rejection> {
        match opening.holder(seat) {
            Some(holder) if opening.is_delegate(claim, holder, delegations) => {
                self.check_self_review(opening, holder, claim.item)
            }
            _ => Ok(()),
        }
    }

    /// An item is handed on once, by who was asked, to somebody who can sign, stays until the campaign ends, has no answer to
    /// give already, and is not tied to it.
    fn check_reassignment(
        &self,
        opening: &OpenCampaign,
        claim: DecidingPrincipal<'_>,
        seat: VotingSlot,
    ) -> Result<(), Rejection> {
        let DecidingPrincipal { reviewer, stage, item, .. } = claim;
        let Some(to) = item.to.as_deref().filter(|_| item.decision == Some(Verdict::Abstain)) else { return Ok(()) };
        let refuse = |why| Err(StageRejection::HandedOn { item: item.id.to_string(), to: to.to_owned(), why }.into());
        let own = opening
            .asked_in(&item.id, stage)
            .any(|(index, asked)| asked == reviewer && seat == VotingSlot::Asked(index));
        if !own {
            return refuse("only who was asked hands an item on, and only once");
        }
        let before = opening.bound(&item.id).iter().find(|bound| (bound.stage, bound.seat) == (stage, seat));
        if before.is_some_and(|before| before.handed_on) {
            return refuse("it was handed on before, and that is done once");
        }
        let Some(next) = PrincipalId::parse(to).ok().filter(|next| self.can_sign(next)) else {
            return refuse("they have no active key in the registry");
        };
        if !self.kinship.is_active_until(&next, opening.campaign.closes_at) {
            return refuse("they have left, or leave before the campaign ends");
        }
        if opening.asked_in(&item.id, stage).any(|(_, asked)| *asked == next) {
            return refuse("they were asked themselves");
        }
        if [self.kinship, &opening.kinship].iter().any(|kinship| kinship.tie(&next, &item.subject).is_some()) {
            return refuse("they would review what is their own");
        }
        Ok(())
    }
}

fn check_review_place(path: &str, review: &Review) -> Result<(), Rejection> {
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
    Err(Rejection::Place { says, lies: path.to_owned() })
}

/// Returns whether `stem` is the reviewer's id, or that and `-2`, `-3`…
pub(super) fn is_part(stem: &str, reviewer: &str) -> bool {
    stem.strip_prefix(reviewer).is_some_and(|rest| {
        let number = rest.strip_prefix('-').and_then(|digits| digits.parse::<u32>().ok());
        rest.is_empty() || number.is_some_and(|number| number > 1 && rest == format!("-{number}"))
    })
}

fn check_campaign<'o>(review: &Review, opening: Option<&'o OpenCampaign>) -> Result<&'o OpenCampaign, Rejection> {
    let refuse = |expected| Err(Rejection::CampaignBinding { found: review.digest, expected });
    let Some(opening) = opening else {
        return refuse(format!("no campaign `{}` is open here", review.campaign));
    };
    if opening.campaign.digest() != review.digest {
        return refuse(format!("the campaign `{}` here is {}", review.campaign, opening.campaign.digest()));
    }
    let mut seen = BTreeSet::new();
    for item in &review.items {
        match opening.items.get(&item.id) {
            None => return Err(Rejection::ItemForeign(item.id.to_string())),
            Some(put) if !put.is(&review.system, item) => {
                return Err(Rejection::ItemAltered(item.id.to_string()));
            }
            Some(_) if !seen.insert(&item.id) => return Err(Rejection::DuplicateName(item.id.to_string())),
            Some(_) => {}
        }
    }
    Ok(opening)
}
