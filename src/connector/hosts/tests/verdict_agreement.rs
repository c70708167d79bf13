//! Revokes one grant of a random system, and compares the verdict with the answers of sudo, and the comparison of the
//! accounts that the change reaches with that of all accounts.

use super::{
    super::{collateral::compared_both_ways, snapshot::HostSnapshot},
    Host,
    remaining::{Judged, judge},
    sudo_agreement::{
        LINES, host_name, jail, lay, sudo_jail,
        sudo_jail::SudoJail,
        sudo_worlds::{Dice, Palette, USERS, World},
    },
};
use crate::{
    connector::{Collector, ConnectorError, TargetQuery, WitnessQuery},
    model::{AccessChange, Answer, Grant, GrantKind, Inventory, Witness},
};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

#[derive(Debug, Default)]
struct Figures {
    worlds: usize,
    decided: usize,
    confirmed: usize,
    still_present: usize,
    unknown: usize,
    refused: usize,
    /// Removals after which sudo denies what it permitted by the lost grant, at least one request, and those of them that
    /// are confirmed.
    gone: usize,
    gone_confirmed: usize,
    reasons: BTreeMap<String, usize>,
}

/// The answers of sudo: user, target and command line of what it permits.
type Answers = BTreeSet<(&'static str, &'static str, usize)>;

fn ask(jail: &SudoJail, groups_of: &dyn Fn(&str) -> Vec<u32>) -> Answers {
    let mut allowed = Answers::new();
    for (name, uid, _) in USERS.iter().filter(|user| user.1 >= 1001) {
        for runas in ["root", "www-data", "carl"] {
            for at in [0, 1, 4, 6, 7, 8] {
                if jail.allows(*uid, &groups_of(name), Some(runas), None, LINES[at]).0 {
                    allowed.insert((name, runas, at));
                }
            }
        }
    }
    allowed
}

/// Returns the groups of a user by the group file.
fn groups(jail: &SudoJail, name: &str) -> Vec<u32> {
    let mut gids: Vec<u32> = USERS.iter().filter(|user| user.0 == name).map(|user| user.2).collect();
    for line in fs::read_to_string(jail.path("/etc/group")).unwrap().lines() {
        let fields: Vec<&str> = line.split(':').collect();
        if fields[3].split(',').any(|member| member == name) {
            gids.push(fields[2].parse().unwrap());
        }
    }
    gids
}

