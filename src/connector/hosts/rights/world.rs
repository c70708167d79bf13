//! Everything that decides about a request, taken from one read of a system.

use super::{
    super::sudoers::SudoPrivilege,
    accounts::AccountDirectory,
    command_files::CommandFiles,
    command_pattern::CommandPattern,
    lists::{ListMember, Match},
};
use std::{collections::BTreeMap, sync::Arc};

/// The rules of sudo with everything that they refer to.
#[derive(Clone)]
pub(in crate::connector::hosts) struct SudoWorld<'a> {
    pub directory: AccountDirectory,
    /// In the order in which sudo reads them.
    pub rules: Arc<Vec<SudoRule>>,
    pub host: HostNames,
    pub netgroups: NetgroupTable,
    /// Settings that change comparisons, from `Defaults`.
    pub settings: BTreeMap<String, String>,
    /// Settings of that kind that apply to a part of the requests, so that a comparison is not certain.
    pub limited: Vec<String>,
    pub files: &'a dyn CommandFiles,
    /// The time of the request, in seconds since 1970, if it is known.
    pub now: Option<i64>,
}

/// The commands of a rule for some hosts: one part of a line, as `sudoers(5)` separates them by colons.
#[derive(Clone, Debug)]
pub(in crate::connector::hosts) struct SudoRule {
    /// The file and the number of the line.
    pub file: String,
    pub line: usize,
    /// The digest of commands and hosts, as in the keys of grants.
    pub digest: String,
    /// The commands, as in the attributes of grants.
    pub text: String,
    pub users: Vec<ListMember>,
    pub hosts: Vec<ListMember>,
    pub commands: Vec<RuleCommand>,
}

/// One command of a rule.
#[derive(Clone, Debug)]
pub(in crate::connector::hosts) struct RuleCommand {
    pub users: Vec<ListMember>,
    pub groups: Vec<ListMember>,
    pub negated: bool,
    pub pattern: CommandPattern,
    pub digests: Vec<String>,
    pub not_after: Option<String>,
    pub chroot: Option<String>,
    /// Whether it runs without a password.
    pub passwordless: bool,
}

/// The names of the system.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::connector::hosts) enum HostNames {
    Known { short: String, long: Option<String> },
    Unknown,
}

/// The netgroups of the system.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::connector::hosts) enum NetgroupTable {
    Files(NetgroupFile),
    Unknown(String),
}

/// The content of `/etc/netgroup`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(in crate::connector::hosts) struct NetgroupFile {
    members: BTreeMap<String, Vec<String>>,
}

impl NetgroupFile {
    /// Parses the file.
    pub(in crate::connector::hosts) fn parse(text: &str) -> Self {
        let mut members = BTreeMap::new();
        for line in text.replace("\\\n", " ").lines() {
            let line = line.split('#').next().unwrap_or_default().trim();
            let Some((name, rest)) = line.split_once([' ', '\t']) else { continue };
            // A triple may contain blanks.
            let (mut words, mut word, mut depth) = (Vec::new(), String::new(), 0);
            for c in rest.chars().chain([' ']) {
                match c {
                    '(' => depth += 1,
                    ')' => depth -= 1,
                    _ => {}
                }
                if depth == 0 && c.is_whitespace() {
                    words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty()));
                } else if !c.is_whitespace() {
                    word.push(c);
                }
            }
            members.entry(name.to_owned()).or_insert(words);
        }
        Self { members }
    }

    pub(super) fn has<'a>(&'a self, name: &'a str, user: &str, by_host: bool, seen: &mut Vec<&'a str>) -> Match {
        if seen.contains(&name) {
            return Match::No;
        }
        seen.push(name);
        let mut best = Match::No;
        for member in self.members.get(name).into_iter().flatten() {
            let found = match member.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
                None => self.has(member, user, by_host, seen),
                Some(triple) => {
                    let mut parts = triple.split(',');
                    let (host, who, domain) = (parts.next(), parts.next(), parts.next());
                    match who {
                        Some(who) if who.is_empty() || who == user => {
                            let open = |part: Option<&str>| part.is_none_or(str::is_empty);
                            match open(domain) && (open(host) || !by_host) {
                                true => Match::Yes,
                                false => Match::Perhaps(format!("netgroup {name} has {user} for a host or domain")),
                            }
                        }
                        _ => Match::No,
                    }
                }
            };
            match found {
                Match::Yes => return Match::Yes,
                Match::Perhaps(_) => best = found,
                Match::No => {}
            }
        }
        best
    }
}

impl RuleCommand {
    /// Returns a command of this pattern for every target.
    pub(in crate::connector::hosts) fn everything(pattern: CommandPattern) -> Self {
        Self {
            users: vec![ListMember::read("ALL")],
            groups: Vec::new(),
            negated: false,
            pattern,
            digests: Vec::new(),
            not_after: None,
            chroot: None,
            passwordless: false,
        }
    }

    /// Returns the command of a privilege.
    pub(in crate::connector::hosts) fn of(right: &SudoPrivilege) -> Self {
        let members = |names: &[String]| names.iter().map(|name| ListMember::read(name)).collect();
        let option = |name: &str| {
            let value = right.options.iter().find_map(|option| option.strip_prefix(name)?.strip_prefix('='));
            value.map(str::to_owned)
        };
        Self {
            users: members(&right.users),
            groups: members(&right.groups),
            negated: right.negated,
            pattern: CommandPattern::read(&right.command),
            digests: right.options.iter().filter(|option| option.starts_with("sha")).cloned().collect(),
            not_after: option("NOTAFTER"),
            chroot: option("CHROOT"),
            passwordless: right.tags.iter().any(|tag| tag == "NOPASSWD"),
        }
    }
}
