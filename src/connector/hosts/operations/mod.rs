//! Plans changes of grants on a host from the inventory alone.

mod accounts;
mod effects;
mod keys;
mod survival;

use super::{
    calls::{LEAVE_GROUP, LOCK_GROUP, NARROW_RULE, REMOVE_RULE, operation},
    config::{HostsConfig, OptionalFile},
    sudoers::{example, narrowed, read_rights, written},
};
use crate::{
    connector::{PlannedChange, UnsupportedChangeError},
    model::{AccessChange, AccessLoss, ExpectedState, Grant, GrantKind, Inventory, Operation},
};
use std::collections::BTreeMap;

/// Plans a change of one grant.
pub(super) fn plan_change(
    config: &HostsConfig,
    change: &AccessChange,
    grant: &Grant,
    inventory: &Inventory,
) -> Result<PlannedChange, UnsupportedChangeError> {
    let drafting = HostChangePlanner { config, grant, inventory };
    match (grant.kind, change) {
        (GrantKind::Account, AccessChange::Disable {}) => drafting.disable_account(),
        (GrantKind::Account, AccessChange::Reduce { to }) => drafting.close_shell(to),
        (GrantKind::Account, AccessChange::Revoke {}) => drafting.remove_account(),
        (GrantKind::Credential, change) if is_group_password(grant) => drafting.group_password(change),
        (GrantKind::Credential, AccessChange::Disable {}) => drafting.expire_key(),
        (GrantKind::Credential, AccessChange::Reduce { to }) => drafting.restrict_key(to),
        (GrantKind::Credential, AccessChange::Revoke {}) => drafting.remove_key(),
        (GrantKind::Credential, AccessChange::Rotate {}) => drafting.rotate_key(),
        (GrantKind::Membership, AccessChange::Revoke {}) => drafting.leave_group(),
        (GrantKind::Rule, AccessChange::Reduce { to }) => drafting.narrow_rule(to),
        (GrantKind::Rule, AccessChange::Revoke {}) => drafting.remove_rule(),
        (kind, change) => unsupported(
            format!("a {kind} on a host does not support {}", change.verb()),
            "decide `revoke`, or `certify` with an end date",
        ),
    }
}

struct HostChangePlanner<'a> {
    config: &'a HostsConfig,
    grant: &'a Grant,
    inventory: &'a Inventory,
}

