//! `tenure campaign schedule`: lists the campaigns that are due by recurrence or event, and opens them.

use super::open::{open_from, print_next_steps};
use crate::{
    app::{CampaignInputs, RepositorySession, RepositoryView, is_id_in_use},
    campaign::{DueCampaign, IdentityView, by_event, is_narrowed, narrowed, population, recurring},
    cli::{CliError, CommandContext, ExitStatus, OutputFormat},
    diag::{Diagnostics, escape},
    format::codec,
    git::ObjectId,
    model::{
        Timestamp,
        file::{CampaignDefinition, FileKind},
    },
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
        match to_open(&from, &definition, since, &session, context.clock.now()) {
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

/// Returns the definitions on main by path.
fn definitions(session: &RepositorySession) -> Result<Vec<(String, CampaignDefinition)>, CliError> {
    let snapshot = session.snapshot();
    let mut definitions = Vec::new();
    for file in snapshot.list("policies")?.files {
        let Some(bytes) = snapshot.bytes(&file.path, MAX_FILE)? else { continue };
        let text = String::from_utf8_lossy(&bytes);
        if codec::kind(&file.path, &text).is_ok_and(|kind| kind == FileKind::CampaignDefinition) {
            let definition = codec::parse(&file.path, &bytes).map_err(CliError::from)?;
            definitions.push((file.path, definition));
        }
    }
    Ok(definitions)
}

/// Returns the due campaigns of one definition that do not exist yet.
fn to_open(
    from: &str,
    definition: &CampaignDefinition,
    since: Option<ObjectId>,
    session: &RepositorySession,
    now: Timestamp,
) -> Result<Vec<DueCampaign>, CliError> {
    let campaigns = session.governed.openings().values().map(|opening| opening.campaign().value());
    let whole = campaigns.filter(|campaign| campaign.from == from && !is_narrowed(&campaign.definition));
    let last = whole.map(|campaign| campaign.opened_at).max();
    let mut due: Vec<DueCampaign> = recurring(from, definition, last, now).into_iter().collect();
    let since = match since {
        _ if definition.triggers.is_empty() => None,
        Some(since) => Some(since),
        None => arrival(from, session)?,
    };
    if let Some(since) = since {
        due.extend(of_events(from, definition, since, session, now)?);
    }
    due.retain(|one| !is_id_in_use(&one.id, session, &session.governed));
    Ok(due)
}

/// Returns the campaigns that events trigger, if the definition selects any of the affected access.
fn of_events(
    from: &str,
    definition: &CampaignDefinition,
    since: ObjectId,
    session: &RepositorySession,
    now: Timestamp,
) -> Result<Vec<DueCampaign>, CliError> {
    let dependent = format!("the events that `{from}` reacts to");
    let view = RepositoryView::at(&session.repository, since, dependent.as_str());
    let inventories = view.inventories(view.systems()?.keys())?;
    let observed_at = inventories.values().map(|loaded| loaded.observation.observed_at).max();
    let at = observed_at.unwrap_or(Timestamp::from_unix(0));
    let before = IdentityView { people: &view.identities()?.people, inventories: &inventories, at };
    let view_now = session.view(dependent);
    let inputs = CampaignInputs::load(&view_now, &session.governed, definition, now)?;
    let here = IdentityView { people: inputs.people, inventories: &inputs.inventories, at: now };
    let mut due = by_event(from, definition, before, here);
    if due.is_empty() {
        return Ok(due);
    }
    let attribute_builder = inputs.attribute_builder();
    let setting = inputs.campaign_context(&session.governed, session.trust()?, &attribute_builder);
    due.retain(|one| !population(&one.id, &narrowed(definition, &one.touched, &one.because), &setting).is_empty());
    Ok(due)
}

/// Returns the commit that added a definition to main; earlier events are ignored.
fn arrival(from: &str, session: &RepositorySession) -> Result<Option<ObjectId>, CliError> {
    let commits = session.repository.first_parents(None, session.main)?;
    let (mut low, mut high) = (0, commits.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let Some(commit) = commits.get(middle) else { break };
        if session.repository.file(*commit, from)?.is_some() {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(commits.get(low).copied())
}

const MAX_FILE: u64 = 256 * 1024;
