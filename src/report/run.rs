//! Results of enforcement runs and of later verifications.

use super::{
    held::{ItemNames, write_held},
    table::OutputStyle,
};
use crate::{
    diag::{counted, escape},
    enforce::{
        ActionResult, ChangeKind, OutOfBandReport, OutstandingDecision, RunSummary, SodReport, VerificationResult,
        VerifyReport,
    },
    model::record::{OutcomeKind, VerificationKind},
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fmt::Write};

/// Returns the results of a run as text for a terminal. `items` names the held items.
pub fn run_human(summary: &RunSummary, items: &ItemNames, style: OutputStyle) -> String {
    let mut text = String::new();
    if summary.recovered > 0 {
        let _ = writeln!(text, "recovered {} of an interrupted run", counted(summary.recovered, "dangling intent"));
    }
    let systems: BTreeSet<_> = summary.done.iter().map(|done| &done.planned.grant.system).collect();
    for done in &summary.done {
        let grant = &done.planned.grant;
        // If a run covers several systems, each line names its system.
        let system = if systems.len() > 1 { format!("{}: ", grant.system) } else { String::new() };
        let what = format!("{system}{} {} from {}", done.planned.change, grant.entitlement.name, grant.principal.name);
        let _ = writeln!(text, "{:<14} {}", word(done, style), escape(&what));
        if !done.is_confirmed() {
            unconfirmed(&mut text, done);
        }
        if let Some(judgement) = &done.judgement {
            reasons(&mut text, judgement);
        }
        if let Some(place) = &done.outcome.deposited {
            let _ = writeln!(text, "{:<14} new secret deposited in {}", "", escape(place));
        }
    }
    write_held(&mut text, &summary.held, items, style);
    write_total(&mut text, summary.done.iter().map(|done| done.judgement.as_ref()));
    text
}

fn unconfirmed(text: &mut String, done: &ActionResult) {
    if done.outcome.result != OutcomeKind::Applied {
        let _ = writeln!(text, "{:<14} why: {}", "", escape(&done.outcome.text));
    }
}

/// Writes the reasons of a verdict, and what is left of the access.
fn reasons(text: &mut String, judgement: &VerificationResult) {
    let label = match judgement.kind {
        VerificationKind::Kept => "kept",
        VerificationKind::Lingering => "until the end of",
        VerificationKind::Unknown => "cannot tell",
        _ => "survives by",
    };
    for path in &judgement.paths {
        let _ = writeln!(text, "{:<14} {label}: {}", "", escape(path));
    }
    for path in &judgement.left {
        let _ = writeln!(text, "{:<14} left, of a lower tier: {}", "", escape(path));
    }
    if judgement.kind == VerificationKind::Unknown && judgement.paths.is_empty() {
        let _ = writeln!(text, "{:<14} read back: {}", "", escape(&judgement.probe));
    }
}

fn word(done: &ActionResult, style: OutputStyle) -> String {
    match (done.outcome.result, done.judgement.as_ref().map(|judgement| judgement.kind)) {
        (_, Some(VerificationKind::Confirmed)) => style.good("confirmed"),
        (_, Some(VerificationKind::Kept)) => style.warning("kept"),
        (OutcomeKind::Drifted, _) => style.warning("drifted"),
        (OutcomeKind::Failed, _) => style.bad("failed"),
        (OutcomeKind::Manual, _) => style.warning("manual"),
        (_, Some(VerificationKind::StillPresent)) => style.bad("still present"),
        (_, Some(VerificationKind::Lingering)) => style.warning("lingering"),
        (_, Some(VerificationKind::Pending)) => style.warning("pending"),
        _ => style.bad("unknown"),
    }
}

