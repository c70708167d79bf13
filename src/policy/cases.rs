//! Cases: what rules must say of given facts, kept beside the rules, and run by `tenure policy test`.
//!
//! `facts` are attributes as tables, `facts.usage.idle_days = 91`; all others are unknown. For a toxic pair they are what
//! one person holds, each entitlement a table with `system`, `kind`, `id`, `name` and `tier`, as far as they are known:
//! `[[case.facts.holds]]`.

use super::{
    ATTRIBUTES, Facts, Kind, attribute,
    builtin::is_shipped_profile,
    pack::{Held, Outcome, Pack, ParsedFile, Subject},
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

/// What became of one case.
#[derive(Clone, Debug)]
pub struct CaseResult<'p> {
    /// The case.
    pub case: &'p RuleCase,
    /// The file it stands in.
    pub file: &'p str,
    /// What the rule said.
    pub found: Expected,
    /// How bad it said that is, where it fails.
    pub severity: Option<Severity>,
    /// What kept it from being judged, in words.
    pub lack: Option<String>,
    /// What is wrong, where it did not say what it must.
    pub problem: Option<Diagnostic>,
}

impl CaseResult<'_> {
    /// Returns whether the rule said what it must.
    pub const fn is_as_expected(&self) -> bool {
        self.problem.is_none()
    }
}

impl Pack {
    /// Runs all cases of the pack, in the order of their files; each with the profiles that it names, and no others. Cases
    /// under profiles of the default pack that were not added here are left out ([`Self::left_out`]).
    ///
    /// # Errors
    /// Cases that cannot be run: of a rule that is not there, with attributes nobody knows, under unknown profiles.
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
                    // What else is wrong with profiles is said where they are compiled.
                    there.then(|| self.clone().under(&case.profiles, &mut Diagnostics::new()))
                });
                let Some(pack) = pack else {
                    if case.profiles.iter().all(|name| known.contains_key(name.as_str()) || is_shipped_profile(name)) {
                        continue;
                    }
                    let problem = Diagnostic::error("unknown-profile", "the case names a profile that is not there");
                    let span = place(read.source.text(), &steps("profiles"));
                    let known: Vec<_> = known.into_keys().collect();
                    let problem = problem.at(&read.source, span, "here");
                    problems.push(problem.help(format!("there are: {}", known.join(", "))));
                    continue;
                };
                if let Some(done) = run(pack, read, index, case, &mut problems) {
                    tested.push(done);
                }
            }
        }
        if problems.has_errors() { Err(problems) } else { Ok(tested) }
    }

    /// Returns the profiles of the default pack that cases name and that are not here, each with how many such cases are
    /// left out.
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
    pack: &Pack,
    read: &'p ParsedFile<RuleCases>,
    index: usize,
    case: &'p RuleCase,
    problems: &mut Diagnostics,
) -> Option<CaseResult<'p>> {
    let at = |key| place(read.source.text(), &["case".into(), index.into(), PathSegment::Key(key)]);
    if let Some(pair) = pack.compiled_pairs().iter().position(|compiled| compiled.pair().id == case.rule) {
        let pair = pack.compiled_pairs()[pair].pair();
        let held = holdings(read, index, case, problems)?;
        let all = pack.pairs().judge(held.iter().map(|held| held.as_held()));
        let toxic = all.into_iter().find(|toxic| toxic.pair.id == pair.id);
        let (found, lack) = match &toxic {
            Some(toxic) if toxic.missing.is_empty() => (Expected::Fail, None),
            Some(toxic) => (Expected::Unknown, Some(toxic.missing.join(", "))),
            None => (Expected::Pass, None),
        };
        let severity = (found == Expected::Fail).then_some(pair.severity);
        return Some(tested(read, case, found, severity, lack, at));
    }
    // It is there, and its expressions are wrong, which is said there.
    if pack.rule(&case.rule).is_none() && pack.sources().ids().any(|id| id == case.rule) {
        return None;
    }
    let facts = facts(read, index, case, problems)?;
    let Some(judgement) = pack.judge_by(&case.rule, &Subject::of(&facts)) else {
        let ids = pack.sources().ids();
        let problem = Diagnostic::error("unknown-rule", format!("there is no rule `{}`", case.rule));
        let problem = problem.at(&read.source, at("rule"), "here");
        problems.push(match nearest(&case.rule, ids) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem.help("`tenure policy rules` lists them"),
        });
        return None;
    };
    let (found, lack) = match &judgement.result {
        Outcome::Fail => (Expected::Fail, None),
        Outcome::NotApplicable => (Expected::NotApplicable, None),
        Outcome::Pass => (Expected::Pass, None),
        Outcome::Unknown(lack) => (Expected::Unknown, Some(lack.to_string())),
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
    let because = lack.as_ref().map(|lack| format!(": not known: {lack}")).unwrap_or_default();
    let said = format!("`{}` said {}{because}", case.rule, word(found));
    let problem = if found != case.expect {
        let label = format!("{} was expected", word(case.expect));
        Some(Diagnostic::error("case-failed", said).at(&read.source, at("expect"), label))
    } else if case.severity.is_some() && severity != case.severity {
        let said = severity.map_or("no severity".to_owned(), |severity| severity.to_string());
        let problem = Diagnostic::error("case-failed", format!("`{}` found it {said}", case.rule));
        Some(problem.at(&read.source, at("severity"), "another severity was expected"))
    } else {
        None
    };
    let help = "mend the rule, or the case: both are what people rely on";
    let problem = problem.map(|problem| problem.with_note(format!("the case is: {}", case.name)).help(help));
    CaseResult { case, file: read.source.name(), found, severity, lack, problem }
}

