//! `tenure review [CAMPAIGN]`: items, cards and decisions in the terminal. An editor does the same with the same files.

mod app;
mod context;
mod decision_input;
mod delegated;
mod discover;
mod draw;
mod draw_prompt;
mod finish;
mod footer;
mod form;
mod keys;
mod line_mode;
mod list;
mod load;
mod modes;
mod persist;
mod plain_text;
mod review_file;
mod session;
mod stages;
mod style;
mod terminal;
mod view;

#[cfg(test)]
mod tests;

pub(super) use context::ContextLoader;
pub(super) use discover::{campaign_not_open, listed};
pub(super) use stages::StageOverview;

use super::{CliError, CommandContext, ExitStatus, session::RepositorySession};
use crate::{
    campaign::{ContextIndex, DecisionContext},
    diag::Diagnostic,
    model::{CampaignId, ItemId, PrincipalId, file::Item},
};
use app::{ReviewApp, StatusMessage};
use discover::{DiscoveredReviews, discover};
use persist::{ReviewStore, SaveError};
use session::ReviewSession;
use std::{
    collections::BTreeSet,
    io::{self, IsTerminal, Write},
    path::PathBuf,
};
use style::TerminalStyle;
use terminal::{ExitReason, TerminalHost};

/// Decide on the items assigned to you, with a reason, and sign
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The reviewer is --signer, or else the person in the registry whose key is available (--key, or the agent). Each decision is written to its review file at once; you can quit and continue later. A decision needs a reason, and nothing is signed until you press S.\n\nWithout a full-screen terminal, --next asks line by line. With an editor, fill in `decision` and `reason` in the files that --list shows, then run `tenure fmt FILE` and `tenure sign FILE`; the result is the same.\n\nExamples:\n  tenure review                        your items, in the terminal\n  tenure review 2026-q4 --signer ana.ruiz  those of one campaign, as ana.ruiz\n  tenure review --list                 your files and their progress\n  tenure review --next                 one item at a time, as plain lines"
)]
pub(super) struct ReviewArgs {
    /// Campaign id [default: the only campaign with items assigned to you]
    campaign: Option<CampaignId>,
    /// Review as this principal
    #[arg(long = "signer", value_name = "NAME")]
    name: Option<PrincipalId>,
    /// Private key file, or public key file of a key in ssh-agent
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Review only this file
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Ask for one item at a time, in plain lines; with `--format json`, print the next open item and exit
    #[arg(long, conflicts_with = "list")]
    next: bool,
    /// List your review files and their progress
    #[arg(long)]
    list: bool,
}

pub(super) fn run(args: &ReviewArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let session = RepositorySession::open(context)?;
    let DiscoveredReviews { campaign, desk, mut keeper, tree } = discover(args, &session, context)?;
    if args.list {
        return list::list(&desk, context);
    }
    let (systems, subjects) = asked(&desk);
    let shelf = ContextLoader::read(&session, &campaign, &systems, &subjects)?;
    let library = ContextIndex::new(shelf.sources());
    let dossier = |desk: &ReviewSession, row: usize| dossier(&library, desk, row);
    let now = context.clock.now();
    let (desk, signs) = if args.next && context.format == super::OutputFormat::Json {
        return list::next(&desk, &dossier, context);
    } else if args.next || (has_terminal() && has_no_screen(context)) {
        if !args.next {
            let name = context.variable("TERM").unwrap_or_else(|| "not set".to_owned());
            writeln!(
                context.err,
                "this terminal (TERM is {name}) does not support full-screen mode; using line mode as with --next"
            )?;
        }
        let plain = io::stdout().is_terminal() && !is_unicode(context);
        let (mut hears, echoes) = (io::stdin().lock(), !io::stdin().is_terminal());
        let mut ascii;
        let says: &mut dyn Write = if plain {
            ascii = plain_text::AsciiWriter(&mut context.out);
            &mut ascii
        } else {
            &mut context.out
        };
        let keeper = &mut keeper;
        let mut talk = line_mode::LineSession { desk, keeper, dossier: &dossier, now, hears: &mut hears, says, echoes };
        let signs = talk.hold()?;
        (talk.desk, signs)
    } else {
        if !has_terminal() {
            let problem = Diagnostic::error("no-terminal", "review needs a terminal");
            return Err(problem.help("use `tenure review --next` for line mode, or `--list` to list the files").into());
        }
        let colour = context.out_style.colour && !has_no_colour(context);
        let look = TerminalStyle { colour, unicode: is_unicode(context) };
        let mut front = ReviewApp::new(desk, now);
        let mut around = RepositoryContext { library: &library, keeper: &mut keeper };
        let left = terminal::run(&mut front, &mut around, look)?;
        (front.desk, left == ExitReason::ToSign)
    };
    finish::finish(&desk, signs, args, &tree, context)
}

