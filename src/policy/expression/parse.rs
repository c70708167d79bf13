//! From text to a tree of CEL, with the bytes that each part of it stands for. The grammar is that of the `cel` crate.

use super::error::ExpressionError;
use cel::{
    Env, IdedExpr,
    common::ast::{Expr, SourceInfo},
};
use std::ops::Range;

/// A parsed expression.
pub(super) struct Parsed<'t> {
    text: &'t str,
    info: SourceInfo,
    /// The tree; macros such as `exists` are left as calls.
    pub(super) tree: IdedExpr,
}

/// Reads an expression.
///
/// # Errors
/// When it is too long or nested too deep to be read at all, or is no CEL.
pub(super) fn parse(text: &str) -> Result<Parsed<'_>, ExpressionError> {
    check_size(text)?;
    // An environment without macros: what a macro means is settled where kinds are.
    let parser = Env::default().parser().max_recursion_depth(MAX_DEPTH).error_recovery_limit(4);
    match parser.enable_optional_syntax(false).parse_with_source_info(text) {
        Ok((tree, info)) => Ok(Parsed { text, info, tree }),
        Err(errors) => Err(syntax(text, errors.errors.first())),
    }
}

impl Parsed<'_> {
    /// Returns the bytes of a part of the expression.
    pub(super) fn span(&self, node: &IdedExpr) -> Range<usize> {
        let own = self.token(node.id);
        let (mut start, mut end) = (own.start, own.end);
        let mut widen = |span: Range<usize>| {
            start = start.min(span.start);
            end = end.max(span.end);
        };
        match &node.expr {
            Expr::Select(select) => {
                widen(self.span(&select.operand));
                widen(self.word_after(own.end));
            }
            Expr::Call(call) => {
                match &call.target {
                    Some(target) => widen(self.span(target)),
                    None if is_word(&call.func_name) => widen(self.word_before(own.start)),
                    None => {}
                }
                call.args.iter().for_each(|argument| widen(self.span(argument)));
                end = self.closed(own.start, end, &call.func_name);
            }
            Expr::List(list) => {
                list.elements.iter().for_each(|element| widen(self.span(element)));
                end = self.closed(own.start, end, "[");
            }
            Expr::Map(_) | Expr::Struct(_) => end = self.closed(own.start, end, "{"),
            _ => {}
        }
        start..end
    }

    /// Returns the bytes of the name of a called function.
    pub(super) fn name(&self, call: &IdedExpr) -> Range<usize> {
        self.word_before(self.token(call.id).start)
    }

    /// Returns the bytes of the token a node was made at.
    pub(super) fn token(&self, id: u64) -> Range<usize> {
        let (start, stop) = self.info.offset_for(id).unwrap_or_default();
        let start = floor(self.text, start as usize);
        let mut end = (stop as usize + 1).clamp(start, self.text.len());
        while !self.text.is_char_boundary(end) {
            end += 1;
        }
        start..end
    }

    fn word_before(&self, at: usize) -> Range<usize> {
        let before = self.text.get(..at).unwrap_or_default().trim_end();
        let start = before.rfind(|c: char| !is_letter(c)).map_or(0, |place| place + 1);
        start..before.len()
    }

    fn word_after(&self, at: usize) -> Range<usize> {
        let rest = self.text.get(at..).unwrap_or_default();
        let start = at + rest.len() - rest.trim_start().len();
        let rest = &self.text[start..];
        start..start + rest.find(|c: char| !is_letter(c)).unwrap_or(rest.len())
    }

    /// Returns the end of what was opened by this token: behind the bracket that closes it.
    fn closed(&self, open: usize, inner: usize, name: &str) -> usize {
        let rest = self.text.get(inner..).unwrap_or_default();
        let close = match self.text.as_bytes().get(open) {
            Some(b'(') if is_word(name) => ')',
            Some(b'[') => ']',
            Some(b'{') => '}',
            _ => return inner,
        };
        let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\n', ',', '(']).len();
        if rest[blank..].starts_with(close) { inner + blank + 1 } else { inner }
    }
}

