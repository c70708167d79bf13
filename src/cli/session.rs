//! Opens the governed repository of a command: finds main, checks the root pin, and verifies the history.

use super::{CliError, CommandContext, ExitStatus};
use crate::{
    campaign::WorklistFile,
    diag::{Diagnostic, Diagnostics},
    git::{GitError, ObjectId, Repository},
    model::{
        CampaignId, Digest, SystemId,
        file::{Governance, Review, System},
    },
    store::{RepositorySnapshot, StoreError},
    trust::{RepositoryState, StateCache, TrustState, first_root},
};
use std::{collections::BTreeMap, path::PathBuf};

/// A governed repository at the head of its main branch.
pub(super) struct RepositorySession {
    /// The repository.
    pub(super) repository: Repository,
    /// The content of `governance.toml` at the head.
    pub(super) governance: Governance,
    /// The head of the main branch.
    pub(super) main: ObjectId,
    /// The root pin.
    pub(super) pin: Digest,
    /// The verified state: trust, campaigns and decisions.
    pub(super) governed: RepositoryState,
}

impl RepositorySession {
    /// Opens the repository of the command line at the head of its main branch.
    ///
    /// # Errors
    /// When there is no repository, its history is incomplete, or its root does not match the pin.
    pub(super) fn open(context: &mut CommandContext) -> Result<Self, CliError> {
        Self::open_with(context, None, RepositoryState::walk)
    }

    /// As [`Self::open`], with the worklists of one campaign, sorted by path; empty if the campaign does not exist.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(super) fn open_with_worklists(
        context: &mut CommandContext,
        campaign: &CampaignId,
    ) -> Result<(Self, Vec<WorklistFile>), CliError> {
        let session = Self::open_cached(context, None)?;
        let Some(opened) = session.governed.campaign(campaign) else { return Ok((session, Vec::new())) };
        let opening = RepositorySnapshot::at(&session.repository, opened.commit());
        let worklists = opening.read_all::<Review>(&format!("campaigns/{campaign}/reviews")).map_err(store)?;
        let worklists =
            worklists.into_iter().map(|file| WorklistFile { path: file.path().to_owned(), review: file.into_value() });
        let worklists = worklists.collect();
        Ok((session, worklists))
    }

    /// As [`Self::open`], for commands that enforce or audit: without a pin, the root in the repository is trusted only
    /// with `--trust-on-first-use`.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(super) fn open_pinned(context: &mut CommandContext) -> Result<Self, CliError> {
        let terminal = std::mem::replace(&mut context.terminal, false);
        let opened = Self::open(context);
        context.terminal = terminal;
        opened
    }

    /// As [`Self::open`] at a revision of main, for commands that only read: the verified state comes from the cache of
    /// the clone, advanced by the commits since. Commands that enforce, verify, close, sign or audit verify the whole
    /// history instead.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(super) fn open_cached(context: &mut CommandContext, revision: Option<&str>) -> Result<Self, CliError> {
        Self::open_with(context, revision, |repository, pin, main| state_cache(repository).state(repository, pin, main))
    }

    fn open_with(
        context: &mut CommandContext,
        revision: Option<&str>,
        verify: impl FnOnce(&Repository, Digest, ObjectId) -> Result<RepositoryState, GitError>,
    ) -> Result<Self, CliError> {
        let repository = Repository::discover(&context.directory).map_err(git)?;
        repository.require_complete_history().map_err(git)?;
        let main = match revision {
            Some(revision) => repository.resolve(revision).map_err(git)?,
            None => {
                let main = main_of(&repository)?;
                for note in notes_on_main(&repository, main)? {
                    context.note(&note)?;
                }
                main
            }
        };
        let governance: Governance =
            RepositorySnapshot::at(&repository, main).read("governance.toml").map_err(store)?.into_value();
        let pin = pin(context, &repository, main)?;
        let governed = verify(&repository, pin, main).map_err(git)?;
        Ok(Self { repository, governance, main, pin, governed })
    }

    /// Returns the files at the head of the main branch.
    pub(super) fn snapshot(&self) -> RepositorySnapshot<'_> {
        RepositorySnapshot::at(&self.repository, self.main)
    }

    /// Returns the trust state.
    ///
    /// # Errors
    /// When the pin leads to no trust state.
    pub(super) fn trust(&self) -> Result<&TrustState, CliError> {
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
            CliError::from(problems)
        })
    }

    /// Fails if the repository has findings that invalidate its trust state.
    ///
    /// # Errors
    /// All such findings, with exit 3.
    pub(super) fn ensure_trusted(&self) -> Result<(), CliError> {
        let blocking = self.governed.blocking();
        if blocking.is_empty() {
            return Ok(());
        }
        let mut problems = Diagnostics::new();
        for finding in blocking {
            let message = format!("{}: {}", finding.subject, finding.message);
            problems.push(Diagnostic::error(finding.code, message).help(finding.help));
        }
        Err(CliError { problems, exit: ExitStatus::Findings })
    }

    /// Returns the work tree, for commands that write files there.
    ///
    /// # Errors
    /// When the repository is bare.
    pub(super) fn work_tree(&self) -> Result<&std::path::Path, CliError> {
        self.repository.work_tree().ok_or_else(|| {
            let problem = Diagnostic::error("no-work-tree", "this repository is bare: it has no files to write to");
            problem.help("clone it with git clone, without --bare").into()
        })
    }

    /// Returns the base directory of relative paths in system files.
    pub(super) fn settings_dir(&self) -> PathBuf {
        self.repository.work_tree().unwrap_or_else(|| self.repository.directory()).to_path_buf()
    }
}

