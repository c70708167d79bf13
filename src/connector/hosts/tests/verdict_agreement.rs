//! Revokes one grant of a random system, and compares the verdict with the answers of sudo, and the comparison of the
//! accounts that the change reaches with that of all accounts.

use super::{
    super::{collateral::compared_both_ways, snapshot::HostSnapshot},
    Host,
    reach::{Permitted, Power, every_request, groups, permitted, power, reach, uid_of},
    remaining::{Judged, judge},
    sudo_agreement::{
        LINES, host_name, jail, lay, sudo_jail,
        sudo_jail::{Request, SudoJail},
        sudo_worlds::{Dice, Palette, World},
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
    /// Removals after which all that the lost grant permitted is out of reach, and those of them that are confirmed.
    gone: usize,
    gone_confirmed: usize,
    reasons: BTreeMap<String, usize>,
    /// Wrong answers, with their seeds, if they are not reduced to the smallest system.
    wrong: Vec<String>,
}

/// Returns the requests that are compared for every user, to find what a change gives.
fn usual_requests(_: &str) -> Vec<Request<'static>> {
    let users = ["root", "www-data", "carl"].iter();
    let each = users.flat_map(|user| [0, 1, 4, 6, 7, 8].map(|at| (Some(*user), None, LINES[at])));
    each.chain([(Some("toor"), None, LINES[0]), (Some("toor"), None, LINES[6])]).collect()
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
    let Ok(draft) = host.plan_change(&AccessChange::Revoke {}, grant) else {
        figures.refused += 1;
        return None;
    };
    // What the reviewed grant permits by itself, on a system with its rules alone, and permits here.
    let alone = alone(jail, world, &inventory, grant, host_name);
    lay(jail, world, host_name);
    let before = permitted(jail, &|name| groups(jail, name), &usual_requests);
    let gids: BTreeMap<&str, Vec<u32>> = alone.keys().map(|name| (*name, groups(jail, name))).collect();
    let lost =
        permitted(jail, &|name| groups(jail, name), &|name| alone.get(name).into_iter().flatten().copied().collect());
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
    let answers = permitted(jail, &|name| groups(jail, name), &usual_requests);
    let had = |name: &str, request: &Request<'static>| before.get(name).is_some_and(|had| had.contains(request));
    let gained: Vec<_> = answers
        .iter()
        .flat_map(|(name, all)| all.iter().filter(|one| !had(name, one)).map(move |one| (name, one)))
        .collect();
    if !gained.is_empty() {
        return Some(format!("{} {}: gains {gained:?}", grant.key, grant.entitlement.name));
    }
    let (mut took, mut left, mut keeps_group) = (false, Vec::new(), false);
    for (name, requests) in &lost {
        let powers: BTreeSet<Power> = requests.iter().filter_map(|request| power(name, &gids[name], request)).collect();
        let reach = reach(jail, uid_of(name), &powers);
        took |= !powers.is_empty();
        left.extend(powers.into_iter().filter(|power| reach.has(power)).map(|power| (*name, power)));
        // Another line of the group keeps its id.
        keeps_group |= grant.kind == GrantKind::Membership
            && reach.gids.iter().any(|gid| grant.entitlement.id == format!("gid:{gid}"));
    }
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
    if took && left.is_empty() && !keeps_group {
        figures.gone += 1;
        figures.gone_confirmed += usize::from(judged == Judged::Confirmed);
        if judged != Judged::Confirmed {
            let reason = format!("{judged:?} {pick} {} {} {named:?}", grant.entitlement.name, grant.principal.name);
            *figures.reasons.entry(reason).or_default() += 1;
        }
    }
    // What is left of a lower tier is named beside a confirmation.
    let confirmed_whole = judged == Judged::Confirmed && !left.is_empty() && named.is_empty();
    let root_left = judged == Judged::Confirmed
        && left.iter().any(|(_, power)| power.uid == 0)
        && grant.kind == GrantKind::Rule
        && grant.tier >= crate::model::Tier::T1;
    (confirmed_whole || root_left).then(|| {
        format!(
            "{} {} of {}: confirmed, and left is {left:?}; named {named:?}",
            grant.key, grant.entitlement.name, grant.principal.name
        )
    })
}

