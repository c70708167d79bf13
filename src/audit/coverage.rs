//! Checks that campaigns cover their scope: recomputes the population, and compares the items in review files and the
//! open items.

use super::{AuditArea, AuditContext, AuditResult, integrity::finding};
use crate::{
    diag::counted,
    model::{CampaignId, Finding, ItemId, Severity, file::Campaign},
};
use std::collections::BTreeSet;

pub(super) fn check(case: &AuditContext<'_>) -> AuditResult {
    let mut findings = Vec::new();
    let mut items = 0;
    for (id, opening) in case.governed.openings() {
        let campaign = opening.campaign().value();
        let asked: BTreeSet<&ItemId> = opening.items().collect();
        items += campaign.items;
        population(case, id, campaign, &mut findings);
        if asked.len() as u64 != campaign.items {
            findings.push(Finding {
                severity: Severity::High,
                code: "items-not-assigned",
                subject: format!("campaigns/{id}/campaign.toml"),
                message: format!("{} items, of which {} are in review files", campaign.items, asked.len()),
                help: format!("open a campaign for the missing items with `tenure campaign open`; then close `{id}`"),
            });
        }
        undecided(case, id, campaign, &asked, &mut findings);
    }
    let looked_at = format!("{}, {}", counted(case.governed.openings().len(), "campaign"), counted(items, "item"));
    AuditResult { area: AuditArea::Coverage, looked_at, findings }
}

fn population(case: &AuditContext<'_>, id: &CampaignId, campaign: &Campaign, findings: &mut Vec<Finding>) {
    let subject = format!("campaigns/{id}/campaign.toml");
    match case.repeat.population(id) {
        Ok((digest, count)) if digest == campaign.population && count == campaign.items => {}
        Ok((digest, count)) => findings.push(finding(
            "population-mismatch",
            subject,
            format!(
                "it names {} items as {}; the pinned inventories give {count} as {digest}",
                campaign.items, campaign.population
            ),
        )),
        Err(why) => {
            let message = format!("its population cannot be recomputed: {why}");
            findings.push(finding("population-not-repeatable", subject, message));
        }
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
