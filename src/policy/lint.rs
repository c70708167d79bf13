//! Lints of a policy pack beyond its expressions: unreachable rules, references to unknown ids, and rules without
//! cases.

use super::{
    AttributeKind,
    attributes::{ATTRIBUTES, attribute},
    builtin::is_shipped_rule,
    doubtful::doubtful_comparisons,
    expression::{AttributeIndex, AttributeSchema, Expression, ValueDomain, is_satisfiable},
    pack::{CompiledRule, PackSources, ParsedFile, PolicyPack, RuleEnvironment, name_of, tier_name},
};
use crate::{
    diag::{Diagnostic, Diagnostics},
    format::{
        codec::{PathSegment, place},
        nearest,
    },
    model::file::{Controls, Expected, Rule},
};
use std::collections::{BTreeMap, BTreeSet};

/// Returns all problems of a pack. Cases are not run here; [`PolicyPack::test`] runs them.
pub fn lint(sources: PackSources) -> Diagnostics {
    let mut problems = Diagnostics::new();
    let pack = PolicyPack::compile_lenient(sources, &[], &mut problems);
    for compiled in pack.compiled() {
        requires(compiled, &mut problems);
        limits(compiled, &mut problems);
        reach(compiled, &mut problems);
        doubtful(compiled, &mut problems);
        maps(compiled, &pack, &mut problems);
    }
    shadows(&pack, &mut problems);
    order(&pack, &mut problems);
    let ids: BTreeSet<&str> = all_rules(&pack).map(|rule| rule.id.as_str()).collect();
    pairs(&pack, &ids, &mut problems);
    controls(&pack, &ids, &mut problems);
    cases(&pack, &mut problems);
    if let Err(found) = pack.test() {
        problems.extend(found);
    }
    problems
}

/// Returns all rules, including those with invalid expressions, so that other lints do not depend on them.
fn all_rules(pack: &PolicyPack) -> impl Iterator<Item = &Rule> {
    pack.sources().rules.iter().flat_map(|read| &read.file.rules)
}

/// Checks that `requires` lists only attributes that the expressions use, and all attributes that `fails` always needs.
fn requires(compiled: &CompiledRule, problems: &mut Diagnostics) {
    let rule = compiled.rule();
    let names = |slots: BTreeSet<AttributeIndex>| -> BTreeSet<&str> {
        slots
            .into_iter()
            .filter(|slot| usize::from(*slot) < ATTRIBUTES.len())
            .map(|slot| name_of(slot, rule.scope))
            .collect()
    };
    let expressions =
        [&compiled.when, &compiled.violation].into_iter().chain(compiled.severities.iter().map(|(when, _)| when));
    let mut uses: BTreeSet<&str> = expressions.flat_map(|expression| names(expression.uses())).collect();
    if !rule.limits.is_empty() {
        uses.insert(tier_name(rule.scope));
    }
    for (index, name) in rule.requires_attributes.iter().enumerate() {
        let steps = ["requires_attributes".into(), index.into()];
        if attribute(name).is_none() {
            let problem = Diagnostic::error("unknown-attribute", format!("unknown attribute `{name}`"));
            let near = nearest(name, ATTRIBUTES.iter().map(|one| one.name));
            let help = near.map_or("list all attributes with `tenure policy attributes`".to_owned(), |near| {
                format!("did you mean `{near}`?")
            });
            problems.push(compiled.problem(problem, &steps, "here").help(help));
        } else if !uses.contains(name.as_str()) {
            let message = format!("`{}` requires `{name}`, but none of its expressions uses it", rule.id);
            let problem = Diagnostic::error("required-attribute-unused", message);
            problems.push(compiled.problem(problem, &steps, "here").help("remove it from `requires`"));
        }
    }
    for name in names(compiled.violation.needs()) {
        if !rule.requires_attributes.iter().any(|required| required == name) {
            let message = format!("`{}` always needs `{name}`, but does not list it in `requires`", rule.id);
            let problem = compiled.problem(
                Diagnostic::error("required-attribute-missing", message),
                &["requires_attributes".into()],
                "here",
            );
            problems.push(problem.help(format!("add \"{name}\" to `requires`")));
        }
    }
    if !rule.requires_attributes.is_sorted_by(|one, other| one < other) {
        let problem = Diagnostic::error("list-unsorted", "the attributes are not sorted, or contain a duplicate");
        let problem = compiled.problem(problem, &["requires_attributes".into()], "here");
        problems.push(problem.help("sort them by name and remove duplicates"));
    }
}

