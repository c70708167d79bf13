//! Generates the workflows of a governed repository from its systems. All logic is in the engine; the YAML only starts
//! it.

use super::codeowners;
use crate::{
    connector::registry::variables,
    model::{
        Digest, SystemId,
        file::{Engine, Remediation, System},
    },
};
use std::collections::BTreeMap;

/// The inputs of the workflows.
#[derive(Clone, Copy)]
pub struct WorkflowInputs<'a> {
    /// The pin of the root of trust.
    pub root: Digest,
    /// The engine release to install.
    pub engine: &'a Engine,
    /// The systems, by id.
    pub systems: &'a BTreeMap<SystemId, System>,
}

/// An error while generating workflows.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum WorkflowError {
    /// A value that YAML or a shell could interpret.
    #[error("`{key}` of `[engine]` in governance.toml is `{text}`, which is not {form}")]
    Engine {
        /// The key.
        key: &'static str,
        /// The value.
        text: String,
        /// The permitted form.
        form: &'static str,
    },
    /// More systems than a matrix permits.
    #[error("{0} systems exceed the limit of 256 jobs in a matrix of GitHub Actions")]
    TooMany(usize),
    /// An environment variable that cannot be the name of a secret.
    #[error("`{system}` names the environment variable `{name}`, which cannot be the name of a secret")]
    Variable {
        /// The system.
        system: SystemId,
        /// The variable.
        name: String,
    },
}

/// Returns the files below `.github` that start the engine, sorted by path.
///
/// # Errors
/// When YAML or a shell could interpret a value from a governed file.
pub fn workflows(works: WorkflowInputs<'_>) -> Result<Vec<(String, String)>, WorkflowError> {
    fit(works.engine)?;
    if works.systems.len() > MATRIX {
        return Err(WorkflowError::TooMany(works.systems.len()));
    }
    let writing = works.systems.values().filter(|system| system.remediation != Remediation::ReportOnly);
    let secrets = mapped(writing, false)?;
    let readback = mapped(works.systems.values(), true)?;
    let arm64 = works.engine.arm64.as_ref().map(|build| {
        format!("          sha256-arm64: \"{}\"\n          url-arm64: \"{}\"\n", build.digest.hex(), build.url)
    });
    let mut files = vec![(".github/actions/tenure/action.yml".to_owned(), ACTION.to_owned())];
    for (name, template) in TEMPLATES {
        let text = template
            .replace("@INSTALL@\n", INSTALL)
            .replace("@ARM64@\n", arm64.as_deref().unwrap_or_default())
            .replace("@PUSH@\n", PUSH)
            .replace("@SECRETS@\n", &secrets)
            .replace("@READBACK@\n", &readback)
            .replace("@MADE@", MADE)
            .replace("@CHECKOUT@", CHECKOUT)
            .replace("@ROOT@", &works.root.to_string())
            .replace("@RUNNER@", works.engine.runner.as_deref().unwrap_or(RUNNER))
            .replace("@VERSION@", &works.engine.version)
            .replace("@SHA256@", &works.engine.digest.hex())
            .replace("@URL@", &works.engine.url);
        files.push((format!(".github/workflows/tenure-{name}.yml"), text));
    }
    files.sort();
    Ok(files)
}

/// Returns whether a file was generated here, even if it was edited since.
pub fn is_made(text: &str) -> bool {
    text.lines().next().is_some_and(|line| line.strip_prefix("# ") == Some(MADE)) || codeowners::is_made(text)
}

/// Maps each secret only into the jobs of the systems that name it.
fn mapped<'a>(systems: impl Iterator<Item = &'a System>, readback: bool) -> Result<String, WorkflowError> {
    let mut users: BTreeMap<String, Vec<&SystemId>> = BTreeMap::new();
    for system in systems {
        for name in variables(system, readback) {
            if !is_secret(&name) {
                return Err(WorkflowError::Variable { system: system.system.clone(), name });
            }
            users.entry(name).or_default().push(&system.system);
        }
    }
    let line = |(name, systems): (&String, &Vec<&SystemId>)| {
        let is_theirs = match systems.as_slice() {
            [one] => format!("matrix.system == '{one}'"),
            many => {
                let names: Vec<_> = many.iter().map(|system| format!("\"{system}\"")).collect();
                format!("contains(fromJSON('[{}]'), matrix.system)", names.join(", "))
            }
        };
        format!("          {name}: ${{{{ {is_theirs} && secrets.{name} || '' }}}}\n")
    };
    Ok(users.iter().map(line).collect())
}

