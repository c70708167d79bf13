//! Opens a campaign: freezes the population, assigns every item, and writes the worklists.

use super::{
    CampaignContext, CampaignPopulation, DefinitionContext, Ineligibility, ReviewerPool, WorklistFile,
    check_definition, folder, population,
    population::scope,
    recommendation::RecommendationEngine,
    worklist::{ItemBatches, ReviewFileHeader, UnassignedItem, group_by_signers, review_files},
};
use crate::{
    diag::{Diagnostic, Diagnostics, SourceFile},
    format::{blank_worklist::blank_digest, codec},
    inventory::{OnExisting, PublishError, publish_folder},
    model::{
        CampaignId, Digest, PrincipalId, Strategy, SystemId, Timestamp,
        file::{
            Campaign, CampaignDefinition, FileKind, LogPosition, Population, Stage, assignments_digest, files_digest,
        },
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// A request to open a campaign.
pub struct OpenRequest<'a> {
    /// The id of the campaign.
    pub id: CampaignId,
    /// The path of the definition.
    pub from: String,
    /// The definition.
    pub definition: CampaignDefinition,
    /// The commit of the main branch from which everything is read.
    pub base: String,
    /// The time of opening.
    pub now: Timestamp,
    /// The position of the evidence log; `None` while it is empty.
    pub evidence: Option<LogPosition>,
    /// The digest of the principals files; see [`files_digest`].
    pub principals: Digest,
    /// The git tree of the inventory of each system.
    pub trees: &'a BTreeMap<SystemId, String>,
    /// The digest of the version in force of each system.
    pub versions: &'a BTreeMap<SystemId, Digest>,
    /// Earlier campaigns.
    pub campaigns: &'a BTreeSet<CampaignId>,
}

impl OpenRequest<'_> {
    /// Returns the end of the window.
    pub(super) fn closes_at(&self) -> Timestamp {
        self.now.plus_days(i64::from(self.definition.window_days))
    }
}

/// An opened campaign, ready to be written and signed.
#[derive(Clone, Debug)]
pub struct OpenedCampaign {
    /// The campaign.
    pub campaign: Campaign,
    /// The digest of the campaign file.
    pub digest: Digest,
    /// The worklists, sorted by path.
    pub sheets: Vec<WorklistFile>,
    /// Warnings that do not prevent the opening.
    pub warnings: Diagnostics,
}

impl OpenedCampaign {
    /// Returns all files with their paths below the folder of the campaign, each rendered lazily.
    pub fn files(&self) -> impl Iterator<Item = (String, Vec<u8>)> {
        let prefix = format!("{}/", folder(&self.campaign.id));
        let review = move |sheet: &WorklistFile| {
            let path = sheet.path.strip_prefix(&prefix).unwrap_or(&sheet.path).to_owned();
            (path, codec::render(&sheet.review).into_bytes())
        };
        let campaign = ("campaign.toml".to_owned(), codec::render(&self.campaign).into_bytes());
        [campaign].into_iter().chain(self.sheets.iter().map(review))
    }

    /// Writes the folder of the campaign below `root` atomically.
    ///
    /// # Errors
    /// When a campaign of this name exists, or the folder cannot be written.
    pub fn publish(&self, root: &Path) -> Result<(), PublishError> {
        publish_folder(root, "campaigns", self.campaign.id.as_str(), self.files(), OnExisting::Keep)
    }
}

