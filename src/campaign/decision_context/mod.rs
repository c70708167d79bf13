//! The decision context of an item for reviewers: identity, recommendation, use, history, access, peers, risk,
//! dependents, no-response default, and the question.

mod access;
mod attributes;
mod confidence;
mod history;
mod no_response;
mod peer_group;
mod privilege_text;
mod question;
mod risk;

use super::text::{format_date, truncate, usage_text};
use crate::{
    inventory::{AttributeBuilder, AttributeInputs, IdentityDirectory, LastCertified, LoadedInventory, TierOverrides},
    model::{
        CampaignId, Grant, GrantKey, Inventory, ItemId, PrincipalId, SystemId, Tier, Timestamp,
        file::{Campaign, Item, PrincipalKind, PrincipalRecord, PrincipalStatus, Rule, System},
    },
};
pub use no_response::no_response_text;
use peer_group::PeerGroups;
use serde::Serialize;
use std::collections::BTreeMap;

/// The inputs of decision contexts, as pinned by the campaign, plus earlier decisions.
#[derive(Clone, Copy)]
pub struct ContextSources<'a> {
    /// The campaign.
    pub campaign: &'a Campaign,
    /// The pinned inventories.
    pub inventories: &'a BTreeMap<SystemId, LoadedInventory>,
    /// The identities.
    pub people: &'a IdentityDirectory,
    /// The systems.
    pub systems: &'a BTreeMap<SystemId, System>,
    /// The rules by id.
    pub rules: &'a BTreeMap<String, Rule>,
    /// The decisions of earlier campaigns, latest last.
    pub earlier: &'a [PriorDecision],
    /// The inventories that those campaigns pinned, as far as they are available.
    pub then: &'a BTreeMap<(CampaignId, SystemId), Inventory>,
    /// The time of the last certification of each grant.
    pub certified: &'a LastCertified,
    /// The grants whose tier an exception lowers.
    pub lowered: &'a TierOverrides,
}

/// A decision of an earlier campaign.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PriorDecision {
    /// The campaign.
    pub campaign: CampaignId,
    /// The time of its opening.
    pub opened_at: Timestamp,
    /// The reviewer.
    pub reviewer: PrincipalId,
    /// The decided item.
    pub item: Item,
}

/// The known data about one item; unknown data is marked as such.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct DecisionContext {
    /// The sections in reading order.
    pub chapters: Vec<ContextSection>,
}

/// One section.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ContextSection {
    /// The title.
    pub title: &'static str,
    /// The lines.
    pub lines: Vec<ContextLine>,
}

/// One line of a section.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ContextLine {
    /// The text.
    pub text: String,
    /// Whether the line is highlighted: a violation, or a difference from peers.
    pub marked: bool,
}

/// Builds decision contexts from indexed inputs.
pub struct ContextIndex<'a> {
    sources: ContextSources<'a>,
    grants: BTreeMap<ItemId, (&'a SystemId, &'a GrantKey)>,
    peers: PeerGroups<'a>,
    attribute_builder: AttributeBuilder<'a>,
    earlier: BTreeMap<(&'a str, &'a str), Vec<&'a PriorDecision>>,
}

impl<'a> ContextIndex<'a> {
    /// Returns the builder over the inputs.
    pub fn new(sources: ContextSources<'a>) -> Self {
        let mut grants = BTreeMap::new();
        for (system, loaded) in sources.inventories {
            for grant in loaded.inventory.grants() {
                grants.insert(ItemId::of(&sources.campaign.id, system, &grant.key), (system, &grant.key));
            }
        }
        let mut earlier: BTreeMap<_, Vec<&PriorDecision>> = BTreeMap::new();
        for one in sources.earlier {
            earlier.entry((one.item.subject.as_str(), one.item.entitlement.as_str())).or_default().push(one);
        }
        let attribute_builder = AttributeBuilder::new(AttributeInputs {
            systems: sources.systems,
            inventories: sources.inventories,
            people: sources.people,
            profiles: &[],
            certified: sources.certified,
            lowered: sources.lowered,
            separation: None,
            as_of: sources.campaign.opened_at,
        });
        Self { grants, peers: PeerGroups::new(sources.people), attribute_builder, earlier, sources }
    }

