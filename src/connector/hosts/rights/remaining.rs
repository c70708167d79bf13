//! Remaining part of lost rights: the rules that still permit a part of them.

use super::{
    accounts::SudoSubject,
    command_files::FileIdentity,
    command_match::compare,
    command_pattern::{ArgumentPattern, CommandPattern, PathPattern},
    decide::{ApplicableRule, Decision, RulePlace, SudoRequest, applicable, command_matches, decide_by},
    lists::{ListMember, Match, judge},
    probes::{UNNAMED, probes},
    world::{RuleCommand, SudoWorld},
};
use crate::model::Tier;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The rights that a change takes away: the commands of some rules in their order, without what stays.
#[derive(Clone, Debug, Default)]
pub(in crate::connector::hosts) struct LostRights {
    /// The commands of each rule, with its hosts.
    pub rules: Vec<(Vec<ListMember>, Vec<RuleCommand>)>,
    /// The commands of the rule's new form.
    pub stays: Vec<RuleCommand>,
}

/// A rule that still permits a part of what was lost.
#[derive(Clone, Debug)]
pub(in crate::connector::hosts) struct RemainingRule {
    /// The rule, and the member of its users that matches.
    pub rule: usize,
    pub user: usize,
    /// Whether it alone permits every request of the lost rights that was tried.
    pub whole: bool,
    /// The requests that it permits, by the name of the login.
    pub permits: Vec<(String, SudoRequest)>,
    /// The reason for which it cannot be compared, if it permits none for certain.
    pub doubt: Option<String>,
    /// The tier of the part.
    pub tier: Tier,
}

impl RemainingRule {
    /// Returns a rule that permits every command as another user.
    pub(in crate::connector::hosts) fn opening(place: RulePlace) -> Self {
        blank(place, Tier::T0)
    }
}

/// The remaining part for some subjects.
#[derive(Clone, Debug, Default)]
pub(in crate::connector::hosts) struct RemainingRules {
    pub rules: Vec<RemainingRule>,
    /// The tier of the lost rights; `None` when they permitted no request that was tried.
    pub lost: Option<Tier>,
    /// The requests that the lost rights permitted, by the name of the login.
    pub requests: Vec<(String, SudoRequest)>,
}

impl LostRights {
    /// Returns whether the lost rights permitted a request.
    pub(super) fn permitted(&self, world: &SudoWorld<'_>, subject: &SudoSubject, request: &SudoRequest) -> Match {
        let mut found = Match::No;
        for (hosts, commands) in self.rules.iter().rev() {
            let here = world.host_list(hosts);
            let outcome = judge(
                commands,
                |command| command.negated,
                |command| command_matches(world, command, subject, request).and(here.clone()),
            );
            if let (Match::Yes | Match::Perhaps(_), Some(_)) = outcome.allows() {
                found = outcome.allows().0;
                break;
            }
            if outcome.denied && !outcome.silent {
                return Match::No;
            }
        }
        if found != Match::No && self.stay(world, subject, request) { Match::No } else { found }
    }

    /// Returns whether the lost rights may have reached what a request reaches: its command as the same uid, by any name.
    fn reached(&self, world: &SudoWorld<'_>, subject: &SudoSubject, request: &SudoRequest) -> bool {
        let uid = request.user.as_ref().and_then(|name| world.directory.named(name)).map(|account| account.uid);
        let names = uid.map(|uid| world.directory.names_of(uid)).unwrap_or_default();
        let other = |name: &str| SudoRequest { user: Some(name.to_owned()), ..request.clone() };
        match names.len() {
            0 | 1 => self.permitted(world, subject, request) != Match::No,
            _ => names.iter().any(|name| self.permitted(world, subject, &other(name)) != Match::No),
        }
    }

    /// Returns whether the lost rights permitted a request for certain.
    pub(in crate::connector::hosts) fn is_certain(
        &self,
        world: &SudoWorld<'_>,
        subject: &SudoSubject,
        request: &SudoRequest,
    ) -> bool {
        self.permitted(world, subject, request) == Match::Yes
    }

    /// Returns whether the new form of the rule permits a request.
    pub(in crate::connector::hosts) fn stay(
        &self,
        world: &SudoWorld<'_>,
        subject: &SudoSubject,
        request: &SudoRequest,
    ) -> bool {
        let stays = |command: &RuleCommand| command_matches(world, command, subject, request);
        judge(&self.stays, |command| command.negated, stays).allows().0 == Match::Yes
    }

    fn commands(&self) -> impl Iterator<Item = &RuleCommand> {
        self.rules.iter().flat_map(|(_, commands)| commands).chain(&self.stays)
    }
}

