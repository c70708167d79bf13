//! Opens connectors from system files, for planning, reading or writing.

use super::{
    Collector, ConnectorError, ConnectorSchema, Provisioner, aws_iam, hosts,
    postgres::{self, Postgres, PostgresConfig, PostgresSchema},
    unavailable::UnavailableConnector,
};
use crate::model::file::System;
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use std::path::Path;

/// Data that connectors need beside their system file.
pub struct ConnectorEnvironment<'a> {
    /// The base directory of relative paths in a system file.
    pub base: &'a Path,
    /// Returns an environment variable; secrets are passed in no other way.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
}

/// An error of opening a connector.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The system cannot be reached.
    #[error(transparent)]
    Connector(#[from] ConnectorError),
    /// An environment variable that the system file names is not set.
    #[error("the environment variable {0} is not set")]
    NoVariable(String),
    /// The `[settings]` are invalid for the connector.
    #[error("[settings] of {connector}: {why}")]
    Settings {
        /// The connector.
        connector: String,
        /// The problem.
        why: String,
    },
    /// The connector does not exist.
    #[error("unknown connector `{0}`; supported connectors: {KNOWN}")]
    UnknownConnector(String),
}

const KNOWN: &str = "`aws-iam`, `hosts` and `postgres`";

/// Returns the planning interface of a system. It has no connection and reads no secret.
///
/// # Errors
/// When the connector is unknown, or its settings are invalid.
pub fn vocabulary(system: &System, base: &Path) -> Result<Box<dyn ConnectorSchema + Send + Sync>, OpenError> {
    match system.connector.as_str() {
        "aws-iam" => Ok(Box::new(aws_iam::AwsIamSchema::new(system.system.clone(), settings(system)?))),
        "hosts" => Ok(Box::new(hosts::vocabulary(&hosts_config(system, base)?))),
        "postgres" => Ok(Box::new(PostgresSchema::new(&postgres_config(system, base)?))),
        other => Err(OpenError::UnknownConnector(other.to_owned())),
    }
}

/// Opens a system for reading.
///
/// # Errors
/// As [`vocabulary`], or when the system cannot be reached.
pub fn collector(system: &System, around: &ConnectorEnvironment<'_>) -> Result<Box<dyn Collector + Send>, OpenError> {
    match system.connector.as_str() {
        "aws-iam" => Ok(Box::new(aws(system, around)?)),
        "hosts" => Ok(Box::new(hosts::open(&system.system, &hosts_config(system, around.base)?)?)),
        "postgres" => Ok(Box::new(open_postgres(system, around)?)),
        other => Err(OpenError::UnknownConnector(other.to_owned())),
    }
}

/// Opens a system for reading with the credential of `[settings.readback]`, which differs from the one for writing. The
/// second value is whether there is one. A `hosts` system has no other credential than the account of the process:
/// there, the separate job makes the difference.
///
/// # Errors
/// As [`collector`].
pub fn readback(
    system: &System,
    around: &ConnectorEnvironment<'_>,
) -> Result<(Box<dyn Collector + Send>, bool), OpenError> {
    let mut system = system.clone();
    let own = system.settings.remove(READBACK);
    let own = match own {
        None => None,
        Some(toml::Value::Table(own)) => Some(own),
        Some(_) => {
            let why = format!("`{READBACK}` must be a table of settings that override those of the system");
            return Err(OpenError::Settings { connector: system.connector, why });
        }
    };
    let has_own = own.is_some() || system.connector == "hosts";
    system.settings.extend(own.into_iter().flatten());
    Ok((collector(&system, around)?, has_own))
}

