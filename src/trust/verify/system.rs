//! Verifies a version of a system: its place in the chain, its signers, and the identity of its target.

use crate::trust::error::TrustError;
use crate::trust::keys::root;
use crate::trust::verified::{FileSigner, Verified};
use crate::trust::verify::verifier::{Verifier, VerifyOutcome, check_place};
use crate::{
    format::sshsig::SignatureNamespace,
    model::{
        PrincipalId,
        file::{KeyState, Mandate, Registry, RegistryPrincipal, System},
    },
    store::Unverified,
};
use std::collections::BTreeSet;

/// The people who may sign a version of a system, and those whose signature is required.
#[derive(Debug, Default, Eq, PartialEq)]
pub struct SystemSigners<'a> {
    /// Owners who must sign.
    pub owners: BTreeSet<&'a PrincipalId>,
    /// Whether a member of the group must sign, since there is no earlier version or an owner has no active key.
    pub needs_group: bool,
    /// All who may sign.
    pub permitted: BTreeSet<&'a PrincipalId>,
    /// The number of signatures.
    pub needed: usize,
}

impl<'a> SystemSigners<'a> {
    /// Returns the signers of `next`, which follows `before`.
    pub fn of(registry: &'a Registry, mandate: &Mandate, before: Option<&'a System>, next: &'a System) -> Self {
        let people = registry.principals.iter();
        let is_active = |one: &&RegistryPrincipal| one.keys.iter().any(|key| key.state == KeyState::Active);
        let active: BTreeSet<&PrincipalId> = people.clone().filter(is_active).map(|one| &one.id).collect();
        let members = people.filter(|one| one.groups.contains(&mandate.system_group)).map(|one| &one.id);
        let mut signers = Self { permitted: members.collect(), ..Self::default() };
        let mut needed = mandate.thresholds.at(next.tier);
        match before {
            None => signers.needs_group = true,
            Some(before) => {
                let owners = BTreeSet::from([&before.owner, &next.owner]);
                signers.needs_group = !owners.is_subset(&active);
                signers.owners = owners.intersection(&active).copied().collect();
                signers.permitted.extend(signers.owners.iter().copied().chain(&before.deputy));
                needed = needed.max(mandate.thresholds.at(before.tier));
            }
        }
        // In a repository of one person, no second signature is possible; the audit reports it.
        signers.needed = if active.len() > 1 { needed } else { 1 };
        signers
    }

    /// Returns the missing signatures; `None` if there are enough.
    fn missing(&self, found: &[FileSigner], is_member: impl Fn(&str) -> bool) -> Option<TrustError> {
        let has = |name: &PrincipalId| found.iter().any(|signer| signer.name == name.as_str());
        let mut required: Vec<String> =
            self.owners.iter().filter(|owner| !has(owner)).map(|owner| format!("`{owner}`")).collect();
        if self.needs_group && !found.iter().any(|signer| is_member(&signer.name)) {
            required.push("a member of the system group".to_owned());
        }
        if required.is_empty() && found.len() >= self.needed {
            return None;
        }
        let permitted: Vec<_> = self.permitted.iter().map(|name| format!("`{name}`")).collect();
        Some(TrustError::SystemSignatures {
            needed: self.needed,
            found: found.len(),
            required: required.join(" and "),
            permitted: permitted.join(", "),
        })
    }
}

impl Verifier<'_> {
    /// Verifies a version of a system. It follows `before`, the version in force; `live` are the systems in use.
    ///
    /// Members of the system group sign the first version. A later one is signed by the owners whom the version before
    /// and this version name, by as many people as the stricter tier of both requires.
    pub(in crate::trust) fn system<'s>(
        &self,
        file: Unverified<System>,
        before: Option<&Verified<System>>,
        live: impl IntoIterator<Item = &'s System>,
    ) -> Result<VerifyOutcome<System>, TrustError> {
        let system = file.value();
        self.check_repo(&system.repo)?;
        check_place(file.path(), &system.path())?;
        if let Some(before) = before.filter(|before| before.is_retired()) {
            return Err(TrustError::SystemRetired(before.system.to_string()));
        }
        let chain = before.map(|before| (before.version, before.digest()));
        root::check_chain(system.version, &system.prev, chain)?;
        let other = live.into_iter().find(|other| {
            other.system != system.system && other.identity.is_some() && other.identity == system.identity
        });
        if let Some(other) = other.filter(|_| !system.is_retired()) {
            let identity = system.identity.clone().unwrap_or_default();
            return Err(TrustError::SystemIdentity { identity, other: other.system.to_string() });
        }
        let (registry, mandate) = (self.trust.registry().file(), self.trust.mandate().file());
        let signers = SystemSigners::of(registry, mandate, before.map(Verified::value), system);
        let permitted: Vec<&str> = signers.permitted.iter().map(|id| id.as_str()).collect();
        let found = self.signers(SignatureNamespace::System, &file, &permitted)?;
        match signers.missing(&found, |name| self.trust.registry().is_in(name, &mandate.system_group)) {
            Some(missing) => Ok(VerifyOutcome::Pending(missing)),
            None => Ok(VerifyOutcome::Accepted(self.verified(file, found))),
        }
    }
}
