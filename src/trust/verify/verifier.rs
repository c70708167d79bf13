//! Verifies one signed file against the trust state at the first parent of its merge.

use crate::trust::error::TrustError;
use crate::trust::identity::former_links::FormerLinks;
use crate::trust::identity::ownership::OwnershipIndex;
use crate::trust::keys::registry::TrustRegistry;
use crate::trust::keys::root;
use crate::trust::keys::trust_state::TrustState;
use crate::trust::verified::{FileSigner, Verified};
use crate::trust::verify::open_campaign::OpenCampaign;
use crate::trust::verify::published_items::PublishedItems;
use crate::{
    format::sshsig::{SignatureNamespace, SshSignature},
    git::ObjectId,
    model::{
        Digest, ItemId, PrincipalId, RepoId, SystemId,
        file::{Attestation, Campaign, KeyState},
    },
    store::{SignatureFile, Unverified},
};
use std::{collections::BTreeMap, sync::Arc};

/// The inputs for the verification of a file.
pub(in crate::trust) struct Verifier<'a> {
    /// The trust state at the first parent.
    pub(in crate::trust) trust: &'a TrustState,
    /// The registry at the merge itself: keys that it revokes do not count.
    pub(in crate::trust) after: &'a TrustRegistry,
    /// The ownership of access.
    pub(in crate::trust) kinship: &'a Arc<OwnershipIndex>,
    /// The links that earlier merges removed.
    pub(in crate::trust) former: &'a FormerLinks,
    /// The merge.
    pub(in crate::trust) commit: ObjectId,
    /// The principal who made the merge, if a registered key signed it.
    pub(in crate::trust) merger: Option<&'a PrincipalId>,
}

/// The result for a file without problems.
#[derive(Debug)]
pub(in crate::trust) enum VerifyOutcome<T> {
    /// The file has enough signatures.
    Accepted(Verified<T>),
    /// The file is unsigned and contains no decisions.
    Open,
    /// All signatures are valid, but more are required.
    Pending(TrustError),
}

