//! A governed repository in a temporary folder, with merges as test steps.

use super::signing::{armored, namespace};
pub use super::signing::{key, signature_path};
use std::{cell::RefCell, collections::BTreeMap};
use tempfile::TempDir;
use tenure::{
    format::{
        blank_worklist::blank_digest,
        codec::render,
        ssh_keys::{PrivateKey, Signer as _},
        sshsig::{SignatureNamespace, SshSignature},
    },
    git::{CommitDraft, CommitIdentity, ObjectId, Repository, TreeEdit},
    model::{
        CampaignId, Digest, GrantKey, ItemId, PrincipalId, RepoId, SystemId, Tier, Timestamp, Verdict,
        file::{
            Campaign, CampaignDefinition, Delegation, GovernedFile as Kind, Item, KeyState, Mandate, NoResponseItem,
            NoResponseOutcome, Population, PrincipalKind, PrincipalRecord, Principals, Registry, RegistryKey,
            RegistryPrincipal, Review, Root, StageClose, files_digest, population,
        },
    },
    trust::{Bootstrap, Founder, RepositoryState, render_allowed_signers},
};

/// The files of a tree by path.
pub type Files = BTreeMap<String, Vec<u8>>;

/// A governed repository with three founders (`ana`, `ben`, `cleo`; two of them sign trust) and four reviewers (`dora`,
/// `emil`, `fay`, `gus`). `dora` owns the job `svc-export` and has a second account.
pub struct TestHistory {
    folder: TempDir,
    pub repository: Repository,
    pub founding: Bootstrap,
    pub pin: Digest,
    pub main: ObjectId,
    /// The tree of main.
    pub files: Files,
    clock: i64,
    /// The tree written last, and its files.
    written: RefCell<(Option<ObjectId>, Files)>,
}

pub const CAMPAIGN: &str = "2026-q4";
pub const SYSTEM: &str = "pg-orders";

impl TestHistory {
    /// Founds a repository and opens a campaign in it.
    pub fn new() -> Self {
        let mut world = Self::founded();
        world.open_campaign();
        world
    }

    /// Founds a repository.
    pub fn founded() -> Self {
        Self::founded_as(RepoId::parse("urn:uuid:9c1e6f0a-6a0f-4c59-9a53-1c7f5f6d2b11").unwrap())
    }

    /// Founds a repository with this id.
    pub fn founded_as(repo: RepoId) -> Self {
        let folder = tempfile::Builder::new().prefix("tenure-").tempdir().unwrap();
        let repository = Repository::create(folder.path()).unwrap();
        let founders = ["ana", "ben", "cleo"].map(|name| Founder {
            id: PrincipalId::parse(name).unwrap(),
            key: key(name).public_key(),
            handle: None,
            subjects: vec![format!("{SYSTEM}:{name}")],
        });
        let founding = Bootstrap {
            repo,
            founders: founders.to_vec(),
            threshold: 2,
            log_origin: "tenure/test".to_owned(),
            commit_key: key("engine").public_key(),
            log_key: key("log").public_key(),
            readback_key: None,
            code_owners: Vec::new(),
            engine: None,
        };
        let (texts, _) = founding.files().unwrap();
        let mut files: Files = texts.into_iter().map(|(path, text)| (path, text.into_bytes())).collect();
        let mut registry: Registry = parse(&files, "trust/registry/1.toml");
        for name in ["dora", "emil", "fay", "gus"] {
            registry.principals.push(RegistryPrincipal {
                id: PrincipalId::parse(name).unwrap(),
                subjects: vec![format!("{SYSTEM}:{name}")],
                groups: Vec::new(),
                keys: vec![registry_key(name, KeyState::Active)],
            });
        }
        put(&mut files, "trust/registry/1.toml", &registry);
        let mut people: Principals = parse(&files, "principals.toml");
        for name in ["dora", "emil", "fay", "gus"] {
            people.principals.push(person(name, vec![format!("{SYSTEM}:{name}")]));
        }
        people.principals.push(person("dora.second", vec![format!("{SYSTEM}:dora"), format!("{SYSTEM}:dora-admin")]));
        let mut job = person("svc-export", vec![format!("{SYSTEM}:svc-export")]);
        (job.kind, job.owner) = (PrincipalKind::Service, Some(PrincipalId::parse("dora").unwrap()));
        people.principals.push(job);
        put(&mut files, "principals.toml", &people);
        allow(&mut files);
        for path in ["trust/root/1.toml", "trust/registry/1.toml", "trust/mandate/1.toml"] {
            sign(&mut files, path, "ana");
            sign(&mut files, path, "ben");
        }
        let pin = Digest::of(&files["trust/root/1.toml"]);
        let main = ObjectId::parse("4b825dc642cb6eb9a060e54bf8d69288fbee4904").unwrap();
        let mut world = Self {
            folder,
            repository,
            founding,
            pin,
            main,
            files: Files::new(),
            clock: 1_790_000_000,
            written: RefCell::default(),
        };
        world.main = world.commit(&[], &files, "found");
        world.files = files;
        world
    }

