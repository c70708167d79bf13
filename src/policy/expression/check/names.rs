//! What a name stands for: a local one, an attribute, an element of a map.

use super::{Check, Checked, Side};
use crate::{
    format::nearest,
    policy::expression::{ast::Node, error::ExpressionError, types::Type, value::Value},
};
use cel::{
    IdedExpr,
    common::ast::{Expr, LiteralValue, SelectExpr},
};
use std::{borrow::Cow, ops::Range};

impl Check<'_> {
    pub(super) fn name(&mut self, at: &IdedExpr, name: &str) -> Checked {
        if let Some(place) = self.locals.iter().rposition(|(local, _)| local == name) {
            return Some((Node::Local(place), self.locals[place].1));
        }
        self.attribute(self.parsed.span(at), name)
    }

    pub(super) fn select(&mut self, at: &IdedExpr, select: &SelectExpr) -> Checked {
        if let Some(name) = self.dotted(at) {
            if let Some((slot, kind)) = self.vocabulary.find(&name) {
                return Some((Node::Attribute(slot), kind.into()));
            }
            // `grant.attributes.login` is the element of a map.
            if self.dotted(&select.operand).is_none_or(|inner| self.vocabulary.find(&inner).is_none()) {
                return self.attribute(self.parsed.span(at), &name);
            }
        }
        let (node, kind) = self.node(&select.operand)?;
        if kind != Type::Map {
            let span = self.parsed.span(at);
            self.wrong(span, format!("this is {kind}, which has nothing inside"));
            return None;
        }
        let key = Node::Literal(Value::Text(Cow::Owned(select.field.clone())));
        Some((Node::Index(Box::new([node, key])), Type::Text))
    }

    /// `has(x)` is false where x is not known. That may make a rule fail, or be about something, and never the reverse: so
    /// an attribute may stand in it only where less of it is more of the whole, as in `!has(principal.owner)`.
    pub(super) fn presence(&mut self, at: &IdedExpr) -> Checked {
        let Expr::Select(select) = &at.expr else {
            return self.refuse(
                at,
                "expression-kind",
                "`has` takes a name with a dot",
                "`has(grant.attributes.login)`",
            );
        };
        if let Some((slot, _)) = self.dotted(at).and_then(|name| self.vocabulary.find(&name)) {
            if self.asked == Side::Against {
                return Some((Node::IsKnown(slot), Type::Flag));
            }
            let message = "`has` would make a pass of what is not known";
            let help =
                "leave it out: what is not known is unknown by itself; or write `!has(…)` for what must be known";
            return self.refuse(at, "unknown-is-no-pass", message, help);
        }
        let map = self.expect(&select.operand, Type::Map)?;
        Some((Node::HasKey(Box::new(map), select.field.clone()), Type::Flag))
    }

    /// Refuses a word that a name never has: `principal.kind == 'servce'` would always pass.
    pub(super) fn closed(&mut self, name: &Node, at: &IdedExpr) {
        let (Node::Attribute(slot), Expr::Literal(LiteralValue::String(word))) = (name, &at.expr) else { return };
        let Some(words) = self.vocabulary.words(*slot).filter(|words| !words.contains(&word.inner())) else { return };
        let help = match nearest(word.inner(), words.iter().copied()) {
            Some(near) => format!("did you mean `'{near}'`?"),
            None => format!("it is one of: {}", words.join(", ")),
        };
        let message = format!("it is never `{}`", word.inner().escape_debug());
        self.mistakes.push(ExpressionError::new("unknown-word", self.parsed.span(at), message).help(help));
    }

    /// Returns the name that identifiers and dots spell, unless it begins with a local one.
    fn dotted(&self, at: &IdedExpr) -> Option<String> {
        match &at.expr {
            Expr::Ident(name) if self.locals.iter().all(|(local, _)| local != name) => Some(name.clone()),
            Expr::Select(select) => Some(format!("{}.{}", self.dotted(&select.operand)?, select.field)),
            _ => None,
        }
    }

    fn attribute(&mut self, span: Range<usize>, name: &str) -> Checked {
        if let Some((slot, kind)) = self.vocabulary.find(name) {
            return Some((Node::Attribute(slot), kind.into()));
        }
        let names = self.vocabulary.names();
        let all = names.iter().map(String::as_str);
        let near = nearest(name, all.chain(self.locals.iter().map(|(local, _)| local.as_str())));
        let inside = || names.iter().find(|known| known.rsplit('.').next() == name.rsplit('.').next());
        let help = match near.or_else(|| inside().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => self.vocabulary.help().to_owned(),
        };
        let message = format!("there is no `{name}` here");
        self.mistakes.push(ExpressionError::new("unknown-attribute", span, message).help(help));
        None
    }
}