impl Verifier<'_> {
    /// Verifies a campaign; `published` are the items and assignments of the worklists that came with it, and `passed`
    /// returns whether a commit is on the first-parent line of main.
    pub(in crate::trust) fn campaign(
        &self,
        file: Unverified<Campaign>,
        published: PublishedItems,
        last_openings: &BTreeMap<SystemId, u64>,
        passed: impl FnOnce(ObjectId) -> bool,
    ) -> Result<VerifyOutcome<OpenCampaign>, TrustError> {
        let campaign = file.value();
        self.check_repo(&campaign.repo)?;
        check_place(file.path(), &format!("campaigns/{}/campaign.toml", campaign.id))?;
        let group = &self.trust.mandate().file().campaign_owner_group;
        let signers = self.group_signers(SignatureNamespace::Campaign, &file, group)?;
        if signers.is_empty() {
            return Ok(VerifyOutcome::Pending(TrustError::Threshold { needed: 1, found: 0, tier: None }));
        }
        if !ObjectId::parse(&campaign.base).is_ok_and(passed) {
            let expected = "a commit on the first-parent line of main".to_owned();
            return Err(TrustError::CampaignField { field: "base", found: campaign.base.clone(), expected });
        }
        let ends = campaign.opened_at.plus_days(i64::from(campaign.definition.window_days));
        if campaign.closes_at != ends {
            let (found, expected) = (campaign.closes_at.to_string(), ends.to_string());
            return Err(TrustError::CampaignField { field: "closes_at", found, expected });
        }
        published.check(campaign)?;
        let verified = self.verified(file, signers);
        let opening = OpenCampaign::new(verified.clone(), published, self.kinship.clone(), last_openings);
        Ok(VerifyOutcome::Accepted(verified.map(|_| opening)))
    }

    /// Verifies an attestation: signed by the executor and by another person who checked the target.
    pub(in crate::trust) fn attestation(
        &self,
        file: Unverified<Attestation>,
    ) -> Result<VerifyOutcome<Attestation>, TrustError> {
        let attestation = file.value();
        self.check_repo(&attestation.repo)?;
        check_place(file.path(), &format!("attestations/{}.toml", attestation.action))?;
        let (executor, witness) = (attestation.executor.as_str(), attestation.witness.as_str());
        if executor == witness {
            return Err(TrustError::DuplicateName(executor.to_owned()));
        }
        let signers = self.signers(SignatureNamespace::Attestation, &file, &[executor, witness])?;
        if signers.len() < 2 {
            return Ok(VerifyOutcome::Pending(TrustError::Threshold { needed: 2, found: signers.len(), tier: None }));
        }
        if let Some(pair) = self.too_few_people(&[self.kinship], &signers, 2) {
            return Ok(VerifyOutcome::Pending(pair));
        }
        Ok(VerifyOutcome::Accepted(self.verified(file, signers)))
    }

    /// Returns the error of too few people, if some of the signers are one person by any of these links.
    pub(in crate::trust) fn too_few_people(
        &self,
        kinships: &[&OwnershipIndex],
        signers: &[FileSigner],
        needed: usize,
    ) -> Option<TrustError> {
        let ids: Vec<PrincipalId> = signers.iter().filter_map(|one| PrincipalId::parse(&one.name).ok()).collect();
        let same =
            |one: &PrincipalId, other: &PrincipalId| kinships.iter().any(|links| links.is_same_person(one, other));
        let mut people: Vec<Vec<&PrincipalId>> = Vec::new();
        for id in &ids {
            let (own, others): (Vec<_>, Vec<_>) =
                people.into_iter().partition(|names| names.iter().any(|name| same(name, id)));
            people = others;
            people.push(own.into_iter().flatten().chain([id]).collect());
        }
        if people.len() >= needed {
            return None;
        }
        let pair = people.iter().find_map(|names| names.first().zip(names.get(1)));
        pair.map(|(first, second)| TrustError::SamePerson { first: first.to_string(), second: second.to_string() })
    }

    /// Verifies all signatures of a file. A principal counts once; one invalid signature rejects the file.
    pub(in crate::trust) fn signers<T>(
        &self,
        namespace: SignatureNamespace,
        file: &Unverified<T>,
        allowed: &[&str],
    ) -> Result<Vec<FileSigner>, TrustError> {
        let mut signers: BTreeMap<String, FileSigner> = BTreeMap::new();
        for signature in file.signatures() {
            let key = self.signature(namespace, file.bytes(), signature)?;
            if !allowed.contains(&signature.signer.as_str()) {
                return Err(TrustError::SignerNotNamed {
                    signer: signature.signer.clone(),
                    allowed: allowed.join(", "),
                });
            }
            signers.insert(signature.signer.clone(), FileSigner { name: signature.signer.clone(), key });
        }
        Ok(signers.into_values().collect())
    }

    pub(in crate::trust) fn group_signers<T>(
        &self,
        namespace: SignatureNamespace,
        file: &Unverified<T>,
        group: &str,
    ) -> Result<Vec<FileSigner>, TrustError> {
        let names: Vec<&str> = file.signatures().iter().map(|signature| signature.signer.as_str()).collect();
        let signers = self.signers(namespace, file, &names)?;
        match signers.iter().find(|signer| !self.trust.registry().is_in(&signer.name, group)) {
            Some(other) => Err(TrustError::NotInGroup { signer: other.name.clone(), group: group.to_owned() }),
            None => Ok(signers),
        }
    }

    /// Verifies one signature against the registry at the first parent, and returns its key.
    pub(in crate::trust) fn signature(
        &self,
        namespace: SignatureNamespace,
        bytes: &[u8],
        file: &SignatureFile,
    ) -> Result<crate::format::ssh_keys::PublicKey, TrustError> {
        let registry = self.trust.registry();
        if registry.principal(&file.signer).is_none() {
            return Err(TrustError::SignerUnknown(file.signer.clone()));
        }
        if PrincipalId::parse(&file.signer).is_ok_and(|signer| self.kinship.has_left(&signer)) {
            return Err(TrustError::SignerLeft(file.signer.clone()));
        }
        let refuse = |error| TrustError::Signature { signer: file.signer.clone(), error };
        let key = SshSignature::parse(&file.bytes).map_err(refuse)?.key();
        let own: Vec<_> = registry.keys_of(&file.signer).map(|(key, _)| key).collect();
        root::verify(namespace, bytes, file, &own)?;
        let state = |registry: &TrustRegistry| registry.holder(&key).map(|(_, state, _)| state);
        let signer = file.signer.clone();
        match (state(registry), state(self.after)) {
            (Some(KeyState::Revoked), _) | (_, Some(KeyState::Revoked)) => {
                Err(TrustError::SignerKey { signer, state: "revoked" })
            }
            (Some(KeyState::Active), _) => Ok(key),
            _ => Err(TrustError::SignerKey { signer, state: "retired" }),
        }
    }

    pub(in crate::trust) fn reject_self_review(
        &self,
        kinship: &OwnershipIndex,
        signer: &str,
        item: &ItemId,
        subject: &str,
    ) -> Result<(), TrustError> {
        match PrincipalId::parse(signer).ok().and_then(|signer| kinship.link(&signer, subject)) {
            None => Ok(()),
            Some(tie) => Err(TrustError::SelfReview {
                signer: signer.to_string(),
                what: tie.to_string(),
                item: item.to_string(),
            }),
        }
    }

    pub(in crate::trust) fn check_repo(&self, found: &RepoId) -> Result<(), TrustError> {
        let expected = self.trust.repo();
        if found == expected {
            return Ok(());
        }
        Err(TrustError::WrongRepository { found: found.to_string(), expected: expected.to_string() })
    }

    pub(in crate::trust) fn verified<T>(&self, file: Unverified<T>, signers: Vec<FileSigner>) -> Verified<T> {
        let digest = file.digest();
        let signatures = file.signatures().iter().map(|s| (s.path.clone(), Digest::of(&s.bytes))).collect();
        let path = file.path().to_owned();
        let registry = self.trust.registry().file().version;
        Verified { value: file.into_value(), path, digest, signatures, signers, commit: self.commit, registry }
    }
}

pub(in crate::trust) fn check_place(path: &str, says: &str) -> Result<(), TrustError> {
    if path == says {
        return Ok(());
    }
    Err(TrustError::Place { says: says.to_owned(), lies: path.to_owned() })
}
