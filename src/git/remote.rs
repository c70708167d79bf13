//! Network access through the user's own `git`, with their credential helpers, ssh configuration and proxies.

use super::{
    ChildError, GitError, ObjectId, Repository,
    git_command::git_command,
    push_report::{self, PushStatus},
    subprocess::{self, ChildOutput},
};
use std::{
    ffi::{OsStr, OsString},
    path::Path,
    thread,
    time::Duration,
};

/// A connection to one remote. It never forces a push, never prompts on a terminal, and times out.
#[derive(Clone, Debug)]
pub struct GitRemote {
    remote: String,
    environment: Vec<(OsString, OsString)>,
    patience: Duration,
}

/// The result of a push, as shown by the remote's own ref.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PushOutcome {
    /// The remote refused the push: a hook, a rule, or missing rights. A retry does not help.
    Declined {
        /// The message of the remote.
        reason: String,
    },
    /// The remote's ref is the pushed commit or a descendant of it.
    Landed,
    /// The ref has another commit: fetch, rebuild on it, and push again.
    LostRace {
        /// The commit that the remote's ref points to.
        head: Option<ObjectId>,
    },
    /// No reply, and the remote's ref could not be read afterwards: a later fetch shows whether the commit was
    /// accepted.
    Unreachable {
        /// The cause.
        reason: String,
    },
}

/// An error of a fetch, a push or a clone.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RemoteError {
    /// `git` failed to run or timed out.
    #[error(transparent)]
    Child(#[from] ChildError),
    /// The URL of the remote contains a password, which every process on the machine could read.
    #[error("the URL of the remote contains credentials; use a credential helper instead")]
    CredentialsInRemote,
    /// An error of the local repository.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A name that git does not accept for a remote or a ref.
    #[error("`{0}` is not a valid name of a remote or a ref")]
    NotAName(String),
    /// The remote refused the request. A retry does not help.
    #[error("the remote refused: {reason}")]
    Refused {
        /// The message of the remote.
        reason: String,
    },
    /// The remote's ref no longer contains a commit that it contained before: its history was rewritten.
    #[error("`{reference}` was rewritten: {theirs} no longer contains {ours}")]
    Rewritten {
        /// The remote's ref.
        reference: String,
        /// The commit that the ref pointed to before.
        ours: ObjectId,
        /// The commit that it points to now.
        theirs: ObjectId,
    },
    /// No reply, or a broken one. A retry may help.
    #[error("the remote cannot be reached: {reason}")]
    Unreachable {
        /// The cause.
        reason: String,
    },
}

impl GitRemote {
    /// Returns a connection to `remote`: the name of a configured remote, a URL or a path.
    ///
    /// # Errors
    /// When it could be parsed as an option, or is a URL with credentials.
    pub fn to(remote: &str) -> Result<Self, RemoteError> {
        if remote.is_empty() || remote.starts_with('-') || remote.contains("::") || remote.chars().any(char::is_control)
        {
            return Err(RemoteError::NotAName(subprocess::presentable(remote)));
        }
        let authority = remote.split_once("://").map(|(scheme, rest)| (scheme, rest.split('/').next().unwrap_or(rest)));
        match authority.and_then(|(scheme, authority)| Some((scheme, authority.rsplit_once('@')?.0))) {
            Some((scheme, user)) if user.contains(':') || scheme.starts_with("http") => {
                Err(RemoteError::CredentialsInRemote)
            }
            _ => Ok(Self { remote: remote.to_owned(), environment: Vec::new(), patience: PATIENCE }),
        }
    }

