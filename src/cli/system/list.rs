//! `tenure system list`: lists the systems on main, their owners, and the environment variables of their connectors.

use crate::{
    cli::{CliError, CommandContext, ExitStatus, OutputFormat},
    connector::registry::variables,
    model::file::Remediation,
    report::{OutputStyle, systems_human},
};
use serde_json::json;
use std::collections::BTreeMap;

/// List the systems on main, their owners, and the environment variables their connectors need
///
/// With `--format github` it sets two outputs of the job for a matrix: `systems`, the names of all systems, and
/// `enforced`, those of all but report-only systems.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  tenure system list\n  tenure system list --format json\n  tenure system list --format github       in a workflow: sets the outputs"
)]
pub(super) struct SystemListArgs {}

pub(super) fn run(_: &SystemListArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let session = context.open_cached_session(None)?;
    session.ensure_trusted()?;
    let view = session.view("the list of systems");
    let files = view.system_files()?;
    // Systems whose files were changed are listed too, so that jobs still read them.
    let systems: BTreeMap<_, _> = files.systems.iter().chain(&files.changed).collect();
    if context.format == OutputFormat::Json {
        let listed: Vec<_> = systems
            .values()
            .map(|system| {
                json!({
                    "connector": system.connector,
                    "deputy": system.deputy,
                    "owner": system.owner,
                    "readback_variables": variables(system, true),
                    "remediation": system.remediation,
                    "system": system.system,
                    "tier": system.tier,
                    "variables": variables(system, false),
                })
            })
            .collect();
        context.json(&listed)?;
        return Ok(ExitStatus::Done);
    }
    let all: Vec<_> = systems.keys().collect();
    let enforced: Vec<_> =
        systems.values().filter(|s| s.remediation != Remediation::ReportOnly).map(|s| &s.system).collect();
    context.output("systems", &json!(all).to_string())?;
    context.output("enforced", &json!(enforced).to_string())?;
    write!(context.out, "{}", systems_human(systems.values().copied(), OutputStyle::new(context.out_style)))?;
    Ok(ExitStatus::Done)
}
