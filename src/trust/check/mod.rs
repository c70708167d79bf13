//! The gate for a change: checks form, signatures, authority, self-review, staleness, immutability and text. Uses no
//! network and no clock.

mod change_size;
mod policies;
mod severities;
mod systems;

use crate::trust::check::policies::check_policies;
use crate::trust::check::systems::check_system;
use crate::trust::error::TrustError;
use crate::trust::state::{RejectedFile, RepositoryState, cache::StateCache};
use crate::{
    diag::{Diagnostic, Diagnostics, SourceFile},
    format::{
        codec::{self, PathSegment},
        json_lines::{LineReader, UsageLine},
    },
    git::{FileChange, FileMode, GitError, MergePreview, ObjectId, Repository, TreeDiff, TreeFile},
    model::{
        Digest, Grant, GrantKey, ItemId, Severity,
        file::{Principals, Review, ReviewTerms, System},
    },
    policy::unfit,
    store::{RepoPath, kind_of},
};
use change_size::check_change_size;
use severities::check_severities;
use std::collections::BTreeMap;

/// The result of a check.
#[derive(Debug)]
pub struct CheckReport {
    /// All problems and warnings.
    pub problems: Diagnostics,
    /// The number of governed files checked.
    pub files: usize,
    /// The repository state at the commit, if its whole history was verified.
    pub governed: Option<RepositoryState>,
    /// The review files of the change that contain decisions.
    pub decided: Vec<String>,
    /// The review requirements of the mandate in force.
    pub terms: ReviewTerms,
}

