//! How exceptions stand: in force, ending, lapsed, or left without the proof that their control runs. Computed from signed
//! files and the present; stored nowhere.

use crate::{
    model::{
        Digest, Finding, ItemId, PrincipalId, Severity, Tier, Timestamp,
        file::{Exception, Mandate, Proof, ProofResult, Rating},
    },
    trust::Verified,
};
use serde::Serialize;
use std::fmt;

/// How an exception stands.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExceptionState {
    /// It begins later.
    Coming,
    /// Its compensating control was run and did not hold.
    Failed,
    /// It is in force.
    InForce,
    /// It ended, and what it accepted is still there: the violation stands again, with its first date.
    Lapsed,
    /// What it accepted is gone.
    Over,
    /// Another one took over from it.
    Renewed,
    /// Its compensating control was not proven in time.
    Unproven,
}

impl ExceptionState {
    /// Returns whether the access may stay by it.
    pub const fn holds(self) -> bool {
        matches!(self, Self::InForce)
    }

    /// Returns the word for it.
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

/// One exception, as it stands.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ExceptionStatus {
    /// Its id.
    pub id: PrincipalId,
    /// Its file.
    pub path: String,
    /// How it stands.
    pub validity: ExceptionState,
    /// The item it lets stand.
    pub item: ItemId,
    /// The digest of the grant it lets stand.
    pub grant: Digest,
    /// The tier it lowers the grant to; such an exception lets nothing stand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lowers: Option<Tier>,
    /// The holder's immutable id.
    pub subject: String,
    /// The rule it is from.
    pub rule: Option<String>,
    /// How bad it is.
    pub rating: Rating,
    /// Who answers for it.
    pub owner: PrincipalId,
    /// Who accepted it.
    pub approvers: Vec<String>,
    /// When what it accepts was first found.
    pub since: Timestamp,
    /// When it ends.
    pub until: Timestamp,
    /// The how manieth renewal it is; 0 for the first.
    pub renewal: usize,
    /// How many renewals are left.
    pub renewals_left: usize,
    /// When its control must next be proven; nothing where no proof is asked for.
    pub proof_due: Option<Timestamp>,
    /// The close of the stage before which nobody answered for the item: no person has decided on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unanswered: Option<String>,
}

impl ExceptionStatus {
    /// Returns whether it lets this grant stand as that item: it is in force, or what it accepts is gone. One that has
    /// lapsed, or whose control failed or is not proven in time, lets nothing stand; nor does one that only lowers a tier.
    pub fn covers(&self, item: &ItemId, grant: Digest) -> bool {
        let stands = self.validity.holds() || self.validity == ExceptionState::Over;
        stands && self.lowers.is_none() && self.item == *item && self.grant == grant
    }

    /// Returns until when it lets its item stand, and that this is nobody's decision where it is not.
    pub fn until_words(&self) -> String {
        let who = if self.unanswered.is_some() { "nobody answered; " } else { "" };
        format!("{who}until {}", self.until)
    }
}

/// What decides how exceptions stand.
pub struct ExceptionContext<'a> {
    /// The verified exceptions, in the order main took them up.
    pub exceptions: &'a [Verified<Exception>],
    /// The verified proofs.
    pub proofs: &'a [Verified<Proof>],
    /// What exceptions need.
    pub mandate: &'a Mandate,
    /// Whether what an exception accepts is still there; nothing where that is not known, which is not "gone".
    pub present: &'a dyn Fn(&Exception) -> Option<bool>,
    /// Returns the path of the close of a stage before which nobody answered for an item that nobody decided since.
    pub unanswered: &'a dyn Fn(&ItemId) -> Option<String>,
    /// The present.
    pub now: Timestamp,
}

/// Returns every exception as it stands, in the order main took them up.
pub fn exceptions(ledger: &ExceptionContext<'_>) -> Vec<ExceptionStatus> {
    ledger.exceptions.iter().enumerate().map(|(place, exception)| ledger.one(place, exception)).collect()
}

/// Returns what is wrong with exceptions: lapsed ones first, then those on which no person has decided, and those that end
/// within two weeks last.
pub fn exception_findings(all: &[ExceptionStatus], now: Timestamp) -> Vec<Finding> {
    let mut findings: Vec<_> = all.iter().filter_map(|one| finding(one, now)).collect();
    findings.sort();
    findings
}

