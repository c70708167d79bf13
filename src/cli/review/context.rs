//! What is known of the items on a desk: inventories, people, rules and earlier decisions, as the campaign pinned them.

use crate::{
    campaign::{ContextSources, PriorDecision},
    cli::{
        CliError,
        session::{Session, git, store, systems_at},
    },
    format::codec,
    inventory::{self, IdentityDirectory, LastCertified, Loaded, TierOverrides},
    model::{
        CampaignId, Inventory, SystemId, Verdict,
        file::{Campaign, Population, Rule, Rules, System},
    },
    policy::SHIPPED,
    store::Snapshot,
};
use std::collections::{BTreeMap, BTreeSet};

/// Everything a dossier is made from.
pub(in crate::cli) struct ContextLoader<'a> {
    campaign: &'a Campaign,
    inventories: BTreeMap<SystemId, Loaded>,
    people: IdentityDirectory,
    systems: BTreeMap<SystemId, System>,
    rules: BTreeMap<String, Rule>,
    earlier: Vec<PriorDecision>,
    then: BTreeMap<(CampaignId, SystemId), Inventory>,
    certified: LastCertified,
    lowered: TierOverrides,
}

impl<'a> ContextLoader<'a> {
    /// Reads what is known at the commit that the campaign pinned. `systems` and `subjects` are those on the desk.
    ///
    /// # Errors
    /// When the commit is not there, or a file of it is not acceptable. An inventory that cannot be read is not known.
    pub(in crate::cli) fn read(
        session: &'a Session,
        id: &CampaignId,
        systems: &BTreeSet<SystemId>,
        subjects: &BTreeSet<String>,
    ) -> Result<Self, CliError> {
        let opened = session.governed.campaign(id).ok_or_else(|| super::discover::campaign_not_open(id))?;
        let campaign = opened.value();
        let base = session.repository.resolve(&campaign.base).map_err(git)?;
        let snapshot = Snapshot::at(&session.repository, base);
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
        let certified = certified.map(|one| (one.item.grant, one.opened_at)).collect();
        let exceptions = session.governed.exceptions().iter().map(crate::trust::Verified::value);
        let lowered = TierOverrides::of(exceptions, campaign.opened_at);
        Ok(Self { campaign, inventories, people, systems, rules, earlier, then, certified, lowered })
    }

    /// Returns the sources of dossiers.
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

/// Returns the rules of the default pack, for what a repository says by their ids without having them.
fn shipped() -> BTreeMap<String, Rule> {
    let files = SHIPPED.iter().filter(|(path, _)| path.ends_with(".rules.toml"));
    let parsed = files.filter_map(|(path, text)| codec::parse::<Rules>(path, text.as_bytes()).ok());
    parsed.flat_map(|file| file.rules).map(|rule| (rule.id.clone(), rule)).collect()
}

/// Returns what was decided on these accounts in campaigns that were opened before, the latest last.
fn earlier(session: &Session, campaign: &Campaign, subjects: &BTreeSet<String>) -> Vec<PriorDecision> {
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

/// Returns the inventories that the last of these campaigns pinned, of these systems, where they are not too large.
fn then(
    session: &Session,
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
        let snapshot = Snapshot::at(&session.repository, base);
        for population in populations {
            if let Ok(loaded) = inventory::load(&snapshot, &population.system) {
                then.insert((id.clone(), population.system.clone()), loaded.inventory);
            }
        }
    }
    then
}

/// So many campaigns back, what was granted is compared with what is.
const MOST_CAMPAIGNS: usize = 3;
/// Above this many grants, only the systems on the desk are read: a card should not wait.
const MOST_GRANTS: u64 = 50_000;
