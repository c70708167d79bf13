//! Computes a plan from signed decisions, inventories and evidence.

use super::{
    Draft, HeldCode, HeldDecision, IdCache, Plan, PlanInputs, SodContext,
    document::{PlanDocument, SCHEMA},
    order,
    role_member_removal::{removal_options, residual_access},
    separation_of_duties::notes,
    surviving_access::KeptGrants,
};
use crate::{
    campaign::Resolution,
    connector::{self, ConnectorSchema, UnsupportedChangeError},
    model::{
        AccessChange, ActionState, CampaignId, Digest, ExpectedState, Grant, Inventory, ItemId, PlanEvidence,
        REMOVE_AFTER_SOAK, SystemId, Tier, Verdict, VerificationLevel,
        action::ActionSpec,
        file::{Remediation, System},
        jcs::CanonicalizationError,
        record::OutcomeKind,
    },
};
use std::{borrow::Cow, collections::BTreeMap};

/// The inputs of a plan.
pub struct BuildInputs<'a> {
    /// The inputs as named in the plan.
    pub premises: PlanInputs,
    /// The resolutions, the latest campaign last: the last decision on a grant is used.
    pub resolutions: &'a [Resolution],
    /// The campaigns of which a signed file was changed on main, each with the file. Their decisions are held.
    pub suspended: &'a BTreeMap<CampaignId, String>,
    /// The systems with an invalid file, each with its problem. Their decisions are held.
    pub unreadable: &'a BTreeMap<SystemId, String>,
    /// The systems, by id. Decisions on a system without an inventory are held.
    pub targets: &'a BTreeMap<SystemId, PlanTarget<'a>>,
    /// The state derived from the evidence.
    pub history: &'a dyn PlanEvidence,
    /// Returns the grant as it was reviewed, from the inventory that its campaign pinned.
    pub reviewed: &'a dyn Fn(&Resolution) -> Option<Grant>,
    /// The inputs for separation of duties; `None` without rules.
    pub duties: Option<SodContext<'a>>,
}

/// A system in planning, without a connection.
pub struct PlanTarget<'a> {
    /// Its file.
    pub system: &'a System,
    /// Its last inventory.
    pub inventory: Option<&'a Inventory>,
    /// The schema of its connector, if the mandate allows that connector.
    pub vocabulary: Option<&'a dyn ConnectorSchema>,
}

/// Computes the plan.
///
/// # Errors
/// When an operation of a connector has no canonical form.
pub fn build(inputs: &BuildInputs<'_>) -> Result<Plan<Draft>, CanonicalizationError> {
    build_with(inputs, &IdCache::default())
}

/// As [`build`], with the ids that earlier plans derived.
///
/// # Errors
/// As [`build`].
pub fn build_with(inputs: &BuildInputs<'_>, ids: &IdCache) -> Result<Plan<Draft>, CanonicalizationError> {
    let mut actions = Vec::new();
    let mut held = Vec::new();
    let index = items_of(inputs, ids);
    let in_force = in_force(inputs.resolutions, &index);
    let keeps = KeptGrants::of(&in_force);
    for resolution in in_force.into_iter().filter(|resolution| resolution.verdict.changes_target()) {
        match step(resolution, inputs, ids, (&index, &keeps)) {
            BuildStep::Act(action) => actions.push(*action),
            BuildStep::Done => {}
            BuildStep::Hold(code, why, next) => {
                let (system, item) = (resolution.system.clone(), resolution.item);
                held.push(HeldDecision { system, item, code, why, next });
            }
        }
    }
    actions.sort_by(|a, b| order::sort_key(a).cmp(&order::sort_key(b)).then_with(|| a.id.cmp(&b.id)));
    held.sort();
    let notes = inputs.duties.as_ref().map(|duties| notes(duties, &actions, inputs.resolutions)).unwrap_or_default();
    Plan::new(PlanDocument { schema: SCHEMA.to_owned(), premises: inputs.premises.clone(), actions, held, notes })
}

/// The present grant of each item. Items are found by campaign, system and key, even if the grant has changed.
type GrantIndex<'a> = BTreeMap<ItemId, &'a Grant>;

