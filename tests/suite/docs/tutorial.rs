//! Runs the tutorial from top to bottom.

use super::{blocks, markdown, publish, read, transcript};
use crate::support::sandbox::Sandbox;
use std::{fs, path::Path, process::Stdio};

const PAGE: &str = "docs/tutorial.md";

/// A step of the tutorial.
#[derive(Clone)]
struct Step {
    command: String,
    /// The output on the page, if any.
    shown: Option<String>,
}

#[test]
fn tutorial_commands_do_what_the_page_shows() {
    let page = read(PAGE);
    let steps = steps(&page);
    assert!(steps.len() > 30, "{} steps", steps.len());
    let sandbox = Sandbox::new();
    let results = run(&sandbox, &steps);
    let (mut wanted, mut rest) = (String::new(), &*page);
    for (step, (real, code)) in steps.iter().zip(&results) {
        let expected = if FAILING.iter().any(|command| step.command.starts_with(command)) { None } else { Some(0) };
        assert!(expected.is_none_or(|expected| expected == *code), "`{}` ends with {code}:\n{real}", step.command);
        let Some(shown) = &step.shown else { continue };
        let block = |output: &str| format!("$ {}\n{output}", step.command).trim_end().to_owned();
        let (before, after) = rest.split_once(&block(shown)).expect("the step is on the page");
        let output = if transcript::matches(shown, real) { shown.clone() } else { transcript::shortened(shown, real) };
        wanted = wanted + before + &block(&output);
        rest = after;
    }
    publish(PAGE, &(wanted + rest));
}

/// Returns the steps of the page, in order: blocks for the shell, commands with their output, and edits of files.
fn steps(page: &str) -> Vec<Step> {
    let mut steps: Vec<(usize, Step)> = Vec::new();
    for block in blocks::blocks(page) {
        match block.language.as_str() {
            "sh" if block.text.contains("cargo build") => {}
            "sh" => steps.push((block.line, Step { command: block.text, shown: None })),
            "console" => {
                for part in format!("\n{}", block.text).split("\n$ ").skip(1) {
                    let (command, shown) = part.split_once('\n').unwrap_or((part, ""));
                    let step = Step { command: command.to_owned(), shown: Some(shown.trim_end().to_owned()) };
                    steps.push((block.line, step));
                }
            }
            _ => {}
        }
    }
    for (line, text) in markdown::prose(page) {
        if let Some(command) = text.strip_prefix("<!-- run: ").and_then(|rest| rest.strip_suffix(" -->")) {
            steps.push((line, Step { command: command.to_owned(), shown: None }));
        }
    }
    steps.sort_by_key(|(line, _)| *line);
    steps.into_iter().map(|(_, step)| step).collect()
}

/// Runs all steps in one shell and returns the output and exit code of each.
fn run(sandbox: &Sandbox, steps: &[Step]) -> Vec<(String, i32)> {
    let mut script = "code=0\n".to_owned();
    for step in steps {
        script.push_str(&format!(
            "printf '\\n@@begin\\n'\n(exit $code)\n{}\ncode=$?\nprintf '\\n@@%s\\n' $code\n",
            step.command
        ));
    }
    let file = sandbox.join("tutorial.sh");
    fs::write(&file, script).unwrap();
    let programs = Path::new(env!("CARGO_BIN_EXE_tenure")).parent().unwrap();
    let mut command = sandbox.command("bash", sandbox.path());
    command.arg("-c").arg(format!("PATH={}:$PATH; . {} 2>&1", programs.display(), file.display()));
    // Each commit has its own time, as in manual use.
    command.env_remove("GIT_AUTHOR_DATE").env_remove("GIT_COMMITTER_DATE").stdin(Stdio::null());
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).replace(&sandbox.path().display().to_string(), "");
    let parts: Vec<(String, i32)> = text.split("\n@@begin\n").skip(1).filter_map(result).collect();
    assert_eq!(parts.len(), steps.len(), "{text}");
    parts
}

fn result(part: &str) -> Option<(String, i32)> {
    let (out, code) = part.rsplit_once("\n@@")?;
    Some((out.trim_end().to_owned(), code.trim().parse().ok()?))
}

/// Commands that exit with a code that the page explains.
const FAILING: [&str; 1] = ["tenure verify"];
