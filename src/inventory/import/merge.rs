//! Merges an imported table into a principals file. Keys set by the table win; other keys are kept.

use super::ImportRow;
use crate::model::{
    Timestamp,
    file::{PrincipalRecord, PrincipalStatus, Principals},
};
use std::collections::BTreeMap;

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
}

/// Merges the rows of a table into a file. Accounts are added and never removed: correlated accounts stay. A change of
/// role, team or owner is dated `now` unless the table gives a date. Principals that are missing from an
/// `authoritative` table have left, dated `now`. Importing the same table twice changes nothing.
pub fn merge(file: &Principals, rows: &[ImportRow], authoritative: bool, now: Timestamp) -> MergedPrincipals {
    let mut entries: BTreeMap<_, PrincipalRecord> =
        file.principals.iter().map(|entry| (entry.id.clone(), entry.clone())).collect();
    let (mut added, mut changed, mut left) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        let id = &row.entry.id;
        match entries.get(id) {
            None => {
                added.push(id.to_string());
                entries.insert(id.clone(), row.entry.clone());
            }
            Some(before) => {
                let after = merged(before, row, now);
                if after != *before {
                    changed.push(id.to_string());
                    entries.insert(id.clone(), after);
                }
            }
        }
    }
    if authoritative {
        for entry in entries.values_mut().filter(|entry| entry.status == PrincipalStatus::Active) {
            if !rows.iter().any(|row| row.entry.id == entry.id) {
                entry.status = PrincipalStatus::Left;
                // An end date in the past is the date of leaving; one in the future does not apply any more.
                entry.end_date = Some(entry.end_date.filter(|end| *end <= now).unwrap_or(now));
                left.push(entry.id.to_string());
            }
        }
    }
    let file = Principals { schema: file.schema.clone(), principals: entries.into_values().collect() };
    MergedPrincipals { file, added, changed, left }
}

fn merged(before: &PrincipalRecord, row: &ImportRow, now: Timestamp) -> PrincipalRecord {
    let (mut after, from) = (before.clone(), &row.entry);
    for key in &row.given {
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
    after
}
