//! `tenure campaign supplement ID`: opens a campaign over the grants that changed while another one was open.

use super::open::{open_from, print_next_steps};
use crate::{
    app::{drift, is_id_in_use, unknown_campaign},
    campaign::{AffectedScope, for_drift},
    cli::{CliError, CommandContext, ExitStatus, evidence},
    diag::Diagnostic,
    model::CampaignId,
};

/// Open a campaign over the grants that were added or changed since another one opened
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The population of a campaign is frozen, so grants that are added or changed later are reviewed in a follow-up campaign. The close record of the first campaign names the follow-up.\n\nExamples:\n  tenure campaign supplement 2026-q4\n\nExit codes: 0 opened, or no grants to review · 3 the campaign cannot be opened"
)]
pub(super) struct CampaignSupplementArgs {
    /// The campaign
    id: CampaignId,
}

pub(super) fn run(args: &CampaignSupplementArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let session = context.open_session()?;
    session.ensure_trusted()?;
    let opening = session.governed.openings().get(&args.id);
    let campaign = opening.ok_or_else(|| unknown_campaign(&args.id, &session))?.campaign().value();
    let history = evidence::read_verified(&session)?;
    let changes = drift(&args.id, &session, &history, context.clock.now())?;
    let open: Vec<_> = changes.iter().filter(|change| change.disposition.is_none()).collect();
    if open.is_empty() {
        writeln!(context.out, "{}: no change needs a review", args.id)?;
        return Ok(ExitStatus::Done);
    }
    let touched = AffectedScope::accounts(open.iter().map(|change| change.subject.clone()));
    let definition = for_drift(&campaign.definition, &touched, &args.id);
    let free = |number: u32| {
        let id = CampaignId::parse(&if number == 1 {
            format!("{}-late", args.id)
        } else {
            format!("{}-late-{number}", args.id)
        });
        id.ok().filter(|id| !is_id_in_use(id, &session, &session.governed))
    };
    let id = (1..100).find_map(free).ok_or_else(|| {
        CliError::from(Diagnostic::error(
            "campaign-exists",
            format!("`{}-late` and all following names are in use", args.id),
        ))
    })?;
    let opened = open_from(&session, context, id, &campaign.from, definition)?;
    print_next_steps(&opened, context)?;
    Ok(ExitStatus::Done)
}
