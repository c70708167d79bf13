//! Toxic pairs: what nobody may hold both sides of, on whatever systems and through whatever they answer for.

use super::{
    Pack,
    environment::{Held, held_name},
    rule::CompiledPair,
};
use crate::{
    model::file::SodRule,
    policy::expression::{Expression, Unknown},
};
use std::collections::BTreeSet;

/// The toxic pairs of a pack.
#[derive(Clone, Copy, Debug)]
pub struct SodRules<'p> {
    pairs: &'p [CompiledPair],
}

/// A toxic pair that somebody holds, or may hold.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SodViolation<'p> {
    /// The pair.
    pub pair: &'p SodRule,
    /// The entitlements on the one side, by their place in what was given.
    pub one: Vec<usize>,
    /// Those on the other side; the same entitlement may be on both.
    pub other: Vec<usize>,
    /// What is not known of the entitlements that decide it; empty where it is held for certain.
    pub missing: Vec<&'static str>,
}

impl Pack {
    /// Returns the toxic pairs.
    pub fn pairs(&self) -> SodRules<'_> {
        SodRules { pairs: &self.pairs }
    }
}

impl<'p> SodRules<'p> {
    /// Returns whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Returns the pairs themselves, sorted by id.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'p SodRule> + use<'p> {
        self.pairs.iter().map(CompiledPair::pair)
    }

    /// Returns on which sides of which pairs an entitlement is; give what it says of all that one person holds to
    /// [`Self::judge_sides`]. What an entitlement is does not depend on its holder, so this is asked once for each.
    pub fn sides(&self, held: &Held<'_>) -> SodRuleSides {
        let side = |expression: &Expression| expression.truth(held);
        let mut sides = SodRuleSides::default();
        for (place, compiled) in self.pairs.iter().enumerate() {
            let found = [side(&compiled.one), side(&compiled.other)];
            if found.iter().any(|side| *side != Ok(false)) {
                sides.found.push((place, found));
            }
        }
        sides
    }

    /// Returns the pairs that somebody holds both sides of, in the order of ids; `held` is everything they effectively
    /// hold, themselves and through the identities they answer for.
    pub fn judge<'h>(&self, held: impl IntoIterator<Item = Held<'h>>) -> Vec<SodViolation<'p>> {
        let sides: Vec<_> = held.into_iter().map(|held| self.sides(&held)).collect();
        self.judge_sides(&sides.iter().collect::<Vec<_>>())
    }

    /// Returns the pairs whose both sides are among these, each the sides of one entitlement.
    pub fn judge_sides(&self, held: &[&SodRuleSides]) -> Vec<SodViolation<'p>> {
        let mut sides: Vec<[Vec<usize>; 2]> = vec![Default::default(); self.pairs.len()];
        let mut unsure: Vec<[Vec<(usize, Unknown)>; 2]> = vec![Default::default(); self.pairs.len()];
        for (at, entitlement) in held.iter().enumerate() {
            for (place, found) in &entitlement.found {
                for (side, truth) in found.iter().enumerate() {
                    match truth {
                        Ok(true) => sides[*place][side].push(at),
                        Ok(false) => {}
                        Err(why) => unsure[*place][side].push((at, *why)),
                    }
                }
            }
        }
        let all = self.pairs.iter().zip(sides).zip(unsure);
        all.filter_map(|((compiled, sides), unsure)| toxic(compiled.pair(), sides, unsure)).collect()
    }
}

/// Both sides for certain; or, where a side hangs on what is not known, perhaps.
fn toxic(pair: &SodRule, sides: [Vec<usize>; 2], unsure: [Vec<(usize, Unknown)>; 2]) -> Option<SodViolation<'_>> {
    let mut missing = BTreeSet::new();
    let mut held = Vec::new();
    for (sure, unsure) in sides.into_iter().zip(unsure) {
        if !sure.is_empty() {
            held.push(sure);
            continue;
        }
        missing.extend(unsure.iter().flat_map(|(_, why)| why.slots().map(held_name).collect::<Vec<_>>()));
        let perhaps: Vec<_> = unsure.into_iter().map(|(at, _)| at).collect();
        if perhaps.is_empty() {
            return None;
        }
        held.push(perhaps);
    }
    let other = held.pop()?;
    Some(SodViolation { pair, one: held.pop()?, other, missing: missing.into_iter().collect() })
}

/// On which sides of which pairs one entitlement is.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SodRuleSides {
    found: Vec<(usize, [Result<bool, Unknown>; 2])>,
}

impl SodRuleSides {
    /// Returns whether it is on no side of any pair, for certain.
    pub fn is_harmless(&self) -> bool {
        self.found.is_empty()
    }
}
