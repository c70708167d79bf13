//! Compares the evaluator of rules with sudo on random systems.

#[path = "../../../../tests/support/sudo_jail.rs"]
pub(super) mod sudo_jail;
#[path = "../../../../tests/support/sudo_worlds.rs"]
pub(super) mod sudo_worlds;

use super::super::{
    config::HostsConfig,
    rights::{Decision, SudoRequest, TreeFiles, decide},
    root_dir::RootDir,
    snapshot::HostSnapshot,
    sudo_world::sudo_world,
};
use sha2::{Digest, Sha256};
use std::{fs, os::unix::fs::symlink};
use sudo_jail::SudoJail;
use sudo_worlds::{COMMANDS, Palette, USERS, World};

pub(super) const LINES: &[&[&str]] = &[
    &["/usr/bin/id"],
    &["/usr/bin/id", "-u"],
    &["/usr/bin/id", "-n", "-u"],
    &["/bin/id"],
    &["/usr/bin/w"],
    &["/usr/bin/w", "a,b"],
    &["/usr/bin/bash"],
    &["/usr/bin/ls"],
    &["/usr/sbin/reboot"],
    &["/usr/local/bin/id"],
    &["/usr/sbin/visudo"],
];

pub(super) fn jail() -> SudoJail {
    let jail = SudoJail::new();
    for command in COMMANDS {
        jail.file(command, 0o755, command);
    }
    fs::hard_link(jail.path("/usr/bin/id"), jail.path("/usr/bin/groups")).unwrap();
    fs::create_dir_all(jail.path("/opt/link")).unwrap();
    symlink("/usr/bin/id", jail.path("/opt/id")).unwrap();
    fs::hard_link(jail.path("/usr/bin/ls"), jail.path("/opt/link/ls")).unwrap();
    jail
}

pub(super) fn host_name() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname").unwrap().trim().split('.').next().unwrap().to_owned()
}

pub(super) fn lay(jail: &SudoJail, world: &World, host: &str) {
    for (path, text) in world.files(host) {
        jail.file(&path, if path.contains("sudoers") { 0o440 } else { 0o644 }, &text);
    }
}

#[derive(Debug, Default)]
struct Figures {
    asked: usize,
    allowed: usize,
    untold: usize,
}

/// Returns a disagreement of evaluator and sudo, if there is one.
fn disagreement(
    jail: &SudoJail,
    world: &World,
    host: &str,
    turns: &dyn Fn(usize) -> bool,
    figures: &mut Figures,
) -> Option<(usize, String)> {
    lay(jail, world, host);
    let root = RootDir::open(&jail.path("")).unwrap();
    let tree = HostSnapshot::read(&root, &HostsConfig::below(jail.path(""))).unwrap();
    let files = TreeFiles::below(&root);
    let model = sudo_world(&tree, &files);
    let mut turn = 0;
    for (name, uid, _) in USERS.iter().filter(|user| user.1 >= 1001) {
        let subject = model.directory.subject(name).unwrap();
        for runas in [Some("root"), Some("toor"), Some("www-data"), Some("carl"), Some("bob"), None] {
            for group in [None, Some("ops")] {
                if runas.is_none() && group.is_none() {
                    continue;
                }
                for line in LINES {
                    turn += 1;
                    if !turns(turn) {
                        continue;
                    }
                    let request = SudoRequest {
                        user: runas.map(str::to_owned),
                        group: group.map(str::to_owned),
                        command: line[0].to_owned(),
                        arguments: (line.len() > 1).then(|| line[1..].join(" ")),
                    };
                    let decision = decide(&model, &subject, &request);
                    figures.asked += 1;
                    let (allowed, stderr) = jail.allows(*uid, &world.groups_of(name), runas, group, line);
                    figures.allowed += usize::from(allowed);
                    let agree = match decision {
                        Decision::Allowed(_) => allowed,
                        Decision::Denied => !allowed,
                        Decision::CannotTell(..) => {
                            figures.untold += 1;
                            true
                        }
                    };
                    if !agree {
                        return Some((
                            turn,
                            format!("{name} {request:?}: sudo {allowed}, model {decision:?}\n{stderr}"),
                        ));
                    }
                }
            }
        }
    }
    None
}

fn compare(seeds: std::ops::Range<u64>, step: usize) -> Option<Figures> {
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
        let palette = if seed % 3 == 0 { Palette::Plain } else { Palette::Rich };
        let mut world = World::of(seed, palette, &host, &digest);
        let every = |turn: usize| turn.is_multiple_of(step);
        let Some((turn, mut found)) = disagreement(&jail, &world, &host, &every, &mut figures) else { continue };
        // The smallest world that still disagrees is shown.
        let mut unused = Figures::default();
        let same = |at: usize| at == turn;
        while let Some((less, why)) = world
            .smaller()
            .into_iter()
            .find_map(|w| disagreement(&jail, &w, &host, &same, &mut unused).map(|(_, why)| (w, why)))
        {
            (world, found) = (less, why);
        }
        let text: Vec<String> = world
            .files(&host)
            .into_iter()
            .filter(|(p, _)| p.contains("sudoers") || p == "/etc/group")
            .map(|(p, t)| format!("{p}\n{t}"))
            .collect();
        panic!("seed {seed}: {found}\n{}", text.join("\n"));
    }
    Some(figures)
}

#[test]
fn evaluator_agrees_with_sudo_on_random_systems() {
    let Some(figures) = compare(0..20, 11) else { return };
    assert!(figures.allowed > figures.asked / 20, "{figures:?}");
}

#[test]
#[ignore = "asks sudo tens of thousands of times"]
fn evaluator_agrees_with_sudo_on_many_systems() {
    let range = std::env::var("TENURE_SEEDS").unwrap_or_else(|_| "0..200".to_owned());
    let (start, end) = range.split_once("..").unwrap();
    let figures = compare(start.parse().unwrap()..end.parse().unwrap(), 7);
    eprintln!("{figures:?}");
}
