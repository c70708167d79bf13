//! A governed repository of a large organization: one host with 20,000 or more people and five grants each, all under
//! review, some to be removed.

use super::key;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use tenure::campaign::{self, CampaignContext, OpenRequest, OpenedCampaign, PriorCampaigns, Resolution, WorklistFile};
use tenure::connector::{ConnectorSchema, hosts};
use tenure::diag::RenderStyle;
use tenure::format::codec;
use tenure::format::ssh_keys::Signer as _;
use tenure::format::sshsig::{SignatureNamespace, SshSignature};
use tenure::git::{CommitDraft, CommitIdentity, ObjectId, Repository, TreeEdit};
use tenure::inventory::{
    self, AttributeBuilder, AttributeInputs, CollectionLimits, FileSource, IdentityDirectory, LoadedInventory,
    SodAnalysis, SourceError, TierOverrides,
};
use tenure::model::file::{CampaignDefinition, FileKind, Principals, Remediation, Selector, System, files_digest};
use tenure::model::history::EvidenceHistory;
use tenure::model::{CampaignId, Digest, FixedClock, PrincipalId, RepoId, SystemId, Tier, Timestamp, Verdict};
use tenure::plan::{self, BuildInputs, PlanInputs, PlanTarget};
use tenure::policy::PolicyPack;
use tenure::store::RepositorySnapshot;
use tenure::trust::{self, Bootstrap, Founder, RepositoryState, StateCache};

/// Creates the repository of 100,000 grants: `main` with `decided` items decided, and `change` with one more review
/// file.
pub fn prepare(folder: &Path, decided: u64) {
    prepare_people(folder, 20_000, decided);
}

/// Creates the same repository with 180,000 grants, which are 2,400 review files.
pub fn prepare_larger(folder: &Path) {
    prepare_people(folder, 36_000, 1_000);
}

fn prepare_people(folder: &Path, people: usize, decided: u64) {
    let mut world = World::found(folder, people);
    world.collect();
    let opened = world.open();
    let mut sheets = opened.sheets.iter().filter(|sheet| sheet.review.cosigners.is_empty());
    let mut left = usize::try_from(decided).expect("not that many");
    let mut edits = Vec::new();
    while left > 0 {
        let sheet = sheets.next().expect("there are enough items");
        left -= world.decide(sheet, left, &mut edits);
    }
    let main = world.commit(world.head, &edits);
    world.branch("refs/heads/main", main);
    let mut edits = Vec::new();
    world.decide(sheets.next().expect("there is one more"), 1, &mut edits);
    let change = world.commit(Some(main), &edits);
    world.branch("refs/heads/change", change);
    fs::write(folder.join("pin"), world.pin.to_string()).expect("a file can be written");
    let cache = StateCache::of(&world.repository, "bench");
    cache.state(&world.repository, world.pin, main).expect("it can be read");
}

/// All inputs of a plan, read back from the repository.
pub struct Read {
    resolutions: Vec<Resolution>,
    systems: BTreeMap<SystemId, System>,
    inventories: BTreeMap<SystemId, LoadedInventory>,
    premises: PlanInputs,
    vocabulary: hosts::HostsSchema,
}

impl Read {
    /// Reads and verifies the repository.
    pub fn from(folder: &Path) -> Self {
        let repository = Repository::open(folder.join("governed.git")).expect("it was prepared");
        let head = repository.resolve("refs/heads/main").expect("it was prepared");
        let pin = fs::read_to_string(folder.join("pin")).expect("it was prepared");
        let walked =
            RepositoryState::walk(&repository, Digest::parse(&pin).expect("a digest"), head).expect("it can be read");
        let blocking = walked.blocking();
        assert!(blocking.is_empty(), "{blocking:#?}");
        let trust = walked.trust().expect("it is founded");
        let opened = walked.openings().get(&campaign_id()).expect("it is open");
        let snapshot = RepositorySnapshot::at(&repository, head);
        let systems = snapshot.read_all::<System>("systems").expect("they were written");
        let systems = systems.into_iter().map(|file| (system_id(), file.into_value())).collect();
        let loaded = inventory::load(&Committed(snapshot), &system_id()).expect("it was collected");
        let premises = PlanInputs {
            engine: "bench".into(),
            repo: repo(),
            main: head.to_string(),
            manifest: Digest::ZERO,
            root: trust.root().digest(),
            mandate: trust.mandate().digest(),
            inventories: [(system_id(), loaded.digest)].into(),
            evidence_size: 0,
            evidence_head: Digest::ZERO,
        };
        let inventories = [(system_id(), loaded)].into();
        let resolutions = campaign::decided(opened, walked.answers(&campaign_id()), now());
        let vocabulary = hosts::vocabulary(&hosts::HostsConfig::below(folder.join("farm")));
        Self { resolutions, systems, inventories, premises, vocabulary }
    }