/// Checks that every limit is used and has a unique name.
fn limits(compiled: &CompiledRule, problems: &mut Diagnostics) {
    let rule = compiled.rule();
    let names = RuleEnvironment::of(rule);
    let expressions =
        [&compiled.when, &compiled.violation].into_iter().chain(compiled.severities.iter().map(|(when, _)| when));
    let used: BTreeSet<AttributeIndex> = expressions.flat_map(Expression::uses).collect();
    for (index, limit) in rule.limits.iter().enumerate() {
        let steps = ["limit".into(), index.into(), "name".into()];
        let twin = rule.limits[..index].iter().any(|before| before.name == limit.name);
        let slot = names.find(&format!("limit.{}", limit.name)).map(|(slot, _)| slot);
        if twin {
            let problem = Diagnostic::error("duplicate-limit", format!("duplicate limit `{}`", limit.name));
            problems.push(compiled.problem(problem, &steps, "second definition").help("rename it"));
        } else if slot.is_none_or(|slot| !used.contains(&slot)) {
            let message = format!("no expression of `{}` uses `limit.{}`", rule.id, limit.name);
            let problem = Diagnostic::error("limit-unused", message);
            problems.push(compiled.problem(problem, &steps, "here").help("use it or remove it"));
        }
    }
}

/// Checks that a rule can apply and can be violated, and that each severity can take effect.
fn reach(compiled: &CompiledRule, problems: &mut Diagnostics) {
    let rule = compiled.rule();
    let domain = RuleNameDomain(rule);
    let (applies, fails) = (&compiled.when, &compiled.violation);
    if is_satisfiable(&[applies], &[], &domain) == Some(false) {
        let problem = Diagnostic::error("rule-unreachable", format!("`{}` never applies", rule.id));
        let problem = compiled.problem(problem, &["when".into()], "this is never true");
        problems.push(problem.help("correct the expression or remove the rule"));
        return;
    }
    if is_satisfiable(&[applies, fails], &[], &domain) == Some(false) {
        let problem = Diagnostic::error("rule-unreachable", format!("`{}` can never be violated", rule.id));
        let problem = compiled.problem(problem, &["violation".into()], "never true where the rule applies");
        problems.push(problem.help("correct the expression or remove the rule"));
        return;
    }
    let mut before: Vec<&Expression> = Vec::new();
    for (index, (when, _)) in compiled.severities.iter().enumerate() {
        if is_satisfiable(&[applies, fails, when], &before, &domain) == Some(false) {
            let message = format!("this severity of `{}` never takes effect", rule.id);
            let steps = ["severity_when".into(), index.into(), "when".into()];
            let label = if index == 0 {
                "never true where the rule is violated"
            } else {
                "an earlier condition always takes precedence, or this is never true"
            };
            let problem = compiled.problem(Diagnostic::error("severity-unreachable", message), &steps, label);
            problems.push(problem.help("the first condition that holds applies: put the narrower one first"));
        }
        before.push(when);
    }
}

/// Warns of comparisons that are rarely meant.
fn doubtful(compiled: &CompiledRule, problems: &mut Diagnostics) {
    let rule = compiled.rule();
    for (key, text) in [("when", &rule.when), ("violation", &rule.violation)] {
        for problem in doubtful_comparisons(text) {
            problems.push(compiled.problem(problem, &[key.into()], "here"));
        }
    }
}

