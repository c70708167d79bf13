//! Compares who may do what before and after a drafted change, over the live files, immediately before they are written.
//!
//! A change gives nothing to any account. It takes from its principal, and from those that the plan names, what the
//! decided change takes only: what a rule would be without one member of its list is the measure.

use super::{
    file_edits::PendingWrites,
    grant_key::SudoersPrincipal,
    hidden_rules::{first_step, source_of, ssh_login},
    rights::{
        ApplicableRule, Decision, ListMember, RuleCommand, SudoRequest, SudoRule, SudoSubject, SudoWorld, TreeFiles,
        applicable, decide_by, probes,
    },
    root_dir::RootDir,
    snapshot::HostSnapshot,
    sudo_request,
    sudo_world::{doas_world, sudo_world},
    sudoers::read_rights,
    text::shown,
};
use crate::{
    connector::ConnectorError,
    model::{AccessChange, ExpectedState, GrantKind, action::ActionSpec},
};
use std::{collections::BTreeSet, sync::Arc};

/// Compares the files as they were read with their drafted contents.
///
/// # Errors
/// [`ConnectorError::PreconditionFailed`] with the names of those who would gain, or lose what the plan does not name.
pub(super) fn check(
    root: &RootDir,
    action: &ActionSpec,
    tree: &HostSnapshot,
    work: &PendingWrites<'_>,
) -> Result<(), ConnectorError> {
    if !work.changes_rights() {
        return Ok(());
    }
    let drafted = tree.drafted(&|path| work.changed(path).map(<[u8]>::to_vec));
    let files = TreeFiles::below(root);
    let touched = touched(tree, &drafted);
    match harm_of(action, (tree, &drafted), &files, touched.as_ref()) {
        None => Ok(()),
        Some(harm) => Err(ConnectorError::PreconditionFailed(harm)),
    }
}

/// Returns the harm of an action by the comparison of the reached accounts, and by that of all accounts.
#[cfg(test)]
pub(super) fn compared_both_ways(
    root: &RootDir,
    action: &ActionSpec,
    tree: &HostSnapshot,
) -> Result<[Option<String>; 2], ConnectorError> {
    let mut work = PendingWrites::on(tree);
    action.operations.iter().try_for_each(|operation| work.apply(operation))?;
    let drafted = tree.drafted(&|path| work.changed(path).map(<[u8]>::to_vec));
    let files = TreeFiles::below(root);
    let touched = touched(tree, &drafted);
    Ok([touched.as_ref(), None].map(|touched| harm_of(action, (tree, &drafted), &files, touched)))
}

/// Returns who would gain or lose, of the accounts that have other groups and those that changed rules reach.
fn harm_of(
    action: &ActionSpec,
    (tree, drafted): (&HostSnapshot, &HostSnapshot),
    files: &TreeFiles<'_>,
    touched: Option<&BTreeSet<String>>,
) -> Option<String> {
    let (before, after) = (sudo_world(tree, files), sudo_world(drafted, files));
    let decided = decided(action, tree, files);
    let compared =
        Comparison { action, tree: drafted, before: &before, after: &after, decided: decided.as_ref(), touched };
    let by_doas = || {
        let (before, after) = (doas_world(tree, files)?, doas_world(drafted, files)?);
        Comparison { action, tree: drafted, before: &before, after: &after, decided: None, touched }.harm()
    };
    compared.harm().or_else(by_doas).or_else(|| compared.ssh_harm())
}

/// Returns the accounts that may have other names, ids or groups; `None` for all accounts.
fn touched(old: &HostSnapshot, new: &HostSnapshot) -> Option<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    let (gone, come) = old.accounts.differing(&new.accounts);
    for account in gone.into_iter().chain(come) {
        names.insert(account.name.clone());
        old.directory.names_with(account.uid, &mut names);
        new.directory.names_with(account.uid, &mut names);
        // A later line of the same name may count now.
        for tree in [old, new] {
            let uids = tree.directory.alike(&account.name).map(|one| one.uid).collect::<BTreeSet<_>>();
            uids.into_iter().for_each(|uid| tree.directory.names_with(uid, &mut names));
        }
    }
    if Arc::ptr_eq(&old.groups, &new.groups) {
        return Some(names);
    }
    // Another name of a group concerns all of its members.
    if !old.groups.has_index_of(&new.groups) {
        return None;
    }
    let (gone, come) = old.groups.differing(&new.groups);
    for (old, new) in gone.into_iter().zip(come) {
        let (old, new): (BTreeSet<&String>, BTreeSet<&String>) =
            (old.members.iter().collect(), new.members.iter().collect());
        names.extend(old.symmetric_difference(&new).map(|name| (*name).clone()));
    }
    Some(names)
}

