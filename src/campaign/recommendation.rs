//! Policy recommendations for items, with the ids of the violated rules. A recommendation is never a decision.

use super::{CampaignContext, CampaignItem};
use crate::{
    model::{
        Severity, Verdict,
        file::{Rule, Scope},
    },
    policy::{RuleOutcome, RuleResult, RuleSubject},
};
use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

/// The recommendation for an item.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Recommendation {
    /// The violated rules, most severe first.
    failing: Vec<FailedRules>,
    /// The unknown attributes that rules need, those of the most severe rules first.
    unknown: Vec<(Severity, &'static str)>,
}

#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct FailedRules {
    severity: Severity,
    rule: String,
    verdict: Verdict,
    /// Whether the current review already satisfies the rule.
    is_due: bool,
}

impl Recommendation {
    /// Returns the recommendation in the form of review files, the strongest verdict with the violated rules, most
    /// severe first: `disable: NHI-OWN-02, NHI-LIF-02`. Empty if no rule is violated.
    pub(super) fn text(&self) -> String {
        let against = || self.failing.iter().filter(|failing| !failing.is_due);
        let Some(strongest) = against().map(|failing| failing.verdict).min_by_key(|verdict| strength(*verdict)) else {
            return String::new();
        };
        let rules: Vec<_> = against().map(|failing| failing.rule.as_str()).collect();
        format!("{strongest}: {}", rules.join(", "))
    }

    /// Returns the highest severity of the violated rules. An overdue certification does not count, since the item is
    /// being reviewed now.
    pub(super) fn severity(&self) -> Option<Severity> {
        self.failing.iter().filter(|failing| !failing.is_due).map(|failing| failing.severity).min()
    }

    /// Returns the distinct unknown attributes that rules need, those of the most severe rules first.
    pub(super) fn unknown(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        for (_, name) in &self.unknown {
            if !names.contains(name) {
                names.push(*name);
            }
        }
        names
    }

    /// Returns the weight of the findings, which determines the order of a worklist.
    pub(super) fn weight(&self) -> usize {
        let weigh = |failing: &FailedRules| match failing.severity {
            Severity::Critical => 1_000,
            Severity::High => 100,
            Severity::Medium => 10,
            Severity::Low => 1,
        };
        self.failing.iter().filter(|failing| !failing.is_due).map(weigh).sum()
    }

    fn add(&mut self, judged: &[RuleResult<'_>]) {
        for RuleResult { rule, result, severity, .. } in judged {
            match result {
                RuleOutcome::Fail => self.failing.push(FailedRules {
                    severity: *severity,
                    rule: rule.id.clone(),
                    verdict: rule.recommend,
                    is_due: is_due(rule),
                }),
                RuleOutcome::Unknown(lack) => self.unknown.extend(lack.missing.iter().map(|name| (*severity, *name))),
                RuleOutcome::NotApplicable | RuleOutcome::Pass => {}
            }
        }
        self.failing.sort();
        self.unknown.sort();
    }
}

/// Evaluates the rules, those over principals once for each principal.
pub(super) struct RecommendationEngine<'a> {
    setting: &'a CampaignContext<'a>,
    principals: RefCell<BTreeMap<String, Rc<Recommendation>>>,
}

impl<'a> RecommendationEngine<'a> {
    pub(super) const fn of(setting: &'a CampaignContext<'a>) -> Self {
        Self { setting, principals: RefCell::new(BTreeMap::new()) }
    }

    /// Returns the recommendation for a grant, from rules over grants and over its holder.
    pub(super) fn advice(&self, member: &CampaignItem<'_>) -> Recommendation {
        let CampaignContext { pack, attribute_builder, .. } = *self.setting;
        if pack.is_empty() {
            return Recommendation::default();
        }
        let mut advice = (*self.of_holder(member)).clone();
        advice.add(&pack.evaluate(Scope::Grant, &RuleSubject::of(&attribute_builder.grant(member.grant))));
        advice
    }

    fn of_holder(&self, member: &CampaignItem<'_>) -> Rc<Recommendation> {
        let CampaignContext { pack, attribute_builder, .. } = *self.setting;
        let subject = member.subject();
        let mut principals = self.principals.borrow_mut();
        let known = principals.entry(subject).or_insert_with_key(|subject| {
            let mut advice = Recommendation::default();
            advice.add(&pack.evaluate(Scope::Principal, &RuleSubject::of(&attribute_builder.account(subject))));
            Rc::new(advice)
        });
        Rc::clone(known)
    }
}

/// Returns whether the current review satisfies a rule that requires certification.
fn is_due(rule: &Rule) -> bool {
    rule.requires_attributes.iter().any(|name| name == "grant.certified_days")
}

/// Returns the rank of a verdict; the one that removes most comes first.
const fn strength(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Revoke => 0,
        Verdict::Disable => 1,
        Verdict::Replace => 2,
        Verdict::Rotate => 3,
        Verdict::Reduce => 4,
        Verdict::Transfer => 5,
        Verdict::Investigate => 6,
        Verdict::Except => 7,
        Verdict::Certify => 8,
        Verdict::Abstain => 9,
    }
}
