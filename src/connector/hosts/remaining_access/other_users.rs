//! Users that sudo permits to become, and groups that it permits to take, in any number of steps.

use super::{
    super::{
        rights::{
            ApplicableRule, Decision, FileIdentity, ListMember, LostRights, RemainingRule, RemainingRules, RulePlace,
            SudoRequest, SudoRule, SudoSubject, UNNAMED, applicable, decide_by, paths_with_name, remaining,
        },
        sudo_world::doas_world,
    },
    AccessFindings, AccessReader,
    sudo::{parts, tier},
};
use crate::model::{AccessRoute, GrantKind, Overlap, Tier};
use std::{
    cell::OnceCell,
    collections::{BTreeSet, VecDeque},
    sync::Arc,
};

/// A user with its groups, as one or more steps of sudo give them.
struct ReachedUser {
    subject: Arc<SudoSubject>,
    /// The rule of the first step, with the text of all steps.
    first: Option<(RulePlace, String)>,
    /// The user whose password a step needs.
    password: Option<String>,
}

/// The users, groups and commands that the search for other users tries. They are computed when they are needed.
#[derive(Default)]
struct StepChoices {
    /// Users with rules of their own, with every right, or as which a lost command ran.
    users: OnceCell<Vec<Arc<SudoSubject>>>,
    /// Groups to which rules apply.
    groups: OnceCell<Vec<(String, u32)>>,
    /// Commands that run every other command.
    commands: OnceCell<Vec<String>>,
    /// The uids as which lost commands ran.
    lost: BTreeSet<u32>,
    /// The uids of the holders.
    own: BTreeSet<u32>,
}