    /// Computes the plan; returns the number of actions.
    pub fn plan(&self) -> u64 {
        let target = |(id, system)| {
            let inventory = self.inventories.get(id).map(|loaded| &loaded.inventory);
            (
                SystemId::clone(id),
                PlanTarget { system, inventory, vocabulary: Some(&self.vocabulary as &dyn ConnectorSchema) },
            )
        };
        let targets = self.systems.iter().map(target).collect();
        let inputs = BuildInputs {
            premises: self.premises.clone(),
            resolutions: &self.resolutions,
            suspended: &BTreeMap::new(),
            unreadable: &BTreeMap::new(),
            targets: &targets,
            history: &EvidenceHistory::default(),
            reviewed: &|_| None,
            duties: None,
        };
        let plan = plan::build(&inputs).expect("everything in it can be written");
        assert!(plan.held().is_empty(), "{:?}", plan.held().first());
        plan.actions().len() as u64
    }
}

/// Checks the change of one review file like a pull request, including its base state; returns the number of files: the
/// review and its signature.
pub fn check(folder: &Path) -> u64 {
    let repository = Repository::open(folder.join("governed.git")).expect("it was prepared");
    let revision = |name| repository.resolve(name).expect("it was prepared");
    let pin = fs::read_to_string(folder.join("pin")).expect("it was prepared");
    let pin = Digest::parse(&pin).expect("a digest");
    let cache = StateCache::of(&repository, "bench");
    let (main, change) = (revision("refs/heads/main"), revision("refs/heads/change"));
    let checked = trust::check(&repository, pin, Some(main), change, Some(&cache)).expect("it can be read");
    assert!(checked.problems.is_empty(), "{}", checked.problems.render(RenderStyle::plain()));
    checked.files as u64
}

/// The files of a commit, as a source of inventories.
struct Committed<'r>(RepositorySnapshot<'r>);

impl FileSource for Committed<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, SourceError> {
        let refuse = |why: String| SourceError { path: path.to_owned(), why };
        self.0.bytes(path, u64::MAX).map_err(|error| refuse(error.to_string()))
    }
}

pub(super) struct World {
    pub(super) folder: PathBuf,
    pub(super) repository: Repository,
    pub(super) pin: Digest,
    pub(super) head: Option<ObjectId>,
    /// The time of the next commit.
    pub(super) time: std::cell::Cell<i64>,
}

impl World {
    pub(super) fn found(folder: &Path, people: usize) -> Self {
        farm(&folder.join("farm"), people);
        let repository = Repository::create(folder.join("governed.git")).expect("a repository can be made");
        let founder =
            |(id, n): (&str, u8)| Founder { id: person(id), key: key(n).public_key(), handle: None, subjects: vec![] };
        let founding = Bootstrap {
            repo: repo(),
            founders: PEOPLE.map(founder).to_vec(),
            threshold: 2,
            log_origin: "example.org/farm".into(),
            commit_key: key(8).public_key(),
            log_key: key(9).public_key(),
            readback_key: None,
            code_owners: Vec::new(),
            engine: None,
        };
        let (files, pin) = founding.files().expect("it fits together");
        let mut world = Self { folder: folder.to_owned(), repository, pin, head: None, time: now().unix().into() };
        let mut edits = Vec::new();
        for (path, text) in files {
            let namespace = match path.as_str() {
                "trust/mandate/1.toml" => Some(SignatureNamespace::Mandate),
                "trust/registry/1.toml" => Some(SignatureNamespace::Registry),
                "trust/root/1.toml" => Some(SignatureNamespace::Root),
                _ => None,
            };
            if let Some(namespace) = namespace {
                world.sign(&path, text.as_bytes(), namespace, ["ana", "li"], &mut edits);
            }
            edits.push(world.put(&path, text.as_bytes()));
        }
        edits.push(world.put(DEFINITION, codec::render(&definition()).as_bytes()));
        world.head = Some(world.commit(None, &edits));
        let (system, mut edits) = (world.system(), Vec::new());
        let text = codec::render(&system);
        world.sign(&system.path(), text.as_bytes(), SignatureNamespace::System, ["ana"], &mut edits);
        edits.push(world.put(&system.path(), text.as_bytes()));
        world.head = Some(world.commit(world.head, &edits));
        world
    }

