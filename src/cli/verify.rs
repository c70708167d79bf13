//! `tenure verify [SYSTEM…]`: reads targets and compares them with decisions and inventories.

use super::{
    CliError, CommandContext, ExitStatus, OutputFormat,
    context::variable,
    evidence::{self, EngineArgs},
    forge::git_host_job,
    plan,
};
use crate::{
    app::{PlanContext, VerifyRequest, require_not_rolled_back, verify},
    enforce::Journal as _,
    model::SystemId,
    report::{OutputStyle, verified_human, verified_json},
};

/// Read targets again: detect returned access, out-of-band changes
///
/// Every system with an inventory on main is listed again and compared with it. A change that no action explains is out
/// of band. Grants that together violate a separation-of-duties rule are reported from the same listings.
///
/// A run that is signed with a read-back key of the root, and that uses a credential of its own from
/// [settings.readback], reaches level V4; any other run reaches V3.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  tenure verify            a day and a week after enforcing, and on a schedule\n  tenure verify web-1\n  tenure verify --no-listing    only what was changed\n\nExit codes: 0 all as decided · 4 the target disagrees"
)]
pub(super) struct VerifyArgs {
    /// Only these systems
    systems: Vec<SystemId>,
    /// Read only what was changed; do not list the systems again
    #[arg(long)]
    no_listing: bool,
    #[command(flatten)]
    engine: EngineArgs,
}

pub(super) fn run(args: &VerifyArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    evidence::retry_while_busy(args.engine.wait, context, |context| once(args, context))
}

fn once(args: &VerifyArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let session = context.open_pinned_session()?;
    session.ensure_trusted()?;
    let view = session.view("the verification");
    let assembly = PlanContext::load(&view, &session.settings_dir(), &args.systems)?;
    let journal = evidence::journal(&session, context, &args.engine)?;
    require_not_rolled_back(&session, journal.history())?;
    let request = VerifyRequest {
        lists: !args.no_listing,
        is_readback: evidence::is_readback(&session, context, &args.engine)?,
        lease: args.engine.lease,
        job: &git_host_job(),
        variable: &variable,
        clock: context.clock.as_ref(),
    };
    let verified = verify(&session, &assembly, &request, journal)?;
    match context.format {
        OutputFormat::Json => context.json(&verified_json(&verified))?,
        _ => {
            let style = OutputStyle::new(context.out_style);
            write!(context.out, "{}", verified_human(&verified, style))?;
        }
    }
    plan::exit_with(if verified.is_clean() { ExitStatus::Done } else { ExitStatus::Disagrees }, &assembly, context)
}
