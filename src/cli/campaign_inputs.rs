//! Loads the inputs of a campaign at one commit: systems, inventories, principals, rules and earlier campaigns.

use super::{
    CliError,
    plan_inputs::CommitSource,
    policy_loader::{pack_at, separation},
    session::{git, store, systems_at},
};
use crate::{
    campaign::{CampaignContext, PriorCampaigns, RequiredCampaigns, principals_digest, synthetic_role_grants},
    diag::Diagnostics,
    git::{ObjectId, Repository},
    inventory::{
        self, AttributeBuilder, AttributeInputs, IdentityDirectory, LastCertified, LoadError, LoadedInventory,
        RoleContents, SodAnalysis, TierOverrides,
    },
    model::{
        CampaignId, Digest, Finding, Grant, GrantKey, GrantKind, ItemId, SystemId, Timestamp, Verdict,
        file::{CampaignDefinition, Principals, System},
    },
    policy::PolicyPack,
    store::{RepositorySnapshot, StoreError, Unverified},
    trust::{RepositoryState, TrustState, Verified},
};
use std::collections::{BTreeMap, BTreeSet};

/// The inputs of a campaign at one commit.
pub(super) struct CampaignInputs {
    /// The systems, by id.
    pub(super) systems: BTreeMap<SystemId, System>,
    /// The inventories of the systems that have one.
    pub(super) inventories: BTreeMap<SystemId, LoadedInventory>,
    /// The ids of the git trees of the inventories.
    pub(super) trees: BTreeMap<SystemId, String>,
    /// The directory of principals.
    pub(super) people: IdentityDirectory,
    /// The findings across the principals files.
    pub(super) findings: Vec<Finding>,
    /// The digest of the principals files.
    pub(super) principals: Digest,
    /// The rules with the active profiles.
    pub(super) pack: PolicyPack,
    certified: LastCertified,
    lowered: TierOverrides,
    separation: SodAnalysis,
    earlier: PriorCampaigns,
    unlisted: BTreeMap<SystemId, Vec<Grant>>,
    as_of: Timestamp,
}

impl CampaignInputs {
    /// Loads the inputs of a campaign with this definition at `commit`. `governed` is the repository state at that
    /// commit, and `as_of` is the time at which ages are computed.
    ///
    /// # Errors
    /// When files are invalid, or the rules do not compile. All problems are returned.
    pub(super) fn at(
        repository: &Repository,
        commit: ObjectId,
        governed: &RepositoryState,
        definition: &CampaignDefinition,
        as_of: Timestamp,
    ) -> Result<Self, CliError> {
        let snapshot = RepositorySnapshot::at(repository, commit);
        let systems = systems_at(snapshot)?;
        let (inventories, trees) = inventories(repository, commit, systems.keys())?;
        let (people, findings, principals) = people(snapshot)?;
        let asks = definition.selectors.iter().any(|selector| selector.role_contents == Some(true));
        let named =
            |(id, loaded): (&SystemId, &LoadedInventory)| (id.clone(), synthetic_role_grants(&loaded.inventory));
        let pack = pack_at(repository, commit)?;
        let separation = separation(&pack, &inventories, &people);
        let unlisted = inventories.iter().filter(|_| asks).map(named).collect();
        Ok(Self {
            separation,
            pack,
            certified: certified(governed),
            lowered: TierOverrides::of(governed.exceptions().iter().map(Verified::value), as_of),
            earlier: earlier(repository, governed, &RequiredCampaigns::by(definition))?,
            unlisted,
            systems,
            inventories,
            trees,
            people,
            findings,
            principals,
            as_of,
        })
    }

