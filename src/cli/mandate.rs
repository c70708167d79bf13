//! `tenure mandate set KEY=VALUE…`: writes the next mandate.

use super::{
    CliError, CommandContext, ExitStatus,
    assignment::{assign, assignment, invalid},
    next_trust_file::NextTrustFile,
};
use crate::{diag::Diagnostic, model::file::Mandate, trust::check_severities};
use clap::Subcommand;
use toml::Table;

/// Write the next mandate
#[derive(Debug, clap::Args)]
pub(super) struct MandateArgs {
    #[command(subcommand)]
    command: MandateCommand,
}

#[derive(Debug, Subcommand)]
enum MandateCommand {
    Set(MandateSetArgs),
}

/// Write the next mandate with other values, and name the people who must sign it
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The mandate in force is the newest on main. The next one is in force when a threshold of its signers has signed it and it is merged.\n\nExamples:\n  tenure mandate set guardrails.max_removals_per_run=50\n  tenure mandate set thresholds.T1=2 'connectors=[\"hosts\", \"postgres\"]'\n  tenure mandate set severity.out-of-band-change=critical\n  tenure mandate set max_files_per_change=        removes the key"
)]
struct MandateSetArgs {
    /// Keys and their values, TOML or else text; without a value, the key is removed
    #[arg(required = true, value_name = "KEY=VALUE", value_parser = assignment)]
    values: Vec<(String, String)>,
}

pub(super) fn run(args: &MandateArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let MandateCommand::Set(args) = &args.command;
    let session = context.open_session()?;
    let trust = session.trust()?;
    let before = trust.mandate().file();
    if let Some((key, _)) = args.values.iter().find(|(key, _)| WRITTEN.contains(&key.as_str())) {
        let problem =
            Diagnostic::error("malformed", format!("`{key}` follows from the mandate before, and cannot be set"));
        return Err(problem.help("leave it out").into());
    }
    let mut table = Table::try_from(before).map_err(|error| invalid("mandate", "mandate", &error))?;
    args.values.iter().try_for_each(|value| assign(&mut table, value))?;
    let mut next: Mandate = table.try_into().map_err(|error| invalid("mandate", "mandate", &error))?;
    (next.version, next.prev) = (before.version + 1, trust.mandate().digest().to_string());
    let check = |path: &str, bytes: &[u8]| {
        let problems = check_severities(path, bytes);
        if problems.has_errors() {
            return Err(problems.into());
        }
        trust.check_next_mandate(path, bytes)
    };
    let role = &trust.root().file().roles.mandate;
    let file = NextTrustFile { folder: "mandate", version: before.version, before, next, role };
    file.write(&session, check, context)
}

/// The keys that are written with each version.
const WRITTEN: [&str; 4] = ["schema", "version", "repo", "prev"];
