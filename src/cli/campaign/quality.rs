//! `tenure campaign quality ID`: statistics of the decisions in a campaign.

use crate::{
    app::{evidence::read_cached, quality_over, unknown_campaign},
    cli::{CliError, CommandContext, ExitStatus, OutputFormat},
    model::CampaignId,
    report::{OutputStyle, findings_sarif, quality_human, quality_markdown, write_quality_csv},
};

/// Show statistics of the decisions, and signs of rubber-stamping
#[derive(Debug, clap::Args)]
#[command(
    after_help = "For each reviewer, from signed files and evidence: items certified against the recommendation, bulk decisions, time for each decision, repeated reasons. Defaults and unanswered items are counted separately. The thresholds are set in `[review]` of the mandate. The numbers are indicators: git cannot show what a reviewer has read.\n\nExamples:\n  tenure campaign quality 2026-q4\n  tenure campaign quality 2026-q4 --csv > reviewers.csv\n\nExit codes: 0 no findings · 3 findings"
)]
pub(super) struct CampaignQualityArgs {
    /// The campaign
    id: CampaignId,
    /// Print the numbers as CSV (RFC 4180)
    #[arg(long, conflicts_with = "format")]
    csv: bool,
}

pub(super) fn run(args: &CampaignQualityArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let (session, sheets) = context.open_with_worklists(&args.id)?;
    let campaign = session.governed.campaign(&args.id).ok_or_else(|| unknown_campaign(&args.id, &session))?;
    let history = read_cached(&session)?;
    let mut quality = quality_over(&sheets, campaign, &session, &history)?;
    session.trust()?.mandate().file().raise(&mut quality.findings);
    match context.format {
        _ if args.csv => write_quality_csv(&quality, &mut context.out)?,
        OutputFormat::Json => context.json(&quality)?,
        OutputFormat::Markdown => write!(context.out, "{}", quality_markdown(&quality))?,
        OutputFormat::Sarif => context.json(&findings_sarif(&quality.findings))?,
        OutputFormat::Github | OutputFormat::Human => {
            write!(context.out, "{}", quality_human(&quality, OutputStyle::new(context.out_style)))?;
        }
    }
    Ok(if quality.findings.is_empty() { ExitStatus::Done } else { ExitStatus::Findings })
}
