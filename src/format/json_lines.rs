//! Reads and writes the JSON lines of an inventory: one canonical line (RFC 8785) per grant or usage, sorted by key.
//!
//! Names and paths come from a system and may contain any character; hidden characters are written as `\u{…}`. Values
//! that digests bind (ids, keys, attributes) are never altered: the connector must encode them visibly, and a line with
//! a hidden character is neither written nor read.

use super::{grant_line, limits::MAX_FILE};
use crate::{
    diag::{Diagnostic, HiddenCharacter, SourceFile, escape, unicode::is_plain},
    model::{Digest, Grant, GrantKey, Usage, jcs},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::{
    borrow::Cow,
    io::{self, BufRead, Read, Write},
    marker::PhantomData,
};

/// The maximum length of a line in bytes, without its line end.
pub const MAX_LINE: usize = MAX_FILE;

/// A value on one line.
pub trait JsonLine: Clone + Serialize + DeserializeOwned {
    /// Returns the sort key; no two lines of a file have the same.
    fn key(&self) -> &GrantKey;

    /// Returns the value with the hidden characters of its display texts made visible.
    fn visible(&self) -> Cow<'_, Self>;

    /// Returns the canonical JSON of the value, without a line end.
    ///
    /// # Errors
    /// When it has no canonical form.
    fn canonical(&self) -> Result<String, jcs::CanonicalizationError> {
        jcs::to_string(self)
    }
}

/// A line of `usage.jsonl`: the last use of a grant.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UsageLine {
    /// The key of the grant.
    pub key: GrantKey,
    /// Its last use.
    pub usage: Usage,
}

impl JsonLine for Grant {
    fn key(&self) -> &GrantKey {
        &self.key
    }

    fn canonical(&self) -> Result<String, jcs::CanonicalizationError> {
        grant_line::grant(self)
    }

    fn visible(&self) -> Cow<'_, Self> {
        let texts =
            self.paths.iter().map(|path| &path.text).chain(self.expands_to.iter().map(|entitlement| &entitlement.name));
        if texts.chain([&self.principal.name, &self.entitlement.name]).all(|text| is_visible(text)) {
            return Cow::Borrowed(self);
        }
        let mut grant = self.clone();
        let names = [&mut grant.principal.name, &mut grant.entitlement.name].into_iter();
        let texts = grant.paths.iter_mut().map(|path| &mut path.text);
        for text in names.chain(texts).chain(grant.expands_to.iter_mut().map(|entitlement| &mut entitlement.name)) {
            *text = escape(text).into_owned();
        }
        Cow::Owned(grant)
    }
}

impl JsonLine for UsageLine {
    fn key(&self) -> &GrantKey {
        &self.key
    }

    fn visible(&self) -> Cow<'_, Self> {
        match &self.usage {
            Usage::Unknown(because) if !is_visible(because) => {
                Cow::Owned(Self { key: self.key.clone(), usage: Usage::Unknown(escape(because).into()) })
            }
            _ => Cow::Borrowed(self),
        }
    }
}

/// The result of writing lines.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct WriteSummary {
    /// The number of lines.
    pub lines: u64,
    /// The digest of all bytes.
    pub digest: Digest,
}

/// An error of writing a line.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// A value that digests bind contains hidden characters.
    #[error("the grant `{0}` has an id or attribute with hidden characters; its connector must encode them")]
    Hidden(GrantKey),
    /// The output failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The value has no canonical JSON form.
    #[error(transparent)]
    NotCanonical(#[from] jcs::CanonicalizationError),
    /// The lines are not sorted by key, or two have the same key.
    #[error("the grant `{0}` comes after `{1}`: lines must be sorted by key, without duplicates")]
    Order(GrantKey, GrantKey),
    /// The line is too long to be read back.
    #[error("the grant `{0}` needs more than {MAX_LINE} bytes")]
    TooLong(GrantKey),
}

/// Writes lines that are sorted by key.
///
/// # Errors
/// When a value cannot be written in a form that [`LineReader`] accepts, or `out` fails; earlier lines remain written.
pub fn write<'a, T: JsonLine + 'a>(
    values: impl IntoIterator<Item = &'a T>,
    mut out: impl Write,
) -> Result<WriteSummary, LineError> {
    let (mut lines, mut hash) = (0, Sha256::new());
    let mut before: Option<&GrantKey> = None;
    for value in values {
        let key = value.key();
        if let Some(before) = before.replace(key).filter(|before| *before >= key) {
            return Err(LineError::Order(key.clone(), before.clone()));
        }
        let mut line = value.visible().canonical()?;
        if hidden(&line).is_some() {
            return Err(LineError::Hidden(key.clone()));
        }
        if line.len() > MAX_LINE {
            return Err(LineError::TooLong(key.clone()));
        }
        line.push('\n');
        hash.update(&line);
        out.write_all(line.as_bytes())?;
        lines += 1;
    }
    out.flush()?;
    Ok(WriteSummary { lines, digest: Digest::from_bytes(hash.finalize().into()) })
}

