//! An AWS account with its credential.

use super::api::IamApi;
use super::config::Config;
use super::policy_document::PolicyDocument;
use crate::connector::ConnectorError;
use crate::model::SystemId;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// A connection to AWS IAM. It contains secrets and has no `Debug`.
pub struct AwsIam {
    pub(super) system: SystemId,
    pub(super) config: Config,
    pub(super) api: IamApi,
    pub(super) documents: PolicyDocuments,
}

impl AwsIam {
    /// Connects with the credential in the environment variables of the settings; `lookup` reads the environment.
    ///
    /// # Errors
    /// When a variable is not set, an endpoint is invalid, or its name cannot be resolved.
    pub fn connect(
        system: SystemId,
        config: Config,
        lookup: impl Fn(&str) -> Option<SecretString>,
    ) -> Result<Self, ConnectorError> {
        let api = IamApi::connect(&config, lookup)?;
        Ok(Self { system, config, api, documents: PolicyDocuments::default() })
    }
}

/// Documents of managed policies by id and version, which AWS never changes after creation.
pub(super) type PolicyDocuments = Mutex<BTreeMap<(String, String), PolicyDocument>>;
