//! A consistent read of all files that define access on a system.

use super::{
    account_files::{self, GroupEntry, GshadowEntry, ParsedLine, PasswdEntry, ShadowEntry},
    authorized_keys::{self, AuthorizedKeys},
    config::{HostsConfig, OptionalFile},
    root_dir::{FileContent, RootDir},
    sshd_config::{AuthorizedKeysPaths, key_places},
    sudoers::{self, StatementKind, Sudoers},
    surroundings::Surroundings,
};
use crate::connector::ConnectorError;
use std::collections::{BTreeMap, BTreeSet};

/// All files, read at one point in time.
pub(super) struct HostSnapshot {
    pub files: BTreeMap<String, FileContent>,
    pub accounts: Vec<ParsedLine<PasswdEntry>>,
    pub shadows: Vec<ParsedLine<ShadowEntry>>,
    pub groups: Vec<ParsedLine<GroupEntry>>,
    pub group_shadows: Vec<ParsedLine<GshadowEntry>>,
    pub sudoers: Sudoers,
    /// The keys of each file, and the accounts that use the file.
    pub keys: BTreeMap<String, KeyFile>,
    /// Lines that could not be parsed: file and number.
    pub unread: Vec<(String, usize)>,
    /// What else decides about access on the system.
    pub surroundings: Surroundings,
    /// Sources of access that were not read.
    pub blind_spots: Vec<String>,
    index: AccountIndex,
}

/// A file of keys.
#[derive(Clone, Debug, Default)]
pub(super) struct KeyFile {
    /// The keys in it.
    pub keys: AuthorizedKeys,
    /// The accounts for which sshd reads the file.
    pub accounts: BTreeSet<String>,
    /// Whether accounts with another uid use the same file, by this or another path.
    pub shared: bool,
    /// The uid of its owner.
    pub owner: u32,
}

/// The first entry of each name and id. Without an index, lookups in files of a hundred thousand lines would take
/// minutes.
#[derive(Default)]
struct AccountIndex {
    accounts: BTreeMap<String, usize>,
    uids: BTreeMap<u32, usize>,
    shadows: BTreeMap<String, usize>,
    groups: BTreeMap<String, usize>,
    gids: BTreeMap<u32, usize>,
    group_shadows: BTreeMap<String, usize>,
}

pub(super) const PASSWD: &str = "/etc/passwd";
pub(super) const SHADOW: &str = "/etc/shadow";
pub(super) const GROUP: &str = "/etc/group";
pub(super) const GSHADOW: &str = "/etc/gshadow";
pub(super) const SUDOERS: &str = "/etc/sudoers";

impl HostSnapshot {
    /// Reads the system below `root`.
    ///
    /// # Errors
    /// When a file is missing or cannot be read: an incomplete population is never returned.
    pub(super) fn read(root: &RootDir, config: &HostsConfig) -> Result<Self, ConnectorError> {
        let mut last =
            ConnectorError::Transient("the files of the system changed during every attempt to read them".to_owned());
        for _ in 0..ATTEMPTS {
            let reader = HostReader { root, config, files: BTreeMap::new() };
            match reader.tree() {
                Err(ConnectorError::Transient(why)) => last = ConnectorError::Transient(why),
                answer => return answer,
            }
        }
        Err(last)
    }

    /// Returns the account with this name: the first matching line, as getpwnam(3) does.
    pub(super) fn account(&self, name: &str) -> Option<&PasswdEntry> {
        self.index.accounts.get(name).and_then(|at| self.accounts.get(*at)).map(|row| &row.value)
    }

    /// Returns the first account with this uid, as getpwuid(3) does.
    pub(super) fn account_of(&self, uid: u32) -> Option<&PasswdEntry> {
        self.index.uids.get(&uid).and_then(|at| self.accounts.get(*at)).map(|row| &row.value)
    }

    /// Returns the shadow entry of this name.
    pub(super) fn shadow(&self, name: &str) -> Option<&ShadowEntry> {
        self.index.shadows.get(name).and_then(|at| self.shadows.get(*at)).map(|row| &row.value)
    }

    /// Returns the group with this name.
    pub(super) fn group(&self, name: &str) -> Option<&GroupEntry> {
        self.index.groups.get(name).and_then(|at| self.groups.get(*at)).map(|row| &row.value)
    }

    /// Returns the first group with this gid.
    pub(super) fn group_of(&self, gid: u32) -> Option<&GroupEntry> {
        self.index.gids.get(&gid).and_then(|at| self.groups.get(*at)).map(|row| &row.value)
    }

    /// Returns the shadow entry of a group.
    pub(super) fn group_shadow(&self, name: &str) -> Option<&GshadowEntry> {
        self.index.group_shadows.get(name).and_then(|at| self.group_shadows.get(*at)).map(|row| &row.value)
    }

