//! Parses the statements of a sudoers file by the grammar of sudoers(5).

use super::{
    super::text::is_plain,
    lex::{LogicalLine, logical_lines},
};
use std::ops::Range;

/// One logical line with its meaning.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::connector::hosts) struct SudoersStatement {
    /// Its range in the file, with its line end.
    pub range: Range<usize>,
    /// The number of its first line, from 1.
    pub line: usize,
    /// Its meaning.
    pub kind: StatementKind,
}

/// The meaning of a logical line.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::connector::hosts) enum StatementKind {
    /// Definitions of aliases.
    Aliases(Vec<(AliasKind, String, Vec<SudoersMember>)>),
    /// A blank line or a comment.
    Blank,
    /// Settings, and their users; `None` when they apply to all users, or are limited by something other than users.
    Defaults { users: Option<Vec<SudoersMember>>, limited: bool, settings: String },
    /// An include of a file, or of every file in a directory.
    Include { path: String, directory: bool },
    /// A rule.
    Spec(UserSpec),
    /// A line that could not be parsed.
    Unread,
}

/// The kind of an alias.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(in crate::connector::hosts) enum AliasKind {
    Command,
    Host,
    Runas,
    User,
}

/// A member of a list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::connector::hosts) struct SudoersMember {
    /// The name, unquoted.
    pub name: String,
    /// Whether it is negated.
    pub negated: bool,
    /// Its range, including its negation.
    pub range: Range<usize>,
    /// The digests of which the file of a command must have one.
    pub digests: Vec<String>,
}

/// Users and their privileges.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::connector::hosts) struct UserSpec {
    pub users: Vec<SudoersMember>,
    pub privileges: Vec<HostSpec>,
}

/// Hosts, and the commands allowed on them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::connector::hosts) struct HostSpec {
    pub hosts: Vec<SudoersMember>,
    pub commands: Vec<SudoersCommand>,
    /// The range of the whole privilege.
    pub range: Range<usize>,
    /// The range of its commands.
    pub commands_range: Range<usize>,
}

/// One command as written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::connector::hosts) struct SudoersCommand {
    pub runas: Option<RunasSpec>,
    pub tags: Vec<String>,
    /// `TIMEOUT=…`, `CWD=…` and the like.
    pub options: Vec<String>,
    pub item: SudoersMember,
}

/// The target users and groups of a command.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::connector::hosts) struct RunasSpec {
    pub users: Vec<SudoersMember>,
    pub groups: Vec<SudoersMember>,
}

/// Parses a file. The ranges of its statements cover the whole file.
pub(in crate::connector::hosts) fn parse(bytes: &[u8]) -> Vec<SudoersStatement> {
    let statement = |logical: LogicalLine| {
        let kind = SudoersParser { text: &logical.text, at: 0 }.statement().unwrap_or(StatementKind::Unread);
        SudoersStatement { range: logical.range, line: logical.line, kind }
    };
    logical_lines(bytes).into_iter().map(statement).collect()
}

/// Parses a list of commands alone, as written after the `=` of a rule.
pub(super) fn commands(text: &str) -> Option<Vec<SudoersCommand>> {
    // A single line without comment or continuation is the text itself.
    let lines = logical_lines(text.as_bytes());
    let [LogicalLine { text: bytes, .. }] = &lines[..] else { return None };
    if bytes.len() != text.len() || text.contains('\0') {
        return None;
    }
    let mut scan = SudoersParser { text: bytes, at: 0 };
    let commands = scan.commands()?;
    scan.blank();
    scan.done().then_some(commands)
}

struct SudoersParser<'a> {
    text: &'a [(u8, usize)],
    at: usize,
}

