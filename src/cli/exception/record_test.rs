//! `tenure exception record-test EXCEPTION`: records a test of a compensating control.

use crate::{
    cli::{CliError, CommandContext, ExitStatus, OutputFormat},
    diag::Diagnostic,
    format::codec,
    model::{
        Digest, PrincipalId, Timestamp,
        file::{FileKind, Proof, ProofResult},
    },
    store::write_file,
};
use std::{fs, path::PathBuf};

/// Record that the compensating control of an exception was tested, to be signed by the tester
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Evidence such as a log or an export stays outside the repository; the record contains its digest. A control that failed ends the exception at once.\n\nExamples:\n  tenure exception record-test exc-7c0f2f6e --by mo.khan --result held --statement 'looked at eleven sessions' --artifact sessions.csv\n  tenure sign proofs/exc-7c0f2f6e/1.toml"
)]
pub(super) struct ExceptionRecordTestArgs {
    /// The name of the exception
    exception: PrincipalId,
    /// The person who tested the control, and who signs
    #[arg(long, value_name = "NAME")]
    by: PrincipalId,
    /// The result of the test
    #[arg(long, value_enum)]
    result: ResultName,
    /// Description of the test and its observations
    #[arg(long, value_name = "TEXT")]
    statement: String,
    /// The file that shows the result
    #[arg(long, value_name = "FILE")]
    artifact: PathBuf,
    /// Time of the test [default: now]
    #[arg(long, value_name = "TIME")]
    done_at: Option<Timestamp>,
}

/// A test result on the command line.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum ResultName {
    /// The control does not limit the harm
    Failed,
    /// The control limits the harm as intended
    Held,
}

pub(super) fn run(args: &ExceptionRecordTestArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let session = context.open_session()?;
    let trust = session.trust()?;
    let exception = session.governed.exceptions().iter().find(|one| one.id == args.exception).ok_or_else(|| {
        let problem =
            Diagnostic::error("unknown-exception", format!("no exception `{}` is accepted on main", args.exception));
        CliError::from(problem.help("tenure exception list --all"))
    })?;
    let artifact = fs::read(context.directory.join(&args.artifact)).map_err(|error| {
        let problem = Diagnostic::error("no-artifact", format!("{}: {error}", args.artifact.display()));
        CliError::from(problem.help("name the file that shows the result: --artifact FILE"))
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
        artifact: Digest::of(artifact),
    };
    let path = path_of(number);
    let text = codec::render(&proof);
    codec::parse::<Proof>(&path, text.as_bytes())?;
    write_file(tree, &path, text)?;
    match context.format {
        OutputFormat::Json => context.json(&proof)?,
        _ => writeln!(context.out, "{path}\nnext: {} signs: tenure sign {path}; then merge it", args.by)?,
    }
    Ok(ExitStatus::Done)
}
