//! A consistent read of all files that define access on a system.

use super::{
    account_files::{self, GroupEntry, GshadowEntry, PasswdEntry, ShadowEntry},
    account_table::{AccountTable, parsed},
    config::{HostsConfig, OptionalFile},
    doas,
    key_files::{KeyFile, KeyFileReader, KeyScope},
    parse_cache::ParseCache,
    rights::{AccountDirectory, SudoRule},
    root_dir::{FileContent, RootDir},
    sshd_config::{self, SshdConfig},
    sudoers::{self, StatementKind, Sudoers, SudoersStatement},
    surroundings::Surroundings,
    world_parts::{directory as directory_of, sudo_rules, with_members},
};
use crate::connector::ConnectorError;
use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
};

/// All files, read at one point in time.
pub(super) struct HostSnapshot {
    pub files: BTreeMap<String, FileContent>,
    pub accounts: Arc<AccountTable<PasswdEntry>>,
    pub shadows: Arc<AccountTable<ShadowEntry>>,
    pub groups: Arc<AccountTable<GroupEntry>>,
    pub group_shadows: Arc<AccountTable<GshadowEntry>>,
    pub sudoers: Arc<Sudoers>,
    /// The rules of sudoers, in the order in which sudo reads them.
    pub rules: Arc<Vec<SudoRule>>,
    /// The accounts and groups, as sudo looks them up.
    pub directory: AccountDirectory,
    /// The keys of each file that was in the scope of the read, and the accounts that use the file.
    pub keys: BTreeMap<String, KeyFile>,
    /// Lines that could not be parsed: file and number.
    pub unread: Vec<(String, usize)>,
    /// The rules of doas.
    pub doas: Vec<SudoRule>,
    /// The settings of sshd.
    pub sshd: SshdConfig,
    /// Other facts that decide about access on the system.
    pub surroundings: Surroundings,
    /// Sources of access that were not read.
    pub blind_spots: Vec<String>,
}

pub(super) const PASSWD: &str = "/etc/passwd";
pub(super) const SHADOW: &str = "/etc/shadow";
pub(super) const GROUP: &str = "/etc/group";
pub(super) const GSHADOW: &str = "/etc/gshadow";
pub(super) const SUDOERS: &str = "/etc/sudoers";

impl HostSnapshot {
    /// Reads the system below `root`, with the files of keys in `scope`.
    ///
    /// # Errors
    /// When a file of accounts is missing or cannot be read: an incomplete population is never returned.
    pub(super) fn read_for(
        root: &RootDir,
        config: &HostsConfig,
        scope: KeyScope,
        cache: &ParseCache,
    ) -> Result<Self, ConnectorError> {
        let mut last =
            ConnectorError::Transient("the files of the system changed during every attempt to read them".to_owned());
        for _ in 0..ATTEMPTS {
            let (files, unread) = (BTreeMap::new(), Vec::new());
            let reader = HostReader { root, config, scope, cache, files, unread, includes: 0 };
            match reader.tree() {
                Err(ConnectorError::Transient(why)) => last = ConnectorError::Transient(why),
                answer => return answer,
            }
        }
        Err(last)
    }

    /// Reads the system once, with all files of keys.
    #[cfg(test)]
    pub(super) fn read(root: &RootDir, config: &HostsConfig) -> Result<Self, ConnectorError> {
        Self::read_for(root, config, KeyScope::All, &ParseCache::default())
    }

