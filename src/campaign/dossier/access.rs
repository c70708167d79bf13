//! What an access gives, in plain words; what its name hides, and what has changed since it was last decided.

use super::{Case, Line};
use crate::{
    campaign::facts::{clip, day},
    inventory::Contents,
    model::{Grant, GrantKind, Inventory, Tier},
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
            None => Line::plain("it was not certified before, so nothing is known of what has changed"),
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

/// How much the name hides, the riskiest of it first.
fn hidden(grant: &Grant, inventory: &Inventory) -> Option<Line> {
    let contents = Contents::of(inventory, grant);
    let text = contents.text(MOST)?;
    let marked = contents.tier().is_some_and(|tier| tier <= Tier::T1);
    Some(Line { text: format!("the name hides more: it {text}"), marked })
}

const MOST: usize = 4;