    fn system(&self) -> System {
        let mut settings = toml::Table::new();
        settings.insert("root".into(), self.folder.join("farm").display().to_string().into());
        System {
            schema: FileKind::System.schema().into(),
            repo: repo(),
            system: system_id(),
            version: 1,
            prev: "none".into(),
            retired: None,
            connector: "hosts".into(),
            owner: person("ana"),
            deputy: None,
            tier: Tier::T3,
            environment: None,
            identity: None,
            remediation: Remediation::Automatic,
            settings,
            sink: None,
        }
    }

    pub(super) fn collect(&mut self) {
        let config = hosts::HostsConfig::below(self.folder.join("farm"));
        let collector = hosts::open(&system_id(), &config).expect("the tree is there");
        let task = inventory::CollectRequest {
            system: &system_id(),
            collector: &collector,
            clock: &FixedClock(now()),
            limits: CollectionLimits::default(),
            pause: &|_| {},
        };
        let collection = inventory::collect(&task, &mut |_| {}).expect("it can be read");
        let prefix = inventory::folder(&system_id());
        let files = collection.into_files();
        let edits: Vec<TreeEdit> =
            files.iter().map(|(path, bytes)| self.put(&format!("{prefix}/{path}"), bytes)).collect();
        self.head = Some(self.commit(self.head, &edits));
    }

    fn open(&mut self) -> OpenedCampaign {
        let base = self.head.expect("it is founded");
        let snapshot = RepositorySnapshot::at(&self.repository, base);
        let walked = RepositoryState::walk(&self.repository, self.pin, base).expect("it can be read");
        let trust = walked.trust().unwrap_or_else(|| panic!("{:#?}", walked.findings()));
        let inventories =
            [(system_id(), inventory::load(&Committed(snapshot), &system_id()).expect("it was collected"))].into();
        let principals: Vec<Principals> = snapshot.principals().expect("they were written");
        let (people, _) = IdentityDirectory::new(principals.iter().cloned().map(|file| ("principals.toml", file)));
        let systems = [(system_id(), self.system())].into();
        let (certified, lowered) = (BTreeMap::new(), TierOverrides::default());
        let attribute_builder = AttributeBuilder::new(AttributeInputs {
            systems: &systems,
            inventories: &inventories,
            people: &people,
            profiles: &[],
            certified: &certified,
            lowered: &lowered,
            separation: None,
            as_of: now(),
        });
        let setting = CampaignContext {
            attribute_builder: &attribute_builder,
            pack: &PolicyPack::default(),
            earlier: &PriorCampaigns::default(),
            lowered: &lowered,
            separation: &SodAnalysis::default(),
            unlisted: &BTreeMap::new(),
            repo: &repo(),
            systems: &systems,
            inventories: &inventories,
            people: &people,
            kinship: walked.kinship(),
            former: walked.former_ownership(),
            registry: trust.registry().file(),
            thresholds: &trust.mandate().file().thresholds,
        };
        let bytes = snapshot.bytes("principals.toml", u64::MAX).expect("it can be read").expect("it was written");
        let tree = self.repository.file(base, &inventory::folder(&system_id())).expect("it can be read");
        let tree = tree.expect("it was collected").id.to_string();
        let opening = OpenRequest {
            id: campaign_id(),
            from: DEFINITION.into(),
            definition: definition(),
            base: base.to_string(),
            now: now(),
            evidence: None,
            principals: files_digest([("principals.toml", Digest::of(&bytes))]),
            trees: &[(system_id(), tree)].into(),
            versions: &[(system_id(), Digest::of(codec::render(&self.system())))].into(),
            campaigns: &BTreeSet::new(),
        };
        let opened = campaign::open(&opening, &setting).unwrap_or_else(|refused| panic!("{refused:?}"));
        let mut edits = Vec::new();
        for (path, bytes) in opened.files() {
            let path = format!("{}/{path}", campaign::folder(&campaign_id()));
            if path.ends_with("/campaign.toml") {
                self.sign(&path, &bytes, SignatureNamespace::Campaign, ["ana"], &mut edits);
            }
            edits.push(self.put(&path, &bytes));
        }
        self.head = Some(self.commit(Some(base), &edits));
        opened
    }

    /// Decides at most `count` memberships of teams in a worklist, signs it, and returns the number of decisions.
    pub(super) fn decide(&self, sheet: &WorklistFile, count: usize, edits: &mut Vec<TreeEdit>) -> usize {
        let mut review = sheet.review.clone();
        let mut decided = 0;
        for item in review.items.iter_mut().filter(|item| item.entitlement.contains("team")).take(count) {
            item.decision = Some(Verdict::Revoke);
            item.reason = "left the team in May".into();
            decided += 1;
        }
        let bytes = codec::render(&review).into_bytes();
        self.sign(&sheet.path, &bytes, SignatureNamespace::Review, [review.reviewer.as_str()], edits);
        edits.push(self.put(&sheet.path, &bytes));
        decided
    }

