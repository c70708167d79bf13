//! Diagnostics for governed files that are not accepted.

use super::{canonical_toml::SerializeError, confusables::ConfusableText};
use crate::{
    diag::{Diagnostic, Diagnostics, SourceFile},
    model::file::FileKind,
};
use similar::{ChangeTag, TextDiff};
use std::ops::Range;
use toml::{Spanned, de::DeTable};

/// Returns the syntax errors of a text that is not TOML: the first of each line.
pub(super) fn syntax(source: &SourceFile) -> Diagnostics {
    if let Some(problem) = unfinished_merge(source) {
        return problem.into();
    }
    let (_, errors) = DeTable::parse_recoverable(source.text());
    let line = |error: &toml::de::Error| source.position(error.span().unwrap_or_default().start).0;
    let mut errors: Vec<_> = errors.iter().take(MAX_SYNTAX).collect();
    errors.sort_by_key(|error| error.span().unwrap_or_default().start);
    errors.dedup_by_key(|error| line(error));
    errors.into_iter().map(|error| syntax_error(source, error)).collect()
}

/// Returns an error when the file contains conflict markers of git.
fn unfinished_merge(source: &SourceFile) -> Option<Diagnostic> {
    let mut start = 0;
    let mut marks = Vec::new();
    for line in lines(source.text()) {
        if ["<<<<<<<", "|||||||", "=======", ">>>>>>>"].contains(&line.split([' ', '\n']).next().unwrap_or_default()) {
            marks.push(start..start + 7);
        }
        start += line.len();
    }
    let problem = Diagnostic::error("merge-conflict", "the file has an unresolved merge conflict");
    let problem = match marks.as_slice() {
        [] => return None,
        [one] => problem.at(source, one.clone(), "a conflict marker"),
        [first, second, ..] => problem.at(source, first.clone(), "one side begins here").at(
            source,
            second.clone(),
            "the other side begins here",
        ),
    };
    Some(problem.help("keep the correct lines, remove the conflict markers, then run `git add`"))
}

fn syntax_error(source: &SourceFile, error: &toml::de::Error) -> Diagnostic {
    let span = error.span().unwrap_or_default();
    let message = error.message();
    if message.starts_with("duplicate key") {
        let key = source.text().get(span.clone()).unwrap_or_default();
        return Diagnostic::error("duplicate-key", format!("`{key}` occurs twice"))
            .at(source, span, "the second one")
            .help("remove one of the two");
    }
    let problem = Diagnostic::error("toml-syntax", format!("not TOML: {message}")).at(source, span, "here");
    problem.help("the format is TOML 1.0: https://toml.io/en/v1.0.0")
}

/// Returns the error about the `schema` of a file when `kind` was expected.
pub(super) fn schema(source: &SourceFile, table: &Spanned<DeTable<'_>>, kind: Option<FileKind>) -> Diagnostic {
    let wanted = kind.map(|kind| format!("`schema = \"{}\"`", kind.schema()));
    let known = || FileKind::ALL.map(|kind| format!("`{}`", kind.schema())).join(", ");
    let Some(value) = table.get_ref().get("schema") else {
        let message = "the key `schema` is missing";
        let problem =
            Diagnostic::error("schema-missing", message).at(source, 0..0, "the first line must be the schema");
        return match wanted {
            Some(line) => problem.help(format!("begin the file with {line}")),
            None => problem.with_note(format!("known schemas: {}", known())).help("begin the file with its `schema`"),
        };
    };
    let span = value.span();
    let claimed = value.get_ref().as_str().unwrap_or_default();
    match (FileKind::of_schema(claimed), kind) {
        (Some(other), Some(kind)) => {
            let message = format!("found {}, expected {}", words(other), words(kind));
            Diagnostic::error("schema-mismatch", message)
                .at(source, span, format!("expected `{}`", kind.schema()))
                .help(format!(
                    "move the file to the folder of its kind, or write {}: `tenure schema {}`",
                    words(kind),
                    kind.name()
                ))
        }
        _ => {
            let problem = Diagnostic::error("schema-unknown", format!("unknown schema `{claimed}`"))
                .at(source, span, "not supported by this version")
                .with_note(format!("known schemas: {}", known()));
            let near = nearest(claimed, FileKind::ALL.iter().map(|kind| kind.schema()));
            match (wanted, near) {
                (Some(line), _) => problem.help(format!("this file begins with {line}")),
                (None, Some(near)) => problem.help(format!("write `schema = \"{near}\"`")),
                (None, None) => problem.help("`tenure schema` lists the kinds of files"),
            }
        }
    }
}

