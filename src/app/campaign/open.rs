//! Opens a campaign over the access at the head of main.

use super::{CampaignInputs, identity_warnings};
use crate::{
    app::{AppError, RepositorySession},
    campaign::{OpenRequest, OpenedCampaign, folder, open},
    diag::{Diagnostic, Diagnostics},
    model::{CampaignId, Timestamp, file::CampaignDefinition},
};

/// Opens a campaign from a definition that came from the file `from`, and writes its files to the work tree. Warnings
/// are added to `warnings`.
///
/// # Errors
/// When the name is in use, or the campaign is invalid. All problems are returned.
pub fn open_campaign(
    session: &RepositorySession,
    id: CampaignId,
    from: &str,
    definition: CampaignDefinition,
    now: Timestamp,
    warnings: &mut Diagnostics,
) -> Result<OpenedCampaign, AppError> {
    let trust = session.trust()?;
    if !session.snapshot().list(&folder(&id))?.files.is_empty() {
        let problem = Diagnostic::error("campaign-exists", format!("`{id}` already exists on main"));
        return Err(problem.help("choose another id: a campaign is opened only once").into());
    }
    let view = session.view(format!("the opening of `{id}`"));
    let mut inputs = CampaignInputs::load(&view, &session.governed, &definition, now)?;
    inputs.load_prior_role_contents(&session.governed)?;
    warnings.extend(identity_warnings(&inputs));
    let opening = OpenRequest {
        id,
        from: from.to_owned(),
        definition,
        base: session.main.to_string(),
        now,
        principals: inputs.principals,
        trees: &inputs.trees,
        campaigns: &session.governed.openings().keys().cloned().collect(),
    };
    let attribute_builder = inputs.attribute_builder();
    let setting = inputs.campaign_context(&session.governed, trust, &attribute_builder);
    let opened = open(&opening, &setting)?;
    warnings.extend(opened.warnings.clone());
    let crowded = crowded(&opened.campaign.id, opened.sheets.len(), trust.mandate().file().max_files_per_change());
    warnings.extend(crowded);
    opened.publish(session.work_tree()?).map_err(|error| {
        let problem = Diagnostic::error("file-unwritable", error.to_string()).with_note("no file was written");
        AppError::from(problem.help(format!("check campaigns/{} in the work tree", opened.campaign.id)))
    })?;
    Ok(opened)
}

/// Returns a warning if the campaign has more files than one change may contain; `tenure check` would reject it.
fn crowded(id: &CampaignId, sheets: usize, most: u32) -> Option<Diagnostic> {
    // The campaign file and its signature.
    let files = sheets.saturating_add(2);
    if u32::try_from(files).is_ok_and(|files| files <= most) {
        return None;
    }
    let message = format!("{id}: {files} files, but one change may contain at most {most}");
    let problem = Diagnostic::warning("change-too-large", message);
    Some(problem.help("open it in parts, by system; or set `max_files_per_change` in the next mandate first"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::RenderStyle;

    #[test]
    fn change_above_file_limit_warns_when_it_is_written() {
        let id = CampaignId::parse("2026-q4").unwrap();
        let warning = |sheets| crowded(&id, sheets, 10_000).map(|problem| problem.render(RenderStyle::plain()));
        assert_eq!(warning(9_998), None);
        insta::assert_snapshot!(warning(9_999).unwrap(), @r"
        warning[change-too-large]: 2026-q4: 10001 files, but one change may contain at most 10000
         |
         = help: open it in parts, by system; or set `max_files_per_change` in the next mandate first
        ");
    }
}
