//! The decision about one request: the last rule that matches it.

use super::{
    accounts::SudoSubject,
    command_match::compare,
    lists::{Match, judge},
    world::{RuleCommand, SudoRule, SudoWorld},
};
use crate::model::Timestamp;

/// One concrete request to sudo.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(in crate::connector::hosts) struct SudoRequest {
    /// The name of the target user (`-u`); without one, the command runs as its caller.
    pub user: Option<String>,
    /// The name of the target group (`-g`).
    pub group: Option<String>,
    /// The path of the command.
    pub command: String,
    /// Its arguments, joined with blanks; `None` without any.
    pub arguments: Option<String>,
}

/// The answer to a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::connector::hosts) enum Decision {
    /// Allowed by a rule.
    Allowed(RulePlace),
    Denied,
    /// It depends on something that is not known. The rule would allow it.
    CannotTell(String, Option<RulePlace>),
}

/// A place in the rules of a world.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(in crate::connector::hosts) struct RulePlace {
    /// The rule.
    pub rule: usize,
    /// The member of its list of users that matches.
    pub user: usize,
    /// The command.
    pub command: usize,
}

/// A rule that applies to a subject on this system.
#[derive(Clone, Debug)]
pub(in crate::connector::hosts) struct ApplicableRule {
    pub rule: usize,
    pub user: usize,
    /// The reason for which it may not apply.
    pub doubt: Option<String>,
}

/// Returns the rules that may apply to a subject on this system, in order.
pub(in crate::connector::hosts) fn applicable(world: &SudoWorld<'_>, subject: &SudoSubject) -> Vec<ApplicableRule> {
    let mut found = Vec::new();
    for (index, rule) in world.rules.iter().enumerate() {
        let (by_user, user) = world.user_list(&rule.users, subject);
        let Some(user) = user else { continue };
        match by_user.and_then(|| world.host_list(&rule.hosts)) {
            Match::No => {}
            Match::Yes => found.push(ApplicableRule { rule: index, user, doubt: None }),
            Match::Perhaps(why) => found.push(ApplicableRule { rule: index, user, doubt: Some(why) }),
        }
    }
    found
}

/// Decides about a request of a subject.
pub(in crate::connector::hosts) fn decide(
    world: &SudoWorld<'_>,
    subject: &SudoSubject,
    request: &SudoRequest,
) -> Decision {
    decide_by(world, &applicable(world, subject), subject, request)
}

/// Decides about a request by the rules that apply to the subject.
pub(in crate::connector::hosts) fn decide_by(
    world: &SudoWorld<'_>,
    rules: &[ApplicableRule],
    subject: &SudoSubject,
    request: &SudoRequest,
) -> Decision {
    let mut possible = PossibleAnswers::default();
    for applies in rules.iter().rev() {
        let Some(rule) = world.rules.get(applies.rule) else { continue };
        if commands_decide(world, rule, applies, subject, request, &mut possible) {
            return possible.decision();
        }
    }
    possible.denied = true;
    possible.decision()
}

/// Reads the commands of a rule from the end; returns whether the answer is certain.
fn commands_decide(
    world: &SudoWorld<'_>,
    rule: &SudoRule,
    applies: &ApplicableRule,
    subject: &SudoSubject,
    request: &SudoRequest,
    possible: &mut PossibleAnswers,
) -> bool {
    let outcome = judge(
        &rule.commands,
        |command| command.negated,
        |command| match &applies.doubt {
            Some(why) => command_matches(world, command, subject, request).and(Match::Perhaps(why.clone())),
            None => command_matches(world, command, subject, request),
        },
    );
    if let Some(command) = outcome.allowed {
        possible.allowed = possible.allowed.or(Some(RulePlace { rule: applies.rule, user: applies.user, command }));
    }
    possible.denied |= outcome.denied;
    possible.why = possible.why.take().or(outcome.why);
    !outcome.silent
}

/// Returns whether a command of a rule matches a request.
pub(in crate::connector::hosts) fn command_matches(
    world: &SudoWorld<'_>,
    command: &RuleCommand,
    subject: &SudoSubject,
    request: &SudoRequest,
) -> Match {
    let target = match &request.user {
        None => None,
        Some(name) => match world.directory.subject(name) {
            Some(target) => Some(target),
            None => return Match::Perhaps(format!("there is no account {name}")),
        },
    };
    let group = match &request.group {
        None => None,
        Some(name) => match world.directory.group_id(name) {
            Some(gid) => Some((name.as_str(), gid)),
            None => return Match::Perhaps(format!("there is no group {name}")),
        },
    };
    let fast = world.settings.get("fast_glob").is_some_and(|value| value != "no");
    let doubt = || match world.limited.first() {
        Some(setting) => Match::Perhaps(format!("Defaults {setting} applies to some requests only")),
        None => Match::Yes,
    };
    in_time(command, world.now)
        .and_then(|| world.runas(&command.users, &command.groups, subject, target.as_deref(), group))
        .and_then(|| {
            compare(
                &command.pattern,
                &command.digests,
                &request.command,
                request.arguments.as_deref(),
                fast,
                world.files,
            )
        })
        .and_then(doubt)
        .and_then(|| match &command.chroot {
            Some(directory) => Match::Perhaps(format!("the rule runs its command in {directory}")),
            None => Match::Yes,
        })
}

/// A rule that has ended is gone; one that begins later already counts.
fn in_time(command: &RuleCommand, now: Option<i64>) -> Match {
    let Some(end) = &command.not_after else { return Match::Yes };
    match (instant(end), now) {
        (Some(end), Some(now)) => Match::from(now <= end),
        _ => Match::Perhaps(format!("the rule ends at {end}")),
    }
}

/// Reads a generalized time in UTC: `20270101000000Z`.
fn instant(text: &str) -> Option<i64> {
    let digits = text.strip_suffix('Z')?;
    if digits.len() != 14 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize, to: usize| digits.get(from..to);
    let written = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(8, 10)?,
        part(10, 12)?,
        part(12, 14)?
    );
    Timestamp::parse(&written).ok().map(|time| time.unix())
}

#[derive(Default)]
struct PossibleAnswers {
    allowed: Option<RulePlace>,
    denied: bool,
    why: Option<String>,
}

impl PossibleAnswers {
    fn decision(self) -> Decision {
        match (self.allowed, self.denied) {
            (Some(place), false) => Decision::Allowed(place),
            (None, _) => Decision::Denied,
            (Some(place), true) => {
                Decision::CannotTell(self.why.unwrap_or_else(|| "the rules are not certain".to_owned()), Some(place))
            }
        }
    }
}

/// Returns whether a command of a rule may be about a request, apart from its digests and its directory.
pub(in crate::connector::hosts) fn may_concern(
    world: &SudoWorld<'_>,
    command: &RuleCommand,
    subject: &SudoSubject,
    request: &SudoRequest,
) -> bool {
    let plain = RuleCommand { digests: Vec::new(), chroot: None, ..command.clone() };
    command_matches(world, &plain, subject, request) != Match::No
}
