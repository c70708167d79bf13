//! The access of a group itself: every other way into its gid.

use super::{
    super::{
        hidden_rules::ssh_login,
        rights::{Decision, RemainingRule, RuleCommand, SudoRequest, UNNAMED, applicable, decide, decide_by, probes},
        sshd_match::Applies,
        sudo_request,
    },
    AccessFindings, AccessReader, gid_of,
    outside::{polkit_group, services_beside},
};
use crate::model::{AccessRoute, GrantKind, Overlap, RemainingPath, Tier};
use std::{collections::BTreeSet, path::Path, process::Command};

impl AccessReader<'_> {
    /// Adds the other ways into a group.
    pub(super) fn group(&self, found: &mut AccessFindings) {
        let grant = self.query.grant;
        let others = self.inventory.of_entitlement(&grant.entitlement.id).filter(|other| other.key != grant.key);
        for other in
            others.filter(|other| other.kind == GrantKind::Credential || other.principal.id == grant.principal.id)
        {
            let whole = other.paths.first().map(|path| RemainingPath::whole(path.clone(), grant.tier).by(other));
            found.access.paths.extend(whole);
        }
        let Some(gid) = gid_of(&grant.entitlement.id) else { return };
        let names = self.group_names(gid);
        self.by_user_records(&names, found);
        self.by_other_services(gid, found);
        self.by_pam_group(&names, found);
        self.by_root(&names, found);
        self.by_taking(&names, gid, found);
        self.by_ssh(gid, found);
        if !self.polkit_files(&names.iter().flat_map(|name| polkit_group(name)).collect()).is_empty() {
            self.polkit_for(&self.subjects(), found);
        }
    }

    /// Rules of sudo that run commands with the group itself (`sudo -g`). A rule for all groups and users is root's.
    fn by_taking(&self, names: &BTreeSet<String>, gid: u32, found: &mut AccessFindings) {
        let listed = |command: &RuleCommand| {
            command.groups.iter().any(|group| {
                !group.negated
                    && (group.name.strip_prefix('#') == Some(&*gid.to_string())
                        || names.iter().any(|name| name.eq_ignore_ascii_case(&group.name))
                        || group.name == "ALL" && command.users.is_empty())
            })
        };
        for subject in self.subjects().iter().filter(|subject| !subject.gids.contains(&gid)) {
            let rules = applicable(&self.world, subject);
            let given = rules.iter().filter_map(|one| self.world.rules.get(one.rule)).flat_map(|rule| &rule.commands);
            let given: Vec<&RuleCommand> = given.filter(|command| listed(command)).collect();
            let asked = probes(&self.world, subject, &given);
            let users = asked.iter().map(|request| request.user.clone()).collect::<BTreeSet<_>>();
            let lines: BTreeSet<_> = asked.iter().map(|one| (one.command.clone(), one.arguments.clone())).collect();
            for (command, arguments) in lines {
                for (user, group) in users.iter().flat_map(|user| names.iter().map(move |name| (user, name))) {
                    let request = SudoRequest {
                        user: user.clone(),
                        group: Some(group.clone()),
                        command: command.clone(),
                        arguments: arguments.clone(),
                    };
                    let (place, doubt) = match decide_by(&self.world, &rules, subject, &request) {
                        Decision::Allowed(place) => (place, None),
                        Decision::CannotTell(why, Some(place)) => (place, Some(why)),
                        _ => continue,
                    };
                    let every = command == UNNAMED;
                    let mut path = self.path(&self.world, &RemainingRule::opening(place), self.query.grant.tier);
                    path.path.text = format!("{}; with the group {group}", path.path.text);
                    if !every {
                        path.tier = path.tier.max(Tier::T2);
                    }
                    path.overlap = match doubt {
                        Some(why) => Overlap::CannotTell(why),
                        None if every => Overlap::Whole,
                        None => Overlap::Part(format!("{} with the group {group}", sudo_request::line(&request))),
                    };
                    let known = found.access.paths.iter_mut().find(|known| known.path == path.path);
                    match known {
                        Some(known) if path.overlap == Overlap::Whole => *known = path,
                        Some(_) => {}
                        None => found.access.paths.push(path),
                    }
                }
            }
        }
    }

    /// The login by ssh that a group gives (`AllowGroups`).
    fn by_ssh(&self, gid: u32, found: &mut AccessFindings) {
        let (sshd, tree) = (&self.tree.sshd, self.tree);
        if !tree.group_of(gid).is_some_and(|group| sshd.allows_group(&group.name)) {
            return;
        }
        for subject in self.subjects().iter().filter(|subject| !subject.gids.contains(&gid)) {
            let text = format!("/etc/ssh/sshd_config lets {} log in without the group", subject.login);
            match sshd.permits(&ssh_login(subject)) {
                Applies::No => {}
                Applies::Yes => {
                    let part = Overlap::Part("a login by ssh".to_owned());
                    found.add(AccessRoute::Rule, "sshd/groups", text, part, self.query.grant.tier.min(Tier::T2));
                }
                Applies::Perhaps => {
                    found.doubt(
                        "sshd/groups",
                        text,
                        "a part of its settings depends on the login",
                        self.query.grant.tier,
                    );
                }
            }
        }
    }

    fn group_names(&self, gid: u32) -> BTreeSet<String> {
        let named = self.tree.groups.values().filter(|group| group.gid == gid);
        let own = self.query.grant.entitlement.name.strip_prefix("group ").map(str::to_owned);
        named.map(|group| group.name.clone()).chain(own).collect()
    }

    fn logins_and_uids(&self) -> BTreeSet<String> {
        self.subjects().iter().map(|subject| subject.login.clone()).collect()
    }

    /// Memberships that systemd takes from user records.
    fn by_user_records(&self, groups: &BTreeSet<String>, found: &mut AccessFindings) {
        let services = &self.tree.surroundings.services;
        let asks = ["group", "initgroups"]
            .iter()
            .any(|name| services.get(*name).is_some_and(|all| all.iter().any(|one| one == "systemd")));
        if !asks {
            return;
        }
        let logins = self.logins_and_uids();
        for directory in RECORDS {
            for name in self.root.names(directory).ok().flatten().unwrap_or_default() {
                let file = format!("{directory}/{name}");
                let member = match name.strip_suffix(".membership").and_then(|pair| pair.split_once(':')) {
                    Some((user, group)) => logins.contains(user) && groups.contains(group),
                    None => self.record_adds(&file, &logins, groups),
                };
                if member {
                    let text = format!(
                        "{file} makes {} a member of {}",
                        self.query.grant.principal.name, self.query.grant.entitlement.name
                    );
                    found.add(
                        AccessRoute::Group,
                        &format!("userdb{file}"),
                        text,
                        Overlap::Whole,
                        self.query.grant.tier,
                    );
                }
            }
        }
    }

    fn record_adds(&self, file: &str, logins: &BTreeSet<String>, groups: &BTreeSet<String>) -> bool {
        if !file.ends_with(".user") && !file.ends_with(".group") {
            return false;
        }
        let Ok(Some(bytes)) = self.root.read_moving(file) else { return false };
        let Ok(record) = serde_json::from_slice::<serde_json::Value>(&bytes) else { return false };
        let has = |name: &str, wanted: &BTreeSet<String>| record[name].as_str().is_some_and(|one| wanted.contains(one));
        let any = |name: &str, wanted: &BTreeSet<String>| {
            record[name]
                .as_array()
                .is_some_and(|all| all.iter().filter_map(|one| one.as_str()).any(|one| wanted.contains(one)))
        };
        has("userName", logins) && any("memberOf", groups) || has("groupName", groups) && any("members", logins)
    }

    /// Memberships of directories. A system that runs can be asked for them.
    fn by_other_services(&self, gid: u32, found: &mut AccessFindings) {
        let services = &self.tree.surroundings.services;
        let database = if services.contains_key("initgroups") { "initgroups" } else { "group" };
        let Some(others) = services_beside(services, database, &["files", "systemd", "compat"]) else { return };
        let id = format!("nsswitch/{database}");
        for login in self.logins_and_uids() {
            let text = format!("/etc/nsswitch.conf takes groups from {others}");
            match self.ask_for_groups(&login) {
                Some(gids) if gids.contains(&gid) => {
                    found.add(
                        AccessRoute::Group,
                        &id,
                        format!("{text}, where {login} is a member"),
                        Overlap::Whole,
                        self.query.grant.tier,
                    );
                }
                Some(_) => {}
                None => found.doubt(&id, text, "it is not part of the files that were read", self.query.grant.tier),
            }
        }
    }

    /// Returns the groups of a login on the running system, whose files these are.
    pub(super) fn ask_for_groups(&self, login: &str) -> Option<BTreeSet<u32>> {
        if self.root.path() != Path::new("/") {
            return None;
        }
        let out = Command::new("/usr/bin/getent").env_clear().args(["initgroups", login]).output().ok()?;
        let text = String::from_utf8(out.stdout).ok().filter(|_| out.status.success())?;
        text.split_whitespace().skip(1).map(|gid| gid.parse().ok()).collect()
    }

    /// Groups that pam_group(8) gives to a login.
    fn by_pam_group(&self, groups: &BTreeSet<String>, found: &mut AccessFindings) {
        let file = "/etc/security/group.conf";
        let Ok(Some(bytes)) = self.root.read_moving(file) else { return };
        let logins = self.logins_and_uids();
        for (index, line) in String::from_utf8_lossy(&bytes).lines().enumerate() {
            let fields: Vec<&str> = line.split('#').next().unwrap_or_default().split(';').map(str::trim).collect();
            let [_, _, users, _, given] = fields[..] else { continue };
            let words = |text: &str| text.split([' ', ',', '|', '&']).map(str::to_owned).collect::<BTreeSet<_>>();
            let applies =
                users == "*" || words(users).iter().any(|user| logins.contains(user) || user.contains(['*', '!', '%']));
            if applies && words(given).iter().any(|group| groups.contains(group)) {
                let text = format!("{file}:{} gives the group at login", index + 1);
                found.doubt(
                    &format!("pam-group:{}", index + 1),
                    text,
                    "its conditions are not compared",
                    self.query.grant.tier,
                );
            }
        }
    }

    /// The software of some groups makes its members root; so does a rule for every command.
    fn by_root(&self, names: &BTreeSet<String>, found: &mut AccessFindings) {
        let known =
            |name: &String| ROOT_BY_SOFTWARE.contains(&name.as_str()) || self.config.admin_groups.contains(name);
        if self.query.grant.tier != Tier::T0 || !names.iter().any(known) {
            return;
        }
        for subject in self.subjects() {
            for root in self.directory().names_of(0) {
                let request = SudoRequest {
                    user: Some(root.to_owned()),
                    group: None,
                    command: UNNAMED.to_owned(),
                    arguments: None,
                };
                if let Decision::Allowed(place) = decide(&self.world, &subject, &request) {
                    let rule = RemainingRule::opening(place);
                    let mut path = self.path(&self.world, &rule, self.query.grant.tier);
                    path.path.text = format!("{}, as root, who may do everything", path.path.text);
                    found.access.paths.push(path);
                }
            }
        }
    }
}

/// The directories of user records (userdbctl(1)).
const RECORDS: [&str; 5] =
    ["/etc/userdb", "/run/userdb", "/run/host/userdb", "/usr/local/lib/userdb", "/usr/lib/userdb"];

/// Groups whose members become root by other means than rules of sudo.
const ROOT_BY_SOFTWARE: [&str; 8] = ["disk", "docker", "incus-admin", "kmem", "libvirt", "lxd", "root", "shadow"];
