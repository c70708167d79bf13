//! Paths that remain after a change, by the inventory alone: the same comparison of rights as after a read, without the
//! files of the system. Where files would decide, the overlap is unknown.

use super::{
    super::{
        grant_key::{bound_account, decoded},
        hidden_rules::{first_step, hidden_without},
        remaining_access::ROOT_GROUPS,
        rights::{
            AccountDirectory, CommandPattern, HostNames, ListMember, LostRights, NetgroupTable, RemainingRule,
            RuleCommand, SudoRule, SudoWorld, UNNAMED, UnseenFiles, remaining,
        },
        sudoers::read_rights,
    },
    HostChangePlanner, harm,
};
use crate::{
    connector::{PlannedChange, UnsupportedChangeError},
    model::{AccessPath, AccessRoute, Grant, GrantKind, Overlap, RemainingPath, Tier},
};
use std::{collections::BTreeMap, sync::Arc};

impl HostChangePlanner<'_> {
    /// Returns the paths that give a part of the lost access after the change. `stays` are the commands of the new form.
    pub(super) fn survivors(&self, stays: Option<&str>) -> Vec<RemainingPath> {
        let grant = self.grant;
        let mut paths = match grant.kind {
            GrantKind::Membership => self.other_ways_into_group(),
            GrantKind::Rule => Vec::new(),
            GrantKind::Account => self.other_names(),
            _ => self.others().filter_map(|other| whole(other, grant.tier)).collect(),
        };
        if matches!(grant.kind, GrantKind::Membership | GrantKind::Rule) {
            paths.extend(self.other_rules(stays));
            paths.extend(self.root_groups());
            if grant.principal.id == "uid:0" {
                let text = format!("{} has uid 0, which may do everything", grant.principal.name);
                let path = AccessPath { via: AccessRoute::Administrator, ids: "uid:0".to_owned(), text };
                paths.push(RemainingPath::whole(path, grant.tier));
            }
        }
        paths.sort_by(|a, b| (&a.path, a.tier).cmp(&(&b.path, b.tier)));
        paths.dedup_by(|a, b| a.path == b.path);
        paths
    }

    /// Rejects the removal of a denial that hides something: the removal would give it.
    pub(super) fn opens_nothing(&self, draft: PlannedChange) -> Result<PlannedChange, UnsupportedChangeError> {
        let grant = self.grant;
        let Some(hidden) = hidden_without(self.inventory.grant(&grant.key).unwrap_or(grant)) else { return Ok(draft) };
        let what = match grant.kind {
            GrantKind::Rule => format!("\"{}\" also denies commands", grant.entitlement.name),
            _ => format!("a rule denies commands to {}, or excludes it", grant.entitlement.name),
        };
        harm(
            format!("{what}; without this grant, {}", hidden.gain),
            format!("{}; when the system is collected again, this decision is carried out", first_step(&hidden.by)),
        )
    }

    fn others(&self) -> impl Iterator<Item = &Grant> {
        let grant = self.grant;
        let others = self.inventory.of_entitlement(&grant.entitlement.id);
        others.filter(move |other| other.kind == grant.kind && other.key != grant.key)
    }

    fn other_names(&self) -> Vec<RemainingPath> {
        // The credentials of root are not those of another account with uid 0.
        let others = self.others().filter(|other| other.entitlement.id != "uid:0");
        let each = others.filter_map(|other| whole(other, self.grant.tier));
        let doubt = "it is the same identity, with a login of its own";
        each.map(|path| RemainingPath { overlap: Overlap::CannotTell(doubt.to_owned()), ..path }).collect()
    }

    fn other_ways_into_group(&self) -> Vec<RemainingPath> {
        let grant = self.grant;
        let own = |other: &&Grant| {
            other.key != grant.key && (other.kind == GrantKind::Credential || other.principal.id == grant.principal.id)
        };
        let others = self.inventory.of_entitlement(&grant.entitlement.id).filter(own);
        others.filter_map(|other| whole(other, grant.tier)).collect()
    }

    fn other_rules(&self, stays: Option<&str>) -> Vec<RemainingPath> {
        let grant = self.grant;
        let given: Vec<&Grant> = match grant.kind {
            GrantKind::Rule => vec![grant],
            _ => self.rules_of(&grant.entitlement.id).collect(),
        };
        let stays = stays.and_then(read_rights).unwrap_or_default();
        let lost = LostRights {
            rules: given.iter().map(|rule| (hosts(rule), commands(rule))).collect(),
            stays: stays.iter().map(RuleCommand::of).collect(),
        };
        let rules: Vec<&Grant> = self.applicable(grant).collect();
        let world = self.world(&rules);
        let left = remaining(&world, &self.subjects(&world), &lost);
        let path = |one: &RemainingRule| {
            let rule = rules.get(one.rule)?;
            let overlap = match &one.doubt {
                Some(why) => Overlap::CannotTell(why.clone()),
                None if one.whole => Overlap::Whole,
                None => Overlap::Part(part(one)),
            };
            let tier = super::super::remaining_access::part_tier(one.tier, left.lost, grant.tier);
            let by = super::super::remaining_access::responsible(rule, &grant.principal.id, self.inventory);
            whole(rule, tier).map(|path| RemainingPath { overlap, ..path.by(by) })
        };
        left.rules.iter().filter_map(path).collect()
    }

    /// Returns the rules that apply to the principal beside `own`: its own, those for all users, those of its groups.
    fn applicable<'b>(&'b self, own: &'b Grant) -> impl Iterator<Item = &'b Grant> {
        let grant = self.grant;
        let principal = grant.principal.id.as_str();
        let groups = self.inventory.of_principal(principal).filter(|other| other.kind == GrantKind::Membership);
        // The group that is left gives nothing any more.
        let groups = groups
            .filter(move |other| grant.kind != GrantKind::Membership || other.entitlement.id != grant.entitlement.id);
        let by_group = groups.flat_map(|other| self.rules_of(&other.entitlement.id));
        let everyone = (principal != "everyone").then(|| self.rules_of("everyone")).into_iter().flatten();
        let excepted =
            move |rule: &&Grant| rule.attribute("except").is_some_and(|ids| ids.split(',').any(|id| id == principal));
        self.rules_of(principal)
            .chain(everyone)
            .chain(by_group)
            .filter(move |rule| !excepted(rule) && rule.key != own.key)
    }

    /// Returns the other groups of the principal whose software makes their members root, when every command as root is lost.
    fn root_groups(&self) -> Vec<RemainingPath> {
        let grant = self.grant;
        let is_root = match grant.kind {
            GrantKind::Rule => grant.tier == Tier::T0,
            _ => grant.expands_to.iter().any(|rule| rule.name.ends_with(" ALL")),
        };
        let known = |held: &&Grant| {
            let name = held.entitlement.name.strip_prefix("group ").unwrap_or_default();
            held.kind == GrantKind::Membership
                && held.entitlement.id != grant.entitlement.id
                && (ROOT_GROUPS.contains(&name) || self.config.admin_groups.iter().any(|own| own == name))
        };
        let groups = self.inventory.of_principal(&grant.principal.id).filter(|_| is_root).filter(known);
        groups.filter_map(|held| whole(held, grant.tier)).collect()
    }

    fn rules_of(&self, principal: &str) -> impl Iterator<Item = &Grant> {
        self.inventory.of_principal(principal).filter(|other| other.kind == GrantKind::Rule)
    }

    /// Returns a world with these rules, all of which apply to the principal. Their order is not part of the inventory.
    fn world(&self, rules: &[&Grant]) -> SudoWorld<'static> {
        let mut directory = AccountDirectory::default();
        directory.account(PRINCIPAL, PRINCIPAL_ID, PRINCIPAL_ID);
        let mut own = vec![self.grant];
        own.extend(rules);
        let mut unknown = PRINCIPAL_ID;
        let names = |uid: &str, directory: &mut AccountDirectory| {
            for account in
                self.inventory.of_entitlement(&format!("uid:{uid}")).filter(|one| one.kind == GrantKind::Account)
            {
                let bound = account.paths.first().and_then(|path| path.ids.split('/').find_map(bound_account));
                if let Some((uid, name)) = bound {
                    directory.account(&decoded(&name), uid, uid);
                }
            }
        };
        names("0", &mut directory);
        let members = |rule: &&Grant| commands(rule).into_iter().flat_map(|command| command.users).collect::<Vec<_>>();
        let listed: Vec<ListMember> = own.iter().flat_map(members).collect();
        for member in &listed {
            if let Some(uid) = member.name.strip_prefix('#') {
                names(uid, &mut directory);
            }
        }
        for member in listed.iter().filter(|member| !member.name.starts_with(['#', '%', '+']) && member.name != "ALL") {
            if directory.named(&member.name).is_none() {
                // Without its uid, a name is an account of its own.
                unknown -= 1;
                let uid = if member.name == "root" { 0 } else { unknown };
                directory.account(&member.name, uid, uid);
            }
        }
        if directory.named("root").is_none() {
            directory.account("root", 0, 0);
        }
        let rule = |rule: &&Grant| SudoRule {
            file: String::new(),
            line: 0,
            digest: String::new(),
            text: String::new(),
            users: vec![ListMember::read("ALL")],
            hosts: hosts(rule),
            commands: commands(rule),
        };
        SudoWorld {
            directory,
            rules: Arc::new(rules.iter().map(rule).collect()),
            host: HostNames::Unknown,
            netgroups: NetgroupTable::Unknown("it is not part of the inventory".to_owned()),
            settings: BTreeMap::new(),
            limited: Vec::new(),
            files: &UnseenFiles,
            now: None,
        }
    }

    fn subjects(&self, world: &SudoWorld<'_>) -> Vec<Arc<super::super::rights::SudoSubject>> {
        world.directory.subject(PRINCIPAL).into_iter().collect()
    }
}

fn whole(grant: &Grant, tier: Tier) -> Option<RemainingPath> {
    grant.paths.first().map(|path| RemainingPath::whole(path.clone(), tier).by(grant))
}

fn commands(rule: &Grant) -> Vec<RuleCommand> {
    match rule.attribute("commands").and_then(read_rights) {
        Some(rights) => rights.iter().map(RuleCommand::of).collect(),
        // A rule that cannot be parsed again may permit everything.
        None => vec![RuleCommand::everything(CommandPattern::read("^.*\\w$"))],
    }
}

fn hosts(rule: &Grant) -> Vec<ListMember> {
    rule.attribute("hosts").unwrap_or("ALL").split(',').map(ListMember::read).collect()
}

fn part(one: &RemainingRule) -> String {
    let text = |(_, request): &(String, super::super::rights::SudoRequest)| {
        let command = if request.command == UNNAMED { "any command" } else { &request.command };
        format!("{command} as {}", request.user.as_deref().unwrap_or("itself"))
    };
    let each: Vec<String> = one.permits.iter().take(3).map(text).collect();
    each.join(", ")
}

const PRINCIPAL: &str = "the principal";
const PRINCIPAL_ID: u32 = u32::MAX - 1;
