//! `tenure exception requirements`: requirements of the mandate for exceptions, by rating.

use crate::{
    cli::{CliError, CommandContext, ExitStatus, OutputFormat},
    model::file::Rating,
    report::{OutputStyle, terms_human},
};

/// Show what the mandate requires of an exception, by rating
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  tenure exception requirements\n  tenure exception requirements --format json")]
pub(super) struct ExceptionRequirementsArgs {}

pub(super) fn run(
    ExceptionRequirementsArgs {}: &ExceptionRequirementsArgs,
    context: &mut CommandContext,
) -> Result<ExitStatus, CliError> {
    let session = context.open_cached_session(None)?;
    let mandate = session.trust()?.mandate().file();
    let ratings = [Rating::Critical, Rating::High, Rating::Medium, Rating::Low];
    let terms: Vec<_> = ratings.into_iter().map(|rating| mandate.terms(rating)).collect();
    let silence = mandate.no_response_terms();
    match context.format {
        OutputFormat::Json => context.json(&serde_json::json!({"ratings": terms, "no_response": silence}))?,
        _ => write!(context.out, "{}", terms_human(&terms, &silence, OutputStyle::new(context.out_style)))?,
    }
    Ok(ExitStatus::Done)
}
