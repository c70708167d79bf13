//! Finds the authorized_keys files of an account: `AuthorizedKeysFile` of sshd_config(5).

use super::{account_files::PasswdEntry, path_glob, root_dir::RootDir};
use crate::connector::ConnectorError;

/// The key-related part of the server configuration.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct AuthorizedKeysPaths {
    /// The patterns of files, such as `.ssh/authorized_keys`, including those of `Match` blocks.
    patterns: Vec<String>,
    /// Sources of keys other than files.
    pub blind_spots: Vec<String>,
    /// Files of the configuration that exist and could not be read.
    pub unread: Vec<String>,
}

/// Reads the configuration below the root; without one, the defaults of sshd apply.
pub(super) fn key_places(root: &RootDir) -> AuthorizedKeysPaths {
    let mut reading = SshdConfigReader::default();
    reading.file(root, "/etc/ssh/sshd_config", 0);
    let SshdConfigReader { global, matched, blind_spots, unread, .. } = reading;
    let mut places = AuthorizedKeysPaths { patterns: matched, blind_spots, unread };
    match global {
        Some(patterns) => places.patterns.extend(patterns),
        None => places.patterns.extend([".ssh/authorized_keys".to_owned(), ".ssh/authorized_keys2".to_owned()]),
    }
    places.patterns.sort();
    places.patterns.dedup();
    places.patterns.retain(|pattern| !pattern.eq_ignore_ascii_case("none"));
    places
}

impl AuthorizedKeysPaths {
    /// Returns the files that may contain keys for an account.
    pub(super) fn of(&self, account: &PasswdEntry) -> Vec<String> {
        let place = |pattern: &String| {
            let filled = filled(pattern, account);
            if filled.starts_with('/') { filled } else { format!("{}/{filled}", account.home.trim_end_matches('/')) }
        };
        self.patterns.iter().map(place).collect()
    }
}

/// Returns a pattern with its tokens replaced.
fn filled(pattern: &str, account: &PasswdEntry) -> String {
    let mut filled = String::with_capacity(pattern.len());
    let mut rest = pattern.chars();
    while let Some(c) = rest.next() {
        match (c, c == '%') {
            (_, true) => match rest.next() {
                Some('h') => filled.push_str(&account.home),
                Some('u') => filled.push_str(&account.name),
                Some('U') => filled.push_str(&account.uid.to_string()),
                Some('%') | None => filled.push('%'),
                Some(other) => filled.extend(['%', other]),
            },
            (c, false) => filled.push(c),
        }
    }
    filled
}

#[derive(Default)]
struct SshdConfigReader {
    global: Option<Vec<String>>,
    matched: Vec<String>,
    in_match: bool,
    blind_spots: Vec<String>,
    unread: Vec<String>,
}

impl SshdConfigReader {
    fn file(&mut self, root: &RootDir, path: &str, depth: usize) {
        let content = match root.read_if_there(path) {
            Ok(Some(content)) => content,
            Ok(None) => return,
            Err(error) => return self.not_read(path, &error),
        };
        let around = self.in_match;
        for line in String::from_utf8_lossy(&content.bytes).lines() {
            self.line(root, path, line, depth);
        }
        // A Match block ends with its file.
        self.in_match = around;
    }

    fn line(&mut self, root: &RootDir, path: &str, line: &str, depth: usize) {
        let line = line.trim_matches([' ', '\t', '\r', '\x0c']);
        let (word, value) = line.split_once([' ', '\t', '=']).unwrap_or((line, ""));
        let value = value.trim_start_matches([' ', '\t']);
        let value = value.strip_prefix('=').unwrap_or(value);
        match word.trim_matches('"').to_ascii_lowercase().as_str() {
            "authorizedkeysfile" if self.in_match => self.matched.extend(words(value)),
            // sshd_config(5): the first value is used.
            "authorizedkeysfile" if self.global.is_none() => self.global = Some(words(value)),
            "authorizedkeyscommand" | "trustedusercakeys" | "authorizedprincipalscommand"
                if words(value).first().is_some_and(|v| !v.eq_ignore_ascii_case("none")) =>
            {
                self.blind_spots
                    .push(format!("{path} has {word}: it accepts keys that are not in a file of an account"));
            }
            "include" if depth < DEEPEST_INCLUDE => {
                for pattern in words(value) {
                    self.include(root, &pattern, depth);
                }
            }
            "include" => self.blind_spots.push(format!("{path} is nested too deeply for sshd; {line} is not followed")),
            "match" => self.in_match = true,
            _ => {}
        }
    }

    fn include(&mut self, root: &RootDir, pattern: &str, depth: usize) {
        let pattern = if pattern.starts_with('/') { pattern.to_owned() } else { format!("/etc/ssh/{pattern}") };
        match path_glob::expand(root, &pattern) {
            Ok(paths) => paths.iter().for_each(|path| self.file(root, path, depth + 1)),
            Err(error) => self.not_read(&pattern, &error),
        }
    }

    fn not_read(&mut self, path: &str, error: &ConnectorError) {
        self.blind_spots.push(format!("{path} cannot be read, and may name other files of keys: {error}"));
        self.unread.push(path.to_owned());
    }
}

/// Splits a value into words as sshd does: quotes of both kinds, `\` before a quote, a blank or itself, `#` before a
/// comment.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' if rest
                .peek()
                .is_some_and(|next| matches!(next, '\'' | '"' | '\\') || (quote.is_none() && *next == ' ')) =>
            {
                word.get_or_insert_default().extend(rest.next());
            }
            _ if quote == Some(c) => quote = None,
            '"' | '\'' if quote.is_none() => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            ' ' | '\t' if quote.is_none() => words.extend(word.take()),
            '#' if quote.is_none() && word.is_none() => break,
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

const DEEPEST_INCLUDE: usize = 16; // As in sshd.

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_split_as_by_sshd() {
        for (text, wanted) in [
            ("\"/etc/ssh/key dir/%u\" .ssh/a", &["/etc/ssh/key dir/%u", ".ssh/a"][..]),
            ("a\\ b 'c d'e", &["a b", "c de"]),
            ("/a#b # comment", &["/a#b"]),
            ("  \"\\\"x\\\"\"", &["\"x\""]),
        ] {
            assert_eq!(words(text), wanted, "{text}");
        }
    }

    #[test]
    fn tokens_are_replaced_once() {
        let line = b"%h:x:7:7::/home/%u:/bin/sh\n";
        let account = super::super::account_files::accounts(line).rows.remove(0).value;
        assert_eq!(filled("%h/%u-%U%%u", &account), "/home/%u/%h-7%u");
    }
}
