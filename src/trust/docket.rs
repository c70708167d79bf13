//! What one merge puts before the judge, in which order, and what is kept of the judgement.

use super::{
    governed::Governed,
    judge::{Bench, Bound, Judged, Put},
    keep::{MAX_FILE, too_large},
    refusal::Refusal,
    registry::Registry,
    state::Trust,
    verified::Verified,
};
use crate::{
    format::{governed, sshsig::Namespace},
    git::{GitError, ObjectId, Repository},
    model::file::{Governed as Kind, Review},
    store::{Place, SignatureFile, Unverified},
};

impl Governed {
    /// Judges campaigns first, then what belongs to them.
    pub(super) fn judge(
        &mut self,
        repository: &Repository,
        commit: ObjectId,
        before: Option<&Trust>,
        paths: &[String],
    ) -> Result<(), GitError> {
        let (campaigns, others): (Vec<&String>, Vec<&String>) =
            paths.iter().partition(|path| matches!(Place::of(path), Place::Campaign(_)));
        let mut waiting: Vec<&String> = Vec::new();
        // A proof may come with the exception that it is about.
        let (proofs, others): (Vec<&String>, Vec<&String>) =
            others.into_iter().partition(|path| matches!(Place::of(path), Place::Proof { .. }));
        for path in campaigns.into_iter().chain(others).chain(proofs) {
            if self.judge_one(repository, commit, before, path)? == Some("stale-supersedes") {
                waiting.push(path);
            }
        }
        // Two files of one merge may follow each other; the order of their names says nothing.
        while !waiting.is_empty() {
            let mut still = Vec::new();
            for path in &waiting {
                if self.judge_one(repository, commit, before, path)? == Some("stale-supersedes") {
                    still.push(*path);
                }
            }
            if still.len() == waiting.len() {
                break;
            }
            waiting = still;
        }
        Ok(())
    }

