//! Pull requests with the files that a job has written: one for each system or campaign.

use super::{ForgeError, GithubJob, github::GitHub};
use crate::{
    diag::Diagnostic,
    git::{Commit, CommitDraft, CommitIdentity, GitRemote, ObjectId, PushOutcome, Repository, TreeEdit},
    model::Timestamp,
};
use std::{collections::BTreeMap, fs, io, path::Path};

/// The kind of files that a pull request contains.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ProposalKind {
    /// Campaigns that were opened, and stages that were closed.
    Campaigns,
    /// Inventories that were collected.
    Inventory,
}

impl ProposalKind {
    /// Returns the folder of the files.
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Campaigns => "campaigns",
            Self::Inventory => "inventory",
        }
    }

    const fn body(self) -> &'static str {
        match self {
            Self::Campaigns => CAMPAIGNS,
            Self::Inventory => INVENTORY,
        }
    }
}

/// The repository, remote and base commit of the pull requests.
pub struct ProposalWorkspace<'a> {
    /// The repository.
    pub repository: &'a Repository,
    /// The transport to the remote with the main branch.
    pub carrier: &'a GitRemote,
    /// The commit from which the files were generated.
    pub main: ObjectId,
    /// The job, with the address and the token of the Git host.
    pub job: &'a GithubJob<'a>,
    /// The time of new commits.
    pub now: Timestamp,
}

impl ProposalWorkspace<'_> {
    /// Returns the differences of the work tree at `root` from the base commit, grouped by system or campaign.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn changes(&self, kind: ProposalKind, root: &Path) -> Result<BTreeMap<String, Vec<TreeEdit>>, ForgeError> {
        changed(self.repository, root, self.main, kind.folder())
    }

    /// Pushes the changes in one folder, opens a pull request if there is none, and returns a result line.
    ///
    /// # Errors
    /// When the branch cannot be pushed, or the Git host refuses.
    pub fn propose(&self, what: ProposalKind, unit: &str, edits: &[TreeEdit]) -> Result<String, ForgeError> {
        let forge = self.job.client().map_err(|why| refused("no-forge", why))?;
        let branch = format!("tenure/{unit}");
        let pull = forge.open_pull(&branch).map_err(|error| refused("forge-failed", error.to_string()))?;
        let there = self.head(&branch)?;
        let tree = self.repository.write_tree(Some(self.repository.tree_of(self.main)?), edits);
        let tree = tree?;
        if let (Some(pull), Some(head)) = (&pull, there) {
            let head = self.repository.commit(head)?;
            if !head.author.ends_with(&format!("<{ADDRESS}>")) {
                return Ok(format!("{unit}: #{} has commits of other authors and is not changed", pull.number));
            }
            if head.tree == tree || what == ProposalKind::Campaigns && self.is_campaign_unchanged(&head, unit)? {
                return Ok(format!("{unit}: #{} is already open", pull.number));
            }
        }
        // The previous head of the branch is a parent, so that no force push is needed.
        let parents: Vec<ObjectId> = [Some(self.main), there].into_iter().flatten().collect();
        let author = CommitIdentity { name: "tenure".to_owned(), address: ADDRESS.to_owned() };
        let title = match what {
            ProposalKind::Campaigns => format!("Campaign {}", unit.trim_start_matches("campaigns/")),
            ProposalKind::Inventory => format!("Collect {}", unit.trim_start_matches("inventory/")),
        };
        let (seconds, message) = (self.now.unix(), format!("{title}\n"));
        let draft = CommitDraft { tree, parents: &parents, author: &author, seconds, message: &message };
        let commit = self.repository.write_commit(&draft)?;
        let reference = format!("refs/heads/{branch}");
        match self.carrier.push(self.repository, commit, &reference) {
            Ok(PushOutcome::Landed) => {}
            Ok(PushOutcome::LostRace { .. }) => {
                return Ok(format!("{unit}: {branch} was changed concurrently and is not updated"));
            }
            Ok(PushOutcome::Declined { reason } | PushOutcome::Unreachable { reason }) => {
                return Err(refused("push-failed", reason));
            }
            Err(error) => return Err(refused("push-failed", error.to_string())),
        }
        match pull {
            Some(pull) => Ok(format!("{unit}: updated #{}", pull.number)),
            None => open(&forge, &branch, &title, what.body()).map(|number| format!("{unit}: opened #{number}")),
        }
    }

    /// Returns whether the files of a campaign on main are unchanged since its branch was written. Campaign files
    /// contain the time of writing, so the branch must not be rewritten while reviewers read it.
    fn is_campaign_unchanged(&self, head: &Commit, unit: &str) -> Result<bool, ForgeError> {
        let Some(base) = head.parents.first() else { return Ok(false) };
        let there = self.repository.file(*base, unit)?.map(|folder| folder.id);
        Ok(there == self.repository.file(self.main, unit)?.map(|folder| folder.id))
    }

    /// Returns the head of a branch of the remote, and fetches its commits.
    fn head(&self, branch: &str) -> Result<Option<ObjectId>, ForgeError> {
        let reference = format!("refs/heads/{branch}");
        let failed = |error: crate::git::RemoteError| refused("remote-unreachable", error.to_string());
        let there = self.carrier.advertised(self.repository, &[&reference]).map_err(failed)?;
        let Some(head) = there.into_iter().flatten().next() else { return Ok(None) };
        if !self.repository.has(head) {
            let local = format!("refs/tenure/proposed/{}", &head.to_string()[..12]);
            let _ = self.carrier.fetch(self.repository, &[(&reference, &local)]).map_err(failed)?;
        }
        Ok(Some(head))
    }
}

