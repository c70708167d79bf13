//! `tenure campaign schedule`: lists the campaigns that are due by recurrence or event, and opens them.

use super::open::{open_from, print_next_steps};
use crate::{
    app::{definitions, due_campaigns},
    campaign::narrowed,
    cli::{CliError, CommandContext, ExitStatus, OutputFormat},
    diag::{Diagnostics, escape},
};
use std::io::Write;

/// List the campaigns that are due by recurrence or event, and open them
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A definition with `recurrence_days` is due again when that many days have passed. One with `triggers` is due for the access that an event affects: principals and roles are compared with those at the time the definition reached main, and an event that has a campaign is not listed again.\n\nExamples:\n  tenure campaign schedule\n  tenure campaign schedule --open     write the files of all of them; a campaign owner signs each\n\nExit codes: 0 done · 3 a campaign cannot be opened"
)]
pub(super) struct CampaignScheduleArgs {
    /// Open them: write their files to the work tree, unsigned
    #[arg(long)]
    open: bool,
    /// Compare with this revision of main, instead of the one that added the definition
    #[arg(long, value_name = "REV")]
    since: Option<String>,
}

pub(super) fn run(args: &CampaignScheduleArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let session = context.open_session()?;
    session.ensure_trusted()?;
    let since = args.since.as_deref().map(|revision| session.repository.resolve(revision)).transpose()?;
    let mut due = Vec::new();
    let mut problems = Diagnostics::new();
    for (from, definition) in definitions(&session)? {
        match due_campaigns(&from, &definition, since, &session, context.clock.now()) {
            Ok(all) => due.extend(all.into_iter().map(|one| (one, definition.clone()))),
            // An invalid definition does not stop the others.
            Err(failure) => problems.extend(failure.problems),
        }
    }
    if context.format == OutputFormat::Json && !args.open {
        let rows: Vec<_> = due
            .iter()
            .map(|(one, _)| {
                let mut row = serde_json::json!(one);
                row["command"] = one.command().into();
                row
            })
            .collect();
        context.json(&rows)?;
        return ended(problems);
    }
    if due.is_empty() {
        writeln!(context.out, "no campaign is due")?;
    }
    for (one, definition) in due {
        if !args.open {
            writeln!(context.out, "{}: {}\n  {}", one.id, escape(&one.because), one.command())?;
            continue;
        }
        let definition = match one.event {
            Some(_) => narrowed(&definition, &one.touched, &one.because),
            None => definition,
        };
        match open_from(&session, context, one.id.clone(), &one.from, definition) {
            Ok(opened) => print_next_steps(&opened, context)?,
            // A campaign that cannot be opened does not stop the others.
            Err(failure) => problems.extend(failure.problems),
        }
    }
    context.out.flush()?;
    ended(problems)
}

fn ended(problems: Diagnostics) -> Result<ExitStatus, CliError> {
    if problems.has_errors() { Err(CliError { problems, exit: ExitStatus::Findings }) } else { Ok(ExitStatus::Done) }
}
