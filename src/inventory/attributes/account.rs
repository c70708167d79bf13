//! Accounts by `<system>:<immutable id>`, with their account attributes from the connectors.

use super::{AttributeInputs, subject};
use crate::{
    connector::{ConnectorKind, SecondFactor},
    model::{Grant, GrantKind, Inventory, SystemId},
};
use std::collections::BTreeMap;

/// An account that holds at least one grant.
pub(super) struct AccountAttributes<'a> {
    pub(super) system: &'a SystemId,
    /// The immutable id on the system.
    pub(super) principal: &'a str,
    pub(super) inventory: &'a Inventory,
    /// The second factor, where the system reports it.
    pub(super) factor: Option<SecondFactor>,
    /// Whether an interactive login is possible, where the system reports it.
    pub(super) interactive: Option<bool>,
}

/// Returns all accounts that hold a grant on any system, by subject id.
pub(super) fn all<'a>(known: &AttributeInputs<'a>) -> BTreeMap<String, AccountAttributes<'a>> {
    let mut accounts: BTreeMap<String, AccountAttributes<'a>> = BTreeMap::new();
    for (system, loaded) in known.inventories {
        let mut last = None;
        let connector = known.connector(system);
        for grant in loaded.inventory.grants() {
            // The grants of one holder are adjacent, and only the account grant has further attributes.
            let principal = grant.principal.id.as_str();
            if last == Some(principal) && !says_more(grant) {
                continue;
            }
            last = Some(principal);
            let account = accounts.entry(subject(grant)).or_insert_with(|| AccountAttributes {
                system,
                principal,
                inventory: &loaded.inventory,
                factor: None,
                interactive: None,
            });
            if let Some(connector) = connector.filter(|_| says_more(grant)) {
                account.add_login(grant, connector);
            }
        }
    }
    accounts
}

fn says_more(grant: &Grant) -> bool {
    matches!(grant.kind, GrantKind::Account | GrantKind::Credential)
}

impl AccountAttributes<'_> {
    /// Adds the login attributes of an account or credential grant.
    fn add_login(&mut self, grant: &Grant, connector: &dyn ConnectorKind) {
        let login = connector.login(grant);
        self.factor = self.factor.or(login.second_factor);
        self.interactive = self.interactive.max(login.interactive);
    }
}
