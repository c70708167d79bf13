//! `tenure review [CAMPAIGN]`: items, cards and decisions in the terminal. An editor does the same with the same files.

mod answer;
mod ask;
mod desk;
mod draw;
mod finish;
mod foot;
mod form;
mod front;
mod gather;
mod keys;
mod lay;
mod lent;
mod list;
mod next;
mod paint;
mod paper;
mod prompts;
mod save;
mod screen;
mod shelf;
mod stages;
mod text;
mod view;

#[cfg(test)]
mod tests;

pub(super) use gather::{listed, not_open};
pub(super) use shelf::Shelf;
pub(super) use stages::Stages;

use super::{Context, Exit, Failure, session::Session};
use crate::{
    campaign::{Dossier, Library},
    diag::Diagnostic,
    model::{CampaignId, ItemId, PrincipalId, file::Item},
};
use desk::Desk;
use front::{Front, Notice};
use gather::{Gathered, gather};
use paint::Look;
use save::{KeepError, Keeper};
use screen::{Around, Left};
use std::{
    collections::BTreeSet,
    io::{self, IsTerminal, Write},
    path::PathBuf,
};

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

pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, Failure> {
    let session = Session::open(context)?;
    let Gathered { campaign, desk, mut keeper, tree } = gather(args, &session, context)?;
    if args.list {
        return list::list(&desk, context);
    }
    let (systems, subjects) = asked(&desk);
    let shelf = Shelf::read(&session, &campaign, &systems, &subjects)?;
    let library = Library::new(shelf.sources());
    let dossier = |desk: &Desk, row: usize| dossier(&library, desk, row);
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
            ascii = text::Ascii(&mut context.out);
            &mut ascii
        } else {
            &mut context.out
        };
        let keeper = &mut keeper;
        let mut talk = next::Talk { desk, keeper, dossier: &dossier, now, hears: &mut hears, says, echoes };
        let signs = talk.hold()?;
        (talk.desk, signs)
    } else {
        if !has_terminal() {
            let problem = Diagnostic::error("no-terminal", "there is no terminal to show the items in");
            return Err(problem.help("tenure review --next asks line by line; --list names the files").into());
        }
        let colour = context.out_style.colour && !has_no_colour(context);
        let look = Look { colour, unicode: is_unicode(context) };
        let mut front = Front::new(desk, now);
        let mut around = Here { library: &library, keeper: &mut keeper };
        let left = screen::run(&mut front, &mut around, look)?;
        (front.desk, left == Left::ToSign)
    };
    finish::finish(&desk, signs, args, &tree, context)
}

/// Returns which systems and accounts the items of a desk are about.
fn asked(desk: &Desk) -> (BTreeSet<crate::model::SystemId>, BTreeSet<String>) {
    let systems = desk.papers().iter().map(|paper| paper.review.system.clone()).collect();
    let subjects = (0..desk.len()).filter_map(|row| desk.item(row)).map(|item| item.subject.clone()).collect();
    (systems, subjects)
}

fn dossier(library: &Library<'_>, desk: &Desk, row: usize) -> Option<Dossier> {
    let (item, paper) = (desk.item(row)?, desk.paper_of(row)?);
    Some(library.dossier(item, &paper.review.system, paper.due))
}

/// Writes a paper that another hand changed meanwhile: their version, with what this desk decided put into it. Returns
/// the items that both decided otherwise, where theirs stays.
///
/// # Errors
/// When the file is not acceptable any more, or cannot be written.
fn settle(desk: &mut Desk, keeper: &mut Keeper, place: usize) -> Result<Vec<ItemId>, KeepError> {
    let Some(paper) = desk.papers().get(place).cloned() else { return Ok(Vec::new()) };
    let merged = keeper.merge(&paper)?;
    desk.replace(place, merged.items);
    if let Some(paper) = desk.papers().get(place) {
        keeper.keep(paper)?;
    }
    Ok(merged.disputed)
}

/// The repository around a desk in the terminal.
struct Here<'a> {
    library: &'a Library<'a>,
    keeper: &'a mut Keeper,
}

impl Around for Here<'_> {
    fn dossier(&self, front: &Front, row: usize, _: &Item) -> Option<Dossier> {
        dossier(self.library, &front.desk, row)
    }

    fn save(&mut self, front: &mut Front, papers: &[usize]) {
        for place in papers {
            let Some(paper) = front.desk.papers().get(*place) else { continue };
            let told = match self.keeper.keep(paper) {
                Ok(()) => continue,
                Err(KeepError::Changed) => match settle(&mut front.desk, self.keeper, *place) {
                    Ok(disputed) if disputed.is_empty() => {
                        Notice::Done("the file had changed on disk: both versions are in it now".to_owned())
                    }
                    Ok(_) => Notice::Refused("another hand decided it otherwise meanwhile; theirs stays".to_owned()),
                    Err(error) => Notice::Refused(format!("NOT SAVED: {error}")),
                },
                Err(error) => Notice::Refused(format!("NOT SAVED: {error}")),
            };
            front.show();
            front.tell(told);
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
