//! Lists review files with their progress, or prints the next open item, as text or JSON.

use super::session::ReviewSession;
use crate::{
    campaign::{DecisionContext, is_flagged},
    cli::{CliError, CommandContext, ExitStatus, OutputFormat},
};
use serde_json::json;
use std::io::Write;

/// Lists the review files of a session.
///
/// # Errors
/// When stdout cannot be written.
pub(super) fn list(review_session: &ReviewSession, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let review_files = review_session.review_files().iter().filter(|review_file| !review_file.is_empty());
    let entries: Vec<_> = review_files
        .map(|review_file| {
            let items = &review_file.review.items;
            let flagged = items.iter().filter(|item| is_flagged(item) && item.decision.is_none()).count();
            json!({
                "path": review_file.path,
                "system": review_file.review.system,
                "stage": review_file.review.stage(),
                "items": items.len(),
                "decided": items.iter().filter(|item| item.decision.is_some()).count(),
                "flagged_open": flagged,
                "signed": matches!(review_file.standing, super::review_file::ReviewFileState::Signed { .. }),
                "to_cosign": review_file.standing == super::review_file::ReviewFileState::ToCosign,
                "due": review_file.due,
            })
        })
        .collect();
    if context.format == OutputFormat::Json {
        context.json(&entries)?;
        return Ok(ExitStatus::Done);
    }
    writeln!(context.out, "{}", super::plain_text::progress(review_session))?;
    for entry in &entries {
        let word = match (entry["signed"].as_bool(), entry["to_cosign"].as_bool()) {
            (Some(true), _) => "signed",
            (_, Some(true)) => "sign it too",
            _ => "open",
        };
        let number = |name: &str| entry[name].as_u64().unwrap_or_default();
        writeln!(
            context.out,
            "  {:>3} of {:<3} decided  {:>2} flagged open  {word:<11}  {}",
            number("decided"),
            number("items"),
            number("flagged_open"),
            entry["path"].as_str().unwrap_or_default()
        )?;
    }
    Ok(ExitStatus::Done)
}

/// Prints the next open item with its decision context, as JSON; `null` if no item is open.
///
/// # Errors
/// When stdout cannot be written.
pub(super) fn next(
    review_session: &ReviewSession,
    dossier: &dyn Fn(&ReviewSession, usize) -> Option<DecisionContext>,
    context: &mut CommandContext,
) -> Result<ExitStatus, CliError> {
    let open = (0..review_session.len()).find(|row| review_session.is_open(*row));
    let entry = open.and_then(|row| {
        let (item, review_file) = (review_session.item(row)?, review_session.paper_of(row)?);
        Some(json!({"path": review_file.path, "item": item, "due": review_file.due, "dossier": dossier(review_session, row)}))
    });
    context.json(&entry)?;
    Ok(ExitStatus::Done)
}