/// Refuses what is too long or too deep before any parser sees it.
fn check_size(text: &str) -> Result<(), ExpressionError> {
    if text.trim().is_empty() {
        return Err(ExpressionError::new("expression-empty", 0..text.len(), "there is no expression")
            .help("write `true` for always, `false` for never"));
    }
    if text.len() > MAX_LENGTH {
        let message = format!("the expression has {} bytes; at most {MAX_LENGTH} are read", text.len());
        let end = floor(text, MAX_LENGTH);
        return Err(
            ExpressionError::new("expression-too-long", end..text.len(), message).help("split it into several rules")
        );
    }
    let (mut depth, mut quote, mut escaped) = (0_u16, None, false);
    let (mut choices, mut signs) = (0_u16, 0_u16);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), _) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, '?') => choices += 1,
            (None, '.' | '!' | '-' | '+' | '*' | '/' | '%' | '<' | '>' | '=') => signs += 1,
            (None, _) => {}
        }
        if depth > MAX_DEPTH || choices > MAX_DEPTH || signs > MAX_SIGNS {
            let message =
                format!("the expression is nested more than {MAX_DEPTH} deep, or has more than {MAX_SIGNS} operators");
            let mistake = ExpressionError::new("expression-too-deep", at..at + c.len_utf8(), message);
            return Err(mistake.help("split it into several rules"));
        }
    }
    Ok(())
}

/// Says where a text is no CEL, from what the parser says; its words are those of its grammar and not of a person.
fn syntax(text: &str, error: Option<&cel::ParseError>) -> ExpressionError {
    let (line, column) = error.map_or((1, 1), |error| error.pos);
    let (line, column) = (usize::try_from(line).unwrap_or(1).max(1), usize::try_from(column).unwrap_or(1).max(1));
    let begin: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let rest = text.get(begin..).unwrap_or_default();
    let start = begin + rest.char_indices().nth(column - 1).map_or(rest.len(), |(at, _)| at);
    let token = text[start..].find(|c: char| !is_letter(c)).filter(|length| *length > 0);
    let end = start + token.unwrap_or_else(|| text[start..].chars().next().map_or(0, char::len_utf8));
    let said = error.map(|error| error.msg.as_str()).unwrap_or_default();
    let said = said.strip_prefix("Syntax error: ").unwrap_or(said);
    let message = if said.starts_with("Recursion limit") {
        format!("the expression is nested more than {MAX_DEPTH} deep")
    } else if start >= text.trim_end().len() {
        "the expression ends too early".to_owned()
    } else if let Some(name) = said.strip_prefix("reserved identifier: ") {
        format!("`{name}` is a reserved word of CEL")
    } else if said.starts_with("invalid int literal") {
        "this number has more than 64 bits".to_owned()
    } else {
        format!("not CEL: `{}` cannot stand here", text[start..end].escape_debug())
    };
    // At the very end there is nothing to underline but the last character.
    let span = if start >= text.len() { last(text)..text.len() } else { start..end };
    ExpressionError::new("expression-syntax", span, message).help(syntax_help(text))
}

/// Says what people of other languages write.
fn syntax_help(text: &str) -> String {
    for (wrong, right) in [(" and ", "&&"), (" or ", "||"), (" not ", "!"), ("<>", "!="), (" = ", "==")] {
        if text.contains(wrong) {
            return format!("CEL writes `{right}` for `{}`", wrong.trim());
        }
    }
    "the language is CEL: https://cel.dev; `tenure policy attributes` lists the names and functions".to_owned()
}

fn is_word(name: &str) -> bool {
    name.starts_with(|c: char| c.is_alphabetic())
}

fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn last(text: &str) -> usize {
    text.char_indices().next_back().map_or(0, |(at, _)| at)
}

/// The longest expression, in bytes; the longest of the shipped rules has some 300.
pub(super) const MAX_LENGTH: usize = 2048;
/// The deepest nesting of brackets and choices.
pub(super) const MAX_DEPTH: u16 = 16;
/// The most operators and dots.
pub(super) const MAX_SIGNS: u16 = 256;
