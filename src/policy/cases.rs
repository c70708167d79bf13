//! Test cases of rules: expected results for given attributes, run by `tenure policy test`.
//!
//! `attributes` contains the known attributes as tables, `attributes.usage.idle_days = 91`; all others are unknown. For
//! a separation-of-duties rule it lists the entitlements of one principal as `[[case.attributes.holds]]`, each with the
//! known values of `system`, `kind`, `id`, `name` and `tier`.

use super::{
    ATTRIBUTES, AttributeKind, AttributeValues, attribute,
    builtin::is_shipped_profile,
    pack::{ParsedFile, PolicyPack, RuleOutcome, RuleSubject, SodEntitlement},
};
use crate::{
    diag::{Diagnostic, Diagnostics},
    format::{
        codec::{PathSegment, place},
        nearest,
    },
    model::{
        Attributes, Severity,
        file::{AttributeValue, Expected, RuleCase, RuleCases},
    },
};
use std::collections::BTreeMap;
use toml::{Table, Value};

/// The result of one case.
#[derive(Clone, Debug)]
pub struct CaseResult<'p> {
    /// The case.
    pub case: &'p RuleCase,
    /// The file that contains it.
    pub file: &'p str,
    /// The result of the rule.
    pub found: Expected,
    /// The severity, if the rule is violated.
    pub severity: Option<Severity>,
    /// The reason why the rule could not be evaluated.
    pub lack: Option<String>,
    /// The problem, if the result differs from the expected one.
    pub problem: Option<Diagnostic>,
}

impl CaseResult<'_> {
    /// Returns whether the result is the expected one.
    pub const fn is_as_expected(&self) -> bool {
        self.problem.is_none()
    }
}

impl PolicyPack {
    /// Runs all cases of the pack in file order, each with exactly the profiles that it names. Cases with built-in
    /// profiles that are not installed are skipped ([`Self::left_out`]).
    ///
    /// # Errors
    /// Cases that cannot be run because the rule, an attribute or a profile does not exist.
    pub fn test(&self) -> Result<Vec<CaseResult<'_>>, Diagnostics> {
        let mut problems = Diagnostics::new();
        let mut packs: BTreeMap<&[String], Option<Self>> = BTreeMap::new();
        let mut tested = Vec::new();
        for read in &self.sources().cases {
            for (index, case) in read.file.cases.iter().enumerate() {
                let steps = |key| ["case".into(), index.into(), PathSegment::Key(key)];
                let known = self.known_profiles();
                let pack = packs.entry(&case.profiles).or_insert_with(|| {
                    let there = case.profiles.iter().all(|profile| known.contains_key(profile.as_str()));
                    // Other problems of profiles are reported when they are compiled.
                    there.then(|| self.clone().with_profiles_lenient(&case.profiles, &mut Diagnostics::new()))
                });
                let Some(pack) = pack else {
                    if case.profiles.iter().all(|name| known.contains_key(name.as_str()) || is_shipped_profile(name)) {
                        continue;
                    }
                    let problem = Diagnostic::error("unknown-profile", "the case names a profile that does not exist");
                    let span = place(read.source.text(), &steps("profiles"));
                    let known: Vec<_> = known.into_keys().collect();
                    let problem = problem.at(&read.source, span, "here");
                    problems.push(problem.help(format!("available profiles: {}", known.join(", "))));
                    continue;
                };
                if let Some(done) = run(pack, read, index, case, &mut problems) {
                    tested.push(done);
                }
            }
        }
        if problems.has_errors() { Err(problems) } else { Ok(tested) }
    }

    /// Returns the built-in profiles that cases name and that are not installed, each with the number of skipped cases.
    pub fn left_out(&self) -> BTreeMap<&str, usize> {
        let known = self.known_profiles();
        let cases = self.sources().cases.iter().flat_map(|read| &read.file.cases);
        let mut left = BTreeMap::new();
        for name in cases.flat_map(|case| &case.profiles).map(String::as_str) {
            if !known.contains_key(name) && is_shipped_profile(name) {
                *left.entry(name).or_default() += 1;
            }
        }
        left
    }
}

