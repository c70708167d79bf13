//! `tenure principals show ID`: access, attributes and responsibilities of a principal.

use super::work_tree::WorkTreeData;
use crate::{
    cli::{CliError, CommandContext, ExitStatus, OutputFormat},
    diag::{Diagnostic, escape},
    inventory::{AttributeBuilder, AttributeInputs, LastCertified, TierOverrides},
    model::{
        Grant, PrincipalId,
        file::{AttributeValue, PrincipalRecord},
    },
    policy::AttributeValues,
};
use serde_json::{Value, json};

/// Show the access, attributes and responsibilities of a principal
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  tenure principals show ana.ruiz\n  tenure principals show web-1:uid:1001   # an account that is assigned to no principal\n  tenure principals show svc-export --format json"
)]
pub(super) struct PrincipalsShowArgs {
    /// The id of a principal, or an account `<system>:<immutable id>`
    #[arg(value_name = "ID")]
    id: String,
}

pub(super) fn run(args: &PrincipalsShowArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let work_tree = WorkTreeData::open(context)?;
    let (certified, lowered) = (LastCertified::new(), TierOverrides::default());
    let attribute_builder = AttributeBuilder::new(AttributeInputs {
        systems: &work_tree.systems,
        inventories: &work_tree.inventories,
        people: &work_tree.people,
        profiles: &work_tree.profiles,
        certified: &certified,
        lowered: &lowered,
        separation: Some(&work_tree.separation),
        as_of: context.clock.now(),
    });
    let entry = PrincipalId::parse(&args.id).ok().and_then(|id| work_tree.people.get(&id));
    let accounts = entry.map_or_else(|| vec![args.id.clone()], |entry| entry.accounts.clone());
    let held: Vec<(String, Vec<&Grant>)> =
        accounts.iter().map(|subject| (subject.clone(), held(subject, &work_tree))).collect();
    if entry.is_none() && held.iter().all(|(_, grants)| grants.is_empty()) {
        let problem =
            Diagnostic::error("unknown-principal", format!("no principal or account is called `{}`", escape(&args.id)));
        return Err(problem.help("name the id of a principal, or an account `<system>:<immutable id>`").into());
    }
    let facts = entry
        .and_then(|entry| attribute_builder.principal(&entry.id))
        .unwrap_or_else(|| attribute_builder.account(&args.id));
    let wards: Vec<&PrincipalRecord> = work_tree.people.entries().filter(|one| answers(entry, one)).collect();
    let findings: Vec<_> = work_tree
        .findings
        .iter()
        .filter(|finding| finding.subject == args.id || accounts.contains(&finding.subject))
        .collect();
    let clashes = work_tree.separation.of(&args.id);
    if context.format == OutputFormat::Json {
        let grants: Vec<Value> = held
            .iter()
            .flat_map(|(subject, grants)| grants.iter().map(move |grant| (subject, grant)))
            .map(|(subject, grant)| {
                json!({
                    "account": subject, "entitlement": grant.entitlement.name, "grant": grant.key, "kind": grant.kind,
                    "tier": attribute_builder.tier(grant),
                })
            })
            .collect();
        let answers: Vec<_> = wards.iter().map(|one| &one.id).collect();
        let facts: Value = facts.known().map(|(name, fact)| (name.to_owned(), json!(fact))).collect();
        context.json(&json!({
            "answers_for": answers, "entry": entry, "attributes": facts, "findings": findings, "holds": grants,
            "id": args.id, "sod_violations": clashes,
        }))?;
        return Ok(ExitStatus::Done);
    }
    let mut text = format!("{}\n", escape(&args.id));
    text.push_str(&attribute_lines(&facts));
    text.push_str("\nholds\n");
    for (subject, grants) in &held {
        text.push_str(&format!(
            "  {}{}\n",
            escape(subject),
            if grants.is_empty() { ": no collected grants" } else { "" }
        ));
        for grant in grants {
            let name = format!("{} {}", grant.kind, grant.entitlement.name);
            text.push_str(&format!("    {} {}\n", attribute_builder.tier(grant), escape(&name)));
        }
    }
    if !wards.is_empty() {
        text.push_str("\nanswers for\n");
        wards.iter().for_each(|one| text.push_str(&format!("  {}\n", one.id)));
    }
    for clash in clashes {
        text.push_str(&format!("\nseparation of duties {}\n", escape(&clash.to_string())));
    }
    for finding in findings {
        text.push_str(&format!("\n{}\n", escape(&finding.to_string())));
    }
    context.out.write_all(text.as_bytes())?;
    Ok(ExitStatus::Done)
}

fn held<'d>(subject: &str, work_tree: &'d WorkTreeData) -> Vec<&'d Grant> {
    let Some((system, principal)) = subject.split_once(':') else { return Vec::new() };
    let loaded = work_tree.inventories.values().find(|loaded| loaded.inventory.system().as_str() == system);
    loaded.map(|loaded| loaded.inventory.of_principal(principal).collect()).unwrap_or_default()
}

fn answers(entry: Option<&PrincipalRecord>, one: &PrincipalRecord) -> bool {
    let id = entry.map(|entry| &entry.id);
    id.is_some() && [&one.owner, &one.deputy, &one.sponsor].iter().any(|named| named.as_ref() == id)
}

/// Returns the known attributes, one on each line; empty values are omitted.
fn attribute_lines(facts: &AttributeValues) -> String {
    let words = |fact: &AttributeValue| match fact {
        AttributeValue::Flag(flag) => flag.to_string(),
        AttributeValue::Number(number) => number.to_string(),
        AttributeValue::Text(text) => text.clone(),
        AttributeValue::Texts(texts) => texts.join(", "),
    };
    let lines = facts.known().map(|(name, fact)| (name, words(fact))).filter(|(_, words)| !words.is_empty());
    lines.map(|(name, words)| format!("  {name} = {}\n", escape(&words))).collect()
}
