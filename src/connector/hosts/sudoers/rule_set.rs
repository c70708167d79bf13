//! The rules of a set of sudoers files.

use super::parse::{AliasKind, StatementKind, SudoersMember, SudoersStatement};
use std::collections::BTreeMap;

/// The content of a set of sudoers files, in the order in which sudo reads them.
#[derive(Clone, Debug, Default)]
pub(in crate::connector::hosts) struct Sudoers {
    /// Each file with its statements.
    pub files: Vec<(String, Vec<SudoersStatement>)>,
    /// The definitions of every alias.
    pub aliases: BTreeMap<(AliasKind, String), Vec<SudoersMember>>,
    /// The users who need no password by `Defaults !authenticate`: all users, or those of a list.
    pub unasked: Vec<Option<Vec<SudoersMember>>>,
    /// The default target user of commands.
    pub runas_default: Option<String>,
}

impl Sudoers {
    /// Adds the statements of another file.
    pub(in crate::connector::hosts) fn add(&mut self, file: &str, statements: Vec<SudoersStatement>) {
        for statement in &statements {
            match &statement.kind {
                StatementKind::Aliases(defined) => {
                    for (kind, name, members) in defined {
                        self.aliases.insert((*kind, name.clone()), members.clone());
                    }
                }
                StatementKind::Defaults { users, settings } => self.take_defaults(users.as_deref(), settings),
                _ => {}
            }
        }
        self.files.push((file.to_owned(), statements));
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
                // sudo rejects an alias that contains itself; here the expansion stops, as it does for a very long
                // list.
                Some(_) if depth >= DEEPEST || flat.len() >= LONGEST => {}
                Some(members) => self.flatten(kind, members, turned, depth + 1, flat),
                None => flat.push((SudoersMember { negated: turned, ..item.clone() }, depth > 0)),
            }
        }
    }

    fn take_defaults(&mut self, users: Option<&[SudoersMember]>, settings: &str) {
        for setting in settings.split(',') {
            let compact: String = setting.chars().filter(|c| !c.is_whitespace()).collect();
            if compact == "!authenticate" {
                // A setting that is limited to a host, a command or another user is treated as unlimited, so that no
                // privilege is missed.
                self.unasked.push(users.map(<[SudoersMember]>::to_vec));
            }
            if let (Some(user), None) = (compact.strip_prefix("runas_default="), users) {
                self.runas_default = Some(user.trim_matches('"').to_owned());
            }
        }
    }
}

const DEEPEST: usize = 32;
const LONGEST: usize = 10_000;
