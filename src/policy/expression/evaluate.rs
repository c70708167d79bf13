//! Evaluation of checked expressions in Kleene's three-valued logic: an unknown input makes only those results unknown
//! that depend on it.
//!
//! - `&&` is false if any operand is false, `||` is true if any operand is true, whatever the others are; otherwise
//! they are unknown if any operand is. The order of operands does not matter.
//! - `exists` is `||` and `all` is `&&` over the elements.
//! - All other operations need all their operands: comparisons, `in`, calls and the condition of `? :`. Only the chosen
//! branch of `? :` is evaluated.
//! - Evaluation errors (division by zero, a missing map key) are unknown as well.

use super::{
    ast::{Arithmetic, Comparison, Function, ListMacro, Node},
    value::{AttributeSource, EvaluationError, List, Unknown, Value},
};
use std::{borrow::Cow, cmp::Ordering};

pub(super) type Outcome<'a> = Result<Value<'a>, Unknown>;

/// One evaluation, with its remaining budget.
pub(super) struct Evaluation<'a> {
    known: &'a dyn AttributeSource,
    locals: Vec<Value<'a>>,
    left: u32,
}

impl<'a> Evaluation<'a> {
    pub(super) const fn of(known: &'a dyn AttributeSource) -> Self {
        Self { known, locals: Vec::new(), left: BUDGET }
    }