/// Returns the campaign with its worklists. The same arguments produce the same bytes.
///
/// # Errors
/// When an inventory is missing, partial or stale, the selectors match no grant, or an item has too few reviewers. All
/// problems are reported, each with the next command, and no file is written.
pub fn open(opening: &OpenRequest<'_>, setting: &CampaignContext<'_>) -> Result<OpenedCampaign, Diagnostics> {
    let mut problems = Diagnostics::new();
    let mut warnings = Diagnostics::new();
    let CampaignContext { systems, registry, pack, .. } = *setting;
    let ground = DefinitionContext { systems, registry, campaigns: opening.campaigns, pack };
    problems.extend(check_definition(&opening.from, &opening.definition, &ground));
    problems.extend(unfit_fallbacks(opening, setting));
    let (definition, mut problems) = (problems, Diagnostics::new());
    let systems = scope(&opening.definition, setting);
    let mut usable = BTreeSet::new();
    for system in &systems {
        let mut own = Diagnostics::new();
        check_system(system, opening, setting, &mut own, &mut warnings);
        if own.is_empty() {
            usable.insert(system);
        }
        problems.extend(own);
    }
    if definition.has_errors() {
        // Items without reviewers would be consequences.
        problems.extend(definition);
        return Err(problems);
    }
    warnings.extend(definition);
    if pack.is_empty() {
        warnings.push(no_rules());
    }
    warnings.extend(one_acceptance(opening));
    let population = population(&opening.id, &opening.definition, setting);
    if population.is_empty() && usable.len() == systems.len() {
        return Err(empty(opening).into());
    }
    let contributing = population.systems();
    let is_required = |system: &&SystemId| usable.contains(system) && !opening.definition.allow_empty.contains(system);
    let empty_systems: Vec<_> =
        systems.iter().filter(is_required).filter(|system| !contributing.contains(system)).collect();
    if !empty_systems.is_empty() {
        problems.push(systems_without_items(&empty_systems, opening));
    }
    let (piles, unassigned) =
        group_by_signers((&opening.id, &opening.definition), &population, opening.closes_at(), setting);
    problems.extend(unassigned.iter().map(|item| too_few_reviewers(item, opening)));
    if problems.has_errors() {
        return Err(problems);
    }
    let advisor = RecommendationEngine::of(setting);
    // The digest of the campaign is known only when the campaign has the digests of its worklists.
    let mut sheets =
        review_files(&ReviewFileHeader { campaign: &opening.id, digest: Digest::ZERO, setting, advisor }, &piles);
    let worklists = worklists_digests(&sheets);
    let campaign = build_campaign(opening, &population, &piles, systems.iter(), &worklists, setting);
    let digest = Digest::of(codec::render(&campaign));
    sheets.iter_mut().for_each(|sheet| sheet.review.digest = digest);
    Ok(OpenedCampaign { campaign, digest, sheets, warnings })
}

/// Returns the digest of the worklists of each system.
fn worklists_digests(sheets: &[WorklistFile]) -> BTreeMap<&SystemId, Digest> {
    let mut files: BTreeMap<&SystemId, Vec<(&str, Digest)>> = BTreeMap::new();
    for sheet in sheets {
        let digest = blank_digest(&sheet.review, &codec::render(&sheet.review));
        files.entry(&sheet.review.system).or_default().push((&sheet.path, digest));
    }
    files.into_iter().map(|(system, files)| (system, files_digest(files))).collect()
}

fn build_campaign<'s>(
    opening: &OpenRequest<'_>,
    population: &CampaignPopulation<'_>,
    piles: &ItemBatches<'_>,
    systems: impl Iterator<Item = &'s SystemId>,
    worklists: &BTreeMap<&SystemId, Digest>,
    setting: &CampaignContext<'_>,
) -> Campaign {
    let mut items: BTreeMap<&SystemId, u64> = BTreeMap::new();
    for (_, member) in population.items() {
        *items.entry(&member.grant.system).or_default() += 1;
    }
    let contributes = |system: &SystemId| {
        let loaded = setting.inventories.get(system)?;
        Some(Population {
            system: system.clone(),
            system_version: opening.versions.get(system).copied()?,
            observed_at: loaded.observation.observed_at,
            observation: loaded.digest,
            tree: opening.trees.get(system).cloned()?,
            grants: loaded.inventory.grants().len() as u64,
            items: items.get(system).copied().unwrap_or(0),
            worklists: worklists.get(system).copied().unwrap_or_else(|| files_digest([])),
        })
    };
    let put = piles
        .iter()
        .flat_map(|((_, reviewer, stage, _), pile)| pile.iter().map(move |(item, ..)| (*item, *stage, reviewer)));
    Campaign {
        schema: FileKind::Campaign.schema().to_owned(),
        repo: setting.repo.clone(),
        id: opening.id.clone(),
        from: opening.from.clone(),
        base: opening.base.clone(),
        opened_at: opening.now,
        closes_at: opening.closes_at(),
        items: population.len() as u64,
        population: population.digest(),
        assignments: Some(assignments_digest(put)),
        principals: opening.principals,
        policies: (!setting.pack.is_empty()).then(|| setting.pack.digest()),
        evidence: opening.evidence,
        definition: opening.definition.clone(),
        systems: systems.filter_map(contributes).collect(),
    }
}

