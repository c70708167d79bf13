//! Verified state of a governed repository at a commit: trust, decisions, and rejected files.

pub(in crate::trust) mod cache;
mod conflicting_decisions;
mod merge;
mod merge_context;
mod signed_files;
mod stored;
mod stored_items;
mod trust_updates;
mod walk;

use crate::trust::error::TrustError;
use crate::trust::identity::former_links::{FormerLinks, FormerOwnership};
use crate::trust::identity::ownership::OwnershipIndex;
use crate::trust::keys::trust_state::{PartialTrust, TrustState};
use crate::trust::verified::Verified;
use crate::trust::verify::no_response::check_silent;
use crate::trust::verify::open_campaign::{EffectiveDecision, OpenCampaign, OpenCampaigns, VotingSlot};
use crate::{
    diag::{Diagnostic, Diagnostics},
    format::sshsig::SignatureNamespace,
    git::{GitError, ObjectId, Repository},
    model::{
        CampaignId, Digest, Finding, ItemId, SystemId,
        file::{Attestation, Campaign, Delegation, Exception, Principals, Proof, Review, StageClose, System},
    },
    store::{RepoPath, RepositorySnapshot},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The verified state of a governed repository at a commit, computed from its first-parent history.
///
/// It advances commit by commit, so that the cost follows the change: see [`RepositoryState::advance`].
#[derive(Clone, Debug)]
pub struct RepositoryState {
    pin: Digest,
    head: Option<ObjectId>,
    line: BTreeSet<ObjectId>,
    partial: PartialTrust,
    trust: Option<Arc<TrustState>>,
    people: BTreeMap<String, Arc<Principals>>,
    kinship: Arc<OwnershipIndex>,
    former: Arc<FormerLinks>,
    /// The number of the merge of the newest campaign on each system.
    last_openings: BTreeMap<SystemId, u64>,
    /// Files of signed kinds and signatures in the tree, by path.
    files: BTreeMap<String, ObjectId>,
    /// The immutable ones among them.
    held: BTreeMap<String, (ObjectId, SignatureNamespace)>,
    accepted: BTreeSet<String>,
    /// The undecided reviews of the campaign that the current merge opens, without their items, by path.
    blank: BTreeMap<String, (ObjectId, Review)>,
    openings: OpenCampaigns,
    delegations: Vec<Verified<Delegation>>,
    reviews: Vec<Verified<Review>>,
    /// The slots to which the decisions of each review are attributed.
    slots: Vec<Vec<VotingSlot>>,
    exceptions: Vec<Verified<Exception>>,
    proofs: Vec<Verified<Proof>>,
    attestations: Vec<Verified<Attestation>>,
    /// The signed versions of each system, in order.
    systems: BTreeMap<SystemId, Vec<Verified<System>>>,
    found: Vec<RejectedFile>,
}

/// A rejected file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RejectedFile {
    /// The commit on main that introduced it.
    pub commit: ObjectId,
    /// The path.
    pub path: String,
    /// The rejection.
    pub refusal: TrustError,
    /// Whether the rejection still applies at the head; it does not if the file was corrected later.
    pub standing: bool,
}

impl RejectedFile {
    /// Returns whether it is an immutable file that was edited, renamed or deleted.
    pub fn is_changed_file(&self) -> bool {
        matches!(self.refusal.code(), "signed-file-deleted" | "signed-file-edited" | "signed-file-renamed")
    }

    /// Returns the rejection as problems of the file.
    pub fn diagnostics(&self) -> Diagnostics {
        match &self.refusal {
            TrustError::Form(problems) => (**problems).clone(),
            other => {
                Diagnostic::error(other.code(), other.to_string()).in_file(self.path.as_str()).help(other.help()).into()
            }
        }
    }

    /// Returns the rejection as a finding.
    pub fn finding(&self) -> Finding {
        let commit = self.commit.to_string();
        let short = commit.get(..12).unwrap_or(&commit);
        let since = if self.standing { "" } else { ", corrected since" };
        Finding {
            severity: self.refusal.severity(),
            code: self.refusal.code(),
            subject: self.path.clone(),
            message: format!("{} (commit {short}{since})", self.refusal),
            help: self.refusal.help().to_owned(),
        }
    }
}

impl RepositoryState {
    /// Walks the first-parent history of `head` from its beginning. `pin` is the digest of `trust/root/1.toml`, given
    /// from outside the repository.
    ///
    /// # Errors
    /// When git cannot read the history. Problems in it are findings, not errors.
    pub fn walk(repository: &Repository, pin: Digest, head: ObjectId) -> Result<Self, GitError> {
        let mut state = Self::empty(pin);
        state.advance(repository, head)?;
        Ok(state)
    }

    /// Advances to a later head, at the cost of the changes since.
    ///
    /// # Errors
    /// [`GitError::NotOnLine`] when `head` does not descend from the current commit; otherwise when git cannot read the
    /// history. After an error the state is at the last commit that was processed.
    pub fn advance(&mut self, repository: &Repository, head: ObjectId) -> Result<(), GitError> {
        for commit in repository.first_parents(self.head, head)? {
            self.step(repository, commit)?;
        }
        Ok(())
    }

