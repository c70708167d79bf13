//! Decisions and stage closes that were not made in time: they are not in force, although their signatures are valid.
//!
//! The time of a signed file is the time of its acceptance in the evidence; until a run accepts it, the current time.

use crate::{
    diag::Diagnostic,
    model::{CampaignId, Finding, PlanEvidence, PrincipalId, Severity, Timestamp, file::Review},
    trust::{OpenCampaign, RepositoryState, Verified, VotingSlot},
};
use std::{borrow::Cow, collections::BTreeSet};

/// A signed file that was not made in time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UntimelyFile {
    /// The path.
    pub path: String,
    /// The campaign.
    pub campaign: CampaignId,
    /// The commit that added it to main.
    pub commit: String,
    /// The code of the reason.
    pub code: &'static str,
    /// The reason.
    pub message: String,
    /// The next step.
    pub help: String,
}

impl UntimelyFile {
    /// Returns the finding about the file.
    pub fn finding(&self) -> Finding {
        let (subject, message, help) = (self.path.clone(), self.message.clone(), self.help.clone());
        Finding { severity: Severity::High, code: self.code, subject, message, help }
    }

    /// Returns the finding as a problem of a command.
    pub fn problem(&self, is_error: bool) -> Diagnostic {
        let message = self.message.clone();
        let problem = match is_error {
            true => Diagnostic::error(self.code, message),
            false => Diagnostic::warning(self.code, message).with_note("it is not in force"),
        };
        problem.in_file(self.path.as_str()).help(self.help.as_str())
    }
}

/// Returns the state without the files that were not made in time, and these files.
pub fn in_force<'g>(
    governed: &'g RepositoryState,
    evidence: &dyn PlanEvidence,
    now: Timestamp,
) -> (Cow<'g, RepositoryState>, Vec<UntimelyFile>) {
    let untimely = untimely(governed, evidence, now);
    if untimely.is_empty() {
        return (Cow::Borrowed(governed), untimely);
    }
    let paths: BTreeSet<&str> = untimely.iter().map(|file| file.path.as_str()).collect();
    (Cow::Owned(governed.without(&paths)), untimely)
}

/// Returns the files that were not made in time.
pub fn untimely(governed: &RepositoryState, evidence: &dyn PlanEvidence, now: Timestamp) -> Vec<UntimelyFile> {
    let mut found = Vec::new();
    for (id, opening) in governed.openings() {
        let judge = Timeliness { governed, evidence, now, id, opening, closed: evidence.close_of(id) };
        found.extend(opening.closes().iter().filter_map(|close| {
            let (code, message) = judge.close(close.path(), close.closed_at, &close.names())?;
            Some(judge.file(close.path(), close.commit().to_string(), code, message))
        }));
        found.extend(governed.answers(id).filter_map(|(review, slots)| {
            let (code, message) = judge.review(review, slots)?;
            Some(judge.file(review.path(), review.commit().to_string(), code, message))
        }));
    }
    found
}

/// The inputs for the files of one campaign.
struct Timeliness<'a> {
    governed: &'a RepositoryState,
    evidence: &'a dyn PlanEvidence,
    now: Timestamp,
    id: &'a CampaignId,
    opening: &'a OpenCampaign,
    /// The sequence number of the record that closed the campaign.
    closed: Option<u64>,
}

impl Timeliness<'_> {
    fn file(&self, path: &str, commit: String, code: &'static str, message: String) -> UntimelyFile {
        let help = match code {
            "decision-after-close" => {
                "open a new campaign to decide again: tenure campaign open ID --from FILE".to_owned()
            }
            "stage-close-future" => format!("tenure campaign close-stage {}, with a correct clock", self.id),
            "delegation-ended" => format!("an assigned reviewer or a new delegate decides: tenure review {}", self.id),
            _ => format!("another person decides and signs: tenure review {}", self.id),
        };
        UntimelyFile { path: path.to_owned(), campaign: self.id.clone(), commit, code, message, help }
    }

    /// Returns the time of a file, and whether it is after the close of the campaign.
    fn accepted(&self, path: &str) -> (Timestamp, bool) {
        match self.evidence.acceptance(path) {
            Some((seq, at)) => (at, self.closed.is_some_and(|closed| seq > closed)),
            None => (self.now, self.closed.is_some()),
        }
    }

    fn close(&self, path: &str, closed_at: Timestamp, signers: &[String]) -> Option<(&'static str, String)> {
        let (at, is_late) = self.accepted(path);
        if is_late {
            return Some(("decision-after-close", format!("the campaign `{}` was closed before", self.id)));
        }
        if closed_at.unix() > at.unix() + CLOCK_SKEW {
            let message = format!("`closed_at` is {closed_at}, which is in the future: it was accepted at {at}");
            return Some(("stage-close-future", message));
        }
        self.left(signers, at)
    }

    fn review(&self, review: &Verified<Review>, slots: &[VotingSlot]) -> Option<(&'static str, String)> {
        let (at, is_late) = self.accepted(review.path());
        if is_late {
            return Some(("decision-after-close", format!("the campaign `{}` was closed before", self.id)));
        }
        self.delegation_ended(review, slots, at).or_else(|| self.left(&review.names(), at))
    }

    /// Returns whether a delegation on which a decision rests had ended.
    fn delegation_ended(
        &self,
        review: &Verified<Review>,
        slots: &[VotingSlot],
        at: Timestamp,
    ) -> Option<(&'static str, String)> {
        let holders: BTreeSet<&PrincipalId> =
            slots.iter().filter_map(|slot| self.opening.assigned_holder(*slot)).collect();
        for holder in holders.into_iter().filter(|holder| **holder != review.reviewer) {
            let lent = self.governed.delegations().iter().filter(|one| {
                let systems = &one.systems;
                (&one.from, &one.to, &one.campaign) == (holder, &review.reviewer, self.id)
                    && (systems.is_empty() || systems.contains(&review.system))
            });
            let Some(until) = lent.map(|one| one.until).max() else { continue };
            if at > until {
                let message = format!(
                    "`{}` decided for `{holder}` at {at}, but the delegation had ended at {until}",
                    review.reviewer
                );
                return Some(("delegation-ended", message));
            }
        }
        None
    }

    /// Returns whether a signer had left.
    fn left(&self, signers: &[String], at: Timestamp) -> Option<(&'static str, String)> {
        signers.iter().find_map(|name| {
            let left = self.governed.kinship().left_at(&PrincipalId::parse(name).ok()?)?;
            let message = format!("`{name}` had left at {left}, before this signature was accepted at {at}");
            (at > left).then_some(("signer-left", message))
        })
    }
}

/// The permitted difference between two clocks, in seconds.
const CLOCK_SKEW: i64 = 600;
