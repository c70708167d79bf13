//! Review requirements of the mandate: completeness of decisions, and thresholds of the rubber-stamping indicators.

use super::{Item, MissingField};
use crate::model::{ReasonCode, Severity, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Requirements for decisions, and thresholds of the rubber-stamping indicators. The first two are enforced for every
/// decision. The others produce findings, which are indicators and not proof: git cannot show whether a reviewer has
/// read an item.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewTerms {
    /// The minimum number of words after the reason code when a flagged item is certified.
    pub min_rationale_words: u32,
    /// The lowest severity at which an item can be kept by an exception only.
    pub require_exception_from: Severity,
    /// A reason is a copy if a reviewer certifies more than this number of items with it, …
    pub max_duplicate_reasons: u32,
    /// … and at least this percentage of the certified items.
    pub max_duplicate_reasons_percent: u32,
    /// The maximum number of unflagged items of one shape that a file may decide with one reason.
    pub max_bulk_size: u32,
    /// The maximum number of flagged items that a file may certify.
    pub max_flagged_certified: u32,
    /// The number of percentage points above the other reviewers at which certifying flagged items is reported.
    pub peer_points: u32,
    /// The minimum average number of seconds per decision, from the assignment until the decision is recorded.
    pub min_seconds_per_item: u32,
}

impl ReviewTerms {
    /// Returns the defaults: three words; an exception for critical items; more than 10 copies of one reason that are
    /// half of the certified items; 50 items with one reason; 25 flagged items per file; 30 points above the others; 10
    /// seconds per decision.
    pub const fn usual() -> Self {
        Self {
            min_rationale_words: 3,
            require_exception_from: Severity::Critical,
            max_duplicate_reasons: 10,
            max_duplicate_reasons_percent: 50,
            max_bulk_size: 50,
            max_flagged_certified: 25,
            peer_points: 30,
            min_seconds_per_item: 10,
        }
    }
}

impl Item {
    /// Returns whether the item has policy findings.
    pub const fn is_flagged(&self) -> bool {
        self.severity.is_some()
    }

    /// Returns whether the decision keeps the access unchanged on the reviewer's word alone. `transfer` does not count
    /// for an item without an owner: it is what the policy recommends.
    pub fn is_kept(&self) -> bool {
        match self.decision {
            Some(Verdict::Certify) => true,
            Some(Verdict::Transfer) => self.recommended() != Some(Verdict::Transfer),
            _ => false,
        }
    }

    /// Returns the verdict that the policy recommends.
    pub fn recommended(&self) -> Option<Verdict> {
        let (word, _) = self.recommendation.split_once(':')?;
        Verdict::ALL.into_iter().find(|verdict| verdict.as_str() == word.trim())
    }

    /// Returns the first field that these terms require and the decision lacks: the fields that any decision needs, and
    /// for certifying a flagged item a reason code with an explanation, or an exception. Revoking never requires more
    /// text than certifying.
    pub fn lacks_by(&self, terms: &ReviewTerms) -> Option<MissingField> {
        if let Some(lack) = self.lacks() {
            return Some(lack);
        }
        let severity = self.severity.filter(|_| self.is_kept())?;
        if severity <= terms.require_exception_from {
            return Some(MissingField::Exception);
        }
        let (code, words) = ReasonCode::split(&self.reason);
        let said = words.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count();
        match code {
            None => Some(MissingField::Code),
            Some(_) => (said < terms.min_rationale_words as usize).then_some(MissingField::Words),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Digest, ItemId, Tier};

    fn item(severity: Option<Severity>, decision: Verdict, reason: &str) -> Item {
        Item {
            id: ItemId::parse("itm-0000000000000001").unwrap(),
            grant_digest: Digest::of("grant"),
            subject: "db:1".to_owned(),
            tier: Tier::T2,
            summary: "a service account".to_owned(),
            recommendation: "transfer: NHI-OWN-01".to_owned(),
            severity,
            principal: "svc_export".to_owned(),
            entitlement: "role writer".to_owned(),
            decision: Some(decision),
            to: (decision == Verdict::Transfer).then(|| "ana".to_owned()),
            until: None,
            reason: reason.to_owned(),
            supersedes: None,
        }
    }

    #[test]
    fn certifying_a_flagged_item_needs_code_and_words() {
        let terms = ReviewTerms::usual();
        let lacks = |severity, verdict, reason: &str| item(severity, verdict, reason).lacks_by(&terms);
        let flagged = Some(Severity::High);
        assert_eq!(lacks(None, Verdict::Certify, "ok"), None, "not flagged");
        assert_eq!(lacks(flagged, Verdict::Certify, ""), Some(MissingField::Reason));
        assert_eq!(lacks(flagged, Verdict::Certify, "the export job needs it"), Some(MissingField::Code));
        for reason in ["in-use-needed", "in-use-needed: yes", "in-use-needed: it is", "in-use-needed: - . !"] {
            assert_eq!(lacks(flagged, Verdict::Certify, reason), Some(MissingField::Words), "{reason}");
        }
        assert_eq!(lacks(flagged, Verdict::Certify, "in-use-needed: nightly export job"), None);
        for (verdict, reason) in [(Verdict::Revoke, "x"), (Verdict::Disable, "unused"), (Verdict::Rotate, "old")] {
            assert_eq!(lacks(flagged, verdict, reason), None, "{verdict}");
        }
    }

    #[test]
    fn severity_of_the_terms_requires_an_exception() {
        let reason = "in-use-needed: the nightly export needs it";
        let lacks = |severity, verdict, from| {
            let terms = ReviewTerms { require_exception_from: from, ..ReviewTerms::usual() };
            item(Some(severity), verdict, reason).lacks_by(&terms)
        };
        assert_eq!(lacks(Severity::Critical, Verdict::Certify, Severity::Critical), Some(MissingField::Exception));
        assert_eq!(lacks(Severity::High, Verdict::Certify, Severity::Critical), None);
        assert_eq!(lacks(Severity::High, Verdict::Certify, Severity::High), Some(MissingField::Exception));
        assert_eq!(lacks(Severity::Low, Verdict::Certify, Severity::High), None);
        assert_eq!(lacks(Severity::Critical, Verdict::Revoke, Severity::Critical), None);
        assert_eq!(
            lacks(Severity::Critical, Verdict::Transfer, Severity::Critical),
            None,
            "the policy recommends a transfer"
        );
        let terms = ReviewTerms::usual();
        let mut other = item(Some(Severity::Critical), Verdict::Transfer, reason);
        other.recommendation = "revoke: NHI-LIF-01".to_owned();
        assert_eq!(other.lacks_by(&terms), Some(MissingField::Exception), "the policy recommends a revocation");
        let mut excepted = item(Some(Severity::Critical), Verdict::Except, reason);
        assert_eq!(excepted.lacks_by(&terms), Some(MissingField::Until));
        excepted.until = Some(crate::model::Timestamp::from_unix(1_800_000_000));
        assert_eq!(excepted.lacks_by(&terms), None);
    }
}