    /// Returns the accounts, groups and rules as they would be with new contents of some files. Keys are left out.
    pub(super) fn drafted(&self, new: &dyn Fn(&str) -> Option<Vec<u8>>) -> Self {
        let old = |path: &str| self.files.get(path).map(|content| content.bytes.as_slice()).unwrap_or_default();
        let accounts = new(PASSWD)
            .map(|bytes| Arc::new(self.accounts.reparsed(old(PASSWD), &bytes, account_files::accounts)))
            .unwrap_or_else(|| self.accounts.clone());
        let groups = new(GROUP)
            .map(|bytes| Arc::new(self.groups.reparsed(old(GROUP), &bytes, account_files::groups)))
            .unwrap_or_else(|| self.groups.clone());
        let changed = |path: &str| new(path).map(|bytes| sudoers::parse(&bytes));
        let same_rules = self.sudoers.files.iter().all(|(path, _)| new(path).is_none());
        let (sudoers, rules) = if same_rules {
            (self.sudoers.clone(), self.rules.clone())
        } else {
            let sudoers = self.sudoers.redrafted(changed);
            let rules = Arc::new(sudo_rules(&sudoers));
            (Arc::new(sudoers), rules)
        };
        let near = Arc::ptr_eq(&accounts, &self.accounts)
            .then(|| with_members(&self.directory, &self.groups, &groups))
            .flatten();
        Self {
            files: BTreeMap::new(),
            directory: near.unwrap_or_else(|| directory_of(&accounts, &groups)),
            accounts,
            shadows: self.shadows.clone(),
            groups,
            group_shadows: self.group_shadows.clone(),
            sudoers,
            rules,
            keys: BTreeMap::new(),
            unread: Vec::new(),
            doas: self.doas.clone(),
            sshd: self.sshd.clone(),
            surroundings: self.surroundings.clone(),
            blind_spots: Vec::new(),
        }
    }

    /// Returns the account with this name: the first matching line, as getpwnam(3) does.
    pub(super) fn account(&self, name: &str) -> Option<&PasswdEntry> {
        self.accounts.named(name)
    }

    /// Returns the first account with this uid, as getpwuid(3) does.
    pub(super) fn account_of(&self, uid: u32) -> Option<&PasswdEntry> {
        self.accounts.with_id(uid)
    }

    /// Returns the shadow entry of this name.
    pub(super) fn shadow(&self, name: &str) -> Option<&ShadowEntry> {
        self.shadows.named(name)
    }

    /// Returns the group with this name.
    pub(super) fn group(&self, name: &str) -> Option<&GroupEntry> {
        self.groups.named(name)
    }

    /// Returns the first group with this gid.
    pub(super) fn group_of(&self, gid: u32) -> Option<&GroupEntry> {
        self.groups.with_id(gid)
    }

    /// Returns the shadow entry of a group.
    pub(super) fn group_shadow(&self, name: &str) -> Option<&GshadowEntry> {
        self.group_shadows.named(name)
    }

    /// Returns the first line in one of `files` that could not be parsed.
    pub(super) fn first_unread(&self, files: impl Fn(&str) -> bool) -> Option<String> {
        self.unread.iter().find(|(file, _)| files(file)).map(not_understood)
    }
}

/// Returns the message about a line that could not be parsed. It does not contain the line.
pub(super) fn not_understood((file, line): &(String, usize)) -> String {
    match line {
        0 => format!("{file} cannot be read: it is not a regular file, too large, or access is denied"),
        line => format!("line {line} of {file} cannot be parsed"),
    }
}

/// Returns the names of the groups of each account.
fn group_names(
    accounts: &AccountTable<PasswdEntry>,
    groups: &AccountTable<GroupEntry>,
) -> BTreeMap<String, Vec<String>> {
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for account in accounts.values() {
        let primary = groups.with_id(account.gid).map(|group| group.name.clone());
        names.entry(account.name.clone()).or_default().extend(primary);
    }
    for group in groups.values() {
        let name = groups.with_id(group.gid).map_or(&group.name, |first| &first.name);
        for member in &group.members {
            names.entry(member.clone()).or_default().push(name.clone());
        }
    }
    names
}

struct HostReader<'a> {
    root: &'a RootDir,
    config: &'a HostsConfig,
    scope: KeyScope,
    cache: &'a ParseCache,
    files: BTreeMap<String, FileContent>,
    unread: Vec<(String, usize)>,
    includes: usize,
}

