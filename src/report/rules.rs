//! Rules with their effective limits, the profiles that set them, and the mapped controls.

use super::{markdown::cell, table::OutputStyle};
use crate::{
    diag::counted,
    model::{
        Tier,
        file::{Rule, Scope},
    },
    policy::{PolicyPack, ProfileOverride},
};
use serde_json::{Value, json};

/// Returns the rules as text for a terminal: all as a table, or those with these ids in full.
pub fn rules_human(pack: &PolicyPack, ids: &[&str], from: &str, style: OutputStyle) -> String {
    let rules = chosen(pack, ids);
    if !ids.is_empty() {
        return rules.iter().map(|rule| in_full(pack, rule, style)).collect::<Vec<_>>().join("\n");
    }
    let rows = rules.iter().map(|rule| {
        vec![
            rule.id.clone(),
            severity(pack, rule),
            rule.recommend.to_string(),
            limits(pack, rule).join("; "),
            rule.title.clone(),
        ]
    });
    let on = match pack.profiles() {
        [] => "no active profile".to_owned(),
        on => format!("profiles: {}", on.join(", ")),
    };
    let mut text = style.table(&["rule", "severity", "recommend", "limits T0 T1 T2 T3", "requirement"], rows);
    text.push_str(&format!(
        "{}, {} from {from}; {on}\n",
        counted(rules.len(), "rule"),
        counted(pack.pairs().iter().len(), "separation-of-duties rule")
    ));
    text
}

fn in_full(pack: &PolicyPack, rule: &Rule, style: OutputStyle) -> String {
    let mut text = format!("{} {}\n", style.heading(&rule.id), rule.title);
    let mut line = |name: &str, value: &str| text.push_str(&format!("  {name:9} {value}\n"));
    line("scope", scope(rule));
    line("when", &rule.when);
    line("violation", &rule.violation);
    line("requires", &rule.requires_attributes.join(", "));
    line("severity", &severity(pack, rule));
    for when in &rule.severities {
        line("", &format!("{} when {}", when.severity, when.when));
    }
    line("recommend", &format!("{}: {}", rule.recommend, rule.remediation));
    for limit in limits(pack, rule) {
        line("limit", &limit);
    }
    for control in &rule.controls {
        line("controls", &serves(pack, control));
    }
    if let Some(note) = &rule.note {
        line("note", note);
    }
    text
}

/// Returns the rules as Markdown.
pub fn rules_markdown(pack: &PolicyPack, ids: &[&str]) -> String {
    let rules = chosen(pack, ids);
    let mut text =
        "| rule | severity | recommend | limits T0 T1 T2 T3 | requirement | controls |\n|---|---|---|---|---|---|\n"
            .to_owned();
    for rule in rules {
        let serves: Vec<_> = rule.controls.iter().map(|control| cell(&serves(pack, control))).collect();
        let limits: Vec<_> = limits(pack, rule).iter().map(|limit| cell(limit)).collect();
        let cells = [cell(&rule.id), cell(&severity(pack, rule)), rule.recommend.to_string(), limits.join("<br>")];
        text.push_str(&format!("| {} | {} | {} |\n", cells.join(" | "), cell(&rule.title), serves.join("<br>")));
    }
    if !pack.profiles().is_empty() {
        text.push_str(&format!("\nProfiles: {}\n", cell(&pack.profiles().join(", "))));
    }
    text.push_str("\nThe mapping to frameworks is an opinion of the project, not a proof of compliance.\n");
    text
}

