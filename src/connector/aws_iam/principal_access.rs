//! The policies and credentials of a user or group.

use super::account::{AwsIam, PolicyDocuments};
use super::api::IamApi;
use super::api_types::{AccessKey, IamUser, LoginProfile, ServiceSpecificCredential, SigningCertificate, SshPublicKey};
use super::config::{Config, UnobservedKind};
use super::grant_key::IamGrantKey;
use super::listing::PolicyHolder;
use super::policy_document::{PolicyDocument, PolicyPower};
use crate::connector::ConnectorError;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::PoisonError;

/// A policy on a user or group.
#[derive(Clone, Debug)]
pub(super) struct HeldPolicy {
    /// Its name.
    pub name: String,
    /// Its location.
    pub place: PolicyLocation,
    /// Its document.
    pub document: PolicyDocument,
}

/// The location of a policy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum PolicyLocation {
    /// A managed policy of the account.
    Account { id: String, arn: String },
    /// A managed policy of AWS, whose document AWS may change at any time.
    Aws { id: String, arn: String },
    /// Embedded in its holder.
    Inline,
}

impl PolicyLocation {
    /// Returns the location of the managed policy with this ARN: the account field of AWS' own policies is `aws`.
    pub(super) fn managed(id: String, arn: String) -> Self {
        if arn.split(':').nth(4) == Some("aws") { Self::Aws { id, arn } } else { Self::Account { id, arn } }
    }

    /// Returns the id of a managed policy.
    pub(super) fn id(&self) -> Option<&str> {
        match self {
            Self::Account { id, .. } | Self::Aws { id, .. } => Some(id),
            Self::Inline => None,
        }
    }
}

impl HeldPolicy {
    /// Returns whether it gives full access.
    pub(super) fn is_administrator(&self) -> bool {
        self.document.power == PolicyPower::Administrator
    }
}

/// Reads policies, with one request for each managed policy.
pub(super) struct PolicyReader<'a> {
    api: &'a IamApi,
    documents: &'a PolicyDocuments,
    seen: RefCell<BTreeMap<String, HeldPolicy>>,
}

impl<'a> PolicyReader<'a> {
    pub(super) fn new(aws: &'a AwsIam) -> Self {
        Self { api: &aws.api, documents: &aws.documents, seen: RefCell::default() }
    }

    /// Returns every policy on the user or group with this name: attached and inline.
    pub(super) fn of(&self, holder: PolicyHolder, name: &str) -> Result<Vec<HeldPolicy>, ConnectorError> {
        let mut held = Vec::new();
        for attached in self.api.attached(holder, name)? {
            held.push(self.managed(&attached.policy_arn)?.ok_or_else(changed)?);
        }
        for policy in self.api.inline_names(holder, name)? {
            held.push(self.inline(holder, name, &policy)?.ok_or_else(changed)?);
        }
        Ok(held)
    }

    /// Returns an inline policy; `None` when it does not exist.
    pub(super) fn inline(
        &self,
        holder: PolicyHolder,
        name: &str,
        policy: &str,
    ) -> Result<Option<HeldPolicy>, ConnectorError> {
        let Some(encoded) = self.api.inline(holder, name, policy)? else { return Ok(None) };
        let document = PolicyDocument::read(&encoded).ok_or_else(illegible)?;
        Ok(Some(HeldPolicy { name: policy.to_owned(), place: PolicyLocation::Inline, document }))
    }

    /// Returns the managed policy with this ARN; `None` when it does not exist.
    pub(super) fn managed(&self, arn: &str) -> Result<Option<HeldPolicy>, ConnectorError> {
        if let Some(held) = self.seen.borrow().get(arn) {
            return Ok(Some(held.clone()));
        }
        let Some(policy) = self.api.policy(arn)? else { return Ok(None) };
        let version = (policy.policy_id.clone(), policy.default_version_id.clone());
        let known = self.documents.lock().unwrap_or_else(PoisonError::into_inner).get(&version).cloned();
        let document = match known {
            Some(document) => document,
            None => {
                let document = PolicyDocument::read(&self.api.document(&policy)?).ok_or_else(illegible)?;
                self.documents.lock().unwrap_or_else(PoisonError::into_inner).insert(version, document.clone());
                document
            }
        };
        let held = HeldPolicy {
            name: policy.policy_name,
            place: PolicyLocation::managed(policy.policy_id, policy.arn),
            document,
        };
        self.seen.borrow_mut().insert(arn.to_owned(), held.clone());
        Ok(Some(held))
    }
}

