//! Whose access is whose: what a principal may not review because it is their own.

use super::registry::Registry;
use crate::model::{
    PrincipalId,
    file::{PrincipalEntry, PrincipalKind, Principals},
};
use std::{collections::BTreeMap, fmt};

/// Who is tied to which accounts, by immutable ids and never by names: from the signed registry and from the principals'
/// files.
#[derive(Clone, Debug, Default)]
pub struct Kinship {
    /// What is a principal's own, by its id.
    own: BTreeMap<PrincipalId, BTreeMap<String, Tie>>,
}

/// How an account is tied to a principal.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Tie {
    /// It is one of their own accounts.
    Account,
    /// It is an account of a non-human identity they answer for.
    Owned(PrincipalId),
}

impl fmt::Display for Tie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account => f.write_str("their own access"),
            Self::Owned(identity) => write!(f, "the access of `{identity}`, which they answer for"),
        }
    }
}

impl Kinship {
    /// Returns who is tied to what.
    pub fn new<'a>(registry: &Registry, people: impl IntoIterator<Item = &'a Principals>) -> Self {
        let entries: Vec<&PrincipalEntry> = people.into_iter().flat_map(|file| &file.principals).collect();
        let mut own = BTreeMap::new();
        let ids = registry.file().principals.iter().map(|p| &p.id).chain(entries.iter().map(|entry| &entry.id));
        for id in ids {
            if !own.contains_key(id) {
                own.insert(id.clone(), ties(id, registry, &entries));
            }
        }
        Self { own }
    }

    /// Returns how `subject` (`<system>:<immutable id>`) is tied to a principal; nothing when it is somebody else's.
    pub fn tie(&self, principal: &PrincipalId, subject: &str) -> Option<&Tie> {
        self.own.get(principal)?.get(subject)
    }
}

fn ties(id: &PrincipalId, registry: &Registry, entries: &[&PrincipalEntry]) -> BTreeMap<String, Tie> {
    let mut ties: BTreeMap<String, Tie> = BTreeMap::new();
    if let Some(principal) = registry.principal(id.as_str()) {
        ties.extend(principal.subjects.iter().map(|subject| (subject.clone(), Tie::Account)));
    }
    let mut selves = vec![id.clone()];
    let mut owned: Vec<PrincipalId> = Vec::new();
    // A second identity is the same person when it shares an account; ownership reaches through identities that own
    // identities. Both are followed until nothing new is found.
    loop {
        let mut grew = false;
        for entry in entries {
            let shares = entry.accounts.iter().any(|account| ties.get(account) == Some(&Tie::Account));
            if !selves.contains(&entry.id) && shares {
                selves.push(entry.id.clone());
                grew = true;
            }
            let tie = if selves.contains(&entry.id) {
                Tie::Account
            } else if answers_for(entry, &selves) || answers_for(entry, &owned) {
                if !owned.contains(&entry.id) {
                    owned.push(entry.id.clone());
                    grew = true;
                }
                Tie::Owned(entry.id.clone())
            } else {
                continue;
            };
            for account in &entry.accounts {
                let nearer = ties.get(account).is_none_or(|old| tie < *old);
                if nearer {
                    ties.insert(account.clone(), tie.clone());
                    grew = true;
                }
            }
        }
        if !grew {
            return ties;
        }
    }
}

/// A manager may review the people they lead; whoever answers for a machine may not review the machine.
fn answers_for(entry: &PrincipalEntry, candidates: &[PrincipalId]) -> bool {
    entry.kind != PrincipalKind::Person
        && [&entry.owner, &entry.deputy].into_iter().flatten().any(|owner| candidates.contains(owner))
}
