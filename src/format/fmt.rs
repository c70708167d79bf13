//! Implements `tenure fmt`: converts an edited governed file to canonical form.

use super::{codec, limits};
use crate::diag::{Diagnostic, Diagnostics, SourceFile};
use std::{borrow::Cow, ops::Range};
use toml_parser::lexer::TokenKind;

/// The handling of comments, which a canonical file cannot contain.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CommentHandling {
    /// Remove them, with a warning.
    Drop,
    /// Fail if the file has comments.
    Refuse,
}

/// A file in canonical form.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FormattedFile {
    /// Its text.
    pub text: String,
    /// Warnings about removed comments.
    pub warnings: Diagnostics,
}

/// Returns the canonical text of a governed file.
///
/// Fixes a byte order mark, CRLF, a missing final line end, the order of keys, quoting and spacing, and removes
/// comments on request. The values never change: an ambiguous text is rejected.
///
/// # Errors
/// All problems of the file that only its author can fix.
pub fn format(name: &str, bytes: &[u8], comments: CommentHandling) -> Result<FormattedFile, Diagnostics> {
    limits::check_size(name, bytes).map_err(|problem| Diagnostics::from(*problem))?;
    let text = plain_ends(name, bytes)?;
    let kind = codec::kind(name, &text)?;
    let mended = codec::canonical(kind, name, &text)?;
    let source = SourceFile::new(name, &*text);
    let found = find_comments(&text);
    let warnings = match comments {
        CommentHandling::Drop => found.into_iter().map(|span| dropped(&source, span)).collect(),
        CommentHandling::Refuse if found.is_empty() => Diagnostics::new(),
        CommentHandling::Refuse => return Err(refused(&source, &found).into()),
    };
    limits::check(name, mended.as_bytes()).map_err(|problem| Diagnostics::from(*problem))?;
    Ok(FormattedFile { text: mended, warnings })
}

/// Returns the text with LF as its only line end, one at its end, and no byte order mark.
fn plain_ends<'a>(name: &str, bytes: &'a [u8]) -> Result<Cow<'a, str>, Diagnostics> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        // The check of the limits gives the better message.
        Err(_) => return Err(limits::check(name, bytes).err().map(|problem| *problem).into_iter().collect()),
    };
    if !text.contains('\r') && text.ends_with('\n') {
        return Ok(text.into());
    }
    let mut text = text.replace("\r\n", "\n");
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text.into())
}

/// Returns the positions of the comments in a TOML text.
fn find_comments(text: &str) -> Vec<Range<usize>> {
    let comments = toml_parser::Source::new(text).lex().filter(|token| token.kind() == TokenKind::Comment);
    comments.map(|token| token.span().start()..token.span().end()).collect()
}

fn refused(source: &SourceFile, comments: &[Range<usize>]) -> Diagnostic {
    let count = comments.len();
    let message = match count {
        1 => "a comment would be lost".to_owned(),
        _ => format!("{count} comments would be lost"),
    };
    let problem = Diagnostic::error("comment-not-allowed", message)
        .with_note("a governed file has no comments: signatures cover values only");
    let shown = comments.iter().take(MAX_SHOWN);
    let problem = shown.fold(problem, |problem, span| problem.at(source, span.clone(), ""));
    let problem = match count.saturating_sub(MAX_SHOWN) {
        0 => problem,
        more => problem.with_note(format!("and {more} more")),
    };
    problem.help(format!("move important text to a `reason`, then run `tenure fmt --drop-comments {}`", source.name()))
}

fn dropped(source: &SourceFile, span: Range<usize>) -> Diagnostic {
    let (line, _) = source.position(span.start);
    Diagnostic::warning("comment-dropped", format!("the comment on line {line} was removed")).at(source, span, "")
}

const MAX_SHOWN: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    const REVIEW: &str = include_str!("../../schemas/examples/review.toml");

    fn codes(problems: &Diagnostics) -> Vec<&'static str> {
        problems.sorted().iter().map(|problem| problem.code).collect()
    }

    #[test]
    fn formatting_is_fixed() {
        let left_by_a_person = format!(
            "\u{feff}{}",
            REVIEW
                .replacen(
                    "system = \"pg-orders\"\nreviewer = \"ana.ruiz\"",
                    "reviewer='ana.ruiz'\nsystem    =  \"\"\"pg-orders\"\"\"",
                    1
                )
                .replace('\n', "\r\n")
                .trim_end()
        );
        assert_eq!(
            format("r.toml", left_by_a_person.as_bytes(), CommentHandling::Refuse).map(|mended| mended.text).as_deref(),
            Ok(REVIEW)
        );
    }

    #[test]
    fn canonical_file_is_unchanged() {
        let mended = format("r.toml", REVIEW.as_bytes(), CommentHandling::Refuse).unwrap();
        assert_eq!((mended.text.as_str(), mended.warnings.is_empty()), (REVIEW, true));
    }

    #[test]
    fn comments_are_removed_only_on_request() {
        let text = format!("# keep me\n{}", REVIEW.replacen("\n[[item]]", "  # and me\n[[item]] # not \"# this\"", 1));
        let text = text.replacen("export job", "export # job", 1);
        let refused = format("r.toml", text.as_bytes(), CommentHandling::Refuse).unwrap_err();
        assert_eq!(codes(&refused), ["comment-not-allowed"]);
        assert!(refused.sorted()[0].message.contains("3 comments"));
        let mended = format("r.toml", text.as_bytes(), CommentHandling::Drop).unwrap();
        assert_eq!(codes(&mended.warnings), ["comment-dropped"; 3]);
        assert_eq!(mended.text, REVIEW.replacen("export job", "export # job", 1));
    }

    #[test]
    fn ambiguous_text_is_rejected() {
        let cases = [
            (REVIEW.replacen("svc_export", "svc_\u{435}xport", 1), "look-alike"),
            (REVIEW.replacen("svc_export", "svc\\u200b_export", 1), "hidden-text"),
            (REVIEW.replacen("decision", "decison", 1), "unknown-key"),
            (REVIEW.replacen("tenure/review/v1", "tenure/reviews/v1", 1), "schema-unknown"),
            (REVIEW.replacen("export job", &"x".repeat(5000), 1), "long-line"),
        ];
        for (text, code) in cases {
            assert_eq!(codes(&format("r.toml", text.as_bytes(), CommentHandling::Drop).unwrap_err()), [code]);
        }
        assert_eq!(codes(&format("r.toml", b"\xff", CommentHandling::Drop).unwrap_err()), ["not-utf8"]);
    }
}
