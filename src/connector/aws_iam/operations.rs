//! Plans the exact calls of a change from the inventory alone.

use super::calls::{operation, take_policy, undo};
use super::config::Config;
use super::drafts::{INACTIVE, delete, drafted, incomplete, loss, status, unsupported};
use super::grant_key::IamGrantKey;
use super::listing::PolicyHolder;
use super::principal_access::ACTIVE;
use super::{removal, rotate};
use crate::connector::{PlannedChange, UnsupportedChangeError};
use crate::model::action::Planned;
use crate::model::{
    AccessChange, AccessPath, AccessRoute, Action, ExpectedState, Grant, GrantKind, Inventory, Operation,
    RemainingPath, Usage,
};
use std::collections::BTreeMap;

pub(super) fn plan_change(
    config: &Config,
    change: &AccessChange,
    grant: &Grant,
    inventory: &Inventory,
) -> Result<PlannedChange, UnsupportedChangeError> {
    let key = IamGrantKey::parse(&grant.key).ok_or_else(|| {
        unsupported(format!("`{}` was not collected by aws-iam", grant.key), "collect the system again")
    })?;
    match (change, &key) {
        (AccessChange::Disable {}, IamGrantKey::Account { .. }) => removal::disable_user(grant, inventory),
        (AccessChange::Revoke {}, IamGrantKey::Account { .. }) => {
            soaked(config, grant, inventory)?;
            removal::remove_user(config, grant, inventory)
        }
        (AccessChange::Rotate {}, IamGrantKey::AccessKey { key }) => rotate::plan_change(key, grant, inventory),
        (AccessChange::Disable {}, _) => deactivate(&key, grant),
        (AccessChange::Revoke {}, IamGrantKey::Attached { .. } | IamGrantKey::Inline { .. }) => {
            policy(&key, grant, inventory)
        }
        (AccessChange::Revoke {}, IamGrantKey::Membership { group, .. }) => Ok(membership(group, grant, inventory)),
        (AccessChange::Revoke {}, _) => {
            soaked(config, grant, inventory)?;
            credential(&key, grant)
        }
        (AccessChange::Rotate {}, _) => Err(unsupported(
            format!("{} cannot be rotated: only access keys can", grant.entitlement.name),
            "revoke it, or have its holder renew it and attest the change",
        )),
        (AccessChange::Reduce { .. }, _) => Err(unsupported(
            "aws-iam does not reduce a grant in place".to_owned(),
            "attach a narrower policy first, then revoke this one",
        )),
    }
}

/// Returns the calls that undo an action, if every call has a reverse.
pub(super) fn compensate(action: &Action<Planned>) -> Option<Vec<Operation>> {
    action.operations.iter().rev().map(undo).collect()
}

fn membership(group: &str, grant: &Grant, inventory: &Inventory) -> PlannedChange {
    let Grant { principal, entitlement, .. } = grant;
    let with = [
        ("GroupName", entitlement.name.as_str()),
        ("GroupId", group),
        ("UserName", &principal.name),
        ("UserId", &principal.id),
    ];
    let mut loses = vec![loss(&principal.name, &entitlement.name)];
    loses.extend(grant.expands_to.iter().map(|policy| loss(&principal.name, &policy.name)));
    let survives = match grant.attribute("power") {
        Some("administrator") => {
            other_ways(grant, inventory, |other| other.attribute("power") == Some("administrator"))
        }
        _ => Vec::new(),
    };
    drafted(vec![operation("RemoveUserFromGroup", with)], ExpectedState::Absent, loses, survives, None)
}

fn policy(key: &IamGrantKey, grant: &Grant, inventory: &Inventory) -> Result<PlannedChange, UnsupportedChangeError> {
    let Grant { principal, entitlement, .. } = grant;
    let policy = grant.attribute("arn").unwrap_or(&entitlement.name);
    let take = take_policy(key, &principal.name, policy, grant.attribute("document")).ok_or_else(incomplete)?;
    let mut loses = vec![loss(&principal.name, &entitlement.name)];
    if matches!(
        key,
        IamGrantKey::Attached { holder: PolicyHolder::Group, .. }
            | IamGrantKey::Inline { holder: PolicyHolder::Group, .. }
    ) {
        let members = inventory.of_entitlement(&principal.id).filter(|other| other.kind == GrantKind::Membership);
        loses.extend(members.map(|member| loss(&member.principal.name, &entitlement.name)));
    }
    let document = grant.attribute("document");
    let administrator = grant.attribute("power") == Some("administrator");
    let survives = other_ways(grant, inventory, |other| {
        other.entitlement.id == entitlement.id
            || (document.is_some() && other.attribute("document") == document)
            || (administrator && other.attribute("power") == Some("administrator"))
    });
    let irreversible = matches!(key, IamGrantKey::Inline { .. })
        .then(|| "an inline policy is deleted with its document; only its digest is kept".to_owned());
    Ok(drafted(vec![take], ExpectedState::Absent, loses, survives, irreversible))
}

