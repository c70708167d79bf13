//! The form in which the cache keeps a verified state. Only this module turns it back into [`Verified`] values.

use super::{RejectedFile, RepositoryState, stored_items::StoredItems};
use crate::{
    diag::codes,
    format::{ssh_keys::PublicKey, sshsig::SignatureNamespace},
    git::ObjectId,
    model::{
        CampaignId, Digest, PrincipalId, Severity, SystemId,
        file::{Attestation, Campaign, Delegation, Exception, Principals, Proof, Registry, Review, StageClose, System},
    },
    trust::{
        error::{RecordedRejection, TrustError},
        identity::{former_links::FormerLinks, ownership::OwnershipIndex},
        keys::{registry::TrustRegistry, root::TrustRoot, trust_state::TrustMandate},
        verified::{FileSigner, Verified},
        verify::open_campaign::{OpenCampaign, VotingSlot},
    },
};
use serde::{Deserialize, Serialize};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// A verified state, with each principals file and registry once.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredState<'s> {
    head: Option<ObjectId>,
    line: Cow<'s, BTreeSet<ObjectId>>,
    root: Option<Cow<'s, str>>,
    registry: Option<Cow<'s, str>>,
    mandate: Option<Cow<'s, str>>,
    files: Cow<'s, BTreeMap<String, ObjectId>>,
    held: Vec<(Cow<'s, str>, ObjectId, Cow<'s, str>)>,
    accepted: Cow<'s, BTreeSet<String>>,
    principals: Vec<Cow<'s, Principals>>,
    registries: Vec<Cow<'s, Registry>>,
    /// Principals files in force, as indexes into `principals`.
    people: Vec<(Cow<'s, str>, usize)>,
    former: Cow<'s, FormerLinks>,
    last_openings: Cow<'s, BTreeMap<SystemId, u64>>,
    #[serde(borrow)]
    campaigns: Vec<StoredCampaign<'s>>,
    delegations: Vec<StoredFile<'s, Delegation>>,
    reviews: Vec<StoredFile<'s, Review>>,
    slots: Cow<'s, [Vec<VotingSlot>]>,
    exceptions: Vec<StoredFile<'s, Exception>>,
    proofs: Vec<StoredFile<'s, Proof>>,
    attestations: Vec<StoredFile<'s, Attestation>>,
    /// The signed versions of all systems, by system and version.
    systems: Vec<StoredFile<'s, System>>,
    rejections: Vec<StoredRejection<'s>>,
}

#[derive(Serialize, Deserialize)]
struct StoredCampaign<'s> {
    id: Cow<'s, CampaignId>,
    campaign: StoredFile<'s, Campaign>,
    #[serde(borrow)]
    items: StoredItems<'s>,
    reviewers: Cow<'s, [PrincipalId]>,
    cosigners: Cow<'s, BTreeMap<String, Vec<PrincipalId>>>,
    /// The principals at the opening, as indexes into the registries and principals files.
    registry: Option<usize>,
    people: Vec<usize>,
    since: Cow<'s, BTreeMap<SystemId, u64>>,
    closes: Vec<StoredFile<'s, StageClose>>,
}

#[derive(Serialize, Deserialize)]
struct StoredFile<'s, T: Clone> {
    value: Cow<'s, T>,
    path: Cow<'s, str>,
    digest: Digest,
    signatures: Cow<'s, BTreeMap<String, Digest>>,
    signers: Vec<(Cow<'s, str>, String)>,
    commit: ObjectId,
    registry: u32,
}

#[derive(Serialize, Deserialize)]
struct StoredRejection<'s> {
    commit: ObjectId,
    path: Cow<'s, str>,
    code: Cow<'s, str>,
    severity: Severity,
    message: String,
    help: Cow<'s, str>,
    standing: bool,
}

/// Values that several campaigns share, each once.
struct SharedValues<'s, T> {
    values: Vec<&'s Arc<T>>,
}

impl<'s, T> SharedValues<'s, T> {
    fn index(&mut self, value: &'s Arc<T>) -> usize {
        let known = self.values.iter().position(|known| Arc::ptr_eq(known, value));
        known.unwrap_or_else(|| {
            self.values.push(value);
            self.values.len() - 1
        })
    }
}

