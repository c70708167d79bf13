//! The positions of the evidence log that files on main carry: a log that does not contain them was rolled back or replaced.

use crate::{
    app::{AppError, RepositorySession},
    diag::{Diagnostic, Diagnostics},
    evidence::{EvidenceDefect, Ledger},
    inventory::OBSERVATION,
    model::file::{Campaign, LogPosition, Observation},
    store::RepositorySnapshot,
};

/// Returns the positions that campaigns in force and the inventories of systems carry, each with the path of its file.
///
/// # Errors
/// When the head of main cannot be read.
pub(super) fn pinned_positions(session: &RepositorySession) -> Result<Vec<(String, LogPosition)>, AppError> {
    let campaigns = session.governed.openings().iter().filter_map(|(id, opening)| {
        let position = opening.campaign().evidence?;
        Some((format!("campaigns/{id}/campaign.toml"), position))
    });
    let mut found: Vec<_> = campaigns.collect();
    found.extend(positions_of_inventories(session.snapshot())?);
    Ok(found)
}

fn positions_of_inventories(snapshot: RepositorySnapshot<'_>) -> Result<Vec<(String, LogPosition)>, AppError> {
    let mut found = Vec::new();
    for file in snapshot.list("inventory")?.files {
        // An inventory that cannot be read is an error of those who use it.
        if file.path.ends_with(&format!("/{OBSERVATION}"))
            && let Ok(observation) = snapshot.read::<Observation>(&file.path)
            && let Some(position) = observation.into_value().evidence
        {
            found.push((file.path, position));
        }
    }
    Ok(found)
}

/// Returns the problems of the positions that the inventories of a commit carry and the log of this clone does not contain:
/// once merged, every command would refuse the log.
///
/// # Errors
/// When the commit cannot be read.
pub fn check_positions_of_inventories(
    snapshot: RepositorySnapshot<'_>,
    ledger: &Ledger,
) -> Result<Diagnostics, AppError> {
    let wrong = positions_of_inventories(snapshot)?.into_iter().filter_map(|(path, position)| {
        let defect = ledger.verify_contains_position(&position, &path).err()?;
        let message = format!("the position of the evidence log is wrong: {}", defect.message);
        let system = path.split('/').nth(1).unwrap_or_default();
        let help = format!("git fetch; if the problem remains, collect again: tenure collect {system}");
        Some(Diagnostic::error("evidence-position", message).in_file(path.as_str()).help(help))
    });
    Ok(wrong.collect())
}

/// Returns the positions that the log does not contain, as defects of the log.
pub(super) fn missing_positions(session: &RepositorySession, ledger: &Ledger) -> Result<Vec<EvidenceDefect>, AppError> {
    let pinned = pinned_positions(session)?;
    Ok(pinned.iter().filter_map(|(place, at)| ledger.verify_contains_position(at, place).err()).collect())
}

/// Returns the problem of the position that a campaign in a change carries: it has to be in the log of this clone, and not
/// older than a position that main carries. Without evidence in the clone there is none to compare with.
///
/// # Errors
/// When the evidence or main cannot be read.
pub fn check_position_of_opening(
    session: &RepositorySession,
    ledger: &Ledger,
    campaign: &Campaign,
) -> Result<Option<Diagnostic>, AppError> {
    let path = format!("campaigns/{}/campaign.toml", campaign.id);
    let help = format!("git fetch, then run `tenure campaign open {} --from {}` again", campaign.id, campaign.from);
    let problem = |message: String| Some(Diagnostic::error("evidence-position", message).in_file(&path).help(&help));
    let Some(position) = &campaign.evidence else {
        let size = ledger.size();
        return Ok(if size == 0 {
            None
        } else {
            problem(format!("the campaign carries no position of the evidence log, which has {size} records"))
        });
    };
    if let Err(defect) = ledger.verify_contains_position(position, &path) {
        return Ok(problem(format!("the position of the evidence log is wrong: {}", defect.message)));
    }
    let known = pinned_positions(session)?.into_iter().filter(|(place, _)| *place != path);
    Ok(match known.max_by_key(|(_, known)| known.size) {
        Some((place, known)) if known.size > position.size => problem(format!(
            "the campaign carries the position {} of the evidence log, but {place} carries {}",
            position.size, known.size
        )),
        _ => None,
    })
}
