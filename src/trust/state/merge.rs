//! Verifies the governed files introduced by one merge, in dependency order, and records the results.

use super::conflicting_decisions::MergeConflict;
use super::merge_context::{MergeContext, is_retryable, unverified, verifier};
use crate::trust::error::TrustError;
use crate::trust::keys::{registry::TrustRegistry, trust_state::TrustState};
use crate::trust::state::RepositoryState;
use crate::trust::state::signed_files::{MAX_FILE, too_large};
use crate::trust::verified::Verified;
use crate::trust::verify::open_campaign::decided;
use crate::trust::verify::published_items::PublishedItems;
use crate::trust::verify::review::ReviewWithSlots;
use crate::trust::verify::verifier::{Verifier, VerifyOutcome};
use crate::{
    format::{
        codec,
        sshsig::{SignatureNamespace, SshSignature},
    },
    git::{GitError, ObjectId, Repository},
    model::{
        PrincipalId,
        file::{Delegation, Exception, Review, StageClose},
    },
    store::{RepoPath, SignatureFile, Unverified},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    panic::resume_unwind,
    sync::mpsc::{Receiver, sync_channel},
};

impl RepositoryState {
    /// Verifies the files of one merge: campaigns and systems, then delegations, reviews, stage closes (after the reviews of the
    /// same merge), and finally exceptions with the proofs of their controls. Files of one merge may depend on each
    /// other in any name order: a file that waits for another is verified again as long as anything changes.
    /// Conflicting decisions of one merge are all rejected.
    pub(in crate::trust) fn verify_merge(
        &mut self,
        repository: &Repository,
        commit: ObjectId,
        before: Option<&TrustState>,
        paths: &[String],
    ) -> Result<(), GitError> {
        let merger = match before {
            Some(trust) if paths.iter().any(|path| matches!(RepoPath::of(path), RepoPath::Review { .. })) => {
                self.merger(repository, commit, trust.registry())?
            }
            _ => None,
        };
        let on = MergeContext { commit, before, merger: merger.as_ref() };
        let again = self.rejected_beside(paths);
        let paths = || paths.iter().chain(&again);
        let mut waiting: Vec<(u32, &String)> = paths().map(|path| (verification_order(path), path)).collect();
        waiting.sort_unstable();
        loop {
            let mut still = Vec::new();
            let mut at_once = None;
            for (rank, path) in &waiting {
                if *rank >= DECIDED && at_once.is_none() {
                    at_once = Some(self.conflicts_within_merge(repository, on, &waiting)?);
                }
                match at_once.as_ref().and_then(|others| others.get(*path)) {
                    Some(MergeConflict::Against(refusal)) => {
                        self.clear_rejections(path);
                        self.reject(commit, path, refusal.clone());
                    }
                    Some(MergeConflict::Later(refusal)) => still.push((*rank, *path, refusal.clone())),
                    None => {
                        still.extend(self.verify_path(repository, on, path)?.map(|refusal| (*rank, *path, refusal)))
                    }
                }
            }
            if still.len() == waiting.len() || !still.iter().any(|(.., refusal)| is_retryable(refusal)) {
                self.blank.clear();
                still.into_iter().for_each(|(_, path, refusal)| self.reject(commit, path, refusal));
                return Ok(());
            }
            waiting = still.into_iter().map(|(rank, path, _)| (rank, path)).collect();
        }
    }

