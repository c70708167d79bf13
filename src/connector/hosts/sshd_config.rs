//! The part of sshd_config(5) that decides who may log in, and with which files of keys.

use super::{
    account_files::PasswdEntry,
    path_glob,
    root_dir::RootDir,
    sshd_match::{Applies, MatchBlock, SshdLogin, any_listed},
};
use crate::connector::ConnectorError;

/// The settings of sshd that concern accounts and keys, in the order of the files.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct SshdConfig {
    settings: Vec<SshdSetting>,
    /// Sources of keys other than files.
    pub blind_spots: Vec<String>,
    /// Files of the configuration that exist and could not be read.
    pub unread: Vec<String>,
}

/// One setting.
#[derive(Clone, Debug, Eq, PartialEq)]
struct SshdSetting {
    /// The block that it belongs to; `None` for all logins.
    block: Option<MatchBlock>,
    /// Its name in lower case.
    name: String,
    values: Vec<String>,
}

/// Reads the configuration below the root; without one, the defaults of sshd apply.
pub(super) fn read(root: &RootDir) -> SshdConfig {
    let mut reading = SshdConfigReader::default();
    reading.file(root, "/etc/ssh/sshd_config", 0);
    reading.config
}

impl SshdConfig {
    /// Returns whether a setting depends on the groups of a login.
    pub(super) fn names_groups(&self) -> bool {
        self.settings.iter().any(|setting| {
            setting.name.ends_with("groups") || setting.block.as_ref().is_some_and(MatchBlock::names_groups)
        })
    }

    /// Returns the files that may contain keys for an account. Files of a block that may apply are among them.
    pub(super) fn key_files(&self, account: &PasswdEntry, groups: &dyn Fn(&str) -> Vec<String>) -> Vec<String> {
        let login = || SshdLogin { name: account.name.clone(), groups: groups(&account.name) };
        let place = |pattern: &String| {
            let filled = filled(pattern, account);
            if filled.starts_with('/') { filled } else { format!("{}/{filled}", account.home.trim_end_matches('/')) }
        };
        let patterns = match self.is_plain("authorizedkeysfile") {
            true => self.value("authorizedkeysfile", &SshdLogin::default()),
            false => self.value("authorizedkeysfile", &login()),
        };
        let mut patterns = match patterns {
            Some(patterns) => patterns,
            None => vec![".ssh/authorized_keys".to_owned(), ".ssh/authorized_keys2".to_owned()],
        };
        patterns.sort();
        patterns.dedup();
        patterns.retain(|pattern| !pattern.eq_ignore_ascii_case("none"));
        patterns.iter().map(place).collect()
    }

    fn is_plain(&self, name: &str) -> bool {
        self.settings.iter().all(|setting| setting.name != name || setting.block.is_none())
    }

    /// Returns the values of a setting for a login: those of the first block that applies, or the first ones outside of
    /// blocks; with those of blocks that may apply.
    fn value(&self, name: &str, login: &SshdLogin) -> Option<Vec<String>> {
        let all = || self.settings.iter().filter(|setting| setting.name == name);
        let mut found = Vec::new();
        for setting in all() {
            let Some(block) = &setting.block else { continue };
            match block.applies(login) {
                Applies::No => {}
                Applies::Perhaps => found.extend(setting.values.clone()),
                Applies::Yes => {
                    found.extend(setting.values.clone());
                    return Some(found);
                }
            }
        }
        match all().find(|setting| setting.block.is_none()) {
            Some(setting) => found.extend(setting.values.clone()),
            None if found.is_empty() => return None,
            None if name == "authorizedkeysfile" => {
                found.extend([".ssh/authorized_keys".to_owned(), ".ssh/authorized_keys2".to_owned()]);
            }
            None => {}
        }
        Some(found)
    }

    /// Returns all values of a list for a login: those of blocks that apply replace those outside of blocks.
    fn list(&self, name: &str, login: &SshdLogin) -> (Vec<&str>, bool) {
        let (mut inside, mut outside, mut sure) = (Vec::new(), Vec::new(), true);
        for setting in self.settings.iter().filter(|setting| setting.name == name) {
            let values = setting.values.iter().map(String::as_str);
            match setting.block.as_ref().map(|block| block.applies(login)) {
                None => outside.extend(values),
                Some(Applies::Yes) => inside.extend(values),
                Some(Applies::Perhaps) => sure = false,
                Some(Applies::No) => {}
            }
        }
        (if inside.is_empty() { outside } else { inside }, sure)
    }