    /// Returns the folder of the repository.
    pub fn path(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Opens the campaign: six items on one system, assigned to `dora`.
    pub fn open_campaign(&mut self) {
        self.open_campaign_of(items());
    }

    /// Opens the campaign with these items.
    pub fn open_campaign_of(&mut self, items: Vec<Item>) {
        let mut files = self.files.clone();
        let campaign = campaign(&self.founding.repo, &self.main, &items);
        let review = Review {
            schema: Review::KIND.schema().to_owned(),
            repo: self.founding.repo.clone(),
            campaign: CampaignId::parse(CAMPAIGN).unwrap(),
            digest: Digest::ZERO,
            system: SystemId::parse(SYSTEM).unwrap(),
            reviewer: PrincipalId::parse("dora").unwrap(),
            cosigners: vec![PrincipalId::parse("emil").unwrap()],
            stage: None,
            items,
        };
        publish(&mut files, campaign, vec![(review_path("dora"), review)]);
        self.merge(&files);
    }

    /// Opens the campaign with these items, each assigned to all reviewers in `asked` in their stages.
    pub fn open_stages(&mut self, items: &[Item], asked: &[(&str, u32)], define: impl FnOnce(&mut CampaignDefinition)) {
        let mut files = self.files.clone();
        let mut campaign = campaign(&self.founding.repo, &self.main, items);
        define(&mut campaign.definition);
        let who: Vec<_> = asked.iter().map(|(name, stage)| (PrincipalId::parse(name).unwrap(), *stage)).collect();
        let asks = |stage: u32| {
            let all = items.iter().map(|item| &item.id);
            let sample = campaign.definition.sample(stage, (&campaign.id, &campaign.population), all);
            let asks = |item: &&Item| sample.as_ref().is_none_or(|sample| sample.contains(&item.id));
            items.iter().filter(asks).cloned().collect::<Vec<_>>()
        };
        let put: Vec<_> = who.iter().map(|(name, stage)| (name, *stage, asks(*stage))).collect();
        let all = put.iter().flat_map(|(name, stage, items)| items.iter().map(|item| (&item.id, *stage, *name)));
        campaign.assignments = Some(tenure::model::file::assignments_digest(all));
        let mut worklists = Vec::new();
        for (index, (name, stage)) in asked.iter().enumerate() {
            let before = asked[..index].iter().filter(|(other, _)| other == name).count();
            let stem = if before == 0 { (*name).to_owned() } else { format!("{name}-{}", before + 1) };
            let review = Review { items: put[index].2.clone(), ..blank_of(&campaign, Digest::ZERO, name, *stage) };
            worklists.push((review_path(&stem), review));
        }
        publish(&mut files, campaign, worklists);
        self.merge(&files);
    }

    /// Returns the files of main with another review of one item, signed by its reviewer.
    pub fn answer(
        &self,
        stem: &str,
        stage: u32,
        item: &Item,
        verdict: Verdict,
        change: impl FnOnce(&mut Item),
    ) -> Files {
        let mut files = self.files.clone();
        self.answer_in(&mut files, stem, stage, item, verdict, change);
        files
    }

    /// Adds a review of one item, signed by its reviewer, to `files`; returns the name by which a later one refers to
    /// it.
    pub fn answer_in(
        &self,
        files: &mut Files,
        stem: &str,
        stage: u32,
        item: &Item,
        verdict: Verdict,
        change: impl FnOnce(&mut Item),
    ) -> String {
        let reviewer = stem.split('-').next().unwrap();
        let mut review = Review { items: vec![item.clone()], ..blank(files, reviewer, stage) };
        decide(&mut review, 0, verdict);
        change(&mut review.items[0]);
        put(files, &review_path(stem), &review);
        sign(files, &review_path(stem), reviewer);
        tenure::trust::reference(&review_path(stem), Digest::of(&files[&review_path(stem)]))
    }

    /// Returns the files of main with a delegation until the end of the campaign.
    pub fn delegation(&self, from: &str, to: &str, change: impl FnOnce(&mut Delegation)) -> Files {
        let mut files = self.files.clone();
        let campaign: Campaign = parse(&files, &campaign_path());
        let mut delegation = Delegation {
            schema: Delegation::KIND.schema().to_owned(),
            repo: self.founding.repo.clone(),
            id: PrincipalId::parse(&format!("{from}-to-{to}")).unwrap(),
            campaign: campaign.id,
            digest: Digest::of(&files[&campaign_path()]),
            from: PrincipalId::parse(from).unwrap(),
            to: PrincipalId::parse(to).unwrap(),
            systems: Vec::new(),
            until: campaign.closes_at,
            reason: "on leave".to_owned(),
        };
        change(&mut delegation);
        let path = format!("delegations/{}.toml", delegation.id);
        put(&mut files, &path, &delegation);
        sign(&mut files, &path, from);
        files
    }

    /// Returns the files of main with a stage closed by a campaign owner: `silent` are the items without a response.
    pub fn close(
        &self,
        stage: u32,
        answered: u64,
        silent: &[(&Item, NoResponseOutcome)],
        change: impl FnOnce(&mut StageClose),
    ) -> Files {
        let mut files = self.files.clone();
        let campaign: Campaign = parse(&files, &campaign_path());
        let days = |stage| {
            let definition = &campaign.definition;
            i64::from(definition.stage(stage).map_or(definition.window_days, |stage| stage.days))
        };
        let mut listed: Vec<NoResponseItem> = silent
            .iter()
            .map(|(item, then)| NoResponseItem {
                item: item.id,
                outcome: *then,
                principal: item.principal.clone(),
                entitlement: item.entitlement.clone(),
            })
            .collect();
        listed.sort_by_key(|a| a.item);
        let mut close = StageClose {
            schema: StageClose::KIND.schema().to_owned(),
            repo: self.founding.repo.clone(),
            campaign: campaign.id,
            digest: Digest::of(&files[&campaign_path()]),
            stage,
            base: self.main.to_string(),
            closed_at: campaign.opened_at.plus_days((1..=stage).map(days).sum()),
            answered,
            unlisted: None,
            no_response: listed,
        };
        change(&mut close);
        let path = close_path(stage);
        put(&mut files, &path, &close);
        sign(&mut files, &path, "ana");
        files
    }

    /// Returns the files of main with the review file of `dora` decided, and signed by `signers`.
    pub fn decided(&self, decide: impl FnOnce(&mut Review), signers: &[&str]) -> Files {
        let mut files = self.files.clone();
        let mut review: Review = parse(&files, &review_path("dora"));
        decide(&mut review);
        put(&mut files, &review_path("dora"), &review);
        signers.iter().for_each(|signer| sign(&mut files, &review_path("dora"), signer));
        files
    }

    /// Revokes the first item as `dora`, and merges the decision.
    pub fn revoke_first(&mut self) {
        let files = self.decided(revoke_first, &["dora"]);
        self.merge(&files);
    }

    /// Merges a branch with these files into main with two parents, as `git merge --no-ff` does, and returns the merge.
    pub fn merge(&mut self, files: &Files) -> ObjectId {
        let branch = self.commit(&[self.main], files, "a change");
        self.merge_as(&[self.main, branch], files)
    }

    /// Merges a branch with these files, in a merge signed by `signer`, as `git merge -S` does.
    pub fn merge_signed(&mut self, files: &Files, signer: &str) -> ObjectId {
        let before = self.main;
        let branch = self.commit(&[before], files, "a change");
        let unsigned = self.merge_as(&[before, branch], files);
        let author = CommitIdentity { name: signer.to_owned(), address: format!("{signer}@example.org") };
        let tree = self.repository.tree_of(unsigned).unwrap();
        let draft =
            CommitDraft { tree, parents: &[before, branch], author: &author, seconds: self.clock, message: "merge" };
        let key = key(signer);
        let sign = |bytes: &[u8]| {
            SshSignature::sign(&key, SignatureNamespace::Git, bytes).map(|signature| signature.armored())
        };
        self.main = self.repository.write_signed_commit(&draft, sign).unwrap();
        self.main
    }

    /// Creates a merge with these parents and this tree, without checks, and moves main to it.
    pub fn merge_as(&mut self, parents: &[ObjectId], files: &Files) -> ObjectId {
        self.main = self.commit(parents, files, "merge");
        self.files = files.clone();
        self.main
    }

    /// Writes a commit with these files.
    pub fn commit(&mut self, parents: &[ObjectId], files: &Files, message: &str) -> ObjectId {
        self.clock += 60;
        self.commit_at(parents, files, message, self.clock)
    }

    /// Writes a commit with these files and this date.
    pub fn commit_at(&self, parents: &[ObjectId], files: &Files, message: &str, seconds: i64) -> ObjectId {
        let mut written = self.written.borrow_mut();
        let (base, known) = &*written;
        let mut edits: Vec<TreeEdit> = files
            .iter()
            .filter(|(path, bytes)| known.get(*path) != Some(bytes))
            .map(|(path, bytes)| TreeEdit::Put { path: path.clone(), blob: self.repository.write_blob(bytes).unwrap() })
            .collect();
        let gone = known.keys().filter(|path| !files.contains_key(*path));
        edits.extend(gone.map(|path| TreeEdit::Remove { path: path.clone() }));
        let tree = self.repository.write_tree(*base, &edits).unwrap();
        *written = (Some(tree), files.clone());
        let author = CommitIdentity { name: "Test".to_owned(), address: "test@example.org".to_owned() };
        let draft = CommitDraft { tree, parents, author: &author, seconds, message };
        let commit = self.repository.write_commit(&draft).unwrap();
        let before = self.repository.reference("refs/heads/main").unwrap();
        self.repository.move_reference("refs/heads/main", commit, before, "test").unwrap();
        commit
    }

    /// Returns the verified state of the repository at main.
    pub fn governed(&self) -> RepositoryState {
        RepositoryState::walk(&self.repository, self.pin, self.main).unwrap()
    }

    /// Returns the codes of the open findings at main, sorted.
    pub fn codes(&self) -> Vec<&'static str> {
        let mut codes: Vec<_> = self.governed().findings().iter().map(|finding| finding.code).collect();
        codes.sort_unstable();
        codes.dedup();
        codes
    }

