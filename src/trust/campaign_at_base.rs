//! An open campaign at the base of a change, as far as the change needs it: published worklists, closed stages, and
//! decisions before and after each close.
//!
//! History is read only to find when the campaign was opened and its stages were closed. Decisions are attributed
//! again; their signatures and self-review were verified when main accepted them.

use super::{
    conflicting_decisions::{contradicting, voting_slots},
    error::TrustError,
    open_campaign::OpenCampaign,
    published_items::PublishedItems,
    repository_state::RepositoryState,
    required_context::{RequiredContext, SignedReviewOnMain},
    stage_error::StageError,
    verified::Verified,
    verify_review::is_part,
};
use crate::{
    format::sshsig::SignatureNamespace,
    git::{FileMode, GitError, ObjectId, Repository},
    model::{
        CampaignId, PrincipalId,
        file::{Campaign, Delegation, StageClose},
    },
    store::RepoPath,
};
use std::collections::{BTreeMap, BTreeSet};

/// A stage close, and the last commit before it.
type AcceptedClose = (Verified<StageClose>, Option<ObjectId>);

impl RepositoryState {
    /// Reads an open campaign at `base`.
    pub(super) fn read_campaign(
        &mut self,
        repository: &Repository,
        base: ObjectId,
        id: &CampaignId,
        wanted: &RequiredContext,
    ) -> Result<(), GitError> {
        let path = format!("campaigns/{id}/campaign.toml");
        let Some(campaign) = self.taken::<Campaign>(repository, base, &path, SignatureNamespace::Campaign)? else {
            return Ok(());
        };
        self.accepted.insert(path.clone());
        let (opened, _) = self.introduced_by(repository, base, &path)?;
        let closes = self.closes(repository, base, &campaign)?;
        let Some(published) = published_items(repository, opened, id, wanted, closes.is_empty())? else {
            return Ok(());
        };
        let mut opening = published.open(campaign, self.kinship.clone());
        if wanted.everybody {
            let stems = repository.list(opened, &format!("campaigns/{id}/reviews"))?.files.into_iter();
            let stems = stems.filter_map(|file| match RepoPath::of(&file.path) {
                RepoPath::Review { stem, .. } => Some(stem),
                _ => None,
            });
            opening.reviewers.extend(stems.flat_map(|stem| names(&stem)));
        }
        let signed = self.signed(repository, id, wanted)?;
        self.accepted.extend(signed.iter().map(|review| review.path.clone()));
        if wanted.whole {
            self.line.extend(repository.first_parents(None, base)?);
        }
        self.replay(repository, base, &mut opening, signed, closes)?;
        self.openings.insert(id.clone(), opening);
        Ok(())
    }

    /// Returns the stage closes on main, in order, each with the commit that introduced it and the previous commit.
    fn closes(
        &mut self,
        repository: &Repository,
        base: ObjectId,
        campaign: &Verified<Campaign>,
    ) -> Result<Vec<AcceptedClose>, GitError> {
        let mut closes = Vec::new();
        for stage in 1..=campaign.definition.stage_count() {
            let path = format!("campaigns/{}/stages/{stage}.toml", campaign.id);
            let taken = self.taken::<StageClose>(repository, base, &path, SignatureNamespace::StageClose)?;
            let Some(close) = taken.filter(|close| close.value().digest == campaign.digest()) else { break };
            let (_, before) = self.introduced_by(repository, base, &path)?;
            self.accepted.insert(path);
            closes.push((close, before));
        }
        Ok(closes)
    }

    /// Returns the signed reviews on main that contain a relevant item.
    fn signed(
        &self,
        repository: &Repository,
        id: &CampaignId,
        wanted: &RequiredContext,
    ) -> Result<Vec<SignedReviewOnMain>, GitError> {
        let prefix = format!("campaigns/{id}/reviews/");
        let mut signed = Vec::new();
        for (path, blob) in self.files.range(prefix.clone()..).take_while(|(path, _)| path.starts_with(&prefix)) {
            if matches!(RepoPath::of(path), RepoPath::Review { .. }) && self.held.contains_key(path) {
                signed.extend(wanted.read(repository, path, *blob)?);
            }
        }
        Ok(signed)
    }

