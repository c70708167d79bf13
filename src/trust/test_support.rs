//! Test support: runs the production verifier on in-memory campaigns, without a git repository.

use crate::trust::error::TrustError;
use crate::trust::identity::{former_links::FormerOwnership, ownership::OwnershipIndex};
use crate::trust::keys::registry::TrustRegistry;
use crate::trust::keys::root::TrustRoot;
use crate::trust::keys::trust_state::{PartialTrust, TrustMandate, TrustState};
use crate::trust::verified::Verified;
use crate::trust::verify::open_campaign::{OpenCampaign, VotingSlot};
use crate::trust::verify::published_items::PublishedItems;
use crate::trust::verify::review::ReviewWithSlots;
use crate::trust::verify::verifier::{Verifier, VerifyOutcome};
use crate::trust::{Bootstrap, Founder};
use crate::{
    format::{
        blank_worklist::blank_digest,
        codec,
        ssh_keys::{PrivateKey, Signer as _},
        sshsig::{SignatureNamespace, SshSignature},
    },
    git::ObjectId,
    model::{
        Digest, PrincipalId, RepoId,
        file::{
            Campaign, Delegation, GovernedFile as Kind, KeyState, PrincipalRecord, Principals, RegistryKey,
            RegistryPrincipal, Review, StageClose, files_digest,
        },
    },
    store::{SignatureFile, Unverified},
};
use std::{collections::BTreeMap, sync::Arc};

/// Founders and other principals with keys.
pub(crate) struct TestVerifier {
    trust: TrustState,
    kinship: Arc<OwnershipIndex>,
    main: ObjectId,
}

/// An in-memory campaign: published items and accepted files.
pub(crate) struct TestCampaign<'c> {
    verifiers: &'c TestVerifier,
    kinship: Option<Arc<OwnershipIndex>>,
    pub(crate) opening: OpenCampaign,
    delegations: Vec<Verified<Delegation>>,
    pub(crate) reviews: Vec<(Verified<Review>, Vec<VotingSlot>)>,
}

impl TestVerifier {
    /// Creates the verifier: the first of `all` owns campaigns, all have a key, and `people` maps accounts to
    /// principals.
    pub(crate) fn found(repo: &RepoId, all: &[&str], people: Vec<PrincipalRecord>) -> Self {
        let founder = Founder { id: id(all[0]), key: key(all[0]).public_key(), handle: None, subjects: Vec::new() };
        let founding = Bootstrap {
            repo: repo.clone(),
            founders: vec![founder],
            threshold: 1,
            log_origin: "tenure/test".to_owned(),
            commit_key: key("engine").public_key(),
            log_key: key("log").public_key(),
            readback_key: None,
            code_owners: Vec::new(),
            engine: None,
        };
        let (files, pin) = founding.files().unwrap();
        let file = |path: &str| files.iter().find(|(own, _)| own == path).unwrap().1.clone().into_bytes();
        let root = file("trust/root/1.toml");
        let signed = signature("trust/root/1.toml", &root, all[0], SignatureNamespace::Root);
        let root = TrustRoot::first(pin, &root, &[signed]).unwrap();
        let path = "trust/registry/1.toml";
        let mut registry: crate::model::file::Registry = codec::parse(path, &file(path)).ok().unwrap();
        registry.principals.extend(all[1..].iter().map(|name| RegistryPrincipal {
            id: id(name),
            subjects: Vec::new(),
            groups: Vec::new(),
            keys: vec![RegistryKey {
                ssh: key(name).public_key().to_string(),
                state: KeyState::Active,
                suspect_from_index: None,
            }],
        }));
        registry.principals.sort_by(|a, b| a.id.cmp(&b.id));
        let registry = TrustRegistry::parse(codec::render(&registry).as_bytes(), path, None, &root).unwrap();
        let people = Principals { schema: Principals::KIND.schema().to_owned(), principals: people };
        let kinship = Arc::new(OwnershipIndex::new(registry.shared(), [Arc::new(people)]));
        let path = "trust/mandate/1.toml";
        let mandate = TrustMandate::unverified(codec::parse(path, &file(path)).ok().unwrap(), &file(path));
        let partial = PartialTrust { root: Some(root), registry: Some(registry), mandate: Some(mandate) };
        let main = ObjectId::parse("4b825dc642cb6eb9a060e54bf8d69288fbee4904").unwrap();
        Self { trust: partial.whole().unwrap(), kinship, main }
    }

    /// Opens a campaign with these stubs, signed by the owner; its digest is put into them.
    pub(crate) fn open(
        &self,
        campaign: Campaign,
        stubs: &[(String, Review)],
        owner: &str,
    ) -> Result<TestCampaign<'_>, &'static str> {
        let mut published = PublishedItems::default();
        let mut add = |(path, stub): &(String, Review)| published.add(path, &codec::render(stub), stub);
        stubs.iter().try_for_each(&mut add).map_err(|refusal| refusal.code())?;
        let path = format!("campaigns/{}/campaign.toml", campaign.id);
        let file = signed(&path, campaign, owner, SignatureNamespace::Campaign);
        let opened =
            accepted(self.verifier(None).campaign(file, published, &BTreeMap::new(), |base| base == self.main))?;
        Ok(TestCampaign {
            verifiers: self,
            kinship: None,
            opening: opened.value().clone(),
            delegations: Vec::new(),
            reviews: Vec::new(),
        })
    }

