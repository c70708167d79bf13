//! Maps accounts of all systems to principals (people and non-human identities).

use crate::model::{
    Finding, PrincipalId, Severity,
    file::{PrincipalKind, PrincipalRecord, PrincipalStatus, Principals},
};
use std::collections::BTreeMap;

/// All principals, indexed by id and by account.
#[derive(Clone, Debug, Default)]
pub struct IdentityDirectory {
    entries: BTreeMap<PrincipalId, PrincipalRecord>,
    claims: BTreeMap<String, Vec<PrincipalId>>,
}

impl IdentityDirectory {
    /// Returns the index over the principals files (each with its path), and the problems found across them. The first
    /// entry of a duplicate id wins. An account claimed by several principals is not correlated, but all claims count
    /// when self-review is checked.
    pub fn new<'a>(files: impl IntoIterator<Item = (&'a str, Principals)>) -> (Self, Vec<Finding>) {
        let mut people = Self::default();
        let mut findings = Vec::new();
        for (path, file) in files {
            for entry in file.principals {
                for account in &entry.accounts {
                    let claims = people.claims.entry(account.clone()).or_default();
                    if !claims.contains(&entry.id) {
                        claims.push(entry.id.clone());
                    }
                }
                if people.entries.contains_key(&entry.id) {
                    findings.push(Finding {
                        severity: Severity::High,
                        code: "duplicate-principal",
                        subject: path.to_owned(),
                        message: format!("`{}` is defined twice", entry.id),
                        help: "keep one entry and merge the accounts".to_owned(),
                    });
                } else {
                    people.entries.insert(entry.id.clone(), entry);
                }
            }
        }
        findings.extend(people.disputes());
        findings.extend(people.unowned());
        findings.sort();
        (people, findings)
    }

    /// Returns the entry of a principal id.
    pub fn get(&self, id: &PrincipalId) -> Option<&PrincipalRecord> {
        self.entries.get(id)
    }

    /// Returns all entries by id.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &PrincipalRecord> {
        self.entries.values()
    }

    /// Returns the principal of an account `<system>:<immutable id>`; `None` if it is claimed by none or by several.
    pub fn identity_of(&self, subject: &str) -> Option<&PrincipalRecord> {
        match self.claimants(subject) {
            [one] => self.entries.get(one),
            _ => None,
        }
    }

    /// Returns all principals that claim an account.
    pub fn claimants(&self, subject: &str) -> &[PrincipalId] {
        self.claims.get(subject).map_or(&[], Vec::as_slice)
    }

    /// Returns whether a principal is recorded as having left.
    pub fn has_left(&self, id: &PrincipalId) -> bool {
        self.get(id).is_some_and(|entry| entry.status == PrincipalStatus::Left)
    }

    /// Returns the owner of a principal if the owner is an active person.
    pub fn active_owner(&self, entry: &PrincipalRecord) -> Option<&PrincipalRecord> {
        let owner = self.get(entry.owner.as_ref()?)?;
        (owner.kind == PrincipalKind::Person && owner.status == PrincipalStatus::Active).then_some(owner)
    }

    fn disputes(&self) -> impl Iterator<Item = Finding> {
        self.claims.iter().filter(|(_, claims)| claims.len() > 1).map(|(account, claims)| {
            let names: Vec<_> = claims.iter().map(|id| format!("`{id}`")).collect();
            Finding {
                severity: Severity::High,
                code: "account-multiply-correlated",
                subject: account.clone(),
                message: format!("the account is claimed by several principals: {}", names.join(" and ")),
                help: "keep the account at one principal; enter a shared account as a principal of its own".to_owned(),
            }
        })
    }

    fn unowned(&self) -> impl Iterator<Item = Finding> {
        let strange = |entry: &&PrincipalRecord| entry.owner.as_ref().is_some_and(|owner| self.get(owner).is_none());
        self.entries.values().filter(strange).map(|entry| Finding {
            severity: Severity::Medium,
            code: "unknown-owner",
            subject: entry.id.to_string(),
            message: format!(
                "its owner `{}` is not in any principals file",
                entry.owner.as_ref().map_or("", PrincipalId::as_str)
            ),
            help: "add the owner to principals.toml, or name another owner".to_owned(),
        })
    }
}
