//! Rules of doas.conf(5), in the form of rules of sudo. In both, the last rule that matches decides.

use super::{
    rights::{CommandPattern, ListMember, RuleCommand, SudoRule},
    root_dir::RootDir,
};

/// Returns the rules in the files of doas. Lines that are not rules are left out.
pub(super) fn read(root: &RootDir) -> Vec<SudoRule> {
    let more = root.names("/etc/doas.d").ok().flatten().unwrap_or_default();
    let more = more.into_iter().filter(|name| name.ends_with(".conf")).map(|name| format!("/etc/doas.d/{name}"));
    let files = ["/etc/doas.conf".to_owned(), "/usr/local/etc/doas.conf".to_owned()].into_iter().chain(more);
    let rules = files.flat_map(|file| {
        let lines = root.lines(&file).into_iter();
        lines.filter_map(|(line, text)| doas_rule(&file, line, &text)).collect::<Vec<_>>()
    });
    rules.collect()
}

/// Returns a rule of doas.conf(5) in the form of a rule of sudo.
fn doas_rule(file: &str, line: usize, text: &str) -> Option<SudoRule> {
    let plain = text.replace('"', "");
    let (options, rest) = match plain.split_once('{') {
        Some((before, after)) => {
            let (_, after) = after.split_once('}')?;
            (before.to_owned(), format!("{} {after}", before))
        }
        None => (plain.clone(), plain.clone()),
    };
    let mut words =
        rest.split_whitespace().filter(|word| !["nopass", "persist", "keepenv", "nolog", "setenv"].contains(word));
    let negated = match words.next()? {
        "permit" => false,
        "deny" => true,
        _ => return None,
    };
    let identity = words.next()?;
    let (mut target, mut command) = ("ALL".to_owned(), None);
    while let Some(word) = words.next() {
        match word {
            "as" => target = words.next()?.to_owned(),
            "cmd" => command = Some(words.by_ref().collect::<Vec<_>>()),
            _ => return None,
        }
    }
    let pattern = match command.as_deref() {
        None => "ALL".to_owned(),
        Some([path]) => (*path).to_owned(),
        Some([path, "args"]) => format!("{path} \"\""),
        Some([path, "args", arguments @ ..]) => format!("{path} {}", arguments.join(" ")),
        Some(_) => return None,
    };
    let identity = match identity.strip_prefix(':') {
        Some(group) => format!("%{group}"),
        None => identity.to_owned(),
    };
    let command = RuleCommand {
        users: vec![ListMember { name: target, negated: false }],
        groups: Vec::new(),
        negated,
        pattern: CommandPattern::read(&pattern),
        digests: Vec::new(),
        not_after: None,
        chroot: None,
        passwordless: options.contains("nopass"),
    };
    Some(SudoRule {
        file: file.to_owned(),
        line,
        digest: String::new(),
        text: text.to_owned(),
        users: vec![ListMember { name: identity, negated: false }],
        hosts: vec![ListMember::read("ALL")],
        commands: vec![command],
    })
}
