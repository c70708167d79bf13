//! What a reviewer should see of an item, in the order in which people decide: what it is, what policy recommends, its
//! use, how it was granted, what it gives, what others hold, its risk, what breaks, what silence costs, the question.

mod access;
mod confidence;
mod history;
mod known;
mod peers;
mod question;
mod risk;
mod silence;
mod stand_in;
mod words;

use super::facts::{clip, day, usage};
use crate::{
    inventory::{Certified, Known, Loaded, Lowered, People, Portraits},
    model::{
        CampaignId, Grant, GrantKey, Inventory, ItemId, PrincipalId, SystemId, Tier, Timestamp,
        file::{Campaign, Item, PrincipalEntry, PrincipalKind, PrincipalStatus, Rule, System},
    },
};
use peers::Peers;
use serde::Serialize;
pub use silence::silence_words;
use std::collections::BTreeMap;

/// What is known where an item is reviewed: all of it as the campaign pinned it, but for the earlier decisions.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// The campaign.
    pub campaign: &'a Campaign,
    /// The inventories that it pinned.
    pub inventories: &'a BTreeMap<SystemId, Loaded>,
    /// Who is who.
    pub people: &'a People,
    /// The systems.
    pub systems: &'a BTreeMap<SystemId, System>,
    /// The rules by id.
    pub rules: &'a BTreeMap<String, Rule>,
    /// What was decided in earlier campaigns, the latest last.
    pub earlier: &'a [Earlier],
    /// The inventories that those campaigns pinned, as far as they are at hand.
    pub then: &'a BTreeMap<(CampaignId, SystemId), Inventory>,
    /// When grants were last certified.
    pub certified: &'a Certified,
    /// Whose tier stands lower than computed.
    pub lowered: &'a Lowered,
}

/// A decision of an earlier campaign.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Earlier {
    /// The campaign.
    pub campaign: CampaignId,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Who decided.
    pub reviewer: PrincipalId,
    /// The item, with its decision.
    pub item: Item,
}

/// Everything about one item that is known, said in plain words; what is not known says so.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Dossier {
    /// The chapters in the order in which they are read.
    pub chapters: Vec<Chapter>,
}

/// One chapter.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Chapter {
    /// What it is about, in one or two words.
    pub title: &'static str,
    /// What is known, in sentences.
    pub lines: Vec<Line>,
}

/// One sentence of a chapter.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Line {
    /// The sentence.
    pub text: String,
    /// Whether it stands out: what speaks against the access, or differs from what others hold.
    pub marked: bool,
}

/// Sources, indexed: what every item of a review asks for.
pub struct Library<'a> {
    sources: Sources<'a>,
    grants: BTreeMap<ItemId, (&'a SystemId, &'a GrantKey)>,
    peers: Peers<'a>,
    portraits: Portraits<'a>,
    earlier: BTreeMap<(&'a str, &'a str), Vec<&'a Earlier>>,
}

impl<'a> Library<'a> {
    /// Returns the index over the sources.
    pub fn new(sources: Sources<'a>) -> Self {
        let mut grants = BTreeMap::new();
        for (system, loaded) in sources.inventories {
            for grant in loaded.inventory.grants() {
                grants.insert(ItemId::of(&sources.campaign.id, system, &grant.key), (system, &grant.key));
            }
        }
        let mut earlier: BTreeMap<_, Vec<&Earlier>> = BTreeMap::new();
        for one in sources.earlier {
            earlier.entry((one.item.subject.as_str(), one.item.entitlement.as_str())).or_default().push(one);
        }
        let portraits = Portraits::new(Known {
            systems: sources.systems,
            inventories: sources.inventories,
            people: sources.people,
            profiles: &[],
            certified: sources.certified,
            lowered: sources.lowered,
            separation: None,
            as_of: sources.campaign.opened_at,
        });
        Self { grants, peers: Peers::new(sources.people), portraits, earlier, sources }
    }

