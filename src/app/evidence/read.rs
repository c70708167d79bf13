//! Reads the evidence branch of a clone.

use super::{keys::engine_keys, positions::missing_positions};
use crate::{
    app::{AppError, RepositorySession},
    diag::{Diagnostic, Diagnostics},
    evidence::{DefectCode, EvidenceDefect, Ledger, RecordRef, layout::REMEMBERED},
    git::ObjectId,
    model::{file::LogPosition, history::EvidenceHistory},
    store::CommitCache,
};

/// Returns the head of the evidence branch in this clone: the most advanced of its refs.
///
/// # Errors
/// When the refs cannot be read.
pub fn head(session: &RepositorySession) -> Result<Option<ObjectId>, AppError> {
    let mut newest: Option<ObjectId> = None;
    for head in heads(session)? {
        newest = match newest {
            Some(known) if !session.repository.is_ancestor(known, head)? => Some(known),
            _ => Some(head),
        };
    }
    Ok(newest)
}

fn heads(session: &RepositorySession) -> Result<Vec<ObjectId>, AppError> {
    let branch = session.evidence_branch();
    let names = [format!("refs/remotes/origin/{branch}"), REMEMBERED.to_owned(), format!("refs/heads/{branch}")];
    let found = names.iter().map(|name| session.repository.reference(name));
    Ok(found.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// Reads the evidence of the clone into a history, and returns its defects.
///
/// # Errors
/// When git fails, or there is no trust state.
pub fn read(session: &RepositorySession) -> Result<(EvidenceHistory, Vec<EvidenceDefect>), AppError> {
    read_with(session, &mut |_, _| {}).map(|(_, history, defects)| (history, defects))
}

/// As [`read`], with the ledger; passes every record to `show`, with the history that ends with it.
///
/// # Errors
/// As [`read`].
pub fn read_with(
    session: &RepositorySession,
    show: &mut (dyn FnMut(&RecordRef<'_>, &EvidenceHistory) + Send),
) -> Result<(Ledger, EvidenceHistory, Vec<EvidenceDefect>), AppError> {
    let mut history = EvidenceHistory::default();
    let mut ledger = Ledger::new(engine_keys(session)?);
    let Some(head) = head(session)? else {
        let defects = missing_positions(session, &ledger)?;
        return Ok((ledger, history, defects));
    };
    let defects = advance(session, head, &mut ledger, &mut history, show)?;
    Ok((ledger, history, defects))
}

/// Reads on from the position of the ledger to `head`, and returns the defects.
fn advance(
    session: &RepositorySession,
    head: ObjectId,
    ledger: &mut Ledger,
    history: &mut EvidenceHistory,
    show: &mut (dyn FnMut(&RecordRef<'_>, &EvidenceHistory) + Send),
) -> Result<Vec<EvidenceDefect>, AppError> {
    let read = ledger.advance(&session.repository, head, &mut |seen| {
        history.push(seen.record, seen.line);
        show(seen, history);
    });
    let mut defects = read?;
    // The branch is append-only, so a ref outside the history of the head means that the log was forked.
    for other in heads(session)? {
        if !session.repository.is_ancestor(other, head)? {
            let message = format!("this clone also has {other}, and neither commit contains the other");
            defects.push(EvidenceDefect { code: DefectCode::BranchRewritten, place: head.to_string(), message });
        }
    }
    defects.extend(missing_positions(session, ledger)?);
    Ok(defects)
}

/// Reads the evidence of the clone for a command that requires valid evidence.
///
/// # Errors
/// When the branch has a defect.
pub fn read_verified(session: &RepositorySession) -> Result<EvidenceHistory, AppError> {
    let (history, defects) = read(session)?;
    require_valid(defects)?;
    Ok(history)
}

/// As [`read_verified`], with the position of the log; `None` while it is empty.
///
/// # Errors
/// As [`read_verified`].
pub fn read_with_position(session: &RepositorySession) -> Result<(Option<LogPosition>, EvidenceHistory), AppError> {
    let (ledger, history, defects) = read_with(session, &mut |_, _| {})?;
    require_valid(defects)?;
    Ok((ledger.position(), history))
}

/// As [`read_verified`], for commands that only read: what was read without a defect before comes from the cache of the
/// clone, for the same root and program. A cache that cannot be read or written costs time only.
///
/// # Errors
/// As [`read_verified`].
pub fn read_cached(session: &RepositorySession) -> Result<EvidenceHistory, AppError> {
    read_ledger_cached(session).map(|(_, history)| history)
}

/// As [`read_cached`], with the ledger.
///
/// # Errors
/// As [`read_verified`].
pub fn read_ledger_cached(session: &RepositorySession) -> Result<(Ledger, EvidenceHistory), AppError> {
    let keys = engine_keys(session)?;
    let Some(head) = head(session)? else {
        let (ledger, history, defects) = read_with(session, &mut |_, _| {})?;
        require_valid(defects)?;
        return Ok((ledger, history));
    };
    let cache = CommitCache::of(&session.repository, "evidence");
    let root = session.trust()?.root().digest();
    let key = format!("{FORMAT} {} {} {root}", env!("TENURE_SOURCES"), session.pin);
    let known = cache.newest(&session.repository, &key, head, |commit, content| {
        Ledger::resume(keys.clone(), content).filter(|(ledger, _)| ledger.head() == Some(commit))
    })?;
    let (mut ledger, mut history) = known.unwrap_or_else(|| (Ledger::new(keys), EvidenceHistory::default()));
    let is_known = ledger.head() == Some(head);
    require_valid(advance(session, head, &mut ledger, &mut history, &mut |_, _| {})?)?;
    if !is_known && let Some(content) = ledger.save(&history) {
        // The result does not depend on the cache, so a failure to write it is not an error.
        let _ = cache.write(&key, head, &content);
    }
    Ok((ledger, history))
}

fn require_valid(defects: Vec<EvidenceDefect>) -> Result<(), AppError> {
    if defects.is_empty() {
        return Ok(());
    }
    let mut problems = Diagnostics::new();
    for defect in defects {
        let message = format!("{}: {}", defect.place, defect.message);
        problems.push(Diagnostic::error(defect.code.as_str(), message).help("tenure audit"));
    }
    Err(AppError::findings(problems))
}

/// Returns a note if the clone has no evidence branch: all decisions appear as not enforced.
///
/// # Errors
/// When the refs cannot be read.
pub fn missing_evidence_note(session: &RepositorySession) -> Result<Option<Diagnostic>, AppError> {
    if head(session)?.is_some() {
        return Ok(None);
    }
    let branch = session.evidence_branch();
    let message = format!("no evidence branch found (origin/{branch}): every decision appears as not enforced");
    let note = Diagnostic::note("no-evidence", message);
    Ok(Some(note.help(format!("if the engine has run before: git fetch origin {branch}"))))
}

/// The version of the format of a cache entry.
const FORMAT: u32 = 1;
