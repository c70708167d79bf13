//! What one merge puts before the judge, in which order, and what is kept of the judgement.

use super::{
    at_once::AtOnce,
    deciding::Seated,
    governed::Governed,
    judge::{Bench, Judged},
    keep::{MAX_FILE, too_large},
    kinship::Kinship,
    looks::Draw,
    opening::decided,
    puts::Puts,
    refusal::Refusal,
    registry::Registry,
    stage_refusal::StageRefusal,
    state::Trust,
    verified::Verified,
};
use crate::{
    format::{
        governed,
        sshsig::{Namespace, SshSignature},
    },
    git::{GitError, ObjectId, Repository},
    model::{
        CampaignId, PrincipalId,
        file::{Delegation, Exception, Governed as Kind, Review, StageClose},
    },
    store::{Place, SignatureFile, Unverified},
};
use std::{
    collections::BTreeMap,
    panic::resume_unwind,
    sync::{
        Arc,
        mpsc::{Receiver, sync_channel},
    },
};

impl Governed {
    /// Judges what one merge brought: campaigns first, then delegations, what is decided, the closes of stages, so that a
    /// close never comes before an answer that came with it, and at last exceptions with the proofs of their controls. Files
    /// of one merge may build on each other, and the order of their names says nothing: what waits for another is judged again
    /// as long as anything changes, and what decides the same at once is refused, all of it.
    pub(super) fn judge(
        &mut self,
        repository: &Repository,
        commit: ObjectId,
        before: Option<&Trust>,
        paths: &[String],
    ) -> Result<(), GitError> {
        let merger = match before {
            Some(trust) if paths.iter().any(|path| matches!(Place::of(path), Place::Review { .. })) => {
                self.merger(repository, commit, trust.registry())?
            }
            _ => None,
        };
        let on = On { commit, before, merger: merger.as_ref() };
        let mut waiting: Vec<(u32, &String)> = paths.iter().map(|path| (rank(path), path)).collect();
        waiting.sort_unstable();
        loop {
            let mut still = Vec::new();
            let mut at_once = None;
            for (rank, path) in &waiting {
                if *rank >= DECIDED && at_once.is_none() {
                    at_once = Some(self.at_once(repository, on, &waiting)?);
                }
                match at_once.as_ref().and_then(|others| others.get(*path)) {
                    Some(AtOnce::Against(refusal)) => {
                        self.settle(path);
                        self.refuse(commit, path, refusal.clone());
                    }
                    Some(AtOnce::Later(refusal)) => still.push((*rank, *path, refusal.clone())),
                    None => still.extend(self.judge_one(repository, on, path)?.map(|refusal| (*rank, *path, refusal))),
                }
            }
            if still.len() == waiting.len() || !still.iter().any(|(.., refusal)| waits(refusal)) {
                self.blank.clear();
                still.into_iter().for_each(|(_, path, refusal)| self.refuse(commit, path, refusal));
                return Ok(());
            }
            waiting = still.into_iter().map(|(rank, path, _)| (rank, path)).collect();
        }
    }

    /// Returns who made a merge on main, where a key of the registry signed it. A change that is not merged yet has no merger;
    /// and what a forge signs with a key of its own, or nobody signs, tells nothing here: then the forge's record of who
    /// merged is all there is, which a run seals into the evidence.
    fn merger(
        &self,
        repository: &Repository,
        commit: ObjectId,
        registry: &Registry,
    ) -> Result<Option<PrincipalId>, GitError> {
        if !self.line.contains(&commit) {
            return Ok(None);
        }
        let Some(signed) = repository.commit(commit)?.signature else { return Ok(None) };
        let signature = SshSignature::parse(signed.signature.as_bytes());
        let key = signature.and_then(|signature| signature.verify(Namespace::Git, &signed.payload)).ok();
        Ok(key.and_then(|key| registry.holder(&key).map(|(holder, ..)| holder.clone())))
    }

