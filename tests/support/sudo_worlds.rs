//! Random small systems with users, groups and rules of sudo, by seed.

use std::{collections::BTreeMap, fmt::Write as _};

/// A random number generator (splitmix64).
pub struct Dice(pub u64);

impl Dice {
    /// Returns a number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end as u64) as usize
    }

    /// Returns one of these.
    pub fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }

    /// Returns whether an event of this percentage happens.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// The part of sudoers(5) that a world uses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Palette {
    /// Users, groups, aliases, plain paths, negations, ALL.
    Plain,
    /// Everything else as well.
    Rich,
}

/// A system.
#[derive(Clone, Debug)]
pub struct World {
    /// The members of each group, with its gid.
    pub groups: Vec<(String, u32, Vec<String>)>,
    /// Lines that begin with `Defaults`.
    pub defaults: Vec<String>,
    /// Kind, name and members of each alias.
    pub aliases: Vec<(&'static str, String, Vec<String>)>,
    /// The rules, with the number of the file that has them.
    pub rules: Vec<Rule>,
}

/// A rule: users, hosts, and commands as written.
#[derive(Clone, Debug)]
pub struct Rule {
    pub file: usize,
    pub users: Vec<String>,
    pub hosts: Vec<String>,
    pub commands: Vec<String>,
}

/// The users with uid and primary gid.
pub const USERS: &[(&str, u32, u32)] = &[
    ("root", 0, 0),
    ("www-data", 33, 33),
    ("bob", 1001, 1001),
    ("eve", 1002, 1002),
    ("carl", 1003, 1003),
    ("dan", 1004, 2003),
    ("toor", 0, 0),
    ("bob2", 1001, 1001),
];

/// The commands that exist, with their content.
pub const COMMANDS: &[&str] = &[
    "/usr/bin/id",
    "/usr/bin/w",
    "/usr/bin/bash",
    "/usr/bin/ls",
    "/usr/sbin/reboot",
    "/usr/local/bin/id",
    "/usr/sbin/visudo",
];

impl World {
    /// Returns the world of a seed. `digest` returns the digest of a command's file.
    pub fn of(seed: u64, palette: Palette, host: &str, digest: &dyn Fn(&str) -> String) -> Self {
        let mut dice = Dice(seed.wrapping_mul(7919) + 17);
        for _ in 0..4 {
            dice.below(2);
        }
        let rich = palette == Palette::Rich;
        let people = ["bob", "eve", "carl", "dan"];
        let mut groups = Vec::new();
        for (name, gid) in [("sudo", 27), ("ops", 2001), ("g1", 2002), ("g2", 2003)] {
            let members = people.iter().filter(|_| dice.chance(35)).map(|p| (*p).to_owned()).collect();
            groups.push((name.to_owned(), gid, members));
        }
        if rich && dice.chance(25) {
            groups.push(("wheel".to_owned(), 27, vec![dice.of(&people).to_owned()]));
        }
        let mut world = Self { groups, defaults: Vec::new(), aliases: Vec::new(), rules: Vec::new() };
        for (kind, name) in
            [("User_Alias", "OPS"), ("User_Alias", "ADM"), ("Cmnd_Alias", "CMDS"), ("Cmnd_Alias", "MORE")]
        {
            let members = list(&mut dice, 3, &mut |dice| match kind {
                "User_Alias" => user(dice, rich, name == "ADM"),
                _ => plain_command(dice, rich, name == "MORE", digest),
            });
            world.aliases.push((kind, name.to_owned(), members));
        }
        if rich {
            let members =
                list(&mut dice, 2, &mut |dice| dice.of(&["root", "www-data", "#0", "!root", "carl"]).to_owned());
            world.aliases.push(("Runas_Alias", "RUN".to_owned(), members));
            let members = list(&mut dice, 2, &mut |dice| {
                if dice.chance(50) { host.to_owned() } else { dice.of(&["other", "!other", "ALL"]).to_owned() }
            });
            world.aliases.push(("Host_Alias", "HERE".to_owned(), members));
            if dice.chance(15) {
                let members = vec![dice.of(&people).to_owned()];
                world.aliases.push(("User_Alias", "OPS".to_owned(), members));
            }
            for setting in ["fast_glob", "match_group_by_gid", "runas_default=www-data", "env_reset"] {
                if dice.chance(8) {
                    world.defaults.push(setting.to_owned());
                }
            }
        }
        for _ in 0..2 + dice.below(5) {
            let users = list(&mut dice, 3, &mut |dice| user(dice, rich, true));
            let hosts = match rich && dice.chance(20) {
                true => list(&mut dice, 2, &mut |dice| match dice.below(4) {
                    0 => host.to_owned(),
                    1 => format!("{}*", &host[..1]),
                    2 => "HERE".to_owned(),
                    _ => dice.of(&["other", "!other", "ALL"]).to_owned(),
                }),
                false => vec!["ALL".to_owned()],
            };
            let commands = list(&mut dice, 4, &mut |dice| command(dice, rich, digest));
            world.rules.push(Rule { file: dice.below(3), users, hosts, commands });
        }
        world.rules.sort_by_key(|rule| rule.file);
        world
    }

