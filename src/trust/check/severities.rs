//! Checks the severities that a mandate raises: each is of the code of a finding, and higher than its usual severity.

use crate::{
    diag::{
        Diagnostic, Diagnostics, SourceFile,
        codes::{self, CodeSeverity},
    },
    format::codec,
    model::{Severity, file::Mandate},
};

/// Returns the problems of the severities in a mandate. A mandate of invalid form is reported elsewhere.
pub fn check_severities(path: &str, bytes: &[u8]) -> Diagnostics {
    let Ok(mandate) = codec::parse::<Mandate>(path, bytes) else { return Diagnostics::new() };
    let source = SourceFile::of_bytes(path, bytes);
    mandate.severities.iter().filter_map(|(name, severity)| check_severity(&source, name, *severity)).collect()
}

fn check_severity(source: &SourceFile, name: &str, severity: Severity) -> Option<Diagnostic> {
    let problem = match codes::find(name).and_then(|code| usual(code.severity)) {
        None => Diagnostic::error("unknown-code", format!("`{name}` is not the code of a finding"))
            .help("write the code of a finding, as `tenure audit` prints it"),
        Some(usual) if severity < usual => return None,
        Some(usual) => {
            let message = format!("the severity of `{name}` is already {usual}, and this is {severity}");
            Diagnostic::error("severity-not-raised", message)
                .help("a mandate can only raise severities: raise this one or remove it")
        }
    };
    let span = codec::place(source.text(), &["severity".into(), name.into()]);
    Some(problem.at(source, span, "this severity"))
}

/// Returns the severity of a finding, or `None` for a code of diagnostics alone.
const fn usual(severity: CodeSeverity) -> Option<Severity> {
    match severity {
        CodeSeverity::Critical => Some(Severity::Critical),
        CodeSeverity::High => Some(Severity::High),
        CodeSeverity::Medium => Some(Severity::Medium),
        CodeSeverity::Low => Some(Severity::Low),
        CodeSeverity::Error | CodeSeverity::Warning | CodeSeverity::Note => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{diag::RenderStyle, format::schema, model::file::FileKind};

    fn problems(severities: &str) -> String {
        let example = schema::example(FileKind::Mandate);
        let (above, below) = example.split_once("\n[severity]\n").unwrap();
        let rest = below.split_once("\n\n").map_or("", |(_, rest)| rest);
        let text = format!("{above}\n[severity]\n{severities}\n{rest}");
        check_severities("trust/mandate/2.toml", text.as_bytes()).render(RenderStyle::plain())
    }

    #[test]
    fn raised_severity_is_accepted() {
        assert_eq!(problems("decision-not-recorded = \"high\"\n"), "");
    }

    #[test]
    fn unknown_code_and_lower_severity_are_errors() {
        insta::assert_snapshot!(
            problems("decision-late = \"medium\"\nno-such-code = \"critical\"\nself-review = \"high\"\ntoo-deep = \"high\"\n"),
            @r#"
            error[severity-not-raised]: the severity of `decision-late` is already high, and this is medium
              --> trust/mandate/2.toml:43:17
               |
            43 | decision-late = "medium"
               |                 ^^^^^^^^ this severity
               |
               = help: a mandate can only raise severities: raise this one or remove it

            error[unknown-code]: `no-such-code` is not the code of a finding
              --> trust/mandate/2.toml:44:16
               |
            44 | no-such-code = "critical"
               |                ^^^^^^^^^^ this severity
               |
               = help: write the code of a finding, as `tenure audit` prints it

            error[severity-not-raised]: the severity of `self-review` is already high, and this is high
              --> trust/mandate/2.toml:45:15
               |
            45 | self-review = "high"
               |               ^^^^^^ this severity
               |
               = help: a mandate can only raise severities: raise this one or remove it

            error[unknown-code]: `too-deep` is not the code of a finding
              --> trust/mandate/2.toml:46:12
               |
            46 | too-deep = "high"
               |            ^^^^^^ this severity
               |
               = help: write the code of a finding, as `tenure audit` prints it
            "#
        );
    }
}
