//! `tenure campaign supplement ID`: opens a campaign over the grants that changed while another one was open.

use super::open::{open_from, print_next_steps};
use crate::{
    app::{Supplement, evidence::read_verified, supplement},
    cli::{CliError, CommandContext, ExitStatus},
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
    let history = read_verified(&session)?;
    let Some(Supplement { id, from, definition }) = supplement(&args.id, &session, &history, context.clock.now())?
    else {
        writeln!(context.out, "{}: no change needs a review", args.id)?;
        return Ok(ExitStatus::Done);
    };
    let opened = open_from(&session, context, id, &from, definition)?;
    print_next_steps(&opened, context)?;
    Ok(ExitStatus::Done)
}
