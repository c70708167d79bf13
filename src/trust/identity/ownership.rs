//! Ownership of access, which determines what a principal may not review.

use crate::model::{
    PrincipalId, Timestamp,
    file::{Principals, Registry},
};
use crate::trust::identity::graph::{IdentityGraph, OwnershipLinks};
use crate::trust::identity::link::OwnershipLink;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

/// Links of principals to accounts, by immutable ids and never by names, from the signed registry and from the
/// principals files.
///
/// Construction is free: the index is built by the first query, and the links of a principal are followed once, when
/// they are first needed. Thousands of principals have access, but few of them sign.
#[derive(Debug, Default)]
pub struct OwnershipIndex {
    registry: Option<Arc<Registry>>,
    people: Vec<Arc<Principals>>,
    family: OnceLock<IdentityGraph>,
    known: Mutex<HashMap<PrincipalId, Arc<OwnershipLinks>>>,
}

impl OwnershipIndex {
    /// Returns the links between principals and accounts.
    pub fn new(registry: Arc<Registry>, people: impl IntoIterator<Item = Arc<Principals>>) -> Self {
        Self { registry: Some(registry), people: people.into_iter().collect(), ..Self::default() }
    }

    /// Returns the registry and the principals files.
    pub(in crate::trust) fn sources(&self) -> (Option<&Arc<Registry>>, &[Arc<Principals>]) {
        (self.registry.as_ref(), &self.people)
    }

    /// Returns whether a principal is active and stays until the given time, according to the principals files.
    pub fn is_active_until(&self, principal: &PrincipalId, until: Timestamp) -> bool {
        self.family().leave_date(principal).is_none_or(|leaves| leaves.is_some_and(|leaves| leaves >= until))
    }

    /// Returns when a principal leaves, if the principals files name a date and not yet that it has left.
    pub fn left_at(&self, principal: &PrincipalId) -> Option<Timestamp> {
        self.family().leave_date(principal).flatten()
    }

    /// Returns whether the principals files state that a principal has left.
    pub(in crate::trust) fn has_left(&self, principal: &PrincipalId) -> bool {
        self.family().leave_date(principal) == Some(None)
    }

    /// Returns the link of `subject` (`<system>:<immutable id>`) to a principal; `None` if there is none.
    pub fn link(&self, principal: &PrincipalId, subject: &str) -> Option<OwnershipLink> {
        self.ties(principal).get(subject).cloned()
    }

    /// Returns the owners of the account `subject`, sorted; several if they are one person, or if several claim the
    /// account.
    pub fn holders(&self, subject: &str) -> Vec<PrincipalId> {
        self.family().holders(subject)
    }

    /// Returns whether two names are one person, who counts once.
    pub fn is_same_person(&self, one: &PrincipalId, other: &PrincipalId) -> bool {
        one == other || self.family().is_same_person(one, other)
    }

    fn family(&self) -> &IdentityGraph {
        self.family.get_or_init(|| IdentityGraph::of(self.registry.clone(), self.people.clone()))
    }

    pub(in crate::trust) fn ties(&self, principal: &PrincipalId) -> Arc<OwnershipLinks> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ties) = known().get(principal) {
            return ties.clone();
        }
        let ties = Arc::new(self.family().ties(principal));
        known().insert(principal.clone(), ties.clone());
        ties
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::codec;

    fn id(text: &str) -> PrincipalId {
        PrincipalId::parse(text).unwrap()
    }

    fn people(text: &str) -> Principals {
        let entries: String = text
            .lines()
            .map(|line| {
                let parts: Vec<_> = line.split_whitespace().collect();
                let accounts: Vec<_> = parts[2].split(',').filter(|a| *a != "-").map(|a| format!("\"{a}\"")).collect();
                let mut entry = format!(
                    "\n[[principal]]\nid = \"{}\"\nkind = \"{}\"\nstatus = \"active\"\naccounts = [{}]\n",
                    parts[0],
                    parts[1],
                    accounts.join(", ")
                );
                for (key, value) in
                    ["owner", "deputy", "sponsor"].iter().zip(&parts[3..]).filter(|(_, value)| **value != "-")
                {
                    entry.push_str(&format!("{key} = \"{value}\"\n"));
                }
                entry
            })
            .collect();
        codec::parse("principals.toml", format!("schema = \"tenure/principals/v1\"\n{entries}").as_bytes())
            .unwrap_or_else(|problems| panic!("{}", problems.render(crate::diag::RenderStyle::plain())))
    }

    #[test]
    fn row_07_every_link_of_identity_is_followed() {
        let registry = Registry {
            schema: "tenure/registry/v1".to_owned(),
            version: 1,
            repo: crate::model::RepoId::random(),
            prev: "none".to_owned(),
            principals: vec![crate::model::file::RegistryPrincipal {
                id: id("ana"),
                subjects: vec!["aws:1".to_owned()],
                groups: vec!["ops".to_owned()],
                keys: Vec::new(),
            }],
        };
        let file = people(
            "ana person db:1 boss\nana-admin person db:2,aws:1\nbot agent db:3 ana\netl service db:4 bot\n\
             boss person db:5\nhelped service db:6 boss ana\ncircle-a service db:7 circle-b\ncircle-b service db:8 circle-a\n\
             ops person -\nshared service db:9 ops\nhers agent db:10 boss - ana\n",
        );
        let kinship = OwnershipIndex::new(Arc::new(registry), [Arc::new(file)]);
        let tie = |who: &str, subject: &str| kinship.link(&id(who), subject);
        for own in ["db:1", "aws:1", "db:2"] {
            assert_eq!(tie("ana", own), Some(OwnershipLink::Account), "{own}");
        }
        for (owned, through) in [("db:3", "bot"), ("db:4", "etl"), ("db:6", "helped"), ("db:10", "hers")] {
            assert_eq!(tie("ana", owned), Some(OwnershipLink::Owned(id(through))), "{owned}");
        }
        assert_eq!(tie("ana-admin", "db:1"), Some(OwnershipLink::Account), "a link only in the registry counts");
        assert_eq!(kinship.holders("db:1"), ["ana", "ana-admin"].map(id));
        assert_eq!(kinship.holders("db:404"), []);
        assert_eq!(tie("ana", "db:5"), None);
        assert_eq!(tie("boss", "db:1"), None, "a manager may review the people they lead");
        assert_eq!(
            tie("ops", "db:1"),
            Some(OwnershipLink::Member(id("ana"))),
            "a group includes the access of its members"
        );
        assert_eq!(
            tie("ana", "db:9"),
            Some(OwnershipLink::Owned(id("shared"))),
            "each member owns the identities of the group"
        );
        assert_eq!(tie("boss", "db:9"), None);
        assert_eq!(tie("circle-a", "db:8"), Some(OwnershipLink::Owned(id("circle-b"))));
        assert_eq!(tie("ana", "db:7"), None);
    }
}
