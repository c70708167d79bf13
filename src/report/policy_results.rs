//! Results of policy evaluation: violations, and rules with unknown results.

use super::{
    markdown::{cell, rows},
    table::OutputStyle,
};
use crate::{
    diag::{counted, escape},
    model::{Finding, Severity, Verdict},
};
use serde::Serialize;
use serde_json::{Value, json};

/// A violation of a rule by a grant or a principal.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct RuleViolation {
    /// The severity.
    pub severity: Severity,
    /// The rule.
    pub rule: String,
    /// The principal, or the uncorrelated account `<system>:<immutable id>`.
    pub holder: String,
    /// The entitlement with its system; `None` for rules over principals.
    pub held: Option<String>,
    /// The requirement of the rule.
    pub title: String,
    /// The recommended verdict.
    pub recommend: Verdict,
    /// The remediation text.
    pub remediation: String,
    /// The profiles that set the severity or a limit used by the rule.
    pub set_by: Vec<String>,
}

/// The unknown attributes that prevent the evaluation of a rule.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct MissingAttribute {
    /// The rule.
    pub rule: String,
    /// The system of the grants, or `principals`.
    pub place: String,
    /// The unknown attributes.
    pub missing: String,
    /// The number of grants or principals.
    pub count: usize,
}

/// Returns the results as text for a terminal, most severe first.
pub fn judged_human(breaches: &[RuleViolation], gaps: &[MissingAttribute], style: OutputStyle) -> String {
    let mut text = String::new();
    for breach in breaches {
        let head = format!("{} {}", breach.severity, breach.rule);
        let head = match breach.severity {
            Severity::Critical | Severity::High => style.bad(&head),
            Severity::Medium | Severity::Low => style.warning(&head),
        };
        text.push_str(&format!("{head} {}: {}{}\n", escape(&subject(breach)), escape(&breach.title), by(breach)));
        text.push_str(&format!("  {}: {}\n", breach.recommend, escape(&breach.remediation)));
    }
    for gap in gaps {
        let head = style.warning(&format!("unknown {}", gap.rule));
        let (place, missing) = (escape(&gap.place), escape(&gap.missing));
        text.push_str(&format!("{head} {place}: unknown for {}: {missing}\n", gap.count));
    }
    let unknown = counted(gaps.iter().map(|gap| gap.count).sum::<usize>(), "evaluation");
    text.push_str(&format!(
        "{}; {unknown} without a result because of unknown attributes\n",
        counted(breaches.len(), "finding")
    ));
    text
}

/// Returns the results as JSON.
pub fn judged_json(breaches: &[RuleViolation], gaps: &[MissingAttribute]) -> Value {
    json!({"findings": breaches, "unknown": gaps})
}

/// Returns the results as bounded Markdown for a pull request or an issue.
pub fn judged_markdown(breaches: &[RuleViolation], gaps: &[MissingAttribute]) -> String {
    let mut text = "| severity | rule | subject | recommended |\n|---|---|---|---|\n".to_owned();
    let told = breaches.iter().map(|breach| {
        let advice = format!("{}: {}{}", breach.recommend, breach.remediation, by(breach));
        vec![breach.severity.to_string(), breach.rule.clone(), subject(breach), advice]
    });
    rows(&mut text, told);
    if !gaps.is_empty() {
        text.push_str("\n| not evaluated | where | count | unknown attributes |\n|---|---|---|---|\n");
        let told = gaps
            .iter()
            .map(|gap| vec![gap.rule.clone(), gap.place.clone(), gap.count.to_string(), gap.missing.clone()]);
        rows(&mut text, told);
    }
    text.push_str(&format!("\n{}\n", cell(&counted(breaches.len(), "finding"))));
    text
}

/// Returns the results as findings, for code scanning.
pub fn judged_findings(breaches: &[RuleViolation], gaps: &[MissingAttribute]) -> Vec<Finding> {
    let breaches = breaches.iter().map(|breach| Finding {
        severity: breach.severity,
        code: "rule-violation",
        subject: subject(breach),
        message: format!("{}: {}{}", breach.rule, breach.title, by(breach)),
        help: format!("{}: {}", breach.recommend, breach.remediation),
    });
    let gaps = gaps.iter().map(|gap| Finding {
        severity: Severity::Low,
        code: "rule-undetermined",
        subject: gap.place.clone(),
        message: format!("{} cannot be evaluated for {}: unknown attributes: {}", gap.rule, gap.count, gap.missing),
        help: "`tenure policy attributes` describes each; principals.toml can declare values".to_owned(),
    });
    breaches.chain(gaps).collect()
}

fn subject(breach: &RuleViolation) -> String {
    match &breach.held {
        Some(held) => format!("{} holds {held}", breach.holder),
        None => breach.holder.clone(),
    }
}

fn by(breach: &RuleViolation) -> String {
    if breach.set_by.is_empty() { String::new() } else { format!(" (set by {})", breach.set_by.join(", ")) }
}