fn run<'p>(
    pack: &PolicyPack,
    read: &'p ParsedFile<RuleCases>,
    index: usize,
    case: &'p RuleCase,
    problems: &mut Diagnostics,
) -> Option<CaseResult<'p>> {
    let at = |key| place(read.source.text(), &["case".into(), index.into(), PathSegment::Key(key)]);
    if let Some(pair) = pack.compiled_pairs().iter().position(|compiled| compiled.pair().id == case.rule) {
        let pair = pack.compiled_pairs()[pair].pair();
        let held = holdings(read, index, case, problems)?;
        let all = pack.pairs().evaluate(held.iter().map(|held| held.as_held()));
        let violation = all.into_iter().find(|violation| violation.pair.id == pair.id);
        let (found, lack) = match &violation {
            Some(violation) if violation.missing.is_empty() => (Expected::Fail, None),
            Some(violation) => (Expected::Unknown, Some(violation.missing.join(", "))),
            None => (Expected::Pass, None),
        };
        let severity = (found == Expected::Fail).then_some(pair.severity);
        return Some(tested(read, case, found, severity, lack, at));
    }
    // The rule exists but has invalid expressions, which are reported where it is compiled.
    if pack.rule(&case.rule).is_none() && pack.sources().ids().any(|id| id == case.rule) {
        return None;
    }
    let facts = facts(read, index, case, problems)?;
    let Some(judgement) = pack.evaluate_rule(&case.rule, &RuleSubject::of(&facts)) else {
        let ids = pack.sources().ids();
        let problem = Diagnostic::error("unknown-rule", format!("unknown rule `{}`", case.rule));
        let problem = problem.at(&read.source, at("rule"), "here");
        problems.push(match nearest(&case.rule, ids) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem.help("list all rules with `tenure policy rules`"),
        });
        return None;
    };
    let (found, lack) = match &judgement.result {
        RuleOutcome::Fail => (Expected::Fail, None),
        RuleOutcome::NotApplicable => (Expected::NotApplicable, None),
        RuleOutcome::Pass => (Expected::Pass, None),
        RuleOutcome::Unknown(lack) => (Expected::Unknown, Some(lack.to_string())),
    };
    let severity = (found == Expected::Fail).then_some(judgement.severity);
    Some(tested(read, case, found, severity, lack, at))
}

fn tested<'p>(
    read: &'p ParsedFile<RuleCases>,
    case: &'p RuleCase,
    found: Expected,
    severity: Option<Severity>,
    lack: Option<String>,
    at: impl Fn(&'static str) -> std::ops::Range<usize>,
) -> CaseResult<'p> {
    let because = lack.as_ref().map(|lack| format!("; unknown: {lack}")).unwrap_or_default();
    let message = format!("`{}` returned {}{because}", case.rule, word(found));
    let problem = if found != case.expect {
        let label = format!("expected {}", word(case.expect));
        Some(Diagnostic::error("case-failed", message).at(&read.source, at("expect"), label))
    } else if case.severity.is_some() && severity != case.severity {
        let actual = severity.map_or("no severity".to_owned(), |severity| severity.to_string());
        let problem = Diagnostic::error("case-failed", format!("`{}` returned severity {actual}", case.rule));
        Some(problem.at(&read.source, at("severity"), "expected another severity"))
    } else {
        None
    };
    let help = "correct the rule or the case";
    let problem = problem.map(|problem| problem.with_note(format!("case: {}", case.name)).help(help));
    CaseResult { case, file: read.source.name(), found, severity, lack, problem }
}

/// Returns the result of a rule as it is written in cases.
pub const fn word(expected: Expected) -> &'static str {
    match expected {
        Expected::Fail => "fail",
        Expected::NotApplicable => "not-applicable",
        Expected::Pass => "pass",
        Expected::Unknown => "unknown",
    }
}

/// Returns the attributes of a case.
fn facts(
    read: &ParsedFile<RuleCases>,
    index: usize,
    case: &RuleCase,
    problems: &mut Diagnostics,
) -> Option<AttributeValues> {
    let mut facts = AttributeValues::default();
    let mut wrong = Vec::new();
    flatten("", &case.attributes, &mut facts, &mut wrong);
    let sound = wrong.is_empty();
    for (path, problem) in wrong {
        let mut steps: Vec<PathSegment<'_>> = vec!["case".into(), index.into(), "attributes".into()];
        steps.extend(path.iter().map(|key| PathSegment::Key(key)));
        let span = place(read.source.text(), &steps);
        problems.push(problem.at(&read.source, span, "here"));
    }
    sound.then_some(facts)
}

