//! Tests of the edited files with the system's own tools. Skipped when a tool is not installed.

use super::super::hidden_rules::hidden_without;
use super::*;
use std::{path::Path, process::Command};

fn tool(name: &str) -> Option<PathBuf> {
    ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].iter().map(|dir| Path::new(dir).join(name)).find(|path| path.exists())
}

/// Runs a tool on files of the tree and returns its success and output.
fn run(name: &str, arguments: &[&str]) -> Option<(bool, String)> {
    let output = Command::new(tool(name)?).args(arguments).env("LC_ALL", "C").output().unwrap();
    Some((output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()))
}

fn accepted(host: &Host) {
    let path = |file: &str| host.path(file).to_str().unwrap().to_owned();
    if let Some((_, said)) = run("pwck", &["-r", &path("/etc/passwd"), &path("/etc/shadow")]) {
        // The tool checks homes and shells on the local machine; only messages about mismatched lines matter.
        assert!(!said.contains("no matching") && !said.contains("invalid"), "{said}");
    }
    if let Some((fine, said)) = run("grpck", &["-r", &path("/etc/group"), &path("/etc/gshadow")]) {
        // The tool checks users on the local machine; only the other messages are about the edited files.
        let about_users =
            |line: &str| ["no user", "delete member", "no changes"].iter().any(|said| line.contains(said));
        assert!(fine || said.lines().all(|line| line.is_empty() || about_users(line)), "{said}");
    }
    for file in ["/etc/sudoers", "/etc/sudoers.d/ops"] {
        if host.path(file).exists()
            && let Some((fine, said)) = run("visudo", &["-c", "-f", &path(file)])
        {
            assert!(fine || said.contains("/etc/sudoers.d"), "{said}");
        }
    }
}

#[test]
fn edited_files_are_accepted_by_the_system_tools() {
    let host = Host::debian();
    host.file(
        "/etc/sudoers.d/ops",
        0o440,
        &["User_Alias OPS = ana, bo, svc", "OPS ALL=(ALL) ALL : web=(root) /usr/bin/id"],
    );
    accepted(&host);
    let bo =
        host.grant(GrantKind::Rule, &["/etc/sudoers.d/ops", "uid:1002", &digest_of(&host, "uid:1002", "(ALL) ALL")]);
    host.carry_out(AccessChange::Reduce { to: "/usr/bin/id, /usr/bin/ls -l".to_owned() }, &bo);
    accepted(&host);
    for (kind, parts, change) in [
        (GrantKind::Membership, vec!["membership:gid:27", "svc"], AccessChange::Revoke {}),
        (GrantKind::Account, vec![":ana"], AccessChange::Disable {}),
        (GrantKind::Account, vec![":svc"], AccessChange::Revoke {}),
        (GrantKind::Account, vec![":bo"], AccessChange::Reduce { to: "nologin".to_owned() }),
    ] {
        let grant = host.grant(kind, &parts);
        host.carry_out(change, &grant);
        accepted(&host);
    }
}

fn digest_of(host: &Host, principal: &str, commands: &str) -> String {
    let inventory = host.inventory();
    let rule = inventory.of_principal(principal).find(|grant| grant.attribute("commands") == Some(commands)).unwrap();
    rule.key.as_str().rsplit(':').next().unwrap().to_owned()
}

#[test]
fn files_written_by_the_system_tools_are_read() {
    let host = Host::debian();
    let root = host.dir.path().to_str().unwrap().to_owned();
    host.file("/etc/login.defs", 0o644, &["UID_MIN 1000", "UID_MAX 60000", "GID_MIN 1000", "GID_MAX 60000"]);
    let Some((added, said)) = run(
        "useradd",
        &["--prefix", &root, "-M", "-N", "-g", "100", "-G", "sudo", "-u", "1010", "-s", "/bin/bash", "eva"],
    ) else {
        return;
    };
    if !added {
        host.change("/etc/group", "adm:x:4:ana", "adm:x:4:ana\nusers:x:100:");
        host.change("/etc/gshadow", "adm:*::ana", "adm:*::ana\nusers:*::");
        let again = run(
            "useradd",
            &["--prefix", &root, "-M", "-N", "-g", "100", "-G", "sudo", "-u", "1010", "-s", "/bin/bash", "eva"],
        );
        assert!(again.is_some_and(|(added, _)| added), "{said}");
    }
    let eva = host.grant(GrantKind::Account, &["uid:1010:eva"]);
    assert_eq!(eva.attribute("password"), Some("locked"));
    let member = host.grant(GrantKind::Membership, &["membership:gid:27", "uid:1010:eva"]);
    assert_gone(&host.carry_out(AccessChange::Revoke {}, &member));
    host.carry_out(AccessChange::Disable {}, &eva);
    // usermod reverts the disabling, which shows that it was done in the same way.
    let (undone, said) = run("usermod", &["--prefix", &root, "-e", "", "eva"]).unwrap();
    assert!(undone, "{said}");
    assert_eq!(host.grant(GrantKind::Account, &["uid:1010:eva"]).attribute("expires"), Some("never"));
}

