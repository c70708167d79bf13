//! Parses one line of a segment: canonical JSON, and a record of a known kind.
//!
//! An audit reads a million lines, so the form is checked by one pass over the bytes instead of serializing each record
//! for comparison. A test ensures that both agree.

use super::{
    DefectCode,
    decode::{self, DecodeCache},
};
use crate::model::record::{MAX_LINE, MAX_STRING, Record, short};

/// Parses one line without its line end.
///
/// # Errors
/// When it is too long, not in canonical form, or not a record of a known kind; with the problem in words.
pub(super) fn read(line: &[u8], memory: &mut DecodeCache) -> Result<Record, (DefectCode, String)> {
    if line.len() > MAX_LINE {
        return Err((
            DefectCode::RecordSize,
            format!("the line has {} bytes; at most {MAX_LINE} are allowed", line.len()),
        ));
    }
    let text =
        std::str::from_utf8(line).map_err(|_| (DefectCode::RecordMalformed, "the line is not UTF-8".to_owned()))?;
    let mut scan = CanonicalJsonScan { text, at: 0, kind: "" };
    scan.line().map_err(|(code, why)| (code, format!("{why} at byte {}", scan.at)))?;
    let record = match decode::read(scan.kind, text, memory) {
        Some(Ok(record)) => record,
        Some(Err(error)) => return Err((DefectCode::RecordSchema, short(&error.to_string()))),
        None => return Err((DefectCode::RecordKind, format!("unknown kind `{}`", short(scan.kind)))),
    };
    if record.v == 1 { Ok(record) } else { Err((DefectCode::RecordVersion, format!("unknown version {}", record.v))) }
}

/// Checks that a text is canonical JSON (RFC 8785) without floats.
struct CanonicalJsonScan<'a> {
    text: &'a str,
    at: usize,
    /// The value of the key `kind` of the record itself.
    kind: &'a str,
}

