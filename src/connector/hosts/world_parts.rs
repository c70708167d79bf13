//! Rules, and accounts with their groups, in the form in which requests are decided. They are derived from parsed files, and
//! from the last form after a change of members.

use super::{
    account_files::{GroupEntry, PasswdEntry},
    account_table::AccountTable,
    rights::{AccountDirectory, ListMember, RuleCommand, SudoRule},
    rule_digest::{hosts, rule_digest},
    sudoers::{AliasKind, StatementKind, Sudoers, SudoersMember, expanded, written},
};
use std::collections::{BTreeMap, BTreeSet};

/// Returns the accounts and groups of a system.
pub(super) fn directory(accounts: &AccountTable<PasswdEntry>, groups: &AccountTable<GroupEntry>) -> AccountDirectory {
    let mut directory = AccountDirectory::default();
    for account in accounts.values() {
        directory.account(&account.name, account.uid, account.gid);
    }
    for group in groups.values() {
        directory.group(&group.name, group.gid, group.members.iter().map(String::as_str));
    }
    directory
}

/// Returns the accounts and groups after some lines of groups have other members; `None` when more than members differ.
pub(super) fn with_members(
    known: &AccountDirectory,
    old: &AccountTable<GroupEntry>,
    new: &AccountTable<GroupEntry>,
) -> Option<AccountDirectory> {
    if !old.has_index_of(new) || known.changes() > MOST_CHANGES {
        return None;
    }
    let mut changed: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
    let (gone, come) = old.differing(new);
    for (old, now) in gone.into_iter().zip(come) {
        let gid = old.gid;
        let (before, after): (BTreeSet<&String>, BTreeSet<&String>) =
            (old.members.iter().collect(), now.members.iter().collect());
        for member in before.symmetric_difference(&after) {
            let gids = changed
                .entry((*member).clone())
                .or_insert_with(|| known.memberships(member).cloned().unwrap_or_default());
            let lines = new.places_of_id(gid).into_iter().filter_map(|at| new.get(at)).map(|row| &row.value);
            match lines.filter(|row| row.gid == gid).any(|row| row.members.contains(member)) {
                true => gids.insert(gid),
                false => gids.remove(&gid),
            };
        }
    }
    Some(if changed.is_empty() { known.clone() } else { known.with_members(changed) })
}

/// Returns the rules of sudoers in the order in which sudo reads them.
pub(super) fn sudo_rules(sudoers: &Sudoers) -> Vec<SudoRule> {
    let mut rules = Vec::new();
    for (file, statement) in sudoers.statements() {
        let StatementKind::Spec(spec) = &statement.kind else { continue };
        for privilege in &spec.privileges {
            let rights = expanded(&privilege.commands, sudoers);
            let (text, hosts) = (written(&rights), hosts(sudoers, privilege));
            rules.push(SudoRule {
                file: file.to_owned(),
                line: statement.line,
                digest: rule_digest(&text, &hosts),
                text,
                users: flat(sudoers, AliasKind::User, &spec.users),
                hosts: flat(sudoers, AliasKind::Host, &privilege.hosts),
                commands: rights.iter().map(RuleCommand::of).collect(),
            });
        }
    }
    rules
}

fn flat(sudoers: &Sudoers, kind: AliasKind, items: &[SudoersMember]) -> Vec<ListMember> {
    let each = sudoers.flat(kind, items).into_iter();
    each.map(|(item, _)| ListMember { name: item.name, negated: item.negated }).collect()
}

/// The number of changed users after which a directory is built again.
const MOST_CHANGES: usize = 500;