    /// Adds a variable to the environment of `git`.
    #[must_use]
    pub fn with_variable(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Sets the time limit of one call to `git`.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Returns the remote as it was named, without credentials.
    pub fn remote(&self) -> &str {
        &self.remote
    }

    /// Returns the commits that the remote's refs point to; `None` for a ref that the remote does not have.
    ///
    /// # Errors
    /// When the reply is incomplete.
    pub fn advertised(
        &self,
        repository: &Repository,
        references: &[&str],
    ) -> Result<Vec<Option<ObjectId>>, RemoteError> {
        references.iter().try_for_each(|name| full_name(name))?;
        let mut arguments = vec!["ls-remote", "--refs", "--", &self.remote];
        arguments.extend(references);
        let answer = self.call(Some(repository), &arguments)?;
        if !answer.succeeded {
            return Err(unanswered(answer.complaint));
        }
        let at = |name: &&str| {
            let line = answer.output.lines().find_map(|line| line.split_once('\t').filter(|(_, found)| found == name));
            line.map(|(id, _)| ObjectId::parse(id)).transpose()
        };
        references
            .iter()
            .map(at)
            .collect::<Result<_, _>>()
            .map_err(|error| RemoteError::Unreachable { reason: error.to_string() })
    }

    /// Fetches refs: each pair is the full name of the remote's ref and of the local ref that tracks it. Returns the
    /// commit of each, or `None` for a ref that the remote does not have. A local ref only moves forward.
    ///
    /// # Errors
    /// [`RemoteError::Rewritten`] when the remote's ref no longer contains a commit that it contained before. No ref
    /// moves then.
    pub fn fetch(&self, repository: &Repository, pairs: &[(&str, &str)]) -> Result<Vec<Option<ObjectId>>, RemoteError> {
        pairs.iter().try_for_each(|(_, local)| full_name(local))?;
        // Read before the remote is contacted: another process may move them forward in between, which is not a
        // rewrite.
        let seen = pairs.iter().map(|(_, local)| repository.reference(local)).collect::<Result<Vec<_>, _>>()?;
        let names: Vec<&str> = pairs.iter().map(|(remote, _)| *remote).collect();
        let heads = self.advertised(repository, &names)?;
        let missing = |head: &Option<ObjectId>| head.filter(|id| !repository.has(*id));
        let wanted: Vec<&str> =
            names.iter().zip(&heads).filter(|(_, head)| missing(head).is_some()).map(|(name, _)| *name).collect();
        if !wanted.is_empty() {
            let mut arguments =
                vec!["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"];
            arguments.extend(["--refmap=", "--", self.remote.as_str()]);
            arguments.extend(&wanted);
            let answer = self.call(Some(repository), &arguments)?;
            repository.require_complete_history()?;
            if !answer.succeeded {
                return Err(unanswered(answer.complaint));
            }
            if let Some(id) = heads.iter().find_map(missing) {
                let reason = format!("{id} was advertised, but did not come with the fetch");
                return Err(RemoteError::Unreachable { reason });
            }
        }
        for (((reference, local), theirs), seen) in pairs.iter().zip(&heads).zip(seen) {
            let Some(theirs) = *theirs else { continue };
            if let Some(ours) = seen
                && !repository.is_ancestor(ours, theirs)?
            {
                return Err(RemoteError::Rewritten { reference: (*reference).to_owned(), ours, theirs });
            }
            remember(repository, local, theirs)?;
        }
        Ok(heads)
    }

    /// Pushes `commit` to the full ref name `reference`, only as a fast-forward. The result is read back from the
    /// remote's ref: a reply of success alone is not trusted, and a lost reply is looked up.
    ///
    /// # Errors
    /// When the local repository or `git` fails.
    pub fn push(&self, repository: &Repository, commit: ObjectId, reference: &str) -> Result<PushOutcome, RemoteError> {
        full_name(reference)?;
        let refspec = format!("{commit}:{reference}");
        let options =
            ["push", "--porcelain", "--no-verify", "--no-signed", "--no-follow-tags", "--no-recurse-submodules"];
        let arguments: Vec<&str> = options.into_iter().chain(["--", &self.remote, &refspec]).collect();
        let (said, complaint) = match self.call(Some(repository), &arguments) {
            Ok(answer) => (push_report::read(&answer.output, reference), answer.complaint),
            Err(ChildError::TimedOut { program, seconds }) => {
                (PushStatus::Nothing, ChildError::TimedOut { program, seconds }.to_string())
            }
            Err(error) => return Err(error.into()),
        };
        let mut head = None;
        for wait in READ_BACK {
            thread::sleep(wait);
            head = match self.read_back(repository, reference) {
                Ok(head) => head,
                Err(error) => return Ok(PushOutcome::Unreachable { reason: format!("{error}; {complaint}") }),
            };
            if let Some(head) = head
                && repository.has(head)
                && repository.is_ancestor(commit, head)?
            {
                return Ok(PushOutcome::Landed);
            }
            if said != PushStatus::Taken {
                break;
            }
        }
        Ok(match said {
            PushStatus::Declined(summary) => PushOutcome::Declined { reason: format!("{summary}; {complaint}") },
            PushStatus::LostRace => PushOutcome::LostRace { head },
            PushStatus::Nothing => match unanswered(complaint) {
                RemoteError::Refused { reason } => PushOutcome::Declined { reason },
                error => PushOutcome::Unreachable { reason: error.to_string() },
            },
            PushStatus::Taken => PushOutcome::Declined {
                reason: match head {
                    Some(head) => format!("the remote reported success, but its ref reads back as {head}"),
                    None => "the remote reported success, but has no such ref".to_owned(),
                },
            },
        })
    }

    /// Clones the remote to `path` without a checkout.
    ///
    /// # Errors
    /// When the reply is incomplete, or the history cannot be opened.
    pub fn clone_to(&self, path: &Path) -> Result<Repository, RemoteError> {
        let target = path.to_string_lossy();
        let answer = self.call(None, &["clone", "--quiet", "--no-checkout", "--", &self.remote, &target])?;
        if !answer.succeeded {
            return Err(unanswered(answer.complaint));
        }
        Ok(Repository::open(path)?)
    }

    /// Returns the commit of the remote's ref, after fetching its objects.
    fn read_back(&self, repository: &Repository, reference: &str) -> Result<Option<ObjectId>, RemoteError> {
        let head = self.advertised(repository, &[reference])?.pop().flatten();
        let Some(id) = head.filter(|id| !repository.has(*id)) else { return Ok(head) };
        let options =
            ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--refmap="];
        let arguments: Vec<&str> = options.into_iter().chain(["--", &self.remote, reference]).collect();
        let answer = self.call(Some(repository), &arguments)?;
        if answer.succeeded && repository.has(id) { Ok(head) } else { Err(unanswered(answer.complaint)) }
    }

    fn call(&self, repository: Option<&Repository>, arguments: &[&str]) -> Result<ChildOutput, ChildError> {
        let mut command = git_command(repository, arguments);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        subprocess::run(command, self.patience)
    }
}

/// Moves a local ref forward to `theirs`, unless it is already there or further ahead.
fn remember(repository: &Repository, local: &str, theirs: ObjectId) -> Result<(), GitError> {
    loop {
        let ours = repository.reference(local)?;
        if let Some(ours) = ours
            && repository.is_ancestor(theirs, ours)?
        {
            return Ok(());
        }
        match repository.move_reference(local, theirs, ours, "tenure: fetch") {
            Err(GitError::Moved { .. }) => {}
            other => return other,
        }
    }
}

fn full_name(reference: &str) -> Result<(), RemoteError> {
    if reference.starts_with("refs/") && git2::Reference::is_valid_name(reference) && !reference.contains('*') {
        return Ok(());
    }
    Err(RemoteError::NotAName(subprocess::presentable(reference)))
}

/// Distinguishes a refusal from an unreachable remote.
fn unanswered(complaint: String) -> RemoteError {
    const REFUSALS: [&str; 13] = [
        "Authentication failed",
        "Host key verification failed",
        "Permission denied",
        "access denied",
        "could not read Password",
        "could not read Username",
        "does not appear to be a git repository",
        "does not exist",
        "not allowed",
        "returned error: 401",
        "returned error: 403",
        "returned error: 404",
        "uses plaintext credentials",
    ];
    let reason = complaint;
    if REFUSALS.iter().any(|words| reason.contains(words)) || reason.contains("not found") {
        return RemoteError::Refused { reason };
    }
    RemoteError::Unreachable { reason }
}

const PATIENCE: Duration = Duration::from_secs(120);

/// Delays between reads of a ref: a Git host may need a moment until its readers see its writes.
const READ_BACK: [Duration; 3] = [Duration::ZERO, Duration::from_millis(200), Duration::from_millis(800)];
