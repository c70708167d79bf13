//! The answers of sudo itself to concrete requests.
//!
//! sudo runs in a private directory with copies of the rules and accounts of the system, and empty files in place of its
//! commands: no program of the system runs, and none of its files is written. The user asks for itself, because sudo
//! answers root differently in several cases. What this arrangement cannot show is never an answer.

mod jail;
mod programs;

use super::{
    remaining_access::AccessReader,
    rights::{CommandPattern, HostNames, RuleCommand, SudoRequest, SudoSubject, SudoWorld, may_concern},
    sudo_request,
};
use crate::model::{Answer, Witness, WitnessAnswer};
use jail::SudoJail;

/// Returns the answers to requests.
pub(super) fn answers(reader: &AccessReader<'_>, witnesses: &[Witness]) -> Vec<WitnessAnswer> {
    if witnesses.is_empty() {
        return Vec::new();
    }
    let parsed: Vec<Option<(String, SudoRequest)>> = witnesses.iter().map(sudo_request::parse).collect();
    let commands: Vec<&str> = parsed.iter().flatten().map(|(_, request)| request.command.as_str()).collect();
    let jail = SudoJail::build(reader, &commands);
    let each = witnesses.iter().zip(&parsed).map(|(witness, parsed)| {
        let answer = match (&jail, parsed) {
            (Err(why), _) => Answer::CannotAsk(why.clone()),
            (Ok(_), None) => Answer::CannotAsk("the request is not one to sudo".to_owned()),
            (Ok(jail), Some((login, request))) => match reader.world.directory.subject(login) {
                // An account that is gone can ask for nothing.
                None => Answer::Denied,
                Some(subject) => match blind_spot(&reader.world, &subject, request) {
                    Some(why) => Answer::CannotAsk(why),
                    None => jail.ask(&subject, request, other_host(&reader.world)),
                },
            },
        };
        WitnessAnswer { witness: witness.clone(), answer }
    });
    each.collect()
}

/// Returns why an answer about a request would not be reliable.
fn blind_spot(world: &SudoWorld<'_>, subject: &SudoSubject, request: &SudoRequest) -> Option<String> {
    if request.command == "sudoedit" {
        return Some("sudo denies every listed sudoedit".to_owned());
    }
    if world.host == HostNames::Unknown
        && world.rules.iter().any(|rule| rule.hosts.iter().any(|host| host.name != "ALL"))
    {
        return Some("a rule is for some hosts, and the name of this system is not known".to_owned());
    }
    if request.user.as_ref().is_some_and(|user| world.directory.named(user).is_none()) {
        return Some("the target user does not exist".to_owned());
    }
    let unsure = |command: &&RuleCommand| {
        (!command.digests.is_empty() || command.chroot.is_some()) && may_concern(world, command, subject, request)
    };
    let command = world.rules.iter().flat_map(|rule| &rule.commands).find(unsure)?;
    let CommandPattern { text, .. } = &command.pattern;
    Some(format!("`{text}` demands a content or a directory that the copy does not have"))
}

/// Returns the name of the system if it is not that of this machine.
fn other_host<'a>(world: &'a SudoWorld<'_>) -> Option<&'a str> {
    let HostNames::Known { short, .. } = &world.host else { return None };
    let own = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let limited = world.rules.iter().any(|rule| rule.hosts.iter().any(|host| host.name != "ALL"));
    (limited && own.trim().split('.').next() != Some(short)).then_some(short)
}
