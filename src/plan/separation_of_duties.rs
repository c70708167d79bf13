//! Effects of a plan on separation of duties: violations that it leaves, resolves or creates.

use crate::{
    campaign::Resolution,
    inventory::{IdentityDirectory, ProposedChange, SodAnalysis, SodViolation},
    model::{
        self, Grant, GrantKey, GrantKind, Inventory, PrincipalId, SystemId, Verdict,
        action::ActionSpec,
        file::{PrincipalKind, PrincipalRecord},
    },
    policy::SodRules,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The data for evaluating separation of duties: the access on all systems, not only those of the plan.
#[derive(Clone)]
pub struct SodContext<'a> {
    /// The inventories of all systems.
    pub inventories: Vec<&'a Inventory>,
    /// The identities of accounts.
    pub people: &'a IdentityDirectory,
    /// The pairs.
    pub pairs: SodRules<'a>,
}

/// A note on an effect of a plan on separation of duties.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SodNote {
    /// The effect, as a stable code.
    pub code: NoteCode,
    /// The effect, in words.
    pub text: String,
}

/// The kind of an effect.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoteCode {
    /// A violation exists before and after this run.
    SodViolationRemains,
    /// A violation would be created by the decisions.
    SodViolationCreated,
    /// A violation exists before this run, and not after it.
    SodViolationResolved,
}

impl NoteCode {
    /// Returns the effect in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::SodViolationRemains => "left after this run",
            Self::SodViolationCreated => "made by this run",
            Self::SodViolationResolved => "resolved by this run",
        }
    }
}

/// Returns the effects of a plan with these actions on the violations of the principals that it concerns, sorted.
/// Violations of other principals are reported where their access is reviewed.
pub(super) fn notes(duties: &SodContext<'_>, actions: &[ActionSpec], resolutions: &[Resolution]) -> Vec<SodNote> {
    let transferred = transferred(duties, resolutions);
    if duties.pairs.is_empty() || (actions.is_empty() && transferred.is_empty()) {
        return Vec::new();
    }
    let inventories = || duties.inventories.iter().copied();
    let before = SodAnalysis::judge(inventories(), duties.people, &duties.pairs);
    let change = change(duties, actions, transferred);
    let after = SodAnalysis::judge_after(inventories(), duties.people, &duties.pairs, &change);
    let touched = touched(&before, actions);
    let note = |code| move |clash: &SodViolation| SodNote { code, text: format!("{}: {clash}", clash.holder) };
    let is_touched = |clash: &&SodViolation| touched.contains(&(clash.holder.as_str(), clash.pair.as_str()));
    let left = after.clashes().iter().filter(is_touched).map(note(NoteCode::SodViolationRemains));
    let made = after.beyond(&before).map(note(NoteCode::SodViolationCreated));
    let resolved = before.beyond(&after).map(note(NoteCode::SodViolationResolved));
    let mut notes: Vec<SodNote> = left.chain(made).chain(resolved).collect();
    notes.sort();
    notes
}

/// Returns holder and pair of every violation that an action concerns: its grant gives one side, or is part of a grant
/// that does.
fn touched<'s>(before: &'s SodAnalysis, actions: &[ActionSpec]) -> BTreeSet<(&'s str, &'s str)> {
    let grants: BTreeSet<(&SystemId, &GrantKey)> =
        actions.iter().map(|action| (&action.grant.system, &action.grant.key)).collect();
    let subjects: BTreeSet<String> = actions.iter().map(|action| subject(&action.grant)).collect();
    let clashes = before.clashes().iter().filter(|clash| {
        let mut holds = clash.left.by.iter().chain(&clash.right.by);
        holds.any(|hold| grants.contains(&(&hold.system, &hold.grant)) || subjects.contains(&hold.subject))
    });
    clashes.map(|clash| (clash.holder.as_str(), clash.pair.as_str())).collect()
}

/// Returns the access that the actions remove. A disabled or deleted account has no usable access left; a new secret
/// removes no access.
fn change<'a>(
    duties: &SodContext<'a>,
    actions: &'a [ActionSpec],
    transferred: BTreeMap<&'a PrincipalId, PrincipalId>,
) -> ProposedChange<'a> {
    let mut change = ProposedChange { transferred, ..ProposedChange::default() };
    for action in actions {
        let ActionSpec { grant, change: asked, .. } = action;
        match asked {
            model::AccessChange::Reduce { to } => drop(change.reduced.insert((&grant.system, &grant.key), to)),
            model::AccessChange::Disable {} | model::AccessChange::Revoke {} => {
                change.removed.insert((&grant.system, &grant.key));
                if grant.kind == GrantKind::Account {
                    let of_system = duties.inventories.iter().filter(|held| *held.system() == grant.system);
                    let all = of_system.flat_map(|held| held.of_principal(&grant.principal.id));
                    change.removed.extend(all.map(|held| (&held.system, &held.key)));
                }
            }
            model::AccessChange::Rotate {} => {}
        }
    }
    change
}

/// Returns the identities that get another owner by a decision.
fn transferred<'a>(duties: &SodContext<'a>, resolutions: &[Resolution]) -> BTreeMap<&'a PrincipalId, PrincipalId> {
    let transfers = resolutions.iter().filter(|resolution| resolution.verdict == Verdict::Transfer);
    let of = |resolution: &Resolution| {
        let entry: &'a PrincipalRecord = duties.people.identity_of(&resolution.subject)?;
        let to = PrincipalId::parse(resolution.to.as_deref()?).ok()?;
        (entry.kind != PrincipalKind::Person && entry.owner.as_ref() != Some(&to)).then_some((&entry.id, to))
    };
    transfers.filter_map(of).collect()
}

fn subject(grant: &Grant) -> String {
    format!("{}:{}", grant.system, grant.principal.id)
}
