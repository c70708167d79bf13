//! Explicit privileges of a rule: aliases expanded, defaults and inherited tags written out.

use super::{
    parse::{AliasKind, SudoersCommand, commands},
    rule_set::Sudoers,
};
use std::fmt::{self, Write};

/// One command that is allowed or forbidden.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::connector::hosts) struct SudoPrivilege {
    /// The target users; `!` marks excluded ones.
    pub users: Vec<String>,
    /// The target groups.
    pub groups: Vec<String>,
    /// Tags in force, sorted.
    pub tags: Vec<String>,
    /// Options and digests in force.
    pub options: Vec<String>,
    /// Whether the command is forbidden.
    pub negated: bool,
    /// The command with its arguments, as written.
    pub command: String,
}

/// Returns privileges as one line of text that [`read_rights`] parses. A tag carries over to later commands
/// (sudoers(5)), so its opposite is written where it does not apply.
pub(in crate::connector::hosts) fn written(rights: &[SudoPrivilege]) -> String {
    let mut text = String::new();
    let mut before: &[String] = &[];
    for right in rights {
        if !text.is_empty() {
            text.push_str(", ");
        }
        // INVARIANT: writing to a string does not fail.
        let _ = right.write(before, &mut text);
        before = &right.tags;
    }
    text
}

impl SudoPrivilege {
    fn write(&self, before: &[String], text: &mut String) -> fmt::Result {
        write!(text, "({}", list(&self.users))?;
        if !self.groups.is_empty() {
            write!(text, ":{}", list(&self.groups))?;
        }
        text.push_str(") ");
        let (digests, options): (Vec<_>, Vec<_>) = self.options.iter().partition(|option| option.starts_with("sha"));
        for option in options {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            write!(text, "{name}={} ", word(value))?;
        }
        for tag in before.iter().filter(|tag| !self.tags.contains(tag) && !self.tags.contains(&opposite(tag))) {
            write!(text, "{}: ", opposite(tag))?;
        }
        for tag in &self.tags {
            write!(text, "{tag}: ")?;
        }
        if self.negated {
            text.push('!');
        }
        for (index, digest) in digests.iter().enumerate() {
            write!(text, "{}{digest}", if index > 0 { ", " } else { "" })?;
        }
        write!(text, "{}{}", if digests.is_empty() { "" } else { " " }, self.command)
    }
}

/// Parses a list of commands as written in a rule.
pub(in crate::connector::hosts) fn read_rights(text: &str) -> Option<Vec<SudoPrivilege>> {
    Some(expanded(&commands(text)?, &Sudoers::default()))
}

/// Returns the privileges of a list of commands. Target users and tags carry over from one command to the next.
pub(in crate::connector::hosts) fn expanded(commands: &[SudoersCommand], sudoers: &Sudoers) -> Vec<SudoPrivilege> {
    let default = || vec![sudoers.runas_default.clone().unwrap_or_else(|| "root".to_owned())];
    let (mut users, mut groups, mut tags) = (default(), Vec::new(), Vec::<String>::new());
    let (mut options, mut rights) = (Vec::<String>::new(), Vec::new());
    for command in commands {
        if let Some(runas) = &command.runas {
            let names = |items| -> Vec<String> {
                let flat = sudoers.flat(AliasKind::Runas, items);
                flat.into_iter()
                    .map(|(item, _)| format!("{}{}", if item.negated { "!" } else { "" }, item.name))
                    .collect()
            };
            (users, groups) = (names(&runas.users), names(&runas.groups));
        }
        for tag in &command.tags {
            set_tag(&mut tags, tag);
        }
        // Options carry over like tags, each until the next of its name; digests apply to their command alone.
        for option in &command.options {
            let name = |option: &str| option.split('=').next().unwrap_or_default().to_owned();
            options.retain(|known| name(known) != name(option));
            options.push(option.clone());
        }
        options.sort();
        for (item, _) in sudoers.flat(AliasKind::Command, std::slice::from_ref(&command.item)) {
            rights.push(SudoPrivilege {
                users: users.clone(),
                groups: groups.clone(),
                tags: tags.clone(),
                options: options.iter().chain(&item.digests).cloned().collect(),
                negated: item.negated,
                command: item.name,
            });
        }
    }
    rights
}