/// Returns whether GitHub accepts the name for a secret, and it does not alter the behavior of programs in the job.
fn is_secret(name: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let begins = name.bytes().next().is_some_and(|byte| byte.is_ascii_uppercase());
    let steers = STEERING.iter().any(|start| name.starts_with(start)) || RESERVED.contains(&name);
    (1..=100).contains(&name.len()) && begins && name.bytes().all(word) && !steers
}

/// Checks that no value of `[engine]` can be interpreted by YAML, an expression or a shell.
fn fit(engine: &Engine) -> Result<(), WorkflowError> {
    let plain = |text: &str, also: &[u8]| {
        (1..=300).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || also.contains(&b))
    };
    let refuse = |key, text: &str, form| Err(WorkflowError::Engine { key, text: text.to_owned(), form });
    if !plain(&engine.version, b".-+") {
        return refuse("version", &engine.version, "a version such as 1.2.0");
    }
    for url in std::iter::once(&engine.url).chain(engine.arm64.iter().map(|build| &build.url)) {
        if !url.strip_prefix("https://").is_some_and(|rest| plain(rest, b"./_-+:%~")) {
            return refuse("url", url, "an https address without query");
        }
    }
    match &engine.runner {
        Some(runner) if !plain(runner, b"._-") => refuse("runner", runner, "a runner label"),
        _ => Ok(()),
    }
}

const TEMPLATES: [(&str, &str); 6] = [
    ("audit", include_str!("workflows/audit.yml")),
    ("check", include_str!("workflows/check.yml")),
    ("collect", include_str!("workflows/collect.yml")),
    ("enforce", include_str!("workflows/enforce.yml")),
    ("housekeeping", include_str!("workflows/housekeeping.yml")),
    ("verify", include_str!("workflows/verify.yml")),
];
const ACTION: &str = include_str!("../../.github/actions/tenure/action.yml");
const MADE: &str = "Generated by `tenure forge workflows --write` from governance.toml and systems/. Do not edit: it will be overwritten.";
const CHECKOUT: &str = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1";
const RUNNER: &str = "ubuntu-24.04";
/// Checkout of main with its full history, and the pinned engine.
const INSTALL: &str = "      - name: fetch main and the evidence
        uses: @CHECKOUT@
        with:
          ref: main
          fetch-depth: 0
          persist-credentials: false
      - name: install the engine
        uses: $/.github/actions/tenure
        with:
          version: \"@VERSION@\"
          sha256: \"@SHA256@\"
          url: \"@URL@\"
@ARM64@
";
/// The token exists only in the environment of one step and never on disk; git requests it and sends it to this server
/// only.
const PUSH: &str = "          TENURE_PUSH_TOKEN: ${{ secrets.TENURE_PUSH_TOKEN || github.token }}
          GIT_CONFIG_COUNT: 1
          GIT_CONFIG_KEY_0: credential.${{ github.server_url }}.helper
          GIT_CONFIG_VALUE_0: '!f() { test \"$1\" = get && echo username=x-access-token && echo \"password=$TENURE_PUSH_TOKEN\"; }; f'
";
/// Maximum number of jobs of a matrix.
const MATRIX: usize = 256;
/// Prefixes of names that the runner, git, the shell or the loader interpret.
const STEERING: [&str; 9] = ["ACTIONS_", "BASH", "DYLD_", "GIT_", "GITHUB_", "LD_", "RUNNER_", "SSL_", "TENURE_"];
const RESERVED: [&str; 9] = ["CI", "ENV", "GH_TOKEN", "HOME", "IFS", "PATH", "SHELL", "SYSTEM", "TMPDIR"];