/// Returns the rules of the system as the decision wants them; `None` when the decision is not about a rule.
fn decided<'a>(action: &ActionSpec, tree: &HostSnapshot, files: &'a TreeFiles<'a>) -> Option<SudoWorld<'a>> {
    let grant = &action.grant;
    if grant.kind != GrantKind::Rule {
        return None;
    }
    let ids = &grant.paths.first()?.ids;
    let digest = ids.rsplit('/').next()?;
    let file = grant.attribute("file")?;
    let new = match (&action.change, &action.expects) {
        (AccessChange::Reduce { .. }, ExpectedState::Shows(shown)) => Some(read_rights(shown.get("commands")?)?),
        _ => None,
    };
    let mut world = sudo_world(tree, files);
    let is_holder = |member: &ListMember| {
        !member.negated && SudoersPrincipal::listed(tree, &member.name).id() == grant.principal.id
    };
    let mut rules = Vec::new();
    for rule in world.rules.iter().cloned() {
        let place =
            rule.users.iter().rposition(is_holder).filter(|_| rule.digest == digest && shown(&rule.file) == file);
        let Some(place) = place else {
            rules.push(rule);
            continue;
        };
        let reduced = new.as_ref().map(|rights| SudoRule {
            // The member, and what the list excludes after it.
            users: rule.users[place..]
                .iter()
                .enumerate()
                .filter(|(at, member)| *at == 0 || member.negated)
                .map(|(_, member)| member.clone())
                .collect(),
            commands: rights.iter().map(RuleCommand::of).collect(),
            ..rule.clone()
        });
        rules
            .push(SudoRule { users: rule.users.iter().filter(|member| !is_holder(member)).cloned().collect(), ..rule });
        rules.extend(reduced);
    }
    world.rules = Arc::new(rules);
    Some(world)
}

struct Comparison<'a> {
    action: &'a ActionSpec,
    tree: &'a HostSnapshot,
    before: &'a SudoWorld<'a>,
    after: &'a SudoWorld<'a>,
    decided: Option<&'a SudoWorld<'a>>,
    /// The accounts that may have other names, ids or groups; `None` for all.
    touched: Option<&'a BTreeSet<String>>,
}

