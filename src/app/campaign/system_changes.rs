//! Finds the versions of systems that took effect while a campaign was open, with the fields that they change.

use crate::{
    app::AppError,
    diag::{Diagnostic, counted},
    git::{ObjectId, Repository},
    model::{
        CampaignId, Digest, Finding, Severity,
        file::System,
        history::EvidenceHistory,
        record::{ForgeReport, MergeProvenance, ReviewState},
    },
    trust::{OpenCampaign, RepositoryState, Verified},
};
use std::collections::BTreeMap;
use toml::{Table, Value};

/// A version of a system that took effect between the opening and the close of a campaign.
pub struct SystemChange {
    path: String,
    /// The commit on main.
    pub commit: ObjectId,
    campaign: CampaignId,
    message: String,
}

impl SystemChange {
    /// Returns the finding about the change; `history` has the approvals.
    pub fn finding(&self, history: &EvidenceHistory) -> Finding {
        let approvals = history.merge(&self.commit.to_string()).map(|(_, merge)| approvals(merge));
        let approvals = approvals.unwrap_or_else(|| "its approvals are not recorded".to_owned());
        Finding {
            severity: Severity::Medium,
            code: "system-changed-in-campaign",
            subject: self.path.clone(),
            message: format!("{}; merge {:.12}: {approvals}", self.message, self.commit.to_string()),
            help: self.help(),
        }
    }

    /// Returns the change as a warning of the gate.
    pub fn warning(&self) -> Diagnostic {
        Diagnostic::warning("system-changed-in-campaign", self.message.as_str())
            .in_file(self.path.as_str())
            .help(self.help())
    }

    fn help(&self) -> String {
        format!(
            "confirm the change with the owner of the campaign; its items are in `tenure campaign status {}`",
            self.campaign
        )
    }
}

/// Returns the changes of systems whose versions a campaign has pinned, by path and campaign.
///
/// # Errors
/// When git cannot read the history.
pub fn system_changes(
    repository: &Repository,
    governed: &RepositoryState,
    history: &EvidenceHistory,
) -> Result<Vec<SystemChange>, AppError> {
    let mut found = Vec::new();
    for opening in governed.openings().values() {
        let campaign = opening.campaign();
        let end = end_of(campaign, history, repository)?;
        for population in &campaign.systems {
            let Some(versions) = governed.systems().get(&population.system) else { continue };
            for pair in later(versions, population.system_version) {
                let [before, version] = pair else { continue };
                let commit = version.commit();
                // The head of a checked change is a merge that git does not store, and follows every recorded close.
                let is_late = match end {
                    Some(end) if governed.head() == Some(commit) => end != commit,
                    Some(end) => repository.merge_base(commit, end)? != Some(commit),
                    None => false,
                };
                if !is_late {
                    found.push(change(opening, before, version));
                }
            }
        }
    }
    found.sort_by(|a, b| (&a.path, &a.campaign).cmp(&(&b.path, &b.campaign)));
    Ok(found)
}

/// Returns the pairs of a version after the pinned one and the version before it.
fn later(versions: &[Verified<System>], pinned: Digest) -> impl Iterator<Item = &[Verified<System>]> {
    let first = versions.iter().position(|version| version.digest() == pinned);
    versions.windows(2).skip(first.unwrap_or(versions.len()))
}

/// Returns the commit of main at the close of a campaign; `None` while it is open.
fn end_of(
    campaign: &Verified<crate::model::file::Campaign>,
    history: &EvidenceHistory,
    repository: &Repository,
) -> Result<Option<ObjectId>, AppError> {
    let Some((closed, _)) = history.close_of(&campaign.id) else { return Ok(None) };
    let run = history.runs().rev().find(|(_, run)| run.seq <= closed);
    Ok(run.map(|(_, run)| repository.resolve(&run.start.main)).transpose()?)
}

fn change(opening: &OpenCampaign, before: &Verified<System>, version: &Verified<System>) -> SystemChange {
    let id = &opening.campaign().id;
    let items = opening.published_items().filter(|(_, item)| *item.system() == version.system).count();
    let message = format!(
        "it changes the target of {} of `{id}`, which was open: {} (signed by {})",
        counted(items as u64, "item"),
        differences(before.value(), version.value()).join(", "),
        version.names().join(", "),
    );
    SystemChange { path: version.path().to_owned(), commit: version.commit(), campaign: id.clone(), message }
}

/// Returns the changed fields with both values, sorted.
fn differences(before: &System, after: &System) -> Vec<String> {
    let (before, after) = (fields(before), fields(after));
    let names: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let none = || "none".to_owned();
    names
        .into_iter()
        .map(|name| (name, before.get(name).cloned(), after.get(name).cloned()))
        .filter(|(_, before, after)| before != after)
        .map(|(name, before, after)| {
            format!("`{name}` from {} to {}", before.unwrap_or_else(none), after.unwrap_or_else(none))
        })
        .collect()
}

/// Returns the values of a system by dotted key, without those that differ in every version.
fn fields(system: &System) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    if let Ok(mut table) = Table::try_from(system) {
        ["prev", "version"].iter().for_each(|key| drop(table.remove(*key)));
        flatten("", &table, &mut fields);
    }
    fields
}

fn flatten(prefix: &str, table: &Table, fields: &mut BTreeMap<String, String>) {
    for (key, value) in table {
        let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            Value::Table(inner) => flatten(&name, inner, fields),
            value => drop(fields.insert(name, value.to_string())),
        }
    }
}

/// Returns the approvals of a merge in words.
fn approvals(merge: &MergeProvenance) -> String {
    match &merge.told {
        ForgeReport::Pushed => "pushed without a pull request".to_owned(),
        ForgeReport::Unknown(why) => format!("its approvals could not be read: {why}"),
        ForgeReport::Pull(pull) => {
            let approved = pull.reviews.iter().flatten().filter(|review| review.state == ReviewState::Approved);
            let approved: Vec<_> = approved.map(|review| review.by.to_string()).collect();
            let by = if approved.is_empty() { "no reviewer".to_owned() } else { approved.join(", ") };
            let merger = pull.merger.as_ref().map_or_else(|| "an unknown account".to_owned(), ToString::to_string);
            format!("#{} by {}, approved by {by}, merged by {merger}", pull.number, pull.author)
        }
    }
}