fn open(forge: &GitHub, branch: &str, title: &str, body: &str) -> Result<u64, ForgeError> {
    forge.propose(branch, title, body).map(|pull| pull.number).map_err(|error| {
        let problem = Diagnostic::error(
            "pull-request-failed",
            format!("{branch} was pushed, but the pull request cannot be opened: {error}"),
        );
        let help = "open it manually; in Settings, Actions, General, allow GitHub Actions to create pull requests";
        problem.help(help).into()
    })
}

/// Returns the differences from main, grouped by the folders directly below `folder`.
fn changed(
    repository: &Repository,
    root: &Path,
    main: ObjectId,
    folder: &str,
) -> Result<BTreeMap<String, Vec<TreeEdit>>, ForgeError> {
    let listed = repository.list(main, folder)?.files;
    let mut before: BTreeMap<String, ObjectId> = listed.into_iter().map(|file| (file.path, file.id)).collect();
    let mut paths = Vec::new();
    below(root, folder, &mut paths)?;
    let mut units: BTreeMap<String, Vec<TreeEdit>> = BTreeMap::new();
    let unit = |path: &str| path.splitn(3, '/').take(2).collect::<Vec<_>>().join("/");
    for path in paths {
        let blob = repository.write_blob(&fs::read(root.join(&path))?)?;
        if before.remove(&path) != Some(blob) {
            units.entry(unit(&path)).or_default().push(TreeEdit::Put { path, blob });
        }
    }
    for path in before.into_keys() {
        units.entry(unit(&path)).or_default().push(TreeEdit::Remove { path });
    }
    Ok(units)
}

/// Lists the regular files below a folder of the work tree; symbolic links are not followed.
fn below(root: &Path, folder: &str, paths: &mut Vec<String>) -> Result<(), ForgeError> {
    let entries = match fs::read_dir(root.join(folder)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let mut entries = entries.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let Ok(name) = entry.file_name().into_string() else { continue };
        let (kind, path) = (entry.file_type()?, format!("{folder}/{name}"));
        if kind.is_dir() {
            below(root, &path, paths)?;
        } else if kind.is_file() && entry.metadata()?.len() <= MOST {
            paths.push(path);
        }
    }
    Ok(())
}

fn refused(code: &'static str, why: String) -> ForgeError {
    let help = "in a job of GitHub Actions, give the step GITHUB_TOKEN; elsewhere, commit it and open a pull request";
    Diagnostic::error(code, why).help(help).into()
}

/// The author address of commits of the engine.
const ADDRESS: &str = "tenure@engine.invalid";
const MOST: u64 = 64 << 20;
const CAMPAIGNS: &str = "\
According to the definitions on main, a campaign is due to be opened, or a stage is due to be closed. These files take effect
when a campaign owner has checked and signed them on this branch, and the pull request is merged:

```sh
tenure sign campaigns/ID/campaign.toml   # or campaigns/ID/stages/N.toml
```
";
const INVENTORY: &str = "\
The current inventory of this system. The diff shows the access that was added, changed or removed since the inventory on main.
The owner of the system checks it and merges it. Campaigns use the merged inventory.
";
