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
    desk: &ReviewSession,
    signs: bool,
    args: &ReviewArgs,
    tree: &Path,
    context: &mut CommandContext,
) -> Result<ExitStatus, CliError> {
    let ready: Vec<_> = desk.papers().iter().filter(|paper| paper.can_be_signed()).collect();
    let mut signed = Vec::new();
    if signs {
        let files: Vec<PathBuf> = ready.iter().map(|paper| tree.join(&paper.path)).collect();
        let pen = SigningOptions { key: args.key.as_deref(), name: Some(desk.reviewer()) };
        signed = sign_files(tree, &files, pen, context)?;
    }
    if context.format == OutputFormat::Json {
        let progress = desk.progress();
        context.json(&json!({"decided": progress.decided, "items": progress.items, "signed": signed}))?;
        return Ok(ExitStatus::Done);
    }
    writeln!(context.out, "{}", super::plain_text::progress(desk))?;
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
    let campaign = ready.first().map(|paper| paper.review.campaign.to_string()).unwrap_or_default();
    writeln!(context.out, "next:")?;
    let own = format!("review-{campaign}-{}", desk.reviewer());
    let here = branch(context)?;
    let on_main = here.as_deref().is_none_or(|branch| branch == "main");
    let name = if on_main { own } else { here.unwrap_or(own) };
    if on_main {
        writeln!(context.out, "  git switch -c {name}")?;
    }
    writeln!(context.out, "  git add campaigns/{campaign}/reviews")?;
    writeln!(context.out, "  git commit -m \"review of {campaign} by {}\"", desk.reviewer())?;
    writeln!(context.out, "  tenure check --base origin/main")?;
    writeln!(context.out, "  git push -u origin {name}     and open a pull request")?;
    for (paper, others) in ready.iter().filter_map(|paper| Some((paper, waiting(desk, paper)?))) {
        let names: Vec<_> = others.iter().map(|name| name.as_str()).collect();
        writeln!(
            context.out,
            "{} must sign the same bytes: tenure review {campaign} --signer {}",
            names.join(" and "),
            names[0]
        )?;
        writeln!(context.out, "  {}", paper.path)?;
    }
    Ok(ExitStatus::Done)
}

/// Returns the cosigners of a file besides this person.
fn waiting<'d>(desk: &'d ReviewSession, paper: &'d super::review_file::ReviewFile) -> Option<Vec<&'d PrincipalId>> {
    let others: Vec<_> = paper.review.cosigners.iter().filter(|name| *name != desk.reviewer()).collect();
    let mine = paper.review.reviewer == *desk.reviewer();
    (mine && !others.is_empty()).then_some(others)
}
