//! Builds grants from API replies. A listing and an observation build the same grant from the same data.

use super::api_types::{IamGroup, IamUser, LastUsed, MfaDevice};
use super::grant_key::IamGrantKey;
use super::listing::PolicyHolder;
use super::principal_access::{HeldPolicy, PolicyLocation, UserResources};
use crate::connector::ConnectorError;
use crate::model::{
    AccessPath, AccessRoute, Attributes, Entitlement, Grant, GrantKind, Principal, SystemId, Tier, Timestamp, Usage,
};

/// Returns the account of a user.
pub(super) fn account(
    system: &SystemId,
    user: &IamUser,
    devices: &[MfaDevice],
    is_active: bool,
) -> Result<Grant, ConnectorError> {
    let mut serials: Vec<&str> = devices.iter().map(|device| device.serial_number.as_str()).collect();
    serials.sort_unstable();
    let mfa = if serials.is_empty() { "none".to_owned() } else { serials.join(" ") };
    let status = if is_active { "active" } else { "disabled" };
    let attributes = attributes([("created", user.create_date.as_str()), ("mfa", &mfa), ("status", status)]);
    let what = ("iam-user".to_owned(), "user of the account".to_owned());
    let path = (user.user_id.clone(), format!("{} is a user", user.user_name));
    let key = IamGrantKey::Account { user: user.user_id.clone() };
    grant(system, GrantKind::Account, &key, user_principal(user), what, path, attributes, Tier::T2)
}

/// Returns the credentials of a user.
pub(super) fn credentials(
    system: &SystemId,
    user: &IamUser,
    belongings: &UserResources,
) -> Result<Vec<Grant>, ConnectorError> {
    let credential = |key: IamGrantKey, id: &str, what: String, attributes: Attributes| {
        let path = (format!("{}/{id}", user.user_id), format!("{} has {what}", user.user_name));
        let what = (id.to_owned(), what);
        grant(system, GrantKind::Credential, &key, user_principal(user), what, path, attributes, Tier::T2)
    };
    let mut grants = Vec::new();
    if let Some(password) = &belongings.password {
        let key = IamGrantKey::Password { user: user.user_id.clone() };
        let id = format!("password-{}", user.user_id);
        let attributes = attributes([("created", password.create_date.as_str()), ("type", "password")]);
        grants.push(credential(key, &id, "a console password".to_owned(), attributes)?);
    }
    for key in &belongings.access_keys {
        let id = &key.access_key_id;
        let attributes =
            attributes([("created", key.create_date.as_str()), ("status", &key.status), ("type", "access-key")]);
        grants.push(credential(
            IamGrantKey::AccessKey { key: id.clone() },
            id,
            format!("access key {id}"),
            attributes,
        )?);
    }
    for certificate in &belongings.certificates {
        let id = &certificate.certificate_id;
        let attributes = attributes([("status", certificate.status.as_str()), ("type", "signing-certificate")]);
        let key = IamGrantKey::Certificate { certificate: id.clone() };
        grants.push(credential(key, id, format!("signing certificate {id}"), attributes)?);
    }
    for one in &belongings.service_credentials {
        let id = &one.service_specific_credential_id;
        let attributes = attributes([
            ("service", one.service_name.as_str()),
            ("status", &one.status),
            ("type", "service-specific-credential"),
        ]);
        let key = IamGrantKey::ServiceCredential { credential: id.clone() };
        grants.push(credential(key, id, format!("credential {id} for {}", one.service_name), attributes)?);
    }
    for key in &belongings.ssh_public_keys {
        let attributes = attributes([("status", key.status.as_str()), ("type", "ssh-public-key")]);
        let text = format!("SSH public key {}", key.id);
        grants.push(credential(IamGrantKey::SshPublicKey { key: key.id.clone() }, &key.id, text, attributes)?);
    }
    Ok(grants)
}

