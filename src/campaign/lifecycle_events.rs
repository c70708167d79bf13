//! Detects lifecycle events (leaver, mover, role change, exposed credential) that trigger a campaign.

use super::derived_definition::AffectedScope;
use crate::{
    inventory::{IdentityDirectory, LoadedInventory, RoleContents, roles},
    model::{
        CampaignId, Digest, GrantKind, PrincipalId, SystemId, Timestamp,
        file::{AttributeValue, Event, PrincipalKind, PrincipalRecord, PrincipalStatus},
    },
};
use std::collections::{BTreeMap, BTreeSet};

/// Identities and inventories at one commit.
#[derive(Clone, Copy)]
pub struct IdentityView<'a> {
    /// The identities.
    pub people: &'a IdentityDirectory,
    /// The inventory of each system.
    pub inventories: &'a BTreeMap<SystemId, LoadedInventory>,
    /// The time.
    pub at: Timestamp,
}

/// A lifecycle event with its affected access.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct LifecycleEvent {
    /// The kind of event.
    pub event: Event,
    /// The subject: a principal, or a role on a system.
    pub who: String,
    /// The description.
    pub what: String,
    /// The affected scope: accounts with grants, or a role.
    pub touched: AffectedScope,
}

impl LifecycleEvent {
    /// Returns the id of the campaign that a definition opens for this event. The same event with the same scope always
    /// has the same id.
    pub fn campaign(&self, from: &str) -> Option<CampaignId> {
        let touched: Vec<&str> = self.touched.iter().collect();
        let text = format!("{from}\n{}\n{}\n{}\n{}\n", word(self.event), self.who, self.what, touched.join("\n"));
        let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        let who: String = self.who.chars().map(plain).take(30).collect();
        let who = who.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
        CampaignId::parse(&format!("{}-{who}-{}", word(self.event), &Digest::of(text).hex()[..8])).ok()
    }
}

/// Returns the event as written in definitions.
pub const fn word(event: Event) -> &'static str {
    match event {
        Event::Exposure => "exposure",
        Event::Leaver => "leaver",
        Event::Mover => "mover",
        Event::OwnerGone => "owner-gone",
        Event::RoleChanged => "role-changed",
    }
}

/// Returns the events from `before` to `now`, sorted. Events that affect no role and no account with grants are
/// omitted.
pub fn detect(before: IdentityView<'_>, now: IdentityView<'_>) -> Vec<LifecycleEvent> {
    let mut all = Vec::new();
    let ids: BTreeSet<&PrincipalId> =
        before.people.entries().chain(now.people.entries()).map(|entry| &entry.id).collect();
    for id in ids {
        all.extend(of_principal(id, before, now));
    }
    all.extend(of_roles(before, now));
    for happening in &mut all {
        happening.touched.subjects.retain(|subject| holds_anything(subject, now));
    }
    all.retain(|happening| !happening.touched.is_empty());
    all.sort();
    all
}

fn of_principal(id: &PrincipalId, before: IdentityView<'_>, now: IdentityView<'_>) -> Vec<LifecycleEvent> {
    let (was, is) = (before.people.get(id), now.people.get(id));
    let accounts = |entry: &PrincipalRecord| AffectedScope::accounts(entry.accounts.iter().cloned());
    let tell = |event, what: String, touched| LifecycleEvent { event, who: id.to_string(), what, touched };
    let Some(is) = is else {
        // A principal removed from the files has left, and its accounts are uncorrelated.
        let gone = was.filter(|was| !is_gone(was, before.at));
        return gone
            .map(|was| tell(Event::Leaver, "is in no principals file".to_owned(), accounts(was)))
            .into_iter()
            .collect();
    };
    let mut all = Vec::new();
    if is_gone(is, now.at) {
        if was.is_none_or(|was| !is_gone(was, before.at)) {
            let when = is.end_date.map(|end| format!("left on {}", super::text::format_date(end)));
            all.push(tell(Event::Leaver, when.unwrap_or_else(|| "left".to_owned()), accounts(is)));
        }
        return all;
    }
    if is_exposed(is) && !was.is_some_and(is_exposed) {
        all.push(tell(Event::Exposure, "a credential was exposed".to_owned(), accounts(is)));
    }
    let Some(was) = was else { return all };
    if is.kind == PrincipalKind::Person {
        let parts = [
            moved("team", was.team.as_deref(), is.team.as_deref()),
            moved("role", was.role.as_deref(), is.role.as_deref()),
            moved("manager", was.owner.as_ref().map(PrincipalId::as_str), is.owner.as_ref().map(PrincipalId::as_str)),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        if !parts.is_empty() {
            all.push(tell(Event::Mover, parts.join(", "), accounts(is)));
        }
    } else {
        let answers = |entry: &PrincipalRecord, scene: IdentityView<'_>| {
            let owner = scene.people.active_owner(entry)?;
            (!is_gone(owner, scene.at)).then(|| owner.id.clone())
        };
        if let (Some(owner), None) = (answers(was, before), answers(is, now)) {
            all.push(tell(Event::OwnerGone, format!("{owner} is no longer its owner"), accounts(is)));
        }
    }
    all
}

