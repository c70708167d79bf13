//! What a forge told of the merge that brought decisions: who proposed, who approved what, who merged, what had passed.

use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// See [`super::RecordPayload::Merge`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MergeProvenance {
    /// The commit on the main branch.
    pub commit: String,
    /// The repository as its forge calls it, `<host>/<owner>/<name>`.
    pub forge: String,
    /// What the forge told.
    pub told: ForgeReport,
}

/// What a forge told of a commit on the main branch.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ForgeReport {
    /// No pull request brought it: somebody pushed it.
    Pushed,
    /// A pull request brought it.
    Pull(Box<PullRequest>),
    /// The forge could not be asked, for this reason: nothing is known.
    Unknown(String),
}

/// A pull request that was merged.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PullRequest {
    /// Its number.
    pub number: u64,
    /// Who proposed it.
    pub author: ForgeAccount,
    /// Who merged it; absent when the forge does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merger: Option<ForgeAccount>,
    /// The commit that was proposed last: what an approval must be of.
    pub head: String,
    /// The last word of each reviewer, in the order of their accounts; absent when it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviews: Option<Vec<ReviewApproval>>,
    /// How many checks of the head ended how; absent when it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checks: Option<BTreeMap<String, u64>>,
    /// Whether the rules of the branch were bypassed; absent when it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bypassed: Option<bool>,
}

/// An account of a forge.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForgeAccount {
    /// Its immutable number.
    pub id: u64,
    /// What it was called then; for display only.
    pub login: String,
}

/// The last word of one reviewer.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewApproval {
    /// Who.
    pub by: ForgeAccount,
    /// What they said.
    pub state: ReviewState,
    /// The commit they said it of.
    pub commit: String,
}

/// What a reviewer said.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewState {
    /// Yes.
    Approved,
    /// No.
    ChangesRequested,
    /// Something, and neither yes nor no.
    Commented,
    /// A yes or no that somebody took away again.
    Dismissed,
}

impl ForgeAccount {
    /// Returns it as a subject, as principals' files and registries name accounts.
    pub fn subject(&self) -> String {
        format!("github:{}", self.id)
    }
}

impl fmt::Display for ForgeAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (github:{})", self.login, self.id)
    }
}
