//! Derives the grants of a system from one read of its files.

use super::{
    account_files::{GroupEntry, PasswdEntry, PasswordField},
    config::HostsConfig,
    grant_key::{SudoersPrincipal, decoded, key, path_part},
    hidden_rules::{self, HiddenFromMembers, hidden_by},
    rights::{SudoWorld, UnseenFiles},
    rule_digest::{hosts, rule_digest},
    snapshot::HostSnapshot,
    sudo_world::{doas_world, sudo_world},
    sudoers::{AliasKind, HostSpec, StatementKind, SudoersMember, UserSpec, expanded, written},
    text::{shown, shown_whole},
};
use crate::{
    connector::ConnectorError,
    model::{
        AccessPath, AccessRoute, Attributes, Digest, Entitlement, Grant, GrantKey, GrantKind, Inventory, SystemId,
        Tier, Timestamp,
    },
};
use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet},
};

/// Returns all grants of one kind.
pub(super) fn of_kind(
    system: &SystemId,
    config: &HostsConfig,
    tree: &HostSnapshot,
    kind: GrantKind,
) -> Result<Vec<Grant>, ConnectorError> {
    let listing = HostGrants { system, config, tree, about: None, world: OnceCell::new() };
    let grants = match kind {
        GrantKind::Account => listing.accounts()?,
        GrantKind::Credential => [listing.group_passwords()?, listing.keys()?].concat(),
        GrantKind::Membership => listing.memberships(&by_group(&listing.rules()?))?,
        GrantKind::Rule => listing.rules()?,
        _ => Vec::new(),
    };
    distinct(grants)
}

/// Returns the grants that concern `grant`: those of its principal, the other ways of its principal to its entitlement,
/// the credentials for it, and all rules.
/// Their keys are the same as in a listing of all grants.
pub(super) fn concerning(
    system: &SystemId,
    config: &HostsConfig,
    tree: &HostSnapshot,
    grant: &Grant,
) -> Result<Inventory, ConnectorError> {
    let about = Some((grant.principal.id.as_str(), grant.entitlement.id.as_str()));
    let listing = HostGrants { system, config, tree, about, world: OnceCell::new() };
    let mut grants = listing.rules()?;
    let expansions = by_group(&grants);
    grants.extend(listing.memberships(&expansions)?);
    grants.extend(listing.group_passwords()?);
    grants.extend(listing.accounts()?);
    grants.extend(listing.keys()?);
    let grants = distinct(grants)?;
    Ok(Inventory::new(system.clone(), Timestamp::from_unix(0), Digest::ZERO, true, grants, BTreeMap::new()))
}

struct HostGrants<'a> {
    system: &'a SystemId,
    config: &'a HostsConfig,
    tree: &'a HostSnapshot,
    /// The ids of the principal and the entitlement that are concerned; `None` for all grants.
    about: Option<(&'a str, &'a str)>,
    /// The rules, for those that deny something.
    world: OnceCell<SudoWorld<'static>>,
}

