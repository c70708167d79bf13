//! Checks that campaigns cover their scope: computes the opening again, and compares the items in review files and the
//! open items.

use super::{AuditArea, AuditContext, AuditResult, integrity::finding};
use crate::{
    diag::counted,
    model::{CampaignId, Finding, ItemId, Severity, file::Campaign},
    trust::{OpenCampaign, PublishedItem},
};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn check(case: &AuditContext<'_>) -> AuditResult {
    let mut findings = Vec::new();
    let mut items = 0;
    for (id, opening) in case.governed.openings() {
        let campaign = opening.campaign().value();
        let asked: BTreeSet<&ItemId> = opening.items().collect();
        items += campaign.items;
        reopening(case, id, &mut findings);
        if asked.len() as u64 != campaign.items {
            findings.push(Finding {
                severity: Severity::High,
                code: "items-not-assigned",
                subject: format!("campaigns/{id}/campaign.toml"),
                message: format!("{} items, of which {} are in review files", campaign.items, asked.len()),
                help: format!("open a campaign for the missing items with `tenure campaign open`; then close `{id}`"),
            });
        }
        let (unreviewable, asked): (BTreeSet<_>, BTreeSet<_>) =
            asked.into_iter().partition(|item| opening.is_unreviewable(item));
        findings.extend(unreviewable.into_iter().map(|item| not_reviewed(id, opening, item)));
        undecided(case, id, campaign, &asked, &mut findings);
        sealed(case, id, &mut findings);
    }
    let looked_at = format!("{}, {}", counted(case.governed.openings().len(), "campaign"), counted(items, "item"));
    AuditResult { area: AuditArea::Coverage, looked_at, findings }
}

/// Compares a campaign with the same opening computed again.
fn reopening(case: &AuditContext<'_>, id: &CampaignId, findings: &mut Vec<Finding>) {
    let differences = match case.repeat.opening(id) {
        Ok(differences) => differences,
        Err(why) => {
            let message = format!("its opening cannot be computed again: {why}");
            findings.push(finding("population-not-repeatable", format!("campaigns/{id}/campaign.toml"), message));
            return;
        }
    };
    for one in differences {
        let code = match one.field.as_str() {
            "grants" | "usage.jsonl" => "inventory-not-sealed",
            field if POPULATION.contains(&field) => "population-mismatch",
            _ => "campaign-field-differs",
        };
        let message = format!("`{}` is {}, but computed again it is {}", one.field, one.found, one.expected);
        findings.push(finding(code, one.path, message));
    }
}

/// Compares the verdicts that the close of a campaign sealed with those in force.
fn sealed(case: &AuditContext<'_>, id: &CampaignId, findings: &mut Vec<Finding>) {
    let Some(close) = case.history.sealed_close(id) else { return };
    let mut sealed: BTreeMap<String, u64> = BTreeMap::new();
    for (verdict, count) in &close.verdicts {
        // Items without a response are sealed as `<verdict> by-silence`.
        let verdict = verdict.split(' ').next().unwrap_or_default();
        *sealed.entry(verdict.to_owned()).or_default() += count;
    }
    let mut in_force: BTreeMap<String, u64> = BTreeMap::new();
    for resolution in case.resolutions.iter().filter(|one| one.campaign == *id) {
        *in_force.entry(resolution.verdict.to_string()).or_default() += 1;
    }
    sealed.remove("none");
    sealed.remove("not-reviewed");
    if sealed == in_force {
        return;
    }
    let words = |counts: &BTreeMap<String, u64>| {
        let each: Vec<_> = counts.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect();
        if each.is_empty() { "none".to_owned() } else { each.join(", ") }
    };
    let message = format!("its close sealed {}; in force are {}", words(&sealed), words(&in_force));
    findings.push(finding("closed-campaign-differs", format!("campaigns/{id}/campaign.toml"), message));
}

/// Returns the finding that an item has no reviewer but its holder.
fn not_reviewed(id: &CampaignId, opening: &OpenCampaign, item: &ItemId) -> Finding {
    let subject = opening.put(item).map(PublishedItem::subject).unwrap_or_default();
    Finding {
        severity: Severity::Medium,
        code: "not-reviewed",
        subject: format!("campaigns/{id}/campaign.toml"),
        message: format!("{item} of `{subject}` is not reviewed: no second person"),
        help: "register a second person in the next trust/registry/N.toml, who reviews it in the next campaign"
            .to_owned(),
    }
}

fn undecided(
    case: &AuditContext<'_>,
    id: &CampaignId,
    campaign: &Campaign,
    asked: &BTreeSet<&ItemId>,
    findings: &mut Vec<Finding>,
) {
    let decided: BTreeSet<&ItemId> =
        case.resolutions.iter().filter(|one| one.campaign == *id).map(|one| &one.item).collect();
    let open = asked.len() - asked.intersection(&decided).count();
    if open == 0 {
        return;
    }
    let late = case.now > campaign.closes_at;
    findings.push(Finding {
        severity: if late { Severity::High } else { Severity::Low },
        code: if late { "decision-overdue" } else { "decision-missing" },
        subject: format!("campaigns/{id}/campaign.toml"),
        message: format!(
            "{open} of {} items have no final decision; the window ends {}",
            asked.len(),
            campaign.closes_at
        ),
        help: format!("tenure campaign status {id}"),
    });
}

/// The fields of a campaign that describe its items.
const POPULATION: [&str; 2] = ["items", "population"];
