//! Evaluation of rules for one grant or principal.

use super::{
    PolicyPack,
    environment::{FIRST_LIMIT, RuleEnvironment, RuleSubject, RuleView, name_of, tier_name},
    profile::{EffectiveSettings, ProfileOverride},
    rule::CompiledRule,
};
use crate::{
    model::{
        Severity,
        file::{Rule, Scope},
    },
    policy::expression::{AttributeIndex, AttributeSchema, EvaluationError, UnknownValue},
};
use std::{collections::BTreeSet, sync::Arc};

/// The result of one rule for one grant or principal: a finding and a recommendation, never a decision.
#[derive(Clone, Debug)]
pub struct RuleResult<'p> {
    /// The rule, with its recommended verdict and remediation text.
    pub rule: &'p Rule,
    /// The outcome.
    pub result: RuleOutcome,
    /// The severity of a violation; for an unknown outcome, the severity it could have.
    pub severity: Severity,
    /// The profiles that set the severity or a limit used by the rule.
    pub set_by: Vec<Arc<ProfileOverride>>,
}

/// The outcome of a rule.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum RuleOutcome {
    /// The rule is violated.
    Fail,
    /// The rule does not apply.
    NotApplicable,
    /// The rule is satisfied.
    Pass,
    /// The outcome is unknown.
    Unknown(MissingAttributes),
}

/// The reason why the outcome of a rule is unknown.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct MissingAttributes {
    /// The unknown attributes, sorted.
    pub missing: Vec<&'static str>,
    /// The evaluation error, if any.
    pub trouble: Option<EvaluationError>,
}

impl std::fmt::Display for MissingAttributes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.trouble {
            Some(trouble) if self.missing.is_empty() => f.write_str(trouble.text()),
            Some(trouble) => write!(f, "{} ({})", self.missing.join(", "), trouble.text()),
            None => f.write_str(&self.missing.join(", ")),
        }
    }
}

impl PolicyPack {
    /// Returns the violated and the unknown rules of a scope for a subject, sorted by id. Rules over principals are
    /// evaluated once for each principal, rules over grants once for each grant.
    pub fn evaluate(&self, scope: Scope, subject: &RuleSubject<'_>) -> Vec<RuleResult<'_>> {
        let mut found = Vec::new();
        for place in self.of_scope(scope) {
            let result = self.result(*place, subject);
            if matches!(result, RuleOutcome::Fail | RuleOutcome::Unknown(_)) {
                found.push(self.judgement(*place, subject, result));
            }
        }
        found
    }

    /// Returns the result of one rule for a subject; `None` if the rule does not exist.
    pub fn evaluate_rule(&self, rule: &str, subject: &RuleSubject<'_>) -> Option<RuleResult<'_>> {
        let place = self.rules.iter().position(|compiled| compiled.rule().id == rule)?;
        let result = self.result(place, subject);
        Some(self.judgement(place, subject, result))
    }

    fn result(&self, place: usize, subject: &RuleSubject<'_>) -> RuleOutcome {
        let (compiled, settings) = (&self.rules[place], &self.settings[place]);
        let view = self.view(compiled, settings, subject);
        match compiled.when.truth(&view) {
            Ok(false) => return RuleOutcome::NotApplicable,
            Ok(true) => {}
            Err(why) => return RuleOutcome::Unknown(lack(why, compiled.rule().scope)),
        }
        match compiled.violation.truth(&view) {
            Ok(true) => RuleOutcome::Fail,
            Ok(false) => RuleOutcome::Pass,
            Err(why) => RuleOutcome::Unknown(lack(why, compiled.rule().scope)),
        }
    }

    fn judgement(&self, place: usize, subject: &RuleSubject<'_>, result: RuleOutcome) -> RuleResult<'_> {
        let (compiled, settings) = (&self.rules[place], &self.settings[place]);
        let mut set_by = BTreeSet::new();
        let mut severity = severity(compiled, &self.view(compiled, settings, subject));
        if let Some((least, by)) = &settings.severity
            && *least < severity
        {
            severity = *least;
            set_by.insert(Arc::clone(by));
        }
        let tier = subject.tier(self.slots.tier(compiled.rule().scope));
        let used = compiled.violation.uses().into_iter().chain(compiled.when.uses());
        for limit in used.filter_map(|slot| slot.checked_sub(FIRST_LIMIT)) {
            let by = settings.limits_by.get(usize::from(limit));
            match tier {
                Some(tier) => set_by.extend(by.and_then(|by| by.get(tier as usize)?.clone())),
                None => set_by.extend(by.into_iter().flatten().flatten().cloned()),
            }
        }
        RuleResult { rule: compiled.rule(), result, severity, set_by: set_by.into_iter().collect() }
    }

    fn view<'v>(
        &'v self,
        compiled: &CompiledRule,
        settings: &'v EffectiveSettings,
        subject: &'v RuleSubject<'v>,
    ) -> RuleView<'v> {
        RuleView {
            subject,
            limits: &settings.limits,
            tier: self.slots.tier(compiled.rule().scope),
            profiles: &self.active,
            profiles_slot: self.slots.profiles,
        }
    }
}

/// Returns the severity of the first condition that holds. If a condition is unknown, the highest possible severity
/// applies.
fn severity(compiled: &CompiledRule, view: &RuleView<'_>) -> Severity {
    let mut worst: Option<Severity> = None;
    for (when, severity) in &compiled.severities {
        match when.truth(view) {
            Ok(true) => return worst.map_or(*severity, |worst| worst.min(*severity)),
            Ok(false) => {}
            Err(_) => worst = Some(worst.map_or(*severity, |worst| worst.min(*severity))),
        }
    }
    let own = compiled.rule().severity;
    worst.map_or(own, |worst| worst.min(own))
}

fn lack(why: UnknownValue, scope: Scope) -> MissingAttributes {
    let missing: BTreeSet<_> = why.slots().map(|slot| name_of(slot, scope)).collect();
    MissingAttributes { missing: missing.into_iter().collect(), trouble: why.reason() }
}

/// The indexes of the names that the engine itself reads.
#[derive(Clone, Copy, Debug)]
pub(super) struct EngineSlots {
    grant_tier: AttributeIndex,
    principal_tier: AttributeIndex,
    profiles: AttributeIndex,
}

impl Default for EngineSlots {
    fn default() -> Self {
        let names = RuleEnvironment { limits: Vec::new(), scope: None };
        let slot = |name: &str| names.find(name).map_or(AttributeIndex::MAX, |(slot, _)| slot);
        Self {
            grant_tier: slot(tier_name(Scope::Grant)),
            principal_tier: slot(tier_name(Scope::Principal)),
            profiles: slot("profiles"),
        }
    }
}

impl EngineSlots {
    const fn tier(&self, scope: Scope) -> AttributeIndex {
        match scope {
            Scope::Grant => self.grant_tier,
            Scope::Principal => self.principal_tier,
        }
    }
}
