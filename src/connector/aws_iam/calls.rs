//! Mutating API calls: their parameters, and their AWS CLI equivalents.

use super::grant_key::IamGrantKey;
use super::listing::PolicyHolder;
use crate::model::Operation;
use std::collections::BTreeMap;

/// A call that removes or deactivates an object. All of its parameters are in `with` of the operation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct MutatingCall {
    /// The action of the API.
    pub action: &'static str,
    /// The reverse action, if one exists that needs no other parameters.
    pub undo: Option<&'static str>,
    /// The parameters of the call.
    pub parameters: &'static [&'static str],
    /// The ids that must still have the given names: the parameter with the name, and the entry with the id.
    pub bound: &'static [(&'static str, &'static str)],
}

impl MutatingCall {
    /// Returns the call with this name; `None` for a call that this connector does not make.
    pub(super) fn named(call: &str) -> Option<&'static Self> {
        let action = call.strip_prefix("iam:")?;
        CALLS.iter().find(|call| call.action == action)
    }

    /// Returns the parameters, in order; `None` when the operation lacks one of them.
    pub(super) fn parameters<'a>(&self, operation: &'a Operation) -> Option<Vec<(&'static str, &'a str)>> {
        let given = |name: &&'static str| operation.with.get(*name).map(|value| (*name, value.as_str()));
        self.parameters.iter().map(given).collect()
    }
}

/// Returns the operation of `action` with these ids and names.
pub(super) fn operation<'a>(
    action: &'static str,
    with: impl IntoIterator<Item = (&'static str, &'a str)>,
) -> Operation {
    let with = with.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let call = CALLS.iter().find(|call| call.action == action);
    operation_with_text(action, call.map_or(&["UserName"], |call| call.parameters), with)
}

/// Returns the reverse operation, or `None` if there is none.
pub(super) fn undo(operation: &Operation) -> Option<Operation> {
    let call = MutatingCall::named(&operation.call)?;
    let mut with = operation.with.clone();
    if let Some(status) = with.get_mut("Status") {
        "Active".clone_into(status);
        return Some(operation_with_text(call.action, call.parameters, with));
    }
    call.undo.map(|action| operation_with_text(action, call.parameters, with))
}

fn operation_with_text(action: &str, parameters: &[&str], with: BTreeMap<String, String>) -> Operation {
    let mut text = format!("aws iam {}", dashed(action));
    for name in parameters {
        if let Some(value) = with.get(*name) {
            text.push_str(&format!(" --{} {}", dashed(name), quoted(value)));
        }
    }
    Operation { call: format!("iam:{action}"), with, text }
}

/// Returns the operation that removes a policy from its holder.
pub(super) fn take_policy(
    key: &IamGrantKey,
    holder_name: &str,
    policy: &str,
    document: Option<&str>,
) -> Option<Operation> {
    match key {
        IamGrantKey::Attached { holder, id, policy: policy_id } => {
            let (action, name, holder_id) = match holder {
                PolicyHolder::Group => ("DetachGroupPolicy", "GroupName", "GroupId"),
                PolicyHolder::User => ("DetachUserPolicy", "UserName", "UserId"),
            };
            let with = [(name, holder_name), (holder_id, id), ("PolicyArn", policy), ("PolicyId", policy_id)];
            Some(operation(action, with))
        }
        IamGrantKey::Inline { holder, id, .. } => {
            let (action, name, holder_id) = match holder {
                PolicyHolder::Group => ("DeleteGroupPolicy", "GroupName", "GroupId"),
                PolicyHolder::User => ("DeleteUserPolicy", "UserName", "UserId"),
            };
            let with = [(name, holder_name), (holder_id, id), ("PolicyName", policy), ("Document", document?)];
            Some(operation(action, with))
        }
        _ => None,
    }
}

/// Converts `UserName` to `user-name`, `SSHPublicKeyId` to `ssh-public-key-id`.
fn dashed(name: &str) -> String {
    let bytes = name.as_bytes();
    let mut text = String::new();
    for (index, &byte) in bytes.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|i| bytes.get(i));
        let after = bytes.get(index + 1);
        let starts_word = byte.is_ascii_uppercase()
            && before.is_some_and(|b| b.is_ascii_lowercase() || after.is_some_and(|a| a.is_ascii_lowercase()));
        if starts_word {
            text.push('-');
        }
        text.push(char::from(byte.to_ascii_lowercase()));
    }
    text
}

