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
pub(super) use stages::Stages;

use super::{CliError, Context, Exit, session::Session};
use crate::{
    campaign::{ContextIndex, DecisionContext},
    diag::Diagnostic,
    model::{CampaignId, ItemId, PrincipalId, file::Item},
};
use app::{App, StatusMessage};
use discover::{DiscoveredReviews, discover};
use persist::{ReviewStore, SaveError};
use session::ReviewSession;
use std::{
    collections::BTreeSet,
    io::{self, IsTerminal, Write},
    path::PathBuf,
};
use style::OutputStyle;
use terminal::{ExitReason, Host};

/// Decide on the access that is put to you: read each card, give a verdict and a reason, sign
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Whose items: those of --as, else of the person in the registry whose key is at hand (--key, or the agent). Every decision is written into its review file at once; quit when you like, and go on later. Nothing is decided before you give a reason, and nothing is signed before you say so (S).\n\nWithout a full-screen terminal: --next asks line by line. With an editor: fill in `decision` and `reason` in the files that --list names, then `tenure fmt FILE` and `tenure sign FILE`; the result is the same.\n\nExamples:\n  tenure review                        your items, in the terminal\n  tenure review 2026-q4 --as ana.ruiz  those of one campaign, as ana.ruiz\n  tenure review --list                 your files, and how far they are\n  tenure review --next                 one item at a time, as plain lines"
)]
pub(super) struct Args {
    /// The campaign; the one that asks you, where nothing is said
    campaign: Option<CampaignId>,
    /// Review in this name
    #[arg(long = "as", value_name = "NAME")]
    name: Option<PrincipalId>,
    /// Sign with this private key file, or the public half of a key in the agent
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Only this review file
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Ask for one item after the other, as plain lines; with `--format json`, print the next open item and end
    #[arg(long, conflicts_with = "list")]
    next: bool,
    /// List your review files and how far they are
    #[arg(long)]
    list: bool,
}

pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let session = Session::open(context)?;
    let DiscoveredReviews { campaign, desk, mut keeper, tree } = discover(args, &session, context)?;
    if args.list {
        return list::list(&desk, context);
    }
    let (systems, subjects) = asked(&desk);
    let shelf = ContextLoader::read(&session, &campaign, &systems, &subjects)?;
    let library = ContextIndex::new(shelf.sources());
    let dossier = |desk: &ReviewSession, row: usize| dossier(&library, desk, row);
    let now = context.clock.now();
    let (desk, signs) = if args.next && context.format == super::Format::Json {
        return list::next(&desk, &dossier, context);
    } else if args.next || (has_terminal() && has_no_screen(context)) {
        if !args.next {
            let name = context.variable("TERM").unwrap_or_else(|| "not set".to_owned());
            writeln!(
                context.err,
                "this terminal (TERM is {name}) shows no full screen: one item at a time, as --next does"
            )?;
        }
        let plain = io::stdout().is_terminal() && !is_unicode(context);
        let (mut hears, echoes) = (io::stdin().lock(), !io::stdin().is_terminal());
        let mut ascii;
        let says: &mut dyn Write = if plain {
            ascii = plain_text::Ascii(&mut context.out);
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
            let problem = Diagnostic::error("no-terminal", "there is no terminal to show the items in");
            return Err(problem.help("tenure review --next asks line by line; --list names the files").into());
        }
        let colour = context.out_style.colour && !has_no_colour(context);
        let look = OutputStyle { colour, unicode: is_unicode(context) };
        let mut front = App::new(desk, now);
        let mut around = RepositoryContext { library: &library, keeper: &mut keeper };
        let left = terminal::run(&mut front, &mut around, look)?;
        (front.desk, left == ExitReason::ToSign)
    };
    finish::finish(&desk, signs, args, &tree, context)
}

/// Returns which systems and accounts the items of a desk are about.
fn asked(desk: &ReviewSession) -> (BTreeSet<crate::model::SystemId>, BTreeSet<String>) {
    let systems = desk.papers().iter().map(|paper| paper.review.system.clone()).collect();
    let subjects = (0..desk.len()).filter_map(|row| desk.item(row)).map(|item| item.subject.clone()).collect();
    (systems, subjects)
}

fn dossier(library: &ContextIndex<'_>, desk: &ReviewSession, row: usize) -> Option<DecisionContext> {
    let (item, paper) = (desk.item(row)?, desk.paper_of(row)?);
    Some(library.dossier(item, &paper.review.system, paper.due))
}

/// Writes a paper that another hand changed meanwhile: their version, with what this desk decided put into it. Returns
/// the items that both decided otherwise, where theirs stays.
///
/// # Errors
/// When the file is not acceptable any more, or cannot be written.
fn settle(desk: &mut ReviewSession, keeper: &mut ReviewStore, place: usize) -> Result<Vec<ItemId>, SaveError> {
    let Some(paper) = desk.papers().get(place).cloned() else { return Ok(Vec::new()) };
    let merged = keeper.merge(&paper)?;
    desk.replace(place, merged.items);
    if let Some(paper) = desk.papers().get(place) {
        keeper.keep(paper)?;
    }
    Ok(merged.disputed)
}

/// The repository around a desk in the terminal.
struct RepositoryContext<'a> {
    library: &'a ContextIndex<'a>,
    keeper: &'a mut ReviewStore,
}

impl Host for RepositoryContext<'_> {
    fn dossier(&self, front: &App, row: usize, _: &Item) -> Option<DecisionContext> {
        dossier(self.library, &front.desk, row)
    }

    fn save(&mut self, front: &mut App, papers: &[usize]) {
        for place in papers {
            let Some(paper) = front.desk.papers().get(*place) else { continue };
            let told = match self.keeper.keep(paper) {
                Ok(()) => continue,
                Err(SaveError::Changed) => match settle(&mut front.desk, self.keeper, *place) {
                    Ok(disputed) if disputed.is_empty() => {
                        StatusMessage::Done("the file had changed on disk: both versions are in it now".to_owned())
                    }
                    Ok(_) => {
                        StatusMessage::Refused("another hand decided it otherwise meanwhile; theirs stays".to_owned())
                    }
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

/// Whether the terminal cannot place text: it says that it is dumb, or nothing at all.
fn has_no_screen(context: &Context) -> bool {
    context.variable("TERM").is_none_or(|name| name == "dumb" || name == "unknown")
}

/// Whether the terminal is of a kind that has weights and no colours.
fn has_no_colour(context: &Context) -> bool {
    let name = context.variable("TERM").unwrap_or_default();
    let kinds = ["vt50", "vt52", "vt100", "vt102", "vt131", "vt132", "vt220", "vt320", "vt420", "vt510", "vt520"];
    kinds.iter().any(|kind| name.split('-').next() == Some(kind)) || name.ends_with("-m") || name.ends_with("-mono")
}

/// Whether the terminal shows more than ASCII, as its language settings say.
fn is_unicode(context: &Context) -> bool {
    let language = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| context.variable(name)).unwrap_or_default();
    let language = language.to_lowercase();
    language.contains("utf-8") || language.contains("utf8")
}
