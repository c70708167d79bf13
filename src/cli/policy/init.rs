//! `tenure policy init [NAME…]`: copies the built-in rules into `policies/`.

use crate::{
    cli::{CliError, CommandContext, ExitStatus, OutputFormat},
    diag::{Diagnostic, Diagnostics},
    format::{codec, nearest},
    git::Repository,
    model::file::FileKind,
    policy::SHIPPED,
    store::write_file,
};
use serde_json::json;
use std::{collections::BTreeSet, fs, io::Write};

/// Copy the built-in rules into policies/
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Rules are policy with an owner, so they are added by a separate change and not by `tenure init`. Without NAME, all rules, test cases, profiles and controls are written; campaign definitions name people, and are written only if they are named. The controls that the rules refer to are added if policies/controls.toml does not exist. Existing files with other content are kept.\n\nExamples:\n  tenure policy init\n  tenure policy init people credentials\n  tenure policy init privileged dormant\n  tenure policy init --replace life.rules life.cases"
)]
pub(super) struct PolicyInitArgs {
    /// Files of the built-in pack, without `.toml`; `life` means `life.rules` and `life.cases`
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Overwrite files that have other content
    #[arg(long)]
    replace: bool,
}

pub(super) fn run(args: &PolicyInitArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let repository = Repository::discover(&context.directory)?;
    let root = repository.work_tree().ok_or_else(|| {
        Diagnostic::error("no-work-tree", "this repository is bare: it has no files to write to")
            .help("clone it with git clone, without --bare")
    })?;
    let mut chosen = chosen(&args.names)?;
    let brings = chosen.iter().any(|(path, _)| path.ends_with(".rules.toml")) && !root.join(CONTROLS).exists();
    if brings && !chosen.iter().any(|(path, _)| *path == CONTROLS) {
        chosen.extend(SHIPPED.iter().find(|(path, _)| *path == CONTROLS));
    }
    let (mut written, mut kept, mut problems) = (Vec::new(), Vec::new(), Diagnostics::new());
    for (path, text) in chosen {
        let place = root.join(path);
        match fs::read_to_string(&place) {
            Ok(there) if there == text => continue,
            Ok(_) if !args.replace => {
                kept.push(path);
                let problem = Diagnostic::warning("file-exists", format!("{path} has other content, and was kept"));
                problems.push(problem.help(format!("to overwrite it: tenure policy init --replace {}", name_of(path))));
                continue;
            }
            _ => {}
        }
        write_file(root, path, text)?;
        written.push(path);
    }
    if context.format == OutputFormat::Json {
        context.json(&json!({"written": written, "kept": kept}))?;
        return Ok(ExitStatus::Done);
    }
    context.problems(&problems)?;
    for path in &written {
        writeln!(context.out, "{path}")?;
    }
    match written.len() {
        0 => writeln!(context.out, "no file was written: all files exist")?,
        1 => writeln!(context.out, "1 file written; next: read it, commit it, and merge it to main")?,
        many => writeln!(context.out, "{many} files written; next: read them, commit them, and merge them to main")?,
    }
    Ok(ExitStatus::Done)
}

fn chosen(names: &[String]) -> Result<Vec<(&'static str, &'static str)>, CliError> {
    if names.is_empty() {
        let definition = |text: &str| codec::kind("", text).is_ok_and(|kind| kind == FileKind::CampaignDefinition);
        return Ok(SHIPPED.iter().copied().filter(|(_, text)| !definition(text)).collect());
    }
    let mut chosen = BTreeSet::new();
    for name in names {
        let stem = name.trim_end_matches(".toml").trim_start_matches("policies/");
        let fits =
            |path: &'static str| name_of(path) == stem || name_of(path).split_once('.').is_some_and(|(s, _)| s == stem);
        let found: Vec<_> = SHIPPED.iter().copied().filter(|(path, _)| fits(path)).collect();
        if found.is_empty() {
            let known: Vec<_> = SHIPPED.iter().map(|(path, _)| name_of(path)).collect();
            let problem = Diagnostic::error("unknown-name", format!("the built-in pack has no file `{name}`"));
            let problem = match nearest(stem, known.iter().copied()) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem.help(format!("available: {}", known.join(", "))),
            };
            return Err(CliError::new(ExitStatus::Usage, problem));
        }
        chosen.extend(found);
    }
    Ok(chosen.into_iter().collect())
}

fn name_of(path: &'static str) -> &'static str {
    path.trim_start_matches("policies/").trim_end_matches(".toml")
}

const CONTROLS: &str = "policies/controls.toml";