#[test]
fn invalid_sudoers_file_is_never_written() {
    let host = Host::debian();
    if tool("visudo").is_none() {
        return;
    }
    // sudo rejects a value that is not a number; the built-in parser does not check values.
    host.file("/etc/sudoers.d/ops", 0o440, &["Defaults passwd_tries=many", "bo ALL=(root) /usr/bin/id"]);
    let before = host.read("/etc/sudoers.d/ops");
    let grant = host.grant(GrantKind::Rule, &["uid:1002"]);
    let answer = host.apply(&host.plan(AccessChange::Revoke {}, &grant));
    assert!(matches!(answer, Err(ConnectorError::Permanent(why)) if why.contains("visudo rejects")));
    assert_eq!(host.read("/etc/sudoers.d/ops"), before);
}

/// Returns the words of a list with the type names of cvtsudoers.
fn words(list: &serde_json::Value) -> Vec<String> {
    let word = |item: &serde_json::Value| {
        let (kind, value) =
            item.as_object().unwrap().iter().find(|(kind, _)| !matches!(kind.as_str(), "negated" | "sha256")).unwrap();
        let mark = match kind.as_str() {
            "usergroup" => "%",
            "userid" => "#",
            "usergid" => "%#",
            "netgroup" => "+",
            _ => "",
        };
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let negated = if item.get("negated").is_some() { "!" } else { "" };
        format!("{negated}{mark}{}", text.replace('\\', ""))
    };
    list.as_array().map(|items| items.iter().map(word).collect()).unwrap_or_default()
}

#[test]
fn cvtsudoers_agrees_with_the_parser() {
    use crate::connector::hosts::sudoers::{StatementKind, SudoersMember, parse};
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/hosts/sudoers");
    let Some((fine, json)) = run("cvtsudoers", &["-f", "json", sample.to_str().unwrap()]) else { return };
    assert!(fine, "{json}");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let theirs: Vec<_> = json["User_Specs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|spec| {
            let commands: Vec<_> =
                spec["Cmnd_Specs"].as_array().unwrap().iter().flat_map(|one| words(&one["Commands"])).collect();
            (words(&spec["User_List"]), words(&spec["Host_List"]), commands)
        })
        .collect();
    let named =
        |item: &SudoersMember| format!("{}{}", if item.negated { "!" } else { "" }, item.name.replace('\\', ""));
    let mut ours = Vec::new();
    for statement in parse(&fs::read(&sample).unwrap()) {
        assert_ne!(statement.kind, StatementKind::Unread, "line {}", statement.line);
        let StatementKind::Spec(spec) = statement.kind else { continue };
        for one in spec.privileges {
            let commands = one.commands.iter().map(|command| named(&command.item)).collect::<Vec<_>>();
            let users: Vec<_> = spec.users.iter().map(named).collect();
            ours.push((users, one.hosts.iter().map(named).collect(), commands));
        }
    }
    assert_eq!(ours, theirs);
}

#[test]
fn rules_of_every_form_can_be_removed() {
    let host = Host::debian();
    let sample = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/hosts/sudoers")).unwrap();
    host.file("/etc/sudoers", 0o440, &[sample.trim_end()]);
    loop {
        let rules = |inventory: Inventory| -> Vec<Grant> {
            inventory.grants().filter(|grant| grant.kind == GrantKind::Rule).cloned().collect()
        };
        let before = rules(host.inventory());
        // A denial that hides another rule is not removed before that rule.
        let Some(rule) = before.iter().find(|rule| hidden_without(rule).is_none()) else { break };
        host.apply(&host.plan(AccessChange::Revoke {}, rule)).unwrap();
        let after = rules(host.inventory());
        // An exclusion in a list applies to all its members; no other grant changes.
        let told = |grants: &[Grant]| -> Vec<String> {
            grants
                .iter()
                .filter(|grant| grant.key != rule.key)
                .map(|grant| format!("{} {:?}", grant.key, grant.attribute("commands")))
                .collect()
        };
        assert_eq!(told(&after), told(&before));
        assert_eq!(after.len(), before.len() - 1, "{}", rule.key);
    }
    assert!(host.read("/etc/sudoers").starts_with("# A comment does not go on \\\nUser_Alias\tOPS"));
}
