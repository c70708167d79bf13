//! Reads fragments of sudoers as they are written by distributions, products and administrators, and compares the result
//! with that of cvtsudoers(1).

use super::super::sudoers::{AliasKind, StatementKind, Sudoers, SudoersMember, expanded, parse};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Fragments with options that cvtsudoers 1.9.13 writes as invalid JSON.
const INVALID_JSON: [&str; 2] = ["options", "selinux"];

/// The rules and aliases of a fragment, in a form that both sides are brought into.
#[derive(Debug, Default, Eq, PartialEq)]
struct Fragment {
    /// Users, hosts and commands of each rule.
    rules: Vec<(Vec<String>, Vec<String>, Vec<CommandForm>)>,
    aliases: BTreeMap<(String, String), Vec<String>>,
}

/// One command: target users and groups, tags, digests, and the command itself.
#[derive(Debug, Eq, PartialEq)]
struct CommandForm {
    users: Vec<String>,
    groups: Vec<String>,
    tags: Vec<String>,
    digests: Vec<String>,
    command: String,
}

fn fragments() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/hosts/fragments");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 70, "{}", files.len());
    files
}

fn plain(text: &str) -> String {
    text.replace('\\', "")
}

fn ours(bytes: &[u8]) -> Fragment {
    let member = |item: &SudoersMember| format!("{}{}", if item.negated { "!" } else { "" }, plain(&item.name));
    let mut fragment = Fragment::default();
    for statement in parse(bytes) {
        match statement.kind {
            StatementKind::Unread => {
                panic!("line {} is not read in {}", statement.line, String::from_utf8_lossy(bytes))
            }
            StatementKind::Aliases(all) => {
                for (kind, name, members) in all {
                    let kind = match kind {
                        AliasKind::Command => "Command_Aliases",
                        AliasKind::Host => "Host_Aliases",
                        AliasKind::Runas => "Runas_Aliases",
                        AliasKind::User => "User_Aliases",
                    };
                    fragment.aliases.insert((kind.to_owned(), name), members.iter().map(member).collect());
                }
            }
            StatementKind::Spec(spec) => {
                let users: Vec<String> = spec.users.iter().map(member).collect();
                for one in spec.privileges {
                    // Without definitions, an alias stays a name.
                    let rights = expanded(&one.commands, &Sudoers::default());
                    let commands = rights.iter().map(|right| CommandForm {
                        users: right.users.iter().map(|user| plain(user)).collect(),
                        groups: right.groups.iter().map(|group| plain(group)).collect(),
                        tags: right.tags.clone(),
                        digests: right.options.iter().filter(|option| option.starts_with("sha")).cloned().collect(),
                        command: format!("{}{}", if right.negated { "!" } else { "" }, plain(&right.command)),
                    });
                    fragment.rules.push((users.clone(), one.hosts.iter().map(member).collect(), commands.collect()));
                }
            }
            _ => {}
        }
    }
    fragment
}

fn word(item: &Value) -> String {
    let fields = item.as_object().unwrap();
    let (kind, value) = fields.iter().find(|(kind, _)| *kind != "negated" && !kind.starts_with("sha")).unwrap();
    let mark = match kind.as_str() {
        "usergroup" => "%",
        "userid" => "#",
        "usergid" => "%#",
        "netgroup" => "+",
        "nonunixgroup" => "%:",
        "nonunixgid" => "%:#",
        _ => "",
    };
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    format!("{}{mark}{}", if item.get("negated").is_some() { "!" } else { "" }, plain(&text))
}

fn words(list: &Value) -> Vec<String> {
    list.as_array().map(|items| items.iter().map(word).collect()).unwrap_or_default()
}

/// Returns the tag of an option of cvtsudoers; `None` for a default.
fn tag(name: &str, on: bool) -> Option<&'static str> {
    match (name, on) {
        ("authenticate", false) => Some("NOPASSWD"),
        ("setenv", true) => Some("SETENV"),
        ("noexec", true) => Some("NOEXEC"),
        ("send_mail", true) => Some("MAIL"),
        ("send_mail", false) => Some("NOMAIL"),
        ("log_input", true) => Some("LOG_INPUT"),
        ("log_input", false) => Some("NOLOG_INPUT"),
        ("log_output", true) => Some("LOG_OUTPUT"),
        ("log_output", false) => Some("NOLOG_OUTPUT"),
        ("sudoedit_follow", true) => Some("FOLLOW"),
        ("sudoedit_follow", false) => Some("NOFOLLOW"),
        ("intercept", true) => Some("INTERCEPT"),
        ("intercept", false) => Some("NOINTERCEPT"),
        _ => None,
    }
}

