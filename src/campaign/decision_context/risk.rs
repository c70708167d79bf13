//! What speaks against an access, how far it reaches, and what may break without it.

use super::{ContextLine, ItemContext};
use crate::{
    campaign::{dependents::dependents, item_summary::truncate},
    diag::counted,
    model::{GrantKind, Tier},
};
use std::collections::BTreeSet;

impl ItemContext<'_> {
    /// Returns the ids of the rules that the recommendation names.
    pub(super) fn codes(&self) -> Vec<&str> {
        let words = self.item.recommend.split([',', ' ', ':', '(', ')', ';']);
        let is_id = |word: &&str| {
            word.contains('-') && word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-')
        };
        words.filter(is_id).collect()
    }

    pub(super) fn risk(&self) -> Vec<ContextLine> {
        let mut lines: Vec<ContextLine> = Vec::new();
        for code in self.codes() {
            lines.push(match self.library.sources.rules.get(code) {
                Some(rule) => {
                    ContextLine::marked(format!("{code}: {} · {}", clip_long(&rule.title), clip_long(&rule.advice)))
                }
                None => ContextLine::marked(format!("{code}: the text of this rule is not known here")),
            });
        }
        if lines.is_empty() {
            let judged = self.library.sources.campaign.policies.is_some();
            lines.push(ContextLine::plain(if judged { "no rule finds anything" } else { "no rules were asked" }));
        }
        // Silence of a rule that could not be judged is no pass.
        if let Some(lacking) = self.item.facts.split("; ").find(|fact| fact.starts_with("not known: ")) {
            lines.push(ContextLine::marked(format!("some rules cannot be judged: {lacking}")));
        }
        let pairs = self.item.facts.split("; ").filter(|fact| fact.starts_with("toxic pair "));
        lines.extend(pairs.map(|pair| ContextLine::marked(clip_long(pair))));
        if let Some(grant) = self.grant {
            let attributes: Vec<_> = grant
                .attributes
                .iter()
                .filter(|(_, value)| !value.is_empty())
                .take(MOST)
                .map(|(name, value)| format!("{} {}", truncate(name), truncate(value)))
                .collect();
            if !attributes.is_empty() {
                lines.push(ContextLine::plain(format!("as the system says: {}", attributes.join(", "))));
            }
        }
        lines.extend(self.told(super::attributes::OF_RISK));
        lines.push(self.reach());
        lines
    }

    /// What the same identity holds anywhere in this campaign; of an account nobody claims, what itself holds.
    fn reach(&self) -> ContextLine {
        let own = [match self.grant {
            Some(grant) => format!("{}:{}", self.system, grant.principal.id),
            None => self.item.subject.clone(),
        }];
        let (who, accounts) = match self.entry {
            Some(entry) => (entry.id.to_string(), entry.accounts.as_slice()),
            None => (self.item.principal.clone(), own.as_slice()),
        };
        let (mut grants, mut systems, mut worst) = (0_usize, BTreeSet::new(), Tier::T3);
        for (system, account) in accounts.iter().filter_map(|account| account.split_once(':')) {
            let inventories = &self.library.sources.inventories;
            let Some((_, loaded)) = inventories.iter().find(|(id, _)| id.as_str() == system) else { continue };
            for grant in loaded.inventory.of_principal(account) {
                grants += 1;
                systems.insert(system);
                worst = worst.min(grant.tier);
            }
        }
        if grants == 0 {
            return ContextLine::unknown("what else the holder can reach");
        }
        let (grant, system) = (counted(grants, "grant"), counted(systems.len(), "system"));
        let text = format!("{who} holds {grant} on {system} of this campaign, the worst {worst}");
        ContextLine { text, marked: worst == Tier::T0 && self.item.tier != Tier::T0 }
    }

    pub(super) fn breaks(&self) -> Vec<ContextLine> {
        let mut lines = match (self.grant, self.loaded) {
            (Some(grant), Some(loaded)) => {
                let found = dependents(grant, true, &loaded.inventory, self.library.sources.people);
                let all = loaded.inventory.is_complete();
                let found =
                    found.into_iter().chain((!all).then(|| "there may be more: not all could be read".to_owned()));
                found.map(|text| ContextLine::plain(clip_long(&text))).collect()
            }
            _ => vec![ContextLine::unknown("what depends on it")],
        };
        let system = self.library.sources.systems.get(self.system);
        let who = system.map_or("the owner of the system".to_owned(), |system| match &system.deputy {
            Some(deputy) => format!("{} or {deputy}", system.owner),
            None => system.owner.to_string(),
        });
        let undo = match self.grant.map(|grant| grant.kind) {
            Some(GrantKind::Account) => "disable can be undone at once; an account that was deleted is made anew",
            Some(GrantKind::Credential) => "a secret that was removed cannot come back; a new one is made",
            Some(_) => "it can be granted again in the same words",
            None => "how to undo it is not known",
        };
        let soak = system.and_then(|system| system.settings.get("soak_days")).and_then(toml::Value::as_integer);
        let soak = match soak {
            Some(days) if days > 0 => format!("soak: {days} days lie between disabling and removing"),
            _ => "soak: none is set for this system".to_owned(),
        };
        lines.extend([ContextLine::plain(format!("undo: {undo}, by {who}")), ContextLine::plain(soak)]);
        lines
    }
}

/// A sentence of a rule as it may be shown on a card.
fn clip_long(text: &str) -> String {
    let end = text.char_indices().nth(MOST_SENTENCE).map(|(end, _)| end);
    end.map_or_else(|| text.to_owned(), |end| format!("{}…", &text[..end]))
}

const MOST: usize = 8;
const MOST_SENTENCE: usize = 300;
