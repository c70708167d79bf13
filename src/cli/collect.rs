//! `tenure collect SYSTEM`: reads the grants of a system and writes its inventory.

use super::{
    CliError, CommandContext, ExitStatus, OutputFormat,
    evidence::{self, EngineArgs},
};
use crate::{
    app::{
        AppError, RepositorySession,
        evidence::{publish_notice, read_with_position},
        open_error, unknown_system,
    },
    connector::{Collector, ConnectorEnvironment, registry},
    diag::{Diagnostic, DiagnosticSeverity, counted},
    inventory::{
        self, CollectRequest, CollectedInventory, CollectionLimits, CollectionProgress, InventoryDiff, LoadError,
        LoadedInventory, WorkTree, difference,
    },
    model::{
        Grant, SystemId,
        file::{LogPosition, Observation},
        record::{InventoryCollected, RecordPayload},
    },
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use std::{io::Write, path::Path, time::Duration};

/// Read all access of a system and write its inventory
#[derive(Debug, clap::Args)]
#[command(
    after_help = "If a read is refused, incomplete or inconsistent, the command fails and the previous inventory stays unchanged.\n\nExamples:\n  tenure collect pg-orders && git add inventory/pg-orders\n  tenure collect pg-orders --readback --seal    in a job that may not write to the system\n  tenure collect hosts --format json"
)]
pub(super) struct CollectArgs {
    /// The system: the name of its folder in systems/
    system: SystemId,
    /// Use the credential of [settings.readback], if the system has one: it can only read
    #[arg(long)]
    readback: bool,
    /// Record the inventory in the evidence, signed by the key of this job; campaigns then accept no other inventory
    #[arg(long)]
    seal: bool,
    #[command(flatten)]
    engine: EngineArgs,
}

pub(super) fn run(args: &CollectArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let session = context.open_session()?;
    let view = session.view("the collection");
    let files = view.system_files()?;
    let system = files.systems.get(&args.system).ok_or_else(|| match files.problems(&args.system) {
        Some(problems) => CliError::from(AppError::findings(problems)),
        None => {
            let known: Vec<_> = files.systems.keys().map(|id| format!("`{id}`")).collect();
            let help = format!("sign and merge one; existing systems: {}", known.join(", "));
            CliError::from(unknown_system(&args.system).help(help))
        }
    })?;
    if system.is_retired() {
        let problem = Diagnostic::error("system-retired", format!("`{}` is retired", args.system));
        return Err(problem.in_file(system.path()).help("`tenure verify` still reads what was decided on it").into());
    }
    let allowed = &session.trust()?.mandate().file().connectors;
    if !allowed.contains(&system.connector) {
        let message = format!("the mandate does not allow the connector `{}`", system.connector);
        let problem = Diagnostic::error("connector-not-allowed", message).in_file(system.path());
        return Err(problem.help("add it to `connectors` in the next trust/mandate").into());
    }
    let base = session.work_tree()?.to_path_buf();
    let variable = |name: &str| context.variable(name);
    // The inventory of main was reviewed; one in the work tree may be new.
    let reviewed = view.inventories([&args.system]).unwrap_or_default();
    let identity = reviewed.get(&args.system).and_then(|loaded| loaded.observation.target_identity.clone());
    let identities = identity.into_iter().map(|identity| (args.system.clone(), identity)).collect();
    let around = ConnectorEnvironment { base: &base, variable: &variable, identities: &identities };
    let collector = match args.readback {
        true => registry::readback(system, &around).map(|(collector, _)| collector),
        false => registry::collector(system, &around),
    };
    let collector = collector.map_err(|error| open_error(system, error))?;
    if args.seal {
        // Missing keys and defective evidence are reported before the system is read.
        let mut journal = evidence::journal(&session, context, &args.engine)?;
        let collection = listed(&args.system, collector.as_ref(), context)?;
        let record = RecordPayload::Collected(sealed(collection.observation()));
        publish_notice("collect", [record], &session, args.engine.lease, &mut journal)?;
        let position = journal.ledger().position();
        drop(journal);
        return publish(&args.system, collection.at_position(position), &base, context);
    }
    let position = position(&session, context)?;
    let collection = listed(&args.system, collector.as_ref(), context)?;
    publish(&args.system, collection.at_position(position), &base, context)
}

/// Returns the position of the evidence log, if it can be read: what a system holds can be read without the evidence.
fn position(session: &RepositorySession, context: &mut CommandContext) -> Result<Option<LogPosition>, CliError> {
    match read_with_position(session) {
        Ok((position, _)) => Ok(position),
        Err(failure) => {
            let problems = failure.problems.into_iter();
            let lowered = problems.map(|problem| Diagnostic { severity: DiagnosticSeverity::Warning, ..problem });
            context.problems(&lowered.collect())?;
            Ok(None)
        }
    }
}

/// Reads all access of the system.
fn listed(
    system: &SystemId,
    collector: &dyn Collector,
    context: &CommandContext,
) -> Result<CollectedInventory, CliError> {
    let bar = progress_bar(context.terminal);
    let mut progress = |at: CollectionProgress| {
        bar.set_message(format!("{system}: {} grants of kind {}, {} pages", at.grants, at.kind, at.pages));
        bar.tick();
    };
    let task = CollectRequest {
        system,
        collector,
        clock: context.clock.as_ref(),
        limits: CollectionLimits::default(),
        pause: &std::thread::sleep,
    };
    let collection = inventory::collect(&task, &mut progress);
    bar.finish_and_clear();
    collection.map_err(|error| error.diagnostic(system).into())
}

