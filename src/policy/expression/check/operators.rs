//! Operators: what goes with what, and what comes of it.

use super::{Check, Checked, Side};
use crate::policy::expression::{
    ast::{Arithmetic, Comparison, Node},
    types::Type,
};
use cel::{
    IdedExpr,
    common::ast::{CallExpr, Expr, operators},
};

impl Check<'_> {
    pub(super) fn call(&mut self, at: &IdedExpr, call: &CallExpr) -> Checked {
        let arguments = call.args.as_slice();
        match (call.func_name.as_str(), call.target.as_deref(), arguments) {
            (operators::LOGICAL_AND, None, [_, _]) => self.junction(at, operators::LOGICAL_AND, Node::And),
            (operators::LOGICAL_OR, None, [_, _]) => self.junction(at, operators::LOGICAL_OR, Node::Or),
            (operators::LOGICAL_NOT, None, [one]) => {
                let before = self.asked;
                self.asked = match before {
                    Side::Against => Side::For,
                    Side::For => Side::Against,
                    Side::Unsettled => Side::Unsettled,
                };
                let node = self.expect(one, Type::Flag);
                self.asked = before;
                Some((Node::Not(Box::new(node?)), Type::Flag))
            }
            (operators::HAS, None, [one]) => self.presence(one),
            _ => {
                let before = std::mem::replace(&mut self.asked, Side::Unsettled);
                let checked = self.strict(at, call);
                self.asked = before;
                checked
            }
        }
    }

    /// Collects `a && b && c` as one step, however the parser has bracketed it.
    fn junction(&mut self, at: &IdedExpr, operator: &str, make: fn(Vec<Node>) -> Node) -> Checked {
        fn terms<'e>(at: &'e IdedExpr, operator: &str, found: &mut Vec<&'e IdedExpr>) {
            match &at.expr {
                Expr::Call(call) if call.func_name == operator => {
                    call.args.iter().for_each(|argument| terms(argument, operator, found));
                }
                _ => found.push(at),
            }
        }
        let mut found = Vec::new();
        terms(at, operator, &mut found);
        let nodes: Vec<_> = found.into_iter().map(|term| self.expect(term, Type::Flag)).collect();
        Some((make(nodes.into_iter().collect::<Option<_>>()?), Type::Flag))
    }

    pub(super) fn choice(&mut self, condition: &IdedExpr, then: &IdedExpr, other: &IdedExpr) -> Checked {
        let condition = self.expect(condition, Type::Flag);
        let then = self.node(then);
        let (then, kind) = then?;
        let other = self.expect(other, kind)?;
        Some((Node::If(Box::new([condition?, then, other])), kind))
    }

    pub(super) fn index(&mut self, whole: &IdedExpr, place: &IdedExpr) -> Checked {
        let (node, kind) = self.node(whole)?;
        let (wanted, result) = match kind {
            Type::Map => (Type::Text, Type::Text),
            _ => match kind.element() {
                Some(element) => (Type::Number, element),
                None => {
                    let span = self.parsed.span(whole);
                    self.wrong(span, format!("this is {kind}, which has nothing inside"));
                    return None;
                }
            },
        };
        let place = self.expect(place, wanted)?;
        Some((Node::Index(Box::new([node, place])), result))
    }

    pub(super) fn is_in(&mut self, element: &IdedExpr, list: &IdedExpr) -> Checked {
        let (node, list_node) = (self.node(element), self.node(list));
        let ((node, kind), (list_node, list_kind)) = (node?, list_node?);
        let inside = if list_kind == Type::Map { Some(Type::Text) } else { list_kind.element() };
        let fits = inside.is_some_and(|inside| inside == kind || list_kind == Type::Empty);
        if !fits {
            let span = self.parsed.span(list);
            self.wrong(span, format!("{kind} cannot be in {list_kind}"));
            return None;
        }
        if let Expr::List(literal) = &list.expr {
            literal.elements.iter().for_each(|one| self.closed(&node, one));
        }
        Some((Node::In(Box::new([node, list_node])), Type::Flag))
    }

    pub(super) fn compare(
        &mut self,
        at: &IdedExpr,
        comparison: Comparison,
        at_left: &IdedExpr,
        at_right: &IdedExpr,
    ) -> Checked {
        let (left, right) = (self.node(at_left), self.node(at_right));
        let ((left, one), (right, other)) = (left?, right?);
        let ordered = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        if !one.goes_with(other) {
            let span = self.parsed.span(at);
            self.wrong(span, format!("{one} and {other} cannot be compared"));
            return None;
        }
        self.closed(&left, at_right);
        self.closed(&right, at_left);
        if ordered && !matches!(one, Type::Number | Type::Text) {
            let span = self.parsed.span(at);
            self.wrong(span, format!("{one} has no order"));
            return None;
        }
        Some((Node::Compare(comparison, Box::new([left, right])), Type::Flag))
    }

    pub(super) fn arithmetic(
        &mut self,
        at: &IdedExpr,
        operation: Arithmetic,
        left: &IdedExpr,
        right: &IdedExpr,
    ) -> Checked {
        let (left, right) = (self.node(left), self.node(right));
        let ((left, one), (right, other)) = (left?, right?);
        let joins = operation == Arithmetic::Add && (one == Type::Text || one.element().is_some());
        if !one.goes_with(other) || (one != Type::Number && !joins) {
            let span = self.parsed.span(at);
            self.wrong(span, format!("{one} and {other} do not go together here"));
            return None;
        }
        let kind = if one == Type::Empty { other } else { one };
        Some((Node::Arithmetic(operation, Box::new([left, right])), kind))
    }
}

pub(super) fn comparison(operator: &str) -> Option<Comparison> {
    Some(match operator {
        operators::EQUALS => Comparison::Equal,
        operators::GREATER => Comparison::Greater,
        operators::GREATER_EQUALS => Comparison::GreaterOrEqual,
        operators::LESS => Comparison::Less,
        operators::LESS_EQUALS => Comparison::LessOrEqual,
        operators::NOT_EQUALS => Comparison::NotEqual,
        _ => return None,
    })
}

pub(super) fn arithmetic(operator: &str) -> Option<Arithmetic> {
    Some(match operator {
        operators::ADD => Arithmetic::Add,
        operators::DIVIDE => Arithmetic::Divide,
        operators::MODULO => Arithmetic::Remainder,
        operators::MULTIPLY => Arithmetic::Multiply,
        operators::SUBSTRACT => Arithmetic::Subtract,
        _ => return None,
    })
}
