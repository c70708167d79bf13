//! Identity of a rule among the rules of one principal in one file.

use super::sudoers::{AliasKind, HostSpec, Sudoers};
use crate::model::Digest;

/// Returns the hosts of a privilege as text, with aliases expanded.
pub(super) fn hosts(sudoers: &Sudoers, privilege: &HostSpec) -> String {
    let flat = sudoers.flat(AliasKind::Host, &privilege.hosts);
    let each: Vec<String> =
        flat.iter().map(|(item, _)| format!("{}{}", if item.negated { "!" } else { "" }, item.name)).collect();
    each.join(",")
}

/// Returns the digest that distinguishes rules of one principal in one file: their commands and hosts.
pub(super) fn rule_digest(commands: &str, hosts: &str) -> String {
    Digest::of(format!("{commands}\n{hosts}\n")).hex()[..24].to_owned()
}
