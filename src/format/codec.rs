//! Strict parser and canonical writer of all governed TOML files.
//!
//! A file is accepted when, in this order: its bytes are within the limits of [`super::limits`]; it is TOML; its `schema`
//! is the expected one; its strings pass the [confusables] lint; it has the keys and types of its kind and no others;
//! and `render(parse(x)) == x` in the [canonical form](super::canonical_toml).

use super::{canonical_toml, confusables, limits, parse_error};
use crate::{
    diag::{Diagnostic, Diagnostics, SourceFile},
    model::file::{FileKind, GovernedFile, KindVisitor},
};
use serde::de::DeserializeOwned;
use std::ops::Range;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// Parses a governed file from the bytes that were signed.
///
/// # Errors
/// All reasons against accepting the file, each with its code, location and remedy.
pub fn parse<T: GovernedFile>(name: &str, bytes: &[u8]) -> Result<T, Diagnostics> {
    let text = limits::check(name, bytes).map_err(|problem| Diagnostics::from(*problem))?;
    if let Some(value) = canonical_toml::from_str::<T>(text).filter(|value| value.schema() == T::KIND.schema())
        && canonical_toml::to_string(&value).is_ok_and(|canonical| canonical == text)
    {
        return Ok(value);
    }
    let value: T = read(name, text)?;
    match canonical_toml::to_string(&value) {
        Ok(canonical) if canonical == text => Ok(value),
        Ok(canonical) => Err(parse_error::not_canonical(&SourceFile::new(name, text), &canonical).into()),
        Err(unwritable) => Err(parse_error::unwritable(&SourceFile::new(name, text), &unwritable).into()),
    }
}

/// Parses the same bytes again that [`parse`] accepted before. Skips the comparison with the canonical form, which is
/// half of the work.
///
/// # Errors
/// As [`parse`].
pub fn reparse_unchecked<T: GovernedFile>(name: &str, bytes: &[u8]) -> Result<T, Diagnostics> {
    let quick = std::str::from_utf8(bytes).ok().and_then(canonical_toml::from_str::<T>);
    quick.map_or_else(|| parse(name, bytes), Ok)
}

/// Parses a governed file that may not be in canonical form. All other checks of [`parse`] apply.
///
/// # Errors
/// As [`parse`].
pub(super) fn read<T: GovernedFile>(name: &str, text: &str) -> Result<T, Diagnostics> {
    let table = DeTable::parse(text).map_err(|_| parse_error::syntax(&SourceFile::new(name, text)))?;
    check_schema(name, text, &table, T::KIND)?;
    check_strings(name, text, &table)?;
    typed(table).map_err(|error| parse_error::mistyped_file(&SourceFile::new(name, text), T::KIND, &error).into())
}

/// Returns the canonical text of a governed file.
///
/// Every kind can be rendered. If a free-form value (the settings of a connector) has no canonical form, the result is
/// a text with the reason, which [`parse`] never accepts.
pub fn render<T: GovernedFile>(file: &T) -> String {
    canonical_toml::to_string(file).unwrap_or_else(|unwritable| format!("\0 {unwritable}"))
}

/// Returns the kind that the `schema` of a governed file names.
///
/// # Errors
/// When it is not TOML, or its `schema` is missing or unknown.
pub fn kind(name: &str, text: &str) -> Result<FileKind, Diagnostics> {
    let table = DeTable::parse(text).map_err(|_| parse_error::syntax(&SourceFile::new(name, text)))?;
    let schema = table.get_ref().get("schema").and_then(|value| value.get_ref().as_str());
    schema
        .and_then(FileKind::of_schema)
        .ok_or_else(|| parse_error::schema(&SourceFile::new(name, text), &table, None).into())
}

/// Returns the canonical text of a file of this kind that may not be in canonical form.
///
/// # Errors
/// As [`parse`], except for the form.
pub fn canonical(kind: FileKind, name: &str, text: &str) -> Result<String, Diagnostics> {
    struct CanonicalText<'a>(&'a str, &'a str);
    impl KindVisitor for CanonicalText<'_> {
        type Output = Result<String, Diagnostics>;
        fn run<T: GovernedFile>(self) -> Self::Output {
            let Self(name, text) = self;
            let value: T = read(name, text)?;
            canonical_toml::to_string(&value)
                .map_err(|error| parse_error::unwritable(&SourceFile::new(name, text), &error).into())
        }
    }
    kind.visit(CanonicalText(name, text))
}

