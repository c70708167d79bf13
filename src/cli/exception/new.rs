//! `tenure exception new ITEM`: writes an exception for an item.

use crate::{
    app::RepositorySession,
    campaign::folder,
    cli::{CliError, CommandContext, ExitStatus, OutputFormat},
    diag::Diagnostic,
    format::codec,
    model::{
        ItemId, PrincipalId, Tier, Timestamp,
        file::{Exception, FileKind, Item, LOWERED_TIER, Rating, Review},
    },
    store::write_file,
    trust::Verified,
};

/// Write an exception for an item, to be signed by its approvers
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The exception applies to the grant as its campaign published it, and to no other. A second exception for the same grant and rule is a renewal, and keeps the date of the first. For an unanswered item, the exception is limited to a short time and the item stays undecided: see `tenure exception requirements`.\n\nExamples:\n  tenure exception new itm-7c0f2f6e9a4b41d2 --rule NHI-PRV-01 --rating high --owner ana.ruiz --approver li.chen \\\n      --until 90d --reason 'needed until the cut-over' --compensating 'sessions are recorded'\n  tenure exception new itm-7c0f2f6e9a4b41d2 --renews exc-7c0f2f6e --rating high --owner ana.ruiz --approver li.chen \\\n      --until 2027-03-01 --reason 'the cut-over slipped' --compensating 'sessions are recorded'"
)]
pub(super) struct ExceptionNewArgs {
    /// The id of the item
    item: ItemId,
    /// The rating of the risk; the requirements of the mandate depend on it
    #[arg(long, value_enum)]
    rating: RatingName,
    /// The rule whose violation is accepted
    #[arg(long, value_name = "RULE")]
    rule: Option<String>,
    /// Review the grant at this lower tier meanwhile: T1, T2 or T3; an exception from EXC-01
    #[arg(long, value_name = "TIER", value_parser = tier, conflicts_with = "rule")]
    lower_tier_to: Option<Tier>,
    /// The person who is accountable for the risk
    #[arg(long, value_name = "NAME")]
    owner: PrincipalId,
    /// A person who accepts the risk; repeat it for each group that the mandate requires
    #[arg(long = "approver", required = true, value_name = "NAME")]
    approvers: Vec<PrincipalId>,
    /// The end: a day, or a number of days from now
    #[arg(long, value_name = "DAY|90d")]
    until: String,
    /// The reason for the exception
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The control that limits the harm meanwhile
    #[arg(long, value_name = "TEXT", default_value = "")]
    compensating: String,
    /// The exception that this one renews
    #[arg(long, value_name = "EXCEPTION")]
    renews: Option<PrincipalId>,
    /// The name of the exception [default: exc- and the beginning of the item's id]
    #[arg(long, value_name = "NAME")]
    id: Option<PrincipalId>,
}

/// A rating on the command line.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum RatingName {
    /// Access that can take over the system, the organisation or its regulated data
    Critical,
    /// Privileged or regulated access
    High,
    /// Little harm
    Low,
    /// Production access
    Medium,
}

impl From<RatingName> for Rating {
    fn from(name: RatingName) -> Self {
        match name {
            RatingName::Critical => Self::Critical,
            RatingName::High => Self::High,
            RatingName::Low => Self::Low,
            RatingName::Medium => Self::Medium,
        }
    }
}