fn flatten(prefix: &str, table: &Table, facts: &mut AttributeValues, wrong: &mut Vec<(Vec<String>, Diagnostic)>) {
    for (key, value) in table {
        let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        let path = || name.split('.').map(str::to_owned).collect::<Vec<_>>();
        let known = attribute(&name);
        match (known, value) {
            (Some(known), Value::Table(words)) if known.kind == AttributeKind::Map => match strings(words) {
                Some(words) => facts.know_attributes(words),
                None => wrong.push((path(), Diagnostic::error("wrong-type", format!("`{name}` is {}", known.kind)))),
            },
            (Some(known), _) if known.name == "profiles" => {
                let problem = Diagnostic::error("case-profiles", "`profiles` is not an attribute");
                wrong.push((path(), problem.help("move them to the `profiles` key of the case")));
            }
            (None, Value::Table(table)) if ATTRIBUTES.iter().any(|one| one.name.starts_with(&format!("{name}."))) => {
                flatten(&name, table, facts, wrong);
            }
            (None, _) => {
                let problem = Diagnostic::error("unknown-attribute", format!("unknown attribute `{name}`"));
                wrong.push((
                    path(),
                    match nearest(&name, ATTRIBUTES.iter().map(|one| one.name)) {
                        Some(near) => problem.help(format!("did you mean `{near}`?")),
                        None => problem.help("list all attributes with `tenure policy attributes`"),
                    },
                ));
            }
            (Some(_), value) => {
                let taken = fact(value).ok_or_else(|| format!("the value of `{name}` has an unsupported type"));
                let taken = taken.and_then(|fact| facts.insert(&name, fact).map_err(|error| error.to_string()));
                if let Err(message) = taken {
                    let problem = Diagnostic::error("wrong-type", message);
                    wrong.push((
                        path(),
                        problem.help("list the types of all attributes with `tenure policy attributes`"),
                    ));
                }
            }
        }
    }
}

fn fact(value: &Value) -> Option<AttributeValue> {
    match value {
        Value::Boolean(flag) => Some(AttributeValue::Flag(*flag)),
        Value::Integer(number) => Some(AttributeValue::Number(*number)),
        Value::String(text) => Some(AttributeValue::Text(text.clone())),
        Value::Array(all) => {
            all.iter().map(|one| one.as_str().map(str::to_owned)).collect::<Option<_>>().map(AttributeValue::Texts)
        }
        Value::Datetime(_) | Value::Float(_) | Value::Table(_) => None,
    }
}

fn strings(table: &Table) -> Option<Attributes> {
    table.iter().map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

/// One entitlement of a case.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseHolding {
    system: Option<String>,
    kind: Option<String>,
    id: Option<String>,
    name: Option<String>,
    tier: Option<String>,
}

impl CaseHolding {
    fn as_held(&self) -> SodEntitlement<'_> {
        SodEntitlement {
            system: self.system.as_deref(),
            kind: self.kind.as_deref(),
            id: self.id.as_deref(),
            name: self.name.as_deref(),
            tier: self.tier.as_deref(),
        }
    }
}

fn holdings(
    read: &ParsedFile<RuleCases>,
    index: usize,
    case: &RuleCase,
    problems: &mut Diagnostics,
) -> Option<Vec<CaseHolding>> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct CaseFacts {
        holds: Vec<CaseHolding>,
    }
    match case.attributes.clone().try_into::<CaseFacts>() {
        Ok(holds) => Some(holds.holds),
        Err(error) => {
            let span = place(read.source.text(), &["case".into(), index.into(), "attributes".into()]);
            let message = format!(
                "the attributes of a separation-of-duties case are the entitlements of one principal: {}",
                error.message()
            );
            let problem = Diagnostic::error("case-attributes", message).at(&read.source, span, "here");
            problems.push(problem.help(
                "write each entitlement as `[[case.attributes.holds]]` with `system`, `kind`, `id`, `name`, `tier`",
            ));
            None
        }
    }
}