    /// Returns the rejected files of the campaigns and systems that this merge signs: they may be valid once the campaign
    /// or the version before is.
    fn rejected_beside(&self, paths: &[String]) -> Vec<String> {
        let folders: Vec<&str> = paths
            .iter()
            .filter(|path| matches!(RepoPath::of(path), RepoPath::Campaign(_) | RepoPath::System { .. }))
            .filter_map(|path| path.get(..=path.rfind('/')?))
            .collect();
        let rejected = self.standing().map(|found| &found.path).filter(|path| !paths.contains(path));
        let below = rejected.filter(|path| folders.iter().any(|folder| path.starts_with(folder)));
        let signed = below.filter(|path| RepoPath::of(path).namespace().is_some());
        signed.cloned().collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Returns the principal who made a merge on main, if a key of the registry signed it. A change that is not merged
    /// has none. For merges that are unsigned or signed by the key of a forge, only the forge's own record exists,
    /// which a run seals into the evidence.
    fn merger(
        &self,
        repository: &Repository,
        commit: ObjectId,
        registry: &TrustRegistry,
    ) -> Result<Option<PrincipalId>, GitError> {
        if !self.line.contains(&commit) {
            return Ok(None);
        }
        let Some(signed) = repository.commit(commit)?.signature else { return Ok(None) };
        let signature = SshSignature::parse(signed.signature.as_bytes());
        let key = signature.and_then(|signature| signature.verify(SignatureNamespace::Git, &signed.payload)).ok();
        Ok(key.and_then(|key| registry.holder(&key).map(|(holder, ..)| holder.clone())))
    }

    /// Verifies one file, and returns the rejection, if any.
    fn verify_path(
        &mut self,
        repository: &Repository,
        on: MergeContext<'_>,
        path: &str,
    ) -> Result<Option<TrustError>, GitError> {
        let MergeContext { commit, before, .. } = on;
        let Some(blob) = self.files.get(path).copied() else { return Ok(None) };
        // An edited immutable file keeps its finding, and its signed version stays in force.
        if self.held.get(path).is_some_and(|(held, _)| *held != blob) {
            return Ok(None);
        }
        self.clear_rejections(path);
        let signatures = self.signatures(repository, path)?;
        let bytes = match self.blank.get(path) {
            Some((read, _)) if *read == blob && signatures.is_empty() => Vec::new(),
            _ => match self.bytes(repository, commit, path, blob)? {
                Some(bytes) => bytes,
                None => return Ok(None),
            },
        };
        let Some(trust) = before else {
            return Ok((!signatures.is_empty()).then_some(TrustError::TrustNotEstablished));
        };
        let (after, kinship, former) = (self.trust.clone(), self.kinship.clone(), self.former.clone());
        let verifier = verifier(trust, after.as_deref(), (&kinship, &former), on);
        Ok(self.verify_file(repository, &verifier, path, bytes, signatures)?.err())
    }

    fn verify_file(
        &mut self,
        repository: &Repository,
        verifier: &Verifier<'_>,
        path: &str,
        bytes: Vec<u8>,
        signatures: Vec<SignatureFile>,
    ) -> Result<Result<(), TrustError>, GitError> {
        let place = RepoPath::of(path);
        if self.accepted.contains(path) {
            return Ok(self.take_late_signatures(verifier, path, &place, &bytes, &signatures));
        }
        Ok(match place {
            RepoPath::Campaign(_) => {
                let published = self.published_items(repository, path)?;
                unverified(path, bytes, signatures).and_then(|file| {
                    let judged = published.and_then(|published| {
                        verifier.campaign(file, published, &self.last_openings, |base| self.is_on_main(base))
                    })?;
                    self.accept(path, SignatureNamespace::Campaign, judged, |own, opening| {
                        let number = own.line.len() as u64;
                        for population in &opening.value().campaign().systems {
                            own.last_openings.insert(population.system.clone(), number);
                        }
                        own.openings.insert(opening.value().campaign().value().id.clone(), opening.value);
                    })
                })
            }
            RepoPath::Review { ref campaign, .. } => self.review(path, bytes, signatures).and_then(|file| {
                let judged = verifier.review(file, self.openings.get(campaign), &self.delegations)?;
                self.accept(path, SignatureNamespace::Review, judged, Self::record_decisions)
            }),
            RepoPath::Delegation(_) => unverified::<Delegation>(path, bytes, signatures).and_then(|file| {
                let opening = self.openings.get(&file.value().campaign);
                let judged = verifier.delegation(file, opening)?;
                self.accept(path, SignatureNamespace::Delegation, judged, |own, delegation| {
                    own.delegations.push(delegation)
                })
            }),
            RepoPath::StageClose { ref campaign, .. } => unverified(path, bytes, signatures).and_then(|file| {
                let judged = verifier.stage_close(file, self.openings.get(campaign), |base| self.is_on_main(base))?;
                self.accept(path, SignatureNamespace::StageClose, judged, Self::close_stage)
            }),
            RepoPath::Exception(_) => unverified::<Exception>(path, bytes, signatures).and_then(|file| {
                let opening = self.opening_of(&file.value().item);
                let judged = verifier.exception(file, opening, &self.exceptions)?;
                self.accept(path, SignatureNamespace::Exception, judged, |own, exception| {
                    own.exceptions.push(exception)
                })
            }),
            RepoPath::Proof { .. } => unverified(path, bytes, signatures).and_then(|file| {
                let judged = verifier.proof(file, &self.exceptions)?;
                self.accept(path, SignatureNamespace::Proof, judged, |own, proof| own.proofs.push(proof))
            }),
            RepoPath::Attestation(_) => unverified(path, bytes, signatures).and_then(|file| {
                let judged = verifier.attestation(file)?;
                self.accept(path, SignatureNamespace::Attestation, judged, |own, seen| own.attestations.push(seen))
            }),
            RepoPath::System { ref system, .. } => unverified(path, bytes, signatures).and_then(|file| {
                let before = self.systems.get(system).and_then(|versions| versions.last());
                let live = self.systems.values().filter_map(|versions| versions.last());
                let live = live.map(Verified::value).filter(|system| !system.is_retired());
                let judged = verifier.system(file, before, live)?;
                self.accept(path, SignatureNamespace::System, judged, |own, version| {
                    own.systems.entry(version.system.clone()).or_default().push(version);
                })
            }),
            _ => Ok(()),
        })
    }

    fn accept<T>(
        &mut self,
        path: &str,
        namespace: SignatureNamespace,
        judged: VerifyOutcome<T>,
        keep: impl FnOnce(&mut Self, Verified<T>),
    ) -> Result<(), TrustError> {
        match judged {
            VerifyOutcome::Accepted(verified) => {
                self.accepted.insert(path.to_owned());
                self.mark_immutable(path, namespace);
                keep(self, verified);
                Ok(())
            }
            VerifyOutcome::Open => Ok(()),
            // Only accepted files are immutable: a file that lacks a signature can be corrected and signed again.
            VerifyOutcome::Pending(missing) => Err(missing),
        }
    }

    fn record_decisions(&mut self, assigned: Verified<ReviewWithSlots>) {
        let mut slots = Vec::new();
        let review = assigned.map(|(review, own)| {
            slots = own;
            review
        });
        if let Some(opening) = self.openings.get_mut(&review.campaign) {
            opening.record_decisions(review.path(), review.digest(), &review, &slots);
        }
        self.reviews.push(review);
        self.slots.push(slots);
    }

    fn close_stage(&mut self, close: Verified<StageClose>) {
        if let Some(opening) = self.openings.get_mut(&close.campaign) {
            opening.closes.push(close);
        }
    }

    /// Additional signatures under a file with enough of them change nothing, but must be valid.
    fn take_late_signatures(
        &mut self,
        verifier: &Verifier<'_>,
        path: &str,
        place: &RepoPath,
        bytes: &[u8],
        signatures: &[SignatureFile],
    ) -> Result<(), TrustError> {
        let Some(namespace) = place.namespace() else { return Ok(()) };
        for signature in signatures.iter().filter(|signature| !self.held.contains_key(&signature.path)) {
            verifier.signature(namespace, bytes, signature)?;
        }
        self.mark_immutable(path, namespace);
        Ok(())
    }

    /// Returns a review. Undecided reviews that came with their campaign were read with it and are not read again: they
    /// are most of the files of an opening.
    fn review(
        &self,
        path: &str,
        bytes: Vec<u8>,
        signatures: Vec<SignatureFile>,
    ) -> Result<Unverified<Review>, TrustError> {
        match self.blank.get(path) {
            Some((_, blank)) if bytes.is_empty() => {
                Ok(Unverified::new(blank.clone(), bytes, path.to_owned(), signatures))
            }
            _ => unverified(path, bytes, signatures),
        }
    }

    /// Returns the assignments in the review files of a campaign; the first malformed file fails all. One thread reads
    /// from git while another parses, as each is half of the work.
    fn published_items(
        &mut self,
        repository: &Repository,
        path: &str,
    ) -> Result<Result<PublishedItems, TrustError>, GitError> {
        let folder = format!("{}reviews/", path.trim_end_matches("campaign.toml"));
        let files = self.files.range(folder.clone()..).take_while(|(path, _)| path.starts_with(&folder));
        let reviews = files.filter(|(path, _)| matches!(RepoPath::of(path), RepoPath::Review { .. }));
        let read = std::thread::scope(|scope| {
            let (sender, receiver) = sync_channel(AHEAD);
            let taken = scope.spawn(move || parse_stubs(receiver));
            for (path, blob) in reviews {
                let bytes = match repository.blob(*blob, MAX_FILE) {
                    Ok(bytes) => Some(bytes),
                    Err(GitError::BlobTooLarge { .. }) => None,
                    Err(error) => return Err(error),
                };
                // A malformed file ended the other thread, which reports it below.
                if sender.send((path, *blob, bytes)).is_err() {
                    break;
                }
            }
            drop(sender);
            Ok(taken.join().unwrap_or_else(|panic| resume_unwind(panic)))
        })?;
        Ok(read.map(|stubs| {
            self.blank.extend(stubs.blank);
            stubs.published
        }))
    }
}

/// A review file: path, blob, and bytes unless it is too large.
type ReviewBlob<'p> = (&'p String, ObjectId, Option<Vec<u8>>);

