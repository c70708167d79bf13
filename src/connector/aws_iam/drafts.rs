//! Parts of planned changes that several plans share.

use super::calls::operation;
use super::grant_key::IamGrantKey;
use crate::connector::{PlannedChange, UnsupportedChangeError};
use crate::model::{AccessLoss, ExpectedState, Grant, Operation, RemainingPath};

/// Returns the call that deactivates a credential; `None` for a kind without an inactive state.
pub(super) fn status(key: &IamGrantKey, grant: &Grant) -> Option<Operation> {
    let (action, parameter, id) = match key {
        IamGrantKey::AccessKey { key } => ("UpdateAccessKey", "AccessKeyId", key),
        IamGrantKey::Certificate { certificate } => ("UpdateSigningCertificate", "CertificateId", certificate),
        IamGrantKey::ServiceCredential { credential } => {
            ("UpdateServiceSpecificCredential", "ServiceSpecificCredentialId", credential)
        }
        IamGrantKey::SshPublicKey { key } => ("UpdateSSHPublicKey", "SSHPublicKeyId", key),
        _ => return None,
    };
    let [name, user] = user(grant);
    Some(operation(action, [name, user, (parameter, id.as_str()), ("Status", INACTIVE)]))
}

/// Returns the call that deletes a credential.
pub(super) fn delete(key: &IamGrantKey, grant: &Grant) -> Option<Operation> {
    let [name, user] = user(grant);
    let (action, parameter, id) = match key {
        IamGrantKey::AccessKey { key } => ("DeleteAccessKey", "AccessKeyId", key),
        IamGrantKey::Certificate { certificate } => ("DeleteSigningCertificate", "CertificateId", certificate),
        IamGrantKey::Password { .. } => return Some(operation("DeleteLoginProfile", [name, user])),
        IamGrantKey::ServiceCredential { credential } => {
            ("DeleteServiceSpecificCredential", "ServiceSpecificCredentialId", credential)
        }
        IamGrantKey::SshPublicKey { key } => ("DeleteSSHPublicKey", "SSHPublicKeyId", key),
        _ => return None,
    };
    Some(operation(action, [name, user, (parameter, id.as_str())]))
}

/// Returns the name and id of the user of a grant.
pub(super) fn user(grant: &Grant) -> [(&'static str, &str); 2] {
    [("UserName", &grant.principal.name), ("UserId", &grant.principal.id)]
}

pub(super) fn loss(principal: &str, entitlement: &str) -> AccessLoss {
    AccessLoss { principal: principal.to_owned(), entitlement: entitlement.to_owned() }
}

pub(super) fn drafted(
    operations: Vec<Operation>,
    expects: ExpectedState,
    mut loses: Vec<AccessLoss>,
    survives: Vec<RemainingPath>,
    irreversible: Option<String>,
) -> PlannedChange {
    loses.sort();
    loses.dedup();
    PlannedChange { operations, expects, loses, survives, effects: Vec::new(), irreversible }
}

pub(super) fn unsupported(why: String, instead: &str) -> UnsupportedChangeError {
    UnsupportedChangeError::Unsupported { why, instead: instead.to_owned() }
}

pub(super) fn incomplete() -> UnsupportedChangeError {
    unsupported("data for the call is missing in the inventory".to_owned(), "collect the system again")
}

pub(super) const INACTIVE: &str = "Inactive";