    /// Replays signed files in stage order: for each stage its reviews, then its close; at the end the reviews of the
    /// open stage.
    fn replay(
        &self,
        repository: &Repository,
        base: ObjectId,
        opening: &mut OpenCampaign,
        mut signed: Vec<SignedReviewOnMain>,
        closes: Vec<AcceptedClose>,
    ) -> Result<(), GitError> {
        for (close, before) in closes {
            let in_time = |one: &SignedReviewOnMain| -> Result<bool, GitError> {
                let Some(before) = before.filter(|_| one.review.stage() == close.stage) else { return Ok(false) };
                Ok(repository.file(before, &one.path)?.is_some_and(|file| self.files.get(&one.path) == Some(&file.id)))
            };
            let mut timely = Vec::new();
            let mut rest = Vec::new();
            for one in signed {
                if in_time(&one)? { timely.push(one) } else { rest.push(one) }
            }
            self.bind_all(repository, base, opening, timely)?;
            signed = rest;
            let stale = close.no_response.iter().any(|silent| {
                opening.items.contains_key(&silent.item) && !opening.tally(&silent.item, close.stage).is_unanswered()
            });
            if stale {
                break;
            }
            opening.closes.push(close);
        }
        self.bind_all(repository, base, opening, signed)
    }

    /// Records the decisions that can be recorded. If all can, their order does not matter; otherwise some were late or
    /// conflict, and their order on main is read from history.
    fn bind_all(
        &self,
        repository: &Repository,
        base: ObjectId,
        opening: &mut OpenCampaign,
        signed: Vec<SignedReviewOnMain>,
    ) -> Result<(), GitError> {
        let before = opening.bound.clone();
        if self.bind_rounds(opening, signed.iter().collect()) {
            return Ok(());
        }
        opening.bound = before;
        let line = repository.first_parents(None, base)?;
        let mut merges: BTreeMap<usize, Vec<&SignedReviewOnMain>> = BTreeMap::new();
        for one in &signed {
            let (arrived, _) = self.introduced_by(repository, base, &one.path)?;
            let place = line.iter().position(|commit| *commit == arrived).unwrap_or(line.len());
            merges.entry(place).or_default().push(one);
        }
        for merge in merges.into_values() {
            self.bind_rounds(opening, merge);
        }
        Ok(())
    }

    /// Records decisions of one merge and those that build on them; returns whether there are no conflicts. Missing
    /// authority is ignored here, since not all worklists are read.
    fn bind_rounds(&self, opening: &mut OpenCampaign, mut signed: Vec<&SignedReviewOnMain>) -> bool {
        let mut whole = true;
        loop {
            let mut ready = Vec::new();
            let mut later = Vec::new();
            let mut unknown = true;
            for one in signed {
                match voting_slots(opening, &one.review, &self.delegations) {
                    Ok(slots) => ready.push((one, slots)),
                    Err(refusal) => {
                        unknown &= matches!(refusal, TrustError::Stage(StageError::Foreign { .. }));
                        later.push(one);
                    }
                }
            }
            if ready.is_empty() {
                return whole && unknown;
            }
            let all: Vec<_> = ready.iter().map(|(one, slots)| (one.path.as_str(), &one.review, slots)).collect();
            let torn: BTreeSet<&str> = contradicting(&all).into_iter().map(|(path, ..)| path).collect();
            whole &= torn.is_empty();
            for (one, slots) in ready.iter().filter(|(one, _)| !torn.contains(one.path.as_str())) {
                opening.record_decisions(&one.path, one.digest, &one.review, slots);
            }
            signed = later;
        }
    }

    /// Adds the delegations on main that are signed by their delegators.
    pub(super) fn read_delegations(&mut self, repository: &Repository, base: ObjectId) -> Result<(), GitError> {
        let paths = self.held.keys().filter(|path| matches!(RepoPath::of(path), RepoPath::Delegation(_)));
        for path in paths.cloned().collect::<Vec<_>>() {
            let taken = self.taken::<Delegation>(repository, base, &path, SignatureNamespace::Delegation)?;
            if let Some(delegation) = taken.filter(|one| one.names() == [one.from.to_string()]) {
                self.accepted.insert(path);
                self.delegations.push(delegation);
            }
        }
        Ok(())
    }

