//! Accounts and groups as the C library reads them: by the first line of a name or an id, and groups by their gid.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

/// An account.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::connector::hosts) struct DirectoryAccount {
    pub name: String,
    pub uid: u32,
    /// Its primary group.
    pub gid: u32,
}

/// The accounts and groups of a system.
#[derive(Clone, Debug, Default)]
pub(in crate::connector::hosts) struct AccountDirectory {
    accounts: Vec<DirectoryAccount>,
    by_name: BTreeMap<String, usize>,
    by_uid: BTreeMap<u32, usize>,
    group_names: BTreeMap<u32, String>,
    group_ids: BTreeMap<String, u32>,
    memberships: BTreeMap<String, BTreeSet<u32>>,
    names: BTreeMap<u32, Vec<usize>>,
    subjects: RefCell<BTreeMap<String, Option<Rc<SudoSubject>>>>,
}

/// An account that calls sudo. sudo knows it by the first name of its uid; its groups are those of the name by which it
/// logged in.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(in crate::connector::hosts) struct SudoSubject {
    /// The name of the login.
    pub login: String,
    /// The first name of the uid.
    pub name: String,
    pub uid: u32,
    /// The primary group of the login.
    pub gid: u32,
    /// All groups, with the primary ones.
    pub gids: BTreeSet<u32>,
    /// The first name of each of these groups.
    pub groups: BTreeSet<String>,
}

impl AccountDirectory {
    /// Adds an account; of equal names or uids, the first added one counts.
    pub(in crate::connector::hosts) fn account(&mut self, name: &str, uid: u32, gid: u32) {
        let at = self.accounts.len();
        self.accounts.push(DirectoryAccount { name: name.to_owned(), uid, gid });
        self.by_name.entry(name.to_owned()).or_insert(at);
        self.by_uid.entry(uid).or_insert(at);
        self.names.entry(uid).or_default().push(at);
    }

    /// Adds a line of a group.
    pub(in crate::connector::hosts) fn group<'a>(
        &mut self,
        name: &str,
        gid: u32,
        members: impl IntoIterator<Item = &'a str>,
    ) {
        // The C library gives the gid of a line behind a `#` to its members, but finds no name there.
        if !name.starts_with('#') {
            self.group_names.entry(gid).or_insert_with(|| name.to_owned());
            self.group_ids.entry(name.to_owned()).or_insert(gid);
        }
        for member in members {
            self.memberships.entry(member.to_owned()).or_default().insert(gid);
        }
    }

    /// Returns the account of a name.
    pub(in crate::connector::hosts) fn named(&self, name: &str) -> Option<&DirectoryAccount> {
        self.by_name.get(name).and_then(|at| self.accounts.get(*at))
    }

    /// Returns the names with a uid, the first one first.
    pub(in crate::connector::hosts) fn names_of(&self, uid: u32) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for account in self.names.get(&uid).into_iter().flatten().filter_map(|at| self.accounts.get(*at)) {
            if self.named(&account.name).is_some_and(|first| first.uid == uid) && !names.contains(&&*account.name) {
                names.push(&account.name);
            }
        }
        names
    }

    /// Returns all accounts, in the order of the file.
    pub(in crate::connector::hosts) fn accounts(&self) -> &[DirectoryAccount] {
        &self.accounts
    }

    /// Returns the first name of a group.
    pub(in crate::connector::hosts) fn group_name(&self, gid: u32) -> Option<&str> {
        self.group_names.get(&gid).map(String::as_str)
    }

    /// Returns every name of a group, with the gid that the C library finds first.
    pub(in crate::connector::hosts) fn group_names(&self) -> impl Iterator<Item = (&str, u32)> {
        self.group_ids.iter().map(|(name, gid)| (name.as_str(), *gid))
    }

    /// Returns the gid of a group's name.
    pub(in crate::connector::hosts) fn group_id(&self, name: &str) -> Option<u32> {
        self.group_ids.get(name).copied()
    }

    /// Returns the subject of a login.
    pub(in crate::connector::hosts) fn subject(&self, login: &str) -> Option<Rc<SudoSubject>> {
        if let Some(known) = self.subjects.borrow().get(login) {
            return known.clone();
        }
        let subject = self.read_subject(login).map(Rc::new);
        self.subjects.borrow_mut().insert(login.to_owned(), subject.clone());
        subject
    }

    fn read_subject(&self, login: &str) -> Option<SudoSubject> {
        let account = self.named(login)?;
        let first = self.by_uid.get(&account.uid).and_then(|at| self.accounts.get(*at))?;
        let mut gids: BTreeSet<u32> = self.memberships.get(login).cloned().unwrap_or_default();
        gids.insert(account.gid);
        // sudo reads the primary group of the first name as well.
        let known: BTreeSet<u32> = gids.iter().copied().chain([first.gid]).collect();
        let groups = known.iter().filter_map(|gid| self.group_names.get(gid).cloned()).collect();
        Some(SudoSubject {
            login: login.to_owned(),
            name: first.name.clone(),
            uid: account.uid,
            gid: account.gid,
            gids: known,
            groups,
        })
    }

    /// Returns the subjects of every name with a uid.
    pub(in crate::connector::hosts) fn subjects_of(&self, uid: u32) -> Vec<Rc<SudoSubject>> {
        self.names_of(uid).into_iter().filter_map(|name| self.subject(name)).collect()
    }
}
