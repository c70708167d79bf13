//! Rights to run commands that are left: by other rules, for every name of the principal, and as other users.

use super::{
    super::{
        grant_key::{SudoersPrincipal, path_part},
        rights::{
            Decision, ListMember, LostRights, RemainingRule, RuleCommand, SudoRequest, SudoSubject, SudoWorld, decide,
            remaining,
        },
        sudo_request,
        sudo_world::doas_world,
        sudoers::read_rights,
        text::shown,
    },
    AccessFindings, AccessReader, gid_of,
};
use crate::{
    connector::{MAX_WITNESSES, WitnessQuery},
    model::{AccessPath, AccessRoute, ExpectedState, Grant, GrantKind, Inventory, Overlap, RemainingPath, Tier},
};
use std::{collections::BTreeSet, sync::Arc};

impl AccessReader<'_> {
    /// Adds the rules that give a part of a rule.
    pub(super) fn sudo_of_rule(&self, found: &mut AccessFindings) {
        let grant = self.query.grant;
        self.superuser(found);
        let (Some(commands), hosts) = (commands_of(grant), grant.attribute("hosts").unwrap_or("ALL")) else {
            return found.doubt("rule", grant.entitlement.name.clone(), "its commands are not readable", grant.tier);
        };
        let hosts = hosts.split(',').map(ListMember::read).collect();
        let stays = match self.query.expects {
            ExpectedState::Shows(shown) => shown.get("commands").and_then(|text| read_rights(text)),
            _ => None,
        };
        let stays = stays.unwrap_or_default().iter().map(RuleCommand::of).collect();
        let lost = LostRights { rules: vec![(hosts, commands)], stays };
        let subjects = self.holders_of_rule();
        // A reduction to commands with a password: a ticket replaces it for a while.
        let passwordless = |commands: &[RuleCommand]| commands.iter().any(|one| !one.negated && one.passwordless);
        let were = lost.rules.iter().any(|(_, commands)| passwordless(commands));
        if were && !lost.stays.is_empty() && !lost.stays.iter().all(|one| one.passwordless) {
            subjects.iter().for_each(|subject| self.ticket(&subject.login, found));
        }
        self.sudo_left(&subjects, &lost, found);
    }

    /// Adds the rules that give a part of the rules of a group to its member.
    pub(super) fn sudo_of_group(&self, found: &mut AccessFindings) {
        self.superuser(found);
        let grant = self.query.grant;
        let Some(gid) = gid_of(&grant.entitlement.id) else { return };
        let mut lost = LostRights::default();
        let mut known = BTreeSet::new();
        for rule in self.world.rules.iter() {
            if self.world.is_by_group(rule, gid) {
                known.insert(format!("sudo:{}", rule.digest));
                lost.rules.push((rule.hosts.clone(), rule.commands.clone()));
            }
        }
        if let Some(doas) = doas_world(self.tree, self.world.files) {
            let by_group = doas.rules.iter().filter(|rule| doas.is_by_group(rule, gid));
            lost.rules.extend(by_group.map(|rule| (rule.hosts.clone(), rule.commands.clone())));
        }
        // A rule that was reviewed with the group may have gone since.
        for given in grant.expands_to.iter().filter(|given| !known.contains(&given.id)) {
            let rights = given.name.strip_prefix("sudo ").and_then(read_rights);
            match rights {
                Some(rights) => {
                    lost.rules.push((vec![ListMember::read("ALL")], rights.iter().map(RuleCommand::of).collect()));
                }
                None => found.doubt(&given.id, given.name.clone(), "a rule of the group has changed", grant.tier),
            }
        }
        if !lost.rules.is_empty() {
            self.sudo_left(&self.subjects(), &lost, found);
        }
    }

    fn sudo_left(&self, subjects: &[Arc<SudoSubject>], lost: &LostRights, found: &mut AccessFindings) {
        let left = remaining(&self.world, subjects, lost);
        let wanted = self.query.grant.tier;
        let mut allows: Vec<Vec<_>> = vec![Vec::new(); left.rules.len()];
        found.witnesses = match self.query.witnesses {
            WitnessQuery::Nothing => Vec::new(),
            WitnessQuery::Ask(asked) => asked.to_vec(),
            WitnessQuery::Choose => {
                let is_account = |subject: &&Arc<SudoSubject>| self.directory().named(&subject.login).is_some();
                let accounts: Vec<_> = subjects.iter().filter(is_account).cloned().collect();
                sudo_request::choose(&self.world, &accounts, lost, &left, MAX_WITNESSES)
            }
        };
        for witness in &found.witnesses {
            let Some((login, request)) = sudo_request::parse(witness) else { continue };
            let Some(subject) = self.directory().subject(&login) else { continue };
            if let Decision::Allowed(place) = decide(&self.world, &subject, &request)
                && let Some(at) = left.rules.iter().position(|rule| (rule.rule, rule.user) == (place.rule, place.user))
            {
                allows[at].push(witness.clone());
            }
        }
        for (rule, allows) in left.rules.iter().zip(allows) {
            let mut path = self.path(&self.world, rule, tier(rule.tier, left.lost, wanted));
            path.allows = allows;
            found.access.paths.push(path);
        }
        self.by_other_users(subjects, lost, &left, found);
        self.outside_of_sudo(subjects, lost, &left, found);
    }

    /// Returns the path of a rule, with the listed grant that has it.
    pub(super) fn path(&self, world: &SudoWorld<'_>, left: &RemainingRule, tier: Tier) -> RemainingPath {
        let (mut path, mut grant) =
            (AccessPath { via: AccessRoute::Rule, ids: String::new(), text: String::new() }, None);
        if let Some(rule) = world.rules.get(left.rule)
            && let Some(member) = rule.users.get(left.user)
        {
            let who = SudoersPrincipal::listed(self.tree, &member.name);
            path.ids = format!("sudo/{}/{}/{}", path_part(&rule.file), who.bound(), rule.digest);
            path.text = format!(
                "{}:{} gives {} sudo {}",
                shown(&rule.file),
                rule.line,
                who.principal().name,
                shown(&rule.text)
            );
            grant = self
                .inventory
                .of_principal(&who.id())
                .find(|grant| grant.kind == GrantKind::Rule && grant.paths.iter().any(|known| known.ids == path.ids));
        }
        let overlap = match &left.doubt {
            Some(why) => Overlap::CannotTell(why.clone()),
            None if left.whole => Overlap::Whole,
            None => Overlap::Part(parts(&left.permits)),
        };
        let path = RemainingPath { path, overlap, tier, grant: None, allows: Vec::new() };
        match grant.map(|rule| responsible(rule, &self.query.grant.principal.id, self.inventory)) {
            Some(grant) => path.by(grant),
            None => path,
        }
    }
}

