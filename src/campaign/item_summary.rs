//! The facts in the `summary` of an item: holder, owner, last use, risks, unknown attributes, and the reason for the
//! assignment.

use super::{
    AssignmentReason, CampaignContext, CampaignItem, ReviewerAssignment,
    assignment::identity,
    eligibility::Ineligibility,
    text::{format_date, truncate, usage_text},
};
use crate::{
    format::confusables,
    inventory::RoleContents,
    model::{
        AccessRoute, Inventory, PrincipalId,
        file::{PrincipalKind, PrincipalRecord, PrincipalStatus},
    },
};

/// Returns the facts of an item: holder and status, owner, last use, contents of roles, paths, risks, attributes that
/// rules need but do not have, and the reason for the assignment.
pub(super) fn facts(
    member: &CampaignItem<'_>,
    entry: Option<&PrincipalRecord>,
    inventory: &Inventory,
    unknown: &[&str],
    assignment: &ReviewerAssignment,
    setting: &CampaignContext<'_>,
) -> String {
    let mut facts = vec![holder(member, entry, setting)];
    if let Some(entry) = entry {
        facts.push(owner(entry, setting));
        facts.extend(
            entry
                .end_date
                .filter(|_| entry.status == PrincipalStatus::Active)
                .map(|end| format!("ends {}", format_date(end))),
        );
        facts.extend(entry.purpose.as_deref().map(|purpose| format!("for {}", truncate(purpose))));
    }
    facts.extend(lowered(member, setting));
    facts.push(usage_text(&inventory.usage(&member.grant.key), inventory));
    facts.extend(hidden(member, inventory, setting));
    facts.extend(paths(member));
    facts.extend(attributes(member));
    facts.extend(sod_violations(member, setting));
    facts.extend(lacking(unknown));
    // Only the last fact may start with this marker.
    let told = cut(&confusables::escape_confusables(&facts.join("; ")).replace(ASKED, ", asked as "), MOST_FACTS);
    match asked(assignment) {
        Some(asked) => format!("{told}; {}", cut(&confusables::escape_confusables(&asked), MOST_ASKED)),
        None => told,
    }
}

/// The unknown attributes that rules need. They are listed so that reviewers do not mistake an unknown result for a
/// pass.
fn lacking(unknown: &[&str]) -> Option<String> {
    let first: Vec<_> = unknown.iter().take(FIRST_NAMES).copied().collect();
    let more = unknown.len() - first.len();
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!unknown.is_empty()).then(|| format!("unknown: {}{rest}", first.join(", ")))
}

/// Returns the number of missing attributes, from the facts of an item.
pub(super) fn lacked(facts: &str) -> usize {
    let Some(names) = facts.split("; ").find_map(|fact| fact.strip_prefix("unknown: ")) else { return 0 };
    let (named, more) = match names.rsplit_once(" and ") {
        Some((named, more)) => (named, more.strip_suffix(" more").and_then(|more| more.parse().ok()).unwrap_or(0)),
        None => (names, 0),
    };
    named.split(", ").count() + more
}

/// Returns the reason for the assignment and the candidates passed over, from the facts of an item; `None` if the
/// reviewer is the first candidate.
pub fn asked_as(facts: &str) -> Option<&str> {
    facts.rfind(ASKED).and_then(|at| facts.get(at + ASKED.len()..))
}

