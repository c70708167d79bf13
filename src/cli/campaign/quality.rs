//! `tenure campaign quality ID`: how a campaign was reviewed.

use super::status::{ensure_campaign_exists, sheets_of};
use crate::{
    campaign::{QualityInputs, ReviewQuality, SignedReviewData, WorklistFile, study},
    cli::{CliError, CommandContext, ExitStatus, OutputFormat, evidence, session::RepositorySession},
    model::{CampaignId, file::Campaign, history::EvidenceHistory},
    report::{OutputStyle, findings_sarif, quality_csv, quality_human, quality_markdown},
    trust::{OpenCampaign, Verified},
};

/// Say how a campaign was reviewed, and what looks like a rubber stamp
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Numbers for each reviewer, from signed files and evidence alone: what was kept against policy, how much at once, how soon,\nand by how many copies of one reason. Defaults and silence are no decisions and are counted apart. From where on something\nis a finding stands in the mandate, `[review]`. All of it is an indicator: git cannot show who has read what.\n\nExamples:\n  tenure campaign quality 2026-q4\n  tenure campaign quality 2026-q4 --csv > reviewers.csv\n\nExit codes: 0 nothing found · 3 findings"
)]
pub(super) struct CampaignQualityArgs {
    /// The campaign
    id: CampaignId,
    /// Write the numbers as `reviewers.csv`: UTF-8, RFC 4180
    #[arg(long, conflicts_with = "format")]
    csv: bool,
}

pub(super) fn run(args: &CampaignQualityArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let (session, sheets) = RepositorySession::open_with_worklists(context, &args.id)?;
    let campaign = session.governed.campaign(&args.id).ok_or_else(|| ensure_campaign_exists(&args.id, &session))?;
    let history = evidence::read_verified(&session)?;
    let quality = quality_over(&sheets, campaign, &session, &history)?;
    match context.format {
        _ if args.csv => write!(context.out, "{}", quality_csv(&quality))?,
        OutputFormat::Json => context.json(&quality)?,
        OutputFormat::Markdown => write!(context.out, "{}", quality_markdown(&quality))?,
        OutputFormat::Sarif => context.json(&findings_sarif(&quality.findings))?,
        OutputFormat::Github | OutputFormat::Human => {
            write!(context.out, "{}", quality_human(&quality, OutputStyle::new(context.out_style)))?;
        }
    }
    Ok(if quality.findings.is_empty() { ExitStatus::Done } else { ExitStatus::Findings })
}

/// Returns how a campaign was reviewed, as main and the evidence have it.
///
/// # Errors
/// When its worklists cannot be read.
pub(in crate::cli) fn quality_of(
    campaign: &Verified<Campaign>,
    session: &RepositorySession,
    history: &EvidenceHistory,
) -> Result<ReviewQuality, CliError> {
    quality_over(&sheets_of(campaign, session)?, campaign, session, history)
}

/// As [`quality_of`], over worklists that were read already.
///
/// # Errors
/// When there is no trust to judge by.
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
