//! Asks sudo for all that the users of a random system can reach.
//!
//! A *power* is a command line that runs as a uid. Two names of one uid have the same powers, and so have two paths of one
//! file. Who may run a shell as a user can do what that user can, with the groups of that user; a shell as uid 0 gives
//! every power. A command as oneself is no power, unless it runs with another group.

use super::sudo_agreement::{
    LINES,
    sudo_jail::{Request, SudoJail},
    sudo_worlds::USERS,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

/// A right to run a command line, by its position in [`LINES`], as a user, with a group that is not the user's.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Power {
    pub(super) uid: u32,
    group: Option<u32>,
    line: usize,
}

/// The reach of a user: commands, shells and groups.
#[derive(Debug, Default)]
pub(super) struct Reach {
    powers: BTreeSet<Power>,
    /// The uids of which the user can have a shell.
    shells: BTreeSet<u32>,
    /// The groups that a process of the user can have.
    pub(super) gids: BTreeSet<u32>,
}

impl Reach {
    /// Returns whether a power is in reach.
    pub(super) fn has(&self, power: &Power) -> bool {
        let whole =
            |uid: &u32| *uid == 0 || (*uid == power.uid && power.group.is_none_or(|gid| self.gids.contains(&gid)));
        self.shells.iter().any(whole) || self.powers.contains(power)
    }
}

/// The requests that sudo permits, by user.
pub(super) type Permitted = BTreeMap<&'static str, BTreeSet<Request<'static>>>;

/// Returns every request that a user of the system can make: each command and a shell, as each user, and with each group
/// that rules name.
pub(super) fn every_request() -> Vec<Request<'static>> {
    let mut all: Vec<Request<'static>> = Vec::new();
    for (user, group) in USERS.iter().map(|user| (Some(user.0), None)).chain([(None, Some("ops"))]) {
        all.extend(LINES.iter().map(|line| (user, group, *line)));
    }
    all
}

/// Asks as each user except those with uid 0.
pub(super) fn permitted(
    jail: &SudoJail,
    groups_of: &dyn Fn(&str) -> Vec<u32>,
    requests_of: &dyn Fn(&str) -> Vec<Request<'static>>,
) -> Permitted {
    let users = USERS.iter().filter(|user| user.1 != 0).map(|user| (user.0, user.1, requests_of(user.0)));
    let asked = users.filter(|(.., requests)| !requests.is_empty()).map(|(name, uid, requests)| {
        (name, jail.allowed(uid, &groups_of(name), &requests).into_iter().collect::<BTreeSet<_>>())
    });
    asked.filter(|(_, allowed)| !allowed.is_empty()).collect()
}

/// Returns what a request permits to a user with these groups; none for a command as oneself.
pub(super) fn power(name: &str, gids: &[u32], (user, group, line): &Request<'static>) -> Option<Power> {
    let line = LINES.iter().position(|one| same_file(one, line)).unwrap();
    let uid = user.map_or(uid_of(name), uid_of);
    let group = group.map(|_| OPS).filter(|gid| !gids.contains(gid));
    (uid != uid_of(name) || group.is_some()).then_some(Power { uid, group: group.filter(|_| uid != 0), line })
}

/// Returns which of these powers a user can reach, with all names of its uid, and which shells and groups.
pub(super) fn reach(jail: &SudoJail, uid: u32, powers: &BTreeSet<Power>) -> Reach {
    let wanted = |request: &Request<'static>| {
        let same_user = |lost: &Power| request.0.map(uid_of) == Some(lost.uid) || request.1.is_some();
        request.2 == SHELL || powers.iter().any(|lost| same_user(lost) && same_file(LINES[lost.line], request.2))
    };
    let requests: Vec<Request<'static>> = every_request().into_iter().filter(wanted).collect();
    let mut found = Reach::default();
    let mut open: BTreeSet<(u32, Vec<u32>)> = names(uid).map(|name| (uid, groups(jail, name))).collect();
    let mut seen = BTreeSet::new();
    while let Some((now, gids)) = open.pop_first() {
        if !seen.insert((now, gids.clone())) {
            continue;
        }
        found.gids.extend(&gids);
        let name = names(now).next().unwrap();
        for request in jail.allowed(now, &gids, &requests) {
            let Some(power) = power(name, &gids, &request) else { continue };
            found.powers.insert(power);
            if request.2 != SHELL {
                continue;
            }
            found.shells.insert(power.uid);
            if power.uid == 0 {
                return found;
            }
            let mut next = request.0.map_or_else(|| gids.clone(), |user| groups(jail, user));
            next.extend(power.group.filter(|gid| !gids.contains(gid)));
            open.insert((power.uid, next));
        }
    }
    found
}

/// Returns the groups of a user by the group file.
pub(super) fn groups(jail: &SudoJail, name: &str) -> Vec<u32> {
    let mut gids: Vec<u32> = USERS.iter().filter(|user| user.0 == name).map(|user| user.2).collect();
    for line in fs::read_to_string(jail.path("/etc/group")).unwrap().lines() {
        let fields: Vec<&str> = line.split(':').collect();
        let gid = fields[2].parse().unwrap();
        if fields[3].split(',').any(|member| member == name) && !gids.contains(&gid) {
            gids.push(gid);
        }
    }
    gids
}

pub(super) fn uid_of(name: &str) -> u32 {
    USERS.iter().find(|user| user.0 == name).unwrap().1
}

fn names(uid: u32) -> impl Iterator<Item = &'static str> {
    USERS.iter().filter(move |user| user.1 == uid).map(|user| user.0)
}

fn same_file(one: &[&str], other: &[&str]) -> bool {
    let file = |line: &[&str]| line[0].replace("/usr/bin/id", "/bin/id");
    file(one) == file(other) && one[1..] == other[1..]
}

const SHELL: &[&str] = &["/usr/bin/bash"];
const OPS: u32 = 2001;