    /// Loads the contents that roles had when a reviewer last certified them, so that changes since then can be shown.
    ///
    /// # Errors
    /// When an inventory that an earlier campaign pinned cannot be read.
    pub(super) fn load_prior_role_contents(
        &mut self,
        repository: &Repository,
        governed: &RepositoryState,
    ) -> Result<(), CliError> {
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
            let Ok(base) = ObjectId::parse(&campaign.base) else { continue };
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
                    then = inventory::load(&CommitSource(RepositorySnapshot::at(repository, base)), system)
                        .map_err(|error| CliError::from(error.diagnostics(system)))?;
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
    pub(super) fn attribute_builder(&self) -> AttributeBuilder<'_> {
        AttributeBuilder::new(AttributeInputs {
            systems: &self.systems,
            inventories: &self.inventories,
            people: &self.people,
            profiles: self.pack.profiles(),
            certified: &self.certified,
            lowered: &self.lowered,
            separation: Some(&self.separation),
            as_of: self.as_of,
        })
    }

    /// Returns the campaign context.
    pub(super) fn campaign_context<'a>(
        &'a self,
        governed: &'a RepositoryState,
        trust: &'a TrustState,
        attribute_builder: &'a AttributeBuilder<'a>,
    ) -> CampaignContext<'a> {
        CampaignContext {
            repo: trust.repo(),
            systems: &self.systems,
            inventories: &self.inventories,
            people: &self.people,
            kinship: governed.kinship(),
            registry: trust.registry().file(),
            thresholds: &trust.mandate().file().thresholds,
            lowered: &self.lowered,
            separation: &self.separation,
            attribute_builder,
            pack: &self.pack,
            earlier: &self.earlier,
            unlisted: &self.unlisted,
        }
    }
}

type InventoriesAndDigests = (BTreeMap<SystemId, LoadedInventory>, BTreeMap<SystemId, String>);

fn inventories<'a>(
    repository: &Repository,
    commit: ObjectId,
    systems: impl Iterator<Item = &'a SystemId>,
) -> Result<InventoriesAndDigests, CliError> {
    let snapshot = RepositorySnapshot::at(repository, commit);
    let mut problems = Diagnostics::new();
    let (mut inventories, mut trees) = InventoriesAndDigests::default();
    for system in systems {
        match inventory::load(&CommitSource(snapshot), system) {
            Ok(loaded) => drop(inventories.insert(system.clone(), loaded)),
            Err(LoadError::Missing(_)) => continue,
            Err(error) => problems.extend(error.diagnostics(system)),
        }
        let tree = repository.file(commit, &inventory::folder(system)).map_err(git)?;
        trees.extend(tree.map(|tree| (system.clone(), tree.id.to_string())));
    }
    if problems.has_errors() { Err(problems.into()) } else { Ok((inventories, trees)) }
}

/// Returns the directory of principals, its findings, and the digest of the principals files.
fn people(snapshot: RepositorySnapshot<'_>) -> Result<(IdentityDirectory, Vec<Finding>, Digest), CliError> {
    let mut files: Vec<Unverified<Principals>> = snapshot.read_all("principals").map_err(store)?;
    match snapshot.read("principals.toml") {
        Ok(file) => files.push(file),
        Err(StoreError::Missing(_)) => {}
        Err(error) => return Err(store(error)),
    }
    let digest = principals_digest(files.iter().map(|file| (file.path(), file.digest())));
    let (people, findings) = IdentityDirectory::new(files.iter().map(|file| (file.path(), file.value().clone())));
    Ok((people, findings, digest))
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
    repository: &Repository,
    governed: &RepositoryState,
    needed: &RequiredCampaigns,
) -> Result<PriorCampaigns, CliError> {
    let mut earlier = PriorCampaigns::default();
    for id in &needed.pinned {
        let Some(campaign) = governed.campaign(id) else { continue };
        let Ok(base) = ObjectId::parse(&campaign.base) else { continue };
        for population in &campaign.systems {
            let snapshot = RepositorySnapshot::at(repository, base);
            let loaded = inventory::load(&CommitSource(snapshot), &population.system)
                .map_err(|error| CliError::from(error.diagnostics(&population.system)))?;
            earlier.pin(id, &loaded.inventory);
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
pub(super) fn warnings(inputs: &CampaignInputs) -> Diagnostics {
    let warn = |finding: &Finding| {
        crate::diag::Diagnostic::warning(finding.code, format!("{}: {}", finding.subject, finding.message))
            .help(finding.help.clone())
    };
    inputs.findings.iter().map(warn).collect()
}
