//! Parser rules of operands: literals, names, calls, lists, fields and indices.

use super::{ParseResult, Parser};
use crate::policy::expression::{
    error::ExpressionError,
    lex::{TokenKind, too_large},
    syntax::{Call, Form, Literal, Syntax},
};

impl Parser<'_> {
    /// An operand with its fields, calls and indices: `a.b`, `a.b(c)`, `a[b]`, `a.b{c: d}`
    pub(super) fn member(&mut self) -> ParseResult {
        let operand = self.primary()?;
        self.selectors(operand)
    }

    fn selectors(&mut self, operand: Syntax) -> ParseResult {
        let mut whole = operand;
        loop {
            let start = whole.span.start;
            let form = if self.is(".") {
                self.operator()?;
                self.field(whole)?
            } else if self.is("[") {
                let place = self.index()?;
                Form::Index(Box::new([whole, place]))
            } else if self.is("{") && is_message(&whole) {
                self.nested(Self::entries)?;
                Form::Map
            } else {
                return Ok(whole);
            };
            whole = Syntax { span: start..self.end, form };
        }
    }

    fn primary(&mut self) -> ParseResult {
        let start = self.next.span.start;
        let form = match self.next.kind.clone() {
            TokenKind::Literal(literal) => {
                self.advance()?;
                Form::Literal(literal)
            }
            TokenKind::Integer(magnitude) => {
                let token = self.advance()?;
                let number = i64::try_from(magnitude).map_err(|_| too_large(token.span))?;
                Form::Literal(Literal::Number(number))
            }
            TokenKind::Name(name) => self.name(name)?,
            TokenKind::Symbol("(") => self.nested(Self::bracketed)?.form,
            TokenKind::Symbol("[") => Form::List(self.nested(Self::list)?),
            TokenKind::Symbol("{") => {
                self.nested(Self::entries)?;
                Form::Map
            }
            TokenKind::End | TokenKind::Symbol(_) => return Err(self.unexpected()),
        };
        Ok(Syntax { span: start..self.end, form })
    }

    /// An integer after its sign, with its selectors.
    pub(super) fn negative(&mut self, magnitude: u64) -> ParseResult {
        let start = self.end - 1;
        let token = self.advance()?;
        let number = 0_i64.checked_sub_unsigned(magnitude).ok_or_else(|| too_large(token.span))?;
        self.selectors(Syntax { span: start..self.end, form: Form::Literal(Literal::Number(number)) })
    }

    /// A name or a function call.
    fn name(&mut self, name: String) -> Result<Form, ExpressionError> {
        if RESERVED.contains(&name.as_str()) {
            let message = format!("`{name}` is a reserved word of CEL");
            return Err(ExpressionError { message, ..self.unexpected() });
        }
        let name_span = self.advance()?.span;
        if !self.is("(") {
            return Ok(Form::Name(name));
        }
        let arguments = self.nested(Self::arguments)?;
        Ok(Form::Call(Box::new(Call { receiver: None, name, name_span, arguments })))
    }

    /// A field or a method call, after the dot.
    fn field(&mut self, whole: Syntax) -> Result<Form, ExpressionError> {
        let TokenKind::Name(name) = self.next.kind.clone() else { return Err(self.unexpected()) };
        let name_span = self.advance()?.span;
        if !self.is("(") {
            return Ok(Form::Select(Box::new(whole), name));
        }
        let arguments = self.nested(Self::arguments)?;
        Ok(Form::Call(Box::new(Call { receiver: Some(whole), name, name_span, arguments })))
    }

    fn index(&mut self) -> ParseResult {
        self.count_operator()?;
        self.nested(|parser| {
            parser.expect("[")?;
            let place = parser.expression()?;
            parser.expect("]")?;
            Ok(place)
        })
    }

    fn bracketed(&mut self) -> ParseResult {
        self.expect("(")?;
        let inner = self.expression()?;
        self.expect(")")?;
        Ok(inner)
    }

    fn arguments(&mut self) -> Result<Vec<Syntax>, ExpressionError> {
        self.expect("(")?;
        let mut arguments = Vec::new();
        while !self.take(")")? {
            if !arguments.is_empty() {
                self.expect(",")?;
            }
            arguments.push(self.expression()?);
        }
        Ok(arguments)
    }

    /// The elements of a list; a trailing comma is allowed.
    fn list(&mut self) -> Result<Vec<Syntax>, ExpressionError> {
        self.expect("[")?;
        let mut elements = Vec::new();
        while !self.take("]")? {
            elements.push(self.expression()?);
            if !self.is("]") {
                self.expect(",")?;
            }
        }
        Ok(elements)
    }

    /// The entries of a map or a message.
    fn entries(&mut self) -> Result<(), ExpressionError> {
        self.expect("{")?;
        while !self.take("}")? {
            self.expression()?;
            self.expect(":")?;
            self.expression()?;
            if !self.is("}") {
                self.expect(",")?;
            }
        }
        Ok(())
    }
}

fn is_message(whole: &Syntax) -> bool {
    match &whole.form {
        Form::Name(_) => true,
        Form::Select(operand, _) => is_message(operand),
        _ => false,
    }
}

const RESERVED: [&str; 17] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "namespace",
    "package",
    "return",
    "var",
    "void",
    "while",
];
