//! Loads the inputs of decision contexts: inventories, identities, rules and earlier decisions, as pinned by the
//! campaign.

use crate::{
    app::{AppError, RepositorySession, RepositoryView},
    campaign::{ContextSources, PriorDecision},
    format::codec,
    inventory::{IdentityDirectory, LastCertified, LoadedInventory, TierOverrides},
    model::{
        CampaignId, Inventory, SystemId, Verdict,
        file::{Campaign, Population, Rule, Rules, System},
    },
    policy::SHIPPED,
    trust::Verified,
};
use std::collections::{BTreeMap, BTreeSet};

/// The inputs of decision contexts.
pub struct ContextLoader<'a> {
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
    /// When the commit does not exist, or one of its files cannot be read.
    pub fn load(
        session: &'a RepositorySession,
        campaign: &'a Campaign,
        systems: &BTreeSet<SystemId>,
        subjects: &BTreeSet<String>,
    ) -> Result<Self, AppError> {
        let base = session.repository.resolve(&campaign.base)?;
        let dependent = format!("the decision contexts of `{}`", campaign.id);
        let view = RepositoryView::at(&session.repository, base, dependent).with_systems(&session.governed)?;
        let total: u64 = campaign.systems.iter().map(|population| population.grants).sum();
        let wanted = |id: &&SystemId| total <= MOST_GRANTS || systems.contains(*id);
        let inventories =
            view.inventories(campaign.systems.iter().map(|population| &population.system).filter(wanted))?;
        let people = view.identities()?.people.clone();
        let snapshot = view.snapshot();
        let mut rules = shipped();
        for file in snapshot.read_all::<Rules>("policies")? {
            rules.extend(file.into_value().rules.into_iter().map(|rule| (rule.id.clone(), rule)));
        }
        let earlier = earlier(session, campaign, subjects);
        let then = then(session, &earlier, systems)?;
        let systems = view.systems()?.clone();
        let certified = earlier.iter().filter(|one| one.item.decision == Some(Verdict::Certify));
        let certified = certified.map(|one| (one.item.grant_digest, one.opened_at)).collect();
        let exceptions = session.governed.exceptions().iter().map(Verified::value);
        let lowered = TierOverrides::of(exceptions, campaign.opened_at);
        Ok(Self { campaign, inventories, people, systems, rules, earlier, then, certified, lowered })
    }

    /// Returns the builder of decision contexts.
    pub fn sources(&self) -> ContextSources<'_> {
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
) -> Result<BTreeMap<(CampaignId, SystemId), Inventory>, AppError> {
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
        let base = session.repository.resolve(&opened.value().base)?;
        let view =
            RepositoryView::at(&session.repository, base, format!("the decisions of `{id}` in decision contexts"));
        for population in populations {
            if let Some(loaded) = view.inventory(&population.system)? {
                then.insert((id.clone(), population.system.clone()), loaded.inventory);
            }
        }
    }
    Ok(then)
}

/// Number of earlier campaigns whose inventories are compared.
const MOST_CAMPAIGNS: usize = 3;
/// Above this number of grants only the systems of the session are loaded, so that item details appear quickly.
const MOST_GRANTS: u64 = 50_000;