/// Checks that every control that a rule names exists and is not retired.
fn maps(compiled: &CompiledRule, pack: &PolicyPack, problems: &mut Diagnostics) {
    let rule = compiled.rule();
    let files = &pack.sources().controls;
    if files.is_empty() && !rule.controls.is_empty() {
        let message = format!("`{}` names controls, but policies/controls.toml does not exist", rule.id);
        let problem = compiled.problem(Diagnostic::warning("no-controls", message), &["controls".into()], "these");
        problems.push(problem.help("install the built-in file with `tenure policy init controls`"));
        return;
    }
    for (index, id) in rule.controls.iter().enumerate() {
        let steps = ["controls".into(), index.into()];
        let retired = files.iter().flat_map(|read| &read.file.retired).find(|retired| retired.id == *id);
        if let Some(retired) = retired {
            let problem = Diagnostic::error("control-retired", format!("`{id}` is retired: {}", retired.reason));
            let problem = compiled.problem(problem, &steps, "here");
            problems.push(match retired.instead.as_slice() {
                [] => problem.help("remove it; it has no replacement"),
                instead => problem.help(format!("write `{}`", instead.join("`, `"))),
            });
        } else if pack.control(id).is_none() {
            let known: Vec<_> = files.iter().flat_map(|read| ids(&read.file)).collect();
            let problem = Diagnostic::error("unknown-control", format!("unknown control `{id}`"));
            let problem = compiled.problem(problem, &steps, "here");
            problems.push(match nearest(id, known.iter().map(String::as_str)) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem.help("add it to policies/controls.toml, or remove the reference"),
            });
        }
    }
    if !rule.controls.is_sorted_by(|one, other| one < other) {
        let problem = Diagnostic::error("list-unsorted", "the controls are not sorted, or contain a duplicate");
        problems.push(compiled.problem(problem, &["controls".into()], "here").help("sort them and remove duplicates"));
    }
}

fn ids(controls: &Controls) -> impl Iterator<Item = String> {
    controls.controls.iter().map(|control| format!("{}:{}", control.framework, control.id))
}

/// Checks that no two rules are equivalent.
fn shadows(pack: &PolicyPack, problems: &mut Diagnostics) {
    let mut seen: BTreeMap<(bool, String, String), &CompiledRule> = BTreeMap::new();
    for compiled in pack.compiled() {
        let rule = compiled.rule();
        let tight = |text: &str| text.split_whitespace().collect::<String>();
        let key = (rule.scope == crate::model::file::Scope::Grant, tight(&rule.when), tight(&rule.violation));
        let Some(before) = seen.get(&key) else {
            seen.insert(key, compiled);
            continue;
        };
        let message = format!("`{}` is equivalent to `{}`", rule.id, before.rule().id);
        let problem = compiled.problem(Diagnostic::error("rule-shadowed", message), &["violation".into()], "this one");
        let problem = before.problem(problem, &["violation".into()], "that one");
        problems.push(problem.help("keep one of them"));
    }
}

/// Checks that rules are sorted by id, so that concurrent additions rarely conflict in git.
fn order(pack: &PolicyPack, problems: &mut Diagnostics) {
    for read in &pack.sources().rules {
        let unsorted = read.file.rules.windows(2).position(|two| matches!(two, [one, other] if one.id > other.id));
        if let Some(index) = unsorted {
            let span = place(read.source.text(), &["rule".into(), (index + 1).into(), "id".into()]);
            let problem = Diagnostic::error("list-unsorted", "the rules are not sorted by id");
            problems.push(problem.at(&read.source, span, "out of order").help("move it up"));
        }
    }
}

fn pairs(pack: &PolicyPack, ids: &BTreeSet<&str>, problems: &mut Diagnostics) {
    for compiled in pack.compiled_pairs() {
        let (pair, read) = (compiled.pair(), compiled.read());
        if !ids.contains(pair.rule.as_str()) {
            let steps = ["pair".into(), compiled.index.into(), "rule".into()];
            problems.push(no_rule(read, &steps, &pair.rule, ids));
        }
    }
}

/// Checks the references between controls, retired ids and rules.
fn controls(pack: &PolicyPack, ids: &BTreeSet<&str>, problems: &mut Diagnostics) {
    for read in &pack.sources().controls {
        let text = read.source.text();
        let frameworks: BTreeSet<_> = read.file.frameworks.iter().map(|framework| framework.id.as_str()).collect();
        let mut seen = BTreeSet::new();
        for (index, control) in read.file.controls.iter().enumerate() {
            for (at, rule) in control.policies.iter().enumerate() {
                if !ids.contains(rule.as_str()) && !is_shipped_rule(rule) {
                    let steps = ["control".into(), index.into(), "policies".into(), at.into()];
                    problems.push(no_rule(read, &steps, rule, ids));
                }
            }
            if !frameworks.contains(control.framework.as_str()) {
                let span = place(text, &["control".into(), index.into(), "framework".into()]);
                let message = format!("unknown framework `{}`", control.framework);
                let problem = Diagnostic::error("unknown-framework", message).at(&read.source, span, "here");
                problems.push(problem.help("add a `[[framework]]` with its version"));
            }
            if !seen.insert((&control.framework, &control.id)) {
                let span = place(text, &["control".into(), index.into(), "id".into()]);
                let problem = Diagnostic::error("duplicate-control", format!("duplicate control `{}`", control.id));
                problems.push(problem.at(&read.source, span, "second definition").help("remove one of them"));
            }
        }
        let known: BTreeSet<_> = ids_of(read).collect();
        for (index, retired) in read.file.retired.iter().enumerate() {
            for (at, instead) in retired.instead.iter().enumerate() {
                if !known.contains(instead) {
                    let span = place(text, &["retired".into(), index.into(), "use".into(), at.into()]);
                    let message = format!("the replacement `{instead}` does not exist");
                    let problem = Diagnostic::error("unknown-control", message).at(&read.source, span, "here");
                    problems.push(problem.help("add a `[[control]]` for it"));
                }
            }
        }
    }
}