/// Returns whether `by` gives any privilege of `wanted`. In case of doubt, it does.
pub(in crate::connector::hosts) fn survives(by: &[SudoPrivilege], wanted: &[SudoPrivilege]) -> bool {
    wanted.iter().filter(|right| !right.negated).any(|right| given(by, right))
}

/// Returns `to` as a reduction of `old`: each command keeps its target users, tags and options.
///
/// # Errors
/// When `to` is not a list of commands, or would give more than `old`; the text names the part.
pub(in crate::connector::hosts) fn narrowed(old: &[SudoPrivilege], to: &str) -> Result<Vec<SudoPrivilege>, String> {
    let wanted = commands(to).ok_or_else(|| format!("`{to}` is not a list of commands in the format of sudoers(5)"))?;
    let mut rights: Vec<SudoPrivilege> = Vec::new();
    // Target users and tags carry over to the next commands, as in a rule.
    let (mut targets, mut tags) = (false, Vec::<&String>::new());
    for (command, right) in wanted.iter().zip(expanded(&wanted, &Sudoers::default())) {
        targets |= command.runas.is_some();
        tags.retain(|tag| !command.tags.contains(&opposite(tag)));
        tags.extend(&command.tags);
        if right.negated {
            return Err(format!("`!{}`: list the allowed commands; exclusions can be bypassed", right.command));
        }
        let sources = sources(old, &right, targets)?;
        for source in sources {
            let mut left = SudoPrivilege { command: right.command.clone(), negated: false, ..source.clone() };
            if targets {
                (left.users, left.groups) = (right.users.clone(), right.groups.clone());
            }
            for tag in &tags {
                if !source.tags.contains(*tag) && WIDENING.contains(&tag.as_str()) {
                    return Err(format!("`{tag}:` would give more than the present rule"));
                }
                set_tag(&mut left.tags, tag);
            }
            // A digest of the present rule stays; one of the reduced form is added to a command that had none.
            if !left.options.iter().any(|option| option.starts_with("sha")) {
                left.options.extend(command.item.digests.iter().cloned());
            } else if !command.item.digests.is_empty()
                && !command.item.digests.iter().all(|digest| left.options.contains(digest))
            {
                return Err(format!("`{}` would have another digest than in the present rule", right.command));
            }
            if !rights.contains(&left) {
                rights.push(left);
            }
        }
    }
    let text = written(&rights);
    if read_rights(&text).as_deref() != Some(&rights[..]) {
        return Err("these commands have tags or options that cannot be combined in one list".to_owned());
    }
    if text == written(old) { Err("the rule already allows exactly this".to_owned()) } else { Ok(rights) }
}

/// Returns the privileges of a rule that give a wanted one: each of them with its own target users, or the last one that
/// allows the wanted target users.
fn sources<'a>(
    old: &'a [SudoPrivilege],
    wanted: &SudoPrivilege,
    targets: bool,
) -> Result<Vec<&'a SudoPrivilege>, String> {
    let command = &wanted.command;
    let holds = |old: &&SudoPrivilege| !old.negated && covers(&old.command, command);
    let all: Vec<&SudoPrivilege> = old.iter().filter(holds).collect();
    if all.is_empty() {
        return Err(format!("`{command}` is not in the present rule"));
    }
    if old.iter().any(|o| o.negated && (covers(&o.command, command) || covers(command, &o.command))) {
        return Err(format!("`{command}` is forbidden by the present rule"));
    }
    if !targets {
        return Ok(all);
    }
    let allows = |old: &&&SudoPrivilege| within(&old.users, &wanted.users) && within(&old.groups, &wanted.groups);
    let last = all.iter().rev().find(allows);
    last.map(|one| vec![*one])
        .ok_or_else(|| format!("`{command}` would run as a user that the present rule does not allow"))
}

/// Returns a reduction of a rule as an example; `None` when no single command of it is one.
pub(in crate::connector::hosts) fn example(old: &[SudoPrivilege]) -> Option<String> {
    let known = old.iter().filter(|right| !right.negated && right.command != "ALL").map(|right| right.command.clone());
    known.chain(EXAMPLES.map(str::to_owned)).find(|command| narrowed(old, command).is_ok())
}

