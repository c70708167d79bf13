//! Findings: results of a check, with a stable code.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The severity of a finding.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The repository's claims cannot be relied on.
    Critical,
    /// A control did not work.
    High,
    /// A control worked late or in part.
    Medium,
    /// Useful information.
    Low,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        })
    }
}

/// A result of a check.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Finding {
    /// The severity.
    pub severity: Severity,
    /// A stable code, such as `chain-broken`.
    pub code: &'static str,
    /// The subject: a path, an action or a record; with line or index, if any.
    pub subject: String,
    /// The problem, in one sentence.
    pub message: String,
    /// The next command to run, or another remedy.
    pub help: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}] {}: {}", self.severity, self.code, self.subject, self.message)
    }
}
