//! Matches users, hosts and target users with the members of lists.

use super::{
    accounts::SudoSubject,
    lists::{ListMember, Match, judge},
    shell_pattern::{PatternScope, fnmatch, has_meta},
    world::{HostNames, NetgroupTable, SudoRule, SudoWorld},
};
use std::collections::{BTreeMap, BTreeSet};

impl SudoWorld<'_> {
    /// Returns whether a list of users allows a subject, and the member that does.
    pub(super) fn user_list(&self, list: &[ListMember], subject: &SudoSubject) -> (Match, Option<usize>) {
        judge(list, |member| member.negated, |member| self.user(&member.name, subject)).allows()
    }

    /// Returns whether a list of users may include a subject.
    pub(in crate::connector::hosts) fn includes(&self, list: &[ListMember], subject: &SudoSubject) -> bool {
        self.user_list(list, subject).0 != Match::No
    }

    /// Returns whether a rule applies to a user because of a group alone.
    pub(in crate::connector::hosts) fn is_by_group(&self, rule: &SudoRule, gid: u32) -> bool {
        // A list without groups and exclusions is about users alone.
        if !rule.users.iter().any(|user| user.negated || user.name.starts_with(['%', '+'])) {
            return false;
        }
        let member = |gids: BTreeSet<u32>| {
            let groups = gids.iter().filter_map(|gid| self.directory.group_name(*gid).map(str::to_owned)).collect();
            SudoSubject { login: String::new(), name: String::new(), uid: u32::MAX, gid: u32::MAX, gids, groups }
        };
        self.includes(&rule.users, &member(BTreeSet::from([gid])))
            && !self.includes(&rule.users, &member(BTreeSet::new()))
    }

    /// Adds the logins that a list of users may include; returns `false` when these may be all.
    pub(in crate::connector::hosts) fn may_include(&self, list: &[ListMember], found: &mut BTreeSet<String>) -> bool {
        let by_plugin = self.settings.get("group_plugin").is_some_and(|plugin| plugin != "no");
        for name in list.iter().filter(|member| !member.negated).map(|member| member.name.as_str()) {
            match (name.strip_prefix('%'), name.strip_prefix('#').and_then(|digits| digits.parse::<u32>().ok())) {
                _ if name == "ALL" || name.starts_with('+') => return false,
                (Some(group), _) => {
                    if by_plugin || group.starts_with(':') {
                        return false;
                    }
                    let number = group.strip_prefix('#').and_then(|digits| digits.parse::<u32>().ok());
                    let gids = self.directory.gids_alike(group).chain(number).chain(self.directory.group_id(group));
                    gids.collect::<BTreeSet<_>>().into_iter().for_each(|gid| self.directory.may_have_group(gid, found));
                }
                (None, Some(uid)) => self.directory.names_with(uid, found),
                (None, None) => {
                    for uid in self.directory.alike(name).map(|account| account.uid).collect::<BTreeSet<_>>() {
                        self.directory.names_with(uid, found);
                    }
                }
            }
        }
        true
    }

    fn user(&self, name: &str, subject: &SudoSubject) -> Match {
        if name == "ALL" {
            return Match::Yes;
        }
        if let Some(group) = name.strip_prefix('%') {
            return self.group(group, subject);
        }
        if let Some(netgroup) = name.strip_prefix('+') {
            // A possible member has the name of the netgroup.
            return if subject.login == name { Match::Yes } else { self.netgroup(netgroup, &subject.name) };
        }
        self.account_name(name, &subject.name, subject.uid)
    }

    /// Compares a name or `#uid` with an account.
    fn account_name(&self, name: &str, account: &str, uid: u32) -> Match {
        if let Some(number) = name.strip_prefix('#').and_then(|digits| digits.parse::<u32>().ok()) {
            return Match::from(number == uid);
        }
        Match::from(self.same_name("case_insensitive_user", name, account))
    }

    fn group(&self, group: &str, subject: &SudoSubject) -> Match {
        if group.starts_with(':') {
            return Match::Perhaps(format!("%{group} is a group of a plug-in of sudo"));
        }
        if let Some(gid) = group.strip_prefix('#').and_then(|digits| digits.parse::<u32>().ok())
            && subject.gids.contains(&gid)
        {
            return Match::Yes;
        }
        if self.setting("match_group_by_gid") {
            return Match::from(self.directory.group_id(group).is_some_and(|gid| subject.gids.contains(&gid)));
        }
        if subject.groups.iter().any(|name| self.same_name("case_insensitive_group", name, group)) {
            return Match::Yes;
        }
        match self.settings.get("group_plugin") {
            Some(plugin) if plugin != "no" => Match::Perhaps(format!("%{group} may be a group of {plugin}")),
            _ => Match::No,
        }
    }

    fn netgroup(&self, name: &str, user: &str) -> Match {
        if self.settings.get("use_netgroups").is_some_and(|value| value == "no") {
            return Match::No;
        }
        match &self.netgroups {
            NetgroupTable::Unknown(why) => Match::Perhaps(format!("netgroup {name}: {why}")),
            NetgroupTable::Files(table) => {
                let mut seen = Vec::new();
                table.has(name, user, self.settings.contains_key("netgroup_tuple"), &mut seen)
            }
        }
    }

    /// Returns whether a list of hosts contains this system.
    pub(super) fn host_list(&self, list: &[ListMember]) -> Match {
        judge(list, |member| member.negated, |member| self.host(&member.name)).allows().0
    }

    fn host(&self, name: &str) -> Match {
        if name == "ALL" {
            return Match::Yes;
        }
        let unknown = |why: &str| Match::Perhaps(format!("the rule is for the host {name}, {why}"));
        if name.starts_with('+') {
            return unknown("a netgroup");
        }
        if name.contains('/') || name.contains(':') || name.split('.').all(|part| part.parse::<u8>().is_ok()) {
            return unknown("an address");
        }
        let HostNames::Known { short, long } = &self.host else {
            return unknown("and the name of this system is not known");
        };
        let (wanted, own) = (name.to_ascii_lowercase(), if name.contains('.') { long.as_ref() } else { Some(short) });
        let Some(own) = own else { return unknown("and the domain of this system is not known") };
        let own = own.to_ascii_lowercase();
        Match::from(if has_meta(&wanted) { fnmatch(&wanted, &own, PatternScope::Text) } else { wanted == own })
    }

    /// Returns whether lists of target users and groups allow a target.
    pub(super) fn runas(
        &self,
        users: &[ListMember],
        groups: &[ListMember],
        subject: &SudoSubject,
        target: Option<&SudoSubject>,
        group: Option<(&str, u32)>,
    ) -> Match {
        // Without a target user, a command runs as its caller, with the group.
        let itself = target.is_none_or(|target| target.login == subject.name);
        let runs_as = target.filter(|_| !itself).unwrap_or(subject);
        let by_user = match target {
            // As oneself with one of the groups only.
            _ if users.is_empty() && !groups.is_empty() && group.is_none() => Match::No,
            // As oneself only.
            Some(target) if users.is_empty() => Match::from(target.login == subject.name),
            None if users.is_empty() => Match::Yes,
            _ => judge(users, |member| member.negated, |member| self.target(&member.name, runs_as, itself)).allows().0,
        };
        let Some((name, gid)) = group else { return by_user };
        let same = |member: &ListMember| match member.name.strip_prefix('#').and_then(|d| d.parse::<u32>().ok()) {
            _ if member.name == "ALL" => Match::Yes,
            Some(number) => Match::from(number == gid),
            None => Match::from(self.same_name("case_insensitive_group", &member.name, name)),
        };
        let outcome = judge(groups, |member| member.negated, same);
        let known = |login: &str| self.directory.subject(login).is_some_and(|one| one.gids.contains(&gid));
        let own = runs_as.gids.contains(&gid) || known(&runs_as.name);
        if own && itself {
            return Match::Perhaps("the command would run as its caller with a group of its own".to_owned());
        }
        let by_group = match outcome.allows().0 {
            // A group of the target user needs no permission.
            Match::No if outcome.silent && own => Match::Yes,
            // Without a list of target users in the rule, sudo does not compare the group; the inventory writes the
            // default target user in its place.
            Match::No if groups.is_empty() && users.len() == 1 => {
                Match::Perhaps(format!("the rule may allow the group {name}"))
            }
            found => found,
        };
        match by_user {
            // A group alone needs no permission to run as oneself.
            Match::No if itself => match by_group {
                Match::Yes if !users.iter().any(|member| member.negated) => Match::Yes,
                Match::No => Match::No,
                _ => Match::Perhaps(format!("the rule may allow the group {name} alone")),
            },
            by_user => by_user.and(by_group),
        }
    }

    fn target(&self, name: &str, target: &SudoSubject, itself: bool) -> Match {
        let login = if itself { &target.name } else { &target.login };
        if name == "ALL" {
            return Match::Yes;
        }
        match (name.strip_prefix('%'), name.strip_prefix('+')) {
            (Some(group), _) => self.group(group, target),
            (_, Some(netgroup)) => self.netgroup(netgroup, login),
            _ => self.account_name(name, login, target.uid),
        }
    }

    /// Compares two names, without regard to case unless the setting is negated.
    pub(super) fn same_name(&self, setting: &str, name: &str, other: &str) -> bool {
        name == other || name.eq_ignore_ascii_case(other) && ignores_case(&self.settings, setting)
    }

    fn setting(&self, name: &str) -> bool {
        self.settings.get(name).is_some_and(|value| value != "no")
    }
}

/// Returns whether names are compared without regard to case: the default of sudo since 1.9.
pub(in crate::connector::hosts) fn ignores_case(settings: &BTreeMap<String, String>, setting: &str) -> bool {
    settings.get(setting).is_none_or(|value| value != "no")
}
