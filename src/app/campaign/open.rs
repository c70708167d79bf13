//! Opens a campaign over the access at the head of main.

use super::{
    CampaignInputs, connector_support::unsupported_default, identity_warnings, seal_differences, seal_problems,
};
use crate::{
    app::{AppError, RepositorySession, RepositoryView, evidence::read_with_position},
    campaign::{
        FieldDifference, OpenRequest, OpenedCampaign, PublishedOpening, WorklistFile, differences, folder, open,
    },
    diag::{Diagnostic, Diagnostics},
    git::{GitError, ObjectId, Repository},
    model::{
        CampaignId, Timestamp,
        file::{Campaign, CampaignDefinition, LogPosition, Review},
    },
    trust::{RepositoryState, TrustState},
};

/// Writes the files of an opened campaign to the work tree.
///
/// # Errors
/// When a campaign of this name exists there, or a file cannot be written.
pub fn publish_campaign(session: &RepositorySession, opened: &OpenedCampaign) -> Result<(), AppError> {
    opened.publish(session.work_tree()?).map_err(|error| {
        let problem = Diagnostic::error("file-unwritable", error.to_string()).with_note("no file was written");
        problem.help(format!("check campaigns/{} in the work tree", opened.campaign.id)).into()
    })
}

/// Returns the campaign that a definition from the file `from` opens at the head of main. Warnings are added to
/// `warnings`; no file is written.
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
    let (evidence, history) = read_with_position(session)?;
    let request = Opening { id, from, definition, now, evidence, checks_default: true };
    let opened = opened_at(&view, &session.governed, trust, request, warnings)?;
    let unsealed = seal_problems(seal_differences(&view, &opened.campaign, &history)?);
    if unsealed.has_errors() {
        return Err(unsealed.into());
    }
    warnings.extend(opened.warnings.clone());
    let crowded = crowded(&opened.campaign.id, opened.sheets.len(), trust.mandate().file().max_files_per_change());
    warnings.extend(crowded);
    Ok(opened)
}

/// A campaign to open at a commit.
struct Opening<'a> {
    id: CampaignId,
    from: &'a str,
    definition: CampaignDefinition,
    now: Timestamp,
    evidence: Option<LogPosition>,
    /// Whether the no-response default is compared with what the connectors of this program can do.
    checks_default: bool,
}

/// Opens a campaign over the access at the commit of the view, in the repository state there.
fn opened_at(
    view: &RepositoryView<'_>,
    governed: &RepositoryState,
    trust: &TrustState,
    request: Opening<'_>,
    warnings: &mut Diagnostics,
) -> Result<OpenedCampaign, AppError> {
    let Opening { id, from, definition, now, evidence, checks_default } = request;
    let mut inputs = CampaignInputs::load(view, governed, &definition, now)?;
    inputs.load_prior_role_contents(governed)?;
    warnings.extend(identity_warnings(&inputs));
    let opening = OpenRequest {
        id,
        from: from.to_owned(),
        definition,
        base: view.snapshot().commit().to_string(),
        now,
        evidence,
        principals: inputs.principals,
        trees: &inputs.trees,
        versions: inputs.versions,
        campaigns: &governed.openings().keys().cloned().collect(),
    };
    let attribute_builder = inputs.attribute_builder();
    let setting = inputs.campaign_context(governed, trust, &attribute_builder);
    let opened = open(&opening, &setting)?;
    if checks_default {
        let base = view.snapshot().repository().directory();
        let problems = unsupported_default(&opened, &inputs.systems, &inputs.inventories, base);
        if problems.has_errors() {
            return Err(AppError::findings(problems));
        }
    }
    Ok(opened)
}

/// Opens a campaign again at its base, and returns the fields in which it differs from its published files. `governed`
/// is the repository state at the base, which is the commit of the view.
///
/// # Errors
/// When the opening cannot be computed again: an input at the base cannot be read, or the campaign could not be opened
/// there. All problems are returned.
pub fn reopening_differences(
    view: &RepositoryView<'_>,
    governed: &RepositoryState,
    campaign: &Campaign,
    worklists: &[WorklistFile],
) -> Result<Vec<FieldDifference>, AppError> {
    let trust = governed.trust().ok_or_else(|| {
        let problem = Diagnostic::error("trust-not-established", "there is no trust state at the base of the campaign");
        problem.help("open the campaign again at the head of main: `tenure campaign open`")
    })?;
    let definition: Option<CampaignDefinition> = view.snapshot().read_if_there(&campaign.from)?;
    let (id, from, now) = (campaign.id.clone(), campaign.from.as_str(), campaign.opened_at);
    let (copy, evidence) = (campaign.definition.clone(), campaign.evidence);
    let request = Opening { id, from, definition: copy, now, evidence, checks_default: false };
    let again = opened_at(view, governed, trust, request, &mut Diagnostics::new())?;
    Ok(differences(PublishedOpening { campaign, worklists, definition: definition.as_ref() }, &again))
}

/// Returns the problems of an opening in a change: the fields that differ from the same opening computed again at its
/// base. `state_at` returns the repository state at a commit.
pub fn check_opening(
    repository: &Repository,
    state_at: impl FnOnce(ObjectId) -> Result<RepositoryState, GitError>,
    campaign: &Campaign,
    worklists: Vec<(String, Review)>,
) -> Diagnostics {
    let worklists: Vec<_> = worklists.into_iter().map(|(path, review)| WorklistFile { path, review }).collect();
    let differences = || {
        let base = repository.resolve(&campaign.base)?;
        let governed = state_at(base)?;
        let view = RepositoryView::at(repository, base, format!("the opening of `{}`", campaign.id));
        let view = view.with_systems(&governed)?;
        reopening_differences(&view, &governed, campaign, &worklists)
    };
    let help = format!("run `tenure campaign open {} --from {}` again, and sign it", campaign.id, campaign.from);
    match differences() {
        Err(AppError { problems, .. }) => problems,
        Ok(differences) => differences
            .into_iter()
            .map(|one| {
                let message = format!("`{}` is {}, but computed again it is {}", one.field, one.found, one.expected);
                Diagnostic::error("campaign-field-differs", message).in_file(one.path).help(help.clone())
            })
            .collect(),
    }
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
