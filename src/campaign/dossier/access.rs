//! What an access gives, in plain words; what its name hides, and what has changed since it was last decided.

use super::{Case, Line};
use crate::{
    campaign::facts::{clip, day},
    model::{Entitlement, Grant, GrantKind, Inventory, Tier},
};

impl Case<'_> {
    pub(super) fn access(&self) -> Vec<Line> {
        let (Some(grant), Some(loaded)) = (self.grant, self.loaded) else {
            return vec![Line::plain(format!("as put to review: {}", self.item.facts))];
        };
        let mut lines = vec![Line::plain(words(grant))];
        lines.extend(hidden(grant, &loaded.inventory));
        for path in grant.paths.iter().skip(1).take(MOST) {
            lines.push(Line::marked(format!("also by: {}", clip(&path.text))));
        }
        if grant.paths.len() > MOST + 1 {
            lines.push(Line::marked(format!("and by {} more paths", grant.paths.len() - MOST - 1)));
        }
        lines.push(self.changed(grant));
        lines
    }

    fn changed(&self, grant: &Grant) -> Line {
        match self.before {
            None => Line::unknown("what has changed since it was last certified"),
            Some(before) if before.item.grant == grant.digest() => {
                Line::plain(format!("nothing has changed since {}", day(before.opened_at)))
            }
            Some(before) => {
                Line::marked(format!("changed since {}; then: {}", day(before.opened_at), before.item.facts))
            }
        }
    }
}

fn words(grant: &Grant) -> String {
    let (who, what) = (clip(&grant.principal.name), clip(&grant.entitlement.name));
    match grant.kind {
        GrantKind::Account => format!("{who} can log in or act as {what}"),
        GrantKind::Attribute => format!("{who} has a power over the whole system: {what}"),
        GrantKind::Credential => format!("whoever has this secret is {who}: {what}"),
        GrantKind::Membership => format!("{who} is in {what}, and has all that it gives"),
        GrantKind::Ownership => format!("{who} may do anything with {what}, and give it away"),
        GrantKind::Policy => format!("{who} may do what this policy allows: {what}"),
        GrantKind::Privilege => format!("{who} may: {what}"),
        GrantKind::Rule => format!("{who} may act as another: {what}"),
    }
}

/// How much the name hides, and the riskiest of it.
fn hidden(grant: &Grant, inventory: &Inventory) -> Vec<Line> {
    let gives = &grant.expands_to;
    if gives.is_empty() {
        return Vec::new();
    }
    let mut ranked: Vec<(Option<Tier>, &Entitlement)> =
        gives.iter().map(|given| (inventory.of_entitlement(&given.id).map(|grant| grant.tier).min(), given)).collect();
    // What no grant of its own tells the tier of comes last.
    ranked.sort_by_key(|(tier, _)| tier.unwrap_or(Tier::T3));
    let first = ranked.iter().take(MOST).map(|(tier, given)| match tier {
        Some(tier) => format!("{} ({tier})", clip(&given.name)),
        None => clip(&given.name),
    });
    let rest = gives.len().saturating_sub(MOST);
    let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    let noun = if gives.len() == 1 { "entitlement" } else { "entitlements" };
    let text =
        format!("the name hides {} {noun}; riskiest: {}{more}", gives.len(), first.collect::<Vec<_>>().join(", "));
    let marked = ranked.first().is_some_and(|(tier, _)| tier.is_some_and(|tier| tier <= Tier::T1));
    vec![Line { text, marked }]
}

const MOST: usize = 4;
