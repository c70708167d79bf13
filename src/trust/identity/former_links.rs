//! Links between signers and accounts that a merge removed. A reviewer who gives an account away for a day may still not
//! review it: the link counts until the next campaign on its system has been opened.

use crate::model::{PrincipalId, SystemId};
use crate::trust::identity::ownership::OwnershipIndex;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A removed link: the number of the merge on main that removed it, the account, and the link in words.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
struct FormerLink {
    merge: u64,
    subject: String,
    link: String,
}

/// The removed links of each principal who could sign at the time, in the order of main.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct FormerLinks(BTreeMap<PrincipalId, Vec<FormerLink>>);

impl FormerLinks {
    /// Adds the links of `before` that `now` does not have, as removed by the merge of this number.
    pub(in crate::trust) fn add(&mut self, before: &OwnershipIndex, now: &OwnershipIndex, merge: u64) {
        let registries = [before, now].into_iter().filter_map(|index| index.sources().0);
        let signers: BTreeSet<&PrincipalId> =
            registries.flat_map(|registry| &registry.principals).map(|own| &own.id).collect();
        for signer in signers {
            let (old, new) = (before.ties(signer), now.ties(signer));
            let removed = old.iter().filter(|(subject, _)| !new.contains_key(*subject));
            let removed: Vec<_> = removed
                .map(|(subject, link)| FormerLink { merge, subject: subject.clone(), link: link.to_string() })
                .collect();
            if !removed.is_empty() {
                self.0.entry(signer.clone()).or_default().extend(removed);
            }
        }
    }

    /// Returns the link in words, if a merge removed the link of a principal to an account at or after the merge of this
    /// number.
    pub(in crate::trust) fn find(&self, principal: &PrincipalId, subject: &str, since: u64) -> Option<&str> {
        let removed = self.0.get(principal)?;
        let found = removed.iter().rev().take_while(|link| link.merge >= since).find(|link| link.subject == subject)?;
        Some(&found.link)
    }
}

/// The removed links that count in a campaign that is opened now: those since the last campaign on the system of the
/// account.
#[derive(Clone, Copy, Debug)]
pub struct FormerOwnership<'a> {
    pub(in crate::trust) links: &'a FormerLinks,
    /// The number of the merge of the newest campaign on each system.
    pub(in crate::trust) last_openings: &'a BTreeMap<SystemId, u64>,
}

impl FormerOwnership<'static> {
    /// Returns no removed links.
    pub const fn none() -> Self {
        static NO_LINKS: FormerLinks = FormerLinks(BTreeMap::new());
        static NO_OPENINGS: BTreeMap<SystemId, u64> = BTreeMap::new();
        Self { links: &NO_LINKS, last_openings: &NO_OPENINGS }
    }
}

impl<'a> FormerOwnership<'a> {
    /// Returns the removed link of a principal to an account, in words.
    pub fn link(&self, principal: &PrincipalId, subject: &str) -> Option<&'a str> {
        let since = system_of(subject).and_then(|system| self.last_openings.get(&system)).copied().unwrap_or(0);
        self.links.find(principal, subject, since)
    }
}

/// Returns the system of an account, which is `<system>:<immutable id>`.
pub(in crate::trust) fn system_of(subject: &str) -> Option<SystemId> {
    SystemId::parse(subject.split(':').next()?).ok()
}
