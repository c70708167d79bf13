//! The holders of a rule that was reviewed.

use super::{
    super::{
        grant_key::decoded,
        rights::{ListMember, SudoSubject},
    },
    AccessReader, gid_of, uid_of,
};
use std::{collections::BTreeSet, sync::Arc};

impl AccessReader<'_> {
    /// Returns the accounts to which the reviewed rule applied. For a principal without any, returns a possible holder,
    /// because the other rules for the same principal remain.
    pub(super) fn holders_of_rule(&self) -> Vec<Arc<SudoSubject>> {
        let accounts = self.accounts_with_rule();
        if accounts.is_empty() {
            return self.possible_holder().map(Arc::new).into_iter().collect();
        }
        accounts
    }

    fn accounts_with_rule(&self) -> Vec<Arc<SudoSubject>> {
        let grant = self.query.grant;
        if uid_of(&grant.principal.id).is_some() {
            return self.subjects();
        }
        let mut list = Vec::new();
        let mut add = |name: String, negated| list.push(ListMember { name, negated });
        match gid_of(&grant.principal.id) {
            Some(gid) => {
                // Several groups may have the gid, of which one rule may name more than one.
                add(format!("%#{gid}"), false);
                add(format!("%{}", grant.principal.name.trim_start_matches('%')), false);
            }
            None if grant.principal.id == "everyone" => add("ALL".to_owned(), false),
            None => {
                if let Some(netgroup) = grant.principal.id.strip_prefix("netgroup:") {
                    add(format!("+{}", decoded(netgroup)), false);
                }
            }
        }
        for except in grant.attribute("except").unwrap_or_default().split(',') {
            match (uid_of(except), gid_of(except)) {
                (Some(uid), _) if self.directory().names_of(uid).len() <= 1 => add(format!("#{uid}"), true),
                (_, Some(gid)) if self.has_one_name(gid) => add(format!("%#{gid}"), true),
                _ => {}
            }
        }
        let names = self.directory().accounts().iter().map(|account| account.name.as_str());
        let subjects: BTreeSet<Arc<SudoSubject>> = names.filter_map(|name| self.directory().subject(name)).collect();
        // Accounts with uid 0 may do everything without a rule, and lose nothing.
        let may_lose = |subject: &Arc<SudoSubject>| subject.uid != 0 && self.world.includes(&list, subject);
        subjects.into_iter().filter(may_lose).collect()
    }

    /// Returns whether every line of a gid has the same name. sudo compares the first name of a gid, so that an
    /// exclusion of another one excludes no user.
    fn has_one_name(&self, gid: u32) -> bool {
        let first = self.directory().group_name(gid);
        self.tree.groups.iter().map(|row| &row.value).all(|group| group.gid != gid || Some(&*group.name) == first)
    }

    /// Returns a user of whom nothing is known but that the principal of the reviewed rule includes it.
    fn possible_holder(&self) -> Option<SudoSubject> {
        let principal = &self.query.grant.principal;
        // No account has such a name, except the one of a principal that the files do not list.
        let mut user = SudoSubject {
            login: principal.name.clone(),
            name: principal.name.clone(),
            uid: u32::MAX,
            gid: u32::MAX,
            gids: BTreeSet::new(),
            groups: BTreeSet::new(),
        };
        let id = principal.id.as_str();
        if let Some(uid) = uid_of(id) {
            user.uid = uid;
        } else if let Some(gid) = gid_of(id) {
            user.gids.insert(gid);
            user.groups.extend(self.directory().group_name(gid).map(str::to_owned));
        } else if let Some(name) = id.strip_prefix("group-name:") {
            user.groups.insert(decoded(name));
        } else if let Some(name) = id.strip_prefix("netgroup:") {
            user.login = format!("+{}", decoded(name));
        } else {
            user.name = decoded(id.strip_prefix("name:")?);
            user.login.clone_from(&user.name);
        }
        Some(user)
    }
}
