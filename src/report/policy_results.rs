//! What the rules find in what is held now: what is broken, and what cannot be judged.

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

/// A rule that is broken by a grant or a principal.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct RuleViolation {
    /// How bad it is.
    pub severity: Severity,
    /// The rule.
    pub rule: String,
    /// The principal, or the account `<system>:<immutable id>` nobody claims.
    pub holder: String,
    /// What is held, with its system; nothing where the principal itself is judged.
    pub held: Option<String>,
    /// What the rule demands.
    pub title: String,
    /// What is recommended.
    pub verdict: Verdict,
    /// The same in words.
    pub advice: String,
    /// The profiles that set the severity or a number the rule used.
    pub set_by: Vec<String>,
}

/// Something that is not known, so that a rule cannot be judged.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct MissingAttribute {
    /// The rule.
    pub rule: String,
    /// The system whose grants it is about, or `principals`.
    pub place: String,
    /// What would have to be known.
    pub missing: String,
    /// Of how many grants or principals.
    pub count: usize,
}

/// Returns both for people at a terminal, the worst first.
pub fn judged_human(breaches: &[RuleViolation], gaps: &[MissingAttribute], look: OutputStyle) -> String {
    let mut text = String::new();
    for breach in breaches {
        let head = format!("{} {}", breach.severity, breach.rule);
        let head = match breach.severity {
            Severity::Critical | Severity::High => look.bad(&head),
            Severity::Medium | Severity::Low => look.warning(&head),
        };
        text.push_str(&format!("{head} {}: {}{}\n", escape(&subject(breach)), escape(&breach.title), by(breach)));
        text.push_str(&format!("  {}: {}\n", breach.verdict, escape(&breach.advice)));
    }
    for gap in gaps {
        let head = look.warning(&format!("unknown {}", gap.rule));
        let (place, missing) = (escape(&gap.place), escape(&gap.missing));
        text.push_str(&format!("{head} {place}: not known of {}: {missing}\n", gap.count));
    }
    let unknown = counted(gaps.iter().map(|gap| gap.count).sum::<usize>(), "judgement");
    text.push_str(&format!("{}; {unknown} not possible for want of facts\n", counted(breaches.len(), "finding")));
    text
}

/// Returns both for programs.
pub fn judged_json(breaches: &[RuleViolation], gaps: &[MissingAttribute]) -> Value {
    json!({"findings": breaches, "unknown": gaps})
}

/// Returns both for a pull request or an issue, bounded.
pub fn judged_markdown(breaches: &[RuleViolation], gaps: &[MissingAttribute]) -> String {
    let mut text = "| severity | rule | of whom and what | recommended |\n|---|---|---|---|\n".to_owned();
    let told = breaches.iter().map(|breach| {
        let advice = format!("{}: {}{}", breach.verdict, breach.advice, by(breach));
        vec![breach.severity.to_string(), breach.rule.clone(), subject(breach), advice]
    });
    rows(&mut text, told);
    if !gaps.is_empty() {
        text.push_str("\n| cannot be judged | where | of how many | not known |\n|---|---|---|---|\n");
        let told = gaps
            .iter()
            .map(|gap| vec![gap.rule.clone(), gap.place.clone(), gap.count.to_string(), gap.missing.clone()]);
        rows(&mut text, told);
    }
    text.push_str(&format!("\n{}\n", cell(&counted(breaches.len(), "finding"))));
    text
}

/// Returns both as findings, for code scanning.
pub fn judged_findings(breaches: &[RuleViolation], gaps: &[MissingAttribute]) -> Vec<Finding> {
    let breaches = breaches.iter().map(|breach| Finding {
        severity: breach.severity,
        code: "policy",
        subject: subject(breach),
        message: format!("{}: {}{}", breach.rule, breach.title, by(breach)),
        help: format!("{}: {}", breach.verdict, breach.advice),
    });
    let gaps = gaps.iter().map(|gap| Finding {
        severity: Severity::Low,
        code: "policy-unknown",
        subject: gap.place.clone(),
        message: format!("{} cannot be judged of {}: not known: {}", gap.rule, gap.count, gap.missing),
        help: "`tenure policy attributes` says what each is; `facts` of principals.toml can say it".to_owned(),
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