type ScanResult = Result<(), (DefectCode, &'static str)>;

impl<'a> CanonicalJsonScan<'a> {
    fn line(&mut self) -> ScanResult {
        if self.peek() != Some(b'{') {
            return form("a record is an object");
        }
        self.value(0)?;
        if self.at == self.text.len() { Ok(()) } else { form("text follows the record") }
    }

    fn value(&mut self, depth: usize) -> ScanResult {
        match self.peek() {
            Some(b'{') if depth < DEEPEST => self.object(depth),
            Some(b'[') if depth < DEEPEST => self.array(depth),
            Some(b'"') => self.string().map(|_| ()),
            Some(b'-' | b'0'..=b'9') => self.integer(),
            Some(b'{' | b'[') => form("it is nested too deep"),
            // No record contains `null`: absent values are left out.
            _ => match ["true", "false"].iter().find(|word| self.text[self.at..].starts_with(**word)) {
                Some(word) => {
                    self.at += word.len();
                    Ok(())
                }
                None => form("not a canonical JSON value"),
            },
        }
    }

    fn object(&mut self, depth: usize) -> ScanResult {
        self.at += 1;
        if self.eat(b'}') {
            return Ok(());
        }
        let mut before: Option<&str> = None;
        loop {
            if self.peek() != Some(b'"') {
                return form("a key is expected");
            }
            let key = self.string()?;
            if before.is_some_and(|before| !precedes(before, key)) {
                return form("keys are not sorted, or one occurs twice");
            }
            before = Some(key);
            if !self.eat(b':') {
                return form("`:` is expected");
            }
            let start = self.at;
            self.value(depth + 1)?;
            let value = &self.text[start..self.at];
            if depth == 0 && key == "kind" {
                self.kind = value.trim_matches('"');
            }
            if depth == 0 && LEFT_OUT_WHEN_EMPTY.contains(&key) && matches!(value, "[]" | "{}") {
                return form("an empty optional key is present");
            }
            match (self.eat(b','), self.eat(b'}')) {
                (true, false) => {}
                (false, true) => return Ok(()),
                _ => return form("`,` or `}` is expected"),
            }
        }
    }

    fn array(&mut self, depth: usize) -> ScanResult {
        self.at += 1;
        if self.eat(b']') {
            return Ok(());
        }
        loop {
            self.value(depth + 1)?;
            match (self.eat(b','), self.eat(b']')) {
                (true, false) => {}
                (false, true) => return Ok(()),
                _ => return form("`,` or `]` is expected"),
            }
        }
    }

    /// Returns the text between the quotes, as written.
    fn string(&mut self) -> Result<&'a str, (DefectCode, &'static str)> {
        let bytes = self.text.as_bytes();
        self.at += 1;
        let start = self.at;
        let mut escaped = 0;
        loop {
            let rest = bytes.get(self.at..).unwrap_or_default();
            self.at += rest.iter().position(|byte| !PLAIN[usize::from(*byte)]).unwrap_or(rest.len());
            match bytes.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    let length = escape(&bytes[self.at..])
                        .ok_or((DefectCode::RecordMalformed, "this escape is not canonical"))?;
                    escaped += length - 1;
                    self.at += length;
                }
                Some(0..=0x1f) | None => return form("a string does not end").map(|()| ""),
                Some(_) => self.at += 1,
            }
        }
        let (written, decoded) = (&self.text[start..self.at], self.at - start - escaped);
        self.at += 1;
        if decoded > MAX_STRING {
            Err((DefectCode::RecordSize, "a string has more than 512 bytes"))
        } else {
            Ok(written)
        }
    }

    fn integer(&mut self) -> ScanResult {
        let rest = &self.text.as_bytes()[self.at..];
        let sign = usize::from(rest.first() == Some(&b'-'));
        let digits = rest[sign..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if matches!(rest.get(sign + digits), Some(b'.' | b'e' | b'E')) {
            return Err((DefectCode::RecordNumber, "a number is not an integer"));
        }
        let number = &self.text[self.at + sign..self.at + sign + digits];
        if digits == 0 || (number.starts_with('0') && (digits > 1 || sign == 1)) {
            return form("a number is not in canonical form");
        }
        if !number.parse::<u64>().is_ok_and(|number| number < 1 << 53) {
            return Err((DefectCode::RecordNumber, "a number is beyond 2^53"));
        }
        self.at += sign + digits;
        Ok(())
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }
}

/// Compares keys by UTF-16 code units (RFC 8785 section 3.2.3).
fn precedes(before: &str, after: &str) -> bool {
    let is_plain = |key: &str| key.is_ascii() && !key.contains('\\');
    if is_plain(before) && is_plain(after) {
        return before < after;
    }
    let decoded = |key: &str| serde_json::from_str::<String>(&format!("\"{key}\"")).unwrap_or_default();
    decoded(before).encode_utf16().lt(decoded(after).encode_utf16())
}

/// Returns the length of the escape at the start of `bytes`, if RFC 8785 section 3.2.2.2 allows it.
fn escape(bytes: &[u8]) -> Option<usize> {
    match bytes.get(1)? {
        b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't' => Some(2),
        b'u' => match bytes.get(2..6)? {
            [b'0', b'0', b'0', b'8' | b'9' | b'a' | b'c' | b'd'] => None,
            [b'0', b'0', b'0' | b'1', b'0'..=b'9' | b'a'..=b'f'] => Some(6),
            _ => None,
        },
        _ => None,
    }
}

fn form(why: &'static str) -> ScanResult {
    Err((DefectCode::RecordMalformed, why))
}

const DEEPEST: usize = 8;

/// The bytes that need no escape in a string.
const PLAIN: [bool; 256] = {
    let mut plain = [true; 256];
    let mut control = 0;
    while control < 0x20 {
        plain[control] = false;
        control += 1;
    }
    plain[b'"' as usize] = false;
    plain[b'\\' as usize] = false;
    plain
};

/// Keys that are left out when empty; all other lists and tables are always present.
const LEFT_OUT_WHEN_EMPTY: [&str; 2] = ["claims", "paths"];

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;
