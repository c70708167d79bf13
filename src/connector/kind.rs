//! A connector as a value of the registry, without the types of its definition.

use super::{
    attributes::{CredentialAttributes, GrantAttributes, LastUseSource, LoginAttributes, PrivilegePhrase},
    definition::{ConnectorDefinition, ConnectorSettings},
    error::OpenError,
    interface::{ConnectorSchema, Provisioner},
};
use crate::{
    diag::{Diagnostic, Diagnostics},
    format::{file_table::FileTable, schema},
    model::{Grant, GrantKind, SystemId, Timestamp},
};
use secrecy::SecretString;
use serde::Deserialize as _;
use serde_json::Value;
use std::{collections::BTreeMap, path::Path};

/// Data that connectors need beside their system file.
pub struct ConnectorEnvironment<'a> {
    /// The base directory of relative paths in a system file.
    pub base: &'a Path,
    /// Returns an environment variable; secrets are passed in no other way.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// The identities of the targets as last collected. An identity in a system file has priority.
    pub identities: &'a BTreeMap<SystemId, String>,
}

/// A connector, for all systems that name it. Implemented by every [`ConnectorDefinition`].
pub trait ConnectorKind: Sync {
    /// Returns the name in `connector =` of a system file.
    fn name(&self) -> &'static str;

    /// Returns a complete system file in canonical form.
    fn example(&self) -> &'static str;

    /// Returns the JSON Schema of `[settings]`.
    fn settings_schema(&self) -> Value;

    /// Returns the settings that name environment variables.
    fn variables(&self) -> &'static [&'static str];

    /// Returns whether a job that reads back has no credential of its own.
    fn is_without_credential(&self) -> bool;

    /// Checks the settings in a system file.
    ///
    /// # Errors
    /// All problems, with their lines.
    fn check(&self, settings: &FileTable<'_>) -> Result<(), Diagnostics>;

    /// Returns the planning interface of a system; `None` if the settings are invalid.
    fn schema(
        &self,
        system: &SystemId,
        settings: &toml::Table,
        base: &Path,
    ) -> Option<Box<dyn ConnectorSchema + Send + Sync>>;

    /// Opens a connection to a system; `None` if the settings are invalid.
    ///
    /// # Errors
    /// When the system cannot be reached, or an environment variable is not set.
    fn open(
        &self,
        system: &SystemId,
        settings: &toml::Table,
        around: &ConnectorEnvironment<'_>,
    ) -> Option<Result<Box<dyn Provisioner + Send>, OpenError>>;

    /// Returns the attributes of a grant.
    fn grant<'g>(&self, grant: &'g Grant) -> GrantAttributes<'g>;

    /// Returns the attributes of a login, from an account or credential grant.
    fn login(&self, grant: &Grant) -> LoginAttributes;

    /// Returns the attributes of a credential at an instant.
    fn credential<'g>(&self, grant: &'g Grant, as_of: Timestamp) -> CredentialAttributes<'g>;

    /// Returns the source of the last use of grants of a kind.
    fn last_use(&self, kind: GrantKind) -> LastUseSource;

    /// Returns the description of an entitlement by its name and the kind of its grant.
    fn phrase(&self, kind: Option<GrantKind>, entitlement: &str) -> Option<PrivilegePhrase>;
}

impl<D: ConnectorDefinition> ConnectorKind for D {
    fn name(&self) -> &'static str {
        D::NAME
    }

    fn example(&self) -> &'static str {
        D::EXAMPLE
    }

    fn settings_schema(&self) -> Value {
        schema::of_table::<D::Settings>(&format!("Tenure settings of {}", D::NAME))
    }

    fn variables(&self) -> &'static [&'static str] {
        D::Settings::VARIABLES
    }

    fn is_without_credential(&self) -> bool {
        D::WITHOUT_CREDENTIAL
    }

    fn check(&self, settings: &FileTable<'_>) -> Result<(), Diagnostics> {
        let help = format!("`tenure system settings {}` describes the settings", D::NAME);
        let read: D::Settings = settings.parse(&format!("the settings of `{}`", D::NAME), &help)?;
        read.validate().map_err(|error| {
            let problem = Diagnostic::error("invalid-value", error.why)
                .at(settings.source(), settings.place(error.setting), "this value")
                .help(help);
            Diagnostics::from(problem)
        })
    }

    fn schema(
        &self,
        system: &SystemId,
        settings: &toml::Table,
        base: &Path,
    ) -> Option<Box<dyn ConnectorSchema + Send + Sync>> {
        Some(Box::new(D::schema(system, settings_of::<D>(settings, base)?)))
    }

    fn open(
        &self,
        system: &SystemId,
        settings: &toml::Table,
        around: &ConnectorEnvironment<'_>,
    ) -> Option<Result<Box<dyn Provisioner + Send>, OpenError>> {
        let secret = |name: &str| (around.variable)(name).map(SecretString::from);
        let opened = D::open(system, settings_of::<D>(settings, around.base)?, &secret);
        Some(opened.map(|connection| Box::new(connection) as Box<dyn Provisioner + Send>))
    }

    fn grant<'g>(&self, grant: &'g Grant) -> GrantAttributes<'g> {
        D::grant(grant)
    }

    fn login(&self, grant: &Grant) -> LoginAttributes {
        D::login(grant)
    }

    fn credential<'g>(&self, grant: &'g Grant, as_of: Timestamp) -> CredentialAttributes<'g> {
        D::credential(grant, as_of)
    }

    fn last_use(&self, kind: GrantKind) -> LastUseSource {
        D::last_use(kind)
    }

    fn phrase(&self, kind: Option<GrantKind>, entitlement: &str) -> Option<PrivilegePhrase> {
        D::phrase(kind, entitlement)
    }
}

/// Returns valid settings with resolved paths. An unknown key is an error, as in all governed files.
fn settings_of<D: ConnectorDefinition>(settings: &toml::Table, base: &Path) -> Option<D::Settings> {
    let mut settings = D::Settings::deserialize(toml::Value::Table(settings.clone())).ok()?;
    settings.validate().ok()?;
    settings.resolve_paths(base);
    Some(settings)
}
