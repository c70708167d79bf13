//! The rules of a set of sudoers files.

use super::parse::{AliasKind, StatementKind, SudoersMember, SudoersStatement};
use std::{collections::BTreeMap, sync::Arc};

/// The content of a set of sudoers files, in the order in which sudo reads them.
#[derive(Clone, Debug, Default)]
pub(in crate::connector::hosts) struct Sudoers {
    /// Each file with its statements.
    pub files: Vec<(String, Arc<Vec<SudoersStatement>>)>,
    /// File and statement of each line, in the order in which sudo reads them: an included file at its place.
    order: Vec<(usize, usize)>,
    /// The definitions of every alias.
    pub aliases: BTreeMap<(AliasKind, String), Vec<SudoersMember>>,
    /// The users who need no password by `Defaults !authenticate`: all users, or those of a list.
    pub unasked: Vec<Option<Vec<SudoersMember>>>,
    /// The default target user of commands.
    pub runas_default: Option<String>,
    /// Settings that change how names and paths are compared, by name, with the value `no` when they are negated.
    pub comparison: BTreeMap<String, String>,
    /// Settings of that kind that apply to some users, hosts or commands only.
    pub limited: Vec<String>,
}

impl Sudoers {
    /// Adds a file, and returns its number. Its statements count when they are taken.
    pub(in crate::connector::hosts) fn open(&mut self, file: &str, statements: Arc<Vec<SudoersStatement>>) -> usize {
        self.files.push((file.to_owned(), statements));
        self.files.len() - 1
    }

    /// Takes the next statement that sudo reads.
    pub(in crate::connector::hosts) fn take(&mut self, file: usize, statement: usize) {
        let Some((_, statements)) = self.files.get(file) else { return };
        let statements = statements.clone();
        let Some(taken) = statements.get(statement) else { return };
        self.order.push((file, statement));
        match &taken.kind {
            StatementKind::Aliases(defined) => {
                for (kind, name, members) in defined {
                    // sudo keeps the first definition of an alias.
                    self.aliases.entry((*kind, name.clone())).or_insert_with(|| members.clone());
                }
            }
            StatementKind::Defaults { users, limited, settings } => {
                self.take_defaults(users.as_deref(), *limited, settings);
            }
            _ => {}
        }
    }

    /// Adds the statements of a file without includes.
    #[cfg(test)]
    pub(in crate::connector::hosts) fn add(&mut self, file: &str, statements: Vec<SudoersStatement>) {
        let count = statements.len();
        let file = self.open(file, Arc::new(statements));
        (0..count).for_each(|statement| self.take(file, statement));
    }

    /// Returns the rules with other statements in some files. Includes, aliases and settings must be the same.
    pub(in crate::connector::hosts) fn redrafted(&self, new: impl Fn(&str) -> Option<Vec<SudoersStatement>>) -> Self {
        let mut drafted = Self::default();
        let mut changed = Vec::new();
        for (path, old) in &self.files {
            let new = new(path);
            changed.push(new.is_some());
            drafted.open(path, new.map_or_else(|| old.clone(), Arc::new));
        }
        // The next statement of each file to take.
        let mut next = vec![0; self.files.len()];
        for (file, statement) in &self.order {
            if !changed.get(*file).copied().unwrap_or_default() {
                drafted.take(*file, *statement);
                continue;
            }
            let Some((_, old)) = self.files.get(*file) else { continue };
            if *statement == 0 {
                next[*file] = 0;
            }
            let is_include = |one: &SudoersStatement| matches!(one.kind, StatementKind::Include { .. });
            let included = old.get(*statement).is_some_and(is_include);
            if !included && *statement + 1 < old.len() {
                continue;
            }
            let count = drafted.files[*file].1.len();
            while next[*file] < count {
                let at = next[*file];
                next[*file] += 1;
                drafted.take(*file, at);
                if included && drafted.files[*file].1.get(at).is_some_and(is_include) {
                    break;
                }
            }
        }
        drafted
    }