/// Returns the record of an inventory.
fn sealed(observation: &Observation) -> InventoryCollected {
    InventoryCollected {
        system: observation.system.clone(),
        observed_at: observation.observed_at,
        grants: observation.grants(),
        grants_digest: observation.grants_digest(),
        usage: observation.usage,
        target_identity: observation.target_identity.clone(),
    }
}

/// Writes the inventory of the system to the work tree at `root`, and prints the changes since the previous inventory.
fn publish(
    system: &SystemId,
    collection: CollectedInventory,
    root: &Path,
    context: &mut CommandContext,
) -> Result<ExitStatus, CliError> {
    let before = match inventory::load(&WorkTree::new(root), system) {
        Ok(before) => Some(before),
        Err(LoadError::Missing(_)) => None,
        Err(error) => {
            let problem = Diagnostic::warning(error.code(), format!("the previous inventory cannot be read: {error}"));
            context.problems(&problem.help("it is replaced; `git log` shows the previous versions").into())?;
            None
        }
    };
    inventory::publish(root, system, &collection.into_files()).map_err(|error| {
        let problem =
            Diagnostic::error("file-unwritable", error.to_string()).with_note("the previous inventory is unchanged");
        CliError::from(problem.help("free disk space or grant write permission, then collect again"))
    })?;
    // The files are loaded again, so that the report describes the written inventory.
    let after =
        inventory::load(&WorkTree::new(root), system).map_err(|error| CliError::from(error.diagnostics(system)))?;
    let changes = before.as_ref().map(|before| difference(&before.inventory, &after.inventory));
    match context.format {
        OutputFormat::Json => context.json(&as_json(&after, changes.as_ref()))?,
        _ => context.out.write_all(as_text(&after, changes.as_ref()).as_bytes())?,
    }
    Ok(ExitStatus::Done)
}

fn progress_bar(terminal: bool) -> ProgressBar {
    let target = if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(None, target).with_style(ProgressStyle::default_spinner());
    if terminal {
        bar.enable_steady_tick(Duration::from_millis(120));
    }
    bar
}

fn as_text(after: &LoadedInventory, changes: Option<&InventoryDiff>) -> String {
    let observation = &after.observation;
    let mut lines = vec![format!(
        "{}: {} from {} as {}, {}",
        observation.system,
        counted(after.inventory.grants().len(), "grant"),
        observation.target,
        observation.identity,
        counted(observation.calls, "call")
    )];
    lines.extend(observation.target_identity.iter().map(|identity| format!("  identity of the target: {identity}")));
    for kind in &observation.kinds {
        let total = match (kind.control_total, &kind.control_source) {
            (Some(total), Some(source)) => format!("control total {total} ({source})"),
            _ => "no independent count".to_owned(),
        };
        lines.push(format!("  {:<12}{:>8}  {}, {total}", kind.kind.as_str(), kind.count, counted(kind.pages, "page")));
    }
    lines.extend(observation.blind_spots.iter().map(|spot| format!("  not collected: {spot}")));
    match changes {
        None => lines.push("the first inventory of this system".to_owned()),
        Some(changes) if changes.is_empty() => lines.push("no grant changed since the previous inventory".to_owned()),
        Some(changes) => {
            let shown = |sign: char, grant: &Grant| {
                format!("  {sign} {} {} of {}", grant.kind, grant.entitlement.name, grant.principal.name)
            };
            let all = changes
                .added
                .iter()
                .map(|grant| shown('+', grant))
                .chain(changes.removed.iter().map(|grant| shown('−', grant)))
                .chain(changes.changed.iter().map(|c| format!("{}: {}", shown('~', &c.grant), c.what.join("; "))));
            let all: Vec<_> = all.collect();
            lines.push(format!(
                "{} added, {} removed, {} changed since the previous inventory",
                changes.added.len(),
                changes.removed.len(),
                changes.changed.len()
            ));
            lines.extend(all.iter().take(MOST_SHOWN).cloned());
            if all.len() > MOST_SHOWN {
                lines.push(format!("  … and {} more: `--format json` lists all", all.len() - MOST_SHOWN));
            }
        }
    }
    lines.push(format!("wrote {}/", inventory::folder(&observation.system)));
    lines.iter().map(|line| format!("{}\n", crate::diag::escape(line))).collect()
}

fn as_json(after: &LoadedInventory, changes: Option<&InventoryDiff>) -> Value {
    let observation: &Observation = &after.observation;
    let grant = |grant: &Grant| {
        json!({
            "key": grant.key,
            "kind": grant.kind,
            "principal": grant.principal.name,
            "entitlement": grant.entitlement.name,
        })
    };
    let changes = changes.map(|changes| {
        let changed = changes.changed.iter().map(|changed| {
            let mut value = grant(&changed.grant);
            value["what"] = json!(changed.what);
            value["lapses"] = json!(changed.lapses);
            value
        });
        json!({
            "added": changes.added.iter().map(grant).collect::<Vec<_>>(),
            "removed": changes.removed.iter().map(grant).collect::<Vec<_>>(),
            "changed": changed.collect::<Vec<_>>(),
        })
    });
    json!({"observation": observation, "grants": after.inventory.grants().len(), "changes": changes})
}

const MOST_SHOWN: usize = 40;
