//! Files that people write in the demo: principals, system, campaign definition and decisions.

use crate::{
    cli::CliError,
    diag::Diagnostic,
    format::codec,
    model::{
        GrantKind, PrincipalId, SystemId, Tier, Timestamp, Verdict,
        file::{
            CampaignDefinition, FileKind, Governance, Item, PrincipalKind, PrincipalRecord, PrincipalStatus,
            Principals, Remediation, Review, Selector, System,
        },
    },
};
use std::{fs, io::Write, path::Path};

/// Written decisions, with the signers of each file.
pub(super) struct ScriptedDecisions {
    /// One item as text, for display.
    pub(super) example: String,
    /// The files, each with its signers.
    pub(super) files: Vec<(String, Vec<String>)>,
}

/// Writes the system, the principals and the campaign definition.
pub(super) fn describe(repository: &Path) -> Result<(), CliError> {
    let mut settings = toml::Table::new();
    settings.insert("root".to_owned(), toml::Value::String("../host".to_owned()));
    let system = System {
        schema: FileKind::System.schema().to_owned(),
        repo: codec::parse::<Governance>("governance.toml", &fs::read(repository.join("governance.toml"))?)?.repo,
        system: web_1()?,
        version: 1,
        prev: "none".to_owned(),
        retired: None,
        connector: "hosts".to_owned(),
        owner: person("ana")?,
        deputy: Some(person("mia")?),
        tier: Tier::T2,
        environment: None,
        identity: None,
        remediation: Remediation::Automatic,
        settings,
        sink: None,
    };
    let definition = CampaignDefinition {
        selectors: vec![
            Selector {
                kinds: vec![GrantKind::Membership, GrantKind::Rule],
                tiers: vec![Tier::T0, Tier::T1],
                ..Selector::default()
            },
            Selector { kinds: vec![GrantKind::Credential], ..Selector::default() },
        ],
        ..CampaignDefinition::new("Privileged access and keys", person("mia")?, person("ben")?)
    };
    let path = repository.join("principals.toml");
    let text = fs::read(&path)?;
    let mut principals: Principals = codec::parse("principals.toml", &text)?;
    for entry in &mut principals.principals {
        if entry.id.as_str() == "ben" {
            entry.accounts = vec!["web-1:uid:1001".to_owned()];
        }
    }
    principals.principals.extend([
        someone("li", PrincipalKind::Person, PrincipalStatus::Left, 1002, None)?,
        someone("svc-backup", PrincipalKind::Service, PrincipalStatus::Active, 1102, Some("li"))?,
        someone("svc-deploy", PrincipalKind::Service, PrincipalStatus::Active, 1103, Some("ben"))?,
        someone("svc-export", PrincipalKind::Service, PrincipalStatus::Active, 1101, Some("ben"))?,
    ]);
    principals.principals.sort_by(|a, b| a.id.cmp(&b.id));
    for folder in ["systems/web-1", "policies"] {
        fs::create_dir_all(repository.join(folder))?;
    }
    fs::write(path, codec::render(&principals))?;
    fs::write(repository.join(system.path()), codec::render(&system))?;
    fs::write(repository.join("policies/privileged.toml"), codec::render(&definition))?;
    Ok(())
}

/// Fills in every worklist. Revokes the `sudo` membership of the export job and the backup agent, the `docker`
/// membership of the leaver, and the key of the leaver; certifies the rest for a quarter. One item stays open.
pub(super) fn decide(repository: &Path) -> Result<ScriptedDecisions, CliError> {
    let mut decided = ScriptedDecisions { example: String::new(), files: Vec::new() };
    for path in worklists(repository)? {
        let mut review = read(repository, &path)?;
        for item in &mut review.items {
            if is_the_rule(item) {
                continue;
            }
            let (verdict, reason) = decision(item);
            item.decision = Some(verdict);
            item.reason = reason.to_owned();
            item.until = (verdict == Verdict::Certify && item.tier == Tier::T0).then(end_of_quarter).transpose()?;
            if decided.example.is_empty() && !item.recommendation.is_empty() {
                decided.example = example(item);
            }
        }
        decided.files.push((path.clone(), signers(&review)));
        fs::write(repository.join(path), codec::render(&review))?;
    }
    Ok(decided)
}

