//! The journal of a run: appends entries to the remote branch as one commit, by compare-and-swap.

use super::{
    DefectCode, EngineKeyHistory, EngineSigners, EvidenceDefect, Ledger, SecretScanner, layout,
    layout::{MAX_BLOB, REMEMBERED, SegmentName},
    lock,
    seal::{CommitParams, message, seal},
};
use crate::{
    enforce::{Journal, JournalError},
    format::note::VerifierKey,
    git::{CommitIdentity, GitError, GitRemote, ObjectId, PushOutcome, RemoteError, Repository},
    model::{
        Clock, Digest, RunId, SystemId,
        file::LogPosition,
        history::EvidenceHistory,
        record::{KeyRotate, LogGenesis, RecordPayload},
    },
    plan::PublicationProof,
};
use std::{collections::BTreeMap, thread, time::Duration};

/// The parameters of a journal.
pub struct AppenderOptions<'a> {
    /// The clone that objects are written to.
    pub repository: &'a Repository,
    /// The connection to the remote.
    pub carrier: GitRemote,
    /// The full name of the branch on the remote, such as `refs/heads/evidence`.
    pub reference: String,
    /// The engine's keys, by root of trust.
    pub keys: EngineKeyHistory,
    /// The positions of the log that files carry, each with the path of its file: a log without them is refused.
    pub positions: Vec<(String, LogPosition)>,
    /// The first record; written when the log is created.
    pub genesis: LogGenesis,
    /// The engine's private keys.
    pub signers: EngineSigners,
    /// The run that writes.
    pub run: RunId,
    /// The clock.
    pub clock: &'a dyn Clock,
    /// The author of the commits.
    pub author: CommitIdentity,
    /// Checks every line before it is pushed.
    pub screen: SecretScanner,
}

/// The journal of one run on the evidence branch.
pub struct Appender<'a> {
    opening: AppenderOptions<'a>,
    ledger: Ledger,
    history: EvidenceHistory,
    kept: BTreeMap<Digest, Vec<u8>>,
    published: u32,
    pace: Duration,
    released: Vec<RunId>,
}

/// A commit that was pushed, with an unknown result.
struct PushAttempt {
    commit: ObjectId,
    seqs: Vec<u64>,
}

impl<'a> Appender<'a> {
    /// Fetches and verifies the whole branch.
    ///
    /// # Errors
    /// When the remote cannot be read, the branch has a defect, or the keys are not those of the engine.
    pub fn open(opening: AppenderOptions<'a>) -> Result<Self, JournalError> {
        let ledger = Ledger::new(opening.keys.clone());
        let mut appender = Self {
            opening,
            ledger,
            history: EvidenceHistory::default(),
            kept: BTreeMap::new(),
            published: 0,
            pace: PACE,
            released: Vec::new(),
        };
        appender.fetch(&[])?;
        for (place, position) in &appender.opening.positions {
            appender.ledger.verify_contains_position(position, place).map_err(|found| defect(&found))?;
        }
        if let Some(genesis) = appender.ledger.genesis()
            && *genesis != appender.opening.genesis
        {
            let message =
                format!("the log is `{}` of {}, not the log of this repository", genesis.origin, genesis.repo);
            return Err(defect(&EvidenceDefect::new(DefectCode::GenesisInvalid, &appender.opening.reference, message)));
        }
        appender.rotation()?;
        Ok(appender)
    }

    /// Sets the first delay after a lost race. Delays double and are randomized.
    #[must_use]
    pub fn with_pace(mut self, pace: Duration) -> Self {
        self.pace = pace;
        self
    }

    /// Lets the run take over systems from these runs, although their leases have not expired.
    #[must_use]
    pub fn releasing(mut self, runs: &[RunId]) -> Self {
        self.released = runs.to_vec();
        self
    }

    /// Returns the ledger of the branch.
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Fetches the branch and reads the new commits. Returns the run that wrote about one of `systems` in between, if
    /// any.
    fn fetch(&mut self, systems: &[SystemId]) -> Result<Option<RunId>, JournalError> {
        let AppenderOptions { repository, carrier, reference, run, .. } = &self.opening;
        let fetched = carrier.fetch(repository, &[(reference, REMEMBERED)]);
        let head = match fetched {
            Ok(heads) => heads.into_iter().next().flatten(),
            Err(error @ RemoteError::Rewritten { .. }) => {
                return Err(defect(&EvidenceDefect::new(DefectCode::BranchRewritten, reference, error)));
            }
            Err(error) => return Err(carried(error)),
        };
        let Some(head) = head else {
            return match repository.reference(REMEMBERED).map_err(unusable)? {
                None => Ok(None),
                Some(seen) => {
                    let message = format!("the remote has no such branch, but it had the commit {seen} before");
                    Err(defect(&EvidenceDefect::new(DefectCode::BranchDeleted, reference, message)))
                }
            };
        };
        let (ledger, history) = (&mut self.ledger, &mut self.history);
        let mut rival = None;
        let defects = ledger.advance(repository, head, &mut |seen| {
            history.push(seen.record, seen.line);
            let other = history.run(&seen.record.run).filter(|_| seen.record.run != *run);
            if other.is_some_and(|other| lock::shared(other, systems).is_some()) {
                rival = Some(seen.record.run.clone());
            }
        });
        match defects.map_err(unusable)?.first() {
            Some(first) => Err(defect(first)),
            None => Ok(rival),
        }
    }

