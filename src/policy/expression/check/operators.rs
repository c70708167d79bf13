//! Operators: what goes with what, and what comes of it.

use super::{Check, Checked, Side};
use crate::policy::expression::{
    ast::{Arithmetic, Comparison, Node},
    syntax::{Form, Syntax},
    types::Type,
};

impl Check<'_> {
    pub(super) fn not(&mut self, operand: &Syntax) -> Checked {
        let before = self.asked;
        self.asked = match before {
            Side::Against => Side::For,
            Side::For => Side::Against,
            Side::Unsettled => Side::Unsettled,
        };
        let node = self.expect(operand, Type::Flag);
        self.asked = before;
        Some((Node::Not(Box::new(node?)), Type::Flag))
    }

    pub(super) fn junction(&mut self, terms: &[Syntax], make: fn(Vec<Node>) -> Node) -> Checked {
        let nodes: Vec<_> = terms.iter().map(|term| self.expect(term, Type::Flag)).collect();
        Some((make(nodes.into_iter().collect::<Option<_>>()?), Type::Flag))
    }

    /// What needs all its operands.
    pub(super) fn strict(&mut self, at: &Syntax) -> Checked {
        match &at.form {
            Form::Arithmetic(operation, pair) => self.arithmetic(at, *operation, pair),
            Form::Call(call) => self.call(call),
            Form::Choice(parts) => self.choice(parts),
            Form::Compare(comparison, pair) => self.compare(at, *comparison, pair),
            Form::In(pair) => self.is_in(pair),
            Form::Index(pair) => self.index(pair),
            Form::Negate(operand) => {
                let node = self.expect(operand, Type::Number)?;
                Some((Node::Negate(Box::new(node)), Type::Number))
            }
            _ => self.node(at),
        }
    }

    pub(super) fn choice(&mut self, [condition, then, other]: &[Syntax; 3]) -> Checked {
        let condition = self.expect(condition, Type::Flag);
        let then = self.node(then);
        let (then, kind) = then?;
        let other = self.expect(other, kind)?;
        Some((Node::If(Box::new([condition?, then, other])), kind))
    }

    pub(super) fn index(&mut self, [whole, place]: &[Syntax; 2]) -> Checked {
        let (node, kind) = self.node(whole)?;
        let (wanted, result) = match kind {
            Type::Map => (Type::Text, Type::Text),
            _ => match kind.element() {
                Some(element) => (Type::Number, element),
                None => {
                    let span = whole.span.clone();
                    self.wrong(span, format!("this is {kind}, which has nothing inside"));
                    return None;
                }
            },
        };
        let place = self.expect(place, wanted)?;
        Some((Node::Index(Box::new([node, place])), result))
    }

    pub(super) fn is_in(&mut self, [element, list]: &[Syntax; 2]) -> Checked {
        let (node, list_node) = (self.node(element), self.node(list));
        let ((node, kind), (list_node, list_kind)) = (node?, list_node?);
        let inside = if list_kind == Type::Map { Some(Type::Text) } else { list_kind.element() };
        let fits = inside.is_some_and(|inside| inside == kind || list_kind == Type::Empty);
        if !fits {
            let span = list.span.clone();
            self.wrong(span, format!("{kind} cannot be in {list_kind}"));
            return None;
        }
        if let Form::List(elements) = &list.form {
            elements.iter().for_each(|one| self.closed(&node, one));
        }
        Some((Node::In(Box::new([node, list_node])), Type::Flag))
    }

    pub(super) fn compare(
        &mut self,
        at: &Syntax,
        comparison: Comparison,
        [at_left, at_right]: &[Syntax; 2],
    ) -> Checked {
        let (left, right) = (self.node(at_left), self.node(at_right));
        let ((left, one), (right, other)) = (left?, right?);
        let ordered = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        if !one.goes_with(other) {
            let span = at.span.clone();
            self.wrong(span, format!("{one} and {other} cannot be compared"));
            return None;
        }
        self.closed(&left, at_right);
        self.closed(&right, at_left);
        if ordered && !matches!(one, Type::Number | Type::Text) {
            let span = at.span.clone();
            self.wrong(span, format!("{one} has no order"));
            return None;
        }
        Some((Node::Compare(comparison, Box::new([left, right])), Type::Flag))
    }

    pub(super) fn arithmetic(&mut self, at: &Syntax, operation: Arithmetic, [left, right]: &[Syntax; 2]) -> Checked {
        let (left, right) = (self.node(left), self.node(right));
        let ((left, one), (right, other)) = (left?, right?);
        let joins = operation == Arithmetic::Add && (one == Type::Text || one.element().is_some());
        if !one.goes_with(other) || (one != Type::Number && !joins) {
            let span = at.span.clone();
            self.wrong(span, format!("{one} and {other} do not go together here"));
            return None;
        }
        let kind = if one == Type::Empty { other } else { one };
        Some((Node::Arithmetic(operation, Box::new([left, right])), kind))
    }
}
