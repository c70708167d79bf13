//! Judging one signed file by the trust state at the first parent of the merge that brought it.

use super::{
    kinship::Kinship,
    refusal::Refusal,
    registry::Registry,
    root,
    state::Trust,
    verified::{Signer, Verified, reference},
};
use crate::{
    format::sshsig::{Namespace, SshSignature},
    git::ObjectId,
    model::{
        CampaignId, Digest, ItemId, RepoId, Tier, Verdict,
        file::{Attestation, Campaign, Item, KeyState, Lack, Review, population},
        jcs,
    },
    store::{Place, SignatureFile, Unverified},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What a file is judged by.
pub(super) struct Bench<'a> {
    /// The trust state at the first parent.
    pub(super) trust: &'a Trust,
    /// The registry at the merge itself: what it revokes counts no more.
    pub(super) after: &'a Registry,
    /// Whose access is whose.
    pub(super) kinship: &'a Arc<Kinship>,
    /// The merge.
    pub(super) commit: ObjectId,
}

/// What becomes of a file that nothing speaks against.
#[derive(Debug)]
pub(super) enum Judged<T> {
    /// Enough have signed it.
    Accepted(Verified<T>),
    /// Nobody has signed it, and it decides nothing.
    Open,
    /// Whoever signed it may, and more are needed.
    Pending(Refusal),
}

/// A campaign with what it put to review.
#[derive(Clone, Debug)]
pub struct Opening {
    pub(super) campaign: Verified<Campaign>,
    pub(super) items: BTreeMap<ItemId, Digest>,
    /// Whose access was whose when it was opened: what is given away later is still one's own in this campaign.
    pub(super) kinship: Arc<Kinship>,
}

/// An item as a campaign puts it to review.
pub(super) struct Put {
    id: ItemId,
    grant: Digest,
    fixed: Digest,
}

impl Put {
    pub(super) fn of(item: &Item) -> Self {
        Self { id: item.id.clone(), grant: item.grant, fixed: fixed(item) }
    }
}

/// The decision in force on an item.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Bound {
    /// The file that decides it.
    pub path: String,
    /// The digest of that file.
    pub digest: Digest,
    /// What it decides.
    pub verdict: Verdict,
}

/// Which decision is in force on each item.
pub(super) type Bindings = BTreeMap<(CampaignId, ItemId), Bound>;

impl Opening {
    /// Returns the campaign.
    pub const fn campaign(&self) -> &Verified<Campaign> {
        &self.campaign
    }

    /// Returns the items that were put to review.
    pub fn items(&self) -> impl Iterator<Item = &ItemId> {
        self.items.keys()
    }
}

