//! Detects signs of rubber-stamping in all decisions of a reviewer in a campaign.

use super::{INDICATOR, QualityInputs, ReviewerDecision, duplicate_reasons, duplicate_reasons::copies, file_checks};
use crate::model::{
    Finding, PrincipalId, Severity,
    file::{Item, ReviewTerms},
};
use std::collections::BTreeMap;

pub(super) fn findings(
    study: &QualityInputs<'_>,
    by_reviewer: &BTreeMap<&PrincipalId, Vec<ReviewerDecision<'_>>>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let flagged = |made: &[ReviewerDecision<'_>]| {
        let all = made.iter().filter(|one| one.verdict.is_final() && one.item.is_flagged());
        let kept = all.clone().filter(|one| one.item.is_kept());
        (kept.count() as u64, all.count() as u64)
    };
    let (kept, all) = by_reviewer.values().map(|made| flagged(made)).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    for (reviewer, made) in by_reviewer {
        findings.extend(duplicates(reviewer, made, &study.terms).or_else(|| empty_reasons(reviewer, made)));
        findings.extend(batches(reviewer, made, &study.terms));
        findings.extend(fast_signing(study, reviewer, made));
        let own = flagged(made);
        findings.extend(keeps(reviewer, made, own, (kept - own.0, all - own.1), &study.terms));
    }
    findings
}

/// The items that a reviewer keeps, grouped by duplicate reasons.
pub(super) struct DuplicateReasonGroups<'m> {
    /// The groups with their weights, in descending order of weight.
    groups: Vec<(u64, Vec<&'m ReviewerDecision<'m>>)>,
}

impl<'m> DuplicateReasonGroups<'m> {
    /// Groups the kept items by reason. Unflagged items of one file with the same reason and bulk decision key are one
    /// decision about a group and have weight 1, unless the group is larger than the terms allow.
    pub(super) fn of(made: &'m [ReviewerDecision<'m>], terms: &ReviewTerms) -> Self {
        let kept: Vec<&ReviewerDecision<'_>> = made.iter().filter(|one| one.keeps()).collect();
        let items: Vec<&Item> = kept.iter().map(|one| one.item).collect();
        let group = |places: Vec<usize>| {
            let members: Vec<&ReviewerDecision<'_>> =
                places.iter().filter_map(|place| kept.get(*place).copied()).collect();
            (weight(&members, terms), members)
        };
        let mut groups: Vec<_> = copies(&items).into_iter().map(group).collect();
        groups.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
        Self { groups }
    }

    /// Returns the percentage of reasons that duplicate another one; `None` if no item is kept.
    pub(super) fn percent(&self) -> Option<u64> {
        let total = self.total();
        let copied = total - self.groups.len() as u64;
        (total > 0).then(|| 100 * copied / total)
    }

    fn total(&self) -> u64 {
        self.groups.iter().map(|(weight, _)| weight).sum()
    }
}

