//! The embedded default connector: the accounts of a Linux system below a root directory.
//!
//! It reads `passwd`, `shadow`, `group`, `gshadow`, `sudoers` with all it includes, and every `authorized_keys`, and lists
//! login accounts, memberships, sudo rules, SSH keys and group passwords. `names` says why an account is a uid *and* a
//! name. `effective` says what counts as still having an access, `draft` what can be asked for, `edit` how a file
//! is changed: under the locks of the system's own tools, as a whole, one line.
//!
//! Not read, and said under `validate` where it shows: other directories of users (LDAP, SSSD), keys that commands or
//! certificate authorities let in, doas, polkit, cron, set-user-id files.

mod account_files;
mod apply;
mod atomic_replace;
mod authorized_keys;
mod config;
mod effective_access;
mod file_edits;
mod grant_key;
mod grants;
mod last_login;
mod lock;
mod observe;
mod operation;
mod operations;
mod root_dir;
mod rotate;
mod snapshot;
mod sshd_config;
#[cfg(test)]
mod stories;
mod sudoers;

pub use config::{HostsConfig, OptionalFile};

use super::{
    Collector, ConnectorError, ConnectorHealth, ConnectorSchema, ControlTotal, Cursor, Descriptor, GrantPage, Intent,
    PlannedChange, Provisioner, Receipt, Sink, UnsupportedChange,
};
use crate::model::{
    Action, Change, Grant, GrantKind, Inventory, Observation, Operation, SystemId, VerificationLevel, action::Planned,
};
use root_dir::Root;
use snapshot::Tree;

/// The words of a `hosts` system, without access to it.
#[derive(Clone, Debug)]
pub struct HostsSchema {
    config: HostsConfig,
}

/// A Linux system below a root directory.
pub struct Hosts {
    system: SystemId,
    words: HostsSchema,
    root: Root,
}

/// Returns the words of a system with this configuration.
pub fn vocabulary(config: &HostsConfig) -> HostsSchema {
    HostsSchema { config: config.clone() }
}

/// Opens the root directory of a system.
///
/// # Errors
/// When the directory cannot be opened.
pub fn open(system: &SystemId, config: &HostsConfig) -> Result<Hosts, ConnectorError> {
    Ok(Hosts { system: system.clone(), words: vocabulary(config), root: Root::open(&config.root)? })
}

impl Hosts {
    fn config(&self) -> &HostsConfig {
        &self.words.config
    }

    fn tree(&self) -> Result<Tree, ConnectorError> {
        Tree::read(&self.root, self.config())
    }
}

impl ConnectorSchema for HostsSchema {
    fn describe(&self) -> Descriptor {
        Descriptor {
            name: "hosts",
            kinds: &[GrantKind::Account, GrantKind::Credential, GrantKind::Membership, GrantKind::Rule],
            needs: &[
                "reading /etc/passwd, shadow, group, gshadow, sudoers and every authorized_keys",
                "writing the same files and their directories",
            ],
            level: VerificationLevel::V3,
        }
    }

    fn draft(&self, change: &Change, grant: &Grant, inventory: &Inventory) -> Result<PlannedChange, UnsupportedChange> {
        operations::draft(&self.config, change, grant, inventory)
    }
}

impl ConnectorSchema for Hosts {
    fn describe(&self) -> Descriptor {
        self.words.describe()
    }

    fn draft(&self, change: &Change, grant: &Grant, inventory: &Inventory) -> Result<PlannedChange, UnsupportedChange> {
        self.words.draft(change, grant, inventory)
    }
}

impl Collector for Hosts {
    fn validate(&self) -> Result<ConnectorHealth, ConnectorError> {
        observe::health(&self.root, &self.tree()?)
    }

    /// Everything of one kind is one page: the files are read whole anyway.
    fn list(&self, kind: GrantKind, from: Option<&Cursor>) -> Result<GrantPage, ConnectorError> {
        if let Some(Cursor(place)) = from {
            return Err(ConnectorError::Permanent(format!("there is no page at `{place}`: every listing is one page")));
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

    fn observe(&self, grant: &Grant) -> Result<Observation, ConnectorError> {
        Ok(observe::sighting(&self.system, self.config(), &self.root, grant))
    }

    fn calls(&self) -> u64 {
        self.root.calls()
    }
}

impl Provisioner for Hosts {
    fn apply(&self, action: &Action<Planned>, intent: Intent, sink: &dyn Sink) -> Result<Receipt, ConnectorError> {
        apply::apply(&self.system, self.config(), &self.root, action, &intent, sink)
    }

    fn compensate(&self, action: &Action<Planned>) -> Option<Vec<Operation>> {
        operation::reversed(&action.operations)
    }
}
