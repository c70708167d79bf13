//! Systems of a governed repository as a table.

use super::table::OutputStyle;
use crate::{
    connector::registry::variables,
    model::file::{Remediation, System},
};

/// Returns a row for each system: connector, owner, remediation mode, and environment variables.
pub fn systems_human<'a>(systems: impl Iterator<Item = &'a System>, style: OutputStyle) -> String {
    let row = |system: &System| {
        let remediation = match system.remediation {
            Remediation::Automatic => "automatic",
            Remediation::Manual => "manual",
            Remediation::ReportOnly => "report-only",
        };
        let asked: Vec<_> = variables(system, false).union(&variables(system, true)).cloned().collect();
        vec![
            system.system.to_string(),
            system.connector.clone(),
            system.tier.to_string(),
            system.owner.to_string(),
            system.deputy.as_ref().map(ToString::to_string).unwrap_or_default(),
            remediation.to_owned(),
            asked.join(", "),
        ]
    };
    let rows: Vec<_> = systems.map(row).collect();
    if rows.is_empty() {
        return "main contains no signed system\n".to_owned();
    }
    style.table(&["system", "connector", "tier", "owner", "deputy", "changes", "variables"], rows)
}