/// Returns the systems and accounts of the items of a session.
fn asked(desk: &ReviewSession) -> (BTreeSet<crate::model::SystemId>, BTreeSet<String>) {
    let systems = desk.papers().iter().map(|paper| paper.review.system.clone()).collect();
    let subjects = (0..desk.len()).filter_map(|row| desk.item(row)).map(|item| item.subject.clone()).collect();
    (systems, subjects)
}

fn dossier(library: &ContextIndex<'_>, desk: &ReviewSession, row: usize) -> Option<DecisionContext> {
    let (item, paper) = (desk.item(row)?, desk.paper_of(row)?);
    Some(library.dossier(item, &paper.review.system, paper.due))
}

/// Saves a file that was changed on disk meanwhile: merges the decisions of this session into the version on disk.
/// Returns the items with conflicting decisions, where the version on disk is kept.
///
/// # Errors
/// When the file is no longer valid, or cannot be written.
fn settle(desk: &mut ReviewSession, keeper: &mut ReviewStore, place: usize) -> Result<Vec<ItemId>, SaveError> {
    let Some(paper) = desk.papers().get(place).cloned() else { return Ok(Vec::new()) };
    let merged = keeper.merge(&paper)?;
    desk.replace(place, merged.items);
    if let Some(paper) = desk.papers().get(place) {
        keeper.keep(paper)?;
    }
    Ok(merged.disputed)
}

/// The repository side of a full-screen session.
struct RepositoryContext<'a> {
    library: &'a ContextIndex<'a>,
    keeper: &'a mut ReviewStore,
}

impl TerminalHost for RepositoryContext<'_> {
    fn dossier(&self, front: &ReviewApp, row: usize, _: &Item) -> Option<DecisionContext> {
        dossier(self.library, &front.desk, row)
    }

    fn save(&mut self, front: &mut ReviewApp, papers: &[usize]) {
        for place in papers {
            let Some(paper) = front.desk.papers().get(*place) else { continue };
            let told = match self.keeper.keep(paper) {
                Ok(()) => continue,
                Err(SaveError::Changed) => match settle(&mut front.desk, self.keeper, *place) {
                    Ok(disputed) if disputed.is_empty() => {
                        StatusMessage::Done("the file had changed on disk: both versions were merged".to_owned())
                    }
                    Ok(_) => StatusMessage::Refused(
                        "the item was decided differently in the file meanwhile; that decision is kept".to_owned(),
                    ),
                    Err(error) => StatusMessage::Refused(format!("NOT SAVED: {error}")),
                },
                Err(error) => StatusMessage::Refused(format!("NOT SAVED: {error}")),
            };
            front.show();
            front.notify(told);
        }
    }
}

fn has_terminal() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Returns whether the terminal cannot position text: TERM is unset, `dumb` or `unknown`.
fn has_no_screen(context: &CommandContext) -> bool {
    context.variable("TERM").is_none_or(|name| name == "dumb" || name == "unknown")
}

/// Returns whether the terminal supports bold text but no colors.
fn has_no_colour(context: &CommandContext) -> bool {
    let name = context.variable("TERM").unwrap_or_default();
    let kinds = ["vt50", "vt52", "vt100", "vt102", "vt131", "vt132", "vt220", "vt320", "vt420", "vt510", "vt520"];
    kinds.iter().any(|kind| name.split('-').next() == Some(kind)) || name.ends_with("-m") || name.ends_with("-mono")
}

/// Returns whether the locale of the terminal supports UTF-8.
fn is_unicode(context: &CommandContext) -> bool {
    let language = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| context.variable(name)).unwrap_or_default();
    let language = language.to_lowercase();
    language.contains("utf-8") || language.contains("utf8")
}
