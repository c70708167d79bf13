//! The state that a change is judged by, read from the tree it starts from and not from history: as much as the change
//! needs, so that the cost follows the change.
//!
//! What main holds is taken as main took it; the walk of [`Governed::walk`] is what judges main itself.

use super::{
    governed::Governed,
    judge::{Bound, Opening, fixed},
    kinship::Kinship,
    root::Root,
    state::Partial,
    verified::{Signer, Verified, reference},
};
use crate::{
    format::{governed, sshsig::Namespace},
    git::{Changes, GitError, Mode, ObjectId, Repository},
    model::{
        CampaignId, Digest, ItemId, SystemId,
        file::{Campaign, Exception, Governed as Kind, Item, Principals, Review},
    },
    store::{Place, SignatureFile},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

impl Governed {
    /// Returns the state at `base` as far as `changes` need it.
    pub(super) fn at_base(
        repository: &Repository,
        pin: Digest,
        base: ObjectId,
        head: ObjectId,
        changes: &Changes,
    ) -> Result<Self, GitError> {
        let mut state = Self::before_all(pin);
        state.head = Some(base);
        state.remember(repository, base, "trust")?;
        state.read_trust(repository)?;
        state.read_people(repository, base)?;
        let mut folders: BTreeSet<(CampaignId, SystemId)> = BTreeSet::new();
        let mut campaigns: BTreeSet<CampaignId> = BTreeSet::new();
        for change in &changes.files {
            let path = change.path();
            let signed = match Place::of(path) {
                Place::Signature { of, .. } => of,
                _ => path.to_owned(),
            };
            match Place::of(&signed) {
                Place::Review { campaign, system, .. } => {
                    campaigns.insert(campaign.clone());
                    folders.insert((campaign, system));
                }
                Place::Campaign(campaign) => drop(campaigns.insert(campaign)),
                Place::Attestation(_) => state.remember(repository, base, "attestations")?,
                Place::Exception(_) => state.remember(repository, base, "exceptions")?,
                Place::Proof { exception, .. } => {
                    state.remember(repository, base, "exceptions")?;
                    state.remember(repository, base, &format!("proofs/{exception}"))?;
                }
                _ => {}
            }
        }
        for campaign in &campaigns {
            state.remember_level(repository, base, &format!("campaigns/{campaign}"))?;
        }
        for (campaign, system) in &folders {
            state.remember(repository, base, &format!("campaigns/{campaign}/reviews/{system}"))?;
        }
        state.hold_signed();
        state.read_exceptions(repository, base)?;
        for campaign in &campaigns {
            let paths = touched_reviews(changes, campaign);
            let items = items_of(repository, head, &paths)?;
            state.read_campaign(repository, base, campaign, &paths, &items)?;
        }
        Ok(state)
    }

    /// Takes note of the signed kinds of files and signatures below a folder.
    fn remember(&mut self, repository: &Repository, base: ObjectId, folder: &str) -> Result<(), GitError> {
        for file in repository.list(base, folder)?.files {
            let place = Place::of(&file.path);
            let signed = place.namespace().is_some() || matches!(place, Place::Signature { .. });
            if signed && file.mode == Mode::Plain {
                self.files.insert(file.path, file.id);
            }
        }
        Ok(())
    }

    /// Takes note of a campaign's own file and its signatures, without its reviews.
    fn remember_level(&mut self, repository: &Repository, base: ObjectId, folder: &str) -> Result<(), GitError> {
        let path = format!("{folder}/campaign.toml");
        let trust = self.trust.clone();
        let signers = trust.iter().flat_map(|trust| &trust.registry().file().principals).map(|p| p.id.to_string());
        let mut paths = vec![path.clone()];
        paths.extend(signers.map(|signer| format!("{path}.{signer}.sig")));
        for path in paths {
            if let Some(file) = repository.file(base, &path)?
                && file.mode == Mode::Plain
            {
                self.files.insert(file.path, file.id);
            }
        }
        Ok(())
    }

    /// What has a signature on main stays as it is.
    fn hold_signed(&mut self) {
        let signed: BTreeSet<String> = self
            .files
            .keys()
            .filter_map(|path| match Place::of(path) {
                Place::Signature { of, .. } if self.files.contains_key(&of) => Some(of),
                _ => None,
            })
            .collect();
        for path in signed {
            if let Some(namespace) = Place::of(&path).namespace() {
                self.hold(&path, namespace);
            }
        }
    }

    /// Follows the chains of root, registry and mandate. A registry counts when some root up to the newest gave its
    /// signers the role, in the order of versions.
    fn read_trust(&mut self, repository: &Repository) -> Result<(), GitError> {
        let mut roots: Vec<Root> = Vec::new();
        let mut partial = Partial::default();
        for version in 1.. {
            let Some((path, bytes, signatures)) = self.trust_file(repository, "root", version)? else { break };
            if partial.take_root(self.pin, &bytes, &signatures).is_err() {
                break;
            }
            self.accepted.insert(path);
            roots.extend(partial.root.clone());
        }
        for kind in ["registry", "mandate"] {
            let mut from = 0;
            for version in 1.. {
                let Some((path, bytes, signatures)) = self.trust_file(repository, kind, version)? else { break };
                let taken = roots.iter().enumerate().skip(from).find_map(|(index, root)| {
                    partial.root = Some(root.clone());
                    let taken = match kind {
                        "registry" => partial.take_registry(Some(root), &bytes, &path, &signatures),
                        _ => partial.take_mandate(Some(root), &bytes, &path, &signatures),
                    };
                    taken.is_ok().then_some(index)
                });
                let Some(index) = taken else { break };
                self.accepted.insert(path);
                from = index;
            }
        }
        partial.root = roots.pop();
        self.trust = partial.whole().map(Arc::new);
        self.partial = partial;
        Ok(())
    }

    fn trust_file(&self, repository: &Repository, kind: &str, version: u32) -> Result<Option<Lying>, GitError> {
        let path = format!("trust/{kind}/{version}.toml");
        let Some(blob) = self.files.get(&path) else { return Ok(None) };
        let bytes = repository.blob(*blob, MAX_FILE)?;
        let signatures = self.signatures(repository, &path)?;
        Ok(Some((path, bytes, signatures)))
    }

    fn read_people(&mut self, repository: &Repository, base: ObjectId) -> Result<(), GitError> {
        let mut files: Vec<_> = repository.file(base, "principals.toml")?.into_iter().collect();
        files.extend(repository.list(base, "principals")?.files);
        for file in files.into_iter().filter(|file| file.mode == Mode::Plain) {
            let bytes = repository.blob(file.id, MAX_FILE)?;
            if let Ok(people) = governed::parse::<Principals>(&file.path, &bytes) {
                self.people.insert(file.path, people);
            }
        }
        if let Some(trust) = &self.trust {
            self.kinship = Arc::new(Kinship::new(trust.registry().file(), self.people.values()));
        }
        Ok(())
    }

    /// Reads an open campaign, and of its reviews those that concern the items touched.
    fn read_campaign(
        &mut self,
        repository: &Repository,
        base: ObjectId,
        id: &CampaignId,
        paths: &BTreeSet<String>,
        items: &BTreeSet<ItemId>,
    ) -> Result<(), GitError> {
        let path = format!("campaigns/{id}/campaign.toml");
        let Some(campaign) = self.taken::<Campaign>(repository, base, &path, Namespace::Campaign)? else {
            return Ok(());
        };
        self.accepted.insert(path);
        let mut opening = Opening { campaign, items: BTreeMap::new(), kinship: self.kinship.clone() };
        let prefix = format!("campaigns/{id}/reviews/");
        let mut decided: BTreeMap<ItemId, Vec<(Bound, Option<String>)>> = BTreeMap::new();
        let reviews = self.files.range(prefix.clone()..).take_while(|(path, _)| path.starts_with(&prefix));
        let reviews: Vec<(String, ObjectId)> = reviews
            .filter(|(path, _)| matches!(Place::of(path), Place::Review { .. }))
            .map(|(path, blob)| (path.clone(), *blob))
            .collect();
        let mut missing: BTreeSet<&ItemId> = items.iter().collect();
        // Signed files first: they may bind an item. An unsigned one is read only for items not seen yet, and then the
        // touched ones before all others: a stub that is filled in shows its own items.
        let (signed, mut stubs): (Vec<_>, Vec<_>) =
            reviews.into_iter().partition(|(path, _)| self.held.contains_key(path));
        stubs.sort_by_key(|(path, _)| !paths.contains(path));
        for (path, blob) in signed.iter().chain(&stubs) {
            let is_signed = self.held.contains_key(path);
            if missing.is_empty() && !is_signed {
                break;
            }
            let bytes = repository.blob(*blob, MAX_FILE)?;
            if !mentions(&bytes, items) {
                continue;
            }
            let Ok(review) = governed::parse::<Review>(path, &bytes) else { continue };
            if is_signed {
                self.accepted.insert(path.clone());
            }
            for item in review.items.iter().filter(|item| items.contains(&item.id)) {
                missing.remove(&item.id);
                opening.items.insert(item.id.clone(), fixed(item));
                if let Some(verdict) = item.decision.filter(|_| is_signed) {
                    let bound = Bound { path: path.clone(), digest: Digest::of(&bytes), verdict };
                    decided.entry(item.id.clone()).or_default().push((bound, item.supersedes.clone()));
                }
            }
        }
        for (item, decisions) in decided {
            let superseded: BTreeSet<&String> = decisions.iter().filter_map(|(_, names)| names.as_ref()).collect();
            let last = decisions.iter().find(|(b, _)| !superseded.contains(&reference(&b.path, b.digest)));
            if let Some((bound, _)) = last {
                self.bindings.insert((id.clone(), item), bound.clone());
            }
        }
        self.openings.insert(id.clone(), opening);
        Ok(())
    }

    /// Takes the exceptions that lie on main as main took them, the first to begin first: a new one may renew them, and a
    /// proof is about one.
    fn read_exceptions(&mut self, repository: &Repository, base: ObjectId) -> Result<(), GitError> {
        let paths = self.held.keys().filter(|path| matches!(Place::of(path), Place::Exception(_)));
        for path in paths.cloned().collect::<Vec<_>>() {
            if let Some(exception) = self.taken::<Exception>(repository, base, &path, Namespace::Exception)? {
                self.accepted.insert(path);
                self.exceptions.push(exception);
            }
        }
        self.exceptions.sort_by(|a, b| (a.from, a.path()).cmp(&(b.from, b.path())));
        Ok(())
    }

    /// Returns a file of main whose signatures are those of registered principals. Whether their keys were active then is
    /// for the walk; here a retired key does not undo what was signed.
    fn taken<T: Kind>(
        &self,
        repository: &Repository,
        base: ObjectId,
        path: &str,
        namespace: Namespace,
    ) -> Result<Option<Verified<T>>, GitError> {
        let (Some(blob), Some(trust)) = (self.files.get(path), &self.trust) else { return Ok(None) };
        let bytes = repository.blob(*blob, MAX_FILE)?;
        let Ok(value) = governed::parse::<T>(path, &bytes) else { return Ok(None) };
        let mut signers: Vec<Signer> = Vec::new();
        for file in self.signatures(repository, path)? {
            let keys: Vec<_> = trust.registry().keys_of(&file.signer).map(|(key, _)| key).collect();
            match super::root::verify(namespace, &bytes, &file, &keys) {
                Ok(key) => signers.push(Signer { name: file.signer, key }),
                Err(_) => return Ok(None),
            }
        }
        let (path, digest) = (path.to_owned(), Digest::of(&bytes));
        let (signatures, registry) = (BTreeMap::new(), trust.registry().file().version);
        let verified = Verified { value, path, digest, signatures, signers, commit: base, registry };
        Ok((!verified.signers.is_empty()).then_some(verified))
    }
}

/// Returns the reviews of a campaign that the change touches, themselves or by their signatures.
fn touched_reviews(changes: &Changes, campaign: &CampaignId) -> BTreeSet<String> {
    let signed = changes.files.iter().map(|change| match Place::of(change.path()) {
        Place::Signature { of, .. } => of,
        _ => change.path().to_owned(),
    });
    signed.filter(|path| matches!(Place::of(path), Place::Review { campaign: of, .. } if of == *campaign)).collect()
}

/// Returns the items of these reviews as they are at `head`.
fn items_of(repository: &Repository, head: ObjectId, paths: &BTreeSet<String>) -> Result<BTreeSet<ItemId>, GitError> {
    let mut items = BTreeSet::new();
    for path in paths {
        let Some(file) = repository.file(head, path)?.filter(|file| file.mode == Mode::Plain) else { continue };
        let Ok(bytes) = repository.blob(file.id, MAX_FILE) else { continue };
        let review = governed::parse::<Review>(path, &bytes);
        items.extend(review.into_iter().flat_map(|review| review.items).map(|item: Item| item.id));
    }
    Ok(items)
}

/// Returns whether a review in its one form holds one of the items; quicker than parsing it, which follows if so.
fn mentions(bytes: &[u8], items: &BTreeSet<ItemId>) -> bool {
    bytes.split(|byte| *byte == b'\n').any(|line| {
        let id = line.strip_prefix(b"id = \"").and_then(|rest| rest.strip_suffix(b"\""));
        let id = id.and_then(|id| ItemId::parse(std::str::from_utf8(id).ok()?).ok());
        id.is_some_and(|id| items.contains(&id))
    })
}

/// A file as it lies on main: its path, its bytes, its signatures.
type Lying = (String, Vec<u8>, Vec<SignatureFile>);

const MAX_FILE: u64 = 256 * 1024;
