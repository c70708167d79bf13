//! Requests to sudo as witnesses: chosen from lost rights, written and read as text.

use super::{
    grant_key::{bound_account, decoded, part},
    rights::{CommandFiles, FileIdentity, LostRights, RemainingRules, SudoRequest, SudoSubject, SudoWorld, UNNAMED},
    text::{is_plain, shown},
};
use crate::model::Witness;
use std::{collections::BTreeSet, sync::Arc};

/// Returns the command line of a request.
pub(super) fn line(request: &SudoRequest) -> String {
    if request.command == UNNAMED {
        return "any command".to_owned();
    }
    match &request.arguments {
        Some(arguments) => format!("{} {arguments}", request.command),
        None => request.command.clone(),
    }
}

/// Returns a request of a login in words.
pub(super) fn words(request: &SudoRequest, login: &str) -> String {
    format!("{} as {}", shown(&line(request)), shown(request.user.as_deref().unwrap_or(login)))
}

/// Returns the witness of a request by a login.
pub(super) fn witness(subject: &SudoSubject, request: &SudoRequest) -> Witness {
    let mut text = "sudo".to_owned();
    if let Some(user) = &request.user {
        text.push_str(&format!(" -u {user}"));
    }
    if let Some(group) = &request.group {
        text.push_str(&format!(" -g {group}"));
    }
    let principal = format!("uid:{}:{}", subject.uid, part(&subject.login));
    Witness { principal, request: format!("{text} -- {}", line(request)) }
}

/// Reads a witness: the name of the login and the request.
pub(super) fn parse(witness: &Witness) -> Option<(String, SudoRequest)> {
    let (_, login) = bound_account(&witness.principal)?;
    let (options, line) = witness.request.strip_prefix("sudo")?.split_once(" -- ")?;
    let mut words = options.split_whitespace();
    let (mut user, mut group) = (None, None);
    while let Some(word) = words.next() {
        match word {
            "-u" => user = words.next().map(str::to_owned),
            "-g" => group = words.next().map(str::to_owned),
            _ => return None,
        }
    }
    let (command, arguments) = match line.split_once(' ') {
        Some((command, arguments)) => (command, Some(arguments.to_owned())),
        None => (line, None),
    };
    Some((decoded(&login), SudoRequest { user, group, command: command.to_owned(), arguments }))
}

/// Chooses requests that represent lost rights, of files that exist: as many kinds of targets and commands as fit. What
/// another rule permits as well comes first.
pub(super) fn choose(
    world: &SudoWorld<'_>,
    subjects: &[Arc<SudoSubject>],
    lost: &LostRights,
    left: &RemainingRules,
    most: usize,
) -> Vec<Witness> {
    let mut candidates: Vec<(Arc<SudoSubject>, SudoRequest)> = Vec::new();
    let still = left.rules.iter().flat_map(|rule| &rule.permits);
    for (login, request) in still.chain(&left.requests) {
        let Some(subject) = subjects.iter().find(|subject| subject.login == *login) else { continue };
        if request.command != UNNAMED {
            candidates.push((Arc::clone(subject), request.clone()));
            continue;
        }
        // Without any of them on the system, the first one represents all.
        let any = COMMANDS.iter().any(|path| exists(world.files, path));
        let usual =
            COMMANDS.iter().enumerate().filter(|(at, path)| if any { exists(world.files, path) } else { *at == 0 });
        candidates
            .extend(usual.map(|(_, path)| {
                (Arc::clone(subject), SudoRequest { command: (*path).to_owned(), ..request.clone() })
            }));
    }
    candidates.retain(|(subject, request)| {
        request.command.starts_with('/') && is_askable(request) && lost.is_certain(world, subject, request)
    });
    // A target user and a command are taken once each before they are repeated.
    let mut chosen = BTreeSet::new();
    for round in 0..3 {
        let (mut users, mut commands) = (BTreeSet::new(), BTreeSet::new());
        for (subject, request) in &candidates {
            let user = (request.user.clone(), request.group.clone());
            let new = match round {
                0 => !users.contains(&user) && !commands.contains(&request.command),
                1 => !users.contains(&user) || !commands.contains(&request.command),
                _ => true,
            };
            if new && chosen.len() < most {
                users.insert(user);
                commands.insert(request.command.clone());
                chosen.insert(witness(subject, request));
            }
        }
    }
    chosen.into_iter().collect()
}

fn exists(files: &dyn CommandFiles, path: &str) -> bool {
    path.starts_with('/') && matches!(files.identity(path), FileIdentity::Known(..))
}

/// Returns whether a request fits into the text of a witness.
fn is_askable(request: &SudoRequest) -> bool {
    let name = |name: &Option<String>| {
        name.as_ref().is_none_or(|name| !name.contains(char::is_whitespace) && !name.starts_with('-'))
    };
    let line = line(request);
    let blanks = request.command.contains(' ')
        || request.arguments.as_ref().is_some_and(|text| text.contains("  ") || text.trim() != text);
    name(&request.user) && name(&request.group) && !blanks && line.chars().all(is_plain) && line.len() <= LONGEST
}

/// Commands that represent every command.
const COMMANDS: [&str; 6] = ["/usr/bin/id", "/bin/sh", "/usr/bin/bash", "/usr/sbin/visudo", "/usr/bin/ls", "/bin/ls"];
const LONGEST: usize = 300;