impl CheckReport {
    pub(in crate::trust) fn blocked(problems: Diagnostics) -> Self {
        Self { problems, files: 0, governed: None, decided: Vec::new(), terms: ReviewTerms::usual() }
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
        return report(repository, governed, &changes, head, false);
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
    state.advance(repository, merge)?;
    report(repository, state, &changes, merge, true)
}

/// Returns the problems of the files in `changes` at `commit`, in the state there.
fn report(
    repository: &Repository,
    governed: RepositoryState,
    changes: &TreeDiff,
    commit: ObjectId,
    is_change: bool,
) -> Result<CheckReport, GitError> {
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
    problems.extend(check_policies(repository, commit, changes.files.iter().map(FileChange::path))?);
    let terms = governed.trust().map_or_else(ReviewTerms::usual, |trust| trust.mandate().file().review_terms());
    let governed = (!is_change).then_some(governed);
    Ok(CheckReport { problems, files, governed, decided, terms })
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

/// Checks the form of a file that the walk does not read.
fn check_form(repository: &Repository, file: &TreeFile, problems: &mut Diagnostics) -> Result<(), GitError> {
    let place = RepoPath::of(&file.path);
    let lines = match &place {
        RepoPath::Grants { .. } => true,
        RepoPath::Usage(_) => false,
        RepoPath::Policy(_)
        | RepoPath::System(_)
        | RepoPath::Observation(_)
        | RepoPath::Governance
        | RepoPath::Principals => {
            return check_toml(repository, file, problems);
        }
        // An unsigned review without decisions is verified once it is decided; its form is checked now.
        place if place.kind().is_some() => return check_toml(repository, file, problems),
        _ => return Ok(()),
    };
    let bytes = repository.blob(file.id, MAX_LINES)?;
    let name = file.path.as_str();
    let first = if lines {
        LineReader::<Grant, _>::new(name, &bytes[..]).find_map(Result::err)
    } else {
        LineReader::<UsageLine, _>::new(name, &bytes[..]).find_map(Result::err)
    };
    problems.extend(first.map(|problem| *problem));
    Ok(())
}

/// Checks that a system file is named after its system: no command finds it otherwise.
fn check_system_name(path: &str, bytes: &[u8]) -> Option<Diagnostic> {
    let RepoPath::System(named) = RepoPath::of(path) else { return None };
    let system = codec::parse::<System>(path, bytes).ok()?.system;
    let message = format!("the file describes the system `{system}`");
    let help = format!("write `system = \"{named}\"`, or rename the file to systems/{system}.toml");
    (system != named).then(|| Diagnostic::error("system-misnamed", message).in_file(path).help(help))
}

fn check_toml(repository: &Repository, file: &TreeFile, problems: &mut Diagnostics) -> Result<(), GitError> {
    let bytes = repository.blob(file.id, MAX_LINES)?;
    match kind_of(&file.path, &bytes).and_then(|kind| codec::check(kind, &file.path, &bytes)) {
        Ok(()) => {
            problems.extend(check_facts(&file.path, &bytes));
            problems.extend(check_system(&file.path, &bytes));
            problems.extend(check_system_name(&file.path, &bytes));
            Ok(())
        }
        Err(found) => {
            problems.extend(found);
            Ok(())
        }
    }
}

/// Checks the attributes that principals files declare: rules would never see an unknown name.
fn check_facts(path: &str, bytes: &[u8]) -> Diagnostics {
    let file = codec::parse::<Principals>(path, bytes).ok().filter(|_| RepoPath::of(path) == RepoPath::Principals);
    let text = String::from_utf8_lossy(bytes);
    file.iter().flat_map(unfit).map(|unfit| unfit.diagnostic(path, &text)).collect()
}

/// Warns of decisions in a change that will lapse because the grant changed since the review; returns the files that
/// contain decisions. Decisions already on main are skipped: their grants were mostly removed by them, as plan and
/// evidence show.
fn check_stale(
    repository: &Repository,
    head: ObjectId,
    changes: &TreeDiff,
    is_change: bool,
    problems: &mut Diagnostics,
) -> Result<Vec<String>, GitError> {
    let mut deciding = Vec::new();
    for file in governed_files(changes).filter(|file| file.mode == FileMode::Plain) {
        let RepoPath::Review { campaign, system, .. } = RepoPath::of(&file.path) else { continue };
        let Ok(bytes) = repository.blob(file.id, MAX_LINES) else { continue };
        let Ok(review) = codec::parse::<Review>(&file.path, &bytes) else { continue };
        let decided: BTreeMap<&ItemId, (usize, &Digest)> = review
            .items
            .iter()
            .enumerate()
            .filter(|(_, item)| item.decision.is_some())
            .map(|(index, item)| (&item.id, (index, &item.grant_digest)))
            .collect();
        if !decided.is_empty() {
            deciding.push(file.path.clone());
        }
        if decided.is_empty() || !is_change {
            continue;
        }
        let opened = format!("campaigns/{campaign}/campaign.toml");
        let Some(pinned) = repository.file(head, &opened)?.and_then(|file| repository.blob(file.id, MAX_LINES).ok())
        else {
            continue;
        };
        let Ok(pinned) = codec::parse::<crate::model::file::Campaign>(&opened, &pinned) else { continue };
        let tree = pinned.systems.iter().find(|population| population.system == system).map(|p| p.tree.as_str());
        let now = repository.file(head, &format!("inventory/{system}"))?.map(|tree| tree.id.to_string());
        if now.is_none() || now.as_deref() == tree {
            continue;
        }
        let mut current: BTreeMap<ItemId, Digest> = BTreeMap::new();
        for grants in repository.list(head, &format!("inventory/{system}/grants"))?.files {
            let Ok(bytes) = repository.blob(grants.id, MAX_LINES) else { continue };
            // Only the keys of most grants are needed; the form of a file is checked where it changes.
            for line in bytes.split(|byte| *byte == b'\n') {
                let Ok(GrantKeyOnly { key }) = serde_json::from_slice(line) else { continue };
                let item = ItemId::of(&campaign, &system, &key);
                if decided.contains_key(&item)
                    && let Ok(grant) = serde_json::from_slice::<Grant>(line)
                {
                    current.insert(item, grant.digest());
                }
            }
        }
        let source = SourceFile::of_bytes(file.path.as_str(), &bytes);
        for (item, (index, reviewed)) in decided {
            let message = match current.get(item) {
                Some(digest) if digest == reviewed => continue,
                Some(_) => {
                    format!("the grant of {item} changed since the campaign was opened; the decision will lapse")
                }
                None => format!("the grant of {item} is no longer in the inventory; the decision will have no effect"),
            };
            let span = codec::place(source.text(), &["item".into(), index.into(), "grant_digest".into()]);
            problems.push(
                Diagnostic::warning("grant-changed", message)
                    .at(&source, span, "digest of the reviewed grant")
                    .help("review the current grant in a new campaign: `tenure campaign open`"),
            );
        }
    }
    Ok(deciding)
}

/// A grant line, of which only the key is read.
#[derive(serde::Deserialize)]
struct GrantKeyOnly {
    key: GrantKey,
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
