//! `tenure campaign`: the commands of the lifecycle of a campaign, from `open` to `close`.

mod close;
mod close_stage;
mod delegate;
mod open;
mod quality;
mod remind;
mod schedule;
mod status;
mod summary;
mod supplement;

use super::{CliError, CommandContext, ExitStatus};
use clap::Subcommand;

/// Open campaigns, follow their progress, and close them
#[derive(Debug, clap::Args)]
pub(super) struct CampaignArgs {
    #[command(subcommand)]
    command: CampaignCommand,
}

#[derive(Debug, Subcommand)]
enum CampaignCommand {
    Close(close::CampaignCloseArgs),
    CloseStage(close_stage::CampaignCloseStageArgs),
    Delegate(delegate::CampaignDelegateArgs),
    Open(open::CampaignOpenArgs),
    Quality(quality::CampaignQualityArgs),
    Remind(remind::CampaignRemindArgs),
    Schedule(schedule::CampaignScheduleArgs),
    Status(status::CampaignStatusArgs),
    Summary(summary::CampaignSummaryArgs),
    Supplement(supplement::CampaignSupplementArgs),
}

pub(super) fn run(args: &CampaignArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    match &args.command {
        CampaignCommand::Close(args) => close::run(args, context),
        CampaignCommand::CloseStage(args) => close_stage::run(args, context),
        CampaignCommand::Delegate(args) => delegate::run(args, context),
        CampaignCommand::Open(args) => open::run(args, context),
        CampaignCommand::Quality(args) => quality::run(args, context),
        CampaignCommand::Remind(args) => remind::run(args, context),
        CampaignCommand::Schedule(args) => schedule::run(args, context),
        CampaignCommand::Status(args) => status::run(args, context),
        CampaignCommand::Summary(args) => summary::run(args, context),
        CampaignCommand::Supplement(args) => supplement::run(args, context),
    }
}