impl<'s> StoredState<'s> {
    /// Returns the stored form of a state, with the texts of root, registry and mandate in force.
    pub(super) fn of(state: &'s RepositoryState, texts: [Option<&'s str>; 3]) -> Self {
        let mut principals = SharedValues { values: Vec::new() };
        let mut registries = SharedValues { values: Vec::new() };
        let people = state.people.iter().map(|(path, file)| (path.into(), principals.index(file))).collect();
        let campaigns = state.openings.iter();
        let campaigns = campaigns.map(|(id, open)| StoredCampaign::of(id, open, &mut principals, &mut registries));
        let campaigns = campaigns.collect();
        let [root, registry, mandate] = texts.map(|text| text.map(Cow::Borrowed));
        Self {
            head: state.head,
            line: Cow::Borrowed(&state.line),
            root,
            registry,
            mandate,
            files: Cow::Borrowed(&state.files),
            held: state.held.iter().map(|(path, (blob, of))| (path.into(), *blob, of.as_str().into())).collect(),
            accepted: Cow::Borrowed(&state.accepted),
            principals: principals.values.into_iter().map(|file| Cow::Borrowed(&**file)).collect(),
            registries: registries.values.into_iter().map(|file| Cow::Borrowed(&**file)).collect(),
            people,
            former: Cow::Borrowed(&*state.former),
            last_openings: Cow::Borrowed(&state.last_openings),
            campaigns,
            delegations: stored(&state.delegations),
            reviews: stored(&state.reviews),
            slots: Cow::Borrowed(&state.slots),
            exceptions: stored(&state.exceptions),
            proofs: stored(&state.proofs),
            attestations: stored(&state.attestations),
            systems: state.systems.values().flatten().map(StoredFile::of).collect(),
            rejections: state.found.iter().map(StoredRejection::of).collect(),
        }
    }

    /// Returns the state; `None` if this form is inconsistent.
    pub(super) fn restore(self, pin: Digest) -> Option<RepositoryState> {
        let mut state = RepositoryState::empty(pin);
        state.partial.root =
            self.root.map(|text| TrustRoot::parse("trust/root.toml", text.as_bytes())).transpose().ok()?;
        if let (Some(text), Some(root)) = (&self.registry, &state.partial.root) {
            let registry = TrustRegistry::unchained(text.as_bytes(), "trust/registry.toml", root).ok()?;
            state.partial.registry = Some(registry);
        }
        state.partial.mandate = match &self.mandate {
            Some(text) => {
                let file = crate::format::codec::parse("trust/mandate.toml", text.as_bytes()).ok()?;
                Some(TrustMandate::unverified(file, text.as_bytes()))
            }
            None => None,
        };
        state.trust = state.partial.whole().map(Arc::new);
        let principals: Vec<_> = self.principals.into_iter().map(|file| Arc::new(file.into_owned())).collect();
        let registries: Vec<_> = self.registries.into_iter().map(|file| Arc::new(file.into_owned())).collect();
        for (path, index) in self.people {
            state.people.insert(path.into_owned(), principals.get(index)?.clone());
        }
        if let Some(trust) = &state.trust {
            let people = state.people.values().cloned();
            state.kinship = Arc::new(OwnershipIndex::new(trust.registry().shared(), people));
        }
        for (path, blob, namespace) in self.held {
            let namespace = SignatureNamespace::ALL.into_iter().find(|known| known.as_str() == namespace)?;
            state.held.insert(path.into_owned(), (blob, namespace));
        }
        for campaign in self.campaigns {
            let (id, open) = campaign.restore(&principals, &registries)?;
            state.openings.insert(id, open);
        }
        state.former = Arc::new(self.former.into_owned());
        state.last_openings = self.last_openings.into_owned();
        state.head = self.head;
        state.line = self.line.into_owned();
        state.files = self.files.into_owned();
        state.accepted = self.accepted.into_owned();
        state.delegations = restored(self.delegations)?;
        state.reviews = restored(self.reviews)?;
        state.slots = self.slots.into_owned();
        if state.reviews.len() != state.slots.len() {
            return None;
        }
        for (review, slots) in state.reviews.iter().zip(&state.slots) {
            state.openings.get_mut(&review.campaign)?.record_decisions(review.path(), review.digest(), review, slots);
        }
        state.exceptions = restored(self.exceptions)?;
        state.proofs = restored(self.proofs)?;
        state.attestations = restored(self.attestations)?;
        for system in restored(self.systems)? {
            state.systems.entry(system.system.clone()).or_default().push(system);
        }
        state.found = self.rejections.into_iter().map(StoredRejection::restore).collect::<Option<_>>()?;
        Some(state)
    }
}