impl Bench<'_> {
    /// Judges a review.
    pub(super) fn review(
        &self,
        file: Unverified<Review>,
        opening: Option<&Opening>,
        bindings: &Bindings,
    ) -> Result<Judged<Review>, Refusal> {
        let review = file.value();
        self.check_repo(&review.repo)?;
        check_review_place(file.path(), review)?;
        check_campaign(review, opening)?;
        let decided: Vec<&Item> = review.items.iter().filter(|item| item.decision.is_some()).collect();
        if file.signatures().is_empty() && decided.is_empty() {
            return Ok(Judged::Open);
        }
        let allowed: Vec<&str> =
            std::iter::once(&review.reviewer).chain(&review.cosigners).map(|id| id.as_str()).collect();
        let signers = self.signers(Namespace::Review, &file, &allowed)?;
        for item in &decided {
            self.check_complete(item)?;
            for signer in &allowed {
                self.refuse_self_review(self.kinship, signer, &item.id, &item.subject, item.decision)?;
                let opened = opening.map_or(self.kinship, |opening| &opening.kinship);
                self.refuse_self_review(opened, signer, &item.id, &item.subject, item.decision)?;
            }
        }
        let named = signers.iter().any(|signer| signer.name == review.reviewer.as_str());
        if !named && !signers.is_empty() {
            return Ok(Judged::Pending(Refusal::NotByReviewer(review.reviewer.to_string())));
        }
        let tier = decided.iter().map(|item| item.tier).min().unwrap_or(Tier::T3);
        let needed = self.trust.mandate().threshold(tier);
        if signers.len() < needed {
            return Ok(Judged::Pending(Refusal::Threshold { needed, found: signers.len(), tier: Some(tier) }));
        }
        check_bindings(review, &decided, bindings)?;
        Ok(Judged::Accepted(self.verified(file, signers)))
    }

    /// Judges a campaign; `put` are the items of the reviews that came with it.
    pub(super) fn campaign(&self, file: Unverified<Campaign>, put: Vec<Put>) -> Result<Judged<Opening>, Refusal> {
        let campaign = file.value();
        self.check_repo(&campaign.repo)?;
        check_place(file.path(), &format!("campaigns/{}/campaign.toml", campaign.id))?;
        let group = &self.trust.mandate().file().campaign_group;
        let signers = self.group_signers(Namespace::Campaign, &file, group)?;
        if signers.is_empty() {
            return Ok(Judged::Pending(Refusal::Threshold { needed: 1, found: 0, tier: None }));
        }
        let (count, found) = (put.len() as u64, population(put.iter().map(|item| (&item.id, &item.grant))));
        let mut items: BTreeMap<ItemId, Digest> = BTreeMap::new();
        for item in put {
            if let Some(twin) = items.insert(item.id.clone(), item.fixed).map(|_| item.id) {
                return Err(Refusal::DuplicateName(twin.to_string()));
            }
        }
        if (count, found) != (campaign.items, campaign.population) {
            let expected = format!("{} items, {}", campaign.items, campaign.population);
            return Err(Refusal::Population { expected, found: format!("{count} items, {found}") });
        }
        let verified = self.verified(file, signers);
        let (path, digest, commit, registry) =
            (verified.path.clone(), verified.digest, verified.commit, verified.registry);
        let (signatures, signers) = (verified.signatures.clone(), verified.signers.clone());
        let value = Opening { campaign: verified, items, kinship: self.kinship.clone() };
        Ok(Judged::Accepted(Verified { value, path, digest, signatures, signers, commit, registry }))
    }

    /// Judges an attestation: signed by who did it and by another person who looked.
    pub(super) fn attestation(&self, file: Unverified<Attestation>) -> Result<Judged<Attestation>, Refusal> {
        let attestation = file.value();
        self.check_repo(&attestation.repo)?;
        check_place(file.path(), &format!("attestations/{}.toml", attestation.action))?;
        let (executor, witness) = (attestation.executor.as_str(), attestation.witness.as_str());
        if executor == witness {
            return Err(Refusal::DuplicateName(executor.to_owned()));
        }
        let signers = self.signers(Namespace::Attestation, &file, &[executor, witness])?;
        if signers.len() < 2 {
            return Ok(Judged::Pending(Refusal::Threshold { needed: 2, found: signers.len(), tier: None }));
        }
        Ok(Judged::Accepted(self.verified(file, signers)))
    }

    /// Verifies every signature beside a file. A principal counts once; one bad signature refuses the file.
    pub(super) fn signers<T>(
        &self,
        namespace: Namespace,
        file: &Unverified<T>,
        allowed: &[&str],
    ) -> Result<Vec<Signer>, Refusal> {
        let mut signers: BTreeMap<String, Signer> = BTreeMap::new();
        for signature in file.signatures() {
            let key = self.signature(namespace, file.bytes(), signature)?;
            if !allowed.contains(&signature.signer.as_str()) {
                return Err(Refusal::SignerNotNamed { signer: signature.signer.clone(), allowed: allowed.join(", ") });
            }
            signers.insert(signature.signer.clone(), Signer { name: signature.signer.clone(), key });
        }
        Ok(signers.into_values().collect())
    }

    fn group_signers<T>(
        &self,
        namespace: Namespace,
        file: &Unverified<T>,
        group: &str,
    ) -> Result<Vec<Signer>, Refusal> {
        let names: Vec<&str> = file.signatures().iter().map(|signature| signature.signer.as_str()).collect();
        let signers = self.signers(namespace, file, &names)?;
        match signers.iter().find(|signer| !self.trust.registry().is_in(&signer.name, group)) {
            Some(other) => Err(Refusal::NotInGroup { signer: other.name.clone(), group: group.to_owned() }),
            None => Ok(signers),
        }
    }

    /// Verifies one signature by the registry at the first parent, and returns its key.
    pub(super) fn signature(
        &self,
        namespace: Namespace,
        bytes: &[u8],
        file: &SignatureFile,
    ) -> Result<crate::format::keys::PublicKey, Refusal> {
        let registry = self.trust.registry();
        if registry.principal(&file.signer).is_none() {
            return Err(Refusal::SignerUnknown(file.signer.clone()));
        }
        let refuse = |error| Refusal::Signature { signer: file.signer.clone(), error };
        let key = SshSignature::parse(&file.bytes).map_err(refuse)?.key();
        let own: Vec<_> = registry.keys_of(&file.signer).map(|(key, _)| key).collect();
        root::verify(namespace, bytes, file, &own)?;
        let state = |registry: &Registry| registry.holder(&key).map(|(_, state, _)| state);
        let signer = file.signer.clone();
        match (state(registry), state(self.after)) {
            (Some(KeyState::Revoked), _) | (_, Some(KeyState::Revoked)) => {
                Err(Refusal::SignerKey { signer, state: "revoked" })
            }
            (Some(KeyState::Active), _) => Ok(key),
            _ => Err(Refusal::SignerKey { signer, state: "retired" }),
        }
    }

    pub(super) fn refuse_self_review(
        &self,
        kinship: &Kinship,
        signer: &str,
        item: &ItemId,
        subject: &str,
        verdict: Option<Verdict>,
    ) -> Result<(), Refusal> {
        // Handing an item on decides nothing about it.
        if verdict == Some(Verdict::Abstain) {
            return Ok(());
        }
        let principal = self.trust.registry().principal(signer);
        match principal.and_then(|principal| kinship.tie(&principal.id, subject)) {
            None => Ok(()),
            Some(tie) => {
                Err(Refusal::SelfReview { signer: signer.to_owned(), what: tie.to_string(), item: item.to_string() })
            }
        }
    }

    /// A decision has what it needs by the mandate's terms of review.
    fn check_complete(&self, item: &Item) -> Result<(), Refusal> {
        let lack = item.lacks_by(&self.trust.mandate().file().review_terms());
        let (Some(verdict), Some(lack)) = (item.decision, lack) else { return Ok(()) };
        let id = item.id.to_string();
        Err(match (lack, item.severity) {
            (Lack::Exception, Some(severity)) => Refusal::AgainstPolicy { item: id, verdict, severity },
            _ => Refusal::DecisionIncomplete { item: id, verdict, needs: lack.as_str() },
        })
    }

    pub(super) fn check_repo(&self, found: &RepoId) -> Result<(), Refusal> {
        let expected = self.trust.repo();
        if found == expected {
            return Ok(());
        }
        Err(Refusal::WrongRepository { found: found.to_string(), expected: expected.to_string() })
    }

    pub(super) fn verified<T>(&self, file: Unverified<T>, signers: Vec<Signer>) -> Verified<T> {
        let digest = file.digest();
        let signatures = file.signatures().iter().map(|s| (s.path.clone(), Digest::of(&s.bytes))).collect();
        let path = file.path().to_owned();
        let registry = self.trust.registry().file().version;
        Verified { value: file.into_value(), path, digest, signatures, signers, commit: self.commit, registry }
    }
}

