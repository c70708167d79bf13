//! Results that are kept between two reads of a system.

use super::{
    account_files::{GroupEntry, GshadowEntry, PasswdEntry, ShadowEntry},
    account_table::{AccountTable, CachedTable},
    key_files::KeyUsers,
    rights::{AccountDirectory, SudoRule},
    root_dir::FileBytes,
    sudoers::{Sudoers, SudoersStatement},
    world_parts::{directory as directory_of, sudo_rules, with_members},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Results that are kept between two reads. Each read opens the files again; the cache only saves the parsing of
/// unchanged bytes, and the search for accounts that share a file of keys.
#[derive(Default)]
pub(super) struct ParseCache {
    pub accounts: CachedTable<PasswdEntry>,
    pub shadows: CachedTable<ShadowEntry>,
    pub groups: CachedTable<GroupEntry>,
    pub group_shadows: CachedTable<GshadowEntry>,
    pub key_users: Mutex<Option<Arc<KeyUsers>>>,
    /// The last content of each file of accounts and rules.
    pub contents: Mutex<BTreeMap<String, FileBytes>>,
    pub statements: Mutex<BTreeMap<String, ParsedRuleFile>>,
    rules: Mutex<Option<KnownRules>>,
    directory: Mutex<Option<KnownDirectory>>,
}

/// A file of rules, and its statements.
type ParsedRuleFile = (FileBytes, Arc<Vec<SudoersStatement>>);
/// The statements of all files, and the rules that they give.
type KnownRules = (Arc<Sudoers>, Arc<Vec<SudoRule>>);

/// The accounts and groups of two parsed files.
struct KnownDirectory {
    accounts: Arc<AccountTable<PasswdEntry>>,
    groups: Arc<AccountTable<GroupEntry>>,
    directory: AccountDirectory,
}

impl ParseCache {
    /// Returns the accounts and groups of two files. After a change of members, only these are read again.
    pub(super) fn directory(
        &self,
        accounts: &Arc<AccountTable<PasswdEntry>>,
        groups: &Arc<AccountTable<GroupEntry>>,
    ) -> AccountDirectory {
        let mut known = self.directory.lock().unwrap_or_else(PoisonError::into_inner);
        let near = known.as_ref().filter(|known| Arc::ptr_eq(&known.accounts, accounts));
        let directory = match near {
            Some(known) if Arc::ptr_eq(&known.groups, groups) => return known.directory.clone(),
            Some(known) => with_members(&known.directory, &known.groups, groups),
            None => None,
        };
        let directory = directory.unwrap_or_else(|| directory_of(accounts, groups));
        *known =
            Some(KnownDirectory { accounts: accounts.clone(), groups: groups.clone(), directory: directory.clone() });
        directory
    }

    /// Returns the rules of a set of files with these files; those of the last read, if the files are the same.
    pub(super) fn rules(&self, sudoers: Sudoers) -> (Arc<Sudoers>, Arc<Vec<SudoRule>>) {
        let mut known = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((same, rules)) = known.as_ref().filter(|(known, _)| known.has_files_of(&sudoers)) {
            return (same.clone(), rules.clone());
        }
        let rules = Arc::new(sudo_rules(&sudoers));
        let found = (Arc::new(sudoers), rules);
        *known = Some(found.clone());
        found
    }
}
