//! Compiles rules and separation-of-duties rules.

use super::{
    environment::{MAX_LIMITS, RuleEnvironment, SodEnvironment},
    sources::ParsedFile,
};
use crate::{
    diag::{Diagnostic, Diagnostics},
    format::codec::{PathSegment, place},
    model::{
        Severity,
        file::{Rule, Rules, SodRule, SodRuleSide},
    },
    policy::{
        expression::{AttributeSchema, Expression, ResultType},
        source_span::problem,
    },
};
use std::sync::Arc;

/// A rule with its compiled expressions.
#[derive(Clone, Debug)]
pub(crate) struct CompiledRule {
    read: Arc<ParsedFile<Rules>>,
    /// The index in the file.
    pub(crate) index: usize,
    pub(crate) when: Expression,
    pub(crate) violation: Expression,
    pub(crate) severities: Vec<(Expression, Severity)>,
    /// The numbers of each limit from T0 to T3, as written in the rule.
    pub(crate) limits: Vec<[i64; 4]>,
}

impl CompiledRule {
    pub(crate) fn rule(&self) -> &Rule {
        &self.read.file.rules[self.index]
    }

    /// Returns a problem at a key of this rule.
    pub(crate) fn problem(&self, mut problem: Diagnostic, steps: &[PathSegment<'_>], label: &str) -> Diagnostic {
        let mut all = vec!["rule".into(), self.index.into()];
        all.extend(steps);
        let span = place(self.read.source.text(), &all);
        problem = problem.at(&self.read.source, span, label);
        problem
    }
}

/// Compiles the rules of a file; rules with errors are left out.
pub(crate) fn rules(read: &Arc<ParsedFile<Rules>>, problems: &mut Diagnostics) -> Vec<CompiledRule> {
    (0..read.file.rules.len()).filter_map(|index| rule(read, index, problems)).collect()
}

fn rule(read: &Arc<ParsedFile<Rules>>, index: usize, problems: &mut Diagnostics) -> Option<CompiledRule> {
    let rule = &read.file.rules[index];
    let start: [PathSegment<'_>; 2] = ["rule".into(), index.into()];
    if rule.limits.len() > MAX_LIMITS {
        let message = format!("`{}` has {} limits; the maximum is {MAX_LIMITS}", rule.id, rule.limits.len());
        let span = place(read.source.text(), &start);
        problems.push(Diagnostic::error("too-many-limits", message).at(&read.source, span, "this rule"));
        return None;
    }
    let names = RuleEnvironment {
        limits: rule.limits.iter().map(|limit| limit.name.as_str()).collect(),
        scope: Some(rule.scope),
    };
    let mut compile = |steps: &[PathSegment<'_>], text: &str| {
        let steps: Vec<PathSegment<'_>> = start.iter().chain(steps).copied().collect();
        expression(read, &steps, text, &names, problems)
    };
    let applies = compile(&["when".into()], &rule.when);
    let fails = compile(&["violation".into()], &rule.violation);
    let severities: Vec<_> = rule
        .severities
        .iter()
        .enumerate()
        .map(|(at, when)| {
            let steps = ["severity_when".into(), at.into(), "when".into()];
            compile(&steps, &when.when).map(|expression| (expression, when.severity))
        })
        .collect();
    Some(CompiledRule {
        read: Arc::clone(read),
        index,
        when: applies?,
        violation: fails?,
        severities: severities.into_iter().collect::<Option<_>>()?,
        limits: rule.limits.iter().map(|limit| [limit.t0, limit.t1, limit.t2, limit.t3]).collect(),
    })
}

/// A separation-of-duties rule with its compiled expressions.
#[derive(Clone, Debug)]
pub(crate) struct CompiledPair {
    read: Arc<ParsedFile<Rules>>,
    /// Its place in the file.
    pub(crate) index: usize,
    pub(crate) left: Expression,
    pub(crate) right: Expression,
}

impl CompiledPair {
    pub(crate) fn pair(&self) -> &SodRule {
        &self.read.file.pairs[self.index]
    }

    pub(crate) fn read(&self) -> &Arc<ParsedFile<Rules>> {
        &self.read
    }
}

/// Compiles the separation-of-duties rules of a file; rules with errors are left out.
pub(crate) fn pairs(read: &Arc<ParsedFile<Rules>>, problems: &mut Diagnostics) -> Vec<CompiledPair> {
    let mut side = |index: usize, name: &str, side: &SodRuleSide| {
        let steps = ["pair".into(), index.into(), name.into(), "when".into()];
        expression(read, &steps, &side.when, &SodEnvironment, problems)
    };
    let mut compiled = Vec::new();
    for (index, pair) in read.file.pairs.iter().enumerate() {
        let (one, other) = (side(index, "left", &pair.left), side(index, "right", &pair.right));
        if let (Some(one), Some(other)) = (one, other) {
            compiled.push(CompiledPair { read: Arc::clone(read), index, left: one, right: other });
        }
    }
    compiled
}

fn expression(
    read: &ParsedFile<Rules>,
    steps: &[PathSegment<'_>],
    text: &str,
    names: &dyn AttributeSchema,
    problems: &mut Diagnostics,
) -> Option<Expression> {
    match Expression::compile(text, ResultType::Truth, names) {
        Ok(expression) => Some(expression),
        Err(mistakes) => {
            problems.extend(mistakes.iter().map(|mistake| problem(&read.source, steps, mistake)));
            None
        }
    }
}
