//! The gate for a change: checks form, signatures, authority, self-review, staleness, immutability and text. Uses no
//! network and no clock.

mod change_size;
mod form;
mod policies;
mod principals;
pub(in crate::trust) mod severities;
mod stale;
mod systems;

use crate::trust::check::policies::check_policies;
use crate::trust::error::TrustError;
use crate::trust::state::{RejectedFile, RepositoryState, cache::StateCache};
use crate::trust::verified::Verified;
use crate::trust::verify::open_campaign::OpenCampaign;
use crate::{
    diag::{Diagnostic, Diagnostics, SourceFile},
    format::codec::{self, PathSegment},
    git::{FileChange, FileMode, GitError, MergePreview, ObjectId, Repository, TreeDiff, TreeFile},
    model::{
        Digest, ItemId, Severity,
        file::{Campaign, Review, ReviewTerms},
    },
    store::{RepoPath, RepositorySnapshot},
};
use change_size::check_change_size;
use form::check_form;
use principals::check_principals;
use severities::check_severities;
use stale::check_stale;
use std::collections::BTreeMap;

/// A campaign that a change opens, and its worklists, each with its path.
pub(super) type OpenedInChange = (Verified<Campaign>, Vec<(String, Review)>);

/// The result of a check.
#[derive(Debug)]
pub struct CheckReport {
    /// All problems and warnings.
    pub problems: Diagnostics,
    /// The number of governed files checked.
    pub files: usize,
    /// The repository state with the change; `None` if the change was rejected before it was read.
    pub governed: Option<RepositoryState>,
    /// The repository state at the base; `None` without a base, or if the change was rejected before it was read.
    pub base: Option<RepositoryState>,
    /// The review files of the change that contain decisions.
    pub decided: Vec<String>,
    /// The review requirements of the mandate in force.
    pub terms: ReviewTerms,
    /// The campaigns that the change opens, each with its worklists.
    pub openings: Vec<OpenedInChange>,
}

impl CheckReport {
    pub(in crate::trust) fn blocked(problems: Diagnostics) -> Self {
        Self {
            problems,
            files: 0,
            governed: None,
            base: None,
            decided: Vec::new(),
            terms: ReviewTerms::usual(),
            openings: Vec::new(),
        }
    }
}

/// Checks the changes from `base` to `head`; without a base, the whole history of `head` and every governed file there.
/// `pin` is the digest of the first root, given from outside the repository. The state at the base comes from `cache`,
/// if there is one; without a base, the whole history is verified.
///
/// # Errors
/// When git fails. Problems of the change are part of the result, not errors.
pub fn check(
    repository: &Repository,
    pin: Digest,
    base: Option<ObjectId>,
    head: ObjectId,
    cache: Option<&StateCache>,
) -> Result<CheckReport, GitError> {
    let Some(base) = base else {
        let governed = RepositoryState::walk(repository, pin, head)?;
        let changes = repository.changes(None, head)?;
        return report(repository, governed, &changes, head, None);
    };
    let blocked = |problem: Diagnostic| Ok(CheckReport::blocked(problem.into()));
    if repository.merge_base(base, head)?.is_none() {
        let problem = Diagnostic::error("unrelated-history", "the change has no common ancestor with its base");
        return blocked(problem.help("start a branch from main: `git switch -c NAME main`"));
    }
    let repository = &repository.in_memory()?;
    let merge = match repository.preview_merge(base, head)? {
        MergePreview::Clean(merge) => merge,
        MergePreview::Conflicting(paths) => {
            let problem = Diagnostic::error("change-conflicts", "git cannot merge the change into its base");
            let problem = problem.with_note(format!("both changed {}", paths.join(", ")));
            return blocked(problem.help("merge main into the branch, resolve the conflicts, and push"));
        }
    };
    let changes = repository.changes(Some(base), merge)?;
    let mut state = match cache {
        Some(cache) => cache.state(repository, pin, base)?,
        None => RepositoryState::walk(repository, pin, base)?,
    };
    if state.trust().is_none() && !changes.files.iter().any(|change| RepoPath::of(change.path()).is_trust()) {
        let message = "the pin matches no valid root, registry and mandate at the base";
        let problem = Diagnostic::error("trust-not-established", message);
        return blocked(problem.help("compare the pin with the one `tenure init` printed: --root sha256:…"));
    }
    if let Some(refused) = check_change_size(&state, &changes) {
        return Ok(refused);
    }
    let before = state.clone();
    state.advance(repository, merge)?;
    Ok(CheckReport { base: Some(before), ..report(repository, state, &changes, merge, Some(base))? })
}

