//! `tenure sign FILES… [--key FILE] [--signer NAME]`: signs governed files with a key file or ssh-agent.

use super::{CliError, CommandContext, ExitStatus};
use crate::{
    app::{KnownSigner, TrustHints, newest, registered_keys},
    diag::Diagnostic,
    format::ssh_keys::{PrivateKey, PublicKey, Signer},
    git::Repository,
    model::PrincipalId,
    store::{RepoPath, write_file},
    trust::{AgentError, SigningError, SshAgent, TrustError, render_allowed_signers, sign},
};
use serde_json::json;
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

/// Sign governed files with a key file or ssh-agent
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Writes FILE.<name>.sig beside each file; `ssh-keygen -Y verify` can verify it. Only files in canonical format are signed: see `tenure fmt`. For a key with a passphrase, use the agent: `ssh-add FILE`.\n\nExamples:\n  tenure sign campaigns/2026-q4/reviews/db/ana.ruiz.toml\n  tenure sign --key ~/.ssh/id_ed25519 trust/registry/2.toml"
)]
pub(super) struct SignArgs {
    /// The files to sign
    #[arg(required = true, value_name = "FILES")]
    files: Vec<PathBuf>,
    /// A private key file, or the public key file of a key in the agent
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Sign as this person [default: the person whose key it is, by the registry or the root]
    #[arg(long, value_name = "NAME")]
    signer: Option<PrincipalId>,
}

pub(super) fn run(args: &SignArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let repository = Repository::discover(&context.directory)?;
    let Some(tree) = repository.work_tree().map(Path::to_path_buf) else {
        return Err(Diagnostic::error("no-work-tree", "this repository is bare: it has no files to sign")
            .help("clone it with git clone, without --bare")
            .into());
    };
    let options = SigningOptions { key: args.key.as_deref(), name: args.signer.as_ref() };
    let files = args.files.iter().map(|name| context.directory.join(name)).collect::<Vec<_>>();
    let written = sign_files(&tree, &files, options, context)?;
    match context.format {
        super::OutputFormat::Json => context.json(&written)?,
        _ => {
            for entry in &written {
                writeln!(context.out, "{}", entry["signature"].as_str().unwrap_or_default())?;
            }
        }
    }
    Ok(ExitStatus::Done)
}

/// The key and the name to sign with, if given.
#[derive(Clone, Copy)]
pub(super) struct SigningOptions<'a> {
    /// A private key file, or the public key file of a key in the agent.
    pub(super) key: Option<&'a Path>,
    /// The name of the signer, instead of the name registered in `trust/` for the key.
    pub(super) name: Option<&'a PrincipalId>,
}

/// Signs files of the work tree, and returns a description of each signature.
///
/// # Errors
/// When no key is available, or a file cannot be signed in its current form.
pub(super) fn sign_files(
    tree: &Path,
    files: &[PathBuf],
    options: SigningOptions<'_>,
    context: &CommandContext,
) -> Result<Vec<serde_json::Value>, CliError> {
    let read_file = |path: &str| fs::read(tree.join(path)).ok();
    let trusted = TrustHints::read(&read_file);
    let mut written = Vec::new();
    for file in files {
        let (path, bytes) = read(tree, file)?;
        let known = trusted.known(&path, &bytes);
        let signer = signer(options, context, &known)?;
        let name = match options.name {
            Some(name) => {
                check_owner(&known, &signer.public_key(), name)?;
                name.clone()
            }
            None => name_of(&known, &signer.public_key(), &path)?,
        };
        trusted.check(&path, &bytes, &name).map_err(|error| rejected(&path, error))?;
        let signed = sign(&path, &bytes, &name, signer.as_ref()).map_err(|error| refused(&path, error))?;
        write_file(tree, &signed.path, &signed.text)?;
        if RepoPath::of(&path).is_trust() {
            write_allowed_signers(tree)?;
        }
        written.push(json!({"file": path, "signature": signed.path, "signer": name, "namespace": signed.namespace.as_str(), "key": signed.key.fingerprint()}));
    }
    Ok(written)
}