fn theirs(json: &Value) -> Fragment {
    let mut fragment = Fragment::default();
    for kind in ["Command_Aliases", "Host_Aliases", "Runas_Aliases", "User_Aliases"] {
        for (name, members) in json[kind].as_object().into_iter().flatten() {
            fragment.aliases.insert((kind.to_owned(), name.clone()), words(members));
        }
    }
    for spec in json["User_Specs"].as_array().into_iter().flatten() {
        let mut commands = Vec::new();
        for one in spec["Cmnd_Specs"].as_array().unwrap() {
            let mut users = words(&one["runasusers"]);
            let groups: Vec<String> =
                words(&one["runasgroups"]).iter().map(|group| group.replacen('%', "", 1)).collect();
            if users == [""] {
                users.clear();
            } else if users.is_empty() && groups.is_empty() {
                users.push("root".to_owned());
            }
            let options =
                one["Options"].as_array().into_iter().flatten().flat_map(|option| option.as_object().unwrap());
            let mut tags: Vec<String> =
                options.filter_map(|(name, value)| tag(name, value.as_bool()?)).map(str::to_owned).collect();
            tags.sort();
            for item in one["Commands"].as_array().unwrap() {
                let command = word(item);
                let digests = item.as_object().unwrap().iter().filter(|(name, _)| name.starts_with("sha"));
                let mut digests: Vec<String> =
                    digests.map(|(name, value)| format!("{name}:{}", value.as_str().unwrap())).collect();
                digests.sort();
                let (users, groups, tags) = (users.clone(), groups.clone(), tags.clone());
                commands.push(CommandForm { users, groups, tags, digests, command });
            }
        }
        fragment.rules.push((words(&spec["User_List"]), words(&spec["Host_List"]), commands));
    }
    fragment
}

/// `ALL` implies `SETENV`, which sudo adds where it is not negated.
fn without_implied(mut fragment: Fragment) -> Fragment {
    for (.., commands) in &mut fragment.rules {
        let mut all = false;
        for command in commands {
            command.digests.sort();
            all |= command.command.trim_start_matches('!') == "ALL";
            // The tag carries over to the next commands.
            command.tags.retain(|tag| !all || tag != "SETENV");
        }
    }
    fragment
}

fn converted(file: &Path, format: &str) -> Option<String> {
    let out = Command::new("cvtsudoers").args(["-f", format]).arg(file).output().ok()?;
    assert!(out.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&out.stderr));
    Some(String::from_utf8(out.stdout).unwrap())
}

#[test]
fn fragments_are_read_as_by_cvtsudoers() {
    let mut failed = BTreeSet::new();
    for file in fragments() {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let Some(text) = converted(&file, "json") else { return };
        let Ok(json) = serde_json::from_str(&text) else {
            failed.insert(name);
            continue;
        };
        let (ours, theirs) = (without_implied(ours(&fs::read(&file).unwrap())), without_implied(theirs(&json)));
        assert_eq!(ours, theirs, "{name}");
    }
    assert!(failed.iter().all(|name| INVALID_JSON.contains(&name.as_str())), "{failed:?}");
}

#[test]
fn fragments_keep_their_rights_when_cvtsudoers_rewrites_them() {
    let rights = |bytes: &[u8]| {
        let mut sudoers = Sudoers::default();
        sudoers.add("/etc/sudoers", parse(bytes));
        let mut all = Vec::new();
        for (_, statement) in sudoers.statements() {
            let StatementKind::Spec(spec) = &statement.kind else { continue };
            let members = |kind, items: &[SudoersMember]| -> Vec<(String, bool)> {
                sudoers.flat(kind, items).into_iter().map(|(item, _)| (plain(&item.name), item.negated)).collect()
            };
            for one in &spec.privileges {
                let mut rights = expanded(&one.commands, &sudoers);
                let mut everything = false;
                for right in &mut rights {
                    right.command = plain(&right.command);
                    right.options.sort();
                    // The interval is written in other units.
                    right.options.retain(|option| !option.starts_with("TIMEOUT="));
                    everything |= right.command == "ALL";
                    right.tags.retain(|tag| !everything || tag != "SETENV");
                }
                all.push((members(AliasKind::User, &spec.users), members(AliasKind::Host, &one.hosts), rights));
            }
        }
        all
    };
    for file in fragments() {
        let Some(text) = converted(&file, "sudoers") else { return };
        let name = file.file_name().unwrap().to_str().unwrap();
        // It writes `%!group`, which neither side reads.
        let text = text.replace("%!", "!%");
        assert_eq!(rights(&fs::read(&file).unwrap()), rights(text.as_bytes()), "{name}");
    }
}
