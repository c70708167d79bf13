//! What decisions need, and what makes a review look like a rubber stamp: the mandate's terms of review.

use super::{Item, MissingField};
use crate::model::{ReasonCode, Severity, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What decisions need, and from where on a review looks like a rubber stamp. The first two are held against every
/// decision; the others give findings, which are indicators and not proof: git cannot show that somebody has read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewTerms {
    /// Who keeps what policy speaks against says why, in at least this many words after the code.
    pub words: u32,
    /// What policy finds this bad, or worse, is kept by an exception only.
    pub exception_from: Severity,
    /// One reason for more than this many of the accesses that somebody keeps, …
    pub copies: u32,
    /// … and for at least this percentage of them, is a copied reason.
    pub copies_percent: u32,
    /// The most unflagged items of one shape that one file may decide by one reason.
    pub bulk: u32,
    /// The most flagged items that one file may keep.
    pub flagged_keeps: u32,
    /// Whoever keeps flagged items more often than the others, by so many percentage points, stands out.
    pub peer_points: u32,
    /// The fewest seconds a decision takes, from when its item was assigned until it was taken up, on average.
    pub seconds: u32,
    /// The least percentage of items that a second person decides once more, blind; a definition may ask for more.
    pub second_look_percent: u32,
    /// More disagreement than this percentage of a second look is a finding.
    pub disagree_percent: u32,
}

impl ReviewTerms {
    /// Returns the usual terms: three words; an exception for what is critical; more than 10 copies of one reason that are
    /// half of what is kept; 50 items by one reason; 25 flagged keeps in a file; 30 points above the others; 10 seconds a
    /// decision; no second look; at most 10 % disagreement.
    pub const fn usual() -> Self {
        Self {
            words: 3,
            exception_from: Severity::Critical,
            copies: 10,
            copies_percent: 50,
            bulk: 50,
            flagged_keeps: 25,
            peer_points: 30,
            seconds: 10,
            second_look_percent: 0,
            disagree_percent: 10,
        }
    }
}

impl Item {
    /// Returns whether policy speaks against the access.
    pub const fn is_flagged(&self) -> bool {
        self.severity.is_some()
    }

    /// Returns whether its decision leaves the access as it is, by the word of the reviewer alone. Handing an access without
    /// an owner to one is what policy asks for, and keeps nothing against it.
    pub fn is_kept(&self) -> bool {
        match self.decision {
            Some(Verdict::Certify) => true,
            Some(Verdict::Transfer) => self.recommended() != Some(Verdict::Transfer),
            _ => false,
        }
    }

    /// Returns the verdict that policy recommends.
    pub fn recommended(&self) -> Option<Verdict> {
        let (word, _) = self.recommend.split_once(':')?;
        Verdict::ALL.into_iter().find(|verdict| verdict.as_str() == word.trim())
    }

    /// Returns the first thing that its decision cannot do without by these terms and does not have: what any decision
    /// needs, and for keeping what policy speaks against a code with words, or an exception. Taking access away never needs
    /// more text than keeping it.
    pub fn lacks_by(&self, terms: &ReviewTerms) -> Option<MissingField> {
        if let Some(lack) = self.lacks() {
            return Some(lack);
        }
        let severity = self.severity.filter(|_| self.is_kept())?;
        if severity <= terms.exception_from {
            return Some(MissingField::Exception);
        }
        let (code, words) = ReasonCode::split(&self.reason);
        let said = words.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count();
        match code {
            None => Some(MissingField::Code),
            Some(_) => (said < terms.words as usize).then_some(MissingField::Words),
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
            grant: Digest::of("grant"),
            subject: "db:1".to_owned(),
            tier: Tier::T2,
            facts: "a service account".to_owned(),
            recommend: "transfer: NHI-OWN-01".to_owned(),
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
    fn keeping_what_is_flagged_takes_a_code_and_words_and_taking_it_away_takes_neither() {
        let terms = ReviewTerms::usual();
        let lacks = |severity, verdict, reason: &str| item(severity, verdict, reason).lacks_by(&terms);
        let flagged = Some(Severity::High);
        assert_eq!(lacks(None, Verdict::Certify, "ok"), None, "nothing speaks against it");
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
    fn from_the_severity_of_the_terms_on_an_access_is_kept_by_exception_only() {
        let reason = "in-use-needed: the nightly export needs it";
        let lacks = |severity, verdict, from| {
            let terms = ReviewTerms { exception_from: from, ..ReviewTerms::usual() };
            item(Some(severity), verdict, reason).lacks_by(&terms)
        };
        assert_eq!(lacks(Severity::Critical, Verdict::Certify, Severity::Critical), Some(MissingField::Exception));
        assert_eq!(lacks(Severity::High, Verdict::Certify, Severity::Critical), None);
        assert_eq!(lacks(Severity::High, Verdict::Certify, Severity::High), Some(MissingField::Exception));
        assert_eq!(lacks(Severity::Low, Verdict::Certify, Severity::High), None);
        assert_eq!(lacks(Severity::Critical, Verdict::Revoke, Severity::Critical), None);
        assert_eq!(lacks(Severity::Critical, Verdict::Transfer, Severity::Critical), None, "policy asks for an owner");
        let terms = ReviewTerms::usual();
        let mut other = item(Some(Severity::Critical), Verdict::Transfer, reason);
        other.recommend = "revoke: NHI-LIF-01".to_owned();
        assert_eq!(other.lacks_by(&terms), Some(MissingField::Exception), "another owner does not make it right");
        let mut excepted = item(Some(Severity::Critical), Verdict::Except, reason);
        assert_eq!(excepted.lacks_by(&terms), Some(MissingField::Until));
        excepted.until = Some(crate::model::Timestamp::from_unix(1_800_000_000));
        assert_eq!(excepted.lacks_by(&terms), None);
    }
}
