//! A campaign over 100,000 grants with 1,200 reviewers and all built-in rules, through the binary.

use super::{cost::Cost, estate, key_of};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tenure::format::codec;
use tenure::format::ssh_keys::Signer as _;
use tenure::format::sshsig::{SignatureNamespace, SshSignature};
use tenure::git::{CommitDraft, CommitIdentity, ObjectId, Repository, TreeEdit};
use tenure::inventory;
use tenure::model::file::{CampaignDefinition, Registry, Review, ReviewerCapacity, Selector, Stage};
use tenure::model::{PrincipalId, RepoId, Strategy, Timestamp, Verdict};
use tenure::policy::SHIPPED;
use tenure::trust::{Bootstrap, Founder, render_allowed_signers};

/// Creates the repository before any campaign, as a clone of it would be.
pub fn prepare(folder: &Path, _: u64) {
    World::found(folder).pack();
}

/// Creates the same repository with the campaign opened, `decided` of its items decided, and one more review file on
/// the branch `change`.
pub fn prepare_opened(folder: &Path, decided: u64) {
    let mut world = World::found(folder);
    let opened = world.tenure(&["campaign", "open", CAMPAIGN, "--from", DEFINITION]);
    assert!(opened.status.success(), "{}", String::from_utf8_lossy(&opened.stderr));
    let campaign = folder.join("repo/campaigns").join(CAMPAIGN);
    let mut edits = Vec::new();
    let path = format!("campaigns/{CAMPAIGN}/campaign.toml");
    let bytes = fs::read(campaign.join("campaign.toml")).expect("it was opened");
    world.sign(&path, &bytes, SignatureNamespace::Campaign, ["ana"], &mut edits);
    edits.push(world.put(&path, &bytes));
    let mut sheets = Vec::new();
    for system in (0..estate::SYSTEMS).map(estate::system_id) {
        let entries = fs::read_dir(campaign.join("reviews").join(system.as_str())).expect("it was opened");
        for file in entries.map(|entry| entry.expect("it can be listed").path()) {
            let bytes = fs::read(&file).expect("it was written");
            let name = file.file_name().and_then(|name| name.to_str()).expect("a plain name");
            let path = format!("campaigns/{CAMPAIGN}/reviews/{system}/{name}");
            edits.push(world.put(&path, &bytes));
            sheets.push((path, bytes));
        }
    }
    sheets.sort();
    world.commit(&edits);
    let mut left = usize::try_from(decided).expect("not that many");
    let mut edits = Vec::new();
    let mut sheets = sheets.into_iter().step_by(7);
    while left > 0 {
        let (path, bytes) = sheets.next().expect("there are enough items");
        left -= world.decide(&path, &bytes, left, &mut edits);
    }
    let main = world.commit(&edits);
    let mut edits = Vec::new();
    let (path, bytes) = sheets.next().expect("there is one more");
    world.decide(&path, &bytes, usize::MAX, &mut edits);
    let change = world.commit(&edits);
    world.head = Some(main);
    world.branch("refs/heads/main", main);
    world.branch("refs/heads/change", change);
    world.pack();
}

/// Opens the campaign; returns the number of its items.
pub fn open(folder: &Path, count: u64) -> Cost {
    let cost = Cost::of_command(&mut tenure(folder, &["campaign", "open", CAMPAIGN, "--from", DEFINITION]), 0);
    let campaign = fs::read_to_string(folder.join("repo/campaigns").join(CAMPAIGN).join("campaign.toml"));
    assert!(
        campaign.expect("it was opened").contains(&format!("items = {count}\n")),
        "not all of it was put to review"
    );
    Cost { count, ..cost }
}

/// Runs `campaign status`.
pub fn status(folder: &Path, count: u64) -> Cost {
    of(folder, &["campaign", "status", CAMPAIGN], count)
}

/// Runs `campaign quality`.
pub fn quality(folder: &Path, count: u64) -> Cost {
    of(folder, &["campaign", "quality", CAMPAIGN], count)
}

/// Runs `check` on the change of one review file, with a cached state of main.
pub fn check(folder: &Path, count: u64) -> Cost {
    let words = ["check", "--base", "main", "change"];
    let _ = Cost::of_command(&mut tenure(folder, &words), 3);
    of(folder, &words, count)
}

/// Runs `review --next` for one reviewer, which shows all data of the item.
pub fn next(folder: &Path, count: u64) -> Cost {
    let leader = estate::leader(77);
    of(folder, &["review", CAMPAIGN, "--signer", leader.as_str(), "--next", "--format", "json"], count)
}

/// Runs `check` as [`check`] does, without a cached state.
pub fn check_cold(folder: &Path, count: u64) -> Cost {
    let states = folder.join("repo/.git/tenure/states");
    let _ = fs::remove_dir_all(&states);
    Cost { count, ..Cost::of_command(&mut tenure(folder, &["check", "--base", "main", "change"]), 3) }
}

