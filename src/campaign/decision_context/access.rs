//! What an access gives, in plain words; what its name hides, and what has changed since it was last decided.

use super::{ContextLine, ItemContext, privilege_text::capabilities};
use crate::{
    campaign::item_summary::truncate,
    inventory::RoleContents,
    model::{Grant, GrantKind, Tier},
};

impl ItemContext<'_> {
    pub(super) fn access(&self) -> Vec<ContextLine> {
        let (Some(grant), Some(loaded)) = (self.grant, self.loaded) else {
            return vec![ContextLine::plain(format!("as put to review: {}", self.item.facts))];
        };
        let contents = RoleContents::of(&loaded.inventory, grant);
        let mut lines = vec![ContextLine::plain(words(grant))];
        lines.extend(
            capabilities(grant, &contents)
                .map(|can| ContextLine::plain(format!("{} {can}", truncate(&grant.principal.name)))),
        );
        lines.extend(hidden(&contents));
        for path in grant.paths.iter().skip(1).take(MOST) {
            lines.push(ContextLine::marked(format!("also by: {}", truncate(&path.text))));
        }
        if grant.paths.len() > MOST + 1 {
            lines.push(ContextLine::marked(format!("and by {} more paths", grant.paths.len() - MOST - 1)));
        }
        lines.push(self.changed(grant, &loaded.inventory));
        lines
    }
}

fn words(grant: &Grant) -> String {
    let (who, what) = (truncate(&grant.principal.name), truncate(&grant.entitlement.name));
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

/// How much the name hides, the riskiest of it first, and how deep roles lie in roles.
fn hidden(contents: &RoleContents) -> Option<ContextLine> {
    let text = contents.text(MOST)?;
    let nested = match contents.depth() {
        0 | 1 => String::new(),
        deep => format!(" · roles in roles, {deep} deep"),
    };
    let marked = contents.tier().is_some_and(|tier| tier <= Tier::T1);
    Some(ContextLine { text: format!("the name hides more: it {text}{nested}"), marked })
}

const MOST: usize = 4;