/// Compares lost rights with the rules that apply to subjects now.
pub(in crate::connector::hosts) fn remaining(
    world: &SudoWorld<'_>,
    subjects: &[Arc<SudoSubject>],
    lost: &LostRights,
) -> RemainingRules {
    let mut left = RemainingRules::default();
    let mut known: BTreeMap<(usize, usize), RemainingRule> = BTreeMap::new();
    let mut alike: BTreeSet<Vec<(usize, usize, bool)>> = BTreeSet::new();
    for subject in subjects {
        let rules = applicable(world, subject);
        // Accounts to which the same rules apply need one comparison; those that act as themselves may differ.
        let same = rules.iter().map(|rule| (rule.rule, rule.user, rule.doubt.is_some())).collect();
        if !alike.insert(same) && subjects.len() > MOST_ALIKE {
            continue;
        }
        let applies = rules.iter().filter_map(|rule| world.rules.get(rule.rule)).flat_map(|rule| &rule.commands);
        let commands: Vec<&RuleCommand> = lost.commands().chain(applies).collect();
        let requests: Vec<SudoRequest> = probes(world, subject, &commands)
            .into_iter()
            .filter(|request| lost.reached(world, subject, request))
            .collect();
        for request in &requests {
            let tier = tier_of(world, request);
            left.lost = Some(left.lost.map_or(tier, |lost| lost.min(tier)));
            let (place, doubt) = match decide_by(world, &rules, subject, request) {
                Decision::Denied => continue,
                Decision::Allowed(place) => (place, None),
                Decision::CannotTell(why, Some(place)) => (place, Some(why)),
                Decision::CannotTell(_, None) => continue,
            };
            let entry = known.entry((place.rule, place.user)).or_insert_with(|| blank(place, tier));
            match doubt {
                None => {
                    entry.permits.push((subject.login.clone(), request.clone()));
                    entry.tier = if entry.permits.len() == 1 { tier } else { entry.tier.min(tier) };
                }
                Some(why) => entry.doubt = entry.doubt.take().or(Some(why)),
            }
        }
        for applies in &rules {
            let Some(rule) = world.rules.get(applies.rule) else { continue };
            if let Some(entry) = known.get_mut(&(applies.rule, applies.user)) {
                let alone = |request: &SudoRequest| {
                    let matches = |command: &RuleCommand| command_matches(world, command, subject, request);
                    judge(&rule.commands, |command| command.negated, matches).allows().0 == Match::Yes
                };
                entry.whole &= requests.iter().all(alone);
            } else if let Some(why) = undecided(world, subject, lost, &rule.commands, &requests) {
                let place = RulePlace { rule: applies.rule, user: applies.user, command: 0 };
                known.insert((place.rule, place.user), RemainingRule { doubt: Some(why), ..blank(place, Tier::T0) });
            }
        }
        for (place, why) in same_programs(world, &rules, subject, lost, &requests) {
            known
                .entry((place.rule, place.user))
                .or_insert_with(|| RemainingRule { doubt: Some(why), ..blank(place, Tier::T0) });
        }
        left.requests.extend(requests.into_iter().map(|request| (subject.login.clone(), request)));
    }
    left.rules = known.into_values().collect();
    for rule in &mut left.rules {
        rule.whole &= !rule.permits.is_empty();
        if !rule.permits.is_empty() {
            rule.doubt = None;
        }
    }
    left
}

/// Returns the rules that permit a lost program by another name, as which sudo does not take it for the same command.
fn same_programs(
    world: &SudoWorld<'_>,
    rules: &[ApplicableRule],
    subject: &SudoSubject,
    lost: &LostRights,
    requests: &[SudoRequest],
) -> Vec<(RulePlace, String)> {
    let identity = |path: &str| match world.files.identity(path) {
        FileIdentity::Known(device, inode) => Some((device, inode)),
        _ => None,
    };
    let mut found = Vec::new();
    if !world.files.visible() || rules.is_empty() {
        return found;
    }
    let shared: Vec<_> = MANY_COMMANDS.iter().filter_map(|path| identity(path)).collect();
    let commands = rules.iter().filter_map(|rule| world.rules.get(rule.rule)).flat_map(|rule| &rule.commands);
    let patterns: Vec<&CommandPattern> =
        commands.filter(|command| !command.negated).map(|command| &command.pattern).collect();
    let mut names: BTreeMap<(u64, u64), BTreeSet<String>> = BTreeMap::new();
    for path in super::probes::plain_paths(world, &patterns) {
        if let Some(file) = identity(&path).filter(|file| !shared.contains(file)) {
            names.entry(file).or_default().insert(path);
        }
    }
    for request in requests {
        let base = |path: &str| path.rsplit('/').next().map(str::to_owned);
        let others = identity(&request.command).and_then(|file| names.get(&file)).into_iter().flatten();
        for path in others.filter(|path| base(path) != base(&request.command)) {
            let other = SudoRequest { command: path.clone(), ..request.clone() };
            if lost.stay(world, subject, &other) || decide_by(world, rules, subject, request) != Decision::Denied {
                continue;
            }
            if let Decision::Allowed(place) = decide_by(world, rules, subject, &other) {
                found.push((place, format!("{path} is the same program as {}, by another name", request.command)));
            }
        }
    }
    found
}