/// The last privilege that matches a command decides.
fn given(by: &[SudoPrivilege], wanted: &SudoPrivilege) -> bool {
    let decides =
        |right: &&SudoPrivilege| covers(&right.command, &wanted.command) && runs_as(&right.users, &wanted.users);
    by.iter().rev().find(decides).is_some_and(|right| !right.negated)
}

fn runs_as(by: &[String], wanted: &[String]) -> bool {
    let plain = |user: &str| if user == "#0" { "root".to_owned() } else { user.to_owned() };
    let positive = |users: &[String]| -> Vec<String> {
        users.iter().filter(|user| !user.starts_with('!')).map(|user| plain(user)).collect()
    };
    let (by_plain, wanted) = (positive(by), positive(wanted));
    let denied = |user: &String| by.iter().any(|one| one.strip_prefix('!').is_some_and(|no| plain(no) == *user));
    if wanted.is_empty() {
        return by_plain.is_empty() || by_plain.iter().any(|user| user == "ALL");
    }
    wanted.iter().any(|user| !denied(user) && by_plain.iter().any(|one| one == "ALL" || one == user))
}

fn within(old: &[String], new: &[String]) -> bool {
    if old == new {
        return true;
    }
    let excepts = old.iter().chain(new).any(|one| one.starts_with('!'));
    !excepts && new.iter().all(|one| old.contains(one) || old.iter().any(|o| o == "ALL"))
}

/// Returns whether a command pattern of sudoers(5) matches every command that `wanted` matches.
fn covers(pattern: &str, wanted: &str) -> bool {
    if pattern == "ALL" || pattern == wanted {
        return true;
    }
    if wanted == "ALL" || pattern.starts_with('^') || wanted.starts_with('^') {
        return false;
    }
    let split = |text: &str| {
        let (path, arguments) = text.split_once(' ').map_or((text, None), |(path, rest)| (path, Some(rest)));
        (path.to_owned(), arguments.map(str::to_owned))
    };
    let ((path, arguments), (wanted_path, wanted_arguments)) = (split(pattern), split(wanted));
    let path_fits = match path.strip_suffix('/') {
        // A directory allows every file in it, but not in its subdirectories (sudoers(5)).
        Some(directory) => wanted_path.rsplit_once('/').is_some_and(|(parent, _)| parent == directory),
        None => glob(path.as_bytes(), wanted_path.as_bytes(), true),
    };
    let arguments_fit = match (arguments.as_deref(), wanted_arguments.as_deref()) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(any), Some(wanted)) => any == wanted || (any != "\"\"" && glob(any.as_bytes(), wanted.as_bytes(), false)),
    };
    path_fits && arguments_fit
}

/// Compares shell patterns of fnmatch(3): a pattern matches another one only if it matches all texts of the other.
fn glob(pattern: &[u8], text: &[u8], path: bool) -> bool {
    // The reachable positions of the pattern. Both sides are short lines, so the product of their lengths is small.
    let mut reached = vec![false; pattern.len() + 1];
    let skip = |reached: &mut Vec<bool>| {
        for at in 0..pattern.len() {
            if reached[at] && pattern[at] == b'*' {
                reached[at + 1] = true;
            }
        }
    };
    reached[0] = true;
    skip(&mut reached);
    for byte in text {
        let special = matches!(byte, b'*' | b'?' | b'[' | b'\\');
        let mut next = vec![false; pattern.len() + 1];
        for at in (0..pattern.len()).filter(|at| reached[*at]) {
            match pattern[at] {
                b'*' if !(path && *byte == b'/') => next[at] = true,
                b'?' if !(special || path && *byte == b'/') => next[at + 1] = true,
                same if same == *byte && !matches!(same, b'*' | b'?' | b'[') => next[at + 1] = true,
                _ => {}
            }
        }
        reached = next;
        skip(&mut reached);
    }
    reached[pattern.len()]
}

fn set_tag(tags: &mut Vec<String>, tag: &str) {
    let opposite = opposite(tag);
    tags.retain(|one| *one != opposite && one != tag);
    // `PASSWD` and similar tags only revoke an earlier tag.
    if !matches!(tag, "EXEC" | "NOSETENV" | "PASSWD") {
        tags.push(tag.to_owned());
    }
    tags.sort();
}