/// Returns the principals whose keys are available, in the key file or else in the agent, according to the registry of
/// the work tree.
///
/// # Errors
/// When the key file cannot be read.
pub(super) fn candidate_signers(
    tree: &Path,
    key: Option<&Path>,
    context: &CommandContext,
) -> Result<Vec<PrincipalId>, CliError> {
    let read_file = |path: &str| fs::read(tree.join(path)).ok();
    let trusted = TrustHints::read(&read_file);
    let held: Vec<PublicKey> = match key.map(key_file).transpose()? {
        Some(LoadedKey::Private(key)) => vec![key.public_key()],
        Some(LoadedKey::Public(key)) => vec![key],
        // Without a response from the agent there are no candidates; `sign` reports the error.
        None => {
            let agent = context.variable("SSH_AUTH_SOCK").and_then(|socket| SshAgent::connect(Path::new(&socket)).ok());
            let keys = agent.and_then(|agent| agent.keys().ok()).unwrap_or_default();
            keys.into_iter().map(|held| held.key).collect()
        }
    };
    let known = trusted.registry.iter().flat_map(registered_keys).filter(|(_, key)| held.contains(key));
    let mut names: Vec<PrincipalId> = known.map(|(name, _)| name).collect();
    names.dedup();
    Ok(names)
}

/// Returns the path within the repository, and the content.
fn read(tree: &Path, file: &Path) -> Result<(String, Vec<u8>), CliError> {
    let refuse = |error: std::io::Error| {
        CliError::from(
            Diagnostic::error("file-unreadable", format!("{} cannot be read: {error}", file.display()))
                .help("name a file of this repository"),
        )
    };
    let (tree, real) = (tree.canonicalize()?, file.canonicalize().map_err(refuse)?);
    let bytes = fs::read(&real).map_err(refuse)?;
    match real.strip_prefix(&tree).ok().and_then(Path::to_str) {
        Some(path) => Ok((path.to_owned(), bytes)),
        None => {
            Err(Diagnostic::error("file-outside-repository", format!("{} is outside the repository", file.display()))
                .help(format!("name a file below {}", tree.display()))
                .into())
        }
    }
}

/// Returns the key to sign with: the given file, or the only key of the agent that `known` lists.
fn signer(
    options: SigningOptions<'_>,
    context: &CommandContext,
    known: &[KnownSigner],
) -> Result<Box<dyn Signer>, CliError> {
    let wanted = match options.key {
        Some(path) => match key_file(path)? {
            LoadedKey::Private(key) => return Ok(Box::new(key)),
            LoadedKey::Public(key) => Some(key),
        },
        None => None,
    };
    let Some(socket) = context.variable("SSH_AUTH_SOCK") else {
        return Err(match options.key {
            Some(path) => {
                let private = path.with_extension("");
                let message = format!("{} is a public key, and no ssh-agent is running", path.display());
                Diagnostic::error("no-key", message)
                    .help(format!("give the private key: --key {}, or add it to an agent", private.display()))
            }
            None => Diagnostic::error("no-key", "no key was given, and no ssh-agent is running")
                .help("tenure sign --key ~/.ssh/id_ed25519 FILE, or: eval $(ssh-agent); ssh-add"),
        }
        .into());
    };
    let agent = SshAgent::connect(Path::new(&socket)).map_err(agent_failed)?;
    let key = match wanted {
        Some(key) => key,
        None => {
            let held = agent.keys().map_err(agent_failed)?;
            let mut fit = held.iter().filter(|held| {
                let named = known.iter().filter(|(name, _)| options.name.is_none_or(|wanted| wanted == name));
                named.into_iter().any(|(_, key)| *key == held.key)
            });
            match (fit.next(), fit.next()) {
                (Some(one), None) => one.key,
                (None, _) => {
                    let message = format!("none of the {} keys of the agent may sign this file", held.len());
                    return Err(Diagnostic::error("no-key", message).help("ssh-add FILE, or give --key FILE").into());
                }
                (Some(_), Some(_)) => {
                    let problem = Diagnostic::error("key-ambiguous", "several keys of the agent may sign this file");
                    return Err(problem.help("choose one: --key FILE.pub, or --signer NAME").into());
                }
            }
        }
    };
    Ok(Box::new(agent.signer(key).map_err(agent_failed)?))
}