fn weight(members: &[&ReviewerDecision<'_>], terms: &ReviewTerms) -> u64 {
    let mut unflagged: BTreeMap<(&str, file_checks::BulkDecisionKey<'_>), u64> = BTreeMap::new();
    let mut weight = 0;
    for one in members {
        match one.item.is_flagged() {
            true => weight += 1,
            false => *unflagged.entry((one.given.path, file_checks::bulk_key(one.item))).or_default() += 1,
        }
    }
    let group = |count: &u64| if *count <= u64::from(terms.max_bulk_size) { 1 } else { *count };
    weight + unflagged.values().map(group).sum::<u64>()
}

fn duplicates(reviewer: &PrincipalId, made: &[ReviewerDecision<'_>], terms: &ReviewTerms) -> Option<Finding> {
    let copies = DuplicateReasonGroups::of(made, terms);
    let total = copies.total();
    let (weight, members) = copies.groups.first()?;
    if *weight <= u64::from(terms.max_duplicate_reasons)
        || 100 * weight < u64::from(terms.max_duplicate_reasons_percent) * total
    {
        return None;
    }
    let first = members.first()?;
    let reason = file_checks::short(&first.item.reason);
    Some(Finding {
        severity: Severity::Medium,
        code: "duplicate-reasons",
        subject: first.subject(),
        message: format!(
            "`{reviewer}` keeps {} items and gives the same reason {} times, ignoring names and numbers: \
             “{reason}”; {INDICATOR}",
            made.iter().filter(|one| one.keeps()).count(),
            members.len(),
        ),
        help: format!("ask `{reviewer}` to state for each item why the access is needed: `tenure review`"),
    })
}

/// Returns a finding if at least half of the kept items of a reviewer have an empty reason.
fn empty_reasons(reviewer: &PrincipalId, made: &[ReviewerDecision<'_>]) -> Option<Finding> {
    let kept: Vec<&ReviewerDecision<'_>> = made.iter().filter(|one| one.keeps()).collect();
    let empty: Vec<_> = kept.iter().filter(|one| duplicate_reasons::is_empty(one.item)).collect();
    let first = empty.first()?;
    if empty.len() < LEAST_EMPTY || 2 * empty.len() < kept.len() {
        return None;
    }
    let (many, all, reason) = (empty.len(), kept.len(), file_checks::short(&first.item.reason));
    Some(Finding {
        severity: Severity::Medium,
        code: "empty-reasons",
        subject: first.subject(),
        message: format!(
            "`{reviewer}` keeps {all} items, {many} of them with no more reason than “{reason}”; {INDICATOR}"
        ),
        help: format!("ask `{reviewer}` to state for each item why the access is needed: `tenure review`"),
    })
}

/// The number of empty reasons from which a finding is reported.
const LEAST_EMPTY: usize = 5;

/// Returns findings for files with more decisions of one kind than the terms allow.
fn batches(reviewer: &PrincipalId, made: &[ReviewerDecision<'_>], terms: &ReviewTerms) -> Vec<Finding> {
    let mut files: BTreeMap<&str, Vec<&ReviewerDecision<'_>>> = BTreeMap::new();
    for one in made {
        files.entry(one.given.path).or_default().push(one);
    }
    let mut findings = Vec::new();
    let mut find = |first: &ReviewerDecision<'_>, message: String, help: String| {
        let (severity, subject) = (Severity::Low, first.subject());
        let message = format!("{message}; {INDICATOR}");
        findings.push(Finding { severity, code: "bulk-decisions", subject, message, help });
    };
    for made in files.values() {
        let kept: Vec<&&ReviewerDecision<'_>> =
            made.iter().filter(|one| one.item.is_flagged() && one.item.is_kept()).collect();
        if let Some(first) = kept.first().filter(|_| kept.len() > terms.max_flagged_certified as usize) {
            let (many, most) = (kept.len(), terms.max_flagged_certified);
            let message = format!(
                "one signature of `{reviewer}` keeps {many} items with a policy violation; the limit is {most}"
            );
            find(first, message, "reassign some of them to another reviewer: `tenure review`".to_owned());
        }
        let mut groups: BTreeMap<(file_checks::BulkDecisionKey<'_>, &str), Vec<&&ReviewerDecision<'_>>> =
            BTreeMap::new();
        for one in made.iter().filter(|one| one.keeps() && !one.item.is_flagged()) {
            groups.entry((file_checks::bulk_key(one.item), one.item.reason.as_str())).or_default().push(one);
        }
        for members in groups.values().filter(|members| members.len() > terms.max_bulk_size as usize) {
            if let Some(first) = members.first() {
                let (many, most) = (members.len(), terms.max_bulk_size);
                let message = format!(
                    "`{reviewer}` keeps {many} similar items with the same reason; at most {most} may be \
                     decided together"
                );
                let help = "review the role or group that grants the access, not each of its members";
                find(first, message, help.to_owned());
            }
        }
    }
    findings
}

/// Returns a finding for decisions that were made faster than they can be read. A file is signed before it is accepted,
/// so the real time was shorter than the measured one.
fn fast_signing(study: &QualityInputs<'_>, reviewer: &PrincipalId, made: &[ReviewerDecision<'_>]) -> Option<Finding> {
    let mut files: BTreeMap<(u32, i64, &str), (u64, &ReviewerDecision<'_>)> = BTreeMap::new();
    for one in made {
        let stage = one.given.review.stage();
        let Some(accepted) = study.accepted_at(&one.given) else { continue };
        let took = accepted.unix() - study.assigned_at(stage).unix();
        files.entry((stage, took, one.given.path)).or_insert((0, one)).0 += 1;
    }
    let (mut so_far, mut of_stage) = (0, 0);
    let mut found = None;
    for ((stage, took, _), (count, first)) in files {
        if stage != of_stage {
            (so_far, of_stage) = (0, stage);
        }
        so_far += count;
        let least =
            i64::from(study.terms.min_seconds_per_item).saturating_mul(i64::try_from(so_far).unwrap_or(i64::MAX));
        if so_far >= FEWEST_TIMED && took < least {
            found = Some(Finding {
                severity: Severity::Medium,
                code: "signed-too-quickly",
                subject: first.subject(),
                message: format!(
                    "{so_far} decisions of `{reviewer}` were accepted {} after assignment; reading takes at least {}; \
                     {INDICATOR}",
                    span(took),
                    span(least)
                ),
                help: "ask the reviewer; clocks may be wrong, so compare with the times of the pull request".to_owned(),
            });
        }
    }
    found
}

fn span(seconds: i64) -> String {
    match seconds.max(0) {
        seconds @ 0..120 => format!("{seconds} seconds"),
        seconds @ 120..7200 => format!("{} minutes", seconds / 60),
        seconds => format!("{} hours", seconds / 3600),
    }
}

/// Returns a finding for a reviewer who keeps flagged items far more often than the other reviewers, or nearly always.
/// `own` and `others` are the number of kept flagged items and the number of flagged items.
fn keeps(
    reviewer: &PrincipalId,
    made: &[ReviewerDecision<'_>],
    own: (u64, u64),
    others: (u64, u64),
    terms: &ReviewTerms,
) -> Option<Finding> {
    let rate = |(kept, of): (u64, u64), least: u64| (of >= least).then(|| 100 * kept / of);
    let against = match (rate(own, FEWEST_FLAGGED), rate(others, FEWEST_FLAGGED)) {
        (Some(mine), Some(theirs)) if mine >= theirs + u64::from(terms.peer_points) => {
            format!("{mine} %, compared with {theirs} % for the other reviewers")
        }
        _ if own.1 >= ALWAYS_FROM && 100 * own.0 > ALWAYS_PERCENT * own.1 => "nearly all".to_owned(),
        _ => return None,
    };
    let first = made.iter().find(|one| one.item.is_flagged() && one.item.is_kept())?;
    Some(Finding {
        severity: Severity::Medium,
        code: "flagged-items-certified",
        subject: first.subject(),
        message: format!(
            "`{reviewer}` keeps {} of {} items with a policy violation: {against}; {INDICATOR}",
            own.0, own.1
        ),
        help: format!(
            "ask another reviewer to check these items: `tenure campaign quality {}`",
            first.given.review.campaign
        ),
    })
}

/// Minimum number of decisions for a finding about time.
const FEWEST_TIMED: u64 = 20;
/// Minimum number of flagged items for a comparison with other reviewers.
const FEWEST_FLAGGED: u64 = 5;
/// Minimum number of flagged items for a finding without a comparison.
const ALWAYS_FROM: u64 = 20;
/// Percentage of kept flagged items above which the finding needs no comparison.
const ALWAYS_PERCENT: u64 = 98;