/// Returns the results of a run as JSON.
pub fn run_json(summary: &RunSummary) -> Value {
    let actions: Vec<_> = summary
        .done
        .iter()
        .map(|done| {
            json!({
                "action": done.planned.id,
                "confirmed": done.is_confirmed(),
                "entitlement": done.planned.grant.entitlement,
                "outcome": done.outcome.result,
                "left": done.judgement.as_ref().map(|judgement| judgement.left.clone()).unwrap_or_default(),
                "paths": done.judgement.as_ref().map(|judgement| judgement.paths.clone()).unwrap_or_default(),
                "principal": done.planned.grant.principal,
                "system": done.planned.grant.system,
                "text": done.outcome.text,
                "verification": done.judgement.as_ref().map(|judgement| judgement.kind),
                "verb": done.planned.change.verb(),
            })
        })
        .collect();
    json!({"actions": actions, "exit": summary.exit, "held": summary.held, "recovered": summary.recovered})
}

/// Returns the results of a verification as text for a terminal.
pub fn verified_human(looked: &VerifyReport, style: OutputStyle) -> String {
    let seen = &looked.actions;
    let mut text = String::new();
    for verified in seen {
        let word = match verified.judgement.kind {
            VerificationKind::Confirmed => style.good("confirmed"),
            VerificationKind::StillPresent if verified.came_back => style.bad("came back"),
            VerificationKind::StillPresent => style.bad("still present"),
            VerificationKind::Lingering => style.warning("lingering"),
            VerificationKind::Kept => style.warning("kept"),
            VerificationKind::Pending => style.warning("pending"),
            VerificationKind::Unknown => style.bad("unknown"),
        };
        let grant = &verified.planned.grant;
        let what = format!("{} of {} on {}", grant.entitlement.name, grant.principal.name, grant.system);
        let _ = writeln!(text, "{word:<14} {} {}", verified.level, escape(&what));
        reasons(&mut text, &verified.judgement);
        if verified.is_overdue && !verified.judgement.kind.is_done() {
            let days = verified.planned.grant.tier.removal_days();
            let _ = writeln!(
                text,
                "{:<14} overdue: the limit of its tier is {}",
                "",
                counted(days.unsigned_abs() as usize, "day")
            );
        }
    }
    write_total(&mut text, seen.iter().map(|verified| Some(&verified.judgement)));
    outstanding(&mut text, &looked.outstanding, style);
    for system in &looked.systems {
        out_of_band(&mut text, system, style);
    }
    if let Some(pairs) = &looked.sod_violations {
        sod_violations(&mut text, pairs, style);
    }
    text
}

/// Writes the decisions that no run has carried out, each with its time limit.
fn outstanding(text: &mut String, decisions: &[OutstandingDecision], style: OutputStyle) {
    for one in decisions.iter().take(MOST_SHOWN) {
        let word = if one.is_overdue { style.bad("not enforced") } else { style.warning("not enforced") };
        let limit = if one.is_overdue { "overdue since" } else { "due" };
        let what = format!("{} {} on {}", one.verdict, one.what, one.system);
        let _ = writeln!(text, "{word:<14} {}, {limit} {}", escape(&what), one.due());
        if let Some(why) = &one.held {
            let _ = writeln!(text, "{:<14} held: {}", "", escape(why));
        }
    }
    if let Some(more @ 1..) = decisions.len().checked_sub(MOST_SHOWN) {
        let _ = writeln!(text, "… and {more} more that no run has carried out: `--format json` lists all");
    }
}

/// Writes the number of confirmed actions, and apart from it the number of those whose access another decision keeps.
fn write_total<'a>(text: &mut String, all: impl Iterator<Item = Option<&'a VerificationResult>>) {
    let kinds: Vec<Option<VerificationKind>> = all.map(|judgement| judgement.map(|judgement| judgement.kind)).collect();
    let count = |kind| kinds.iter().filter(|one| **one == Some(kind)).count();
    let (confirmed, kept) = (count(VerificationKind::Confirmed), count(VerificationKind::Kept));
    let kept = if kept == 0 { String::new() } else { format!("; {kept} kept by another decision") };
    let _ = writeln!(text, "{confirmed} of {} confirmed by the target{kept}", counted(kinds.len(), "action"));
}