fn opposite(tag: &str) -> String {
    tag.strip_prefix("NO").map_or_else(|| format!("NO{tag}"), str::to_owned)
}

fn list(names: &[String]) -> String {
    let each: Vec<String> = names
        .iter()
        .map(|name| match name.strip_prefix('!') {
            Some(name) => format!("!{}", word(name)),
            None => word(name),
        })
        .collect();
    each.join(",")
}

/// Quotes a word so that it is parsed as one.
pub(super) fn word(text: &str) -> String {
    let mut word = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        let separator =
            matches!(c, ' ' | '\t' | ',' | '=' | '(' | ')' | '!' | '"' | '\\') || (c == ':' && &text[..at] != "%");
        // A user id keeps its pound sign; in other positions it would begin a comment.
        if separator || (c == '#' && !(at == 0 || &text[..at] == "%")) {
            word.push('\\');
        }
        word.push(c);
    }
    word
}

/// Tags that extend a privilege, or hide its use.
const WIDENING: [&str; 8] =
    ["EXEC", "FOLLOW", "NOINTERCEPT", "NOLOG_INPUT", "NOLOG_OUTPUT", "NOMAIL", "NOPASSWD", "SETENV"];

/// Commands that most systems have.
const EXAMPLES: [&str; 3] = ["/usr/bin/id", "/usr/bin/ls", "/usr/bin/cat"];

#[cfg(test)]
mod tests {
    use super::*;

    fn rights(text: &str) -> Vec<SudoPrivilege> {
        read_rights(text).unwrap()
    }

    #[test]
    fn wider_rule_keeps_the_privileges_of_a_narrower_one() {
        let cases = [
            ("ALL", "/bin/ls", true),
            ("/bin/ls", "ALL", false),
            ("/bin/ls", "/bin/ls -l", true),
            ("/bin/ls -l", "/bin/ls", false),
            ("/bin/", "/bin/ls", true),
            ("/bin/", "/bin/x/ls", false),
            ("/usr/*/ls", "/usr/bin/ls", true),
            ("/usr/*", "/usr/bin/ls", false),
            ("/bin/l?", "/bin/l*", false),
            ("(www-data) ALL", "/bin/ls", false),
            ("(ALL) ALL", "(www-data) /bin/ls", true),
            ("(#0) ALL", "/bin/ls", true),
            ("(ALL,!root) ALL", "/bin/ls", false),
            ("ALL, !/bin/ls", "/bin/ls", false),
            ("!ALL, /bin/ls", "/bin/ls", true),
        ];
        for (by, wanted, kept) in cases {
            assert_eq!(survives(&rights(by), &rights(wanted)), kept, "{by} / {wanted}");
        }
    }

    #[test]
    fn reduction_is_accepted_and_extension_rejected() {
        let old = rights("(ALL:ALL) NOPASSWD: ALL");
        assert_eq!(
            written(&narrowed(&old, "/bin/ls, (root) /bin/cat").unwrap()),
            "(ALL:ALL) NOPASSWD: /bin/ls, (root) NOPASSWD: /bin/cat"
        );
        assert_eq!(written(&narrowed(&old, "PASSWD: /bin/ls").unwrap()), "(ALL:ALL) /bin/ls");
        let both = narrowed(&old, "/bin/ls, PASSWD: /bin/cat").unwrap();
        assert_eq!(written(&both), "(ALL:ALL) NOPASSWD: /bin/ls, (ALL:ALL) PASSWD: /bin/cat");
        assert!(narrowed(&old, "ALL").is_err());
        assert!(narrowed(&old, "!/bin/su").is_err());
        let old = rights("/bin/ls, !/bin/cat, /usr/bin/*");
        for more in [
            "/bin/su",
            "ALL",
            "NOPASSWD: /bin/ls",
            "(ALL) /bin/ls",
            "/bin/cat",
            "/bin/ls # /bin/su",
            "/bin/ls\nx ALL=ALL",
        ] {
            assert!(narrowed(&old, more).is_err(), "{more}");
        }
    }
}
