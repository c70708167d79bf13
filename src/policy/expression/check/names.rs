//! Resolves names to local variables, attributes, or map elements.

use super::{CheckedNode, ExpressionChecker, Polarity};
use crate::{
    format::nearest,
    policy::expression::{
        checked_tree::ExprNode,
        error::ExpressionError,
        syntax::{Form, Literal, Syntax},
        types::ExprType,
        value::ExprValue,
    },
};
use std::{borrow::Cow, ops::Range};

impl ExpressionChecker<'_> {
    pub(super) fn name(&mut self, at: &Syntax, name: &str) -> CheckedNode {
        if let Some(place) = self.locals.iter().rposition(|(local, _)| local == name) {
            return Some((ExprNode::Local(place), self.locals[place].1));
        }
        self.attribute(at.span.clone(), name)
    }

    pub(super) fn select(&mut self, at: &Syntax, operand: &Syntax, field: &str) -> CheckedNode {
        if let Some(name) = self.dotted(at) {
            if let Some((slot, kind)) = self.vocabulary.find(&name) {
                return Some((ExprNode::Attribute(slot), kind.into()));
            }
            // `grant.attributes.login` is the element of a map.
            if self.dotted(operand).is_none_or(|inner| self.vocabulary.find(&inner).is_none()) {
                return self.attribute(at.span.clone(), &name);
            }
        }
        let (node, kind) = self.node(operand)?;
        if kind != ExprType::Map {
            let span = at.span.clone();
            self.wrong(span, format!("{kind} has no fields or elements"));
            return None;
        }
        let key = ExprNode::Literal(ExprValue::Text(Cow::Owned(field.to_owned())));
        Some((ExprNode::Index(Box::new([node, key])), ExprType::Text))
    }

    /// `has(x)` is false if `x` is unknown. An unknown value may make a rule apply or be violated, but must never make
    /// it pass. Therefore an attribute is permitted in `has` only under negation, as in `!has(principal.owner)`.
    pub(super) fn presence(&mut self, at: &Syntax) -> CheckedNode {
        let Form::Select(operand, field) = &at.form else {
            return self.reject(
                at,
                "expression-kind",
                "`has` requires a name with a dot",
                "`has(grant.attributes.login)`",
            );
        };
        if let Some((slot, _)) = self.dotted(at).and_then(|name| self.vocabulary.find(&name)) {
            if self.polarity == Polarity::Against {
                return Some((ExprNode::IsKnown(slot), ExprType::Flag));
            }
            let message = "`has` would turn an unknown value into a pass";
            let help =
                "remove it, since unknown values are handled without it; or write `!has(…)` to require a known value";
            return self.reject(at, "unknown-is-no-pass", message, help);
        }
        let map = self.expect(operand, ExprType::Map)?;
        Some((ExprNode::HasKey(Box::new(map), field.clone()), ExprType::Flag))
    }

    /// Rejects a string that a name never has: `principal.kind == 'servce'` would always pass.
    pub(super) fn closed(&mut self, name: &ExprNode, at: &Syntax) {
        let (ExprNode::Attribute(slot), Form::Literal(Literal::Text(word))) = (name, &at.form) else { return };
        let Some(words) = self.vocabulary.permitted_values(*slot).filter(|words| !words.contains(&word.as_str()))
        else {
            return;
        };
        let help = match nearest(word.as_str(), words.iter().copied()) {
            Some(near) => format!("did you mean `'{near}'`?"),
            None => format!("permitted values: {}", words.join(", ")),
        };
        let message = format!("the value is never `{}`", word.as_str().escape_debug());
        self.mistakes.push(ExpressionError::new("unknown-word", at.span.clone(), message).help(help));
    }

    /// Returns the dotted name of a chain of fields; `None` if it begins with a local variable.
    fn dotted(&self, at: &Syntax) -> Option<String> {
        match &at.form {
            Form::Name(name) if self.locals.iter().all(|(local, _)| local != name) => Some(name.clone()),
            Form::Select(operand, field) => Some(format!("{}.{field}", self.dotted(operand)?)),
            _ => None,
        }
    }

    fn attribute(&mut self, span: Range<usize>, name: &str) -> CheckedNode {
        if let Some((slot, kind)) = self.vocabulary.find(name) {
            return Some((ExprNode::Attribute(slot), kind.into()));
        }
        let names = self.vocabulary.names();
        let all = names.iter().map(String::as_str);
        let near = nearest(name, all.chain(self.locals.iter().map(|(local, _)| local.as_str())));
        let inside = || names.iter().find(|known| known.rsplit('.').next() == name.rsplit('.').next());
        let help = match near.or_else(|| inside().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => self.vocabulary.help().to_owned(),
        };
        let message = format!("unknown name `{name}`");
        self.mistakes.push(ExpressionError::new("unknown-attribute", span, message).help(help));
        None
    }
}
