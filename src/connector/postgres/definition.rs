//! The definition of the `postgres` connector.

use super::{
    attributes,
    config::{NAME, PostgresConfig},
    connection::{Postgres, open},
    phrases,
    schema::PostgresSchema,
};
use crate::{
    connector::{
        ConnectorDefinition, CredentialAttributes, GrantAttributes, LastUseSource, LoginAttributes, OpenError,
        PrivilegePhrase,
    },
    model::{Grant, GrantKind, SystemId, Timestamp},
};
use secrecy::SecretString;

/// PostgreSQL servers.
#[derive(Clone, Copy, Debug)]
pub struct PostgresDefinition;

impl ConnectorDefinition for PostgresDefinition {
    type Settings = PostgresConfig;
    type Schema = PostgresSchema;
    type Connection = Postgres;

    const NAME: &'static str = NAME;
    const EXAMPLE: &'static str = include_str!("example.toml");

    fn schema(_: &SystemId, settings: PostgresConfig) -> PostgresSchema {
        PostgresSchema::new(&settings)
    }

    fn open(
        system: &SystemId,
        settings: PostgresConfig,
        secret: &dyn Fn(&str) -> Option<SecretString>,
    ) -> Result<Postgres, OpenError> {
        let password = secret(&settings.password_env);
        let password = password.ok_or_else(|| OpenError::NoVariable(settings.password_env.clone()))?;
        Ok(open(system, &settings, password)?)
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
