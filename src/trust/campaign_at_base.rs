//! An open campaign at the base of a change, as far as the change needs it: what it put to whom when it was opened, which
//! of its stages were closed when, and what was decided before and after.
//!
//! Only so much of history is read as tells when the campaign was opened and its stages were closed. Decisions are judged
//! again for whom they count; that they were signed by whom they say, and not about their own, main saw when it took them.

use super::{
    conflicting_decisions::{contradicting, voting_slots},
    open_campaign::OpenCampaign,
    published_items::PublishedItems,
    rejection::Rejection,
    repository_state::RepositoryState,
    required_context::{RequiredContext, SignedReviewOnMain},
    second_review::SampleContext,
    stage_rejection::StageRejection,
    verified::Verified,
    verify_review::is_part,
};
use crate::{
    format::sshsig::Namespace,
    git::{GitError, Mode, ObjectId, Repository},
    model::{
        CampaignId, PrincipalId,
        file::{Campaign, Delegation, StageClose},
    },
    store::RepoPath,
};
use std::collections::{BTreeMap, BTreeSet};

/// The close of a stage, the commit that brought it, and the one before.
type Closed = (Verified<StageClose>, ObjectId, Option<ObjectId>);

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
        let Some(campaign) = self.taken::<Campaign>(repository, base, &path, Namespace::Campaign)? else {
            return Ok(());
        };
        self.accepted.insert(path.clone());
        let (opened, _) = self.introduced_by(repository, base, &path)?;
        let closes = self.closes(repository, base, &campaign)?;
        let Some(puts) = puts(repository, opened, id, wanted, closes.is_empty())? else { return Ok(()) };
        let mut opening = puts.open(campaign, self.kinship.clone());
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

    /// Returns the closes of stages that lie on main, in order, each with the commit that brought it and the one before.
    fn closes(
        &mut self,
        repository: &Repository,
        base: ObjectId,
        campaign: &Verified<Campaign>,
    ) -> Result<Vec<Closed>, GitError> {
        let mut closes = Vec::new();
        for stage in 1..=campaign.definition.stage_count() {
            let path = format!("campaigns/{}/stages/{stage}.toml", campaign.id);
            let taken = self.taken::<StageClose>(repository, base, &path, Namespace::StageClose)?;
            let Some(close) = taken.filter(|close| close.value().digest == campaign.digest()) else { break };
            let (commit, before) = self.introduced_by(repository, base, &path)?;
            self.accepted.insert(path);
            closes.push((close, commit, before));
        }
        Ok(closes)
    }

    /// Returns the reviews that are signed on main and hold an item that matters.
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

    /// Takes what was signed in the order of the stages: what was there before a stage was closed, then its close, and what
    /// came to an open end.
    fn replay(
        &self,
        repository: &Repository,
        base: ObjectId,
        opening: &mut OpenCampaign,
        mut signed: Vec<SignedReviewOnMain>,
        closes: Vec<Closed>,
    ) -> Result<(), GitError> {
        let cosigners: BTreeMap<String, Vec<PrincipalId>> =
            signed.iter().map(|one| (one.path.clone(), one.review.cosigners.clone())).collect();
        for (close, commit, before) in closes {
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
            let stale = close.silent.iter().any(|silent| {
                opening.items.contains_key(&silent.item) && !opening.tally(&silent.item, close.stage).is_silent()
            });
            if stale {
                break;
            }
            opening.closes.push(close);
            if let Some(trust) = &self.trust {
                let (kinship, registry) = (&*self.kinship, trust.registry());
                let cosigners = cosigners.iter().map(|(path, who)| (path.as_str(), who.as_slice())).collect();
                opening.draw_sample(&SampleContext { commit, kinship, registry, cosigners });
            }
        }
        self.bind_all(repository, base, opening, signed)
    }

    /// Binds what can be bound. Where all of it can, the order in which it lies there does not matter; else something came
    /// too late, or at once with what it contradicts, and the order in which it came to main is looked up.
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

    /// Binds what came at once, and what builds on it; returns whether nothing contradicts anything. That somebody's right to
    /// decide is not known here says nothing: not everybody's is read.
    fn bind_rounds(&self, opening: &mut OpenCampaign, mut signed: Vec<&SignedReviewOnMain>) -> bool {
        let mut whole = true;
        loop {
            let mut ready = Vec::new();
            let mut later = Vec::new();
            let mut unknown = true;
            for one in signed {
                match voting_slots(opening, &one.review, &self.delegations) {
                    Ok(seats) => ready.push((one, seats)),
                    Err(refusal) => {
                        unknown &= matches!(refusal, Rejection::Stage(StageRejection::Foreign { .. }));
                        later.push(one);
                    }
                }
            }
            if ready.is_empty() {
                return whole && unknown;
            }
            let all: Vec<_> = ready.iter().map(|(one, seats)| (one.path.as_str(), &one.review, seats)).collect();
            let torn: BTreeSet<&str> = contradicting(&all).into_iter().map(|(path, ..)| path).collect();
            whole &= torn.is_empty();
            for (one, seats) in ready.iter().filter(|(one, _)| !torn.contains(one.path.as_str())) {
                opening.bind(&one.path, one.digest, &one.review, seats);
            }
            signed = later;
        }
    }

    /// Takes the delegations that lie on main, signed by who delegates.
    pub(super) fn read_delegations(&mut self, repository: &Repository, base: ObjectId) -> Result<(), GitError> {
        let paths = self.held.keys().filter(|path| matches!(RepoPath::of(path), RepoPath::Delegation(_)));
        for path in paths.cloned().collect::<Vec<_>>() {
            let taken = self.taken::<Delegation>(repository, base, &path, Namespace::Delegation)?;
            if let Some(delegation) = taken.filter(|one| one.names() == [one.from.to_string()]) {
                self.accepted.insert(path);
                self.delegations.push(delegation);
            }
        }
        Ok(())
    }

    /// Returns the commit that brought a signed file of `base` to main, and the one before. What is signed stays, so that it
    /// is there from then on: a few looks back are enough, however long ago that was.
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

