//! Finds the authorized_keys files of an account: `AuthorizedKeysFile` of sshd_config(5).

use super::{account_files::PasswdEntry, root_dir::RootDir};
use crate::connector::ConnectorError;

/// The key-related part of the server configuration.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct AuthorizedKeysPaths {
    /// The patterns of files, such as `.ssh/authorized_keys`, including those of `Match` blocks.
    patterns: Vec<String>,
    /// Sources of keys other than files.
    pub blind_spots: Vec<String>,
}

/// Reads the configuration below the root; without one, the defaults of sshd apply.
pub(super) fn key_places(root: &RootDir) -> Result<AuthorizedKeysPaths, ConnectorError> {
    let mut reading = SshdConfigReader::default();
    reading.file(root, "/etc/ssh/sshd_config", 0)?;
    let mut places = AuthorizedKeysPaths { patterns: reading.matched, blind_spots: reading.blind_spots };
    match reading.global {
        Some(patterns) => places.patterns.extend(patterns),
        None => places.patterns.extend([".ssh/authorized_keys".to_owned(), ".ssh/authorized_keys2".to_owned()]),
    }
    places.patterns.sort();
    places.patterns.dedup();
    places.patterns.retain(|pattern| pattern != "none");
    Ok(places)
}

impl AuthorizedKeysPaths {
    /// Returns the files that may contain keys for an account.
    pub(super) fn of(&self, account: &PasswdEntry) -> Vec<String> {
        let place = |pattern: &String| {
            let (uid, percent) = (account.uid.to_string(), "\0");
            let filled = pattern.replace("%%", percent).replace("%h", &account.home).replace("%u", &account.name);
            let filled = filled.replace("%U", &uid).replace(percent, "%");
            if filled.starts_with('/') { filled } else { format!("{}/{filled}", account.home.trim_end_matches('/')) }
        };
        self.patterns.iter().map(place).collect()
    }
}

#[derive(Default)]
struct SshdConfigReader {
    global: Option<Vec<String>>,
    matched: Vec<String>,
    in_match: bool,
    blind_spots: Vec<String>,
}

impl SshdConfigReader {
    fn file(&mut self, root: &RootDir, path: &str, depth: usize) -> Result<(), ConnectorError> {
        let Some(content) = root.read_if_there(path)? else { return Ok(()) };
        for line in String::from_utf8_lossy(&content.bytes).lines() {
            let line = line.trim();
            let (word, value) = line.split_once([' ', '\t', '=']).unwrap_or((line, ""));
            let values = || {
                value.trim_start_matches(['=', ' ', '\t']).split_whitespace().map(|v| v.trim_matches('"').to_owned())
            };
            match word.to_ascii_lowercase().as_str() {
                "authorizedkeysfile" if self.in_match => self.matched.extend(values()),
                // sshd_config(5): the first value is used.
                "authorizedkeysfile" if self.global.is_none() => self.global = Some(values().collect()),
                "authorizedkeyscommand" | "trustedusercakeys" | "authorizedprincipalscommand"
                    if values().next().is_some_and(|v| v != "none") =>
                {
                    self.blind_spots
                        .push(format!("{path} has {word}: it accepts keys that are not in a file of an account"));
                }
                "include" if depth < 16 => {
                    for pattern in values() {
                        self.include(root, &pattern, depth)?;
                    }
                }
                "match" => self.in_match = true,
                _ => {}
            }
        }
        Ok(())
    }

    fn include(&mut self, root: &RootDir, pattern: &str, depth: usize) -> Result<(), ConnectorError> {
        let pattern = if pattern.starts_with('/') { pattern.to_owned() } else { format!("/etc/ssh/{pattern}") };
        let (directory, name) = pattern.rsplit_once('/').unwrap_or(("", &pattern));
        let Some((before, after)) = name.split_once('*') else { return self.file(root, &pattern, depth + 1) };
        let matched = self.in_match;
        for name in root.names(directory)?.unwrap_or_default() {
            let fits = name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after);
            if fits && !name.starts_with('.') {
                self.file(root, &format!("{directory}/{name}"), depth + 1)?;
                // A Match block ends with its file.
                self.in_match = matched;
            }
        }
        Ok(())
    }
}