impl<'s> StoredCampaign<'s> {
    fn of(
        id: &'s CampaignId,
        open: &'s OpenCampaign,
        principals: &mut SharedValues<'s, Principals>,
        registries: &mut SharedValues<'s, Registry>,
    ) -> Self {
        let (registry, people) = open.kinship.sources();
        Self {
            id: Cow::Borrowed(id),
            campaign: StoredFile::of(&open.campaign),
            items: StoredItems::of(&open.items),
            reviewers: Cow::Borrowed(&open.reviewers),
            cosigners: Cow::Borrowed(&open.cosigners),
            registry: registry.map(|registry| registries.index(registry)),
            people: people.iter().map(|file| principals.index(file)).collect(),
            since: Cow::Borrowed(&open.since),
            closes: stored(&open.closes),
        }
    }

    fn restore(
        self,
        principals: &[Arc<Principals>],
        registries: &[Arc<Registry>],
    ) -> Option<(CampaignId, OpenCampaign)> {
        let people = self.people.into_iter().map(|index| principals.get(index).cloned()).collect::<Option<Vec<_>>>()?;
        let kinship = match self.registry {
            Some(index) => Arc::new(OwnershipIndex::new(registries.get(index)?.clone(), people)),
            None => Arc::default(),
        };
        let open = OpenCampaign {
            campaign: self.campaign.restore()?,
            items: Arc::new(self.items.restore()?),
            reviewers: self.reviewers.into_owned(),
            cosigners: self.cosigners.into_owned(),
            kinship,
            since: self.since.into_owned(),
            closes: restored(self.closes)?,
            bound: BTreeMap::new(),
        };
        Some((self.id.into_owned(), open))
    }
}

impl<'s, T: Clone> StoredFile<'s, T> {
    fn of(file: &'s Verified<T>) -> Self {
        Self {
            value: Cow::Borrowed(&file.value),
            path: Cow::Borrowed(&file.path),
            digest: file.digest,
            signatures: Cow::Borrowed(&file.signatures),
            signers: file.signers.iter().map(|by| (Cow::Borrowed(&*by.name), by.key.to_string())).collect(),
            commit: file.commit,
            registry: file.registry,
        }
    }

    fn restore(self) -> Option<Verified<T>> {
        let signer = |(name, key): (Cow<'_, str>, String)| {
            Some(FileSigner { name: name.into_owned(), key: PublicKey::parse(&key).ok()? })
        };
        Some(Verified {
            value: self.value.into_owned(),
            path: self.path.into_owned(),
            digest: self.digest,
            signatures: self.signatures.into_owned(),
            signers: self.signers.into_iter().map(signer).collect::<Option<_>>()?,
            commit: self.commit,
            registry: self.registry,
        })
    }
}

impl<'s> StoredRejection<'s> {
    fn of(found: &'s RejectedFile) -> Self {
        Self {
            commit: found.commit,
            path: Cow::Borrowed(&found.path),
            code: Cow::Borrowed(found.refusal.code()),
            severity: found.refusal.severity(),
            message: found.refusal.to_string(),
            help: Cow::Borrowed(found.refusal.help()),
            standing: found.standing,
        }
    }

    fn restore(self) -> Option<RejectedFile> {
        let recorded = RecordedRejection {
            code: codes::find(&self.code)?.name,
            severity: self.severity,
            message: self.message,
            help: self.help.into_owned(),
        };
        let refusal = TrustError::Recorded(Box::new(recorded));
        Some(RejectedFile { commit: self.commit, path: self.path.into_owned(), refusal, standing: self.standing })
    }
}

fn stored<T: Clone>(files: &[Verified<T>]) -> Vec<StoredFile<'_, T>> {
    files.iter().map(StoredFile::of).collect()
}

fn restored<T: Clone>(files: Vec<StoredFile<'_, T>>) -> Option<Vec<Verified<T>>> {
    files.into_iter().map(StoredFile::restore).collect()
}
