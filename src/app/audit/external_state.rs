//! Detects an outdated repository state by external data: known commits, saved checkpoints, and the age of the last
//! cosignature.

use crate::{
    app::{AppError, RepositorySession, evidence::head},
    evidence::{Ledger, layout::CHECKPOINT},
    git::{GitError, ObjectId},
    model::{Finding, Severity, Timestamp},
    store::RepositorySnapshot,
};

/// Data from outside the repository.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ExternalState {
    /// Commits that main contained earlier, or contains in another clone.
    pub expected_commits: Vec<String>,
    /// Checkpoints of the evidence saved earlier, or from another clone: the name and the text of each.
    pub checkpoints: Vec<(String, String)>,
    /// The maximum age in days of the last cosignature of a witness; if the root names no witnesses, of the newest
    /// record.
    pub max_age: Option<u32>,
}

/// The evidence of the clone.
pub(super) struct EvidenceState<'a> {
    /// The ledger.
    pub(super) ledger: &'a Ledger,
    /// Time of the newest record, according to the clock of the engine.
    pub(super) newest: Option<Timestamp>,
}

impl ExternalState {
    /// Returns the contradictions between the external data and the repository.
    ///
    /// # Errors
    /// When a name does not resolve to a commit.
    pub(super) fn findings(
        &self,
        read: &EvidenceState<'_>,
        session: &RepositorySession,
        now: Timestamp,
    ) -> Result<Vec<Finding>, AppError> {
        let mut findings = Vec::new();
        for name in &self.expected_commits {
            findings.extend(passed(name, session)?);
        }
        for (name, text) in &self.checkpoints {
            findings.extend(read.ledger.verify_contains(text, name).err().map(|defect| Finding {
                severity: Severity::Critical,
                code: defect.code.as_str(),
                subject: defect.place.clone(),
                message: defect.message,
                help: BEHIND.to_owned(),
            }));
        }
        findings.extend(other_logs(session)?);
        findings.extend(self.max_age.and_then(|most| aged(most, read, now)));
        Ok(findings)
    }
}

/// Returns a finding for each ref of this clone that leads to another log with the same origin.
fn other_logs(session: &RepositorySession) -> Result<Vec<Finding>, AppError> {
    let (Some(trust), head) = (session.governed.trust(), head(session)?) else { return Ok(Vec::new()) };
    let origin = format!("{}\n", trust.root().file().log_origin);
    let mut found = Vec::new();
    for (name, target) in session.repository.references("refs/")? {
        // A tag may lead to another object than a commit.
        let Ok(Some(bytes)) = RepositorySnapshot::at(&session.repository, target).bytes(CHECKPOINT, MAX_CHECKPOINT)
        else {
            continue;
        };
        let is_part = match head {
            Some(head) => session.repository.is_ancestor(target, head)?,
            None => false,
        };
        if bytes.starts_with(origin.as_bytes()) && !is_part {
            let message = format!("{name} has a log with the same origin that the evidence does not contain");
            found.push(Finding {
                severity: Severity::Critical,
                code: "second-evidence-log",
                subject: name,
                message,
                help: "find out who began it; records outside of the evidence branch prove nothing".to_owned(),
            });
        }
    }
    Ok(found)
}

/// Returns a finding if main does not contain a commit that it contained before. A full id is a commit even if this
/// clone does not have it.
fn passed(name: &str, session: &RepositorySession) -> Result<Option<Finding>, AppError> {
    let whole = ObjectId::parse(name).ok();
    match session.repository.resolve(name) {
        Ok(commit) => Ok(session.governed.check_not_rolled_back(commit)),
        Err(GitError::NoSuchRevision(_)) if whole.is_some() => Ok(Some(Finding {
            severity: Severity::Critical,
            code: "main-behind",
            subject: "main".to_owned(),
            message: format!("main was at {name}, but this clone does not have that commit"),
            help: BEHIND.to_owned(),
        })),
        Err(error) => Err(error.into()),
    }
}

/// Returns a finding if the last cosignature, or without witnesses the newest record, is too old.
fn aged(most: u32, read: &EvidenceState<'_>, now: Timestamp) -> Option<Finding> {
    let (since, what) = match read.ledger.last_witnessed_at() {
        Some(anchored) => (anchored, "witnesses last cosigned the evidence"),
        None => (read.newest, "the newest record of the evidence was written"),
    };
    let message = match since {
        Some(at) if at.plus_days(i64::from(most)) >= now => return None,
        Some(at) => format!("{what} on {at}, which is more than {most} days ago"),
        None if read.ledger.size() == 0 => return None,
        None => "no witness has cosigned the evidence".to_owned(),
    };
    Some(Finding {
        severity: Severity::High,
        code: "evidence-stale",
        subject: "evidence".to_owned(),
        message,
        help: BEHIND.to_owned(),
    })
}

const MAX_CHECKPOINT: u64 = 64 * 1024;
const BEHIND: &str = "git fetch, and compare with another clone; this repository may show an old state";