    /// Returns the files that describe the world, by path.
    pub fn files(&self, host: &str) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        let (mut passwd, mut shadow) = (String::new(), String::new());
        for (name, uid, gid) in USERS {
            writeln!(passwd, "{name}:x:{uid}:{gid}::/home/{name}:/bin/bash").unwrap();
            writeln!(shadow, "{name}:*:20000:0:99999:7:::").unwrap();
        }
        let (mut group, mut gshadow) = (String::new(), String::new());
        for (name, gid, members) in &self.groups {
            writeln!(group, "{name}:x:{gid}:{}", members.join(",")).unwrap();
            writeln!(gshadow, "{name}:*::{}", members.join(",")).unwrap();
        }
        for (name, _, gid) in USERS.iter().filter(|(name, ..)| !["toor", "bob2", "dan"].contains(name)) {
            writeln!(group, "{name}:x:{gid}:").unwrap();
        }
        files.insert("/etc/passwd".to_owned(), passwd);
        files.insert("/etc/shadow".to_owned(), shadow);
        files.insert("/etc/group".to_owned(), group);
        files.insert("/etc/gshadow".to_owned(), gshadow);
        files.insert("/etc/hostname".to_owned(), format!("{host}\n"));
        files.insert("/etc/netgroup".to_owned(), "net (,bob,) inner\ninner (,dan,)\n".to_owned());
        let mut sudoers = String::from("Defaults listpw=never\nDefaults !fqdn\n");
        for setting in &self.defaults {
            writeln!(sudoers, "Defaults {setting}").unwrap();
        }
        for (kind, name, members) in &self.aliases {
            writeln!(sudoers, "{kind} {name} = {}", members.join(", ")).unwrap();
        }
        let mut parts = [sudoers, String::new(), String::new()];
        for rule in &self.rules {
            let line = format!("{} {} = {}\n", rule.users.join(", "), rule.hosts.join(", "), rule.commands.join(", "));
            parts[rule.file].push_str(&line);
        }
        let [mut sudoers, first, second] = parts;
        sudoers.push_str("@includedir /etc/sudoers.d\n");
        files.insert("/etc/sudoers".to_owned(), sudoers);
        files.insert("/etc/sudoers.d/a".to_owned(), first);
        files.insert("/etc/sudoers.d/b".to_owned(), second);
        files
    }

    /// Returns every world with one part less.
    pub fn smaller(&self) -> Vec<Self> {
        let mut all = Vec::new();
        for at in 0..self.rules.len() {
            let mut less = self.clone();
            less.rules.remove(at);
            all.push(less);
            let rule = &self.rules[at];
            for (part, length) in [rule.users.len(), rule.hosts.len(), rule.commands.len()].into_iter().enumerate() {
                for item in (0..length).filter(|_| length > 1) {
                    let mut less = self.clone();
                    let rule = &mut less.rules[at];
                    [&mut rule.users, &mut rule.hosts, &mut rule.commands][part].remove(item);
                    all.push(less);
                }
            }
        }
        for at in 0..self.aliases.len() {
            for item in (0..self.aliases[at].2.len()).filter(|_| self.aliases[at].2.len() > 1) {
                let mut less = self.clone();
                less.aliases[at].2.remove(item);
                all.push(less);
            }
        }
        for at in 0..self.groups.len() {
            for item in 0..self.groups[at].2.len() {
                let mut less = self.clone();
                less.groups[at].2.remove(item);
                all.push(less);
            }
        }
        for at in 0..self.defaults.len() {
            let mut less = self.clone();
            less.defaults.remove(at);
            all.push(less);
        }
        all
    }

