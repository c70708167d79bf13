//! Offline audit of a clone, with the root pin as the only trusted input.
//!
//! This layer has no access to targets: no connector, inventory reader or enforcer is in scope. Plans and populations,
//! which have to be recomputed from inventories, are passed in through [`PlanRecomputation`], which is pure as well.
//!
//! Each area of the audit has its own file:
//! - [`AuditArea::Integrity`]: the evidence is complete and unchanged;
//! - [`AuditArea::Authority`]: every intent has a valid decision, and no signature has become suspect;
//! - [`AuditArea::Coverage`]: everything in scope was reviewed;
//! - [`AuditArea::Enforcement`]: the targets match the decisions;
//! - [`AuditArea::Timeliness`]: changes were made in time;
//! - [`AuditArea::Quality`]: reviews show no sign of rubber-stamping.

mod approvals;
mod authority;
mod coverage;
mod enforcement;
mod integrity;
mod review_quality;
mod timeliness;

use crate::{
    campaign::{FieldDifference, Resolution, ReviewQuality},
    model::{
        CampaignId, Digest, Finding, Timestamp,
        history::{EvidenceHistory, RunHistory},
    },
    trust::RepositoryState,
};
use std::fmt;

/// The inputs of an audit.
pub struct AuditContext<'a> {
    /// The governed repository at its main branch.
    pub governed: &'a RepositoryState,
    /// The state derived from the evidence.
    pub history: &'a EvidenceHistory,
    /// Defects found while reading the evidence.
    pub defects: &'a [Finding],
    /// The findings about decisions and stage closes that were not made in time.
    pub untimely: &'a [Finding],
    /// The findings about versions of systems that took effect while a campaign was open.
    pub system_changes: &'a [Finding],
    /// The findings about access that a later inventory shows, although a read confirmed its removal.
    pub reappeared: &'a [Finding],
    /// The resolutions of the decisions in force.
    pub resolutions: &'a [Resolution],
    /// The review quality of each campaign.
    pub qualities: &'a [ReviewQuality],
    /// The current time, for overdue findings.
    pub now: Timestamp,
    /// The recomputations.
    pub repeat: &'a dyn PlanRecomputation,
}

/// Recomputations for an audit, from the clone alone.
pub trait PlanRecomputation {
    /// Returns the recomputed digest of a run's plan, from its commit and the evidence at that time.
    ///
    /// # Errors
    /// The reason why it cannot be computed.
    fn plan(&self, run: &RunHistory) -> Result<Digest, String>;

    /// Returns the digest over all governed files at a commit of the main branch.
    ///
    /// # Errors
    /// The reason why it cannot be computed.
    fn manifest(&self, commit: &str) -> Result<Digest, String>;

    /// Returns the fields in which a campaign and its worklists differ from the same opening computed again from what it
    /// pinned.
    ///
    /// # Errors
    /// The reason why it cannot be computed.
    fn opening(&self, campaign: &CampaignId) -> Result<Vec<FieldDifference>, String>;
}

/// An area of the audit.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum AuditArea {
    /// The evidence is complete and unchanged.
    Integrity,
    /// Decisions were made by authorized people.
    Authority,
    /// Everything in scope was reviewed.
    Coverage,
    /// The targets match the decisions.
    Enforcement,
    /// Changes were made in time.
    Timeliness,
    /// Reviews show no sign of rubber-stamping.
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

/// The result of one area.
#[derive(Clone, Debug)]
pub struct AuditResult {
    /// The area.
    pub area: AuditArea,
    /// The checked objects, as counts in words: a result without findings must state what it is based on.
    pub looked_at: String,
    /// The findings, sorted.
    pub findings: Vec<Finding>,
}

/// Runs all checks.
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
        if let Some(trust) = case.governed.trust() {
            trust.mandate().file().raise(&mut answer.findings);
        }
        answer.findings.sort();
        answer.findings.dedup();
    }
    answers
}
