//! Ends a review session: signs decided files and prints the next commands.

use super::{ReviewArgs, discover::branch, session::ReviewSession};
use crate::{
    cli::{
        CliError, CommandContext, ExitStatus, OutputFormat,
        sign::{SigningOptions, sign_files},
    },
    model::PrincipalId,
};
use serde_json::json;
use std::{
    io::Write,
    path::{Path, PathBuf},
};

/// Signs the files that can be signed, if requested, and prints the next commands.
///
/// # Errors
/// When no key is available. All decisions are saved.
pub(super) fn finish(
    review_session: &ReviewSession,
    signs: bool,
    args: &ReviewArgs,
    tree: &Path,
    context: &mut CommandContext,
) -> Result<ExitStatus, CliError> {
    let ready: Vec<_> =
        review_session.review_files().iter().filter(|review_file| review_file.can_be_signed()).collect();
    let mut signed = Vec::new();
    if signs {
        let files: Vec<PathBuf> = ready.iter().map(|review_file| tree.join(&review_file.path)).collect();
        let pen = SigningOptions { key: args.key.as_deref(), name: Some(review_session.reviewer()) };
        signed = sign_files(tree, &files, pen, context)?;
    }
    if context.format == OutputFormat::Json {
        let progress = review_session.progress();
        context.json(&json!({"decided": progress.decided, "items": progress.items, "signed": signed}))?;
        return Ok(ExitStatus::Done);
    }
    writeln!(context.out, "{}", super::plain_text::progress(review_session))?;
    if signed.is_empty() {
        let next = match (ready.is_empty(), args.next) {
            (true, true) => "tenure review --next",
            (true, false) => "tenure review",
            (false, true) => "tenure review --next, or sign: tenure sign FILE",
            (false, false) => "tenure review (then S), or sign: tenure sign FILE",
        };
        writeln!(context.out, "all decisions are saved; continue with: {next}")?;
        return Ok(ExitStatus::Done);
    }
    for entry in &signed {
        writeln!(context.out, "signed: {}", entry["signature"].as_str().unwrap_or_default())?;
    }
    let campaign = ready.first().map(|review_file| review_file.review.campaign.to_string()).unwrap_or_default();
    writeln!(context.out, "next:")?;
    let own = format!("review-{campaign}-{}", review_session.reviewer());
    let here = branch(context)?;
    let on_main = here.as_deref().is_none_or(|branch| branch == "main");
    let name = if on_main { own } else { here.unwrap_or(own) };
    if on_main {
        writeln!(context.out, "  git switch -c {name}")?;
    }
    writeln!(context.out, "  git add campaigns/{campaign}/reviews")?;
    writeln!(context.out, "  git commit -m \"review of {campaign} by {}\"", review_session.reviewer())?;
    writeln!(context.out, "  tenure check --base origin/main")?;
    writeln!(context.out, "  git push -u origin {name}     and open a pull request")?;
    for (review_file, others) in
        ready.iter().filter_map(|review_file| Some((review_file, waiting(review_session, review_file)?)))
    {
        let names: Vec<_> = others.iter().map(|name| name.as_str()).collect();
        writeln!(
            context.out,
            "{} must sign the same bytes: tenure review {campaign} --signer {}",
            names.join(" and "),
            names[0]
        )?;
        writeln!(context.out, "  {}", review_file.path)?;
    }
    Ok(ExitStatus::Done)
}

/// Returns the cosigners of a file besides this person.
fn waiting<'d>(
    review_session: &'d ReviewSession,
    review_file: &'d super::review_file::ReviewFile,
) -> Option<Vec<&'d PrincipalId>> {
    let others: Vec<_> =
        review_file.review.cosigners.iter().filter(|name| *name != review_session.reviewer()).collect();
    let mine = review_file.review.reviewer == *review_session.reviewer();
    (mine && !others.is_empty()).then_some(others)
}
