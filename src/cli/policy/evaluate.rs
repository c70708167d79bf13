//! `tenure policy evaluate [SYSTEM…]`: evaluates the rules on the inventories of main.

use crate::{
    app::{CampaignInputs, unknown_system},
    cli::{CliError, CommandContext, ExitStatus, OutputFormat},
    diag::Diagnostic,
    model::{
        Grant, PrincipalId, Severity, SystemId,
        file::{CampaignDefinition, Scope},
    },
    policy::{AttributeValues, RuleOutcome, RuleResult, RuleSubject},
    report::{
        MissingAttribute, OutputStyle, RuleViolation, findings_sarif, judged_findings, judged_human, judged_json,
        judged_markdown,
    },
};
use std::{collections::BTreeMap, io::Write};

/// Evaluate the rules on current access: violations, and what cannot be evaluated for missing data
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Inventories, principals, rules and profiles are read from the main branch. A violation is a recommendation, not a decision. A rule whose attributes are unknown does not pass: it is listed with the missing attributes.\n\nExamples:\n  tenure policy evaluate\n  tenure policy evaluate web-1 --min-severity high\n  tenure policy evaluate --rule NHI-LIF-02 --format markdown\n\nExit codes: 0 no violations · 3 violations of at least --min-severity"
)]
pub(super) struct PolicyEvaluateArgs {
    /// Only the grants of these systems, and their holders
    #[arg(value_name = "SYSTEM")]
    systems: Vec<SystemId>,
    /// Only these rules
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    rule: Vec<String>,
    /// The lowest severity to report, and to end with exit 3 for
    #[arg(long, value_name = "SEVERITY", value_enum, default_value_t = MinSeverity::Low)]
    min_severity: MinSeverity,
}

/// A severity on the command line.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
enum MinSeverity {
    Critical,
    High,
    Medium,
    Low,
}

impl From<MinSeverity> for Severity {
    fn from(least: MinSeverity) -> Self {
        match least {
            MinSeverity::Critical => Self::Critical,
            MinSeverity::High => Self::High,
            MinSeverity::Medium => Self::Medium,
            MinSeverity::Low => Self::Low,
        }
    }
}

pub(super) fn run(args: &PolicyEvaluateArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let session = context.open_cached_session(None)?;
    session.ensure_trusted()?;
    let placeholder =
        |name| PrincipalId::parse(name).map_err(|error| Diagnostic::error("name-invalid", error.to_string()));
    // A definition without earlier campaigns and role contents, so that only the current state is loaded.
    let definition = CampaignDefinition::new("current access", placeholder("none")?, placeholder("none")?);
    let now = context.clock.now();
    let view = session.view("the evaluation of the rules");
    let inputs = CampaignInputs::load(&view, &session.governed, &definition, now)?;
    check_names(args, &inputs)?;
    if inputs.pack.is_empty() {
        let problem = Diagnostic::error("no-rules", "there are no rules on main").in_file("policies");
        return Err(problem.help("`tenure policy init` writes the built-in rules; merge them first").into());
    }
    let mut found = SubjectResult { args, breaches: Vec::new(), gaps: BTreeMap::new() };
    evaluate_all(&inputs, &mut found);
    let SubjectResult { mut breaches, gaps, .. } = found;
    breaches.sort();
    let gaps: Vec<MissingAttribute> = gaps
        .into_iter()
        .map(|((rule, place, missing), count)| MissingAttribute { rule, place, missing, count })
        .collect();
    match context.format {
        OutputFormat::Json => context.json(&judged_json(&breaches, &gaps))?,
        OutputFormat::Markdown => write!(context.out, "{}", judged_markdown(&breaches, &gaps))?,
        OutputFormat::Sarif => context.json(&findings_sarif(&judged_findings(&breaches, &gaps)))?,
        OutputFormat::Github | OutputFormat::Human => {
            let look = OutputStyle::new(context.out_style);
            write!(context.out, "{}", judged_human(&breaches, &gaps, look))?;
        }
    }
    Ok(if breaches.is_empty() { ExitStatus::Done } else { ExitStatus::Findings })
}

fn check_names(args: &PolicyEvaluateArgs, inputs: &CampaignInputs<'_>) -> Result<(), CliError> {
    if let Some(stranger) = args.systems.iter().find(|system| !inputs.systems.contains_key(*system)) {
        let known: Vec<_> = inputs.systems.keys().map(ToString::to_string).collect();
        let problem = unknown_system(stranger);
        return Err(problem.help(format!("systems: {}", known.join(", "))).into());
    }
    if let Some(stranger) = args.rule.iter().find(|rule| inputs.pack.rule(rule).is_none()) {
        let problem = Diagnostic::error("unknown-rule", format!("there is no rule `{stranger}`"));
        return Err(problem.help("`tenure policy rules` lists them").into());
    }
    Ok(())
}

/// Evaluates the rules on each grant and each principal once.
fn evaluate_all(inputs: &CampaignInputs<'_>, found: &mut SubjectResult<'_>) {
    let attribute_builder = inputs.attribute_builder();
    let chosen = |system: &SystemId| found.args.systems.is_empty() || found.args.systems.contains(system);
    let systems: Vec<_> = inputs.inventories.iter().filter(|(system, _)| chosen(system)).collect();
    let mut holders: BTreeMap<String, AttributeValues> = BTreeMap::new();
    for (system, loaded) in systems {
        for grant in loaded.inventory.grants() {
            let facts = attribute_builder.grant(grant);
            let account = format!("{system}:{}", grant.principal.id);
            let holder = inputs.people.identity_of(&account).map_or(account.clone(), |entry| entry.id.to_string());
            for result in inputs.pack.evaluate(Scope::Grant, &RuleSubject::of(&facts)) {
                found.add_result(&result, &holder, Some(grant));
            }
            holders.entry(holder).or_insert_with(|| attribute_builder.account(&account));
        }
    }
    if found.args.systems.is_empty() {
        holders = attribute_builder.holders().collect();
    }
    for (holder, facts) in &holders {
        for result in inputs.pack.evaluate(Scope::Principal, &RuleSubject::of(facts)) {
            found.add_result(&result, holder, None);
        }
    }
}

struct SubjectResult<'a> {
    args: &'a PolicyEvaluateArgs,
    breaches: Vec<RuleViolation>,
    gaps: BTreeMap<(String, String, String), usize>,
}

impl SubjectResult<'_> {
    fn add_result(&mut self, result: &RuleResult<'_>, holder: &str, grant: Option<&Grant>) {
        let rule = result.rule;
        if !self.args.rule.is_empty() && !self.args.rule.contains(&rule.id) {
            return;
        }
        match &result.result {
            RuleOutcome::Fail if result.severity <= self.args.min_severity.into() => {
                self.breaches.push(RuleViolation {
                    severity: result.severity,
                    rule: rule.id.clone(),
                    holder: holder.to_owned(),
                    held: grant.map(|grant| format!("{} {} on {}", grant.kind, grant.entitlement.name, grant.system)),
                    title: rule.title.clone(),
                    recommend: rule.recommend,
                    remediation: rule.remediation.clone(),
                    set_by: result.set_by.iter().map(|by| format!("{}: {}", by.profile, by.what)).collect(),
                })
            }
            RuleOutcome::Unknown(lack) => {
                let place = grant.map_or("principals".to_owned(), |grant| grant.system.to_string());
                *self.gaps.entry((rule.id.clone(), place, lack.to_string())).or_default() += 1;
            }
            RuleOutcome::Fail | RuleOutcome::NotApplicable | RuleOutcome::Pass => {}
        }
    }
}
