//! `tenure campaign open ID --from FILE`: freezes the population, assigns every item, and writes the review files.

use crate::{
    app::{CampaignInputs, RepositorySession, unknown_campaign, warnings},
    campaign::{AffectedScope, OpenRequest, OpenedCampaign, folder, for_unanswered, narrowed, open},
    cli::{CliError, CommandContext, ExitStatus, OutputFormat},
    diag::{Diagnostic, counted},
    model::{CampaignId, file::CampaignDefinition},
};
use serde_json::json;
use std::io::Write;

/// Freeze the population, assign every item, and write the review files
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Everything is read from the main branch: merge a fresh inventory first. The files are written to the work tree. A campaign owner signs campaign.toml, and all files are merged together.\n\nExamples:\n  tenure campaign open 2026-q4-privileged --from policies/privileged.toml\n  tenure campaign open leaver-li --from policies/everything.toml --subject db:16401 --reason 'li left'\n  tenure campaign open 2026-q4-again --from policies/privileged.toml --unanswered-in 2026-q4-privileged\n  tenure sign campaigns/2026-q4-privileged/campaign.toml"
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
}

pub(super) fn run(args: &CampaignOpenArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let session = context.open_session()?;
    session.ensure_trusted()?;
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
    let opened = open_from(&session, context, args.id.clone(), &args.from, definition)?;
    print_next_steps(&opened, context)?;
    Ok(ExitStatus::Done)
}

/// Opens a campaign from a definition that came from the file `from`, and writes its files to the work tree.
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
    let trust = session.trust()?;
    if !session.snapshot().list(&folder(&id))?.files.is_empty() {
        let problem = Diagnostic::error("campaign-exists", format!("`{id}` already exists on main"));
        return Err(problem.help("choose another id: a campaign is opened only once").into());
    }
    let now = context.clock.now();
    let view = session.view(format!("the opening of `{id}`"));
    let mut inputs = CampaignInputs::load(&view, &session.governed, &definition, now)?;
    inputs.load_prior_role_contents(&session.governed)?;
    context.problems(&warnings(&inputs))?;
    let opening = OpenRequest {
        id,
        from: from.to_owned(),
        definition,
        base: session.main.to_string(),
        now,
        principals: inputs.principals,
        trees: &inputs.trees,
        campaigns: &session.governed.openings().keys().cloned().collect(),
    };
    let attribute_builder = inputs.attribute_builder();
    let setting = inputs.campaign_context(&session.governed, trust, &attribute_builder);
    let opened = open(&opening, &setting)?;
    context.problems(&opened.warnings)?;
    let crowded = crowded(&opened.campaign.id, opened.sheets.len(), trust.mandate().file().max_files_per_change());
    context.problems(&crowded.into_iter().collect())?;
    opened.publish(session.work_tree()?).map_err(|error| {
        let problem = Diagnostic::error("file-unwritable", error.to_string()).with_note("no file was written");
        CliError::from(problem.help(format!("check campaigns/{} in the work tree", opened.campaign.id)))
    })?;
    Ok(opened)
}

/// Returns a warning if the campaign has more files than one change may contain; `tenure check` would reject it.
fn crowded(id: &CampaignId, sheets: usize, most: u32) -> Option<Diagnostic> {
    // The campaign file and its signature.
    let files = sheets.saturating_add(2);
    if u32::try_from(files).is_ok_and(|files| files <= most) {
        return None;
    }
    let message = format!("{id}: {files} files, but one change may contain at most {most}");
    let problem = Diagnostic::warning("change-too-large", message);
    Some(problem.help("open it in parts, by system; or set `max_files_per_change` in the next mandate first"))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::RenderStyle;

    #[test]
    fn change_above_file_limit_warns_when_it_is_written() {
        let id = CampaignId::parse("2026-q4").unwrap();
        let warning = |sheets| crowded(&id, sheets, 10_000).map(|problem| problem.render(RenderStyle::plain()));
        assert_eq!(warning(9_998), None);
        insta::assert_snapshot!(warning(9_999).unwrap(), @r"
        warning[change-too-large]: 2026-q4: 10001 files, but one change may contain at most 10000
         |
         = help: open it in parts, by system; or set `max_files_per_change` in the next mandate first
        ");
    }
}
