//! The definition of the `hosts` connector.

use super::{
    attributes,
    config::{HostsConfig, NAME},
    connection::{Hosts, open},
    phrases,
    schema::{HostsSchema, vocabulary},
};
use crate::{
    connector::{
        ConnectorDefinition, CredentialAttributes, GrantAttributes, LastUseSource, LoginAttributes, OpenError,
        PrivilegePhrase,
    },
    model::{Grant, GrantKind, SystemId, Timestamp},
};
use secrecy::SecretString;

/// Linux hosts.
#[derive(Clone, Copy, Debug)]
pub struct HostsDefinition;

impl ConnectorDefinition for HostsDefinition {
    type Settings = HostsConfig;
    type Schema = HostsSchema;
    type Connection = Hosts;

    const NAME: &'static str = NAME;
    const EXAMPLE: &'static str = include_str!("example.toml");
    const WITHOUT_CREDENTIAL: bool = true;

    fn schema(_: &SystemId, settings: HostsConfig) -> HostsSchema {
        vocabulary(&settings)
    }

    fn open(
        system: &SystemId,
        settings: HostsConfig,
        _: &dyn Fn(&str) -> Option<SecretString>,
    ) -> Result<Hosts, OpenError> {
        Ok(open(system, &settings)?)
    }

    fn grant(grant: &Grant) -> GrantAttributes<'_> {
        attributes::grant(grant)
    }

    fn login(grant: &Grant) -> LoginAttributes {
        attributes::login(grant)
    }

    fn credential(grant: &Grant, as_of: Timestamp) -> CredentialAttributes<'_> {
        attributes::credential(grant, as_of)
    }

    fn last_use(kind: GrantKind) -> LastUseSource {
        attributes::last_use(kind)
    }

    fn phrase(kind: Option<GrantKind>, entitlement: &str) -> Option<PrivilegePhrase> {
        phrases::phrase(kind, entitlement)
    }
}