impl SudoersParser<'_> {
    fn statement(mut self) -> Option<StatementKind> {
        self.blank();
        if self.done() {
            return Some(StatementKind::Blank);
        }
        let rest = self.rest_text()?;
        // A line with characters that a terminal does not show is not accepted as a rule.
        if !rest.chars().all(|c| is_plain(c) || matches!(c, '\t' | '\r')) {
            return None;
        }
        for (word, directory) in
            [("@includedir", true), ("#includedir", true), ("@include", false), ("#include", false)]
        {
            if let Some(path) = rest.strip_prefix(word).filter(|path| path.starts_with([' ', '\t'])) {
                let path = path.trim().trim_matches('"').replace("\\ ", " ");
                return (!path.is_empty()).then_some(StatementKind::Include { path, directory });
            }
        }
        if let Some(scope) = rest.strip_prefix("Defaults")
            && scope.starts_with([' ', '\t', '@', ':', '!', '>'])
        {
            let bound = scope.chars().next();
            self.at += "Defaults".len() + bound.map_or(0, char::len_utf8);
            let listed = match bound {
                // Commands have no arguments here.
                Some(':' | '@' | '>' | '!') => Some(self.items()?),
                _ => None,
            };
            let users = listed.filter(|_| bound == Some(':'));
            let limited = matches!(bound, Some(':' | '@' | '>' | '!'));
            return Some(StatementKind::Defaults { users, limited, settings: self.rest_text()? });
        }
        for (word, kind) in ALIASES {
            if rest.strip_prefix(word).is_some_and(|after| after.starts_with([' ', '\t'])) {
                self.at += word.len();
                return self.aliases(kind).map(StatementKind::Aliases);
            }
        }
        self.user_spec().map(StatementKind::Spec)
    }

    fn aliases(&mut self, kind: AliasKind) -> Option<Vec<(AliasKind, String, Vec<SudoersMember>)>> {
        let mut defined = Vec::new();
        loop {
            self.blank();
            let name = self.word()?.0;
            self.blank();
            self.expect(b'=')?;
            let members = match kind {
                AliasKind::Command => self.commands()?.into_iter().map(|command| command.item).collect(),
                _ => self.items()?,
            };
            defined.push((kind, name, members));
            self.blank();
            match self.peek() {
                None => return Some(defined),
                Some(b':') => self.at += 1,
                Some(_) => return None,
            }
        }
    }

    fn user_spec(&mut self) -> Option<UserSpec> {
        let users = self.items()?;
        let mut privileges = Vec::new();
        loop {
            self.blank();
            let start = self.place();
            let hosts = self.items()?;
            self.blank();
            self.expect(b'=')?;
            self.blank();
            let commands_start = self.place();
            let commands = self.commands()?;
            let end = commands.last()?.item.range.end;
            privileges.push(HostSpec { hosts, commands, range: start..end, commands_range: commands_start..end });
            self.blank();
            match self.peek() {
                None => return Some(UserSpec { users, privileges }),
                Some(b':') => self.at += 1,
                Some(_) => return None,
            }
        }
    }

    fn items(&mut self) -> Option<Vec<SudoersMember>> {
        let mut items = Vec::new();
        loop {
            self.blank();
            let start = self.place();
            let negated = self.negations();
            let (name, end) = self.word()?;
            items.push(SudoersMember { name, negated, range: start..end, digests: Vec::new() });
            let mark = self.at;
            self.blank();
            if self.peek() != Some(b',') {
                self.at = mark;
                return Some(items);
            }
            self.at += 1;
        }
    }

    fn commands(&mut self) -> Option<Vec<SudoersCommand>> {
        let mut commands = Vec::new();
        loop {
            commands.push(self.command()?);
            self.blank();
            if self.peek() != Some(b',') {
                return Some(commands);
            }
            self.at += 1;
        }
    }

    fn command(&mut self) -> Option<SudoersCommand> {
        let (mut tags, mut options, mut runas) = (Vec::new(), Vec::new(), None);
        self.blank();
        if self.peek() == Some(b'(') {
            self.at += 1;
            runas = Some(self.runas()?);
        }
        loop {
            self.blank();
            let mark = self.at;
            let word: String = self.text[self.at..]
                .iter()
                .map(|(b, _)| char::from(*b))
                .take_while(|c| c.is_ascii_uppercase() || *c == '_')
                .collect();
            self.at += word.len();
            if OPTIONS.contains(&word.as_str()) && self.peek() == Some(b'=') {
                self.at += 1;
                options.push(format!("{word}={}", self.word()?.0));
                continue;
            }
            self.blank();
            if TAGS.contains(&word.as_str()) && self.peek() == Some(b':') {
                self.at += 1;
                tags.push(word);
                continue;
            }
            self.at = mark;
            break;
        }
        let start = self.place();
        let mut negated = self.negations();
        let mut digests = Vec::new();
        while let Some(digest) = self.digest() {
            digests.push(digest);
            self.blank();
            if self.peek() == Some(b',') {
                self.at += 1;
                self.blank();
            }
        }
        negated ^= self.negations();
        let (name, end) = self.command_text()?;
        let item = SudoersMember { name, negated, range: start..end, digests };
        Some(SudoersCommand { runas, tags, options, item })
    }

    fn runas(&mut self) -> Option<RunasSpec> {
        let (mut users, mut groups) = (Vec::new(), Vec::new());
        self.blank();
        if !matches!(self.peek(), Some(b':' | b')')) {
            users = self.items()?;
        }
        self.blank();
        if self.peek() == Some(b':') {
            self.at += 1;
            self.blank();
            if self.peek() != Some(b')') {
                groups = self.items()?;
            }
        }
        self.blank();
        self.expect(b')')?;
        Some(RunasSpec { users, groups })
    }

    /// Parses a command: `ALL`, an alias, or a path (or `sudoedit`, `list`) with arguments up to the next separator.
    fn command_text(&mut self) -> Option<(String, usize)> {
        let mut raw = Vec::new();
        let mut end = self.place();
        while let Some(byte) = self.peek() {
            let begins = raw.is_empty() || raw.last() == Some(&b' ');
            match byte {
                b',' | b':' => break,
                b'=' | b'(' | b')' if begins => return None,
                b'^' if begins => self.regex(&mut raw)?,
                b'\\' => {
                    raw.push(byte);
                    self.at += 1;
                    raw.push(self.peek()?);
                    self.at += 1;
                }
                b' ' | b'\t' | b'\r' => {
                    self.blank();
                    if self.done() || matches!(self.peek(), Some(b',' | b':')) {
                        break;
                    }
                    raw.push(b' ');
                    continue;
                }
                _ => {
                    raw.push(byte);
                    self.at += 1;
                }
            }
            end = self.behind();
        }
        let name = String::from_utf8(raw).ok()?;
        let first = name.split(' ').next()?;
        let known =
            first.starts_with(['/', '^']) || matches!(first, "list" | "sudoedit") || (is_alias(first) && first == name);
        known.then_some((name, end))
    }

    /// Parses a regular expression (sudo 1.9.10): from `^` to a `$` at the end of a word.
    fn regex(&mut self, raw: &mut Vec<u8>) -> Option<()> {
        loop {
            let byte = self.peek()?;
            raw.push(byte);
            self.at += 1;
            if byte == b'$' && matches!(self.peek(), None | Some(b' ' | b'\t' | b'\r' | b',' | b':')) {
                return Some(());
            }
        }
    }

    fn digest(&mut self) -> Option<String> {
        let mark = self.at;
        let kind = ["sha224", "sha256", "sha384", "sha512"].into_iter().find(|kind| {
            let rest = &self.text[self.at..];
            rest.len() > kind.len() && rest.iter().zip(kind.bytes()).all(|((b, _), k)| *b == k)
        })?;
        self.at += kind.len();
        self.blank();
        let digest = self.expect(b':').and_then(|()| {
            self.blank();
            self.word_with(b"=")
        });
        if digest.is_none() {
            self.at = mark;
        }
        digest.map(|(text, _)| format!("{kind}:{text}"))
    }

    fn word(&mut self) -> Option<(String, usize)> {
        self.word_with(b"")
    }

    /// Parses a word up to a blank or separator, unquoted and unescaped; returns it with its end position.
    fn word_with(&mut self, also: &[u8]) -> Option<(String, usize)> {
        let mut word = Vec::new();
        let start = self.at;
        let mut quoted = false;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => quoted = !quoted,
                b'\\' => {
                    self.at += 1;
                    match self.hexadecimal() {
                        // The last digit is passed below.
                        Some(byte) => {
                            word.push(byte);
                            self.at += 2;
                        }
                        None => word.push(self.peek()?),
                    }
                }
                _ if quoted => word.push(byte),
                // `%:name` is a group of another source than the system.
                b':' if word == b"%" => word.push(byte),
                b' ' | b'\t' | b'\r' | b',' | b'=' | b':' | b'(' | b')' | b'!' if !also.contains(&byte) => break,
                _ => word.push(byte),
            }
            self.at += 1;
        }
        if quoted || self.at == start || word.is_empty() {
            return None;
        }
        Some((String::from_utf8(word).ok()?, self.behind()))
    }

    /// Returns the byte that `x` and two hexadecimal digits at the present position represent.
    fn hexadecimal(&self) -> Option<u8> {
        let digit = |at: usize| char::from(self.text.get(self.at + at)?.0).to_digit(16);
        if self.peek() != Some(b'x') {
            return None;
        }
        u8::try_from(digit(1)? * 16 + digit(2)?).ok()
    }

    fn negations(&mut self) -> bool {
        let mut negated = false;
        while self.peek() == Some(b'!') {
            negated = !negated;
            self.at += 1;
            self.blank();
        }
        negated
    }

    fn rest_text(&self) -> Option<String> {
        String::from_utf8(self.text[self.at..].iter().map(|(b, _)| *b).collect()).ok()
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.peek() == Some(byte)).then(|| self.at += 1)
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).map(|(byte, _)| *byte)
    }

    fn done(&self) -> bool {
        self.at >= self.text.len()
    }

    /// Returns the position of the next byte in the file.
    fn place(&self) -> usize {
        self.text.get(self.at).map_or_else(|| self.behind(), |(_, place)| *place)
    }

    /// Returns the position after the last byte read.
    fn behind(&self) -> usize {
        self.at.checked_sub(1).and_then(|last| self.text.get(last)).map_or(0, |(_, place)| place + 1)
    }
}

/// Returns whether a word is an alias name: upper-case letters, digits and underscores, starting with a letter
/// (sudoers(5)).
fn is_alias(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_uppercase())
        && word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

const ALIASES: [(&str, AliasKind); 5] = [
    ("Cmnd_Alias", AliasKind::Command),
    ("Cmd_Alias", AliasKind::Command),
    ("Host_Alias", AliasKind::Host),
    ("Runas_Alias", AliasKind::Runas),
    ("User_Alias", AliasKind::User),
];

const OPTIONS: [&str; 10] =
    ["APPARMOR_PROFILE", "CHROOT", "CWD", "LIMITPRIVS", "NOTAFTER", "NOTBEFORE", "PRIVS", "ROLE", "TIMEOUT", "TYPE"];

const TAGS: [&str; 16] = [
    "EXEC",
    "FOLLOW",
    "INTERCEPT",
    "LOG_INPUT",
    "LOG_OUTPUT",
    "MAIL",
    "NOEXEC",
    "NOFOLLOW",
    "NOINTERCEPT",
    "NOLOG_INPUT",
    "NOLOG_OUTPUT",
    "NOMAIL",
    "NOPASSWD",
    "NOSETENV",
    "PASSWD",
    "SETENV",
];
