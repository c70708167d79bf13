//! Concrete requests that represent a set of rules: every command, target and argument that one of them names, and one
//! that none names.

use super::{
    accounts::SudoSubject,
    command_pattern::{ArgumentPattern, CommandPattern, PathPattern},
    decide::SudoRequest,
    lists::ListMember,
    shell_pattern::sample,
    world::{RuleCommand, SudoWorld},
};
use std::collections::{BTreeMap, BTreeSet};

/// A command that no rule names: only a rule for every command permits it.
pub(in crate::connector::hosts) const UNNAMED: &str = "/nonexistent/unnamed-command";

/// Returns the requests of a subject that distinguish these commands of rules.
pub(in crate::connector::hosts) fn probes(
    world: &SudoWorld<'_>,
    subject: &SudoSubject,
    commands: &[&RuleCommand],
) -> Vec<SudoRequest> {
    let (mut targets, groups) = targets(world, commands);
    // Rules may permit commands as oneself.
    targets.extend(itself(world, subject));
    let mut found = Vec::new();
    for (path, arguments) in command_lines(world, commands) {
        for arguments in arguments {
            let request = |user: Option<&String>, group: Option<&String>| SudoRequest {
                user: user.cloned(),
                group: group.cloned(),
                command: path.clone(),
                arguments: arguments.clone(),
            };
            found.extend(targets.iter().map(|target| request(Some(target), None)));
            found.extend(groups.iter().map(|group| request(None, Some(group))));
        }
    }
    found
}

/// Returns the names of a subject, if it is an account.
fn itself(world: &SudoWorld<'_>, subject: &SudoSubject) -> impl Iterator<Item = String> {
    let names = [&subject.name, &subject.login].into_iter();
    names.filter(|name| world.directory.named(name).is_some()).cloned().collect::<Vec<_>>().into_iter()
}

/// Returns requests for one command as each target of these commands of rules.
pub(super) fn targets_only(
    world: &SudoWorld<'_>,
    subject: &SudoSubject,
    commands: &[&RuleCommand],
) -> Vec<SudoRequest> {
    let (mut users, groups) = targets(world, commands);
    users.extend(itself(world, subject));
    let request = |user, group| SudoRequest { user, group, command: UNNAMED.to_owned(), arguments: None };
    let by_user = users.into_iter().map(|user| request(Some(user), None));
    let by_group = groups.into_iter().map(|group| request(None, Some(group)));
    by_user.chain(by_group).collect()
}

/// Returns the paths that patterns name or find.
pub(super) fn plain_paths(world: &SudoWorld<'_>, patterns: &[&CommandPattern]) -> Vec<String> {
    patterns.iter().flat_map(|pattern| paths_of(world, pattern)).collect()
}