    /// Returns whether the lists of users and groups permit a login.
    pub(super) fn permits(&self, login: &SshdLogin) -> Applies {
        let mut result = Applies::Yes;
        for (name, by_group, denies) in [
            ("denyusers", false, true),
            ("allowusers", false, false),
            ("denygroups", true, true),
            ("allowgroups", true, false),
        ] {
            let (patterns, sure) = self.list(name, login);
            let names: Vec<&str> = match by_group {
                true => login.groups.iter().map(String::as_str).collect(),
                false => vec![&login.name],
            };
            let matched = any_listed(&patterns, &names);
            let refuses = match (denies, patterns.is_empty()) {
                (_, true) => Applies::No,
                (true, _) => matched,
                (false, _) => match matched {
                    Applies::Yes => Applies::No,
                    Applies::No => Applies::Yes,
                    Applies::Perhaps => Applies::Perhaps,
                },
            };
            match (refuses, sure) {
                (Applies::Yes, true) => return Applies::No,
                (Applies::No, true) => {}
                _ => result = Applies::Perhaps,
            }
        }
        result
    }

    /// Returns whether a list of groups that may log in names a group.
    pub(super) fn allows_group(&self, group: &str) -> bool {
        let named = |setting: &SshdSetting| {
            let patterns: Vec<&str> = setting.values.iter().map(String::as_str).collect();
            setting.name == "allowgroups" && any_listed(&patterns, &[group]) != Applies::No
        };
        self.settings.iter().any(named)
    }

    /// Returns the restriction that a login loses with some of its groups.
    pub(super) fn restriction_lost(&self, with: &SshdLogin, without: &SshdLogin) -> Option<String> {
        if self.permits(with) == Applies::No && self.permits(without) != Applies::No {
            return Some("a login by ssh".to_owned());
        }
        let lost = |setting: &&SshdSetting| {
            let block = setting.block.as_ref();
            let applies = |login| block.map_or(Applies::No, |block| block.applies(login));
            setting.restricts() && applies(with) != Applies::No && applies(without) != applies(with)
        };
        self.settings
            .iter()
            .find(lost)
            .map(|setting| format!("logins by ssh without {} {}", setting.name, setting.values.join(" ")))
    }
}

impl SshdSetting {
    fn restricts(&self) -> bool {
        let value = self.values.first().map(|value| value.to_ascii_lowercase()).unwrap_or_default();
        match self.name.as_str() {
            "chrootdirectory" | "forcecommand" => value != "none",
            "authenticationmethods" | "permitlisten" | "permitopen" => value != "any",
            "disableforwarding" => value == "yes",
            _ => value == "no",
        }
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
    config: SshdConfig,
    block: Option<MatchBlock>,
    /// The block that includes the present file.
    around: Option<MatchBlock>,
}

impl SshdConfigReader {
    fn file(&mut self, root: &RootDir, path: &str, depth: usize) {
        let content = match root.read_if_there(path) {
            Ok(Some(content)) => content,
            Ok(None) => return,
            Err(error) => return self.not_read(path, &error),
        };
        let (block, around) = (self.block.clone(), std::mem::replace(&mut self.around, self.block.clone()));
        for line in String::from_utf8_lossy(&content.bytes).lines() {
            self.line(root, path, line, depth);
        }
        // A Match block ends with its file.
        (self.block, self.around) = (block, around);
    }

    fn line(&mut self, root: &RootDir, path: &str, line: &str, depth: usize) {
        let line = line.trim_matches([' ', '\t', '\r', '\x0c']);
        let (word, value) = line.split_once([' ', '\t', '=']).unwrap_or((line, ""));
        let value = value.trim_start_matches([' ', '\t']);
        let value = value.strip_prefix('=').unwrap_or(value);
        let name = word.trim_matches('"').to_ascii_lowercase();
        match name.as_str() {
            "authorizedkeyscommand" | "trustedusercakeys" | "authorizedprincipalscommand"
                if words(value).first().is_some_and(|v| !v.eq_ignore_ascii_case("none")) =>
            {
                self.config
                    .blind_spots
                    .push(format!("{path} has {word}: it accepts keys that are not in a file of an account"));
            }
            "hostbasedauthentication" if value.trim().eq_ignore_ascii_case("yes") => {
                self.config.blind_spots.push(format!(
                    "{path} has {word}: users of the hosts in .shosts, .rhosts and hosts.equiv log in without a key of their own"
                ));
            }
            "include" if depth < DEEPEST_INCLUDE => {
                for pattern in words(value) {
                    self.include(root, &pattern, depth);
                }
            }
            "include" => {
                self.config.blind_spots.push(format!("{path} is nested too deeply for sshd; {line} is not followed"));
            }
            "match" => self.block = Some(MatchBlock::parse(&words(value), self.around.as_ref())),
            "" => {}
            _ if name.starts_with('#') => {}
            _ => self.config.settings.push(SshdSetting { block: self.block.clone(), name, values: words(value) }),
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
        self.config.blind_spots.push(format!("{path} cannot be read, and may name other files of keys: {error}"));
        self.config.unread.push(path.to_owned());
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
