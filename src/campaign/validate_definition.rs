//! Validates a campaign definition before it is opened; each problem has its line.

use super::reviewer_selector::{ReviewerSelector, WORDS};
use crate::{
    diag::{Diagnostic, Diagnostics, SourceFile},
    format::codec::{self, PathSegment},
    model::{
        CampaignId, SystemId,
        file::{CampaignDefinition, KeyState, Registry, RegistryPrincipal, Selector, Stage, System},
    },
    policy::{PolicyPack, ReviewerExpression, SelectorCondition, doubtful_comparisons},
};
use std::collections::{BTreeMap, BTreeSet};

/// The names that a definition may refer to.
#[derive(Clone, Copy)]
pub struct DefinitionContext<'a> {
    /// All systems.
    pub systems: &'a BTreeMap<SystemId, System>,
    /// The groups of the registry.
    pub registry: &'a Registry,
    /// The existing campaigns.
    pub campaigns: &'a BTreeSet<CampaignId>,
    /// The rules.
    pub pack: &'a PolicyPack,
}

/// Returns the problems of the definition at `path`, each with its span.
pub fn check_definition(path: &str, definition: &CampaignDefinition, ground: &DefinitionContext<'_>) -> Diagnostics {
    // Governed files equal the rendering of their values, so this is the text of the file.
    let source = SourceFile::new(path, codec::render(definition));
    let mut check = DefinitionValidator { source: &source, ground, problems: Diagnostics::new() };
    check.window(definition);
    check.numbers(definition);
    for (place, stage) in definition.stages.iter().enumerate() {
        check.stage(place, stage);
    }
    for (place, selector) in definition.selectors.iter().enumerate() {
        check.selector(place, selector);
    }
    for (place, system) in definition.allow_empty.iter().enumerate() {
        check.system(&["allow_empty".into(), place.into()], system);
    }
    check.problems
}

struct DefinitionValidator<'a> {
    source: &'a SourceFile,
    ground: &'a DefinitionContext<'a>,
    problems: Diagnostics,
}