fn ids_of(read: &ParsedFile<Controls>) -> impl Iterator<Item = String> {
    ids(&read.file)
}

/// Checks that each rule has cases for violated, satisfied and unknown, and each separation-of-duties rule for violated
/// and satisfied.
fn cases(pack: &PolicyPack, problems: &mut Diagnostics) {
    let mut seen: BTreeSet<(&str, Expected)> = BTreeSet::new();
    let mut names = BTreeSet::new();
    for read in &pack.sources().cases {
        for (index, case) in read.file.cases.iter().enumerate() {
            seen.insert((case.rule.as_str(), case.expect));
            if !names.insert((case.rule.as_str(), case.name.as_str())) {
                let span = place(read.source.text(), &["case".into(), index.into(), "name".into()]);
                let message = format!("`{}` has another case of this name", case.rule);
                let problem = Diagnostic::error("duplicate-case", message).at(&read.source, span, "here");
                problems
                    .push(problem.help("give this case another name that states how it differs from the other case"));
            }
        }
    }
    let lacks = |id: &str, wanted: &[Expected]| {
        let lacking = wanted.iter().filter(|expect| !seen.contains(&(id, **expect)));
        lacking.map(|expect| format!("`{}`", super::word(*expect))).collect::<Vec<_>>()
    };
    for read in &pack.sources().rules {
        let rules = read.file.rules.iter().enumerate().map(|(at, rule)| ("rule", at, rule.id.as_str(), ALL));
        let pairs = read.file.pairs.iter().enumerate().map(|(at, pair)| ("pair", at, pair.id.as_str(), HELD_OR_NOT));
        for (table, index, id, wanted) in rules.chain(pairs) {
            let lacking = lacks(id, wanted);
            if !lacking.is_empty() {
                let span = place(read.source.text(), &[table.into(), index.into(), "id".into()]);
                let message = format!("`{id}` has no case that expects {}", lacking.join(", "));
                let problem = Diagnostic::error("case-missing", message).at(&read.source, span, "this one");
                problems.push(
                    problem
                        .help("add a `[[case]]` to policies/<name>.cases.toml: `tenure schema rule-cases --example`"),
                );
            }
        }
    }
}

fn no_rule<T>(read: &ParsedFile<T>, steps: &[PathSegment<'_>], id: &str, ids: &BTreeSet<&str>) -> Diagnostic {
    let span = place(read.source.text(), steps);
    let problem = Diagnostic::error("unknown-rule", format!("unknown rule `{id}`")).at(&read.source, span, "here");
    match nearest(id, ids.iter().copied()) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem.help("list all rules with `tenure policy rules`"),
    }
}

/// The domains of the names of a rule.
struct RuleNameDomain<'r>(&'r Rule);

impl ValueDomain for RuleNameDomain<'_> {
    fn kind(&self, slot: AttributeIndex) -> Option<AttributeKind> {
        match ATTRIBUTES.get(usize::from(slot)) {
            Some(attribute) => Some(attribute.kind),
            None => Some(AttributeKind::Number),
        }
    }

    fn permitted_values(&self, slot: AttributeIndex) -> Option<&'static [&'static str]> {
        RuleEnvironment::of(self.0).permitted_values(slot)
    }

    fn numbers(&self, slot: AttributeIndex) -> Option<Vec<i64>> {
        let limit = RuleEnvironment::limit(self.0, slot)?;
        Some(vec![limit.t0, limit.t1, limit.t2, limit.t3])
    }
}

const ALL: &[Expected] = &[Expected::Fail, Expected::Pass, Expected::Unknown];
const HELD_OR_NOT: &[Expected] = &[Expected::Fail, Expected::Pass];
