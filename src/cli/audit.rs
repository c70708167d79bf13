//! `tenure audit`: verifies decisions, evidence and enforcement from a clone, offline.

use super::{CliError, CommandContext, ExitStatus, OutputFormat, evidence};
use crate::{
    app::{ExternalState, examine},
    audit::{AuditArea, AuditResult},
    diag::{Diagnostic, escape},
    model::{Digest, Finding, Severity},
    report::{OutputStyle, findings_human, findings_json, findings_sarif, problems_markdown},
};
use serde_json::json;
use std::{collections::BTreeMap, fs, path::PathBuf};

/// Verify decisions, evidence and enforcement from a clone, offline
///
/// The areas are integrity, authority, coverage, enforcement, timeliness and quality. Nothing is fetched, and no cache
/// is used.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The root pin must come from outside the repository: `tenure init` printed it.\n\nA single clone does not show whether the Git host served an old state. Save the current state, and compare it with the next clone or a mirror:\n  git rev-parse origin/main; git show origin/evidence:checkpoint > evidence.seen\n  tenure audit --expect-commit 9fceb02d0ae598e95dc970b74767f19372d61af8 --checkpoint evidence.seen --max-age 30\n\nExamples:\n  tenure audit --root sha256:…\n  tenure audit --root sha256:… --format json\n  tenure audit --sarif audit.sarif            for code scanning\n\nExit codes: 0 no findings · 3 findings"
)]
pub(super) struct AuditArgs {
    /// Also write the findings to this file, in SARIF 2.1.0
    #[arg(long, value_name = "FILE")]
    sarif: Option<PathBuf>,
    #[command(flatten)]
    external: ExternalStateArgs,
}

pub(super) fn run(args: &AuditArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let (answers, pin) = match results(args, context) {
        Ok((answers, pin)) => (answers, Some(pin)),
        Err(failure) => (vec![unreadable(failure)?], None),
    };
    let findings: Vec<Finding> = answers.iter().flat_map(|answer| answer.findings.iter().cloned()).collect();
    if let Some(path) = &args.sarif {
        context.file(path, &format!("{:#}\n", findings_sarif(&findings)))?;
    }
    match context.format {
        OutputFormat::Github => {
            human(&answers, context)?;
            context.annotate(&findings.iter().map(annotated).collect())?;
            context.summarize(&problems_markdown(&findings.iter().map(annotated).collect(), "audit results"))?;
        }
        OutputFormat::Json => {
            let looked: BTreeMap<_, _> = answers.iter().map(|a| (a.area.to_string(), a.looked_at.clone())).collect();
            let mut value = findings_json(&findings);
            value["looked_at"] = json!(looked);
            value["root"] = json!(pin);
            context.json(&value)?;
        }
        OutputFormat::Sarif => context.json(&findings_sarif(&findings))?,
        OutputFormat::Human | OutputFormat::Markdown => human(&answers, context)?,
    }
    Ok(if findings.is_empty() { ExitStatus::Done } else { ExitStatus::Findings })
}

fn results(args: &AuditArgs, context: &mut CommandContext) -> Result<(Vec<AuditResult>, Digest), CliError> {
    let session = context.open_pinned_session()?;
    evidence::note_if_missing(&session, context)?;
    let external = args.external.read(context)?;
    Ok((examine(&session, &external, context.clock.now())?, session.pin))
}

/// Returns an incomplete history or an invalid file as findings of the audit. Any other failure, such as a missing
/// pin, ends the command.
fn unreadable(failure: CliError) -> Result<AuditResult, CliError> {
    let problems = failure.problems.sorted();
    if failure.exit != ExitStatus::Findings && !problems.iter().all(|problem| problem.file().is_some()) {
        return Err(failure);
    }
    let finding = |problem: &&Diagnostic| Finding {
        severity: Severity::Critical,
        code: problem.code,
        subject: problem.file().unwrap_or("repository").to_owned(),
        message: problem.message.clone(),
        help: problem.help.clone().unwrap_or_default(),
    };
    let findings = problems.iter().map(finding).collect();
    Ok(AuditResult {
        area: AuditArea::Integrity,
        looked_at: "no area: the repository cannot be verified".to_owned(),
        findings,
    })
}

fn human(answers: &[AuditResult], context: &mut CommandContext) -> Result<(), CliError> {
    let style = OutputStyle::new(context.out_style);
    for answer in answers {
        let verdict = match answer.findings.len() {
            0 => "nothing found".to_owned(),
            1 => "1 finding".to_owned(),
            many => format!("{many} findings"),
        };
        writeln!(context.out, "{:<12} {verdict} · {}", answer.area.to_string(), escape(&answer.looked_at))?;
        write!(context.out, "{}", findings_human(&answer.findings, style))?;
    }
    Ok(())
}

/// Returns a finding as a diagnostic for annotations and summaries.
fn annotated(finding: &Finding) -> Diagnostic {
    let message = format!("{}: {}", finding.subject, finding.message);
    let problem = match finding.severity {
        Severity::Critical | Severity::High => Diagnostic::error(finding.code, message),
        Severity::Medium | Severity::Low => Diagnostic::warning(finding.code, message),
    };
    problem.help(finding.help.as_str())
}

/// Data from outside the repository.
#[derive(Debug, clap::Args)]
struct ExternalStateArgs {
    /// A commit that main contained earlier, or contains in another clone; a finding if main does not contain it;
    /// repeatable
    #[arg(long = "expect-commit", value_name = "COMMIT")]
    expected_commits: Vec<String>,
    /// A checkpoint of the evidence saved earlier, or from another clone; a finding if the log does not extend it;
    /// repeatable
    #[arg(long = "checkpoint", value_name = "FILE")]
    checkpoints: Vec<PathBuf>,
    /// The maximum age in days of the last cosignature of a witness; if the root names no witnesses, of the newest
    /// record
    #[arg(long, value_name = "DAYS")]
    max_age: Option<u32>,
}

impl ExternalStateArgs {
    /// Reads the files.
    fn read(&self, context: &CommandContext) -> Result<ExternalState, CliError> {
        let mut checkpoints = Vec::new();
        for file in &self.checkpoints {
            let text = fs::read_to_string(context.directory.join(file)).map_err(|error| {
                let message = format!("cannot read `{}`: {error}", file.display());
                Diagnostic::error("file-unreadable", message)
                    .help("git show origin/evidence:checkpoint > FILE saves one")
            })?;
            checkpoints.push((file.display().to_string(), text));
        }
        Ok(ExternalState { expected_commits: self.expected_commits.clone(), checkpoints, max_age: self.max_age })
    }
}
