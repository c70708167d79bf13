//! Byte-level limits of governed files, checked before parsing: size, line length, UTF-8, line ends.

use crate::diag::{Diagnostic, SourceFile};

/// The maximum size of a governed file in bytes.
pub const MAX_FILE: usize = 256 * 1024;

/// The maximum length of a line of a governed file in bytes, without its line end.
pub const MAX_LINE: usize = 4 * 1024;

/// Returns the bytes as text when they are within the limits of governed files: at most [`MAX_FILE`] bytes, at most
/// [`MAX_LINE`] a line, UTF-8 without byte order mark, LF as the only line end, and one at the end.
///
/// # Errors
/// One diagnostic for the first violation. The check reads the bytes once and does not allocate.
pub fn check<'a>(name: &str, bytes: &'a [u8]) -> Result<&'a str, Box<Diagnostic>> {
    check_size(name, bytes)?;
    let text = std::str::from_utf8(bytes).map_err(|error| not_utf8(name, bytes, error.valid_up_to()))?;
    if text.starts_with(BYTE_ORDER_MARK) {
        let problem = Diagnostic::error("byte-order-mark", "the file begins with a byte order mark");
        return Err(fixable(problem, name).at(&SourceFile::new(name, text), 0..3, "remove these three bytes").into());
    }
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let length = line.trim_end_matches('\n').len();
        if length > MAX_LINE {
            return Err(long_line(name, text, start, length).into());
        }
        if let Some(at) = line.find('\r') {
            let (line, _) = SourceFile::new(name, text).position(start);
            let problem = Diagnostic::error("carriage-return", format!("line {line} has a carriage return"));
            let label = "lines must end in LF only";
            return Err(fixable(problem, name)
                .at(&SourceFile::new(name, text), start + at..start + at + 1, label)
                .into());
        }
        start += line.len();
    }
    if !text.ends_with('\n') {
        let problem = Diagnostic::error("no-final-newline", "the last line has no line end");
        let end = text.len();
        return Err(fixable(problem, name)
            .at(&SourceFile::new(name, text), end..end, "a line end is missing here")
            .into());
    }
    Ok(text)
}

/// Checks that the file is small enough to be parsed.
///
/// # Errors
/// When there are more than [`MAX_FILE`] bytes.
pub fn check_size(name: &str, bytes: &[u8]) -> Result<(), Box<Diagnostic>> {
    if bytes.len() <= MAX_FILE {
        return Ok(());
    }
    let message = format!("the file has {} bytes; a governed file has at most {MAX_FILE}", bytes.len());
    let problem = Diagnostic::error("too-large", message).in_file(name);
    Err(problem.help("split it: a review has at most 75 items, principals can go into `principals/<name>.toml`").into())
}

fn not_utf8(name: &str, bytes: &[u8], valid: usize) -> Diagnostic {
    let byte = bytes.get(valid).copied().unwrap_or_default();
    // INVARIANT: the text before `valid` is UTF-8, so offsets in the lossy text are equal up to there.
    Diagnostic::error("not-utf8", format!("byte {valid} (0x{byte:02X}) is not UTF-8"))
        .at(&SourceFile::of_bytes(name, bytes), valid..valid + 1, "not UTF-8 from here")
        .help("save the file as UTF-8")
}

fn long_line(name: &str, text: &str, start: usize, length: usize) -> Diagnostic {
    let source = SourceFile::new(name, text);
    let (line, _) = source.position(start);
    let message = format!("line {line} has {length} bytes; a line has at most {MAX_LINE}");
    Diagnostic::error("long-line", message)
        .at(&source, start..start + 1, "this line")
        .help("shorten the text, or keep it elsewhere and refer to it")
}

fn fixable(problem: Diagnostic, name: &str) -> Diagnostic {
    problem.help(format!("`tenure fmt {name}` rewrites the file in canonical form"))
}

const BYTE_ORDER_MARK: char = '\u{feff}';

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_at_the_limits_is_accepted() {
        let line = format!("{}\n", "a".repeat(MAX_LINE));
        let full = line.repeat(MAX_FILE / line.len());
        for text in ["\n".repeat(MAX_FILE), line, full] {
            assert!(check("x", text.as_bytes()).is_ok());
        }
    }

    #[test]
    fn each_violation_has_its_own_code() {
        let long = format!("a\n{}\n", "a".repeat(MAX_LINE + 1));
        let large = "\n".repeat(MAX_FILE + 1);
        let cases: [(&[u8], &str, Option<usize>); 7] = [
            (large.as_bytes(), "too-large", None),
            (long.as_bytes(), "long-line", Some(2)),
            (b"\xef\xbb\xbfa\n", "byte-order-mark", Some(1)),
            (b"a\nb\r\n", "carriage-return", Some(2)),
            (b"a\n\xff\n", "not-utf8", Some(2)),
            (b"a\nb", "no-final-newline", Some(2)),
            (b"", "no-final-newline", Some(1)),
        ];
        for (bytes, code, line) in cases {
            let problem = check("x", bytes).unwrap_err();
            assert_eq!((problem.code, problem.line()), (code, line));
            assert!(problem.help.is_some());
        }
    }
}
