//! Recursive-descent parser of CEL.
//!
//! The grammar is that of <https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax>; each method parses one
//! of its rules. Chains of operators are parsed by loops and nesting is limited, so that no text can overflow the stack.

mod operand;

use super::{
    checked_tree::{ArithmeticOp, ComparisonOp},
    error::ExpressionError,
    lex::{LexedToken, Lexer, TokenKind},
    syntax::{Form, Syntax},
};

/// Parses an expression.
///
/// # Errors
/// When it is too long, nested too deep or not CEL.
pub(super) fn parse(text: &str) -> Result<Syntax, ExpressionError> {
    if text.trim().is_empty() {
        return Err(ExpressionError::new("expression-empty", 0..text.len(), "there is no expression")
            .help("write `true` for always, `false` for never"));
    }
    if text.len() > MAX_LENGTH {
        let message = format!("the expression has {} bytes; the maximum is {MAX_LENGTH}", text.len());
        let end = (0..=MAX_LENGTH).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        return Err(ExpressionError::new("expression-too-long", end..text.len(), message)
            .help("shorten it, or split the rule into several rules"));
    }
    let mut lexer = Lexer::new(text);
    let next = lexer.next()?;
    let mut parser = Parser { text, lexer, next, end: 0, depth: 0, choices: 0, operators: 0 };
    let tree = parser.expression()?;
    match parser.next.kind {
        TokenKind::End => Ok(tree),
        _ => Err(parser.unexpected()),
    }
}

struct Parser<'t> {
    text: &'t str,
    lexer: Lexer<'t>,
    /// The lookahead token.
    next: LexedToken,
    /// The end of the previous token.
    end: usize,
    depth: u16,
    choices: u16,
    operators: u16,
}

type ParseResult = Result<Syntax, ExpressionError>;