    /// Returns the first line in one of `files` that could not be parsed.
    pub(super) fn first_unread(&self, files: impl Fn(&str) -> bool) -> Option<String> {
        self.unread.iter().find(|(file, _)| files(file)).map(not_understood)
    }
}

/// Returns the message about a line that could not be parsed. It does not contain the line.
pub(super) fn not_understood((file, line): &(String, usize)) -> String {
    match line {
        0 => format!("{file} is not a regular file, or too large"),
        line => format!("line {line} of {file} cannot be parsed"),
    }
}

struct HostReader<'a> {
    root: &'a RootDir,
    config: &'a HostsConfig,
    files: BTreeMap<String, FileContent>,
}

impl HostReader<'_> {
    fn tree(mut self) -> Result<HostSnapshot, ConnectorError> {
        self.need(PASSWD, None)?;
        self.need(GROUP, None)?;
        self.need(SHADOW, Some(OptionalFile::Shadow))?;
        self.need(GSHADOW, Some(OptionalFile::Gshadow))?;
        let mut unread = Vec::new();
        let mut take = |path: &str, lines: Vec<usize>| unread.extend(lines.into_iter().map(|l| (path.to_owned(), l)));
        let accounts = account_files::accounts(self.bytes(PASSWD));
        take(PASSWD, accounts.unread);
        let shadows = account_files::shadows(self.bytes(SHADOW));
        take(SHADOW, shadows.unread);
        let groups = account_files::groups(self.bytes(GROUP));
        take(GROUP, groups.unread);
        let group_shadows = account_files::group_shadows(self.bytes(GSHADOW));
        take(GSHADOW, group_shadows.unread);
        let mut sudoers = Sudoers::default();
        if self.need(SUDOERS, Some(OptionalFile::Sudoers))? {
            self.sudoers(SUDOERS, 0, &mut sudoers)?;
        }
        for (path, statements) in &sudoers.files {
            let lines = statements.iter().filter(|s| s.kind == StatementKind::Unread).map(|s| s.line);
            take(path, lines.collect());
        }
        let places = key_places(self.root)?;
        let mut blind_spots = places.blind_spots.clone();
        let keys = self.key_files(&places, &accounts.rows, &mut take)?;
        blind_spots.extend(self.elsewhere()?);
        let surroundings = Surroundings::read(self.root)?;
        self.unchanged()?;
        let index = AccountIndex {
            accounts: first(&accounts.rows, |account| account.name.clone()),
            uids: first(&accounts.rows, |account| account.uid),
            shadows: first(&shadows.rows, |shadow| shadow.name.clone()),
            groups: first(&groups.rows, |group| group.name.clone()),
            gids: first(&groups.rows, |group| group.gid),
            group_shadows: first(&group_shadows.rows, |shadow| shadow.name.clone()),
        };
        Ok(HostSnapshot {
            files: self.files,
            accounts: accounts.rows,
            shadows: shadows.rows,
            groups: groups.rows,
            group_shadows: group_shadows.rows,
            sudoers,
            keys,
            unread,
            surroundings,
            blind_spots,
            index,
        })
    }

    fn key_files(
        &mut self,
        places: &AuthorizedKeysPaths,
        accounts: &[ParsedLine<PasswdEntry>],
        take: &mut impl FnMut(&str, Vec<usize>),
    ) -> Result<BTreeMap<String, KeyFile>, ConnectorError> {
        let mut found: BTreeMap<String, KeyFile> = BTreeMap::new();
        let mut missing = BTreeSet::new();
        let mut users: BTreeMap<(u64, u64), BTreeSet<u32>> = BTreeMap::new();
        for account in accounts.iter().map(|row| &row.value) {
            for path in places.of(account) {
                if missing.contains(&path) {
                    continue;
                }
                if !found.contains_key(&path) {
                    let content = match self.root.read_if_there(&path) {
                        Ok(Some(content)) => content,
                        // A file replaced by its owner must not prevent the collection of other accounts.
                        Err(ConnectorError::Permanent(_)) => {
                            take(&path, vec![0]);
                            missing.insert(path);
                            continue;
                        }
                        Ok(None) => {
                            missing.insert(path);
                            continue;
                        }
                        Err(error) => return Err(error),
                    };
                    let keys = authorized_keys::read(&content.bytes);
                    take(&path, keys.unread.clone());
                    found.insert(path.clone(), KeyFile { keys, owner: content.owner, ..KeyFile::default() });
                    self.files.insert(path.clone(), content);
                }
                if let (Some(file), Some(content)) = (found.get_mut(&path), self.files.get(&path)) {
                    file.accounts.insert(account.name.clone());
                    // Other accounts may link to it, but sshd ignores a file with another owner (StrictModes).
                    if [0, account.uid].contains(&content.owner) {
                        users.entry(content.stamp.identity()).or_default().insert(account.uid);
                    }
                }
            }
        }
        for (path, file) in &mut found {
            let users = self.files.get(path).and_then(|content| users.get(&content.stamp.identity()));
            file.shared = users.is_some_and(|users| users.len() > 1);
        }
        Ok(found)
    }

    /// Reads a file that must exist, unless the settings list it as absent.
    fn need(&mut self, path: &str, optional: Option<OptionalFile>) -> Result<bool, ConnectorError> {
        let found = self.root.read_if_there(path)?;
        let absent = optional.is_some_and(|file| self.config.absent.contains(&file));
        match (found, absent) {
            (Some(_), true) => {
                Err(ConnectorError::Permanent(format!("{path} exists, although `absent` in the system file lists it")))
            }
            (Some(content), false) => {
                self.files.insert(path.to_owned(), content);
                Ok(true)
            }
            (None, true) => Ok(false),
            (None, false) => Err(ConnectorError::NotFound(match optional {
                None => path.to_owned(),
                Some(_) => format!("{path}; if the system has none, list it in `absent` of the system file"),
            })),
        }
    }

    fn bytes(&self, path: &str) -> &[u8] {
        self.files.get(path).map_or(b"", |content| content.bytes.as_slice())
    }

    fn sudoers(&mut self, path: &str, depth: usize, sudoers: &mut Sudoers) -> Result<(), ConnectorError> {
        if depth > DEEPEST_INCLUDE || sudoers.files.iter().any(|(known, _)| known == path) {
            return Err(ConnectorError::Permanent(format!("{path} includes itself, or is nested too deeply")));
        }
        if !self.files.contains_key(path) {
            let content = self.root.read(path)?;
            self.files.insert(path.to_owned(), content);
        }
        let statements = sudoers::parse(self.bytes(path));
        let file = sudoers.open(path, statements.clone());
        for (at, statement) in statements.into_iter().enumerate() {
            sudoers.take(file, at);
            let StatementKind::Include { path: target, directory } = statement.kind else { continue };
            let target = self.included(path, &target)?;
            if !directory {
                self.sudoers(&target, depth + 1, sudoers)?;
                continue;
            }
            // sudoers(5): names that contain a dot or end with `~` are skipped; a missing directory is not an error.
            for name in self.root.names(&target)?.unwrap_or_default() {
                let one = format!("{}/{name}", target.trim_end_matches('/'));
                if !name.contains('.') && !name.ends_with('~') && !self.is_directory(&one) {
                    self.sudoers(&one, depth + 1, sudoers)?;
                }
            }
        }
        Ok(())
    }

    fn is_directory(&self, path: &str) -> bool {
        matches!(self.root.names(path), Ok(Some(_)))
    }

    fn included(&self, from: &str, target: &str) -> Result<String, ConnectorError> {
        let target = match target.contains("%h") {
            true => {
                let name = self.root.read("/etc/hostname")?;
                let name = String::from_utf8_lossy(&name.bytes).trim().to_owned();
                target.replace("%h", name.split('.').next().unwrap_or(""))
            }
            false => target.to_owned(),
        };
        let directory = from.rsplit_once('/').map_or("", |(directory, _)| directory);
        Ok(if target.starts_with('/') { target } else { format!("{directory}/{target}") })
    }

    /// Returns sources of access outside these files.
    fn elsewhere(&self) -> Result<Vec<String>, ConnectorError> {
        let mut spots = Vec::new();
        if let Some(switch) = self.root.read_if_there("/etc/nsswitch.conf")? {
            for line in String::from_utf8_lossy(&switch.bytes).lines() {
                let Some((name, sources)) = line.split_once(':') else { continue };
                let name = name.trim();
                if !matches!(name, "group" | "passwd" | "shadow" | "sudoers") {
                    continue;
                }
                let others = sources.split('#').next().unwrap_or("").split_whitespace();
                let others: Vec<_> =
                    others.filter(|s| !matches!(*s, "files" | "compat" | "systemd") && !s.starts_with('[')).collect();
                if !others.is_empty() {
                    spots.push(format!("/etc/nsswitch.conf: {name} also comes from {}", others.join(", ")));
                }
            }
        }
        if self.root.stamp("/etc/doas.conf")?.is_some() {
            spots.push("/etc/doas.conf exists and is not read".to_owned());
        }
        Ok(spots)
    }

    fn unchanged(&self) -> Result<(), ConnectorError> {
        for (path, content) in &self.files {
            if self.root.stamp(path)? != Some(content.stamp) {
                return Err(ConnectorError::Transient(format!("{path} changed while the system was read")));
            }
        }
        Ok(())
    }
}

fn first<T, K: Ord>(rows: &[ParsedLine<T>], key: impl Fn(&T) -> K) -> BTreeMap<K, usize> {
    rows.iter().enumerate().rev().map(|(at, row)| (key(&row.value), at)).collect()
}

const ATTEMPTS: usize = 5;
const DEEPEST_INCLUDE: usize = 128; // As in sudo.