    pub(super) fn value(&mut self, node: &'a Node) -> Outcome<'a> {
        self.spend(1)?;
        match node {
            Node::And(_) | Node::Or(_) | Node::Not(_) | Node::Compare(..) | Node::In(_) => {
                self.flag(node).map(Value::Flag)
            }
            Node::Attribute(slot) => self.known.value(*slot).ok_or_else(|| Unknown::missing(*slot)),
            Node::IsKnown(slot) => Ok(Value::Flag(self.known.value(*slot).is_some())),
            Node::Literal(value) => Ok(value.clone()),
            Node::Values(values) => Ok(Value::List(List::Literal(values))),
            Node::Local(place) => self.locals.get(*place).cloned().ok_or_else(mistaken),
            Node::If(three) => {
                let [condition, then, other] = &**three;
                if self.flag(condition)? { self.value(then) } else { self.value(other) }
            }
            Node::List(nodes) => {
                let values: Result<_, _> = nodes.iter().map(|node| self.value(node)).collect();
                values.map(|values| Value::List(List::Made(values)))
            }
            Node::Negate(node) => {
                let number = self.number(node)?;
                number.checked_neg().map(Value::Number).ok_or(Unknown::trouble(EvaluationError::Arithmetic))
            }
            Node::Arithmetic(operation, pair) => self.arithmetic(*operation, pair),
            Node::Index(pair) => self.index(pair),
            Node::HasKey(map, key) => match self.value(map)? {
                Value::Map(map) => Ok(Value::Flag(map.contains_key(key))),
                _ => Err(mistaken()),
            },
            Node::Matches(node, pattern) => {
                let text = self.text(node)?;
                self.spend(length(&text) * 4)?;
                Ok(Value::Flag(pattern.is_match(&text)))
            }
            Node::Call(function, node, argument) => self.call(*function, node, argument.as_deref()),
            Node::Each(each, pair) => self.each(*each, pair),
        }
    }

    /// Returns the truth of a boolean step; frequent forms of rules are evaluated directly.
    pub(super) fn flag(&mut self, node: &'a Node) -> Result<bool, Unknown> {
        match node {
            Node::And(nodes) => self.junction(nodes, false),
            Node::Or(nodes) => self.junction(nodes, true),
            Node::Not(node) => self.flag(node).map(|flag| !flag),
            Node::Compare(comparison, pair) => self.compare(*comparison, pair),
            Node::In(pair) => self.is_in(pair),
            _ => match self.value(node)? {
                Value::Flag(flag) => Ok(flag),
                _ => Err(mistaken()),
            },
        }
    }

    /// Returns `decisive` if any operand has that value, even if others are unknown.
    fn junction(&mut self, nodes: &'a [Node], decisive: bool) -> Result<bool, Unknown> {
        let mut unknown: Option<Unknown> = None;
        for node in nodes {
            match self.flag(node) {
                Ok(flag) if flag == decisive => return Ok(decisive),
                Ok(_) => {}
                Err(why) => unknown = Some(unknown.map_or(why, |before| before.and(why))),
            }
        }
        unknown.map_or(Ok(!decisive), Err)
    }

    fn compare(&mut self, comparison: Comparison, pair: &'a [Node; 2]) -> Result<bool, Unknown> {
        let (left, right) = self.both(pair)?;
        let order = match (&left, &right) {
            (Value::Number(a), Value::Number(b)) => a.cmp(b),
            (Value::Text(a), Value::Text(b)) => {
                self.spend(length(a))?;
                a.cmp(b)
            }
            (Value::Flag(a), Value::Flag(b)) => a.cmp(b),
            _ => {
                self.spend(u32::try_from(size(&left)).unwrap_or(u32::MAX))?;
                if left.equals(&right) { Ordering::Equal } else { Ordering::Less }
            }
        };
        Ok(match comparison {
            Comparison::Equal => order.is_eq(),
            Comparison::Greater => order.is_gt(),
            Comparison::GreaterOrEqual => order.is_ge(),
            Comparison::Less => order.is_lt(),
            Comparison::LessOrEqual => order.is_le(),
            Comparison::NotEqual => order.is_ne(),
        })
    }

    fn is_in(&mut self, pair: &'a [Node; 2]) -> Result<bool, Unknown> {
        let (element, list) = self.both(pair)?;
        self.spend(u32::try_from(size(&list)).unwrap_or(u32::MAX))?;
        match (&element, &list) {
            (Value::Text(text), Value::List(List::Words(words))) => Ok(words.iter().any(|word| word == text)),
            (_, Value::List(List::Literal(values))) => Ok(values.iter().any(|value| value.equals(&element))),
            (_, Value::List(list)) => Ok(list.iter().any(|value| value.equals(&element))),
            (Value::Text(text), Value::Map(map)) => Ok(map.contains_key(text.as_ref())),
            _ => Err(mistaken()),
        }
    }

    /// Returns both values, or the combined reasons if both are unknown.
    fn both(&mut self, pair: &'a [Node; 2]) -> Result<(Value<'a>, Value<'a>), Unknown> {
        let [left, right] = pair;
        match (self.value(left), self.value(right)) {
            (Ok(left), Ok(right)) => Ok((left, right)),
            (Err(one), Err(other)) => Err(one.and(other)),
            (Err(why), _) | (_, Err(why)) => Err(why),
        }
    }

    fn arithmetic(&mut self, operation: Arithmetic, pair: &'a [Node; 2]) -> Outcome<'a> {
        let (left, right) = self.both(pair)?;
        match (left, right) {
            (Value::Number(a), Value::Number(b)) => {
                let number = match operation {
                    Arithmetic::Add => a.checked_add(b),
                    Arithmetic::Divide => a.checked_div(b),
                    Arithmetic::Multiply => a.checked_mul(b),
                    Arithmetic::Remainder => a.checked_rem(b),
                    Arithmetic::Subtract => a.checked_sub(b),
                };
                number.map(Value::Number).ok_or(Unknown::trouble(EvaluationError::Arithmetic))
            }
            (Value::Text(a), Value::Text(b)) => {
                self.spend(length(&a).saturating_add(length(&b)))?;
                Ok(Value::Text(Cow::Owned(format!("{a}{b}"))))
            }
            (Value::List(a), Value::List(b)) => {
                self.spend(u32::try_from(a.len() + b.len()).unwrap_or(u32::MAX))?;
                Ok(Value::List(List::Made(a.iter().chain(b.iter()).collect())))
            }
            _ => Err(mistaken()),
        }
    }

    fn index(&mut self, pair: &'a [Node; 2]) -> Outcome<'a> {
        let (whole, place) = self.both(pair)?;
        let element = match (whole, place) {
            (Value::Map(map), Value::Text(key)) => map.get(key.as_ref()).map(|word| Value::Text(Cow::Borrowed(word))),
            (Value::List(list), Value::Number(at)) => usize::try_from(at).ok().and_then(|at| list.get(at)),
            _ => return Err(mistaken()),
        };
        element.ok_or(Unknown::trouble(EvaluationError::NoSuchElement))
    }

    fn call(&mut self, function: Function, node: &'a Node, argument: Option<&'a Node>) -> Outcome<'a> {
        if let Some(argument) = argument {
            let (whole, part) = match (self.text(node), self.text(argument)) {
                (Ok(whole), Ok(part)) => (whole, part),
                (Err(one), Err(other)) => return Err(one.and(other)),
                (Err(why), _) | (_, Err(why)) => return Err(why),
            };
            self.spend(length(&whole))?;
            return Ok(Value::Flag(match function {
                Function::Contains => whole.contains(part.as_ref()),
                Function::EndsWith => whole.ends_with(part.as_ref()),
                _ => whole.starts_with(part.as_ref()),
            }));
        }
        let value = self.value(node)?;
        if let Value::Text(text) = &value {
            self.spend(length(text))?;
        }
        match (function, value) {
            (Function::Int, Value::Text(text)) => {
                text.parse().map(Value::Number).map_err(|_| Unknown::trouble(EvaluationError::NoNumber))
            }
            (Function::Int, Value::Number(number)) => Ok(Value::Number(number)),
            (Function::LowerAscii, Value::Text(text)) => Ok(Value::Text(Cow::Owned(text.to_ascii_lowercase()))),
            (Function::Size, value) => Ok(Value::Number(i64::try_from(size(&value)).unwrap_or(i64::MAX))),
            (Function::Text, Value::Text(text)) => Ok(Value::Text(text)),
            (Function::Text, Value::Number(number)) => Ok(Value::Text(Cow::Owned(number.to_string()))),
            (Function::Text, Value::Flag(flag)) => Ok(Value::Text(Cow::Owned(flag.to_string()))),
            _ => Err(mistaken()),
        }
    }

    fn each(&mut self, each: ListMacro, pair: &'a [Node; 2]) -> Outcome<'a> {
        let [list, body] = pair;
        let Value::List(list) = self.value(list)? else { return Err(mistaken()) };
        match each {
            ListMacro::All => self.junction_over(&list, body, false).map(Value::Flag),
            ListMacro::Exists => self.junction_over(&list, body, true).map(Value::Flag),
            ListMacro::ExistsOne => {
                let mut count = 0;
                for value in list.iter() {
                    count += usize::from(self.within(value, |inner| inner.flag(body))?);
                }
                Ok(Value::Flag(count == 1))
            }
            ListMacro::Filter => {
                let mut kept = Vec::new();
                for value in list.iter() {
                    if self.within(value.clone(), |inner| inner.flag(body))? {
                        kept.push(value);
                    }
                }
                Ok(Value::List(List::Made(kept)))
            }
            ListMacro::Map => {
                let made: Result<_, _> =
                    list.iter().map(|value| self.within(value, |inner| inner.value(body))).collect();
                made.map(|made| Value::List(List::Made(made)))
            }
        }
    }

    fn junction_over(&mut self, list: &List<'a>, body: &'a Node, decisive: bool) -> Result<bool, Unknown> {
        let mut unknown: Option<Unknown> = None;
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
        local: Value<'a>,
        work: impl FnOnce(&mut Self) -> Result<T, Unknown>,
    ) -> Result<T, Unknown> {
        self.spend(1)?;
        self.locals.push(local);
        let done = work(self);
        self.locals.pop();
        done
    }

    fn number(&mut self, node: &'a Node) -> Result<i64, Unknown> {
        match self.value(node)? {
            Value::Number(number) => Ok(number),
            _ => Err(mistaken()),
        }
    }

    fn text(&mut self, node: &'a Node) -> Result<Cow<'a, str>, Unknown> {
        match self.value(node)? {
            Value::Text(text) => Ok(text),
            _ => Err(mistaken()),
        }
    }

    fn spend(&mut self, work: u32) -> Result<(), Unknown> {
        match self.left.checked_sub(work) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                self.left = 0;
                Err(Unknown::trouble(EvaluationError::Budget))
            }
        }
    }
}

fn size(value: &Value<'_>) -> usize {
    match value {
        Value::List(list) => list.len(),
        Value::Map(map) => map.len(),
        Value::Text(text) => text.chars().count(),
        Value::Flag(_) | Value::Number(_) => 1,
    }
}

/// The cost of searching a string.
fn length(text: &str) -> u32 {
    u32::try_from(text.len() / 16).unwrap_or(u32::MAX)
}

/// INVARIANT: types are checked when an expression is compiled and when an attribute is set, so this is unreachable.
/// Unknown is the safe result.
fn mistaken() -> Unknown {
    Unknown::trouble(EvaluationError::NoSuchElement)
}

/// Maximum number of steps of one evaluation, a few milliseconds.
pub(super) const BUDGET: u32 = 200_000;
