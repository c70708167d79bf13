//! Immutable ids and display names of grants on a host.
//!
//! Linux has no id that is never reused: a uid can be given to another account, a name to another person, and parts of
//! the system use the one (files, processes) or the other (groups, sudo rules, shadow). An account is therefore
//! identified by the *pair* of uid and name, and so are the keys of all its grants. A renamed account has another key,
//! and so has one that reuses a name or a uid; a decision on the old pair never applies to it. An account that is
//! deleted and created again with the same uid *and* name cannot be distinguished: its remaining grants still work.

use super::{rights::ignores_case, snapshot::HostSnapshot, text::shown};
use crate::{
    connector::ConnectorError,
    model::{Digest, GrantKey, Principal},
};
use std::fmt::Write;

/// A principal as written in a file.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum SudoersPrincipal {
    /// An account: uid and name.
    Account(u32, String),
    /// All users.
    Everyone,
    /// A group: gid and name.
    Group(u32, String),
    /// A name that no file on the system defines.
    Unknown(String),
}

impl SudoersPrincipal {
    /// Returns the principal with the user name `name` on this system.
    pub(super) fn user(tree: &HostSnapshot, name: &str) -> Self {
        match tree.account(name) {
            Some(account) => Self::Account(account.uid, account.name.clone()),
            None => Self::Unknown(format!("name:{}", part(name))),
        }
    }

    /// Returns the principal of an item in a list of users of sudoers(5).
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
            Some(group) => match tree.group(group).or_else(|| {
                let groups = tree.groups.values();
                alike(tree, "case_insensitive_group", group, groups, |group| &group.name)
            }) {
                Some(group) => Self::Group(group.gid, group.name.clone()),
                None => Self::Unknown(format!("group-name:{}", part(group))),
            },
            None if name.starts_with('+') => Self::Unknown(format!("netgroup:{}", part(&name[1..]))),
            None if tree.account(name).is_none() => {
                let accounts = tree.accounts.values();
                let account = alike(tree, "case_insensitive_user", name, accounts, |account| &account.name);
                Self::user(tree, account.map_or(name, |account| &account.name))
            }
            None => Self::user(tree, name),
        }
    }

    /// Returns the id for looking up grants.
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

    /// Returns the principal with its display name.
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

/// Returns the first entry whose name is equal to a name of sudoers(5) without regard to case, unless the setting is
/// negated.
fn alike<'a, T>(
    tree: &HostSnapshot,
    setting: &str,
    name: &str,
    mut entries: impl Iterator<Item = &'a T>,
    name_of: impl Fn(&T) -> &String,
) -> Option<&'a T> {
    let ignored = ignores_case(&tree.sudoers.comparison, setting);
    entries.find(|entry| ignored && name_of(entry).eq_ignore_ascii_case(name))
}

/// Returns the uid and name of the account in the key of a grant.
pub(super) fn bound_account(text: &str) -> Option<(u32, String)> {
    let (uid, name) = text.strip_prefix("uid:")?.split_once(':')?;
    Some((uid.parse().ok()?, name.to_owned()))
}

/// Returns a key of `parts`, or of their digest if they are too long for a key.
///
/// # Errors
/// Never for parts of printable ASCII; the type cannot express this.
pub(super) fn key(parts: &[&str]) -> Result<GrantKey, ConnectorError> {
    let text = parts.join(":");
    let short = || format!("{}:{}", parts.first().unwrap_or(&"key"), Digest::of(&text).hex());
    let key = GrantKey::parse(&text).or_else(|_| GrantKey::parse(&short()));
    key.map_err(|error| ConnectorError::Permanent(error.to_string()))
}

/// Encodes a text as a part of a key: printable ASCII without the separators, the rest as `%XX`.
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

/// Decodes a part of a key.
pub(super) fn decoded(part: &str) -> String {
    percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned()
}

/// Encodes a path as a part of a key.
pub(super) fn path_part(path: &str) -> String {
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}
