//! Requirements of the mandate for exceptions.

use super::Rating;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Requirements for exceptions of a rating.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExceptionTerms {
    /// The rating.
    pub rating: Rating,
    /// The maximum duration in days.
    pub max_days: u32,
    /// The maximum number of renewals.
    pub max_renewals: u32,
    /// The maximum number of days between two proofs of the compensating control; 0 requires no proof.
    pub proof_days: u32,
    /// The registry groups of the approvers: one signer for each entry, all of them different people.
    pub approver_groups: Vec<String>,
}

impl ExceptionTerms {
    /// Returns the defaults of a rating, with all approvers from `group`: 30, 90, 180 and 365 days; one renewal for
    /// critical risks, otherwise two; proofs weekly, monthly, quarterly, none; two approvers for critical risks.
    pub fn usual(rating: Rating, group: &str) -> Self {
        let (days, renewals, proof_days, people) = match rating {
            Rating::Critical => (30, 1, 7, 2),
            Rating::High => (90, 2, 31, 1),
            Rating::Low => (365, 2, 0, 1),
            Rating::Medium => (180, 2, 92, 1),
        };
        Self {
            rating,
            max_days: days,
            max_renewals: renewals,
            proof_days,
            approver_groups: vec![group.to_owned(); people],
        }
    }
}
