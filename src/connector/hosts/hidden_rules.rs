//! Rights that a denial hides, so that its removal would give them.
//!
//! They depend on other rules, and are therefore written into the text of a path, which is not part of the digest that a
//! review is bound to: a decision about the denial stays valid when the hidden rule is revoked first.

use super::{
    grant_key::{SudoersPrincipal, key, path_part},
    rights::{Decision, ListMember, RuleCommand, RulePlace, SudoSubject, SudoWorld, applicable, decide_by, probes},
    snapshot::HostSnapshot,
    sudo_request::words,
    text::shown,
};
use crate::model::Grant;
use std::{collections::BTreeMap, rc::Rc};

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
    for rule in after.rules.iter_mut().filter(|rule| rule.digest == digest && rule.file == file) {
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
        Some(HiddenRight { gain, by: key_of(after, place, tree)? })
    })
}

/// Returns the key of the grant of a rule.
pub(super) fn key_of(world: &SudoWorld<'_>, place: RulePlace, tree: &HostSnapshot) -> Option<String> {
    let rule = world.rules.get(place.rule)?;
    let who = SudoersPrincipal::listed(tree, &rule.users.get(place.user)?.name);
    let key = key(&["sudo", &path_part(&rule.file), &who.bound(), &rule.digest]).ok()?;
    Some(key.as_str().to_owned())
}

/// The rights that members of groups would gain by leaving them. Members to whom the same rules apply are compared once.
#[derive(Default)]
pub(super) struct HiddenFromMembers {
    known: BTreeMap<(Vec<usize>, Vec<usize>), Option<HiddenRight>>,
    matter: BTreeMap<u32, bool>,
}

impl HiddenFromMembers {
    /// Returns what a member would gain by leaving a group.
    pub(super) fn of(
        &mut self,
        world: &SudoWorld<'_>,
        tree: &HostSnapshot,
        gid: u32,
        name: &str,
    ) -> Option<HiddenRight> {
        let matters = *self.matter.entry(gid).or_insert_with(|| {
            let names = world.directory.group_name(gid);
            world.rules.iter().any(|rule| {
                rule.users.iter().any(|member| {
                    member.name.strip_prefix('%').is_some_and(|group| {
                        group.strip_prefix('#') == Some(&*gid.to_string())
                            || names.is_some_and(|name| name.eq_ignore_ascii_case(group))
                    })
                })
            })
        });
        let old = matters.then(|| world.directory.subject(name)).flatten()?;
        if old.gid == gid {
            return None;
        }
        let mut new = (*old).clone();
        new.gids.remove(&gid);
        new.groups = new.gids.iter().filter_map(|gid| world.directory.group_name(*gid).map(str::to_owned)).collect();
        let new = Rc::new(new);
        let rules = |subject: &SudoSubject| applicable(world, subject).iter().map(|rule| rule.rule).collect::<Vec<_>>();
        let known = self.known.entry((rules(&old), rules(&new)));
        let mut found = known.or_insert_with(|| gained((world, &old), (world, &new), tree)).clone()?;
        let (_, right) = found.gain.split_once(" would gain ")?;
        found.gain = format!("{} would gain {right}", shown(&old.login));
        Some(found)
    }
}

const WITHOUT: &str = "; without it, ";
const BY: &str = " by ";