/// Returns what the stubs of a campaign put to whom, of the items that matter. What the touched files were when the campaign
/// was opened comes first, then the other stubs of those who decide in the change; either is enough where each of them was
/// asked about everything they decide. `first` says that no stage is closed yet.
fn puts(
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
                && file.mode == Mode::Plain
            {
                let own = wanted.reviewers.iter().any(|reviewer| is_part(&stem, reviewer.as_str()));
                let near = if wanted.paths.contains(&file.path) {
                    Relevance::Touched
                } else if own {
                    Relevance::Own
                } else {
                    Relevance::Other
                };
                stubs.push((near, file));
            }
        }
    }
    stubs.sort_by(|a, b| (a.0, &a.1.path).cmp(&(b.0, &b.1.path)));
    let mut puts = PublishedItems::default();
    let enough = first && !wanted.others && !wanted.whole && wanted.reviewers.len() == 1;
    let mut last = Relevance::Touched;
    for (near, file) in stubs {
        if near != last && enough && last != Relevance::Other && puts.has_all(&wanted.items) {
            break;
        }
        last = near;
        let Some(stub) = wanted.read(repository, &file.path, file.id)? else { continue };
        if puts.add(&stub.review).is_err() {
            return Ok(None);
        }
    }
    Ok(Some(puts))
}

/// How near a stub is to what a change decides.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Relevance {
    Touched,
    Own,
    Other,
}

/// Returns whom a review's name may name: `ana-2` is a second file of `ana`, or one of `ana-2`.
fn names(stem: &str) -> Vec<PrincipalId> {
    let whole = PrincipalId::parse(stem).ok();
    let part = stem.rsplit_once('-').filter(|(name, _)| is_part(stem, name));
    whole.into_iter().chain(part.and_then(|(name, _)| PrincipalId::parse(name).ok())).collect()
}
