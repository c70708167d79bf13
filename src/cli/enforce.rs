//! `tenure enforce [SYSTEM…]`: the only command that writes to targets.

use super::{
    CliError, CommandContext, ExitStatus, OutputFormat,
    evidence::{self, EngineArgs},
    forge::git_host_job,
    pending_records, plan,
};
use crate::{
    app::{PlanContext, RepositorySession, open_error},
    connector::{ConnectorEnvironment, OpenError, registry, sink},
    diag::Diagnostic,
    enforce::{Journal, ProvisioningTarget, RunObserver, RunRequest, RunStep, RunSummary},
    model::{
        ActionId, SystemId,
        file::{Remediation, System},
        history::EvidenceHistory,
        record::RunStart,
    },
    report::{OutputStyle, run_human, run_json},
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};

/// Apply signed decisions, read the result back, and record evidence
///
/// Compares the decisions at the head of main with the evidence and applies the missing changes, regardless of what
/// started the run.
/// The intents are pushed to the evidence branch before any target is changed.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  tenure enforce              all systems\n  tenure enforce web-1        one system: a matrix runs one job for each system, in parallel\n\nExit codes: 0 all confirmed · 3 findings or a guardrail · 4 the target disagrees · 75 another run has locked a system"
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
    let carrier = evidence::remote(&repository, &args.engine.remote)?;
    evidence::fetch_main(&repository, &carrier, &args.engine.remote)?;
    let session = context.open_pinned_session()?;
    session.ensure_trusted()?;
    let view = session.view("the plan");
    let assembly = PlanContext::load(&view, &session.settings_dir(), &args.systems)?;
    let mut journal = evidence::journal(&session, context, &args.engine)?;
    not_rolled_back(&session, journal.history())?;
    let plan = match plan::cleared_plan(&session, &assembly, journal.history(), context)? {
        Ok(plan) => plan,
        Err(tripped) => {
            drop(journal);
            plan::show(&tripped.plan, &tripped.trips, &session, &assembly, context)?;
            return Ok(ExitStatus::Findings);
        }
    };
    let start = start(&session, &assembly, journal.history(), args, git_host_job().claims(context.clock.now()))?;
    let mut taken_up = pending_records::pending_records(&session, journal.history(), &assembly)?;
    taken_up.extend(git_host_job().merges(&session.governed, journal.history(), &taken_up));
    let watch = ProgressObserver::new(plan.actions().len() as u64, context.terminal, args.crash_at());
    let mut hands = open_targets(&assembly, &session, context)?;
    let order = RunRequest { plan, start, taken_up, hands: &mut hands, observer: &watch };
    let done = crate::enforce::enforce(order, &mut journal);
    watch.finish();
    let run = journal.run().clone();
    drop(journal);
    let summary = done.map_err(|error| evidence::run_failure(&session, &run, error))?;
    report(&summary, context)?;
    Ok(if summary.exit == 0 { ExitStatus::Done } else { ExitStatus::Disagrees })
}

fn report(summary: &RunSummary, context: &mut CommandContext) -> Result<(), CliError> {
    if context.format == OutputFormat::Json {
        return context.json(&run_json(summary));
    }
    let style = OutputStyle::new(context.out_style);
    Ok(write!(context.out, "{}", run_human(summary, style))?)
}

/// Verifies that main contains the main commit of the last run, so that decisions cannot be rolled back.
pub(super) fn not_rolled_back(session: &RepositorySession, history: &EvidenceHistory) -> Result<(), CliError> {
    let Some((_, last)) = history.runs().next_back() else { return Ok(()) };
    let commit = crate::git::ObjectId::parse(&last.start.main);
    match commit.ok().map(|commit| session.governed.check_not_rolled_back(commit)) {
        Some(None) => Ok(()),
        Some(Some(finding)) => {
            let problem = Diagnostic::error(finding.code, finding.message).help(finding.help);
            Err(CliError::new(ExitStatus::Findings, problem))
        }
        None => Err(Diagnostic::error("record-malformed", "the record of the last run names no valid commit of main")
            .help("run `tenure audit` to see the defective record")
            .into()),
    }
}

/// Returns the start record of a run.
pub(super) fn start(
    session: &RepositorySession,
    assembly: &PlanContext<'_>,
    history: &EvidenceHistory,
    args: &EnforceArgs,
    claims: BTreeMap<String, String>,
) -> Result<RunStart, CliError> {
    let trust = session.trust()?;
    Ok(RunStart {
        command: "enforce".to_owned(),
        main: session.main.to_string(),
        plan: None,
        manifest: assembly.manifest(),
        systems: assembly.systems.keys().cloned().collect(),
        root: trust.root().digest(),
        mandate: trust.mandate().digest(),
        engine: env!("CARGO_PKG_VERSION").to_owned(),
        lease: args.engine.lease,
        evidence: history.size(),
        claims,
    })
}

/// Opens every system. A system that cannot be opened fails only its own actions.
fn open_targets(
    assembly: &PlanContext<'_>,
    session: &RepositorySession,
    context: &CommandContext,
) -> Result<BTreeMap<SystemId, ProvisioningTarget>, CliError> {
    let base = session.settings_dir();
    let around = ConnectorEnvironment { base: &base, variable: &|name| context.variable(name) };
    let mut hands = BTreeMap::new();
    for (id, system) in assembly.systems.iter().filter(|(_, system)| system.remediation != Remediation::ReportOnly) {
        hands.insert(id.clone(), open_target(system, &around).map_err(|error| open_error(id, error))?);
    }
    Ok(hands)
}

fn open_target(system: &System, around: &ConnectorEnvironment<'_>) -> Result<ProvisioningTarget, OpenError> {
    let sink = sink::open_or_closed(system.sink.as_ref(), around.base);
    let provisioner = registry::provisioner_or_closed(system, around)?;
    Ok(ProvisioningTarget { provisioner, sink, remediation: system.remediation, acted: false })
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
