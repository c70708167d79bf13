//! The definition of the `aws-iam` connector.

use super::account::AwsIam;
use super::config::{Config, NAME};
use super::schema::AwsIamSchema;
use super::{attributes, phrases};
use crate::{
    connector::{
        ConnectorDefinition, CredentialAttributes, GrantAttributes, LastUseSource, LoginAttributes, OpenError,
        PrivilegePhrase,
    },
    model::{Grant, GrantKind, SystemId, Timestamp},
};
use secrecy::SecretString;

/// AWS accounts.
#[derive(Clone, Copy, Debug)]
pub struct AwsIamDefinition;

impl ConnectorDefinition for AwsIamDefinition {
    type Settings = Config;
    type Schema = AwsIamSchema;
    type Connection = AwsIam;

    const NAME: &'static str = NAME;
    const EXAMPLE: &'static str = include_str!("example.toml");

    fn schema(_: &SystemId, settings: Config) -> AwsIamSchema {
        AwsIamSchema::new(settings)
    }

    fn open(
        system: &SystemId,
        settings: Config,
        secret: &dyn Fn(&str) -> Option<SecretString>,
    ) -> Result<AwsIam, OpenError> {
        Ok(AwsIam::connect(system.clone(), settings, secret)?)
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