    /// Returns what is known of an item that is put to review in this stage of its campaign and due at `due`.
    pub fn dossier(&self, item: &Item, system: &SystemId, due: Timestamp) -> Dossier {
        let stand_in = self.stand_in(item, system);
        let case = self.case(item, system, due, stand_in.as_ref());
        Dossier {
            chapters: vec![
                Chapter::new("What it is", case.what()),
                Chapter::new("Recommended", case.recommended()),
                Chapter::new("Use", case.usage()),
                Chapter::new("Grant", case.granted()),
                Chapter::new("Access", case.access()),
                Chapter::new("Peers", case.peers()),
                Chapter::new("Risk", case.risk()),
                Chapter::new("What breaks", case.breaks()),
                Chapter::new("Silence", case.silence()),
                Chapter::new("Question", case.question()),
                // The words that the file has, and that the decision is signed with.
                Chapter::new(IN_THE_FILE, vec![Line::plain(item.facts.clone())]),
            ],
        }
    }

    fn case<'l>(
        &'l self,
        item: &'l Item,
        system: &'l SystemId,
        due: Timestamp,
        stand_in: Option<&'l Grant>,
    ) -> Case<'l> {
        let found = self.grants.get(&item.id).and_then(|(system, key)| {
            let loaded = self.sources.inventories.get(*system)?;
            Some((loaded, loaded.inventory.grant(key)?))
        });
        let found = found.or_else(|| Some((self.sources.inventories.get(system)?, stand_in?)));
        let holder = |grant: &Grant| format!("{system}:{}", grant.principal.id);
        Case {
            item,
            system,
            due,
            library: self,
            grant: found.map(|(_, grant)| grant),
            loaded: found.map(|(loaded, _)| loaded),
            entry: self.sources.people.behind(&item.subject).or_else(|| self.sources.people.behind(&holder(stand_in?))),
            before: self
                .earlier
                .get(&(item.subject.as_str(), item.entitlement.as_str()))
                .map_or(&[][..], Vec::as_slice),
        }
    }
}

/// One item with what was found about it.
struct Case<'l> {
    item: &'l Item,
    system: &'l SystemId,
    due: Timestamp,
    library: &'l Library<'l>,
    grant: Option<&'l Grant>,
    loaded: Option<&'l Loaded>,
    entry: Option<&'l PrincipalEntry>,
    /// The earlier decisions on it, the latest last.
    before: &'l [&'l Earlier],
}

