//! How far a campaign is, for people and programs; and what its close would record.

use crate::{
    campaign::{Facts, Sheet, Status, close, folder, resolve, status},
    cli::{
        Context, Exit, Failure, Format,
        exception::standing,
        proof,
        session::{Session, store, systems_at},
    },
    diag::Diagnostic,
    model::{
        CampaignId,
        file::{Campaign, Review},
        history::History,
        record::CampaignClose,
    },
    report::{Look, campaign_human},
    store::Snapshot,
    trust::Verified,
};
use std::io::Write;

/// Say who owes what, and what is unconfirmed, from signed files and evidence alone
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  tenure campaign status 2026-q4\n  tenure campaign status 2026-q4 --format json\n\nExit codes: 0 on its way or done · 3 overdue, or something is wrong"
)]
pub(super) struct Args {
    /// The campaign
    id: CampaignId,
}

pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, Failure> {
    let session = Session::open(context)?;
    session.trust()?;
    let history = proof::sound(&session)?;
    show(&args.id, &session, &history, context)
}

/// Prints how far a campaign is, by signed files and by what the evidence says.
///
/// # Errors
/// When there is no such campaign, or its files cannot be read.
fn show(id: &CampaignId, session: &Session, history: &History, context: &mut Context) -> Result<Exit, Failure> {
    let (_, status) = status_of(id, session, history, context)?;
    match context.format {
        Format::Json => context.json(&status)?,
        _ => context.out.write_all(campaign_human(&status, Look::new(context.out_style)).as_bytes())?,
    }
    Ok(if status.overdue || !status.findings.is_empty() { Exit::Findings } else { Exit::Done })
}

/// Returns what the evidence will say of the campaign's close.
///
/// # Errors
/// When something is undecided, or unconfirmed and not excepted: all of it, with exit 3.
pub(super) fn closing(
    id: &CampaignId,
    session: &Session,
    history: &History,
    context: &Context,
) -> Result<CampaignClose, Failure> {
    let (campaign, status) = status_of(id, session, history, context)?;
    close(&status, campaign.digest()).map_err(|problems| Failure { problems, exit: Exit::Findings })
}

fn status_of<'s>(
    id: &CampaignId,
    session: &'s Session,
    history: &History,
    context: &Context,
) -> Result<(&'s Verified<Campaign>, Status), Failure> {
    let campaign = session.governed.campaign(id).ok_or_else(|| unknown(id, session))?;
    let systems = systems_at(session.snapshot())?;
    let now = context.clock.now();
    let resolved = resolve(campaign.value(), session.governed.reviews(), now);
    // The worklists as they were when the campaign's owners had signed it: `trust` holds later files against them.
    let opening = Snapshot::at(&session.repository, campaign.commit());
    let reviews = format!("{}/reviews", folder(id));
    let sheets: Vec<Sheet> = opening
        .read_all::<Review>(&reviews)
        .map_err(store)?
        .into_iter()
        .map(|file| Sheet { path: file.path().to_owned(), review: file.into_value() })
        .collect();
    let exceptions = standing(&session.governed, session.trust()?, session.snapshot(), now);
    let facts = Facts {
        campaign: campaign.value(),
        sheets: &sheets,
        resolved: &resolved,
        history,
        exceptions: &exceptions,
        systems: &systems,
        now,
    };
    Ok((campaign, status(&facts)))
}

fn unknown(id: &CampaignId, session: &Session) -> Failure {
    let known: Vec<_> = session.governed.openings().keys().map(|id| format!("`{id}`")).collect();
    let problem = Diagnostic::error("unknown-campaign", format!("no campaign `{id}` is signed on main"));
    let problem = match known.as_slice() {
        [] => problem,
        known => problem.with_note(format!("there are {}", known.join(", "))),
    };
    problem.help(format!("tenure sign campaigns/{id}/campaign.toml, and merge it with its reviews")).into()
}
