//! Loads the inputs of a campaign at one commit: systems, inventories, principals, rules and earlier campaigns.

use crate::{
    app::{AppError, RepositoryView},
    campaign::{CampaignContext, PriorCampaigns, RequiredCampaigns, synthetic_role_grants},
    diag::{Diagnostic, Diagnostics},
    inventory::{
        self, AttributeBuilder, AttributeInputs, IdentityDirectory, LastCertified, LoadedInventory, RoleContents,
        SodAnalysis, TierOverrides,
    },
    model::{
        CampaignId, Digest, Finding, Grant, GrantKey, GrantKind, ItemId, SystemId, Timestamp, Verdict,
        file::{Campaign, CampaignDefinition, System},
    },
    policy::PolicyPack,
    trust::{RepositoryState, TrustState, Verified},
};
use std::collections::{BTreeMap, BTreeSet};

/// The inputs of a campaign at one commit.
pub struct CampaignInputs<'v> {
    view: &'v RepositoryView<'v>,
    /// The systems in use, by id.
    pub systems: BTreeMap<SystemId, System>,
    /// The digests of their versions in force.
    pub versions: &'v BTreeMap<SystemId, Digest>,
    /// The inventories of the systems that have one.
    pub inventories: BTreeMap<SystemId, LoadedInventory>,
    /// The ids of the git trees of the inventories.
    pub trees: BTreeMap<SystemId, String>,
    /// The directory of principals.
    pub people: &'v IdentityDirectory,
    /// The findings across the principals files.
    pub findings: &'v [Finding],
    /// The digest of the principals files.
    pub principals: Digest,
    /// The rules with the active profiles.
    pub pack: &'v PolicyPack,
    certified: LastCertified,
    lowered: TierOverrides,
    separation: SodAnalysis,
    earlier: PriorCampaigns,
    unlisted: BTreeMap<SystemId, Vec<Grant>>,
    as_of: Timestamp,
}

impl<'v> CampaignInputs<'v> {
    /// Loads the inputs of a campaign with this definition. `governed` is the repository state at the commit of the
    /// view, and `as_of` is the time at which ages are computed.
    ///
    /// # Errors
    /// When files are invalid, or the rules do not compile. All problems are returned.
    pub fn load(
        view: &'v RepositoryView<'v>,
        governed: &RepositoryState,
        definition: &CampaignDefinition,
        as_of: Timestamp,
    ) -> Result<Self, AppError> {
        let mut systems = view.systems()?.clone();
        systems.retain(|_, system| !system.is_retired());
        let inventories = view.inventories(systems.keys())?;
        let identities = view.identities()?;
        let pack = view.pack()?;
        let asks = definition.selectors.iter().any(|selector| selector.role_contents == Some(true));
        let named =
            |(id, loaded): (&SystemId, &LoadedInventory)| (id.clone(), synthetic_role_grants(&loaded.inventory));
        let unlisted = inventories.iter().filter(|_| asks).map(named).collect();
        Ok(Self {
            separation: SodAnalysis::judge(inventory::inventories(&inventories), &identities.people, &pack.pairs()),
            certified: certified(governed),
            lowered: TierOverrides::of(governed.exceptions().iter().map(Verified::value), as_of),
            earlier: earlier(view, governed, &RequiredCampaigns::by(definition))?,
            trees: trees(view, inventories.keys())?,
            people: &identities.people,
            findings: &identities.findings,
            principals: identities.digest,
            view,
            versions: &view.system_files()?.digests,
            systems,
            inventories,
            unlisted,
            pack,
            as_of,
        })
    }

    /// Loads the contents that roles had when a reviewer last certified them, so that changes since then can be shown.
    ///
    /// # Errors
    /// When an inventory that an earlier campaign pinned cannot be read.
    pub fn load_prior_role_contents(&mut self, governed: &RepositoryState) -> Result<(), AppError> {
        let mut certified: BTreeMap<&CampaignId, BTreeSet<&ItemId>> = BTreeMap::new();
        for review in governed.reviews() {
            let kept = review.items.iter().filter(|item| item.decision == Some(Verdict::Certify));
            certified.entry(&review.campaign).or_default().extend(kept.map(|item| &item.id));
        }
        let mut campaigns: Vec<_> = certified.keys().filter_map(|id| governed.campaign(id)).collect();
        campaigns.sort_by_key(|campaign| std::cmp::Reverse(campaign.opened_at));
        let mut known: BTreeSet<(&SystemId, &GrantKey)> = BTreeSet::new();
        for campaign in campaigns {
            let Some(kept) = certified.get(&campaign.id) else { continue };
            let base = base_of(self.view, campaign)?;
            for population in &campaign.systems {
                let system = &population.system;
                let Some(loaded) = self.inventories.get(system) else { continue };
                let hides = |grant: &&Grant| grant.kind == GrantKind::Membership || !grant.expands_to.is_empty();
                let keys: Vec<&GrantKey> = loaded
                    .inventory
                    .grants()
                    .filter(hides)
                    .map(|grant| &grant.key)
                    .filter(|key| !known.contains(&(system, *key)))
                    .filter(|key| kept.contains(&ItemId::of(&campaign.id, system, key)))
                    .collect();
                if keys.is_empty() {
                    continue;
                }
                let then;
                let inventory = if self.trees.get(system) == Some(&population.tree) {
                    &loaded.inventory
                } else {
                    then = base.required_inventory(system)?;
                    &then.inventory
                };
                for key in keys {
                    let Some(grant) = inventory.grant(key) else { continue };
                    known.insert((system, key));
                    self.earlier.certify(system, key, campaign.opened_at, RoleContents::of(inventory, grant));
                }
            }
        }
        Ok(())
    }