fn moved(what: &str, was: Option<&str>, is: Option<&str>) -> Option<String> {
    (was != is).then(|| format!("{what} {} → {}", was.unwrap_or("none"), is.unwrap_or("none")))
}

fn is_gone(entry: &PrincipalRecord, at: Timestamp) -> bool {
    entry.status == PrincipalStatus::Left || entry.end_date.is_some_and(|end| end <= at)
}

fn is_exposed(entry: &PrincipalRecord) -> bool {
    entry.attributes.get("credential.exposed") == Some(&AttributeValue::Flag(true))
}

fn of_roles(before: IdentityView<'_>, now: IdentityView<'_>) -> Vec<LifecycleEvent> {
    let mut all = Vec::new();
    for (system, loaded) in now.inventories {
        let Some(was) = before.inventories.get(system) else { continue };
        for role in roles(&loaded.inventory) {
            let mut memberships = was.inventory.of_entitlement(&role.entitlement.id);
            // The memberships of a new role are new grants.
            let Some(before) = memberships.find(|grant| grant.kind == GrantKind::Membership) else { continue };
            let Some(shift) = role.contents.diff(&RoleContents::of(&was.inventory, before)).text(3) else { continue };
            all.push(LifecycleEvent {
                event: Event::RoleChanged,
                who: format!("{system} {}", role.entitlement.name),
                what: shift,
                touched: AffectedScope {
                    roles: [format!("{system}:{}", role.entitlement.id)].into(),
                    ..AffectedScope::default()
                },
            });
        }
    }
    all
}