/// Writes the second review file of the reviewer whose worklist has the open rule.
pub(super) fn decide_the_rule(repository: &Path) -> Result<ScriptedDecisions, CliError> {
    for path in worklists(repository)? {
        let mut review = read(repository, &path)?;
        review.items.retain(is_the_rule);
        let Some(item) = review.items.first_mut() else { continue };
        item.decision = Some(Verdict::Revoke);
        item.reason = "the restore drill ended in 2024".to_owned();
        let next = format!("campaigns/2026-q4/reviews/web-1/{}-9.toml", review.reviewer);
        fs::write(repository.join(&next), codec::render(&review))?;
        return Ok(ScriptedDecisions { example: String::new(), files: vec![(next, signers(&review))] });
    }
    Err(Diagnostic::error("demo-failed", "no worklist has the rule that was left open").into())
}

/// Adds a removed key again, as a manual change.
pub(super) fn restore_key(host: &Path, key: &Path) -> Result<(), CliError> {
    let line = fs::read_to_string(key)?;
    let line = line.trim_end().trim_end_matches(" laptop");
    let mut file = fs::OpenOptions::new().append(true).open(host.join("srv/deploy/.ssh/authorized_keys"))?;
    writeln!(file, "{line} li@laptop")?;
    Ok(())
}

fn decision(item: &Item) -> (Verdict, &'static str) {
    match (item.principal.as_str(), item.entitlement.as_str()) {
        ("svc_export", what) if what.contains("sudo") => (Verdict::Revoke, "the export job was retired in May"),
        ("svc_backup", what) if what.contains("sudo") => (Verdict::Revoke, "a backup needs no root"),
        ("li", _) => (Verdict::Revoke, "left on 2026-09-30"),
        (_, what) if what.contains("li@laptop") => (Verdict::Revoke, "the laptop of a person who left"),
        _ => (Verdict::Certify, "needed as it is"),
    }
}

fn is_the_rule(item: &Item) -> bool {
    item.principal == "svc_backup" && item.entitlement.starts_with("rule")
}

fn worklists(repository: &Path) -> Result<Vec<String>, CliError> {
    let folder = "campaigns/2026-q4/reviews/web-1";
    let mut paths = Vec::new();
    for entry in fs::read_dir(repository.join(folder))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".toml") {
            paths.push(format!("{folder}/{name}"));
        }
    }
    paths.sort();
    Ok(paths)
}

fn read(repository: &Path, path: &str) -> Result<Review, CliError> {
    Ok(codec::parse(path, &fs::read(repository.join(path))?)?)
}

fn signers(review: &Review) -> Vec<String> {
    std::iter::once(&review.reviewer).chain(&review.cosigners).map(ToString::to_string).collect()
}

fn example(item: &Item) -> String {
    let verdict = item.decision.map_or("", Verdict::as_str);
    format!(
        "facts       = {:?}\nrecommend   = {:?}\nprincipal   = {:?}\nentitlement = {:?}\ndecision    = {verdict:?}\nreason      = {:?}",
        item.summary, item.recommendation, item.principal, item.entitlement, item.reason
    )
}

fn end_of_quarter() -> Result<Timestamp, CliError> {
    Timestamp::parse("2026-12-31").map_err(|error| Diagnostic::error("demo-failed", error.to_string()).into())
}

fn someone(
    id: &str,
    kind: PrincipalKind,
    status: PrincipalStatus,
    uid: u32,
    owner: Option<&str>,
) -> Result<PrincipalRecord, CliError> {
    Ok(PrincipalRecord {
        status,
        accounts: vec![format!("web-1:uid:{uid}")],
        owner: owner.map(person).transpose()?,
        ..PrincipalRecord::new(person(id)?, kind)
    })
}

fn person(id: &str) -> Result<PrincipalId, CliError> {
    PrincipalId::parse(id).map_err(|error| Diagnostic::error("demo-failed", error.to_string()).into())
}

fn web_1() -> Result<SystemId, CliError> {
    SystemId::parse("web-1").map_err(|error| Diagnostic::error("demo-failed", error.to_string()).into())
}