    /// Returns the number of valid reviews.
    pub fn reviews(&self) -> usize {
        self.governed().reviews().len()
    }

    /// Merges `files`, and returns the codes of the open findings afterwards; main is then moved back.
    pub fn codes_after(&mut self, files: &Files) -> Vec<&'static str> {
        let (main, before) = (self.main, self.files.clone());
        self.merge(files);
        let codes = self.codes();
        (self.main, self.files) = (main, before);
        codes
    }

    /// Writes the next registry, signed by two founders.
    pub fn registry(&self, change: impl FnOnce(&mut Registry)) -> Files {
        self.next_trust("registry", change, |r: &mut Registry, version, prev| (r.version, r.prev) = (version, prev))
    }

    /// Writes the next mandate, signed by two founders.
    pub fn mandate(&self, change: impl FnOnce(&mut Mandate)) -> Files {
        self.next_trust("mandate", change, |m: &mut Mandate, version, prev| (m.version, m.prev) = (version, prev))
    }

    /// Writes the next root, signed by two founders.
    pub fn root(&self, change: impl FnOnce(&mut Root)) -> Files {
        self.next_trust("root", change, |r: &mut Root, version, prev| (r.version, r.prev) = (version, prev))
    }

    fn next_trust<T: Kind>(&self, kind: &str, change: impl FnOnce(&mut T), link: fn(&mut T, u32, String)) -> Files {
        let mut files = self.files.clone();
        let version = newest(&files, kind);
        let path = format!("trust/{kind}/{version}.toml");
        let mut next: T = parse(&files, &path);
        link(&mut next, version + 1, Digest::of(&files[&path]).to_string());
        change(&mut next);
        let path = format!("trust/{kind}/{}.toml", version + 1);
        put(&mut files, &path, &next);
        // Malformed files cannot be rendered; the old list is then kept.
        allow(&mut files);
        sign(&mut files, &path, "ana");
        sign(&mut files, &path, "ben");
        files
    }
}

