//! Detects conflicting decisions introduced by the same merge, and rejects all of them.

use super::merge_context::{MergeContext, is_retryable, unverified, verifier};
use super::signed_files::MAX_FILE;
use crate::trust::error::TrustError;
use crate::trust::state::RepositoryState;
use crate::trust::verify::open_campaign::{VotingSlot, decided};
use crate::trust::verify::verifier::VerifyOutcome;
use crate::{
    git::{GitError, Repository},
    model::{CampaignId, ItemId, PrincipalId, file::Review},
    store::RepoPath,
};
use std::collections::{BTreeMap, BTreeSet};

/// The effect of other files of the same merge on a review.
#[derive(Clone, Debug)]
pub(in crate::trust) enum MergeConflict {
    /// Another review decides the same slot: neither counts.
    Against(TrustError),
    /// The review builds on another one and is verified after it.
    Later(TrustError),
}

impl RepositoryState {
    /// Returns the reviews of a merge that cannot be verified independently. Only reviews that decide the same item in
    /// the same stage are compared.
    pub(super) fn conflicts_within_merge(
        &self,
        repository: &Repository,
        on: MergeContext<'_>,
        waiting: &[(u32, &String)],
    ) -> Result<BTreeMap<String, MergeConflict>, GitError> {
        let mut found = BTreeMap::new();
        let rivals = self.overlapping_reviews(repository, waiting)?;
        let Some(trust) = on.before.filter(|_| !rivals.is_empty()) else { return Ok(found) };
        let verifier = verifier(trust, self.trust.as_deref(), (&self.kinship, &self.former), on);
        let mut judged = Vec::new();
        for (path, (review, bytes)) in rivals {
            let signatures = self.signatures(repository, &path)?;
            let opening = self.openings.get(&review.campaign);
            let file = unverified::<Review>(&path, bytes, signatures);
            match file.and_then(|file| verifier.review(file, opening, &self.delegations)) {
                Ok(VerifyOutcome::Accepted(assigned)) => judged.push((path, review, assigned.value().1.clone())),
                Err(refusal) if is_retryable(&refusal) => drop(found.insert(path, MergeConflict::Later(refusal))),
                Ok(_) | Err(_) => {}
            }
        }
        let judged: Vec<_> = judged.iter().map(|(path, review, slots)| (path.as_str(), review, slots)).collect();
        for (path, item, by) in contradicting(&judged) {
            let refusal = TrustError::DuplicateDecision { item: item.to_string(), by: by.to_owned() };
            found.insert(path.to_owned(), MergeConflict::Against(refusal));
        }
        Ok(found)
    }

    /// Returns the signed reviews of a merge that decide the same item in the same stage as another review.
    fn overlapping_reviews(
        &self,
        repository: &Repository,
        waiting: &[(u32, &String)],
    ) -> Result<BTreeMap<String, (Review, Vec<u8>)>, GitError> {
        let signed = waiting.iter().map(|(_, path)| *path).filter(|path| {
            matches!(RepoPath::of(path), RepoPath::Review { .. })
                && !self.accepted.contains(*path)
                && self.signature_paths(path).next().is_some()
        });
        let signed: Vec<&String> = signed.collect();
        let mut reviews = BTreeMap::new();
        if signed.len() < 2 {
            return Ok(reviews);
        }
        for path in signed {
            let Some(blob) = self.files.get(path) else { continue };
            let Ok(bytes) = repository.blob(*blob, MAX_FILE) else { continue };
            if let Ok(review) = crate::format::codec::parse::<Review>(path, &bytes) {
                reviews.insert(path.clone(), (review, bytes));
            }
        }
        let mut places: BTreeMap<(CampaignId, u32, ItemId), Vec<String>> = BTreeMap::new();
        for (path, (review, _)) in &reviews {
            for item in decided(review) {
                let place = (review.campaign.clone(), review.stage(), item.id);
                places.entry(place).or_default().push(path.clone());
            }
        }
        let rivals: BTreeSet<String> = places.into_values().filter(|paths| paths.len() > 1).flatten().collect();
        reviews.retain(|path, _| rivals.contains(path));
        Ok(reviews)
    }
}

/// Returns the files that decide the same slot, or for the same person, as another file; each with one such item and
/// the other file.
fn contradicting<'a>(judged: &[(&'a str, &'a Review, &'a Vec<VotingSlot>)]) -> Vec<(&'a str, &'a ItemId, &'a str)> {
    type Question<'a> = (&'a CampaignId, u32, &'a ItemId);
    let mut slots: BTreeMap<(Question<'a>, VotingSlot), BTreeSet<&'a str>> = BTreeMap::new();
    let mut people: BTreeMap<(Question<'a>, &'a PrincipalId), BTreeSet<&'a str>> = BTreeMap::new();
    for (path, review, own) in judged {
        for (item, slot) in decided(review).zip(own.iter()) {
            let question = (&review.campaign, review.stage(), &item.id);
            slots.entry((question, *slot)).or_default().insert(path);
            people.entry((question, &review.reviewer)).or_default().insert(path);
        }
    }
    let slots = slots.into_iter().map(|((question, _), paths)| (question.2, paths));
    let people = people.into_iter().map(|((question, _), paths)| (question.2, paths));
    let mut found = BTreeMap::new();
    for (item, paths) in slots.chain(people).filter(|(_, paths)| paths.len() > 1) {
        for path in &paths {
            let other = paths.iter().find(|other| *other != path).copied().unwrap_or_default();
            found.entry(*path).or_insert((item, other));
        }
    }
    found.into_iter().map(|(path, (item, other))| (path, item, other)).collect()
}
