//! Verifies main commit by commit: the changes of each merged tree against its first parent.
//!
//! Only merged trees are compared. A change made in the merge commit itself (an evil merge), and files dropped by
//! taking one side (a wholesale tree), are changes against the first parent like any other.

use crate::trust::error::TrustError;
use crate::trust::state::RepositoryState;
use crate::{
    git::{FileChange, FileMode, GitError, ObjectId, Repository, TreeDiff, TreeFile},
    store::RepoPath,
};
use std::collections::{BTreeMap, BTreeSet};

/// The governed paths that one merge touches.
#[derive(Default)]
pub(in crate::trust) struct AffectedPaths {
    /// Files of signed kinds that changed, or whose signatures changed.
    pub(in crate::trust) signed: BTreeSet<String>,
    /// Principals files.
    pub(in crate::trust) people: Vec<TreeFile>,
    /// Deleted principals files.
    pub(in crate::trust) people_gone: Vec<String>,
    /// `governance.toml`.
    pub(in crate::trust) governance: Option<TreeFile>,
    /// Whether `trust/allowed_signers` changed.
    pub(in crate::trust) allowed_signers: bool,
    /// Any other governed path.
    pub(in crate::trust) other: Option<String>,
}
impl RepositoryState {
    /// Processes the next commit of the first-parent line.
    pub(super) fn step(&mut self, repository: &Repository, commit: ObjectId) -> Result<(), GitError> {
        let parents = repository.parents(commit)?;
        let changes = repository.changes(parents.first().copied(), commit)?;
        self.line.insert(commit);
        self.apply(repository, commit, parents.len(), &changes)
    }

    /// Processes the changes of a commit against the current state.
    fn apply(
        &mut self,
        repository: &Repository,
        commit: ObjectId,
        parents: usize,
        changes: &TreeDiff,
    ) -> Result<(), GitError> {
        self.head = Some(commit);
        let touched = self.classify_changes(commit, changes);
        let before = self.trust.clone();
        let (trust_files, others): (Vec<String>, Vec<String>) =
            touched.signed.iter().cloned().partition(|path| RepoPath::of(path).is_trust());
        let genesis = self.partial.root.is_none();
        if parents > 2 {
            touched.signed.iter().for_each(|path| self.reject(commit, path, TrustError::Octopus));
        } else {
            self.update_trust(repository, commit, &trust_files)?;
            if trust_files.is_empty() || genesis {
                self.verify_merge(repository, commit, before.as_deref(), &others)?;
            } else {
                others.iter().for_each(|path| self.reject(commit, path, TrustError::TrustChangeNotIsolated));
                touched.other.iter().for_each(|path| self.reject(commit, path, TrustError::TrustChangeNotIsolated));
            }
        }
        self.update_identities(repository, commit, &touched, !trust_files.is_empty())?;
        self.check_governance(repository, commit, touched.governance.as_ref())?;
        if touched.allowed_signers || !trust_files.is_empty() {
            self.check_allowed_signers(repository, commit)?;
        }
        Ok(())
    }

    /// Classifies the changes, and rejects those to immutable files.
    fn classify_changes(&mut self, commit: ObjectId, changes: &TreeDiff) -> AffectedPaths {
        let mut touched = AffectedPaths::default();
        for hazard in &changes.hazards {
            self.reject(commit, &hazard.path, TrustError::Hazard(hazard.peril.to_string()));
        }
        let added: BTreeMap<ObjectId, &str> = changes
            .files
            .iter()
            .filter_map(
                |change| if let FileChange::Added(file) = change { Some((file.id, file.path.as_str())) } else { None },
            )
            .collect();
        for change in &changes.files {
            let place = RepoPath::of(change.path());
            if !place.is_governed() {
                continue;
            }
            self.clear_rejections(change.path());
            let now = match change {
                FileChange::Added(file) | FileChange::Changed { after: file, .. } if file.mode == FileMode::Plain => {
                    Some(file)
                }
                FileChange::Added(file) | FileChange::Changed { after: file, .. } => {
                    self.reject(commit, &file.path, TrustError::Mode(file.mode.to_string()));
                    None
                }
                FileChange::Deleted(_) => None,
            };
            self.check_immutable(commit, change.path(), now, &added);
            self.classify(commit, change.path(), place, now, &mut touched);
        }
        touched
    }

    fn classify(
        &mut self,
        commit: ObjectId,
        path: &str,
        place: RepoPath,
        now: Option<&TreeFile>,
        touched: &mut AffectedPaths,
    ) {
        let signed = match &place {
            RepoPath::Signature { of, .. } => Some(of.clone()),
            place if place.namespace().is_some() => Some(path.to_owned()),
            _ => None,
        };
        if let Some(signed) = signed {
            match now {
                Some(file) => self.files.insert(path.to_owned(), file.id),
                None => self.files.remove(path),
            };
            touched.signed.insert(signed);
            return;
        }
        match (place, now) {
            (RepoPath::Misplaced, Some(_)) => self.reject(commit, path, TrustError::Misplaced),
            (RepoPath::AllowedSigners, _) => touched.allowed_signers = true,
            (RepoPath::Governance, None) => self.reject(commit, path, TrustError::GovernanceMissing),
            (RepoPath::Governance, Some(file)) => touched.governance = Some(file.clone()),
            (RepoPath::Principals, Some(file)) => touched.people.push(file.clone()),
            (RepoPath::Principals, None) => touched.people_gone.push(path.to_owned()),
            _ => {}
        }
        if path != ALLOWED_SIGNERS {
            touched.other.get_or_insert_with(|| path.to_owned());
        }
    }

    /// A signed file and its signatures are immutable.
    fn check_immutable(
        &mut self,
        commit: ObjectId,
        path: &str,
        now: Option<&TreeFile>,
        added: &BTreeMap<ObjectId, &str>,
    ) {
        let Some((blob, namespace)) = self.held.get(path) else { return };
        let what = match RepoPath::of(path) {
            RepoPath::Signature { .. } => "signature",
            _ => namespace.noun(),
        };
        let refusal = match now {
            Some(file) if file.id == *blob => return,
            Some(_) => TrustError::SignedEdited { what },
            None => match added.get(blob) {
                Some(to) => TrustError::SignedRenamed { what, to: (*to).to_owned() },
                None => TrustError::SignedDeleted { what },
            },
        };
        self.reject(commit, path, refusal);
    }
}

pub(in crate::trust) const ALLOWED_SIGNERS: &str = "trust/allowed_signers";
