//! Rights to run commands by other means than the rules of sudo that were read: doas, su, other policies, directories.

use super::{
    super::rights::{
        CommandPattern, ListMember, LostRights, RemainingRules, RuleCommand, SudoRule, SudoSubject, SudoWorld,
        remaining,
    },
    AccessFindings, AccessReader,
    sudo::tier,
};
use crate::model::{AccessRoute, Overlap, Tier};
use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

impl AccessReader<'_> {
    /// Rights that are left outside of sudo.
    pub(super) fn outside_of_sudo(
        &self,
        subjects: &[Rc<SudoSubject>],
        lost: &LostRights,
        left: &RemainingRules,
        found: &mut AccessFindings,
    ) {
        self.by_doas(subjects, lost, found);
        self.by_su(subjects, left, found);
        self.by_polkit(subjects, left, found);
        let tier = self.query.grant.tier;
        let services = &self.tree.surroundings.services;
        if let Some(others) = services_beside(services, "sudoers", &["files"]) {
            let text = format!("/etc/nsswitch.conf takes rules of sudo from {others}");
            found.doubt("nsswitch/sudoers", text, "it is not part of the files that were read", tier);
        }
        for (line, text) in self.lines("/etc/sudo.conf") {
            let words: Vec<&str> = text.split_whitespace().collect();
            let usual =
                matches!(words[..], ["Plugin", "sudoers_policy" | "sudoers_io" | "sudoers_audit", "sudoers.so"]);
            if words.first() == Some(&"Plugin") && !usual {
                let text = format!("/etc/sudo.conf:{line} names another policy or file of rules");
                found.doubt("sudo.conf", text, "it was not read", tier);
            }
        }
        self.by_directory_groups(subjects, lost, found);
    }

    /// doas.conf(5): as in sudoers, the last rule that matches decides.
    fn by_doas(&self, subjects: &[Rc<SudoSubject>], lost: &LostRights, found: &mut AccessFindings) {
        let mut rules = Vec::new();
        let more = self.root.names("/etc/doas.d").ok().flatten().unwrap_or_default();
        let more = more.into_iter().filter(|name| name.ends_with(".conf")).map(|name| format!("/etc/doas.d/{name}"));
        for file in ["/etc/doas.conf".to_owned(), "/usr/local/etc/doas.conf".to_owned()].into_iter().chain(more) {
            rules.extend(self.lines(&file).into_iter().filter_map(|(line, text)| doas_rule(&file, line, &text)));
        }
        if rules.is_empty() {
            return;
        }
        let directory = self.world.directory.clone();
        let world = SudoWorld {
            directory,
            rules,
            host: self.world.host.clone(),
            netgroups: self.world.netgroups.clone(),
            settings: BTreeMap::new(),
            limited: Vec::new(),
            files: self.world.files,
            now: self.world.now,
        };
        let given = remaining(&world, subjects, lost);
        for one in &given.rules {
            let Some(rule) = world.rules.get(one.rule) else { continue };
            let overlap = match &one.doubt {
                Some(why) => Overlap::CannotTell(why.clone()),
                None if one.whole => Overlap::Whole,
                None => Overlap::Part("some of its commands".to_owned()),
            };
            let text = format!("{}:{} permits {}", rule.file, rule.line, rule.text);
            found.add(
                AccessRoute::Rule,
                &format!("doas{}/{}", rule.file, rule.line),
                text,
                overlap,
                tier(one.tier, given.lost, self.query.grant.tier),
            );
        }
    }

    /// pam_wheel(8) with `trust`: members of a group become root by su, without a password.
    fn by_su(&self, subjects: &[Rc<SudoSubject>], left: &RemainingRules, found: &mut AccessFindings) {
        if left.lost.is_none() {
            return;
        }
        for (line, text) in self.lines("/etc/pam.d/su") {
            let words: Vec<&str> = text.split_whitespace().collect();
            if !words.iter().any(|word| word.ends_with("pam_wheel.so")) || !words.contains(&"trust") {
                continue;
            }
            let group = words.iter().find_map(|word| word.strip_prefix("group=")).unwrap_or("wheel");
            if subjects.iter().any(|subject| subject.groups.contains(group)) {
                let text = format!("/etc/pam.d/su:{line} lets members of {group} become root without a password");
                found.add(AccessRoute::Group, &format!("su/{line}"), text, Overlap::Whole, self.query.grant.tier);
            }
        }
    }

    /// Rules of polkit that name the principal or one of its groups.
    fn by_polkit(&self, subjects: &[Rc<SudoSubject>], left: &RemainingRules, found: &mut AccessFindings) {
        if left.lost.is_none_or(|lost| lost > Tier::T1) {
            return;
        }
        let mut names: BTreeSet<String> = BTreeSet::new();
        for subject in subjects {
            names.extend([format!("\"{}\"", subject.login), format!("unix-user:{}\"", subject.login)]);
            for group in subject.groups.iter().filter(|group| **group != subject.login) {
                names.extend([format!("isInGroup(\"{group}\")"), format!("unix-group:{group}\"")]);
            }
        }
        for directory in ["/etc/polkit-1/rules.d", "/usr/share/polkit-1/rules.d", "/etc/polkit-1/localauthority.conf.d"]
        {
            for name in self.root.names(directory).ok().flatten().unwrap_or_default() {
                let file = format!("{directory}/{name}");
                let Ok(Some(bytes)) = self.root.read_moving(&file) else { continue };
                let text = String::from_utf8_lossy(&bytes);
                if names.iter().any(|name| text.contains(name.as_str())) {
                    let words = format!("{file} has a rule of polkit for {}", self.query.grant.principal.name);
                    found.doubt(&format!("polkit{file}"), words, "its script is not read", self.query.grant.tier);
                }
            }
        }
    }

    /// Groups of a directory, if a rule for some group would permit what was lost.
    fn by_directory_groups(&self, subjects: &[Rc<SudoSubject>], lost: &LostRights, found: &mut AccessFindings) {
        let services = &self.tree.surroundings.services;
        let database = if services.contains_key("initgroups") { "initgroups" } else { "group" };
        let Some(others) = services_beside(services, database, &["files", "systemd", "compat"]) else { return };
        let names: Vec<(String, u32)> =
            self.directory().group_names().map(|(name, gid)| (name.to_owned(), gid)).collect();
        for subject in subjects {
            let mut member = (**subject).clone();
            match self.ask_for_groups(&subject.login) {
                Some(gids) => {
                    member
                        .groups
                        .extend(names.iter().filter(|(_, gid)| gids.contains(gid)).map(|(name, _)| name.clone()));
                    member.gids.extend(gids);
                }
                None => {
                    member.groups.extend(names.iter().map(|(name, _)| name.clone()));
                    member.gids.extend(names.iter().map(|(_, gid)| *gid));
                }
            }
            for one in remaining(&self.world, &[Rc::new(member)], lost).rules {
                let path = self.path(&self.world, &one, self.query.grant.tier);
                if !found.access.paths.iter().any(|known| known.path.ids == path.path.ids) {
                    let text = format!("{}, and groups also come from {others}", path.path.text);
                    found.doubt(
                        &path.path.ids,
                        text,
                        "the groups of the directory are not known",
                        self.query.grant.tier,
                    );
                }
            }
        }
    }

    /// Returns the lines of a file with their numbers, without comments.
    fn lines(&self, file: &str) -> Vec<(usize, String)> {
        let bytes = self.root.read_moving(file).ok().flatten().unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let each = text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line.split('#').next().unwrap_or_default().trim()));
        each.filter(|(_, line)| !line.is_empty()).map(|(number, line)| (number, line.to_owned())).collect()
    }
}

/// Returns the services of a database of nsswitch.conf(5) beside those that are read.
pub(super) fn services_beside(
    services: &BTreeMap<String, Vec<String>>,
    database: &str,
    read: &[&str],
) -> Option<String> {
    let others: Vec<&str> =
        services.get(database)?.iter().map(String::as_str).filter(|one| !read.contains(one)).collect();
    (!others.is_empty()).then(|| others.join(", "))
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
