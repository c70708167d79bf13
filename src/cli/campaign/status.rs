//! `tenure campaign status ID`: progress of a campaign, and the record that its close would write.

use crate::{
    app::{RepositorySession, drift, evidence::read_cached, quality_over, status_of, suspension, unknown_campaign},
    campaign::{WorklistFile, asked_as, non_response_findings},
    cli::{CliError, CommandContext, ExitStatus, OutputFormat, evidence},
    model::{CampaignId, PrincipalId, history::EvidenceHistory},
    report::{OutputStyle, asked_human, campaign_human, drift_human, quality_human},
};
use std::{collections::BTreeMap, io::Write};

/// Show undecided items by reviewer, and changes that are not confirmed
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Everything is computed from signed files and evidence.\n\nExamples:\n  tenure campaign status 2026-q4\n  tenure campaign status 2026-q4 --format json\n\nExit codes: 0 in progress or done · 3 overdue, or findings"
)]
pub(super) struct CampaignStatusArgs {
    /// The campaign
    id: CampaignId,
}

pub(super) fn run(args: &CampaignStatusArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let session = context.open_cached_session(None)?;
    session.trust()?;
    if session.governed.campaign(&args.id).is_none() {
        return Err(unknown_campaign(&args.id, &session).into());
    }
    let sheets = session.checked_worklists(&args.id)?;
    let history = read_cached(&session)?;
    evidence::note_if_missing(&session, context)?;
    show(&args.id, &session, &sheets, &history, context)
}

/// Prints the progress of a campaign, from signed files and evidence.
///
/// # Errors
/// When there is no such campaign, or its files cannot be read.
fn show(
    id: &CampaignId,
    session: &RepositorySession,
    sheets: &[WorklistFile],
    history: &EvidenceHistory,
    context: &mut CommandContext,
) -> Result<ExitStatus, CliError> {
    let (campaign, mut status) = status_of(id, session, sheets, history, context.clock.now())?;
    // Added after the status is computed, so that these findings do not prevent a close.
    status.findings.extend(non_response_findings(&status));
    let quality = quality_over(sheets, campaign, session, history)?;
    let changes = drift(id, session, history, context.clock.now())?;
    let asked = asked(sheets);
    if context.format == OutputFormat::Json {
        let row = |((reviewer, why), items): (&(String, String), &usize)| serde_json::json!({"reviewer": reviewer, "asked_as": why, "items": items});
        let mut value = serde_json::to_value(&status).map_err(std::io::Error::from)?;
        value["quality"] = serde_json::to_value(&quality).map_err(std::io::Error::from)?;
        value["asked"] = asked.iter().map(row).collect();
        value["changes"] = serde_json::to_value(&changes).map_err(std::io::Error::from)?;
        context.json(&value)?;
    } else {
        let style = OutputStyle::new(context.out_style);
        let quality = format!("\n{}", quality_human(&quality, style));
        let details = [asked_human(&asked, style), drift_human(&changes, style)].concat();
        context.out.write_all([campaign_human(&status, style), quality, details].concat().as_bytes())?;
    }
    let suspended = suspension(id, session);
    if let Some(problem) = &suspended {
        // The answer is on stdout in every format.
        context.note(problem)?;
        context.annotate(&problem.clone().into())?;
    }
    let wrong = suspended.is_some() || !status.findings.is_empty() || !quality.findings.is_empty();
    Ok(if status.overdue || wrong { ExitStatus::Findings } else { ExitStatus::Done })
}

/// Returns the substitute reviewers with the reason and the number of their items.
fn asked(sheets: &[WorklistFile]) -> BTreeMap<(String, String), usize> {
    let mut asked: BTreeMap<(&PrincipalId, &str), usize> = BTreeMap::new();
    for sheet in sheets {
        for why in
            sheet.review.items.iter().filter_map(|item| asked_as(&item.summary)).filter(|why| why.contains(", as "))
        {
            *asked.entry((&sheet.review.reviewer, why)).or_default() += 1;
        }
    }
    asked.into_iter().map(|((who, why), items)| ((who.to_string(), why.to_owned()), items)).collect()
}