    /// Returns the record that puts the engine's keys in force, if they are not yet.
    fn rotation(&self) -> Result<Option<RecordPayload>, JournalError> {
        let EngineSigners { commit, log } = &self.opening.signers;
        let (commit, log) = (commit.public_key(), log.public_key());
        let log =
            VerifierKey::new(&self.opening.genesis.origin, log).map_err(|e| JournalError::Unusable(e.to_string()))?;
        let (keys, root) = self.ledger.keys();
        let in_force = keys.of_root(root);
        if in_force.is_some_and(|keys| keys.commit.contains(&commit) && keys.log.contains(&log)) {
            return Ok(None);
        }
        match keys.root_after(root, commit, &log) {
            Some(root) => {
                let (log_key, commit_key) = (log.to_string(), commit.to_string());
                Ok(Some(RecordPayload::KeyRotate(KeyRotate { root, log_key, commit_key })))
            }
            None => Err(JournalError::Unusable(format!(
                "no root of trust after version {root} names both keys of the engine: {} and {log}",
                commit.fingerprint()
            ))),
        }
    }

    /// Rejects entries that are not allowed in the present state of the run.
    fn may_write(&self, entries: &[RecordPayload]) -> Result<(), JournalError> {
        let AppenderOptions { run, clock, .. } = &self.opening;
        let Some(systems) = systems_of(entries) else {
            if self.history.run(run).is_none_or(|ours| ours.end.is_some())
                && let Some(entry) = entries.iter().find(|entry| entry.action().is_some())
            {
                return Err(JournalError::Refused(format!("{}: the run has not started or has ended", entry.kind())));
            }
            return lock::check_held(&self.history, run);
        };
        lock::acquire(&self.history, run, systems, &self.released, clock.now())
    }

    fn write(&self, entries: &[RecordPayload]) -> Result<PushAttempt, JournalError> {
        let AppenderOptions { repository, run, clock, author, signers, genesis, .. } = &self.opening;
        let first = self.ledger.size() == 0;
        let before: Vec<_> =
            first.then(|| RecordPayload::LogGenesis(genesis.clone())).into_iter().chain(self.rotation()?).collect();
        let all: Vec<_> = before.iter().chain(entries).cloned().collect();
        let t = clock.now();
        let sealed = seal(self.ledger.chain(), run, t, &all)?;
        (self.opening.screen)(&sealed.lines).map_err(JournalError::Refused)?;
        let name = SegmentName::new(t, self.ledger.chain().next, run, self.published);
        let message = message(&name, &all, &sealed);
        let desk = CommitParams { repository, signers, author, origin: &genesis.origin };
        let commit = desk.commit(&self.ledger, &name, &sealed, &self.kept, &message, t)?;
        Ok(PushAttempt { commit, seqs: sealed.seqs[before.len()..].to_vec() })
    }

    fn landed(&mut self, attempt: PushAttempt) -> Result<PublicationProof, JournalError> {
        let repository = self.opening.repository;
        let (ledger, history) = (&mut self.ledger, &mut self.history);
        let ours = attempt.commit;
        let known = match ledger.head() {
            Some(head) => repository.is_ancestor(ours, head).map_err(unusable)?,
            None => false,
        };
        if !known {
            let push = &mut |seen: &super::RecordRef<'_>| history.push(seen.record, seen.line);
            if let Some(first) = ledger.advance(repository, ours, push).map_err(unusable)?.first() {
                return Err(defect(first));
            }
        }
        self.store_last_seen(ours)?;
        self.kept.clear();
        self.published += 1;
        Ok(PublicationProof::new(attempt.seqs))
    }

    /// Stores the commit that was seen on the remote, so that a rewritten branch is detected. Another run in this clone
    /// may be ahead.
    fn store_last_seen(&self, commit: ObjectId) -> Result<(), JournalError> {
        let repository = self.opening.repository;
        let seen = repository.reference(REMEMBERED).map_err(unusable)?;
        if let Some(seen) = seen
            && repository.is_ancestor(commit, seen).map_err(unusable)?
        {
            return Ok(());
        }
        match repository.move_reference(REMEMBERED, commit, seen, "tenure: published") {
            Ok(()) | Err(GitError::Moved { .. }) => Ok(()),
            Err(error) => Err(unusable(error)),
        }
    }

