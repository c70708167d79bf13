//! Status of exceptions: in force, ending, lapsed, or without a current proof of their control. Computed from signed
//! files and the current time, never stored.

use crate::{
    model::{
        Digest, Finding, ItemId, PrincipalId, Severity, Tier, Timestamp,
        file::{Exception, Mandate, Proof, ProofResult, Rating},
    },
    trust::Verified,
};
use serde::Serialize;
use std::fmt;

/// The status of an exception.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExceptionState {
    /// It starts later.
    Coming,
    /// Its compensating control was tested and failed.
    Failed,
    /// It is in force.
    InForce,
    /// It ended, and the accepted risk still exists: the violation is open again, with its first date.
    Lapsed,
    /// The accepted risk no longer exists.
    Over,
    /// It was renewed by another exception.
    Renewed,
    /// Its compensating control was not tested in time.
    Unproven,
}

impl ExceptionState {
    /// Returns whether the access may remain under this exception.
    pub const fn holds(self) -> bool {
        matches!(self, Self::InForce)
    }

    /// Returns the display text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Coming => "coming",
            Self::Failed => "control failed",
            Self::InForce => "in force",
            Self::Lapsed => "lapsed",
            Self::Over => "over",
            Self::Renewed => "renewed",
            Self::Unproven => "unproven",
        }
    }
}

impl fmt::Display for ExceptionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One exception with its status.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ExceptionStatus {
    /// The id.
    pub id: PrincipalId,
    /// The path of its file.
    pub path: String,
    /// The status.
    pub validity: ExceptionState,
    /// The excepted item.
    pub item: ItemId,
    /// The digest of the excepted grant.
    pub grant_digest: Digest,
    /// The tier to which it lowers the grant; such an exception keeps no access.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lower_tier_to: Option<Tier>,
    /// The immutable id of the holder.
    pub subject: String,
    /// The excepted rule.
    pub rule: Option<String>,
    /// The severity.
    pub rating: Rating,
    /// The owner of the risk.
    pub owner: PrincipalId,
    /// The approvers.
    pub approvers: Vec<String>,
    /// The time at which the risk was first found.
    pub since: Timestamp,
    /// The end date.
    pub until: Timestamp,
    /// The number of renewals before it; 0 for the first exception.
    pub renewal: usize,
    /// The number of remaining renewals.
    pub renewals_left: usize,
    /// The due date of the next proof of its control; `None` if no proof is required.
    pub proof_due: Option<Timestamp>,
    /// The stage close that lists the item as unanswered; no person has decided on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unanswered: Option<String>,
}

impl ExceptionStatus {
    /// Returns whether it keeps this grant of that item: it is in force, or the risk no longer exists. An exception
    /// that has lapsed, whose control failed or is unproven, or that only lowers a tier, keeps no access.
    pub fn covers(&self, item: &ItemId, grant: Digest) -> bool {
        let stands = self.validity.holds() || self.validity == ExceptionState::Over;
        stands && self.lower_tier_to.is_none() && self.item == *item && self.grant_digest == grant
    }

    /// Returns the end date, with a note if no person decided on the item.
    pub fn until_words(&self) -> String {
        let who = if self.unanswered.is_some() { "unanswered; " } else { "" };
        format!("{who}until {}", self.until)
    }
}

/// The inputs for the status of exceptions.
pub struct ExceptionContext<'a> {
    /// The verified exceptions, in merge order.
    pub exceptions: &'a [Verified<Exception>],
    /// The verified proofs.
    pub proofs: &'a [Verified<Proof>],
    /// The terms of the mandate.
    pub mandate: &'a Mandate,
    /// Whether the accepted risk still exists; `None` if unknown, which never counts as gone.
    pub present: &'a dyn Fn(&Exception) -> Option<bool>,
    /// Returns the path of the stage close that lists an item as unanswered, if it is still undecided.
    pub unanswered: &'a dyn Fn(&ItemId) -> Option<String>,
    /// The current time.
    pub now: Timestamp,
}

/// Returns the status of every exception, in merge order.
pub fn exceptions(ledger: &ExceptionContext<'_>) -> Vec<ExceptionStatus> {
    ledger.exceptions.iter().enumerate().map(|(place, exception)| ledger.one(place, exception)).collect()
}

/// Returns findings for exceptions: lapsed ones first, then undecided ones, then those that end within two weeks.
pub fn exception_findings(all: &[ExceptionStatus], now: Timestamp) -> Vec<Finding> {
    let mut findings: Vec<_> = all.iter().filter_map(|one| finding(one, now)).collect();
    findings.sort();
    findings
}

