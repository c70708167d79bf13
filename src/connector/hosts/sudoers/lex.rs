//! Splits a sudoers file into logical lines: joins continuations, removes comments, and keeps the position of every
//! byte.

use std::ops::Range;

/// One logical line.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct LogicalLine {
    /// Its range in the file, with its line end.
    pub range: Range<usize>,
    /// The number of its first physical line, from 1.
    pub line: usize,
    /// Its bytes without comment and continuations, each with its position in the file.
    pub text: Vec<(u8, usize)>,
}

/// Splits a file into its logical lines, whose ranges cover the whole file.
pub(super) fn logical_lines(bytes: &[u8]) -> Vec<LogicalLine> {
    let mut lines = Vec::new();
    let (mut at, mut number) = (0, 1);
    while at < bytes.len() {
        let logical = one(bytes, at, number);
        number += bytes[logical.range.clone()].iter().filter(|b| **b == b'\n').count();
        at = logical.range.end;
        lines.push(logical);
    }
    lines
}

fn one(bytes: &[u8], start: usize, line: usize) -> LogicalLine {
    let mut text: Vec<(u8, usize)> = Vec::new();
    let mut at = start;
    let mut quoted = false;
    let mut comment = false;
    while at < bytes.len() {
        let byte = bytes[at];
        if byte == b'\n' {
            at += 1;
            break;
        }
        if comment {
            at += 1;
            continue;
        }
        if byte == b'\\' {
            if let Some(length) = continuation(&bytes[at..]) {
                text.push((b' ', at));
                at += length;
                continue;
            }
            text.push((byte, at));
            if let Some(next) = bytes.get(at + 1).filter(|next| **next != b'\n') {
                text.push((*next, at + 1));
                at += 1;
            }
            at += 1;
            continue;
        }
        if byte == b'"' {
            quoted = !quoted;
        }
        if byte == b'#' && !quoted && begins_comment(&text, &bytes[at..]) {
            comment = true;
            at += 1;
            continue;
        }
        text.push((byte, at));
        at += 1;
    }
    LogicalLine { range: start..at, line, text }
}

/// Returns the length of a backslash, the line end after it, and the blanks at the start of the next line.
fn continuation(bytes: &[u8]) -> Option<usize> {
    let end = match bytes {
        [b'\\', b'\n', ..] => 2,
        [b'\\', b'\r', b'\n', ..] => 3,
        _ => return None,
    };
    Some(end + bytes[end..].iter().take_while(|b| matches!(b, b' ' | b'\t')).count())
}

/// Returns whether a pound sign begins a comment (sudoers(5)). It does not in an include directive, or before digits of
/// a user id.
fn begins_comment(before: &[(u8, usize)], rest: &[u8]) -> bool {
    let first = before.iter().all(|(b, _)| b.is_ascii_whitespace());
    if first && (rest.starts_with(b"#include ") || rest.starts_with(b"#include\t") || rest.starts_with(b"#includedir"))
    {
        return false;
    }
    let in_word =
        before.last().is_some_and(|(b, _)| !matches!(b, b' ' | b'\t' | b',' | b'(' | b':' | b'!' | b'=' | b'%'));
    let digits = rest[1..].iter().take_while(|b| b.is_ascii_digit()).count();
    in_word || (digits == 0 && !rest.starts_with(b"#-1"))
}
