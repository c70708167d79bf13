//! `tenure verify [SYSTEM…]`: reads targets and compares them with decisions and inventories.

use super::{
    CliError, CommandContext, ExitStatus, OutputFormat,
    enforce::not_rolled_back,
    evidence::{self, EngineArgs},
    forge::git_host_job,
};
use crate::{
    app::{PlanContext, RepositorySession, open_error},
    connector::{ConnectorEnvironment, registry},
    enforce::{AcceptedViolations, Journal, ReadTarget},
    model::{SystemId, Timestamp, record::RunStart},
    report::{OutputStyle, verified_human, verified_json},
};
use std::collections::BTreeMap;

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
    let mut journal = evidence::journal(&session, context, &args.engine)?;
    not_rolled_back(&session, journal.history())?;
    let base = session.settings_dir();
    let around = ConnectorEnvironment { base: &base, variable: &|name| context.variable(name) };
    let mut readers = BTreeMap::new();
    let own_run = evidence::is_readback(&session, context, &args.engine)?;
    for (id, system) in &assembly.systems {
        let (collector, own_credential) =
            registry::readback_or_closed(system, &around).map_err(|error| open_error(id, error))?;
        let committed = assembly.inventories.get(id).filter(|_| !args.no_listing).map(|loaded| &loaded.inventory);
        let own_credential = own_credential && own_run;
        let remediation = system.remediation;
        readers.insert(id.clone(), ReadTarget { collector, own_credential, remediation, committed });
    }
    let trust = session.trust()?;
    let start = RunStart {
        command: "verify".to_owned(),
        main: session.main.to_string(),
        plan: None,
        manifest: assembly.manifest(),
        // A run that only reads locks no system.
        systems: Vec::new(),
        root: trust.root().digest(),
        mandate: trust.mandate().digest(),
        engine: env!("CARGO_PKG_VERSION").to_owned(),
        lease: args.engine.lease,
        evidence: journal.history().size(),
        claims: git_host_job().claims(context.clock.now()),
    };
    let duties = assembly.duties();
    let accepted = accepted(&session, context.clock.now());
    let verified =
        crate::enforce::verify(start, &readers, Some((&duties, &accepted)), context.clock.as_ref(), &mut journal)
            .map_err(evidence::journal_failure)?;
    drop(journal);
    match context.format {
        OutputFormat::Json => context.json(&verified_json(&verified))?,
        _ => {
            let style = OutputStyle::new(context.out_style);
            write!(context.out, "{}", verified_human(&verified, style))?;
        }
    }
    Ok(if verified.is_clean() { ExitStatus::Done } else { ExitStatus::Disagrees })
}

/// Returns the rule violations of grants that signed exceptions in force accept.
fn accepted(session: &RepositorySession, now: Timestamp) -> AcceptedViolations {
    let in_force = session.governed.exceptions().iter().filter(|one| one.valid_from <= now && now < one.until);
    in_force.filter_map(|one| Some((one.grant_digest, one.rule.clone()?))).collect()
}
