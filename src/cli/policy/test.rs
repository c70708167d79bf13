//! `tenure policy test [FILES]`: runs the test cases of the rules.

use super::source::{PolicyFiles, PolicyFilesError};
use crate::{
    cli::{CliError, CommandContext, ExitStatus, OutputFormat},
    diag::{Diagnostics, counted, escape},
    model::file::Expected,
    policy::{CaseResult, word},
    report::problems_sarif,
};
use serde_json::json;
use std::{collections::BTreeMap, io::Write, path::PathBuf};

/// Run the test cases of the rules
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A case lists attributes and the expected result of a rule: fail, pass, unknown or not-applicable. All files of a folder are read together; with FILE, only the cases in these files are run.\n\nExamples:\n  tenure policy test\n  tenure policy test policies/life.cases.toml\n  tenure schema rule-cases --example\n\nExit codes: 0 all as expected · 1 a file cannot be read · 3 a case failed, or a file is malformed"
)]
pub(super) struct PolicyTestArgs {
    /// Run only the cases in these files
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Read policies/ of this revision instead of the work tree
    #[arg(long, value_name = "REV", conflicts_with = "files")]
    at: Option<String>,
}

pub(super) fn run(args: &PolicyTestArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let books =
        PolicyFiles::open(&args.files, args.at.as_deref(), context).map_err(PolicyFilesError::policy_failure)?;
    let only = books.only.clone();
    // Each test case lists its own profiles.
    let found = |problems| CliError { problems, exit: ExitStatus::Findings };
    let pack = crate::policy::PolicyPack::compile(books.sources, &[]).map_err(found)?;
    let mut tested = pack.test().map_err(found)?;
    tested.retain(|tested| only.is_empty() || only.iter().any(|file| file == tested.file));
    let problems: Diagnostics = tested.iter().filter_map(|tested| tested.problem.clone()).collect();
    match context.format {
        OutputFormat::Json => json(&tested, &pack.left_out(), context)?,
        OutputFormat::Sarif => context.json(&problems_sarif(&problems))?,
        OutputFormat::Github | OutputFormat::Human | OutputFormat::Markdown => {
            human(&tested, &pack.left_out(), &problems, context)?
        }
    }
    Ok(if problems.has_errors() { ExitStatus::Findings } else { ExitStatus::Done })
}

fn json(
    tested: &[CaseResult<'_>],
    left_out: &BTreeMap<&str, usize>,
    context: &mut CommandContext,
) -> Result<(), CliError> {
    let cases: Vec<_> = tested
        .iter()
        .map(|tested| {
            json!({
                "rule": tested.case.rule,
                "case": tested.case.name,
                "file": tested.file,
                "expected": word(tested.case.expect),
                "found": word(tested.found),
                "severity": tested.severity,
                "missing": tested.lack,
                "as_expected": tested.is_as_expected(),
            })
        })
        .collect();
    context.json(&json!({"cases": cases, "left_out": left_out}))
}

fn human(
    tested: &[CaseResult<'_>],
    left_out: &BTreeMap<&str, usize>,
    problems: &Diagnostics,
    context: &mut CommandContext,
) -> Result<(), CliError> {
    let mut rules: BTreeMap<&str, Vec<&CaseResult<'_>>> = BTreeMap::new();
    for tested in tested {
        rules.entry(&tested.case.rule).or_default().push(tested);
    }
    let width = rules.keys().map(|rule| rule.len()).max().unwrap_or_default();
    for (rule, cases) in &rules {
        let count = |expect| cases.iter().filter(|tested| tested.case.expect == expect).count();
        let counts = KINDS.map(|expect| format!("{} {}", count(expect), word(expect)));
        let failed: Vec<_> = cases.iter().filter(|tested| !tested.is_as_expected()).collect();
        let verdict =
            if failed.is_empty() { "ok".to_owned() } else { format!("{} of {} failed", failed.len(), cases.len()) };
        writeln!(context.out, "{:width$}  {}  {verdict}", escape(rule), counts.join("  "))?;
    }
    context.problems(problems)?;
    let failed = tested.iter().filter(|tested| !tested.is_as_expected()).count();
    let all = format!("{}, {}", counted(rules.len(), "rule"), counted(tested.len(), "case"));
    match (tested.len(), failed) {
        (0, _) => writeln!(context.out, "there are no test cases")?,
        (_, 0) => writeln!(context.out, "{all}: all as expected")?,
        _ => writeln!(context.out, "{all}: {failed} not as expected")?,
    }
    if !left_out.is_empty() {
        let (cases, names) = (left_out.values().sum::<usize>(), left_out.keys().copied().collect::<Vec<_>>());
        let (cases, names) = (counted(cases, "case"), names.join(" "));
        writeln!(context.out, "left out: {cases} for profiles that do not exist here: tenure policy init {names}")?;
    }
    Ok(())
}

const KINDS: [Expected; 4] = [Expected::Fail, Expected::Pass, Expected::Unknown, Expected::NotApplicable];
