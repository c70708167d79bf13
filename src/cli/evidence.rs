//! Arguments of commands that write evidence: the remote, the keys of the engine, and the times of locks.

use super::{CliError, CommandContext, ExitStatus};
use crate::{
    app::{
        RepositorySession,
        evidence::{JournalRequest, missing_evidence_note, open_journal},
    },
    diag::Diagnostic,
    evidence::Appender,
    format::ssh_keys::{KeyError, PrivateKey, PublicKey, Signer as _},
    model::RunId,
};
use std::{
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

/// Writes a note if the clone has no evidence branch: all decisions would appear as not enforced.
///
/// # Errors
/// When the refs cannot be read.
pub(super) fn note_if_missing(session: &RepositorySession, context: &mut CommandContext) -> Result<(), CliError> {
    match missing_evidence_note(session)? {
        Some(note) => Ok(context.note(&note)?),
        None => Ok(()),
    }
}

/// Opens the journal of a new run on the evidence branch of the remote.
pub(super) fn journal<'a>(
    session: &'a RepositorySession,
    context: &'a CommandContext,
    args: &'a EngineArgs,
) -> Result<Appender<'a>, CliError> {
    // Without a trust state, a missing key is a consequence.
    session.trust()?;
    let request = JournalRequest {
        remote: &args.remote,
        commit_key: key(context, args.commit_key.as_ref(), "TENURE_COMMIT_KEY", "--commit-key")?,
        log_key: key(context, args.log_key.as_ref(), "TENURE_LOG_KEY", "--log-key")?,
        run: RunId::new_now(),
        clock: context.clock.as_ref(),
    };
    Ok(open_journal(session, request)?)
}

/// As [`journal`], for a run that records more than looks at targets: a read-back key is refused.
///
/// # Errors
/// As [`journal`], and when the commit key is a read-back key.
pub(super) fn writing_journal<'a>(
    session: &'a RepositorySession,
    context: &'a CommandContext,
    args: &'a EngineArgs,
) -> Result<Appender<'a>, CliError> {
    if is_readback(session, context, args)? {
        let message = "the commit key is a read-back key, which signs looks at targets and no changes";
        let problem = Diagnostic::error("engine-key", message);
        return Err(problem.help("use the commit key: --commit-key FILE, or export TENURE_COMMIT_KEY=PATH").into());
    }
    journal(session, context, args)
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
