//! The generated tables of the policies page.

use super::{all, controls};
use std::{fmt::Write, fs, path::Path};
use tenure::{
    model::{
        Severity,
        file::{
            CampaignDefinition, Event, FileKind, Limit, LimitDirection, Profile, ProfileSetting, Rule, Rules, Scope,
        },
    },
    report::cell,
};

#[test]
fn the_page_says_what_the_files_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/policies.md");
    let is = fs::read_to_string(&path).expect("the page");
    let mut wanted = is.clone();
    let parts = [
        ("rules", rules()),
        ("pairs", pairs()),
        ("profiles", profiles()),
        ("campaigns", campaigns()),
        ("controls", mapped()),
    ];
    for (name, table) in parts {
        let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->\n"));
        let from = wanted.find(&start).unwrap_or_else(|| panic!("no {start}")) + start.len();
        let to = wanted.find(&end).unwrap_or_else(|| panic!("no {end}"));
        wanted.replace_range(from..to, &table);
    }
    if is != wanted && std::env::var_os("TENURE_UPDATE").is_some() {
        fs::write(&path, &wanted).expect("a page that can be written");
        return;
    }
    assert!(is == wanted, "stale: {}\nwrite it anew: TENURE_UPDATE=1 cargo test --test suite policies", path.display());
}

fn rules() -> String {
    let mut page = String::new();
    for (name, file) in all::<Rules>(FileKind::Rules) {
        if file.rules.is_empty() {
            continue;
        }
        let stem = name.trim_start_matches("policies/");
        writeln!(page, "### {}\n\n[`{stem}`](../{name})\n", cell(&file.title)).unwrap();
        page.push_str(
            "| rule | requirement | severity | recommendation | limits (T0 T1 T2 T3) |\n|---|---|---|---|---|\n",
        );
        for rule in &file.rules {
            let row = [
                format!("**{}**<br>each {}", rule.id, if rule.scope == Scope::Grant { "grant" } else { "principal" }),
                cell(&rule.title),
                severity(rule),
                format!("**{}**: {}", rule.recommend, cell(&rule.remediation)),
                rule.limits.iter().map(numbers).collect::<Vec<_>>().join("<br>"),
            ];
            writeln!(page, "| {} |", row.join(" | ")).unwrap();
        }
        page.push('\n');
    }
    page
}

fn severity(rule: &Rule) -> String {
    let mut text = rule.severity.to_string();
    for when in &rule.severities {
        write!(text, "<br>{} when `{}`", when.severity, when.when).unwrap();
    }
    text
}

fn numbers(limit: &Limit) -> String {
    let all = [limit.t0, limit.t1, limit.t2, limit.t3];
    let all = if all.iter().all(|number| *number == all[0]) {
        format!("{}", all[0])
    } else {
        all.map(|n| n.to_string()).join(" ")
    };
    let way = match limit.stricter {
        LimitDirection::Less => "at most",
        LimitDirection::More => "at least",
    };
    format!("`{}` {way} {all}", limit.name)
}

fn pairs() -> String {
    let mut page = "| pair | left | right | severity | reason |\n|---|---|---|---|---|\n".to_owned();
    for (_, file) in all::<Rules>(FileKind::Rules) {
        for pair in &file.pairs {
            let (one, other) = (cell(&pair.left.capability), cell(&pair.right.capability));
            writeln!(page, "| **{}** | {one} | {other} | {} | {} |", pair.id, pair.severity, cell(&pair.title))
                .unwrap();
        }
    }
    page
}

fn profiles() -> String {
    let mut page = "| profile | rule | setting | reason |\n|---|---|---|---|\n".to_owned();
    for (_, profile) in all::<Profile>(FileKind::Profile) {
        for setting in &profile.settings {
            let because = cell(&setting.because);
            writeln!(page, "| **{}** | {} | {} | {because} |", profile.name, setting.rule, sets(setting)).unwrap();
        }
    }
    page
}

fn sets(setting: &ProfileSetting) -> String {
    let severity: Option<Severity> = setting.severity;
    let numbers = [("T0", setting.t0), ("T1", setting.t1), ("T2", setting.t2), ("T3", setting.t3)];
    let numbers: Vec<_> = numbers.iter().filter_map(|(tier, number)| Some(format!("{tier} {}", (*number)?))).collect();
    let limit = setting.limit.as_ref().map(|limit| format!("`{limit}`: {}", numbers.join(", ")));
    severity.map(|severity| format!("severity {severity}")).into_iter().chain(limit).collect::<Vec<_>>().join("; ")
}

fn campaigns() -> String {
    let mut page = "| definition | title | trigger | days | reviewers |\n|---|---|---|---|---|\n".to_owned();
    for (name, definition) in all::<CampaignDefinition>(FileKind::CampaignDefinition) {
        let stem = name.trim_start_matches("policies/");
        let every = definition.recurrence_days.map(|days| format!("every {days} days"));
        let events = definition.triggers.iter().map(|event| event_words(*event).to_owned());
        let opened: Vec<_> = every.into_iter().chain(events).collect();
        let judges: Vec<_> = definition
            .stages
            .iter()
            .map(|stage| {
                format!("{} ({} of {})", cell(&stage.name), stage.reviewers_per_item, stage.reviewers.join(", "))
            })
            .collect();
        let judges = if judges.is_empty() {
            "the owner, else the owner of the system".to_owned()
        } else {
            judges.join("; then ")
        };
        let (title, opened) = (cell(&definition.title), opened.join("; "));
        writeln!(page, "| [`{stem}`](../{name}) | {title} | {opened} | {} | {judges} |", definition.window_days)
            .unwrap();
    }
    page
}

const fn event_words(event: Event) -> &'static str {
    match event {
        Event::Exposure => "an exposed secret",
        Event::Leaver => "a leaver",
        Event::Mover => "a mover",
        Event::OwnerGone => "an owner has left",
        Event::RoleChanged => "a changed role",
    }
}

fn mapped() -> String {
    let controls = controls();
    let mut page = String::new();
    for framework in &controls.frameworks {
        let own = controls.controls.iter().filter(|control| control.framework == framework.id);
        let own: Vec<_> = own.filter(|control| !control.policies.is_empty()).collect();
        if own.is_empty() {
            continue;
        }
        writeln!(page, "### {} {}\n", cell(&framework.name), cell(&framework.version)).unwrap();
        page.push_str("| control | title | strength | rules |\n|---|---|---|---|\n");
        for control in own {
            let (id, title) = (cell(&control.id), cell(&control.title));
            writeln!(page, "| {id} | {title} | {} | {} |", control.strength, control.policies.join(" ")).unwrap();
        }
        page.push('\n');
    }
    page
}
