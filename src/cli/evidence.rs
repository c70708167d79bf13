//! Access of commands to the evidence branch: reads it from the clone, or opens it for a run.

use super::{CliError, CommandContext, ExitStatus};
use crate::{
    app::RepositorySession,
    diag::{Diagnostic, Diagnostics},
    enforce::{Journal, JournalError, RunError},
    evidence::{
        Appender, AppenderOptions, DefectCode, EngineKeyHistory, EngineKeys, EngineSigners, EvidenceDefect, Ledger,
        RecordRef, layout::REMEMBERED, no_secrets,
    },
    format::{
        note::VerifierKey,
        ssh_keys::{KeyError, PrivateKey, PublicKey, Signer as _},
    },
    git::{CommitIdentity, GitRemote, ObjectId, RemoteError, Repository},
    model::{
        RunId,
        file::Root,
        history::EvidenceHistory,
        jcs,
        record::{LogGenesis, RecordPayload, RunEnd, RunStart},
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};
use zeroize::Zeroizing;

/// The remote of a run, its keys, and its lock times.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct EngineArgs {
    /// The remote with the main branch and the evidence branch
    #[arg(long, value_name = "NAME", default_value = "origin")]
    pub(super) remote: String,
    /// The file of the engine's commit key [default: TENURE_COMMIT_KEY, which contains the key or its path]
    #[arg(long, value_name = "FILE")]
    commit_key: Option<PathBuf>,
    /// The file of the engine's log key [default: TENURE_LOG_KEY, which contains the key or its path]
    #[arg(long, value_name = "FILE")]
    log_key: Option<PathBuf>,
    /// Maximum time in seconds for which the run locks its systems
    #[arg(long, value_name = "SECONDS", default_value_t = 1800)]
    pub(super) lease: u64,
    /// Time in seconds to retry while another run has locked a system; after that, exit 75
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub(super) wait: u64,
}

