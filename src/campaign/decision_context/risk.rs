//! Risk of an item: violated rules, number of grants and systems of the principal, and dependents.

use super::{ContextLine, ItemContext};
use crate::{
    campaign::{dependents::dependents, text::truncate},
    connector::{UnsupportedChangeError, registry},
    diag::counted,
    model::{AccessChange, GrantKind, RemainingPath, Tier},
};
use std::{collections::BTreeSet, path::Path};

impl ItemContext<'_> {
    /// Returns the ids of the rules that the recommendation names.
    pub(super) fn codes(&self) -> Vec<&str> {
        let words = self.item.recommendation.split([',', ' ', ':', '(', ')', ';']);
        let is_id = |word: &&str| {
            word.contains('-') && word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-')
        };
        words.filter(is_id).collect()
    }

    pub(super) fn risk(&self) -> Vec<ContextLine> {
        let mut lines: Vec<ContextLine> = Vec::new();
        for code in self.codes() {
            lines.push(match self.library.sources.rules.get(code) {
                Some(rule) => ContextLine::marked(format!(
                    "{code}: {} · {}",
                    clip_long(&rule.title),
                    clip_long(&rule.remediation)
                )),
                None => ContextLine::marked(format!("{code}: the text of this rule is not available")),
            });
        }
        if lines.is_empty() {
            let judged = self.library.sources.campaign.policies.is_some();
            lines.push(ContextLine::plain(if judged { "no rule is violated" } else { "no rules were evaluated" }));
        }
        // A rule that could not be evaluated is not a pass.
        if let Some(lacking) = self.item.summary.split("; ").find(|fact| fact.starts_with("unknown: ")) {
            lines.push(ContextLine::marked(format!("some rules cannot be evaluated: {lacking}")));
        }
        let pairs = self.item.summary.split("; ").filter(|fact| fact.starts_with("separation of duties "));
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
                lines.push(ContextLine::plain(format!("attributes: {}", attributes.join(", "))));
            }
        }
        lines.extend(self.known_line(super::attributes::OF_RISK));
        lines.push(self.reach());
        lines
    }

    /// The grants of the same principal in this campaign; for an uncorrelated account, its own grants.
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
            return ContextLine::unknown("other access of the holder");
        }
        let (grant, system) = (counted(grants, "grant"), counted(systems.len(), "system"));
        let text = format!("{who} holds {grant} on {system} of this campaign, the most critical {worst}");
        ContextLine { text, marked: worst == Tier::T0 && self.item.tier != Tier::T0 }
    }

    pub(super) fn breaks(&self) -> Vec<ContextLine> {
        let mut lines = match (self.grant, self.loaded) {
            (Some(grant), Some(loaded)) => {
                let found = dependents(grant, true, &loaded.inventory, self.library.sources.people);
                let all = loaded.inventory.is_complete();
                let found = found
                    .into_iter()
                    .chain((!all).then(|| "possibly more: not all inventories could be read".to_owned()));
                found.map(|text| ContextLine::plain(clip_long(&text))).collect()
            }
            _ => vec![ContextLine::unknown("dependents")],
        };
        let system = self.library.sources.systems.get(self.system);
        let who = system.map_or("the owner of the system".to_owned(), |system| match &system.deputy {
            Some(deputy) => format!("{} or {deputy}", system.owner),
            None => system.owner.to_string(),
        });
        let undo = match self.grant.map(|grant| grant.kind) {
            Some(GrantKind::Account) => {
                "a disabled account can be enabled again; a deleted account must be created again"
            }
            Some(GrantKind::Credential) => "a removed secret cannot be restored; a new one must be created",
            Some(_) => "the same grant can be made again",
            None => "unknown",
        };
        let soak = system.and_then(|system| system.settings.get("soak_days")).and_then(toml::Value::as_integer);
        let soak = match soak {
            Some(days) if days > 0 => format!("grace period: {days} days between disabling and removal"),
            _ => "grace period: none is set for this system".to_owned(),
        };
        lines.extend(self.remains());
        lines.extend([ContextLine::plain(format!("undo: {undo}, by {who}")), ContextLine::plain(soak)]);
        lines
    }
}

impl ItemContext<'_> {
    /// Returns the paths by which the holder keeps a part of the access after a revocation, or the reason why the
    /// connector refuses to revoke it.
    fn remains(&self) -> Vec<ContextLine> {
        let system = self.library.sources.systems.get(self.system);
        let (Some(grant), Some(loaded), Some(system)) = (self.grant, self.loaded, system) else { return Vec::new() };
        let Ok(schema) = registry::vocabulary(system, Path::new("/")) else { return Vec::new() };
        match schema.plan_change(&AccessChange::Revoke {}, grant, &loaded.inventory) {
            Ok(change) => {
                let survives = change.survives.iter().take(MOST);
                let text = |path: &RemainingPath| format!("if revoked, access remains: {path}");
                survives.map(|path| ContextLine::marked(clip_long(&text(path)))).collect()
            }
            Err(UnsupportedChangeError::Harm { why, instead }) => {
                vec![ContextLine::marked(clip_long(&format!("a revocation will be held: {why}; {instead}")))]
            }
            Err(UnsupportedChangeError::Unsupported { .. }) => Vec::new(),
        }
    }
}

/// A sentence of a rule, prepared for display.
fn clip_long(text: &str) -> String {
    let end = text.char_indices().nth(MOST_SENTENCE).map(|(end, _)| end);
    end.map_or_else(|| text.to_owned(), |end| format!("{}…", &text[..end]))
}

const MOST: usize = 8;
const MOST_SENTENCE: usize = 300;