    /// Returns the decision context of an item in this stage of its campaign, due at `due`.
    pub fn dossier(&self, item: &Item, system: &SystemId, due: Timestamp) -> DecisionContext {
        let case = self.case(item, system, due);
        DecisionContext {
            chapters: vec![
                ContextSection::new("What it is", case.what()),
                ContextSection::new("Recommended", case.recommended()),
                ContextSection::new("Use", case.usage()),
                ContextSection::new("Grant", case.granted()),
                ContextSection::new("Access", case.access()),
                ContextSection::new("Peers", case.peers()),
                ContextSection::new("Risk", case.risk()),
                ContextSection::new("What breaks", case.breaks()),
                ContextSection::new("No response", case.no_response()),
                ContextSection::new("Question", case.question()),
                // The text of the review file, which is signed with the decision.
                ContextSection::new(IN_THE_FILE, vec![ContextLine::plain(item.summary.clone())]),
            ],
        }
    }

    fn case<'l>(&'l self, item: &'l Item, system: &'l SystemId, due: Timestamp) -> ItemContext<'l> {
        let found = self.grants.get(&item.id).and_then(|(system, key)| {
            let loaded = self.sources.inventories.get(*system)?;
            Some((loaded, loaded.inventory.grant(key)?))
        });
        ItemContext {
            item,
            system,
            due,
            library: self,
            grant: found.map(|(_, grant)| grant),
            loaded: found.map(|(loaded, _)| loaded),
            entry: self.sources.people.identity_of(&item.subject),
            before: self
                .earlier
                .get(&(item.subject.as_str(), item.entitlement.as_str()))
                .map_or(&[][..], Vec::as_slice),
        }
    }
}

/// One item with its inputs.
struct ItemContext<'l> {
    item: &'l Item,
    system: &'l SystemId,
    due: Timestamp,
    library: &'l ContextIndex<'l>,
    grant: Option<&'l Grant>,
    loaded: Option<&'l LoadedInventory>,
    entry: Option<&'l PrincipalRecord>,
    /// The earlier decisions on it, latest last.
    before: &'l [&'l PriorDecision],
}