    /// Returns the builder of attributes for all grants and principals.
    pub fn attribute_builder(&self) -> AttributeBuilder<'_> {
        AttributeBuilder::new(AttributeInputs {
            systems: &self.systems,
            inventories: &self.inventories,
            people: self.people,
            profiles: self.pack.profiles(),
            certified: &self.certified,
            lowered: &self.lowered,
            separation: Some(&self.separation),
            as_of: self.as_of,
        })
    }

    /// Returns the campaign context.
    pub fn campaign_context<'a>(
        &'a self,
        governed: &'a RepositoryState,
        trust: &'a TrustState,
        attribute_builder: &'a AttributeBuilder<'a>,
    ) -> CampaignContext<'a> {
        CampaignContext {
            repo: trust.repo(),
            systems: &self.systems,
            inventories: &self.inventories,
            people: self.people,
            kinship: governed.kinship(),
            former: governed.former_ownership(),
            registry: trust.registry().file(),
            thresholds: &trust.mandate().file().thresholds,
            lowered: &self.lowered,
            separation: &self.separation,
            attribute_builder,
            pack: self.pack,
            earlier: &self.earlier,
            unlisted: &self.unlisted,
        }
    }
}

/// Returns the ids of the git trees of the inventories.
fn trees<'a>(
    view: &RepositoryView<'_>,
    systems: impl Iterator<Item = &'a SystemId>,
) -> Result<BTreeMap<SystemId, String>, AppError> {
    let snapshot = view.snapshot();
    let mut trees = BTreeMap::new();
    for system in systems {
        let tree = snapshot.repository().file(snapshot.commit(), &inventory::folder(system))?;
        trees.extend(tree.map(|tree| (system.clone(), tree.id.to_string())));
    }
    Ok(trees)
}

/// Returns the inputs that a campaign pinned.
fn base_of<'v>(view: &RepositoryView<'v>, campaign: &Campaign) -> Result<RepositoryView<'v>, AppError> {
    let repository = view.snapshot().repository();
    let dependent = format!("the earlier campaign `{}`", campaign.id);
    let base = repository.resolve(&campaign.base).map_err(|error| AppError::from(error).required_by(&dependent))?;
    Ok(RepositoryView::at(repository, base, dependent))
}

/// Returns the last certification of each grant: the opening time of the latest campaign that certified it.
fn certified(governed: &RepositoryState) -> LastCertified {
    let mut certified = LastCertified::new();
    for review in governed.reviews() {
        let Some(campaign) = governed.campaign(&review.campaign) else { continue };
        for item in review.items.iter().filter(|item| item.decision == Some(Verdict::Certify)) {
            let last = certified.entry(item.grant_digest).or_insert(campaign.opened_at);
            *last = campaign.opened_at.max(*last);
        }
    }
    certified
}

fn earlier(
    view: &RepositoryView<'_>,
    governed: &RepositoryState,
    needed: &RequiredCampaigns,
) -> Result<PriorCampaigns, AppError> {
    let mut earlier = PriorCampaigns::default();
    for id in &needed.pinned {
        let Some(campaign) = governed.campaign(id) else { continue };
        let base = base_of(view, campaign)?;
        for population in &campaign.systems {
            earlier.pin(id, &base.required_inventory(&population.system)?.inventory);
        }
    }
    for id in &needed.unanswered {
        earlier.add_unanswered(id, unanswered(governed, id));
    }
    Ok(earlier)
}

/// Returns the items of a campaign without a decision.
fn unanswered(governed: &RepositoryState, id: &CampaignId) -> BTreeSet<ItemId> {
    let Some(opening) = governed.openings().get(id) else { return BTreeSet::new() };
    let mut items: BTreeSet<ItemId> = opening.items().cloned().collect();
    for review in governed.reviews().iter().filter(|review| review.campaign == *id) {
        for item in review.items.iter().filter(|item| item.decision.is_some()) {
            items.remove(&item.id);
        }
    }
    items
}

/// Returns the findings across the principals files as warnings.
pub fn identity_warnings(inputs: &CampaignInputs<'_>) -> Diagnostics {
    let warn = |finding: &Finding| {
        Diagnostic::warning(finding.code, format!("{}: {}", finding.subject, finding.message))
            .help(finding.help.clone())
    };
    inputs.findings.iter().map(warn).collect()
}
