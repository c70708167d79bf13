//! Takes everything that decides about a request to sudo from one read of a system.

use super::{
    rights::{CommandFiles, SudoWorld},
    snapshot::HostSnapshot,
};
use std::collections::BTreeMap;

/// Returns the rules of doas in the form of rules of sudo; `None` without any.
pub(super) fn doas_world<'a>(tree: &HostSnapshot, files: &'a dyn CommandFiles) -> Option<SudoWorld<'a>> {
    let world = || SudoWorld {
        directory: tree.directory.clone(),
        rules: tree.doas.clone().into(),
        host: tree.surroundings.host.clone(),
        netgroups: tree.surroundings.netgroups.clone(),
        settings: BTreeMap::new(),
        limited: Vec::new(),
        files,
        now: tree.surroundings.now,
    };
    (!tree.doas.is_empty()).then(world)
}

/// Returns the rules of a system that was read, with everything that they refer to.
pub(super) fn sudo_world<'a>(tree: &HostSnapshot, files: &'a dyn CommandFiles) -> SudoWorld<'a> {
    SudoWorld {
        directory: tree.directory.clone(),
        rules: tree.rules.clone(),
        host: tree.surroundings.host.clone(),
        netgroups: tree.surroundings.netgroups.clone(),
        settings: tree.sudoers.comparison.clone(),
        limited: tree.sudoers.limited.clone(),
        files,
        now: tree.surroundings.now,
    }
}
