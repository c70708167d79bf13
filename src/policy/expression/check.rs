//! Settles names, kinds and functions of a parsed expression; everything that is wrong is said at once.

use super::{
    mistake::Mistake,
    node::{Arithmetic, Comparison, Each, Function, Node},
    parse::Parsed,
    value::{Value, Vocabulary},
};
use crate::{format::nearest, policy::Kind};
use cel::{
    IdedExpr,
    common::ast::{CallExpr, Expr, LiteralValue, SelectExpr, operators},
};
use regex::RegexBuilder;
use std::{borrow::Cow, fmt, ops::Range};

/// The kind of a part of an expression.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Type {
    /// An empty list, which goes with any.
    Empty,
    Flag,
    Flags,
    Map,
    Number,
    Numbers,
    Text,
    Texts,
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "an empty list",
            Self::Flag => "bool",
            Self::Flags => "list(bool)",
            Self::Map => "map(string, string)",
            Self::Number => "int",
            Self::Numbers => "list(int)",
            Self::Text => "string",
            Self::Texts => "list(string)",
        })
    }
}

impl From<Kind> for Type {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Flag => Self::Flag,
            Kind::Map => Self::Map,
            Kind::Number => Self::Number,
            Kind::Text => Self::Text,
            Kind::Texts => Self::Texts,
        }
    }
}

impl Type {
    const fn element(self) -> Option<Self> {
        match self {
            Self::Flags => Some(Self::Flag),
            Self::Numbers => Some(Self::Number),
            Self::Texts | Self::Empty => Some(Self::Text),
            Self::Flag | Self::Map | Self::Number | Self::Text => None,
        }
    }

    const fn list(self) -> Option<Self> {
        match self {
            Self::Flag => Some(Self::Flags),
            Self::Number => Some(Self::Numbers),
            Self::Text => Some(Self::Texts),
            _ => None,
        }
    }

    fn goes_with(self, other: Self) -> bool {
        self == other
            || (self == Self::Empty && other.element().is_some())
            || (other == Self::Empty && self.element().is_some())
    }
}

/// Checks a parsed expression against the names it may use.
pub(super) struct Check<'c> {
    parsed: &'c Parsed<'c>,
    vocabulary: &'c dyn Vocabulary,
    locals: Vec<(String, Type)>,
    /// What is wrong so far.
    pub(super) mistakes: Vec<Mistake>,
    /// Whether what is not known may become false here; see [`Self::presence`].
    asked: Side,
}

/// Which way a part of the expression pulls the whole.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Side {
    /// More of it, more of the whole.
    For,
    /// More of it, less of the whole.
    Against,
    /// Neither can be said.
    Unsettled,
}

type Checked = Option<(Node, Type)>;

impl<'c> Check<'c> {
    pub(super) const fn new(parsed: &'c Parsed<'c>, vocabulary: &'c dyn Vocabulary) -> Self {
        Self { parsed, vocabulary, locals: Vec::new(), mistakes: Vec::new(), asked: Side::For }
    }

    pub(super) fn node(&mut self, at: &IdedExpr) -> Checked {
        match &at.expr {
            Expr::Call(call) => self.call(at, call),
            Expr::Ident(name) => self.name(at, name),
            Expr::List(list) => self.list(at, &list.elements),
            Expr::Literal(literal) => self.literal(at, literal),
            Expr::Select(select) => self.select(at, select),
            Expr::Map(_) | Expr::Struct(_) | Expr::Comprehension(_) | Expr::Unspecified => {
                let message = "maps and messages cannot be made here";
                self.refuse(at, "expression-unsupported", message, "compare with words, numbers and lists of them")
            }
        }
    }

    /// Checks a part that must be of this type.
    pub(super) fn expect(&mut self, at: &IdedExpr, wanted: Type) -> Option<Node> {
        let (node, found) = self.node(at)?;
        if found.goes_with(wanted) {
            return Some(node);
        }
        let span = self.parsed.span(at);
        self.wrong(span, format!("this is {found}, and {wanted} is needed"));
        None
    }