/// Returns the digest of what a reviewer may not change: all of an item but the decision.
pub(super) fn fixed(item: &Item) -> Digest {
    let parts = (
        (&item.id, &item.grant, &item.subject, item.tier),
        (&item.facts, &item.recommend, item.severity, &item.principal, &item.entitlement),
    );
    // INVARIANT: strings, digests and enums always have a canonical form.
    jcs::digest(&parts).unwrap_or(Digest::ZERO)
}

pub(super) fn check_place(path: &str, says: &str) -> Result<(), Refusal> {
    if path == says {
        return Ok(());
    }
    Err(Refusal::Place { says: says.to_owned(), lies: path.to_owned() })
}

fn check_review_place(path: &str, review: &Review) -> Result<(), Refusal> {
    let reviewer = review.reviewer.as_str();
    let fits = match Place::of(path) {
        Place::Review { campaign, system, stem } => {
            campaign == review.campaign && system == review.system && is_part(&stem, reviewer)
        }
        _ => false,
    };
    if fits {
        return Ok(());
    }
    let says = format!("campaigns/{}/reviews/{}/{reviewer}.toml", review.campaign, review.system);
    Err(Refusal::Place { says, lies: path.to_owned() })
}

/// Returns whether `stem` is the reviewer's id, or that and `-2`, `-3`…
fn is_part(stem: &str, reviewer: &str) -> bool {
    stem.strip_prefix(reviewer).is_some_and(|rest| {
        let number = rest.strip_prefix('-').and_then(|digits| digits.parse::<u32>().ok());
        rest.is_empty() || number.is_some_and(|number| number > 1 && rest == format!("-{number}"))
    })
}

fn check_campaign(review: &Review, opening: Option<&Opening>) -> Result<(), Refusal> {
    let refuse = |expected| Err(Refusal::CampaignBinding { found: review.digest, expected });
    let Some(opening) = opening else {
        return refuse(format!("no campaign `{}` is open here", review.campaign));
    };
    if opening.campaign.digest() != review.digest {
        return refuse(format!("the campaign `{}` here is {}", review.campaign, opening.campaign.digest()));
    }
    let mut seen = BTreeSet::new();
    for item in &review.items {
        match opening.items.get(&item.id) {
            None => return Err(Refusal::ItemForeign(item.id.to_string())),
            Some(as_opened) if *as_opened != fixed(item) => return Err(Refusal::ItemAltered(item.id.to_string())),
            Some(_) if !seen.insert(&item.id) => return Err(Refusal::DuplicateName(item.id.to_string())),
            Some(_) => {}
        }
    }
    Ok(())
}

/// An item has one decision in force; another one takes its place only by naming it.
fn check_bindings(review: &Review, decided: &[&Item], bindings: &Bindings) -> Result<(), Refusal> {
    for item in decided {
        let bound = bindings.get(&(review.campaign.clone(), item.id.clone()));
        let in_force = bound.map(|bound| reference(&bound.path, bound.digest));
        match (&item.supersedes, in_force) {
            (None, None) => {}
            (Some(names), Some(in_force)) if *names == in_force => {}
            (None, Some(_)) => {
                let by = bound.map(|bound| bound.path.clone()).unwrap_or_default();
                return Err(Refusal::ItemBoundTwice { item: item.id.to_string(), by });
            }
            (Some(names), in_force) => {
                let in_force = in_force.unwrap_or_else(|| "no decision".to_owned());
                return Err(Refusal::StaleSupersedes { item: item.id.to_string(), names: names.clone(), in_force });
            }
        }
    }
    Ok(())
}