/// Returns the error about a string with hidden or look-alike characters.
pub(super) fn trick(source: SourceFile, span: Range<usize>, trick: ConfusableText) -> Diagnostic {
    Diagnostic::error(trick.code(), format!("a text contains {trick}"))
        .at(&source, span, "in this text")
        .help("retype the text with visible characters of one script")
}

/// Returns the error about a TOML file that does not have the keys or types of its kind.
pub(super) fn mistyped_file(source: &SourceFile, kind: FileKind, error: &toml::de::Error) -> Diagnostic {
    mistyped(source, &words(kind), &format!("`tenure schema {}` describes the file", kind.name()), error)
}

/// Returns the error about a table that does not have its keys or types; `subject` is the description of the table, and
/// `schema_command` the help where there is no closer one.
pub(super) fn mistyped(
    source: &SourceFile,
    subject: &str,
    schema_command: &str,
    error: &toml::de::Error,
) -> Diagnostic {
    let span = error.span().unwrap_or_default();
    let message = error.message();
    let quoted =
        |prefix: &str| message.strip_prefix(prefix).and_then(|rest| rest.split_once('`')).map(|(name, _)| name);
    if let Some(name) = quoted("unknown field `") {
        let allowed = allowed(message);
        let problem = Diagnostic::error("unknown-key", format!("unknown key `{name}` in {subject}"))
            .at(source, span, "not a key of this table")
            .with_note(format!("allowed here: {}", listed(&allowed)));
        return match nearest(name, allowed.iter().copied()) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem.help(format!("remove it; {schema_command}")),
        };
    }
    if let Some(name) = quoted("unknown variant `").or_else(|| quoted("unknown verdict `")) {
        let allowed = allowed(message);
        let problem = Diagnostic::error("unknown-value", format!("`{name}` is not an allowed value of this key"))
            .at(source, span, "unknown value")
            .with_note(format!("allowed here: {}", listed(&allowed)));
        return match nearest(name, allowed.iter().copied()) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem.help(schema_command),
        };
    }
    if let Some(name) = quoted("missing field `") {
        return Diagnostic::error("missing-key", format!("the key `{name}` is missing"))
            .at(source, first_line(source, span.start), format!("`{name}` belongs below"))
            .help(format!("add `{name} = …`; {schema_command}"));
    }
    if message.starts_with("invalid type") || message.starts_with("invalid length") {
        let message = message.trim_start_matches("invalid type: ");
        let whole =
            ["i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"].iter().find_map(|kind| message.strip_suffix(kind));
        let message = whole.map_or(message.to_owned(), |start| format!("{start}a whole number"));
        return Diagnostic::error("wrong-type", format!("wrong type: {message}"))
            .at(source, span, "wrong type")
            .help(schema_command);
    }
    let range = message.strip_prefix("invalid value: integer `").and_then(|rest| range(rest.rsplit(' ').next()?));
    if let Some(range) = range {
        let line = source.text()[..span.start].rsplit('\n').next().unwrap_or_default();
        let key = line.split('=').next().unwrap_or_default().trim();
        let message = format!("`{key}` must be a whole number {range}");
        return Diagnostic::error("invalid-value", message).at(source, span, "out of range").help(schema_command);
    }
    Diagnostic::error("invalid-value", message).at(source, span, "this value").help(schema_command)
}

/// Returns the range of an integer type in words.
fn range(kind: &str) -> Option<String> {
    let (signed, bits) = (kind.strip_prefix('i'), kind.strip_prefix('u'));
    let bits: u32 = signed.or(bits)?.parse().ok().filter(|bits| (8..=64).contains(bits))?;
    Some(match signed {
        Some(_) => format!("from -{0} to {1}", 1_u128 << (bits - 1), (1_u128 << (bits - 1)) - 1),
        None if bits == 64 => "that is not negative".to_owned(),
        None => format!("from 0 to {}", (1_u128 << bits) - 1),
    })
}

/// Returns the error about a text that differs from the canonical form of its value.
pub(super) fn not_canonical(source: &SourceFile, canonical: &str) -> Diagnostic {
    let same = lines(source.text()).zip(lines(canonical)).take_while(|(here, there)| here == there).count();
    let start = lines(source.text()).take(same).map(str::len).sum::<usize>();
    let line = lines(&source.text()[start..]).next().unwrap_or_default();
    let span = start..start + line.trim_end_matches('\n').len();
    let around = |text: &str| lines(text).skip(same).take(CONTEXT).collect::<String>();
    let (here, there) = (around(source.text()), around(canonical));
    let problem = Diagnostic::error("not-canonical", format!("line {} is not in canonical form", same + 1)).at(
        source,
        span,
        "first difference",
    );
    let problem = if line.trim_start().starts_with('#') || (line.contains('#') && !there.contains('#')) {
        problem.with_note("a governed file has no comments: signatures cover values only")
    } else {
        problem.with_note(format!("expected:\n{}", difference(&here, &there)))
    };
    problem.help(format!("`tenure fmt {}` rewrites the file in canonical form", source.name()))
}