/// A strict reader, line by line: each line must equal the canonical form of its value, and lines must be sorted.
///
/// Continues with the next line after an error, so that one run finds all problems.
#[derive(Debug)]
pub struct LineReader<T, R> {
    name: String,
    reader: R,
    line: Vec<u8>,
    number: usize,
    before: Option<GrantKey>,
    failed: bool,
    kind: PhantomData<T>,
}

impl<T: JsonLine, R: BufRead> LineReader<T, R> {
    /// Returns a reader of the file with this name.
    pub fn new(name: impl Into<String>, reader: R) -> Self {
        Self { name: name.into(), reader, line: Vec::new(), number: 0, before: None, failed: false, kind: PhantomData }
    }

    fn next_line(&mut self) -> Result<Option<T>, Box<Diagnostic>> {
        self.line.clear();
        self.number += 1;
        let limit = MAX_LINE as u64 + 1;
        let read = self.reader.by_ref().take(limit).read_until(b'\n', &mut self.line).map_err(|error| {
            Diagnostic::error("file-unreadable", format!("cannot be read: {error}")).in_file(self.name.clone())
        })?;
        if read == 0 {
            return Ok(None);
        }
        if self.line.pop_if(|byte| *byte == b'\n').is_none() {
            return Err(self.unended(read).into());
        }
        let text =
            std::str::from_utf8(&self.line).map_err(|e| self.refuse("not-utf8", "not UTF-8", e.valid_up_to()))?;
        let value: T = serde_json::from_str(text).map_err(|error| self.not_json(&error))?;
        let canonical = value.canonical().map_err(|error| self.refuse("not-canonical", &error.to_string(), 0))?;
        if canonical != text {
            let same = canonical.bytes().zip(text.bytes()).take_while(|(a, b)| a == b).count();
            return Err(self.refuse("not-canonical", "not in canonical form (RFC 8785)", same).into());
        }
        if let Some((character, hidden)) = hidden(text) {
            let message = format!("a text contains {hidden} (U+{:04X})", character as u32);
            return Err(self.refuse("hidden-text", &message, 0).into());
        }
        if let Some(before) = self.before.replace(value.key().clone()).filter(|before| before >= value.key()) {
            let message =
                format!("`{}` comes after `{before}`: lines must be sorted by key, without duplicates", value.key());
            return Err(self.refuse("not-sorted", &message, 0).into());
        }
        Ok(Some(value))
    }

    /// Rejects a line without an end: the last line, or a line that is too long, whose rest is skipped.
    fn unended(&mut self, read: usize) -> Diagnostic {
        if read <= MAX_LINE {
            return self.refuse("no-final-newline", "the last line has no line end", self.line.len());
        }
        let problem = self.refuse("long-line", &format!("the line has more than {MAX_LINE} bytes"), 0);
        while let Ok(rest) = self.reader.fill_buf() {
            let end = rest.iter().position(|byte| *byte == b'\n');
            let passed = end.map_or(rest.len(), |end| end + 1);
            self.reader.consume(passed);
            if end.is_some() || passed == 0 {
                break;
            }
        }
        problem
    }

    fn not_json(&self, error: &serde_json::Error) -> Diagnostic {
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default();
        self.refuse("invalid-line", message, error.column().saturating_sub(1))
    }

    fn refuse(&self, code: &'static str, message: &str, at: usize) -> Diagnostic {
        let shown = &self.line[..self.line.len().min(at + SHOWN)];
        let source = SourceFile::part(self.name.clone(), String::from_utf8_lossy(shown), self.number);
        Diagnostic::error(code, format!("line {}: {message}", self.number))
            .at(&source, at..at + 1, "")
            .help("inventory files are written by `tenure collect`; do not edit them")
    }
}

impl<T: JsonLine, R: BufRead> Iterator for LineReader<T, R> {
    type Item = Result<T, Box<Diagnostic>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let item = self.next_line().transpose();
        // A reader that failed once may fail on every call.
        self.failed = matches!(&item, Some(Err(problem)) if problem.code == "file-unreadable");
        item
    }
}

fn is_visible(text: &str) -> bool {
    is_plain(text) || text.chars().all(|character| HiddenCharacter::of(character).is_none())
}

/// Returns the first hidden character in the decoded strings of a line of valid JSON.
fn hidden(line: &str) -> Option<(char, HiddenCharacter)> {
    if is_plain(line) && !line.contains('\\') {
        return None;
    }
    in_value(&serde_json::from_str(line).ok()?)
}

fn in_value(value: &Value) -> Option<(char, HiddenCharacter)> {
    let in_text = |text: &str| {
        text.chars().find_map(|character| HiddenCharacter::of(character).map(|hidden| (character, hidden)))
    };
    match value {
        Value::Array(values) => values.iter().find_map(in_value),
        Value::Object(members) => members.iter().find_map(|(key, value)| in_text(key).or_else(|| in_value(value))),
        Value::String(text) => in_text(text),
        Value::Bool(_) | Value::Null | Value::Number(_) => None,
    }
}