impl Comparison<'_> {
    /// Returns who would gain or lose, in words.
    fn harm(&self) -> Option<String> {
        let alike = |old: &SudoSubject, new: &SudoSubject| {
            let (was, is) = (applicable(self.before, old), applicable(self.after, new));
            let same = |(one, other): (&ApplicableRule, &ApplicableRule)| {
                let (before, after) = (self.before.rules.get(one.rule), self.after.rules.get(other.rule));
                let alike = before.zip(after).is_some_and(|(a, b)| (&a.file, &a.digest) == (&b.file, &b.digest));
                one.doubt == other.doubt && alike
            };
            was.len() == is.len() && was.iter().zip(&is).all(same)
        };
        let runas = runas_changes(self.before, self.after);
        for name in self.reached().filter(|_| !runas).unwrap_or_else(|| self.everyone()) {
            let (Some(old), Some(new)) = (self.before.directory.subject(&name), self.after.directory.subject(&name))
            else {
                continue;
            };
            if !runas && alike(&old, &new) {
                continue;
            }
            if let Some(harm) = self.harm_for(&old, &new) {
                return Some(harm);
            }
        }
        None
    }

    fn everyone(&self) -> BTreeSet<String> {
        self.before.directory.accounts().iter().map(|account| account.name.clone()).collect()
    }

    /// Returns the accounts to which other rules may apply: the touched ones, and those that changed rules may include.
    /// `None` for all accounts.
    fn reached(&self) -> Option<BTreeSet<String>> {
        let mut names = self.touched?.clone();
        let (old, new) = (self.before, self.after);
        if (&old.settings, &old.limited, &old.host, &old.netgroups)
            != (&new.settings, &new.limited, &new.host, &new.netgroups)
        {
            return None;
        }
        let same = |(a, b): &(&SudoRule, &SudoRule)| {
            (&a.file, &a.digest, &a.users, &a.hosts) == (&b.file, &b.digest, &b.users, &b.hosts)
        };
        if Arc::ptr_eq(&old.rules, &new.rules) {
            return Some(names);
        }
        let start = old.rules.iter().zip(new.rules.iter()).take_while(same).count();
        let (gone, come) = (old.rules.get(start..)?, new.rules.get(start..)?);
        let end = gone.iter().rev().zip(come.iter().rev()).take_while(same).count();
        let (gone, come) = (gone.get(..gone.len() - end)?, come.get(..come.len() - end)?);
        let some = gone.iter().all(|rule| old.may_include(&rule.users, &mut names))
            && come.iter().all(|rule| new.may_include(&rule.users, &mut names));
        some.then_some(names)
    }

    /// Returns who would gain by the settings of sshd for groups.
    fn ssh_harm(&self) -> Option<String> {
        let sshd = &self.tree.sshd;
        if !sshd.names_groups() {
            return None;
        }
        // In the order of the file.
        let accounts = self.before.directory.accounts().iter();
        let mut accounts = accounts.filter(|account| self.touched.is_none_or(|names| names.contains(&account.name)));
        accounts.find_map(|account| {
            let (old, new) =
                (self.before.directory.subject(&account.name)?, self.after.directory.subject(&account.name)?);
            let gain = (old != new).then(|| sshd.restriction_lost(&ssh_login(&old), &ssh_login(&new))).flatten()?;
            let step = first_step("/etc/ssh/sshd_config");
            Some(format!("{} would gain {gain}; {step}, or `certify` this grant", shown(&account.name)))
        })
    }

    fn harm_for(&self, old: &SudoSubject, new: &SudoSubject) -> Option<String> {
        let (was, is) = (applicable(self.before, old), applicable(self.after, new));
        let commands: Vec<&RuleCommand> = [(self.before, &was), (self.after, &is)]
            .into_iter()
            .flat_map(|(world, rules)| rules.iter().filter_map(|rule| world.rules.get(rule.rule)))
            .flat_map(|rule| &rule.commands)
            .collect();
        let ideal = self.decided.map(|world| (world, applicable(world, old)));
        for request in probes(self.before, old, &commands) {
            let target =
                |world: &SudoWorld<'_>| request.user.as_ref().is_none_or(|name| world.directory.named(name).is_some());
            if !target(self.after) {
                continue;
            }
            let before = decide_by(self.before, &was, old, &request);
            let after = decide_by(self.after, &is, new, &request);
            let allowed = |decision: &Decision| matches!(decision, Decision::Allowed(_));
            let gains = allowed(&after) && !allowed(&before) || before == Decision::Denied && after != Decision::Denied;
            if gains && !has_already(self.before, old, &request) {
                let gain = format!("{} would gain {}", shown(&new.login), sudo_request::words(&request, &new.login));
                let by = match after {
                    Decision::Allowed(place) | Decision::CannotTell(_, Some(place)) => {
                        source_of(self.after, place, self.tree)
                    }
                    _ => None,
                };
                return Some(match by {
                    Some(by) => format!("{gain}; {}, or `certify` this grant", first_step(&by)),
                    None => gain,
                });
            }
            if !allowed(&before) || allowed(&after) {
                continue;
            }
            let wanted = match &ideal {
                Some((world, rules)) => !allowed(&decide_by(world, rules, old, &request)),
                None => self.is_named(old),
            };
            if !wanted {
                return Some(format!(
                    "{} would lose {}, which the plan does not name",
                    shown(&old.login),
                    sudo_request::words(&request, &old.login)
                ));
            }
        }
        None
    }

    /// Returns whether the plan names the losses of an account.
    fn is_named(&self, subject: &SudoSubject) -> bool {
        let action = self.action;
        let named = |name: &str| action.loses.iter().any(|loss| loss.principal.trim_start_matches('%') == name);
        let everyone = action.loses.iter().any(|loss| loss.principal == "everyone");
        action.grant.principal.id == format!("uid:{}", subject.uid)
            || everyone
            || named(&shown(&subject.login))
            || action
                .loses
                .iter()
                .any(|loss| loss.principal.strip_prefix('%').is_some_and(|group| subject.groups.contains(group)))
    }
}

/// Returns whether a request asks for a group that its caller has, to run a command as itself: it needs no rule.
fn has_already(world: &SudoWorld<'_>, subject: &SudoSubject, request: &SudoRequest) -> bool {
    let itself = request.user.as_ref().is_none_or(|user| [&subject.login, &subject.name].contains(&user));
    let gid = request.group.as_ref().and_then(|group| world.directory.group_id(group));
    itself && gid.is_some_and(|gid| subject.gids.contains(&gid))
}

/// Returns whether groups of target users have other members, on which rules of others depend.
fn runas_changes(before: &SudoWorld<'_>, after: &SudoWorld<'_>) -> bool {
    let by_group = |rule: &SudoRule| {
        rule.commands.iter().any(|command| command.users.iter().any(|user| user.name.starts_with('%')))
    };
    let groups = |world: &SudoWorld<'_>| -> Vec<_> {
        world.directory.accounts().iter().filter_map(|account| world.directory.subject(&account.name)).collect()
    };
    before.rules.iter().any(by_group) && groups(before) != groups(after)
}
