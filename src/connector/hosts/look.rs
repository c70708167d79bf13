//! Reads the part of a system that concerns one grant.

use super::{
    config::HostsConfig, grants, key_files::KeyScope, parse_cache::ParseCache, root_dir::RootDir,
    snapshot::HostSnapshot,
};
use crate::{
    connector::ConnectorError,
    model::{Grant, GrantKind, Inventory, SystemId},
};

/// Access to a system for one read.
#[derive(Clone, Copy)]
pub(super) struct HostLook<'a> {
    pub system: &'a SystemId,
    pub config: &'a HostsConfig,
    pub root: &'a RootDir,
    pub cache: &'a ParseCache,
}

impl HostLook<'_> {
    /// Reads the system with the files of keys in `scope`.
    pub(super) fn tree(&self, scope: KeyScope) -> Result<HostSnapshot, ConnectorError> {
        HostSnapshot::read_for(self.root, self.config, scope, self.cache)
    }

    /// Reads the part that concerns a grant: all files of accounts and rules, the keys of its account, and the grants of its
    /// principal and its entitlement.
    pub(super) fn about(&self, grant: &Grant) -> Result<(HostSnapshot, Inventory), ConnectorError> {
        let tree = self.tree(scope(grant))?;
        let inventory = grants::concerning(self.system, self.config, &tree, grant)?;
        Ok((tree, inventory))
    }
}

/// Returns the files of keys that a grant concerns.
fn scope(grant: &Grant) -> KeyScope {
    let uid = || grant.principal.id.strip_prefix("uid:").and_then(|uid| uid.parse().ok());
    match grant.kind {
        GrantKind::Account | GrantKind::Credential => uid().map_or(KeyScope::Nothing, KeyScope::Uid),
        _ => KeyScope::Nothing,
    }
}
