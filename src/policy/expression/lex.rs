//! Lexer of CEL: <https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax>.

use super::{error::ExpressionError, strings, syntax::Literal};
use std::ops::Range;

/// A token with its span in bytes.
#[derive(Clone, Debug)]
pub(super) struct LexedToken {
    pub(super) kind: TokenKind,
    pub(super) span: Range<usize>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum TokenKind {
    End,
    /// An integer without its sign.
    Integer(u64),
    Literal(Literal),
    Name(String),
    /// An operator, a bracket, or the keyword `in`.
    Symbol(&'static str),
}

/// Splits a text into tokens, on demand.
pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    pub(super) const fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// Returns the next token.
    ///
    /// # Errors
    /// When the next characters are not a token of CEL.
    pub(super) fn next(&mut self) -> Result<LexedToken, ExpressionError> {
        self.skip_blanks();
        let start = self.at;
        let kind = self.token()?;
        Ok(LexedToken { kind, span: start..self.at })
    }

    fn token(&mut self) -> Result<TokenKind, ExpressionError> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(TokenKind::End) };
        if let Some(literal) = strings::literal(rest, self.at) {
            let (literal, length) = literal?;
            self.at += length;
            return Ok(TokenKind::Literal(literal));
        }
        let behind_dot = rest.strip_prefix('.').unwrap_or(rest);
        if behind_dot.starts_with(|c: char| c.is_ascii_digit()) {
            return self.number();
        }
        if is_name_start(first) {
            let name = self.take_while(is_name_part);
            return Ok(match name {
                "false" => TokenKind::Literal(Literal::Flag(false)),
                "in" => TokenKind::Symbol("in"),
                "null" => TokenKind::Literal(Literal::Other),
                "true" => TokenKind::Literal(Literal::Flag(true)),
                _ => TokenKind::Name(name.to_owned()),
            });
        }
        match SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
            Some(symbol) => {
                self.at += symbol.len();
                Ok(TokenKind::Symbol(symbol))
            }
            None => Err(ExpressionError::syntax(self.text, self.at..self.at + first.len_utf8())),
        }
    }

    /// `12` and `0x1F`, and the types that no attribute has: `12u`, `1.5`, `.5`, `1e3`.
    fn number(&mut self) -> Result<TokenKind, ExpressionError> {
        let start = self.at;
        let hexadecimal = self.take("0x");
        let digits = self.take_while(|c| c.is_ascii_digit() || (hexadecimal && c.is_ascii_hexdigit()));
        if !hexadecimal {
            let fraction = self.take_fraction();
            let exponent = self.take_exponent();
            if fraction || exponent {
                return Ok(TokenKind::Literal(Literal::Other));
            }
        }
        match u64::from_str_radix(digits, if hexadecimal { 16 } else { 10 }) {
            Ok(_) if self.take("u") || self.take("U") => Ok(TokenKind::Literal(Literal::Other)),
            Ok(number) => Ok(TokenKind::Integer(number)),
            Err(_) if digits.is_empty() => Err(ExpressionError::syntax(self.text, start..self.at)),
            Err(_) => Err(too_large(start..self.at)),
        }
    }

    fn take_fraction(&mut self) -> bool {
        let fraction = self.rest().strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        if fraction {
            self.at += 1;
            self.take_while(|c| c.is_ascii_digit());
        }
        fraction
    }

    fn take_exponent(&mut self) -> bool {
        let rest = self.rest();
        let Some(sign) = rest.strip_prefix(['e', 'E']) else { return false };
        let digits = sign.strip_prefix(['+', '-']).unwrap_or(sign);
        let exponent = digits.starts_with(|c: char| c.is_ascii_digit());
        if exponent {
            self.at += rest.len() - digits.len();
            self.take_while(|c| c.is_ascii_digit());
        }
        exponent
    }

    fn skip_blanks(&mut self) {
        loop {
            self.take_while(|c| matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}'));
            if !self.rest().starts_with("//") {
                return;
            }
            self.take_while(|c| c != '\n');
        }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn take(&mut self, prefix: &str) -> bool {
        let found = self.rest().starts_with(prefix);
        if found {
            self.at += prefix.len();
        }
        found
    }

    fn take_while(&mut self, accepts: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let length = rest.find(|c| !accepts(c)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }
}

/// Returns the error for an integer outside 64 bits.
pub(super) fn too_large(span: Range<usize>) -> ExpressionError {
    ExpressionError::new("expression-syntax", span, "integer out of range")
        .help("the range is -9223372036854775808 to 9223372036854775807")
}

const fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

const fn is_name_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Longer symbols first.
const SYMBOLS: [&str; 24] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "(", ")", "[", "]", "{", "}", ".", ",", "?", ":", "!", "-", "+", "*",
    "/", "%",
];
