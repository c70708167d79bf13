//! Disabling a user, and removing a user with all of its objects.

use super::account::AwsIam;
use super::api_types::IamUser;
use super::calls::{operation, take_policy};
use super::config::Config;
use super::drafts::{delete, drafted, incomplete, loss, status, unsupported, user};
use super::grant_key::IamGrantKey;
use super::listing::PolicyHolder;
use super::principal_access::{ACTIVE, HeldPolicy, PolicyLocation, PolicyReader, UserResources};
use crate::connector::{ConnectorError, PlannedChange, UnsupportedChangeError};
use crate::model::{AccessLoss, ExpectedState, Grant, GrantKind, Inventory, Operation};
use std::collections::{BTreeMap, BTreeSet};

/// Plans the end of a user's sign-in: no password, no active key. The user and its policies stay.
pub(super) fn disable_user(account: &Grant, inventory: &Inventory) -> Result<PlannedChange, UnsupportedChangeError> {
    whole(account, inventory)?;
    let operations = contain(account, inventory)?;
    let irreversible = operations
        .iter()
        .any(|operation| operation.call == "iam:DeleteLoginProfile")
        .then(|| "the password is deleted; a new one has to be set".to_owned());
    if operations.is_empty() {
        let why = format!("{} has no credential to sign in with", account.principal.name);
        return Err(unsupported(why, "collect the system again, or revoke the user"));
    }
    let expects = ExpectedState::Shows(BTreeMap::from([("status".to_owned(), "disabled".to_owned())]));
    let loses = vec![loss(&account.principal.name, "sign-in by any credential")];
    Ok(drafted(operations, expects, loses, Vec::new(), irreversible))
}

/// Plans the removal of a user: deactivates its credentials, removes its objects, then deletes the user.
pub(super) fn remove_user(
    config: &Config,
    account: &Grant,
    inventory: &Inventory,
) -> Result<PlannedChange, UnsupportedChangeError> {
    whole(account, inventory)?;
    let principal = &account.principal;
    let mut operations = contain(account, inventory)?;
    for (key, grant) in of(account, inventory, GrantKind::Credential) {
        // A password has no inactive state, so deactivating has already deleted it.
        if !matches!(key, IamGrantKey::Password { .. }) {
            operations.push(delete(&key, grant).ok_or_else(incomplete)?);
        }
    }
    let [name, id] = user(account);
    for (_, grant) in of(account, inventory, GrantKind::Membership) {
        let group = [("GroupName", grant.entitlement.name.as_str()), ("GroupId", grant.entitlement.id.as_str())];
        operations.push(operation("RemoveUserFromGroup", group.into_iter().chain([name, id])));
    }
    for (key, grant) in of(account, inventory, GrantKind::Policy) {
        let policy = grant.attribute("arn").unwrap_or(&grant.entitlement.name);
        let take = take_policy(&key, &principal.name, policy, grant.attribute("document"));
        operations.push(take.ok_or_else(incomplete)?);
    }
    for serial in account.attribute("mfa").unwrap_or("none").split(' ').filter(|serial| *serial != "none") {
        operations.push(operation("DeactivateMFADevice", [name, id, ("SerialNumber", serial)]));
        // A virtual device has an ARN as serial number and would otherwise remain; a hardware device has none.
        if serial.starts_with("arn:") && serial.contains(":mfa/") {
            operations.push(operation("DeleteVirtualMFADevice", [("SerialNumber", serial)]));
        }
    }
    operations.push(operation("DeleteUser", [name, id]));
    let loses: Vec<AccessLoss> = inventory
        .of_principal(&principal.id)
        .flat_map(|grant| {
            let hidden = grant.expands_to.iter().map(|hidden| loss(&principal.name, &hidden.name));
            std::iter::once(loss(&principal.name, &grant.entitlement.name)).chain(hidden)
        })
        .collect();
    let mut irreversible =
        "a deleted user cannot be restored; a new user with the same name is another user".to_owned();
    for unseen in &config.unseen {
        irreversible
            .push_str(&format!("; not listed, and if there are any, AWS rejects the last call: {}", unseen.text()));
    }
    Ok(drafted(operations, ExpectedState::Absent, loses, Vec::new(), Some(irreversible)))
}

