//! Evaluation of checked expressions in Kleene's three-valued logic: an unknown input makes only those results unknown
//! that depend on it.
//!
//! - `&&` is false if any operand is false, `||` is true if any operand is true; otherwise they are unknown
//!   if any operand is. The order of operands does not matter.
//! - `exists` is `||` and `all` is `&&` over the elements.
//! - All other operations need all their operands: comparisons, `in`, calls and the condition of `? :`. Only the chosen
//!   branch of `? :` is evaluated.
//! - Evaluation errors (division by zero, a missing map key) are unknown as well.

use super::{
    checked_tree::{ArithmeticOp, ComparisonOp, ExprFunction, ExprNode, ListMacro},
    value::{AttributeSource, EvaluationError, ExprList, ExprValue, UnknownValue},
};
use std::{borrow::Cow, cmp::Ordering};

pub(super) type EvaluationResult<'a> = Result<ExprValue<'a>, UnknownValue>;

/// One evaluation, with its remaining budget.
pub(super) struct Evaluation<'a> {
    known: &'a dyn AttributeSource,
    locals: Vec<ExprValue<'a>>,
    left: u32,
}

impl<'a> Evaluation<'a> {
    pub(super) const fn of(known: &'a dyn AttributeSource) -> Self {
        Self { known, locals: Vec::new(), left: BUDGET }
    }