/// Returns the rules as JSON.
pub fn rules_json(pack: &PolicyPack, ids: &[&str]) -> Value {
    let by = |by: Option<&ProfileOverride>| by.map(|by| json!({"profile": by.profile, "because": by.because}));
    let rules = chosen(pack, ids).into_iter().map(|rule| {
        let limits = rule.limits.iter().map(|limit| {
            let numbers = TIERS.map(|tier| {
                let (number, set) = pack.limit(&rule.id, &limit.name, tier).unwrap_or_default();
                json!({"tier": tier, "number": number, "set_by": by(set)})
            });
            json!({"name": limit.name, "stricter": limit.stricter, "tiers": numbers})
        });
        let (severity, set) = pack.severity(&rule.id).unwrap_or((rule.severity, None));
        let serves = rule.controls.iter().map(|id| {
            let control = pack.control(id);
            json!({
                "id": id,
                "framework": control.as_ref().map(|(_, framework)| framework),
                "title": control.as_ref().map(|(control, _)| &control.title),
                "strength": control.as_ref().map(|(control, _)| &control.strength),
            })
        });
        json!({
            "id": rule.id,
            "title": rule.title,
            "scope": rule.scope,
            "when": rule.when,
            "violation": rule.violation,
            "requires_attributes": rule.requires_attributes,
            "severity": severity,
            "severity_set_by": by(set),
            "severity_when": rule.severities,
            "recommend": rule.recommend,
            "remediation": rule.remediation,
            "limits": limits.collect::<Vec<_>>(),
            "controls": serves.collect::<Vec<_>>(),
            "note": rule.note,
        })
    });
    let pairs: Vec<_> = pack.pairs().iter().collect();
    json!({"profiles": pack.profiles(), "policies": pack.digest(), "rules": rules.collect::<Vec<_>>(), "pairs": pairs})
}

fn chosen<'p>(pack: &'p PolicyPack, ids: &[&str]) -> Vec<&'p Rule> {
    pack.rules().filter(|rule| ids.is_empty() || ids.contains(&rule.id.as_str())).collect()
}

fn severity(pack: &PolicyPack, rule: &Rule) -> String {
    match pack.severity(&rule.id) {
        Some((severity, Some(by))) => format!("{severity} ({})", by.profile),
        _ => rule.severity.to_string(),
    }
}

/// `idle_days 35 35 90 90 (T0, T1: pci)`
fn limits(pack: &PolicyPack, rule: &Rule) -> Vec<String> {
    let one = |name: &String| {
        let numbers = TIERS.map(|tier| pack.limit(&rule.id, name, tier).unwrap_or_default());
        let values = numbers.map(|(number, _)| number.to_string()).join(" ");
        let mut by: Vec<(&str, Vec<String>)> = Vec::new();
        for (tier, (_, set)) in TIERS.into_iter().zip(numbers) {
            let Some(set) = set else { continue };
            match by.iter_mut().find(|(profile, _)| *profile == set.profile) {
                Some((_, tiers)) => tiers.push(tier.to_string()),
                None => by.push((&set.profile, vec![tier.to_string()])),
            }
        }
        let by: Vec<_> = by.into_iter().map(|(profile, tiers)| format!("{}: {profile}", tiers.join(", "))).collect();
        let by = if by.is_empty() { String::new() } else { format!(" ({})", by.join("; ")) };
        format!("{name} {values}{by}")
    };
    rule.limits.iter().map(|limit| one(&limit.name)).collect()
}

fn serves(pack: &PolicyPack, id: &str) -> String {
    match pack.control(id) {
        Some((control, framework)) => format!("{framework}, {}: {} ({})", control.id, control.title, control.strength),
        None => id.to_owned(),
    }
}

const fn scope(rule: &Rule) -> &'static str {
    match rule.scope {
        Scope::Grant => "grants",
        Scope::Principal => "principals",
    }
}

const TIERS: [Tier; 4] = [Tier::T0, Tier::T1, Tier::T2, Tier::T3];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        diag::RenderStyle,
        policy::{PackSources, SHIPPED},
    };

    #[test]
    fn rule_with_several_limits_lists_them_in_one_cell() {
        let files = SHIPPED.iter().map(|(path, text)| (*path, text.as_bytes()));
        let pack = PackSources::read(files).and_then(|sources| PolicyPack::compile(sources, &[])).unwrap();
        let several = pack.rules().filter(|rule| rule.limits.len() > 1).count();
        assert!(several > 2, "{several}");
        let text = rules_human(&pack, &[], "here", OutputStyle::new(RenderStyle::plain()));
        assert!(!text.contains("\\u{"), "{text}");
        assert!(limits(&pack, pack.rules().find(|rule| rule.limits.len() > 1).unwrap()).len() > 1);
    }
}