/// Returns the grant by which a principal has the rights of a rule: its membership in the group that holds the rule, or
/// the rule itself.
pub(in crate::connector::hosts) fn responsible<'a>(
    rule: &'a Grant,
    principal: &str,
    inventory: &'a Inventory,
) -> &'a Grant {
    let membership = |held: &&Grant| held.kind == GrantKind::Membership && held.entitlement.id == rule.principal.id;
    if rule.principal.id == principal {
        rule
    } else {
        inventory.of_principal(principal).find(membership).unwrap_or(rule)
    }
}

/// Returns the tier of a part of the lost rights. What is as critical as the most critical of them has the tier of the
/// grant.
pub(in crate::connector::hosts) fn tier(part: Tier, lost: Option<Tier>, grant: Tier) -> Tier {
    match lost {
        Some(lost) if part > lost => part.max(grant),
        _ => part.min(grant),
    }
}

/// Returns the commands of a rule's grant.
fn commands_of(grant: &Grant) -> Option<Vec<RuleCommand>> {
    Some(read_rights(grant.attribute("commands")?)?.iter().map(RuleCommand::of).collect())
}

pub(super) fn parts(permits: &[(String, SudoRequest)]) -> String {
    let mut each: Vec<String> = Vec::new();
    for (login, request) in permits {
        let text = format!("{} as {}", sudo_request::line(request), request.user.as_deref().unwrap_or(login));
        if !each.contains(&text) {
            each.push(text);
        }
    }
    let more = each.len().saturating_sub(3);
    each.truncate(3);
    let listed = each.iter().map(|text| shown(text)).collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{listed} and {more} more") } else { listed }
}