/// Returns what the rules that a grant gives permit to its users on a system without other rules.
fn alone(jail: &SudoJail, world: &World, inventory: &Inventory, grant: &Grant, host_name: &str) -> Permitted {
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
    let number = |kind: &str| grant.principal.id.strip_prefix(kind).and_then(|id| id.parse::<u32>().ok());
    let holds = |name: &str| {
        number("uid:").is_none_or(|uid| uid_of(name) == uid)
            && number("gid:").is_none_or(|gid| world.groups_of(name).contains(&gid))
    };
    let requests = |name: &str| if holds(name) { every_request() } else { Vec::new() };
    let own = permitted(jail, &|name| world.groups_of(name), &requests);
    let Some(line) = line_with_exclusions(grant, &original) else { return own };
    // The line as it was shows who is excluded.
    let head = original["/etc/sudoers"].lines().filter(|line| line.contains("_Alias ") || line.starts_with("Defaults"));
    jail.file("/etc/sudoers", 0o440, &head.chain([line]).map(|line| format!("{line}\n")).collect::<String>());
    permitted(jail, &|name| world.groups_of(name), &|name| own.get(name).into_iter().flatten().copied().collect())
}

/// Returns the line of a rule that excludes users.
fn line_with_exclusions<'a>(grant: &Grant, files: &'a BTreeMap<String, String>) -> Option<&'a str> {
    grant.attribute("except").filter(|_| grant.kind == GrantKind::Rule)?;
    let (file, rest) = grant.paths[0].text.split_once(':').unwrap();
    let (number, _) = rest.split_once(' ').unwrap();
    Some(files[file].lines().nth(number.parse::<usize>().unwrap() - 1).unwrap())
}

/// Returns the rules and groups of a system.
fn shown(world: &World, host: &str) -> String {
    let files = world.files(host).into_iter().filter(|(path, _)| path.contains("sudoers") || path == "/etc/group");
    files.map(|(path, text)| format!("{path}\n{text}")).collect()
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
        if std::env::var_os("TENURE_NO_SHRINKING").is_some() {
            figures.wrong.push(format!("seed {seed}: {found}\n{}", shown(&world, &host)));
            continue;
        }
        let mut unused = Figures::default();
        while let Some((less, why)) =
            world.smaller().into_iter().find_map(|w| run(&jail, &w, seed, &host, &mut unused).map(|why| (w, why)))
        {
            (world, found) = (less, why);
        }
        panic!("seed {seed}: {found}\n{}", shown(&world, &host));
    }
    Some(figures)
}

#[test]
fn verdicts_agree_with_sudo_on_random_systems() {
    let Some(figures) = compare(0..20) else { return };
    assert!(figures.gone_confirmed * 100 >= figures.gone * 90, "{figures:#?}");
}

/// A removal is *gone* if sudo permitted a request by the lost grant alone and on the whole system, and afterwards a
/// holder can reach none of these requests: the same command as the same uid, by any name of the user or path of the
/// file, directly, or by a shell as a user who may run it. A shell as uid 0 contains every command. A membership is gone
/// only if no process of the account can have the group.
///
/// sudo is asked for every command of the system and a shell, as every user of it, with second names of uid 0 and with
/// the groups of rules. An answer "confirmed" for a removal that is not gone, with nothing named, is an error, and so is
/// anything that a user gains.
#[test]
#[ignore = "takes about ten minutes for 200 systems"]
fn verdicts_agree_with_sudo_on_many_systems() {
    let range = std::env::var("TENURE_SEEDS").unwrap_or_else(|_| "0..200".to_owned());
    let (start, end) = range.split_once("..").unwrap();
    let Some(figures) = compare(start.parse().unwrap()..end.parse().unwrap()) else { return };
    eprintln!("{figures:#?}");
    figures.wrong.iter().for_each(|wrong| eprintln!("{wrong}"));
    assert!(figures.wrong.is_empty());
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
