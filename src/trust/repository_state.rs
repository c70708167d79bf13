//! What a governed repository amounts to at a commit: whom to believe, what they decided, and all that was refused.

use super::{
    open_campaign::{EffectiveDecision, OpenCampaign, Openings, VotingSlot},
    ownership::OwnershipIndex,
    rejection::Rejection,
    trust_state::{PartialTrust, Trust},
    verified::Verified,
};
use crate::{
    format::sshsig::Namespace,
    git::{GitError, ObjectId, Repository},
    model::{
        CampaignId, Digest, Finding, ItemId, Severity,
        file::{Attestation, Campaign, Delegation, Exception, Principals, Proof, Review},
    },
    store::Snapshot,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What a governed repository amounts to at a commit, as its first-parent history up to there tells.
///
/// It is grown commit by commit, so that going on costs what changed: keep it and [`RepositoryState::advance`].
#[derive(Clone, Debug)]
pub struct RepositoryState {
    pub(super) pin: Digest,
    pub(super) head: Option<ObjectId>,
    pub(super) line: BTreeSet<ObjectId>,
    pub(super) partial: PartialTrust,
    pub(super) trust: Option<Arc<Trust>>,
    pub(super) people: BTreeMap<String, Arc<Principals>>,
    pub(super) kinship: Arc<OwnershipIndex>,
    /// Signed kinds of files and signatures that lie in the tree, by path.
    pub(super) files: BTreeMap<String, ObjectId>,
    /// Those among them that must stay as they are.
    pub(super) held: BTreeMap<String, (ObjectId, Namespace)>,
    pub(super) accepted: BTreeSet<String>,
    /// The reviews that came with the campaign of the merge being judged and decide nothing, without their items, by path.
    pub(super) blank: BTreeMap<String, (ObjectId, Review)>,
    pub(super) openings: Openings,
    /// The campaign whose worklists are kept as they are read.
    keep: Option<CampaignId>,
    pub(super) worklists: Vec<(String, Review)>,
    pub(super) delegations: Vec<Verified<Delegation>>,
    pub(super) reviews: Vec<Verified<Review>>,
    /// For whom the decisions of each review count.
    pub(super) seats: Vec<Vec<VotingSlot>>,
    pub(super) exceptions: Vec<Verified<Exception>>,
    pub(super) proofs: Vec<Verified<Proof>>,
    pub(super) attestations: Vec<Verified<Attestation>>,
    pub(super) found: Vec<RejectedFile>,
}

/// Something that was refused.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RejectedFile {
    /// The commit on main that brought it.
    pub commit: ObjectId,
    /// The path it is about.
    pub path: String,
    /// Why it is refused.
    pub refusal: Rejection,
    /// Whether it still is so at the head; a file that was put in order later leaves a finding that no longer stands.
    pub standing: bool,
}

