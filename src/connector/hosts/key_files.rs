//! Reads the files of SSH keys, and finds the accounts that share one.

use super::{
    account_files::PasswdEntry,
    account_table::AccountTable,
    authorized_keys::{self, AuthorizedKeys},
    config::HostsConfig,
    root_dir::{FileContent, FileMetadata, RootDir},
    sshd_config::SshdConfig,
};
use crate::connector::ConnectorError;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

/// The accounts whose files of keys are read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum KeyScope {
    /// All accounts.
    All,
    /// None: the read does not concern keys.
    Nothing,
    /// The accounts with one uid.
    Uid(u32),
}

/// A file of keys.
#[derive(Clone, Debug, Default)]
pub(super) struct KeyFile {
    /// The keys in it.
    pub keys: AuthorizedKeys,
    /// The accounts for which sshd reads the file.
    pub accounts: BTreeSet<String>,
    /// The uids of accounts that log in with keys of the file, when these are more than one.
    pub users: BTreeSet<u32>,
    /// The uid of its owner.
    pub owner: u32,
}

impl KeyFile {
    /// Returns whether an account with another uid logs in with keys of the file, by this or another path.
    pub(super) fn is_shared_beyond(&self, uid: u32) -> bool {
        self.users.iter().any(|user| *user != uid)
    }
}

/// The uids that log in with keys of one file, for each path of a file with more than one.
#[derive(Debug, Default)]
pub(super) struct KeyUsers(BTreeMap<String, BTreeSet<u32>>);

/// The files of keys that were read.
#[derive(Default)]
pub(super) struct ReadKeyFiles {
    /// The parsed files by path.
    pub files: BTreeMap<String, KeyFile>,
    /// Their contents.
    pub contents: BTreeMap<String, FileContent>,
    /// Malformed lines, and files that cannot be read with line 0.
    pub unread: Vec<(String, usize)>,
}

/// Reads files of keys.
pub(super) struct KeyFileReader<'a> {
    pub root: &'a RootDir,
    pub config: &'a HostsConfig,
    pub sshd: &'a SshdConfig,
    pub accounts: &'a AccountTable<PasswdEntry>,
    /// Returns the groups of an account.
    pub groups: &'a dyn Fn(&str) -> Vec<String>,
}

impl KeyFileReader<'_> {
    /// Reads the files in `scope`. The accounts that share a file are searched once, and kept in `known`.
    pub(super) fn read(&self, scope: KeyScope, known: &Mutex<Option<Arc<KeyUsers>>>) -> ReadKeyFiles {
        let mut read = ReadKeyFiles::default();
        let in_scope = |account: &&PasswdEntry| match scope {
            KeyScope::All => true,
            KeyScope::Nothing => false,
            KeyScope::Uid(uid) => account.uid == uid,
        };
        let mut passed = BTreeSet::new();
        for account in self.accounts.values().filter(in_scope) {
            for path in self.sshd.key_files(account, self.groups) {
                if let Some(file) = read.files.get_mut(&path) {
                    file.accounts.insert(account.name.clone());
                } else if !passed.contains(&path) && !self.one(&path, account, &mut read) {
                    passed.insert(path);
                }
            }
        }
        if !read.files.is_empty() {
            let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
            let users = match &*known {
                Some(users) if scope != KeyScope::All => users.clone(),
                _ => known.insert(Arc::new(self.users())).clone(),
            };
            for (path, file) in &mut read.files {
                file.users = users.0.get(path).cloned().unwrap_or_default();
            }
        }
        read
    }

    /// Reads a file, if it exists. A file that its owner made unreadable does not prevent the collection of others.
    fn one(&self, path: &str, account: &PasswdEntry, read: &mut ReadKeyFiles) -> bool {
        let mut found = self.root.read_if_there(path);
        for _ in 1..ATTEMPTS {
            if matches!(found, Err(ConnectorError::Transient(_))) {
                found = self.root.read_if_there(path);
            }
        }
        let content = match found {
            Ok(Some(content)) => content,
            Ok(None) => return false,
            Err(_) => {
                read.unread.push((path.to_owned(), 0));
                return false;
            }
        };
        let keys = authorized_keys::read(&content.bytes);
        read.unread.extend(keys.unread.iter().map(|line| (path.to_owned(), *line)));
        let accounts = BTreeSet::from([account.name.clone()]);
        read.files.insert(path.to_owned(), KeyFile { keys, accounts, owner: content.owner, ..KeyFile::default() });
        read.contents.insert(path.to_owned(), content);
        true
    }

    /// Finds the accounts that share a file, by equal paths or by links.
    fn users(&self) -> KeyUsers {
        let mut files: BTreeMap<(u64, u64), Vec<KeyFileUse<'_>>> = BTreeMap::new();
        let mut known: BTreeMap<String, Option<FileMetadata>> = BTreeMap::new();
        for account in self.accounts.values() {
            for path in self.sshd.key_files(account, self.groups) {
                let found = match known.get(&path) {
                    Some(found) => *found,
                    None => *known.entry(path.clone()).or_insert(self.root.metadata(&path).unwrap_or_default()),
                };
                if let Some(metadata) = found {
                    files.entry(metadata.stamp.identity()).or_default().push(KeyFileUse { path, account, metadata });
                }
            }
        }
        let mut users = KeyUsers::default();
        for uses in files.into_values() {
            let uids: BTreeSet<u32> = uses.iter().filter(|one| self.opens(one, &uses)).map(|one| one.uid()).collect();
            if uids.len() > 1 || uses.iter().any(|one| !uids.contains(&one.uid())) {
                users.0.extend(uses.iter().map(|one| (one.path.clone(), uids.clone())));
            }
        }
        users
    }

    /// Returns whether an account logs in with keys of a file. sshd ignores a file that belongs neither to the account
    /// nor to root (StrictModes), and reads it with the rights of the account. If the file is that of an account with
    /// its owner's uid, an account without a shell is none of its users: stock files give some of them the home of root.
    fn opens(&self, one: &KeyFileUse<'_>, uses: &[KeyFileUse<'_>]) -> bool {
        let owner = one.metadata.owner;
        if ![0, one.uid()].contains(&owner) {
            return false;
        }
        let belongs_to_another = one.uid() != owner && uses.iter().any(|other| other.uid() == owner);
        !belongs_to_another || (self.config.opens(&one.account.shell) && self.may_be_read(one))
    }

    /// Returns whether an account that is not the owner may be able to read a file. An access control list is bounded
    /// by the bits of the group.
    fn may_be_read(&self, one: &KeyFileUse<'_>) -> bool {
        let uid = one.uid();
        let mut path = one.path.as_str();
        let mut wanted = 0o044;
        loop {
            let Ok(Some(found)) = self.root.metadata(if path.is_empty() { "/" } else { path }) else { return true };
            let (own, others) = (found.owner == uid && found.mode & wanted << 3 & 0o700 != 0, found.mode & wanted != 0);
            if uid != 0 && !own && !others {
                return false;
            }
            let Some((parent, _)) = path.rsplit_once('/') else { return true };
            path = parent;
            wanted = 0o011;
        }
    }
}

struct KeyFileUse<'a> {
    path: String,
    account: &'a PasswdEntry,
    metadata: FileMetadata,
}

impl KeyFileUse<'_> {
    fn uid(&self) -> u32 {
        self.account.uid
    }
}

const ATTEMPTS: usize = 3;
