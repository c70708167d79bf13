//! Writing down that a compensating control ran.

use crate::{
    cli::{CliError, CommandContext, ExitStatus, OutputFormat, session::RepositorySession},
    diag::Diagnostic,
    format::codec,
    model::{
        Digest, PrincipalId, Timestamp,
        file::{FileKind, Proof, ProofResult},
    },
};
use std::{fs, path::PathBuf};

/// Write down that the compensating control of an exception ran, to be signed by who ran it
#[derive(Debug, clap::Args)]
#[command(
    after_help = "What shows it (a log, an export) stays outside the repository; its digest binds it. A control that did not hold ends the\nexception at once.\n\nExamples:\n  tenure exception prove exc-7c0f2f6e --by mo.khan --result held --statement 'looked at eleven sessions' --artefact sessions.csv\n  tenure sign proofs/exc-7c0f2f6e/1.toml"
)]
pub(super) struct ExceptionRecordTestArgs {
    /// The exception
    exception: PrincipalId,
    /// Who ran the control; they sign
    #[arg(long, value_name = "NAME")]
    by: PrincipalId,
    /// What came of it
    #[arg(long, value_enum)]
    result: ResultName,
    /// What was done and seen
    #[arg(long, value_name = "TEXT")]
    statement: String,
    /// The file that shows it
    #[arg(long, value_name = "FILE")]
    artefact: PathBuf,
    /// When it was done [default: now]
    #[arg(long, value_name = "TIME")]
    done_at: Option<Timestamp>,
}

/// A result as it is typed.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum ResultName {
    /// It does not limit the harm
    Failed,
    /// It limits the harm as it should
    Held,
}

pub(super) fn run(args: &ExceptionRecordTestArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let session = RepositorySession::open(context)?;
    let trust = session.trust()?;
    let exception = session.governed.exceptions().iter().find(|one| one.id == args.exception).ok_or_else(|| {
        let problem =
            Diagnostic::error("unknown-exception", format!("no exception `{}` is accepted on main", args.exception));
        CliError::from(problem.help("tenure exception list --all"))
    })?;
    let artefact = fs::read(context.directory.join(&args.artefact)).map_err(|error| {
        let problem = Diagnostic::error("no-artefact", format!("{}: {error}", args.artefact.display()));
        CliError::from(problem.help("name the file that shows it: --artefact FILE"))
    })?;
    let tree = session.work_tree()?;
    let path_of = |number: u32| format!("proofs/{}/{number}.toml", args.exception);
    let number = (1..).find(|number| !tree.join(path_of(*number)).exists()).unwrap_or(u32::MAX);
    let proof = Proof {
        schema: FileKind::Proof.schema().to_owned(),
        repo: trust.repo().clone(),
        exception: args.exception.clone(),
        digest: exception.digest(),
        number,
        by: args.by.clone(),
        done_at: args.done_at.unwrap_or_else(|| context.clock.now()),
        result: match args.result {
            ResultName::Failed => ProofResult::Failed,
            ResultName::Held => ProofResult::Held,
        },
        statement: args.statement.clone(),
        artifact: Digest::of(artefact),
    };
    let path = path_of(number);
    let text = codec::render(&proof);
    codec::parse::<Proof>(&path, text.as_bytes())?;
    fs::create_dir_all(tree.join("proofs").join(args.exception.as_str()))?;
    fs::write(tree.join(&path), text)?;
    match context.format {
        OutputFormat::Json => context.json(&proof)?,
        _ => writeln!(context.out, "{path}\nnext: {} signs: tenure sign {path}; then merge it", args.by)?,
    }
    Ok(ExitStatus::Done)
}