    /// Returns whether both sets have the same parsed files in the same order.
    pub(in crate::connector::hosts) fn has_files_of(&self, other: &Self) -> bool {
        let mut pairs = self.files.iter().zip(&other.files);
        self.order == other.order
            && self.files.len() == other.files.len()
            && pairs.all(|((path, one), (known, two))| path == known && Arc::ptr_eq(one, two))
    }

    /// Returns whether a rule denies commands or excludes users, so that the loss of a group may give something.
    pub(in crate::connector::hosts) fn denies(&self) -> bool {
        let negated = |members: &[SudoersMember]| members.iter().any(|member| member.negated);
        let in_rule = |(_, statement): (&str, &SudoersStatement)| match &statement.kind {
            StatementKind::Spec(spec) => {
                let commands = spec.privileges.iter().flat_map(|one| &one.commands);
                negated(&spec.users) || commands.into_iter().any(|command| command.item.negated)
            }
            _ => false,
        };
        self.aliases.values().any(|members| negated(members)) || self.statements().any(in_rule)
    }

    /// Returns each statement with its file, in the order in which sudo reads them.
    pub(in crate::connector::hosts) fn statements(&self) -> impl Iterator<Item = (&str, &SudoersStatement)> {
        self.order.iter().filter_map(|(file, statement)| {
            let (path, statements) = self.files.get(*file)?;
            Some((path.as_str(), statements.get(*statement)?))
        })
    }

    /// Returns the members of a list with every alias of that kind expanded, and whether an alias was involved. A
    /// negation before an alias negates each of its members.
    pub(in crate::connector::hosts) fn flat(
        &self,
        kind: AliasKind,
        items: &[SudoersMember],
    ) -> Vec<(SudoersMember, bool)> {
        let mut flat = Vec::new();
        self.flatten(kind, items, false, 0, &mut flat);
        flat
    }

    fn flatten(
        &self,
        kind: AliasKind,
        items: &[SudoersMember],
        negated: bool,
        depth: usize,
        flat: &mut Vec<(SudoersMember, bool)>,
    ) {
        for item in items {
            let turned = item.negated != negated;
            match self.aliases.get(&(kind, item.name.clone())) {
                // The expansion of a very long list stops.
                Some(_) if flat.len() >= LONGEST => {}
                // sudo takes an alias that contains itself as a plain name.
                Some(members) if depth < DEEPEST => self.flatten(kind, members, turned, depth + 1, flat),
                _ => flat.push((SudoersMember { negated: turned, ..item.clone() }, depth > 0)),
            }
        }
    }

    fn take_defaults(&mut self, users: Option<&[SudoersMember]>, limited: bool, settings: &str) {
        for setting in settings.split(',') {
            let compact: String = setting.chars().filter(|c| !c.is_whitespace()).collect();
            if compact == "!authenticate" {
                // A setting that is limited to a host, a command or another user is treated as unlimited, so that no
                // privilege is missed.
                self.unasked.push(users.map(<[SudoersMember]>::to_vec));
            }
            let (name, value) = compact.split_once('=').unwrap_or((&compact, ""));
            let bare = name.trim_start_matches('!');
            if !COMPARISON.contains(&bare) {
                continue;
            }
            if limited {
                self.limited.push(bare.to_owned());
            } else if bare == "runas_default" {
                self.runas_default = Some(value.trim_matches('"').to_owned());
            } else {
                let value = if name.starts_with('!') { "no" } else { value.trim_matches('"') };
                self.comparison.insert(bare.to_owned(), value.to_owned());
            }
        }
    }
}

/// The settings of sudoers(5) that change which rule matches.
const COMPARISON: [&str; 9] = [
    "case_insensitive_group",
    "case_insensitive_user",
    "fast_glob",
    "group_plugin",
    "match_group_by_gid",
    "netgroup_tuple",
    "runas_allow_unknown_id",
    "runas_default",
    "use_netgroups",
];

const DEEPEST: usize = 32;
const LONGEST: usize = 10_000;
