//! A small company: one database, one fleet of hosts, people and service accounts.

use crate::{
    campaign::{CampaignContext, OpenRequest, OpenedCampaign, PriorCampaigns, open, synthetic_role_grants},
    diag::{Diagnostics, RenderStyle},
    inventory::{AttributeBuilder, AttributeInputs, IdentityDirectory, LoadedInventory, SodAnalysis, TierOverrides},
    model::{
        AccessPath, AccessRoute, Attributes, CampaignId, Digest, Entitlement, Grant, GrantKey, GrantKind, Inventory,
        ItemId, Principal, PrincipalId, RepoId, SystemId, Tier, Timestamp, Usage,
        file::{
            CampaignDefinition, Exception, KeyState, Observation, PrincipalKind, PrincipalRecord, PrincipalStatus,
            Principals, Rating, Registry, RegistryKey, RegistryPrincipal, Remediation, Selector, System, Thresholds,
        },
    },
    policy::{PackSources, PolicyPack},
    trust::{FormerOwnership, OwnershipIndex},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

pub(super) const BASE: &str = "0123456789abcdef0123456789abcdef01234567";

pub(super) struct World {
    pub(super) repo: RepoId,
    pub(super) systems: BTreeMap<SystemId, System>,
    pub(super) inventories: BTreeMap<SystemId, LoadedInventory>,
    pub(super) entries: Vec<PrincipalRecord>,
    pub(super) registry: Registry,
    pub(super) thresholds: Thresholds,
    pub(super) lowered: TierOverrides,
    pub(super) definition: CampaignDefinition,
    pub(super) now: Timestamp,
    pub(super) trees: BTreeMap<SystemId, String>,
    pub(super) campaigns: BTreeSet<CampaignId>,
    pub(super) earlier: PriorCampaigns,
    pub(super) pack: PolicyPack,
}

pub(super) fn id(text: &str) -> PrincipalId {
    PrincipalId::parse(text).unwrap()
}

pub(super) fn system_id(text: &str) -> SystemId {
    SystemId::parse(text).unwrap()
}

pub(super) fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

pub(super) fn campaign_id() -> CampaignId {
    CampaignId::parse("2026-q4").unwrap()
}

impl World {
    /// A database owned by `dora` and deputy `dan`; `ana` manages `li`; `fay` and `gus` are fallbacks.
    pub(super) fn new() -> Self {
        let repo = RepoId::parse("urn:uuid:9c1e6f0a-6a0f-4c59-9a53-1c7f5f6d2b11").unwrap();
        let mut world = Self {
            systems: BTreeMap::new(),
            inventories: BTreeMap::new(),
            entries: Vec::new(),
            registry: Registry {
                schema: "tenure/registry/v1".to_owned(),
                version: 1,
                repo: repo.clone(),
                prev: "none".to_owned(),
                principals: Vec::new(),
            },
            thresholds: Thresholds { t0: 1, t1: 1, t2: 1, t3: 1 },
            lowered: TierOverrides::default(),
            definition: CampaignDefinition {
                max_inventory_age_days: 5,
                selectors: vec![Selector::default()],
                ..CampaignDefinition::new("Privileged access", id("fay"), id("gus"))
            },
            now: time("2026-11-23T05:00:00Z"),
            trees: BTreeMap::new(),
            campaigns: BTreeSet::new(),
            earlier: PriorCampaigns::default(),
            pack: PolicyPack::default(),
            repo,
        };
        for name in ["ana", "dan", "dora", "fay", "gus", "li"] {
            world = world.person(name, &[]).signs(name);
        }
        world.entry("li").owner = Some(id("ana"));
        world.system("db", Tier::T2)
    }

    /// Adds a few rules.
    pub(super) fn judged(self) -> Self {
        self.ruled(include_str!("../../../tests/cases/campaign/few.rules.toml"))
    }

    /// Adds these rules.
    pub(super) fn ruled(mut self, rules: &str) -> Self {
        let sources = PackSources::read([("policies/few.rules.toml", rules.as_bytes())]);
        self.pack = sources.and_then(|sources| PolicyPack::compile(sources, &[])).unwrap();
        self
    }

    pub(super) fn system(mut self, name: &str, tier: Tier) -> Self {
        let system = System {
            schema: "tenure/system/v1".to_owned(),
            repo: crate::model::RepoId::parse("urn:uuid:9c1e6f0a-6a0f-4c59-9a53-1c7f5f6d2b11").unwrap(),
            system: system_id(name),
            version: 1,
            prev: "none".into(),
            retired: None,
            connector: "memory".to_owned(),
            owner: id("dora"),
            deputy: Some(id("dan")),
            tier,
            environment: None,
            identity: None,
            remediation: Remediation::Automatic,
            settings: toml::Table::new(),
            sink: None,
        };
        self.systems.insert(system_id(name), system);
        self.collected(name, Vec::new(), "2026-11-22T05:00:00Z")
    }

    pub(super) fn person(self, name: &str, accounts: &[&str]) -> Self {
        self.principal(name, PrincipalKind::Person, None, accounts)
    }

    pub(super) fn principal(mut self, name: &str, kind: PrincipalKind, owner: Option<&str>, accounts: &[&str]) -> Self {
        self.entries.push(PrincipalRecord {
            accounts: accounts.iter().map(|&account| account.to_owned()).collect(),
            owner: owner.map(id),
            ..PrincipalRecord::new(id(name), kind)
        });
        self
    }

    pub(super) fn entry(&mut self, name: &str) -> &mut PrincipalRecord {
        self.entries.iter_mut().find(|entry| entry.id == id(name)).unwrap()
    }

    pub(super) fn left(mut self, name: &str, when: &str) -> Self {
        self.entry(name).status = PrincipalStatus::Left;
        self.entry(name).end_date = Some(time(when));
        self
    }

    pub(super) fn signs(mut self, name: &str) -> Self {
        let key = RegistryKey { ssh: format!("ssh-ed25519 {name}"), state: KeyState::Active, suspect_from_index: None };
        self.registry.principals.push(RegistryPrincipal {
            id: id(name),
            subjects: Vec::new(),
            groups: Vec::new(),
            keys: vec![key],
        });
        self
    }

    pub(super) fn registered(&mut self, name: &str) -> &mut RegistryPrincipal {
        self.registry.principals.iter_mut().find(|principal| principal.id == id(name)).unwrap()
    }

    /// Collects grants with their last use.
    pub(super) fn collected(mut self, system: &str, grants: Vec<(Grant, Usage)>, observed: &str) -> Self {
        let usage = grants.iter().map(|(grant, usage)| (grant.key.clone(), usage.clone())).collect();
        let grants = grants.into_iter().map(|(grant, _)| grant);
        let digest = Digest::of(format!("observation of {system} at {observed}"));
        let inventory = Inventory::new(system_id(system), time(observed), digest, true, grants, usage);
        let observation = Observation {
            schema: "tenure/observation/v1".to_owned(),
            system: system_id(system),
            connector: "memory".to_owned(),
            engine: "tenure 0.1.0".to_owned(),
            target: "memory 1".to_owned(),
            identity: "reader".to_owned(),
            target_identity: None,
            started_at: time(observed),
            observed_at: time(observed),
            calls: 1,
            usage: Digest::ZERO,
            blind_spots: Vec::new(),
            evidence: None,
            kinds: Vec::new(),
        };
        self.trees.insert(system_id(system), BASE.to_owned());
        self.inventories.insert(system_id(system), LoadedInventory { observation, digest, inventory });
        self
    }

    pub(super) fn with_setting<T>(&self, then: impl FnOnce(&CampaignContext<'_>) -> T) -> T {
        let file = Principals { schema: "tenure/principals/v1".to_owned(), principals: self.entries.clone() };
        let kinship = OwnershipIndex::new(Arc::new(self.registry.clone()), [Arc::new(file.clone())]);
        let (people, _) = IdentityDirectory::new([("principals.toml", file)]);
        let certified = BTreeMap::new();
        let attribute_builder = AttributeBuilder::new(AttributeInputs {
            systems: &self.systems,
            inventories: &self.inventories,
            people: &people,
            profiles: &[],
            certified: &certified,
            lowered: &self.lowered,
            separation: None,
            as_of: self.now,
        });
        let named =
            |(id, loaded): (&SystemId, &LoadedInventory)| (id.clone(), synthetic_role_grants(&loaded.inventory));
        then(&CampaignContext {
            attribute_builder: &attribute_builder,
            pack: &self.pack,
            earlier: &self.earlier,
            unlisted: &self.inventories.iter().map(named).collect(),
            kinship: &kinship,
            former: FormerOwnership::none(),
            repo: &self.repo,
            systems: &self.systems,
            inventories: &self.inventories,
            people: &people,
            registry: &self.registry,
            thresholds: &self.thresholds,
            lowered: &self.lowered,
            separation: &SodAnalysis::default(),
        })
    }

    pub(super) fn open(&self) -> Result<OpenedCampaign, Diagnostics> {
        let versions = self.trees.keys().map(|system| (system.clone(), Digest::of(system.as_str()))).collect();
        let opening = OpenRequest {
            id: campaign_id(),
            from: "policies/privileged.toml".to_owned(),
            definition: self.definition.clone(),
            base: BASE.to_owned(),
            now: self.now,
            evidence: None,
            principals: Digest::of("principals"),
            trees: &self.trees,
            versions: &versions,
            campaigns: &self.campaigns,
        };
        self.with_setting(|setting| open(&opening, setting))
    }

    /// Opens it, and returns the reviewer of each principal's item by name.
    pub(super) fn reviewers(&self) -> BTreeMap<String, String> {
        let opened = self.open().unwrap_or_else(|problems| panic!("{}", problems.render(RenderStyle::plain())));
        let of = |review: &crate::model::file::Review| {
            let signers: Vec<_> = std::iter::once(&review.reviewer).chain(&review.cosigners).collect();
            let signers: Vec<_> = signers.into_iter().map(PrincipalId::as_str).collect();
            review.items.iter().map(|item| (item.principal.clone(), signers.join("+"))).collect::<Vec<_>>()
        };
        opened.sheets.iter().flat_map(|sheet| of(&sheet.review)).collect()
    }

    pub(super) fn refused(&self) -> String {
        self.open().unwrap_err().render(RenderStyle::plain())
    }
}

/// An exception for the grant with this digest, for any item.
pub(super) fn exception(repo: &RepoId, grant: Digest) -> Exception {
    Exception {
        schema: "tenure/exception/v1".to_owned(),
        repo: repo.clone(),
        id: id("exc-1"),
        item: ItemId::parse("itm-0000000000000000").unwrap(),
        grant_digest: grant,
        subject: "db:10".to_owned(),
        rule: Some("EXC-01".to_owned()),
        lower_tier_to: None,
        rating: Rating::Low,
        owner: id("fay"),
        approver: id("gus"),
        approvers: Vec::new(),
        reason: "no application reads it".to_owned(),
        compensating: "its network is closed".to_owned(),
        proof_days: None,
        first_found: time("2026-11-20T05:00:00Z"),
        valid_from: time("2026-11-20T05:00:00Z"),
        until: time("2026-12-20T00:00:00Z"),
        renews: None,
    }
}

/// A membership of the account `holder` (its id and name) in `role`.
pub(super) fn membership(system: &str, holder: &str, role: &str, tier: Tier) -> (Grant, Usage) {
    let grant = Grant {
        system: system_id(system),
        kind: GrantKind::Membership,
        key: GrantKey::parse(&format!("member:{holder}:{}", role.escape_unicode())).unwrap(),
        principal: Principal { id: holder.to_owned(), name: format!("{holder}_login") },
        entitlement: Entitlement { id: role.to_owned(), name: role.to_owned() },
        paths: vec![AccessPath {
            via: AccessRoute::Direct,
            ids: format!("{holder}/{role}"),
            text: "granted directly".to_owned(),
        }],
        attributes: Attributes::new(),
        expands_to: Vec::new(),
        tier,
    };
    (grant, Usage::At(time("2026-11-21T00:00:00Z")))
}
