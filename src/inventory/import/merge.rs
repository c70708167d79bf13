//! Merging a table with what is there: what the table gives counts, what it does not speak of stays.

use super::ImportRow;
use crate::model::{
    Timestamp,
    file::{PrincipalRecord, PrincipalStatus, Principals},
};
use std::collections::BTreeMap;

/// What became of a file.
#[derive(Clone, Debug)]
pub struct Merged {
    /// The file.
    pub file: Principals,
    /// Who was not in it.
    pub added: Vec<String>,
    /// Whose entry says something else now.
    pub changed: Vec<String>,
    /// Who is in the file and not in the table any more, and is marked as left.
    pub left: Vec<String>,
}

/// Merges the rows of a table into a file. Accounts only ever come in: those that were correlated stay. Who has another
/// role, team or owner than before has changed `now`, unless the table says when. An `authoritative` table has everybody
/// whom the file has: who vanished from it has left, `now`. The same table twice changes nothing.
pub fn merge(file: &Principals, rows: &[ImportRow], authoritative: bool, now: Timestamp) -> Merged {
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
                // An end that has passed is when they left; one that is still to come was another plan.
                entry.ends = Some(entry.ends.filter(|end| *end <= now).unwrap_or(now));
                left.push(entry.id.to_string());
            }
        }
    }
    let file = Principals { schema: file.schema.clone(), principals: entries.into_values().collect() };
    Merged { file, added, changed, left }
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
            "ends" => after.ends = from.ends,
            "changed" => after.changed = from.changed,
            _ => {}
        }
    }
    after.accounts.extend(from.accounts.iter().cloned());
    after.accounts.sort();
    after.accounts.dedup();
    after.facts.extend(from.facts.clone());
    let place = |entry: &PrincipalRecord| (entry.role.clone(), entry.team.clone(), entry.owner.clone());
    if place(before) != place(&after) && !row.given.contains("changed") {
        after.changed = Some(now);
    }
    after
}