impl RejectedFile {
    /// Returns it as a finding.
    pub fn finding(&self) -> Finding {
        let commit = self.commit.to_string();
        let short = commit.get(..12).unwrap_or(&commit);
        let since = if self.standing { "" } else { ", in order since" };
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
    /// Walks the first-parent history of `head` from its beginning. `pin` is the digest of `trust/root/1.toml`, known from
    /// outside the repository.
    ///
    /// # Errors
    /// When git cannot give the history. What is wrong in it is found, not an error.
    pub fn walk(repository: &Repository, pin: Digest, head: ObjectId) -> Result<Self, GitError> {
        Self::walk_for(repository, pin, head, None)
    }

    /// As [`Self::walk`], and keeps the worklists of one campaign, which are read on the way and are most of what there is:
    /// [`Self::take_worklists`].
    ///
    /// # Errors
    /// As [`Self::walk`].
    pub fn walk_for(
        repository: &Repository,
        pin: Digest,
        head: ObjectId,
        keep: Option<&CampaignId>,
    ) -> Result<Self, GitError> {
        let mut governed = Self { keep: keep.cloned(), ..Self::empty(pin) };
        for commit in repository.first_parents(None, head)? {
            governed.step(repository, commit)?;
        }
        Ok(governed)
    }

    /// Goes on to a later head, at the cost of what changed since.
    ///
    /// # Errors
    /// [`GitError::NotOnLine`] when `head` does not come from the commit this one stands at; else when git cannot give
    /// the history. After an error it stands wherever it got to.
    pub fn advance(&mut self, repository: &Repository, head: ObjectId) -> Result<(), GitError> {
        for commit in repository.first_parents(self.head, head)? {
            self.step(repository, commit)?;
        }
        Ok(())
    }

    pub(super) fn empty(pin: Digest) -> Self {
        Self {
            pin,
            head: None,
            line: BTreeSet::new(),
            partial: PartialTrust::default(),
            trust: None,
            people: BTreeMap::new(),
            kinship: Arc::default(),
            files: BTreeMap::new(),
            held: BTreeMap::new(),
            accepted: BTreeSet::new(),
            blank: BTreeMap::new(),
            openings: Openings::new(),
            keep: None,
            worklists: Vec::new(),
            delegations: Vec::new(),
            reviews: Vec::new(),
            seats: Vec::new(),
            exceptions: Vec::new(),
            proofs: Vec::new(),
            attestations: Vec::new(),
            found: Vec::new(),
        }
    }

    /// Returns the commit it stands at.
    pub const fn head(&self) -> Option<ObjectId> {
        self.head
    }

    /// Returns the trust state at the head; nothing when there is none that the pin leads to.
    pub fn trust(&self) -> Option<&Trust> {
        self.trust.as_deref()
    }

    /// Returns whose access is whose at the head.
    pub fn kinship(&self) -> &OwnershipIndex {
        &self.kinship
    }

    /// Returns the worklists of the campaign that this was walked for, as they were when its owners had signed it, sorted by
    /// path; none the second time.
    pub fn take_worklists(&mut self) -> Vec<(String, Review)> {
        std::mem::take(&mut self.worklists)
    }

    pub(super) fn keeps(&self, campaign: &CampaignId) -> bool {
        self.keep.as_ref() == Some(campaign)
    }

    /// Returns the open and past campaigns by id.
    pub const fn openings(&self) -> &BTreeMap<CampaignId, OpenCampaign> {
        &self.openings
    }

    /// Returns a campaign that its owners signed.
    pub fn campaign(&self, id: &CampaignId) -> Option<&Verified<Campaign>> {
        self.openings.get(id).map(OpenCampaign::campaign)
    }

    /// Returns all verified reviews in the order in which main took them up; within one merge by path.
    pub fn reviews(&self) -> &[Verified<Review>] {
        &self.reviews
    }

    /// Returns all verified exceptions in the order in which main took them up.
    pub fn exceptions(&self) -> &[Verified<Exception>] {
        &self.exceptions
    }

    /// Returns all verified attestations in the order in which main took them up.
    pub fn attestations(&self) -> &[Verified<Attestation>] {
        &self.attestations
    }

    /// Returns the verified reviews of a campaign in the order in which main took them up, each with the seats that its
    /// decisions count for, in the order of its decided items.
    pub fn answers(&self, campaign: &CampaignId) -> impl Iterator<Item = (&Verified<Review>, &[VotingSlot])> {
        let all = self.reviews.iter().zip(self.seats.iter().map(Vec::as_slice));
        let campaign = campaign.clone();
        all.filter(move |(review, _)| review.campaign == campaign)
    }

    /// Returns all verified delegations in the order in which main took them up.
    pub fn delegations(&self) -> &[Verified<Delegation>] {
        &self.delegations
    }

    /// Returns the decisions in force on an item, by stage and seat.
    pub fn bound(&self, campaign: &CampaignId, item: &ItemId) -> &[EffectiveDecision] {
        self.openings.get(campaign).map(|opening| opening.bound(item)).unwrap_or_default()
    }

    /// Returns whether `commit` is on the first-parent line: a head that main once had must be, or main was rolled back,
    /// reset, or merged the wrong way round.
    pub fn is_on_main(&self, commit: ObjectId) -> bool {
        self.line.contains(&commit)
    }

    /// Returns the finding that `before`, which was the head of main, is not on its line any more.
    pub fn check_not_rolled_back(&self, before: ObjectId) -> Option<Finding> {
        let commit = self.head.unwrap_or(before);
        let refusal = Rejection::MainRolledBack(before.to_string());
        let found = RejectedFile { commit, path: "main".to_owned(), refusal, standing: true };
        (!self.is_on_main(before)).then(|| found.finding())
    }

    /// Returns all that was ever refused, in the order it came, whether it still stands or not.
    pub fn found(&self) -> &[RejectedFile] {
        &self.found
    }

    /// Returns the findings that still stand at the head, sorted.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings: Vec<_> =
            self.found.iter().filter(|found| found.standing).map(RejectedFile::finding).collect();
        findings.sort();
        findings
    }

    /// Returns the findings that stand and take away the ground under everything else: while there is one, nothing may be
    /// enforced.
    pub fn blocking(&self) -> Vec<Finding> {
        self.findings().into_iter().filter(|finding| finding.severity == Severity::Critical).collect()
    }
}

/// Returns the digest of the first root of trust at a commit. It is a pin only for somebody who has compared it with what
/// they were told from outside.
///
/// # Errors
/// When git cannot give it.
pub fn first_root(repository: &Repository, commit: ObjectId) -> Result<Option<Digest>, crate::store::StoreError> {
    let bytes = Snapshot::at(repository, commit).bytes("trust/root/1.toml", MAX_ROOT)?;
    Ok(bytes.map(Digest::of))
}

const MAX_ROOT: u64 = 256 * 1024;