    pub(super) fn sign<'a>(
        &self,
        path: &str,
        bytes: &[u8],
        namespace: SignatureNamespace,
        by: impl IntoIterator<Item = &'a str>,
        edits: &mut Vec<TreeEdit>,
    ) {
        for name in by {
            let n = PEOPLE.iter().find(|(id, _)| *id == name).expect("one of the founders").1;
            let signature = SshSignature::sign(&key(n), namespace, bytes).expect("a key in memory signs");
            edits.push(self.put(&format!("{path}.{name}.sig"), signature.armored().as_bytes()));
        }
    }

    pub(super) fn put(&self, path: &str, bytes: &[u8]) -> TreeEdit {
        TreeEdit::Put { path: path.into(), blob: self.repository.write_blob(bytes).expect("a blob can be written") }
    }

    pub(super) fn commit(&self, on: Option<ObjectId>, edits: &[TreeEdit]) -> ObjectId {
        let base = on.map(|commit| self.repository.tree_of(commit).expect("it is there"));
        let tree = self.repository.write_tree(base, edits).expect("a tree can be written");
        let parents: Vec<_> = on.into_iter().collect();
        let author = CommitIdentity { name: "Ana Ruiz".into(), address: "ana@example.org".into() };
        let seconds = self.time.replace(self.time.get() + HOURS_PER_MERGE * 3600);
        let draft = CommitDraft { tree, parents: &parents, author: &author, seconds, message: "work\n" };
        self.repository.write_commit(&draft).expect("a commit can be written")
    }

    pub(super) fn branch(&self, name: &str, commit: ObjectId) {
        let before = self.repository.reference(name).expect("it can be read");
        self.repository.move_reference(name, commit, before, "bench").expect("a branch can be made");
    }
}

/// Writes the files of a host with this number of people: an account, a primary group and three more groups each.
fn farm(root: &Path, people: usize) {
    let (mut passwd, mut shadow) =
        (String::from("root:x:0:0::/root:/bin/bash\n"), String::from("root:*:19000::::::\n"));
    let mut members: Vec<Vec<String>> = vec![Vec::new(); GROUPS];
    for n in 0..people {
        let name = format!("u{n:05}");
        let _ = writeln!(passwd, "{name}:x:{}:100::/home/{name}:/bin/bash", 10_000 + n);
        let _ = writeln!(shadow, "{name}:*:19000::::::");
        for step in [0, 13, 26] {
            members[(n + step) % GROUPS].push(name.clone());
        }
    }
    let (mut group, mut gshadow) = (String::from("root:x:0:\nusers:x:100:\n"), String::from("root:*::\nusers:*::\n"));
    for (n, names) in members.iter().enumerate() {
        let _ = writeln!(group, "team{n:02}:x:{}:{}", 5_000 + n, names.join(","));
        let _ = writeln!(gshadow, "team{n:02}:*::{}", names.join(","));
    }
    fs::create_dir_all(root.join("etc")).expect("a folder can be made");
    let files = [("passwd", passwd), ("shadow", shadow), ("group", group), ("gshadow", gshadow)];
    for (name, text) in files.into_iter().chain([("sudoers", "root ALL=(ALL:ALL) ALL\n".to_owned())]) {
        fs::write(root.join("etc").join(name), text).expect("a file can be written");
    }
}

pub(super) fn definition() -> CampaignDefinition {
    CampaignDefinition {
        max_inventory_age_days: 7,
        selectors: vec![Selector { systems: vec![system_id()], ..Selector::default() }],
        ..CampaignDefinition::new("Everything on the farm", person("li"), person("max"))
    }
}

fn repo() -> RepoId {
    RepoId::parse("urn:uuid:9c1e6f0a-6a0f-4c59-9a53-1c7f5f6d2b11").expect("a repository id")
}

pub(super) fn system_id() -> SystemId {
    SystemId::parse("farm").expect("a system id")
}

pub(super) fn campaign_id() -> CampaignId {
    CampaignId::parse("2026-q4-farm").expect("a campaign id")
}

pub(super) fn person(id: &str) -> PrincipalId {
    PrincipalId::parse(id).expect("a principal id")
}

pub(super) fn now() -> Timestamp {
    Timestamp::from_unix(1_795_000_000)
}

pub(super) const PEOPLE: [(&str, u8); 3] = [("ana", 1), ("li", 2), ("max", 3)];
pub(super) const DEFINITION: &str = "policies/farm.toml";
const GROUPS: usize = 40;
const HOURS_PER_MERGE: i64 = 8;