    /// Returns the commit that introduced a signed file of `base` to main, and the previous commit. Signed files are
    /// never removed, so a binary search finds it.
    fn introduced_by(
        &self,
        repository: &Repository,
        base: ObjectId,
        path: &str,
    ) -> Result<(ObjectId, Option<ObjectId>), GitError> {
        let blob = self.files.get(path);
        let signatures: Vec<(&String, &ObjectId)> =
            self.signature_paths(path).map(|(_, path, blob)| (path, blob)).collect();
        let is_there = |commit: ObjectId| -> Result<bool, GitError> {
            if repository.file(commit, path)?.map(|file| file.id).as_ref() != blob {
                return Ok(false);
            }
            for (path, blob) in &signatures {
                if repository.file(commit, path)?.is_some_and(|file| file.id == **blob) {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        let mut line = vec![base];
        let (mut there, mut reach) = (0, 1);
        let gone = loop {
            while let Some(last) = line.last().filter(|_| line.len() <= reach) {
                let Some(parent) = repository.parents(*last)?.first().copied() else { break };
                line.push(parent);
            }
            match line.get(reach) {
                None => break line.len(),
                Some(commit) if !is_there(*commit)? => break reach,
                Some(_) => (there, reach) = (reach, reach * 2),
            }
        };
        let mut gone = gone;
        while there + 1 < gone {
            let middle = usize::midpoint(there, gone);
            match line.get(middle) {
                Some(commit) if is_there(*commit)? => there = middle,
                _ => gone = middle,
            }
        }
        Ok((line.get(there).copied().unwrap_or(base), line.get(there + 1).copied()))
    }
}

/// Returns the assignments of the relevant items by the worklists of a campaign. The touched files as of the opening
/// come first, then the other worklists of the deciding principals; either suffices if it assigns everything that they
/// decide. `first` is true if no stage is closed yet.
fn published_items(
    repository: &Repository,
    opened: ObjectId,
    id: &CampaignId,
    wanted: &RequiredContext,
    first: bool,
) -> Result<Option<PublishedItems>, GitError> {
    let mut stubs = Vec::new();
    for folder in wanted.reviews(id) {
        for file in repository.list(opened, &folder)?.files {
            if let RepoPath::Review { stem, .. } = RepoPath::of(&file.path)
                && file.mode == FileMode::Plain
            {
                let own = wanted.reviewers.iter().any(|reviewer| is_part(&stem, reviewer.as_str()));
                let near = if wanted.paths.contains(&file.path) {
                    StubRelevance::Touched
                } else if own {
                    StubRelevance::Own
                } else {
                    StubRelevance::Other
                };
                stubs.push((near, file));
            }
        }
    }
    stubs.sort_by(|a, b| (a.0, &a.1.path).cmp(&(b.0, &b.1.path)));
    let mut published = PublishedItems::default();
    let enough = first && !wanted.others && !wanted.whole && wanted.reviewers.len() == 1;
    let mut last = StubRelevance::Touched;
    for (near, file) in stubs {
        if near != last && enough && last != StubRelevance::Other && published.has_all(&wanted.items) {
            break;
        }
        last = near;
        let Some(stub) = wanted.read(repository, &file.path, file.id)? else { continue };
        if published.add(&stub.review).is_err() {
            return Ok(None);
        }
    }
    Ok(Some(published))
}

/// The relevance of a worklist to the decisions of a change.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum StubRelevance {
    Touched,
    Own,
    Other,
}

/// Returns the reviewers that a file name may refer to: `ana-2` is a second file of `ana`, or a file of `ana-2`.
fn names(stem: &str) -> Vec<PrincipalId> {
    let whole = PrincipalId::parse(stem).ok();
    let part = stem.rsplit_once('-').filter(|(name, _)| is_part(stem, name));
    whole.into_iter().chain(part.and_then(|(name, _)| PrincipalId::parse(name).ok())).collect()
}
