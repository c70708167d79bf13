//! `tenure campaign open|next|overview|status|quality|due|delegate|advance|late|close`

mod close;
mod close_stage;
mod delegate;
mod drift;
mod open;
mod quality;
mod remind;
mod schedule;
mod status;
mod summary;
mod supplement;

pub(super) use quality::quality_of;

use super::{CliError, CommandContext, ExitStatus};
use clap::Subcommand;

/// Open a certification round, see how far it is, close it
#[derive(Debug, clap::Args)]
pub(super) struct CampaignArgs {
    #[command(subcommand)]
    command: CampaignCommand,
}

#[derive(Debug, Subcommand)]
enum CampaignCommand {
    /// Close the stage that is judged now, when its days are over or everybody has answered
    Advance(close_stage::CampaignCloseStageArgs),
    /// Close a campaign in which everything is decided, and confirmed or excepted
    Close(close::CampaignCloseArgs),
    /// Let somebody else judge your items in one campaign, for a time
    Delegate(delegate::CampaignDelegateArgs),
    /// Say whom to tell now: what opened, reminders, what is late, and who is next
    Due(remind::CampaignRemindArgs),
    /// Put to review what was added or raised while a campaign was open
    Late(supplement::CampaignSupplementArgs),
    /// Say which campaigns are to be opened now, by their rhythm and by what happened
    Next(schedule::CampaignScheduleArgs),
    /// Freeze a population, assign every item, write the worklists
    Open(open::CampaignOpenArgs),
    /// Show review files as Markdown: what is put to whom, what they decided, what silence will cost
    Overview(summary::CampaignSummaryArgs),
    /// Say how a campaign was reviewed, and what looks like a rubber stamp
    Quality(quality::CampaignQualityArgs),
    /// Say who owes what, and what is unconfirmed, from signed files and evidence alone
    Status(status::CampaignStatusArgs),
}

pub(super) fn run(args: &CampaignArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    match &args.command {
        CampaignCommand::Advance(args) => close_stage::run(args, context),
        CampaignCommand::Close(args) => close::run(args, context),
        CampaignCommand::Delegate(args) => delegate::run(args, context),
        CampaignCommand::Due(args) => remind::run(args, context),
        CampaignCommand::Late(args) => supplement::run(args, context),
        CampaignCommand::Next(args) => schedule::run(args, context),
        CampaignCommand::Open(args) => open::run(args, context),
        CampaignCommand::Overview(args) => summary::run(args, context),
        CampaignCommand::Quality(args) => quality::run(args, context),
        CampaignCommand::Status(args) => status::run(args, context),
    }
}
