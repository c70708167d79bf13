//! `tenure registry add NAME`: a new principal, or a further key, account or group of one.

use super::{entry, public_key};
use crate::{
    cli::{CliError, CommandContext},
    diag::Diagnostic,
    model::{
        PrincipalId,
        file::{KeyState, Registry, RegistryKey, RegistryPrincipal},
    },
};

/// Write the next registry with a new principal, or a further key, account or group of one
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Earlier keys of the principal stay active: `tenure registry retire NAME --key FILE` retires one.\n\nExamples:\n  tenure registry add dora --key dora.pub --subject web-1:uid:1004 --group reviewers\n  tenure registry add dora --key new.pub\n  tenure registry add dora --group campaign-owner"
)]
pub(super) struct RegistryAddArgs {
    /// The name of the principal
    #[arg(value_name = "NAME")]
    principal: PrincipalId,
    /// A public key: its file, or its line `ssh-ed25519 AAAA…`
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// An immutable id of an account of the principal, `<system>:<id>`; they cannot review it
    #[arg(long = "subject", value_name = "SYSTEM:ID")]
    subjects: Vec<String>,
    /// A group, as mandates and definitions name it
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
}

impl RegistryAddArgs {
    pub(super) fn apply(&self, registry: &mut Registry, context: &CommandContext) -> Result<(), CliError> {
        let id = &self.principal;
        if !registry.principals.iter().any(|entry| entry.id == *id) {
            if self.key.is_none() {
                let problem = Diagnostic::error("key-missing", format!("`{id}` is new and needs a key"));
                return Err(problem.help(format!("tenure registry add {id} --key FILE.pub")).into());
            }
            let (subjects, groups, keys) = (Vec::new(), Vec::new(), Vec::new());
            registry.principals.push(RegistryPrincipal { id: id.clone(), subjects, groups, keys });
        }
        let entry = entry(registry, id)?;
        if let Some(key) = &self.key {
            let ssh = public_key(key, context)?.to_string();
            entry.keys.push(RegistryKey { ssh, state: KeyState::Active, suspect_from_index: None });
        }
        for (own, more) in [(&mut entry.subjects, &self.subjects), (&mut entry.groups, &self.groups)] {
            own.extend(more.iter().cloned());
            own.sort();
            own.dedup();
        }
        Ok(())
    }
}