    /// Judges one file, and returns why it is refused.
    fn judge_one(&mut self, repository: &Repository, on: On<'_>, path: &str) -> Result<Option<Refusal>, GitError> {
        let On { commit, before, .. } = on;
        let Some(blob) = self.files.get(path).copied() else { return Ok(None) };
        // What was held and then edited keeps its finding, and what was signed stays in force.
        if self.held.get(path).is_some_and(|(held, _)| *held != blob) {
            return Ok(None);
        }
        self.settle(path);
        let signatures = self.signatures(repository, path)?;
        let bytes = match self.blank.get(path) {
            Some((read, _)) if *read == blob && signatures.is_empty() => Vec::new(),
            _ => match self.bytes(repository, commit, path, blob)? {
                Some(bytes) => bytes,
                None => return Ok(None),
            },
        };
        let Some(trust) = before else {
            return Ok((!signatures.is_empty()).then_some(Refusal::NoTrust));
        };
        let (after, kinship) = (self.trust.clone(), self.kinship.clone());
        let bench = bench(trust, after.as_deref(), &kinship, on);
        Ok(self.judge_file(repository, &bench, path, bytes, signatures)?.err())
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
            Place::Campaign(ref campaign) => {
                let puts = self.puts(repository, path, campaign)?;
                unverified(path, bytes, signatures).and_then(|file| {
                    let judged = puts.and_then(|puts| bench.campaign(file, puts))?;
                    self.take(path, Namespace::Campaign, judged, |own, opening| {
                        own.openings.insert(opening.value().campaign().value().id.clone(), opening.value);
                    })
                })
            }
            Place::Review { ref campaign, .. } => self.review(path, bytes, signatures).and_then(|file| {
                let judged = bench.review(file, self.openings.get(campaign), &self.delegations)?;
                self.take(path, Namespace::Review, judged, Self::bind)
            }),
            Place::Delegation(_) => unverified::<Delegation>(path, bytes, signatures).and_then(|file| {
                let opening = self.openings.get(&file.value().campaign);
                let judged = bench.delegation(file, opening)?;
                self.take(path, Namespace::Delegation, judged, |own, delegation| own.delegations.push(delegation))
            }),
            Place::StageClose { ref campaign, .. } => unverified(path, bytes, signatures).and_then(|file| {
                let judged = bench.stage_close(file, self.openings.get(campaign), |base| self.passed(base))?;
                self.take(path, Namespace::StageClose, judged, Self::close_stage)
            }),
            Place::Exception(_) => unverified::<Exception>(path, bytes, signatures).and_then(|file| {
                let opening = self.opening_of(&file.value().item);
                let judged = bench.exception(file, opening, &self.exceptions)?;
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

    fn bind(&mut self, seated: Verified<Seated>) {
        let mut seats = Vec::new();
        let review = seated.map(|(review, own)| {
            seats = own;
            review
        });
        if let Some(opening) = self.openings.get_mut(&review.campaign) {
            opening.bind(review.path(), review.digest(), &review, &seats);
        }
        self.reviews.push(review);
        self.seats.push(seats);
    }

    fn close_stage(&mut self, close: Verified<StageClose>) {
        let (Some(opening), Some(trust)) = (self.openings.get_mut(&close.campaign), &self.trust) else { return };
        let (commit, campaign) = (close.commit(), close.campaign.clone());
        opening.closes.push(close);
        let signed = self.reviews.iter().filter(|review| review.campaign == campaign);
        let cosigners = signed.map(|review| (review.path(), review.cosigners.as_slice())).collect();
        opening.draw_looks(&Draw { commit, kinship: &self.kinship, registry: trust.registry(), cosigners });
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

    /// Returns a review. One that came with its campaign and decides nothing was read with that, and is not read again: they
    /// are most of what an opening brings. Without any bytes it can be nothing but open.
    fn review(
        &self,
        path: &str,
        bytes: Vec<u8>,
        signatures: Vec<SignatureFile>,
    ) -> Result<Unverified<Review>, Refusal> {
        match self.blank.get(path) {
            Some((_, blank)) if bytes.is_empty() => {
                Ok(Unverified::new(blank.clone(), bytes, path.to_owned(), signatures))
            }
            _ => unverified(path, bytes, signatures),
        }
    }

    /// Returns what the reviews that lie in the folder of a campaign put to whom; the first that is malformed speaks for all.
    /// One thread reads them from git and another takes them apart: each is half of the work, and they are all a campaign is.
    fn puts(
        &mut self,
        repository: &Repository,
        path: &str,
        campaign: &CampaignId,
    ) -> Result<Result<Puts, Refusal>, GitError> {
        let keep = self.keeps(campaign);
        let folder = format!("{}reviews/", path.trim_end_matches("campaign.toml"));
        let files = self.files.range(folder.clone()..).take_while(|(path, _)| path.starts_with(&folder));
        let reviews = files.filter(|(path, _)| matches!(Place::of(path), Place::Review { .. }));
        let read = std::thread::scope(|scope| {
            let (sender, receiver) = sync_channel(AHEAD);
            let taken = scope.spawn(move || take_stubs(receiver, keep));
            for (path, blob) in reviews {
                let bytes = match repository.blob(*blob, MAX_FILE) {
                    Ok(bytes) => Some(bytes),
                    Err(GitError::BlobTooLarge { .. }) => None,
                    Err(error) => return Err(error),
                };
                // What was malformed ended the other thread, which says so below.
                if sender.send((path, *blob, bytes)).is_err() {
                    break;
                }
            }
            drop(sender);
            Ok(taken.join().unwrap_or_else(|panic| resume_unwind(panic)))
        })?;
        Ok(read.map(|stubs| {
            self.blank.extend(stubs.blank);
            if keep {
                self.worklists = stubs.kept;
            }
            stubs.puts
        }))
    }
}

/// A review as it was read: its path, its blob, and its bytes unless they are too many.
type Read<'p> = (&'p String, ObjectId, Option<Vec<u8>>);

/// The reviews that lie in the folder of a campaign when it comes to main.
#[derive(Default)]
struct Stubs {
    /// What they put to whom.
    puts: Puts,
    /// Those that decide nothing, without their items.
    blank: BTreeMap<String, (ObjectId, Review)>,
    /// All of them, if they are kept.
    kept: Vec<(String, Review)>,
}

fn take_stubs(read: Receiver<Read<'_>>, keep: bool) -> Result<Stubs, Refusal> {
    let mut stubs = Stubs::default();
    for (path, blob, bytes) in read {
        let bytes = bytes.ok_or_else(|| too_large(path))?;
        let mut stub: Review = governed::parse(path, &bytes)?;
        stubs.puts.add(&stub)?;
        let is_blank = decided(&stub).next().is_none();
        let items = std::mem::take(&mut stub.items);
        if keep {
            stubs.kept.push((path.clone(), Review { items, ..stub.clone() }));
        }
        if is_blank {
            stubs.blank.insert(path.clone(), (blob, stub));
        }
    }
    Ok(stubs)
}

/// How many files are read before they are taken apart: some megabytes at most.
const AHEAD: usize = 64;

/// Where files are judged.
#[derive(Clone, Copy)]
pub(super) struct On<'a> {
    pub(super) commit: ObjectId,
    pub(super) before: Option<&'a Trust>,
    pub(super) merger: Option<&'a PrincipalId>,
}

/// Returns what the files of a merge are judged by: the trust before it, and the keys that hold `after` it.
pub(super) fn bench<'a>(
    trust: &'a Trust,
    after: Option<&'a Trust>,
    kinship: &'a Arc<Kinship>,
    on: On<'a>,
) -> Bench<'a> {
    let after: &Registry = after.map_or_else(|| trust.registry(), Trust::registry);
    Bench { trust, after, kinship, commit: on.commit, merger: on.merger }
}

/// Returns the order in which the files of a merge are judged.
fn rank(path: &str) -> u32 {
    match Place::of(path) {
        Place::Campaign(_) => 0,
        Place::Delegation(_) => 1,
        Place::StageClose { .. } => 3,
        // What nobody answered needs another exception than what somebody decided.
        Place::Exception(_) => 4,
        // A proof may come with the exception that it is about.
        Place::Proof { .. } => 5,
        _ => DECIDED,
    }
}

/// The rank of what is decided.
const DECIDED: u32 = 2;

/// Returns whether another file of the same merge may put it right.
pub(super) fn waits(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::StaleSupersedes { .. }
            | Refusal::Stage(StageRefusal::Foreign { .. } | StageRefusal::NotOpen { .. } | StageRefusal::Order { .. })
    )
}

pub(super) fn unverified<T: Kind>(
    path: &str,
    bytes: Vec<u8>,
    signatures: Vec<SignatureFile>,
) -> Result<Unverified<T>, Refusal> {
    let value = governed::parse(path, &bytes)?;
    Ok(Unverified::new(value, bytes, path.to_owned(), signatures))
}