pub(super) fn run(args: &ExceptionNewArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let session = context.open_session()?;
    let trust = session.trust()?;
    let now = context.clock.now();
    let (item, opened_at) = find(&session, &args.item)?;
    let renewed = args.renews.as_ref().map(|id| earlier(&session, id)).transpose()?;
    let (approver, approvers) = split(&args.approvers)?;
    let id = match &args.id {
        Some(id) => id.clone(),
        None => name(&args.item, renewed)?,
    };
    let lowered = args.lower_tier_to.map(|_| LOWERED_TIER.to_owned());
    let exception = Exception {
        schema: FileKind::Exception.schema().to_owned(),
        repo: trust.repo().clone(),
        id,
        item: item.id,
        grant_digest: item.grant_digest,
        subject: item.subject,
        rule: lowered.or_else(|| args.rule.clone()).or_else(|| renewed.and_then(|one| one.rule.clone())),
        lower_tier_to: args.lower_tier_to.or_else(|| renewed.and_then(|one| one.lower_tier_to)),
        rating: args.rating.into(),
        owner: args.owner.clone(),
        approver,
        approvers,
        reason: args.reason.clone(),
        compensating: args.compensating.clone(),
        proof_days: None,
        first_found: renewed.map_or(opened_at, |one| one.first_found),
        valid_from: now,
        until: until(&args.until, now)?,
        renews: renewed.map(Verified::reference),
    };
    let path = format!("exceptions/{}.toml", exception.id);
    let text = codec::render(&exception);
    // Parsed before it is written: a reason with hidden characters, for example, is invalid.
    codec::parse::<Exception>(&path, text.as_bytes())?;
    session.governed.check_silence(&exception).map_err(|refusal| {
        let days = trust.mandate().file().no_response_terms().max_days;
        let help = format!("set an end within the limit for items without a response: --until {days}d; or have a fallback decide: tenure review");
        Diagnostic::error(refusal.code(), refusal.to_string()).help(help)
    })?;
    let file = session.work_tree()?.join(&path);
    if file.exists() {
        let problem = Diagnostic::error("exception-exists", format!("{path} already exists")).in_file(path);
        return Err(problem.help("choose another name: --id NAME").into());
    }
    write_file(session.work_tree()?, &path, text)?;
    if context.format == OutputFormat::Json {
        context.json(&exception)?;
        return Ok(ExitStatus::Done);
    }
    let mut terms = trust.mandate().file().terms(exception.rating);
    let unanswered = session.governed.unanswered(&exception.item).filter(|_| exception.lower_tier_to.is_none());
    writeln!(context.out, "{path}")?;
    if let Some(close) = unanswered {
        terms = trust.mandate().file().no_response_terms().tighten(terms);
        let close = close.path();
        writeln!(
            context.out,
            "no reviewer answered before {close}: the exception is temporary, and the item stays undecided"
        )?;
    }
    writeln!(
        context.out,
        "next: one member of each group ({}) signs: tenure sign {path}; then merge it",
        terms.approver_groups.join(", ")
    )?;
    if terms.proof_days > 0 {
        let days = terms.proof_days;
        writeln!(context.out, "then, at least every {days} days: tenure exception record-test {} …", exception.id)?;
    }
    Ok(ExitStatus::Done)
}

fn tier(text: &str) -> Result<Tier, String> {
    match text {
        "T1" => Ok(Tier::T1),
        "T2" => Ok(Tier::T2),
        "T3" => Ok(Tier::T3),
        _ => Err("expected T1, T2 or T3".to_owned()),
    }
}

/// Returns an item as published by its campaign, and the opening time of the campaign.
fn find(session: &RepositorySession, wanted: &ItemId) -> Result<(Item, Timestamp), CliError> {
    for (id, opening) in session.governed.openings() {
        if !opening.items().any(|item| item == wanted) {
            continue;
        }
        let reviews = format!("{}/reviews", folder(id));
        for review in session.snapshot().read_all::<Review>(&reviews)? {
            let found = review.value().items.iter().find(|item| item.id == *wanted);
            if let Some(item) = found {
                return Ok((item.clone(), opening.campaign().value().opened_at));
            }
        }
    }
    let problem = Diagnostic::error("unknown-item", format!("no campaign on main contains {wanted}"));
    Err(problem.help("`tenure campaign status` lists the items").into())
}

fn earlier<'s>(session: &'s RepositorySession, id: &PrincipalId) -> Result<&'s Verified<Exception>, CliError> {
    session.governed.exceptions().iter().find(|one| one.id == *id).ok_or_else(|| {
        let problem = Diagnostic::error("unknown-exception", format!("no exception `{id}` is accepted on main"));
        problem.help("tenure exception list --all").into()
    })
}

fn split(approvers: &[PrincipalId]) -> Result<(PrincipalId, Vec<PrincipalId>), CliError> {
    let mut rest = approvers.to_vec();
    match rest.is_empty() {
        true => Err(Diagnostic::error("no-approver", "no approver is named").help("--approver NAME").into()),
        false => Ok((rest.remove(0), rest)),
    }
}

fn name(item: &ItemId, renewed: Option<&Verified<Exception>>) -> Result<PrincipalId, CliError> {
    let text = match renewed {
        None => format!("exc-{}", format!("{:016x}", item.number()).get(..8).unwrap_or_default()),
        Some(one) => {
            let (stem, number) = match one.id.as_str().rsplit_once("-r") {
                Some((stem, number)) if number.parse::<u32>().is_ok() => (stem, number.parse().unwrap_or(1)),
                _ => (one.id.as_str(), 0_u32),
            };
            format!("{stem}-r{}", number + 1)
        }
    };
    PrincipalId::parse(&text)
        .map_err(|error| Diagnostic::error("name-invalid", error.to_string()).help("--id NAME").into())
}

/// Parses a day, or a number of days from now.
pub(in crate::cli) fn until(text: &str, now: Timestamp) -> Result<Timestamp, CliError> {
    if let Some(days) = text.strip_suffix('d').and_then(|days| days.parse::<u32>().ok()) {
        return Ok(now.plus_days(i64::from(days)));
    }
    Timestamp::parse(text).map_err(|error| {
        Diagnostic::error("end-date-invalid", error.to_string())
            .help("give a day or a number of days: --until 2027-03-01, --until 90d")
            .into()
    })
}
