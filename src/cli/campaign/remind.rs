//! `tenure campaign remind`: lists due reminders for a scheduled job, and records each once.

use crate::{
    app::{
        due_reminders,
        evidence::{publish_notice, read_verified},
    },
    campaign::Reminder,
    cli::{
        CliError, CommandContext, ExitStatus, OutputFormat,
        evidence::{self, EngineArgs},
        forge::git_host_job,
    },
    diag::{Diagnostic, escape},
    enforce::Journal as _,
    inventory::IdentityDirectory,
    model::{PrincipalId, record::RecordPayload},
    report::cell,
};
use serde_json::json;
use std::{collections::BTreeSet, io::Write};

/// List the reminders and escalations that are due, and record or post them
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Reminders are computed from the open items. A reminder that is recorded in the evidence is not repeated. After the close of a stage, fallbacks and owners of systems are reminded each week until the items are decided and confirmed.\n\nExamples:\n  tenure campaign remind\n  tenure campaign remind --output-format issues                one JSON array for a job: title, body, labels, marker\n  tenure campaign remind --output-format issues --record --commit-key KEY --log-key KEY\n  tenure campaign remind --open-issues                         in a job of GitHub Actions: open an issue for each, once"
)]
pub(super) struct CampaignRemindArgs {
    /// The format of the reminders
    #[arg(long, value_enum, default_value_t = ReminderFormat::Text)]
    output_format: ReminderFormat,
    /// Record each reminder in the evidence, with the engine's keys
    #[arg(long)]
    record: bool,
    /// Open a GitHub issue for each reminder unless there is one; sets the output `reminded` of the job
    #[arg(long, conflicts_with = "record")]
    open_issues: bool,
    /// Only these reminders: their ids, separated by spaces
    #[arg(long, value_name = "IDS")]
    only: Option<String>,
    #[command(flatten)]
    engine: EngineArgs,
}

/// The format in which reminders are printed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
enum ReminderFormat {
    /// Comments on the pull request or issue of a campaign: JSON with body and marker
    Comments,
    /// Issues: JSON with title, body, labels and marker
    Issues,
    /// Lines for people
    Text,
}

pub(super) fn run(args: &CampaignRemindArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let session = context.open_session()?;
    session.ensure_trusted()?;
    let only = args.only.as_ref().map(|ids| ids.split(' ').collect::<BTreeSet<_>>());
    let now = context.clock.now();
    if !args.record {
        let history = read_verified(&session)?;
        let due = due_reminders(&session, &history, only.as_ref(), now)?;
        let view = session.view("the reminders");
        let people = &view.identities()?.people;
        if args.open_issues {
            return post(&due, people, context);
        }
        show(&due, people, args.output_format, context)?;
        return Ok(ExitStatus::Done);
    }
    let mut journal = evidence::journal(&session, context, &args.engine)?;
    let due = due_reminders(&session, journal.history(), only.as_ref(), now)?;
    if !due.is_empty() {
        let notices = due.iter().map(|notice| RecordPayload::Notice(notice.record()));
        publish_notice("campaign remind", notices, &session, args.engine.lease, &mut journal)?;
    }
    drop(journal);
    let view = session.view("the reminders");
    let people = &view.identities()?.people;
    show(&due, people, args.output_format, context)?;
    Ok(ExitStatus::Done)
}

/// Opens an issue for each reminder that has none. The ids of all posted reminders are an output of the job, so that
/// another job can record them.
fn post(due: &[Reminder], people: &IdentityDirectory, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let failed = |why: String| {
        let problem = Diagnostic::error("notification-failed", why);
        CliError::from(problem.help("give the step GITHUB_TOKEN with the permission `issues: write`"))
    };
    let mut posted_ids = Vec::new();
    if !due.is_empty() {
        let forge = git_host_job().client().map_err(failed)?;
        let there = forge.labelled(LABEL).map_err(|error| failed(error.to_string()))?;
        let is_there = |notice: &Reminder| {
            there.iter().any(|issue| issue.body.as_deref().is_some_and(|body| body.contains(&marker(notice))))
        };
        let mut posted = 0;
        for notice in due {
            if !is_there(notice) {
                // The next run posts the rest: the Git host limits the rate.
                if posted == MOST_POSTED {
                    break;
                }
                posted += 1;
                let issue = forge.open_issue(&title(notice), &body(notice, people), &labels(notice));
                match issue {
                    Ok(issue) => writeln!(context.out, "#{} {}", issue.number, title(notice))?,
                    Err(error) => {
                        context.output("reminded", &posted_ids.join(" "))?;
                        return Err(failed(error.to_string()));
                    }
                }
            }
            posted_ids.push(notice.id.as_str());
        }
    }
    context.output("reminded", &posted_ids.join(" "))?;
    writeln!(context.out, "{} of {} reminders posted", posted_ids.len(), due.len())?;
    Ok(ExitStatus::Done)
}

/// Returns the labels of an issue: a reminder that is repeated each week has the label of the first one.
fn labels(notice: &Reminder) -> Vec<String> {
    // The number of a reminder before the end is a part of the window, not a count.
    let event = match notice.event.rsplit_once('-') {
        Some((event, weeks)) if event != "reminder" && weeks.bytes().all(|byte| byte.is_ascii_digit()) => event,
        _ => &notice.event,
    };
    vec![LABEL.to_owned(), format!("campaign:{}", notice.campaign), event.to_owned()]
}

