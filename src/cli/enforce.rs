//! `tenure enforce [SYSTEM…]`: the only command that writes to targets.

use super::{
    CliError, CommandContext, ExitStatus, OutputFormat,
    context::variable,
    evidence::{self, EngineArgs},
    forge::git_host_job,
    plan,
};
use crate::{
    app::{
        EnforceRequest, PlanContext, cleared_plan, enforce,
        evidence::{fetch_main, remote},
        require_not_rolled_back,
    },
    enforce::{Journal as _, RunObserver, RunStep, RunSummary},
    model::{ActionId, SystemId},
    report::{ItemNames, OutputStyle, run_human, run_json},
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::atomic::{AtomicU64, Ordering};

/// Apply signed decisions, read the result back, and record evidence
///
/// Compares the decisions at the head of main with the evidence and applies the missing changes, regardless of what
/// started the run.
/// The intents are pushed to the evidence branch before any target is changed.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  tenure enforce              all systems\n  tenure enforce web-1        one system: a matrix runs one job for each system, in parallel\n\nExit codes: 0 all confirmed or kept, or waiting for sessions or people within the time limit · 3 held decisions, findings or a guardrail · 4 the target disagrees · 75 another run has locked a system"
)]
pub(super) struct EnforceArgs {
    /// Only these systems
    systems: Vec<SystemId>,
    #[command(flatten)]
    engine: EngineArgs,
    /// Kill the process at this step, or when it reaches the step for the Nth time
    #[cfg(debug_assertions)]
    #[arg(long, hide = true, value_name = "STEP[:N]")]
    crash_at: Option<String>,
}

impl EnforceArgs {
    fn crash_at(&self) -> Option<&str> {
        #[cfg(debug_assertions)]
        return self.crash_at.as_deref();
        #[cfg(not(debug_assertions))]
        return None;
    }
}

pub(super) fn run(args: &EnforceArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    evidence::retry_while_busy(args.engine.wait, context, |context| run_once(args, context))
}

fn run_once(args: &EnforceArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let repository = crate::git::Repository::discover(&context.directory)?;
    let carrier = remote(&repository, &args.engine.remote)?;
    fetch_main(&repository, &carrier, &args.engine.remote)?;
    let session = context.open_pinned_session()?;
    session.ensure_trusted()?;
    let view = session.view("the plan");
    let assembly = PlanContext::load(&view, &session.settings_dir(), &args.systems)?;
    let journal = evidence::journal(&session, context, &args.engine)?;
    require_not_rolled_back(&session, journal.history())?;
    let now = context.clock.now();
    let plan = match cleared_plan(&session, &assembly, journal.history(), now)? {
        Ok(plan) => plan,
        Err(tripped) => {
            drop(journal);
            plan::show(&tripped.plan, &tripped.trips, &session, &assembly, context)?;
            return plan::exit_with(ExitStatus::Findings, &assembly, context);
        }
    };
    let observer = ProgressObserver::new(plan.actions().len() as u64, context.terminal, args.crash_at());
    let (lease, job) = (args.engine.lease, git_host_job());
    let request = EnforceRequest { plan, lease, job: &job, variable: &variable, observer: &observer, now };
    let done = enforce(&session, &assembly, request, journal);
    observer.finish();
    let summary = done?;
    report(&summary, &plan::held_items(&session, &summary.held), context)?;
    let exit = match summary.exit {
        0 => ExitStatus::Done,
        3 => ExitStatus::Findings,
        _ => ExitStatus::Disagrees,
    };
    plan::exit_with(exit, &assembly, context)
}

fn report(summary: &RunSummary, items: &ItemNames, context: &mut CommandContext) -> Result<(), CliError> {
    if context.format == OutputFormat::Json {
        return context.json(&run_json(summary));
    }
    let style = OutputStyle::new(context.out_style);
    Ok(write!(context.out, "{}", run_human(summary, items, style))?)
}

/// Shows progress at a terminal, and kills the process at the step that a test requests.
struct ProgressObserver {
    bar: ProgressBar,
    crash_at: Option<(String, u64)>,
    /// Number of times the run has reached the crash step.
    passed: AtomicU64,
}

impl ProgressObserver {
    fn new(actions: u64, terminal: bool, crash_at: Option<&str>) -> Self {
        let target = if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(actions), target);
        if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {pos}/{len} {elapsed}") {
            bar.set_style(style);
        }
        let crash_at = crash_at.map(|at| {
            let (step, times) = at.split_once(':').unwrap_or((at, "1"));
            (step.to_owned(), times.parse().unwrap_or(1))
        });
        Self { bar, crash_at, passed: AtomicU64::new(0) }
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl RunObserver for ProgressObserver {
    fn reached(&self, step: RunStep, _: Option<&ActionId>) {
        if step == RunStep::AfterLook {
            self.bar.inc(1);
        }
        self.bar.set_message(step.name());
        let Some((name, times)) = &self.crash_at else { return };
        if name == step.name() && self.passed.fetch_add(1, Ordering::Relaxed) + 1 == *times {
            // As in a power failure, no destructor runs and no buffer is flushed.
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        }
    }
}
