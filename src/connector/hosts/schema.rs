//! The planning interface of a host.

use super::{
    config::{HostsConfig, NAME},
    operations,
};
use crate::{
    connector::{ConnectorDescriptor, ConnectorSchema, PlannedChange, UnsupportedChangeError},
    model::{AccessChange, Grant, GrantKind, Inventory, VerificationLevel},
};

/// The planning interface of a `hosts` system, without access to it.
#[derive(Clone, Debug)]
pub struct HostsSchema {
    pub(super) config: HostsConfig,
}

/// Returns the planning interface of a system with these settings.
pub fn vocabulary(config: &HostsConfig) -> HostsSchema {
    HostsSchema { config: config.clone() }
}

impl ConnectorSchema for HostsSchema {
    fn describe(&self) -> ConnectorDescriptor {
        ConnectorDescriptor {
            name: NAME,
            kinds: &[GrantKind::Account, GrantKind::Credential, GrantKind::Membership, GrantKind::Rule],
            needs: &[
                "reading /etc/passwd, shadow, group, gshadow, sudoers and every authorized_keys",
                "writing the same files and their directories",
            ],
            level: VerificationLevel::V3,
        }
    }

    /// sudo answers for its rules, and for groups that have some.
    fn has_oracle(&self, grant: &Grant) -> bool {
        match grant.kind {
            GrantKind::Rule => true,
            GrantKind::Membership => !grant.expands_to.is_empty(),
            _ => false,
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
