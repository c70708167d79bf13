//! Accounts and groups as the C library reads them: by the first line of a name or an id, and groups by their gid.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

/// An account.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::connector::hosts) struct DirectoryAccount {
    pub name: String,
    pub uid: u32,
    /// Its primary group.
    pub gid: u32,
}

/// The accounts and groups of a system. A copy shares everything with its original.
#[derive(Clone, Debug, Default)]
pub(in crate::connector::hosts) struct AccountDirectory {
    accounts: Arc<AccountIndex>,
    groups: Arc<GroupIndex>,
    members: Arc<MemberIndex>,
    /// The groups of users whose memberships differ from `members`.
    changed: Arc<BTreeMap<String, BTreeSet<u32>>>,
    /// The subjects of `members`, and those of the changed users.
    subjects: Arc<KnownSubjects>,
    own: Arc<KnownSubjects>,
}

type KnownSubjects = Mutex<BTreeMap<String, Option<Arc<SudoSubject>>>>;

#[derive(Clone, Debug, Default)]
struct AccountIndex {
    accounts: Vec<DirectoryAccount>,
    by_name: BTreeMap<String, usize>,
    by_uid: BTreeMap<u32, Vec<usize>>,
    /// By the name in lower case.
    alike: BTreeMap<String, Vec<usize>>,
    by_gid: BTreeMap<u32, Vec<usize>>,
}

#[derive(Clone, Debug, Default)]
struct GroupIndex {
    names: BTreeMap<u32, String>,
    ids: BTreeMap<String, u32>,
}