/// Returns the error about a value that has no canonical form.
pub(super) fn unwritable(source: &SourceFile, unwritable: &SerializeError) -> Diagnostic {
    Diagnostic::error("not-canonical", format!("the file has no canonical form: {unwritable}"))
        .in_file(source.name())
        .help("write the values as tables, or as lists of one type")
}

/// Returns the first change between two short texts, as a diff.
fn difference(here: &str, there: &str) -> String {
    let mut told: Vec<String> = Vec::new();
    let mut unchanged = 0;
    for change in TextDiff::from_lines(here, there).iter_all_changes() {
        let sign = match change.tag() {
            ChangeTag::Delete => '-',
            ChangeTag::Equal => ' ',
            ChangeTag::Insert => '+',
        };
        unchanged = if sign == ' ' { unchanged + 1 } else { 0 };
        if unchanged > 1 || told.len() == MAX_CHANGES {
            break;
        }
        told.push(format!("{sign} {}", visible_spaces(change.value())));
    }
    while told.last().is_some_and(|line| line.starts_with(' ')) {
        told.pop();
    }
    told.join("\n")
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive('\n')
}

/// Shows spaces at the end of a line, which are invisible in a diff.
fn visible_spaces(line: &str) -> String {
    let line = line.trim_end_matches('\n');
    let text = line.trim_end();
    if line.is_empty() {
        return "(empty line)".to_owned();
    }
    format!("{text}{}", "·".repeat(line.chars().count() - text.chars().count()))
}

/// Returns the rest of the line that begins at this offset: the header of a table whose span begins there.
fn first_line(source: &SourceFile, start: usize) -> Range<usize> {
    let rest = source.text().get(start..).unwrap_or_default();
    start..start + rest.find('\n').unwrap_or(rest.len())
}

/// Returns the names in backticks after `expected` in an error of serde.
fn allowed(message: &str) -> Vec<&str> {
    let (_, list) = message.rsplit_once("expected").unwrap_or_default();
    list.split('`').skip(1).step_by(2).collect()
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Returns the name whose edit distance from `written` is at most a third of its length.
pub(crate) fn nearest<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored = names.into_iter().map(|name| (distance(written, name), name));
    let (distance, name) = scored.min_by_key(|(distance, _)| *distance)?;
    (distance <= name.chars().count() / 3).then_some(name)
}

/// Returns the number of letters to insert, delete or replace to turn one text into the other (Levenshtein); two
/// transposed letters count once.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().take(64).collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            rows[i][j] = replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                rows[i][j] = rows[i][j].min(rows[i - 2][j - 2] + 1);
            }
        }
    }
    rows[a.len()][b.len()]
}

/// Returns the name of the kind with an article: `an exception file`.
fn words(kind: FileKind) -> String {
    let name = kind.name().replace('-', " ");
    let article = if name.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
    format!("{article} {name} file")
}

const CONTEXT: usize = 60;
const MAX_CHANGES: usize = 6;
const MAX_SYNTAX: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::RenderStyle;

    #[test]
    fn lone_conflict_marker_is_an_unresolved_merge() {
        for marker in ["<<<<<<<", "<<<<<<< HEAD", ">>>>>>> branch"] {
            let source = SourceFile::new("x.toml", format!("a = 1\n{marker}\nb = 2\n"));
            let told = syntax(&source).render(RenderStyle::plain());
            assert!(told.contains("error[merge-conflict]: the file has an unresolved merge conflict"), "{told}");
            assert!(told.contains("x.toml:2:1"), "{told}");
        }
    }

    #[test]
    fn number_out_of_range_names_key_and_range() {
        #[derive(Debug, serde::Deserialize)]
        struct Settings {
            #[expect(dead_code, reason = "only its type is tested")]
            soak_days: u16,
        }
        for number in ["-1", "65536"] {
            let text = format!("soak_days = {number}\n");
            let error = toml::from_str::<Settings>(&text).unwrap_err();
            let told = mistyped(&SourceFile::new("x.toml", text), "the settings", "tenure schema system", &error);
            assert_eq!(told.message, "`soak_days` must be a whole number from 0 to 65535");
        }
        assert_eq!(range("i8").as_deref(), Some("from -128 to 127"));
        assert_eq!((range("u64").as_deref(), range("u1")), (Some("that is not negative"), None));
    }
}
