//! Commands of rules, split as sudo reads them: a path, and a pattern of arguments.

use super::{
    extended_regex,
    shell_pattern::{has_meta, unquoted},
};
use regex::bytes::Regex;

/// The command of a rule.
#[derive(Clone, Debug)]
pub(in crate::connector::hosts) struct CommandPattern {
    pub path: PathPattern,
    pub arguments: ArgumentPattern,
    /// The text of the rule.
    pub text: String,
}

/// The path of a command.
#[derive(Clone, Debug)]
pub(in crate::connector::hosts) enum PathPattern {
    /// Every command.
    All,
    /// Every file in a directory, which ends with a slash.
    Directory(String),
    /// A pattern of glob(3).
    Glob(String),
    /// One path.
    Literal(String),
    /// `list` or `sudoedit`.
    Pseudo(String),
    /// A regular expression; `None` when its meaning is not known.
    Regex(Option<Regex>),
}

/// The arguments that a rule permits.
#[derive(Clone, Debug)]
pub(in crate::connector::hosts) enum ArgumentPattern {
    /// Any or none.
    Any,
    /// None.
    Empty,
    /// A pattern of fnmatch(3) over the joined arguments.
    Glob(String),
    /// A regular expression over the joined arguments; `None` when its meaning is not known.
    Regex(Option<Regex>),
}

impl CommandPattern {
    /// Splits the text of a command.
    pub(in crate::connector::hosts) fn read(text: &str) -> Self {
        let split = path_length(text);
        let (path, rest) = text.split_at(split);
        let arguments = match rest.trim_start_matches(' ') {
            "" => ArgumentPattern::Any,
            "\"\"" => ArgumentPattern::Empty,
            regex if regex.starts_with('^') && regex.ends_with('$') => {
                ArgumentPattern::Regex(extended_regex::compile(regex))
            }
            glob => ArgumentPattern::Glob(without_escapes(glob)),
        };
        let path = without_escapes(path);
        let path = match path.as_str() {
            "ALL" => PathPattern::All,
            "list" | "sudoedit" => PathPattern::Pseudo(path),
            regex if regex.starts_with('^') => PathPattern::Regex(extended_regex::compile(regex)),
            glob if has_meta(glob) => PathPattern::Glob(path),
            directory if directory.ends_with('/') => PathPattern::Directory(path),
            _ => PathPattern::Literal(path),
        };
        Self { path, arguments, text: text.to_owned() }
    }
}

impl ArgumentPattern {
    /// Returns the single text that the pattern permits, if it permits one only.
    pub(super) fn literal(&self) -> Option<String> {
        match self {
            Self::Glob(glob) if !has_meta(glob) => Some(glob.clone()),
            Self::Glob(glob) if !glob.contains(['*', '?', '[']) => Some(unquoted(glob)),
            _ => None,
        }
    }
}

/// Returns the length of the path in the text of a command: up to the first blank that is not quoted, or to the `$` at
/// the end of a regular expression.
fn path_length(text: &str) -> usize {
    if text.starts_with('^') {
        let ends = text.match_indices('$').map(|(at, _)| at + 1);
        return ends
            .into_iter()
            .find(|end| matches!(text.as_bytes().get(*end), None | Some(b' ')))
            .unwrap_or(text.len());
    }
    let mut quoted = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b' ' | b'\t' if !quoted => return at,
            b'\\' if !quoted => quoted = true,
            _ => quoted = false,
        }
    }
    text.len()
}

/// Returns a text without the backslashes before separators of sudoers(5). Those before characters of patterns remain.
fn without_escapes(text: &str) -> String {
    if text.starts_with('^') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match characters.peek() {
            Some(next) if c == '\\' && matches!(next, ',' | ':' | '=' | ' ' | '\t' | '#') => {
                out.extend(characters.next());
            }
            Some('\\') if c == '\\' => {
                out.push_str("\\\\");
                characters.next();
            }
            _ => out.push(c),
        }
    }
    out
}
