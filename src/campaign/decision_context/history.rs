//! What was granted when and by whom, who certified it last and why, and what of it is not as it was then.

use super::{ContextLine, ItemContext, PriorDecision, attributes};
use crate::{
    campaign::item_summary::{format_date, truncate},
    inventory::RoleContents,
    model::{Grant, Inventory, Verdict},
};
use std::collections::BTreeSet;

impl ItemContext<'_> {
    pub(super) fn granted(&self) -> Vec<ContextLine> {
        let mut lines = vec![self.given()];
        lines.extend(
            self.grant.and_then(|grant| grant.paths.first()).map(|path| ContextLine::plain(path_words(&path.text))),
        );
        let Some(certified) = self.certified() else {
            lines.push(ContextLine::plain(match self.before.last() {
                None => "no earlier campaign decided on it",
                Some(_) => "no earlier campaign certified it",
            }));
            lines.extend(self.verdicts(None));
            return lines;
        };
        lines.push(ContextLine::plain(format!("last certified {}", decided(certified))));
        lines.extend(self.verdicts(Some(certified)));
        lines
    }

    fn given(&self) -> ContextLine {
        let attribute = |names: &[&str]| names.iter().find_map(|name| self.grant?.attribute(name)).map(truncate);
        let (when, by) = (attribute(&["granted-at", "created"]), attribute(&["granted-by"]));
        if (&when, &by) == (&None, &None) {
            return self
                .told(attributes::OF_GRANT)
                .unwrap_or_else(|| ContextLine::unknown("when and why it was granted"));
        }
        let known = |value: Option<String>| value.unwrap_or_else(|| "not known".to_owned());
        ContextLine::plain(format!("granted {} by {} · ticket not known", known(when), known(by)))
    }

    /// Returns the latest decision that certified it.
    fn certified(&self) -> Option<&PriorDecision> {
        self.before.iter().rev().copied().find(|one| one.item.decision == Some(Verdict::Certify))
    }

    /// Returns the other verdicts, the latest first.
    fn verdicts(&self, but: Option<&PriorDecision>) -> Vec<ContextLine> {
        let others = self.before.iter().rev().filter(|one| but.is_none_or(|but| **one != but));
        let lines = others.take(MOST).map(|one| {
            let verdict = one.item.decision.map_or("undecided", Verdict::as_str);
            ContextLine::plain(format!("before: {verdict} {}", decided(one)))
        });
        lines.collect()
    }

    /// Returns what is not as it was when it was last certified; where it never was, since it was last decided.
    pub(super) fn changed(&self, grant: &Grant, inventory: &Inventory) -> ContextLine {
        let Some(before) = self.certified().or_else(|| self.before.last().copied()) else {
            return ContextLine::plain("it was not decided before, so nothing is known of what has changed");
        };
        let (verb, since) =
            (if self.certified().is_some() { "certified" } else { "decided" }, format_date(before.opened_at));
        if before.item.grant == grant.digest() {
            return ContextLine::plain(format!("nothing has changed since it was {verb} ({since})"));
        }
        let then = self.library.sources.then.get(&(before.campaign.clone(), self.system.clone()));
        let was = then.and_then(|then| Some((then, then.grants().find(|was| was.digest() == before.item.grant)?)));
        let told = was.map(|(then, was)| differences(was, then, grant, inventory)).unwrap_or_default();
        let text = match told.as_slice() {
            [] => format!("changed since it was {verb} ({since}); then: {}", before.item.facts),
            told => format!("changed since it was {verb} ({since}): {}", told.join("; ")),
        };
        ContextLine::marked(text)
    }
}

fn decided(one: &PriorDecision) -> String {
    format!("by {} in {} ({}): {}", one.reviewer, one.campaign, format_date(one.opened_at), one.item.reason)
}

/// A path as a system words it, which says by itself who gave it or where it stands.
fn path_words(text: &str) -> String {
    format!("comes about so: {}", truncate(text))
}

/// Returns how a grant differs from what it was: what its role gives, its paths, its attributes, its tier.
fn differences(was: &Grant, then: &Inventory, is: &Grant, now: &Inventory) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    told.extend(
        RoleContents::of(now, is).since(&RoleContents::of(then, was)).text(MOST).map(|shift| format!("it {shift}")),
    );
    if was.tier != is.tier {
        told.push(format!("tier {} → {}", was.tier, is.tier));
    }
    let texts = |grant: &Grant| -> BTreeSet<String> { grant.paths.iter().map(|path| truncate(&path.text)).collect() };
    let (before, after) = (texts(was), texts(is));
    told.extend(after.difference(&before).take(MOST).map(|path| format!("new path: {path}")));
    told.extend(before.difference(&after).take(MOST).map(|path| format!("path gone: {path}")));
    let names: BTreeSet<&String> = was.attributes.keys().chain(is.attributes.keys()).collect();
    let none = String::from("none");
    for name in names {
        let (old, new) = (was.attributes.get(name).unwrap_or(&none), is.attributes.get(name).unwrap_or(&none));
        if old != new && told.len() < MOST_TOLD {
            told.push(format!("{} {} → {}", truncate(name), truncate(old), truncate(new)));
        }
    }
    told
}

const MOST: usize = 3;
const MOST_TOLD: usize = 8;
