//! Descriptions of groups and sudo rules for reviewers.

use crate::{connector::PrivilegePhrase, model::GrantKind};

/// Returns the description of a well-known group of Debian, or of a sudo rule that permits everything.
pub(super) fn phrase(kind: Option<GrantKind>, entitlement: &str) -> Option<PrivilegePhrase> {
    let known = GROUPS.iter().find(|(name, _)| *name == entitlement).map(|(_, phrase)| *phrase);
    let rule = || matches!(kind, Some(GrantKind::Rule) | None).then(|| sudo(entitlement)).flatten();
    known.or_else(rule).map(PrivilegePhrase::Capability)
}

/// Returns the description of a rule such as `sudo (ALL:ALL) NOPASSWD: ALL`.
fn sudo(name: &str) -> Option<&'static str> {
    let rest = name.strip_prefix("sudo (")?;
    let (who, what) = rest.split_once(") ")?;
    let as_root =
        who.split(':').next().is_some_and(|users| users.split(',').any(|user| ["ALL", "root"].contains(&user.trim())));
    match (as_root, what.trim()) {
        (true, "ALL") => Some("run anything as root"),
        (true, "NOPASSWD: ALL") => Some("run anything as root, without a password"),
        _ => None,
    }
}

const GROUPS: &[(&str, &str)] = &[
    ("group sudo", "run commands as root, as permitted to the group by sudo"),
    ("group wheel", "run commands as root, as permitted to the group by sudo"),
    ("group docker", "become root through a container"),
    ("group lxd", "become root through a container"),
    ("group incus", "become root through a container"),
    ("group libvirt", "become root through a virtual machine"),
    ("group disk", "read and write raw disks, bypassing file permissions"),
    ("group shadow", "read password hashes"),
    ("group adm", "read system logs"),
    ("group systemd-journal", "read system logs"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sudo_rule_for_everything_is_described() {
        assert_eq!(sudo("sudo (ALL:ALL) ALL"), Some("run anything as root"));
        assert_eq!(sudo("sudo (root) NOPASSWD: ALL"), Some("run anything as root, without a password"));
        assert_eq!(sudo("sudo (www-data) ALL"), None);
        assert_eq!(sudo("sudo (root) NOPASSWD: /usr/bin/systemctl restart shop"), None);
    }
}