/// Deactivates an active credential, then deletes it.
fn credential(key: &IamGrantKey, grant: &Grant) -> Result<PlannedChange, UnsupportedChangeError> {
    let mut operations = Vec::new();
    if grant.attribute("status") == Some(ACTIVE) {
        operations.push(status(key, grant).ok_or_else(incomplete)?);
    }
    operations.push(delete(key, grant).ok_or_else(incomplete)?);
    let loses = vec![loss(&grant.principal.name, &grant.entitlement.name)];
    let irreversible = Some(format!("{} cannot be restored", grant.entitlement.name));
    Ok(drafted(operations, ExpectedState::Absent, loses, Vec::new(), irreversible))
}

fn deactivate(key: &IamGrantKey, grant: &Grant) -> Result<PlannedChange, UnsupportedChangeError> {
    let refuse = || {
        let why = format!("{} has no inactive state", grant.entitlement.name);
        unsupported(why, "revoke it")
    };
    let operations = vec![status(key, grant).ok_or_else(refuse)?];
    let expects = ExpectedState::Shows(BTreeMap::from([("status".to_owned(), INACTIVE.to_owned())]));
    let loses = vec![loss(&grant.principal.name, &grant.entitlement.name)];
    Ok(drafted(operations, expects, loses, Vec::new(), None))
}

/// Rejects the deletion of a credential that was used within the soak period.
fn soaked(config: &Config, grant: &Grant, inventory: &Inventory) -> Result<(), UnsupportedChangeError> {
    let days = i64::from(config.soak_days);
    if days == 0 {
        return Ok(());
    }
    let tracked =
        grant.kind == GrantKind::Account || matches!(grant.attribute("type"), Some("access-key" | "password"));
    let why = match inventory.usage(&grant.key) {
        Usage::At(time) if inventory.observed_at().days_since(time) < days => format!("was used {time}"),
        Usage::Unknown(because) if tracked => format!("may be in use: its last use is unknown ({because})"),
        _ => return Ok(()),
    };
    Err(UnsupportedChangeError::Harm {
        why: format!("{} of {} {why}", grant.entitlement.name, grant.principal.name),
        instead: format!("disable it now; it can be revoked after {days} days without use (`soak_days`)"),
    })
}

/// Returns the other paths by which the holder has the entitlement.
fn other_ways(grant: &Grant, inventory: &Inventory, is_meant: impl Fn(&Grant) -> bool) -> Vec<RemainingPath> {
    let holder = &grant.principal;
    let policies = |id: &str| inventory.of_principal(id).filter(|other| other.kind == GrantKind::Policy);
    let own = policies(&holder.id).filter(|other| other.key != grant.key && is_meant(other)).map(|other| {
        let text = format!("{} on {} itself", other.entitlement.name, holder.name);
        remaining(AccessRoute::Direct, &holder.id, other, text)
    });
    let groups = inventory
        .of_principal(&holder.id)
        .filter(|other| other.kind == GrantKind::Membership && other.key != grant.key)
        .flat_map(|member| {
            let group = &member.entitlement;
            policies(&group.id)
                .filter(|other| is_meant(other))
                .map(|other| {
                    let policy = &other.entitlement.name;
                    let text = format!("{policy} through the group {} of {}", group.name, holder.name);
                    remaining(AccessRoute::Group, &group.id, other, text)
                })
                .collect::<Vec<_>>()
        });
    let mut ways: Vec<RemainingPath> = own.chain(groups).collect();
    ways.sort_by(|a, b| a.path.text.cmp(&b.path.text));
    ways.dedup_by(|a, b| a.path.text == b.path.text);
    ways
}

fn remaining(via: AccessRoute, through: &str, other: &Grant, text: String) -> RemainingPath {
    let ids = format!("{through}/{}", other.entitlement.id);
    RemainingPath::whole(AccessPath { via, ids, text }, other.tier).by(other)
}