fn show(
    due: &[Reminder],
    people: &IdentityDirectory,
    shape: ReminderFormat,
    context: &mut CommandContext,
) -> Result<(), CliError> {
    match shape {
        ReminderFormat::Issues => {
            let issue = |notice: &Reminder| {
                json!({
                    "id": notice.id,
                    "title": title(notice),
                    "body": body(notice, people),
                    "labels": labels(notice),
                    "marker": marker(notice),
                    "to": notice.to,
                })
            };
            context.json(&due.iter().map(issue).collect::<Vec<_>>())
        }
        ReminderFormat::Comments => {
            let comment = |notice: &Reminder| json!({"id": notice.id, "campaign": notice.campaign, "body": body(notice, people), "marker": marker(notice)});
            context.json(&due.iter().map(comment).collect::<Vec<_>>())
        }
        ReminderFormat::Text if context.format == OutputFormat::Json => context.json(due),
        ReminderFormat::Text => {
            let mut text = String::new();
            for notice in due {
                text.push_str(&format!("{} → {}\n", title(notice), names(&notice.to)));
                for file in &notice.files {
                    text.push_str(&format!("  {}\n", escape(file)));
                }
            }
            if due.is_empty() {
                text.push_str("no reminders are due\n");
            }
            context.out.write_all(text.as_bytes())?;
            Ok(())
        }
    }
}

fn title(notice: &Reminder) -> String {
    let items = if notice.items == 1 { "1 item".to_owned() } else { format!("{} items", notice.items) };
    let day = notice.due.to_string().chars().take(10).collect::<String>();
    let what = match notice.event.as_str() {
        "opened" => format!("to decide by {day}"),
        "due" => format!("undecided, were due on {day}: a fallback is asked"),
        "control-owner" => format!("undecided, were due on {day}: the owners of the campaign are asked"),
        event if event.starts_with("default-action") => {
            format!("undecided, were due on {day}: close the stage to apply the default")
        }
        event if event.starts_with("enforcement") => format!("decided, not confirmed since the close on {day}"),
        event if event.starts_with("exception") => {
            format!("without an outcome since the close on {day}: each needs an exception")
        }
        event if event.starts_with("fallback") => format!("undecided since the close on {day}: a fallback decides"),
        _ => format!("undecided, due on {day}"),
    };
    format!("[{}] stage {}: {} of {} {what}", notice.campaign, notice.stage, items, notice.reviewer)
}

/// Returns the Markdown body of a reminder. It contains no text from a target, and names are ids.
fn body(notice: &Reminder, people: &IdentityDirectory) -> String {
    // Only a known handle is a mention: an id could be the login of an unrelated person.
    let handle = |id: &PrincipalId| people.get(id).and_then(|entry| entry.handle.as_ref()).map(ToString::to_string);
    let to: Vec<_> = notice.to.iter().map(|id| handle(id).unwrap_or_else(|| cell(id.as_str()))).collect();
    let mut text = format!("{}\n\nFor {}\n\n", cell(&title(notice)), to.join(", "));
    if !notice.files.is_empty() {
        text.push_str("| file | next |\n|---|---|\n");
        for file in notice.files.iter().take(MOST_FILES) {
            text.push_str(&format!("| {} | {} |\n", cell(file), next_command(notice)));
        }
        if notice.files.len() > MOST_FILES {
            text.push_str(&format!("\nand {} more files\n", notice.files.len() - MOST_FILES));
        }
    }
    let next = match notice.event.as_str() {
        "due" | "control-owner" => "A fallback may decide the open items: `tenure review`.\n",
        event if event.starts_with("default-action") => {
            "`tenure campaign close-stage` writes the list of unanswered items; a campaign owner signs it.\n"
        }
        event if event.starts_with("enforcement") || event.starts_with("exception") => {
            "`tenure campaign status` lists the items with the next step of each.\n"
        }
        event if event.starts_with("fallback") => "The stages gave no result; the decision of a fallback is final.\n",
        _ => "No answer is never consent: the campaign definition sets the outcome.\n",
    };
    text.push_str(&format!("\n{next}\n{}\n", marker(notice)));
    text
}

/// Returns the command for the items of a reminder.
fn next_command(notice: &Reminder) -> String {
    match notice.event.split('-').next() {
        Some("enforcement" | "exception") => format!("`tenure campaign status {}`", notice.campaign),
        Some("fallback") => format!("`tenure review {}`, then `tenure sign`", notice.campaign),
        _ => "`tenure review`, then `tenure sign`".to_owned(),
    }
}

fn names(to: &BTreeSet<PrincipalId>) -> String {
    to.iter().map(PrincipalId::as_str).collect::<Vec<_>>().join(", ")
}

/// Returns the marker by which a job finds the issues it has posted.
fn marker(notice: &Reminder) -> String {
    format!("<!-- tenure-notice {} -->", notice.id)
}

const MOST_FILES: usize = 30;
/// The label of all posted issues.
const LABEL: &str = "tenure";
/// Maximum number of issues that one run opens; GitHub accepts 80 a minute.
const MOST_POSTED: usize = 50;
