//! Opens a governed repository: finds main, checks the root pin, and verifies the history.

use super::{AppError, RepositoryView};
use crate::{
    campaign::WorklistFile,
    diag::{Diagnostic, Diagnostics},
    git::{GitError, ObjectId, Repository},
    model::{
        CampaignId, Digest,
        file::{Governance, Review},
    },
    store::{RepositorySnapshot, Unverified},
    trust::{RepositoryState, StateCache, TrustState, first_root},
};
use std::path::{Path, PathBuf};

/// The repository to open, and its root of trust.
#[derive(Clone, Copy)]
pub struct SessionRequest<'a> {
    /// A directory in the repository.
    pub directory: &'a Path,
    /// The root pin, which comes from outside the repository.
    pub pin: Option<Digest>,
    /// The treatment of a missing pin.
    pub unpinned: UnpinnedRoot,
}

/// The treatment of a missing root pin.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum UnpinnedRoot {
    /// The root in the repository is trusted, with a note.
    Note,
    /// A pin is required.
    Refuse,
    /// The root in the repository is trusted, with a warning.
    Warn,
}

/// A governed repository at the head of its main branch.
pub struct RepositorySession {
    /// The repository.
    pub repository: Repository,
    /// The content of `governance.toml` at the head.
    pub governance: Governance,
    /// The head of the main branch.
    pub main: ObjectId,
    /// The root pin.
    pub pin: Digest,
    /// The verified state: trust, campaigns and decisions.
    pub governed: RepositoryState,
}

impl RepositorySession {
    /// Opens a repository at the head of its main branch. The whole history is verified. Notes for the user are added
    /// to `notes`.
    ///
    /// # Errors
    /// When there is no repository, its history is incomplete, or its root does not match the pin.
    pub fn open(request: &SessionRequest<'_>, notes: &mut Vec<Diagnostic>) -> Result<Self, AppError> {
        Self::open_with(request, None, notes, RepositoryState::walk)
    }

    /// As [`Self::open`] at a revision of main, for commands that only read: the verified state comes from the cache of
    /// the clone, advanced by the commits since. Commands that enforce, verify, close, sign or audit verify the whole
    /// history instead.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_cached(
        request: &SessionRequest<'_>,
        revision: Option<&str>,
        notes: &mut Vec<Diagnostic>,
    ) -> Result<Self, AppError> {
        Self::open_with(request, revision, notes, |repository, pin, main| {
            state_cache(repository).state(repository, pin, main)
        })
    }

    /// As [`Self::open_cached`], with a state that was read before, which must be at that revision.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_cached_state(
        request: &SessionRequest<'_>,
        governed: RepositoryState,
        notes: &mut Vec<Diagnostic>,
    ) -> Result<Self, AppError> {
        let revision = governed.head().map(|head| head.to_string());
        Self::open_with(request, revision.as_deref(), notes, |repository, pin, main| {
            if (governed.pin(), governed.head()) == (pin, Some(main)) {
                return Ok(governed);
            }
            state_cache(repository).state(repository, pin, main)
        })
    }

    fn open_with(
        request: &SessionRequest<'_>,
        revision: Option<&str>,
        notes: &mut Vec<Diagnostic>,
        verify: impl FnOnce(&Repository, Digest, ObjectId) -> Result<RepositoryState, GitError>,
    ) -> Result<Self, AppError> {
        let repository = Repository::discover(request.directory)?;
        repository.require_complete_history()?;
        let main = match revision {
            Some(revision) => repository.resolve(revision)?,
            None => {
                let main = main_of(&repository)?;
                notes.extend(notes_on_main(&repository, main)?);
                main
            }
        };
        let governance: Governance = RepositorySnapshot::at(&repository, main).read("governance.toml")?.into_value();
        let pin = root_pin(request, &repository, main, notes)?;
        let governed = verify(&repository, pin, main)?;
        Ok(Self { repository, governance, main, pin, governed })
    }

    /// Returns the worklists of a campaign at its opening, sorted by path; empty if the campaign does not exist.
    ///
    /// # Errors
    /// When a worklist is invalid.
    pub fn checked_worklists(&self, campaign: &CampaignId) -> Result<Vec<WorklistFile>, AppError> {
        let Some(opened) = self.governed.campaign(campaign) else { return Ok(Vec::new()) };
        let opening = RepositorySnapshot::at(&self.repository, opened.commit());
        let files = opening.read_all::<Review>(&format!("campaigns/{campaign}/reviews"))?;
        let file = |file: Unverified<Review>| WorklistFile { path: file.path().to_owned(), review: file.into_value() };
        Ok(files.into_iter().map(file).collect())
    }

    /// Returns the inputs at the head of the main branch, for what `dependent` names.
    pub fn view(&self, dependent: impl Into<String> + Clone) -> RepositoryView<'_> {
        let view = || RepositoryView::at(&self.repository, self.main, dependent.clone());
        // The state of a session is that of its head, so no history is read.
        view().with_systems(&self.governed).unwrap_or_else(|_| view())
    }

    /// Returns the files at the head of the main branch.
    pub fn snapshot(&self) -> RepositorySnapshot<'_> {
        RepositorySnapshot::at(&self.repository, self.main)
    }

    /// Returns the trust state.
    ///
    /// # Errors
    /// When the pin leads to no trust state.
    pub fn trust(&self) -> Result<&TrustState, AppError> {
        self.governed.trust().ok_or_else(|| {
            // With another root than the pinned one, all other findings are consequences.
            if let Err(failure) = self.ensure_trusted() {
                return failure;
            }
            let mut problems = Diagnostics::new();
            for finding in self.governed.findings() {
                problems.push(
                    Diagnostic::error(finding.code, format!("{}: {}", finding.subject, finding.message))
                        .help(finding.help),
                );
            }
            problems.push(
                Diagnostic::error(
                    "trust-not-established",
                    format!("the pin {} leads to no root, registry and mandate", self.pin),
                )
                .help("check the pin; `tenure init` printed it"),
            );
            AppError::from(problems)
        })
    }

    /// Fails if the repository has findings that invalidate its trust state.
    ///
    /// # Errors
    /// All such findings, with exit 3.
    pub fn ensure_trusted(&self) -> Result<(), AppError> {
        let blocking = self.governed.blocking();
        if blocking.is_empty() {
            return Ok(());
        }
        let mut problems = Diagnostics::new();
        for finding in blocking {
            let message = format!("{}: {}", finding.subject, finding.message);
            problems.push(Diagnostic::error(finding.code, message).help(finding.help));
        }
        Err(AppError::findings(problems))
    }

    /// Returns the work tree, for commands that write files there.
    ///
    /// # Errors
    /// When the repository is bare.
    pub fn work_tree(&self) -> Result<&Path, AppError> {
        self.repository.work_tree().ok_or_else(|| {
            let problem = Diagnostic::error("no-work-tree", "this repository is bare: it has no files to write to");
            problem.help("clone it with git clone, without --bare").into()
        })
    }

    /// Returns the name of the branch of the evidence log, which the root of trust names.
    pub fn evidence_branch(&self) -> &str {
        self.governed.trust().map_or("evidence", |trust| trust.root().file().evidence_branch())
    }

    /// Returns the base directory of relative paths in system files.
    pub fn settings_dir(&self) -> PathBuf {
        self.repository.work_tree().unwrap_or_else(|| self.repository.directory()).to_path_buf()
    }
}