fn cut(text: &str, most: usize) -> String {
    // A quote or backslash takes two bytes in TOML.
    let cost = |c: char| c.len_utf8() + usize::from(matches!(c, '"' | '\\'));
    let ends = text.char_indices().scan(0, |sum, (at, c)| {
        *sum += cost(c);
        Some((at, *sum))
    });
    match ends.into_iter().find(|(_, sum)| *sum > most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn holder(member: &CampaignItem<'_>, entry: Option<&PrincipalRecord>, setting: &CampaignContext<'_>) -> String {
    let Some(entry) = entry else {
        let claims = setting.people.claimants(&member.subject());
        return match claims {
            [] => "uncorrelated account".to_owned(),
            claims => {
                let names: Vec<_> = claims.iter().map(PrincipalId::as_str).collect();
                format!("account claimed by {}", names.join(" and "))
            }
        };
    };
    let kind = identity(entry.kind);
    match entry.status {
        PrincipalStatus::Active => format!("{kind} {}", entry.id),
        PrincipalStatus::Left => format!("{kind} {} ({})", entry.id, left(entry)),
    }
}

fn owner(entry: &PrincipalRecord, setting: &CampaignContext<'_>) -> String {
    let word = if entry.kind == PrincipalKind::Person { "manager" } else { "owner" };
    let Some(id) = &entry.owner else { return format!("no {word}") };
    match setting.people.get(id) {
        None => format!("{word} {id} (unknown principal)"),
        Some(owner) if owner.status == PrincipalStatus::Left => format!("{word} {id} ({})", left(owner)),
        Some(_) => format!("{word} {id}"),
    }
}

fn left(entry: &PrincipalRecord) -> String {
    entry.end_date.map_or_else(|| "left".to_owned(), |end| format!("left {}", format_date(end)))
}

/// A lowered tier is always marked as such.
fn lowered(member: &CampaignItem<'_>, setting: &CampaignContext<'_>) -> Option<String> {
    let (tier, why) = setting.lowered.tier(member.grant, member.computed)?;
    Some(format!("{tier} by {why}, {} by what it gives", member.computed))
}

/// Contents of a role, most critical first, and their changes since the last certification.
fn hidden(member: &CampaignItem<'_>, inventory: &Inventory, setting: &CampaignContext<'_>) -> Option<String> {
    let grant = member.grant;
    let contents = RoleContents::of(inventory, grant);
    let text = contents.text(FIRST_NAMES).map(|text| cut(&text, MOST_HIDDEN));
    let Some((when, was)) = setting.earlier.contents(&grant.system, &grant.key) else { return text };
    let since = match contents.diff(was).text(FIRST_NAMES) {
        Some(shift) => format!("{CHANGED}{}: {}", format_date(*when), cut(&shift.replace("; ", ", "), MOST_HIDDEN)),
        None => format!("unchanged since it was certified on {}", format_date(*when)),
    };
    text.map(|text| format!("{text}; {since}")).or_else(|| (!was.is_empty()).then_some(since))
}

fn paths(member: &CampaignItem<'_>) -> Option<String> {
    let paths = &member.grant.paths;
    if matches!(paths.as_slice(), [] | [crate::model::AccessPath { via: AccessRoute::Direct, .. }]) {
        return None;
    }
    let first: Vec<_> = paths.iter().take(FIRST_NAMES).map(|path| truncate(&path.text)).collect();
    let more = paths.len() - first.len();
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    let noun = if paths.len() == 1 { "path" } else { "paths" };
    Some(format!("by {} {noun}: {}{rest}", paths.len(), first.join(" | ")))
}

/// Violations of separation of duties to which this grant contributes, with the other side.
fn sod_violations(member: &CampaignItem<'_>, setting: &CampaignContext<'_>) -> Vec<String> {
    let mut all = setting.separation.by(member.grant);
    let first: Vec<String> = all
        .by_ref()
        .take(FIRST_PAIRS)
        .map(|(clash, other)| {
            let certain = if clash.missing.is_empty() { "" } else { ", perhaps" };
            format!(
                "separation of duties {}{certain}: with this grant, {} can also {}",
                clash.pair,
                clash.holder,
                clip_long(other)
            )
        })
        .collect();
    let more = all.count();
    first.into_iter().chain((more > 0).then(|| format!("and {more} more separation-of-duties violations"))).collect()
}

fn clip_long(side: &crate::inventory::HeldSide) -> String {
    let text = side.to_string();
    match text.char_indices().nth(MOST_SIDE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn attributes(member: &CampaignItem<'_>) -> Option<String> {
    let all = &member.grant.attributes;
    let first: Vec<_> = all
        .iter()
        .take(FIRST_ATTRIBUTES)
        .map(|(name, value)| format!("{} {}", truncate(name), truncate(value)))
        .collect();
    let more = all.len() - first.len();
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!all.is_empty()).then(|| format!("{}{rest}", first.join(", ")))
}

fn asked(assignment: &ReviewerAssignment) -> Option<String> {
    if assignment.standing == AssignmentReason::Owner && assignment.passed_over.is_empty() {
        return None;
    }
    let passed: Vec<_> =
        assignment.passed_over.iter().map(|(id, bar): &(PrincipalId, Ineligibility)| format!("{id} {bar}")).collect();
    let because = if passed.is_empty() { String::new() } else { format!(", as {}", passed.join(" and ")) };
    Some(format!("{}{}{because}", ASKED.trim_start_matches("; "), assignment.standing))
}

const FIRST_NAMES: usize = 4;
const FIRST_PAIRS: usize = 3;
const MOST_SIDE: usize = 240;
const FIRST_ATTRIBUTES: usize = 6;
/// The sum stays well below the limit of 4 KiB for a line of a governed file.
const MOST_FACTS: usize = 2000;
const MOST_ASKED: usize = 600;
const MOST_HIDDEN: usize = 500;
/// Prefix of the fact about changed contents.
const CHANGED: &str = "changed since it was certified on ";
/// Prefix of the last fact, about candidates passed over.
const ASKED: &str = "; asked as ";