/// Runs a command often enough to measure it, and returns the cost of one run.
pub(super) fn of(folder: &Path, words: &[&str], count: u64) -> Cost {
    let once = Cost::of_command(&mut tenure(folder, words), 3);
    let times = (2_000 / once.wall.as_millis().max(1)).clamp(1, 20);
    let mut sum = once;
    for _ in 1..times {
        let next = Cost::of_command(&mut tenure(folder, words), 3);
        sum.processor += next.processor;
        sum.wall += next.wall;
        sum.peak = sum.peak.max(next.peak);
    }
    let times = u32::try_from(times).expect("not that often");
    Cost { processor: sum.processor / times, wall: sum.wall / times, count, ..sum }
}

pub(super) fn tenure(folder: &Path, words: &[&str]) -> Command {
    // Another build can be measured by this variable.
    let program = std::env::var_os("TENURE_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_tenure").into());
    let mut command = Command::new(program);
    let pin = fs::read_to_string(folder.join("pin")).expect("it was prepared");
    command.arg("-C").arg(folder.join("repo")).args(["--root", &pin]).args(words);
    // The program has no option for the time: Debian's libfaketime answers for the clock.
    let folders = fs::read_dir("/usr/lib").expect("the folder exists").flatten();
    let library = folders.map(|folder| folder.path().join("faketime/libfaketime.so.1")).find(|path| path.exists());
    command.env("LD_PRELOAD", library.expect("faketime is installed: tests/support/install.sh"));
    let time = now().to_string().trim_end_matches('Z').replace('T', " ");
    command.envs([("FAKETIME", time.as_str()), ("TZ", "UTC"), ("DONT_FAKE_MONOTONIC", "1"), ("NO_FAKE_STAT", "1")]);
    command
}

struct World {
    folder: PathBuf,
    repository: Repository,
    head: Option<ObjectId>,
}

impl World {
    fn found(folder: &Path) -> Self {
        git(folder, &["init", "--quiet", "--initial-branch=main", "repo"]);
        let repository = Repository::open(folder.join("repo")).expect("it was made");
        let founder =
            |id: &str| Founder { id: person(id), key: key_of(id).public_key(), handle: None, subjects: Vec::new() };
        let founding = Bootstrap {
            repo: repo(),
            founders: FOUNDERS.map(founder).to_vec(),
            threshold: 2,
            log_origin: "example.org/estate".into(),
            commit_key: key_of("commits").public_key(),
            log_key: key_of("log").public_key(),
            readback_key: None,
            code_owners: Vec::new(),
            engine: None,
        };
        let (files, pin) = founding.files().expect("it fits together");
        let mut files: std::collections::BTreeMap<_, _> = files.into_iter().collect();
        let registry = files.get_mut("trust/registry/1.toml").expect("it is founded");
        let mut wider: Registry = codec::parse("registry", registry.as_bytes()).expect("it is in order");
        wider.principals.extend(estate::reviewers());
        wider.principals.sort_by(|a, b| a.id.cmp(&b.id));
        *registry = codec::render(&wider);
        let bytes = |path: &str| files.get(path).map(String::as_bytes).unwrap_or_default();
        let allowed = render_allowed_signers(
            bytes("trust/root/1.toml"),
            bytes("trust/registry/1.toml"),
            bytes("trust/mandate/1.toml"),
        );
        files.insert("trust/allowed_signers".into(), allowed.expect("it fits together"));
        let mut world = Self { folder: folder.to_owned(), repository, head: None };
        let mut edits = Vec::new();
        for (path, text) in &files {
            let namespace = match path.as_str() {
                "trust/mandate/1.toml" => Some(SignatureNamespace::Mandate),
                "trust/registry/1.toml" => Some(SignatureNamespace::Registry),
                "trust/root/1.toml" => Some(SignatureNamespace::Root),
                _ => None,
            };
            if let Some(namespace) = namespace {
                world.sign(path, text.as_bytes(), namespace, ["ana", "li"], &mut edits);
            }
            edits.push(world.put(path, text.as_bytes()));
        }
        for (path, file) in estate::principals(now()) {
            edits.push(world.put(&path, codec::render(&file).as_bytes()));
        }
        for (path, text) in
            SHIPPED.iter().filter(|(path, _)| path.matches('.').count() == 2 || path.ends_with("controls.toml"))
        {
            edits.push(world.put(path, text.as_bytes()));
        }
        edits.push(world.put(DEFINITION, codec::render(&definition()).as_bytes()));
        world.commit(&edits);
        let mut edits = Vec::new();
        for mut system in estate::systems() {
            system.repo = repo();
            let text = codec::render(&system);
            world.sign(&system.path(), text.as_bytes(), SignatureNamespace::System, ["ana", "li"], &mut edits);
            edits.push(world.put(&system.path(), text.as_bytes()));
        }
        for n in 0..estate::SYSTEMS {
            let prefix = inventory::folder(&estate::system_id(n));
            for (path, bytes) in estate::inventory_of(n, now()) {
                edits.push(world.put(&format!("{prefix}/{path}"), &bytes));
            }
        }
        let head = world.commit(&edits);
        world.branch("refs/heads/main", head);
        fs::write(folder.join("pin"), pin.to_string()).expect("a file can be written");
        world
    }

