//! Reason codes: the first word of a decision's reason, `unused: the export job was retired in May`.

use super::Verdict;
use std::fmt;

/// The reason for a verdict as a single word, for statistics.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ReasonCode {
    /// The purpose no longer exists.
    Ended,
    /// It gives more rights than the work needs.
    Excessive,
    /// It is used, and the work needs it.
    InUseNeeded,
    /// A law or a contract requires it.
    LegalHold,
    /// The work is moving to another system; the access will be removed afterwards.
    Migrating,
    /// Another reviewer should decide.
    WrongReviewer,
    /// The owner has changed.
    OwnerChange,
    /// The secret is old, or was exposed.
    RotationDue,
    /// It is not understood.
    Suspicious,
    /// There is no owner.
    UnknownOwner,
    /// It is not used.
    Unused,
}

impl ReasonCode {
    /// All codes in alphabetical order.
    pub const ALL: [Self; 11] = [
        Self::Ended,
        Self::Excessive,
        Self::InUseNeeded,
        Self::LegalHold,
        Self::Migrating,
        Self::WrongReviewer,
        Self::OwnerChange,
        Self::RotationDue,
        Self::Suspicious,
        Self::UnknownOwner,
        Self::Unused,
    ];

    /// Returns the code as written at the start of a reason.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::Excessive => "excessive",
            Self::InUseNeeded => "in-use-needed",
            Self::LegalHold => "legal-hold",
            Self::Migrating => "migrating",
            Self::WrongReviewer => "wrong-reviewer",
            Self::OwnerChange => "owner-change",
            Self::RotationDue => "rotation-due",
            Self::Suspicious => "suspicious",
            Self::UnknownOwner => "unknown-owner",
            Self::Unused => "unused",
        }
    }

    /// Returns the meaning of the code in words.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Ended => "its purpose no longer exists",
            Self::Excessive => "it gives more rights than the work needs",
            Self::InUseNeeded => "it is used, and the work needs it",
            Self::LegalHold => "a law or a contract requires it",
            Self::Migrating => "the work is moving to another system",
            Self::WrongReviewer => "another reviewer should decide",
            Self::OwnerChange => "the owner has changed",
            Self::RotationDue => "the secret is old, or was exposed",
            Self::Suspicious => "it is not understood",
            Self::UnknownOwner => "it has no owner",
            Self::Unused => "it is not used",
        }
    }

    /// Returns the usual codes of a verdict, the most common first. Other codes are allowed.
    pub const fn of(verdict: Verdict) -> &'static [Self] {
        match verdict {
            Verdict::Abstain => &[Self::WrongReviewer, Self::OwnerChange],
            Verdict::Certify => &[Self::InUseNeeded, Self::Migrating, Self::LegalHold],
            Verdict::Disable => &[Self::Unused, Self::Ended, Self::UnknownOwner, Self::LegalHold, Self::Suspicious],
            Verdict::Except => &[Self::InUseNeeded, Self::Migrating, Self::LegalHold],
            Verdict::Investigate => &[Self::Suspicious, Self::UnknownOwner],
            Verdict::Reduce => &[Self::Excessive, Self::InUseNeeded],
            Verdict::Replace => &[Self::Migrating, Self::Excessive, Self::RotationDue],
            Verdict::Revoke => {
                &[Self::Unused, Self::Ended, Self::Excessive, Self::UnknownOwner, Self::OwnerChange, Self::Suspicious]
            }
            Verdict::Rotate => &[Self::RotationDue, Self::OwnerChange, Self::Suspicious],
            Verdict::Transfer => &[Self::OwnerChange, Self::UnknownOwner],
        }
    }

    /// Returns the code at the start of a reason, and the words after it.
    pub fn split(reason: &str) -> (Option<Self>, &str) {
        let (head, rest) = reason.split_once(':').unwrap_or((reason, ""));
        match Self::ALL.into_iter().find(|code| code.as_str() == head.trim()) {
            Some(code) => (Some(code), rest.trim()),
            None => (None, reason.trim()),
        }
    }

    /// Returns a reason composed of a code and words, either of which may be missing.
    pub fn join(code: Option<Self>, words: &str) -> String {
        match (code, words.trim()) {
            (None, words) => words.to_owned(),
            (Some(code), "") => code.to_string(),
            (Some(code), words) => format!("{code}: {words}"),
        }
    }
}

impl fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reason_splits_and_joins() {
        let reasons = ["unused: the job was retired: in May", "unused", "as agreed: see the minutes", ""];
        let parts = [
            (Some(ReasonCode::Unused), "the job was retired: in May"),
            (Some(ReasonCode::Unused), ""),
            (None, "as agreed: see the minutes"),
            (None, ""),
        ];
        for (reason, (code, words)) in reasons.into_iter().zip(parts) {
            assert_eq!(ReasonCode::split(reason), (code, words));
            assert_eq!(ReasonCode::join(code, words), reason);
        }
    }

    #[test]
    fn verdicts_and_codes_cover_each_other() {
        for code in ReasonCode::ALL {
            assert!(Verdict::ALL.iter().any(|verdict| ReasonCode::of(*verdict).contains(&code)), "{code}");
        }
        assert!(Verdict::ALL.iter().all(|verdict| !ReasonCode::of(*verdict).is_empty()));
    }
}