impl Parser<'_> {
    /// `a ? b : c`
    fn expression(&mut self) -> ParseResult {
        let condition = self.disjunction()?;
        if !self.take("?")? {
            return Ok(condition);
        }
        self.choices += 1;
        if self.choices > MAX_DEPTH {
            return Err(self.too_deep());
        }
        let then = self.disjunction()?;
        self.expect(":")?;
        let otherwise = self.expression()?;
        let span = condition.span.start..otherwise.span.end;
        Ok(Syntax { span, form: Form::Choice(Box::new([condition, then, otherwise])) })
    }

    fn disjunction(&mut self) -> ParseResult {
        let first = self.conjunction()?;
        self.chain("||", first, Self::conjunction, Form::Or)
    }

    fn conjunction(&mut self) -> ParseResult {
        let first = self.relation()?;
        self.chain("&&", first, Self::relation, Form::And)
    }

    /// Parses `a && b && c` as one node.
    fn chain(
        &mut self,
        operator: &str,
        first: Syntax,
        term: fn(&mut Self) -> ParseResult,
        make: fn(Vec<Syntax>) -> Form,
    ) -> ParseResult {
        if !self.is(operator) {
            return Ok(first);
        }
        let start = first.span.start;
        let mut terms = vec![first];
        while self.take(operator)? {
            terms.push(term(self)?);
        }
        Ok(Syntax { span: start..self.end, form: make(terms) })
    }

    fn relation(&mut self) -> ParseResult {
        let mut left = self.sum()?;
        loop {
            let relation = RELATIONS.iter().find(|(symbol, _)| self.is(symbol)).map(|(_, comparison)| *comparison);
            if relation.is_none() && !self.is("in") {
                return Ok(left);
            }
            self.operator()?;
            let right = self.sum()?;
            left = Syntax {
                span: left.span.start..right.span.end,
                form: match relation {
                    Some(comparison) => Form::Compare(comparison, Box::new([left, right])),
                    None => Form::In(Box::new([left, right])),
                },
            };
        }
    }

    fn sum(&mut self) -> ParseResult {
        self.arithmetic(&[("+", ArithmeticOp::Add), ("-", ArithmeticOp::Subtract)], Self::product)
    }

    fn product(&mut self) -> ParseResult {
        let operators = [("*", ArithmeticOp::Multiply), ("/", ArithmeticOp::Divide), ("%", ArithmeticOp::Remainder)];
        self.arithmetic(&operators, Self::unary)
    }

    fn arithmetic(&mut self, operators: &[(&str, ArithmeticOp)], operand: fn(&mut Self) -> ParseResult) -> ParseResult {
        let mut left = operand(self)?;
        while let Some((_, operation)) = operators.iter().find(|(symbol, _)| self.is(symbol)) {
            self.operator()?;
            let right = operand(self)?;
            let span = left.span.start..right.span.end;
            left = Syntax { span, form: Form::Arithmetic(*operation, Box::new([left, right])) };
        }
        Ok(left)
    }

    /// `!a` or `-a`; a sign may be repeated.
    fn unary(&mut self) -> ParseResult {
        let start = self.next.span.start;
        let negates = !self.is("!");
        let mut signs = 0_u16;
        while self.is(if negates { "-" } else { "!" }) {
            self.operator()?;
            signs += 1;
        }
        let mut operand = match self.next.kind {
            // The sign is part of the literal: the smallest integer has no positive counterpart.
            TokenKind::Integer(magnitude) if negates && signs > 0 => {
                signs -= 1;
                self.negative(magnitude)?
            }
            _ => self.member()?,
        };
        // Two signs are equivalent to any other even number of them.
        for _ in 0..signs.min(2 - signs % 2) {
            let form = if negates { Form::Negate } else { Form::Not };
            operand = Syntax { span: start..operand.span.end, form: form(Box::new(operand)) };
        }
        Ok(operand)
    }

    /// Parses the inside of brackets, one level deeper.
    fn nested<T>(&mut self, inner: fn(&mut Self) -> Result<T, ExpressionError>) -> Result<T, ExpressionError> {
        if self.depth == MAX_DEPTH {
            return Err(self.too_deep());
        }
        self.depth += 1;
        let parsed = inner(self)?;
        self.depth -= 1;
        Ok(parsed)
    }

    fn is(&self, symbol: &str) -> bool {
        matches!(self.next.kind, TokenKind::Symbol(next) if next == symbol)
    }

    /// Consumes the next token if it is this symbol.
    fn take(&mut self, symbol: &str) -> Result<bool, ExpressionError> {
        let found = self.is(symbol);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn expect(&mut self, symbol: &str) -> Result<(), ExpressionError> {
        if self.take(symbol)? { Ok(()) } else { Err(self.unexpected()) }
    }

    /// Consumes the next token as an operator.
    fn operator(&mut self) -> Result<(), ExpressionError> {
        self.count_operator()?;
        self.advance()?;
        Ok(())
    }

    fn count_operator(&mut self) -> Result<(), ExpressionError> {
        self.operators += 1;
        if self.operators > MAX_OPERATORS { Err(self.too_deep()) } else { Ok(()) }
    }

    fn advance(&mut self) -> Result<LexedToken, ExpressionError> {
        self.end = self.next.span.end;
        let next = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.next, next))
    }

    fn unexpected(&self) -> ExpressionError {
        ExpressionError::syntax(self.text, self.next.span.clone())
    }

    fn too_deep(&self) -> ExpressionError {
        let message =
            format!("the expression is nested more than {MAX_DEPTH} deep, or has more than {MAX_OPERATORS} operators");
        ExpressionError::new("expression-too-deep", self.next.span.clone(), message)
            .help("shorten it, or split the rule into several rules")
    }
}

const RELATIONS: [(&str, ComparisonOp); 6] = [
    ("!=", ComparisonOp::NotEqual),
    ("<", ComparisonOp::Less),
    ("<=", ComparisonOp::LessOrEqual),
    ("==", ComparisonOp::Equal),
    (">", ComparisonOp::Greater),
    (">=", ComparisonOp::GreaterOrEqual),
];

/// The maximum length in bytes; the longest of the shipped rules has about 300.
pub(super) const MAX_LENGTH: usize = 2048;
/// The maximum depth of brackets, and the maximum number of conditionals.
pub(super) const MAX_DEPTH: u16 = 16;
/// The maximum number of operators, dots and indices; `&&` and `||` are not counted.
pub(super) const MAX_OPERATORS: u16 = 256;
