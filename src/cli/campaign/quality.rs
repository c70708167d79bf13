//! `tenure campaign quality ID`: how a campaign was reviewed.

use super::status::{sheets_of, unknown};
use crate::{
    campaign::{Given, Quality, Sheet, Study, study},
    cli::{Context, Exit, Failure, Format, proof, session::Session},
    model::{CampaignId, file::Campaign, history::History},
    report::{Look, findings_sarif, quality_csv, quality_human, quality_markdown},
    trust::{Opening, Verified},
};

/// Say how a campaign was reviewed, and what looks like a rubber stamp
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Numbers for each reviewer, from signed files and evidence alone: what was kept against policy, how much at once, how soon,\nand by how many copies of one reason. Defaults and silence are no decisions and are counted apart. From where on something\nis a finding stands in the mandate, `[review]`. All of it is an indicator: git cannot show who has read what.\n\nExamples:\n  tenure campaign quality 2026-q4\n  tenure campaign quality 2026-q4 --csv > reviewers.csv\n\nExit codes: 0 nothing found · 3 findings"
)]
pub(super) struct Args {
    /// The campaign
    id: CampaignId,
    /// Write the numbers as `reviewers.csv`: UTF-8, RFC 4180
    #[arg(long, conflicts_with = "format")]
    csv: bool,
}

pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, Failure> {
    let (session, sheets) = Session::open_for(context, &args.id)?;
    let campaign = session.governed.campaign(&args.id).ok_or_else(|| unknown(&args.id, &session))?;
    let history = proof::sound(&session)?;
    let quality = quality_over(&sheets, campaign, &session, &history)?;
    match context.format {
        _ if args.csv => write!(context.out, "{}", quality_csv(&quality))?,
        Format::Json => context.json(&quality)?,
        Format::Markdown => write!(context.out, "{}", quality_markdown(&quality))?,
        Format::Sarif => context.json(&findings_sarif(&quality.findings))?,
        Format::Github | Format::Human => {
            write!(context.out, "{}", quality_human(&quality, Look::new(context.out_style)))?;
        }
    }
    Ok(if quality.findings.is_empty() { Exit::Done } else { Exit::Findings })
}

/// Returns how a campaign was reviewed, as main and the evidence have it.
///
/// # Errors
/// When its worklists cannot be read.
pub(in crate::cli) fn quality_of(
    campaign: &Verified<Campaign>,
    session: &Session,
    history: &History,
) -> Result<Quality, Failure> {
    quality_over(&sheets_of(campaign, session)?, campaign, session, history)
}

/// As [`quality_of`], over worklists that were read already.
///
/// # Errors
/// When there is no trust to judge by.
pub(super) fn quality_over(
    sheets: &[Sheet],
    campaign: &Verified<Campaign>,
    session: &Session,
    history: &History,
) -> Result<Quality, Failure> {
    let of_it = session.governed.reviews().iter().filter(|review| review.campaign == campaign.id);
    let closes = session.governed.openings().get(&campaign.id).map(Opening::closes).unwrap_or_default();
    Ok(study(&Study {
        campaign: campaign.value(),
        sheets,
        reviews: of_it.map(Given::of).collect(),
        closes: closes.iter().map(Verified::value).collect(),
        history,
        terms: session.trust()?.mandate().file().review_terms(),
    }))
}
