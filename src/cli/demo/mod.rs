//! `tenure demo [FOLDER]`: a scripted run of every stage, through the same code as the commands themselves.

mod decisions;
mod host;
mod sandbox;

use super::{CliError, CommandContext, ExitStatus};
use sandbox::DemoSandbox;
use std::{fs, path::PathBuf};

/// Run all stages on a small sample host, from init to audit
///
/// One removal succeeds on the host without taking the right away, and verification detects it. The folder is kept, so
/// that you can look at the result and continue by hand.
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

pub(super) fn run(args: &DemoArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let root = match &args.folder {
        Some(folder) => sandbox::use_folder(&context.directory, folder)?,
        None => sandbox::new_folder(&std::env::temp_dir())?,
    };
    let mut stage = DemoSandbox::new(&root, context)?;
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
    stage.narrate("1. Ana, Ben and Mia found a governed repository. Two of them must sign what concerns trust.")?;
    for name in ["ana", "ben", "mia"] {
        stage.make_key(name)?;
    }
    let (old, new) = (stage.make_key("laptop")?, stage.make_key("build")?);
    host::write(&stage.root.join("host"), &old, &new)?;
    let founders =
        ["--founder", "ana=../keys/ana.pub", "--founder", "ben=../keys/ben.pub", "--founder", "mia=../keys/mia.pub"];
    let words = [&["init"][..], &founders, &["--manage", "web-1", "--keys", "../keys"]].concat();
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
    stage.narrate("2. What does the host web-1 hold? The read is counted twice, by two ways.")?;
    decisions::describe(&stage.repository())?;
    stage.tenure(&["policy", "init", "people"], ExitStatus::Done, 3)?;
    stage.merge("describe-web-1", "systems: web-1, who is who, what is reviewed, and by which rules")?;
    stage.tenure(&["collect", "web-1"], ExitStatus::Done, 5)?;
    stage.merge("collect-web-1", "inventory of web-1")?;
    Ok(())
}

fn review(stage: &mut DemoSandbox<'_>) -> Result<(), CliError> {
    stage.narrate("3. A campaign freezes that population, and gives every item to somebody who may judge it.")?;
    stage.tenure(&["campaign", "open", CAMPAIGN, "--from", "policies/privileged.toml"], ExitStatus::Done, 4)?;
    stage.tenure(&["sign", "--key", "../keys/ana", "campaigns/2026-q4/campaign.toml"], ExitStatus::Done, 0)?;
    stage.merge("open-2026-q4", "open the campaign 2026-q4")?;
    stage.narrate("4. The reviewers decide in their files, and sign the bytes. One item reads like this:")?;
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
    stage.narrate("5. What will that change? The planner has no connection, so nothing can be written from here.")?;
    stage.tenure(&["plan"], ExitStatus::Done, 16)?;
    stage.narrate("6. Enforce: intents first, on the remote; then each change, and a look at the host afterwards.")?;
    stage.tenure(&[&["enforce"][..], &ENGINE].concat(), ExitStatus::Disagrees, 20)?;
    stage.narrate("   The host took both removals from `sudo`. One of them changed nothing: a forgotten file still makes\n   svc_backup root. Others close the ticket here. Tenure exits 4, and the item stays open:")?;
    stage.tenure(&["campaign", "status", CAMPAIGN], ExitStatus::Done, 2)?;
    Ok(())
}

fn find_the_other_way(stage: &mut DemoSandbox<'_>) -> Result<(), CliError> {
    stage
        .narrate("7. The reviewer decides on the rule as well, which was left open, and the next run does the rest.")?;
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
    stage.narrate("8. Somebody puts the laptop's key back by hand. A later look finds it:")?;
    decisions::restore_key(&stage.root.join("host"), &stage.key("laptop").with_extension("pub"))?;
    stage.tenure(&[&["verify"][..], &ENGINE].concat(), ExitStatus::Disagrees, 20)?;
    stage.narrate("   The decision is still in force, so the next run takes it away again.")?;
    stage.tenure(&["collect", "web-1"], ExitStatus::Done, 0)?;
    stage.merge("collect-again", "inventory of web-1")?;
    stage.tenure(&[&["enforce"][..], &ENGINE].concat(), ExitStatus::Done, 20)?;
    stage.narrate(
        "9. Root on a host is tier T0: that counts as gone only once another job, with a key of its own, has looked.",
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
    stage.narrate(&format!("The demo is in {root}. To look at it and continue:"))?;
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