impl Case<'_> {
    fn what(&self) -> Vec<Line> {
        let system = self.library.sources.systems.get(self.system);
        let connector = system.map(|system| format!(" ({})", system.connector)).unwrap_or_default();
        let environment = self.entry.and_then(|entry| entry.environment.as_deref()).unwrap_or("not known");
        let mut lines = vec![
            Line::plain(format!("{} holds {}", self.item.principal, said(&self.item.entitlement))),
            Line::plain(format!(
                "on {}{connector} · environment {} · {}",
                self.system,
                clip(environment),
                tier_words(self.item.tier)
            )),
        ];
        lines.extend(self.holder());
        lines
    }

    fn holder(&self) -> Vec<Line> {
        let Some(entry) = self.entry else {
            return vec![Line::marked("no person or service claims this account; its purpose is not known")];
        };
        let kind = kind_words(entry.kind);
        let team = entry.team.as_deref().map(|team| format!(" · team {}", clip(team))).unwrap_or_default();
        let vendor = entry.vendor.as_deref().map(|vendor| format!(" · supplier {}", clip(vendor))).unwrap_or_default();
        let role = entry.role.as_deref().map(|role| format!(" · {}", clip(role))).unwrap_or_default();
        let gone = entry.status == PrincipalStatus::Left;
        let left = match (gone, entry.ends) {
            (true, Some(end)) => format!(" · left {}", day(end)),
            (true, None) => " · left".to_owned(),
            (false, Some(end)) => format!(" · ends {}", day(end)),
            (false, None) => String::new(),
        };
        let mut lines = vec![Line { text: format!("{kind} {}{role}{team}{vendor}{left}", entry.id), marked: gone }];
        lines.push(self.owner(entry));
        if entry.kind != PrincipalKind::Person {
            let known = |what: &str, text: Option<&str>| format!("{what} {}", text.map_or("not known".into(), clip));
            let (purpose, workload) = (entry.purpose.as_deref(), entry.workload.as_deref());
            lines.push(Line::plain(format!("{} · {}", known("purpose", purpose), known("workload", workload))));
        }
        lines
    }

    fn owner(&self, entry: &PrincipalEntry) -> Line {
        let word = if entry.kind == PrincipalKind::Person { "manager" } else { "owner" };
        let Some(id) = &entry.owner else {
            return Line { text: format!("no {word}"), marked: entry.kind != PrincipalKind::Person };
        };
        match self.library.sources.people.get(id) {
            Some(owner) if owner.status == PrincipalStatus::Left => Line::marked(format!("{word} {id}, who has left")),
            Some(_) => Line::plain(format!("{word} {id}")),
            None => Line::plain(format!("{word} {id}, who is not known here")),
        }
    }

    fn recommended(&self) -> Vec<Line> {
        if self.item.recommend.is_empty() {
            let none = match self.library.sources.campaign.policies {
                Some(_) => "nothing: no rule speaks against it",
                None => "nothing: this campaign was opened without rules",
            };
            return [Some(Line::plain(none)), self.confidence()].into_iter().flatten().collect();
        }
        let severity = self.item.severity.map(|severity| format!(" · severity {severity}")).unwrap_or_default();
        let line = Line::marked(format!("{}{severity}", self.item.recommend));
        [Some(line), self.confidence()].into_iter().flatten().collect()
    }

    fn usage(&self) -> Vec<Line> {
        let (Some(grant), Some(loaded)) = (self.grant, self.loaded) else { return vec![Line::unknown("last use")] };
        let last = loaded.inventory.usage(&grant.key);
        let idle = super::population::unused_days(&last, &loaded.inventory).is_some_and(|days| days >= DORMANT);
        let source = format!("as {} saw it on {}", self.system, day(loaded.observation.observed_at));
        vec![
            Line { text: format!("{} ({source})", usage(&last, &loaded.inventory)), marked: idle },
            self.told(known::OF_USE).unwrap_or_else(|| Line::unknown("callers, calls, networks and interactive use")),
        ]
    }
}

impl Chapter {
    const fn new(title: &'static str, lines: Vec<Line>) -> Self {
        Self { title, lines }
    }

    /// Returns whether it repeats what stands in the review file itself.
    pub fn is_file(&self) -> bool {
        self.title == IN_THE_FILE
    }
}

impl Line {
    fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), marked: false }
    }

    fn marked(text: impl Into<String>) -> Self {
        Self { text: text.into(), marked: true }
    }

    fn unknown(what: &str) -> Self {
        Self::plain(format!("{what}: not known"))
    }
}

/// Returns what a tier means.
pub const fn tier_words(tier: Tier) -> &'static str {
    match tier {
        Tier::T0 => "T0 control plane",
        Tier::T1 => "T1 privileged or regulated",
        Tier::T2 => "T2 production",
        Tier::T3 => "T3 low",
    }
}

/// Returns whether something speaks against the access, however bad: such an item is read by itself, and never in bulk.
pub const fn is_flagged(item: &Item) -> bool {
    item.is_flagged() || !item.recommend.is_empty()
}

/// Returns what is held as people say it: `account ben`, where the kind stands twice in `account account ben`.
pub fn said(entitlement: &str) -> &str {
    match entitlement.split_once(' ') {
        Some((kind, rest)) if rest.split(' ').next() == Some(kind) => rest,
        _ => entitlement,
    }
}

const fn kind_words(kind: PrincipalKind) -> &'static str {
    match kind {
        PrincipalKind::Agent => "agent",
        PrincipalKind::BreakGlass => "sealed emergency access",
        PrincipalKind::Engine => "the engine itself,",
        PrincipalKind::Person => "person",
        PrincipalKind::Service => "service",
        PrincipalKind::Vendor => "supplier's account",
    }
}

const IN_THE_FILE: &str = "In the file";
/// From when on a reader should stop at the days unused; what a rule says of it is under Risk.
const DORMANT: i64 = 45;
