//! Describes the access of an item: privileges, role contents, and changes since the last decision.

use super::{ContextLine, ItemContext, privilege_text::capabilities};
use crate::{
    campaign::text::truncate,
    inventory::RoleContents,
    model::{Grant, GrantKind, Tier},
};

impl ItemContext<'_> {
    pub(super) fn access(&self) -> Vec<ContextLine> {
        let (Some(grant), Some(loaded)) = (self.grant, self.loaded) else {
            return vec![ContextLine::plain(format!("as published: {}", self.item.summary))];
        };
        let contents = RoleContents::of(&loaded.inventory, grant);
        let mut lines = vec![ContextLine::plain(words(grant))];
        let connector = self.library.attribute_builder.connector(grant);
        let can = connector.and_then(|connector| capabilities(connector, grant, &contents));
        lines.extend(can.map(|can| ContextLine::plain(format!("{} {can}", truncate(&grant.principal.name)))));
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
        GrantKind::Attribute => format!("{who} has a system-wide attribute: {what}"),
        GrantKind::Credential => format!("this secret authenticates as {who}: {what}"),
        GrantKind::Membership => format!("{who} is a member of {what} and has all of its access"),
        GrantKind::Ownership => format!("{who} owns {what}: full control, including transfer of ownership"),
        GrantKind::Policy => format!("{who} may do what this policy allows: {what}"),
        GrantKind::Privilege => format!("{who} may: {what}"),
        GrantKind::Rule => format!("{who} may act as another user: {what}"),
    }
}

/// Contents of the role, most critical first, and the nesting depth of roles.
fn hidden(contents: &RoleContents) -> Option<ContextLine> {
    let text = contents.text(MOST)?;
    let nested = match contents.depth() {
        0 | 1 => String::new(),
        deep => format!(" · roles nested {deep} deep"),
    };
    let marked = contents.tier().is_some_and(|tier| tier <= Tier::T1);
    Some(ContextLine { text: format!("role contents: {text}{nested}"), marked })
}

const MOST: usize = 4;