/// Runs one world; returns a false answer, if there is one.
fn run(jail: &SudoJail, world: &World, pick: u64, host_name: &str, figures: &mut Figures) -> Option<String> {
    lay(jail, world, host_name);
    let host = Host::at(jail.path(""));
    let inventory = host.inventory();
    let wanted = |grant: &&Grant| {
        matches!(grant.kind, GrantKind::Rule | GrantKind::Membership)
            && grant.attribute("primary").is_none()
            && grant.principal.id != "uid:0"
    };
    let grants: Vec<&Grant> = inventory.grants().filter(wanted).collect();
    figures.worlds += 1;
    if grants.is_empty() {
        return None;
    }
    let grant = grants[Dice(pick).below(grants.len())];
    let before = ask(jail, &|name| groups(jail, name));
    let Ok(draft) = host.plan_change(&AccessChange::Revoke {}, grant) else {
        figures.refused += 1;
        return None;
    };
    let planned = super::planned(draft, AccessChange::Revoke {}, grant);
    let seen = host.verify(&planned).access.unwrap();
    let asked: Vec<Witness> = seen
        .answers
        .iter()
        .filter(|one| matches!(one.answer, Answer::Allowed(_)))
        .map(|one| one.witness.clone())
        .collect();
    let hosts = host.open();
    let tree = HostSnapshot::read(&hosts.root, &host.config).unwrap();
    if let Ok([reached, all]) = compared_both_ways(&hosts.root, &planned, &tree)
        && reached != all
    {
        return Some(format!("{}: by the reached accounts {reached:?}, by all {all:?}", grant.key));
    }
    match host.apply(&planned) {
        Ok(_) => {}
        Err(ConnectorError::PreconditionFailed(_)) => {
            figures.refused += 1;
            return None;
        }
        Err(error) => return Some(format!("{}: {error}", grant.key)),
    }
    figures.decided += 1;
    let after = host.open().observe(&TargetQuery::about(&planned).asking(WitnessQuery::Ask(&asked))).unwrap();
    let judged = judge(&planned, &after);
    let answers = ask(jail, &|name| groups(jail, name));
    let gained: Vec<_> = answers.difference(&before).collect();
    if !gained.is_empty() {
        return Some(format!("{} {}: gains {gained:?}", grant.key, grant.entitlement.name));
    }
    // What the reviewed grant permitted by itself, on a system with its rules alone.
    let lost = alone(jail, world, &inventory, grant, host_name, &before);
    let left: Vec<_> = lost.intersection(&answers).collect();
    let named = after
        .access
        .as_ref()
        .map(|access| access.paths.iter().map(ToString::to_string).collect::<Vec<_>>())
        .unwrap_or_default();
    match judged {
        Judged::Confirmed => figures.confirmed += 1,
        Judged::StillPresent => figures.still_present += 1,
        _ => figures.unknown += 1,
    }
    // A request that was denied before proves nothing, and another line of the group keeps its id.
    let keeps_id = grant.kind == GrantKind::Membership
        && grant.entitlement.id.strip_prefix("gid:").and_then(|gid| gid.parse().ok()).is_some_and(|gid| {
            let names = USERS.iter().filter(|user| format!("uid:{}", user.1) == grant.principal.id);
            names.into_iter().any(|user| groups(jail, user.0).contains(&gid))
        });
    if left.is_empty() && !lost.is_empty() && !keeps_id {
        figures.gone += 1;
        figures.gone_confirmed += usize::from(judged == Judged::Confirmed);
        if judged != Judged::Confirmed {
            let reason = format!("{judged:?} {} {} {named:?}", grant.entitlement.name, grant.principal.name);
            *figures.reasons.entry(reason).or_default() += 1;
        }
    }
    // What is left of a lower tier is named beside a confirmation.
    let confirmed_whole = judged == Judged::Confirmed && !left.is_empty() && named.is_empty();
    let root_left = judged == Judged::Confirmed
        && left.iter().any(|(_, runas, _)| *runas == "root")
        && grant.kind == GrantKind::Rule
        && grant.tier >= crate::model::Tier::T1;
    (confirmed_whole || root_left).then(|| {
        format!(
            "{} {} of {}: confirmed, and left is {left:?}; named {named:?}",
            grant.key, grant.entitlement.name, grant.principal.name
        )
    })
}

/// Returns the answers to the users of a grant with the rules that it gives, asked in the same way.
fn alone(
    jail: &SudoJail,
    world: &World,
    inventory: &Inventory,
    grant: &Grant,
    host_name: &str,
    before: &Answers,
) -> Answers {
    let files: Vec<(String, String)> = ["/etc/sudoers", "/etc/sudoers.d/a", "/etc/sudoers.d/b", "/etc/group"]
        .iter()
        .map(|path| ((*path).to_owned(), fs::read_to_string(jail.path(path)).unwrap()))
        .collect();
    let rules: Vec<&Grant> = match grant.kind {
        GrantKind::Rule => vec![grant],
        _ => inventory.of_principal(&grant.entitlement.id).filter(|rule| rule.kind == GrantKind::Rule).collect(),
    };
    let mut text = String::from("Defaults listpw=never\nDefaults !fqdn\n");
    for setting in &world.defaults {
        text.push_str(&format!("Defaults {setting}\n"));
    }
    for rule in rules {
        let who = match rule.principal.id.as_str() {
            "everyone" => "ALL".to_owned(),
            id if id.starts_with("uid:") => id.replace("uid:", "#"),
            _ if rule.principal.name.starts_with('%') => rule.principal.name.clone(),
            id => id.replace("netgroup:", "+").replace("group-name:", "%").replace("name:", ""),
        };
        text.push_str(&format!(
            "{who} {} = {}\n",
            rule.attribute("hosts").unwrap(),
            rule.attribute("commands").unwrap()
        ));
    }
    let original = world.files(host_name);
    jail.file("/etc/group", 0o644, &original["/etc/group"]);
    jail.file("/etc/sudoers", 0o440, &text);
    jail.file("/etc/sudoers.d/a", 0o440, "");
    jail.file("/etc/sudoers.d/b", 0o440, "");
    let mut own = ask(jail, &|name| world.groups_of(name));
    if let Some(line) = line_with_exclusions(grant, &original) {
        // The line as it was shows who is excluded.
        let head =
            original["/etc/sudoers"].lines().filter(|line| line.contains("_Alias ") || line.starts_with("Defaults"));
        jail.file("/etc/sudoers", 0o440, &head.chain([line]).map(|line| format!("{line}\n")).collect::<String>());
        let line = ask(jail, &|name| world.groups_of(name));
        own.retain(|one| line.contains(one));
    }
    for (path, text) in files {
        jail.file(&path, if path.contains("sudoers") { 0o440 } else { 0o644 }, &text);
    }
    let uid = grant.principal.id.strip_prefix("uid:").and_then(|uid| uid.parse::<u32>().ok());
    let concerned = |name: &str| uid.is_none_or(|uid| USERS.iter().any(|user| user.0 == name && user.1 == uid));
    own.into_iter().filter(|one| before.contains(one) && concerned(one.0)).collect()
}

