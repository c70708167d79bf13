//! The network: the user's own `git`, with their credential helpers, ssh configuration and proxies.

use super::{
    ChildError, GitError, ObjectId, Repository,
    push_report::{self, PushStatus},
    subprocess::{self, Output},
};
use std::{
    ffi::{OsStr, OsString},
    path::Path,
    process::Command,
    thread,
    time::Duration,
};

/// The way to one remote. It never forces, never asks at a terminal, and gives up after a while.
#[derive(Clone, Debug)]
pub struct Remote {
    remote: String,
    environment: Vec<(OsString, OsString)>,
    patience: Duration,
}

/// What became of a push, as the remote's own ref shows it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PushOutcome {
    /// The remote will not have it: a hook, a rule, missing rights. Trying again will not help.
    Declined {
        /// What the remote said.
        reason: String,
    },
    /// The remote's ref is the commit, or a successor of it.
    Landed,
    /// Somebody else's commit is there: fetch, build on it, push again.
    LostRace {
        /// Where the remote's ref is.
        head: Option<ObjectId>,
    },
    /// No answer, and the remote's ref could not be read afterwards: whether the commit landed is not known until a fetch
    /// shows it.
    Unreachable {
        /// What went wrong.
        reason: String,
    },
}

/// Why nothing was carried.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RemoteError {
    /// `git` gave no answer.
    #[error(transparent)]
    Child(#[from] ChildError),
    /// The remote has a password in its URL, which every process on the machine could read.
    #[error("the remote's URL carries credentials; use a credential helper instead")]
    CredentialsInRemote,
    /// Something is wrong on this side.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A name that git would not take for a remote or a ref.
    #[error("`{0}` is not a name git can be given")]
    NotAName(String),
    /// The remote says no. Trying again will not help.
    #[error("the remote refuses: {reason}")]
    Refused {
        /// What it said.
        reason: String,
    },
    /// The remote's ref no longer contains what it contained: its history was rewritten.
    #[error("`{reference}` was rewritten: {theirs} does not contain {ours}, which it once did")]
    Rewritten {
        /// The remote's ref.
        reference: String,
        /// What was seen there before.
        ours: ObjectId,
        /// What it is now.
        theirs: ObjectId,
    },
    /// No answer, or a broken one. Trying again may help.
    #[error("the remote cannot be reached: {reason}")]
    Unreachable {
        /// What went wrong.
        reason: String,
    },
}

impl Remote {
    /// Returns the way to `remote`: the name of a configured remote, a URL or a path.
    ///
    /// # Errors
    /// When it could be taken for an option, or is a URL with credentials in it.
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

    /// Returns the carrier with one more variable in the environment of `git`.
    #[must_use]
    pub fn with_variable(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Returns the carrier with another bound on the time one call to `git` may take.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Returns the remote as it was named, without anything secret.
    pub fn remote(&self) -> &str {
        &self.remote
    }

    /// Asks the remote where its refs are; nothing where it has no such ref.
    ///
    /// # Errors
    /// When it gives no whole answer.
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

    /// Brings refs of the remote here: for each pair of full names, the remote's and the local one that remembers it. Returns
    /// where each is now; nothing where the remote has no such ref. A local ref only moves forward.
    ///
    /// # Errors
    /// [`RemoteError::Rewritten`] when the remote's ref does not contain any more what it once did. Nothing moves then.
    pub fn fetch(&self, repository: &Repository, pairs: &[(&str, &str)]) -> Result<Vec<Option<ObjectId>>, RemoteError> {
        pairs.iter().try_for_each(|(_, local)| full_name(local))?;
        // Looked up before the remote is asked: another process may move them on meanwhile, which is no rewriting.
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

    /// Pushes `commit` to the full ref name `reference`, as a fast-forward and nothing else. What counts is the remote's ref
    /// read back: an answer of success alone is not believed, and a lost answer is looked up.
    ///
    /// # Errors
    /// When the fault is on this side.
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

    /// Makes a clone at `path` with nothing checked out.
    ///
    /// # Errors
    /// When the remote gives no whole answer, or its history cannot be opened.
    pub fn clone_to(&self, path: &Path) -> Result<Repository, RemoteError> {
        let target = path.to_string_lossy();
        let answer = self.call(None, &["clone", "--quiet", "--no-checkout", "--", &self.remote, &target])?;
        if !answer.succeeded {
            return Err(unanswered(answer.complaint));
        }
        Ok(Repository::open(path)?)
    }

    /// Returns the remote's ref, with the objects behind it here.
    fn read_back(&self, repository: &Repository, reference: &str) -> Result<Option<ObjectId>, RemoteError> {
        let head = self.advertised(repository, &[reference])?.pop().flatten();
        let Some(id) = head.filter(|id| !repository.has(*id)) else { return Ok(head) };
        let options =
            ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--refmap="];
        let arguments: Vec<&str> = options.into_iter().chain(["--", &self.remote, reference]).collect();
        let answer = self.call(Some(repository), &arguments)?;
        if answer.succeeded && repository.has(id) { Ok(head) } else { Err(unanswered(answer.complaint)) }
    }

    fn call(&self, repository: Option<&Repository>, arguments: &[&str]) -> Result<Output, ChildError> {
        let mut command = Command::new("git");
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        for name in NOT_INHERITED {
            command.env_remove(name);
        }
        command.args(arguments).envs(ENVIRONMENT);
        if let Some(repository) = repository {
            // Relative URLs in the configuration are meant from the work tree, where people run git themselves.
            let place = repository.work_tree().unwrap_or_else(|| repository.inner.path());
            command.env("GIT_DIR", repository.inner.path()).current_dir(place);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        subprocess::run(command, self.patience)
    }
}

/// Moves a local ref forward to `theirs`, unless it is there or beyond already.
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

/// Tells a remote that says no from one that cannot be heard.
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

/// A forge may need a moment until its readers see what its writers said.
const READ_BACK: [Duration; 3] = [Duration::ZERO, Duration::from_millis(200), Duration::from_millis(800)];

/// No hook of this clone, no upkeep in the background, no password on a command line.
const SETTINGS: [&str; 6] = [
    "advice.pushUpdateRejected=false",
    "core.hooksPath=/dev/null",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.version=2",
    "transfer.credentialsInUrl=die",
];

const ENVIRONMENT: [(&str, &str); 7] = [
    ("GIT_ALLOW_PROTOCOL", "file:http:https:ssh"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("LANGUAGE", ""),
    ("LC_ALL", "C"),
    // ssh asks its helper program or nobody, never the terminal.
    ("SSH_ASKPASS_REQUIRE", "force"),
];

/// What would point git at another repository or make it print what it sends.
const NOT_INHERITED: [&str; 20] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CURL_VERBOSE",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_TRACE",
    "GIT_TRACE2",
    "GIT_TRACE2_EVENT",
    "GIT_TRACE2_PERF",
    "GIT_TRACE_CURL",
    "GIT_TRACE_PACKET",
    "GIT_TRACE_SETUP",
    "GIT_WORK_TREE",
];
