//! What the proof is worth: checks over a clone, offline, with the root pin alone.
//!
//! Nothing here can reach a target: no connector, no inventory reader and no enforcer is in scope. What has to be
//! computed again from inventories (plans and populations) comes through [`PlanRecomputation`], which is pure as well.
//!
//! An audit answers six questions, each in its own file: is the record whole ([`AuditArea::Integrity`]); had those who decided
//! the right to ([`AuditArea::Authority`]); was everybody in scope asked ([`AuditArea::Coverage`]); did the target follow
//! ([`AuditArea::Enforcement`]); in time ([`AuditArea::Timeliness`]);
//! and were the decisions more than rubber stamps ([`AuditArea::Quality`])?

mod approvals;
mod authority;
mod coverage;
mod enforcement;
mod integrity;
mod review_quality;
mod timeliness;

use crate::{
    campaign::{Resolution, ReviewQuality},
    model::{
        CampaignId, Digest, Finding, Timestamp,
        history::{EvidenceHistory, RunHistory},
    },
    trust::RepositoryState,
};
use std::fmt;

/// What an audit looks at.
pub struct AuditContext<'a> {
    /// The governed repository as its main branch tells.
    pub governed: &'a RepositoryState,
    /// What the evidence says, folded.
    pub history: &'a EvidenceHistory,
    /// Defects that reading the evidence itself has found.
    pub defects: &'a [Finding],
    /// What the decisions in force amount to.
    pub resolutions: &'a [Resolution],
    /// How each campaign was reviewed.
    pub qualities: &'a [ReviewQuality],
    /// The present, for what is overdue.
    pub now: Timestamp,
    /// What is computed again.
    pub repeat: &'a dyn PlanRecomputation,
}

/// What an audit computes again, from the clone alone.
pub trait PlanRecomputation {
    /// Returns the digest of the plan of a run, computed again from its commit and the evidence it knew.
    ///
    /// # Errors
    /// Why it cannot be computed.
    fn plan(&self, run: &RunHistory) -> Result<Digest, String>;

    /// Returns the digest over all governed files at a commit of the main branch.
    ///
    /// # Errors
    /// Why it cannot be computed.
    fn manifest(&self, commit: &str) -> Result<Digest, String>;

    /// Returns the population of a campaign, from the inventories it pinned: its digest and the number of items.
    ///
    /// # Errors
    /// Why it cannot be computed.
    fn population(&self, campaign: &CampaignId) -> Result<(Digest, u64), String>;
}

/// One of the six questions.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum AuditArea {
    /// Is the record whole?
    Integrity,
    /// Had those who decided the right to?
    Authority,
    /// Was everybody in scope asked?
    Coverage,
    /// Did the target follow?
    Enforcement,
    /// In time?
    Timeliness,
    /// Were the decisions more than rubber stamps?
    Quality,
}

impl fmt::Display for AuditArea {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Integrity => "integrity",
            Self::Authority => "authority",
            Self::Coverage => "coverage",
            Self::Enforcement => "enforcement",
            Self::Timeliness => "timeliness",
            Self::Quality => "quality",
        })
    }
}

/// What an audit found in one area.
#[derive(Clone, Debug)]
pub struct AuditResult {
    /// The question.
    pub area: AuditArea,
    /// What was looked at, as counts in words: an answer without findings must say what it rests on.
    pub looked_at: String,
    /// What is wrong, sorted.
    pub findings: Vec<Finding>,
}

/// Audits the case.
pub fn audit(case: &AuditContext<'_>) -> Vec<AuditResult> {
    let mut answers = vec![
        integrity::check(case),
        authority::check(case),
        coverage::check(case),
        enforcement::check(case),
        timeliness::check(case),
        review_quality::check(case),
    ];
    for answer in &mut answers {
        answer.findings.sort();
        answer.findings.dedup();
    }
    answers
}