pub fn registry_key(name: &str, state: KeyState) -> RegistryKey {
    RegistryKey { ssh: key(name).public_key().to_string(), state, suspect_from_index: None }
}

/// Revokes the first item.
pub fn revoke_first(review: &mut Review) {
    decide(review, 0, Verdict::Revoke);
}

/// Decides one item.
pub fn decide(review: &mut Review, item: usize, verdict: Verdict) {
    review.items[item].decision = Some(verdict);
    review.items[item].reason = "the job it was for ended in May".to_owned();
}

/// Signs a file in the namespace of its kind.
pub fn sign(files: &mut Files, path: &str, signer: &str) {
    sign_as(files, path, signer, &key(signer), namespace(path));
}

/// Signs a file with any key in any namespace.
pub fn sign_as(files: &mut Files, path: &str, signer: &str, key: &PrivateKey, namespace: SignatureNamespace) {
    let signature = armored(key, namespace, &files[path]);
    files.insert(signature_path(path, signer), signature);
}

/// Adds a campaign with its worklists, signed by `ana`.
pub fn publish(files: &mut Files, mut campaign: Campaign, worklists: Vec<(String, Review)>) {
    let digest = |(path, review): &(String, Review)| (path.clone(), blank_digest(review, &render(review)));
    let pinned: Vec<_> = worklists.iter().map(digest).collect();
    campaign.systems[0].worklists = files_digest(pinned.iter().map(|(path, digest)| (path.as_str(), *digest)));
    campaign.closes_at = campaign.opened_at.plus_days(i64::from(campaign.definition.window_days));
    put(files, &campaign_path(), &campaign);
    sign(files, &campaign_path(), "ana");
    let digest = Digest::of(&files[&campaign_path()]);
    for (path, review) in worklists {
        put(files, &path, &Review { digest, ..review });
    }
}