/// Returns the cache of verified states in the git directory, for this program.
pub fn state_cache(repository: &Repository) -> StateCache {
    StateCache::of(repository, env!("TENURE_SOURCES"))
}

/// Returns the head of main: of the remote if there is one, since only merged changes count.
fn main_of(repository: &Repository) -> Result<ObjectId, AppError> {
    for name in ["refs/remotes/origin/main", "refs/heads/main", "HEAD"] {
        if let Some(commit) = repository.reference(name)? {
            return Ok(commit);
        }
    }
    let problem = Diagnostic::error("no-main", "the repository has no commit on main");
    Err(problem.help("`tenure init` creates a governed repository").into())
}

/// Returns notes that name the commit used as main, if it may differ from the expected one.
fn notes_on_main(repository: &Repository, main: ObjectId) -> Result<Vec<Diagnostic>, AppError> {
    let mut notes = Vec::new();
    let short = |commit: ObjectId| commit.to_string().chars().take(12).collect::<String>();
    if repository.reference("refs/remotes/origin/main")?.is_none() {
        let names = repository.remote_names();
        if let Some(other) = names.first().filter(|_| !names.iter().any(|name| name == "origin")) {
            let message = format!("no remote is called `origin`: the local branch is used as main, at {}", short(main));
            notes.push(
                Diagnostic::note("no-origin", message)
                    .help(format!("git remote rename {other} origin && git fetch origin")),
            );
        }
        return Ok(notes);
    }
    if let Some(local) = repository.reference("refs/heads/main")?
        && local != main
        && !repository.is_ancestor(local, main)?
    {
        let message = format!("your branch main is not pushed: origin/main is used, at {}", short(main));
        notes.push(Diagnostic::note("main-not-pushed", message).help("git push origin main, or open a pull request"));
    }
    if repository.is_detached()
        && let Ok(head) = repository.resolve("HEAD")
        && head != main
    {
        let message = format!("HEAD is detached at {}; origin/main is used, at {}", short(head), short(main));
        notes.push(Diagnostic::note("head-detached", message).help("git switch main"));
    }
    Ok(notes)
}

/// Returns the root pin. Without a pin, the request determines whether the root in the repository is trusted.
///
/// # Errors
/// When a pin is required and missing, or the repository has no root.
pub fn root_pin(
    request: &SessionRequest<'_>,
    repository: &Repository,
    main: ObjectId,
    notes: &mut Vec<Diagnostic>,
) -> Result<Digest, AppError> {
    if let Some(pin) = request.pin {
        return Ok(pin);
    }
    let found = first_root(repository, main)?.ok_or_else(|| {
        Diagnostic::error("not-governed", "there is no trust/root/1.toml on main")
            .help("`tenure init` creates a governed repository")
    })?;
    let message = format!("no root pin is set; trusting the root in this repository: {found}");
    let compare = format!("compare it with the pin that `tenure init` printed, then: export TENURE_ROOT={found}");
    match request.unpinned {
        UnpinnedRoot::Note => notes.push(Diagnostic::note("root-not-pinned", message).help(compare)),
        UnpinnedRoot::Warn => notes.push(Diagnostic::warning("root-not-pinned", message).help(compare)),
        UnpinnedRoot::Refuse => {
            let problem = Diagnostic::error("root-not-pinned", "no root pin is set")
                .with_note("`tenure init` printed it; ask a person who uses this repository, or read the variable TENURE_ROOT on GitHub")
                .with_note("to trust the root in this repository without a pin: --trust-on-first-use")
                .help("export TENURE_ROOT=sha256:…, or --root sha256:…");
            return Err(problem.into());
        }
    }
    Ok(found)
}