fn check_system(
    system: &SystemId,
    opening: &OpenRequest<'_>,
    setting: &CampaignContext<'_>,
    problems: &mut Diagnostics,
    warnings: &mut Diagnostics,
) {
    let collect = format!("tenure collect {system}, then commit and merge the inventory");
    if !setting.systems.contains_key(system) {
        return;
    }
    let Some(loaded) = setting.inventories.get(system) else {
        let message = format!("`{system}` has no inventory at {}", short(&opening.base));
        problems.push(Diagnostic::error("inventory-missing", message).help(collect));
        return;
    };
    let path = format!("{}/observation.toml", crate::inventory::folder(system));
    let observed = loaded.observation.observed_at;
    let age = opening.now.days_since(observed);
    if !loaded.inventory.is_complete() {
        let message = format!("the inventory of `{system}` is partial");
        problems.push(Diagnostic::error("inventory-partial", message).in_file(&path).help(collect.clone()));
    }
    if age > i64::from(opening.definition.max_inventory_age_days) {
        let limit = opening.definition.max_inventory_age_days;
        let message = format!("the inventory of `{system}` is {age} days old; the definition allows at most {limit}");
        problems.push(Diagnostic::error("inventory-stale", message).in_file(&path).help(collect));
    } else if observed.unix() > opening.now.unix() + CLOCK_SKEW {
        let message = format!("the inventory of `{system}` is dated {observed}, which is in the future");
        let help = "check the clocks of this machine and of the collecting machine";
        problems.push(Diagnostic::error("inventory-timestamp-future", message).in_file(&path).help(help));
    }
    if !opening.trees.contains_key(system) {
        let message = format!("the inventory of `{system}` is not committed");
        problems.push(Diagnostic::error("inventory-uncommitted", message).in_file(&path).help("commit and merge it"));
    }
    for spot in &loaded.observation.blind_spots {
        let message = format!("the inventory of `{system}` has a coverage gap: {spot}");
        let problem = Diagnostic::warning("coverage-gap", message).in_file(&path);
        warnings.push(problem.help("access that cannot be listed is not reviewed; mention it in the campaign report"));
    }
}

/// Fallbacks must be eligible even if no item is assigned to them at opening.
fn unfit_fallbacks(opening: &OpenRequest<'_>, setting: &CampaignContext<'_>) -> Diagnostics {
    let pool = ReviewerPool::of(setting).until(opening.closes_at());
    let CampaignDefinition { fallback, second_fallback, .. } = &opening.definition;
    // Governed files equal the rendering of their values, so this is the text of the file.
    let source = SourceFile::new(&opening.from, codec::render(&opening.definition));
    let unfit = |(key, id): (&str, &PrincipalId)| {
        let bar = pool.eligible_at_all(id).err()?;
        let message = format!("`{id}` is the {} of this campaign but {bar}", key.replace('_', " "));
        let span = codec::place(source.text(), &[key.into()]);
        let problem = Diagnostic::error("fallback-ineligible", message).at(&source, span, "named here");
        Some(problem.help("name another person, or add a key for them in the next trust/registry/N.toml"))
    };
    [("fallback", fallback), ("second_fallback", second_fallback)].into_iter().filter_map(unfit).collect()
}

