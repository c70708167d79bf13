//! Calls: functions, macros over lists, and patterns.

use super::{CheckedNode, ExpressionChecker};
use crate::{
    format::nearest,
    policy::expression::{
        checked_tree::{ExprFunction, ExprNode, ListMacro},
        error::ExpressionError,
        functions::FUNCTIONS,
        syntax::{Call, Form, Literal, Syntax},
        types::ExprType,
    },
};
use regex::RegexBuilder;

impl ExpressionChecker<'_> {
    pub(super) fn call(&mut self, call: &Call) -> CheckedNode {
        match (call.name.as_str(), call.receiver.as_ref(), call.arguments.as_slice()) {
            (name, Some(list), [variable, body]) if each(name).is_some() => {
                let each = each(name)?;
                self.each(each, list, variable, body)
            }
            ("matches", Some(text), [pattern]) => self.matches(text, pattern),
            (name @ ("contains" | "endsWith" | "startsWith"), Some(text), [part]) => {
                let function = match name {
                    "contains" => ExprFunction::Contains,
                    "endsWith" => ExprFunction::EndsWith,
                    _ => ExprFunction::StartsWith,
                };
                let (text, part) = (self.expect(text, ExprType::Text), self.expect(part, ExprType::Text));
                Some((ExprNode::Call(function, Box::new(text?), Some(Box::new(part?))), ExprType::Flag))
            }
            ("lowerAscii", Some(text), []) => {
                let text = self.expect(text, ExprType::Text)?;
                Some((ExprNode::Call(ExprFunction::LowerAscii, Box::new(text), None), ExprType::Text))
            }
            ("size", Some(whole), []) | ("size", None, [whole]) => {
                let (node, kind) = self.node(whole)?;
                if kind.element().is_none() && !matches!(kind, ExprType::Text | ExprType::Map) {
                    let span = whole.span.clone();
                    self.wrong(span, format!("{kind} has no size"));
                    return None;
                }
                Some((ExprNode::Call(ExprFunction::Size, Box::new(node), None), ExprType::Number))
            }
            (name @ ("int" | "string"), None, [one]) => {
                let (node, kind) = self.node(one)?;
                let (function, result) = if name == "int" {
                    (ExprFunction::Int, ExprType::Number)
                } else {
                    (ExprFunction::Text, ExprType::Text)
                };
                let fits =
                    matches!(kind, ExprType::Text | ExprType::Number) || (name == "string" && kind == ExprType::Flag);
                if !fits {
                    let span = one.span.clone();
                    self.wrong(span, format!("cannot convert {kind} with `{name}`"));
                    return None;
                }
                Some((ExprNode::Call(function, Box::new(node), None), result))
            }
            _ => self.no_such_call(call),
        }
    }

    fn each(&mut self, each: ListMacro, list: &Syntax, variable: &Syntax, body: &Syntax) -> CheckedNode {
        let Form::Name(name) = &variable.form else {
            return self.reject(variable, "expression-kind", "expected a name", "`list.exists(x, x == 'a')`");
        };
        if self.locals.len() >= MAX_NESTED {
            let message = format!("`exists`, `all`, `filter` and `map` can be nested at most {MAX_NESTED} deep");
            return self.reject(list, "expression-too-deep", &message, "split the rule into several rules");
        }
        let (list_node, kind) = self.node(list)?;
        let Some(element) = kind.element() else {
            let span = list.span.clone();
            self.wrong(span, format!("expected a list, found {kind}"));
            return None;
        };
        self.locals.push((name.clone(), element));
        let checked = if each == ListMacro::Map {
            self.node(body)
        } else {
            self.expect(body, ExprType::Flag).map(|node| (node, ExprType::Flag))
        };
        self.locals.pop();
        let (body_node, made) = checked?;
        let kind = match each {
            ListMacro::All | ListMacro::Exists | ListMacro::ExistsOne => ExprType::Flag,
            ListMacro::Filter => kind,
            ListMacro::Map => match made.list() {
                Some(list) => list,
                None => {
                    return self.reject(body, "expression-kind", "lists of lists are not supported", "use a flat list");
                }
            },
        };
        Some((ExprNode::Each(each, Box::new([list_node, body_node])), kind))
    }

    fn matches(&mut self, text: &Syntax, pattern: &Syntax) -> CheckedNode {
        let node = self.expect(text, ExprType::Text);
        let Form::Literal(Literal::Text(source)) = &pattern.form else {
            let help = "write a string literal; `contains`, `startsWith` and `endsWith` accept any string";
            return self.reject(pattern, "expression-pattern", "the pattern must be a string literal", help);
        };
        let compiled = RegexBuilder::new(source).size_limit(MAX_PATTERN_SIZE).dfa_size_limit(MAX_PATTERN_SIZE).build();
        match compiled {
            _ if source.len() > MAX_PATTERN => {
                let message = format!("the pattern has {} bytes; the maximum is {MAX_PATTERN}", source.len());
                self.reject(pattern, "expression-pattern", &message, "shorten it, or split the rule")
            }
            Ok(pattern) => Some((ExprNode::Matches(Box::new(node?), pattern), ExprType::Flag)),
            Err(regex::Error::CompiledTooBig(_)) => self.reject(
                pattern,
                "expression-pattern",
                "the compiled pattern is too large",
                "reduce its repetitions",
            ),
            Err(error) => {
                let said = error.to_string();
                let reason = said.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                let help = "the syntax is documented at https://docs.rs/regex";
                self.reject(pattern, "expression-pattern", &format!("invalid pattern: {reason}"), help)
            }
        }
    }

    fn no_such_call(&mut self, call: &Call) -> CheckedNode {
        let (name, span) = (call.name.as_str(), call.name_span.clone());
        let known = FUNCTIONS.iter().find(|function| function.name == name);
        let mistake = match known {
            Some(function) => {
                let message = format!("invalid call of `{name}`");
                ExpressionError::new("unknown-function", span, message).help(format!("write `{}`", function.form))
            }
            None => {
                let near = nearest(name, FUNCTIONS.iter().map(|function| function.name));
                let help = match near.and_then(|near| FUNCTIONS.iter().find(|function| function.name == near)) {
                    Some(function) => format!("did you mean `{}`?", function.form),
                    None => {
                        let all: Vec<_> = FUNCTIONS.iter().map(|function| function.name).collect();
                        format!("available: {}", all.join(", "))
                    }
                };
                let what = if call.receiver.is_some() { "method" } else { "function" };
                let message = format!("no {what} `{name}` takes {} arguments", call.arguments.len());
                ExpressionError::new("unknown-function", span, message).help(help)
            }
        };
        self.mistakes.push(mistake);
        None
    }
}

fn each(name: &str) -> Option<ListMacro> {
    Some(match name {
        "all" => ListMacro::All,
        "exists" => ListMacro::Exists,
        "exists_one" => ListMacro::ExistsOne,
        "filter" => ListMacro::Filter,
        "map" => ListMacro::Map,
        _ => return None,
    })
}

/// Maximum nesting depth of macros.
pub(super) const MAX_NESTED: usize = 2;
/// Maximum length of a pattern in bytes, and maximum memory of a compiled pattern.
pub(super) const MAX_PATTERN: usize = 256;
const MAX_PATTERN_SIZE: usize = 256 * 1024;
