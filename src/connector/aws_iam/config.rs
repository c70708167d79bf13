//! What the system file says about an AWS account.

use crate::connector::http::{AddressScope, OriginError, PinnedOrigin};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The settings of an AWS account. No secrets: only the names of the variables that hold them.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The account's twelve digits; a credential of another account is refused.
    #[schemars(extend("pattern" = "^[0-9]{12}$"))]
    pub account: String,
    /// The region that signs calls: `us-east-1` for IAM in the standard partition.
    #[serde(default = "us_east_1")]
    pub region: String,
    /// The IAM endpoint, where it is not `https://iam.amazonaws.com`; what is written here may be a private address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The STS endpoint, where it is not that of the region; by default the IAM endpoint when that is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sts_endpoint: Option<String>,
    /// The environment variable with the access key's id.
    pub access_key_id_env: String,
    /// The environment variable with the secret access key.
    pub secret_access_key_env: String,
    /// The environment variable with the session token, for temporary credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_token_env: Option<String>,
    /// The days a key or password must have gone unused before it, or its user, is deleted. Until then it can be
    /// disabled. 0 deletes at once.
    #[serde(default)]
    pub soak_days: u16,
    /// The seconds AWS may take until a new key works and a deactivated one no longer does; its changes spread slowly.
    #[serde(default = "twenty")]
    pub settle_seconds: u16,
    /// What this account's credential, or this target, cannot list; said in every validation, never silently skipped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<UnobservedKind>,
    /// The entries to ask for in one page; 1 to 1000.
    #[serde(default = "thousand", skip_serializing_if = "is_thousand")]
    #[schemars(range(min = 1, max = 1000))]
    pub page_size: u16,
}

/// A kind of thing that hangs on a user and is declared not to be seen.
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
    /// Returns what is not seen, for people.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::ServiceSpecificCredentials => "service-specific credentials of users (declared unseen)",
            Self::SigningCertificates => "signing certificates of users (declared unseen)",
            Self::SshPublicKeys => "SSH public keys of users (declared unseen)",
        }
    }
}

/// Settings that cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// Not twelve digits.
    #[error("`account` is twelve digits")]
    Account,
    /// No endpoint.
    #[error("`{0}`: {1}")]
    Endpoint(&'static str, OriginError),
    /// Out of range.
    #[error("`page_size` is 1 to 1000")]
    PageSize,
    /// No region.
    #[error("`region` is written like `us-east-1`")]
    Region,
}

impl Config {
    /// Checks what the types cannot hold.
    ///
    /// # Errors
    /// The first setting that cannot be used.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.account.len() != 12 || !self.account.bytes().all(|b| b.is_ascii_digit()) {
            return Err(ConfigError::Account);
        }
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if self.region.is_empty() || self.region.len() > 32 || !self.region.bytes().all(plain) {
            return Err(ConfigError::Region);
        }
        if !(1..=1000).contains(&self.page_size) {
            return Err(ConfigError::PageSize);
        }
        self.iam().and(self.sts()).map(|_| ())
    }

    pub(super) fn iam(&self) -> Result<PinnedOrigin, ConfigError> {
        let refuse = |why| ConfigError::Endpoint("endpoint", why);
        match &self.endpoint {
            Some(listed) => PinnedOrigin::parse(listed, AddressScope::Listed).map_err(refuse),
            None => PinnedOrigin::parse("https://iam.amazonaws.com", AddressScope::Public).map_err(refuse),
        }
    }

    pub(super) fn sts(&self) -> Result<PinnedOrigin, ConfigError> {
        let refuse = |why| ConfigError::Endpoint("sts_endpoint", why);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn config(more: &str) -> Result<Config, toml::de::Error> {
        toml::from_str(&format!(
            "account = \"123456789012\"\naccess_key_id_env = \"A\"\nsecret_access_key_env = \"S\"\n{more}"
        ))
    }

    #[test]
    fn the_least_settings_reach_the_public_endpoints() {
        let config = config("").unwrap();
        assert_eq!(config.check(), Ok(()));
        assert_eq!(config.iam().unwrap().url().as_str(), "https://iam.amazonaws.com/");
        assert_eq!(config.sts().unwrap().url().as_str(), "https://sts.us-east-1.amazonaws.com/");
    }

    #[test]
    fn what_cannot_be_used_is_refused() {
        assert!(config("secret_access_key = \"oops\"").is_err(), "a secret has no place here");
        for more in ["page_size = 0", "page_size = 1001", "region = \"evil.net/\"", "endpoint = \"http://10.0.0.1\""] {
            assert!(config(more).unwrap().check().is_err(), "{more}");
        }
    }
}