    pub(super) fn value(&mut self, node: &'a ExprNode) -> EvaluationResult<'a> {
        self.spend(1)?;
        match node {
            ExprNode::And(_) | ExprNode::Or(_) | ExprNode::Not(_) | ExprNode::Compare(..) | ExprNode::In(_) => {
                self.flag(node).map(ExprValue::Flag)
            }
            ExprNode::Attribute(slot) => self.known.value(*slot).ok_or_else(|| UnknownValue::missing(*slot)),
            ExprNode::IsKnown(slot) => Ok(ExprValue::Flag(self.known.value(*slot).is_some())),
            ExprNode::Literal(value) => Ok(value.clone()),
            ExprNode::Values(values) => Ok(ExprValue::List(ExprList::Literal(values))),
            ExprNode::Local(place) => self.locals.get(*place).cloned().ok_or_else(mistaken),
            ExprNode::If(three) => {
                let [condition, then, other] = &**three;
                if self.flag(condition)? { self.value(then) } else { self.value(other) }
            }
            ExprNode::List(nodes) => {
                let values: Result<_, _> = nodes.iter().map(|node| self.value(node)).collect();
                values.map(|values| ExprValue::List(ExprList::Made(values)))
            }
            ExprNode::Negate(node) => {
                let number = self.number(node)?;
                number.checked_neg().map(ExprValue::Number).ok_or(UnknownValue::trouble(EvaluationError::Arithmetic))
            }
            ExprNode::Arithmetic(operation, pair) => self.arithmetic(*operation, pair),
            ExprNode::Index(pair) => self.index(pair),
            ExprNode::HasKey(map, key) => match self.value(map)? {
                ExprValue::Map(map) => Ok(ExprValue::Flag(map.contains_key(key))),
                _ => Err(mistaken()),
            },
            ExprNode::Matches(node, pattern) => {
                let text = self.text(node)?;
                self.spend(length(&text) * 4)?;
                Ok(ExprValue::Flag(pattern.is_match(&text)))
            }
            ExprNode::Call(function, node, argument) => self.call(*function, node, argument.as_deref()),
            ExprNode::Each(each, pair) => self.each(*each, pair),
        }
    }

    /// Returns the truth of a boolean step; frequent forms of rules are evaluated directly.
    pub(super) fn flag(&mut self, node: &'a ExprNode) -> Result<bool, UnknownValue> {
        match node {
            ExprNode::And(nodes) => self.junction(nodes, false),
            ExprNode::Or(nodes) => self.junction(nodes, true),
            ExprNode::Not(node) => self.flag(node).map(|flag| !flag),
            ExprNode::Compare(comparison, pair) => self.compare(*comparison, pair),
            ExprNode::In(pair) => self.is_in(pair),
            _ => match self.value(node)? {
                ExprValue::Flag(flag) => Ok(flag),
                _ => Err(mistaken()),
            },
        }
    }

    /// Returns `decisive` if any operand has that value, even if others are unknown.
    fn junction(&mut self, nodes: &'a [ExprNode], decisive: bool) -> Result<bool, UnknownValue> {
        let mut unknown: Option<UnknownValue> = None;
        for node in nodes {
            match self.flag(node) {
                Ok(flag) if flag == decisive => return Ok(decisive),
                Ok(_) => {}
                Err(why) => unknown = Some(unknown.map_or(why, |before| before.and(why))),
            }
        }
        unknown.map_or(Ok(!decisive), Err)
    }

    fn compare(&mut self, comparison: ComparisonOp, pair: &'a [ExprNode; 2]) -> Result<bool, UnknownValue> {
        let (left, right) = self.both(pair)?;
        let order = match (&left, &right) {
            (ExprValue::Number(a), ExprValue::Number(b)) => a.cmp(b),
            (ExprValue::Text(a), ExprValue::Text(b)) => {
                self.spend(length(a))?;
                a.cmp(b)
            }
            (ExprValue::Flag(a), ExprValue::Flag(b)) => a.cmp(b),
            _ => {
                self.spend(u32::try_from(size(&left)).unwrap_or(u32::MAX))?;
                if left.equals(&right) { Ordering::Equal } else { Ordering::Less }
            }
        };
        Ok(match comparison {
            ComparisonOp::Equal => order.is_eq(),
            ComparisonOp::Greater => order.is_gt(),
            ComparisonOp::GreaterOrEqual => order.is_ge(),
            ComparisonOp::Less => order.is_lt(),
            ComparisonOp::LessOrEqual => order.is_le(),
            ComparisonOp::NotEqual => order.is_ne(),
        })
    }

    fn is_in(&mut self, pair: &'a [ExprNode; 2]) -> Result<bool, UnknownValue> {
        let (element, list) = self.both(pair)?;
        self.spend(u32::try_from(size(&list)).unwrap_or(u32::MAX))?;
        match (&element, &list) {
            (ExprValue::Text(text), ExprValue::List(ExprList::Words(words))) => {
                Ok(words.iter().any(|word| word == text))
            }
            (_, ExprValue::List(ExprList::Literal(values))) => Ok(values.iter().any(|value| value.equals(&element))),
            (_, ExprValue::List(list)) => Ok(list.iter().any(|value| value.equals(&element))),
            (ExprValue::Text(text), ExprValue::Map(map)) => Ok(map.contains_key(text.as_ref())),
            _ => Err(mistaken()),
        }
    }

    /// Returns both values, or the combined reasons if both are unknown.
    fn both(&mut self, pair: &'a [ExprNode; 2]) -> Result<(ExprValue<'a>, ExprValue<'a>), UnknownValue> {
        let [left, right] = pair;
        match (self.value(left), self.value(right)) {
            (Ok(left), Ok(right)) => Ok((left, right)),
            (Err(one), Err(other)) => Err(one.and(other)),
            (Err(why), _) | (_, Err(why)) => Err(why),
        }
    }

    fn arithmetic(&mut self, operation: ArithmeticOp, pair: &'a [ExprNode; 2]) -> EvaluationResult<'a> {
        let (left, right) = self.both(pair)?;
        match (left, right) {
            (ExprValue::Number(a), ExprValue::Number(b)) => {
                let number = match operation {
                    ArithmeticOp::Add => a.checked_add(b),
                    ArithmeticOp::Divide => a.checked_div(b),
                    ArithmeticOp::Multiply => a.checked_mul(b),
                    ArithmeticOp::Remainder => a.checked_rem(b),
                    ArithmeticOp::Subtract => a.checked_sub(b),
                };
                number.map(ExprValue::Number).ok_or(UnknownValue::trouble(EvaluationError::Arithmetic))
            }
            (ExprValue::Text(a), ExprValue::Text(b)) => {
                self.spend(length(&a).saturating_add(length(&b)))?;
                Ok(ExprValue::Text(Cow::Owned(format!("{a}{b}"))))
            }
            (ExprValue::List(a), ExprValue::List(b)) => {
                self.spend(u32::try_from(a.len() + b.len()).unwrap_or(u32::MAX))?;
                Ok(ExprValue::List(ExprList::Made(a.iter().chain(b.iter()).collect())))
            }
            _ => Err(mistaken()),
        }
    }

    fn index(&mut self, pair: &'a [ExprNode; 2]) -> EvaluationResult<'a> {
        let (whole, place) = self.both(pair)?;
        let element = match (whole, place) {
            (ExprValue::Map(map), ExprValue::Text(key)) => {
                map.get(key.as_ref()).map(|word| ExprValue::Text(Cow::Borrowed(word)))
            }
            (ExprValue::List(list), ExprValue::Number(at)) => usize::try_from(at).ok().and_then(|at| list.get(at)),
            _ => return Err(mistaken()),
        };
        element.ok_or(UnknownValue::trouble(EvaluationError::NoSuchElement))
    }

    fn call(
        &mut self,
        function: ExprFunction,
        node: &'a ExprNode,
        argument: Option<&'a ExprNode>,
    ) -> EvaluationResult<'a> {
        if let Some(argument) = argument {
            let (whole, part) = match (self.text(node), self.text(argument)) {
                (Ok(whole), Ok(part)) => (whole, part),
                (Err(one), Err(other)) => return Err(one.and(other)),
                (Err(why), _) | (_, Err(why)) => return Err(why),
            };
            self.spend(length(&whole))?;
            return Ok(ExprValue::Flag(match function {
                ExprFunction::Contains => whole.contains(part.as_ref()),
                ExprFunction::EndsWith => whole.ends_with(part.as_ref()),
                _ => whole.starts_with(part.as_ref()),
            }));
        }
        let value = self.value(node)?;
        if let ExprValue::Text(text) = &value {
            self.spend(length(text))?;
        }
        match (function, value) {
            (ExprFunction::Int, ExprValue::Text(text)) => {
                text.parse().map(ExprValue::Number).map_err(|_| UnknownValue::trouble(EvaluationError::NoNumber))
            }
            (ExprFunction::Int, ExprValue::Number(number)) => Ok(ExprValue::Number(number)),
            (ExprFunction::LowerAscii, ExprValue::Text(text)) => {
                Ok(ExprValue::Text(Cow::Owned(text.to_ascii_lowercase())))
            }
            (ExprFunction::Size, value) => Ok(ExprValue::Number(i64::try_from(size(&value)).unwrap_or(i64::MAX))),
            (ExprFunction::Text, ExprValue::Text(text)) => Ok(ExprValue::Text(text)),
            (ExprFunction::Text, ExprValue::Number(number)) => Ok(ExprValue::Text(Cow::Owned(number.to_string()))),
            (ExprFunction::Text, ExprValue::Flag(flag)) => Ok(ExprValue::Text(Cow::Owned(flag.to_string()))),
            _ => Err(mistaken()),
        }
    }

    fn each(&mut self, each: ListMacro, pair: &'a [ExprNode; 2]) -> EvaluationResult<'a> {
        let [list, body] = pair;
        let ExprValue::List(list) = self.value(list)? else { return Err(mistaken()) };
        match each {
            ListMacro::All => self.junction_over(&list, body, false).map(ExprValue::Flag),
            ListMacro::Exists => self.junction_over(&list, body, true).map(ExprValue::Flag),
            ListMacro::ExistsOne => {
                let mut count = 0;
                for value in list.iter() {
                    count += usize::from(self.within(value, |inner| inner.flag(body))?);
                }
                Ok(ExprValue::Flag(count == 1))
            }
            ListMacro::Filter => {
                let mut kept = Vec::new();
                for value in list.iter() {
                    if self.within(value.clone(), |inner| inner.flag(body))? {
                        kept.push(value);
                    }
                }
                Ok(ExprValue::List(ExprList::Made(kept)))
            }
            ListMacro::Map => {
                let made: Result<_, _> =
                    list.iter().map(|value| self.within(value, |inner| inner.value(body))).collect();
                made.map(|made| ExprValue::List(ExprList::Made(made)))
            }
        }
    }

    fn junction_over(&mut self, list: &ExprList<'a>, body: &'a ExprNode, decisive: bool) -> Result<bool, UnknownValue> {
        let mut unknown: Option<UnknownValue> = None;
        for value in list.iter() {
            match self.within(value, |inner| inner.flag(body)) {
                Ok(flag) if flag == decisive => return Ok(decisive),
                Ok(_) => {}
                Err(why) if why.reason() == Some(EvaluationError::Budget) => return Err(why),
                Err(why) => unknown = Some(unknown.map_or(why, |before| before.and(why))),
            }
        }
        unknown.map_or(Ok(!decisive), Err)
    }

    fn within<T>(
        &mut self,
        local: ExprValue<'a>,
        work: impl FnOnce(&mut Self) -> Result<T, UnknownValue>,
    ) -> Result<T, UnknownValue> {
        self.spend(1)?;
        self.locals.push(local);
        let done = work(self);
        self.locals.pop();
        done
    }

    fn number(&mut self, node: &'a ExprNode) -> Result<i64, UnknownValue> {
        match self.value(node)? {
            ExprValue::Number(number) => Ok(number),
            _ => Err(mistaken()),
        }
    }

    fn text(&mut self, node: &'a ExprNode) -> Result<Cow<'a, str>, UnknownValue> {
        match self.value(node)? {
            ExprValue::Text(text) => Ok(text),
            _ => Err(mistaken()),
        }
    }

    fn spend(&mut self, work: u32) -> Result<(), UnknownValue> {
        match self.left.checked_sub(work) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                self.left = 0;
                Err(UnknownValue::trouble(EvaluationError::Budget))
            }
        }
    }
}

fn size(value: &ExprValue<'_>) -> usize {
    match value {
        ExprValue::List(list) => list.len(),
        ExprValue::Map(map) => map.len(),
        ExprValue::Text(text) => text.chars().count(),
        ExprValue::Flag(_) | ExprValue::Number(_) => 1,
    }
}

/// The cost of searching a string.
fn length(text: &str) -> u32 {
    u32::try_from(text.len() / 16).unwrap_or(u32::MAX)
}

/// INVARIANT: types are checked when an expression is compiled and when an attribute is set, so this is unreachable.
/// Unknown is the safe result.
fn mistaken() -> UnknownValue {
    UnknownValue::trouble(EvaluationError::NoSuchElement)
}

/// Maximum number of steps of one evaluation, a few milliseconds.
pub(super) const BUDGET: u32 = 200_000;