/// Returns the cache of verified states in the git directory, for this program.
pub(super) fn state_cache(repository: &Repository) -> StateCache {
    StateCache::of(repository, env!("TENURE_SOURCES"))
}

/// Returns the systems at a commit, by id.
///
/// # Errors
/// When a file is invalid, or its name differs from the name of its system.
pub(super) fn systems_at(snapshot: RepositorySnapshot<'_>) -> Result<BTreeMap<SystemId, System>, CliError> {
    let mut systems = BTreeMap::new();
    for file in snapshot.read_all::<System>("systems").map_err(store)? {
        let path = file.path().to_owned();
        let system = file.into_value();
        if path != format!("systems/{}.toml", system.system) {
            let problem =
                Diagnostic::error("system-misnamed", format!("the file describes the system `{}`", system.system))
                    .in_file(path)
                    .help(format!("rename it with git mv to systems/{}.toml", system.system));
            return Err(problem.into());
        }
        systems.insert(system.system.clone(), system);
    }
    Ok(systems)
}

/// Returns the head of main: of the remote if there is one, since only merged changes count.
fn main_of(repository: &Repository) -> Result<ObjectId, CliError> {
    for name in ["refs/remotes/origin/main", "refs/heads/main", "HEAD"] {
        if let Some(commit) = repository.reference(name).map_err(git)? {
            return Ok(commit);
        }
    }
    let problem = Diagnostic::error("no-main", "the repository has no commit on main");
    Err(problem.help("`tenure init` creates a governed repository").into())
}

/// Returns notes that name the commit used as main, if it may differ from the expected one.
fn notes_on_main(repository: &Repository, main: ObjectId) -> Result<Vec<Diagnostic>, CliError> {
    let mut notes = Vec::new();
    let short = |commit: ObjectId| commit.to_string().chars().take(12).collect::<String>();
    if repository.reference("refs/remotes/origin/main").map_err(git)?.is_none() {
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
    if let Some(local) = repository.reference("refs/heads/main").map_err(git)?
        && local != main
        && !repository.is_ancestor(local, main).map_err(git)?
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

/// Returns the root pin. Without a pin, an interactive session uses the root in the repository, with a note. All other
/// sessions require a pin or `--trust-on-first-use`.
pub(super) fn pin(context: &mut CommandContext, repository: &Repository, main: ObjectId) -> Result<Digest, CliError> {
    if let Some(pin) = context.root {
        return Ok(pin);
    }
    let found = first_root(repository, main).map_err(store)?.ok_or_else(|| {
        CliError::from(
            Diagnostic::error("not-governed", "there is no trust/root/1.toml on main")
                .help("`tenure init` creates a governed repository"),
        )
    })?;
    let message = format!("no root pin is set; trusting the root in this repository: {found}");
    let compare = format!("compare it with the pin that `tenure init` printed, then: export TENURE_ROOT={found}");
    if context.trust_on_first_use {
        context.note(&Diagnostic::warning("root-not-pinned", message).help(compare))?;
        return Ok(found);
    }
    if context.terminal {
        context.note(&Diagnostic::note("root-not-pinned", message).help(compare))?;
        return Ok(found);
    }
    let problem = Diagnostic::error("root-not-pinned", "no root pin is set")
        .with_note("`tenure init` printed it; ask a person who uses this repository, or read the variable TENURE_ROOT on GitHub")
        .with_note("to trust the root in this repository without a pin: --trust-on-first-use")
        .help("export TENURE_ROOT=sha256:…, or --root sha256:…");
    Err(problem.into())
}

/// Returns the failure for an error of git; a grafted, replaced or shallow history is a finding.
pub(super) fn git(error: GitError) -> CliError {
    let (exit, code, help) = match &error {
        GitError::Grafted(_) => (ExitStatus::Findings, "grafted-history", "remove the file, then git fetch"),
        GitError::NotARepository { .. } => (
            ExitStatus::CouldNot,
            "git-failed",
            "change to a governed repository, name one with -C DIR, or create one: `tenure init`",
        ),
        GitError::NoSuchRevision(_) => (
            ExitStatus::CouldNot,
            "git-failed",
            "name a branch, a tag or a commit; `git branch --all` lists the branches",
        ),
        GitError::Replaced(_) => {
            (ExitStatus::Findings, "replaced-history", "git replace --list, and find out who created them")
        }
        GitError::Shallow(_) => (ExitStatus::Findings, "shallow-history", "git fetch --unshallow"),
        _ => (ExitStatus::CouldNot, "git-failed", "git fsck --full"),
    };
    CliError::new(exit, Diagnostic::error(code, error.to_string()).help(help))
}

/// Returns the failure for an error of the store, with all problems of an invalid file.
pub(super) fn store(error: StoreError) -> CliError {
    match error {
        StoreError::Form { problems, .. } => problems.into(),
        StoreError::Git(error) => git(error),
        StoreError::Missing(path) => {
            let help = match path.as_str() {
                "governance.toml" => "git pull; in a new repository, `tenure init` writes it".to_owned(),
                path => format!("write {path} and merge it, or git pull"),
            };
            Diagnostic::error("file-missing", format!("there is no {path} at this commit")).help(help).into()
        }
        other => Diagnostic::error("store-unreadable", other.to_string()).help("tenure check").into(),
    }
}