    fn verifier<'a>(&'a self, merger: Option<&'a PrincipalId>) -> Verifier<'a> {
        let Self { trust, kinship, main } = self;
        let FormerOwnership { links: former, .. } = FormerOwnership::none();
        Verifier { trust, after: trust.registry(), kinship, former, commit: *main, merger }
    }
}

impl TestCampaign<'_> {
    /// Changes the principals on main.
    pub(crate) fn set_people(&mut self, people: Vec<PrincipalRecord>) {
        let people = Principals { schema: Principals::KIND.schema().to_owned(), principals: people };
        let registry = self.verifiers.trust.registry().shared();
        self.kinship = Some(Arc::new(OwnershipIndex::new(registry, [Arc::new(people)])));
    }

    fn verifier<'a>(&'a self, merger: Option<&'a PrincipalId>) -> Verifier<'a> {
        let kinship = self.kinship.as_ref().unwrap_or(&self.verifiers.kinship);
        Verifier { kinship, ..self.verifiers.verifier(merger) }
    }

    /// Verifies and records a review, signed by its reviewer and merged by `merger`. Returns its reference for
    /// `supersedes`.
    pub(crate) fn review(
        &mut self,
        path: &str,
        review: Review,
        merger: Option<&PrincipalId>,
    ) -> Result<String, &'static str> {
        let reviewer = review.reviewer.to_string();
        let file = signed(path, review, &reviewer, SignatureNamespace::Review);
        let assigned: Verified<ReviewWithSlots> =
            accepted(self.verifier(merger).review(file, Some(&self.opening), &self.delegations))?;
        let mut slots = Vec::new();
        let review = assigned.map(|(review, own)| {
            slots = own;
            review
        });
        self.opening.record_decisions(review.path(), review.digest(), &review, &slots);
        let reference = review.reference();
        self.reviews.push((review, slots));
        Ok(reference)
    }

    /// Verifies and records a delegation signed by `signer`.
    pub(crate) fn delegate(&mut self, delegation: Delegation, signer: &str) -> Result<(), &'static str> {
        let path = format!("delegations/{}.toml", delegation.id);
        let file = signed(&path, delegation, signer, SignatureNamespace::Delegation);
        let taken = accepted(self.verifier(None).delegation(file, Some(&self.opening)))?;
        self.delegations.push(taken);
        Ok(())
    }

    /// Verifies and records a stage close signed by `signer`.
    pub(crate) fn close(&mut self, close: StageClose, signer: &str) -> Result<(), &'static str> {
        let path = format!("campaigns/{}/stages/{}.toml", close.campaign, close.stage);
        let file = signed(&path, close, signer, SignatureNamespace::StageClose);
        let main = self.verifiers.main;
        let taken = self.verifier(None).stage_close(file, Some(&self.opening), |base| base == main);
        self.opening.closes.push(accepted(taken)?);
        Ok(())
    }
}

/// Returns the digest of worklists that a campaign pins.
pub(crate) fn worklists_digest(stubs: &[(String, Review)]) -> Digest {
    let files = stubs.iter().map(|(path, stub)| (path.as_str(), blank_digest(stub, &codec::render(stub))));
    files_digest(files)
}

fn accepted<T>(judged: Result<VerifyOutcome<T>, TrustError>) -> Result<Verified<T>, &'static str> {
    match judged {
        Ok(VerifyOutcome::Accepted(verified)) => Ok(verified),
        Ok(VerifyOutcome::Open) => Err("open"),
        Ok(VerifyOutcome::Pending(refusal)) | Err(refusal) => Err(refusal.code()),
    }
}

fn signed<T: Kind>(path: &str, value: T, signer: &str, namespace: SignatureNamespace) -> Unverified<T> {
    let bytes = codec::render(&value).into_bytes();
    let signature = signature(path, &bytes, signer, namespace);
    Unverified::new(value, bytes, path.to_owned(), vec![signature])
}

fn signature(path: &str, bytes: &[u8], signer: &str, namespace: SignatureNamespace) -> SignatureFile {
    let signature = SshSignature::sign(&key(signer), namespace, bytes).unwrap();
    let path = format!("{path}.{signer}.sig");
    SignatureFile { signer: signer.to_owned(), path, bytes: signature.armored().into_bytes() }
}

fn key(name: &str) -> PrivateKey {
    PrivateKey::from_seed(Digest::of(format!("test key of {name}")).as_bytes())
}

fn id(name: &str) -> PrincipalId {
    PrincipalId::parse(name).unwrap()
}
