//! `tenure campaign close-stage ID`: closes the current stage with the list of unanswered items.

use crate::{
    app::{RepositorySession, close_current_stage, evidence::read_verified, unknown_campaign},
    campaign::{StageCloseError, WorklistFile, current_stage, folder},
    cli::{CliError, CommandContext, ExitStatus, OutputFormat},
    diag::{Diagnostic, Diagnostics},
    format::codec,
    model::{CampaignId, ItemId, SystemId, Tier, file::StageClose},
    report::{OutputStyle, stage_human},
    store::write_file,
    trust::OpenCampaign,
};
use std::{collections::BTreeMap, io::Write};

/// Write the close of the current stage, when its days are over or all reviewers have answered
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Writes campaigns/ID/stages/N.toml: the unanswered items and their outcome. It takes effect when a campaign owner has signed it and it is on main; decisions that reach main later are rejected.\n\nExamples:\n  tenure campaign close-stage 2026-q4\n  tenure campaign close-stage --all\n\nExit codes: 0 written · 3 too early, already closed, or too many unanswered items would be disabled"
)]
pub(super) struct CampaignCloseStageArgs {
    /// The campaign
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    id: Option<CampaignId>,
    /// All campaigns whose current stage is over
    #[arg(long)]
    all: bool,
}

pub(super) fn run(args: &CampaignCloseStageArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let session = context.open_session()?;
    session.ensure_trusted()?;
    if let Some(id) = &args.id {
        let opening = session.governed.openings().get(id).ok_or_else(|| unknown_campaign(id, &session))?;
        if let Some((record, at)) = read_verified(&session)?.close_of(id) {
            let message = format!(
                "{id}: the campaign was closed on {at}, by record {record} of the evidence; it has no open stage"
            );
            let help = format!("tenure campaign status {id}; open a new campaign to review items again");
            return Err(CliError::new(ExitStatus::Findings, Diagnostic::error("campaign-closed", message).help(help)));
        }
        let done = one(opening, &session, context)?.map(|()| ExitStatus::Done);
        return done.map_err(|why| CliError::new(ExitStatus::Findings, refused(id, &why)));
    }
    let history = read_verified(&session)?;
    let now = context.clock.now();
    // A completely answered stage is closed at once, except the last one: no stage waits for its close.
    let is_over = |opening: &OpenCampaign| {
        let last = opening.campaign().definition.stage_count();
        current_stage(opening).is_some_and(|(stage, _, ends)| stage < last || now >= ends)
    };
    let mut problems = Diagnostics::new();
    let openings = session.governed.openings().iter();
    for (id, opening) in openings.filter(|(id, opening)| !history.is_closed(id) && is_over(opening)) {
        match one(opening, &session, context)? {
            Ok(()) | Err(StageCloseError::Done(_) | StageCloseError::Early { .. }) => {}
            Err(why) => problems.push(refused(id, &why)),
        }
    }
    if problems.has_errors() { Err(CliError { problems, exit: ExitStatus::Findings }) } else { Ok(ExitStatus::Done) }
}

fn refused(id: &CampaignId, why: &StageCloseError) -> Diagnostic {
    let help = match why {
        StageCloseError::Done(_) => format!("tenure campaign close {id}"),
        StageCloseError::Early { ends, .. } => {
            format!("try again at {ends}, or when all reviewers have answered: tenure campaign remind")
        }
        StageCloseError::TooLarge { .. } | StageCloseError::TooMuch { .. } => {
            "have a fallback decide on these items: tenure review; a stage close removes at most `max_no_response_removals`".to_owned()
        }
    };
    Diagnostic::error("stage-open", format!("{id}: {why}")).help(help)
}

fn one(
    opening: &OpenCampaign,
    session: &RepositorySession,
    context: &mut CommandContext,
) -> Result<Result<(), StageCloseError>, CliError> {
    let (close, sheets) = match close_current_stage(session, opening, context.clock.now())? {
        Ok(closed) => closed,
        Err(why) => return Ok(Err(why)),
    };
    let path = format!("{}/stages/{}.toml", folder(&close.campaign), close.stage);
    write_file(session.work_tree()?, &path, codec::render(&close))?;
    report_close(&close, &path, &sheets, context)?;
    Ok(Ok(()))
}

fn report_close(
    close: &StageClose,
    path: &str,
    sheets: &[WorklistFile],
    context: &mut CommandContext,
) -> Result<(), CliError> {
    if context.format == OutputFormat::Json {
        return context.json(&serde_json::json!({"path": path, "close": close}));
    }
    let tiers: BTreeMap<&ItemId, (&SystemId, Tier)> = sheets
        .iter()
        .flat_map(|sheet| sheet.review.items.iter().map(move |item| (&item.id, (&sheet.review.system, item.tier))))
        .collect();
    let mut text = stage_human(close, &tiers, OutputStyle::new(context.out_style));
    let branch = format!("{}-stage-{}", close.campaign, close.stage);
    text.push_str(&format!(
        "next: check the list, then\n  git switch -c {branch}\n  tenure sign {path}\n  git add {} && git commit -m 'close stage {}'\n  \
         git push -u origin {branch}, and open a pull request\n",
        folder(&close.campaign),
        close.stage
    ));
    context.out.write_all(text.as_bytes())?;
    Ok(())
}