/// Returns the membership of a user in a group with these policies.
pub(super) fn membership(
    system: &SystemId,
    user: &IamUser,
    group: &IamGroup,
    held: &[HeldPolicy],
) -> Result<Grant, ConnectorError> {
    let tier = held.iter().map(|held| held.document.power.tier()).min().unwrap_or(Tier::T3);
    let what = (group.group_id.clone(), group.group_name.clone());
    let ids = format!("{}/{}", user.user_id, group.group_id);
    let path = (ids, format!("{} is in {}", user.user_name, group.group_name));
    let key = IamGrantKey::Membership { user: user.user_id.clone(), group: group.group_id.clone() };
    let power = held.iter().map(|held| held.document.power).min();
    let attributes = power.map(|power| attributes([("power", power.as_str())])).unwrap_or_default();
    let principal = user_principal(user);
    let mut grant = grant(system, GrantKind::Membership, &key, principal, what, path, attributes, tier)?;
    grant.expands_to = held.iter().map(|held| expansion(&group.group_id, held)).collect();
    grant.expands_to.sort();
    Ok(grant)
}

/// Returns the grant of one policy to a user or group.
pub(super) fn policy(
    system: &SystemId,
    holder: PolicyHolder,
    principal: Principal,
    held: &HeldPolicy,
) -> Result<Grant, ConnectorError> {
    let digest = held.document.digest.to_string();
    let mut attributes = attributes([("holder", holder.as_str()), ("power", held.document.power.as_str())]);
    let id = principal.id.clone();
    let (key, entitlement) = match &held.place {
        PolicyLocation::Account { id: policy, arn } | PolicyLocation::Aws { id: policy, arn } => {
            attributes.insert("arn".to_owned(), arn.clone());
            (IamGrantKey::Attached { holder, id, policy: policy.clone() }, policy.clone())
        }
        PolicyLocation::Inline => {
            let own = format!("{id}/{}", held.name);
            (IamGrantKey::Inline { holder, id, policy: held.name.clone() }, own)
        }
    };
    // AWS changes its own policies weekly; including their digest would reopen every review. Their power is included.
    if !matches!(held.place, PolicyLocation::Aws { .. }) {
        attributes.insert("document".to_owned(), digest);
    }
    let path = (format!("{}/{}", principal.id, held.name), format!("{} on {} itself", held.name, principal.name));
    let path = match &held.place {
        PolicyLocation::Account { id, .. } | PolicyLocation::Aws { id, .. } => {
            (format!("{}/{id}", principal.id), path.1)
        }
        PolicyLocation::Inline => path,
    };
    let what = (entitlement, held.name.clone());
    grant(system, GrantKind::Policy, &key, principal, what, path, attributes, held.document.power.tier())
}

/// Returns the principal of a user.
pub(super) fn user_principal(user: &IamUser) -> Principal {
    Principal { id: user.user_id.clone(), name: user.user_name.clone() }
}

/// Returns the principal of a group.
pub(super) fn group_principal(group: &IamGroup) -> Principal {
    Principal { id: group.group_id.clone(), name: group.group_name.clone() }
}

/// Returns the last use of a key; AWS returns no date for a key that was never used.
pub(super) fn key_usage(created: &str, last_used: Result<LastUsed, ConnectorError>) -> Usage {
    match last_used {
        Err(error) => Usage::Unknown(error.class().into()),
        Ok(LastUsed { last_used_date: Some(date), .. }) => used_at(&date),
        Ok(LastUsed { last_used_date: None, .. }) => never_since(created, KEYS_TRACKED_SINCE),
    }
}

/// Returns the last use of a password.
pub(super) fn password_usage(user: &IamUser, created: &str) -> Usage {
    match &user.password_last_used {
        Some(date) => used_at(date),
        None => never_since(created, PASSWORDS_TRACKED_SINCE),
    }
}