/// Returns the paths that rules compare with a command, those with its name, and the command itself.
pub(in crate::connector::hosts) fn paths_with_name(world: &SudoWorld<'_>, command: &str) -> Vec<String> {
    let name = command.rsplit('/').next().unwrap_or_default();
    let mut found = vec![command.to_owned()];
    for pattern in world.rules.iter().flat_map(|rule| &rule.commands).map(|command| &command.pattern) {
        match &pattern.path {
            PathPattern::Directory(directory) => found.push(format!("{directory}{name}")),
            PathPattern::Literal(_) | PathPattern::Glob(_) => {
                let paths = paths_of(world, pattern).into_iter();
                found.extend(paths.filter(|path| path.rsplit('/').next() == Some(name)));
            }
            _ => {}
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Returns the names of target users, and of groups that can be asked for alone.
fn targets(world: &SudoWorld<'_>, commands: &[&RuleCommand]) -> (BTreeSet<String>, BTreeSet<String>) {
    let directory = &world.directory;
    let (mut users, mut groups) = (BTreeSet::new(), BTreeSet::new());
    let names = |uid: u32| directory.names_of(uid).into_iter().map(str::to_owned).collect::<Vec<_>>();
    let mut everyone = false;
    for command in commands {
        for member in &command.users {
            if let Some(uid) = member.name.strip_prefix('#').and_then(|digits| digits.parse().ok()) {
                users.extend(names(uid));
            } else if member.name.starts_with(['%', '+']) {
                let fits = |name: &&str| {
                    directory.subject(name).is_some_and(|subject| {
                        world
                            .user_list(std::slice::from_ref(&ListMember { negated: false, ..member.clone() }), &subject)
                            .1
                            .is_some()
                    })
                };
                let all = directory.accounts().iter().map(|account| account.name.as_str());
                users.extend(all.filter(fits).take(MOST_MEMBERS).map(str::to_owned));
            } else if member.name == "ALL" {
                everyone = true;
            } else {
                let same = |name: &str| world.same_name("case_insensitive_user", &member.name, name);
                let accounts = directory.alike(&member.name).filter(|account| same(&account.name));
                users.extend(accounts.flat_map(|account| names(account.uid)));
            }
        }
        let listed = |name: &&str| {
            command.groups.iter().any(|group| world.same_name("case_insensitive_group", &group.name, name))
        };
        if !command.groups.is_empty() {
            groups.extend(directory.group_names().map(|(name, _)| name).filter(listed).map(str::to_owned));
        }
        if command.users.is_empty() && command.groups.is_empty() {
            everyone = true;
        }
    }
    if everyone {
        users.extend(names(0));
        // One account that no rule names, and every account that may run commands as itself.
        let plain = directory.accounts().iter().find(|account| account.uid != 0 && !users.contains(&account.name));
        users.extend(plain.map(|account| account.name.clone()));
    }
    (users, groups)
}

/// Returns each command with the arguments to try.
fn command_lines(world: &SudoWorld<'_>, commands: &[&RuleCommand]) -> BTreeMap<String, BTreeSet<Option<String>>> {
    let patterns: Vec<&CommandPattern> = commands.iter().map(|command| &command.pattern).collect();
    let mut paths: BTreeMap<String, BTreeSet<Option<String>>> = BTreeMap::new();
    for pattern in &patterns {
        for path in paths_of(world, pattern) {
            paths.entry(path).or_default();
        }
    }
    let literals: Vec<String> = paths.keys().cloned().collect();
    let pool: BTreeSet<String> = patterns.iter().flat_map(|pattern| samples(&pattern.arguments)).collect();
    for pattern in &patterns {
        // What a regular expression matches is not enumerated: the commands that others name are tried.
        if let PathPattern::Regex(Some(regex)) = &pattern.path {
            let all = usual_commands(world);
            let fits = all.iter().chain(&literals).filter(|path| regex.is_match(path.as_bytes()));
            for path in fits {
                paths.entry(path.clone()).or_default();
            }
        }
    }
    for (path, arguments) in &mut paths {
        arguments.insert(None);
        let restricted =
            patterns.iter().any(|pattern| may_be(pattern, path) && !matches!(pattern.arguments, ArgumentPattern::Any));
        if restricted {
            arguments.extend(pool.iter().filter(|text| !text.is_empty()).cloned().map(Some));
            arguments.insert(Some("another-word".to_owned()));
        }
    }
    paths
}

/// Returns whether a pattern may be about a path, by its last name.
fn may_be(pattern: &CommandPattern, path: &str) -> bool {
    let base = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    match &pattern.path {
        PathPattern::Literal(literal) => base(literal) == base(path),
        _ => true,
    }
}

fn paths_of(world: &SudoWorld<'_>, pattern: &CommandPattern) -> Vec<String> {
    match &pattern.path {
        PathPattern::All => vec![UNNAMED.to_owned()],
        PathPattern::Literal(path) => vec![path.clone()],
        PathPattern::Pseudo(name) => vec![name.clone()],
        PathPattern::Directory(directory) => {
            let plain = directory.trim_end_matches('/');
            let mut all: Vec<String> =
                world.files.names(directory).iter().map(|name| format!("{plain}/{name}")).collect();
            if all.is_empty() {
                all.push(format!("{plain}/unnamed-command"));
            }
            all
        }
        PathPattern::Glob(glob) => {
            let mut all: Vec<String> = world.files.expansions(glob).to_vec();
            if all.is_empty() {
                all.extend(sample(glob, "x"));
            }
            all
        }
        PathPattern::Regex(_) => Vec::new(),
    }
}

fn samples(pattern: &ArgumentPattern) -> Vec<String> {
    match pattern {
        ArgumentPattern::Glob(glob) => match pattern.literal() {
            Some(literal) => vec![format!("{literal} another-word"), literal],
            None => sample(glob, "").into_iter().chain(sample(glob, "word")).collect(),
        },
        _ => Vec::new(),
    }
}

/// Returns the files in the usual directories of commands.
fn usual_commands(world: &SudoWorld<'_>) -> Vec<String> {
    let each = |directory: &&str| {
        let names = world.files.names(directory);
        names.iter().map(|name| format!("{directory}/{name}")).collect::<Vec<_>>()
    };
    COMMAND_DIRECTORIES.iter().flat_map(each).collect()
}

const COMMAND_DIRECTORIES: [&str; 6] = ["/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin", "/usr/local/sbin"];
const MOST_MEMBERS: usize = 4;
