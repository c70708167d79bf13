//! What a plan does to the separation of duties: which toxic pairs are left after it, and which it would make.

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

/// What toxic pairs are judged on: everything that is held on all systems, not only on those a plan is about.
#[derive(Clone)]
pub struct SodContext<'a> {
    /// The inventories of all systems.
    pub inventories: Vec<&'a Inventory>,
    /// Who is who.
    pub people: &'a IdentityDirectory,
    /// The pairs.
    pub pairs: SodRules<'a>,
}

/// What a plan leaves or makes besides its actions.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SodNote {
    /// What it is, as a stable code.
    pub code: NoteCode,
    /// In words.
    pub text: String,
}

/// What a note says.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoteCode {
    /// Somebody holds both sides of a toxic pair after this run, as before it.
    ToxicPairLeft,
    /// Somebody would hold both sides of a toxic pair by what was decided, and does not now.
    ToxicPairMade,
    /// Nobody holds both sides of a toxic pair after this run whom it touches and who did before.
    ToxicPairResolved,
}

impl NoteCode {
    /// Returns the code as people read it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::ToxicPairLeft => "left after this run",
            Self::ToxicPairMade => "made by this run",
            Self::ToxicPairResolved => "resolved by this run",
        }
    }
}

/// Returns what a plan with these actions does to the toxic pairs of those whom it touches, sorted. Others are not spoken
/// of: what they hold is told where it is reviewed.
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
    let left = after.clashes().iter().filter(is_touched).map(note(NoteCode::ToxicPairLeft));
    let made = after.beyond(&before).map(note(NoteCode::ToxicPairMade));
    let resolved = before.beyond(&after).map(note(NoteCode::ToxicPairResolved));
    let mut notes: Vec<SodNote> = left.chain(made).chain(resolved).collect();
    notes.sort();
    notes
}

/// Returns holder and pair of every clash that an action is about: its grant gives a side, or is inside what does.
fn touched<'s>(before: &'s SodAnalysis, actions: &[ActionSpec]) -> BTreeSet<(&'s str, &'s str)> {
    let grants: BTreeSet<(&SystemId, &GrantKey)> =
        actions.iter().map(|action| (&action.grant.system, &action.grant.key)).collect();
    let subjects: BTreeSet<String> = actions.iter().map(|action| subject(&action.grant)).collect();
    let clashes = before.clashes().iter().filter(|clash| {
        let mut holds = clash.one.by.iter().chain(&clash.other.by);
        holds.any(|hold| grants.contains(&(&hold.system, &hold.grant)) || subjects.contains(&hold.subject))
    });
    clashes.map(|clash| (clash.holder.as_str(), clash.pair.as_str())).collect()
}

/// Returns what the actions take away. An account that is disabled or deleted leaves nothing that can be used; a new
/// secret takes nothing away.
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

/// Returns the identities that somebody else shall answer for, by decision.
fn transferred<'a>(duties: &SodContext<'a>, resolutions: &[Resolution]) -> BTreeMap<&'a PrincipalId, PrincipalId> {
    let transfers = resolutions.iter().filter(|resolution| resolution.verdict == Verdict::Transfer);
    let of = |resolution: &Resolution| {
        let entry: &'a PrincipalRecord = duties.people.behind(&resolution.subject)?;
        let to = PrincipalId::parse(resolution.to.as_deref()?).ok()?;
        (entry.kind != PrincipalKind::Person && entry.owner.as_ref() != Some(&to)).then_some((&entry.id, to))
    };
    transfers.filter_map(of).collect()
}

fn subject(grant: &Grant) -> String {
    format!("{}:{}", grant.system, grant.principal.id)
}
