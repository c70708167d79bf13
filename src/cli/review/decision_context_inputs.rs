//! Loads the inputs of decision contexts: inventories, identities, rules and earlier decisions, as pinned by the
//! campaign.

use crate::{
    campaign::{ContextSources, PriorDecision},
    cli::{
        CliError,
        session::{RepositorySession, git, store, systems_at},
    },
    format::codec,
    inventory::{self, IdentityDirectory, LastCertified, LoadedInventory, TierOverrides},
    model::{
        CampaignId, Inventory, SystemId, Verdict,
        file::{Campaign, Population, Rule, Rules, System},
    },
    policy::SHIPPED,
    store::RepositorySnapshot,
};
use std::collections::{BTreeMap, BTreeSet};

/// The inputs of decision contexts.
pub(in crate::cli) struct ContextLoader<'a> {
    campaign: &'a Campaign,
    inventories: BTreeMap<SystemId, LoadedInventory>,
    people: IdentityDirectory,
    systems: BTreeMap<SystemId, System>,
    rules: BTreeMap<String, Rule>,
    earlier: Vec<PriorDecision>,
    then: BTreeMap<(CampaignId, SystemId), Inventory>,
    certified: LastCertified,
    lowered: TierOverrides,
}

impl<'a> ContextLoader<'a> {
    /// Loads the inputs at the commit that the campaign pinned, for the `systems` and `subjects` of the session.
    ///
    /// # Errors
    /// When the commit does not exist, or one of its files is invalid. An unreadable inventory counts as unknown.
    pub(in crate::cli) fn read(
        session: &'a RepositorySession,
        id: &CampaignId,
        systems: &BTreeSet<SystemId>,
        subjects: &BTreeSet<String>,
    ) -> Result<Self, CliError> {
        let opened = session.governed.campaign(id).ok_or_else(|| super::discover::campaign_not_open(id))?;
        let campaign = opened.value();
        let base = session.repository.resolve(&campaign.base).map_err(git)?;
        let snapshot = RepositorySnapshot::at(&session.repository, base);
        let total: u64 = campaign.systems.iter().map(|population| population.grants).sum();
        let wanted = |id: &&SystemId| total <= MOST_GRANTS || systems.contains(*id);
        let pinned = campaign.systems.iter().map(|population| &population.system).filter(wanted);
        let inventories = pinned.filter_map(|id| Some((id.clone(), inventory::load(&snapshot, id).ok()?))).collect();
        let people = snapshot.principals().map_err(store)?;
        let (people, _) = IdentityDirectory::new(people.into_iter().map(|file| ("principals", file)));
        let mut rules = shipped();
        for file in snapshot.read_all::<Rules>("policies").map_err(store)? {
            rules.extend(file.into_value().rules.into_iter().map(|rule| (rule.id.clone(), rule)));
        }
        let earlier = earlier(session, campaign, subjects);
        let then = then(session, &earlier, systems);
        let systems = systems_at(snapshot)?;
        let certified = earlier.iter().filter(|one| one.item.decision == Some(Verdict::Certify));
        let certified = certified.map(|one| (one.item.grant_digest, one.opened_at)).collect();
        let exceptions = session.governed.exceptions().iter().map(crate::trust::Verified::value);
        let lowered = TierOverrides::of(exceptions, campaign.opened_at);
        Ok(Self { campaign, inventories, people, systems, rules, earlier, then, certified, lowered })
    }

    /// Returns the builder of decision contexts.
    pub(in crate::cli) fn sources(&self) -> ContextSources<'_> {
        ContextSources {
            campaign: self.campaign,
            inventories: &self.inventories,
            people: &self.people,
            systems: &self.systems,
            rules: &self.rules,
            earlier: &self.earlier,
            then: &self.then,
            certified: &self.certified,
            lowered: &self.lowered,
        }
    }
}

/// Returns the rules of the built-in pack, for repositories that refer to their ids without containing them.
fn shipped() -> BTreeMap<String, Rule> {
    let files = SHIPPED.iter().filter(|(path, _)| path.ends_with(".rules.toml"));
    let parsed = files.filter_map(|(path, text)| codec::parse::<Rules>(path, text.as_bytes()).ok());
    parsed.flat_map(|file| file.rules).map(|rule| (rule.id.clone(), rule)).collect()
}

/// Returns the decisions on these accounts in earlier campaigns, latest last.
fn earlier(session: &RepositorySession, campaign: &Campaign, subjects: &BTreeSet<String>) -> Vec<PriorDecision> {
    let mut earlier = Vec::new();
    for review in session.governed.reviews().iter().filter(|review| review.campaign != campaign.id) {
        let Some(opened) = session.governed.campaign(&review.campaign) else { continue };
        let opened_at = opened.value().opened_at;
        let decided = review.items.iter().filter(|item| item.decision.is_some() && subjects.contains(&item.subject));
        earlier.extend(decided.filter(|_| opened_at <= campaign.opened_at).map(|item| PriorDecision {
            campaign: review.campaign.clone(),
            opened_at,
            reviewer: review.reviewer.clone(),
            item: item.clone(),
        }));
    }
    earlier.sort_by_key(|one| one.opened_at);
    earlier
}

/// Returns the inventories of these systems that the latest campaigns pinned, unless they are too large.
fn then(
    session: &RepositorySession,
    earlier: &[PriorDecision],
    systems: &BTreeSet<SystemId>,
) -> BTreeMap<(CampaignId, SystemId), Inventory> {
    let mut campaigns: Vec<&CampaignId> = Vec::new();
    for one in earlier.iter().rev() {
        if !campaigns.contains(&&one.campaign) && campaigns.len() < MOST_CAMPAIGNS {
            campaigns.push(&one.campaign);
        }
    }
    let mut then = BTreeMap::new();
    for id in campaigns {
        let Some(opened) = session.governed.campaign(id) else { continue };
        let small = |population: &&Population| systems.contains(&population.system) && population.grants <= MOST_GRANTS;
        let populations: Vec<_> = opened.value().systems.iter().filter(small).collect();
        let Ok(base) = session.repository.resolve(&opened.value().base) else { continue };
        let snapshot = RepositorySnapshot::at(&session.repository, base);
        for population in populations {
            if let Ok(loaded) = inventory::load(&snapshot, &population.system) {
                then.insert((id.clone(), population.system.clone()), loaded.inventory);
            }
        }
    }
    then
}

/// Number of earlier campaigns whose inventories are compared.
const MOST_CAMPAIGNS: usize = 3;
/// Above this number of grants only the systems of the session are loaded, so that item details appear quickly.
const MOST_GRANTS: u64 = 50_000;