/// The credentials and devices of a user.
pub(super) struct UserResources {
    pub access_keys: Vec<AccessKey>,
    pub certificates: Vec<SigningCertificate>,
    pub password: Option<LoginProfile>,
    pub service_credentials: Vec<ServiceSpecificCredential>,
    pub ssh_public_keys: Vec<SshPublicKey>,
}

impl UserResources {
    pub(super) fn read(api: &IamApi, config: &Config, user: &IamUser) -> Result<Self, ConnectorError> {
        let name = &user.user_name;
        let (access_keys, password) = (api.access_keys(name)?, api.login_profile(name)?);
        Self { access_keys, password, ..Self::none() }.others(api, config, user)
    }

    /// Reads only the objects of the kind of this key.
    pub(super) fn of_kind(api: &IamApi, key: &IamGrantKey, user: &IamUser) -> Result<Self, ConnectorError> {
        let name = &user.user_name;
        Ok(match key {
            IamGrantKey::AccessKey { .. } => Self { access_keys: api.access_keys(name)?, ..Self::none() },
            IamGrantKey::Certificate { .. } => Self { certificates: api.certificates(name)?, ..Self::none() },
            IamGrantKey::Password { .. } => Self { password: api.login_profile(name)?, ..Self::none() },
            IamGrantKey::ServiceCredential { .. } => {
                Self { service_credentials: api.service_credentials(name)?, ..Self::none() }
            }
            IamGrantKey::SshPublicKey { .. } => Self { ssh_public_keys: api.ssh_public_keys(name)?, ..Self::none() },
            _ => Self::none(),
        })
    }

    fn none() -> Self {
        Self {
            access_keys: Vec::new(),
            certificates: Vec::new(),
            password: None,
            service_credentials: Vec::new(),
            ssh_public_keys: Vec::new(),
        }
    }

    /// Reads rare kinds of credentials.
    fn others(mut self, api: &IamApi, config: &Config, user: &IamUser) -> Result<Self, ConnectorError> {
        let name = &user.user_name;
        if config.sees(UnobservedKind::SigningCertificates) {
            self.certificates = api.certificates(name)?;
        }
        if config.sees(UnobservedKind::ServiceSpecificCredentials) {
            self.service_credentials = api.service_credentials(name)?;
        }
        if config.sees(UnobservedKind::SshPublicKeys) {
            self.ssh_public_keys = api.ssh_public_keys(name)?;
        }
        Ok(self)
    }

    /// Returns whether any of them can be used to sign in.
    pub(super) fn can_sign_in(&self) -> bool {
        self.password.is_some()
            || self.access_keys.iter().any(|key| key.status == ACTIVE)
            || self.certificates.iter().any(|certificate| certificate.status == ACTIVE)
            || self.service_credentials.iter().any(|credential| credential.status == ACTIVE)
            || self.ssh_public_keys.iter().any(|key| key.status == ACTIVE)
    }
}

/// Returns whether a user has a credential to sign in, with as few calls as possible: the first usable one is
/// sufficient.
pub(super) fn can_sign_in(api: &IamApi, config: &Config, user: &IamUser) -> Result<bool, ConnectorError> {
    let name = &user.user_name;
    let some = UserResources { access_keys: api.access_keys(name)?, ..UserResources::none() };
    if some.can_sign_in() {
        return Ok(true);
    }
    if api.login_profile(name)?.is_some() {
        return Ok(true);
    }
    some.others(api, config, user).map(|all| all.can_sign_in())
}

pub(super) fn changed() -> ConnectorError {
    ConnectorError::Transient("a policy disappeared while it was read".to_owned())
}

pub(super) fn illegible() -> ConnectorError {
    ConnectorError::Permanent("a policy document is not JSON with statements".to_owned())
}

/// The status of a usable credential.
pub(super) const ACTIVE: &str = "Active";
