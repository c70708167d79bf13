//! Reason codes: the first word of a decision's reason, `unused: the export job was retired in May`.

use super::Verdict;
use std::fmt;

/// Why a verdict was given, in one word that can be counted.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ReasonCode {
    /// What it was for has come to an end.
    Ended,
    /// It gives more than the work needs.
    Excessive,
    /// It is used, and the work needs it.
    InUseNeeded,
    /// Law or a contract asks to keep it.
    LegalHold,
    /// The work is moving elsewhere, and it goes then.
    Migrating,
    /// Somebody else should judge.
    NotMine,
    /// Somebody else answers for it now.
    OwnerChange,
    /// The secret is old, or was seen where it should not be.
    RotationDue,
    /// Something here is not understood.
    Suspicious,
    /// Nobody answers for it.
    UnknownOwner,
    /// Nobody uses it.
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
        Self::NotMine,
        Self::OwnerChange,
        Self::RotationDue,
        Self::Suspicious,
        Self::UnknownOwner,
        Self::Unused,
    ];

    /// Returns the code as reasons begin with it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::Excessive => "excessive",
            Self::InUseNeeded => "in-use-needed",
            Self::LegalHold => "legal-hold",
            Self::Migrating => "migrating",
            Self::NotMine => "not-mine",
            Self::OwnerChange => "owner-change",
            Self::RotationDue => "rotation-due",
            Self::Suspicious => "suspicious",
            Self::UnknownOwner => "unknown-owner",
            Self::Unused => "unused",
        }
    }

    /// Returns what it says, as people read it.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Ended => "what it was for has come to an end",
            Self::Excessive => "it gives more than the work needs",
            Self::InUseNeeded => "it is used, and the work needs it",
            Self::LegalHold => "law or a contract asks to keep it",
            Self::Migrating => "the work is moving elsewhere, and it goes then",
            Self::NotMine => "somebody else should judge",
            Self::OwnerChange => "somebody else answers for it now",
            Self::RotationDue => "the secret is old, or was seen where it should not be",
            Self::Suspicious => "something here is not understood",
            Self::UnknownOwner => "nobody answers for it",
            Self::Unused => "nobody uses it",
        }
    }

    /// Returns the codes that go with a verdict, the most usual first; others may be written all the same.
    pub const fn of(verdict: Verdict) -> &'static [Self] {
        match verdict {
            Verdict::Abstain => &[Self::NotMine, Self::OwnerChange],
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

    /// Returns the code that a reason begins with, and the words after it.
    pub fn split(reason: &str) -> (Option<Self>, &str) {
        let (head, rest) = reason.split_once(':').unwrap_or((reason, ""));
        match Self::ALL.into_iter().find(|code| code.as_str() == head.trim()) {
            Some(code) => (Some(code), rest.trim()),
            None => (None, reason.trim()),
        }
    }

    /// Returns a reason of a code and words, either of which may be missing.
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
    fn a_reason_comes_apart_and_together_again() {
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
    fn every_verdict_has_codes_and_every_code_a_verdict() {
        for code in ReasonCode::ALL {
            assert!(Verdict::ALL.iter().any(|verdict| ReasonCode::of(*verdict).contains(&code)), "{code}");
        }
        assert!(Verdict::ALL.iter().all(|verdict| !ReasonCode::of(*verdict).is_empty()));
    }
}