impl HostGrants<'_> {
    /// Returns whether grants of a principal or an entitlement are wanted.
    fn concerns(&self, principal: impl FnOnce() -> String, entitlement: impl FnOnce() -> String) -> bool {
        self.about.is_none_or(|(holder, held)| principal() == holder || entitlement() == held)
    }

    /// Returns the groups that may have members of interest, in the order of the file.
    fn groups_with_members(&self) -> impl Iterator<Item = &GroupEntry> {
        let (groups, hidden) = (&self.tree.groups, &self.tree.group_shadows);
        let listing = hidden.listing().iter().filter_map(|at| hidden.get(*at));
        let mut places: BTreeSet<usize> = groups.listing().iter().copied().collect();
        places.extend(listing.flat_map(|row| groups.places_of_name(&row.value.name)));
        // A line without a name has the members of gshadow as well.
        if groups.values().any(GroupEntry::is_comment) {
            places.extend(0..groups.len());
        }
        places.into_iter().filter_map(|at| groups.get(at)).map(|row| &*row.value)
    }

    /// Returns the names that the principal of interest has in lists of members; `None` for all names.
    fn names(&self) -> Option<BTreeSet<String>> {
        let (holder, _) = self.about?;
        let mut names = BTreeSet::new();
        match id_after("uid:", holder) {
            Some(uid) => names.extend(self.tree.directory.names_of(uid).into_iter().map(str::to_owned)),
            None => names.extend(holder.strip_prefix("name:").map(decoded)),
        }
        Some(names)
    }

    fn accounts_of_holder(&self) -> Vec<&PasswdEntry> {
        let Some((holder, _)) = self.about else { return self.tree.accounts.values().collect() };
        let places = id_after("uid:", holder).map(|uid| self.tree.accounts.places_of_id(uid)).unwrap_or_default();
        places.into_iter().filter_map(|at| self.tree.accounts.get(at)).map(|row| &*row.value).collect()
    }

    fn accounts(&self) -> Result<Vec<Grant>, ConnectorError> {
        let each = |account: &PasswdEntry| {
            let who = SudoersPrincipal::Account(account.uid, account.name.clone());
            let shadow = self.tree.shadow(&account.name);
            let password = match (account.password, shadow) {
                (PasswordField::Elsewhere, Some(shadow)) => shadow.password,
                (own, _) => own,
            };
            let opens = self.config.opens(&account.shell);
            let expires = shadow.and_then(|shadow| shadow.expires).map_or_else(|| "never".to_owned(), date);
            let mut attributes = attributes([
                ("expires", expires),
                ("home", shown(&account.home)),
                ("login", if opens { "yes" } else { "no" }.to_owned()),
                ("password", password.word().to_owned()),
                ("shell", shown(&account.shell)),
            ]);
            if account.uid == 0 {
                attributes.insert("superuser".to_owned(), "yes".to_owned());
            }
            Ok(Grant {
                key: key(&["account", &who.bound()])?,
                entitlement: Entitlement { id: who.id(), name: format!("account {}", shown(&account.name)) },
                paths: vec![AccessPath {
                    via: if account.uid == 0 { AccessRoute::Administrator } else { AccessRoute::Direct },
                    ids: format!("passwd/{}", who.bound()),
                    text: format!("/etc/passwd has {} with uid {}", shown(&account.name), account.uid),
                }],
                tier: match (account.uid, opens) {
                    (0, _) => Tier::T0,
                    (_, true) => Tier::T2,
                    (_, false) => Tier::T3,
                },
                attributes,
                ..self.blank(GrantKind::Account, &who)?
            })
        };
        if let Some((holder, held)) = self.about {
            let uids: BTreeSet<u32> = [holder, held].iter().filter_map(|id| id_after("uid:", id)).collect();
            let places = uids.iter().flat_map(|uid| self.tree.accounts.places_of_id(*uid));
            let rows = places.filter_map(|at| self.tree.accounts.get(at)).map(|row| &*row.value);
            return rows.map(each).collect();
        }
        self.tree.accounts.values().map(each).collect()
    }

    fn memberships(&self, expansions: &BTreeMap<String, Vec<Entitlement>>) -> Result<Vec<Grant>, ConnectorError> {
        let (mut grants, mut denied) = (Vec::new(), HiddenFromMembers::default());
        let doas = doas_world(self.tree, &UnseenFiles);
        let denies = self.tree.sudoers.denies() || doas.is_some() || self.tree.sshd.names_groups();
        for group in self.groups_with_members() {
            let shadow = self.tree.group_shadow(&group.name);
            let hidden: BTreeSet<&String> = shadow.iter().flat_map(|shadow| &shadow.members).collect();
            let administrators: BTreeSet<&String> = shadow.iter().flat_map(|shadow| &shadow.administrators).collect();
            let members: BTreeSet<&String> = group.members.iter().collect();
            let names: BTreeSet<&String> = members.iter().chain(&hidden).chain(&administrators).copied().collect();
            let known = self.names();
            for name in names.into_iter().filter(|name| known.as_ref().is_none_or(|known| known.contains(*name))) {
                let who = SudoersPrincipal::user(self.tree, name);
                // A name in a comment is often no account.
                let is_text = group.is_comment() && self.tree.account(name).is_none();
                if is_text || self.about.is_some_and(|(holder, _)| who.id() != holder) {
                    continue;
                }
                let administers = administrators.contains(name);
                let mut lists = Vec::new();
                lists.extend(members.contains(name).then_some("a member in /etc/group"));
                lists.extend(hidden.contains(name).then_some("a member in /etc/gshadow"));
                lists.extend(administers.then_some("an administrator in /etc/gshadow"));
                let words = format!("{} is {} of {}", shown(name), lists.join(" and "), shown(&group.name));
                let worlds = || (self.world(), doas.as_ref());
                let hidden = denies.then(|| denied.of(worlds(), self.tree, group.gid, name)).flatten();
                let words = hidden_rules::with_hidden(words, hidden);
                let mut grant = self.membership(group, &who, "", words, expansions)?;
                if administers {
                    grant.attributes.insert("administrator".to_owned(), "yes".to_owned());
                }
                grants.push(grant);
            }
        }
        for account in self.accounts_of_holder() {
            let unnamed = || GroupEntry {
                name: String::new(),
                password: PasswordField::Empty,
                gid: account.gid,
                members: Vec::new(),
            };
            let group = self.tree.group_of(account.gid).cloned().unwrap_or_else(unnamed);
            let who = SudoersPrincipal::Account(account.uid, account.name.clone());
            let words = format!("{} is the primary group of {}", shown(&group.name), shown(&account.name));
            let mut grant = self.membership(&group, &who, "primary", words, expansions)?;
            grant.attributes.insert("primary".to_owned(), "yes".to_owned());
            if group.name == account.name && group.members.is_empty() {
                grant.attributes.insert("private".to_owned(), "yes".to_owned());
            }
            grants.push(grant);
        }
        Ok(grants)
    }

    fn membership(
        &self,
        group: &GroupEntry,
        who: &SudoersPrincipal,
        how: &str,
        text: String,
        expansions: &BTreeMap<String, Vec<Entitlement>>,
    ) -> Result<Grant, ConnectorError> {
        let bound = SudoersPrincipal::Group(group.gid, group.name.clone());
        let (gid, name) = (bound.id(), bound.principal().name);
        let kind = if how.is_empty() { "membership" } else { how };
        let expands_to = expansions.get(&gid).cloned().unwrap_or_default();
        let (tier, own) = (self.tier(group, !expands_to.is_empty()), self.tier(group, false));
        Ok(Grant {
            key: key(&[kind, &bound.bound(), &who.bound()])?,
            entitlement: Entitlement { id: gid, name: format!("group {}", name.trim_start_matches('%')) },
            paths: vec![AccessPath {
                via: AccessRoute::Group,
                ids: format!("{kind}/{}/{}", bound.bound(), who.bound()),
                text,
            }],
            // Rules of the group are not part of the attribute, so that it stays when they are revoked.
            attributes: if matches!(own, Tier::T0 | Tier::T1) {
                attributes([("administrative", "yes".to_owned())])
            } else {
                Attributes::new()
            },
            expands_to,
            tier,
            ..self.blank(GrantKind::Membership, who)?
        })
    }

    fn tier(&self, group: &GroupEntry, has_rules: bool) -> Tier {
        // The members of a line behind a `#` are those of the group that has its gid.
        let name =
            self.tree.group_of(group.gid).filter(|_| group.is_comment()).map_or(&group.name, |named| &named.name);
        let named = |known: &[&str], own: &[String]| known.contains(&name.as_str()) || own.contains(name);
        if group.gid == 0 || has_rules || named(AS_GOOD_AS_ROOT, &self.config.admin_groups) {
            Tier::T0
        } else if named(PRIVILEGED, &self.config.privileged_groups) {
            Tier::T1
        } else {
            Tier::T3
        }
    }

    /// Group passwords: a user who knows one may join the group with newgrp(1).
    fn group_passwords(&self) -> Result<Vec<Grant>, ConnectorError> {
        let mut grants = Vec::new();
        let of_gid = self.about.map(|(holder, held)| {
            let gids: BTreeSet<u32> = [holder, held].iter().filter_map(|id| id_after("gid:", id)).collect();
            gids.iter().flat_map(|gid| self.tree.groups.places_of_id(*gid)).collect::<BTreeSet<usize>>()
        });
        let all = of_gid.unwrap_or_else(|| (0..self.tree.groups.len()).collect());
        for group in all.into_iter().filter_map(|at| self.tree.groups.get(at)).map(|row| &*row.value) {
            let shadow = self.tree.group_shadow(&group.name);
            let (state, file) = match shadow {
                Some(shadow) if group.password == PasswordField::Elsewhere => (shadow.password, "/etc/gshadow"),
                _ => (group.password, "/etc/group"),
            };
            if state != PasswordField::Set {
                continue;
            }
            let who = SudoersPrincipal::Group(group.gid, group.name.clone());
            grants.push(Grant {
                key: key(&["group-password", &who.bound()])?,
                entitlement: Entitlement { id: who.id(), name: format!("joining group {}", shown(&group.name)) },
                paths: vec![AccessPath {
                    via: AccessRoute::Public,
                    ids: format!("group-password/{}", who.bound()),
                    text: format!("users with the password of group {} in {file} can join it", shown(&group.name)),
                }],
                attributes: attributes([("type", "group-password".to_owned()), ("file", file.to_owned())]),
                tier: self.tier(group, false),
                ..self.blank(GrantKind::Credential, &who)?
            });
        }
        Ok(grants)
    }

    fn keys(&self) -> Result<Vec<Grant>, ConnectorError> {
        let mut grants = Vec::new();
        for (file, listed) in &self.tree.keys {
            for account in listed.accounts.iter().filter_map(|name| self.tree.account(name)) {
                let id = || format!("uid:{}", account.uid);
                if !self.concerns(id, id) {
                    continue;
                }
                let who = SudoersPrincipal::Account(account.uid, account.name.clone());
                for one in &listed.keys.keys {
                    let mut attributes = attributes([
                        ("file", shown(file)),
                        ("options", shown_whole(&one.options.join(","))),
                        ("type", one.kind.clone()),
                    ]);
                    if let Some(bits) = one.bits {
                        attributes.insert("bits".to_owned(), bits.to_string());
                    }
                    if listed.is_shared_beyond(account.uid) {
                        attributes.insert("shared".to_owned(), "yes".to_owned());
                    }
                    if ![0, account.uid].contains(&listed.owner) {
                        attributes.insert("owner".to_owned(), format!("uid:{}", listed.owner));
                    }
                    let comment = if one.comment.is_empty() { &one.fingerprint } else { &one.comment };
                    grants.push(Grant {
                        key: key(&["key", &who.bound(), &one.fingerprint])?,
                        entitlement: Entitlement {
                            id: format!("{}:{}", who.id(), one.fingerprint),
                            name: format!("ssh as {} with {}", shown(&account.name), shown(comment)),
                        },
                        paths: vec![AccessPath {
                            via: AccessRoute::Direct,
                            ids: format!("key/{}/{}{}", who.bound(), one.fingerprint, path_part(file)),
                            text: format!("{} lists {}", shown(file), one.fingerprint),
                        }],
                        attributes,
                        tier: if account.uid == 0 { Tier::T0 } else { Tier::T2 },
                        ..self.blank(GrantKind::Credential, &who)?
                    });
                }
            }
        }
        Ok(grants)
    }

    fn rules(&self) -> Result<Vec<Grant>, ConnectorError> {
        let mut grants = Vec::new();
        for (file, statements) in &self.tree.sudoers.files {
            for statement in statements.iter() {
                let StatementKind::Spec(spec) = &statement.kind else { continue };
                for holder in holders(self.tree, spec) {
                    for privilege in &spec.privileges {
                        grants.extend(self.rule(file, statement.line, &holder, privilege)?);
                    }
                }
            }
        }
        Ok(grants)
    }

    fn rule(
        &self,
        file: &str,
        line: usize,
        holder: &RuleHolder,
        privilege: &HostSpec,
    ) -> Result<Option<Grant>, ConnectorError> {
        let rights = expanded(&privilege.commands, &self.tree.sudoers);
        if rights.iter().all(|right| right.negated) {
            return Ok(None);
        }
        let who = &holder.who;
        let (text, hosts) = (written(&rights), hosts(&self.tree.sudoers, privilege));
        let digest = rule_digest(&text, &hosts);
        let unasked = self.tree.sudoers.unasked.iter().any(|users| match users {
            None => true,
            Some(users) => listed(self.tree, users).iter().any(|holder| holder.who.id() == who.id()),
        });
        let everything = rights.iter().any(|right| !right.negated && right.command == "ALL");
        let as_root =
            rights.iter().any(|right| right.users.iter().any(|u| matches!(u.as_str(), "ALL" | "root" | "#0")));
        let nopasswd = unasked || rights.iter().any(|right| right.tags.iter().any(|tag| tag == "NOPASSWD"));
        let mut attributes = attributes([
            ("commands", text.clone()),
            ("file", shown(file)),
            ("hosts", hosts.clone()),
            ("nopasswd", if nopasswd { "yes" } else { "no" }.to_owned()),
        ]);
        if !holder.except.is_empty() {
            attributes.insert("except".to_owned(), holder.except.join(","));
        }
        let denies = rights.iter().any(|right| right.negated);
        let hidden = denies.then(|| hidden_by(self.world(), self.tree, file, &digest, who)).flatten();
        let words = format!("{}:{line} gives {} sudo {}", shown(file), who.principal().name, shown(&text));
        Ok(Some(Grant {
            key: key(&["sudo", &path_part(file), &who.bound(), &digest])?,
            // All unrestricted root rules are one entitlement, in any spelling, because the guardrail on the last
            // administrator counts its holders.
            entitlement: Entitlement {
                id: if as_root && everything { "sudo:everything".to_owned() } else { format!("sudo:{digest}") },
                name: format!("sudo {}", shown(&text)),
            },
            paths: vec![AccessPath {
                via: AccessRoute::Rule,
                ids: format!("sudo/{}/{}/{digest}", path_part(file), who.bound()),
                text: hidden_rules::with_hidden(words, hidden),
            }],
            attributes,
            tier: match (as_root, everything) {
                (true, true) => Tier::T0,
                (true, false) => Tier::T1,
                _ => Tier::T2,
            },
            ..self.blank(GrantKind::Rule, who)?
        }))
    }

    fn world(&self) -> &SudoWorld<'static> {
        self.world.get_or_init(|| sudo_world(self.tree, &UnseenFiles))
    }

    fn blank(&self, kind: GrantKind, who: &SudoersPrincipal) -> Result<Grant, ConnectorError> {
        Ok(Grant {
            system: self.system.clone(),
            kind,
            key: key(&["-"])?,
            principal: who.principal(),
            entitlement: Entitlement { id: String::new(), name: String::new() },
            paths: Vec::new(),
            attributes: Attributes::new(),
            expands_to: Vec::new(),
            tier: Tier::T3,
        })
    }
}