/// Returns the last activity of a user by all of its credentials; one unknown use makes the result unknown.
pub(super) fn account_usage(user: &IamUser, all: &[Usage]) -> Usage {
    if let Some(unknown) = all.iter().find(|usage| matches!(usage, Usage::Unknown(_))) {
        return unknown.clone();
    }
    let last = all.iter().filter_map(|usage| if let Usage::At(time) = usage { Some(*time) } else { None }).max();
    match (last, &user.password_last_used) {
        (Some(time), _) => Usage::At(time),
        // The password may have been deleted; its last use is still a use of the account.
        (None, Some(date)) => used_at(date),
        (None, None) => never_since(&user.create_date, KEYS_TRACKED_SINCE),
    }
}

fn used_at(date: &str) -> Usage {
    match time(date) {
        Some(time) => Usage::At(time),
        None => Usage::Unknown("the date of the target cannot be parsed".into()),
    }
}

fn never_since(created: &str, tracked: i64) -> Usage {
    match time(created) {
        Some(created) => Usage::NeverSince(created.max(Timestamp::from_unix(tracked))),
        None => Usage::Unknown("the date of the target cannot be parsed".into()),
    }
}

fn time(text: &str) -> Option<Timestamp> {
    text.parse::<jiff::Timestamp>().ok().map(|time| Timestamp::from_unix(time.as_second()))
}

/// An entitlement of a group; its id changes with its power.
fn expansion(group: &str, held: &HeldPolicy) -> Entitlement {
    let id = match &held.place {
        PolicyLocation::Account { id, .. } => format!("{id}@{}", held.document.digest),
        PolicyLocation::Aws { id, .. } => format!("{id}@{}", held.document.power.as_str()),
        PolicyLocation::Inline => format!("{group}/{}@{}", held.name, held.document.digest),
    };
    Entitlement { id, name: held.name.clone() }
}

fn attributes<const N: usize>(pairs: [(&str, &str); N]) -> Attributes {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[expect(clippy::too_many_arguments, reason = "every caller sets all of these fields")]
fn grant(
    system: &SystemId,
    kind: GrantKind,
    key: &IamGrantKey,
    principal: Principal,
    (id, name): (String, String),
    (ids, text): (String, String),
    attributes: Attributes,
    tier: Tier,
) -> Result<Grant, ConnectorError> {
    Ok(Grant {
        system: system.clone(),
        kind,
        key: key.grant_key()?,
        principal,
        entitlement: Entitlement { id, name },
        paths: vec![AccessPath { via: AccessRoute::Direct, ids, text }],
        attributes,
        expands_to: Vec::new(),
        tier,
    })
}

/// AWS records the last use of access keys since 2015-04-22 (IAM user guide, "last accessed information").
const KEYS_TRACKED_SINCE: i64 = 1_429_660_800;
/// AWS records the last use of passwords since 2014-10-20 (API reference, `PasswordLastUsed`).
const PASSWORDS_TRACKED_SINCE: i64 = 1_413_763_200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unused_key_has_a_start_date_and_error_is_unknown() {
        let none = || Ok(LastUsed { last_used_date: None, service_name: None });
        let at = |text| Timestamp::parse(text).unwrap();
        assert_eq!(key_usage("2012-01-01T00:00:00Z", none()), Usage::NeverSince(at("2015-04-22T00:00:00Z")));
        assert_eq!(key_usage("2026-01-01T00:00:00.123Z", none()), Usage::NeverSince(at("2026-01-01T00:00:00Z")));
        let forbidden = Err(ConnectorError::Forbidden { missing: "iam:GetAccessKeyLastUsed".into() });
        assert_eq!(key_usage("2026-01-01T00:00:00Z", forbidden), Usage::Unknown("forbidden".into()));
        let used = Ok(LastUsed { last_used_date: Some("2026-11-01T01:02:03Z".into()), service_name: None });
        assert_eq!(key_usage("2026-01-01T00:00:00Z", used), Usage::At(at("2026-11-01T01:02:03Z")));
    }
}