/// Publishes the records of a command that accesses no target, as a separate run.
///
/// # Errors
/// When there is no trust state, or the records cannot be published.
pub(super) fn publish_notice(
    command: &str,
    entries: impl IntoIterator<Item = RecordPayload>,
    session: &RepositorySession,
    lease: u64,
    journal: &mut dyn Journal,
) -> Result<(), CliError> {
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

/// Runs `work`, and repeats it while it is busy and time is left. The pauses grow and are randomized, so that colliding
/// runs do not collide again.
pub(super) fn retry_while_busy(
    seconds: u64,
    context: &mut CommandContext,
    mut work: impl FnMut(&mut CommandContext) -> Result<ExitStatus, CliError>,
) -> Result<ExitStatus, CliError> {
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut step = Duration::from_secs(1);
    loop {
        let failure = match work(context) {
            Err(failure) if failure.exit == ExitStatus::Busy => failure,
            done => return done,
        };
        let pause = step.mul_f64(chance()).min(end.saturating_duration_since(Instant::now()));
        if pause.is_zero() {
            return Err(failure);
        }
        let note = Diagnostic::note("run-waiting", "another run is in progress; retrying");
        let note = failure.problems.sorted().iter().fold(note, |note, busy| note.with_note(&busy.message));
        write!(context.err, "{}", note.render(context.err_style))?;
        std::thread::sleep(pause);
        step = (step * 2).min(LONGEST_STEP);
    }
}

/// Returns a random number between 0.5 and 1.
fn chance() -> f64 {
    let mut bytes = [0; 2];
    // Without randomness, the pause is the longest of its step.
    match getrandom::fill(&mut bytes) {
        Ok(()) => 0.5 + f64::from(u16::from_le_bytes(bytes)) / f64::from(u16::MAX) / 2.0,
        Err(_) => 1.0,
    }
}

const LONGEST_STEP: Duration = Duration::from_secs(30);

/// Returns the transport to the remote.
pub(super) fn remote(repository: &Repository, remote: &str) -> Result<GitRemote, CliError> {
    let url = repository.remote_url(remote).ok_or_else(|| {
        CliError::from(
            Diagnostic::error("no-remote", format!("there is no remote `{remote}`"))
                .help(format!("git remote add {remote} URL")),
        )
    })?;
    GitRemote::to(&url).map_err(|error| carried(&error))
}

/// Fetches the main branch of the remote, since only merged changes count.
pub(super) fn fetch_main(repository: &Repository, carrier: &GitRemote, remote: &str) -> Result<(), CliError> {
    let local = format!("refs/remotes/{remote}/main");
    carrier.fetch(repository, &[("refs/heads/main", &local)]).map(drop).map_err(|error| carried(&error))
}

/// Returns the engine keys by root version, from the verified roots.
pub(super) fn keys(session: &RepositorySession) -> Result<EngineKeyHistory, CliError> {
    let mut keys = EngineKeyHistory::new();
    for root in roots(session)? {
        let engine = EngineKeys::of(&root.roles.engine).map_err(|error| malformed(&root, &error))?;
        keys = keys.with_root(root.version, engine);
        // Roots are in version order, so the last one defines the witnesses.
        keys = match &root.roles.witness {
            Some(witnesses) => keys.with_witnesses(witnesses).map_err(|error| malformed(&root, &error))?,
            None => keys.without_witnesses(),
        };
    }
    Ok(keys)
}

/// Returns the read-back keys of all roots.
pub(super) fn readback_keys(session: &RepositorySession) -> Result<BTreeSet<PublicKey>, CliError> {
    let mut keys = BTreeSet::new();
    for root in roots(session)? {
        for line in &root.roles.engine.readback_keys {
            keys.insert(PublicKey::parse_line(line).map_err(|error| malformed(&root, &error))?.0);
        }
    }
    Ok(keys)
}

fn roots(session: &RepositorySession) -> Result<Vec<Root>, CliError> {
    let snapshot = session.snapshot();
    let newest = session.trust()?.root().file().version;
    let read = |version| snapshot.read::<Root>(&format!("trust/root/{version}.toml"));
    (1..=newest).map(|version| Ok(read(version)?.into_value())).collect()
}

fn malformed(root: &Root, error: &dyn std::fmt::Display) -> CliError {
    Diagnostic::error("engine-keys", error.to_string()).in_file(format!("trust/root/{}.toml", root.version)).into()
}

/// Returns the head of the evidence branch in this clone: the most advanced of its refs.
pub(super) fn head(session: &RepositorySession) -> Result<Option<ObjectId>, CliError> {
    let mut newest: Option<ObjectId> = None;
    for head in heads(session)? {
        newest = match newest {
            Some(known) if !session.repository.is_ancestor(known, head)? => Some(known),
            _ => Some(head),
        };
    }
    Ok(newest)
}

fn heads(session: &RepositorySession) -> Result<Vec<ObjectId>, CliError> {
    let branch = &session.governance.evidence;
    let names = [format!("refs/remotes/origin/{branch}"), REMEMBERED.to_owned(), format!("refs/heads/{branch}")];
    let found = names.iter().map(|name| session.repository.reference(name));
    Ok(found.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// Reads the evidence of the clone into a history.
pub(super) fn read(session: &RepositorySession) -> Result<(EvidenceHistory, Vec<EvidenceDefect>), CliError> {
    read_with(session, &mut |_| {}).map(|(_, history, defects)| (history, defects))
}

/// Reads the evidence of the clone into a history, and passes every record to `show`.
pub(super) fn read_with(
    session: &RepositorySession,
    show: &mut (dyn FnMut(&RecordRef<'_>) + Send),
) -> Result<(Ledger, EvidenceHistory, Vec<EvidenceDefect>), CliError> {
    let mut history = EvidenceHistory::default();
    let mut ledger = Ledger::new(keys(session)?);
    let Some(head) = head(session)? else { return Ok((ledger, history, Vec::new())) };
    let read = ledger.advance(&session.repository, head, &mut |seen| {
        history.push(seen.record, seen.line);
        show(seen);
    });
    let mut defects = read?;
    // The branch is append-only, so a ref outside the history of the head means that the log was forked.
    for other in heads(session)? {
        if !session.repository.is_ancestor(other, head)? {
            let message = format!("this clone also has {other}, and neither commit contains the other");
            defects.push(EvidenceDefect { code: DefectCode::BranchRewritten, place: head.to_string(), message });
        }
    }
    Ok((ledger, history, defects))
}

/// Writes a note if the clone has no evidence branch: all decisions would appear as not enforced.
///
/// # Errors
/// When the refs cannot be read.
pub(super) fn note_if_missing(session: &RepositorySession, context: &mut CommandContext) -> Result<(), CliError> {
    if head(session)?.is_some() {
        return Ok(());
    }
    let branch = &session.governance.evidence;
    let message = format!("no evidence branch found (origin/{branch}): every decision appears as not enforced");
    let note = Diagnostic::note("no-evidence", message);
    Ok(context.note(&note.help(format!("if the engine has run before: git fetch origin {branch}")))?)
}

/// Reads the evidence of the clone for a command that requires valid evidence.
///
/// # Errors
/// When the branch has a defect.
pub(super) fn read_verified(session: &RepositorySession) -> Result<EvidenceHistory, CliError> {
    let (history, defects) = read(session)?;
    if defects.is_empty() {
        return Ok(history);
    }
    let mut problems = Diagnostics::new();
    for defect in defects {
        let message = format!("{}: {}", defect.place, defect.message);
        problems.push(Diagnostic::error(defect.code.as_str(), message).help("tenure audit"));
    }
    Err(CliError { problems, exit: ExitStatus::Findings })
}

/// Opens the journal of a new run on the evidence branch of the remote.
pub(super) fn journal<'a>(
    session: &'a RepositorySession,
    context: &'a CommandContext,
    args: &EngineArgs,
) -> Result<Appender<'a>, CliError> {
    let trust = session.trust()?;
    let signers = EngineSigners {
        commit: Box::new(key(context, args.commit_key.as_ref(), "TENURE_COMMIT_KEY", "--commit-key")?),
        log: Box::new(key(context, args.log_key.as_ref(), "TENURE_LOG_KEY", "--log-key")?),
    };
    let genesis = LogGenesis {
        repo: trust.repo().to_string(),
        origin: trust.root().file().log_origin.clone(),
        root: session.pin,
    };
    check_engine_keys(session, &signers, &genesis.origin)?;
    let opening = AppenderOptions {
        repository: &session.repository,
        carrier: remote(&session.repository, &args.remote)?,
        reference: format!("refs/heads/{}", session.governance.evidence),
        keys: keys(session)?,
        genesis,
        signers,
        run: RunId::new_now(),
        clock: context.clock.as_ref(),
        author: CommitIdentity { name: "tenure".to_owned(), address: "tenure@engine.invalid".to_owned() },
        screen: Box::new(no_secrets),
    };
    Appender::open(opening).map_err(journal_failure)
}

/// Verifies that the roots list the commit key and the log key.
fn check_engine_keys(session: &RepositorySession, signers: &EngineSigners, origin: &str) -> Result<(), CliError> {
    let (mut commit, mut log) = (Vec::new(), Vec::new());
    let mut newest = 1;
    for root in roots(session)? {
        let keys = EngineKeys::of(&root.roles.engine).map_err(|error| malformed(&root, &error))?;
        (newest, commit, log) = (root.version, [commit, keys.commit].concat(), [log, keys.log].concat());
    }
    let refuse = |which: &str, found: String, named: Vec<String>, flag: &str, variable: &str| -> CliError {
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
        .map_err(|error| CliError::from(Diagnostic::error("engine-key", error.to_string())))?;
    if !log.contains(&own_log) {
        let named = log.iter().map(ToString::to_string).collect();
        return Err(refuse("log", own_log.to_string(), named, "--log-key", "TENURE_LOG_KEY"));
    }
    Ok(())
}

/// Returns whether this run signs with a read-back key, which differs from the keys of the enforcing job.
pub(super) fn is_readback(
    session: &RepositorySession,
    context: &CommandContext,
    args: &EngineArgs,
) -> Result<bool, CliError> {
    let key = key(context, args.commit_key.as_ref(), "TENURE_COMMIT_KEY", "--commit-key")?;
    Ok(session.trust()?.root().readback_keys().contains(&key.public_key()))
}

fn key(context: &CommandContext, file: Option<&PathBuf>, variable: &str, flag: &str) -> Result<PrivateKey, CliError> {
    let refuse = |why: String| -> CliError {
        let problem = Diagnostic::error("engine-key", format!("the engine's key cannot be used: {why}"));
        problem.help(format!("export {variable}=PATH, or give {flag} FILE; `tenure init` wrote the keys")).into()
    };
    // The value of the variable may be the key itself, so it is never printed.
    let (given, place) = match file {
        Some(file) => (Zeroizing::new(file.to_string_lossy().into_owned()), file.display().to_string()),
        None => {
            let value = context.variable(variable).ok_or_else(|| refuse(format!("{variable} is not set")))?;
            (Zeroizing::new(value), format!("the file that {variable} names"))
        }
    };
    let text = if given.contains("-----BEGIN") {
        given
    } else {
        Zeroizing::new(fs::read_to_string(given.as_str()).map_err(|error| refuse(format!("{place}: {error}")))?)
    };
    PrivateKey::parse_openssh(&text).map_err(|error: KeyError| match PublicKey::parse_line(&text) {
        Ok(_) => refuse(format!("{place} is a public key; the private key is in the file without .pub")),
        Err(_) => refuse(error.to_string()),
    })
}

/// Returns whether a message of git or of the operating system reports a full disk.
fn is_disk_full(message: &str) -> bool {
    message.contains("No space left on device") || message.contains("Disk quota exceeded")
}

/// Returns the failure for an error of the journal.
pub(super) fn journal_failure(error: JournalError) -> CliError {
    let (code, exit, help) = match &error {
        JournalError::Busy { .. } => {
            ("system-busy", ExitStatus::Busy, "try again when that run has ended or its lease has expired")
        }
        JournalError::Contended { .. } => ("push-contended", ExitStatus::Busy, "try again"),
        JournalError::Fenced { .. } => ("run-fenced", ExitStatus::Busy, "no action needed: the other run continues"),
        JournalError::Declined(_) => {
            ("push-declined", ExitStatus::CouldNot, "allow only the engine to push the evidence branch")
        }
        JournalError::Defect { code, .. } => (*code, ExitStatus::Findings, "tenure audit"),
        JournalError::Refused(_) => {
            ("record-refused", ExitStatus::CouldNot, "report this to the maintainers; no record was pushed")
        }
        JournalError::Unusable(why) if is_disk_full(why) => {
            ("disk-full", ExitStatus::CouldNot, "free disk space on this machine, then run the command again")
        }
        JournalError::Unusable(_) => {
            ("evidence-unusable", ExitStatus::CouldNot, "`tenure audit` checks the clone and its evidence")
        }
        JournalError::Unreachable(_) => (
            "evidence-unreachable",
            ExitStatus::CouldNot,
            "try again; each run first checks the results of the previous one",
        ),
    };
    CliError::new(exit, Diagnostic::error(code, error.to_string()).help(help))
}

/// Returns the failure for an error of a run. Records that could not be pushed are saved in the git directory.
pub(super) fn run_failure(session: &RepositorySession, run: &RunId, error: RunError) -> CliError {
    let mut failure = journal_failure(error.cause);
    if error.unpublished.is_empty() {
        return failure;
    }
    let path = session.repository.directory().join(format!("tenure-unpublished-{run}.jsonl"));
    let lines: String = error
        .unpublished
        .iter()
        .filter_map(|entry: &RecordPayload| jcs::to_string(entry).ok())
        .map(|line| line + "\n")
        .collect();
    let note = match fs::write(&path, lines) {
        Ok(()) => format!(
            "the records that could not be pushed are saved in {} for inspection; they need not be restored",
            path.display()
        ),
        Err(error) => format!("these records could not be saved locally either: {error}"),
    };
    failure.problems.push(
        Diagnostic::warning("evidence-unpublished", note)
            .help("run `tenure enforce` again: it reads the results from the targets"),
    );
    failure
}

fn carried(error: &RemoteError) -> CliError {
    Diagnostic::error("remote-unreachable", error.to_string())
        .help("run `git fetch` for the error message of git")
        .into()
}
