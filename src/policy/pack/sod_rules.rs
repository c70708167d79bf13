//! Evaluates separation-of-duties rules: determines the sides of each entitlement, and the violations of a principal.

use super::{
    PolicyPack,
    environment::{SodEntitlement, held_name},
    rule::CompiledPair,
};
use crate::{
    model::file::SodRule,
    policy::expression::{Expression, UnknownValue},
};
use std::collections::BTreeSet;

/// The separation-of-duties rules of a pack.
#[derive(Clone, Copy, Debug)]
pub struct SodRules<'p> {
    pairs: &'p [CompiledPair],
}

/// A certain or possible violation.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SodMatch<'p> {
    /// The rule.
    pub pair: &'p SodRule,
    /// The entitlements on the first side, by index in the input.
    pub left: Vec<usize>,
    /// The entitlements on the second side; an entitlement may be on both sides.
    pub right: Vec<usize>,
    /// The unknown attributes on which the result depends; empty if the violation is certain.
    pub missing: Vec<&'static str>,
}

impl PolicyPack {
    /// Returns the separation-of-duties rules.
    pub fn pairs(&self) -> SodRules<'_> {
        SodRules { pairs: &self.pairs }
    }
}

impl<'p> SodRules<'p> {
    /// Returns whether there are no rules.
    pub const fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Returns the rules, sorted by id.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'p SodRule> + use<'p> {
        self.pairs.iter().map(CompiledPair::pair)
    }

    /// Returns the sides to which an entitlement belongs. The sides of all entitlements of one principal are the input
    /// of [`Self::evaluate_sides`]. They do not depend on the holder, so they are computed once for each entitlement.
    pub fn sides(&self, held: &SodEntitlement<'_>) -> SodRuleSides {
        let side = |expression: &Expression| expression.truth(held);
        let mut sides = SodRuleSides::default();
        for (place, compiled) in self.pairs.iter().enumerate() {
            let found = [side(&compiled.left), side(&compiled.right)];
            if found.iter().any(|side| *side != Ok(false)) {
                sides.found.push((place, found));
            }
        }
        sides
    }

    /// Returns the violations of one principal, sorted by id; `held` is its effective access, including that of the
    /// identities it owns.
    pub fn evaluate<'h>(&self, held: impl IntoIterator<Item = SodEntitlement<'h>>) -> Vec<SodMatch<'p>> {
        let sides: Vec<_> = held.into_iter().map(|held| self.sides(&held)).collect();
        self.evaluate_sides(&sides.iter().collect::<Vec<_>>())
    }

    /// Returns the violations among the sides of several entitlements.
    pub fn evaluate_sides(&self, held: &[&SodRuleSides]) -> Vec<SodMatch<'p>> {
        let mut sides: Vec<[Vec<usize>; 2]> = vec![Default::default(); self.pairs.len()];
        let mut unsure: Vec<[Vec<(usize, UnknownValue)>; 2]> = vec![Default::default(); self.pairs.len()];
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
        all.filter_map(|((compiled, sides), unsure)| violation(compiled.pair(), sides, unsure)).collect()
    }
}

/// Returns a certain violation, or a possible one if a side depends on unknown attributes.
fn violation(pair: &SodRule, sides: [Vec<usize>; 2], unsure: [Vec<(usize, UnknownValue)>; 2]) -> Option<SodMatch<'_>> {
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
    Some(SodMatch { pair, left: held.pop()?, right: other, missing: missing.into_iter().collect() })
}

/// The sides to which one entitlement belongs.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SodRuleSides {
    found: Vec<(usize, [Result<bool, UnknownValue>; 2])>,
}

impl SodRuleSides {
    /// Returns whether the entitlement certainly belongs to no side.
    pub fn is_harmless(&self) -> bool {
        self.found.is_empty()
    }
}