/// Deactivates every credential first, before any object is removed.
fn contain(account: &Grant, inventory: &Inventory) -> Result<Vec<Operation>, UnsupportedChangeError> {
    let mut operations = Vec::new();
    for (key, grant) in of(account, inventory, GrantKind::Credential) {
        if matches!(key, IamGrantKey::Password { .. }) {
            operations.insert(0, delete(&key, grant).ok_or_else(incomplete)?);
        } else if grant.attribute("status") == Some(ACTIVE) {
            operations.push(status(&key, grant).ok_or_else(incomplete)?);
        }
    }
    Ok(operations)
}

fn of<'a>(
    account: &Grant,
    inventory: &'a Inventory,
    kind: GrantKind,
) -> impl Iterator<Item = (IamGrantKey, &'a Grant)> {
    inventory
        .of_principal(&account.principal.id)
        .filter(move |grant| grant.kind == kind)
        .filter_map(|grant| IamGrantKey::parse(&grant.key).map(|key| (key, grant)))
}

fn whole(account: &Grant, inventory: &Inventory) -> Result<(), UnsupportedChangeError> {
    if inventory.is_complete() {
        return Ok(());
    }
    let why = format!("the inventory is incomplete, so some objects of {} may be unknown", account.principal.name);
    Err(unsupported(why, "collect the system again until it is complete"))
}

/// Rejects the action when the user has an object that is not in the plan: it was created after the review.
pub(super) fn planned_whole(aws: &AwsIam, found: &IamUser, operations: &[Operation]) -> Result<(), ConnectorError> {
    let named = |call: &str, parameter: &str| -> BTreeSet<&str> {
        let calls = operations.iter().filter(|operation| operation.call == format!("iam:{call}"));
        calls.filter_map(|operation| operation.with.get(parameter)).map(String::as_str).collect()
    };
    let belongings = UserResources::read(&aws.api, &aws.config, found)?;
    let devices = aws.api.mfa_devices(&found.user_name)?;
    let groups = aws.api.groups_of(&found.user_name)?;
    let policies = PolicyReader::new(aws).of(PolicyHolder::User, &found.user_name)?;
    let check =
        |what: &str, planned: BTreeSet<&str>, there: Vec<&str>| match there.iter().find(|id| !planned.contains(*id)) {
            None => Ok(()),
            Some(_) => Err(ConnectorError::PreconditionFailed(format!("the user has {what} that is not in the plan"))),
        };
    let keys = belongings.access_keys.iter().map(|key| key.access_key_id.as_str()).collect();
    check("an access key", named("DeleteAccessKey", "AccessKeyId"), keys)?;
    let certificates = belongings.certificates.iter().map(|one| one.certificate_id.as_str()).collect();
    check("a signing certificate", named("DeleteSigningCertificate", "CertificateId"), certificates)?;
    let services = belongings.service_credentials.iter().map(|one| one.service_specific_credential_id.as_str());
    let planned = named("DeleteServiceSpecificCredential", "ServiceSpecificCredentialId");
    check("a service-specific credential", planned, services.collect())?;
    let ssh = belongings.ssh_public_keys.iter().map(|key| key.id.as_str()).collect();
    check("an SSH public key", named("DeleteSSHPublicKey", "SSHPublicKeyId"), ssh)?;
    let devices = devices.iter().map(|device| device.serial_number.as_str()).collect();
    check("an MFA device", named("DeactivateMFADevice", "SerialNumber"), devices)?;
    let password = belongings.password.iter().map(|_| found.user_id.as_str()).collect();
    check("a password", named("DeleteLoginProfile", "UserId"), password)?;
    let groups = groups.iter().map(|group| group.group_id.as_str()).collect();
    check("a membership", named("RemoveUserFromGroup", "GroupId"), groups)?;
    let (attached, inline): (Vec<&HeldPolicy>, Vec<&HeldPolicy>) =
        policies.iter().partition(|held| held.place != PolicyLocation::Inline);
    let attached = attached.into_iter().filter_map(|held| held.place.id());
    check("a policy", named("DetachUserPolicy", "PolicyId"), attached.collect())?;
    let inline = inline.into_iter().map(|held| held.name.as_str()).collect();
    check("an inline policy", named("DeleteUserPolicy", "PolicyName"), inline)
}
