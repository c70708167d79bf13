//! Campaign status as tables.

use super::table::OutputStyle;
use crate::{
    campaign::{CampaignStatus, ItemState, ItemStatus},
    diag::{counted, escape},
    model::action::DecisionOrigin,
};

/// Returns the campaign status: a summary line, open work by reviewer, and open items, most critical first.
pub fn campaign_human(status: &CampaignStatus, style: OutputStyle) -> String {
    let done = status.items.iter().filter(|item| item.state.is_done()).count();
    let window = if status.closed {
        style.good("closed")
    } else if status.overdue {
        style.bad(&format!("overdue since {}", status.closes_at))
    } else {
        format!("closes {}", status.closes_at)
    };
    let mut text = format!(
        "{} · {} of {} done · {window}\n",
        style.heading(status.campaign.as_str()),
        done,
        counted(status.items.len(), "item")
    );
    let states: Vec<_> = status.states.iter().map(|(state, number)| format!("{number} {state}")).collect();
    text.push_str(&format!("{}\n", states.join(" · ")));
    text.push_str(&decided(status));
    text.push('\n');
    let rows = status.reviewers.iter().map(|one| {
        let late = match (one.overdue, one.late) {
            (true, _) => "late".to_owned(),
            (false, 0) => String::new(),
            (false, late) => format!("{late} decided late"),
        };
        let numbers = [one.items, one.undecided, one.unconfirmed, one.missed.len() as u64].map(|n| n.to_string());
        [vec![one.reviewer.to_string()], numbers.to_vec(), vec![late]].concat()
    });
    text.push_str(&style.table(&["reviewer", "items", "undecided", "unconfirmed", "missed in a row", ""], rows));
    let open: Vec<&ItemStatus> = status.items.iter().filter(|item| !item.state.is_done()).collect();
    if !open.is_empty() {
        text.push('\n');
        text.push_str(&style.table(
            &["tier", "system", "who", "what", "state", "why", "next"],
            open.iter().take(MOST).map(|item| row(item)),
        ));
        if open.len() > MOST {
            text.push_str(&format!("… and {} more: `--format json` lists all\n", open.len() - MOST));
        }
    }
    for finding in &status.findings {
        text.push_str(&format!("{}\n  help: {}\n", style.bad(&finding.to_string()), finding.help));
    }
    text
}

/// Returns the counts of decided items, and of open items by stage. No-response outcomes are never counted as decisions
/// of people.
fn decided(status: &CampaignStatus) -> String {
    let mut text = format!("{} decided by people", status.by_people);
    if status.by_silence > 0 {
        text.push_str(&format!(" · {} by no-response default", status.by_silence));
    }
    if status.late > 0 {
        text.push_str(&format!(" · {} after the due date", status.late));
    }
    let excepted =
        status.items.iter().filter(|item| item.state == ItemState::Excepted && item.verdict.is_none()).count();
    if excepted > 0 {
        text.push_str(&format!(" · {excepted} undecided, excepted"));
    }
    if status.stages.len() > 1 {
        let stages = status.stages.iter().map(|stage| {
            let name = escape(&stage.name);
            let at = if stage.closed { "closed".to_owned() } else { format!("{} open", stage.waiting) };
            format!("stage {} {name}: {at}", stage.stage)
        });
        text.push_str(&format!("\n{}", stages.collect::<Vec<_>>().join(" · ")));
    }
    text + "\n"
}

fn row(item: &ItemStatus) -> Vec<String> {
    let state = match item.verdict {
        Some(verdict) if item.decided == Some(DecisionOrigin::BySilence) => {
            format!("{verdict} (no response): {}", item.state)
        }
        Some(verdict) if item.state != ItemState::Undecided => format!("{verdict}: {}", item.state),
        _ => item.state.to_string(),
    };
    vec![
        item.tier.to_string(),
        item.system.to_string(),
        item.principal.clone(),
        item.entitlement.clone(),
        state,
        item.why.clone(),
        item.next.clone(),
    ]
}

const MOST: usize = 50;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        campaign::ReviewerStatus,
        diag::RenderStyle,
        model::{CampaignId, ItemId, PrincipalId, SystemId, Tier, Timestamp, Verdict},
    };

    #[test]
    fn status_lists_open_work_and_next_commands() {
        let item = |number: u8, state: ItemState, verdict, why: &str, next: &str| ItemStatus {
            item: ItemId::parse(&format!("itm-{number:016x}")).unwrap(),
            system: SystemId::parse("db").unwrap(),
            tier: Tier::T1,
            principal: "svc\u{1b}[2J".to_owned(),
            entitlement: "role admin".to_owned(),
            reviewer: PrincipalId::parse("ana").unwrap(),
            path: "campaigns/q4/reviews/db/ana.toml".to_owned(),
            verdict,
            decided: verdict.map(|_| DecisionOrigin::ByPeople),
            late: false,
            stage: None,
            missing: Vec::new(),
            must_act: Vec::new(),
            state,
            why: why.to_owned(),
            next: next.to_owned(),
        };
        let status = CampaignStatus {
            campaign: CampaignId::parse("q4").unwrap(),
            title: "Quarter".to_owned(),
            closes_at: Timestamp::from_unix(1_800_000_000),
            overdue: true,
            closed: false,
            states: [("kept", 1), ("still-present", 1), ("undecided", 1)].into(),
            by_people: 2,
            late: 0,
            by_silence: 0,
            stages: Vec::new(),
            reviewers: vec![ReviewerStatus {
                reviewer: PrincipalId::parse("ana").unwrap(),
                items: 3,
                undecided: 1,
                unconfirmed: 1,
                late: 0,
                overdue: true,
                missed: vec![CampaignId::parse("q3").unwrap()],
            }],
            items: vec![
                item(1, ItemState::StillPresent, Some(Verdict::Revoke), "by ops", "`tenure verify db`"),
                item(2, ItemState::Undecided, None, "no decision yet", "ana decides"),
                item(3, ItemState::Kept, Some(Verdict::Certify), "", ""),
            ],
            findings: Vec::new(),
        };
        insta::assert_snapshot!(campaign_human(&status, OutputStyle::new(RenderStyle::plain())), @r#"
        q4 · 1 of 3 items done · overdue since 2027-01-15T08:00:00Z
        1 kept · 1 still-present · 1 undecided
        2 decided by people

        ─────────────────────────────────────────────────────────────────────
         reviewer   items   undecided   unconfirmed   missed in a row
        ═════════════════════════════════════════════════════════════════════
         ana        3       1           1             1                 late
        ─────────────────────────────────────────────────────────────────────

        ──────────────────────────────────────────────────────────────────────────────────────────────────────────
         tier   system   who            what         state                   why               next
        ══════════════════════════════════════════════════════════════════════════════════════════════════════════
         T1     db       svc\u{1b}[2J   role admin   revoke: still-present   by ops            `tenure verify db`
        ──────────────────────────────────────────────────────────────────────────────────────────────────────────
         T1     db       svc\u{1b}[2J   role admin   undecided               no decision yet   ana decides
        ──────────────────────────────────────────────────────────────────────────────────────────────────────────
        "#);
    }
}