    fn literal(&mut self, at: &IdedExpr, literal: &LiteralValue) -> Checked {
        let value = match literal {
            LiteralValue::Boolean(flag) => (Value::Flag(*flag.inner()), Type::Flag),
            LiteralValue::Int(number) => (Value::Number(*number.inner()), Type::Number),
            LiteralValue::String(text) => (Value::Text(Cow::Owned(text.inner().to_owned())), Type::Text),
            LiteralValue::Bytes(_) | LiteralValue::Double(_) | LiteralValue::Null | LiteralValue::UInt(_) => {
                let help = "no attribute has such values: whole numbers, strings, true and false are there";
                return self.refuse(at, "expression-unsupported", "no such values are used here", help);
            }
        };
        Some((Node::Literal(value.0), value.1))
    }

    fn list(&mut self, at: &IdedExpr, elements: &[IdedExpr]) -> Checked {
        if elements.len() > MAX_ELEMENTS {
            let message = format!("the list has {} elements; at most {MAX_ELEMENTS} are taken", elements.len());
            return self.refuse(at, "expression-too-long", &message, "split it into several rules");
        }
        let checked: Vec<_> = elements.iter().map(|element| (element, self.node(element))).collect();
        let Some((_, first)) = checked.first() else { return Some((Node::Values(Vec::new()), Type::Empty)) };
        let kind = first.as_ref()?.1;
        let Some(list) = kind.list() else {
            return self.refuse(at, "expression-kind", "a list holds strings, numbers or truths", "take it apart");
        };
        let mut nodes = Vec::new();
        for (element, checked) in checked {
            let (node, found) = checked?;
            if found != kind {
                let span = self.parsed.span(element);
                self.wrong(span, format!("this is {found}, and the list begins with {kind}"));
                return None;
            }
            nodes.push(node);
        }
        let literal = |node: &Node| match node {
            Node::Literal(value) => Some(value.clone()),
            _ => None,
        };
        match nodes.iter().map(literal).collect::<Option<Vec<_>>>() {
            Some(values) => Some((Node::Values(values), list)),
            None => Some((Node::List(nodes), list)),
        }
    }

    fn name(&mut self, at: &IdedExpr, name: &str) -> Checked {
        if let Some(place) = self.locals.iter().rposition(|(local, _)| local == name) {
            return Some((Node::Local(place), self.locals[place].1));
        }
        self.attribute(self.parsed.span(at), name)
    }

    fn select(&mut self, at: &IdedExpr, select: &SelectExpr) -> Checked {
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
        self.mistakes.push(Mistake::new("unknown-attribute", span, message).help(help));
        None
    }

