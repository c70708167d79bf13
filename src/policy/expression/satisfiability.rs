//! Decides whether any input satisfies a set of expressions.
//!
//! The expressions are evaluated for candidate values of each name: the numbers around each number with which it is
//! compared, each string literal and one other string, both booleans, and the lists of the string literals. If all
//! expressions only compare names with literals, the candidates are exhaustive. Otherwise (arithmetic, patterns,
//! substrings) the result is unknown unless a candidate satisfies the expressions.

use super::{
    Expression,
    checked_tree::{ComparisonOp, ExprNode},
    value::{AttributeIndex, AttributeSource, ExprList, ExprValue},
};
use crate::{model::Attributes, policy::AttributeKind};
use std::collections::{BTreeMap, BTreeSet};

/// The permitted values of the names in an expression.
pub(crate) trait ValueDomain {
    /// Returns the kind of a name.
    fn kind(&self, slot: AttributeIndex) -> Option<AttributeKind>;

    /// Returns the permitted values of an enumerated name; `None` for others.
    fn permitted_values(&self, slot: AttributeIndex) -> Option<&'static [&'static str]>;

    /// Returns the permitted numbers of a name; `None` if any number is permitted.
    fn numbers(&self, slot: AttributeIndex) -> Option<Vec<i64>>;
}

/// Returns whether there is an input for which all of `hold` are true and all of `fail` are false; `None` if unknown.
pub(crate) fn is_satisfiable(hold: &[&Expression], fail: &[&Expression], domain: &dyn ValueDomain) -> Option<bool> {
    let wanted = |known: &dyn AttributeSource| {
        hold.iter().all(|expression| expression.truth(known) == Ok(true))
            && fail.iter().all(|expression| expression.truth(known) == Ok(false))
    };
    let nothing = SampleValues::default();
    let refuted = hold.iter().any(|expression| expression.truth(&nothing) == Ok(false))
        || fail.iter().any(|expression| expression.truth(&nothing) == Ok(true));
    if refuted {
        return Some(false);
    }
    let mut survey = CandidateValues { domain, points: BTreeMap::new(), simple: true };
    hold.iter().chain(fail).for_each(|expression| survey.node(&expression.node));
    let simple = survey.simple;
    let points = survey.finish();
    let total = points.values().map(Vec::len).try_fold(1_usize, usize::checked_mul).unwrap_or(usize::MAX);
    let all = total <= MAX_SAMPLES;
    // If there are too many samples to try all: a step that is coprime to most counts visits different ones.
    for number in 0..total.min(MAX_SAMPLES) {
        let mut rest = if all { number } else { number.wrapping_mul(2_654_435_761) };
        let mut sample = SampleValues::default();
        for (slot, choices) in &points {
            if let Some(choice) = choices.get(rest % choices.len()) {
                sample.values.insert(*slot, choice);
            }
            rest /= choices.len();
        }
        if wanted(&sample) {
            return Some(true);
        }
    }
    (simple && all).then_some(false)
}

/// A candidate value.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum CandidateValue {
    Absent,
    Flag(bool),
    Map(Attributes),
    Number(i64),
    Text(String),
    Texts(Vec<String>),
}

#[derive(Default)]
struct SampleValues<'p> {
    values: BTreeMap<AttributeIndex, &'p CandidateValue>,
}

impl AttributeSource for SampleValues<'_> {
    fn value(&self, slot: AttributeIndex) -> Option<ExprValue<'_>> {
        match self.values.get(&slot)? {
            CandidateValue::Absent => None,
            CandidateValue::Flag(flag) => Some(ExprValue::Flag(*flag)),
            CandidateValue::Map(map) => Some(ExprValue::Map(map)),
            CandidateValue::Number(number) => Some(ExprValue::Number(*number)),
            CandidateValue::Text(text) => Some(ExprValue::Text(text.into())),
            CandidateValue::Texts(texts) => Some(ExprValue::List(ExprList::Words(texts))),
        }
    }
}

/// The candidate values of each name.
struct CandidateValues<'d> {
    domain: &'d dyn ValueDomain,
    points: BTreeMap<AttributeIndex, ComparedValues>,
    simple: bool,
}

#[derive(Default)]
struct ComparedValues {
    numbers: BTreeSet<i64>,
    words: BTreeSet<String>,
    absent: bool,
}