/// Checks a file of this kind as [`parse`] does, for callers that do not need its value.
///
/// # Errors
/// As [`parse`].
pub fn check(kind: FileKind, name: &str, bytes: &[u8]) -> Result<(), Diagnostics> {
    struct CanonicalCheck<'a>(&'a str, &'a [u8]);
    impl KindVisitor for CanonicalCheck<'_> {
        type Output = Result<(), Diagnostics>;
        fn run<T: GovernedFile>(self) -> Self::Output {
            parse::<T>(self.0, self.1).map(|_| ())
        }
    }
    kind.visit(CanonicalCheck(name, bytes))
}

/// A step of a path to a value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PathSegment<'a> {
    /// The element of a list, counted from 0.
    Index(usize),
    /// The value of a key.
    Key(&'a str),
}

impl<'a> From<&'a str> for PathSegment<'a> {
    fn from(key: &'a str) -> Self {
        Self::Key(key)
    }
}

impl From<usize> for PathSegment<'_> {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// Returns the byte range of the value at the path; for a table with a header, the range of the header.
///
/// Parses the text again, so it is meant for error messages only.
pub fn locate(text: &str, steps: &[PathSegment<'_>]) -> Option<Range<usize>> {
    let table = DeTable::parse(text).ok()?;
    let (span, found) = follow(&table, steps);
    (found == steps.len()).then_some(span)
}

/// Returns the byte range of the value at the path, or of the nearest existing value around it.
pub fn place(text: &str, steps: &[PathSegment<'_>]) -> Range<usize> {
    DeTable::parse(text).map_or(0..0, |table| follow(&table, steps).0)
}

/// Returns the span of the last existing value on the path, and the number of steps that lead to it.
fn follow(table: &Spanned<DeTable<'_>>, steps: &[PathSegment<'_>]) -> (Range<usize>, usize) {
    let mut span = 0..0;
    let next = |value: Option<&Spanned<DeValue<'_>>>| value.map(|value| value.span());
    let mut at: Option<&Spanned<DeValue<'_>>> = None;
    for (count, step) in steps.iter().enumerate() {
        let below = match (step, at.map(Spanned::get_ref)) {
            (PathSegment::Key(key), None) => table.get_ref().get(*key),
            (PathSegment::Key(key), Some(DeValue::Table(table))) => table.get(*key),
            (PathSegment::Index(index), Some(DeValue::Array(array))) => array.get(*index),
            _ => None,
        };
        match next(below) {
            Some(there) => span = there,
            None => return (span, count),
        }
        at = below;
    }
    (span, steps.len())
}

fn check_schema(name: &str, text: &str, table: &Spanned<DeTable<'_>>, kind: FileKind) -> Result<(), Diagnostics> {
    let claimed = table.get_ref().get("schema").and_then(|value| value.get_ref().as_str());
    if claimed == Some(kind.schema()) {
        return Ok(());
    }
    Err(parse_error::schema(&SourceFile::new(name, text), table, Some(kind)).into())
}

fn check_strings(name: &str, text: &str, table: &Spanned<DeTable<'_>>) -> Result<(), Diagnostics> {
    // Without escapes and non-ASCII characters, the only character in a TOML string that the lint rejects is a tab.
    let suspicious = |byte: u8| byte == b'\\' || byte == b'\t' || !byte.is_ascii();
    let mut check =
        StringWalk { source: None, name, text, problems: Diagnostics::new(), lint: text.bytes().any(suspicious) };
    check.table(table.get_ref(), 1);
    if check.problems.is_empty() { Ok(()) } else { Err(check.problems) }
}

/// A walk over all decoded strings and nesting levels of a file.
struct StringWalk<'a> {
    source: Option<SourceFile>,
    name: &'a str,
    text: &'a str,
    problems: Diagnostics,
    lint: bool,
}