/// Returns a review of the campaign without items.
fn blank(files: &Files, reviewer: &str, stage: u32) -> Review {
    let campaign: Campaign = parse(files, &campaign_path());
    blank_of(&campaign, Digest::of(&files[&campaign_path()]), reviewer, stage)
}

fn blank_of(campaign: &Campaign, digest: Digest, reviewer: &str, stage: u32) -> Review {
    Review {
        schema: Review::KIND.schema().to_owned(),
        repo: campaign.repo.clone(),
        campaign: campaign.id.clone(),
        digest,
        system: SystemId::parse(SYSTEM).unwrap(),
        reviewer: PrincipalId::parse(reviewer).unwrap(),
        cosigners: Vec::new(),
        stage: (stage > 1).then_some(stage),
        items: Vec::new(),
    }
}

pub fn close_path(stage: u32) -> String {
    format!("campaigns/{CAMPAIGN}/stages/{stage}.toml")
}

pub fn campaign_path() -> String {
    format!("campaigns/{CAMPAIGN}/campaign.toml")
}

pub fn review_path(stem: &str) -> String {
    format!("campaigns/{CAMPAIGN}/reviews/{SYSTEM}/{stem}.toml")
}

pub fn parse<T: Kind>(files: &Files, path: &str) -> T {
    tenure::format::codec::parse(path, &files[path])
        .unwrap_or_else(|problems| panic!("{}", problems.render(tenure::diag::RenderStyle::plain())))
}

