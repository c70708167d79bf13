//! Removes or reduces one rule of a sudoers file without changing other bytes.

use super::{
    parse::{HostSpec, StatementKind, SudoersStatement, UserSpec},
    privilege::word,
};

/// The remaining part of a rule for one user.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::connector::hosts) enum RuleRewrite<'a> {
    /// Only these commands.
    Commands(&'a str),
    /// No commands.
    Nothing,
}

/// Returns the file with one privilege of one member of a rule changed.
///
/// `member` is a name in the rule's list of users, or in one of its aliases. Other users of the rule keep their
/// privileges: a member of an alias is excluded by `!member` after the alias, because the last match in a list of users
/// decides (sudoers(5)). Where that would exclude others, `others` are written in place of the list.
pub(in crate::connector::hosts) fn rewrite(
    bytes: &[u8],
    statement: &SudoersStatement,
    privilege: usize,
    member: &str,
    left: RuleRewrite<'_>,
    others: Option<&[(String, bool)]>,
) -> Option<Vec<u8>> {
    let StatementKind::Spec(spec) = &statement.kind else { return None };
    let place = spec.users.iter().position(|item| !item.negated && item.name == member);
    let shares = spec.users.iter().any(|item| !item.negated && item.name != member);
    let whole = bytes.get(statement.range.clone())?;
    let line = match place {
        Some(_) if !shares => alone(bytes, statement, spec, privilege, left)?,
        _ => shared(bytes, statement, spec, place, privilege, member, left, others)?,
    };
    let mut new = Vec::with_capacity(bytes.len() + whole.len());
    new.extend_from_slice(&bytes[..statement.range.start]);
    new.extend_from_slice(&line);
    new.extend_from_slice(&bytes[statement.range.end..]);
    Some(new)
}