    /// Judges one file and returns the code of its refusal.
    fn judge_one(
        &mut self,
        repository: &Repository,
        commit: ObjectId,
        before: Option<&Trust>,
        path: &str,
    ) -> Result<Option<&'static str>, GitError> {
        let Some(blob) = self.files.get(path).copied() else { return Ok(None) };
        // What was held and then edited keeps its finding, and what was signed stays in force.
        if self.held.get(path).is_some_and(|(held, _)| *held != blob) {
            return Ok(None);
        }
        self.settle(path);
        let Some(bytes) = self.bytes(repository, commit, path, blob)? else { return Ok(None) };
        let signatures = self.signatures(repository, path)?;
        let Some(trust) = before else {
            if !signatures.is_empty() {
                self.refuse(commit, path, Refusal::NoTrust);
            }
            return Ok(None);
        };
        let after = self.trust.clone();
        let after: &Registry = after.as_deref().map_or_else(|| trust.registry(), Trust::registry);
        let kinship = self.kinship.clone();
        let bench = Bench { trust, after, kinship: &kinship, commit };
        let judged = self.judge_file(repository, &bench, path, bytes, signatures);
        let outcome = judged?;
        let Err(refusal) = outcome else { return Ok(None) };
        let code = refusal.code();
        self.refuse(commit, path, refusal);
        Ok(Some(code))
    }

    fn judge_file(
        &mut self,
        repository: &Repository,
        bench: &Bench<'_>,
        path: &str,
        bytes: Vec<u8>,
        signatures: Vec<SignatureFile>,
    ) -> Result<Result<(), Refusal>, GitError> {
        let place = Place::of(path);
        if self.accepted.contains(path) {
            return Ok(self.take_late_signatures(bench, path, &place, &bytes, &signatures));
        }
        Ok(match place {
            Place::Campaign(_) => {
                let stubs = self.stubs(repository, path)?;
                unverified(path, bytes, signatures).and_then(|file| {
                    let judged = stubs.and_then(|stubs| bench.campaign(file, stubs))?;
                    self.take(path, Namespace::Campaign, judged, |own, opening| {
                        own.openings.insert(opening.value().campaign().value().id.clone(), opening.value);
                    })
                })
            }
            Place::Review { ref campaign, .. } => unverified::<Review>(path, bytes, signatures).and_then(|file| {
                let judged = bench.review(file, self.openings.get(campaign), &self.bindings)?;
                self.take(path, Namespace::Review, judged, Self::bind)
            }),
            Place::Exception(_) => unverified(path, bytes, signatures).and_then(|file| {
                let judged = bench.exception(file, &self.exceptions)?;
                self.take(path, Namespace::Exception, judged, |own, exception| own.exceptions.push(exception))
            }),
            Place::Proof { .. } => unverified(path, bytes, signatures).and_then(|file| {
                let judged = bench.proof(file, &self.exceptions)?;
                self.take(path, Namespace::Proof, judged, |own, proof| own.proofs.push(proof))
            }),
            Place::Attestation(_) => unverified(path, bytes, signatures).and_then(|file| {
                let judged = bench.attestation(file)?;
                self.take(path, Namespace::Attestation, judged, |own, seen| own.attestations.push(seen))
            }),
            _ => Ok(()),
        })
    }

    fn take<T>(
        &mut self,
        path: &str,
        namespace: Namespace,
        judged: Judged<T>,
        keep: impl FnOnce(&mut Self, Verified<T>),
    ) -> Result<(), Refusal> {
        match judged {
            Judged::Accepted(verified) => {
                self.accepted.insert(path.to_owned());
                self.hold(path, namespace);
                keep(self, verified);
                Ok(())
            }
            Judged::Open => Ok(()),
            Judged::Pending(missing) => {
                if self.signature_paths(path).next().is_some() {
                    self.hold(path, namespace);
                }
                Err(missing)
            }
        }
    }

    fn bind(&mut self, review: Verified<Review>) {
        for item in &review.items {
            if let Some(verdict) = item.decision {
                let bound = Bound { path: review.path.clone(), digest: review.digest, verdict };
                self.bindings.insert((review.campaign.clone(), item.id.clone()), bound);
            }
        }
        self.reviews.push(review);
    }

    /// More signatures under a file that has enough change nothing, and must be good all the same.
    fn take_late_signatures(
        &mut self,
        bench: &Bench<'_>,
        path: &str,
        place: &Place,
        bytes: &[u8],
        signatures: &[SignatureFile],
    ) -> Result<(), Refusal> {
        let Some(namespace) = place.namespace() else { return Ok(()) };
        for signature in signatures.iter().filter(|signature| !self.held.contains_key(&signature.path)) {
            bench.signature(namespace, bytes, signature)?;
        }
        self.hold(path, namespace);
        Ok(())
    }

    /// Returns the items of the reviews that lie in the folder of a campaign; the first review that is malformed speaks for
    /// all. The reviews themselves are let go one by one: together they are larger than anything else here.
    fn stubs(&self, repository: &Repository, path: &str) -> Result<Result<Vec<Put>, Refusal>, GitError> {
        let folder = format!("{}reviews/", path.trim_end_matches("campaign.toml"));
        let mut items = Vec::new();
        for (path, blob) in self.files.range(folder.clone()..).take_while(|(path, _)| path.starts_with(&folder)) {
            if !matches!(Place::of(path), Place::Review { .. }) {
                continue;
            }
            let bytes = match repository.blob(*blob, MAX_FILE) {
                Ok(bytes) => bytes,
                Err(GitError::BlobTooLarge { .. }) => return Ok(Err(too_large(path))),
                Err(error) => return Err(error),
            };
            match governed::parse::<Review>(path, &bytes) {
                Ok(stub) => items.extend(stub.items.iter().map(Put::of)),
                Err(problems) => return Ok(Err(problems.into())),
            }
        }
        Ok(Ok(items))
    }
}

fn unverified<T: Kind>(path: &str, bytes: Vec<u8>, signatures: Vec<SignatureFile>) -> Result<Unverified<T>, Refusal> {
    let value = governed::parse(path, &bytes)?;
    Ok(Unverified::new(value, bytes, path.to_owned(), signatures))
}