/// A principal in a rule of sudoers, named directly or through an alias.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct RuleHolder {
    pub who: SudoersPrincipal,
    /// The name in the rule or its alias.
    pub name: String,
    /// Ids that the same list excludes, and that may concern the principal.
    pub except: Vec<String>,
}

/// Returns the principals in the list of a rule; the last match decides (sudoers(5)).
pub(super) fn holders(tree: &HostSnapshot, spec: &UserSpec) -> Vec<RuleHolder> {
    listed(tree, &spec.users)
}

fn listed(tree: &HostSnapshot, users: &[SudoersMember]) -> Vec<RuleHolder> {
    let mut holders: Vec<RuleHolder> = Vec::new();
    for (item, _) in tree.sudoers.flat(AliasKind::User, users) {
        let who = SudoersPrincipal::listed(tree, &item.name);
        // An exclusion of another name of the same id does not exclude the holder: sudo compares the first name.
        holders.retain(|holder| if item.negated { holder.who != who } else { holder.who.id() != who.id() });
        if item.negated {
            // The last match decides: an exclusion applies to the members before it.
            let concerned = holders.iter_mut().filter(|holder| may_exclude(tree, &holder.who, &who));
            concerned.for_each(|holder| holder.except.push(who.id()));
        } else {
            holders.push(RuleHolder { who, name: item.name, except: Vec::new() });
        }
    }
    for holder in &mut holders {
        holder.except.sort();
        holder.except.dedup();
    }
    holders
}