enum LoadedKey {
    Private(PrivateKey),
    Public(PublicKey),
}

fn key_file(path: &Path) -> Result<LoadedKey, CliError> {
    let text = zeroize::Zeroizing::new(fs::read_to_string(path).map_err(|error| {
        CliError::from(
            Diagnostic::error("key-unreadable", format!("{} cannot be read: {error}", path.display()))
                .help("ssh-keygen -t ed25519 makes a key"),
        )
    })?);
    if let Ok((key, _)) = PublicKey::parse_line(&text) {
        return Ok(LoadedKey::Public(key));
    }
    PrivateKey::parse_openssh(&text).map(LoadedKey::Private).map_err(|error| {
        let problem = Diagnostic::error("key-unreadable", format!("{}: {error}", path.display()));
        problem.help(format!("ssh-add {}, then sign without --key", path.display())).into()
    })
}

/// Checks that a key does not belong to a principal other than the named one.
fn check_owner(known: &[KnownSigner], key: &PublicKey, name: &PrincipalId) -> Result<(), CliError> {
    match known.iter().find(|(_, own)| own == key) {
        Some((owner, _)) if owner != name => {
            let message = format!("the key {} belongs to `{owner}`, not to `{name}`", key.fingerprint());
            let help = format!("sign with a key of `{name}`: --key FILE");
            Err(Diagnostic::error("wrong-key", message).help(help).into())
        }
        _ => Ok(()),
    }
}

fn name_of(known: &[KnownSigner], key: &PublicKey, path: &str) -> Result<PrincipalId, CliError> {
    known.iter().find(|(_, own)| own == key).map(|(name, _)| name.clone()).ok_or_else(|| {
        let message = format!("the key {} is not registered for {path}", key.fingerprint());
        Diagnostic::error("unknown-signer", message)
            .with_note("to register a key, add it to the next trust/registry/N.toml, which the registry role of the root signs")
            .help("sign with a registered key: `tenure sign --key FILE …`, or --signer NAME if this change adds the key to the registry")
            .into()
    })
}

fn refused(path: &str, error: SigningError) -> CliError {
    match error {
        SigningError::Refused(refusal) => rejected(path, *refusal),
        other => {
            let problem = Diagnostic::error("not-signed", other.to_string()).in_file(path);
            problem
                .help("signed files are: root, registry, mandate, system, campaign, review, exception, attestation")
                .into()
        }
    }
}

/// Returns the error that `tenure check` would report.
fn rejected(path: &str, error: TrustError) -> CliError {
    match error {
        TrustError::Form(problems) => (*problems).into(),
        other => Diagnostic::error(other.code(), other.to_string()).in_file(path).help(other.help()).into(),
    }
}

fn agent_failed(error: AgentError) -> CliError {
    Diagnostic::error("agent-failed", error.to_string()).help("ssh-add -l lists the keys of the agent").into()
}

/// Updates `trust/allowed_signers` from the current trust files.
fn write_allowed_signers(tree: &Path) -> Result<(), CliError> {
    let read = |path: &str| fs::read(tree.join(path)).ok();
    let [Some(root), Some(registry), Some(mandate)] = ["root", "registry", "mandate"].map(|kind| newest(&read, kind))
    else {
        return Ok(());
    };
    match render_allowed_signers(&root.1, &registry.1, &mandate.1) {
        Ok(text) => Ok(write_file(tree, "trust/allowed_signers", text)?),
        // Another trust file is still incomplete; the list is written when that file is signed.
        Err(_) => Ok(()),
    }
}