/// The review files in the folder of a campaign at its opening.
#[derive(Default)]
struct PublishedStubs {
    /// The published items and assignments.
    published: PublishedItems,
    /// The undecided reviews, without their items.
    blank: BTreeMap<String, (ObjectId, Review)>,
}

fn parse_stubs(read: Receiver<ReviewBlob<'_>>) -> Result<PublishedStubs, TrustError> {
    let mut stubs = PublishedStubs::default();
    for (path, blob, bytes) in read {
        let bytes = bytes.ok_or_else(|| too_large(path))?;
        let mut stub: Review = codec::parse(path, &bytes)?;
        stubs.published.add(path, std::str::from_utf8(&bytes).unwrap_or_default(), &stub)?;
        let is_blank = decided(&stub).next().is_none();
        stub.items = Vec::new();
        if is_blank {
            stubs.blank.insert(path.clone(), (blob, stub));
        }
    }
    Ok(stubs)
}

/// The number of files read ahead of parsing, a few megabytes at most.
const AHEAD: usize = 64;

/// Returns the order in which the files of a merge are verified.
fn verification_order(path: &str) -> u32 {
    match RepoPath::of(path) {
        RepoPath::Campaign(_) | RepoPath::System { .. } => 0,
        RepoPath::Delegation(_) => 1,
        RepoPath::StageClose { .. } => 3,
        // Items without a response have other exception terms than decided items, so reviews come first.
        RepoPath::Exception(_) => 4,
        // A proof may come with its exception.
        RepoPath::Proof { .. } => 5,
        _ => DECIDED,
    }
}

/// The rank of decisions.
const DECIDED: u32 = 2;
