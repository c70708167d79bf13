//! Parses sudoers(5) into rules, and edits single rules.

mod edit;
mod lex;
mod parse;
mod privilege;

pub(super) use edit::{RuleRewrite, rewrite};
pub(super) use parse::{AliasKind, HostSpec, StatementKind, SudoersMember, SudoersStatement, UserSpec, parse};
pub(super) use privilege::{SudoPrivilege, expanded, narrowed, read_rights, survives, written};

use std::collections::BTreeMap;

/// The content of a set of sudoers files, in the order in which sudo reads them.
#[derive(Clone, Debug, Default)]
pub(super) struct Sudoers {
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
    pub(super) fn add(&mut self, file: &str, statements: Vec<SudoersStatement>) {
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
    pub(super) fn flat(&self, kind: AliasKind, items: &[SudoersMember]) -> Vec<(SudoersMember, bool)> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn statements_cover_the_file_and_parser_does_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let again: Vec<u8> = parse(&bytes).iter().flat_map(|s| bytes[s.range.clone()].to_vec()).collect();
            prop_assert_eq!(again, bytes);
        }

        #[test]
        fn similar_text_does_not_panic(text in "([a-z%#@!]|ALL|NOPASSWD:|User_Alias |Defaults|#include|[=,:()\\\\\"^$* \n\t0-9/]){0,60}") {
            let statements = parse(text.as_bytes());
            let again: String = statements.iter().map(|s| &text[s.range.clone()]).collect();
            prop_assert_eq!(&again, &text);
            let mut sudoers = Sudoers::default();
            sudoers.add("/etc/sudoers", statements.clone());
            for statement in &statements {
                if let StatementKind::Spec(spec) = &statement.kind {
                    for privilege in &spec.privileges {
                        let rights = expanded(&privilege.commands, &sudoers);
                        let text = written(&rights);
                        if let Some(read) = read_rights(&text) { prop_assert_eq!(written(&read), text); }
                    }
                }
            }
        }
    }
}
