//! The calls that change something: what each is given, and how AWS' own people would type it.

use super::grant_key::Subject;
use super::listing::Holder;
use crate::model::Operation;
use std::collections::BTreeMap;

/// A call that takes something away, or stops it. What it says in `with`, it needs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Call {
    /// The action of the API.
    pub action: &'static str,
    /// The action that undoes it, where there is one that needs nothing else.
    pub undo: Option<&'static str>,
    /// The parameters AWS takes.
    pub parameters: &'static [&'static str],
    /// The ids that must still have the names given: the parameter with the name, and the entry with the id.
    pub bound: &'static [(&'static str, &'static str)],
}

impl Call {
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
    let call = Call::named(&operation.call)?;
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
pub(super) fn take_policy(key: &Subject, holder_name: &str, policy: &str, document: Option<&str>) -> Option<Operation> {
    match key {
        Subject::Attached { holder, id, policy: policy_id } => {
            let (action, name, holder_id) = match holder {
                Holder::Group => ("DetachGroupPolicy", "GroupName", "GroupId"),
                Holder::User => ("DetachUserPolicy", "UserName", "UserId"),
            };
            let with = [(name, holder_name), (holder_id, id), ("PolicyArn", policy), ("PolicyId", policy_id)];
            Some(operation(action, with))
        }
        Subject::Inline { holder, id, .. } => {
            let (action, name, holder_id) = match holder {
                Holder::Group => ("DeleteGroupPolicy", "GroupName", "GroupId"),
                Holder::User => ("DeleteUserPolicy", "UserName", "UserId"),
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
const CALLS: &[Call] = &[
    Call { action: "DeactivateMFADevice", undo: None, parameters: &["UserName", "SerialNumber"], bound: USER },
    Call { action: "DeleteAccessKey", undo: None, parameters: &["UserName", "AccessKeyId"], bound: USER },
    Call {
        action: "DeleteGroupPolicy",
        undo: None,
        parameters: &["GroupName", "PolicyName"],
        bound: &[("GroupName", "GroupId"), ("PolicyName", "Document")],
    },
    Call { action: "DeleteLoginProfile", undo: None, parameters: &["UserName"], bound: USER },
    Call { action: "DeleteSSHPublicKey", undo: None, parameters: &["UserName", "SSHPublicKeyId"], bound: USER },
    Call {
        action: "DeleteServiceSpecificCredential",
        undo: None,
        parameters: &["UserName", "ServiceSpecificCredentialId"],
        bound: USER,
    },
    Call { action: "DeleteSigningCertificate", undo: None, parameters: &["UserName", "CertificateId"], bound: USER },
    Call { action: "DeleteUser", undo: None, parameters: &["UserName"], bound: USER },
    Call {
        action: "DeleteUserPolicy",
        undo: None,
        parameters: &["UserName", "PolicyName"],
        bound: &[("UserName", "UserId"), ("PolicyName", "Document")],
    },
    Call { action: "DeleteVirtualMFADevice", undo: None, parameters: &["SerialNumber"], bound: &[] },
    Call {
        action: "DetachGroupPolicy",
        undo: Some("AttachGroupPolicy"),
        parameters: &["GroupName", "PolicyArn"],
        bound: &[("GroupName", "GroupId"), ("PolicyArn", "PolicyId")],
    },
    Call {
        action: "DetachUserPolicy",
        undo: Some("AttachUserPolicy"),
        parameters: &["UserName", "PolicyArn"],
        bound: &[("UserName", "UserId"), ("PolicyArn", "PolicyId")],
    },
    Call {
        action: "RemoveUserFromGroup",
        undo: Some("AddUserToGroup"),
        parameters: &["GroupName", "UserName"],
        bound: &[("UserName", "UserId"), ("GroupName", "GroupId")],
    },
    Call { action: "UpdateAccessKey", undo: None, parameters: &["UserName", "AccessKeyId", "Status"], bound: USER },
    Call {
        action: "UpdateSSHPublicKey",
        undo: None,
        parameters: &["UserName", "SSHPublicKeyId", "Status"],
        bound: USER,
    },
    Call {
        action: "UpdateServiceSpecificCredential",
        undo: None,
        parameters: &["UserName", "ServiceSpecificCredentialId", "Status"],
        bound: USER,
    },
    Call {
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
        assert!(Call::named("iam:DeleteUser").is_some());
        assert!(Call::named("iam:CreateUser").is_none());
    }
}
