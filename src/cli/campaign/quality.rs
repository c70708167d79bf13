//! `tenure campaign quality ID`: statistics of the decisions in a campaign.

use crate::{
    app::{RepositorySession, unknown_campaign, worklists},
    campaign::{QualityInputs, ReviewQuality, SignedReviewData, WorklistFile, study},
    cli::{CliError, CommandContext, ExitStatus, OutputFormat, evidence},
    model::{CampaignId, file::Campaign, history::EvidenceHistory},
    report::{OutputStyle, findings_sarif, quality_human, quality_markdown, write_quality_csv},
    trust::{OpenCampaign, Verified},
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
    let history = evidence::read_verified(&session)?;
    let quality = quality_over(&sheets, campaign, &session, &history)?;
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

/// Returns the review quality of a campaign, from main and the evidence.
///
/// # Errors
/// When its worklists cannot be read.
pub(in crate::cli) fn quality_of(
    campaign: &Verified<Campaign>,
    session: &RepositorySession,
    history: &EvidenceHistory,
) -> Result<ReviewQuality, CliError> {
    quality_over(&worklists(campaign, session)?, campaign, session, history)
}

/// As [`quality_of`], for worklists that are already loaded.
///
/// # Errors
/// When there is no trust state.
pub(super) fn quality_over(
    sheets: &[WorklistFile],
    campaign: &Verified<Campaign>,
    session: &RepositorySession,
    history: &EvidenceHistory,
) -> Result<ReviewQuality, CliError> {
    let of_it = session.governed.reviews().iter().filter(|review| review.campaign == campaign.id);
    let closes = session.governed.openings().get(&campaign.id).map(OpenCampaign::closes).unwrap_or_default();
    Ok(study(&QualityInputs {
        campaign: campaign.value(),
        sheets,
        reviews: of_it.map(SignedReviewData::of).collect(),
        closes: closes.iter().map(Verified::value).collect(),
        history,
        terms: session.trust()?.mandate().file().review_terms(),
    }))
}