impl AccessReader<'_> {
    /// Adds the rights of users that `subjects` may become, with every command or a shell.
    pub(super) fn by_other_users(
        &self,
        subjects: &[Arc<SudoSubject>],
        lost: &LostRights,
        left: &RemainingRules,
        found: &mut AccessFindings,
    ) {
        let own: BTreeSet<u32> = subjects.iter().map(|subject| subject.uid).collect();
        let start = |subject: &Arc<SudoSubject>| ReachedUser { subject: subject.clone(), first: None, password: None };
        let mut queue: VecDeque<ReachedUser> = subjects.iter().map(start).collect();
        let mut seen: BTreeSet<(u32, BTreeSet<u32>, bool)> =
            subjects.iter().map(|subject| (subject.uid, subject.gids.clone(), false)).collect();
        let choices = StepChoices { own, ..self.choices(left) };
        let mut everything = left.rules.iter().any(|rule| rule.tier == Tier::T0 && rule.doubt.is_none());
        let most = subjects.len() + MOST_STEPS;
        let mut taken = 0;
        while let Some(from) = queue.pop_front() {
            if everything && from.first.is_some() {
                break;
            }
            taken += 1;
            if taken > most {
                let why = "sudo permits too many users to be compared";
                found.doubt("rule", self.query.grant.entitlement.name.clone(), why, self.query.grant.tier);
                break;
            }
            for (to, shell) in self.steps(&from, lost, left, &choices) {
                let state = |needs| (to.subject.uid, to.subject.gids.clone(), needs);
                let needs = to.password.is_some();
                let root = to.subject.uid == 0;
                let plain = choices.own.contains(&to.subject.uid) && from.subject.gids.is_superset(&to.subject.gids);
                if plain || root && everything || seen.contains(&state(false)) || !seen.insert(state(needs)) {
                    continue;
                }
                self.reached(&to, shell, lost, left, &choices, found);
                everything |= root && !needs;
                if !root {
                    queue.push_back(to);
                }
            }
        }
    }

    fn choices(&self, left: &RemainingRules) -> StepChoices {
        let uid = |name: &String| self.directory().named(name).map(|account| account.uid);
        let lost: BTreeSet<u32> =
            left.requests.iter().filter_map(|(_, request)| request.user.as_ref().and_then(uid)).collect();
        StepChoices { lost, ..StepChoices::default() }
    }

    /// Returns whether to become a user gives something: it has rules, every right, or those of a lost command.
    fn matters(&self, user: &SudoSubject, choices: &StepChoices) -> bool {
        user.uid == 0 || choices.lost.contains(&user.uid) || !applicable(&self.world, user).is_empty()
    }

    /// Returns all users that matter, in the order of the file.
    fn users(&self, choices: &StepChoices) -> Vec<Arc<SudoSubject>> {
        let directory = self.directory();
        let mut named = BTreeSet::new();
        let mut rules = self.world.rules.iter();
        let some = rules.all(|rule| self.world.may_include(&rule.users, &mut named));
        let logins = directory.accounts().iter().map(|account| (account.uid, &account.name));
        logins
            .filter(|(uid, name)| !some || *uid == 0 || choices.lost.contains(uid) || named.contains(*name))
            .filter_map(|(_, name)| directory.subject(name))
            .filter(|user| self.matters(user, choices))
            .collect()
    }

    /// Returns the users that matter and that these rules may name as targets.
    fn targets(&self, rules: &[ApplicableRule], from: &SudoSubject, choices: &StepChoices) -> Vec<Arc<SudoSubject>> {
        let rules = rules.iter().filter_map(|one| self.world.rules.get(one.rule));
        let mut named = BTreeSet::from([from.login.clone(), from.name.clone()]);
        let open = |users: &[ListMember]| users.iter().any(|user| !user.negated && user.name.starts_with('%'));
        let mut commands = rules.flat_map(|rule| &rule.commands).filter(|command| !command.negated);
        if !commands.all(|command| !open(&command.users) && self.world.may_include(&command.users, &mut named)) {
            return choices.users.get_or_init(|| self.users(choices)).clone();
        }
        // In the order of the file.
        let accounts = named.iter().filter_map(|name| self.directory().place_of(name)).collect::<BTreeSet<_>>();
        let accounts = accounts.into_iter().filter_map(|at| self.directory().accounts().get(at));
        let subjects = accounts.filter_map(|account| self.directory().subject(&account.name));
        subjects.filter(|user| self.matters(user, choices)).collect()
    }

    fn groups(&self) -> Vec<(String, u32)> {
        let doas = doas_world(self.tree, self.world.files);
        let by_doas =
            |gid: u32| doas.as_ref().is_some_and(|doas| doas.rules.iter().any(|rule| doas.is_by_group(rule, gid)));
        // Only a group that is named makes a difference.
        let names_group = |rule: &&SudoRule| rule.users.iter().any(|user| !user.negated && user.name.starts_with('%'));
        let rules: Vec<&SudoRule> = self.world.rules.iter().filter(names_group).collect();
        let useful = |gid: u32| rules.iter().any(|rule| self.world.is_by_group(rule, gid));
        let groups = self
            .directory()
            .group_names()
            .filter(|(name, gid)| useful(*gid) || by_doas(*gid) || self.is_root_by_software(name));
        groups.map(|(name, gid)| (name.to_owned(), gid)).collect()
    }

    fn shells(&self) -> Vec<String> {
        let listed = self.root.lines("/etc/shells").into_iter().map(|(_, path)| path);
        let shells: BTreeSet<String> = SHELLS.iter().map(|name| format!("/usr/bin/{name}")).chain(listed).collect();
        let shells = shells.iter().flat_map(|path| paths_with_name(&self.world, path));
        let exists = |path: &String| matches!(self.world.files.identity(path), FileIdentity::Known(..));
        std::iter::once(UNNAMED.to_owned()).chain(shells.filter(exists)).collect()
    }

    /// Returns the users that a user may become by one command, and whether that command is a shell.
    fn steps(
        &self,
        from: &ReachedUser,
        lost: &LostRights,
        left: &RemainingRules,
        choices: &StepChoices,
    ) -> Vec<(ReachedUser, bool)> {
        let rules = applicable(&self.world, &from.subject);
        let mut found = Vec::new();
        if rules.is_empty() {
            return found;
        }
        let allowed = |user: Option<&str>, group: Option<&str>| {
            choices.commands.get_or_init(|| self.shells()).iter().find_map(|command| {
                let request = SudoRequest {
                    user: user.map(str::to_owned),
                    group: group.map(str::to_owned),
                    command: command.clone(),
                    arguments: Some(UNNAMED.to_owned()).filter(|_| command.ends_with("/env")),
                };
                let shell = command != UNNAMED;
                // Without a password, su is a shell for root alone.
                if command.ends_with("/su") && !user.is_some_and(|user| self.is_root(user)) {
                    return None;
                }
                let Decision::Allowed(place) = decide_by(&self.world, &rules, &from.subject, &request) else {
                    return None;
                };
                let whole = |rule: &RemainingRule| {
                    (rule.rule, rule.user) == (place.rule, place.user) && rule.whole && rule.doubt.is_none()
                };
                let known = from.first.is_none() && left.rules.iter().any(whole);
                (!shell || !known && !lost.stay(&self.world, &from.subject, &request)).then_some((place, shell))
            })
        };
        for user in self.targets(&rules, &from.subject, choices) {
            if let Some((place, shell)) = allowed(Some(&user.login), None) {
                found.push((self.step(from, place, &choices.own, user.clone(), &format!("as {}", user.login)), shell));
            }
        }
        let takes_groups = rules
            .iter()
            .filter_map(|one| self.world.rules.get(one.rule))
            .any(|rule| rule.commands.iter().any(|command| !command.groups.is_empty()));
        if !takes_groups {
            return found;
        }
        let groups = choices.groups.get_or_init(|| self.groups()).iter();
        for (group, gid) in groups.filter(|(_, gid)| !from.subject.gids.contains(gid)) {
            let others = self.directory().accounts().iter().map(|account| account.name.as_str());
            let users = [None, Some(from.subject.login.as_str())].into_iter().chain(others.map(Some));
            let step = users.into_iter().find_map(|user| Some((user, allowed(user, Some(group))?)));
            let Some((user, (place, shell))) = step else { continue };
            let Some(base) = user.map_or(Some(from.subject.clone()), |user| self.directory().subject(user)) else {
                continue;
            };
            let mut subject = (*base).clone();
            subject.gids.insert(*gid);
            subject.groups.extend(self.directory().group_name(*gid).map(str::to_owned));
            let text = format!("as {} with the group {group}", subject.login);
            found.push((self.step(from, place, &choices.own, Arc::new(subject), &text), shell));
        }
        found
    }

    fn step(
        &self,
        from: &ReachedUser,
        place: RulePlace,
        own: &BTreeSet<u32>,
        subject: Arc<SudoSubject>,
        becomes: &str,
    ) -> ReachedUser {
        let rule = self.path(&self.world, &RemainingRule::opening(place), self.query.grant.tier).path.text;
        let first = match &from.first {
            Some((first, text)) => (*first, format!("{text}, {rule}; {becomes}")),
            None => (place, format!("{rule}; {becomes}")),
        };
        let passwordless = self.world.rules.get(place.rule).and_then(|rule| rule.commands.get(place.command));
        let asked = !own.contains(&from.subject.uid) && !passwordless.is_some_and(|command| command.passwordless);
        let password = from.password.clone().or_else(|| asked.then(|| from.subject.name.clone()));
        ReachedUser { subject, first: Some(first), password }
    }

    /// Adds the part of the lost rights that a user has.
    fn reached(
        &self,
        user: &ReachedUser,
        shell: bool,
        lost: &LostRights,
        left: &RemainingRules,
        choices: &StepChoices,
        found: &mut AccessFindings,
    ) {
        let Some((place, text)) = &user.first else { return };
        let wanted = self.query.grant.tier;
        let mut path = self.path(&self.world, &RemainingRule::opening(*place), wanted);
        let mut password = user.password.clone();
        let uid = user.subject.uid;
        path.path.text = text.clone();
        path.overlap = Overlap::Whole;
        if uid == 0 {
            path.path.text.push_str(", who may do everything");
        } else if shell && choices.lost.contains(&uid) {
            path.path.text.push_str(", who may run every command as itself");
            path.tier = tier(Tier::T2, left.lost, wanted);
            if choices.lost.len() > 1 {
                path.overlap = Overlap::Part(format!("every command as {}", user.subject.login));
            }
        } else {
            let plain = self.directory().subject(&user.subject.login).is_some_and(|known| known == user.subject);
            let users = if plain { self.directory().subjects_of(uid) } else { vec![user.subject.clone()] };
            if let Some(group) = self.root_group(&user.subject).filter(|_| choices.lost.contains(&0)) {
                path.path.text = format!("{text}, whose members become root by its software ({group})");
                found.access.paths.push(path);
                return;
            }
            let theirs = remaining(&self.world, &users, lost);
            let Some(best) = theirs.rules.iter().min_by_key(|rule| (rule.doubt.is_some(), rule.tier)) else {
                return self.by_doas(&users, lost, Some(text), found);
            };
            let by = self.world.rules.get(best.rule);
            if !choices.own.contains(&uid) && by.is_some_and(|rule| !rule.commands.iter().all(|one| one.passwordless)) {
                password = password.or_else(|| Some(user.subject.login.clone()));
            }
            path.path.text = format!("{text}, {}", self.path(&self.world, best, best.tier).path.text);
            path.tier = tier(best.tier, theirs.lost, wanted);
            path.overlap = match &best.doubt {
                Some(why) => Overlap::CannotTell(why.clone()),
                None if best.whole => Overlap::Whole,
                None => Overlap::Part(parts(&best.permits)),
            };
        }
        if let (Some(name), false) = (password, matches!(path.overlap, Overlap::CannotTell(_))) {
            path.overlap = Overlap::CannotTell(format!("sudo asks for the password of {name}"));
        }
        found.access.paths.push(path);
    }

    /// Adds the groups of the principal whose software makes their members root, when every command as root is lost.
    pub(super) fn by_root_groups(
        &self,
        subjects: &[Arc<SudoSubject>],
        left: &RemainingRules,
        found: &mut AccessFindings,
    ) {
        let as_root = |(_, request): &(String, SudoRequest)| {
            request.command == UNNAMED && request.user.as_ref().is_some_and(|user| self.is_root(user))
        };
        if !left.requests.iter().any(as_root) {
            return;
        }
        let grant = self.query.grant;
        for group in subjects.iter().filter_map(|subject| self.root_group(subject)).collect::<BTreeSet<_>>() {
            let Some(gid) = self.directory().group_id(group) else { continue };
            let text = format!("{} is in {group}, whose members become root by its software", grant.principal.name);
            let held = self
                .inventory
                .of_principal(&grant.principal.id)
                .find(|held| held.kind == GrantKind::Membership && held.entitlement.id == format!("gid:{gid}"));
            found.add(AccessRoute::Group, &format!("root-group/{gid}"), text, Overlap::Whole, grant.tier);
            if let (Some(held), Some(path)) = (held, found.access.paths.pop()) {
                found.access.paths.push(path.by(held));
            }
        }
    }

    fn root_group<'b>(&self, subject: &'b SudoSubject) -> Option<&'b String> {
        subject.groups.iter().find(|name| self.is_root_by_software(name))
    }

    fn is_root_by_software(&self, group: &str) -> bool {
        ROOT_GROUPS.contains(&group) || self.config.admin_groups.iter().any(|name| name == group)
    }

    fn is_root(&self, user: &str) -> bool {
        self.directory().named(user).is_some_and(|account| account.uid == 0)
    }
}

/// Commands that run any other command.
const SHELLS: [&str; 13] =
    ["bash", "sh", "dash", "zsh", "ksh", "ksh93", "mksh", "ash", "fish", "csh", "tcsh", "env", "su"];
const MOST_STEPS: usize = 64;

/// Groups whose software runs what their members want as root.
pub(in crate::connector::hosts) const ROOT_GROUPS: [&str; 6] =
    ["disk", "docker", "incus-admin", "kmem", "libvirt", "lxd"];