impl ExceptionContext<'_> {
    fn one(&self, place: usize, exception: &Verified<Exception>) -> ExceptionStatus {
        let terms = self.mandate.terms(exception.rating);
        let same = |one: &&Verified<Exception>| {
            one.subject == exception.subject && one.grant_digest == exception.grant_digest && one.rule == exception.rule
        };
        let renewal = self.exceptions.iter().take(place).filter(same).count();
        let reference = exception.reference();
        let renewed =
            self.exceptions.iter().any(|one| one.renews.as_ref() == Some(&reference) && one.valid_from <= self.now);
        let every = exception.proof_days.unwrap_or(terms.proof_days);
        let proofs = || self.proofs.iter().filter(|proof| proof.digest == exception.digest());
        // Proofs of renewed exceptions do not count for the renewal, since they cover an earlier period.
        let last = proofs().max_by_key(|proof| (proof.done_at, proof.number));
        let proven = last.map_or(exception.valid_from, |proof| proof.done_at.max(exception.valid_from));
        let proof_due = (every > 0).then(|| proven.plus_days(i64::from(every)));
        let validity = if (self.present)(exception) == Some(false) {
            ExceptionState::Over
        } else if renewed {
            ExceptionState::Renewed
        } else if exception.until <= self.now {
            ExceptionState::Lapsed
        } else if exception.valid_from > self.now {
            ExceptionState::Coming
        } else if last.is_some_and(|proof| proof.result == ProofResult::Failed) {
            ExceptionState::Failed
        } else if proof_due.is_some_and(|due| due < self.now) {
            ExceptionState::Unproven
        } else {
            ExceptionState::InForce
        };
        ExceptionStatus {
            id: exception.id.clone(),
            path: exception.path().to_owned(),
            validity,
            item: exception.item,
            grant_digest: exception.grant_digest,
            lower_tier_to: exception.lower_tier_to,
            subject: exception.subject.clone(),
            rule: exception.rule.clone(),
            rating: exception.rating,
            owner: exception.owner.clone(),
            approvers: exception.names(),
            since: exception.first_found,
            until: exception.until,
            renewal,
            renewals_left: (terms.max_renewals as usize).saturating_sub(renewal),
            proof_due: proof_due.filter(|due| *due < exception.until),
            unanswered: exception.lower_tier_to.is_none().then(|| (self.unanswered)(&exception.item)).flatten(),
        }
    }
}

fn finding(one: &ExceptionStatus, now: Timestamp) -> Option<Finding> {
    let what = one.rule.as_ref().map_or_else(|| "the access".to_owned(), |rule| format!("the violation of {rule}"));
    let since = format!("{what} of {} is open again, first found {}", one.subject, one.since);
    let severity = match one.rating {
        Rating::Critical | Rating::High => Severity::High,
        Rating::Medium => Severity::Medium,
        Rating::Low => Severity::Low,
    };
    let (severity, code, message, help) = match one.validity {
        ExceptionState::Lapsed => {
            let help = match one.renewals_left {
                0 => "revoke the access: no renewal is left".to_owned(),
                left => format!(
                    "take the access away, or renew it ({left} left): `tenure exception new {} --renews {}`",
                    one.item, one.id
                ),
            };
            (severity, "exception-lapsed", format!("it ended {}, and {since}", one.until), help)
        }
        ExceptionState::Failed => {
            let help = "repair the control and record a test, or revoke the access".to_owned();
            (severity, "exception-control-failed", format!("its compensating control failed; {since}"), help)
        }
        ExceptionState::Unproven => {
            let due = one.proof_due.map(|due| due.to_string()).unwrap_or_default();
            let help = format!("run the control, then `tenure exception record-test {}`", one.id);
            (
                severity,
                "exception-unproven",
                format!("its compensating control was due for a test by {due}; {since}"),
                help,
            )
        }
        ExceptionState::InForce if one.unanswered.is_some() => {
            let close = one.unanswered.as_deref().unwrap_or_default();
            let help = "a fallback decides before it ends, in a new review file: `tenure review`".to_owned();
            let message = format!("no response before {close}; undecided and excepted until {}", one.until);
            (Severity::Medium, UNDECIDED, message, help)
        }
        ExceptionState::InForce if one.until <= now.plus_days(ENDS_SOON) => {
            let help = format!("revoke the access by then, or renew the exception ({} left)", one.renewals_left);
            (Severity::Low, "exception-ends-soon", format!("it ends {}", one.until), help)
        }
        ExceptionState::Coming | ExceptionState::InForce | ExceptionState::Over | ExceptionState::Renewed => {
            return None;
        }
    };
    Some(Finding { severity, code, subject: one.path.clone(), message, help })
}

/// The code of the finding for excepted items without a decision of a person. It is open until there is one.
pub const UNDECIDED: &str = "excepted-undecided";
/// Approvers are notified two weeks before an exception ends.
const ENDS_SOON: i64 = 14;