    fn tenure(&self, words: &[&str]) -> Output {
        tenure(&self.folder, words).output().expect("the program can be started")
    }

    /// Decides at most `count` items of a worklist, signs it, and returns the number of decisions.
    fn decide(&self, path: &str, bytes: &[u8], count: usize, edits: &mut Vec<TreeEdit>) -> usize {
        let mut review: Review = codec::parse(path, bytes).expect("it was written");
        let mut decided = 0;
        for item in review.items.iter_mut().take(count) {
            item.decision = Some(Verdict::Revoke);
            item.reason = format!("no work of {} needs {} any more", item.principal, item.entitlement);
            decided += 1;
        }
        let bytes = codec::render(&review).into_bytes();
        let signers = std::iter::once(&review.reviewer).chain(&review.cosigners).map(PrincipalId::as_str);
        self.sign(path, &bytes, SignatureNamespace::Review, signers, edits);
        edits.push(self.put(path, &bytes));
        decided
    }

    fn sign<'a>(
        &self,
        path: &str,
        bytes: &[u8],
        namespace: SignatureNamespace,
        by: impl IntoIterator<Item = &'a str>,
        edits: &mut Vec<TreeEdit>,
    ) {
        for name in by {
            let signature = SshSignature::sign(&key_of(name), namespace, bytes).expect("a key in memory signs");
            edits.push(self.put(&format!("{path}.{name}.sig"), signature.armored().as_bytes()));
        }
    }

    fn put(&self, path: &str, bytes: &[u8]) -> TreeEdit {
        TreeEdit::Put { path: path.into(), blob: self.repository.write_blob(bytes).expect("a blob can be written") }
    }

    fn commit(&mut self, edits: &[TreeEdit]) -> ObjectId {
        let base = self.head.map(|commit| self.repository.tree_of(commit).expect("it is there"));
        let tree = self.repository.write_tree(base, edits).expect("a tree can be written");
        let parents: Vec<_> = self.head.into_iter().collect();
        let author = CommitIdentity { name: "Ana Ruiz".into(), address: "ana@example.org".into() };
        let draft = CommitDraft { tree, parents: &parents, author: &author, seconds: now().unix(), message: "work\n" };
        let commit = self.repository.write_commit(&draft).expect("a commit can be written");
        self.head = Some(commit);
        commit
    }

    fn branch(&self, name: &str, commit: ObjectId) {
        let before = self.repository.reference(name).expect("it can be read");
        self.repository.move_reference(name, commit, before, "bench").expect("a branch can be made");
    }

    /// Packs the objects, as in a clone.
    fn pack(&self) {
        git(&self.folder.join("repo"), &["repack", "-a", "-d", "--quiet"]);
    }
}

pub(super) fn git(folder: &Path, words: &[&str]) {
    let mut command = Command::new("git");
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1").current_dir(folder).args(words);
    let done = command.status().expect("git starts");
    assert!(done.success(), "git {words:?} fails");
}

fn definition() -> CampaignDefinition {
    let words = ["owner", "deputy", "manager", "system-owner", "system-deputy"].map(str::to_owned);
    let stage = Stage {
        name: "who answers for it".into(),
        days: 14,
        reviewers: words.into_iter().chain([format!("group:{}", estate::GROUP)]).collect(),
        reviewers_per_item: 1,
        strategy: Strategy::AllMustAccept,
        stop_on: Vec::new(),
        advance_on: Vec::new(),
        sample_percent: None,
    };
    CampaignDefinition {
        max_items_per_reviewer: Some(ReviewerCapacity { t0: 25, t1: 25, t2: 75, t3: 75 }),
        stages: vec![stage],
        selectors: vec![Selector::default()],
        ..CampaignDefinition::new("Everything", person("li"), person("max"))
    }
}

fn repo() -> RepoId {
    RepoId::parse("urn:uuid:9c1e6f0a-6a0f-4c59-9a53-1c7f5f6d2b11").expect("a repository id")
}

fn person(id: &str) -> PrincipalId {
    PrincipalId::parse(id).expect("a principal id")
}

pub(super) fn now() -> Timestamp {
    Timestamp::from_unix(1_795_000_000)
}

const FOUNDERS: [&str; 3] = ["ana", "li", "max"];
const CAMPAIGN: &str = "2026-q4";
const DEFINITION: &str = "policies/everything.toml";
