//! Takes everything that decides about a request to sudo from one read of a system.

use super::{
    rights::{AccountDirectory, CommandFiles, ListMember, RuleCommand, SudoRule, SudoWorld},
    rule_digest::{hosts, rule_digest},
    snapshot::HostSnapshot,
    sudoers::{AliasKind, StatementKind, SudoersMember, expanded, written},
};
use std::collections::BTreeMap;

/// Returns the rules of doas in the form of rules of sudo; `None` without any.
pub(super) fn doas_world<'a>(tree: &HostSnapshot, files: &'a dyn CommandFiles) -> Option<SudoWorld<'a>> {
    let world = || SudoWorld {
        directory: directory(tree),
        rules: tree.doas.clone(),
        host: tree.surroundings.host.clone(),
        netgroups: tree.surroundings.netgroups.clone(),
        settings: BTreeMap::new(),
        limited: Vec::new(),
        files,
        now: tree.surroundings.now,
    };
    (!tree.doas.is_empty()).then(world)
}

fn directory(tree: &HostSnapshot) -> AccountDirectory {
    let mut directory = AccountDirectory::default();
    for account in tree.accounts.iter().map(|row| &row.value) {
        directory.account(&account.name, account.uid, account.gid);
    }
    for group in tree.groups.iter().map(|row| &row.value) {
        directory.group(&group.name, group.gid, group.members.iter().map(String::as_str));
    }
    directory
}

/// Returns the rules of a system that was read, with everything that they refer to.
pub(super) fn sudo_world<'a>(tree: &HostSnapshot, files: &'a dyn CommandFiles) -> SudoWorld<'a> {
    let mut rules = Vec::new();
    for (file, statement) in tree.sudoers.statements() {
        let StatementKind::Spec(spec) = &statement.kind else { continue };
        for privilege in &spec.privileges {
            let rights = expanded(&privilege.commands, &tree.sudoers);
            let (text, hosts) = (written(&rights), hosts(tree, privilege));
            rules.push(SudoRule {
                file: file.to_owned(),
                line: statement.line,
                digest: rule_digest(&text, &hosts),
                text,
                users: flat(tree, AliasKind::User, &spec.users),
                hosts: flat(tree, AliasKind::Host, &privilege.hosts),
                commands: rights.iter().map(RuleCommand::of).collect(),
            });
        }
    }
    SudoWorld {
        directory: directory(tree),
        rules,
        host: tree.surroundings.host.clone(),
        netgroups: tree.surroundings.netgroups.clone(),
        settings: tree.sudoers.comparison.clone(),
        limited: tree.sudoers.limited.clone(),
        files,
        now: tree.surroundings.now,
    }
}

fn flat(tree: &HostSnapshot, kind: AliasKind, items: &[SudoersMember]) -> Vec<ListMember> {
    let each = tree.sudoers.flat(kind, items).into_iter();
    each.map(|(item, _)| ListMember { name: item.name, negated: item.negated }).collect()
}
