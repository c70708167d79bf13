//! `tenure campaign look ID`: writes the review files of the second look.

use super::status::ensure_campaign_exists;
use crate::{
    campaign::{folder, second_look},
    cli::{CliError, CommandContext, ExitStatus, OutputFormat, review::listed, session::RepositorySession},
    diag::{Diagnostic, counted},
    format::codec,
    inventory::{FileSource, WorkTree},
    model::{CampaignId, file::Review},
};
use serde_json::json;
use std::{collections::BTreeSet, io::Write};

/// Write the review files of the second look: a sample of what was decided, for another person, who is not told what
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The sample is drawn when the close of the last stage comes to main, by the id of that commit: all of T0, and\n`second_look_percent` of the rest. Where two disagree, this writes a file for a third person.\n\nExamples:\n  tenure campaign look 2026-q4\n\nExit codes: 0 written, or nothing to write · 3 the last stage is not closed"
)]
pub(super) struct CampaignSecondReviewArgs {
    /// The campaign
    id: CampaignId,
}

pub(super) fn run(args: &CampaignSecondReviewArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let (session, sheets) = RepositorySession::open_with_worklists(context, &args.id)?;
    session.ensure_trusted()?;
    let opening =
        session.governed.openings().get(&args.id).ok_or_else(|| ensure_campaign_exists(&args.id, &session))?;
    let campaign = opening.campaign();
    let stages = campaign.definition.stage_count();
    if opening.closed() < stages {
        let message = format!("the second look at `{}` is drawn when stage {stages} is closed", args.id);
        let problem = Diagnostic::error("stage-open", message).help(format!("tenure campaign advance {}", args.id));
        return Err(CliError { problems: problem.into(), exit: ExitStatus::Findings });
    }
    let tree = session.work_tree()?;
    let mut begun = BTreeSet::new();
    for path in
        listed(tree, &format!("{}/reviews", folder(&args.id))).into_iter().filter(|path| path.ends_with(".toml"))
    {
        let unreadable = |why: String| Diagnostic::error("unreadable", why).help("git status");
        let bytes = WorkTree::new(tree).read(&path).map_err(|error| unreadable(error.to_string()))?;
        let Some(bytes) = bytes else { continue };
        let review: Review = codec::parse(&path, &bytes)?;
        if review.stage() > stages {
            begun.extend(review.items.iter().map(|item| (item.id, review.reviewer.clone())));
        }
    }
    let thresholds = &session.trust()?.mandate().file().thresholds;
    let written = second_look(opening, &sheets, thresholds, &begun, |path| !tree.join(path).exists());
    for sheet in &written {
        let failed = |error: std::io::Error| {
            let problem = Diagnostic::error("unwritable", format!("{}: {error}", sheet.path));
            CliError::from(problem.help("look at the work tree"))
        };
        let file = tree.join(&sheet.path);
        file.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(failed)?;
        std::fs::write(&file, codec::render(&sheet.review)).map_err(failed)?;
    }
    if context.format == OutputFormat::Json {
        let files: Vec<_> = written
            .iter()
            .map(|sheet| json!({"path": sheet.path, "reviewer": sheet.review.reviewer, "items": sheet.review.items.len()}))
            .collect();
        context.json(&json!({"campaign": args.id, "drawn": opening.sampled_items().count(), "written": files}))?;
        return Ok(ExitStatus::Done);
    }
    let mut text =
        format!("{}: {} drawn for a second look\n", args.id, counted(opening.sampled_items().count(), "item"));
    for sheet in &written {
        text.push_str(&format!("  {:>10}  {}\n", counted(sheet.review.items.len(), "item"), sheet.path));
    }
    text.push_str(match written.as_slice() {
        [] => "nothing waits that is not in a file already\n",
        _ => "next: merge these files; then each decides as in any review: tenure review\n",
    });
    context.out.write_all(text.as_bytes())?;
    Ok(ExitStatus::Done)
}
