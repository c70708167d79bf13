//! `tenure review [CAMPAIGN]`: decides items in the terminal. An editor can edit the same files.

mod app;
mod decision_input;
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
mod other_reviewers;
mod persist;
mod plain_text;
mod review_file;
mod session;
mod stages;
mod style;
mod terminal;
mod view;
mod viewport;

#[cfg(test)]
mod tests;

pub(super) use discover::{campaign_not_open, listed};
pub(super) use stages::StageOverview;

use super::{CliError, CommandContext, ExitStatus};
use crate::{
    app::ContextLoader,
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
    after_help = "The reviewer is --signer, or else the person in the registry whose key is available (--key, or the agent). Each decision is written to its review file at once; you can quit and continue later. A decision needs a reason, and no file is signed until you press S.\n\nWithout a full-screen terminal, --next asks line by line. With an editor, fill in `decision` and `reason` in the files that --list shows, then run `tenure fmt FILE` and `tenure sign FILE`; the result is the same.\n\nExamples:\n  tenure review                        your items, in the terminal\n  tenure review 2026-q4 --signer ana.ruiz  those of one campaign, as ana.ruiz\n  tenure review --list                 your files and their progress\n  tenure review --next                 one item at a time, as plain lines"
)]
pub(super) struct ReviewArgs {
    /// Campaign id [default: the only campaign with items assigned to you]
    campaign: Option<CampaignId>,
    /// Review as this principal
    #[arg(long = "signer", visible_alias = "as", value_name = "NAME")]
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
    let session = context.open_cached_session(None)?;
    let DiscoveredReviews { campaign, review_session, mut store, tree } = discover(args, &session, context)?;
    if args.list {
        return list::list(&review_session, context);
    }
    let (systems, subjects) = asked(&review_session);
    let opened = session.governed.campaign(&campaign).ok_or_else(|| campaign_not_open(&campaign))?;
    let context_loader = ContextLoader::load(&session, opened.value(), &systems, &subjects)?;
    let library = ContextIndex::new(context_loader.sources());
    let dossier = |review_session: &ReviewSession, row: usize| dossier(&library, review_session, row);
    let now = context.clock.now();
    let (review_session, signs) = if args.next && context.format == super::OutputFormat::Json {
        return list::next(&review_session, &dossier, context);
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
        let store = &mut store;
        let mut line_session =
            line_mode::LineSession { review_session, store, dossier: &dossier, now, hears: &mut hears, says, echoes };
        let signs = line_session.run()?;
        (line_session.review_session, signs)
    } else {
        if !has_terminal() {
            let problem = Diagnostic::error("no-terminal", "review needs a terminal");
            return Err(problem.help("use `tenure review --next` for line mode, or `--list` to list the files").into());
        }
        let colour = context.out_style.colour && !has_no_colour(context);
        let look = TerminalStyle { colour, unicode: is_unicode(context) };
        let mut app = ReviewApp::new(review_session, now);
        let mut around = RepositoryContext { library: &library, store: &mut store };
        let left = terminal::run(&mut app, &mut around, look)?;
        (app.review_session, left == ExitReason::ToSign)
    };
    finish::finish(&review_session, signs, args, &tree, context)
}

/// Returns the systems and accounts of the items of a session.
fn asked(review_session: &ReviewSession) -> (BTreeSet<crate::model::SystemId>, BTreeSet<String>) {
    let systems = review_session.review_files().iter().map(|review_file| review_file.review.system.clone()).collect();
    let subjects =
        (0..review_session.len()).filter_map(|row| review_session.item(row)).map(|item| item.subject.clone()).collect();
    (systems, subjects)
}

fn dossier(library: &ContextIndex<'_>, review_session: &ReviewSession, row: usize) -> Option<DecisionContext> {
    let (item, review_file) = (review_session.item(row)?, review_session.paper_of(row)?);
    Some(library.dossier(item, &review_file.review.system, review_file.due))
}

/// Saves a file that was changed on disk meanwhile: merges the decisions of this session into the version on disk.
/// Returns the items with conflicting decisions, where the version on disk is kept.
///
/// # Errors
/// When the file is no longer valid, or cannot be written.
fn merge_and_save(
    review_session: &mut ReviewSession,
    store: &mut ReviewStore,
    place: usize,
) -> Result<Vec<ItemId>, SaveError> {
    let Some(review_file) = review_session.review_files().get(place).cloned() else { return Ok(Vec::new()) };
    let merged = store.merge(&review_file)?;
    review_session.replace(place, merged.items);
    if let Some(review_file) = review_session.review_files().get(place) {
        store.save(review_file)?;
    }
    Ok(merged.disputed)
}

/// The repository side of a full-screen session.
struct RepositoryContext<'a> {
    library: &'a ContextIndex<'a>,
    store: &'a mut ReviewStore,
}

impl TerminalHost for RepositoryContext<'_> {
    fn dossier(&self, app: &ReviewApp, row: usize, _: &Item) -> Option<DecisionContext> {
        dossier(self.library, &app.review_session, row)
    }

    fn save(&mut self, app: &mut ReviewApp, review_files: &[usize]) {
        for place in review_files {
            let Some(review_file) = app.review_session.review_files().get(*place) else { continue };
            let told = match self.store.save(review_file) {
                Ok(()) => continue,
                Err(SaveError::Changed) => match merge_and_save(&mut app.review_session, self.store, *place) {
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
            app.show();
            app.notify(told);
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