/// Returns whether an exclusion may concern a holder. The removal of one member of an alias does not change the grants
/// of the others.
pub(super) fn may_exclude(tree: &HostSnapshot, holder: &SudoersPrincipal, excluded: &SudoersPrincipal) -> bool {
    use SudoersPrincipal::{Account, Group, Unknown};
    let in_group = |name: &str, gid: u32| {
        let lists = |row: &GroupEntry| row.gid == gid && row.members.iter().any(|member| member == name);
        tree.account(name).is_some_and(|account| account.gid == gid) || tree.groups.iter().any(|row| lists(&row.value))
    };
    match (holder, excluded) {
        (Account(..), Account(..)) => false,
        (Account(_, name), Group(gid, _)) | (Group(gid, _), Account(_, name)) => in_group(name, *gid),
        (Group(..), Group(gid, _)) => {
            let accounts = tree.accounts.iter().map(|row| &row.value.name);
            let Group(own, _) = holder else { return true };
            accounts.into_iter().any(|name| in_group(name, *own) && in_group(name, *gid))
        }
        (Account(..) | Group(..), Unknown(id)) => !id.starts_with("name:"),
        _ => true,
    }
}

/// Gives the second and later grants with the same key a distinct key, so that none is lost.
fn distinct(grants: Vec<Grant>) -> Result<Vec<Grant>, ConnectorError> {
    let mut seen: BTreeMap<GrantKey, usize> = BTreeMap::new();
    grants
        .into_iter()
        .map(|mut grant| {
            let times = seen.entry(grant.key.clone()).or_default();
            *times += 1;
            if *times > 1 {
                grant.key = key(&[grant.key.as_str(), &format!("again-{times}")])?;
            }
            Ok(grant)
        })
        .collect()
}