#[derive(Clone, Debug, Default)]
struct MemberIndex {
    of_user: BTreeMap<String, BTreeSet<u32>>,
    of_group: BTreeMap<u32, BTreeSet<String>>,
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
        let index = Arc::make_mut(&mut self.accounts);
        let at = index.accounts.len();
        index.accounts.push(DirectoryAccount { name: name.to_owned(), uid, gid });
        index.by_name.entry(name.to_owned()).or_insert(at);
        index.by_uid.entry(uid).or_default().push(at);
        index.alike.entry(name.to_ascii_lowercase()).or_default().push(at);
        index.by_gid.entry(gid).or_default().push(at);
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
            let index = Arc::make_mut(&mut self.groups);
            index.names.entry(gid).or_insert_with(|| name.to_owned());
            index.ids.entry(name.to_owned()).or_insert(gid);
        }
        let index = Arc::make_mut(&mut self.members);
        for member in members {
            index.of_user.entry(member.to_owned()).or_default().insert(gid);
            index.of_group.entry(gid).or_default().insert(member.to_owned());
        }
    }

    /// Returns the same accounts and groups with other memberships of some users.
    pub(in crate::connector::hosts) fn with_members(&self, changed: BTreeMap<String, BTreeSet<u32>>) -> Self {
        let mut all = (*self.changed).clone();
        all.extend(changed);
        let own = KnownSubjects::default();
        Self { changed: Arc::new(all), own: Arc::new(own), ..self.clone() }
    }

    /// Returns the number of users whose memberships were changed after the directory was built.
    pub(in crate::connector::hosts) fn changes(&self) -> usize {
        self.changed.len()
    }

    /// Returns the gids of the lines of groups that name a user.
    pub(in crate::connector::hosts) fn memberships(&self, user: &str) -> Option<&BTreeSet<u32>> {
        self.changed.get(user).or_else(|| self.members.of_user.get(user))
    }

    /// Returns the account of a name.
    pub(in crate::connector::hosts) fn named(&self, name: &str) -> Option<&DirectoryAccount> {
        self.accounts.by_name.get(name).and_then(|at| self.accounts().get(*at))
    }

    /// Returns the place of a name among all accounts.
    pub(in crate::connector::hosts) fn place_of(&self, name: &str) -> Option<usize> {
        self.accounts.by_name.get(name).copied()
    }

    /// Returns the accounts whose names are equal to one without regard to case.
    pub(in crate::connector::hosts) fn alike(&self, name: &str) -> impl Iterator<Item = &DirectoryAccount> {
        let places = self.accounts.alike.get(&name.to_ascii_lowercase());
        places.into_iter().flatten().filter_map(|at| self.accounts().get(*at))
    }

    /// Returns the names with a uid, the first one first.
    pub(in crate::connector::hosts) fn names_of(&self, uid: u32) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for account in self.with_uid(uid) {
            if self.named(&account.name).is_some_and(|first| first.uid == uid) && !names.contains(&&*account.name) {
                names.push(&account.name);
            }
        }
        names
    }

    fn with_uid(&self, uid: u32) -> impl Iterator<Item = &DirectoryAccount> {
        self.accounts.by_uid.get(&uid).into_iter().flatten().filter_map(|at| self.accounts().get(*at))
    }

    /// Returns all accounts, in the order of the file.
    pub(in crate::connector::hosts) fn accounts(&self) -> &[DirectoryAccount] {
        &self.accounts.accounts
    }

    /// Returns the first name of a group.
    pub(in crate::connector::hosts) fn group_name(&self, gid: u32) -> Option<&str> {
        self.groups.names.get(&gid).map(String::as_str)
    }

    /// Returns every name of a group, with the gid that the C library finds first.
    pub(in crate::connector::hosts) fn group_names(&self) -> impl Iterator<Item = (&str, u32)> {
        self.groups.ids.iter().map(|(name, gid)| (name.as_str(), *gid))
    }

    /// Returns the gids whose first name is equal to one without regard to case.
    pub(in crate::connector::hosts) fn gids_alike(&self, name: &str) -> impl Iterator<Item = u32> {
        self.groups.names.iter().filter(move |(_, known)| known.eq_ignore_ascii_case(name)).map(|(gid, _)| *gid)
    }

    /// Returns the gid of a group's name.
    pub(in crate::connector::hosts) fn group_id(&self, name: &str) -> Option<u32> {
        self.groups.ids.get(name).copied()
    }

    /// Returns the logins that may have a group, by a line of it or as the primary group of one of their names.
    pub(in crate::connector::hosts) fn may_have_group(&self, gid: u32, found: &mut BTreeSet<String>) {
        found.extend(self.members.of_group.get(&gid).into_iter().flatten().cloned());
        found.extend(self.changed.iter().filter(|(_, gids)| gids.contains(&gid)).map(|(name, _)| name.clone()));
        let primary = self.accounts.by_gid.get(&gid).into_iter().flatten();
        for account in primary.filter_map(|at| self.accounts().get(*at)) {
            self.names_with(account.uid, found);
        }
    }

    /// Adds every name of a uid.
    pub(in crate::connector::hosts) fn names_with(&self, uid: u32, found: &mut BTreeSet<String>) {
        found.extend(self.with_uid(uid).map(|account| account.name.clone()));
    }

    /// Returns the subject of a login.
    pub(in crate::connector::hosts) fn subject(&self, login: &str) -> Option<Arc<SudoSubject>> {
        let known = if self.changed.contains_key(login) { &self.own } else { &self.subjects };
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(login) {
            return known.clone();
        }
        let subject = self.read_subject(login).map(Arc::new);
        known.insert(login.to_owned(), subject.clone());
        subject
    }

    fn read_subject(&self, login: &str) -> Option<SudoSubject> {
        let account = self.named(login)?;
        let first = self.with_uid(account.uid).next()?;
        let mut gids: BTreeSet<u32> = self.memberships(login).cloned().unwrap_or_default();
        gids.insert(account.gid);
        // sudo reads the primary group of the first name as well.
        let known: BTreeSet<u32> = gids.iter().copied().chain([first.gid]).collect();
        let groups = known.iter().filter_map(|gid| self.groups.names.get(gid).cloned()).collect();
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
    pub(in crate::connector::hosts) fn subjects_of(&self, uid: u32) -> Vec<Arc<SudoSubject>> {
        self.names_of(uid).into_iter().filter_map(|name| self.subject(name)).collect()
    }
}
