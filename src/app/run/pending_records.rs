//! Collects the decisions, exceptions and attestations on main that no run has recorded yet.

use crate::{
    app::{AppError, PlanContext, RepositorySession, UntimelyFile, in_force},
    model::{
        CampaignId, Digest, Timestamp, VerificationLevel,
        file::Review,
        history::EvidenceHistory,
        record::{
            AttestationRecorded, DecisionAccepted, DecisionRejected, ExceptionRecorded, OutcomeKind, RecordPayload,
            VerificationKind, VerificationRecorded, short,
        },
    },
    store::RepoPath,
    trust::{OpenCampaign, RepositoryState, Verified},
};

/// Returns the records of new files on main that concern the systems of this run.
///
/// # Errors
/// When a rejected file cannot be read.
pub fn pending_records(
    session: &RepositorySession,
    history: &EvidenceHistory,
    assembly: &PlanContext<'_>,
    now: Timestamp,
) -> Result<Vec<RecordPayload>, AppError> {
    let (governed, untimely) = in_force(&session.governed, history, now);
    let reviews = governed.reviews().iter().filter(|review| assembly.systems.contains_key(&review.system));
    let mut entries = accepted(reviews, history);
    entries.extend(closes(&governed, history, |opening| {
        opening.campaign().systems.iter().any(|population| assembly.systems.contains_key(&population.system))
    }));
    entries.extend(rejected(session, history, assembly, &untimely)?);
    entries.extend(exceptions(session, history));
    entries.extend(attestations(session, history, assembly));
    Ok(entries)
}

/// Returns the acceptances of all files of a campaign, so that its close seals which decisions count.
pub fn records_before_close(
    session: &RepositorySession,
    history: &EvidenceHistory,
    campaign: &CampaignId,
    now: Timestamp,
) -> Vec<RecordPayload> {
    let (governed, _) = in_force(&session.governed, history, now);
    let mut entries = accepted(governed.reviews().iter().filter(|review| review.campaign == *campaign), history);
    entries.extend(closes(&governed, history, |opening| opening.campaign().id == *campaign));
    entries
}

fn accepted<'r>(reviews: impl Iterator<Item = &'r Verified<Review>>, history: &EvidenceHistory) -> Vec<RecordPayload> {
    reviews
        .filter(|review| history.accepted(review.path()).is_none())
        .map(|review| {
            RecordPayload::DecisionAccepted(DecisionAccepted {
                path: review.path().to_owned(),
                digest: review.digest(),
                signatures: review.signatures().clone(),
                signers: review.names(),
                commit: review.commit().to_string(),
                registry: review.registry(),
                items: review.items.iter().filter(|item| item.decision.is_some()).count() as u64,
            })
        })
        .collect()
}

/// Returns the stage closes, which decide the unanswered items. A run that includes one of the systems records them.
fn closes(
    governed: &RepositoryState,
    history: &EvidenceHistory,
    is_ours: impl Fn(&&OpenCampaign) -> bool,
) -> Vec<RecordPayload> {
    let ours = governed.openings().values().filter(is_ours);
    ours.flat_map(OpenCampaign::closes)
        .filter(|close| history.accepted(close.path()).is_none())
        .map(|close| {
            RecordPayload::DecisionAccepted(DecisionAccepted {
                path: close.path().to_owned(),
                digest: close.digest(),
                signatures: close.signatures().clone(),
                signers: close.names(),
                commit: close.commit().to_string(),
                registry: close.registry(),
                items: close.no_response.iter().filter(|silent| silent.outcome.removal().is_some()).count() as u64,
            })
        })
        .collect()
}

fn rejected(
    session: &RepositorySession,
    history: &EvidenceHistory,
    assembly: &PlanContext<'_>,
    untimely: &[UntimelyFile],
) -> Result<Vec<RecordPayload>, AppError> {
    let snapshot = session.snapshot();
    let mut entries = Vec::new();
    let standing = session.governed.rejections().iter().filter(|found| found.standing);
    let standing = standing.map(|found| (&found.path, found.refusal.code()));
    for (path, code) in standing.chain(untimely.iter().map(|file| (&file.path, file.code))) {
        let RepoPath::Review { system, .. } = RepoPath::of(path) else { continue };
        let bytes = snapshot.bytes(path, MAX_REVIEW)?;
        let Some(digest) = bytes.map(Digest::of) else { continue };
        if assembly.systems.contains_key(&system) && !history.rejected(path, digest) {
            let (path, code) = (path.clone(), code.to_owned());
            entries.push(RecordPayload::DecisionRejected(DecisionRejected { path, digest, code }));
        }
    }
    Ok(entries)
}

fn exceptions(session: &RepositorySession, history: &EvidenceHistory) -> Vec<RecordPayload> {
    let exceptions = session.governed.exceptions().iter();
    exceptions
        .filter(|exception| !history.has_exception(exception.path(), exception.digest()))
        .map(|exception| {
            RecordPayload::Exception(ExceptionRecorded {
                path: exception.path().to_owned(),
                digest: exception.digest(),
                item: exception.item,
                until: exception.until,
            })
        })
        .collect()
}

/// Returns the attestations of work orders, and of changes that repeated reads could not verify. Two signatures confirm
/// them at V2.
fn attestations(
    session: &RepositorySession,
    history: &EvidenceHistory,
    assembly: &PlanContext<'_>,
) -> Vec<RecordPayload> {
    let mut entries = Vec::new();
    for attestation in session.governed.attestations() {
        let Some(past) = history.action(&attestation.action) else { continue };
        let is_order = past.outcome.as_ref().is_some_and(|outcome| outcome.result == OutcomeKind::Manual);
        // Each run repeats an action that it cannot verify, by a plan of its own.
        let same_plan = !is_order || past.plan == attestation.plan;
        let ours = assembly.systems.contains_key(&past.system) && same_plan;
        if !past.is_attestable() || !ours || history.attested(&attestation.action) {
            continue;
        }
        entries.push(RecordPayload::Attestation(AttestationRecorded {
            action: attestation.action.clone(),
            path: attestation.path().to_owned(),
            digest: attestation.digest(),
            signers: attestation.names(),
        }));
        let probe = format!("done by {}, seen by {}", attestation.executor, attestation.witness);
        entries.push(RecordPayload::Verification(VerificationRecorded {
            action: attestation.action.clone(),
            result: VerificationKind::Confirmed,
            level: VerificationLevel::V2,
            paths: Vec::new(),
            left: Vec::new(),
            answers: Vec::new(),
            probe: short(&probe),
        }));
    }
    entries
}

const MAX_REVIEW: u64 = 256 * 1024;