/// Returns the line of a rule that excludes users.
fn line_with_exclusions<'a>(grant: &Grant, files: &'a BTreeMap<String, String>) -> Option<&'a str> {
    grant.attribute("except").filter(|_| grant.kind == GrantKind::Rule)?;
    let (file, rest) = grant.paths[0].text.split_once(':').unwrap();
    let (number, _) = rest.split_once(' ').unwrap();
    Some(files[file].lines().nth(number.parse::<usize>().unwrap() - 1).unwrap())
}

fn compare(seeds: std::ops::Range<u64>) -> Option<Figures> {
    if let Some(why) = sudo_jail::unavailable() {
        eprintln!("not compared: {why}");
        return None;
    }
    let (jail, host, mut figures) = (jail(), host_name(), Figures::default());
    let digest = |path: &str| {
        let sum = Sha256::digest(fs::read(jail.path(path)).unwrap());
        sum.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    for seed in seeds {
        let palette = if seed % 2 == 0 { Palette::Plain } else { Palette::Rich };
        let mut world = World::of(seed, palette, &host, &digest);
        let Some(mut found) = run(&jail, &world, seed, &host, &mut figures) else { continue };
        let mut unused = Figures::default();
        while let Some((less, why)) =
            world.smaller().into_iter().find_map(|w| run(&jail, &w, seed, &host, &mut unused).map(|why| (w, why)))
        {
            (world, found) = (less, why);
        }
        let files = world.files(&host).into_iter().filter(|(p, _)| p.contains("sudoers") || p == "/etc/group");
        panic!("seed {seed}: {found}\n{}", files.map(|(p, t)| format!("{p}\n{t}")).collect::<Vec<_>>().join("\n"));
    }
    Some(figures)
}

#[test]
fn verdicts_agree_with_sudo_on_random_systems() {
    let Some(figures) = compare(0..20) else { return };
    assert!(figures.gone_confirmed * 100 >= figures.gone * 90, "{figures:#?}");
}

#[test]
#[ignore = "takes about ten minutes for 200 systems"]
fn verdicts_agree_with_sudo_on_many_systems() {
    let range = std::env::var("TENURE_SEEDS").unwrap_or_else(|_| "0..200".to_owned());
    let (start, end) = range.split_once("..").unwrap();
    let Some(figures) = compare(start.parse().unwrap()..end.parse().unwrap()) else { return };
    eprintln!("{figures:#?}");
    record(&range, &figures);
}

/// Writes the totals of a range to the file that is committed.
fn record(range: &str, figures: &Figures) {
    let commit = std::process::Command::new("git").args(["rev-parse", "--short", "HEAD"]).output().unwrap();
    let Figures { worlds, decided, confirmed, still_present, unknown, refused, gone, gone_confirmed, .. } = figures;
    let text = format!(
        "seeds: {range}\ncommit: {}systems: {worlds}\ndecided: {decided}\nrefused: {refused}\nconfirmed: {confirmed}\n\
         still present: {still_present}\nunknown: {unknown}\nfalse confirmed: 0\ngains: 0\n\
         gone by sudo: {gone}\nof these confirmed: {gone_confirmed}\n",
        String::from_utf8(commit.stdout).unwrap()
    );
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nightly/results");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(format!("hosts_verdicts_{}.txt", range.replace("..", "_"))), text).unwrap();
}
