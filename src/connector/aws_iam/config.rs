//! Settings of an AWS account in its system file.

use crate::connector::{
    ConnectorSettings, InvalidSettingError,
    http::{AddressScope, OriginError, PinnedOrigin},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The settings of an AWS account. They contain no secrets, only the names of environment variables.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The account id of twelve digits; a credential of another account is rejected.
    #[schemars(extend("pattern" = "^[0-9]{12}$"))]
    pub account: String,
    /// The signing region: `us-east-1` for IAM in the standard partition.
    #[serde(default = "us_east_1")]
    pub region: String,
    /// The IAM endpoint; default: `https://iam.amazonaws.com`. A private address is allowed here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The STS endpoint; default: the IAM endpoint if set, otherwise that of the region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sts_endpoint: Option<String>,
    /// The environment variable with the access key id.
    pub access_key_id_env: String,
    /// The environment variable with the secret access key.
    pub secret_access_key_env: String,
    /// The environment variable with the session token, for temporary credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_token_env: Option<String>,
    /// The number of days for which a key or password must be unused before it, or its user, is deleted. Before that,
    /// it can be disabled. 0 deletes immediately.
    #[serde(default)]
    pub soak_days: u16,
    /// The maximum time in seconds until a new key works and a deactivated key is rejected; changes propagate slowly in
    /// AWS.
    #[serde(default = "twenty")]
    pub settle_seconds: u16,
    /// Objects that this credential or target cannot list; reported in every validation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<UnobservedKind>,
    /// The number of entries per page; 1 to 1000.
    #[serde(default = "thousand", skip_serializing_if = "is_thousand")]
    #[schemars(range(min = 1, max = 1000))]
    pub page_size: u16,
}

/// A kind of object of a user that is declared as unreadable.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UnobservedKind {
    /// Credentials for CodeCommit and Keyspaces.
    ServiceSpecificCredentials,
    /// X.509 signing certificates.
    SigningCertificates,
    /// SSH public keys for CodeCommit.
    SshPublicKeys,
}

impl UnobservedKind {
    /// Returns the name of the kind, for display.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::ServiceSpecificCredentials => "service-specific credentials of users (declared in `unseen`)",
            Self::SigningCertificates => "signing certificates of users (declared in `unseen`)",
            Self::SshPublicKeys => "SSH public keys of users (declared in `unseen`)",
        }
    }
}

impl ConnectorSettings for Config {
    const VARIABLES: &'static [&'static str] = &["access_key_id_env", "secret_access_key_env", "session_token_env"];

    fn validate(&self) -> Result<(), InvalidSettingError> {
        let refuse = |setting, why: &str| Err(InvalidSettingError { setting, why: why.to_owned() });
        if self.account.len() != 12 || !self.account.bytes().all(|b| b.is_ascii_digit()) {
            return refuse("account", "`account` must be twelve digits");
        }
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if self.region.is_empty() || self.region.len() > 32 || !self.region.bytes().all(plain) {
            return refuse("region", "`region` must have the form `us-east-1`");
        }
        if !(1..=1000).contains(&self.page_size) {
            return refuse("page_size", "`page_size` must be 1 to 1000");
        }
        self.iam().and(self.sts()).map(|_| ())
    }
}

impl Config {
    pub(super) fn iam(&self) -> Result<PinnedOrigin, InvalidSettingError> {
        let refuse = |why| invalid_origin("endpoint", &why);
        match &self.endpoint {
            Some(listed) => PinnedOrigin::parse(listed, AddressScope::Listed).map_err(refuse),
            None => PinnedOrigin::parse("https://iam.amazonaws.com", AddressScope::Public).map_err(refuse),
        }
    }

    pub(super) fn sts(&self) -> Result<PinnedOrigin, InvalidSettingError> {
        let refuse = |why| invalid_origin("sts_endpoint", &why);
        match self.sts_endpoint.as_ref().or(self.endpoint.as_ref()) {
            Some(listed) => PinnedOrigin::parse(listed, AddressScope::Listed).map_err(refuse),
            None => PinnedOrigin::parse(&format!("https://sts.{}.amazonaws.com", self.region), AddressScope::Public)
                .map_err(refuse),
        }
    }

    pub(super) fn sees(&self, what: UnobservedKind) -> bool {
        !self.unseen.contains(&what)
    }
}

fn invalid_origin(setting: &'static str, why: &OriginError) -> InvalidSettingError {
    InvalidSettingError { setting, why: format!("`{setting}`: {why}") }
}

fn us_east_1() -> String {
    "us-east-1".to_owned()
}

const fn twenty() -> u16 {
    20
}

const fn thousand() -> u16 {
    1000
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
const fn is_thousand(size: &u16) -> bool {
    *size == 1000
}

/// The name of the connector.
pub(super) const NAME: &str = "aws-iam";

#[cfg(test)]
mod tests {
    use super::*;

    fn config(more: &str) -> Result<Config, toml::de::Error> {
        toml::from_str(&format!(
            "account = \"123456789012\"\naccess_key_id_env = \"A\"\nsecret_access_key_env = \"S\"\n{more}"
        ))
    }

    #[test]
    fn minimal_config_uses_public_endpoints() {
        let config = config("").unwrap();
        assert_eq!(config.validate(), Ok(()));
        assert_eq!(config.iam().unwrap().url().as_str(), "https://iam.amazonaws.com/");
        assert_eq!(config.sts().unwrap().url().as_str(), "https://sts.us-east-1.amazonaws.com/");
    }

    #[test]
    fn invalid_settings_are_rejected() {
        assert!(config("secret_access_key = \"oops\"").is_err(), "a secret is not allowed here");
        for more in ["page_size = 0", "page_size = 1001", "region = \"evil.net/\"", "endpoint = \"http://10.0.0.1\""] {
            assert!(config(more).unwrap().validate().is_err(), "{more}");
        }
    }
}
