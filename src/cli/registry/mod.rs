//! `tenure registry`: writes the next registry of principals and keys.

mod add;
mod retire;

use super::{CliError, CommandContext, ExitStatus, next_trust_file::NextTrustFile};
use crate::{
    app::RepositorySession,
    diag::Diagnostic,
    format::ssh_keys::PublicKey,
    model::{
        PrincipalId,
        file::{Registry, RegistryPrincipal},
    },
};
use clap::Subcommand;
use std::fs;

/// Write the next registry of people and keys
#[derive(Debug, clap::Args)]
pub(super) struct RegistryArgs {
    #[command(subcommand)]
    command: RegistryCommand,
}

#[derive(Debug, Subcommand)]
enum RegistryCommand {
    Add(add::RegistryAddArgs),
    Retire(retire::RegistryRetireArgs),
}

pub(super) fn run(args: &RegistryArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let session = context.open_session()?;
    let mut next = session.trust()?.registry().file().clone();
    match &args.command {
        RegistryCommand::Add(args) => args.apply(&mut next, context)?,
        RegistryCommand::Retire(args) => args.apply(&mut next, context)?,
    }
    write(&session, next, context)
}

/// Writes the registry as the next version.
fn write(
    session: &RepositorySession,
    mut next: Registry,
    context: &mut CommandContext,
) -> Result<ExitStatus, CliError> {
    let trust = session.trust()?;
    let before = trust.registry().file();
    (next.version, next.prev) = (before.version + 1, trust.registry().digest().to_string());
    next.principals.sort_by(|one, other| one.id.cmp(&other.id));
    let role = &trust.root().file().roles.registry;
    let file = NextTrustFile { folder: "registry", version: before.version, before, next, role };
    file.write(session, |path, bytes| trust.check_next_registry(path, bytes), context)
}

/// Returns the entry of a principal.
fn entry<'r>(registry: &'r mut Registry, id: &PrincipalId) -> Result<&'r mut RegistryPrincipal, CliError> {
    registry.principals.iter_mut().find(|entry| entry.id == *id).ok_or_else(|| {
        let problem = Diagnostic::error("unknown-principal", format!("`{id}` is not in the registry"));
        problem.help(format!("tenure registry add {id} --key FILE")).into()
    })
}

/// Parses a public key: a line, or a file with one.
fn public_key(text: &str, context: &CommandContext) -> Result<PublicKey, CliError> {
    let line = match text.starts_with("ssh-") {
        true => text.to_owned(),
        false => fs::read_to_string(context.directory.join(text)).map_err(|error| {
            let problem = Diagnostic::error("file-unreadable", format!("the key `{text}` cannot be read: {error}"));
            CliError::from(problem.help("name a public key file, such as ~/.ssh/id_ed25519.pub, or give its line"))
        })?,
    };
    if line.contains("PRIVATE KEY") {
        let problem = Diagnostic::error("private-key", format!("`{text}` is a private key"));
        return Err(problem.help("name the public key, in the file with .pub").into());
    }
    PublicKey::parse_line(line.trim()).map(|(key, _)| key).map_err(|error| {
        let problem = Diagnostic::error("key-invalid", format!("`{text}` is no usable public key: {error}"));
        problem.help("create one: ssh-keygen -t ed25519").into()
    })
}
