//! Settings of a PostgreSQL server in its system file.

use crate::connector::{ConnectorSettings, InvalidSettingError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{
    net::IpAddr,
    path::{Path, PathBuf},
};

/// One PostgreSQL server (a cluster of databases), version 15 or later.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostgresConfig {
    /// A host name, an address, or the directory of a Unix socket.
    pub host: String,
    /// The port.
    #[serde(default = "default_port")]
    pub port: u16,
    /// The first database to connect to, where roles and memberships are read.
    #[serde(default = "default_database")]
    pub database: String,
    /// The role of the engine.
    pub user: String,
    /// The environment variable with the password of that role.
    pub password_env: String,
    /// The databases whose objects are read; default: all that accept connections.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub databases: Option<Vec<String>>,
    /// The protection of the connection.
    #[serde(default)]
    pub tls: TlsMode,
    /// A file of trusted PEM certificates; default: the certificates of the machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
    /// Whether stored passwords are listed, which needs the right to read `pg_authid` and, for the control total,
    /// `pg_shadow`.
    #[serde(default)]
    pub passwords: PasswordVisibility,
}

/// The protection of a connection.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TlsMode {
    /// No TLS; rejected unless the host is the local machine.
    Disable,
    /// No TLS for any host: the connection can be read and modified by others.
    DisableAnywhere,
    /// TLS with verification of certificate and host name.
    #[default]
    VerifyFull,
}

/// Whether stored passwords are listed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PasswordVisibility {
    /// They are listed by a fingerprint of the stored value; a listing fails without the necessary right.
    #[default]
    Fingerprint,
    /// They are not listed, which is reported as a blind spot.
    Unseen,
}

impl ConnectorSettings for PostgresConfig {
    const VARIABLES: &'static [&'static str] = &["password_env"];

    fn resolve_paths(&mut self, base: &Path) {
        self.ca = self.ca.take().map(|ca| base.join(ca));
    }

    fn validate(&self) -> Result<(), InvalidSettingError> {
        let named = [("host", &self.host), ("user", &self.user), ("password_env", &self.password_env)];
        if let Some((setting, _)) = named.into_iter().find(|(_, value)| value.is_empty()) {
            return Err(InvalidSettingError { setting, why: format!("`{setting}` must not be empty") });
        }
        match self.tls {
            TlsMode::Disable if !self.is_loopback() => Err(InvalidSettingError {
                setting: "tls",
                why: format!(
                    "`tls = \"disable\"` is allowed for the local machine only, not for `{}`; use `verify-full`",
                    self.host
                ),
            }),
            TlsMode::Disable | TlsMode::DisableAnywhere if self.ca.is_some() => Err(InvalidSettingError {
                setting: "ca",
                why: "`ca` has no meaning without TLS; use `tls = \"verify-full\"`".to_owned(),
            }),
            _ => Ok(()),
        }
    }
}

impl PostgresConfig {
    /// Returns whether the host is the local machine: a loopback address, `localhost`, or a Unix socket.
    pub fn is_loopback(&self) -> bool {
        let host = self.host.as_str();
        host.starts_with('/') || host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

fn default_port() -> u16 {
    5432
}

fn default_database() -> String {
    "postgres".to_owned()
}

/// The name of the connector.
pub(super) const NAME: &str = "postgres";

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Result<PostgresConfig, toml::de::Error> {
        toml::from_str(&format!("user = \"tenure\"\npassword_env = \"PG_PASSWORD\"\n{text}"))
    }

    #[test]
    fn tls_is_on_by_default_and_off_for_loopback_only() {
        assert_eq!(config("host = \"db.example\"").unwrap().tls, TlsMode::VerifyFull);
        for (host, fine) in [("127.0.0.1", true), ("::1", true), ("/run/postgresql", true), ("10.0.0.1", false)] {
            let plain = config(&format!("host = \"{host}\"\ntls = \"disable\"")).unwrap();
            assert_eq!(plain.validate().is_ok(), fine, "{host}");
        }
        let said = config("host = \"10.0.0.1\"\ntls = \"disable-anywhere\"").unwrap();
        assert_eq!(said.validate(), Ok(()));
    }

    #[test]
    fn unknown_keys_are_errors() {
        assert!(config("host = \"x\"\nsslmode = \"prefer\"").is_err());
        assert!(config("host = \"x\"\npassword = \"no\"").is_err());
    }
}