fn sod_violations(text: &mut String, pairs: &SodReport, style: OutputStyle) {
    for (clash, accepted) in pairs.held.iter().take(MOST_SHOWN) {
        let word = if *accepted { style.warning("accepted") } else { style.bad("violation") };
        let _ = writeln!(text, "{word:<14} {} holds {}", escape(&clash.holder), escape(&clash.to_string()));
    }
    for seen in pairs.resolved.iter().take(MOST_SHOWN) {
        let _ =
            writeln!(text, "{:<14} {}: no principal holds both sides any more", style.good("resolved"), escape(seen));
    }
    let held = counted(pairs.held.len(), "separation-of-duties violation");
    let stale: Vec<_> = pairs.not_fresh.iter().map(ToString::to_string).collect();
    let stale = if stale.is_empty() { String::new() } else { format!("; not listed again: {}", stale.join(", ")) };
    let _ = writeln!(text, "{held} found{stale}");
}

fn out_of_band(text: &mut String, listed: &OutOfBandReport, style: OutputStyle) {
    let system = &listed.system;
    let found = match &listed.found {
        Ok(found) => found,
        Err(why) => {
            let why = escape(why);
            let _ = writeln!(text, "{:<14} out-of-band changes of {system}: {why}", style.bad("unknown"));
            return;
        }
    };
    for one in found.iter().take(MOST_SHOWN) {
        let word = match one.how {
            ChangeKind::Added => style.bad("added"),
            ChangeKind::Changed => style.bad("changed"),
            ChangeKind::Removed => style.warning("removed"),
        };
        let _ = writeln!(text, "{word:<14} on {system}, without a decision: {}", escape(&one.to_string()));
    }
    if let Some(more @ 1..) = found.len().checked_sub(MOST_SHOWN) {
        let _ = writeln!(text, "… and {more} more on {system}: `--format json` lists all");
    }
    let _ = match found.len() {
        0 => writeln!(text, "{system}: no other changes since its inventory was collected"),
        many => writeln!(text, "{system}: {} out of band since its inventory was collected", counted(many, "change")),
    };
}

/// Returns the results of a verification as JSON.
pub fn verified_json(looked: &VerifyReport) -> Value {
    let actions: Vec<_> = looked
        .actions
        .iter()
        .map(|verified| {
            json!({
                "action": verified.planned.id,
                "came_back": verified.came_back,
                "left": verified.judgement.left,
                "level": verified.level,
                "overdue": verified.is_overdue,
                "paths": verified.judgement.paths,
                "probe": verified.judgement.probe,
                "system": verified.planned.grant.system,
                "verification": verified.judgement.kind,
            })
        })
        .collect();
    let systems: Vec<_> = looked.systems.iter().map(out_of_band_json).collect();
    let pairs = looked.sod_violations.as_ref().map(|pairs| {
        let held: Vec<_> =
            pairs.held.iter().map(|(clash, accepted)| json!({"accepted": accepted, "clash": clash})).collect();
        json!({"held": held, "not_fresh": pairs.not_fresh, "resolved": pairs.resolved})
    });
    let outstanding: Vec<_> = looked
        .outstanding
        .iter()
        .map(|one| {
            json!({
                "due": one.due(),
                "held": one.held,
                "item": one.item,
                "overdue": one.is_overdue,
                "since": one.since,
                "system": one.system,
                "tier": one.tier,
                "verdict": one.verdict,
                "what": one.what,
            })
        })
        .collect();
    json!({"actions": actions, "outstanding": outstanding, "sod_violations": pairs, "systems": systems})
}

fn out_of_band_json(listed: &OutOfBandReport) -> Value {
    let changes = listed.found.as_ref().map(|found| {
        let change = |one: &crate::enforce::UnexplainedChange| {
            json!({
                "entitlement": one.grant.entitlement,
                "grant": one.grant.key,
                "how": one.how.to_string(),
                "principal": one.grant.principal,
                "tier": one.grant.tier,
                "what": one.what,
            })
        };
        found.iter().map(change).collect::<Vec<_>>()
    });
    json!({"changes": changes.as_ref().ok(), "system": listed.system, "unknown": changes.err()})
}

/// Maximum number of lines listed in a terminal.
const MOST_SHOWN: usize = 40;