impl ItemContext<'_> {
    fn what(&self) -> Vec<ContextLine> {
        let system = self.library.sources.systems.get(self.system);
        let connector = system.map(|system| format!(" ({})", system.connector)).unwrap_or_default();
        let environment = self.entry.and_then(|entry| entry.environment.as_deref()).unwrap_or("unknown");
        let mut lines = vec![
            ContextLine::plain(format!("{} holds {}", self.item.principal, said(&self.item.entitlement))),
            ContextLine::plain(format!(
                "on {}{connector} · environment {} · {}",
                self.system,
                truncate(environment),
                tier_words(self.item.tier)
            )),
        ];
        lines.extend(self.holder());
        lines
    }

    fn holder(&self) -> Vec<ContextLine> {
        let Some(entry) = self.entry else {
            return vec![ContextLine::marked(
                "uncorrelated account: no principal claims it, and its purpose is unknown",
            )];
        };
        let kind = kind_name(entry.kind);
        let team = entry.team.as_deref().map(|team| format!(" · team {}", truncate(team))).unwrap_or_default();
        let vendor =
            entry.vendor.as_deref().map(|vendor| format!(" · vendor {}", truncate(vendor))).unwrap_or_default();
        let role = entry.role.as_deref().map(|role| format!(" · {}", truncate(role))).unwrap_or_default();
        let gone = entry.status == PrincipalStatus::Left;
        let left = match (gone, entry.end_date) {
            (true, Some(end)) => format!(" · left {}", format_date(end)),
            (true, None) => " · left".to_owned(),
            (false, Some(end)) => format!(" · ends {}", format_date(end)),
            (false, None) => String::new(),
        };
        let mut lines =
            vec![ContextLine { text: format!("{kind} {}{role}{team}{vendor}{left}", entry.id), marked: gone }];
        lines.push(self.owner(entry));
        if entry.kind != PrincipalKind::Person {
            let known = |what: &str, text: Option<&str>| format!("{what} {}", text.map_or("unknown".into(), truncate));
            let (purpose, workload) = (entry.purpose.as_deref(), entry.workload.as_deref());
            lines.push(ContextLine::plain(format!("{} · {}", known("purpose", purpose), known("workload", workload))));
        }
        lines
    }

    fn owner(&self, entry: &PrincipalRecord) -> ContextLine {
        let word = if entry.kind == PrincipalKind::Person { "manager" } else { "owner" };
        let Some(id) = &entry.owner else {
            return ContextLine { text: format!("no {word}"), marked: entry.kind != PrincipalKind::Person };
        };
        match self.library.sources.people.get(id) {
            Some(owner) if owner.status == PrincipalStatus::Left => {
                ContextLine::marked(format!("{word} {id}, who has left"))
            }
            Some(_) => ContextLine::plain(format!("{word} {id}")),
            None => ContextLine::plain(format!("{word} {id}, an unknown principal")),
        }
    }

    fn recommended(&self) -> Vec<ContextLine> {
        if self.item.recommendation.is_empty() {
            let none = match self.library.sources.campaign.policies {
                Some(_) => "none: no rule is violated",
                None => "none: this campaign was opened without rules",
            };
            return [Some(ContextLine::plain(none)), self.confidence()].into_iter().flatten().collect();
        }
        let severity = self.item.severity.map(|severity| format!(" · severity {severity}")).unwrap_or_default();
        let line = ContextLine::marked(format!("{}{severity}", self.item.recommendation));
        [Some(line), self.confidence()].into_iter().flatten().collect()
    }

    fn usage(&self) -> Vec<ContextLine> {
        let (Some(grant), Some(loaded)) = (self.grant, self.loaded) else {
            return vec![ContextLine::unknown("last use")];
        };
        let last = loaded.inventory.usage(&grant.key);
        let idle = super::population::unused_days(&last, &loaded.inventory).is_some_and(|days| days >= DORMANT);
        let source = format!("source: {} on {}", self.system, format_date(loaded.observation.observed_at));
        vec![
            ContextLine { text: format!("{} ({source})", usage_text(&last, &loaded.inventory)), marked: idle },
            self.known_line(attributes::OF_USE)
                .unwrap_or_else(|| ContextLine::unknown("callers, calls, networks and interactive use")),
        ]
    }
}

impl ContextSection {
    const fn new(title: &'static str, lines: Vec<ContextLine>) -> Self {
        Self { title, lines }
    }

    /// Returns whether the section repeats the content of the review file.
    pub fn is_file(&self) -> bool {
        self.title == IN_THE_FILE
    }
}

impl ContextLine {
    fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), marked: false }
    }

    fn marked(text: impl Into<String>) -> Self {
        Self { text: text.into(), marked: true }
    }

    fn unknown(what: &str) -> Self {
        Self::plain(format!("{what}: unknown"))
    }
}

/// Returns the display text of a tier.
pub const fn tier_words(tier: Tier) -> &'static str {
    match tier {
        Tier::T0 => "T0 control plane",
        Tier::T1 => "T1 privileged or regulated",
        Tier::T2 => "T2 production",
        Tier::T3 => "T3 low",
    }
}

/// Returns whether an item has any finding: such items are reviewed one by one, never in bulk.
pub const fn is_flagged(item: &Item) -> bool {
    item.is_flagged() || !item.recommendation.is_empty()
}

/// Returns the display name of an entitlement, without repeating the kind: `account ben`.
pub fn said(entitlement: &str) -> &str {
    match entitlement.split_once(' ') {
        Some((kind, rest)) if rest.split(' ').next() == Some(kind) => rest,
        _ => entitlement,
    }
}

const fn kind_name(kind: PrincipalKind) -> &'static str {
    match kind {
        PrincipalKind::Agent => "agent",
        PrincipalKind::BreakGlass => "break-glass account",
        PrincipalKind::Engine => "engine account",
        PrincipalKind::Person => "person",
        PrincipalKind::Service => "service",
        PrincipalKind::Vendor => "vendor account",
    }
}

const IN_THE_FILE: &str = "In the file";
/// Number of unused days from which the line is highlighted; rule violations are listed under Risk.
const DORMANT: i64 = 45;
