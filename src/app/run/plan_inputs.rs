//! Loads the inputs of a plan from a commit, and computes the plan. It reads only the clone.

use crate::{
    app::{AppError, RepositoryView, in_force, resolutions},
    campaign::Resolution,
    connector::{ConnectorSchema, OpenError, registry},
    diag::{Diagnostic, Diagnostics},
    git::ObjectId,
    inventory::{IdentityDirectory, LoadedInventory},
    model::{
        CampaignId, Digest, Grant, ItemId, PlanEvidence, SystemId, Timestamp,
        file::{Campaign, System},
        history::EvidenceHistory,
    },
    plan::{
        BuildInputs, Draft, GuardrailLimits, Plan, PlanInputs, PlanTarget, SodContext, administrators, build,
        build_with,
    },
    policy::PolicyPack,
    store::RepoPath,
    trust::RepositoryState,
};
use std::{
    borrow::Cow,
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// The inputs of a plan, except decisions and evidence.
pub struct PlanContext<'v> {
    view: &'v RepositoryView<'v>,
    /// Whether it covers all systems.
    is_whole: bool,
    manifest: Digest,
    /// The systems, by id.
    pub systems: BTreeMap<SystemId, System>,
    /// The systems of which a signed file was changed or removed, by id. They are read, but no action is taken on them.
    pub changed: BTreeMap<SystemId, System>,
    /// The problems of the other system files, by path. Decisions on these systems are held.
    pub refused: BTreeMap<String, Diagnostics>,
    /// The inventories of the systems that have one.
    pub inventories: BTreeMap<SystemId, LoadedInventory>,
    /// The inventories of the other systems, if separation of duties must be evaluated across all systems.
    others: BTreeMap<SystemId, LoadedInventory>,
    vocabularies: BTreeMap<SystemId, Box<dyn ConnectorSchema + Send + Sync>>,
    /// The rules.
    pub pack: &'v PolicyPack,
    /// The directory of principals.
    pub people: &'v IdentityDirectory,
}

impl<'v> PlanContext<'v> {
    /// Returns the identities of the targets as they were last collected.
    pub fn identities(&self) -> BTreeMap<SystemId, String> {
        let identity = |(id, loaded): (&SystemId, &LoadedInventory)| {
            Some((id.clone(), loaded.observation.target_identity.clone()?))
        };
        self.inventories.iter().filter_map(identity).collect()
    }

    /// Loads the inputs for the systems `only`, or for all systems if `only` is empty. Relative paths in settings start
    /// at `base`.
    ///
    /// # Errors
    /// When a file other than that of a system is invalid, or a named system does not exist or has an invalid file.
    pub fn load(view: &'v RepositoryView<'v>, base: &Path, only: &[SystemId]) -> Result<Self, AppError> {
        let files = view.system_files()?;
        let mut refused = files.refused.clone();
        let (mut systems, mut vocabularies) = (files.systems.clone(), BTreeMap::new());
        for (id, system) in &files.systems {
            match registry::vocabulary(system, base) {
                Ok(words) => drop(vocabularies.insert(id.clone(), words)),
                Err(error) => {
                    refused.entry(system.path()).or_default().extend(open_error(system, error).problems);
                    systems.remove(id);
                }
            }
        }
        let is_chosen = |id: &SystemId| only.is_empty() || only.contains(id);
        let mut changed = files.changed.clone();
        changed.retain(|id, _| is_chosen(id));
        require_systems(only, |id| systems.contains_key(id) || changed.contains_key(id), &systems, &refused)?;
        let pack = view.pack()?;
        let others = view.inventories(systems.keys().filter(|id| !is_chosen(id) && !pack.pairs().is_empty()))?;
        let is_whole = only.is_empty();
        systems.retain(|id, _| is_chosen(id));
        vocabularies.retain(|id, _| is_chosen(id));
        if !is_whole {
            refused.retain(
                |path, _| matches!(RepoPath::of(path), RepoPath::System { system, .. } if changed.contains_key(&system)),
            );
        }
        let inventories = view.inventories(systems.keys().chain(changed.keys()))?;
        let people = &view.identities()?.people;
        let manifest = view.manifest()?;
        Ok(Self {
            view,
            is_whole,
            manifest,
            systems,
            changed,
            refused,
            inventories,
            others,
            vocabularies,
            pack,
            people,
        })
    }