impl DefinitionValidator<'_> {
    fn reject(
        &mut self,
        code: &'static str,
        steps: &[PathSegment<'_>],
        message: impl Into<String>,
        label: &str,
        help: &str,
    ) {
        let span = codec::place(self.source.text(), steps);
        self.problems.push(Diagnostic::error(code, message).at(self.source, span, label).help(help));
    }

    fn window(&mut self, definition: &CampaignDefinition) {
        let window = definition.window_days;
        if window == 0 {
            let help = "write `window_days = 14`, or more";
            self.reject("no-window", &["window_days".into()], "the review window has no days", "no days", help);
        }
        let days: u64 = definition.stages.iter().map(|stage| u64::from(stage.days)).sum();
        if days > u64::from(window) && window > 0 {
            let message = format!("the stages take {days} days in total, but the window has {window}");
            let help = format!("write `window_days = {days}`, or give the stages fewer days");
            self.reject("stages-too-long", &["window_days".into()], message, "fewer than the stages take", &help);
        }
        if definition.selectors.is_empty() {
            let help = "add a `[[select]]`; an empty one selects everything";
            self.reject("no-selector", &["title".into()], "the definition selects nothing", "selects nothing", help);
        }
        if let Some(days) = definition.recurrence_days.filter(|days| *days < window || *days == 0) {
            let message = format!("the campaign recurs after {days} days, but its window has {window}");
            let help = format!("write `recurrence_days = {window}`, or more");
            self.reject(
                "recurrence-too-short",
                &["recurrence_days".into()],
                message,
                "before the last one ends",
                &help,
            );
        }
    }

    fn numbers(&mut self, definition: &CampaignDefinition) {
        for (place, percent) in definition.remind_percent.iter().enumerate() {
            if !(1..=99).contains(percent) {
                let message = format!("a reminder cannot be sent after {percent} % of a stage");
                let help = "write percentages from 1 to 99, such as `remind_percent = [50, 75]`";
                let steps = ["remind_percent".into(), place.into()];
                self.reject("percent-out-of-range", &steps, message, "not between 1 and 99", help);
            }
        }
        if !definition.remind_percent.is_sorted_by(|one, next| one < next) {
            let help = "sort them in ascending order, without duplicates";
            let message = "the reminders are not in order";
            self.reject("reminders-out-of-order", &["remind_percent".into()], message, "not in order", help);
        }
        let can_sign = |person: &&RegistryPrincipal| person.keys.iter().any(|key| key.state == KeyState::Active);
        let is_alone = self.ground.registry.principals.iter().filter(can_sign).nth(1).is_none();
        if definition.fallback == definition.second_fallback && !is_alone {
            let message = "the second fallback equals the first";
            let help = "name a second person for items that the fallback may not review";
            self.reject("fallback-duplicate", &["second_fallback".into()], message, "the same as `fallback`", help);
        }
    }

    fn stage(&mut self, place: usize, stage: &Stage) {
        let at = |key| [PathSegment::from("stage"), PathSegment::from(place), PathSegment::from(key)];
        if stage.days == 0 {
            let message = format!("stage {} has no days", place + 1);
            self.reject("no-window", &at("days"), message, "no days", "write `days = 7`, or more");
        }
        if stage.reviewers_per_item == 0 {
            let message = format!("stage {} requires no reviewers", place + 1);
            self.reject(
                "stage-without-reviewers",
                &at("reviewers_per_item"),
                message,
                "zero",
                "write `reviewers_per_item = 1`, or more",
            );
        }
        if stage.reviewers.is_empty() {
            let message = format!("stage {} names no reviewers", place + 1);
            let help = format!("permitted values: {WORDS}");
            self.reject("stage-without-reviewers", &at("reviewers"), message, "no reviewers", &help);
        }
        for (index, word) in stage.reviewers.iter().enumerate() {
            let steps = [PathSegment::from("stage"), place.into(), "reviewers".into(), index.into()];
            self.word(&steps, word);
        }
        self.advance(place, stage);
        self.sample(place, stage);
    }

    fn sample(&mut self, place: usize, stage: &Stage) {
        let Some(percent) = stage.sample_percent else { return };
        let steps = [PathSegment::from("stage"), place.into(), "sample_percent".into()];
        if place == 0 {
            let message = "the first stage must cover all items";
            let help = "remove it, or add a stage before this one";
            self.reject("sampled-first-stage", &steps, message, "only in a later stage", help);
        } else if !(1..=100).contains(&percent) {
            let message = format!("stage {} cannot cover {percent} % of the items", place + 1);
            let help = "write a percentage from 1 to 100, such as `sample_percent = 10`";
            self.reject("percent-out-of-range", &steps, message, "not between 1 and 100", help);
        }
    }

    fn word(&mut self, steps: &[PathSegment<'_>], word: &str) {
        match ReviewerSelector::parse(word) {
            Err(error) => {
                let help = format!("permitted values: {WORDS}");
                self.reject("unknown-reviewer", steps, error.to_string(), "unknown reviewer", &help);
            }
            Ok(ReviewerSelector::Group(name)) => {
                if !self.ground.registry.principals.iter().any(|principal| principal.groups.contains(&name)) {
                    let message = format!("the group `{name}` has no members");
                    let help = "add a member in the next trust/registry/N.toml, or name another group";
                    self.reject("empty-group", steps, message, "group without members", help);
                }
            }
            Ok(ReviewerSelector::Person(id)) => {
                if !self.ground.registry.principals.iter().any(|principal| principal.id == id) {
                    let message = format!("`{id}` is not in the registry and cannot sign");
                    let help = "register them in the next trust/registry/N.toml, or name another person";
                    self.reject("unknown-reviewer", steps, message, "not registered", help);
                }
            }
            Ok(ReviewerSelector::Cel(text)) => {
                self.problems.extend(ReviewerExpression::compile(&text, self.source, steps).err().unwrap_or_default());
            }
            Ok(_) => {}
        }
    }

    fn advance(&mut self, place: usize, stage: &Stage) {
        let Some(result) = stage.contradiction() else { return };
        let steps = [PathSegment::from("stage"), place.into(), "advance_on".into()];
        let message = format!("stage {} both stops and advances on `{result}`", place + 1);
        let help = "list it in `stop_on` or in `advance_on`; with `advance_on`, all other results stop";
        self.reject("contradictory-stage", &steps, message, "contradicts `stop_on`", help);
    }

    fn selector(&mut self, place: usize, selector: &Selector) {
        let at = |key| [PathSegment::from("select"), PathSegment::from(place), PathSegment::from(key)];
        for (index, system) in selector.systems.iter().enumerate() {
            self.system(&[PathSegment::from("select"), place.into(), "systems".into(), index.into()], system);
        }
        let campaigns = [
            ("changed_since", &selector.changed_since),
            ("new_since", &selector.new_since),
            ("unanswered_in", &selector.unanswered_in),
        ];
        for (key, campaign) in campaigns {
            let Some(campaign) = campaign.as_ref().filter(|id| !self.ground.campaigns.contains(*id)) else { continue };
            let message = format!("unknown campaign `{campaign}`");
            let known: Vec<_> = self.ground.campaigns.iter().rev().take(5).map(|id| format!("`{id}`")).collect();
            let help = match known.as_slice() {
                [] => "no campaign exists yet; remove the key".to_owned(),
                known => format!("name an existing campaign, such as {}", known.join(", ")),
            };
            self.reject("unknown-campaign", &at(key), message, "no such campaign", &help);
        }
        for (index, rule) in selector.findings.iter().enumerate() {
            if rule != "*" && self.ground.pack.rule(rule).is_none() {
                let steps = [PathSegment::from("select"), place.into(), "findings".into(), index.into()];
                let message = format!("unknown rule `{rule}`");
                let help = "list all rules with `tenure policy rules`; `*` matches any rule";
                self.reject("unknown-rule", &steps, message, "no such rule", help);
            }
        }
        if let Some(text) = &selector.condition {
            let steps = at("condition");
            self.problems.extend(SelectorCondition::compile(text, self.source, &steps).err().unwrap_or_default());
            let span = codec::place(self.source.text(), &steps);
            let doubtful = doubtful_comparisons(text).into_iter();
            self.problems.extend(doubtful.map(|problem| problem.at(self.source, span.clone(), "here")));
        }
        for (key, listed, what) in [("subjects", &selector.subjects, "account"), ("roles", &selector.roles, "role")] {
            for (index, one) in listed.iter().enumerate() {
                let system = one.split_once(':').filter(|(_, id)| !id.is_empty()).map(|(system, _)| system);
                if system.and_then(|system| SystemId::parse(system).ok()).is_none() {
                    let message = format!("`{one}` is not an {what} id");
                    let steps = [PathSegment::from("select"), place.into(), key.into(), index.into()];
                    let help = "write `<system>:<immutable id>`, as in the inventory";
                    self.reject("unknown-subject", &steps, message, "not `<system>:<id>`", help);
                }
            }
        }
    }

    fn system(&mut self, steps: &[PathSegment<'_>], system: &SystemId) {
        if !self.ground.systems.contains_key(system) {
            let message = format!("`{system}` is selected, but no signed version of it is in use");
            let help = format!("sign one: `tenure system add {system}`, or remove it from the selectors");
            self.reject("unknown-system", steps, message, "no such system", &help);
        }
    }
}
