//! Compares the inventories of a campaign with those that the collecting jobs recorded.

use crate::{
    app::{AppError, RepositoryView},
    campaign::FieldDifference,
    diag::{Diagnostic, Diagnostics},
    model::{file::Campaign, history::EvidenceHistory},
};

/// Returns the inventories of a campaign that are not those that jobs recorded before its opening: the grants must equal
/// the newest record of the system, and the usage any of them. The view is at the base of the campaign. A system without
/// such a record was collected by a person, and there is none to compare with.
///
/// # Errors
/// When an inventory cannot be read.
pub fn seal_differences(
    view: &RepositoryView<'_>,
    campaign: &Campaign,
    history: &EvidenceHistory,
) -> Result<Vec<FieldDifference>, AppError> {
    let known = campaign.evidence.map_or(0, |position| position.size);
    let mut found = Vec::new();
    for system in campaign.systems.iter().map(|population| &population.system) {
        let seals = history.collected(system).iter().filter(|(seq, _)| *seq < known);
        let (Some((seq, newest)), Some(loaded)) = (seals.clone().next_back(), view.inventory(system)?) else {
            continue;
        };
        let observation = &loaded.observation;
        let differing = |file: &str, found: String, expected: String| FieldDifference {
            path: format!("inventory/{system}/{file}"),
            field: file.to_owned(),
            found,
            expected,
        };
        let grants = observation.grants_digest();
        if grants != newest.grants_digest {
            let expected = format!("{}, as record {seq} of the evidence has it", newest.grants_digest);
            found.push(differing("grants", grants.to_string(), expected));
        }
        if !seals.clone().any(|(_, seal)| seal.usage == observation.usage) {
            let expected = format!("{}, as record {seq} of the evidence has it", newest.usage);
            found.push(differing("usage.jsonl", observation.usage.to_string(), expected));
        }
    }
    Ok(found)
}

/// Returns the problems of these differences.
pub fn seal_problems(differences: Vec<FieldDifference>) -> Diagnostics {
    let problem = |one: FieldDifference| {
        let message =
            format!("`{}` is {}, but the job that read the system recorded {}", one.field, one.found, one.expected);
        let help = "merge the inventory that the job collected last: tenure collect SYSTEM --seal";
        Diagnostic::error("inventory-not-sealed", message).in_file(one.path).help(help)
    };
    differences.into_iter().map(problem).collect()
}
