//! Compares one command line with the command of a rule, as sudo does.

use super::{
    command_files::{CommandFiles, FileIdentity},
    command_pattern::{ArgumentPattern, CommandPattern, PathPattern},
    lists::Match,
    shell_pattern::{PatternScope, fnmatch},
};

/// Compares a command line with a pattern and its digests. `fast` is the setting `fast_glob`.
pub(super) fn compare(
    pattern: &CommandPattern,
    digests: &[String],
    command: &str,
    arguments: Option<&str>,
    fast: bool,
    files: &dyn CommandFiles,
) -> Match {
    let path = match &pattern.path {
        PathPattern::All => Match::Yes,
        PathPattern::Pseudo(name) => Match::from(name == command),
        _ if !command.starts_with('/') => Match::No,
        PathPattern::Directory(directory) => in_directory(directory, command, files),
        PathPattern::Glob(glob) if fast => Match::from(fnmatch(glob, command, PatternScope::Path)),
        PathPattern::Glob(glob) => by_glob(glob, command, files),
        PathPattern::Literal(path) => same_file(path, command, files),
        PathPattern::Regex(Some(regex)) => Match::from(regex.is_match(command.as_bytes())),
        PathPattern::Regex(None) => {
            Match::Perhaps(format!("`{}` is a regular expression that is not compared", pattern.text))
        }
    };
    let scope = if command == "sudoedit" { PatternScope::Path } else { PatternScope::Text };
    let arguments = if matches!(pattern.path, PathPattern::All) {
        Match::Yes
    } else {
        arguments_match(&pattern.arguments, arguments.unwrap_or_default(), scope, &pattern.text)
    };
    path.and(arguments).and_then(|| digest(digests, command, files))
}

fn arguments_match(pattern: &ArgumentPattern, arguments: &str, scope: PatternScope, text: &str) -> Match {
    match pattern {
        ArgumentPattern::Any => Match::Yes,
        ArgumentPattern::Empty => Match::from(arguments.is_empty()),
        ArgumentPattern::Glob(glob) => Match::from(fnmatch(glob, arguments, scope)),
        ArgumentPattern::Regex(Some(regex)) => Match::from(regex.is_match(arguments.as_bytes())),
        ArgumentPattern::Regex(None) => {
            Match::Perhaps(format!("`{text}` is a regular expression that is not compared"))
        }
    }
}

fn digest(digests: &[String], command: &str, files: &dyn CommandFiles) -> Match {
    if digests.is_empty() {
        return Match::Yes;
    }
    match digests.iter().find(|digest| files.has_digest(command, digest) == Some(true)) {
        Some(_) => Match::Yes,
        // The file may get the wanted content back, so this is not a denial.
        None => Match::Perhaps(format!("the rule demands another content of {command} than is known")),
    }
}

/// A plain path: the same last name, and the same file.
fn same_file(rule: &str, command: &str, files: &dyn CommandFiles) -> Match {
    if rule == command {
        return Match::Yes;
    }
    if base(rule) != base(command) {
        return Match::No;
    }
    if !files.visible() {
        return Match::Perhaps(format!("{rule} and {command} may be the same file"));
    }
    match (files.identity(rule), files.identity(command)) {
        (FileIdentity::Unseen, _) | (_, FileIdentity::Unseen) => {
            Match::Perhaps(format!("{rule} and {command} cannot be compared"))
        }
        (FileIdentity::Missing, _) | (_, FileIdentity::Missing) => Match::No,
        (rule_file, file) if rule_file != file => Match::No,
        _ => same_directory(rule, command, files),
    }
}

/// Since 1.9.14, sudo also compares the directory, so that a link elsewhere is not the same command any more.
fn same_directory(rule: &str, command: &str, files: &dyn CommandFiles) -> Match {
    if files.identity(directory(rule)) == files.identity(directory(command)) {
        return Match::Yes;
    }
    Match::Perhaps(format!("{rule} and {command} are one file, which some versions of sudo take for the same command"))
}

fn in_directory(rule: &str, command: &str, files: &dyn CommandFiles) -> Match {
    let plain = rule.trim_end_matches('/');
    if directory(command) == plain || (plain.is_empty() && directory(command) == "/") {
        return Match::Yes;
    }
    if !files.visible() {
        return Match::Perhaps(format!("{rule} may contain {command} under another name"));
    }
    let there = format!("{plain}/{}", base(command));
    match (files.identity(&there), files.identity(command)) {
        (FileIdentity::Known(..), FileIdentity::Known(..)) => same_file(&there, command, files),
        (FileIdentity::Unseen, _) | (_, FileIdentity::Unseen) => {
            Match::Perhaps(format!("{there} and {command} cannot be compared"))
        }
        _ => Match::No,
    }
}

fn by_glob(glob: &str, command: &str, files: &dyn CommandFiles) -> Match {
    if fnmatch(glob, command, PatternScope::File) {
        return Match::Yes;
    }
    if !files.visible() {
        let last = fnmatch(base(glob), base(command), PatternScope::File);
        return if last { Match::Perhaps(format!("{glob} may find {command} under another name")) } else { Match::No };
    }
    let mut best = Match::No;
    for found in files.expansions(glob).iter() {
        let one = match found.ends_with('/') {
            true => in_directory(found, command, files),
            false if base(found) == base(command) => same_file(found, command, files),
            false => Match::No,
        };
        match one {
            Match::Yes => return Match::Yes,
            Match::Perhaps(_) => best = one,
            Match::No => {}
        }
    }
    best
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn directory(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) | None => "/",
        Some((directory, _)) => directory,
    }
}