/// Returns the warnings that one acceptance decides although several reviewers or stages are defined.
fn one_acceptance(opening: &OpenRequest<'_>) -> Diagnostics {
    let definition = &opening.definition;
    let warn = |what: String| {
        let problem = Diagnostic::warning("one-acceptance", what).in_file(&opening.from);
        problem.help("write `all-must-accept` if each of them must decide")
    };
    let several = |(_, stage): &(usize, &Stage)| stage.reviewers_per_item > 1;
    let alone = definition.stages.iter().enumerate().filter(several);
    let alone = alone.filter(|(_, stage)| stage.strategy == Strategy::OneAcceptAccepts).map(|(place, stage)| {
        let (number, reviewers) = (place + 1, stage.reviewers_per_item);
        warn(format!("stage {number} has {reviewers} reviewers for each item, but the first acceptance decides"))
    });
    let overall = definition.stages.len() > 1 && definition.overall_strategy() == Strategy::OneAcceptAccepts;
    let overall = overall.then(|| warn("the acceptance of one stage decides, against all other stages".to_owned()));
    alone.chain(overall).collect()
}

fn no_rules() -> Diagnostic {
    let message = "the repository has no policy rules: items get no recommendations and no flags";
    let problem = Diagnostic::warning("no-rules", message).in_file("policies");
    problem.help("install the built-in rules with `tenure policy init` and merge them first")
}

fn empty(opening: &OpenRequest<'_>) -> Diagnostic {
    Diagnostic::error("population-empty", "no grant matches any selector")
        .in_file(&opening.from)
        .with_note("a campaign without items would appear complete")
        .help("widen the selectors, or collect again with `tenure collect`")
}

fn systems_without_items(empty: &[&SystemId], opening: &OpenRequest<'_>) -> Diagnostic {
    let may_be_empty = &opening.definition.allow_empty;
    let names: Vec<_> = empty.iter().map(|system| format!("`{system}`")).collect();
    let mut all: Vec<_> =
        may_be_empty.iter().chain(empty.iter().copied()).map(|system| format!("\"{system}\"")).collect();
    all.sort();
    let message = format!("no grant on {} matches any selector", names.join(", "));
    let problem = Diagnostic::error("population-empty", message).in_file(&opening.from);
    let note = "a system without items would appear reviewed, also if its inventory is empty by mistake";
    let help = format!("if this is intended, write `allow_empty = [{}]`", all.join(", "));
    problem.with_note(note).help(help)
}

fn too_few_reviewers(item: &UnassignedItem, opening: &OpenRequest<'_>) -> Diagnostic {
    let UnassignedItem { system, principal, entitlement, tier, reviewers } = item;
    let stage = reviewers.stage.map(|stage| format!(" in stage {stage}")).unwrap_or_default();
    let message = format!(
        "`{entitlement}` of `{principal}` on `{system}` ({tier}) needs {} reviewers{stage}; eligible: {}",
        reviewers.needed,
        reviewers.may.len()
    );
    let may = reviewers.may.iter().map(|id| format!("`{id}` is eligible"));
    let ineligible = reviewers.barred.iter().map(|(id, why)| format!("`{id}` {why}"));
    let problem = Diagnostic::error("no-reviewer", message).in_file(&opening.from);
    let problem = may.chain(ineligible).fold(problem, Diagnostic::with_note);
    let loaded = reviewers.barred.iter().any(|(_, why)| matches!(why, Ineligibility::Loaded(..)));
    problem.help(if loaded {
        "raise `[max_items_per_reviewer]`, add reviewers, or narrow the selectors"
    } else {
        "name other fallbacks in the definition, or add a key for one of them in `trust/registry`"
    })
}

/// Tolerated lead of the collector's clock, in seconds.
const CLOCK_SKEW: i64 = 300;

fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}