    pub(in crate::trust) fn empty(pin: Digest) -> Self {
        Self {
            pin,
            head: None,
            line: BTreeSet::new(),
            partial: PartialTrust::default(),
            trust: None,
            people: BTreeMap::new(),
            kinship: Arc::default(),
            former: Arc::default(),
            last_openings: BTreeMap::new(),
            files: BTreeMap::new(),
            held: BTreeMap::new(),
            accepted: BTreeSet::new(),
            blank: BTreeMap::new(),
            openings: OpenCampaigns::new(),
            delegations: Vec::new(),
            reviews: Vec::new(),
            slots: Vec::new(),
            exceptions: Vec::new(),
            proofs: Vec::new(),
            attestations: Vec::new(),
            systems: BTreeMap::new(),
            found: Vec::new(),
        }
    }

    /// Returns the root pin.
    pub const fn pin(&self) -> Digest {
        self.pin
    }

    /// Returns the commit of this state.
    pub const fn head(&self) -> Option<ObjectId> {
        self.head
    }

    /// Returns the trust state at the head; `None` if no valid one matches the pin.
    pub fn trust(&self) -> Option<&TrustState> {
        self.trust.as_deref()
    }

    /// Returns the ownership of access at the head.
    pub fn kinship(&self) -> &OwnershipIndex {
        &self.kinship
    }