/// Opens a system for reading as [`readback`] does. If it cannot be reached, returns a connection that fails at every
/// call, so that other systems are still read.
///
/// # Errors
/// When the connector is unknown, or its settings are invalid.
pub fn readback_or_closed(
    system: &System,
    around: &ConnectorEnvironment<'_>,
) -> Result<(Box<dyn Collector + Send>, bool), OpenError> {
    let why = match readback(system, around) {
        Err(OpenError::Connector(why)) => why,
        Err(error @ OpenError::NoVariable(_)) => ConnectorError::Unauthenticated(error.to_string()),
        opened => return opened,
    };
    let own = system.settings.contains_key(READBACK);
    Ok((Box::new(UnavailableConnector { words: vocabulary(system, around.base)?, why }), own))
}

/// Opens a system for writing.
///
/// # Errors
/// As [`collector`].
pub fn provisioner(
    system: &System,
    around: &ConnectorEnvironment<'_>,
) -> Result<Box<dyn Provisioner + Send>, OpenError> {
    match system.connector.as_str() {
        "aws-iam" => Ok(Box::new(aws(system, around)?)),
        "hosts" => Ok(Box::new(hosts::open(&system.system, &hosts_config(system, around.base)?)?)),
        "postgres" => Ok(Box::new(open_postgres(system, around)?)),
        other => Err(OpenError::UnknownConnector(other.to_owned())),
    }
}

/// Opens a system for writing. If it cannot be reached, returns a connection that fails at every call, so that only its
/// own actions fail.
///
/// # Errors
/// When the connector is unknown, or its settings are invalid.
pub fn provisioner_or_closed(
    system: &System,
    around: &ConnectorEnvironment<'_>,
) -> Result<Box<dyn Provisioner + Send>, OpenError> {
    match provisioner(system, around) {
        Err(OpenError::Connector(why)) => {
            Ok(Box::new(UnavailableConnector { words: vocabulary(system, around.base)?, why }))
        }
        Err(error @ OpenError::NoVariable(_)) => {
            let why = ConnectorError::Unauthenticated(error.to_string());
            Ok(Box::new(UnavailableConnector { words: vocabulary(system, around.base)?, why }))
        }
        opened => opened,
    }
}

fn aws(system: &System, around: &ConnectorEnvironment<'_>) -> Result<aws_iam::AwsIam, OpenError> {
    let lookup = |name: &str| (around.variable)(name).map(SecretString::from);
    Ok(aws_iam::AwsIam::connect(system.system.clone(), settings(system)?, lookup)?)
}

fn hosts_config(system: &System, base: &Path) -> Result<hosts::HostsConfig, OpenError> {
    let mut config: hosts::HostsConfig = settings(system)?;
    config.root = base.join(config.root);
    Ok(config)
}

fn postgres_config(system: &System, base: &Path) -> Result<PostgresConfig, OpenError> {
    let mut config: PostgresConfig = settings(system)?;
    config.ca = config.ca.map(|ca| base.join(ca));
    match config.problem() {
        None => Ok(config),
        Some(why) => Err(OpenError::Settings { connector: system.connector.clone(), why }),
    }
}

fn open_postgres(system: &System, around: &ConnectorEnvironment<'_>) -> Result<Postgres, OpenError> {
    let config = postgres_config(system, around.base)?;
    let password = secret(&config.password_env, around)?;
    Ok(postgres::open(&system.system, &config, password)?)
}

fn secret(name: &str, around: &ConnectorEnvironment<'_>) -> Result<SecretString, OpenError> {
    (around.variable)(name).map(SecretString::from).ok_or_else(|| OpenError::NoVariable(name.to_owned()))
}

/// Deserializes the settings strictly: an unknown key is an error, as in all governed files.
fn settings<T: DeserializeOwned>(system: &System) -> Result<T, OpenError> {
    let mut table = system.settings.clone();
    table.remove(READBACK);
    let refuse = |error: toml::de::Error| OpenError::Settings {
        connector: system.connector.clone(),
        why: error.message().to_owned(),
    };
    T::deserialize(toml::Value::Table(table)).map_err(refuse)
}

const READBACK: &str = "readback";
