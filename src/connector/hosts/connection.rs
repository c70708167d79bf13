//! Access to a host below a root directory.

use super::{
    apply, calls,
    config::HostsConfig,
    grants, half_done, identity,
    key_files::KeyScope,
    last_login,
    look::HostLook,
    observe,
    parse_cache::ParseCache,
    root_dir::RootDir,
    schema::{HostsSchema, vocabulary},
};
use crate::{
    connector::{
        ApplyReceipt, Collector, ConnectorDescriptor, ConnectorError, ConnectorHealth, ConnectorSchema, ControlTotal,
        GrantPage, Intent, ListingCursor, PlannedChange, Provisioner, SecretSink, TargetQuery, UnsupportedChangeError,
    },
    model::{
        AccessChange, Action, Grant, GrantKind, GrantObservation, Inventory, Operation, SystemId,
        action::{ActionSpec, Planned},
    },
};

/// A Linux system below a root directory.
pub struct Hosts {
    system: SystemId,
    words: HostsSchema,
    pub(super) root: RootDir,
    cache: ParseCache,
}

/// Opens the root directory of a system.
///
/// # Errors
/// When the directory cannot be opened.
pub fn open(system: &SystemId, config: &HostsConfig) -> Result<Hosts, ConnectorError> {
    let root = RootDir::open(&config.root)?;
    Ok(Hosts { system: system.clone(), words: vocabulary(config), root, cache: ParseCache::default() })
}

impl Hosts {
    fn look(&self) -> HostLook<'_> {
        HostLook { system: &self.system, config: &self.words.config, root: &self.root, cache: &self.cache }
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

    fn has_oracle(&self, grant: &Grant) -> bool {
        self.words.has_oracle(grant)
    }
}

impl Collector for Hosts {
    fn validate(&self) -> Result<ConnectorHealth, ConnectorError> {
        observe::health(&self.root, &self.look().tree(KeyScope::All)?)
    }

    fn target_identity(&self) -> Result<Option<String>, ConnectorError> {
        identity::of(&self.root)
    }

    /// Everything of one kind is one page.
    fn list(&self, kind: GrantKind, from: Option<&ListingCursor>) -> Result<GrantPage, ConnectorError> {
        if let Some(ListingCursor(place)) = from {
            return Err(ConnectorError::Permanent(format!("invalid cursor `{place}`: a listing has one page")));
        }
        let look = self.look();
        let scope = if kind == GrantKind::Credential { KeyScope::All } else { KeyScope::Nothing };
        let grants = grants::of_kind(look.system, look.config, &look.tree(scope)?, kind)?;
        let usage = last_login::of(&self.root, &grants)?;
        Ok(GrantPage { grants, usage, next: None })
    }

    fn control_totals(&self) -> Result<Vec<ControlTotal>, ConnectorError> {
        observe::control_totals(&self.root)
    }

    fn observe(&self, query: &TargetQuery<'_>) -> Result<GrantObservation, ConnectorError> {
        Ok(observe::sighting(self.look(), query))
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
        apply::apply(self.look(), action, &intent, sink)
    }

    fn is_half_done(&self, action: &ActionSpec) -> Result<bool, ConnectorError> {
        half_done::is_half_done(self.look(), action)
    }

    fn compensate(&self, action: &Action<Planned>) -> Option<Vec<Operation>> {
        calls::reversed(&action.operations)
    }
}