/// Edits a rule with this member alone.
fn alone(
    bytes: &[u8],
    statement: &SudoersStatement,
    spec: &UserSpec,
    privilege: usize,
    left: RuleRewrite<'_>,
) -> Option<Vec<u8>> {
    let target = spec.privileges.get(privilege)?;
    match left {
        RuleRewrite::Commands(text) => Some(replaced(bytes, statement, &target.commands_range, text.as_bytes())),
        RuleRewrite::Nothing if spec.privileges.len() == 1 => Some(Vec::new()),
        RuleRewrite::Nothing => {
            // Including the colon that separates it from the next privilege.
            let range = match spec.privileges.get(privilege + 1) {
                Some(next) => target.range.start..next.range.start,
                None => spec.privileges.get(privilege.checked_sub(1)?)?.range.end..target.range.end,
            };
            Some(replaced(bytes, statement, &range, b""))
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "one edit with its parts")]
/// Edits a rule with other users: removes the member, and adds a rule with the remaining part after it.
fn shared(
    bytes: &[u8],
    statement: &SudoersStatement,
    spec: &UserSpec,
    place: Option<usize>,
    privilege: usize,
    member: &str,
    left: RuleRewrite<'_>,
    others: Option<&[(String, bool)]>,
) -> Option<Vec<u8>> {
    let mut line = match (place, others) {
        (None, Some([])) => Vec::new(),
        (None, Some(others)) => {
            let range = spec.users.first()?.range.start..spec.users.last()?.range.end;
            let each =
                others.iter().map(|(name, negated)| format!("{}{}", if *negated { "!" } else { "" }, word(name)));
            replaced(bytes, statement, &range, each.collect::<Vec<_>>().join(", ").as_bytes())
        }
        (Some(at), _) => {
            let range = match (spec.users.get(at + 1), at.checked_sub(1).and_then(|before| spec.users.get(before))) {
                (Some(next), _) => spec.users[at].range.start..next.range.start,
                (None, Some(before)) => before.range.end..spec.users[at].range.end,
                (None, None) => return None,
            };
            replaced(bytes, statement, &range, b"")
        }
        (None, None) => {
            let end = spec.users.last()?.range.end;
            replaced(bytes, statement, &(end..end), format!(", !{}", word(member)).as_bytes())
        }
    };
    let own: Vec<Vec<u8>> = spec
        .privileges
        .iter()
        .enumerate()
        .filter_map(|(index, other)| remaining_bytes(bytes, other, (index == privilege).then_some(left)))
        .collect();
    if !own.is_empty() {
        if !line.is_empty() && line.last() != Some(&b'\n') {
            line.push(b'\n');
        }
        line.extend_from_slice(word(member).as_bytes());
        // What the list excludes after the member stays excluded.
        for excluded in spec.users[place.unwrap_or(0)..].iter().filter(|item| item.negated) {
            line.extend_from_slice(format!(", !{}", word(&excluded.name)).as_bytes());
        }
        line.push(b' ');
        line.extend_from_slice(&own.join(&b" : "[..]));
        line.push(b'\n');
    }
    Some(line)
}

fn remaining_bytes(bytes: &[u8], privilege: &HostSpec, change: Option<RuleRewrite<'_>>) -> Option<Vec<u8>> {
    let whole = bytes.get(privilege.range.clone())?;
    match change {
        None => Some(whole.to_vec()),
        Some(RuleRewrite::Nothing) => None,
        Some(RuleRewrite::Commands(text)) => {
            let hosts = bytes.get(privilege.range.start..privilege.commands_range.start)?;
            Some([hosts, text.as_bytes()].concat())
        }
    }
}

fn replaced(bytes: &[u8], statement: &SudoersStatement, range: &std::ops::Range<usize>, with: &[u8]) -> Vec<u8> {
    let mut line = bytes[statement.range.start..range.start].to_vec();
    line.extend_from_slice(with);
    line.extend_from_slice(&bytes[range.end..statement.range.end]);
    line
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn after(file: &str, rule: usize, privilege: usize, member: &str, left: RuleRewrite<'_>) -> String {
        let statements = parse(file.as_bytes());
        let specs: Vec<_> = statements.iter().filter(|s| matches!(s.kind, StatementKind::Spec(_))).collect();
        String::from_utf8(rewrite(file.as_bytes(), specs[rule], privilege, member, left, None).unwrap()).unwrap()
    }

    #[test]
    fn rule_is_removed_for_one_member_only() {
        let file = "# top\nana, bo\\\n  , svc ALL=(ALL) ALL # why\nOPS ALL=/bin/ls : web=/bin/cat\nsvc ALL=ALL\n";
        let nothing = RuleRewrite::Nothing;
        assert_eq!(after(file, 2, 0, "svc", nothing), file.replace("svc ALL=ALL\n", ""));
        assert_eq!(after(file, 0, 0, "svc", nothing), file.replace("bo\\\n  , svc", "bo"));
        assert_eq!(after(file, 0, 0, "ana", nothing), file.replace("ana, bo", "bo"));
        let split = "OPS, !li ALL=/bin/ls : web=/bin/cat\nli web=/bin/cat\n";
        assert_eq!(after(file, 1, 0, "li", nothing), file.replace("OPS ALL=/bin/ls : web=/bin/cat\n", split));
        assert_eq!(after(file, 1, 0, "OPS", nothing), file.replace("ALL=/bin/ls : ", ""));
        assert_eq!(after(file, 1, 1, "OPS", nothing), file.replace(" : web=/bin/cat", ""));
        let less = RuleRewrite::Commands("(root) /bin/ls");
        assert_eq!(after(file, 2, 0, "svc", less), file.replace("svc ALL=ALL", "svc ALL=(root) /bin/ls"));
        let own = "(ALL) ALL # why\nbo ALL=(root) /bin/ls\n";
        assert_eq!(
            after(file, 0, 0, "bo", less),
            file.replace("bo\\\n  , svc", "svc").replace("(ALL) ALL # why\n", own)
        );
    }
}