fn items_of<'a>(inputs: &BuildInputs<'a>, ids: &IdCache) -> GrantIndex<'a> {
    let grant = |resolution: &Resolution| {
        let inventory = inputs.targets.get(&resolution.system)?.inventory?;
        Some((resolution.item, ids.grant(&resolution.campaign, inventory, &resolution.item)?))
    };
    inputs.resolutions.iter().filter_map(grant).collect()
}

/// Selects the last resolution of each grant: a later campaign may have decided differently, and an earlier one must
/// not undo that.
fn in_force<'a>(resolutions: &'a [Resolution], index: &GrantIndex<'_>) -> Vec<&'a Resolution> {
    let mut last: BTreeMap<(&SystemId, Cow<'_, str>), &Resolution> = BTreeMap::new();
    for resolution in resolutions {
        let what = match index.get(&resolution.item) {
            Some(grant) => Cow::Borrowed(grant.key.as_str()),
            None => Cow::Owned(resolution.item.to_string()),
        };
        last.insert((&resolution.system, what), resolution);
    }
    last.into_values().collect()
}

enum BuildStep {
    Act(Box<ActionSpec>),
    Done,
    Hold(HeldCode, String, String),
}

fn step(
    resolution: &Resolution,
    inputs: &BuildInputs<'_>,
    ids: &IdCache,
    (index, keeps): (&GrantIndex<'_>, &KeptGrants<'_>),
) -> BuildStep {
    let action_id = |verb| ids.action(&inputs.premises.repo, &resolution.item, &resolution.grant, verb);
    let system = &resolution.system;
    if let Some(path) = inputs.suspended.get(&resolution.campaign) {
        let why = format!("the signed file {path} was changed on main");
        let next = format!("restore it: git log --first-parent -- {path}, then git checkout COMMIT -- {path}");
        return BuildStep::Hold(HeldCode::CampaignSuspended, why, next);
    }
    let Some(target) = inputs.targets.get(system) else {
        let id = action_id(resolution.verdict.as_str());
        if inputs.history.action_state(&id).is_some_and(|past| past.is_done) {
            return BuildStep::Done;
        }
        if let Some(problem) = inputs.unreadable.get(system) {
            let next = "restore or sign the file: `tenure check` names the signers".to_owned();
            return BuildStep::Hold(HeldCode::UnknownSystem, problem.clone(), next);
        }
        let why = format!("no signed version of `{system}` is in force");
        return BuildStep::Hold(HeldCode::UnknownSystem, why, format!("tenure system add {system}, and sign it"));
    };
    let Some(vocabulary) = target.vocabulary else {
        let why = format!("the connector `{}` is not allowed by the mandate", target.system.connector);
        let next = "add it to `connectors` in the next trust/mandate/N.toml".to_owned();
        return BuildStep::Hold(HeldCode::UnknownSystem, why, next);
    };
    let Some(inventory) = target.inventory else {
        let why = format!("`{system}` has never been collected");
        return BuildStep::Hold(HeldCode::NoInventory, why, format!("tenure collect {system}"));
    };
    let change = match change_of(resolution) {
        Ok(change) => change,
        Err(why) => {
            return BuildStep::Hold(
                HeldCode::ChangeUnsupported,
                why,
                "change the decision in a new review file".to_owned(),
            );
        }
    };
    let mut id = action_id(resolution.verdict.as_str());
    let mut past = inputs.history.action_state(&id);
    let mut change = change;
    let grant = index.get(&resolution.item).copied();
    if let Some(disabled) = past.filter(|past| past.is_done && !is_contradicted(resolution, *past, grant, inventory)) {
        if !soaked(resolution, disabled, grant, vocabulary, inventory) {
            return BuildStep::Done;
        }
        id = action_id(REMOVE_AFTER_SOAK);
        past = inputs.history.action_state(&id);
        change = AccessChange::Revoke {};
        if past.is_some_and(|past| past.is_done && grant.is_none_or(|_| !is_later(inventory, past))) {
            return BuildStep::Done;
        }
    }
    match target.system.remediation {
        Remediation::ReportOnly => {
            let why = format!("`{system}` is `report-only`");
            return BuildStep::Hold(HeldCode::ReportOnly, why, "change it manually, then collect again".to_owned());
        }
        Remediation::Manual if past.is_some_and(waits_for_a_person) => {
            let why = "a work order is open".to_owned();
            return BuildStep::Hold(
                HeldCode::WorkOrderOpen,
                why,
                format!("make the change, then run `tenure attest {id}`"),
            );
        }
        Remediation::Automatic | Remediation::Manual => {}
    }
    let drafted = match index.get(&resolution.item) {
        Some(grant) => present(resolution, grant, &change, vocabulary, inventory, past),
        None => absent(resolution, &change, inventory, inputs),
    };
    let (grant, precondition, draft) = match drafted {
        Ok(drafted) => drafted,
        Err(hold) => return *hold,
    };
    BuildStep::Act(Box::new(ActionSpec {
        id,
        basis: resolution.basis.clone(),
        change,
        grant,
        precondition,
        operations: draft.operations,
        expects: draft.expects,
        loses: draft.loses,
        survives: keeps.surviving(draft.survives, resolution),
        effects: draft.effects,
        irreversible: draft.irreversible,
        level: level_of(resolution.tier),
    }))
}

/// Returns whether an inventory, collected after a read confirmed the change, shows the access as it was reviewed. The
/// change is then made again. A rotation leaves a grant as it was, so an inventory does not contradict it.
fn is_contradicted(resolution: &Resolution, past: ActionState, grant: Option<&Grant>, inventory: &Inventory) -> bool {
    let Some(grant) = grant.filter(|_| is_later(inventory, past)) else { return false };
    match resolution.verdict {
        Verdict::Revoke | Verdict::Replace => true,
        Verdict::Disable | Verdict::Reduce => grant.digest() == resolution.grant,
        _ => false,
    }
}

fn is_later(inventory: &Inventory, past: ActionState) -> bool {
    past.verified_at.is_some_and(|at| inventory.observed_at() > at)
}

/// Returns the removal of access that was disabled and has remained so for the soak period of its connector. The period
/// is measured by the inventory and the evidence, not by a clock.
fn soaked(
    resolution: &Resolution,
    disabled: ActionState,
    grant: Option<&Grant>,
    vocabulary: &dyn ConnectorSchema,
    inventory: &Inventory,
) -> bool {
    let (Verdict::Disable, Some(grant), Some(since)) = (resolution.verdict, grant, disabled.confirmed_at) else {
        return false;
    };
    let rested = |days: u16| inventory.observed_at().days_since(since) >= i64::from(days);
    vocabulary.grace_period_days(grant).is_some_and(|days| days > 0 && rested(days))
}

fn waits_for_a_person(past: ActionState) -> bool {
    past.outcome == Some(OutcomeKind::Manual)
}

type DraftResult = Result<(Grant, Digest, connector::PlannedChange), Box<BuildStep>>;

/// Drafts the change of an existing grant. It must be the reviewed grant, unless the engine itself has begun to change
/// it.
fn present(
    resolution: &Resolution,
    grant: &Grant,
    change: &AccessChange,
    vocabulary: &dyn ConnectorSchema,
    inventory: &Inventory,
    past: Option<ActionState>,
) -> DraftResult {
    let now = grant.digest();
    // A grant that the engine disabled has changed by that. No other change is removed after a soak period.
    let own = resolution.verdict == Verdict::Disable && matches!(change, AccessChange::Revoke {});
    if now != resolution.grant && !own && !past.is_some_and(was_begun) {
        let why = format!("`{}` has changed since it was reviewed", grant.key);
        let next = "it will be reviewed in the next campaign".to_owned();
        return Err(Box::new(BuildStep::Hold(HeldCode::DecisionLapsed, why, next)));
    }
    let replacement = resolution.to.as_deref().filter(|_| resolution.verdict == Verdict::Replace);
    if let Some(to) = replacement.filter(|to| !inventory.has_other(to, grant)) {
        let why = format!("the replacement `{to}` does not exist yet, and is needed before `{}` is removed", grant.key);
        let next = format!("create it on the target, then tenure collect {}", grant.system);
        return Err(Box::new(BuildStep::Hold(HeldCode::ReplacementMissing, why, next)));
    }
    match vocabulary.plan_change(change, grant, inventory) {
        Ok(draft) => Ok((grant.clone(), now, draft)),
        Err(UnsupportedChangeError::Harm { why, instead }) => {
            Err(Box::new(BuildStep::Hold(HeldCode::CollateralDamage, why, instead)))
        }
        Err(UnsupportedChangeError::Unsupported { why, instead }) => {
            Err(Box::new(match removal_options(change, grant, inventory, vocabulary) {
                Some(single) => BuildStep::Hold(HeldCode::NestedInRole, single.why, single.ways),
                None => BuildStep::Hold(HeldCode::ChangeUnsupported, why, instead),
            }))
        }
    }
}

/// Returns whether the engine attempted a change without confirmation, so that the difference may be its own change.
fn was_begun(past: ActionState) -> bool {
    past.outcome
        .is_none_or(|result| matches!(result, OutcomeKind::Applied | OutcomeKind::Failed | OutcomeKind::Unknown))
}

/// Drafts the verification of a grant that is absent from the inventory: no call is needed, but its absence on every
/// path must be confirmed.
fn absent(
    resolution: &Resolution,
    change: &AccessChange,
    inventory: &Inventory,
    inputs: &BuildInputs<'_>,
) -> DraftResult {
    let Some(grant) = (inputs.reviewed)(resolution) else {
        let why = "the grant no longer exists, and the inventory of its review cannot be read".to_owned();
        let next = "fetch the whole history: `git fetch --unshallow`".to_owned();
        return Err(Box::new(BuildStep::Hold(HeldCode::DecisionLapsed, why, next)));
    };
    if let Some(left) = residual_access(change, &grant, inventory) {
        return Err(Box::new(BuildStep::Hold(HeldCode::NestedInRole, left.why, left.ways)));
    }
    let expects = if resolution.verdict == Verdict::Rotate { ExpectedState::Replaced } else { ExpectedState::Absent };
    let draft = connector::PlannedChange {
        operations: vec![],
        expects,
        loses: vec![],
        survives: vec![],
        effects: vec![],
        irreversible: None,
    };
    Ok((grant, resolution.grant, draft))
}

fn change_of(resolution: &Resolution) -> Result<AccessChange, String> {
    match (resolution.verdict, &resolution.to) {
        (Verdict::Disable, _) => Ok(AccessChange::Disable {}),
        (Verdict::Reduce, Some(to)) => Ok(AccessChange::Reduce { to: to.clone() }),
        (Verdict::Reduce, None) => Err("the decision to reduce has no `to`".to_owned()),
        (Verdict::Revoke | Verdict::Replace, _) => Ok(AccessChange::Revoke {}),
        (Verdict::Rotate, _) => Ok(AccessChange::Rotate {}),
        (other, _) => Err(format!("`{other}` requires no change")),
    }
}

/// Tiers T0 and T1 need a separate run with a read-only credential.
const fn level_of(tier: Tier) -> VerificationLevel {
    match tier {
        Tier::T0 | Tier::T1 => VerificationLevel::V4,
        Tier::T2 | Tier::T3 => VerificationLevel::V3,
    }
}

/// Returns the administrators of each system with the number of their administrative grants, for the guardrail on the
/// last one.
pub fn administrators<'a>(
    inventories: impl IntoIterator<Item = &'a Inventory>,
) -> BTreeMap<SystemId, BTreeMap<String, u64>> {
    let mut systems: BTreeMap<SystemId, BTreeMap<String, u64>> = BTreeMap::new();
    for inventory in inventories {
        let administrators = systems.entry(inventory.system().clone()).or_default();
        for grant in inventory.grants().filter(|grant| super::guardrail::is_administrative(grant)) {
            *administrators.entry(grant.principal.id.clone()).or_default() += 1;
        }
    }
    systems
}
