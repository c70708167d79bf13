//! One step along main: what the merged tree changes against its first parent, and what is believed of it.
//!
//! Only merged trees are looked at. What a merge does beyond its branches (an evil merge), or drops (a wholesale tree),
//! is a change against the first parent like any other.

use super::{
    governed::{Found, Governed},
    judge::{Bench, Bound, Judged},
    kinship::Kinship,
    refusal::{Refusal, words},
    registry::Registry,
    state::Trust,
    verified::Verified,
};
use crate::{
    format::{governed, sshsig::Namespace},
    git::{Change, Changes, File, GitError, Mode, ObjectId, Repository},
    model::file::{Governance, Governed as Kind, Principals, Review},
    store::{Place, SignatureFile, Unverified},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What one merge touches of what matters here.
#[derive(Default)]
struct Touched {
    /// Signed kinds of files, which themselves or whose signatures changed.
    signed: BTreeSet<String>,
    /// Principals' files.
    people: Vec<File>,
    /// Principals' files that are gone.
    people_gone: Vec<String>,
    /// `governance.toml`.
    governance: Option<File>,
    /// Whether `trust/allowed_signers` changed.
    allowed_signers: bool,
    /// Any other governed path.
    other: Option<String>,
}

impl Governed {
    /// Takes the next commit on the line.
    pub(super) fn step(&mut self, repository: &Repository, commit: ObjectId) -> Result<(), GitError> {
        let parents = repository.parents(commit)?;
        let changes = repository.changes(parents.first().copied(), commit)?;
        self.line.insert(commit);
        self.apply(repository, commit, parents.len(), &changes)
    }

    /// Takes what a commit changes against where this stands.
    pub(super) fn apply(
        &mut self,
        repository: &Repository,
        commit: ObjectId,
        parents: usize,
        changes: &Changes,
    ) -> Result<(), GitError> {
        self.head = Some(commit);
        let touched = self.look(commit, changes);
        let before = self.trust.clone();
        let (trust_files, others): (Vec<String>, Vec<String>) =
            touched.signed.iter().cloned().partition(|path| Place::of(path).is_trust());
        let genesis = self.partial.root.is_none();
        if parents > 2 {
            touched.signed.iter().for_each(|path| self.refuse(commit, path, Refusal::Octopus));
        } else {
            self.take_trust(repository, commit, &trust_files)?;
            if trust_files.is_empty() || genesis {
                self.judge(repository, commit, before.as_deref(), &others)?;
            } else {
                others.iter().for_each(|path| self.refuse(commit, path, Refusal::TrustNotAlone));
                touched.other.iter().for_each(|path| self.refuse(commit, path, Refusal::TrustNotAlone));
            }
        }
        self.take_people(repository, commit, &touched, !trust_files.is_empty())?;
        self.check_governance(repository, commit, touched.governance.as_ref())?;
        if touched.allowed_signers || !trust_files.is_empty() {
            self.check_allowed_signers(repository, commit)?;
        }
        Ok(())
    }

    /// Sorts what changed, and finds what must not have.
    fn look(&mut self, commit: ObjectId, changes: &Changes) -> Touched {
        let mut touched = Touched::default();
        for hazard in &changes.hazards {
            self.refuse(commit, &hazard.path, Refusal::Hazard(hazard.peril.to_string()));
        }
        let added: BTreeMap<ObjectId, &str> = changes
            .files
            .iter()
            .filter_map(
                |change| if let Change::Added(file) = change { Some((file.id, file.path.as_str())) } else { None },
            )
            .collect();
        for change in &changes.files {
            let place = Place::of(change.path());
            if !place.is_governed() {
                continue;
            }
            self.settle(change.path());
            let now = match change {
                Change::Added(file) | Change::Changed { after: file, .. } if file.mode == Mode::Plain => Some(file),
                Change::Added(file) | Change::Changed { after: file, .. } => {
                    self.refuse(commit, &file.path, Refusal::Mode(file.mode.to_string()));
                    None
                }
                Change::Deleted(_) => None,
            };
            self.check_held(commit, change.path(), now, &added);
            self.sort(commit, change.path(), place, now, &mut touched);
        }
        touched
    }

    fn sort(&mut self, commit: ObjectId, path: &str, place: Place, now: Option<&File>, touched: &mut Touched) {
        let signed = match &place {
            Place::Signature { of, .. } => Some(of.clone()),
            place if place.namespace().is_some() => Some(path.to_owned()),
            _ => None,
        };
        if let Some(signed) = signed {
            match now {
                Some(file) => self.files.insert(path.to_owned(), file.id),
                None => self.files.remove(path),
            };
            touched.signed.insert(signed);
            return;
        }
        match (place, now) {
            (Place::Misplaced, Some(_)) => self.refuse(commit, path, Refusal::Misplaced),
            (Place::AllowedSigners, _) => touched.allowed_signers = true,
            (Place::Governance, Some(file)) => touched.governance = Some(file.clone()),
            (Place::Principals, Some(file)) => touched.people.push(file.clone()),
            (Place::Principals, None) => touched.people_gone.push(path.to_owned()),
            _ => {}
        }
        if path != ALLOWED_SIGNERS {
            touched.other.get_or_insert_with(|| path.to_owned());
        }
    }

    /// A file that was signed stays as it is, and so do its signatures.
    fn check_held(&mut self, commit: ObjectId, path: &str, now: Option<&File>, added: &BTreeMap<ObjectId, &str>) {
        let Some((blob, namespace)) = self.held.get(path) else { return };
        let what = match Place::of(path) {
            Place::Signature { .. } => "signature",
            _ => words(*namespace),
        };
        let refusal = match now {
            Some(file) if file.id == *blob => return,
            Some(_) => Refusal::SignedEdited { what },
            None => match added.get(blob) {
                Some(to) => Refusal::SignedRenamed { what, to: (*to).to_owned() },
                None => Refusal::SignedDeleted { what },
            },
        };
        self.refuse(commit, path, refusal);
    }

    /// Takes up new versions of root, registry and mandate, in this order. Signatures may arrive one by one, so all that
    /// is not taken up yet is looked at whenever something in `trust` changes.
    fn take_trust(&mut self, repository: &Repository, commit: ObjectId, paths: &[String]) -> Result<(), GitError> {
        if paths.is_empty() {
            return Ok(());
        }
        let root_before = self.partial.root.clone();
        let mut ordered: Vec<(u8, u32, String, ObjectId)> = Vec::new();
        for (path, blob) in self.files.iter().filter(|(path, _)| !self.accepted.contains(*path)) {
            match Place::of(path) {
                Place::Root(version) => ordered.push((0, version, path.clone(), *blob)),
                Place::Registry(version) => ordered.push((1, version, path.clone(), *blob)),
                Place::Mandate(version) => ordered.push((2, version, path.clone(), *blob)),
                _ => {}
            }
        }
        ordered.sort();
        for (rank, _, path, blob) in &ordered {
            let Some(bytes) = self.bytes(repository, commit, path, *blob)? else { continue };
            let signatures = self.signatures(repository, path)?;
            let before = root_before.as_ref();
            let (taken, namespace) = match rank {
                0 => (self.partial.take_root(self.pin, &bytes, &signatures), Namespace::Root),
                1 => (self.partial.take_registry(before, &bytes, path, &signatures), Namespace::Registry),
                _ => (self.partial.take_mandate(before, &bytes, path, &signatures), Namespace::Mandate),
            };
            self.settle(path);
            match taken {
                Ok(()) => {
                    self.accepted.insert(path.clone());
                    self.hold(path, namespace);
                }
                Err(refusal) => self.refuse(commit, path, refusal),
            }
        }
        self.trust = self.partial.whole().map(Arc::new);
        Ok(())
    }

    /// Judges campaigns first, then what belongs to them.
    fn judge(
        &mut self,
        repository: &Repository,
        commit: ObjectId,
        before: Option<&Trust>,
        paths: &[String],
    ) -> Result<(), GitError> {
        let (campaigns, others): (Vec<&String>, Vec<&String>) =
            paths.iter().partition(|path| matches!(Place::of(path), Place::Campaign(_)));
        let mut waiting: Vec<&String> = Vec::new();
        for path in campaigns.into_iter().chain(others) {
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
        let kinship = std::mem::take(&mut self.kinship);
        let bench = Bench { trust, after, kinship: &kinship, commit };
        let judged = self.judge_file(repository, &bench, path, bytes, signatures);
        self.kinship = kinship;
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
                    let judged = stubs.and_then(|stubs| bench.campaign(file, &stubs))?;
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
                let judged = bench.exception(file)?;
                self.take(path, Namespace::Exception, judged, |own, exception| own.exceptions.push(exception))
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

    /// Returns the reviews that lie in the folder of a campaign; the first that is malformed speaks for all.
    fn stubs(&self, repository: &Repository, path: &str) -> Result<Result<Vec<Unverified<Review>>, Refusal>, GitError> {
        let folder = format!("{}reviews/", path.trim_end_matches("campaign.toml"));
        let mut stubs = Vec::new();
        for (path, blob) in self.files.range(folder.clone()..).take_while(|(path, _)| path.starts_with(&folder)) {
            if !matches!(Place::of(path), Place::Review { .. }) {
                continue;
            }
            let bytes = match repository.blob(*blob, MAX_FILE) {
                Ok(bytes) => bytes,
                Err(GitError::BlobTooLarge { .. }) => return Ok(Err(too_large(path))),
                Err(error) => return Err(error),
            };
            match unverified(path, bytes, Vec::new()) {
                Ok(stub) => stubs.push(stub),
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
        Ok(Ok(stubs))
    }

    fn take_people(
        &mut self,
        repository: &Repository,
        commit: ObjectId,
        touched: &Touched,
        trust_changed: bool,
    ) -> Result<(), GitError> {
        for file in &touched.people {
            let Some(bytes) = self.bytes(repository, commit, &file.path, file.id)? else { continue };
            match governed::parse::<Principals>(&file.path, &bytes) {
                Ok(people) => drop(self.people.insert(file.path.clone(), people)),
                // What was known of them stays: a file that cannot be read must not make a stranger of anybody.
                Err(problems) => self.refuse(commit, &file.path, problems.into()),
            }
        }
        for path in &touched.people_gone {
            self.people.remove(path);
        }
        let changed = trust_changed || !touched.people.is_empty() || !touched.people_gone.is_empty();
        if changed && let Some(trust) = &self.trust {
            self.kinship = Kinship::new(trust.registry().file(), self.people.values());
        }
        Ok(())
    }

    fn check_governance(
        &mut self,
        repository: &Repository,
        commit: ObjectId,
        file: Option<&File>,
    ) -> Result<(), GitError> {
        let Some(file) = file else { return Ok(()) };
        let Some(bytes) = self.bytes(repository, commit, &file.path, file.id)? else { return Ok(()) };
        match (governed::parse::<Governance>(&file.path, &bytes), &self.partial.root) {
            (Err(problems), _) => self.refuse(commit, &file.path, problems.into()),
            (Ok(governance), Some(root)) if governance.repo != root.file().repo => {
                let (found, expected) = (governance.repo.to_string(), root.file().repo.to_string());
                self.refuse(commit, &file.path, Refusal::WrongRepository { found, expected });
            }
            _ => {}
        }
        Ok(())
    }

    fn check_allowed_signers(&mut self, repository: &Repository, commit: ObjectId) -> Result<(), GitError> {
        let Some(trust) = self.trust.clone() else { return Ok(()) };
        self.settle(ALLOWED_SIGNERS);
        let found = match repository.file(commit, ALLOWED_SIGNERS)? {
            Some(file) if file.mode == Mode::Plain => repository.blob(file.id, u64::MAX)?,
            _ => Vec::new(),
        };
        if found != trust.allowed_signers().as_bytes() {
            self.refuse(commit, ALLOWED_SIGNERS, Refusal::AllowedSigners);
        }
        Ok(())
    }

    /// Returns the bytes of a governed file; nothing, with a finding, when they are too many.
    fn bytes(
        &mut self,
        repository: &Repository,
        commit: ObjectId,
        path: &str,
        blob: ObjectId,
    ) -> Result<Option<Vec<u8>>, GitError> {
        match repository.blob(blob, MAX_FILE) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(GitError::BlobTooLarge { .. }) => {
                self.refuse(commit, path, too_large(path));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn signature_paths(&self, path: &str) -> impl Iterator<Item = (String, &String, &ObjectId)> {
        let (path, prefix) = (path.to_owned(), format!("{path}."));
        self.files.range(prefix.clone()..).take_while(move |(other, _)| other.starts_with(&prefix)).filter_map(
            move |(other, blob)| match Place::of(other) {
                Place::Signature { of, signer } if of == path => Some((signer.to_string(), other, blob)),
                _ => None,
            },
        )
    }

    pub(super) fn signatures(&self, repository: &Repository, path: &str) -> Result<Vec<SignatureFile>, GitError> {
        let mut signatures = Vec::new();
        for (signer, path, blob) in self.signature_paths(path) {
            // A signature file that is too large is read as an empty one, which is refused as malformed.
            let bytes = match repository.blob(*blob, MAX_SIGNATURE) {
                Err(GitError::BlobTooLarge { .. }) => Vec::new(),
                read => read?,
            };
            signatures.push(SignatureFile { signer, path: path.clone(), bytes });
        }
        Ok(signatures)
    }

    pub(super) fn hold(&mut self, path: &str, namespace: Namespace) {
        let mut held: Vec<(String, ObjectId)> =
            self.signature_paths(path).map(|(_, path, blob)| (path.clone(), *blob)).collect();
        held.extend(self.files.get(path).map(|blob| (path.to_owned(), *blob)));
        for (path, blob) in held {
            // What was held once is compared with what it was then.
            self.held.entry(path).or_insert((blob, namespace));
        }
    }

    fn refuse(&mut self, commit: ObjectId, path: &str, refusal: Refusal) {
        let found = Found { commit, path: path.to_owned(), refusal, standing: true };
        let known = self.found.iter().rev().take_while(|old| old.commit == commit);
        if !known.into_iter().any(|old| old.standing && old.path == found.path && old.refusal == found.refusal) {
            self.found.push(found);
        }
    }

    /// What was said about a path before is looked at afresh.
    fn settle(&mut self, path: &str) {
        for found in self.found.iter_mut().filter(|found| found.standing && found.path == path) {
            found.standing = false;
        }
    }
}

fn unverified<T: Kind>(path: &str, bytes: Vec<u8>, signatures: Vec<SignatureFile>) -> Result<Unverified<T>, Refusal> {
    let value = governed::parse(path, &bytes)?;
    Ok(Unverified::new(value, bytes, path.to_owned(), signatures))
}

fn too_large(path: &str) -> Refusal {
    let problem = crate::diag::Diagnostic::error("too-large", "the file is larger than a governed file may be");
    Refusal::from(crate::diag::Diagnostics::from(problem.in_file(path)))
}

pub(super) const ALLOWED_SIGNERS: &str = "trust/allowed_signers";
const MAX_FILE: u64 = 256 * 1024;
const MAX_SIGNATURE: u64 = 4096;
