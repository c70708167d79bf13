//! sudoers(5): read into rules, and edited without touching anything else.

mod edit;
mod lex;
mod parse;
mod privilege;

pub(super) use edit::{RuleRewrite, rewrite};
pub(super) use parse::{AliasKind, HostSpec, StatementKind, SudoersMember, SudoersStatement, UserSpec, parse};
pub(super) use privilege::{SudoPrivilege, expanded, narrowed, read_rights, survives, written};

use std::collections::BTreeMap;

/// What a set of sudoers files says, in the order in which sudo reads them.
#[derive(Clone, Debug, Default)]
pub(super) struct Sudoers {
    /// Each file with its statements.
    pub files: Vec<(String, Vec<SudoersStatement>)>,
    /// The definitions of every alias.
    pub aliases: BTreeMap<(AliasKind, String), Vec<SudoersMember>>,
    /// Whom no password is asked, by a `Defaults !authenticate`: everybody, or the users of a list.
    pub unasked: Vec<Option<Vec<SudoersMember>>>,
    /// Who commands run as where a rule does not say.
    pub runas_default: Option<String>,
}

impl Sudoers {
    /// Takes in the statements of one more file.
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

    /// Returns the members of a list with every alias of that kind replaced by what it stands for, and whether an alias
    /// was in between. A negation in front of an alias turns each of its members.
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
                // A definition that contains itself is an error to sudo; here it ends, and so does a list without end.
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
                // Bound to a host, a command or another user, it counts as for all: nothing hides behind that.
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
        fn statements_are_the_file_and_reading_does_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let again: Vec<u8> = parse(&bytes).iter().flat_map(|s| bytes[s.range.clone()].to_vec()).collect();
            prop_assert_eq!(again, bytes);
        }

        #[test]
        fn near_sudoers_do_not_panic(text in "([a-z%#@!]|ALL|NOPASSWD:|User_Alias |Defaults|#include|[=,:()\\\\\"^$* \n\t0-9/]){0,60}") {
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
