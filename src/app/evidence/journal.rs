//! Opens the journal of a run on the evidence branch of the remote.

use super::{
    failure::{journal_failure, remote_failure},
    keys::{engine_keys, malformed, roots},
    positions::pinned_positions,
};
use crate::{
    app::{AppError, RepositorySession},
    diag::Diagnostic,
    enforce::Journal,
    evidence::{Appender, AppenderOptions, EngineKeys, EngineSigners, no_secrets},
    format::{
        note::VerifierKey,
        ssh_keys::{PrivateKey, PublicKey},
    },
    git::{CommitIdentity, GitRemote, Repository},
    model::{
        Clock, RunId,
        record::{LogGenesis, RecordPayload, RunEnd, RunStart},
    },
};
use std::collections::BTreeMap;

/// A run that writes evidence.
pub struct JournalRequest<'a> {
    /// The name of the remote with the evidence branch.
    pub remote: &'a str,
    /// The key that signs the commits.
    pub commit_key: PrivateKey,
    /// The key that signs the checkpoints.
    pub log_key: PrivateKey,
    /// The id of the run.
    pub run: RunId,
    /// The clock of the records.
    pub clock: &'a dyn Clock,
}

/// Opens the journal of a new run.
///
/// # Errors
/// When the roots do not list the keys, or the evidence branch cannot be fetched or is defective.
pub fn open_journal<'a>(session: &'a RepositorySession, request: JournalRequest<'a>) -> Result<Appender<'a>, AppError> {
    let trust = session.trust()?;
    let signers = EngineSigners { commit: Box::new(request.commit_key), log: Box::new(request.log_key) };
    let genesis = LogGenesis {
        repo: trust.repo().to_string(),
        origin: trust.root().file().log_origin.clone(),
        root: session.pin,
    };
    check_engine_keys(session, &signers, &genesis.origin)?;
    let opening = AppenderOptions {
        repository: &session.repository,
        carrier: remote(&session.repository, request.remote)?,
        reference: format!("refs/heads/{}", session.evidence_branch()),
        keys: engine_keys(session)?,
        positions: pinned_positions(session)?,
        genesis,
        signers,
        run: request.run,
        clock: request.clock,
        author: CommitIdentity { name: "tenure".to_owned(), address: "tenure@engine.invalid".to_owned() },
        screen: Box::new(no_secrets),
    };
    Appender::open(opening).map_err(journal_failure)
}

/// Verifies that the roots list the commit key and the log key.
fn check_engine_keys(session: &RepositorySession, signers: &EngineSigners, origin: &str) -> Result<(), AppError> {
    let (mut commit, mut log) = (Vec::new(), Vec::new());
    let mut newest = 1;
    for root in roots(session)? {
        let keys = EngineKeys::of(&root.roles.engine).map_err(|error| malformed(&root, &error))?;
        (newest, commit, log) = (root.version, [commit, keys.commit].concat(), [log, keys.log].concat());
    }
    let refuse = |which: &str, found: String, named: Vec<String>, flag: &str, variable: &str| -> AppError {
        let message = format!("the {which} key {found} is not a {which} key of trust/root/{newest}.toml");
        let problem =
            Diagnostic::error("engine-key", message).with_note(format!("the root lists {}", named.join(", ")));
        problem.help(format!("use the key that `tenure init` wrote: {flag} FILE, or export {variable}=PATH")).into()
    };
    let (own_commit, own_log) = (signers.commit.public_key(), signers.log.public_key());
    if !commit.contains(&own_commit) {
        let named = commit.iter().map(PublicKey::fingerprint).collect();
        return Err(refuse("commit", own_commit.fingerprint(), named, "--commit-key", "TENURE_COMMIT_KEY"));
    }
    let own_log = VerifierKey::new(origin, own_log)
        .map_err(|error| AppError::from(Diagnostic::error("engine-key", error.to_string())))?;
    if !log.contains(&own_log) {
        let named = log.iter().map(ToString::to_string).collect();
        return Err(refuse("log", own_log.to_string(), named, "--log-key", "TENURE_LOG_KEY"));
    }
    Ok(())
}

/// Publishes the records of a command that accesses no target, as a separate run.
///
/// # Errors
/// When there is no trust state, or the records cannot be published.
pub fn publish_notice(
    command: &str,
    entries: impl IntoIterator<Item = RecordPayload>,
    session: &RepositorySession,
    lease: u64,
    journal: &mut dyn Journal,
) -> Result<(), AppError> {
    let trust = session.trust()?;
    let start = RunStart {
        command: command.to_owned(),
        main: session.main.to_string(),
        plan: None,
        manifest: session.snapshot().manifest()?,
        systems: Vec::new(),
        root: trust.root().digest(),
        mandate: trust.mandate().digest(),
        engine: env!("CARGO_PKG_VERSION").to_owned(),
        lease,
        evidence: journal.history().size(),
        claims: BTreeMap::new(),
    };
    let end = RunEnd { outcomes: BTreeMap::new(), verifications: BTreeMap::new(), exit: 0 };
    let all: Vec<RecordPayload> =
        [RecordPayload::RunStart(start)].into_iter().chain(entries).chain([RecordPayload::RunEnd(end)]).collect();
    let _ = journal.publish(&all).map_err(journal_failure)?;
    Ok(())
}

/// Returns the transport to a remote.
///
/// # Errors
/// When there is no such remote, or its URL is not supported.
pub fn remote(repository: &Repository, remote: &str) -> Result<GitRemote, AppError> {
    let url = repository.remote_url(remote).ok_or_else(|| {
        Diagnostic::error("no-remote", format!("there is no remote `{remote}`"))
            .help(format!("git remote add {remote} URL"))
    })?;
    GitRemote::to(&url).map_err(|error| remote_failure(&error))
}

/// Fetches the main branch of the remote, since only merged changes count.
///
/// # Errors
/// When the remote cannot be reached.
pub fn fetch_main(repository: &Repository, carrier: &GitRemote, remote: &str) -> Result<(), AppError> {
    let local = format!("refs/remotes/{remote}/main");
    carrier.fetch(repository, &[("refs/heads/main", &local)]).map(drop).map_err(|error| remote_failure(&error))
}