pub fn put<T: Kind>(files: &mut Files, path: &str, value: &T) {
    files.insert(path.to_owned(), render(value).into_bytes());
}

/// Writes `trust/allowed_signers` from the newest trust files.
pub fn allow(files: &mut Files) {
    let newest = |kind| &files[&format!("trust/{kind}/{}.toml", newest(files, kind))];
    if let Ok(text) = render_allowed_signers(newest("root"), newest("registry"), newest("mandate")) {
        files.insert("trust/allowed_signers".to_owned(), text.into_bytes());
    }
}

fn newest(files: &Files, kind: &str) -> u32 {
    (1..).take_while(|version| files.contains_key(&format!("trust/{kind}/{version}.toml"))).last().unwrap()
}

fn person(id: &str, accounts: Vec<String>) -> PrincipalRecord {
    PrincipalRecord { accounts, ..PrincipalRecord::new(PrincipalId::parse(id).unwrap(), PrincipalKind::Person) }
}

pub fn items() -> Vec<Item> {
    let campaign = CampaignId::parse(CAMPAIGN).unwrap();
    let system = SystemId::parse(SYSTEM).unwrap();
    let holders = [
        ("mo", Tier::T3),
        ("li", Tier::T1),
        ("dora", Tier::T3),
        ("svc-export", Tier::T3),
        ("dora-admin", Tier::T3),
        ("pat", Tier::T3),
    ];
    let item = |(holder, tier): (&str, Tier)| Item {
        id: ItemId::of(&campaign, &system, &GrantKey::parse(&format!("membership/{holder}/writers")).unwrap()),
        grant_digest: Digest::of(holder),
        subject: format!("{SYSTEM}:{holder}"),
        tier,
        summary: "not used for 143 days".to_owned(),
        recommendation: String::new(),
        severity: None,
        principal: holder.to_owned(),
        entitlement: "role writers".to_owned(),
        decision: None,
        to: None,
        until: None,
        reason: String::new(),
        supersedes: None,
    };
    holders.into_iter().map(item).collect()
}

fn campaign(repo: &RepoId, base: &ObjectId, items: &[Item]) -> Campaign {
    let at = Timestamp::parse("2026-11-01T00:00:00Z").unwrap();
    Campaign {
        schema: Campaign::KIND.schema().to_owned(),
        repo: repo.clone(),
        id: CampaignId::parse(CAMPAIGN).unwrap(),
        from: "policies/privileged.toml".to_owned(),
        base: base.to_string(),
        opened_at: at,
        closes_at: at.plus_days(30),
        items: items.len() as u64,
        population: population(items.iter().map(|item| (&item.id, &item.grant_digest))),
        assignments: None,
        principals: Digest::of("principals"),
        policies: None,
        evidence: None,
        definition: CampaignDefinition {
            window_days: 30,
            max_inventory_age_days: 7,
            ..CampaignDefinition::new(
                "Privileged access",
                PrincipalId::parse("ana").unwrap(),
                PrincipalId::parse("ben").unwrap(),
            )
        },
        systems: vec![Population {
            system: SystemId::parse(SYSTEM).unwrap(),
            system_version: Digest::ZERO,
            observed_at: at,
            observation: Digest::of("observation"),
            tree: "4b825dc642cb6eb9a060e54bf8d69288fbee4904".to_owned(),
            grants: items.len() as u64,
            items: items.len() as u64,
            worklists: Digest::ZERO,
        }],
    }
}
