//! Rights that a denial hides, so that its removal would give them.
//!
//! They depend on other rules, and are therefore written into the text of a path, which is not part of the digest that a
//! review is bound to: a decision about the denial stays valid when the hidden rule is revoked first.

use super::{
    grant_key::{SudoersPrincipal, key, path_part},
    rights::{Decision, ListMember, RuleCommand, RulePlace, SudoSubject, SudoWorld, applicable, decide_by, probes},
    snapshot::HostSnapshot,
    sshd_match::SshdLogin,
    sudo_request::words,
    text::shown,
};
use crate::model::Grant;
use std::{collections::BTreeMap, sync::Arc};

/// Returns the text of a path with the rights that appear without it.
pub(super) fn with_hidden(text: String, hidden: Option<HiddenRight>) -> String {
    match hidden {
        Some(HiddenRight { gain, by }) => format!("{text}{WITHOUT}{gain}{BY}{by}"),
        None => text,
    }
}

/// A right that appears without a grant.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct HiddenRight {
    /// The right, with its holder.
    pub gain: String,
    /// The key of the grant that gives it.
    pub by: String,
}

/// Returns the right that appears without a grant, as collected.
pub(super) fn hidden_without(grant: &Grant) -> Option<HiddenRight> {
    let (_, hidden) = grant.paths.first()?.text.rsplit_once(WITHOUT)?;
    let (gain, by) = hidden.rsplit_once(BY)?;
    Some(HiddenRight { gain: gain.to_owned(), by: by.to_owned() })
}

/// Returns what an account would gain if one rule lost the principal: what its denials hide; `None` for nothing. Without
/// the files of the system, only certain answers count.
pub(super) fn hidden_by(
    world: &SudoWorld<'_>,
    tree: &HostSnapshot,
    file: &str,
    digest: &str,
    who: &SudoersPrincipal,
) -> Option<HiddenRight> {
    let id = who.id();
    let holds = |member: &ListMember| !member.negated && SudoersPrincipal::listed(tree, &member.name).id() == id;
    let mut after = world.clone();
    for rule in Arc::make_mut(&mut after.rules).iter_mut().filter(|rule| rule.digest == digest && rule.file == file) {
        rule.users.retain(|member| !holds(member));
    }
    let mut accounts = world.directory.accounts().iter().filter_map(|account| world.directory.subject(&account.name));
    accounts.find_map(|subject| gained((world, &subject), (&after, &subject), tree))
}

