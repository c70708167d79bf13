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
        ConnectorDefinition, ConnectorError, CredentialAttributes, GrantAttributes, LastUseSource, LoginAttributes,
        OpenError, PrivilegePhrase,
    },
    model::{Grant, GrantKind, SystemId, Timestamp},
};
use secrecy::{ExposeSecret as _, SecretString};

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
        variable: &dyn Fn(&str) -> Option<SecretString>,
    ) -> Result<Hosts, OpenError> {
        let is = |name: &str, value: &str| variable(name).is_some_and(|found| found.expose_secret() == value);
        let of_github = is("GITHUB_ACTIONS", "true") && is("RUNNER_ENVIRONMENT", "github-hosted");
        if of_github && settings.root.canonicalize().is_ok_and(|root| root.parent().is_none()) {
            let why =
                "`root` is `/`, which is a runner of GitHub and not the governed system; run the job on the system";
            return Err(ConnectorError::Permanent(why.to_owned()).into());
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runner_of_github_is_not_a_governed_system() {
        let system = SystemId::parse("web-1").unwrap();
        let hosted = |name: &str| match name {
            "GITHUB_ACTIONS" => Some(SecretString::from("true")),
            "RUNNER_ENVIRONMENT" => Some(SecretString::from("github-hosted")),
            _ => None,
        };
        let opened = HostsDefinition::open(&system, HostsConfig::below("/"), &hosted);
        assert!(opened.err().unwrap().to_string().contains("runner of GitHub"));
        let dir = tempfile::tempdir().unwrap();
        assert!(HostsDefinition::open(&system, HostsConfig::below(dir.path()), &hosted).is_ok());
        assert!(HostsDefinition::open(&system, HostsConfig::below("/"), &|_| None).is_ok());
    }
}