/// Programs that are many commands, by the name under which they are called.
const MANY_COMMANDS: [&str; 5] =
    ["/bin/busybox", "/usr/bin/busybox", "/usr/bin/coreutils", "/usr/bin/toybox", "/usr/sbin/alternatives"];

fn blank(place: RulePlace, tier: Tier) -> RemainingRule {
    RemainingRule { rule: place.rule, user: place.user, whole: true, permits: Vec::new(), doubt: None, tier }
}

/// Returns the tier of a request: every command as root, one command as root, or a command as another user.
fn tier_of(world: &SudoWorld<'_>, request: &SudoRequest) -> Tier {
    let uid = request.user.as_ref().and_then(|name| world.directory.named(name)).map(|account| account.uid);
    match (uid, request.command == UNNAMED) {
        (Some(0), true) => Tier::T0,
        (Some(0), false) => Tier::T1,
        _ => Tier::T2,
    }
}

/// Returns why a rule that permits none of the tried requests may still permit a part of the lost rights: both sides
/// are patterns of which the tried requests are no complete list.
fn undecided(
    world: &SudoWorld<'_>,
    subject: &SudoSubject,
    lost: &LostRights,
    rule: &[RuleCommand],
    tried: &[SudoRequest],
) -> Option<String> {
    for taken in lost.rules.iter().flat_map(|(_, commands)| commands).filter(|command| !command.negated) {
        for left in rule.iter().filter(|command| !command.negated) {
            if !may_overlap(world, &taken.pattern, &left.pattern) || !same_target(world, subject, taken, left) {
                continue;
            }
            let both = |request: &SudoRequest| {
                [taken, left].iter().all(|command| command_matches(world, command, subject, request) == Match::Yes)
            };
            if !tried.iter().any(both) {
                return Some(format!("`{}` and `{}` are patterns", taken.pattern.text, left.pattern.text));
            }
        }
    }
    None
}

/// Returns whether two patterns may have common requests that were not tried.
fn may_overlap(world: &SudoWorld<'_>, taken: &CommandPattern, left: &CommandPattern) -> bool {
    let regex = |pattern: &CommandPattern| matches!(pattern.path, PathPattern::Regex(_));
    let all = |pattern: &CommandPattern| matches!(pattern.path, PathPattern::All);
    let open_paths = if all(taken) || all(left) { regex(taken) || regex(left) } else { regex(taken) && regex(left) };
    let open_arguments = both_open(&taken.arguments, &left.arguments);
    let unread = |pattern: &CommandPattern| {
        matches!(pattern.path, PathPattern::Regex(None)) || matches!(pattern.arguments, ArgumentPattern::Regex(None))
    };
    if unread(taken) || unread(left) {
        return true;
    }
    let paths_meet = || {
        let all = super::probes::plain_paths(world, &[taken, left]);
        let fits = |pattern: &CommandPattern, path: &str| {
            let any = CommandPattern { arguments: ArgumentPattern::Any, ..pattern.clone() };
            compare(&any, &[], path, None, false, world.files) != Match::No
        };
        all.iter().any(|path| fits(taken, path) && fits(left, path))
    };
    open_paths || open_arguments && (all(taken) || all(left) || paths_meet())
}

/// Returns whether two patterns of arguments may have common texts that were not tried.
fn both_open(taken: &ArgumentPattern, left: &ArgumentPattern) -> bool {
    let start = |pattern: &ArgumentPattern| match pattern {
        ArgumentPattern::Glob(glob) if pattern.literal().is_none() => {
            Some(glob.split(['*', '?', '[', '\\']).next().unwrap_or_default().to_owned())
        }
        ArgumentPattern::Any | ArgumentPattern::Regex(_) => Some(String::new()),
        _ => None,
    };
    let any = |pattern: &ArgumentPattern| matches!(pattern, ArgumentPattern::Any);
    match (start(taken), start(left)) {
        (Some(start), Some(other)) if !(any(taken) && any(left)) => {
            start.starts_with(&other) || other.starts_with(&start)
        }
        _ => false,
    }
}

fn same_target(world: &SudoWorld<'_>, subject: &SudoSubject, taken: &RuleCommand, left: &RuleCommand) -> bool {
    let requests = super::probes::targets_only(world, subject, &[taken, left]);
    requests.iter().any(|request| {
        [taken, left].iter().all(|command| {
            let any = RuleCommand { pattern: CommandPattern::read("ALL"), digests: Vec::new(), ..(*command).clone() };
            command_matches(world, &any, subject, request) != Match::No
        })
    })
}

/// The number of subjects above which those with the same rules are compared once.
const MOST_ALIKE: usize = 8;
