//! `tenure campaign delegate ID --from NAME --to NAME`: writes a delegation, which the delegating reviewer signs.

use crate::{
    app::{RepositorySession, unknown_campaign},
    cli::{CliError, CommandContext, ExitStatus, OutputFormat, exception::until},
    diag::Diagnostic,
    format::codec,
    model::{
        CampaignId, PrincipalId, SystemId, Timestamp,
        file::{Delegation, FileKind, KeyState},
    },
    store::write_file,
    trust::OpenCampaign,
};

/// Delegate your items in one campaign to another person, for a limited time
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Writes delegations/NAME.toml. It takes effect when you have signed it and it is on main, for your own items in this campaign, until its end. The delegate cannot delegate further, and cannot decide on their own access or on yours.\n\nExamples:\n  tenure campaign delegate 2026-q4 --from ana.ruiz --to ben.ode --until 14d --reason 'on leave'\n  tenure campaign delegate 2026-q4 --from ana.ruiz --to ben.ode --system pg-orders --reason 'knows the database'"
)]
pub(super) struct CampaignDelegateArgs {
    /// The campaign
    id: CampaignId,
    /// The reviewer who delegates, and who signs
    #[arg(long, value_name = "NAME")]
    from: PrincipalId,
    /// The person who decides instead
    #[arg(long, value_name = "NAME")]
    to: PrincipalId,
    /// The end: a day, or a number of days from now [default: the end of the campaign]
    #[arg(long, value_name = "DAY|14d")]
    until: Option<String>,
    /// The reason for the delegation
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Only the items of this system; repeatable
    #[arg(long = "system", value_name = "SYSTEM")]
    systems: Vec<SystemId>,
}

pub(super) fn run(args: &CampaignDelegateArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let session = context.open_session()?;
    session.ensure_trusted()?;
    let opening = session.governed.openings().get(&args.id).ok_or_else(|| unknown_campaign(&args.id, &session))?;
    let campaign = opening.campaign();
    let now = context.clock.now();
    let ends = args.until.as_deref().map(|text| until(text, now)).transpose()?.unwrap_or(campaign.closes_at);
    check(args, ends, opening, &session)?;
    if ends <= now || ends > campaign.closes_at {
        let message =
            format!("the delegation would end at {ends}, but the campaign is open until {}", campaign.closes_at);
        return Err(Diagnostic::error("delegation-ineligible", message)
            .help("--until with a future day before that")
            .into());
    }
    let mut systems = args.systems.clone();
    systems.sort();
    systems.dedup();
    let delegation = Delegation {
        schema: FileKind::Delegation.schema().to_owned(),
        repo: campaign.repo.clone(),
        id: free(args, &session)?,
        campaign: args.id.clone(),
        digest: campaign.digest(),
        from: args.from.clone(),
        to: args.to.clone(),
        systems,
        until: ends,
        reason: args.reason.clone(),
    };
    let path = format!("delegations/{}.toml", delegation.id);
    let root = session.work_tree()?;
    let text = codec::render(&delegation);
    // Parsed before it is written: a reason with hidden characters, for example, is invalid.
    codec::parse::<Delegation>(&path, text.as_bytes())?;
    write_file(root, &path, text)?;
    if context.format == OutputFormat::Json {
        context.json(&delegation)?;
        return Ok(ExitStatus::Done);
    }
    writeln!(context.out, "{path}: {} decides for {} in {} until {ends}", args.to, args.from, args.id)?;
    writeln!(context.out, "next: {} signs it: tenure sign {path}; then merge it", args.from)?;
    Ok(ExitStatus::Done)
}

/// Refuses a delegation that would be rejected on main.
fn check(
    args: &CampaignDelegateArgs,
    ends: Timestamp,
    opening: &OpenCampaign,
    session: &RepositorySession,
) -> Result<(), CliError> {
    let refuse =
        |message: String, help: &str| Err(Diagnostic::error("delegation-ineligible", message).help(help).into());
    if args.from == args.to {
        return refuse(format!("`{}` already decides their own items", args.from), "name another person: --to NAME");
    }
    if !opening.reviewers().contains(&args.from) {
        let reviewers: Vec<_> = opening.reviewers().iter().map(|id| format!("`{id}`")).collect();
        let message = format!("`{}` has no items in `{}`", args.from, args.id);
        return refuse(message, &format!("the reviewers are {}", reviewers.join(", ")));
    }
    let trust = session.trust()?;
    if !session.governed.kinship().is_active_until(&args.to, ends) {
        let message = format!("`{}` has left, or leaves before {ends}", args.to);
        return refuse(message, "name another person: --to NAME");
    }
    if !trust.registry().keys_of(args.to.as_str()).any(|(_, state)| state == KeyState::Active) {
        return refuse(format!("`{}` has no active key", args.to), "name another person: --to NAME");
    }
    Ok(())
}

/// Returns an unused name for the delegation.
fn free(args: &CampaignDelegateArgs, session: &RepositorySession) -> Result<PrincipalId, CliError> {
    let root = session.work_tree()?;
    let name = |number: u32| {
        let base = format!("{}-{}", args.id, args.from);
        PrincipalId::parse(&if number == 1 { base } else { format!("{base}-{number}") }).ok()
    };
    let is_free = |id: &PrincipalId| {
        !root.join(format!("delegations/{id}.toml")).exists()
            && !session.governed.delegations().iter().any(|one| one.value().id == *id)
    };
    (1..1000).find_map(|number| name(number).filter(is_free)).ok_or_else(|| {
        Diagnostic::error("delegation-exists", "all names for this delegation are in use")
            .help("check delegations/ on main")
            .into()
    })
}
