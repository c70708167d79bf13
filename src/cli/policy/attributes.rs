//! `tenure policy attributes`: lists the attributes and functions that rules may use.

use crate::{
    cli::{CliError, CommandContext, ExitStatus, OutputFormat},
    policy::{ATTRIBUTES, FUNCTIONS},
    report::cell,
};
use serde_json::json;
use std::io::Write;

/// List the attributes and functions that rules may use
#[derive(Debug, clap::Args)]
#[command(
    after_help = "An attribute without a value is unknown. A rule that needs it does not pass: the missing value is a finding. Rules can also use `limit.<name>`, the numbers that a rule declares, for the tier of the grant.\n\nExamples:\n  tenure policy attributes\n  tenure policy attributes usage\n  tenure policy attributes --format json"
)]
pub(super) struct PolicyAttributesArgs {
    /// Only names that begin with this
    #[arg(value_name = "PREFIX", default_value = "")]
    prefix: String,
}

pub(super) fn run(args: &PolicyAttributesArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let all: Vec<_> = ATTRIBUTES.iter().filter(|attribute| attribute.name.starts_with(&args.prefix)).collect();
    let functions: Vec<_> = FUNCTIONS.iter().filter(|_| args.prefix.is_empty()).collect();
    match context.format {
        OutputFormat::Json => {
            let names = all.iter().map(|attribute| {
                let kind = attribute.kind.to_string();
                json!({"name": attribute.name, "kind": kind, "words": attribute.words, "about": attribute.about})
            });
            let functions = functions
                .iter()
                .map(|function| json!({"name": function.name, "form": function.form, "about": function.about}));
            let answer = json!({"attributes": names.collect::<Vec<_>>(), "functions": functions.collect::<Vec<_>>()});
            context.json(&answer)?;
        }
        OutputFormat::Markdown => {
            writeln!(context.out, "| name | kind | description |\n|---|---|---|")?;
            for attribute in all {
                let about = cell(attribute.about);
                writeln!(
                    context.out,
                    "| {} | {} | {about} |",
                    cell(attribute.name),
                    cell(&attribute.kind.to_string())
                )?;
            }
        }
        OutputFormat::Github | OutputFormat::Human | OutputFormat::Sarif => {
            let width = all.iter().map(|attribute| attribute.name.len()).max().unwrap_or_default();
            for attribute in &all {
                let kind = attribute.kind.to_string();
                writeln!(context.out, "{:width$}  {kind:19}  {}", attribute.name, attribute.about)?;
            }
            for function in functions {
                writeln!(context.out, "{:width$}  {:19}  {}", function.form, "function", function.about)?;
            }
        }
    }
    Ok(ExitStatus::Done)
}