/// Returns what a rule says as cases spell it.
pub const fn word(expected: Expected) -> &'static str {
    match expected {
        Expected::Fail => "fail",
        Expected::NotApplicable => "not-applicable",
        Expected::Pass => "pass",
        Expected::Unknown => "unknown",
    }
}

/// Returns the facts of a case.
fn facts(read: &ParsedFile<RuleCases>, index: usize, case: &RuleCase, problems: &mut Diagnostics) -> Option<Facts> {
    let mut facts = Facts::default();
    let mut wrong = Vec::new();
    flatten("", &case.facts, &mut facts, &mut wrong);
    let sound = wrong.is_empty();
    for (path, problem) in wrong {
        let mut steps: Vec<PathSegment<'_>> = vec!["case".into(), index.into(), "facts".into()];
        steps.extend(path.iter().map(|key| PathSegment::Key(key)));
        let span = place(read.source.text(), &steps);
        problems.push(problem.at(&read.source, span, "here"));
    }
    sound.then_some(facts)
}

fn flatten(prefix: &str, table: &Table, facts: &mut Facts, wrong: &mut Vec<(Vec<String>, Diagnostic)>) {
    for (key, value) in table {
        let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        let path = || name.split('.').map(str::to_owned).collect::<Vec<_>>();
        let known = attribute(&name);
        match (known, value) {
            (Some(known), Value::Table(words)) if known.kind == Kind::Map => match strings(words) {
                Some(words) => facts.know_attributes(words),
                None => wrong.push((path(), Diagnostic::error("wrong-type", format!("`{name}` is {}", known.kind)))),
            },
            (Some(known), _) if known.name == "profiles" => {
                let problem = Diagnostic::error("case-profiles", "profiles are no facts");
                wrong.push((path(), problem.help("name them above, as `profiles` of the case")));
            }
            (None, Value::Table(table)) if ATTRIBUTES.iter().any(|one| one.name.starts_with(&format!("{name}."))) => {
                flatten(&name, table, facts, wrong);
            }
            (None, _) => {
                let problem = Diagnostic::error("unknown-attribute", format!("there is no attribute `{name}`"));
                wrong.push((
                    path(),
                    match nearest(&name, ATTRIBUTES.iter().map(|one| one.name)) {
                        Some(near) => problem.help(format!("did you mean `{near}`?")),
                        None => problem.help("`tenure policy attributes` lists them"),
                    },
                ));
            }
            (Some(_), value) => {
                let taken = fact(value).ok_or_else(|| format!("`{name}` has no such values"));
                let taken = taken.and_then(|fact| facts.know(&name, fact).map_err(|error| error.to_string()));
                if let Err(message) = taken {
                    let problem = Diagnostic::error("wrong-type", message);
                    wrong.push((path(), problem.help("`tenure policy attributes` says what each is")));
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
struct Holding {
    system: Option<String>,
    kind: Option<String>,
    id: Option<String>,
    name: Option<String>,
    tier: Option<String>,
}

impl Holding {
    fn as_held(&self) -> Held<'_> {
        Held {
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
) -> Option<Vec<Holding>> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Holds {
        holds: Vec<Holding>,
    }
    match case.facts.clone().try_into::<Holds>() {
        Ok(holds) => Some(holds.holds),
        Err(error) => {
            let span = place(read.source.text(), &["case".into(), index.into(), "facts".into()]);
            let message = format!("the facts of a toxic pair are what one person holds: {}", error.message());
            let problem = Diagnostic::error("case-facts", message).at(&read.source, span, "here");
            problems.push(
                problem.help(
                    "write each entitlement as `[[case.facts.holds]]` with `system`, `kind`, `id`, `name`, `tier`",
                ),
            );
            None
        }
    }
}
