//! History of an item: granting, earlier decisions, and changes since the last certification.

use super::{ContextLine, ItemContext, PriorDecision, attributes};
use crate::{
    campaign::text::{format_date, truncate},
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
        let of_connector =
            self.grant.and_then(|grant| Some(self.library.attribute_builder.connector(grant)?.grant(grant)));
        let (when, by) = of_connector.map(|read| (read.granted, read.granted_by)).unwrap_or_default();
        if (&when, &by) == (&None, &None) {
            return self
                .known_line(attributes::OF_GRANT)
                .unwrap_or_else(|| ContextLine::unknown("time and reason of the grant"));
        }
        let known = |value: Option<String>| value.unwrap_or_else(|| "unknown".to_owned());
        let (when, by) = (when.map(|time| time.to_string()), by.map(truncate));
        ContextLine::plain(format!("granted {} by {} · ticket unknown", known(when), known(by)))
    }

    /// Returns the latest certification.
    fn certified(&self) -> Option<&PriorDecision> {
        self.before.iter().rev().copied().find(|one| one.item.decision == Some(Verdict::Certify))
    }

    /// Returns the other decisions, latest first.
    fn verdicts(&self, but: Option<&PriorDecision>) -> Vec<ContextLine> {
        let others = self.before.iter().rev().filter(|one| but.is_none_or(|but| **one != but));
        let lines = others.take(MOST).map(|one| {
            let verdict = one.item.decision.map_or("undecided", Verdict::as_str);
            ContextLine::plain(format!("earlier: {verdict} {}", decided(one)))
        });
        lines.collect()
    }

    /// Returns the changes since the last certification or, if there is none, since the last decision.
    pub(super) fn changed(&self, grant: &Grant, inventory: &Inventory) -> ContextLine {
        let Some(before) = self.certified().or_else(|| self.before.last().copied()) else {
            return ContextLine::plain("no earlier decision to compare with");
        };
        let (verb, since) =
            (if self.certified().is_some() { "certified" } else { "decided" }, format_date(before.opened_at));
        if before.item.grant_digest == grant.digest() {
            return ContextLine::plain(format!("unchanged since it was {verb} ({since})"));
        }
        let then = self.library.sources.then.get(&(before.campaign.clone(), self.system.clone()));
        let was =
            then.and_then(|then| Some((then, then.grants().find(|was| was.digest() == before.item.grant_digest)?)));
        let told = was.map(|(then, was)| differences(was, then, grant, inventory)).unwrap_or_default();
        let text = match told.as_slice() {
            [] => format!("changed since it was {verb} ({since}); then: {}", before.item.summary),
            told => format!("changed since it was {verb} ({since}): {}", told.join("; ")),
        };
        ContextLine::marked(text)
    }
}

fn decided(one: &PriorDecision) -> String {
    format!("by {} in {} ({}): {}", one.reviewer, one.campaign, format_date(one.opened_at), one.item.reason)
}

/// A path in the notation of the system.
fn path_words(text: &str) -> String {
    format!("path: {}", truncate(text))
}

/// Returns the differences of a grant: role contents, paths, attributes and tier.
fn differences(was: &Grant, then: &Inventory, is: &Grant, now: &Inventory) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    told.extend(
        RoleContents::of(now, is).diff(&RoleContents::of(then, was)).text(MOST).map(|shift| format!("it {shift}")),
    );
    if was.tier != is.tier {
        told.push(format!("tier {} → {}", was.tier, is.tier));
    }
    let texts = |grant: &Grant| -> BTreeSet<String> { grant.paths.iter().map(|path| truncate(&path.text)).collect() };
    let (before, after) = (texts(was), texts(is));
    told.extend(after.difference(&before).take(MOST).map(|path| format!("new path: {path}")));
    told.extend(before.difference(&after).take(MOST).map(|path| format!("removed path: {path}")));
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
