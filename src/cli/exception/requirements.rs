//! What an exception of each rating needs, by the mandate in force.

use crate::{
    cli::{CliError, Context, Exit, Format, session::Session},
    model::file::Rating,
    report::{OutputStyle, terms_human},
};

/// Say what an exception of each rating needs, and one for what nobody answered
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  tenure exception terms\n  tenure exception terms --format json")]
pub(super) struct Args {}

pub(super) fn run(Args {}: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let session = Session::open(context)?;
    let mandate = session.trust()?.mandate().file();
    let ratings = [Rating::Critical, Rating::High, Rating::Medium, Rating::Low];
    let terms: Vec<_> = ratings.into_iter().map(|rating| mandate.terms(rating)).collect();
    let silence = mandate.silence_terms();
    match context.format {
        Format::Json => context.json(&serde_json::json!({"ratings": terms, "silence": silence}))?,
        _ => write!(context.out, "{}", terms_human(&terms, &silence, OutputStyle::new(context.out_style)))?,
    }
    Ok(Exit::Done)
}