    /// Returns the removed links that count as self-review in a campaign that is opened now.
    pub fn former_ownership(&self) -> FormerOwnership<'_> {
        FormerOwnership { links: &self.former, last_openings: &self.last_openings }
    }

    /// Returns the texts of root, registry and mandate in force.
    fn trust_texts(&self, repository: &Repository) -> Option<[Option<String>; 3]> {
        let PartialTrust { root, registry, mandate } = &self.partial;
        let paths = [
            root.as_ref().map(|root| format!("trust/root/{}.toml", root.file().version)),
            registry.as_ref().map(|registry| format!("trust/registry/{}.toml", registry.file().version)),
            mandate.as_ref().map(|mandate| format!("trust/mandate/{}.toml", mandate.file().version)),
        ];
        let read = |path: &Option<String>| match path {
            None => Some(None),
            Some(path) => {
                let (blob, _) = self.held.get(path)?;
                String::from_utf8(repository.blob(*blob, MAX_ROOT).ok()?).ok().map(Some)
            }
        };
        let [root, registry, mandate] = &paths;
        Some([read(root)?, read(registry)?, read(mandate)?])
    }

    /// Returns open and past campaigns by id.
    pub const fn openings(&self) -> &BTreeMap<CampaignId, OpenCampaign> {
        &self.openings
    }

    /// Returns a campaign signed by its owners.
    pub fn campaign(&self, id: &CampaignId) -> Option<&Verified<Campaign>> {
        self.openings.get(id).map(OpenCampaign::campaign)
    }

    /// Returns all verified reviews in merge order; within one merge by path.
    pub fn reviews(&self) -> &[Verified<Review>] {
        &self.reviews
    }

    /// Returns all verified exceptions in merge order.
    pub fn exceptions(&self) -> &[Verified<Exception>] {
        &self.exceptions
    }

    /// Returns all verified proofs of compensating controls, in merge order.
    pub fn proofs(&self) -> &[Verified<Proof>] {
        &self.proofs
    }

    /// Returns the stage close, of any campaign, after which an item may remain only by an exception.
    pub fn unanswered(&self, item: &ItemId) -> Option<&Verified<StageClose>> {
        self.openings.values().find_map(|opening| opening.unanswered(item))
    }

    /// Checks an exception for an item without a response against the no-response terms.
    ///
    /// # Errors
    /// When it lasts too long, or was renewed too often.
    pub fn check_silence(&self, exception: &Exception) -> Result<(), TrustError> {
        let unanswered = self.unanswered(&exception.item).filter(|_| exception.lower_tier_to.is_none());
        match (unanswered, &self.trust) {
            (Some(close), Some(trust)) => {
                check_silent(exception, close, &trust.mandate().file().no_response_terms(), &self.exceptions)
            }
            _ => Ok(()),
        }
    }

    /// Returns the campaign of an item.
    pub(in crate::trust) fn opening_of(&self, item: &ItemId) -> Option<&OpenCampaign> {
        self.openings.values().find(|opening| opening.put(item).is_some())
    }

    /// Returns all verified attestations in merge order.
    pub fn attestations(&self) -> &[Verified<Attestation>] {
        &self.attestations
    }

    /// Returns the verified reviews of a campaign in merge order, each with the slots of its decisions, in the order of
    /// its decided items.
    pub fn answers(&self, campaign: &CampaignId) -> impl Iterator<Item = (&Verified<Review>, &[VotingSlot])> {
        let all = self.reviews.iter().zip(self.slots.iter().map(Vec::as_slice));
        let campaign = campaign.clone();
        all.filter(move |(review, _)| review.campaign == campaign)
    }

    /// Returns the state without these reviews and stage closes, and without what rests on such a close: decisions of
    /// later stages, and of fallbacks after it.
    #[must_use]
    pub fn without(&self, excluded: &BTreeSet<&str>) -> Self {
        let mut state = self.clone();
        for opening in state.openings.values_mut() {
            let kept = opening.closes.iter().take_while(|close| !excluded.contains(close.path())).count();
            opening.closes.truncate(kept);
            opening.bound.clear();
        }
        let (reviews, slots) = (std::mem::take(&mut state.reviews), std::mem::take(&mut state.slots));
        for (review, slots) in reviews.into_iter().zip(slots) {
            let Some(opening) = state.openings.get_mut(&review.campaign) else { continue };
            let all = self.openings.get(&review.campaign).map_or(0, OpenCampaign::closed);
            let rests = review.stage() > opening.closed() + 1
                || (opening.closed() < all && review.stage() <= all && slots.contains(&VotingSlot::Fallback));
            if excluded.contains(review.path()) || rests {
                continue;
            }
            opening.record_decisions(review.path(), review.digest(), &review, &slots);
            state.reviews.push(review);
            state.slots.push(slots);
        }
        state
    }

    /// Returns all verified delegations in merge order.
    pub fn delegations(&self) -> &[Verified<Delegation>] {
        &self.delegations
    }

    /// Returns the decisions in force on an item, by stage and slot.
    pub fn bound(&self, campaign: &CampaignId, item: &ItemId) -> &[EffectiveDecision] {
        self.openings.get(campaign).map(|opening| opening.bound(item)).unwrap_or_default()
    }

    /// Returns whether `commit` is on the first-parent line. If a former head of main is not, main was rolled back,
    /// reset, or merged in the wrong direction.
    pub fn is_on_main(&self, commit: ObjectId) -> bool {
        self.line.contains(&commit)
    }

    /// Returns the finding that the former head `before` is no longer on the line of main.
    pub fn check_not_rolled_back(&self, before: ObjectId) -> Option<Finding> {
        let commit = self.head.unwrap_or(before);
        let refusal = TrustError::MainRolledBack(before.to_string());
        let found = RejectedFile { commit, path: "main".to_owned(), refusal, standing: true };
        (!self.is_on_main(before)).then(|| found.finding())
    }

    /// Returns all rejections in history order, including resolved ones.
    pub fn rejections(&self) -> &[RejectedFile] {
        &self.found
    }

    /// Returns the findings that apply at the head, sorted.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings: Vec<_> = self.standing().map(RejectedFile::finding).collect();
        findings.sort();
        findings
    }

    /// Returns the findings at the head that block all commands that rely on trust: another root than the pinned one, a
    /// main that was rolled back, changed files of the trust chain, and a `governance.toml` of another repository, which
    /// decides where the evidence is. Any other rejected file holds back only what
    /// rests on it: it is not in force, see also [`Self::suspended_campaigns`].
    pub fn blocking(&self) -> Vec<Finding> {
        let blocks = |found: &&RejectedFile| match found.refusal.code() {
            "main-rolled-back" | "root-pin-mismatch" => true,
            "wrong-repository" => RepoPath::of(&found.path) == RepoPath::Governance,
            _ => found.is_changed_file() && RepoPath::of(&found.path).is_trust(),
        };
        let mut findings: Vec<_> = self.standing().filter(blocks).map(RejectedFile::finding).collect();
        findings.sort();
        findings
    }

    /// Returns the campaigns of which a signed file was changed or removed on main, each with the file. Their decisions
    /// are not enforced until the file is restored.
    pub fn suspended_campaigns(&self) -> BTreeMap<CampaignId, String> {
        let changed = self.standing().filter(|found| found.is_changed_file());
        changed
            .filter_map(|found| {
                let folder = found.path.strip_prefix("campaigns/")?.split('/').next()?;
                Some((CampaignId::parse(folder).ok()?, found.path.clone()))
            })
            .collect()
    }

    /// Returns the signed versions of each system, in order. The last one is in force.
    pub const fn systems(&self) -> &BTreeMap<SystemId, Vec<Verified<System>>> {
        &self.systems
    }

    /// Returns the rejections that apply at the head to files below `systems/`.
    pub fn rejected_systems(&self) -> impl Iterator<Item = &RejectedFile> {
        self.standing().filter(|found| found.path.starts_with("systems/"))
    }

    fn standing(&self) -> impl Iterator<Item = &RejectedFile> {
        self.found.iter().filter(|found| found.standing)
    }
}

/// Returns the digest of the first root of trust at a commit. It serves as a pin only after comparison with a value
/// from outside the repository.
///
/// # Errors
/// When git cannot read it.
pub fn first_root(repository: &Repository, commit: ObjectId) -> Result<Option<Digest>, crate::store::StoreError> {
    let bytes = RepositorySnapshot::at(repository, commit).bytes("trust/root/1.toml", MAX_ROOT)?;
    Ok(bytes.map(Digest::of))
}

const MAX_ROOT: u64 = 256 * 1024;
