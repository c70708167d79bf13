//! `tenure campaign summary ID [FILES…]`: review files as Markdown, for pull requests.

use crate::{
    app::ContextLoader,
    campaign::{ContextIndex, folder},
    cli::{
        CliError, CommandContext, ExitStatus, OutputFormat,
        review::{StageOverview, listed},
    },
    diag::Diagnostic,
    format::codec,
    inventory::{FileSource, WorkTree},
    model::{
        CampaignId,
        file::{Item, Review},
    },
    report::{ReviewOverview, overview_markdown},
    store::RepoPath,
};
use std::io::Write;

/// Print review files as Markdown: items, decisions, and the outcome for unanswered items
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The files are read from the work tree. The Markdown is printed, not written to the repository: a job adds it to its summary or to a comment.\n\nExamples:\n  tenure campaign summary 2026-q4\n  tenure campaign summary 2026-q4 campaigns/2026-q4/reviews/db/ana.toml >> \"$GITHUB_STEP_SUMMARY\""
)]
pub(super) struct CampaignSummaryArgs {
    /// The campaign
    id: CampaignId,
    /// Only these review files [default: those with a decision, or all if there is none]
    files: Vec<String>,
}

pub(super) fn run(args: &CampaignSummaryArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let session = context.open_cached_session(None)?;
    session.trust()?;
    let opening =
        session.governed.openings().get(&args.id).ok_or_else(|| crate::cli::review::campaign_not_open(&args.id))?;
    let campaign = opening.campaign().value();
    let stages = StageOverview::of(opening);
    let tree = session.work_tree()?;
    let reviews = format!("{}/reviews", folder(&args.id));
    let paths = if args.files.is_empty() { listed(tree, &reviews) } else { args.files.clone() };
    let mut found: Vec<(String, Review)> = Vec::new();
    for path in paths.into_iter().filter(|path| !path.ends_with(".sig")) {
        if !matches!(RepoPath::of(&path), RepoPath::Review { .. }) {
            let problem = Diagnostic::error("no-review", format!("`{path}` is not a review file"));
            return Err(problem
                .help(format!("name files below {reviews}, relative to the top of the repository"))
                .into());
        }
        let unreadable = |why: String| Diagnostic::error("file-unreadable", why).help("tenure review --list");
        let bytes = WorkTree::new(tree).read(&path).map_err(|error| unreadable(error.to_string()))?;
        let bytes = bytes.ok_or_else(|| unreadable(format!("there is no `{path}`")))?;
        found.push((path.clone(), codec::parse(&path, &bytes)?));
    }
    // `ana-2.toml` follows `ana.toml`.
    found.sort_by(|(a, one), (b, other)| {
        let order = |path: &str, review: &Review| (review.system.clone(), review.stage(), path.len(), path.to_owned());
        (&one.reviewer, order(a, one)).cmp(&(&other.reviewer, order(b, other)))
    });
    let is_decided = |(_, review): &(String, Review)| review.items.iter().any(|item| item.decision.is_some());
    if args.files.is_empty() && found.iter().any(is_decided) {
        found.retain(is_decided);
    }
    let overviews: Vec<_> = found
        .iter()
        .map(|(path, review)| {
            let due = stages.due(review.stage()).unwrap_or(campaign.closes_at);
            ReviewOverview { path, review, due, on_no_response: campaign.definition.on_no_response }
        })
        .collect();
    if context.format == OutputFormat::Json {
        context.json(&overviews.iter().map(ReviewOverview::json).collect::<Vec<_>>())?;
        return Ok(ExitStatus::Done);
    }
    // Decision contexts are shown only for a limited number of items.
    let many: usize = found.iter().map(|(_, review)| review.items.len()).sum();
    let systems = found.iter().map(|(_, review)| review.system.clone()).collect();
    let subjects = found.iter().flat_map(|(_, review)| &review.items).map(|item| item.subject.clone()).collect();
    let shelf =
        if many <= MOST_CARDS { Some(ContextLoader::load(&session, campaign, &systems, &subjects)?) } else { None };
    let library = shelf.as_ref().map(|shelf| ContextIndex::new(shelf.sources()));
    let dossiers = |file: &ReviewOverview<'_>, item: &Item| {
        library.as_ref().map(|library| library.dossier(item, &file.review.system, file.due))
    };
    context.out.write_all(overview_markdown(&overviews, &dossiers).as_bytes())?;
    Ok(ExitStatus::Done)
}

/// Maximum number of items with decision contexts.
const MOST_CARDS: usize = 500;
