//! `tenure campaign close ID`: records in the evidence that all items are decided, and confirmed or excepted.

use crate::{
    app::{closing, evidence::publish_notice, records_before_close},
    cli::{
        CliError, CommandContext, ExitStatus,
        evidence::{self, EngineArgs},
    },
    diag::counted,
    enforce::Journal as _,
    model::{CampaignId, record::RecordPayload},
};

/// Close a campaign whose items are all decided, and confirmed or covered by an exception
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  tenure campaign close 2026-q4\n\nExit codes: 0 closed · 3 an item is undecided, or neither confirmed nor covered by an exception"
)]
pub(super) struct CampaignCloseArgs {
    /// The campaign
    id: CampaignId,
    #[command(flatten)]
    engine: EngineArgs,
}

pub(super) fn run(args: &CampaignCloseArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let session = context.open_pinned_session()?;
    session.ensure_trusted()?;
    let mut journal = evidence::writing_journal(&session, context, &args.engine)?;
    let close = closing(&args.id, &session, journal.history(), context.clock.now())?;
    let already = journal.history().is_closed(&args.id);
    if !already {
        let mut entries = records_before_close(&session, journal.history(), &args.id, context.clock.now());
        entries.push(RecordPayload::CampaignClose(close.clone()));
        publish_notice("campaign close", entries, &session, args.engine.lease, &mut journal)?;
    }
    drop(journal);
    if context.format == crate::cli::OutputFormat::Json {
        context.json(&close)?;
    } else {
        let word = if already { "was closed before" } else { "is closed" };
        writeln!(
            context.out,
            "{} {word}: {}, {} confirmed, {} by exception",
            args.id,
            counted(close.items, "item"),
            counted(close.confirmed, "change"),
            close.excepted
        )?;
    }
    Ok(ExitStatus::Done)
}
