//! `tenure policy rules [ID…]`: lists the rules with the limits in force, and the profile that sets each limit.

use super::source::PolicyFiles;
use crate::{
    cli::{CliError, CommandContext, ExitStatus, OutputFormat},
    diag::Diagnostic,
    format::nearest,
    policy::PolicyPack,
    report::{OutputStyle, rules_human, rules_json, rules_markdown},
};
use std::io::Write;

/// List the rules, with the limits in force and the profile that sets each
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Profiles can only tighten a limit: the limit in force is that of the rule, or the strictest one of the active profiles. The mapping to control frameworks is informative; it does not prove compliance.\n\nExamples:\n  tenure policy rules\n  tenure policy rules NHI-LIF-02\n  tenure policy rules --profile pci,dora --format markdown"
)]
pub(super) struct PolicyRulesArgs {
    /// Only these rules
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// The profiles to activate, instead of those of governance.toml
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    profile: Vec<String>,
    /// Read policies/ of this revision instead of the work tree
    #[arg(long, value_name = "REV")]
    at: Option<String>,
}

pub(super) fn run(args: &PolicyRulesArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let books = PolicyFiles::open(&[], args.at.as_deref(), context)?;
    let from = books.from.clone();
    let pack = books.pack(&args.profile)?;
    if let Some(stranger) = args.ids.iter().find(|id| pack.rule(id).is_none()) {
        return Err(unknown(stranger, &pack).into());
    }
    let ids: Vec<&str> = args.ids.iter().map(String::as_str).collect();
    match context.format {
        OutputFormat::Json | OutputFormat::Sarif => context.json(&rules_json(&pack, &ids))?,
        OutputFormat::Markdown => write!(context.out, "{}", rules_markdown(&pack, &ids))?,
        OutputFormat::Github | OutputFormat::Human => {
            let look = OutputStyle::new(context.out_style);
            write!(context.out, "{}", rules_human(&pack, &ids, &from, look))?;
        }
    }
    Ok(ExitStatus::Done)
}

fn unknown(id: &str, pack: &PolicyPack) -> Diagnostic {
    let problem = Diagnostic::error("unknown-rule", format!("there is no rule `{id}`"));
    match nearest(id, pack.rules().map(|rule| rule.id.as_str())) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem.help("`tenure policy rules` lists them"),
    }
}