fn by_group(rules: &[Grant]) -> BTreeMap<String, Vec<Entitlement>> {
    let mut by_group: BTreeMap<String, Vec<Entitlement>> = BTreeMap::new();
    for rule in rules.iter().filter(|rule| rule.principal.id.starts_with("gid:")) {
        // By content, so that a changed rule changes the group.
        let digest = rule.paths.first().and_then(|path| path.ids.rsplit('/').next()).unwrap_or_default();
        let given = Entitlement { id: format!("sudo:{digest}"), name: rule.entitlement.name.clone() };
        by_group.entry(rule.principal.id.clone()).or_default().push(given);
    }
    for expansion in by_group.values_mut() {
        expansion.sort();
        expansion.dedup();
    }
    by_group
}

fn id_after(prefix: &str, id: &str) -> Option<u32> {
    id.strip_prefix(prefix)?.parse().ok()
}

fn attributes<const N: usize>(pairs: [(&str, String); N]) -> Attributes {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Formats a day after 1970-01-01 as a date.
pub(super) fn date(day: i64) -> String {
    let text = Timestamp::from_unix(day.saturating_mul(86_400)).to_string();
    text.split('T').next().unwrap_or(&text).to_owned()
}

/// Groups whose members can become root through the software of the group.
const AS_GOOD_AS_ROOT: &[&str] =
    &["admin", "disk", "docker", "incus-admin", "kmem", "libvirt", "lxd", "root", "shadow", "sudo", "wheel"];

/// Groups that read logs, or write where other users read.
const PRIVILEGED: &[&str] = &["adm", "operator", "staff", "systemd-journal", "tape"];
