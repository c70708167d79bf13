//! Rights to run commands by other means than the rules of sudo that were read: doas, su, other policies, directories.

use super::{
    super::{
        other_sources,
        rights::{LostRights, RemainingRules, SudoSubject, remaining},
        sudo_world::doas_world,
    },
    AccessFindings, AccessReader,
    sudo::tier,
};
use crate::model::{AccessRoute, Overlap, Tier};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

impl AccessReader<'_> {
    /// Rights that are left outside of sudo.
    pub(super) fn outside_of_sudo(
        &self,
        subjects: &[Arc<SudoSubject>],
        lost: &LostRights,
        left: &RemainingRules,
        found: &mut AccessFindings,
    ) {
        self.by_doas(subjects, lost, None, found);
        self.by_root_groups(subjects, left, found);
        self.by_shell_of_root(left, found);
        self.by_su(subjects, left, found);
        self.by_polkit(subjects, left, found);
        let tier = self.query.grant.tier;
        let services = &self.tree.surroundings.services;
        if let Some(others) = services_beside(services, "sudoers", &["files"]) {
            let text = format!("/etc/nsswitch.conf takes rules of sudo from {others}");
            found.doubt("nsswitch/sudoers", text, "it is not part of the files that were read", tier);
        }
        for (line, text) in self.root.lines("/etc/sudo.conf") {
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
    pub(super) fn by_doas(
        &self,
        subjects: &[Arc<SudoSubject>],
        lost: &LostRights,
        after: Option<&String>,
        found: &mut AccessFindings,
    ) {
        let Some(world) = doas_world(self.tree, self.world.files) else { return };
        let given = remaining(&world, subjects, lost);
        for one in &given.rules {
            let Some(rule) = world.rules.get(one.rule) else { continue };
            let overlap = match &one.doubt {
                Some(why) => Overlap::CannotTell(why.clone()),
                None if one.whole => Overlap::Whole,
                None => Overlap::Part("some of its commands".to_owned()),
            };
            let text = format!("{}:{} permits {}", rule.file, rule.line, rule.text);
            let text = after.map_or_else(|| text.clone(), |steps| format!("{steps}, {text}"));
            found.add(
                AccessRoute::Rule,
                &format!("doas{}/{}", rule.file, rule.line),
                text,
                overlap,
                tier(one.tier, given.lost, self.query.grant.tier),
            );
        }
    }

    /// Copies of a shell that run as root for their callers.
    fn by_shell_of_root(&self, left: &RemainingRules, found: &mut AccessFindings) {
        if left.lost.is_none_or(|lost| lost > Tier::T1) {
            return;
        }
        for path in self.root.root_programs(other_sources::root_programs) {
            let content = self.root.read_moving(path).ok().flatten().unwrap_or_default();
            let shells = self.root.lines("/etc/shells").into_iter().map(|(_, shell)| shell);
            let mut shells = shells.chain(["/bin/bash", "/bin/sh", "/bin/dash"].map(str::to_owned));
            if !content.is_empty()
                && shells.any(|shell| self.root.read_moving(&shell).ok().flatten() == Some(content.clone()))
            {
                let text = format!("{path} is a shell that runs as root for its callers (set-user-id)");
                found.add(
                    AccessRoute::Public,
                    &format!("set-user-id{path}"),
                    text,
                    Overlap::Whole,
                    self.query.grant.tier,
                );
            }
        }
    }

    /// pam_wheel(8) with `trust`: members of a group become root by su, without a password.
    fn by_su(&self, subjects: &[Arc<SudoSubject>], left: &RemainingRules, found: &mut AccessFindings) {
        if left.lost.is_none() {
            return;
        }
        for (line, text) in self.root.lines("/etc/pam.d/su") {
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
    fn by_polkit(&self, subjects: &[Arc<SudoSubject>], left: &RemainingRules, found: &mut AccessFindings) {
        if left.lost.is_some_and(|lost| lost <= Tier::T1) {
            self.polkit_for(subjects, found);
        }
    }

    /// Adds rules of polkit that name one of some users or its groups.
    pub(super) fn polkit_for(&self, subjects: &[Arc<SudoSubject>], found: &mut AccessFindings) {
        let mut names: BTreeSet<String> = BTreeSet::new();
        for subject in subjects {
            names.extend([format!("\"{}\"", subject.login), format!("unix-user:{}\"", subject.login)]);
            let groups = subject.groups.iter().filter(|group| **group != subject.login);
            names.extend(groups.flat_map(|group| polkit_group(group)));
        }
        for file in self.polkit_files(&names) {
            let words = format!("{file} has a rule of polkit for {}", self.query.grant.principal.name);
            found.doubt(&format!("polkit{file}"), words, "its script is not read", self.query.grant.tier);
        }
    }

    /// Returns the files of polkit that contain one of some texts.
    pub(super) fn polkit_files(&self, names: &BTreeSet<String>) -> Vec<String> {
        let mut files = Vec::new();
        for directory in POLKIT {
            for name in self.root.names(directory).ok().flatten().unwrap_or_default() {
                let file = format!("{directory}/{name}");
                let Ok(Some(bytes)) = self.root.read_moving(&file) else { continue };
                let text = String::from_utf8_lossy(&bytes);
                if names.iter().any(|name| text.contains(name.as_str())) {
                    files.push(file);
                }
            }
        }
        files
    }

    /// Groups of a directory, if a rule for some group would permit what was lost.
    fn by_directory_groups(&self, subjects: &[Arc<SudoSubject>], lost: &LostRights, found: &mut AccessFindings) {
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
            for one in remaining(&self.world, &[Arc::new(member)], lost).rules {
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
}

/// Returns how rules of polkit name a group.
pub(super) fn polkit_group(group: &str) -> [String; 2] {
    [format!("isInGroup(\"{group}\")"), format!("unix-group:{group}\"")]
}

const POLKIT: [&str; 3] =
    ["/etc/polkit-1/rules.d", "/usr/share/polkit-1/rules.d", "/etc/polkit-1/localauthority.conf.d"];

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
