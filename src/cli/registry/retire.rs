//! `tenure registry retire NAME`: the keys of a principal can no longer sign.

use super::{entry, public_key};
use crate::{
    cli::{CliError, CommandContext},
    diag::Diagnostic,
    model::{
        PrincipalId,
        file::{KeyState, Registry},
    },
};

/// Write the next registry in which keys of a principal can no longer sign
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Earlier signatures stay valid, except those of a compromised key from a record of the evidence on. Without --key, all keys are retired.\n\nExamples:\n  tenure registry retire dora\n  tenure registry retire dora --key old.pub\n  tenure registry retire dora --key stolen.pub --suspect-from 1200"
)]
pub(super) struct RegistryRetireArgs {
    /// The name of the principal
    #[arg(value_name = "NAME")]
    principal: PrincipalId,
    /// Only this public key: its file, or its line
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// The key is compromised: signatures from this record of the evidence on are suspect
    #[arg(long, value_name = "RECORD")]
    suspect_from: Option<u64>,
}

impl RegistryRetireArgs {
    pub(super) fn apply(&self, registry: &mut Registry, context: &CommandContext) -> Result<(), CliError> {
        let only = self.key.as_ref().map(|key| public_key(key, context)).transpose()?.map(|key| key.to_string());
        let entry = entry(registry, &self.principal)?;
        let mut found = false;
        for key in entry.keys.iter_mut().filter(|key| only.as_ref().is_none_or(|only| key.ssh == *only)) {
            found = true;
            key.state = match (self.suspect_from, key.state) {
                (Some(_), _) => KeyState::Revoked,
                (None, KeyState::Active) => KeyState::Retired,
                (None, other) => other,
            };
            key.suspect_from_index = self.suspect_from.or(key.suspect_from_index);
        }
        if found {
            return Ok(());
        }
        let message = format!("`{}` has no such key", self.principal);
        Err(Diagnostic::error("key-missing", message).help("the registry lists the keys of each principal").into())
    }
}