    /// Returns the plan for the decisions that are in force at `now`, given the evidence so far.
    ///
    /// # Errors
    /// When there is no trust state, or a value has no canonical form.
    pub fn plan(
        &self,
        governed: &RepositoryState,
        history: &dyn PlanEvidence,
        now: Timestamp,
    ) -> Result<Plan<Draft>, AppError> {
        let (governed, _) = in_force(governed, history, now);
        let governed = governed.as_ref();
        let trust = governed.trust().ok_or_else(|| {
            AppError::from(
                Diagnostic::error("trust-not-established", "there is no trust state at this commit")
                    .help("tenure check"),
            )
        })?;
        let known = self.view.known();
        let all = match known {
            Some(known) => known.resolutions(governed),
            None => resolutions(governed, Timestamp::from_unix(0)).into(),
        };
        // A plan for all systems also holds the decisions on a system without a file: removing the file does not remove
        // the access.
        let is_chosen = |resolution: &&Resolution| self.systems.contains_key(&resolution.system);
        let resolutions: Cow<'_, [Resolution]> = match self.is_whole {
            true => Cow::Borrowed(&all),
            false => Cow::Owned(all.iter().filter(is_chosen).cloned().collect()),
        };
        let targets: BTreeMap<_, _> = self
            .systems
            .iter()
            .map(|(id, system)| {
                let inventory = self.inventories.get(id).map(|loaded| &loaded.inventory);
                let allowed = trust.mandate().file().connectors.contains(&system.connector);
                let vocabulary = self.vocabularies.get(id).filter(|_| allowed);
                let vocabulary = vocabulary.map(|words| words.as_ref() as &dyn ConnectorSchema);
                (id.clone(), PlanTarget { system, inventory, vocabulary })
            })
            .collect();
        let inventories = self.inventories.iter().filter(|(id, _)| self.systems.contains_key(*id));
        let premises = PlanInputs {
            engine: env!("CARGO_PKG_VERSION").to_owned(),
            repo: trust.repo().clone(),
            main: self.view.snapshot().commit().to_string(),
            manifest: self.manifest,
            root: trust.root().digest(),
            mandate: trust.mandate().digest(),
            inventories: inventories.map(|(id, loaded)| (id.clone(), loaded.digest)).collect(),
            evidence_size: history.size(),
            evidence_head: history.head(),
        };
        let loaded = RefCell::new(BTreeMap::new());
        let pinned = ReviewedGrants { view: self.view, governed, resolutions: &resolutions, known: loaded };
        let reviewed = |resolution: &Resolution| pinned.grant(resolution);
        let duties = Some(self.duties());
        let suspended = governed.suspended_campaigns();
        let inputs = BuildInputs {
            premises,
            resolutions: &resolutions,
            suspended: &suspended,
            unreadable: &self.unreadable(),
            targets: &targets,
            history,
            reviewed: &reviewed,
            duties,
        };
        let plan = match known {
            Some(known) => build_with(&inputs, &known.ids),
            None => build(&inputs),
        };
        plan.map_err(|error| Diagnostic::error("plan-failed", error.to_string()).into())
    }

    /// Returns the systems with an invalid file, each with the first problem.
    fn unreadable(&self) -> BTreeMap<SystemId, String> {
        let refused = self.refused.iter().filter_map(|(path, problems)| {
            let RepoPath::System { system, .. } = RepoPath::of(path) else { return None };
            let sorted = problems.sorted();
            let first = sorted.first()?;
            let line = first.line().map_or(String::new(), |line| format!(":{line}"));
            Some((system, format!("{path}{line}: {}", first.message)))
        });
        refused.filter(|(system, _)| !self.systems.contains_key(system)).collect()
    }

    /// Returns the guardrails with the data they are computed from.
    pub fn limits<'a>(
        &'a self,
        governed: &'a RepositoryState,
        history: &EvidenceHistory,
        now: Timestamp,
    ) -> Option<GuardrailLimits<'a>> {
        let trust = governed.trust()?;
        let mut grants = BTreeMap::new();
        for (id, loaded) in &self.inventories {
            let pinned = |campaign: &Campaign| campaign.systems.iter().find(|p| p.system == *id).map(|p| p.grants);
            // The current size is compared with the newest campaign over the system, minus the grants that the engine
            // has removed since by decision.
            let campaigns = governed.openings().values().map(|opening| opening.campaign().value());
            let youngest = campaigns.filter_map(|c| Some((c.opened_at, pinned(c)?))).max();
            let taken = |since: Timestamp| {
                let of_it = history.actions().filter(|(_, action)| action.system == *id);
                let done = of_it.filter(|(_, action)| action.is_confirmed() && action.first_intended_at >= since);
                done.filter(|(_, action)| loaded.inventory.grant(&action.grant).is_none()).count() as u64
            };
            let reviewed = youngest.map(|(since, count)| count.saturating_sub(taken(since)));
            grants.insert(id.clone(), (loaded.inventory.grants().len() as u64, reviewed));
        }
        Some(GuardrailLimits {
            guardrails: &trust.mandate().file().guardrails,
            grants,
            administrators: administrators(self.inventories.values().map(|loaded| &loaded.inventory)),
            directory: self.people,
            now,
        })
    }

    /// Returns the inputs of the separation-of-duties analysis.
    pub fn duties(&self) -> SodContext<'_> {
        let all = self.inventories.values().chain(self.others.values());
        SodContext {
            inventories: all.map(|loaded| &loaded.inventory).collect(),
            people: self.people,
            pairs: self.pack.pairs(),
        }
    }

    /// Returns the digest of all governed files.
    pub fn manifest(&self) -> Digest {
        self.manifest
    }
}