    fn landed_before(&self, attempts: &mut Vec<PushAttempt>) -> Result<Option<PushAttempt>, JournalError> {
        let Some(head) = self.ledger.head() else { return Ok(None) };
        for place in 0..attempts.len() {
            if self.opening.repository.is_ancestor(attempts[place].commit, head).map_err(unusable)? {
                return Ok(Some(attempts.swap_remove(place)));
            }
        }
        Ok(None)
    }

    /// Full jitter: a random delay between zero and twice the previous maximum.
    fn pause(&self, attempt: u32) {
        let longest = self.pace.saturating_mul(1 << attempt.min(16)).min(LONGEST_PAUSE);
        let mut random = [0; 4];
        // Without randomness, the longest delay is used.
        let part =
            getrandom::fill(&mut random).map_or(1.0, |()| f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX));
        thread::sleep(longest.mul_f64(part));
    }
}

impl Journal for Appender<'_> {
    fn run(&self) -> &RunId {
        &self.opening.run
    }

    fn history(&self) -> &EvidenceHistory {
        &self.history
    }

    fn store_blob(&mut self, bytes: &[u8]) -> Result<Digest, JournalError> {
        if bytes.len() as u64 > MAX_BLOB {
            return Err(JournalError::Refused(format!("{} bytes exceed the maximum size of a blob", bytes.len())));
        }
        (self.opening.screen)(&String::from_utf8_lossy(bytes)).map_err(JournalError::Refused)?;
        let digest = Digest::of(bytes);
        self.kept.insert(digest, bytes.to_vec());
        Ok(digest)
    }

    fn load_blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, JournalError> {
        if let Some(bytes) = self.kept.get(digest) {
            return Ok(Some(bytes.clone()));
        }
        let (repository, path) = (self.opening.repository, layout::blob_path(digest));
        let Some(head) = self.ledger.head() else { return Ok(None) };
        let Some(file) = repository.file(head, &path).map_err(unusable)? else { return Ok(None) };
        let bytes = repository.blob(file.id, MAX_BLOB).map_err(unusable)?;
        if Digest::of(&bytes) != *digest {
            return Err(defect(&EvidenceDefect::new(
                DefectCode::BlobDigest,
                path,
                "its bytes have a different digest",
            )));
        }
        Ok(Some(bytes))
    }

    fn publish(&mut self, entries: &[RecordPayload]) -> Result<PublicationProof, JournalError> {
        if entries.is_empty() {
            return Ok(PublicationProof::new(Vec::new()));
        }
        let systems = systems_of(entries).unwrap_or_default();
        let mut attempts: Vec<PushAttempt> = Vec::new();
        let mut unheard = None;
        for attempt in 0..TRIES {
            if attempt > 0 {
                self.pause(attempt);
                let rival = match self.fetch(systems) {
                    Ok(rival) => rival,
                    Err(JournalError::Unreachable(reason)) => {
                        unheard = Some(reason);
                        continue;
                    }
                    Err(error) => return Err(error),
                };
                if let Some(landed) = self.landed_before(&mut attempts)? {
                    return self.landed(landed);
                }
                // The observations and the plan of this run are older than the records of the other run.
                if let Some(rival) = rival
                    && let Some(other) = self.history.run(&rival)
                {
                    return Err(lock::busy(&rival, other, systems, None));
                }
            }
            self.may_write(entries)?;
            let offered = self.write(entries)?;
            let AppenderOptions { repository, carrier, reference, .. } = &self.opening;
            match carrier.push(repository, offered.commit, reference).map_err(carried)? {
                PushOutcome::Landed => return self.landed(offered),
                PushOutcome::Declined { reason } => return Err(JournalError::Declined(reason)),
                PushOutcome::LostRace { .. } => {}
                PushOutcome::Unreachable { reason } => unheard = Some(reason),
            }
            attempts.push(offered);
        }
        Err(unheard.map_or(JournalError::Contended { tries: TRIES }, JournalError::Unreachable))
    }
}

fn systems_of(entries: &[RecordPayload]) -> Option<&[SystemId]> {
    entries.iter().find_map(|entry| match entry {
        RecordPayload::RunStart(start) => Some(start.systems.as_slice()),
        _ => None,
    })
}

fn defect(defect: &EvidenceDefect) -> JournalError {
    let message = format!("{}: {}", defect.place, defect.message);
    JournalError::Defect { code: defect.code.as_str(), message }
}

fn unusable(error: GitError) -> JournalError {
    JournalError::Unusable(error.to_string())
}

fn carried(error: RemoteError) -> JournalError {
    match error {
        RemoteError::Refused { reason } => JournalError::Declined(reason),
        RemoteError::Child(_) | RemoteError::Unreachable { .. } => JournalError::Unreachable(error.to_string()),
        error => JournalError::Unusable(error.to_string()),
    }
}

const LONGEST_PAUSE: Duration = Duration::from_secs(8);
const PACE: Duration = Duration::from_millis(200);
const TRIES: u32 = 8;
