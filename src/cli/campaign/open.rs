//! `tenure campaign open ID --from FILE`: freezes the population, assigns every item, and writes the review files.

use crate::{
    app::{RepositorySession, open_campaign, publish_campaign, unknown_campaign},
    campaign::{AffectedScope, OpenedCampaign, folder, for_unanswered, narrowed},
    cli::{CliError, CommandContext, ExitStatus, OutputFormat},
    diag::{Diagnostics, counted},
    model::{CampaignId, file::CampaignDefinition},
};
use serde_json::json;
use std::io::Write;

/// Freeze the population, assign every item, and write the review files
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Everything is read from the main branch: merge a fresh inventory first. The files are written to the work tree. A campaign owner signs campaign.toml, and all files are merged together.\n\nExamples:\n  tenure campaign open 2026-q4-privileged --from policies/privileged.toml\n  tenure campaign open 2026-q4-privileged --from policies/privileged.toml --dry-run    before the definition is merged\n  tenure campaign open leaver-li --from policies/everything.toml --subject db:16401 --reason 'li left'\n  tenure campaign open 2026-q4-again --from policies/privileged.toml --unanswered-in 2026-q4-privileged\n  tenure sign campaigns/2026-q4-privileged/campaign.toml"
)]
pub(super) struct CampaignOpenArgs {
    /// The name of the new campaign
    id: CampaignId,
    /// The campaign definition on the main branch
    #[arg(long, value_name = "FILE")]
    from: String,
    /// Only what this account holds, `<system>:<immutable id>`; repeatable
    #[arg(long = "subject", value_name = "ACCOUNT", conflicts_with = "roles")]
    subjects: Vec<String>,
    /// Only this role or group, `<system>:<immutable id>`; repeatable
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    /// Only the unanswered items of this campaign
    #[arg(long, value_name = "CAMPAIGN", conflicts_with_all = ["subjects", "roles", "reason"])]
    unanswered_in: Option<CampaignId>,
    /// The reason for narrowing the campaign, for its title; printed by `tenure campaign schedule`
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Read the work tree as if it were merged, print all problems, and write nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(args: &CampaignOpenArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let mut session = context.open_session()?;
    session.ensure_trusted()?;
    if args.dry_run {
        session = session.with_work_tree(context.clock.now())?;
    }
    let mut definition: CampaignDefinition = session.snapshot().read(&args.from)?.into_value();
    let touched = AffectedScope {
        subjects: args.subjects.iter().cloned().collect(),
        roles: args.roles.iter().cloned().collect(),
    };
    if !touched.is_empty() {
        definition = narrowed(&definition, &touched, args.reason.as_deref().unwrap_or("a part of it"));
    }
    if let Some(id) = &args.unanswered_in {
        let opening = session.governed.openings().get(id).ok_or_else(|| unknown_campaign(id, &session))?;
        definition = for_unanswered(&definition, opening.campaign());
    }
    if args.dry_run {
        let opened = opened(&session, context, args.id.clone(), &args.from, definition)?;
        let (items, files) = (counted(opened.campaign.items, "item"), counted(opened.sheets.len(), "review file"));
        writeln!(context.out, "{} would open with {items} in {files}; no file was written", args.id)?;
        return Ok(ExitStatus::Done);
    }
    let opened = open_from(&session, context, args.id.clone(), &args.from, definition)?;
    print_next_steps(&opened, context)?;
    Ok(ExitStatus::Done)
}

/// Opens a campaign from a definition that came from the file `from`, writes its files, and prints the warnings.
///
/// # Errors
/// When the name is in use, or the campaign is invalid. All problems are returned.
pub(super) fn open_from(
    session: &RepositorySession,
    context: &mut CommandContext,
    id: CampaignId,
    from: &str,
    definition: CampaignDefinition,
) -> Result<OpenedCampaign, CliError> {
    let opened = opened(session, context, id, from, definition)?;
    publish_campaign(session, &opened)?;
    Ok(opened)
}

/// Returns the opened campaign, without writing it, and prints the warnings.
fn opened(
    session: &RepositorySession,
    context: &mut CommandContext,
    id: CampaignId,
    from: &str,
    definition: CampaignDefinition,
) -> Result<OpenedCampaign, CliError> {
    let mut warnings = Diagnostics::new();
    let opened = open_campaign(session, id, from, definition, context.clock.now(), &mut warnings);
    context.problems(&warnings)?;
    Ok(opened?)
}

pub(super) fn print_next_steps(opened: &OpenedCampaign, context: &mut CommandContext) -> Result<(), CliError> {
    let campaign = &opened.campaign;
    let path = format!("{}/campaign.toml", folder(&campaign.id));
    if context.format == OutputFormat::Json {
        let sheets = opened.sheets.iter().map(
            |sheet| json!({"path": sheet.path, "reviewer": sheet.review.reviewer, "items": sheet.review.items.len()}),
        );
        let sheets: Vec<_> = sheets.collect();
        return context.json(&json!({
            "campaign": campaign.id,
            "path": path,
            "digest": opened.digest,
            "items": campaign.items,
            "population": campaign.population,
            "closes_at": campaign.closes_at,
            "reviews": sheets,
        }));
    }
    let mut text = format!("{}: {}, closes {}\n", campaign.id, counted(campaign.items, "item"), campaign.closes_at);
    for sheet in &opened.sheets {
        text.push_str(&format!("  {:>10}  {}\n", counted(sheet.review.items.len(), "item"), sheet.path));
    }
    text.push_str(&format!("next: tenure sign {path}, then merge {} to main\n", folder(&campaign.id)));
    context.out.write_all(text.as_bytes())?;
    Ok(())
}