/// Returns what a user gains in another world, or with other groups.
fn gained(
    (world, old): (&SudoWorld<'_>, &SudoSubject),
    (after, new): (&SudoWorld<'_>, &SudoSubject),
    tree: &HostSnapshot,
) -> Option<HiddenRight> {
    let (was, is) = (applicable(world, old), applicable(after, new));
    let places = |rules: &[super::rights::ApplicableRule]| -> Vec<_> {
        rules.iter().map(|rule| (rule.rule, rule.doubt.is_some())).collect()
    };
    if places(&was) == places(&is) || is.is_empty() {
        return None;
    }
    let of = |world: &'_ SudoWorld<'_>, at: usize| world.rules.get(at).map(|rule| rule.commands.clone());
    let rules: Vec<Vec<RuleCommand>> = was.iter().chain(&is).filter_map(|rule| of(world, rule.rule)).collect();
    let commands: Vec<&RuleCommand> = rules.iter().flatten().collect();
    probes(world, old, &commands).into_iter().find_map(|request| {
        if decide_by(world, &was, old, &request) != Decision::Denied {
            return None;
        }
        let Decision::Allowed(place) = decide_by(after, &is, new, &request) else { return None };
        let gain = format!("{} would gain {}", shown(&new.login), words(&request, &new.login));
        Some(HiddenRight { gain, by: source_of(after, place, tree)? })
    })
}

/// Returns the key of the grant of a rule, or the place of a rule that is no grant.
pub(super) fn source_of(world: &SudoWorld<'_>, place: RulePlace, tree: &HostSnapshot) -> Option<String> {
    let rule = world.rules.get(place.rule)?;
    if rule.digest.is_empty() {
        return Some(format!("{}:{}", shown(&rule.file), rule.line));
    }
    let who = SudoersPrincipal::listed(tree, &rule.users.get(place.user)?.name);
    let key = key(&["sudo", &path_part(&rule.file), &who.bound(), &rule.digest]).ok()?;
    Some(key.as_str().to_owned())
}

/// Returns the first step of a change that would give something by a source.
pub(super) fn first_step(by: &str) -> String {
    match by.starts_with("sudo:") {
        true => format!("decide `revoke` on {by} first"),
        false => format!("write the user's name into {by} first"),
    }
}

/// The rights that members of groups would gain by leaving them. Members to whom the same rules apply are compared once.
#[derive(Default)]
pub(super) struct HiddenFromMembers {
    known: BTreeMap<(bool, Vec<usize>, Vec<usize>), Option<HiddenRight>>,
    matter: BTreeMap<u32, bool>,
}

impl HiddenFromMembers {
    /// Returns what a member would gain by leaving a group, by the rules of sudo and doas and by sshd.
    pub(super) fn of(
        &mut self,
        (sudo, doas): (&SudoWorld<'_>, Option<&SudoWorld<'_>>),
        tree: &HostSnapshot,
        gid: u32,
        name: &str,
    ) -> Option<HiddenRight> {
        let old = sudo.directory.subject(name).filter(|old| old.gid != gid)?;
        let new = without_group(&old, gid, sudo);
        if let Some(gain) = tree.sshd.restriction_lost(&ssh_login(&old), &ssh_login(&new)) {
            let gain = format!("{} would gain {gain}", shown(&old.login));
            return Some(HiddenRight { gain, by: "/etc/ssh/sshd_config".to_owned() });
        }
        let by_doas = doas.and_then(|doas| self.by_rules((true, doas), tree, gid, (&old, &new)));
        by_doas.or_else(|| self.by_rules((false, sudo), tree, gid, (&old, &new)))
    }

    fn by_rules(
        &mut self,
        (is_doas, world): (bool, &SudoWorld<'_>),
        tree: &HostSnapshot,
        gid: u32,
        (old, new): (&SudoSubject, &SudoSubject),
    ) -> Option<HiddenRight> {
        if !is_doas && !*self.matter.entry(gid).or_insert_with(|| is_named(world, gid)) {
            return None;
        }
        let rules = |subject: &SudoSubject| applicable(world, subject).iter().map(|rule| rule.rule).collect::<Vec<_>>();
        let known = self.known.entry((is_doas, rules(old), rules(new)));
        let mut found = known.or_insert_with(|| gained((world, old), (world, new), tree)).clone()?;
        let (_, right) = found.gain.split_once(" would gain ")?;
        found.gain = format!("{} would gain {right}", shown(&old.login));
        Some(found)
    }
}

/// Returns a user without one of its groups.
fn without_group(old: &SudoSubject, gid: u32, world: &SudoWorld<'_>) -> SudoSubject {
    let mut new = old.clone();
    new.gids.remove(&gid);
    new.groups = new.gids.iter().filter_map(|gid| world.directory.group_name(*gid).map(str::to_owned)).collect();
    new
}

/// Returns a user as sshd looks it up.
pub(super) fn ssh_login(subject: &SudoSubject) -> SshdLogin {
    SshdLogin { name: subject.login.clone(), groups: subject.groups.iter().cloned().collect() }
}

/// Returns whether a rule names a group.
fn is_named(world: &SudoWorld<'_>, gid: u32) -> bool {
    let (name, number) = (world.directory.group_name(gid), gid.to_string());
    let same = |group: &str| {
        group.strip_prefix('#') == Some(&*number) || name.is_some_and(|name| name.eq_ignore_ascii_case(group))
    };
    let mut members = world.rules.iter().flat_map(|rule| &rule.users);
    members.any(|member| member.name.strip_prefix('%').is_some_and(same))
}

const WITHOUT: &str = "; without it, ";
const BY: &str = " by ";
