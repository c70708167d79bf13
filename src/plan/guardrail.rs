//! Guardrails: limits of every plan. They come from the signed mandate; no option and no environment variable can lift
//! them.

use crate::inventory::IdentityDirectory;
use crate::model::{
    GrantKind, PrincipalId, SystemId, Tier, Timestamp,
    action::ActionSpec,
    file::{Guardrails, PrincipalKind},
};
use std::collections::{BTreeMap, BTreeSet};

/// Looks up the owner and the kind of an account.
pub trait OwnerDirectory {
    /// Returns the owner of the account `<system>:<id>`.
    fn owner(&self, subject: &str) -> Option<&PrincipalId>;

    /// Returns the kind of identity of the account `<system>:<id>`.
    fn kind(&self, subject: &str) -> Option<PrincipalKind>;
}

impl OwnerDirectory for IdentityDirectory {
    fn owner(&self, subject: &str) -> Option<&PrincipalId> {
        self.identity_of(subject)?.owner.as_ref()
    }

    fn kind(&self, subject: &str) -> Option<PrincipalKind> {
        self.identity_of(subject).map(|entry| entry.kind)
    }
}

/// The limits and data for checking a plan.
pub struct GuardrailLimits<'a> {
    /// The signed limits.
    pub guardrails: &'a Guardrails,
    /// The present number of grants of each system, and the number at review time.
    pub grants: BTreeMap<SystemId, (u64, Option<u64>)>,
    /// The administrators of each system by immutable id, with the number of their administrative grants.
    pub administrators: BTreeMap<SystemId, BTreeMap<String, u64>>,
    /// The owners of accounts.
    pub directory: &'a dyn OwnerDirectory,
    /// The current time, for freeze windows.
    pub now: Timestamp,
}

/// A guardrail that a plan violates.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct GuardrailViolation {
    /// The guardrail, as a stable code.
    pub code: &'static str,
    /// The plan's value and the limit.
    pub message: String,
    /// The remedy.
    pub help: String,
}

pub(super) fn trips(actions: &[ActionSpec], limits: &GuardrailLimits<'_>) -> Vec<GuardrailViolation> {
    if actions.is_empty() {
        return Vec::new();
    }
    let mut trips = BTreeSet::new();
    freeze(limits, &mut trips);
    counts(actions, limits, &mut trips);
    protected(actions, limits, &mut trips);
    last_administrator(actions, limits, &mut trips);
    scope(actions, limits, &mut trips);
    trips.into_iter().collect()
}

fn trip(code: &'static str, message: String, help: &str) -> GuardrailViolation {
    GuardrailViolation { code, message, help: help.to_owned() }
}

fn freeze(limits: &GuardrailLimits<'_>, trips: &mut BTreeSet<GuardrailViolation>) {
    for window in &limits.guardrails.freeze {
        let parsed = window.split_once('/').map(|(from, until)| (Timestamp::parse(from), Timestamp::parse(until)));
        match parsed {
            Some((Ok(from), Ok(until))) if (from..until).contains(&limits.now) => {
                trips.insert(trip("freeze-window", format!("enforcement is frozen from {from} to {until}"), WAIT));
            }
            Some((Ok(_), Ok(_))) => {}
            // A window that cannot be parsed may include the current time: fail closed.
            _ => {
                let message = format!("the freeze window `{window}` of the mandate cannot be read");
                trips.insert(trip(
                    "freeze-window",
                    message,
                    "use the form `2026-12-20T00:00:00Z/2027-01-03T00:00:00Z`",
                ));
            }
        }
    }
}