fn holds_anything(subject: &str, now: IdentityView<'_>) -> bool {
    let Some((system, id)) = subject.split_once(':') else { return false };
    let loaded = SystemId::parse(system).ok().and_then(|system| now.inventories.get(&system));
    loaded.is_some_and(|loaded| loaded.inventory.of_principal(id).next().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        format::codec,
        model::{
            Grant, Inventory,
            file::{Observation, Principals},
        },
    };

    /// Accounts 1 and 2 are members of `ops`, which has `read`; account 3 belongs to a job; account 4 has no grants.
    fn inventories(more: Vec<Grant>) -> BTreeMap<SystemId, LoadedInventory> {
        let mut grants = vec![
            Grant::held("1", GrantKind::Membership, "ops"),
            Grant::held("2", GrantKind::Membership, "ops"),
            Grant::held("3", GrantKind::Account, "login"),
            Grant::held("ops", GrantKind::Privilege, "read"),
        ];
        grants.extend(more);
        let system = SystemId::parse("db").unwrap();
        let at = Timestamp::from_unix(0);
        let inventory = Inventory::new(system.clone(), at, Digest::ZERO, true, grants, BTreeMap::new());
        let text = include_str!("../../schemas/examples/observation.toml");
        let observation: Observation = codec::parse("observation.toml", text.as_bytes()).unwrap();
        [(system, LoadedInventory { inventory, observation, digest: Digest::ZERO })].into()
    }

    fn people(entries: &[(&str, &str)]) -> IdentityDirectory {
        let entry = |(id, more): &(&str, &str)| {
            let number = ["li", "mo", "job", "idle", "ana", "ben"].iter().position(|name| name == id).unwrap() + 1;
            let kind = if *id == "job" { "service" } else { "person" };
            let status = if more.contains("status") { "" } else { "status = \"active\"\n" };
            format!("[[principal]]\nid = \"{id}\"\nkind = \"{kind}\"\n{status}accounts = [\"db:{number}\"]\n{more}\n")
        };
        let text = format!("schema = \"tenure/principals/v1\"\n{}", entries.iter().map(entry).collect::<String>());
        let file: Principals = toml::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        IdentityDirectory::new([("principals.toml", file)]).0
    }

    fn told(
        before: (&IdentityDirectory, &BTreeMap<SystemId, LoadedInventory>),
        now: (&IdentityDirectory, &BTreeMap<SystemId, LoadedInventory>),
    ) -> Vec<String> {
        let at = Timestamp::parse("2026-11-23").unwrap();
        let scene = |(people, inventories)| IdentityView { people, inventories, at };
        let tell = |one: &LifecycleEvent| {
            let touched: Vec<&str> = one.touched.iter().collect();
            format!("{} {}: {} [{}]", word(one.event), one.who, one.what, touched.join(" "))
        };
        detect(scene(before), scene(now)).iter().map(tell).collect()
    }

    const USUAL: [(&str, &str); 5] = [
        ("li", "owner = \"ana\"\nteam = \"shop\"\nrole = \"clerk\"\n"),
        ("job", "owner = \"ana\"\n"),
        ("idle", "team = \"shop\"\n"),
        ("ana", ""),
        ("ben", ""),
    ];

    fn with(changed: &str, more: &str) -> IdentityDirectory {
        people(&USUAL.map(|(id, usual)| (id, if id == changed { more } else { usual })))
    }

    #[test]
    fn lifecycle_events_affect_accounts() {
        let held = inventories(vec![]);
        let usual = people(&USUAL);
        for (who, entry, wanted) in [
            ("li", "status = \"left\"\nowner = \"ana\"\n", vec!["leaver li: left [db:1]"]),
            ("li", "end_date = \"2026-11-20T00:00:00Z\"\n", vec!["leaver li: left on 2026-11-20 [db:1]"]),
            (
                "li",
                "owner = \"ben\"\nteam = \"sales\"\nrole = \"clerk\"\n",
                vec!["mover li: team shop → sales, manager ana → ben [db:1]"],
            ),
            (
                "li",
                "owner = \"ana\"\nteam = \"shop\"\nrole = \"clerk\"\n[principal.attributes]\n\"credential.exposed\" = true\n",
                vec!["exposure li: a credential was exposed [db:1]"],
            ),
            ("job", "", vec!["owner-gone job: ana is no longer its owner [db:3]"]),
            ("ana", "status = \"left\"\n", vec!["owner-gone job: ana is no longer its owner [db:3]"]),
            // The account has no grants to certify.
            ("idle", "status = \"left\"\n", vec![]),
            ("ben", "", vec![]),
        ] {
            assert_eq!(told((&usual, &held), (&with(who, entry), &held)), wanted, "{who}: {entry}");
        }
        let gone = people(&USUAL[1..]);
        assert_eq!(
            told((&usual, &held), (&gone, &held)),
            ["leaver li: is in no principals file [db:1]"],
            "removed from the principals files"
        );
        let left = with("li", "status = \"left\"\n");
        assert_eq!(told((&left, &held), (&left, &held)), [""; 0], "an unchanged status is not an event");
    }

    #[test]
    fn role_change_affects_role_members_only_with_role() {
        let usual = people(&USUAL);
        let before = inventories(vec![]);
        let now = inventories(vec![Grant::held("ops", GrantKind::Privilege, "drop")]);
        assert_eq!(told((&usual, &before), (&usual, &now)), ["role-changed db ops: gained 1: drop (T2) [db:ops]"]);
        let (empty, filled) =
            (vec![Grant::held("1", GrantKind::Membership, "idle")], Grant::held("idle", GrantKind::Privilege, "drop"));
        let (before_idle, now_idle) = (inventories(empty.clone()), inventories([empty, vec![filled]].concat()));
        assert_eq!(
            told((&usual, &before_idle), (&usual, &now_idle)),
            ["role-changed db idle: gained 1: drop (T2) [db:idle]"],
            "the role had no contents before"
        );
        let joined = inventories(vec![Grant::held("3", GrantKind::Membership, "ops")]);
        assert_eq!(told((&usual, &before), (&usual, &joined)), [""; 0], "a new member does not change the contents");
    }

    #[test]
    fn same_event_yields_same_campaign_id() {
        let held = inventories(vec![]);
        let (usual, left) = (people(&USUAL), with("li", "status = \"left\"\n"));
        let scene = |people, day: &str| IdentityView { people, inventories: &held, at: Timestamp::parse(day).unwrap() };
        let id = |day: &str| {
            let all = detect(scene(&usual, "2026-11-01"), scene(&left, day));
            all[0].campaign("policies/leavers.toml").unwrap()
        };
        assert_eq!(id("2026-11-23"), id("2027-01-01"));
        assert!(id("2026-11-23").as_str().starts_with("leaver-li-"));
    }
}
