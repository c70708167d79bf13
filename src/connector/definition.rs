//! Definition of a connector: all that other modules know of it. Each connector defines one type in its folder.

use super::{
    attributes::{CredentialAttributes, GrantAttributes, LastUseSource, LoginAttributes, PrivilegePhrase},
    error::OpenError,
    interface::{ConnectorSchema, Provisioner},
};
use crate::model::{Grant, GrantKind, SystemId, Timestamp};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use std::path::Path;

/// The definition of a connector.
pub trait ConnectorDefinition: Sync {
    /// The `[settings]` of a system file.
    type Settings: ConnectorSettings;
    /// The planning interface of a system.
    type Schema: ConnectorSchema + Send + Sync + 'static;
    /// A connection to a system.
    type Connection: Provisioner + Send + 'static;

    /// The name in `connector =` of a system file.
    const NAME: &'static str;
    /// A complete system file in canonical form.
    const EXAMPLE: &'static str;
    /// Whether every process has the same access to a system, so that a job that reads back has no credential of its
    /// own.
    const WITHOUT_CREDENTIAL: bool = false;

    /// Returns the planning interface of a system. It has no connection and reads no secret.
    fn schema(system: &SystemId, settings: Self::Settings) -> Self::Schema;

    /// Opens a connection to a system; `secret` reads environment variables.
    ///
    /// # Errors
    /// When the system cannot be reached, or an environment variable is not set.
    fn open(
        system: &SystemId,
        settings: Self::Settings,
        secret: &dyn Fn(&str) -> Option<SecretString>,
    ) -> Result<Self::Connection, OpenError>;

    /// Returns the attributes of a grant.
    fn grant(grant: &Grant) -> GrantAttributes<'_>;

    /// Returns the attributes of a login, from an account or credential grant.
    fn login(grant: &Grant) -> LoginAttributes;

    /// Returns the attributes of a credential at an instant.
    fn credential(grant: &Grant, as_of: Timestamp) -> CredentialAttributes<'_>;

    /// Returns the source of the last use of grants of a kind.
    fn last_use(kind: GrantKind) -> LastUseSource;

    /// Returns the description of an entitlement by its name and the kind of its grant, if known; `None` if there is no
    /// description.
    fn phrase(kind: Option<GrantKind>, entitlement: &str) -> Option<PrivilegePhrase>;
}

/// The settings of a connector. They contain no secrets, only the names of environment variables.
pub trait ConnectorSettings: DeserializeOwned + JsonSchema {
    /// The settings that name environment variables.
    const VARIABLES: &'static [&'static str];

    /// Makes relative paths start at `base`.
    fn resolve_paths(&mut self, base: &Path) {
        let _ = base;
    }

    /// Checks constraints that the types do not express.
    ///
    /// # Errors
    /// The first invalid setting.
    fn validate(&self) -> Result<(), InvalidSettingError>;
}

/// A setting whose value is not accepted.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{why}")]
pub struct InvalidSettingError {
    /// The setting.
    pub setting: &'static str,
    /// The reason, with its name.
    pub why: String,
}