fn counts(actions: &[ActionSpec], limits: &GuardrailLimits<'_>, trips: &mut BTreeSet<GuardrailViolation>) {
    let rails = limits.guardrails;
    let mut by_system: BTreeMap<&SystemId, u64> = BTreeMap::new();
    let mut by_owner: BTreeMap<&str, u64> = BTreeMap::new();
    for action in actions {
        *by_system.entry(&action.grant.system).or_default() += 1;
        let subject = subject_of(action);
        if let Some(owner) = limits.directory.owner(&subject) {
            *by_owner.entry(owner.as_str()).or_default() += 1;
        }
    }
    let total = actions.len() as u64;
    if total > u64::from(rails.max_removals_per_run) {
        let message = format!("{total} removals in one run; the limit is {}", rails.max_removals_per_run);
        trips.insert(trip("removals-per-run", message, OVERRIDE));
    }
    for (system, count) in by_system {
        if count > u64::from(rails.max_removals_per_system) {
            let message = format!("{count} removals on `{system}`; the limit is {}", rails.max_removals_per_system);
            trips.insert(trip("removals-per-system", message, OVERRIDE));
        }
        let live = limits.grants.get(system).map_or(0, |(live, _)| *live);
        let percent = u64::from(rails.max_removal_percent);
        if count > u64::from(rails.percent_min_removals) && count * 100 > live * percent {
            let message = format!("{count} of {live} grants on `{system}`; the limit is {percent} %");
            trips.insert(trip("percent-per-system", message, OVERRIDE));
        }
    }
    for (owner, count) in by_owner {
        if count > u64::from(rails.max_removals_per_owner) {
            let limit = rails.max_removals_per_owner;
            let message = format!("{count} removals from principals of `{owner}`; the limit is {limit}");
            trips.insert(trip("removals-per-owner", message, OVERRIDE));
        }
    }
}

fn protected(actions: &[ActionSpec], limits: &GuardrailLimits<'_>, trips: &mut BTreeSet<GuardrailViolation>) {
    for action in actions {
        let subject = subject_of(action);
        let name = &action.grant.principal.name;
        if limits.guardrails.protected.contains(&subject) {
            let message = format!("`{name}` ({subject}) is protected by the mandate");
            trips.insert(trip("principal-protected", message, OVERRIDE));
        }
        match limits.directory.kind(&subject) {
            Some(PrincipalKind::Engine) => {
                let message = format!("`{name}` ({subject}) is this engine's own access");
                trips.insert(trip(
                    "engine-access",
                    message,
                    "change the engine's own access manually, and attest the change",
                ));
            }
            Some(PrincipalKind::BreakGlass) => {
                let message = format!("`{name}` ({subject}) is break-glass access");
                trips.insert(trip(
                    "break-glass-access",
                    message,
                    "change break-glass access manually, and attest the change",
                ));
            }
            _ => {}
        }
    }
}

/// Ensures that every system keeps an administrator who can undo the changes of a run.
fn last_administrator(actions: &[ActionSpec], limits: &GuardrailLimits<'_>, trips: &mut BTreeSet<GuardrailViolation>) {
    let mut removed: BTreeMap<&SystemId, BTreeMap<&str, u64>> = BTreeMap::new();
    for action in actions.iter().filter(|action| is_administrative(&action.grant)) {
        let of_system = removed.entry(&action.grant.system).or_default();
        *of_system.entry(&action.grant.principal.id).or_default() += 1;
    }
    for (system, removed) in removed {
        let Some(administrators) = limits.administrators.get(system) else { continue };
        let left = |(id, grants): (&String, &u64)| *grants > removed.get(id.as_str()).copied().unwrap_or(0);
        if !administrators.iter().any(left) {
            let message = format!("`{system}` would have no administrator any more");
            trips.insert(trip("last-administrator", message, "add another administrator first, then collect again"));
        }
    }
}

/// Returns whether the grant makes its holder an administrator of the system.
pub(super) fn is_administrative(grant: &crate::model::Grant) -> bool {
    grant.tier == Tier::T0 && !matches!(grant.kind, GrantKind::Credential)
}

fn scope(actions: &[ActionSpec], limits: &GuardrailLimits<'_>, trips: &mut BTreeSet<GuardrailViolation>) {
    let systems: BTreeSet<_> = actions.iter().map(|action| &action.grant.system).collect();
    for system in systems {
        let Some((live, Some(reviewed))) = limits.grants.get(system).copied() else { continue };
        let shrink = u64::from(limits.guardrails.max_inventory_shrink_percent);
        if live * 100 < reviewed * (100_u64.saturating_sub(shrink)) {
            let message =
                format!("the inventory of `{system}` shrank from {reviewed} to {live} grants since the review");
            let help = format!("find the cause, then run `tenure collect {system}` and open a new campaign");
            trips.insert(trip("inventory-shrank", message, &help));
        }
    }
}

fn subject_of(action: &ActionSpec) -> String {
    format!("{}:{}", action.grant.system, action.grant.principal.id)
}

const OVERRIDE: &str =
    "raise the limit in the next trust/mandate/N.toml and sign it, or enforce fewer systems in one run";
const WAIT: &str = "wait for the end of the window, or change it in the next trust/mandate/N.toml";
