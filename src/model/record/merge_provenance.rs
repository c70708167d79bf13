//! Provenance of the merge that introduced decisions: author, approvals, merger and checks, as reported by the Git
//! host.

use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// See [`super::RecordPayload::Merge`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MergeProvenance {
    /// The commit on the main branch.
    pub commit: String,
    /// The repository on the Git host, `<host>/<owner>/<name>`.
    pub forge: String,
    /// The report of the Git host.
    pub told: ForgeReport,
}

/// The report of the Git host about a commit on the main branch.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ForgeReport {
    /// It was pushed directly, without a pull request.
    Pushed,
    /// It was merged by a pull request.
    Pull(Box<PullRequest>),
    /// Unknown: the Git host could not be queried, for this reason.
    Unknown(String),
}

/// A pull request that was merged.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PullRequest {
    /// Its number.
    pub number: u64,
    /// The author.
    pub author: ForgeAccount,
    /// The account that merged it; absent when the Git host does not report it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merger: Option<ForgeAccount>,
    /// The last commit of the pull request, which approvals must refer to.
    pub head: String,
    /// The last review of each reviewer, sorted by account; absent when it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviews: Option<Vec<ReviewApproval>>,
    /// The number of checks of the head by conclusion; absent when it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checks: Option<BTreeMap<String, u64>>,
    /// Whether the rules of the branch were bypassed; absent when it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bypassed: Option<bool>,
}

/// An account on the Git host.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForgeAccount {
    /// Its immutable number.
    pub id: u64,
    /// Its name at that time; for display only.
    pub login: String,
}

/// The last review of one reviewer.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewApproval {
    /// The reviewer.
    pub by: ForgeAccount,
    /// The state.
    pub state: ReviewState,
    /// The reviewed commit.
    pub commit: String,
}

/// The state of a review.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewState {
    /// Approved.
    Approved,
    /// Changes requested.
    ChangesRequested,
    /// A comment without a decision.
    Commented,
    /// A review that was dismissed later.
    Dismissed,
}

impl ForgeAccount {
    /// Returns the account as a subject id, as used in principals files and registries.
    pub fn subject(&self) -> String {
        format!("github:{}", self.id)
    }
}

impl fmt::Display for ForgeAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (github:{})", self.login, self.id)
    }
}