impl HostReader<'_> {
    fn tree(mut self) -> Result<HostSnapshot, ConnectorError> {
        self.need(PASSWD, None)?;
        self.need(GROUP, None)?;
        self.need(SHADOW, Some(OptionalFile::Shadow))?;
        self.need(GSHADOW, Some(OptionalFile::Gshadow))?;
        let content = |path: &str| self.files.get(path);
        let accounts = parsed(&self.cache.accounts, content(PASSWD), account_files::accounts);
        let shadows = parsed(&self.cache.shadows, content(SHADOW), account_files::shadows);
        let groups = parsed(&self.cache.groups, content(GROUP), account_files::groups);
        let group_shadows = parsed(&self.cache.group_shadows, content(GSHADOW), account_files::group_shadows);
        for (path, lines) in [
            (PASSWD, &accounts.unread),
            (SHADOW, &shadows.unread),
            (GROUP, &groups.unread),
            (GSHADOW, &group_shadows.unread),
        ] {
            self.unread.extend(lines.iter().map(|line| (path.to_owned(), *line)));
        }
        let mut blind_spots = Vec::new();
        let mut sudoers = Sudoers::default();
        if self.need(SUDOERS, Some(OptionalFile::Sudoers))? {
            self.sudoers(SUDOERS, &mut Vec::new(), &mut sudoers, &mut blind_spots)?;
        }
        for (path, statements) in &sudoers.files {
            let lines = statements.iter().filter(|s| s.kind == StatementKind::Unread).map(|s| s.line);
            self.unread.extend(lines.map(|line| (path.clone(), line)));
        }
        let sshd = sshd_config::read(self.root);
        blind_spots.extend(sshd.blind_spots.clone());
        self.unread.extend(sshd.unread.iter().map(|path| (path.clone(), 0)));
        let known = if sshd.names_groups() { group_names(&accounts, &groups) } else { Default::default() };
        let of = |name: &str| known.get(name).cloned().unwrap_or_default();
        let reader =
            KeyFileReader { root: self.root, config: self.config, sshd: &sshd, accounts: &accounts, groups: &of };
        let found = reader.read(self.scope, &self.cache.key_users);
        self.files.extend(found.contents);
        self.unread.extend(found.unread);
        blind_spots.extend(self.elsewhere()?);
        let (surroundings, doas) = (Surroundings::read(self.root)?, doas::read(self.root));
        self.unchanged()?;
        let directory = self.cache.directory(&accounts, &groups);
        let (sudoers, rules) = self.cache.rules(sudoers);
        Ok(HostSnapshot {
            files: self.files,
            directory,
            rules,
            accounts,
            shadows,
            groups,
            group_shadows,
            sudoers,
            keys: found.files,
            unread: self.unread,
            doas,
            sshd,
            surroundings,
            blind_spots,
        })
    }

    /// Reads a file that must exist, unless the settings list it as absent.
    fn need(&mut self, path: &str, optional: Option<OptionalFile>) -> Result<bool, ConnectorError> {
        let found = self.read(path)?;
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

    /// Reads a file again. The bytes of the last read are shared when they are the same.
    fn read(&self, path: &str) -> Result<Option<FileContent>, ConnectorError> {
        let known = self.cache.contents.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned();
        let found = self.root.read_again(path, known.as_ref())?;
        let mut contents = self.cache.contents.lock().unwrap_or_else(PoisonError::into_inner);
        match &found {
            Some(content) => contents.insert(path.to_owned(), content.bytes.clone()),
            None => contents.remove(path),
        };
        drop(contents);
        Ok(found)
    }

    /// Returns the statements of a file that was read.
    fn statements(&self, path: &str) -> Arc<Vec<SudoersStatement>> {
        let Some(content) = self.files.get(path) else { return Arc::default() };
        let mut known = self.cache.statements.lock().unwrap_or_else(PoisonError::into_inner);
        match known.get(path) {
            Some((bytes, statements)) if Arc::ptr_eq(bytes, &content.bytes) => statements.clone(),
            _ => {
                let statements = Arc::new(sudoers::parse(&content.bytes));
                known.insert(path.to_owned(), (content.bytes.clone(), statements.clone()));
                statements
            }
        }
    }

    /// Reads a file of sudoers with its includes. A file that sudo skips is a blind spot, because it may be
    /// valid later; a file that cannot be read is unread, and leaves all rules in doubt.
    fn sudoers(
        &mut self,
        path: &str,
        within: &mut Vec<String>,
        sudoers: &mut Sudoers,
        blind_spots: &mut Vec<String>,
    ) -> Result<(), ConnectorError> {
        if within.iter().any(|outer| outer == path) || within.len() > DEEPEST_INCLUDE {
            blind_spots.push(format!("{path} includes itself, or is nested too deeply: sudo stops there"));
            return Ok(());
        }
        self.includes += 1;
        if self.includes > MOST_INCLUDES {
            self.unread.push((path.to_owned(), 0));
            return Ok(());
        }
        let file = match sudoers.files.iter().position(|(known, _)| known == path) {
            Some(file) => file,
            None => match self.sudoers_file(path, blind_spots)? {
                Some(statements) => sudoers.open(path, statements),
                None => return Ok(()),
            },
        };
        within.push(path.to_owned());
        let statements = sudoers.files.get(file).map(|(_, statements)| statements.clone()).unwrap_or_default();
        for (at, statement) in statements.iter().enumerate() {
            sudoers.take(file, at);
            let StatementKind::Include { path: target, directory } = &statement.kind else { continue };
            let target = self.included(path, target)?;
            if !*directory {
                self.sudoers(&target, within, sudoers, blind_spots)?;
                continue;
            }
            // sudoers(5): names that contain a dot or end with `~` are skipped; a missing directory is not an error.
            let names = match self.root.names(&target) {
                Ok(names) => names.unwrap_or_default(),
                Err(_) => {
                    self.unread.push((target.clone(), 0));
                    sudoers.open(&target, Arc::default());
                    continue;
                }
            };
            for name in names {
                let one = format!("{}/{name}", target.trim_end_matches('/'));
                if !name.contains('.') && !name.ends_with('~') && !self.is_directory(&one) {
                    self.sudoers(&one, within, sudoers, blind_spots)?;
                }
            }
        }
        within.pop();
        Ok(())
    }

    /// Returns the statements of a file; `None` when sudo skips it.
    fn sudoers_file(
        &mut self,
        path: &str,
        blind_spots: &mut Vec<String>,
    ) -> Result<Option<Arc<Vec<SudoersStatement>>>, ConnectorError> {
        if !self.files.contains_key(path) {
            match self.read(path) {
                Ok(Some(content)) => self.files.insert(path.to_owned(), content),
                Ok(None) => {
                    blind_spots.push(format!("{path} is included by sudoers, and does not exist: sudo skips it"));
                    return Ok(None);
                }
                Err(ConnectorError::Permanent(why)) => {
                    blind_spots.push(format!("{why}: sudo skips it"));
                    return Ok(None);
                }
                Err(error @ ConnectorError::Transient(_)) => return Err(error),
                Err(_) => {
                    self.unread.push((path.to_owned(), 0));
                    return Ok(Some(Arc::default()));
                }
            };
        }
        Ok(Some(self.statements(path)))
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
            spots.push("/etc/doas.conf exists: its rules count as access that is left, and are not listed".to_owned());
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

const ATTEMPTS: usize = 5;
const DEEPEST_INCLUDE: usize = 128; // As in sudo.
/// Files that include each other twice could be read without end.
const MOST_INCLUDES: usize = 10_000;
