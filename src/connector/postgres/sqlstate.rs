//! Classifies errors of the server by SQLSTATE (PostgreSQL documentation, appendix A).

use crate::connector::ConnectorError;

/// The reason why a batch has no result.
pub(super) enum BatchError {
    /// The server answered with an error, or the connection broke.
    Answer(postgres::Error),
    /// There was no reply in time, or no connection.
    Silence(String),
}

impl BatchError {
    /// Returns the SQLSTATE, if the server replied.
    pub(super) fn code(&self) -> Option<&str> {
        match self {
            Self::Answer(error) => error.as_db_error().map(|answer| answer.code().code()),
            Self::Silence(_) => None,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Answer(error) => chain(error),
            Self::Silence(why) => why.clone(),
        }
    }
}

/// Returns the class of an error or a lost connection at a time when no change was possible: in a read, or in a
/// transaction before its COMMIT was sent.
pub(super) fn before_commit(error: &BatchError) -> ConnectorError {
    let answer = match error {
        BatchError::Answer(error) => error.as_db_error(),
        BatchError::Silence(_) => None,
    };
    let Some(answer) = answer else { return ConnectorError::Transient(short(&error.text())) };
    let code = answer.code().code();
    let mut text = format!("{} (SQLSTATE {code})", answer.message());
    if let Some(detail) = answer.detail() {
        text.push_str(": ");
        text.push_str(&detail.replace('\n', "; "));
    }
    class(code, short(&text))
}

/// Returns the class of an error in reply to a COMMIT.
pub(super) fn at_commit(error: &BatchError) -> ConnectorError {
    match error.code() {
        // The server ended the session: the commit may have been completed before.
        Some(code) if code.starts_with("57P") || code.starts_with("08") => {
            ConnectorError::Ambiguous(format!("the server ended the session at COMMIT (SQLSTATE {code})"))
        }
        Some(_) => before_commit(error),
        None => ConnectorError::Ambiguous(short(&format!("the connection was lost at COMMIT: {}", error.text()))),
    }
}

/// Returns the class of a code; the text must be free of secrets.
pub(super) fn class(code: &str, text: String) -> ConnectorError {
    match code {
        "28000" | "28P01" => ConnectorError::Unauthenticated(text),
        "42501" => ConnectorError::Forbidden { missing: text },
        "3D000" | "3F000" | "42704" | "42883" | "42P01" | "42703" => ConnectorError::NotFound(text),
        // XX000 is also "tuple concurrently updated": the same catalog row was changed by another session.
        "40001" | "40P01" | "55P03" | "55006" | "57014" | "XX000" => ConnectorError::Transient(text),
        _ if code.starts_with("08") || code.starts_with("53") || code.starts_with("57P") => {
            ConnectorError::Transient(text)
        }
        "0A000" => ConnectorError::Unsupported(text),
        _ => ConnectorError::Permanent(text),
    }
}

/// Returns the causes of an error in one line: the outermost message of the client alone is too general.
fn chain(error: &postgres::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}

/// Shortens a text, because strings in evidence are short.
fn short(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

const LONGEST: usize = 400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlstate_determines_the_error_class() {
        for (code, class_name) in [
            ("28P01", "unauthenticated"),
            ("42501", "forbidden"),
            ("2BP01", "permanent"),
            ("0LP01", "permanent"),
            ("42704", "not-found"),
            ("40P01", "transient"),
            ("53300", "transient"),
            ("57P01", "transient"),
            ("0A000", "unsupported"),
            ("25006", "permanent"),
        ] {
            assert_eq!(class(code, String::new()).class(), class_name, "{code}");
        }
    }
}