impl HostChangePlanner<'_> {
    fn leave_group(&self) -> Result<PlannedChange, UnsupportedChangeError> {
        let [group, member] = self.bound()?;
        let (who, what) = (&self.grant.principal.name, &self.grant.entitlement.name);
        if self.grant.attribute("primary").is_some() {
            return harm(
                format!("{what} is the primary group of {who}, used for its files and processes"),
                format!("set another primary group of {who} manually (usermod -g), then review again"),
            );
        }
        self.opens_nothing(self.gone(vec![self.leave(&group, &member)]))
    }

    fn leave(&self, group: &str, member: &str) -> Operation {
        let (gid, name) = split(group);
        let person = split(member).1;
        let files = if self.has(OptionalFile::Gshadow) { "/etc/group, /etc/gshadow" } else { "/etc/group" };
        let text = format!("{files}: remove \"{person}\" from the members of \"{name}\" ({gid})");
        operation(LEAVE_GROUP, [("group", group), ("member", member)], text)
    }

    fn remove_rule(&self) -> Result<PlannedChange, UnsupportedChangeError> {
        self.opens_nothing(self.gone(vec![self.rule(self.grant, None)?]))
    }

    fn narrow_rule(&self, to: &str) -> Result<PlannedChange, UnsupportedChangeError> {
        let old = self.grant.attribute("commands").and_then(read_rights).unwrap_or_default();
        let left = match narrowed(&old, to) {
            Ok(rights) => written(&rights),
            Err(why) => {
                let instead = match example(&old) {
                    Some(example) => format!("use commands that the rule allows now, such as `{example}`"),
                    None => "decide `revoke`, or `certify` the rule as it is".to_owned(),
                };
                return harm(why, instead);
            }
        };
        let operations = vec![self.rule(self.grant, Some(&left))?];
        let survives = self.survivors(Some(&left));
        let draft = self.gone(operations);
        let effects = draft.effects.iter().cloned().chain(self.reduced(self.grant, &left)).collect();
        Ok(PlannedChange { expects: shows([("commands", &left)]), survives, effects, ..draft })
    }

    fn rule(&self, rule: &Grant, to: Option<&str>) -> Result<Operation, UnsupportedChangeError> {
        let [holder, digest] = bound(rule)?;
        let file = self.attribute(rule, "file")?;
        let (who, what) = (&rule.principal.name, rule.attribute("commands").unwrap_or(""));
        let with = [("file", file), ("holder", &*holder), ("rule", &*digest)];
        Ok(match to {
            None => operation(REMOVE_RULE, with, format!("{file}: remove {who} from the rule \"{what}\"")),
            Some(to) => {
                let [file, holder, rule] = with;
                let text = format!("{file}: reduce the rule \"{what}\" of {who} to \"{to}\"", file = file.1);
                operation(NARROW_RULE, [file, holder, rule, ("to", to)], text)
            }
        })
    }

    fn group_password(&self, change: &AccessChange) -> Result<PlannedChange, UnsupportedChangeError> {
        if !matches!(change, AccessChange::Disable {} | AccessChange::Revoke {}) {
            return unsupported("a group password can only be revoked".to_owned(), "decide `revoke`");
        }
        let [group] = self.bound()?;
        let file = self.attribute(self.grant, "file")?;
        let text = format!("{file}: lock the password of group \"{}\" with `!`", split(&group).1);
        Ok(self.gone(vec![operation(LOCK_GROUP, [("file", file), ("group", &group)], text)]))
    }

    fn gone(&self, operations: Vec<Operation>) -> PlannedChange {
        PlannedChange {
            operations,
            expects: ExpectedState::Absent,
            loses: self.losers(),
            survives: self.survivors(None),
            effects: self.dependent(&[self.grant]),
            irreversible: None,
        }
    }

    /// Returns the principals that lose access: the holder, or the members of a group.
    fn losers(&self) -> Vec<AccessLoss> {
        let loss = |principal: &str| AccessLoss {
            principal: principal.to_owned(),
            entitlement: self.grant.entitlement.name.clone(),
        };
        let mut losers = vec![loss(&self.grant.principal.name)];
        if self.grant.kind == GrantKind::Rule {
            let members = self.inventory.of_entitlement(&self.grant.principal.id);
            losers.extend(members.filter(|m| m.kind == GrantKind::Membership).map(|m| loss(&m.principal.name)));
        }
        if self.grant.kind == GrantKind::Credential && !is_group_password(self.grant) {
            losers.extend(self.other_users_of_key());
        }
        losers.sort();
        losers.dedup();
        losers
    }

    /// Returns the accounts without a shell for which the same line is a key: the others refuse the change.
    fn other_users_of_key(&self) -> impl Iterator<Item = AccessLoss> {
        let fingerprint = |grant: &Grant| grant.entitlement.id.split_once(":SHA256:").map(|(_, key)| key.to_owned());
        let same = move |other: &&Grant| {
            other.kind == GrantKind::Credential
                && other.principal.id != self.grant.principal.id
                && other.attribute("file") == self.grant.attribute("file")
                && fingerprint(other) == fingerprint(self.grant)
        };
        let loss = |other: &Grant| AccessLoss {
            principal: other.principal.name.clone(),
            entitlement: other.entitlement.name.clone(),
        };
        self.inventory.grants().filter(same).map(loss)
    }

    fn has(&self, file: OptionalFile) -> bool {
        !self.config.absent.contains(&file)
    }

    fn attribute<'a>(&self, grant: &'a Grant, name: &str) -> Result<&'a str, UnsupportedChangeError> {
        grant.attribute(name).ok_or_else(|| foreign(grant))
    }

    fn bound<const N: usize>(&self) -> Result<[String; N], UnsupportedChangeError> {
        bound(self.grant)
    }
}

/// Returns the last parts of the path of a grant: ids and names at collection time.
fn bound<const N: usize>(grant: &Grant) -> Result<[String; N], UnsupportedChangeError> {
    let ids = grant.paths.first().map_or("", |path| path.ids.as_str());
    let parts: Vec<String> = ids.rsplit('/').take(N).map(str::to_owned).collect::<Vec<_>>().into_iter().rev().collect();
    parts.try_into().map_err(|_| foreign(grant))
}

fn foreign(grant: &Grant) -> UnsupportedChangeError {
    UnsupportedChangeError::Unsupported {
        why: format!("{} was not collected by this connector", grant.key),
        instead: "collect the system again".to_owned(),
    }
}

fn is_group_password(grant: &Grant) -> bool {
    grant.attribute("type") == Some("group-password")
}

/// Splits `uid:1001:svc` into `uid 1001` and `svc`.
fn split(bound: &str) -> (String, &str) {
    let mut parts = bound.splitn(3, ':');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(kind), Some(id), Some(name)) => (format!("{kind} {id}"), name),
        _ => (bound.to_owned(), bound.split_once(':').map_or(bound, |(_, name)| name)),
    }
}

fn shows<const N: usize>(pairs: [(&str, &str); N]) -> ExpectedState {
    ExpectedState::Shows(BTreeMap::from(pairs.map(|(name, value)| (name.to_owned(), value.to_owned()))))
}

fn harm<T>(why: String, instead: impl Into<String>) -> Result<T, UnsupportedChangeError> {
    Err(UnsupportedChangeError::Harm { why, instead: instead.into() })
}

fn unsupported<T>(why: String, instead: impl Into<String>) -> Result<T, UnsupportedChangeError> {
    Err(UnsupportedChangeError::Unsupported { why, instead: instead.into() })
}