/// Fails if a named system does not exist, or has an invalid file.
fn require_systems(
    only: &[SystemId],
    is_known: impl Fn(&SystemId) -> bool,
    systems: &BTreeMap<SystemId, System>,
    refused: &BTreeMap<String, Diagnostics>,
) -> Result<(), AppError> {
    let Some(missing) = only.iter().find(|system| !is_known(system)) else { return Ok(()) };
    let is_own = |path: &str| matches!(RepoPath::of(path), RepoPath::System { system, .. } if system == *missing);
    let problems: Diagnostics =
        refused.iter().filter(|(path, _)| is_own(path)).flat_map(|(_, problems)| problems.clone()).collect();
    if !problems.is_empty() {
        return Err(AppError::findings(problems));
    }
    let problem = unknown_system(missing);
    let known: Vec<_> = systems.keys().map(ToString::to_string).collect();
    Err(problem.help(format!("systems: {}", known.join(", "))).into())
}

/// Grants in their reviewed state, from the inventories that campaigns pinned. Each is loaded once, on demand.
struct ReviewedGrants<'a> {
    view: &'a RepositoryView<'a>,
    governed: &'a RepositoryState,
    resolutions: &'a [Resolution],
    known: RefCell<BTreeMap<(CampaignId, SystemId), BTreeMap<ItemId, Grant>>>,
}

impl ReviewedGrants<'_> {
    fn grant(&self, resolution: &Resolution) -> Option<Grant> {
        let Resolution { campaign, system, item, .. } = resolution;
        let mut known = self.known.borrow_mut();
        let reviewed = known
            .entry((campaign.clone(), system.clone()))
            .or_insert_with(|| self.decided(campaign, system).unwrap_or_default());
        reviewed.get(item).cloned()
    }

    /// Returns the grants that a campaign decided on, by item; `None` if its inventory cannot be read. The plan then
    /// holds the items back with this reason.
    fn decided(&self, campaign: &CampaignId, system: &SystemId) -> Option<BTreeMap<ItemId, Grant>> {
        let base = ObjectId::parse(&self.governed.campaign(campaign)?.value().base).ok()?;
        let repository = self.view.snapshot().repository();
        let loaded = RepositoryView::at(repository, base, "the plan").inventory(system).ok()??;
        let here = self.resolutions.iter().filter(|decided| decided.campaign == *campaign && decided.system == *system);
        let items: BTreeSet<&ItemId> = here.map(|decided| &decided.item).collect();
        let grants = loaded.inventory.grants().map(|grant| (ItemId::of(campaign, system, &grant.key), grant));
        Some(grants.filter(|(item, _)| items.contains(item)).map(|(item, grant)| (item, grant.clone())).collect())
    }
}

/// Returns the problem of an id that no system on main has.
pub fn unknown_system(id: &SystemId) -> Diagnostic {
    Diagnostic::error("unknown-system", format!("no signed version of `{id}` is on main"))
}

/// Returns the failure for a system that cannot be opened.
pub fn open_error(system: &System, error: OpenError) -> AppError {
    let help = match &error {
        OpenError::NoVariable(name) => format!("export {name}=…"),
        OpenError::Connector(_) => format!("check [settings], then: tenure collect {}", system.system),
        OpenError::Settings(problems) => return (**problems).clone().into(),
    };
    Diagnostic::error("connector-unavailable", error.to_string()).in_file(system.path()).help(help).into()
}
