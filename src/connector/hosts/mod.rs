//! Connector for the local accounts of a Linux system below a root directory.
//!
//! It reads `passwd`, `shadow`, `group`, `gshadow`, `sudoers` with all included files, and every `authorized_keys`, and
//! lists login accounts, memberships, sudo rules, SSH keys and group passwords. `grant_key` defines the identity of an
//! account: uid *and* name. `effective_access` computes the paths to an entitlement, `operations` the supported
//! changes, and `apply` edits the files: under the locks of the system's own tools, atomically, one line at a time.
//!
//! Other sources of access are not read, and reported by `validate` when detected: directories of users (LDAP, SSSD),
//! keys from commands or certificate authorities, doas, polkit, cron, set-user-id files.

mod account_files;
mod apply;
mod atomic_replace;
mod attributes;
mod authorized_keys;
mod calls;
mod config;
mod definition;
mod effective_access;
mod file_edits;
mod grant_key;
mod grants;
mod last_login;
mod lock;
mod observe;
mod operations;
mod phrases;
mod root_dir;
mod rotate;
mod snapshot;
mod sshd_config;
mod sudoers;
#[cfg(test)]
mod tests;

pub use config::{HostsConfig, OptionalFile};
pub use definition::HostsDefinition;

use super::{
    ApplyReceipt, Collector, ConnectorDefinition as _, ConnectorDescriptor, ConnectorError, ConnectorHealth,
    ConnectorSchema, ControlTotal, GrantPage, Intent, ListingCursor, PlannedChange, Provisioner, SecretSink,
    UnsupportedChangeError,
};
use crate::model::{
    AccessChange, Action, Grant, GrantKind, GrantObservation, Inventory, Operation, SystemId, VerificationLevel,
    action::Planned,
};
use root_dir::RootDir;
use snapshot::HostSnapshot;

/// The planning interface of a `hosts` system, without access to it.
#[derive(Clone, Debug)]
pub struct HostsSchema {
    config: HostsConfig,
}

/// A Linux system below a root directory.
pub struct Hosts {
    system: SystemId,
    words: HostsSchema,
    root: RootDir,
}

/// Returns the planning interface of a system with these settings.
pub fn vocabulary(config: &HostsConfig) -> HostsSchema {
    HostsSchema { config: config.clone() }
}

/// Opens the root directory of a system.
///
/// # Errors
/// When the directory cannot be opened.
pub fn open(system: &SystemId, config: &HostsConfig) -> Result<Hosts, ConnectorError> {
    Ok(Hosts { system: system.clone(), words: vocabulary(config), root: RootDir::open(&config.root)? })
}

impl Hosts {
    fn config(&self) -> &HostsConfig {
        &self.words.config
    }

    fn tree(&self) -> Result<HostSnapshot, ConnectorError> {
        HostSnapshot::read(&self.root, self.config())
    }
}

impl ConnectorSchema for HostsSchema {
    fn describe(&self) -> ConnectorDescriptor {
        ConnectorDescriptor {
            name: HostsDefinition::NAME,
            kinds: &[GrantKind::Account, GrantKind::Credential, GrantKind::Membership, GrantKind::Rule],
            needs: &[
                "reading /etc/passwd, shadow, group, gshadow, sudoers and every authorized_keys",
                "writing the same files and their directories",
            ],
            level: VerificationLevel::V3,
        }
    }

    fn plan_change(
        &self,
        change: &AccessChange,
        grant: &Grant,
        inventory: &Inventory,
    ) -> Result<PlannedChange, UnsupportedChangeError> {
        operations::plan_change(&self.config, change, grant, inventory)
    }
}

impl ConnectorSchema for Hosts {
    fn describe(&self) -> ConnectorDescriptor {
        self.words.describe()
    }

    fn plan_change(
        &self,
        change: &AccessChange,
        grant: &Grant,
        inventory: &Inventory,
    ) -> Result<PlannedChange, UnsupportedChangeError> {
        self.words.plan_change(change, grant, inventory)
    }
}

impl Collector for Hosts {
    fn validate(&self) -> Result<ConnectorHealth, ConnectorError> {
        observe::health(&self.root, &self.tree()?)
    }

    /// Everything of one kind is one page: the files are read completely in any case.
    fn list(&self, kind: GrantKind, from: Option<&ListingCursor>) -> Result<GrantPage, ConnectorError> {
        if let Some(ListingCursor(place)) = from {
            return Err(ConnectorError::Permanent(format!("invalid cursor `{place}`: a listing has one page")));
        }
        let tree = self.tree()?;
        let inventory = grants::inventory(&self.system, self.config(), &tree)?;
        let grants: Vec<Grant> = inventory.grants().filter(|grant| grant.kind == kind).cloned().collect();
        let usage = last_login::of(&self.root, &grants)?;
        Ok(GrantPage { grants, usage, next: None })
    }

    fn control_totals(&self) -> Result<Vec<ControlTotal>, ConnectorError> {
        observe::control_totals(&self.root)
    }

    fn observe(&self, grant: &Grant) -> Result<GrantObservation, ConnectorError> {
        Ok(observe::sighting(&self.system, self.config(), &self.root, grant))
    }

    fn calls(&self) -> u64 {
        self.root.calls()
    }
}

impl Provisioner for Hosts {
    fn apply(
        &self,
        action: &Action<Planned>,
        intent: Intent,
        sink: &dyn SecretSink,
    ) -> Result<ApplyReceipt, ConnectorError> {
        apply::apply(&self.system, self.config(), &self.root, action, &intent, sink)
    }

    fn compensate(&self, action: &Action<Planned>) -> Option<Vec<Operation>> {
        calls::reversed(&action.operations)
    }
}