/// Returns the problems of the files in `changes` at `commit`, in the state there; `base` is that of a change.
fn report(
    repository: &Repository,
    governed: RepositoryState,
    changes: &TreeDiff,
    commit: ObjectId,
    base: Option<ObjectId>,
) -> Result<CheckReport, GitError> {
    let is_change = base.is_some();
    let mut problems = Diagnostics::new();
    let mut texts = SourceCache { repository, head: commit, known: BTreeMap::new() };
    // A change answers for what it brings, and not for files that main already rejects.
    let is_own = |found: &&RejectedFile| found.standing && (!is_change || found.commit == commit);
    let own: Vec<&RejectedFile> = governed.rejections().iter().filter(is_own).collect();
    own.iter().for_each(|found| problems.extend(to_diagnostic(found, &mut texts)));
    let mut files = 0;
    for file in governed_files(changes) {
        files += 1;
        // The form of a signed file that was edited is no further cause: its signed version stays in force.
        let is_edited = own.iter().any(|found| found.path == file.path && found.is_changed_file());
        if file.mode == FileMode::Plain && !is_edited {
            check_form(repository, file, &mut problems)?;
            if matches!(RepoPath::of(&file.path), RepoPath::Mandate(_)) {
                problems.extend(check_severities(&file.path, &repository.blob(file.id, MAX_LINES)?));
            }
        }
    }
    let decided = check_stale(repository, commit, changes, is_change, &mut problems)?;
    problems.extend(check_principals(repository, base, commit, changes)?);
    problems.extend(check_policies(repository, commit, changes.files.iter().map(FileChange::path))?);
    let terms = governed.trust().map_or_else(ReviewTerms::usual, |trust| trust.mandate().file().review_terms());
    let openings = if is_change { openings(repository, &governed, commit) } else { Vec::new() };
    Ok(CheckReport { problems, files, governed: Some(governed), base: None, decided, terms, openings })
}

/// Returns the campaigns that a merge opens, each with its worklists.
fn openings(repository: &Repository, governed: &RepositoryState, merge: ObjectId) -> Vec<OpenedInChange> {
    let snapshot = RepositorySnapshot::at(repository, merge);
    let opened = governed.openings().values().map(OpenCampaign::campaign).filter(|campaign| campaign.commit() == merge);
    opened
        .filter_map(|campaign| {
            // The walk has accepted these files, so they can be read.
            let worklists = snapshot.read_again(&format!("campaigns/{}/reviews", campaign.id)).ok()?;
            Some((campaign.clone(), worklists))
        })
        .collect()
}

fn governed_files(changes: &TreeDiff) -> impl Iterator<Item = &TreeFile> {
    changes
        .files
        .iter()
        .filter_map(|change| match change {
            FileChange::Added(file) | FileChange::Changed { after: file, .. } => Some(file),
            FileChange::Deleted(_) => None,
        })
        .filter(|file| RepoPath::of(&file.path).is_governed())
}

/// File texts at the head, each read once.
struct SourceCache<'r> {
    repository: &'r Repository,
    head: ObjectId,
    known: BTreeMap<String, Option<SourceFile>>,
}

impl SourceCache<'_> {
    fn source(&mut self, path: &str) -> Option<SourceFile> {
        let (repository, head) = (self.repository, self.head);
        let read = || {
            let file = repository.file(head, path).ok()??;
            let bytes = repository.blob(file.id, MAX_LINES).ok()?;
            Some(SourceFile::of_bytes(path, &bytes))
        };
        self.known.entry(path.to_owned()).or_insert_with(read).clone()
    }
}

/// Formats a finding as a diagnostic in the file.
fn to_diagnostic(found: &RejectedFile, texts: &mut SourceCache<'_>) -> Diagnostics {
    if let TrustError::Form(problems) = &found.refusal {
        return (**problems).clone();
    }
    let (code, message, help) = (found.refusal.code(), found.refusal.to_string(), found.refusal.help());
    let problem = match found.refusal.severity() {
        Severity::Low => Diagnostic::warning(code, message),
        _ => Diagnostic::error(code, message),
    };
    let (item, key, label) = match &found.refusal {
        TrustError::AgainstPolicy { item, .. } => (item.as_str(), "decision", "this decision"),
        TrustError::DecisionIncomplete { item, .. } => (item.as_str(), "decision", "this decision"),
        TrustError::ItemAltered(item) | TrustError::ItemNotInCampaign(item) => (item.as_str(), "id", "this item"),
        TrustError::DuplicateDecision { item, .. } => (item.as_str(), "decision", "this decision"),
        TrustError::SelfReview { item, .. } => (item.as_str(), "decision", "this decision"),
        TrustError::StaleSupersedes { item, .. } => (item.as_str(), "supersedes", "this reference"),
        TrustError::Stage(stage) => match stage.item() {
            Some(placed) => placed,
            None => return problem.in_file(found.path.as_str()).help(help).into(),
        },
        _ => return problem.in_file(found.path.as_str()).help(help).into(),
    };
    let placed = texts.source(&found.path).and_then(|source| {
        let review: Review = codec::parse(source.name(), source.text().as_bytes()).ok()?;
        let item = ItemId::parse(item).ok()?;
        let index = review.items.iter().position(|own| own.id == item)?;
        let steps: [PathSegment<'_>; 3] = ["item".into(), index.into(), key.into()];
        let span = codec::place(source.text(), &steps);
        Some(problem.clone().at(&source, span, label))
    });
    placed.unwrap_or_else(|| problem.in_file(found.path.as_str())).help(help).into()
}

/// More than an inventory of 1,000,000 grants needs.
const MAX_LINES: u64 = 1 << 30;
