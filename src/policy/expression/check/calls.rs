//! Calls: functions, macros over lists, and patterns.

use super::{
    Check, Checked,
    operators::{arithmetic, comparison},
};
use crate::{
    format::nearest,
    policy::expression::{
        ast::{Function, ListMacro, Node},
        error::ExpressionError,
        functions::FUNCTIONS,
        types::Type,
    },
};
use cel::{
    IdedExpr,
    common::ast::{CallExpr, Expr, LiteralValue, operators},
};
use regex::RegexBuilder;

impl Check<'_> {
    /// What needs all its operands.
    pub(super) fn strict(&mut self, at: &IdedExpr, call: &CallExpr) -> Checked {
        let arguments = call.args.as_slice();
        match (call.func_name.as_str(), call.target.as_deref(), arguments) {
            (operators::CONDITIONAL, None, [condition, then, other]) => self.choice(condition, then, other),
            (operators::INDEX, None, [whole, place]) => self.index(whole, place),
            (operators::IN, None, [element, list]) => self.is_in(element, list),
            (operators::NEGATE, None, [one]) => {
                let node = self.expect(one, Type::Number)?;
                Some((Node::Negate(Box::new(node)), Type::Number))
            }
            (name, None, [left, right]) if comparison(name).is_some() => {
                let comparison = comparison(name)?;
                self.compare(at, comparison, left, right)
            }
            (name, None, [left, right]) if arithmetic(name).is_some() => {
                let operation = arithmetic(name)?;
                self.arithmetic(at, operation, left, right)
            }
            (name, Some(list), [variable, body]) if each(name).is_some() => {
                let each = each(name)?;
                self.each(each, list, variable, body)
            }
            ("matches", Some(text), [pattern]) => self.matches(text, pattern),
            (name @ ("contains" | "endsWith" | "startsWith"), Some(text), [part]) => {
                let function = match name {
                    "contains" => Function::Contains,
                    "endsWith" => Function::EndsWith,
                    _ => Function::StartsWith,
                };
                let (text, part) = (self.expect(text, Type::Text), self.expect(part, Type::Text));
                Some((Node::Call(function, Box::new(text?), Some(Box::new(part?))), Type::Flag))
            }
            ("lowerAscii", Some(text), []) => {
                let text = self.expect(text, Type::Text)?;
                Some((Node::Call(Function::LowerAscii, Box::new(text), None), Type::Text))
            }
            ("size", Some(whole), []) | ("size", None, [whole]) => {
                let (node, kind) = self.node(whole)?;
                if kind.element().is_none() && !matches!(kind, Type::Text | Type::Map) {
                    let span = self.parsed.span(whole);
                    self.wrong(span, format!("this is {kind}, which has no size"));
                    return None;
                }
                Some((Node::Call(Function::Size, Box::new(node), None), Type::Number))
            }
            (name @ ("int" | "string"), None, [one]) => {
                let (node, kind) = self.node(one)?;
                let (function, result) =
                    if name == "int" { (Function::Int, Type::Number) } else { (Function::Text, Type::Text) };
                let fits = matches!(kind, Type::Text | Type::Number) || (name == "string" && kind == Type::Flag);
                if !fits {
                    let span = self.parsed.span(one);
                    self.wrong(span, format!("`{name}` cannot be made of {kind}"));
                    return None;
                }
                Some((Node::Call(function, Box::new(node), None), result))
            }
            (name, target, arguments) => self.no_such_call(at, name, target.is_some(), arguments.len()),
        }
    }

    fn each(&mut self, each: ListMacro, list: &IdedExpr, variable: &IdedExpr, body: &IdedExpr) -> Checked {
        let Expr::Ident(name) = &variable.expr else {
            return self.refuse(variable, "expression-kind", "a name stands here", "`list.exists(x, x == 'a')`");
        };
        if self.locals.len() >= MAX_NESTED {
            let message =
                format!("no more than {MAX_NESTED} of `exists`, `all`, `filter` and `map` go into each other");
            return self.refuse(list, "expression-too-deep", &message, "split it into several rules");
        }
        let (list_node, kind) = self.node(list)?;
        let Some(element) = kind.element() else {
            let span = self.parsed.span(list);
            self.wrong(span, format!("this is {kind}, and a list is needed"));
            return None;
        };
        self.locals.push((name.clone(), element));
        let checked = if each == ListMacro::Map {
            self.node(body)
        } else {
            self.expect(body, Type::Flag).map(|node| (node, Type::Flag))
        };
        self.locals.pop();
        let (body_node, made) = checked?;
        let kind = match each {
            ListMacro::All | ListMacro::Exists | ListMacro::ExistsOne => Type::Flag,
            ListMacro::Filter => kind,
            ListMacro::Map => match made.list() {
                Some(list) => list,
                None => {
                    return self.refuse(body, "expression-kind", "a list of lists is of no use here", "take it apart");
                }
            },
        };
        Some((Node::Each(each, Box::new([list_node, body_node])), kind))
    }

    fn matches(&mut self, text: &IdedExpr, pattern: &IdedExpr) -> Checked {
        let node = self.expect(text, Type::Text);
        let Expr::Literal(LiteralValue::String(literal)) = &pattern.expr else {
            let help = "write the pattern itself; `contains`, `startsWith` and `endsWith` take any string";
            return self.refuse(pattern, "expression-pattern", "a pattern stands here, and not what gives one", help);
        };
        let source = literal.inner();
        let compiled = RegexBuilder::new(source).size_limit(MAX_PATTERN_SIZE).dfa_size_limit(MAX_PATTERN_SIZE).build();
        match compiled {
            _ if source.len() > MAX_PATTERN => {
                let message = format!("the pattern has {} bytes; at most {MAX_PATTERN} are taken", source.len());
                self.refuse(pattern, "expression-pattern", &message, "write a shorter one, or several rules")
            }
            Ok(pattern) => Some((Node::Matches(Box::new(node?), pattern), Type::Flag)),
            Err(regex::Error::CompiledTooBig(_)) => {
                self.refuse(pattern, "expression-pattern", "the pattern becomes too large", "repeat less in it")
            }
            Err(error) => {
                let said = error.to_string();
                let reason = said.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                let help = "the syntax is that of https://docs.rs/regex, as in RE2";
                self.refuse(pattern, "expression-pattern", &format!("no pattern: {reason}"), help)
            }
        }
    }

    fn no_such_call(&mut self, at: &IdedExpr, name: &str, method: bool, arguments: usize) -> Checked {
        let span = self.parsed.name(at);
        let known = FUNCTIONS.iter().find(|function| function.name == name);
        let mistake = match known {
            Some(function) => {
                let message = format!("`{name}` is not called like this");
                ExpressionError::new("unknown-function", span, message).help(format!("write `{}`", function.form))
            }
            None => {
                let near = nearest(name, FUNCTIONS.iter().map(|function| function.name));
                let help = match near.and_then(|near| FUNCTIONS.iter().find(|function| function.name == near)) {
                    Some(function) => format!("did you mean `{}`?", function.form),
                    None => {
                        let all: Vec<_> = FUNCTIONS.iter().map(|function| function.name).collect();
                        format!("there are: {}", all.join(", "))
                    }
                };
                let what = if method { "method" } else { "function" };
                let message = format!("there is no {what} `{name}` of {arguments} arguments");
                ExpressionError::new("unknown-function", span, message).help(help)
            }
        };
        self.mistakes.push(mistake);
        None
    }
}

fn each(name: &str) -> Option<ListMacro> {
    Some(match name {
        operators::ALL => ListMacro::All,
        operators::EXISTS => ListMacro::Exists,
        operators::EXISTS_ONE => ListMacro::ExistsOne,
        operators::FILTER => ListMacro::Filter,
        operators::MAP => ListMacro::Map,
        _ => return None,
    })
}

/// How many macros may stand in each other.
pub(super) const MAX_NESTED: usize = 2;
/// The longest pattern, in bytes, and the most memory it may become.
pub(super) const MAX_PATTERN: usize = 256;
const MAX_PATTERN_SIZE: usize = 256 * 1024;