impl StringWalk<'_> {
    fn table(&mut self, table: &DeTable<'_>, depth: usize) {
        for (key, value) in table {
            if self.lint {
                self.string(key.get_ref(), key.span());
            }
            self.value(value, depth);
        }
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>, depth: usize) {
        match value.get_ref() {
            DeValue::Array(_) | DeValue::Table(_) if depth >= MAX_DEPTH => self.too_deep(value.span()),
            DeValue::Array(array) => array.iter().for_each(|element| self.value(element, depth + 1)),
            DeValue::String(string) if self.lint => self.string(string, value.span()),
            DeValue::Table(table) => self.table(table, depth + 1),
            _ => {}
        }
    }

    fn string(&mut self, string: &str, span: Range<usize>) {
        if let Some(trick) = confusables::check(string) {
            let problem = parse_error::trick(self.source(), span, trick);
            self.problems.push(problem);
        }
    }

    fn too_deep(&mut self, span: Range<usize>) {
        let message = format!("tables and lists are nested more than {MAX_DEPTH} deep");
        let problem = Diagnostic::error("too-deep", message).at(&self.source(), span, "this level is too much");
        self.problems.push(problem.help("put the values on fewer levels"));
    }

    fn source(&mut self) -> SourceFile {
        self.source.get_or_insert_with(|| SourceFile::new(self.name, self.text)).clone()
    }
}

fn typed<T: DeserializeOwned>(table: Spanned<DeTable<'_>>) -> Result<T, toml::de::Error> {
    T::deserialize(toml::Deserializer::from(table))
}

/// The maximum nesting of tables and lists in a governed file. The file kinds themselves need four levels.
const MAX_DEPTH: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        diag::RenderStyle,
        model::file::{Review, System},
    };

    const REVIEW: &str = include_str!("../../schemas/examples/review.toml");

    fn codes(result: Result<Review, Diagnostics>) -> Vec<&'static str> {
        result.err().map(|problems| problems.sorted().iter().map(|problem| problem.code).collect()).unwrap_or_default()
    }

    #[test]
    fn canonical_file_round_trips() {
        let review: Review =
            parse("review.toml", REVIEW.as_bytes()).unwrap_or_else(|p| panic!("{}", p.render(RenderStyle::plain())));
        assert_eq!(render(&review), REVIEW);
    }

    #[test]
    fn non_canonical_file_is_rejected_at_first_difference() {
        let tampered = [
            REVIEW.replacen("system =", "system  =", 1),
            REVIEW.replacen("\n[[item]]", "\n\n[[item]]", 1),
            REVIEW.replacen("\"ana.ruiz\"", "'ana.ruiz'", 1),
            REVIEW.replacen("ana.ruiz", "\\u0061na.ruiz", 1),
            format!("# a comment\n{REVIEW}"),
            REVIEW.replacen("\n[[item]]", " \n[[item]]", 1),
        ];
        for text in tampered {
            assert_eq!(codes(parse("review.toml", text.as_bytes())), ["not-canonical"], "{text}");
        }
    }

    #[test]
    fn settings_of_any_shape_can_be_rendered() {
        let text = "schema = \"tenure/system/v1\"\nrepo = \"urn:uuid:9c1e6f0a-6a0f-4c59-9a53-1c7f5f6d2b11\"\nsystem = \"db\"\nversion = 1\nprev = \"none\"\nconnector = \"postgres\"\nowner = \"li\"\ntier = \"T1\"\n\
                    remediation = \"automatic\"\n\n[settings]\nday = 2026-01-02\nempty = []\nlist = [[1, 2], [\"a\"]]\nratio = 0.5\n\n\
                    [settings.\"a b\".c]\nd = true\n\n[[settings.e]]\nf = \"\\\\\"\n\n[[settings.e]]\n";
        let system: System = parse("systems/db/1.toml", text.as_bytes())
            .unwrap_or_else(|p| panic!("{}", p.render(RenderStyle::plain())));
        assert_eq!(render(&system), text);
        let mixed = text.replace("ratio = 0.5", "ratio = [1, { a = 1 }]");
        let refused = parse::<System>("systems/db/1.toml", mixed.as_bytes()).unwrap_err();
        assert_eq!(refused.sorted()[0].code, "not-canonical");
    }

    #[test]
    fn value_is_located_by_its_path() {
        let steps = ["item".into(), 0.into(), "decision".into()];
        let span = locate(REVIEW, &steps).unwrap();
        assert_eq!(&REVIEW[span], "\"revoke\"");
        assert_eq!(locate(REVIEW, &["item".into(), 9.into()]), None);
        let around = place(REVIEW, &["item".into(), 0.into(), "until".into()]);
        assert!(REVIEW[around.clone()].starts_with("[[item]]"), "{}", &REVIEW[around]);
    }
}