/// Quotes a value for a shell if necessary.
fn quoted(value: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./:@+=,".contains(&b);
    if !value.is_empty() && value.bytes().all(plain) {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\'', r"'\''"))
    }
}

const USER: &[(&str, &str)] = &[("UserName", "UserId")];
const CALLS: &[MutatingCall] = &[
    MutatingCall { action: "DeactivateMFADevice", undo: None, parameters: &["UserName", "SerialNumber"], bound: USER },
    MutatingCall { action: "DeleteAccessKey", undo: None, parameters: &["UserName", "AccessKeyId"], bound: USER },
    MutatingCall {
        action: "DeleteGroupPolicy",
        undo: None,
        parameters: &["GroupName", "PolicyName"],
        bound: &[("GroupName", "GroupId"), ("PolicyName", "Document")],
    },
    MutatingCall { action: "DeleteLoginProfile", undo: None, parameters: &["UserName"], bound: USER },
    MutatingCall { action: "DeleteSSHPublicKey", undo: None, parameters: &["UserName", "SSHPublicKeyId"], bound: USER },
    MutatingCall {
        action: "DeleteServiceSpecificCredential",
        undo: None,
        parameters: &["UserName", "ServiceSpecificCredentialId"],
        bound: USER,
    },
    MutatingCall {
        action: "DeleteSigningCertificate",
        undo: None,
        parameters: &["UserName", "CertificateId"],
        bound: USER,
    },
    MutatingCall { action: "DeleteUser", undo: None, parameters: &["UserName"], bound: USER },
    MutatingCall {
        action: "DeleteUserPolicy",
        undo: None,
        parameters: &["UserName", "PolicyName"],
        bound: &[("UserName", "UserId"), ("PolicyName", "Document")],
    },
    MutatingCall { action: "DeleteVirtualMFADevice", undo: None, parameters: &["SerialNumber"], bound: &[] },
    MutatingCall {
        action: "DetachGroupPolicy",
        undo: Some("AttachGroupPolicy"),
        parameters: &["GroupName", "PolicyArn"],
        bound: &[("GroupName", "GroupId"), ("PolicyArn", "PolicyId")],
    },
    MutatingCall {
        action: "DetachUserPolicy",
        undo: Some("AttachUserPolicy"),
        parameters: &["UserName", "PolicyArn"],
        bound: &[("UserName", "UserId"), ("PolicyArn", "PolicyId")],
    },
    MutatingCall {
        action: "RemoveUserFromGroup",
        undo: Some("AddUserToGroup"),
        parameters: &["GroupName", "UserName"],
        bound: &[("UserName", "UserId"), ("GroupName", "GroupId")],
    },
    MutatingCall {
        action: "UpdateAccessKey",
        undo: None,
        parameters: &["UserName", "AccessKeyId", "Status"],
        bound: USER,
    },
    MutatingCall {
        action: "UpdateSSHPublicKey",
        undo: None,
        parameters: &["UserName", "SSHPublicKeyId", "Status"],
        bound: USER,
    },
    MutatingCall {
        action: "UpdateServiceSpecificCredential",
        undo: None,
        parameters: &["UserName", "ServiceSpecificCredentialId", "Status"],
        bound: USER,
    },
    MutatingCall {
        action: "UpdateSigningCertificate",
        undo: None,
        parameters: &["UserName", "CertificateId", "Status"],
        bound: USER,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn call_is_shown_as_an_aws_cli_command() {
        let made = operation(
            "UpdateSSHPublicKey",
            [("UserName", "a b"), ("UserId", "AIDA1"), ("SSHPublicKeyId", "APKA1"), ("Status", "Inactive")],
        );
        assert_eq!(
            made.text,
            "aws iam update-ssh-public-key --user-name 'a b' --ssh-public-key-id APKA1 --status Inactive"
        );
        assert_eq!(dashed("DeactivateMFADevice"), "deactivate-mfa-device");
        assert!(MutatingCall::named("iam:DeleteUser").is_some());
        assert!(MutatingCall::named("iam:CreateUser").is_none());
    }
}
