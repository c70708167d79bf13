//! Rights that a denial hides, so that its removal would give them.

use super::{
    grant_key::SudoersPrincipal,
    rights::{Decision, ListMember, RuleCommand, SudoWorld, applicable, decide_by, probes},
    snapshot::HostSnapshot,
    sudo_request::words,
    text::shown,
};

/// Returns what an account would gain if one rule lost the principal: what its denials hide; `None` for nothing. Without
/// the files of the system, only certain answers count.
pub(super) fn hidden_by(
    world: &SudoWorld<'_>,
    tree: &HostSnapshot,
    file: &str,
    digest: &str,
    who: &SudoersPrincipal,
) -> Option<String> {
    let id = who.id();
    let holds = |member: &ListMember| !member.negated && SudoersPrincipal::listed(tree, &member.name).id() == id;
    let mut after = world.clone();
    for rule in after.rules.iter_mut().filter(|rule| rule.digest == digest && rule.file == file) {
        rule.users.retain(|member| !holds(member));
    }
    let accounts = world.directory.accounts().iter().filter_map(|account| world.directory.subject(&account.name));
    for subject in accounts {
        let (was, is) = (applicable(world, &subject), applicable(&after, &subject));
        if was.len() == is.len() || is.is_empty() {
            continue;
        }
        let rules = was.iter().filter_map(|rule| world.rules.get(rule.rule));
        let commands: Vec<&RuleCommand> = rules.flat_map(|rule| &rule.commands).collect();
        for request in probes(world, &subject, &commands) {
            let gains = decide_by(world, &was, &subject, &request) == Decision::Denied
                && matches!(decide_by(&after, &is, &subject, &request), Decision::Allowed(_));
            if gains {
                return Some(format!("{}: {}", shown(&subject.login), words(&request, &subject.login)));
            }
        }
    }
    None
}
