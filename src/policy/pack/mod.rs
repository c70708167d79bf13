//! A policy pack: rules, separation-of-duties rules, cases, profiles and controls, compiled once and evaluated
//! repeatedly.

mod environment;
mod evaluate;
mod profile;
mod rule;
mod sod_rules;
mod sources;

#[cfg(test)]
mod tests;

pub use environment::{RuleSubject, SodEntitlement};
pub use evaluate::{MissingAttributes, RuleOutcome, RuleResult};
pub use profile::ProfileOverride;
pub use sod_rules::{SodMatch, SodRuleSides, SodRules};
pub use sources::PackSources;

pub(super) use environment::{RuleEnvironment, name_of, tier_name};
pub(super) use rule::{CompiledPair, CompiledRule};
pub(super) use sources::ParsedFile;

use crate::{
    diag::{Diagnostic, Diagnostics},
    format::codec::place,
    model::{
        Digest, Tier,
        file::{Control, Rule, Scope},
    },
};
use evaluate::EngineSlots;
use profile::EffectiveSettings;
use std::{collections::BTreeMap, sync::Arc};

/// A compiled policy pack with its active profiles.
#[derive(Clone, Debug, Default)]
pub struct PolicyPack {
    sources: Arc<PackSources>,
    rules: Arc<[CompiledRule]>,
    pairs: Arc<[CompiledPair]>,
    settings: Vec<EffectiveSettings>,
    scopes: [Vec<usize>; 2],
    active: Vec<String>,
    slots: EngineSlots,
}

impl PolicyPack {
    /// Compiles a pack with these profiles active.
    ///
    /// # Errors
    /// Invalid expressions with their spans, duplicate rules, and profiles that loosen a rule or name unknown rules or
    /// limits.
    pub fn compile(sources: PackSources, profiles: &[String]) -> Result<Self, Diagnostics> {
        let mut problems = Diagnostics::new();
        let pack = Self::compile_lenient(sources, profiles, &mut problems);
        if problems.has_errors() { Err(problems) } else { Ok(pack) }
    }

    /// Compiles what is valid, and returns the problems of the rest.
    pub(super) fn compile_lenient(sources: PackSources, profiles: &[String], problems: &mut Diagnostics) -> Self {
        let mut rules: Vec<_> = sources.rules.iter().flat_map(|read| rule::rules(read, problems)).collect();
        let mut pairs: Vec<_> = sources.rules.iter().flat_map(|read| rule::pairs(read, problems)).collect();
        rules.sort_by(|a, b| a.rule().id.cmp(&b.rule().id));
        pairs.sort_by(|a, b| a.pair().id.cmp(&b.pair().id));
        twins(&sources, problems);
        let pack = Self {
            sources: Arc::new(sources),
            rules: rules.into(),
            pairs: pairs.into(),
            settings: Vec::new(),
            scopes: Default::default(),
            active: Vec::new(),
            slots: EngineSlots::default(),
        };
        pack.with_profiles_lenient(profiles, problems)
    }

    /// Returns the same pack with other active profiles, without compiling again.
    ///
    /// # Errors
    /// See [`Self::compile`], for the profiles.
    pub fn with_profiles(&self, profiles: &[String]) -> Result<Self, Diagnostics> {
        let mut problems = Diagnostics::new();
        let pack = self.clone().with_profiles_lenient(profiles, &mut problems);
        if problems.has_errors() { Err(problems) } else { Ok(pack) }
    }

    /// Returns the same pack with other active profiles, ignoring invalid ones.
    pub(super) fn with_profiles_lenient(mut self, profiles: &[String], problems: &mut Diagnostics) -> Self {
        self.active = profiles.to_vec();
        self.active.sort();
        self.active.dedup();
        self.settings = profile::overlay(&self.rules, &self.sources, &self.active, problems);
        self.scopes = [Scope::Grant, Scope::Principal].map(|scope| {
            let places = self.rules.iter().enumerate().filter(|(_, compiled)| compiled.rule().scope == scope);
            places.map(|(place, _)| place).collect()
        });
        self
    }

