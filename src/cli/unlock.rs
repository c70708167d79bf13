//! `tenure unlock SYSTEM`: releases the lock of a run that has ended without releasing it.

use super::{
    CliError, CommandContext, ExitStatus, OutputFormat,
    evidence::{self, EngineArgs},
    forge::git_host_job,
};
use crate::{
    app::{PlanContext, UnlockRequest, unlock},
    diag::Diagnostic,
    enforce::Journal as _,
    evidence::LeaseHolder,
    model::{RunId, SystemId},
};
use serde_json::json;

/// Release the lock of a run that was killed
///
/// A run locks its systems until it ends or its lease expires. This command releases the lock of a run that cannot
/// end any more, and records that in evidence. If the run is still working, it stops before its next change.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The next `tenure enforce` reads the targets and finishes the work of the killed run.\n\nExamples:\n  tenure unlock web-1\n  tenure unlock web-1 --run 0199a1b2-…    before its lease has expired, when you know that its process has ended\n\nExit codes: 0 not locked any more · 75 the lease has not expired"
)]
pub(super) struct UnlockArgs {
    /// The system: the name of its folder in systems/
    system: SystemId,
    /// The run that holds the lock, to release it before its lease has expired
    #[arg(long, value_name = "RUN-ID")]
    run: Option<RunId>,
    #[command(flatten)]
    engine: EngineArgs,
}

pub(super) fn run(args: &UnlockArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let session = context.open_pinned_session()?;
    session.ensure_trusted()?;
    let view = session.view("the lock");
    let assembly = PlanContext::load(&view, &session.settings_dir(), std::slice::from_ref(&args.system))?;
    let journal = evidence::writing_journal(&session, context, &args.engine)?;
    let holders = LeaseHolder::of(journal.history(), &args.system, context.clock.now());
    if let Some(named) = &args.run
        && !holders.iter().any(|holder| holder.run == *named)
    {
        let problem = Diagnostic::error("run-holds-no-lock", format!("run {named} does not lock `{}`", args.system));
        return Err(problem.help(held_by(&holders, &args.system)).into());
    }
    if let Some(held) = holders.iter().find(|holder| !holder.is_over && args.run.as_ref() != Some(&holder.run)) {
        let until = held.until;
        let message = format!("run {} holds `{}`, and its lease has not expired", held.run, args.system);
        let problem = Diagnostic::error("lease-not-expired", message)
            .with_note(format!("it may still be working until {until} at the latest"))
            .help(format!("if its process has ended: tenure unlock {} --run {}", args.system, held.run));
        return Err(CliError::new(ExitStatus::Busy, problem));
    }
    let released: Vec<RunId> = holders.into_iter().map(|holder| holder.run).collect();
    if !released.is_empty() {
        let job = git_host_job();
        let request = UnlockRequest { system: &args.system, released: &released, job: &job, now: context.clock.now() };
        unlock(&session, &assembly, &request, journal)?;
    }
    match context.format {
        OutputFormat::Json => context.json(&json!({"system": args.system, "released": released}))?,
        _ if released.is_empty() => writeln!(context.out, "{} is not locked", args.system)?,
        _ => {
            for run in &released {
                writeln!(context.out, "{}: released the lock of run {run}", args.system)?;
            }
        }
    }
    Ok(ExitStatus::Done)
}

fn held_by(holders: &[LeaseHolder], system: &SystemId) -> String {
    match holders.first() {
        Some(holder) => format!("run {} holds it: tenure unlock {system} --run {}", holder.run, holder.run),
        None => format!("no run locks `{system}`; `tenure enforce` can start"),
    }
}
