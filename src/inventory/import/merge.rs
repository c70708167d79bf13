//! Merges imported tables into the principals files. Keys set by the table win; other keys are kept.

use super::{
    FileSet, ImportRow,
    file_set::{Entries, file},
};
use crate::model::{
    PrincipalId, Timestamp,
    file::{PrincipalRecord, PrincipalStatus, Principals},
};
use std::collections::{BTreeMap, BTreeSet};

/// The result of merging into one file.
#[derive(Clone, Debug)]
pub struct MergedPrincipals {
    /// The file.
    pub file: Principals,
    /// Added principals.
    pub added: Vec<String>,
    /// Changed principals.
    pub changed: Vec<String>,
    /// Principals in the file that are missing from an authoritative table, now marked as left.
    pub left: Vec<String>,
    /// Principals that had left, and are active again; they are not among the changed ones.
    pub returned: Vec<String>,
}

/// Merges the rows of an import into the principals files: each row into the file that has its principal, and new
/// principals into the files of `set`. Returns each file that concerns the import, by path.
///
/// Accounts are added and never removed: correlated accounts stay. A change of role, team or owner is dated `now` unless
/// the row gives a date. Active principals of `set` that are missing from an `authoritative` import have left, dated
/// `now`; listed ones that had left are active again. Importing the same tables twice changes nothing.
pub fn merge(
    files: &BTreeMap<String, Principals>,
    set: &FileSet,
    rows: &[ImportRow],
    authoritative: bool,
    now: Timestamp,
) -> BTreeMap<String, MergedPrincipals> {
    let mut entries: BTreeMap<String, Entries> = BTreeMap::new();
    let mut homes: BTreeMap<PrincipalId, &str> = BTreeMap::new();
    // `tenure principals check` reports principals in several files; here the files of the set take precedence.
    let (own, others): (Vec<_>, Vec<_>) = files.iter().partition(|(path, _)| set.number(path).is_some());
    for (path, file) in others.into_iter().chain(own) {
        homes.extend(file.principals.iter().map(|entry| (entry.id.clone(), path.as_str())));
        let by_id = file.principals.iter().map(|entry| (entry.id.clone(), entry.clone()));
        entries.insert(path.clone(), by_id.collect());
    }
    let mut reports: BTreeMap<String, MergeReport> = BTreeMap::new();
    let mut added = Entries::new();
    for row in rows {
        let id = &row.entry.id;
        let before = homes.get(id).and_then(|path| Some((*path, entries.get_mut(*path)?.get_mut(id)?)));
        let Some((path, entry)) = before else {
            added.insert(id.clone(), row.entry.clone());
            continue;
        };
        let after = merged(entry, row, authoritative, now);
        if after != *entry {
            let report = reports.entry(path.to_owned()).or_default();
            let is_back = entry.status == PrincipalStatus::Left && after.status == PrincipalStatus::Active;
            if is_back { &mut report.returned } else { &mut report.changed }.push(id.to_string());
            *entry = after;
        }
    }
    if authoritative {
        let listed: BTreeSet<&PrincipalId> = rows.iter().map(|row| &row.entry.id).collect();
        for (path, entries) in entries.iter_mut().filter(|(path, _)| set.number(path).is_some()) {
            let active = entries.values_mut().filter(|entry| entry.status == PrincipalStatus::Active);
            for entry in active.filter(|entry| !listed.contains(&entry.id)) {
                entry.status = PrincipalStatus::Left;
                // An end date in the past is the date of leaving; one in the future does not apply any more.
                entry.end_date = Some(entry.end_date.filter(|end| *end <= now).unwrap_or(now));
                reports.entry(path.clone()).or_default().left.push(entry.id.to_string());
            }
        }
    }
    let new: BTreeSet<PrincipalId> = added.keys().cloned().collect();
    set.distribute(&mut entries, added);
    let merged = entries.into_iter().map(|(path, entries)| {
        let MergeReport { changed, left, returned } = reports.remove(&path).unwrap_or_default();
        let added = entries.keys().filter(|id| new.contains(id)).map(PrincipalId::to_string).collect();
        (path, MergedPrincipals { file: file(entries.into_values()), added, changed, left, returned })
    });
    merged.collect()
}

/// The changes of one file.
#[derive(Default)]
struct MergeReport {
    changed: Vec<String>,
    left: Vec<String>,
    returned: Vec<String>,
}

fn merged(before: &PrincipalRecord, row: &ImportRow, authoritative: bool, now: Timestamp) -> PrincipalRecord {
    let (mut after, from) = (before.clone(), &row.entry);
    // A cleared key is empty in the entry of the row.
    for key in row.given.iter().chain(&row.cleared) {
        if let Some(name) = key.strip_prefix("attributes.").filter(|_| row.cleared.contains(key)) {
            after.attributes.remove(name);
        }
        match key.as_str() {
            "kind" => after.kind = from.kind,
            "status" => after.status = from.status,
            "owner" => after.owner.clone_from(&from.owner),
            "deputy" => after.deputy.clone_from(&from.deputy),
            "sponsor" => after.sponsor.clone_from(&from.sponsor),
            "team" => after.team.clone_from(&from.team),
            "workload" => after.workload.clone_from(&from.workload),
            "purpose" => after.purpose.clone_from(&from.purpose),
            "environment" => after.environment.clone_from(&from.environment),
            "role" => after.role.clone_from(&from.role),
            "vendor" => after.vendor.clone_from(&from.vendor),
            "end_date" => after.end_date = from.end_date,
            "role_changed_on" => after.role_changed_on = from.role_changed_on,
            _ => {}
        }
    }
    after.accounts.extend(from.accounts.iter().cloned());
    after.accounts.sort();
    after.accounts.dedup();
    after.attributes.extend(from.attributes.clone());
    let place = |entry: &PrincipalRecord| (entry.role.clone(), entry.team.clone(), entry.owner.clone());
    if place(before) != place(&after) && !row.given.contains("role_changed_on") {
        after.role_changed_on = Some(now);
    }
    let has_end = row.given.contains("end_date");
    if authoritative && is_return(before, row, now) {
        after.status = PrincipalStatus::Active;
    }
    if before.status == PrincipalStatus::Left && after.status == PrincipalStatus::Active && !has_end {
        after.end_date = None;
    }
    after
}

/// Returns whether a principal that left is listed again by an authoritative table without a status: its end date has
/// passed, and the row has no end date that has passed.
fn is_return(before: &PrincipalRecord, row: &ImportRow, now: Timestamp) -> bool {
    let has_passed = |entry: &PrincipalRecord| entry.end_date.is_some_and(|end| end <= now);
    let had_left = before.status == PrincipalStatus::Left && (has_passed(before) || before.end_date.is_none());
    had_left && !row.given.contains("status") && !has_passed(&row.entry)
}