    /// Returns whether the pack has no rules.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Returns the rules, sorted by id.
    pub fn rules(&self) -> impl ExactSizeIterator<Item = &Rule> {
        self.rules.iter().map(CompiledRule::rule)
    }

    /// Returns a rule.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules().find(|rule| rule.id == id)
    }

    /// Returns the value of a limit of a rule for a tier, and the profile that set it.
    pub fn limit(&self, rule: &str, limit: &str, tier: Tier) -> Option<(i64, Option<&ProfileOverride>)> {
        let place = self.rules.iter().position(|compiled| compiled.rule().id == rule)?;
        let at = self.rules[place].rule().limits.iter().position(|one| one.name == limit)?;
        let settings = &self.settings[place];
        Some((settings.limits[at][tier as usize], settings.limits_by[at][tier as usize].as_deref()))
    }

    /// Returns the minimum severity of a rule, and the profile that set it.
    pub fn severity(&self, rule: &str) -> Option<(crate::model::Severity, Option<&ProfileOverride>)> {
        let place = self.rules.iter().position(|compiled| compiled.rule().id == rule)?;
        let own = self.rules[place].rule().severity;
        match &self.settings[place].severity {
            Some((least, by)) if *least < own => Some((*least, Some(by))),
            _ => Some((own, None)),
        }
    }

    /// Returns the active profiles, sorted.
    pub fn profiles(&self) -> &[String] {
        &self.active
    }

    /// Returns all profiles by name, with their titles.
    pub fn known_profiles(&self) -> BTreeMap<&str, &str> {
        self.sources.profiles.iter().map(|read| (read.file.name.as_str(), read.file.title.as_str())).collect()
    }

    /// Returns a control by `<framework>:<id>`, with the name and version of its framework.
    pub fn control(&self, id: &str) -> Option<(&Control, String)> {
        let controls = self.sources.controls.iter().map(|read| &read.file);
        controls.into_iter().find_map(|file| {
            let matches = |control: &&Control| {
                id.strip_prefix(control.framework.as_str()).and_then(|rest| rest.strip_prefix(':')) == Some(&control.id)
            };
            let control = file.controls.iter().find(matches)?;
            let framework = file.frameworks.iter().find(|framework| framework.id == control.framework);
            let version = framework.map(|framework| format!("{} {}", framework.name, framework.version));
            Some((control, version.unwrap_or_else(|| control.framework.clone())))
        })
    }

    /// Returns the digest of the files of the pack; see [`PackSources::digest`].
    pub fn digest(&self) -> Digest {
        self.sources.digest()
    }

    /// Returns the source files.
    pub fn sources(&self) -> &PackSources {
        &self.sources
    }

    pub(super) fn compiled(&self) -> &[CompiledRule] {
        &self.rules
    }

    pub(super) fn compiled_pairs(&self) -> &[CompiledPair] {
        &self.pairs
    }

    fn of_scope(&self, scope: Scope) -> &[usize] {
        match scope {
            Scope::Grant => &self.scopes[0],
            Scope::Principal => &self.scopes[1],
        }
    }
}

/// Reports duplicate ids. Rules and separation-of-duties rules share one namespace, since cases refer to both.
fn twins(sources: &PackSources, problems: &mut Diagnostics) {
    let mut seen: BTreeMap<&str, (&Arc<ParsedFile<crate::model::file::Rules>>, &str, usize)> = BTreeMap::new();
    for read in &sources.rules {
        let rules = read.file.rules.iter().enumerate().map(|(at, rule)| (rule.id.as_str(), "rule", at));
        let pairs = read.file.pairs.iter().enumerate().map(|(at, pair)| (pair.id.as_str(), "pair", at));
        for (id, table, at) in rules.chain(pairs) {
            let Some((before, other, place_there)) = seen.insert(id, (read, table, at)) else { continue };
            let span = |read: &ParsedFile<_>, table: &str, at: usize| {
                place(read.source.text(), &[table.into(), at.into(), "id".into()])
            };
            let problem = Diagnostic::error("duplicate-rule", format!("duplicate rule id `{id}`"))
                .at(&read.source, span(read, table, at), "second definition")
                .at(&before.source, span(before, other, place_there), "the first one");
            problems.push(problem.help("rename one of them"));
        }
    }
}
