//! Finds the reviewer, their review files in the work tree, and the items they may decide.

use super::{
    ReviewArgs, load::SessionLoader, persist::ReviewStore, review_file::ReviewFileOnDisk, session::ReviewSession,
};
use crate::{
    app::RepositorySession,
    campaign::folder,
    cli::{CliError, CommandContext, sign::candidate_signers},
    diag::{Diagnostic, Diagnostics},
    git::Repository,
    model::{CampaignId, PrincipalId},
    store::RepoPath,
};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// An opened review session.
pub(super) struct DiscoveredReviews {
    /// The campaign.
    pub(super) campaign: CampaignId,
    /// The session.
    pub(super) review_session: ReviewSession,
    /// The writer of its files.
    pub(super) store: ReviewStore,
    /// The work tree.
    pub(super) tree: PathBuf,
}

/// Opens the review session of a person.
///
/// # Errors
/// When the reviewer cannot be determined, has no items, or one of their files is invalid.
pub(super) fn discover(
    args: &ReviewArgs,
    session: &RepositorySession,
    context: &mut CommandContext,
) -> Result<DiscoveredReviews, CliError> {
    session.ensure_trusted()?;
    let terms = session.trust()?.mandate().file().review_terms();
    let tree = session.work_tree()?.to_path_buf();
    let wanted = args.file.as_deref().map(|file| within(&tree, &context.directory.join(file))).transpose()?;
    let reviewer = who(args, &tree, context)?;
    let mut store = ReviewStore::new(&tree, session.repository.directory());
    let found = find(args, session, &tree, &reviewer, wanted.as_deref(), &mut store)?;
    let mut represented = BTreeSet::new();
    let asked = |id: &CampaignId| args.campaign.as_ref().is_none_or(|only| only == id);
    for (id, opening) in session.governed.openings().iter().filter(|(id, _)| wanted.is_none() && asked(id)) {
        let loader = SessionLoader { session, opening, reviewer: &reviewer, tree: &tree, terms };
        represented.extend(loader.represents_others(context.clock.now()).then(|| id.clone()));
    }
    let campaign = one_campaign(&found, &represented, &reviewer)?;
    let found: Vec<ReviewFileOnDisk> = found.into_iter().filter(|file| file.campaign == campaign).collect();
    let opening = session.governed.openings().get(&campaign).ok_or_else(|| campaign_not_open(&campaign))?;
    let lay = SessionLoader { session, opening, reviewer: &reviewer, tree: &tree, terms };
    let (review_files, laid) = lay.load(&found, context.clock.now())?;
    Ok(DiscoveredReviews { campaign, review_session: ReviewSession::new(reviewer, review_files, &laid), store, tree })
}

/// Returns the path of a file within the work tree.
fn within(tree: &Path, file: &Path) -> Result<String, CliError> {
    let refuse = |why: String| CliError::from(Diagnostic::error("file-unreadable", why).help("tenure review --list"));
    let real = file.canonicalize().map_err(|error| refuse(format!("{} cannot be read: {error}", file.display())))?;
    let path = real.strip_prefix(tree.canonicalize()?).ok().and_then(Path::to_str).map(str::to_owned);
    path.ok_or_else(|| refuse(format!("{} is outside the repository", file.display())))
}

/// Returns the reviewer: the named one, otherwise the one person with an available key.
fn who(args: &ReviewArgs, tree: &Path, context: &mut CommandContext) -> Result<PrincipalId, CliError> {
    if let Some(name) = &args.name {
        return Ok(name.clone());
    }
    let names = candidate_signers(tree, args.key.as_deref(), context)?;
    if let [name] = names.as_slice() {
        return Ok(name.clone());
    }
    let named: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    let message = match named.as_slice() {
        [] => "none of the available keys is in the registry, so the reviewer cannot be determined".to_owned(),
        names => format!("the available keys belong to {}", names.join(" and ")),
    };
    Err(Diagnostic::error("reviewer-ambiguous", message)
        .help("name the reviewer: tenure review --signer NAME, or the key: --key FILE")
        .into())
}