impl CandidateValues<'_> {
    fn node(&mut self, node: &ExprNode) {
        match node {
            ExprNode::And(_) | ExprNode::Or(_) | ExprNode::Not(_) | ExprNode::If(_) => {}
            ExprNode::Attribute(slot) => drop(self.points.entry(*slot).or_default()),
            ExprNode::IsKnown(slot) => self.points.entry(*slot).or_default().absent = true,
            ExprNode::Literal(_) | ExprNode::Values(_) | ExprNode::Local(_) => {}
            ExprNode::Compare(comparison, pair) => self.compare(*comparison, pair),
            ExprNode::In(pair) => self.is_in(pair),
            ExprNode::Arithmetic(..)
            | ExprNode::Call(..)
            | ExprNode::Each(..)
            | ExprNode::HasKey(..)
            | ExprNode::Index(_)
            | ExprNode::List(_)
            | ExprNode::Matches(..)
            | ExprNode::Negate(_) => self.beyond(node),
        }
        node.children().into_iter().for_each(|child| self.node(child));
    }

    fn compare(&mut self, comparison: ComparisonOp, pair: &[ExprNode; 2]) {
        let [left, right] = pair;
        match (left, right) {
            (ExprNode::Attribute(slot), ExprNode::Literal(value))
            | (ExprNode::Literal(value), ExprNode::Attribute(slot)) => match value {
                ExprValue::Number(number) => self.around(*slot, *number),
                ExprValue::Text(text) => {
                    let ordered = !matches!(comparison, ComparisonOp::Equal | ComparisonOp::NotEqual);
                    self.simple &= !ordered;
                    self.compared(*slot).words.insert(text.clone().into_owned());
                }
                _ => {}
            },
            (ExprNode::Attribute(one), ExprNode::Attribute(other)) => {
                let settled = |slot| self.domain.numbers(slot);
                match (settled(*one), settled(*other)) {
                    (None, Some(numbers)) => numbers.into_iter().for_each(|number| self.around(*one, number)),
                    (Some(numbers), None) => numbers.into_iter().for_each(|number| self.around(*other, number)),
                    (Some(_), Some(_)) => {}
                    (None, None) => {
                        self.simple = false;
                        [one, other].into_iter().for_each(|slot| self.around(*slot, 0));
                    }
                }
            }
            (ExprNode::Literal(_), ExprNode::Literal(_)) => {}
            _ => self.beyond(left),
        }
    }

    fn is_in(&mut self, pair: &[ExprNode; 2]) {
        match pair {
            [ExprNode::Attribute(slot), ExprNode::Values(values)] => {
                for value in values {
                    match value {
                        ExprValue::Number(number) => self.around(*slot, *number),
                        ExprValue::Text(text) => drop(self.compared(*slot).words.insert(text.clone().into_owned())),
                        _ => {}
                    }
                }
            }
            [ExprNode::Literal(ExprValue::Text(text)), ExprNode::Attribute(slot)] => {
                self.compared(*slot).words.insert(text.clone().into_owned());
            }
            [one, _] => self.beyond(one),
        }
    }

    /// An operation other than a comparison: all strings and numbers below it are candidates, but they are not
    /// exhaustive.
    fn beyond(&mut self, node: &ExprNode) {
        self.simple = false;
        let (mut slots, mut words, mut numbers) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::from([0, 1, 1_000]));
        node.walk(&mut |node| match node {
            ExprNode::Attribute(slot) => drop(slots.insert(*slot)),
            ExprNode::Literal(ExprValue::Text(text)) => drop(words.insert(text.clone().into_owned())),
            ExprNode::Literal(ExprValue::Number(number)) => drop(numbers.insert(*number)),
            ExprNode::Values(values) => words.extend(values.iter().filter_map(|value| match value {
                ExprValue::Text(text) => Some(text.clone().into_owned()),
                _ => None,
            })),
            ExprNode::HasKey(_, key) => drop(words.insert(key.clone())),
            _ => {}
        });
        for slot in slots {
            let compared = self.compared(slot);
            compared.words.extend(words.iter().cloned());
            compared.numbers.extend(&numbers);
        }
    }

    fn around(&mut self, slot: AttributeIndex, number: i64) {
        let near = [number.saturating_sub(1), number, number.saturating_add(1)];
        self.compared(slot).numbers.extend(near);
    }

    fn compared(&mut self, slot: AttributeIndex) -> &mut ComparedValues {
        self.points.entry(slot).or_default()
    }

    fn finish(self) -> BTreeMap<AttributeIndex, Vec<CandidateValue>> {
        let mut points = BTreeMap::new();
        for (slot, compared) in self.points {
            let mut choices: Vec<CandidateValue> = match self.domain.kind(slot) {
                Some(AttributeKind::Flag) => vec![CandidateValue::Flag(false), CandidateValue::Flag(true)],
                Some(AttributeKind::Number) => match self.domain.numbers(slot) {
                    Some(numbers) => numbers.into_iter().map(CandidateValue::Number).collect(),
                    None => compared.numbers.into_iter().chain([0]).map(CandidateValue::Number).collect(),
                },
                Some(AttributeKind::Text) => match self.domain.permitted_values(slot) {
                    Some(words) => words.iter().map(|word| CandidateValue::Text((*word).to_owned())).collect(),
                    None => compared.words.into_iter().chain([OTHER.to_owned()]).map(CandidateValue::Text).collect(),
                },
                Some(AttributeKind::Texts) => lists(&compared.words),
                Some(AttributeKind::Map) => maps(&compared.words),
                None => Vec::new(),
            };
            choices.sort();
            choices.dedup();
            choices.extend(compared.absent.then_some(CandidateValue::Absent));
            if !choices.is_empty() {
                points.insert(slot, choices);
            }
        }
        points
    }
}

/// Returns every list of the first strings, a list with all of them and another string, and a list of three others.
fn lists(words: &BTreeSet<String>) -> Vec<CandidateValue> {
    let words: Vec<_> = words.iter().take(4).cloned().collect();
    let some = |mask: usize| {
        let chosen = words.iter().enumerate().filter(|(at, _)| mask & (1 << at) != 0);
        CandidateValue::Texts(chosen.map(|(_, word)| word.clone()).collect())
    };
    let mut lists: Vec<_> = (0..1 << words.len()).map(some).collect();
    let with_other: Vec<_> = words.iter().cloned().chain([OTHER.to_owned()]).collect();
    lists.push(CandidateValue::Texts(with_other));
    lists.push(CandidateValue::Texts(vec![OTHER.to_owned(); 3]));
    lists
}

fn maps(words: &BTreeSet<String>) -> Vec<CandidateValue> {
    let all = |value: &str| words.iter().map(|word| (word.clone(), value.to_owned())).collect();
    let mut maps = vec![CandidateValue::Map(Attributes::new()), CandidateValue::Map(all(OTHER))];
    maps.extend(words.iter().take(8).map(|word| CandidateValue::Map(all(word))));
    maps
}

/// A string that does not occur in rules.
const OTHER: &str = "another word";
const MAX_SAMPLES: usize = 20_000;
