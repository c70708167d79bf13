//! An entry of the table of codes, and the macro that declares the codes of an area.

use std::fmt;

/// A stable code of diagnostics or findings. A code never changes its meaning.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Code {
    /// The name, such as `self-review`.
    pub name: &'static str,
    /// The highest severity with which the code is reported.
    pub severity: CodeSeverity,
    /// The problem, in one sentence.
    pub meaning: &'static str,
    /// The remedy, in one sentence. Messages have a more specific one.
    pub remedy: &'static str,
}

/// The severity of a code: that of a finding, or that of a diagnostic.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum CodeSeverity {
    /// A finding: the repository's claims cannot be relied on.
    Critical,
    /// A finding: a control did not work.
    High,
    /// A finding: a control worked late or in part.
    Medium,
    /// A finding with useful information.
    Low,
    /// A diagnostic: the command failed, or the file is not accepted.
    Error,
    /// A diagnostic: the command succeeded, but a person should check the problem.
    Warning,
    /// A diagnostic with useful information.
    Note,
}

impl CodeSeverity {
    /// Returns whether it is the severity of a finding.
    pub const fn is_finding(self) -> bool {
        matches!(self, Self::Critical | Self::High | Self::Medium | Self::Low)
    }
}

impl fmt::Display for CodeSeverity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        })
    }
}

/// Declares the codes of an area: severity, name, meaning and remedy of each, sorted by name.
macro_rules! codes {
    ($($severity:ident $name:literal: $meaning:literal $remedy:literal;)*) => {
        pub(super) const CODES: &[super::Code] = &[$(super::Code {
            name: $name,
            severity: super::CodeSeverity::$severity,
            meaning: $meaning,
            remedy: $remedy,
        },)*];
    };
}
pub(super) use codes;