/// Finds the review files of a person: those assigned to them, and those that they cosign.
fn find(
    args: &ReviewArgs,
    session: &RepositorySession,
    tree: &Path,
    reviewer: &PrincipalId,
    wanted: Option<&str>,
    store: &mut ReviewStore,
) -> Result<Vec<ReviewFileOnDisk>, CliError> {
    let mut problems = Diagnostics::new();
    let mut found = Vec::new();
    let ids: Vec<&CampaignId> = match &args.campaign {
        Some(id) => {
            vec![session.governed.openings().get_key_value(id).map(|(id, _)| id).ok_or_else(|| campaign_not_open(id))?]
        }
        None => session.governed.openings().keys().collect(),
    };
    for id in ids {
        for path in listed(tree, &format!("{}/reviews", folder(id))) {
            if wanted.is_some_and(|wanted| wanted != path) || !matches!(RepoPath::of(&path), RepoPath::Review { .. }) {
                continue;
            }
            // Only files that contain the name of this person are parsed.
            let mine = fs::read_to_string(tree.join(&path)).is_ok_and(|text| names(&text, reviewer));
            if !mine {
                continue;
            }
            match store.read(&path) {
                Ok(Some((review, digest))) if review.reviewer == *reviewer || review.cosigners.contains(reviewer) => {
                    found.push(ReviewFileOnDisk { path, campaign: id.clone(), review, digest });
                }
                Ok(_) => {}
                Err(super::persist::SaveError::Form(found)) => problems.extend(found),
                Err(error) => problems.push(error.into()),
            }
        }
    }
    if problems.has_errors() {
        return Err(problems.into());
    }
    // `ana-2.toml` follows `ana.toml`, and `ana-10.toml` follows `ana-9.toml`.
    found.sort_by(|a: &ReviewFileOnDisk, b: &ReviewFileOnDisk| order(a).cmp(&order(b)));
    Ok(found)
}

fn order(file: &ReviewFileOnDisk) -> (&str, u32, usize, &str) {
    (file.review.system.as_str(), file.review.stage(), file.path.len(), &file.path)
}

fn names(text: &str, reviewer: &PrincipalId) -> bool {
    text.lines()
        .take_while(|line| !line.starts_with("[["))
        .any(|line| line.contains(&format!("\"{reviewer}\"")) || line.contains(&format!("'{reviewer}'")))
}

/// Returns the files below a folder of the work tree, sorted.
pub(in crate::cli) fn listed(tree: &Path, below: &str) -> Vec<String> {
    let mut found = Vec::new();
    for system in entries(&tree.join(below)) {
        for file in entries(&tree.join(below).join(&system)) {
            found.push(format!("{below}/{system}/{file}"));
        }
    }
    found.sort();
    found
}

fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
}

/// Returns the only campaign in which the person has items.
fn one_campaign(
    found: &[ReviewFileOnDisk],
    represented: &BTreeSet<CampaignId>,
    reviewer: &PrincipalId,
) -> Result<CampaignId, CliError> {
    let waits = |file: &&ReviewFileOnDisk| file.review.items.iter().any(|item| item.decision.is_none());
    let with = |files: Vec<&CampaignId>| files.into_iter().cloned().collect::<BTreeSet<_>>();
    let all = with(found.iter().map(|file| &file.campaign).collect());
    let all: BTreeSet<CampaignId> = all.union(represented).cloned().collect();
    let open = with(found.iter().filter(waits).map(|file| &file.campaign).collect());
    let open: BTreeSet<CampaignId> = open.union(represented).cloned().collect();
    let candidates = if open.is_empty() { &all } else { &open };
    match candidates.iter().collect::<Vec<_>>().as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(Diagnostic::error("nothing-to-review", format!("`{reviewer}` has no review file in this work tree"))
            .help("git pull; `tenure campaign status ID` lists the undecided items by reviewer")
            .into()),
        many => {
            let names: Vec<_> = many.iter().map(|id| format!("`{id}`")).collect();
            let message = format!("`{reviewer}` has items in {}", names.join(" and "));
            Err(Diagnostic::error("campaign-ambiguous", message).help(format!("tenure review {}", many[0])).into())
        }
    }
}

pub(in crate::cli) fn campaign_not_open(id: &CampaignId) -> CliError {
    Diagnostic::error("unknown-campaign", format!("no signed campaign `{id}` on main"))
        .help("run `git pull`; a campaign can be reviewed once its opening is merged")
        .into()
}

/// Returns the repository of the command line, without walking its history.
pub(super) fn branch(context: &CommandContext) -> Result<Option<String>, CliError> {
    let repository = Repository::discover(&context.directory)?;
    let head = fs::read_to_string(repository.directory().join("HEAD")).unwrap_or_default();
    Ok(head.trim().strip_prefix("ref: refs/heads/").map(str::to_owned))
}
