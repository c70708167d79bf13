//! Parses sudoers(5) into rules, and edits single rules.

mod edit;
mod lex;
mod parse;
mod privilege;
mod rule_set;

pub(super) use edit::{RuleRewrite, rewrite};
pub(super) use parse::{AliasKind, HostSpec, StatementKind, SudoersMember, SudoersStatement, UserSpec, parse};
pub(super) use privilege::{SudoPrivilege, example, expanded, narrowed, read_rights, survives, written};
pub(super) use rule_set::Sudoers;

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
