//! The calls that change something: what each is given, and how AWS' own people would type it.

use super::grant_key::IamGrantKey;
use super::pagination::PolicyHolder;
use crate::model::Operation;
use std::collections::BTreeMap;

/// A call that takes something away, or stops it. What it says in `with`, it needs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct MutatingCall {
    /// The action of the API.
    pub action: &'static str,
    /// The action that undoes it, where there is one that needs nothing else.
    pub undo: Option<&'static str>,
    /// The parameters AWS takes.
    pub parameters: &'static [&'static str],
    /// The ids that must still have the names given: the parameter with the name, and the entry with the id.
    pub bound: &'static [(&'static str, &'static str)],
}

impl MutatingCall {
    /// Returns the call with this name; nothing for one this connector does not make.
    pub(super) fn named(call: &str) -> Option<&'static Self> {
        let action = call.strip_prefix("iam:")?;
        CALLS.iter().find(|call| call.action == action)
    }

    /// Returns what AWS is given, in order; nothing when the operation lacks some of it.
    pub(super) fn parameters<'a>(&self, operation: &'a Operation) -> Option<Vec<(&'static str, &'a str)>> {
        let given = |name: &&'static str| operation.with.get(*name).map(|value| (*name, value.as_str()));
        self.parameters.iter().map(given).collect()
    }
}

/// Returns the operation that makes `action` with these ids and names.
pub(super) fn operation<'a>(
    action: &'static str,
    with: impl IntoIterator<Item = (&'static str, &'a str)>,
) -> Operation {
    let with = with.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let call = CALLS.iter().find(|call| call.action == action);
    spelled(action, call.map_or(&["UserName"], |call| call.parameters), with)
}

/// Returns the operation that undoes one; nothing where none does.
pub(super) fn undo(operation: &Operation) -> Option<Operation> {
    let call = MutatingCall::named(&operation.call)?;
    let mut with = operation.with.clone();
    if let Some(status) = with.get_mut("Status") {
        "Active".clone_into(status);
        return Some(spelled(call.action, call.parameters, with));
    }
    call.undo.map(|action| spelled(action, call.parameters, with))
}

fn spelled(action: &str, parameters: &[&str], with: BTreeMap<String, String>) -> Operation {
    let mut text = format!("aws iam {}", dashed(action));
    for name in parameters {
        if let Some(value) = with.get(*name) {
            text.push_str(&format!(" --{} {}", dashed(name), quoted(value)));
        }
    }
    Operation { call: format!("iam:{action}"), with, text }
}

/// Returns the operation that takes a policy from its holder.
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

/// `UserName` becomes `user-name`, `SSHPublicKeyId` becomes `ssh-public-key-id`.
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

/// Quotes what a shell would read as something else.
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
    fn a_call_reads_as_the_command_line_of_aws() {
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
