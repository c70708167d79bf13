//! What happened to principals and roles between two commits, for which access is certified anew at once.

use crate::{
    inventory::{Loaded, People, roles},
    model::{
        CampaignId, Digest, PrincipalId, SystemId, Timestamp,
        file::{CampaignDefinition, Event, Fact, PrincipalEntry, PrincipalKind, PrincipalStatus, Selector},
    },
};
use std::collections::{BTreeMap, BTreeSet};

/// People and inventories as one commit has them.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// Who is who.
    pub people: &'a People,
    /// What each system holds.
    pub inventories: &'a BTreeMap<SystemId, Loaded>,
    /// When.
    pub at: Timestamp,
}

/// Something that happened, and whose access it touches.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Happening {
    /// What kind of thing.
    pub event: Event,
    /// To whom: a principal, or a role on a system.
    pub who: String,
    /// What exactly, in words.
    pub what: String,
    /// The accounts it touches that hold anything, `<system>:<immutable id>`, sorted.
    pub subjects: BTreeSet<String>,
}

impl Happening {
    /// Returns the id of the one campaign that a definition opens for this: the same event over the same accounts has
    /// the same id, whenever it is looked for.
    pub fn campaign(&self, from: &str) -> Option<CampaignId> {
        let subjects: Vec<&str> = self.subjects.iter().map(String::as_str).collect();
        let text = format!("{from}\n{}\n{}\n{}\n{}\n", word(self.event), self.who, self.what, subjects.join("\n"));
        let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        let who: String = self.who.chars().map(plain).take(30).collect();
        let who = who.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
        CampaignId::parse(&format!("{}-{who}-{}", word(self.event), &Digest::of(text).hex()[..8])).ok()
    }
}

/// Returns the event as definitions spell it.
pub const fn word(event: Event) -> &'static str {
    match event {
        Event::Exposure => "exposure",
        Event::Leaver => "leaver",
        Event::Mover => "mover",
        Event::OwnerGone => "owner-gone",
        Event::RoleChanged => "role-changed",
    }
}

/// Returns what happened from `before` to `now`, sorted. What touches no account that holds anything is nothing to
/// certify.
pub fn happened(before: Scene<'_>, now: Scene<'_>) -> Vec<Happening> {
    let mut all = Vec::new();
    let ids: BTreeSet<&PrincipalId> =
        before.people.entries().chain(now.people.entries()).map(|entry| &entry.id).collect();
    for id in ids {
        all.extend(of_principal(id, before, now));
    }
    all.extend(of_roles(before, now));
    for happening in &mut all {
        happening.subjects.retain(|subject| holds_anything(subject, now));
    }
    all.retain(|happening| !happening.subjects.is_empty());
    all.sort();
    all
}

/// Returns the definition over nothing but what these accounts hold, under the title that says why.
pub fn narrowed(definition: &CampaignDefinition, subjects: &BTreeSet<String>, why: &str) -> CampaignDefinition {
    let systems: BTreeSet<SystemId> =
        subjects.iter().filter_map(|subject| SystemId::parse(subject.split_once(':')?.0).ok()).collect();
    let narrow = |selector: &Selector| {
        let asked = |system: &&SystemId| selector.systems.is_empty() || selector.systems.contains(system);
        let systems: Vec<SystemId> = systems.iter().filter(asked).cloned().collect();
        let subjects = subjects.iter().cloned().collect();
        (!systems.is_empty()).then(|| Selector { systems, subjects, ..selector.clone() })
    };
    CampaignDefinition {
        title: format!("{}: {why}", definition.title),
        selectors: definition.selectors.iter().filter_map(narrow).collect(),
        may_be_empty: systems.iter().cloned().collect(),
        every_days: None,
        on_events: Vec::new(),
        // A few among a few would be no control.
        seeded: None,
        ..definition.clone()
    }
}

/// Returns whether a campaign is about an event and not about everything its definition selects.
pub fn is_narrowed(definition: &CampaignDefinition) -> bool {
    definition.selectors.iter().any(|selector| !selector.subjects.is_empty())
}

fn of_principal(id: &PrincipalId, before: Scene<'_>, now: Scene<'_>) -> Vec<Happening> {
    let (was, is) = (before.people.get(id), now.people.get(id));
    let accounts = |entry: &PrincipalEntry| entry.accounts.iter().cloned().collect::<BTreeSet<_>>();
    let tell = |event, what: String, subjects| Happening { event, who: id.to_string(), what, subjects };
    let Some(is) = is else {
        // Whoever is struck from the files is not here any more, and the accounts are nobody's.
        let gone = was.filter(|was| !is_gone(was, before.at));
        return gone
            .map(|was| tell(Event::Leaver, "is in no principals' file".to_owned(), accounts(was)))
            .into_iter()
            .collect();
    };
    let mut all = Vec::new();
    if is_gone(is, now.at) {
        if was.is_none_or(|was| !is_gone(was, before.at)) {
            let when = is.ends.map(|end| format!("left on {}", super::facts::day(end)));
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
        let answers = |entry: &PrincipalEntry, scene: Scene<'_>| {
            let owner = scene.people.living_owner(entry)?;
            (!is_gone(owner, scene.at)).then(|| owner.id.clone())
        };
        if let (Some(owner), None) = (answers(was, before), answers(is, now)) {
            all.push(tell(Event::OwnerGone, format!("{owner} answers for it no more"), accounts(is)));
        }
    }
    all
}

fn moved(what: &str, was: Option<&str>, is: Option<&str>) -> Option<String> {
    (was != is).then(|| format!("{what} {} → {}", was.unwrap_or("none"), is.unwrap_or("none")))
}

fn is_gone(entry: &PrincipalEntry, at: Timestamp) -> bool {
    entry.status == PrincipalStatus::Left || entry.ends.is_some_and(|end| end <= at)
}

fn is_exposed(entry: &PrincipalEntry) -> bool {
    entry.facts.get("credential.exposed") == Some(&Fact::Flag(true))
}

fn of_roles(before: Scene<'_>, now: Scene<'_>) -> Vec<Happening> {
    let mut all = Vec::new();
    for (system, loaded) in now.inventories {
        let Some(was) = before.inventories.get(system) else { continue };
        let known: BTreeMap<String, _> =
            roles(&was.inventory).into_iter().map(|role| (role.entitlement.id.clone(), role)).collect();
        for role in roles(&loaded.inventory) {
            // The memberships of a new role are new themselves.
            let Some(was) = known.get(&role.entitlement.id) else { continue };
            let Some(shift) = role.contents.since(&was.contents).text(3) else { continue };
            all.push(Happening {
                event: Event::RoleChanged,
                who: format!("{system} {}", role.entitlement.name),
                what: shift,
                subjects: role.members.iter().map(|member| format!("{system}:{member}")).collect(),
            });
        }
    }
    all
}

fn holds_anything(subject: &str, now: Scene<'_>) -> bool {
    let Some((system, id)) = subject.split_once(':') else { return false };
    let loaded = SystemId::parse(system).ok().and_then(|system| now.inventories.get(&system));
    loaded.is_some_and(|loaded| loaded.inventory.of_principal(id).next().is_some())
}
