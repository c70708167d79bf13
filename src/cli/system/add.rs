//! `tenure system add ID`: writes the first version of a system.

use super::version_file::SystemFolder;
use crate::{
    cli::{
        CliError, CommandContext, ExitStatus,
        assignment::{assign, assignment},
    },
    connector::registry,
    diag::Diagnostic,
    model::{PrincipalId, SystemId},
};
use clap::builder::PossibleValuesParser;
use std::{fs, path::PathBuf};
use toml::Table;

/// Write the first version of a system, and name the people who must sign it
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Members of the mandate's `system_group` sign the first version. Options replace keys of the file after --from.\n\nExamples:\n  tenure system add web-1 --connector hosts --owner ana --setting root=../web-1\n  tenure system settings postgres --example > pg.toml && tenure system add pg-orders --from pg.toml --owner ana"
)]
pub(super) struct SystemAddArgs {
    /// The id of the new system
    #[arg(value_name = "ID")]
    system: SystemId,
    /// A TOML file with keys of the system
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// The connector
    #[arg(long, value_parser = PossibleValuesParser::new(registry::names().collect::<Vec<_>>()))]
    connector: Option<String>,
    /// The person responsible for the system
    #[arg(long, value_name = "NAME")]
    owner: Option<PrincipalId>,
    /// The deputy of the owner
    #[arg(long, value_name = "NAME")]
    deputy: Option<PrincipalId>,
    /// The lowest tier of all access on the system [default: T2]
    #[arg(long, value_parser = ["T0", "T1", "T2", "T3"])]
    tier: Option<String>,
    /// The way of making changes [default: automatic]
    #[arg(long, value_parser = ["automatic", "manual", "report-only"])]
    remediation: Option<String>,
    /// A setting of the connector; the value is TOML, or else text; repeatable
    #[arg(long = "setting", value_name = "KEY=VALUE", value_parser = assignment)]
    settings: Vec<(String, String)>,
}

pub(super) fn run(args: &SystemAddArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let folder = SystemFolder::open(&args.system, context)?;
    if let Some((known, _)) = &folder.newest {
        let problem = Diagnostic::error("file-unwritable", format!("`{}` already has a version", args.system));
        let help = format!("tenure system set {} KEY=VALUE", args.system);
        return Err(problem.in_file(known.path()).help(help).into());
    }
    let mut table = match &args.from {
        Some(file) => read(&context.directory.join(file))?,
        None => Table::new(),
    };
    let (owner, deputy) = (args.owner.as_ref().map(ToString::to_string), args.deputy.as_ref().map(ToString::to_string));
    let given = [
        ("connector", &args.connector),
        ("owner", &owner),
        ("deputy", &deputy),
        ("tier", &args.tier),
        ("remediation", &args.remediation),
    ];
    for (key, value) in given {
        table.extend(value.clone().map(|value| (key.to_owned(), value.into())));
    }
    table.entry("tier").or_insert_with(|| "T2".into());
    table.entry("remediation").or_insert_with(|| "automatic".into());
    table.entry("settings").or_insert_with(|| Table::new().into());
    table.remove("retired");
    for (key, value) in &args.settings {
        assign(&mut table, &(format!("settings.{key}"), value.clone()))?;
    }
    folder.write(table, context)?;
    Ok(ExitStatus::Done)
}

fn read(file: &std::path::Path) -> Result<Table, CliError> {
    let problem = |error: String| {
        let problem = Diagnostic::error("file-unreadable", format!("{} cannot be read: {error}", file.display()));
        CliError::from(problem.help("name a TOML file: `tenure system settings CONNECTOR --example` prints one"))
    };
    let text = fs::read_to_string(file).map_err(|error| problem(error.to_string()))?;
    toml::from_str(&text).map_err(|error| problem(error.to_string()))
}
