//! Checks that the transcript in the README is the output of the demo.

use super::{blocks, publish, read, transcript};
use crate::support::sandbox::Sandbox;

#[test]
fn readme_transcript_is_output_of_the_demo() {
    let page = read("README.md");
    let block = blocks::blocks(&page).into_iter().find(|block| block.language == "console").expect("a transcript");
    let sandbox = Sandbox::new();
    let output = sandbox.tenure(sandbox.path()).args(["demo", "demo"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let told = String::from_utf8(output.stdout).unwrap();
    let mut real = String::new();
    for start in ["tenure plan", "tenure enforce"] {
        let (_, from) = told.split_once(&format!("  $ {start}")).expect("a command of the demo");
        let (options, from) = from.split_once('\n').unwrap();
        real.push_str(&format!("$ {start}{options}\n"));
        let lines = from.lines().take_while(|line| line.starts_with("    ")).map(|line| &line[4..]);
        let lines = lines.filter(|line| line.is_empty() || !line.chars().all(|c| "─═ ".contains(c)));
        lines.for_each(|line| real.push_str(&format!("{line}\n")));
        real.push('\n');
    }
    let real = format!("{}\n", real.trim_end());
    if !transcript::matches(&block.text, &real) {
        publish("README.md", &page.replace(&block.text, &real));
    }
}

/// The commands are executed by `tests/readme.sh`, which CI starts in a fresh clone.
#[test]
fn readme_commands_are_run_by_ci() {
    let script = read("tests/readme.sh");
    assert!(read(".ci/run").contains("tests/readme.sh"));
    assert!(script.contains("README.md"), "the commands are taken from the page");
    let page = read("README.md");
    let blocks = blocks::blocks(&page);
    let commands: Vec<&str> = blocks.iter().filter(|block| block.language == "sh").map(|block| &*block.text).collect();
    assert_eq!(commands.len(), 2, "one block for the clone, one for the repository that the demo leaves");
    assert!(commands[0].contains("cargo run --release -- demo") && commands[0].contains("tests/run"));
}
