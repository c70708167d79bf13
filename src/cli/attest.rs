//! `tenure attest ACTION`: writes the attestation of a manual change.

use super::{CliError, CommandContext, ExitStatus, OutputFormat};
use crate::{
    app::evidence::read_verified,
    diag::Diagnostic,
    format::codec,
    model::{
        ActionId, Digest, PrincipalId, Timestamp,
        file::{Attestation, FileKind},
    },
    store::write_file,
};
use std::{fs, path::PathBuf};

/// Record a change that was made manually
///
/// Writes an attestation, which the executor and the witness sign. When it is merged, the next run records the action
/// as confirmed at level V2, the lowest level; `tenure verify` raises it where the system can be read.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Evidence such as an export or a screenshot stays outside the repository; the attestation contains its digest.\n\nExamples:\n  tenure attest act-0123… --executor li.chen --witness mo.khan --statement 'removed svc from the vendor portal' --proof portal.png\n  tenure sign --key ~/.ssh/id_ed25519 attestations/act-0123….toml"
)]
pub(super) struct AttestArgs {
    /// The id of the action, from `tenure plan` or `tenure campaign status`
    action: ActionId,
    /// The person who made the change
    #[arg(long, value_name = "NAME")]
    executor: PrincipalId,
    /// The person who checked the target afterwards; must differ from the executor
    #[arg(long, value_name = "NAME")]
    witness: PrincipalId,
    /// Description of the change, in the terms of the target
    #[arg(long, value_name = "TEXT")]
    statement: String,
    /// The file that shows the change
    #[arg(long, value_name = "FILE")]
    proof: PathBuf,
    /// Time of the change [default: now]
    #[arg(long, value_name = "TIME")]
    done_at: Option<Timestamp>,
}

pub(super) fn run(args: &AttestArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let session = context.open_session()?;
    let trust = session.trust()?;
    let history = read_verified(&session)?;
    let past = history.action(&args.action).ok_or_else(|| {
        let problem = Diagnostic::error("unknown-action", format!("no run has recorded {}", args.action));
        CliError::from(problem.help("git fetch, then `tenure campaign status` shows the open work orders"))
    })?;
    if !past.is_attestable() || past.is_done() {
        let what = "is neither an open work order nor a change that two reads in a row could not verify";
        let problem = Diagnostic::error("no-work-order", format!("{} {what}", args.action));
        return Err(problem.help("`tenure campaign status` lists the open work orders").into());
    }
    if args.executor == args.witness {
        let problem =
            Diagnostic::error("witness-not-independent", format!("`{}` cannot be their own witness", args.executor));
        return Err(problem.help("have another person check the target: --witness NAME").into());
    }
    let proof = fs::read(context.directory.join(&args.proof)).map_err(|error| {
        let problem = Diagnostic::error("no-proof", format!("{}: {error}", args.proof.display()));
        CliError::from(problem.help("name the file that shows the change: --proof FILE"))
    })?;
    let attestation = Attestation {
        schema: FileKind::Attestation.schema().to_owned(),
        repo: trust.repo().clone(),
        action: args.action.clone(),
        plan: past.plan,
        executor: args.executor.clone(),
        witness: args.witness.clone(),
        done_at: args.done_at.unwrap_or_else(|| context.clock.now()),
        statement: args.statement.clone(),
        proof: Digest::of(proof),
    };
    let path = format!("attestations/{}.toml", args.action);
    let text = codec::render(&attestation);
    // Parsed before it is written: a statement with hidden characters, for example, is invalid.
    codec::parse::<Attestation>(&path, text.as_bytes())?;
    let file = session.settings_dir().join(&path);
    if file.exists() {
        let problem = Diagnostic::error("attestation-exists", format!("{path} already exists")).in_file(path);
        return Err(problem.help("sign it, or remove it if it has no signatures").into());
    }
    write_file(&session.settings_dir(), &path, text)?;
    match context.format {
        OutputFormat::Json => context.json(&attestation)?,
        _ => {
            writeln!(context.out, "{path}")?;
            writeln!(
                context.out,
                "next: {} and {} each: tenure sign {path}; then merge it",
                args.executor, args.witness
            )?;
        }
    }
    Ok(ExitStatus::Done)
}
