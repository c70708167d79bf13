//! The embedded default connector: the accounts of a Linux system below a root directory.
//!
//! It reads `passwd`, `shadow`, `group`, `gshadow`, `sudoers` with all it includes, and every `authorized_keys`, and lists
//! login accounts, memberships, sudo rules, SSH keys and group passwords. `names` says why an account is a uid *and* a
//! name. `effective` says what counts as still having an access, `draft` what can be asked for, `edit` how a file
//! is changed: under the locks of the system's own tools, as a whole, one line.
//!
//! Not read, and said under `validate` where it shows: other directories of users (LDAP, SSSD), keys that commands or
//! certificate authorities let in, doas, polkit, cron, set-user-id files.

mod config;
mod draft;
mod edit;
mod effective;
mod grants;
mod keys;
mod lock;
mod look;
mod names;
mod operation;
mod replace;
mod root;
mod rotate;
mod sshd;
#[cfg(test)]
mod stories;
mod sudoers;
mod table;
mod tree;
mod usage;
mod write;

pub use config::{HostsConfig, OptionalFile};

use super::{
    Collector, ConnectorError, ControlTotal, Cursor, Descriptor, Draft, Health, Intent, Page, Provisioner, Receipt,
    Refusal, Sink, Vocabulary,
};
use crate::model::{Action, Change, Grant, GrantKind, Inventory, Level, Operation, Sighting, SystemId, action::Ready};
use root::Root;
use tree::Tree;

/// The words of a `hosts` system, without access to it.
#[derive(Clone, Debug)]
pub struct HostsVocabulary {
    config: HostsConfig,
}

/// A Linux system below a root directory.
pub struct Hosts {
    system: SystemId,
    words: HostsVocabulary,
    root: Root,
}

/// Returns the words of a system with this configuration.
pub fn vocabulary(config: &HostsConfig) -> HostsVocabulary {
    HostsVocabulary { config: config.clone() }
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

impl Vocabulary for HostsVocabulary {
    fn describe(&self) -> Descriptor {
        Descriptor {
            name: "hosts",
            kinds: &[GrantKind::Account, GrantKind::Credential, GrantKind::Membership, GrantKind::Rule],
            needs: &[
                "reading /etc/passwd, shadow, group, gshadow, sudoers and every authorized_keys",
                "writing the same files and their directories",
            ],
            level: Level::V3,
        }
    }

    fn draft(&self, change: &Change, grant: &Grant, inventory: &Inventory) -> Result<Draft, Refusal> {
        draft::draft(&self.config, change, grant, inventory)
    }
}

impl Vocabulary for Hosts {
    fn describe(&self) -> Descriptor {
        self.words.describe()
    }

    fn draft(&self, change: &Change, grant: &Grant, inventory: &Inventory) -> Result<Draft, Refusal> {
        self.words.draft(change, grant, inventory)
    }
}

impl Collector for Hosts {
    fn validate(&self) -> Result<Health, ConnectorError> {
        look::health(&self.root, &self.tree()?)
    }

    /// Everything of one kind is one page: the files are read whole anyway.
    fn list(&self, kind: GrantKind, from: Option<&Cursor>) -> Result<Page, ConnectorError> {
        if let Some(Cursor(place)) = from {
            return Err(ConnectorError::Permanent(format!("there is no page at `{place}`: every listing is one page")));
        }
        let tree = self.tree()?;
        let inventory = grants::inventory(&self.system, self.config(), &tree)?;
        let grants: Vec<Grant> = inventory.grants().filter(|grant| grant.kind == kind).cloned().collect();
        let usage = usage::of(&self.root, &grants)?;
        Ok(Page { grants, usage, next: None })
    }

    fn control_totals(&self) -> Result<Vec<ControlTotal>, ConnectorError> {
        look::control_totals(&self.root)
    }

    fn observe(&self, grant: &Grant) -> Result<Sighting, ConnectorError> {
        Ok(look::sighting(&self.system, self.config(), &self.root, grant))
    }

    fn calls(&self) -> u64 {
        self.root.calls()
    }
}

impl Provisioner for Hosts {
    fn apply(&self, action: &Action<Ready>, intent: Intent, sink: &dyn Sink) -> Result<Receipt, ConnectorError> {
        write::apply(&self.system, self.config(), &self.root, action, &intent, sink)
    }

    fn compensate(&self, action: &Action<Ready>) -> Option<Vec<Operation>> {
        operation::reversed(&action.operations)
    }
}
