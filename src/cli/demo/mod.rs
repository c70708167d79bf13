//! `tenure demo [FOLDER]`: a scripted run of every stage, through the same code as the commands themselves.

mod decisions;
mod host;
mod sandbox;

use super::{CliError, CommandContext, ExitStatus};
pub(super) use sandbox::DemoCommand;
use sandbox::DemoSandbox;
use std::{fs, path::PathBuf};

/// Run all stages on a small sample host, from init to audit
///
/// One removal succeeds on the host but does not remove the access, and verification detects it. The folder is kept, so
/// that you can inspect the result and continue manually.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  tenure demo\n  tenure demo /tmp/try-out && cd /tmp/try-out/repo && git log --all --graph --oneline"
)]
pub(super) struct DemoArgs {
    // The id must differ from that of the global `-C DIR`: clap would confuse the two.
    /// The folder of the demo, new or empty [default: a new folder below the system's temporary folder]
    #[arg(value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

pub(super) fn run(args: &DemoArgs, command: DemoCommand, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let root = match &args.folder {
        Some(folder) => sandbox::use_folder(&context.directory, folder)?,
        None => sandbox::new_folder(&std::env::temp_dir())?,
    };
    let mut stage = DemoSandbox::new(&root, context, command)?;
    found(&mut stage)?;
    collect(&mut stage)?;
    review(&mut stage)?;
    enforce(&mut stage)?;
    find_the_other_way(&mut stage)?;
    prove(&mut stage)?;
    farewell(&mut stage)?;
    Ok(ExitStatus::Done)
}

fn found(stage: &mut DemoSandbox<'_>) -> Result<(), CliError> {
    stage.narrate("1. Ana, Ben and Mia create a governed repository. Two of them must sign the trust files.")?;
    for name in ["ana", "ben", "mia"] {
        stage.make_key(name)?;
    }
    let (old, new) = (stage.make_key("laptop")?, stage.make_key("build")?);
    host::write(&stage.root.join("host"), &old, &new)?;
    let founders =
        ["--founder", "ana=../keys/ana.pub", "--founder", "ben=../keys/ben.pub", "--founder", "mia=../keys/mia.pub"];
    let words = [&["init"][..], &founders, &["--keys", "../keys"]].concat();
    fs::create_dir(stage.repository())?;
    let answer = stage.tenure(&words, ExitStatus::Done, 3)?;
    stage.pin = answer.split_whitespace().find(|word| word.starts_with("sha256:")).map(str::to_owned);
    for name in ["ana", "ben"] {
        let key = format!("../keys/{name}");
        let trust = ["trust/root/1.toml", "trust/registry/1.toml", "trust/mandate/1.toml"];
        stage.tenure(&[&["sign", "--key", &key][..], &trust].concat(), ExitStatus::Done, 0)?;
    }
    stage.git(&["init", "--quiet", "--bare", "../remote.git"], false)?;
    stage.git(&["remote", "add", "origin", "../remote.git"], false)?;
    stage.git(&["add", "--all"], false)?;
    stage.git(&["commit", "--quiet", "-m", "Sign root, registry and mandate"], false)?;
    stage.git(&["push", "--quiet", "--set-upstream", "origin", "main"], false)?;
    Ok(())
}

fn collect(stage: &mut DemoSandbox<'_>) -> Result<(), CliError> {
    stage.narrate("2. Collect the access on the host web-1. The grants are counted twice, in independent ways.")?;
    decisions::describe(&stage.repository())?;
    stage.tenure(&["sign", "--key", "../keys/ana", "systems/web-1/1.toml"], ExitStatus::Done, 1)?;
    stage.tenure(&["policy", "init", "people"], ExitStatus::Done, 3)?;
    stage.merge("describe-web-1", "systems: web-1, its principals, the campaign definition and the rules")?;
    stage.tenure(&["collect", "web-1"], ExitStatus::Done, 5)?;
    stage.merge("collect-web-1", "inventory of web-1")?;
    Ok(())
}

fn review(stage: &mut DemoSandbox<'_>) -> Result<(), CliError> {
    stage.narrate("3. A campaign freezes that population, and assigns every item to a reviewer who may decide it.")?;
    stage.tenure(&["campaign", "open", CAMPAIGN, "--from", "policies/privileged.toml"], ExitStatus::Done, 4)?;
    stage.tenure(&["sign", "--key", "../keys/ana", "campaigns/2026-q4/campaign.toml"], ExitStatus::Done, 0)?;
    stage.merge("open-2026-q4", "open the campaign 2026-q4")?;
    stage.narrate("4. The reviewers write decisions into their files and sign the files. An example item:")?;
    let decided = decisions::decide(&stage.repository())?;
    stage.show(&decided.example)?;
    for (path, signers) in &decided.files {
        for signer in signers {
            stage.tenure(&["sign", "--key", &format!("../keys/{signer}"), path], ExitStatus::Done, 0)?;
        }
    }
    stage.git(&["checkout", "--quiet", "-b", "reviews"], false)?;
    stage.git(&["add", "--all"], false)?;
    stage.git(&["commit", "--quiet", "-m", "reviews of 2026-q4"], false)?;
    stage.tenure(&["check", "--base", "main"], ExitStatus::Done, 5)?;
    stage.merge_branch("reviews", "reviews of 2026-q4")?;
    Ok(())
}

fn enforce(stage: &mut DemoSandbox<'_>) -> Result<(), CliError> {
    stage.narrate("5. Show the planned changes. The planner has no connection to the host and cannot change it.")?;
    stage.tenure(&["plan"], ExitStatus::Done, 16)?;
    stage.narrate("6. Enforce: push the intents to the remote, apply each change, and read the host back.")?;
    stage.tenure(&[&["enforce"][..], &ENGINE].concat(), ExitStatus::Disagrees, 20)?;
    stage.narrate("   The host accepted both removals from `sudo`, but one had no effect: a forgotten file still gives svc_backup\n   root access. A ticket system would report success here. Tenure exits with 4, and the item stays open:")?;
    stage.tenure(&["campaign", "status", CAMPAIGN], ExitStatus::Done, 2)?;
    Ok(())
}

fn find_the_other_way(stage: &mut DemoSandbox<'_>) -> Result<(), CliError> {
    stage.narrate("7. The reviewer also decides the open item, the forgotten rule. The next run removes it.")?;
    let decided = decisions::decide_the_rule(&stage.repository())?;
    for (path, signers) in &decided.files {
        for signer in signers {
            stage.tenure(&["sign", "--key", &format!("../keys/{signer}"), path], ExitStatus::Done, 0)?;
        }
    }
    stage.merge("the-rule", "review: the forgotten rule")?;
    stage.tenure(&[&["enforce"][..], &ENGINE].concat(), ExitStatus::Done, 20)?;
    Ok(())
}

fn prove(stage: &mut DemoSandbox<'_>) -> Result<(), CliError> {
    stage.narrate("8. A person adds the key of the laptop again manually. The next verification detects it:")?;
    decisions::restore_key(&stage.root.join("host"), &stage.key("laptop").with_extension("pub"))?;
    stage.tenure(&[&["verify"][..], &ENGINE].concat(), ExitStatus::Disagrees, 20)?;
    stage.narrate("   The decision is still in force, so the next run removes the key again.")?;
    stage.tenure(&["collect", "web-1"], ExitStatus::Done, 0)?;
    stage.merge("collect-again", "inventory of web-1")?;
    stage.tenure(&[&["enforce"][..], &ENGINE].concat(), ExitStatus::Done, 20)?;
    stage.narrate(
        "9. Root on a host is tier T0: its removal is confirmed only when a separate job with its own key has read the host.",
    )?;
    stage.tenure(&[&["verify"][..], &READBACK].concat(), ExitStatus::Done, 20)?;
    stage.tenure(&[&["campaign", "close", CAMPAIGN][..], &ENGINE].concat(), ExitStatus::Done, 5)?;
    stage.narrate("10. An auditor needs a clone and the pin, and no network:")?;
    stage.tenure(&["audit"], ExitStatus::Done, 30)?;
    Ok(())
}

fn farewell(stage: &mut DemoSandbox<'_>) -> Result<(), CliError> {
    // The engine pushes evidence to the remote, so it must be fetched into this clone.
    stage.git(&["fetch", "--quiet", "origin"], false)?;
    let root = stage.root.display().to_string();
    let pin = stage.pin.clone().unwrap_or_default();
    stage.narrate(&format!("The demo is in {root}. To inspect it and continue:"))?;
    stage.show(&format!(
        "cd {root}/repo && export TENURE_ROOT={pin}\n\
         git log --oneline --graph --all\n\
         git show origin/evidence:checkpoint\n\
         tenure campaign status {CAMPAIGN}\n\
         tenure enforce {}",
        ENGINE.join(" ")
    ))?;
    Ok(())
}

const CAMPAIGN: &str = "2026-q4";
const READBACK: [&str; 4] = ["--commit-key", "../keys/engine-readback", "--log-key", "../keys/engine-log"];
const ENGINE: [&str; 4] = ["--commit-key", "../keys/engine-commit", "--log-key", "../keys/engine-log"];
