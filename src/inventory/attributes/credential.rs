//! Policy attributes of credentials.

use super::{AttributeBuilder, AttributeCollector, AttributeInputs, account::AccountAttributes, subject};
use crate::{
    connector::{ConnectorKind, CredentialAttributes, CredentialExpiry},
    model::{Grant, GrantKind, Timestamp, file::PrincipalRecord},
};
use std::collections::{BTreeMap, BTreeSet};

/// Index of all credentials.
pub(super) struct CredentialIndex<'a> {
    /// The holders of each key, by fingerprint: the principal of the account, or the account itself if it is
    /// uncorrelated.
    holders: BTreeMap<&'a str, BTreeSet<String>>,
    /// The environments in which each key grants access; none where the environment of a system is not known.
    environments: BTreeMap<&'a str, Option<BTreeSet<&'a str>>>,
    /// The active credentials of each account, by account and kind, with their creation time where it is known.
    active: BTreeMap<(String, &'static str), Vec<Option<Timestamp>>>,
}

impl<'a> CredentialIndex<'a> {
    /// Returns the index over the credentials of all accounts.
    pub(super) fn of(known: &AttributeInputs<'a>, accounts: &BTreeMap<String, AccountAttributes<'a>>) -> Self {
        let (mut holders, mut environments) = (BTreeMap::<_, BTreeSet<_>>::new(), BTreeMap::new());
        let mut active: BTreeMap<(String, &'static str), Vec<Option<Timestamp>>> = BTreeMap::new();
        for (of, account) in accounts {
            let system = known.systems.get(account.system);
            let Some(connector) = known.connector(account.system) else { continue };
            let identity = known.people.identity_of(of).map(|entry: &PrincipalRecord| entry.id.to_string());
            for grant in account.inventory.of_principal(account.principal) {
                if grant.kind != GrantKind::Credential {
                    continue;
                }
                let read = connector.credential(grant, known.as_of);
                if let Some(kind) = read.kind.filter(|_| read.status != Some("inactive")) {
                    active.entry((of.clone(), kind)).or_default().push(read.created);
                }
                let Some(print) = read.fingerprint else { continue };
                holders.entry(print).or_default().insert(identity.clone().unwrap_or_else(|| of.clone()));
                let place = environments.entry(print).or_insert_with(|| Some(BTreeSet::new()));
                match (place.as_mut(), system.and_then(|system| system.environment.as_deref())) {
                    (Some(known), Some(environment)) => drop(known.insert(environment)),
                    _ => *place = None,
                }
            }
        }
        Self { holders, environments, active }
    }

    /// Returns for how many days a newer credential of the same kind has been active beside this one; 0 if there is
    /// none, and `None` where ages are not known.
    fn newer(&self, of: &str, credential: &CredentialAttributes<'_>, as_of: Timestamp) -> Option<i64> {
        let all = self.active.get(&(of.to_owned(), credential.kind?))?;
        if all.len() < 2 {
            return Some(0);
        }
        let created = credential.created?;
        let all: Option<Vec<Timestamp>> = all.iter().copied().collect();
        let newer = all?.into_iter().filter(|time| *time > created).min();
        Some(newer.map_or(0, |time| as_of.days_since(time)))
    }
}

impl AttributeBuilder<'_> {
    /// Sets the attributes of a credential.
    pub(super) fn add_credential_attributes(
        &self,
        grant: &Grant,
        connector: &dyn ConnectorKind,
        collector: &mut AttributeCollector,
    ) {
        let as_of = self.known.as_of;
        let read = connector.credential(grant, as_of);
        collector.text_of("credential.kind", read.kind);
        collector.text_of("credential.algorithm", read.algorithm);
        collector.number("credential.bits", read.bits);
        collector.number("credential.age_days", read.created.map(|created| as_of.days_since(created)));
        match read.ends {
            CredentialExpiry::At(end) => {
                collector.flag("credential.expires", true);
                collector.number("credential.expires_in_days", end.days_since(as_of));
            }
            CredentialExpiry::Never => collector.flag("credential.expires", false),
            CredentialExpiry::Unknown => {}
        }
        // A certificate expires by itself; all other credentials of these systems are valid until they are changed.
        collector.flag("credential.static", read.kind.map(|kind| kind != "certificate"));
        collector.text_of("credential.status", read.status);
        collector.flag("credential.source_bound", read.bound);
        collector.number("credential.newer_active_days", self.keyring.newer(&subject(grant), &read, as_of));
        if let Some(print) = read.fingerprint {
            let count = |count: usize| i64::try_from(count).ok();
            collector.number(
                "credential.shared_identities",
                self.keyring.holders.get(print).and_then(|holders| count(holders.len())),
            );
            let environments = self.keyring.environments.get(print).and_then(Option::as_ref);
            collector.number("credential.shared_environments", environments.and_then(|known| count(known.len())));
        }
    }
}
