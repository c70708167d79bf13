//! How far a campaign is, for people and programs; and what its close would record.

use super::quality::quality_of;
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
    report::{Look, campaign_human, quality_human},
    store::{Snapshot, Unverified},
    trust::Verified,
};
use std::io::Write;

/// Say who owes what, and what is unconfirmed, from signed files and evidence alone
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  tenure campaign status 2026-q4\n  tenure campaign status 2026-q4 --format json\n\nExit codes: 0 on its way or done · 3 overdue, something is wrong, or looks like a rubber stamp"
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
    let (campaign, status) = status_of(id, session, history, context)?;
    let quality = quality_of(campaign, session, history)?;
    match context.format {
        Format::Json => {
            let mut value = serde_json::to_value(&status).map_err(std::io::Error::from)?;
            value["quality"] = serde_json::to_value(&quality).map_err(std::io::Error::from)?;
            context.json(&value)?;
        }
        _ => {
            let look = Look::new(context.out_style);
            let text = format!("{}\n{}", campaign_human(&status, look), quality_human(&quality, look));
            context.out.write_all(text.as_bytes())?;
        }
    }
    let wrong = !status.findings.is_empty() || !quality.findings.is_empty();
    Ok(if status.overdue || wrong { Exit::Findings } else { Exit::Done })
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
    let opened = session.governed.openings().get(id).ok_or_else(|| unknown(id, session))?;
    let resolved = resolve(opened, session.governed.answers(id), now);
    let sheets = sheets_of(campaign, session)?;
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

/// Returns the worklists as they were when the campaign's owners had signed it: `trust` holds later files against them.
///
/// # Errors
/// When they cannot be read.
pub(super) fn sheets_of(campaign: &Verified<Campaign>, session: &Session) -> Result<Vec<Sheet>, Failure> {
    let opening = Snapshot::at(&session.repository, campaign.commit());
    let reviews = opening.read_all::<Review>(&format!("{}/reviews", folder(&campaign.id))).map_err(store)?;
    let sheet = |file: Unverified<Review>| Sheet { path: file.path().to_owned(), review: file.into_value() };
    Ok(reviews.into_iter().map(sheet).collect())
}

/// Refuses a campaign that is not there.
pub(super) fn unknown(id: &CampaignId, session: &Session) -> Failure {
    let known: Vec<_> = session.governed.openings().keys().map(|id| format!("`{id}`")).collect();
    let problem = Diagnostic::error("unknown-campaign", format!("no campaign `{id}` is signed on main"));
    let problem = match known.as_slice() {
        [] => problem,
        known => problem.with_note(format!("there are {}", known.join(", "))),
    };
    problem.help(format!("tenure sign campaigns/{id}/campaign.toml, and merge it with its reviews")).into()
}