impl ExceptionContext<'_> {
    fn one(&self, place: usize, exception: &Verified<Exception>) -> ExceptionStatus {
        let terms = self.mandate.terms(exception.rating);
        let same = |one: &&Verified<Exception>| {
            one.subject == exception.subject && one.grant == exception.grant && one.rule == exception.rule
        };
        let renewal = self.exceptions.iter().take(place).filter(same).count();
        let reference = exception.reference();
        let renewed = self.exceptions.iter().any(|one| one.renews.as_ref() == Some(&reference) && one.from <= self.now);
        let every = exception.proof_days.unwrap_or(terms.proof_days);
        let proofs = || self.proofs.iter().filter(|proof| proof.digest == exception.digest());
        // Proofs of the exceptions it took over from do not count: they are about another time.
        let last = proofs().max_by_key(|proof| (proof.done_at, proof.number));
        let proven = last.map_or(exception.from, |proof| proof.done_at.max(exception.from));
        let proof_due = (every > 0).then(|| proven.plus_days(i64::from(every)));
        let validity = if (self.present)(exception) == Some(false) {
            ExceptionState::Over
        } else if renewed {
            ExceptionState::Renewed
        } else if exception.until <= self.now {
            ExceptionState::Lapsed
        } else if exception.from > self.now {
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
            grant: exception.grant,
            lowers: exception.lowers,
            subject: exception.subject.clone(),
            rule: exception.rule.clone(),
            rating: exception.rating,
            owner: exception.owner.clone(),
            approvers: exception.names(),
            since: exception.since,
            until: exception.until,
            renewal,
            renewals_left: (terms.renewals as usize).saturating_sub(renewal),
            proof_due: proof_due.filter(|due| *due < exception.until),
            unanswered: exception.lowers.is_none().then(|| (self.unanswered)(&exception.item)).flatten(),
        }
    }
}

fn finding(one: &ExceptionStatus, now: Timestamp) -> Option<Finding> {
    let what = one.rule.as_ref().map_or_else(|| "the access".to_owned(), |rule| format!("the violation of {rule}"));
    let since = format!("{what} of {} stands again, first found {}", one.subject, one.since);
    let severity = match one.rating {
        Rating::Critical | Rating::High => Severity::High,
        Rating::Medium => Severity::Medium,
        Rating::Low => Severity::Low,
    };
    let (severity, code, message, help) = match one.validity {
        ExceptionState::Lapsed => {
            let help = match one.renewals_left {
                0 => "take the access away: no renewal is left".to_owned(),
                left => format!(
                    "take the access away, or renew it ({left} left): `tenure exception new {} --renews {}`",
                    one.item, one.id
                ),
            };
            (severity, "exception-lapsed", format!("it ended {}, and {since}", one.until), help)
        }
        ExceptionState::Failed => {
            let help = "mend the control and prove it, or take the access away".to_owned();
            (severity, "exception-control-failed", format!("its control did not hold; {since}"), help)
        }
        ExceptionState::Unproven => {
            let due = one.proof_due.map(|due| due.to_string()).unwrap_or_default();
            let help = format!("run the control, then `tenure exception prove {}`", one.id);
            (severity, "exception-unproven", format!("its control was to be proven by {due}; {since}"), help)
        }
        ExceptionState::InForce if one.unanswered.is_some() => {
            let close = one.unanswered.as_deref().unwrap_or_default();
            let help = format!("a fallback decides before it ends, in a new review file: `tenure review {}`", one.item);
            let message = format!("nobody answered before {close}, and until {} it stands undecided", one.until);
            (Severity::Medium, UNDECIDED, message, help)
        }
        ExceptionState::InForce if one.until <= now.plus_days(ENDS_SOON) => {
            let help = format!("take the access away by then, or renew it ({} left)", one.renewals_left);
            (Severity::Low, "exception-ends-soon", format!("it ends {}", one.until), help)
        }
        ExceptionState::Coming | ExceptionState::InForce | ExceptionState::Over | ExceptionState::Renewed => {
            return None;
        }
    };
    Some(Finding { severity, code, subject: one.path.clone(), message, help })
}

/// The code of the finding that nobody has decided on what an exception lets stand (practice 5.5, DEC-08). It is open for as
/// long as that is so, and nobody's failure to sign.
pub const UNDECIDED: &str = "excepted-undecided";
/// Practice: approvers hear of an exception two weeks before it ends.
const ENDS_SOON: i64 = 14;
