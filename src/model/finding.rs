//! Findings: what a check reports, with a stable code.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The claim of the repository cannot be relied on.
    Critical,
    /// A control did not work.
    High,
    /// A control worked late or in part.
    Medium,
    /// Worth knowing.
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

/// What a check found.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// A stable code, such as `chain-broken`.
    pub code: &'static str,
    /// What it is about: a path, an action, a record; with line or index where there is one.
    pub subject: String,
    /// What is wrong, in one sentence.
    pub message: String,
    /// The next command to type, or what to do.
    pub help: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}] {}: {}", self.severity, self.code, self.subject, self.message)
    }
}