const SHOWN: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        AccessPath, AccessRoute, Attributes, Entitlement, GrantKind, Principal, SystemId, Tier, Timestamp,
    };

    fn grant(key: &str) -> Grant {
        Grant {
            system: SystemId::parse("db").unwrap(),
            kind: GrantKind::Membership,
            key: GrantKey::parse(key).unwrap(),
            principal: Principal { id: "16400".into(), name: "svc".into() },
            entitlement: Entitlement { id: "16401".into(), name: "admin".into() },
            paths: vec![AccessPath {
                via: AccessRoute::Direct,
                ids: "16400/16401".into(),
                text: "member of admin".into(),
            }],
            attributes: Attributes::from_iter([("inherit".to_owned(), "true".to_owned())]),
            expands_to: Vec::new(),
            tier: Tier::T1,
        }
    }

    fn written(grants: &[Grant]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let written = write(grants, &mut bytes).unwrap();
        assert_eq!((written.lines, written.digest), (grants.len() as u64, Digest::of(&bytes)));
        bytes
    }

    fn codes<T: JsonLine>(bytes: &[u8]) -> Vec<Option<&'static str>> {
        LineReader::<T, _>::new("grants.jsonl", bytes).map(|line| line.err().map(|problem| problem.code)).collect()
    }

    #[test]
    fn lines_round_trip() {
        let grants = [grant("a"), grant("b")];
        let read: Result<Vec<Grant>, _> = LineReader::new("grants.jsonl", written(&grants).as_slice()).collect();
        assert_eq!(read.unwrap(), grants);
        let usage = [
            UsageLine { key: grant("a").key, usage: Usage::At(Timestamp::from_unix(0)) },
            UsageLine { key: grant("b").key, usage: Usage::Unknown("the system\u{202e} does not say".into()) },
        ];
        let mut bytes = Vec::new();
        write(&usage, &mut bytes).unwrap();
        assert_eq!(codes::<UsageLine>(&bytes), [None, None]);
    }

    #[test]
    fn bad_line_is_reported_and_reading_continues() {
        let good = String::from_utf8(written(&[grant("k")])).unwrap();
        let last = String::from_utf8(written(&[grant("z")])).unwrap();
        let cases = [
            (good.replacen(':', ": ", 1), "not-canonical"),
            (good.replace("16401", "1640\\u0031"), "not-canonical"),
            (good.replace("\"tier\"", "\"expands_to\":[],\"tier\""), "not-canonical"),
            (good.replace("{\"attributes\"", "{\"other\":1,\"attributes\""), "invalid-line"),
            ("[]\n".to_owned(), "invalid-line"),
            ("\n".to_owned(), "invalid-line"),
            (good.replace('\n', "\r\n"), "not-canonical"),
            (good.replace("svc", "s\u{202e}vc"), "hidden-text"),
            (good.replace("svc", "s\\u001bvc"), "hidden-text"),
            (good.replace("\"k\"", "\"a\""), "not-sorted"),
            (format!("{}\n", "x".repeat(MAX_LINE + 7)), "long-line"),
        ];
        let first = String::from_utf8(written(&[grant("b")])).unwrap();
        for (bad, code) in cases {
            let text = format!("{first}{bad}{last}");
            assert_eq!(codes::<Grant>(text.as_bytes()), [None, Some(code), None], "{bad}");
            let problem = LineReader::<Grant, _>::new("g", text.as_bytes()).find_map(Result::err).unwrap();
            assert_eq!(problem.line(), Some(2));
        }
        assert_eq!(codes::<Grant>(first.trim_end().as_bytes()), [Some("no-final-newline")]);
        assert_eq!(codes::<Grant>(b"\xff\n"), [Some("not-utf8")]);
    }

    #[test]
    fn names_are_escaped_and_hidden_ids_rejected() {
        let mut hostile = grant("a");
        hostile.principal.name = "svc\u{202e}\u{1b}[2J".into();
        hostile.paths[0].text = "by\u{200b}".into();
        let bytes = written(&[hostile.clone()]);
        assert_eq!(codes::<Grant>(&bytes), [None]);
        assert!(String::from_utf8(bytes).unwrap().contains("svc\\\\u{202e}\\\\u{1b}[2J"));
        hostile.principal.id = "\u{202e}".into();
        assert!(matches!(write(&[hostile], io::sink()), Err(LineError::Hidden(_))));
    }

    #[test]
    fn unsorted_or_duplicate_lines_are_rejected() {
        for keys in [["b", "a"], ["a", "a"]] {
            assert!(matches!(write(&keys.map(grant), io::sink()), Err(LineError::Order(..))));
        }
    }
}
