//! Types of operators: permitted operands and results.

use super::{CheckedNode, ExpressionChecker, Polarity};
use crate::policy::expression::{
    checked_tree::{ArithmeticOp, ComparisonOp, ExprNode},
    syntax::{Form, Syntax},
    types::ExprType,
};

impl ExpressionChecker<'_> {
    pub(super) fn not(&mut self, operand: &Syntax) -> CheckedNode {
        let before = self.polarity;
        self.polarity = match before {
            Polarity::Against => Polarity::For,
            Polarity::For => Polarity::Against,
            Polarity::Unsettled => Polarity::Unsettled,
        };
        let node = self.expect(operand, ExprType::Flag);
        self.polarity = before;
        Some((ExprNode::Not(Box::new(node?)), ExprType::Flag))
    }

    pub(super) fn junction(&mut self, terms: &[Syntax], make: fn(Vec<ExprNode>) -> ExprNode) -> CheckedNode {
        let nodes: Vec<_> = terms.iter().map(|term| self.expect(term, ExprType::Flag)).collect();
        Some((make(nodes.into_iter().collect::<Option<_>>()?), ExprType::Flag))
    }

    /// An operator that needs all its operands.
    pub(super) fn strict(&mut self, at: &Syntax) -> CheckedNode {
        match &at.form {
            Form::Arithmetic(operation, pair) => self.arithmetic(at, *operation, pair),
            Form::Call(call) => self.call(call),
            Form::Choice(parts) => self.choice(parts),
            Form::Compare(comparison, pair) => self.compare(at, *comparison, pair),
            Form::In(pair) => self.is_in(pair),
            Form::Index(pair) => self.index(pair),
            Form::Negate(operand) => {
                let node = self.expect(operand, ExprType::Number)?;
                Some((ExprNode::Negate(Box::new(node)), ExprType::Number))
            }
            _ => self.node(at),
        }
    }

    pub(super) fn choice(&mut self, [condition, then, other]: &[Syntax; 3]) -> CheckedNode {
        let condition = self.expect(condition, ExprType::Flag);
        let then = self.node(then);
        let (then, kind) = then?;
        let other = self.expect(other, kind)?;
        Some((ExprNode::If(Box::new([condition?, then, other])), kind))
    }

    pub(super) fn index(&mut self, [whole, place]: &[Syntax; 2]) -> CheckedNode {
        let (node, kind) = self.node(whole)?;
        let (wanted, result) = match kind {
            ExprType::Map => (ExprType::Text, ExprType::Text),
            _ => match kind.element() {
                Some(element) => (ExprType::Number, element),
                None => {
                    let span = whole.span.clone();
                    self.wrong(span, format!("{kind} has no fields or elements"));
                    return None;
                }
            },
        };
        let place = self.expect(place, wanted)?;
        Some((ExprNode::Index(Box::new([node, place])), result))
    }

    pub(super) fn is_in(&mut self, [element, list]: &[Syntax; 2]) -> CheckedNode {
        let (node, list_node) = (self.node(element), self.node(list));
        let ((node, kind), (list_node, list_kind)) = (node?, list_node?);
        let inside = if list_kind == ExprType::Map { Some(ExprType::Text) } else { list_kind.element() };
        let fits = inside.is_some_and(|inside| inside == kind || list_kind == ExprType::Empty);
        if !fits {
            let span = list.span.clone();
            self.wrong(span, format!("{kind} cannot be in {list_kind}"));
            return None;
        }
        if let Form::List(elements) = &list.form {
            elements.iter().for_each(|one| self.closed(&node, one));
        }
        Some((ExprNode::In(Box::new([node, list_node])), ExprType::Flag))
    }

    pub(super) fn compare(
        &mut self,
        at: &Syntax,
        comparison: ComparisonOp,
        [at_left, at_right]: &[Syntax; 2],
    ) -> CheckedNode {
        let (left, right) = (self.node(at_left), self.node(at_right));
        let ((left, one), (right, other)) = (left?, right?);
        let ordered = !matches!(comparison, ComparisonOp::Equal | ComparisonOp::NotEqual);
        if !one.goes_with(other) {
            let span = at.span.clone();
            self.wrong(span, format!("{one} and {other} cannot be compared"));
            return None;
        }
        self.closed(&left, at_right);
        self.closed(&right, at_left);
        if ordered && !matches!(one, ExprType::Number | ExprType::Text) {
            let span = at.span.clone();
            self.wrong(span, format!("{one} cannot be ordered"));
            return None;
        }
        Some((ExprNode::Compare(comparison, Box::new([left, right])), ExprType::Flag))
    }

    pub(super) fn arithmetic(
        &mut self,
        at: &Syntax,
        operation: ArithmeticOp,
        [left, right]: &[Syntax; 2],
    ) -> CheckedNode {
        let (left, right) = (self.node(left), self.node(right));
        let ((left, one), (right, other)) = (left?, right?);
        let joins = operation == ArithmeticOp::Add && (one == ExprType::Text || one.element().is_some());
        if !one.goes_with(other) || (one != ExprType::Number && !joins) {
            let span = at.span.clone();
            self.wrong(span, format!("the operator does not apply to {one} and {other}"));
            return None;
        }
        let kind = if one == ExprType::Empty { other } else { one };
        Some((ExprNode::Arithmetic(operation, Box::new([left, right])), kind))
    }
}
