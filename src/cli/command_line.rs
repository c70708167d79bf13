//! The command line: global options, the table of commands, and the top-level help.

use super::{
    attest, audit, campaign, check, collect, completions, demo, enforce, exception, fmt, forge,
    global_args::GlobalArgs, init, mandate, plan, policy, principals, registry, review, schema, sign, system, unlock,
    verify,
};
use clap::{CommandFactory as _, Parser, Subcommand, builder::StyledStr};

/// Access certification that enforces itself: signed decisions in git become real changes, read back and proven
#[derive(Debug, Parser)]
#[command(name = "tenure", version, long_version = env!("TENURE_VERSION"), arg_required_else_help = true, max_term_width = 110)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: GlobalArgs,
    #[command(subcommand)]
    pub(super) command: CliCommand,
}

/// The commands. The help text of each is the doc comment of its arguments.
#[derive(Debug, Subcommand)]
pub(super) enum CliCommand {
    Attest(attest::AttestArgs),
    Audit(audit::AuditArgs),
    Campaign(campaign::CampaignArgs),
    Check(check::CheckArgs),
    Collect(collect::CollectArgs),
    Completions(completions::CompletionsArgs),
    Demo(demo::DemoArgs),
    Enforce(enforce::EnforceArgs),
    Exception(exception::ExceptionArgs),
    Fmt(fmt::FmtArgs),
    Forge(forge::ForgeArgs),
    Init(init::InitArgs),
    Mandate(mandate::MandateArgs),
    Plan(plan::PlanArgs),
    Policy(policy::PolicyArgs),
    Principals(principals::PrincipalsArgs),
    Registry(registry::RegistryArgs),
    Review(review::ReviewArgs),
    Schema(schema::SchemaArgs),
    Sign(sign::SignArgs),
    System(system::SystemArgs),
    Unlock(unlock::UnlockArgs),
    Verify(verify::VerifyArgs),
}

/// The commands by task, in the order in which the help lists them.
const GROUPS: [(&str, &[&str]); 5] = [
    ("Start", &["init", "demo"]),
    ("Govern", &["registry", "mandate", "system", "principals", "policy", "exception"]),
    ("Review", &["campaign", "review", "sign", "check"]),
    ("Enforce", &["collect", "plan", "enforce", "verify", "attest", "unlock"]),
    ("Prove and integrate", &["audit", "forge", "fmt", "schema", "completions"]),
];

/// The environment variables that commands read, with descriptions.
const VARIABLES: [(&str, &str); 6] = [
    ("TENURE_ROOT", "the root pin, as --root"),
    ("TENURE_COMMIT_KEY", "the engine's commit key or its file, as --commit-key"),
    ("TENURE_LOG_KEY", "the engine's log key or its file, as --log-key"),
    ("SSH_AUTH_SOCK", "the socket of the ssh-agent for `sign` and `review`"),
    ("GITHUB_TOKEN", "the token for GitHub, in a job of GitHub Actions"),
    ("NO_COLOR", "disables color if set"),
];

const NOTES: &str = "\
Exit codes: 0 done · 1 failed · 2 usage error · 3 findings or a guardrail ·
4 the target disagrees · 75 busy, try again · 130 interrupted

`main` is the main branch of the remote (origin/main) as of the last fetch:
changes count when they are merged there. `check` checks the current commit.

`tenure help COMMAND` shows options and examples. Try it: tenure demo";

/// Returns the command line, with the commands grouped by task in its help.
pub(super) fn command() -> clap::Command {
    let command = Cli::command();
    let help = grouped_help(&command);
    command.help_template(help)
}

/// Returns the template of the top-level help. Clap cannot group commands, so the template lists them.
fn grouped_help(command: &clap::Command) -> StyledStr {
    let mut text = String::from("{about-with-newline}\n{usage-heading} {usage}\n");
    for (title, names) in GROUPS {
        let line = |name: &&'static str| {
            let about = command.find_subcommand(name).and_then(clap::Command::get_about);
            (*name, about.map(ToString::to_string).unwrap_or_default())
        };
        section(&mut text, command, title, names.iter().map(line));
    }
    let heading = command.get_styles().get_header();
    text.push_str(&format!("\n{heading}Options:{heading:#}\n{{options}}\n"));
    section(&mut text, command, "Environment variables", VARIABLES.map(|(name, about)| (name, about.to_owned())));
    text.push_str(&format!("\n{NOTES}"));
    text.into()
}

/// Appends a heading and a line for each name with its description.
fn section(
    text: &mut String,
    command: &clap::Command,
    title: &str,
    lines: impl IntoIterator<Item = (&'static str, String)>,
) {
    let (heading, literal) = (command.get_styles().get_header(), command.get_styles().get_literal());
    let lines: Vec<_> = lines.into_iter().collect();
    let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or_default().max(MIN_WIDTH);
    text.push_str(&format!("\n{heading}{title}:{heading:#}\n"));
    for (name, about) in lines {
        text.push_str(&format!("  {literal}{name:width$}{literal:#}  {about}\n"));
    }
}

/// The width of the longest command name; it aligns the descriptions of all groups.
const MIN_WIDTH: usize = 11;

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn help_groups_list_every_command_once() {
        let command = Cli::command();
        let commands: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
        let mut listed: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        listed.sort_unstable();
        assert_eq!(listed, commands);
        assert!(listed.len() <= 26, "at most 26 commands at the top level");
        assert!(listed.iter().all(|name| name.len() <= MIN_WIDTH));
    }

    #[test]
    fn top_level_help_fits_eighty_columns() {
        let help = command().term_width(80).render_help().to_string();
        let long: Vec<_> = help.lines().filter(|line| line.chars().count() > 80).collect();
        assert!(long.is_empty(), "{long:#?}");
        insta::assert_snapshot!(help);
    }

    #[test]
    fn argument_ids_differ_from_those_of_global_options() {
        let global: BTreeSet<_> = Cli::command().get_arguments().map(|arg| arg.get_id().clone()).collect();
        let mut below: Vec<clap::Command> = Cli::command().get_subcommands().cloned().collect();
        while let Some(command) = below.pop() {
            for arg in command.get_arguments() {
                assert!(!global.contains(arg.get_id()), "{} {}", command.get_name(), arg.get_id());
            }
            below.extend(command.get_subcommands().cloned());
        }
    }

    #[test]
    fn every_variable_of_the_engine_is_in_the_help() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli");
        let mut folders = vec![folder];
        let mut named = BTreeSet::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = std::fs::read_to_string(path).unwrap();
                let names = text.split('"').filter(|word| word.starts_with("TENURE_"));
                named.extend(
                    names.filter(|name| name.chars().all(|c| c == '_' || c.is_ascii_uppercase())).map(str::to_owned),
                );
            }
        }
        // Not for users: the prefix in this test, a build variable, and a variable that allows a Git host for tests.
        named.retain(|name| {
            !["TENURE_", "TENURE_FORGE_ON_LOOPBACK", "TENURE_SOURCES", "TENURE_VERSION"].contains(&name.as_str())
        });
        let documented: BTreeSet<_> = VARIABLES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert!(named.len() >= 3 && named.is_subset(&documented), "{named:?}");
    }
}
