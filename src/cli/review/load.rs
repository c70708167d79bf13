//! Loads a review session: the state of each file, the file for new decisions, and items that cannot be decided.

use super::{
    persist::signatures,
    review_file::{ReviewFile, ReviewFileOnDisk, ReviewFileState, altered},
    session::{SessionInput, UndecidableItem},
    stages::StageOverview,
};
use crate::{
    app::RepositorySession,
    campaign::folder,
    cli::CliError,
    format::blank_worklist::blank_item,
    model::{
        ItemId, PrincipalId, ReviewResult, Timestamp,
        file::{Item, Review, ReviewTerms},
    },
    store::{RepoPath, RepositorySnapshot},
    trust::{EffectiveDecision, OpenCampaign, VotingSlot, reference},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// The inputs of a session.
pub(super) struct SessionLoader<'a> {
    /// The repository.
    pub(super) session: &'a RepositorySession,
    /// The campaign.
    pub(super) opening: &'a OpenCampaign,
    /// The reviewer.
    pub(super) reviewer: &'a PrincipalId,
    /// The work tree.
    pub(super) tree: &'a Path,
    /// The requirements for decisions.
    pub(super) terms: ReviewTerms,
}

impl SessionLoader<'_> {
    /// Returns the review files and the constraints of their items.
    ///
    /// # Errors
    /// When the published campaign or the work tree cannot be read.
    pub(super) fn load(
        &self,
        found: &[ReviewFileOnDisk],
        now: Timestamp,
    ) -> Result<(Vec<ReviewFile>, SessionInput), CliError> {
        let stages = StageOverview::of(self.opening);
        let put = self.put_to_review(found)?;
        let mut review_files = Vec::new();
        for file in found {
            review_files.extend(self.review_file(file, &put, &stages)?);
        }
        let own = review_files.len();
        for lent in self.lent(found, now)? {
            let mut file = self.of(lent.path, lent.review, ReviewFileState::Lent, &stages);
            file.bar = file.bar.filter(|_| !lent.is_settlement);
            review_files.push(file);
        }
        self.open_settlements(&mut review_files, now);
        let mut bars = self.bars(&review_files, &put, &stages);
        // Delegated files are read as published, so they cannot be altered.
        for item in review_files.iter().skip(own).flat_map(|review_file| &review_file.review.items) {
            if bars.get(&item.id).is_some_and(|bar| bar.why.starts_with(ALTERED)) {
                bars.remove(&item.id);
            }
        }
        let in_force = self.in_force(&review_files);
        self.add_follow_up_files(&mut review_files);
        Ok((review_files, SessionInput { bars, in_force, terms: self.terms }))
    }

    /// Returns the items of these files as published by the campaign.
    fn put_to_review(&self, found: &[ReviewFileOnDisk]) -> Result<BTreeMap<ItemId, Vec<Item>>, CliError> {
        let opened = RepositorySnapshot::at(&self.session.repository, self.opening.campaign().commit());
        let wanted: BTreeSet<&ItemId> = found.iter().flat_map(|file| &file.review.items).map(|item| &item.id).collect();
        let mut put: BTreeMap<ItemId, Vec<Item>> = BTreeMap::new();
        for mine in [true, false] {
            // Usually the person's own files contain all items.
            if wanted.iter().all(|id| put.contains_key(*id)) {
                break;
            }
            let reviews = format!("{}/reviews", folder(&self.opening.campaign().value().id));
            for file in opened.list(&reviews)?.files {
                let RepoPath::Review { stem, .. } = RepoPath::of(&file.path) else { continue };
                if stem.starts_with(self.reviewer.as_str()) != mine {
                    continue;
                }
                let review: Review = opened.read(&file.path)?.into_value();
                for item in review.items.iter().filter(|item| wanted.contains(&item.id)) {
                    put.entry(item.id).or_default().push(blank_item(item));
                }
            }
        }
        Ok(put)
    }

    /// Returns the state of a file; `None` if another person must act first.
    fn review_file(
        &self,
        file: &ReviewFileOnDisk,
        put: &BTreeMap<ItemId, Vec<Item>>,
        stages: &StageOverview<'_>,
    ) -> Result<Option<ReviewFile>, CliError> {
        let signed = signatures(self.tree, &file.path)?;
        let has_signed = |name: &PrincipalId| signed.iter().any(|signer| signer == name.as_str());
        let mine = file.review.reviewer == *self.reviewer;
        let is_stub = file.review.items.iter().all(|item| put.contains_key(&item.id) && item.supersedes.is_none());
        let was_opened = || {
            let opened = RepositorySnapshot::at(&self.session.repository, self.opening.campaign().commit());
            opened.bytes(&file.path, MAX_REVIEW).is_ok_and(|bytes| bytes.is_some())
        };
        let standing = match (mine, signed.is_empty()) {
            (false, _) if has_signed(&file.review.reviewer) && !has_signed(self.reviewer) => ReviewFileState::ToCosign,
            (false, _) => return Ok(None),
            (true, false) => {
                let merged = self.session.governed.reviews().iter().any(|review| review.path() == file.path);
                ReviewFileState::Signed { reference: reference(&file.path, file.digest), merged }
            }
            (true, true) if is_stub && was_opened() => ReviewFileState::Open,
            (true, true) => ReviewFileState::Next,
        };
        Ok(Some(self.of(file.path.clone(), file.review.clone(), standing, stages)))
    }

    fn of(&self, path: String, review: Review, standing: ReviewFileState, stages: &StageOverview<'_>) -> ReviewFile {
        let due = stages.due(review.stage()).unwrap_or(self.opening.campaign().value().closes_at);
        let bar = stages.progress_bar(review.stage());
        ReviewFile { path, review, standing, due, bar, next: None }
    }

    /// Opens the files of this person with items that they decide as a fallback after the close of the stage, and takes
    /// these items out of their files in that stage, which stay closed.
    fn open_settlements(&self, review_files: &mut [ReviewFile], now: Timestamp) {
        let items = self.fallback_items(now);
        let late = |stage: u32, item: &Item| stage <= self.opening.closed() && items.contains(&(stage, item.id));
        for file in review_files.iter_mut().filter(|file| file.bar.is_some()) {
            let stage = file.review.stage();
            if file.standing == ReviewFileState::Open
                || matches!(file.standing, ReviewFileState::Signed { merged: true, .. })
            {
                file.review.items.retain(|item| !late(stage, item));
            } else if !file.review.items.is_empty() && file.review.items.iter().all(|item| late(stage, item)) {
                file.bar = None;
            }
        }
    }

    /// Adds files for decisions after signing or for other reviewers, where they do not exist yet.
    fn add_follow_up_files(&self, review_files: &mut Vec<ReviewFile>) {
        for place in 0..review_files.len() {
            let Some(review_file) = review_files.get(place) else { continue };
            if !matches!(review_file.standing, ReviewFileState::Lent | ReviewFileState::Signed { .. })
                || review_file.bar.is_some()
            {
                continue;
            }
            let head = self.head(&review_file.review);
            let (due, beside) = (review_file.due, review_file.path.clone());
            let mut next = review_files.iter().position(|other| other.takes(&head));
            if next.is_none()
                && let Some(path) = self.free(&beside, review_files)
            {
                next = Some(review_files.len());
                review_files.push(ReviewFile {
                    path,
                    review: head,
                    standing: ReviewFileState::Next,
                    due,
                    bar: None,
                    next: None,
                });
            }
            if let Some(review_file) = review_files.get_mut(place) {
                review_file.next = next;
            }
        }
    }

    /// Returns the header of a file of this person for decisions on the items of another file.
    fn head(&self, review: &Review) -> Review {
        let mut cosigners = review.cosigners.clone();
        if review.stage() <= self.opening.closed() && !cosigners.is_empty() {
            // The other fallback is asked too; the cosigners of the closed stage need not answer any more.
            let others = |item: &Item| self.opening.settlers(&item.id).into_iter().find(|one| *one != self.reviewer);
            let other: BTreeSet<_> = review.items.iter().map(others).collect();
            if let [Some(other)] = other.into_iter().collect::<Vec<_>>().as_slice() {
                cosigners = vec![(*other).clone()];
            }
        }
        if review.reviewer != *self.reviewer {
            cosigners.retain(|name| name != self.reviewer);
            // If two signatures are required, the assigned reviewer is the second signer.
            if cosigners.len() < review.cosigners.len() {
                cosigners.push(review.reviewer.clone());
            }
        }
        Review { reviewer: self.reviewer.clone(), cosigners, items: Vec::new(), ..review.clone() }
    }

    /// Returns the path of the next file of this person in the same folder.
    fn free(&self, beside: &str, review_files: &[ReviewFile]) -> Option<String> {
        let folder = beside.rsplit_once('/').map_or("", |(folder, _)| folder);
        let stems =
            std::iter::once(self.reviewer.to_string()).chain((2_u32..).map(|n| format!("{}-{n}", self.reviewer)));
        let mut paths = stems.map(|stem| format!("{folder}/{stem}.toml"));
        paths.find(|path| {
            !self.tree.join(path).exists() && review_files.iter().all(|review_file| review_file.path != *path)
        })
    }

    /// Returns the reference to the decision in force, by stage and item.
    fn in_force(&self, review_files: &[ReviewFile]) -> BTreeMap<(u32, ItemId), String> {
        let mut in_force = BTreeMap::new();
        for review_file in review_files {
            let (stage, holder) = (review_file.review.stage(), &review_file.review.reviewer);
            let slot = self.opening.reviewers().iter().position(|name| name == holder);
            let slot = slot.and_then(|slot| u32::try_from(slot).ok()).map(VotingSlot::Assigned);
            for item in &review_file.review.items {
                if stage <= self.opening.closed() {
                    let settlement = self.opening.settlement(&item.id);
                    in_force.extend(settlement.map(|settled| ((stage, item.id), settled.reference())));
                    continue;
                }
                let bound = self.opening.bound(&item.id).iter().filter(|bound| bound.stage == stage);
                let fallback = self.opening.campaign().definition.is_fallback(self.reviewer);
                let own = |bound: &&EffectiveDecision| Some(bound.slot) == slot || bound.by == *self.reviewer;
                let undecided = |bound: &&EffectiveDecision| {
                    fallback && ReviewResult::of(Some(bound.verdict)) == ReviewResult::NotDecided
                };
                let bound: Vec<_> = bound.collect();
                if let Some(bound) = bound.iter().copied().find(own).or_else(|| bound.iter().copied().find(undecided)) {
                    in_force.insert((stage, item.id), bound.reference());
                }
            }
        }
        in_force
    }

    /// Returns the items that the person cannot decide, with reasons.
    fn bars(
        &self,
        review_files: &[ReviewFile],
        put: &BTreeMap<ItemId, Vec<Item>>,
        stages: &StageOverview<'_>,
    ) -> BTreeMap<ItemId, UndecidableItem> {
        let mut bars = BTreeMap::new();
        for review_file in review_files {
            for id in altered(&review_file.review, put) {
                let why = format!("{ALTERED}: git checkout origin/main -- {}", review_file.path);
                bars.insert(*id, UndecidableItem { why, may_abstain: false });
            }
            for item in &review_file.review.items {
                if let Some(why) = stages.bar_of(&item.id, review_file.review.stage()) {
                    bars.entry(item.id).or_insert(UndecidableItem { why, may_abstain: false });
                }
                if let Some(tie) = self.session.governed.kinship().link(self.reviewer, &item.subject) {
                    let why = format!("you cannot review {tie}: press `a` to abstain, and leave `to` empty");
                    bars.entry(item.id).or_insert(UndecidableItem { why, may_abstain: true });
                }
            }
        }
        bars
    }
}

const ALTERED: &str = "the item differs from the one published when the campaign opened";
const MAX_REVIEW: u64 = 256 * 1024;