    /// Returns the groups of a user as a login sets them, the primary one first.
    pub fn groups_of(&self, name: &str) -> Vec<u32> {
        let mut gids: Vec<u32> = USERS.iter().filter(|user| user.0 == name).map(|user| user.2).collect();
        for (_, gid, members) in &self.groups {
            if members.iter().any(|member| member == name) && !gids.contains(gid) {
                gids.push(*gid);
            }
        }
        gids
    }
}

fn list(dice: &mut Dice, most: usize, item: &mut dyn FnMut(&mut Dice) -> String) -> Vec<String> {
    (0..1 + dice.below(most)).map(|_| item(dice)).collect()
}

fn user(dice: &mut Dice, rich: bool, aliases: bool) -> String {
    let mut name = dice.of(&["bob", "eve", "carl", "dan", "%sudo", "%ops", "%g1", "%g2"]).to_owned();
    if aliases && dice.chance(20) {
        name = "OPS".to_owned();
    } else if rich && dice.chance(30) {
        name = dice.of(&["#1001", "#01002", "%#27", "%#2002", "+net", "\\x62ob", "%wheel", "bob2", "ALL"]).to_owned();
    } else if dice.chance(6) {
        name = "ALL".to_owned();
    }
    if dice.chance(18) { format!("!{name}") } else { name }
}

fn plain_command(dice: &mut Dice, rich: bool, aliases: bool, digest: &dyn Fn(&str) -> String) -> String {
    let mut text =
        dice.of(&["/usr/bin/id", "/usr/bin/w", "/usr/bin/bash", "/usr/bin/ls", "/usr/sbin/reboot", "ALL"]).to_owned();
    if aliases && dice.chance(20) {
        text = "CMDS".to_owned();
    } else if rich && dice.chance(50) {
        text = dice
            .of(&[
                "/bin/id",
                "/usr/bin/id -u",
                "/usr/bin/id *",
                "/usr/bin/id \"\"",
                "/usr/bin/id -[un]*",
                "/usr/bin/id ^-[a-z]$",
                "/usr/bin/",
                "/usr/bin/[a-z]*",
                "/bin/i[d]",
                "/usr/*/id",
                "/usr/local/bin/id",
                "/opt/id",
                "/opt/link/ls",
                "^/usr/bin/[a-z]+$",
                "^/usr/(bin|sbin)/(id|w)$ -u",
                "/usr/bin/../bin/id",
                "/usr//bin/w",
                "/usr/bin/w a\\,b",
                "RIGHT",
                "WRONG",
            ])
            .to_owned();
        if text == "RIGHT" {
            text = format!("sha256:{} /usr/bin/id", digest("/usr/bin/id"));
        } else if text == "WRONG" {
            text = format!("sha256:{} /usr/bin/id", digest("/usr/bin/w"));
        }
    }
    if dice.chance(18) {
        // A digest comes before the negation.
        return match text.split_once(' ') {
            Some((sum, path)) if sum.starts_with("sha") => format!("{sum} !{path}"),
            _ => format!("!{text}"),
        };
    }
    text
}

fn command(dice: &mut Dice, rich: bool, digest: &dyn Fn(&str) -> String) -> String {
    let mut text = String::new();
    if dice.chance(60) {
        let runas = if rich {
            dice.of(&[
                "(root)",
                "(ALL)",
                "(ALL:ALL)",
                "(www-data)",
                "(toor)",
                "(#0)",
                "(#33)",
                "()",
                "(:ops)",
                "(%g1)",
                "(ALL, !root)",
                "(root, www-data)",
                "(RUN)",
                "(carl)",
                "(root:ops)",
                "(ALL, !#0)",
            ])
        } else {
            dice.of(&["(root)", "(ALL)", "(ALL:ALL)", "(www-data)"])
        };
        text = format!("{runas} ");
    }
    if rich && dice.chance(4) {
        text.push_str(dice.of(&["NOTAFTER=20200101000000Z ", "NOTAFTER=20990101000000Z ", "CWD=/tmp "]));
    }
    if dice.chance(20) {
        text.push_str("NOPASSWD: ");
    }
    text.push_str(&plain_command(dice, rich, true, digest));
    text
}