    fn call(&mut self, at: &IdedExpr, call: &CallExpr) -> Checked {
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

    /// `has(x)` is false where x is not known. That may make a rule fail, or be about something, and never the reverse: so
    /// an attribute may stand in it only where less of it is more of the whole, as in `!has(principal.owner)`.
    fn presence(&mut self, at: &IdedExpr) -> Checked {
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

    /// What needs all its operands.
    fn strict(&mut self, at: &IdedExpr, call: &CallExpr) -> Checked {
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

    fn choice(&mut self, condition: &IdedExpr, then: &IdedExpr, other: &IdedExpr) -> Checked {
        let condition = self.expect(condition, Type::Flag);
        let then = self.node(then);
        let (then, kind) = then?;
        let other = self.expect(other, kind)?;
        Some((Node::If(Box::new([condition?, then, other])), kind))
    }

    fn index(&mut self, whole: &IdedExpr, place: &IdedExpr) -> Checked {
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

    fn is_in(&mut self, element: &IdedExpr, list: &IdedExpr) -> Checked {
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

    fn compare(&mut self, at: &IdedExpr, comparison: Comparison, at_left: &IdedExpr, at_right: &IdedExpr) -> Checked {
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

    /// Refuses a word that a name never has: `principal.kind == 'servce'` would always pass.
    fn closed(&mut self, name: &Node, at: &IdedExpr) {
        let (Node::Attribute(slot), Expr::Literal(LiteralValue::String(word))) = (name, &at.expr) else { return };
        let Some(words) = self.vocabulary.words(*slot).filter(|words| !words.contains(&word.inner())) else { return };
        let help = match nearest(word.inner(), words.iter().copied()) {
            Some(near) => format!("did you mean `'{near}'`?"),
            None => format!("it is one of: {}", words.join(", ")),
        };
        let message = format!("it is never `{}`", word.inner().escape_debug());
        self.mistakes.push(Mistake::new("unknown-word", self.parsed.span(at), message).help(help));
    }

    fn arithmetic(&mut self, at: &IdedExpr, operation: Arithmetic, left: &IdedExpr, right: &IdedExpr) -> Checked {
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

    fn each(&mut self, each: Each, list: &IdedExpr, variable: &IdedExpr, body: &IdedExpr) -> Checked {
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
        let checked = if each == Each::Map {
            self.node(body)
        } else {
            self.expect(body, Type::Flag).map(|node| (node, Type::Flag))
        };
        self.locals.pop();
        let (body_node, made) = checked?;
        let kind = match each {
            Each::All | Each::Exists | Each::ExistsOne => Type::Flag,
            Each::Filter => kind,
            Each::Map => match made.list() {
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
                Mistake::new("unknown-function", span, message).help(format!("write `{}`", function.form))
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
                Mistake::new("unknown-function", span, message).help(help)
            }
        };
        self.mistakes.push(mistake);
        None
    }

    fn wrong(&mut self, span: Range<usize>, message: String) {
        let help = "`tenure policy attributes` lists what each name is";
        self.mistakes.push(Mistake::new("expression-kind", span, message).help(help));
    }

    fn refuse(&mut self, at: &IdedExpr, code: &'static str, message: &str, help: &str) -> Checked {
        self.mistakes.push(Mistake::new(code, self.parsed.span(at), message).help(help));
        None
    }
}

fn comparison(operator: &str) -> Option<Comparison> {
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

fn arithmetic(operator: &str) -> Option<Arithmetic> {
    Some(match operator {
        operators::ADD => Arithmetic::Add,
        operators::DIVIDE => Arithmetic::Divide,
        operators::MODULO => Arithmetic::Remainder,
        operators::MULTIPLY => Arithmetic::Multiply,
        operators::SUBSTRACT => Arithmetic::Subtract,
        _ => return None,
    })
}

fn each(name: &str) -> Option<Each> {
    Some(match name {
        operators::ALL => Each::All,
        operators::EXISTS => Each::Exists,
        operators::EXISTS_ONE => Each::ExistsOne,
        operators::FILTER => Each::Filter,
        operators::MAP => Each::Map,
        _ => return None,
    })
}

/// A function or macro that expressions may call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Called {
    /// Its name.
    pub name: &'static str,
    /// How it is called.
    pub form: &'static str,
    /// What it gives.
    pub about: &'static str,
}

/// All functions and macros, sorted by name: those of CEL that the kinds of attributes have a use for.
pub const FUNCTIONS: &[Called] = &[
    Called { name: "all", form: "list.all(x, x == 'a')", about: "Whether it holds for each element." },
    Called { name: "contains", form: "text.contains('a')", about: "Whether a word is in another." },
    Called { name: "endsWith", form: "text.endsWith('a')", about: "Whether a word ends with another." },
    Called { name: "exists", form: "list.exists(x, x == 'a')", about: "Whether it holds for any element." },
    Called { name: "exists_one", form: "list.exists_one(x, x == 'a')", about: "Whether it holds for exactly one." },
    Called { name: "filter", form: "list.filter(x, x != 'a')", about: "The elements for which it holds." },
    Called {
        name: "has",
        form: "has(grant.attributes.login)",
        about: "Whether a map has a name; of an attribute only as `!has(…)`, for what must be known.",
    },
    Called { name: "int", form: "int('5')", about: "The number that a word says." },
    Called { name: "lowerAscii", form: "text.lowerAscii()", about: "A word in small letters." },
    Called { name: "map", form: "list.map(x, x + 'a')", about: "What becomes of each element." },
    Called { name: "matches", form: "text.matches('^a+$')", about: "Whether a pattern is found in a word." },
    Called { name: "size", form: "size(list)", about: "How many elements or letters there are." },
    Called { name: "startsWith", form: "text.startsWith('a')", about: "Whether a word begins with another." },
    Called { name: "string", form: "string(5)", about: "A number or truth as a word." },
];

/// The most elements of a list that is written down.
pub(super) const MAX_ELEMENTS: usize = 256;
/// How many macros may stand in each other.
pub(super) const MAX_NESTED: usize = 2;
/// The longest pattern, in bytes, and the most memory it may become.
pub(super) const MAX_PATTERN: usize = 256;
const MAX_PATTERN_SIZE: usize = 256 * 1024;
