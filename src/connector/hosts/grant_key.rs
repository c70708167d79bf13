//! Immutable ids and names of what a system grants.
//!
//! Linux has no id that is never given again: a uid goes to the next account, a name to the next person, and half of the
//! system binds to the one (files, processes), half to the other (groups, sudo rules, shadow). An account is therefore the
//! *pair* of uid and name, and so are the keys of all its grants. A renamed account is another key, and so is one that took
//! over a name or a uid; a decision on the old pair never reaches it. Who deletes an account and makes another with the
//! same uid *and* name has made the same account again as far as the system can tell: what was left to it still works.

use super::snapshot::HostSnapshot;
use crate::{
    connector::ConnectorError,
    model::{Digest, GrantKey, Principal},
};
use std::fmt::Write;

/// Who holds something, as it was written in a file.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum SudoersPrincipal {
    /// An account: uid and name.
    Account(u32, String),
    /// Everybody.
    Everyone,
    /// A group: gid and name.
    Group(u32, String),
    /// A name no file here explains.
    Unknown(String),
}

impl SudoersPrincipal {
    /// Returns who `name` is on this system.
    pub(super) fn user(tree: &HostSnapshot, name: &str) -> Self {
        match tree.account(name) {
            Some(account) => Self::Account(account.uid, account.name.clone()),
            None => Self::Unknown(format!("name:{}", part(name))),
        }
    }

    /// Returns who an item in a list of users of sudoers(5) is.
    pub(super) fn listed(tree: &HostSnapshot, name: &str) -> Self {
        if name == "ALL" {
            return Self::Everyone;
        }
        if let Some(uid) = name.strip_prefix('#').and_then(|digits| digits.parse::<u32>().ok()) {
            return Self::Account(uid, tree.account_of(uid).map(|account| account.name.clone()).unwrap_or_default());
        }
        if let Some(gid) = name.strip_prefix("%#").and_then(|digits| digits.parse::<u32>().ok()) {
            return Self::Group(gid, tree.group_of(gid).map(|group| group.name.clone()).unwrap_or_default());
        }
        match name.strip_prefix('%') {
            Some(group) => match tree.group(group) {
                Some(group) => Self::Group(group.gid, group.name.clone()),
                None => Self::Unknown(format!("group-name:{}", part(group))),
            },
            None if name.starts_with('+') => Self::Unknown(format!("netgroup:{}", part(&name[1..]))),
            None => Self::user(tree, name),
        }
    }

    /// Returns the id that grants are looked up by.
    pub(super) fn id(&self) -> String {
        match self {
            Self::Account(uid, _) => format!("uid:{uid}"),
            Self::Everyone => "everyone".to_owned(),
            Self::Group(gid, _) => format!("gid:{gid}"),
            Self::Unknown(id) => id.clone(),
        }
    }

    /// Returns id and name, for keys.
    pub(super) fn bound(&self) -> String {
        match self {
            Self::Account(uid, name) => format!("uid:{uid}:{}", part(name)),
            Self::Group(gid, name) => format!("gid:{gid}:{}", part(name)),
            other => other.id(),
        }
    }

    /// Returns the holder with the name people know.
    pub(super) fn principal(&self) -> Principal {
        let name = match self {
            Self::Account(uid, name) if name.is_empty() => format!("#{uid}"),
            Self::Account(_, name) => shown(name),
            Self::Everyone => "everyone".to_owned(),
            Self::Group(gid, name) if name.is_empty() => format!("%#{gid}"),
            Self::Group(_, name) => format!("%{}", shown(name)),
            Self::Unknown(id) => id.clone(),
        };
        Principal { id: self.id(), name }
    }
}

/// Returns the account that the key of a grant binds, as its uid and its name.
pub(super) fn bound_account(text: &str) -> Option<(u32, String)> {
    let (uid, name) = text.strip_prefix("uid:")?.split_once(':')?;
    Some((uid.parse().ok()?, name.to_owned()))
}

/// Returns a key of `parts`, or of their digest where they are too long for a key.
///
/// # Errors
/// Never for parts of printable ASCII; the type cannot say so.
pub(super) fn key(parts: &[&str]) -> Result<GrantKey, ConnectorError> {
    let text = parts.join(":");
    let short = || format!("{}:{}", parts.first().unwrap_or(&"key"), Digest::of(&text).hex());
    let key = GrantKey::parse(&text).or_else(|_| GrantKey::parse(&short()));
    key.map_err(|error| ConnectorError::Permanent(error.to_string()))
}

/// Writes what a file may hold as a part of a key: printable ASCII without the separators, the rest as `%XX`.
pub(super) fn part(text: &str) -> String {
    let mut part = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"._-+@$".contains(&byte) {
            part.push(char::from(byte));
        } else {
            let _ = write!(part, "%{byte:02X}");
        }
    }
    part
}

/// Writes a path as a part of a key.
pub(super) fn path_part(path: &str) -> String {
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// Writes what a file may hold so that it cannot deceive a reader: printable ASCII and Latin letters stay as they are.
pub(super) fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars().take(LONGEST) {
        if is_plain(c) {
            shown.push(c);
        } else {
            let _ = write!(shown, "\\u{{{:x}}}", c as u32);
        }
    }
    shown
}

/// Returns whether a character is what it looks like: printable ASCII, a blank, or a Latin letter with a mark.
pub(super) fn is_plain(c: char) -> bool {
    c.is_ascii_graphic() || c == ' ' || matches!(c, '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{17f}')
}

const LONGEST: usize = 200;
