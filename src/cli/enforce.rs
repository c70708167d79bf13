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
    diag::{Diagnostic, counted},
    enforce::{ActionResult, INTERRUPTED, Journal as _, RunObserver, RunStep, RunSummary},
    model::{ActionId, SystemId},
    report::{ItemNames, OutputStyle, run_human, run_json},
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use signal_hook::consts::{SIGINT, SIGTERM};
use std::{
    io::Write as _,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

/// Apply signed decisions, read the result back, and record evidence
///
/// Compares the decisions at the head of main with the evidence and applies the missing changes, regardless of what
/// started the run.
/// The intents are pushed to the evidence branch before any target is changed.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  tenure enforce              all systems\n  tenure enforce web-1        one system: a matrix runs one job for each system, in parallel\n\nExit codes: 0 all confirmed or kept, or waiting for sessions or people within the time limit · 3 held decisions, findings or a guardrail · 4 the target disagrees · 75 another run has locked a system · 130 interrupted: the current action was finished, and the lock of the systems released"
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
    let journal = evidence::writing_journal(&session, context, &args.engine)?;
    require_not_rolled_back(&session, journal.history())?;
    let now = context.clock.now();
    let mut warnings = plan::untimely_warnings(&session, journal.history(), now);
    let plan = match cleared_plan(&session, &assembly, journal.history(), now)? {
        Ok(plan) => plan,
        Err(tripped) => {
            drop(journal);
            context.problems(&warnings)?;
            plan::show(&tripped.plan, &tripped.trips, &session, &assembly, context)?;
            return plan::exit_with(ExitStatus::Findings, &assembly, context);
        }
    };
    warnings.extend(plan::reappeared_warnings(&plan, &assembly, journal.history()));
    let interrupted = interruption()?;
    let observer = ProgressObserver::new(plan.actions().len() as u64, context.terminal, args.crash_at(), interrupted);
    let (lease, job) = (args.engine.lease, git_host_job());
    let request = EnforceRequest { plan, lease, job: &job, variable: &variable, observer: &observer, now };
    let done = enforce(&session, &assembly, request, journal);
    observer.finish();
    context.problems(&warnings)?;
    let summary = done?;
    report(&summary, &plan::held_items(&session, &summary.held), context)?;
    let exit = match summary.exit {
        0 => ExitStatus::Done,
        3 => ExitStatus::Findings,
        INTERRUPTED => return interrupted_exit(&summary),
        _ => ExitStatus::Disagrees,
    };
    plan::exit_with(exit, &assembly, context)
}

/// Returns the failure of an interrupted run, with the next step.
fn interrupted_exit(summary: &RunSummary) -> Result<ExitStatus, CliError> {
    let untouched = |done: &&ActionResult| done.outcome.class.as_deref() == Some("interrupted");
    let left = summary.done.iter().filter(untouched).count();
    let problem = Diagnostic::error("run-interrupted", "the run was interrupted, and ended in order")
        .with_note(format!("the action in progress was finished; {} not started", counted(left, "recorded action was")))
        .with_note("the systems are not locked any more")
        .help("run `tenure enforce` to continue");
    Err(CliError::new(ExitStatus::Interrupted, problem))
}

/// Returns a flag that is set by Ctrl-C and by the signal to end. A second Ctrl-C ends the process immediately; the next
/// run then finishes its work, after its lease.
fn interruption() -> Result<Arc<AtomicBool>, CliError> {
    let interrupted = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register_conditional_shutdown(SIGINT, INTERRUPTED.into(), interrupted.clone())?;
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, interrupted.clone())?;
    }
    let seen = Arc::downgrade(&interrupted);
    std::thread::spawn(move || {
        while let Some(flag) = seen.upgrade() {
            if flag.load(Ordering::Relaxed) {
                let text =
                    "interrupted: the action in progress is finished first; press Ctrl-C again to end immediately";
                // Without stderr there is no way to report anything.
                let _ = writeln!(std::io::stderr(), "{text}");
                return;
            }
            drop(flag);
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    Ok(interrupted)
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
    interrupted: Arc<AtomicBool>,
}

impl ProgressObserver {
    fn new(actions: u64, terminal: bool, crash_at: Option<&str>, interrupted: Arc<AtomicBool>) -> Self {
        let target = if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(actions), target);
        if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {pos}/{len} {elapsed}") {
            bar.set_style(style);
        }
        let crash_at = crash_at.map(|at| {
            let (step, times) = at.split_once(':').unwrap_or((at, "1"));
            (step.to_owned(), times.parse().unwrap_or(1))
        });
        Self { bar, crash_at, passed: AtomicU64::new(0), interrupted }
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

    fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }
}
