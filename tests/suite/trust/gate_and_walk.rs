//! The gate for a change and the walk of main agree, on random histories of good merges, bad merges and repairs.
//!
//! Each seed draws one history. At every step a change is drawn, checked as a pull request against main, merged in any
//! case, and read by a walk: both must reject the same files, the walk for a reason that the gate names. `tests/nightly` runs more seeds.

use crate::support::governed::*;
use std::{collections::BTreeSet, fs, ops::Range, process::Command};
use tenure::{
    diag::DiagnosticSeverity,
    git::ObjectId,
    model::{
        Verdict,
        file::{KeyState, Review},
    },
    trust::{RepositoryState, StateCache, check},
};

/// The seeds that run with the suite.
const SEEDS: Range<u64> = 0..12;
/// The people of the registry, in its order.
const NAMES: [&str; 7] = ["ana", "ben", "cleo", "dora", "emil", "fay", "gus"];
/// The number of merges of each history.
const STEPS: usize = 14;

#[test]
fn gate_and_walk_reject_the_same_files() {
    compare_histories(SEEDS);
}

/// Compares gate and walk on the histories of these seeds. Returns the numbers of rejected files and of repairs.
pub(crate) fn compare_histories(seeds: Range<u64>) -> (usize, usize) {
    let (mut rejected, mut repaired) = (0, 0);
    for seed in seeds {
        println!("seed {seed}");
        let totals = history(seed);
        rejected += totals.0;
        repaired += totals.1;
    }
    assert!(rejected > 10 && repaired > 3, "{rejected} rejected files, {repaired} repairs: the histories are too tame");
    (rejected, repaired)
}

#[test]
fn row_52_bad_file_on_main_holds_back_only_itself() {
    let mut world = TestHistory::new();
    world.revoke_first();
    let mut files = world.files.clone();
    let path = signature_path(&review_path("dora"), "fay");
    files.insert(path.clone(), b"no signature\n".to_vec());
    world.merge(&files);
    let state = world.governed();
    assert_eq!(world.codes(), ["signature-malformed"]);
    assert!(state.blocking().is_empty(), "the decisions of other files are in force");
    assert_eq!((state.reviews().len(), state.suspended_campaigns().len()), (1, 0));

    files.remove(&path);
    let head = world.commit(&[world.main], &files, "remove it");
    let gate = check(&world.repository, world.pin, Some(world.main), head, None).unwrap();
    assert!(gate.problems.is_empty(), "its removal passes the gate");
    world.merge(&files);
    assert!(world.codes().is_empty(), "and main");

    files.get_mut(&review_path("dora")).unwrap().extend(b"# edited\n");
    world.merge(&files);
    let state = world.governed();
    assert!(state.blocking().is_empty());
    let suspended: Vec<_> = state.suspended_campaigns().into_values().collect();
    assert_eq!(suspended, [review_path("dora")], "decisions of the campaign wait until the file is restored");

    let governance = String::from_utf8(files["governance.toml"].clone()).unwrap();
    let other = governance.replace(world.founding.repo.as_str(), "urn:uuid:00000000-0000-4000-8000-000000000001");
    assert_ne!(governance, other, "it names the repository");
    let mut elsewhere = files.clone();
    elsewhere.insert("governance.toml".to_owned(), other.into_bytes());
    world.merge(&elsewhere);
    assert_eq!(world.governed().blocking()[0].code, "wrong-repository", "it decides where the evidence is");
    world.merge(&files);

    let registry = files.get_mut("trust/registry/1.toml").unwrap();
    registry.extend(b"# edited\n");
    world.merge(&files);
    assert_eq!(world.governed().blocking()[0].code, "signed-file-edited", "an edited registry blocks everything");
}

#[test]
fn rejected_review_can_be_corrected() {
    let mut world = TestHistory::new();
    let files = world.decided(|review| decide(review, 1, Verdict::Revoke), &["dora"]);
    world.merge(&files);
    assert_eq!(world.codes(), ["below-threshold"]);
    let files = world.decided(|review| decide(review, 1, Verdict::Certify), &["dora", "emil"]);
    let head = world.commit(&[world.main], &files, "correct it");
    let gate = check(&world.repository, world.pin, Some(world.main), head, None).unwrap();
    assert!(gate.problems.is_empty(), "a file that is not in force can be changed and signed again");
    world.merge(&files);
    assert!(world.codes().is_empty());
    assert_eq!(world.reviews(), 1);
}

#[test]
fn reviews_before_their_signed_campaign_are_read_again() {
    let opened = TestHistory::new().files.clone();
    let mut world = TestHistory::founded();
    let signature = signature_path(&campaign_path(), "ana");
    let mut files = world.files.clone();
    let campaign = |path: &&String| path.starts_with("campaigns/");
    files.extend(opened.iter().filter(|(path, _)| campaign(path)).map(|(path, bytes)| (path.clone(), bytes.clone())));
    files.remove(&signature);
    world.merge(&files);
    assert!(world.codes().contains(&"below-threshold"), "{:?}", world.codes());
    files.insert(signature.clone(), opened[&signature].clone());
    world.merge(&files);
    assert!(world.codes().is_empty(), "{:?}", world.codes());
    assert_eq!(world.governed().openings().len(), 1);
}

#[test]
fn governance_file_cannot_be_deleted() {
    let mut world = TestHistory::new();
    let mut files = world.files.clone();
    files.remove("governance.toml");
    let head = world.commit(&[world.main], &files, "delete it");
    let gate = check(&world.repository, world.pin, Some(world.main), head, None).unwrap();
    let codes: Vec<_> = gate.problems.sorted().iter().map(|problem| problem.code).collect();
    assert_eq!(codes, ["governance-missing"]);
    assert_eq!(world.codes_after(&files), ["governance-missing"]);
}

#[test]
fn cache_entry_that_is_no_file_is_ignored() {
    let world = TestHistory::new();
    let cache = StateCache::of(&world.repository, "one program");
    let state = || decisions(&cache.state(&world.repository, world.pin, world.main).unwrap());
    let expected = state();
    let folder = world.repository.directory().join("tenure/states");
    let entry = fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    fs::remove_file(&entry).unwrap();
    let made = Command::new("mkfifo").arg(&entry).status().unwrap();
    assert!(made.success());
    assert_eq!(state(), expected, "a pipe, which would never end");
}

#[test]
fn damaged_or_foreign_cache_entry_is_ignored() {
    let mut world = TestHistory::new();
    world.revoke_first();
    let cache = StateCache::of(&world.repository, "one program");
    let state = |cache: &StateCache| decisions(&cache.state(&world.repository, world.pin, world.main).unwrap());
    let expected = decisions(&world.governed());
    assert_eq!(state(&cache), expected);
    let folder = world.repository.directory().join("tenure/states");
    let entries = || -> Vec<_> { fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect() };
    assert_eq!(entries().len(), 1);
    let entry = entries().remove(0);
    let whole = fs::read(&entry).unwrap();
    for length in [0, 10, 32, whole.len() / 2, whole.len() - 1] {
        fs::write(&entry, &whole[..length]).unwrap();
        assert_eq!(state(&cache), expected, "{length} bytes");
        assert_eq!(fs::read(&entry).unwrap(), whole, "the entry is written again");
    }
    for place in [0, 40, whole.len() / 2, whole.len() - 1] {
        let mut damaged = whole.clone();
        damaged[place] ^= 1;
        fs::write(&entry, &damaged).unwrap();
        assert_eq!(state(&cache), expected, "byte {place}");
    }
    assert_eq!(state(&StateCache::of(&world.repository, "another program")), expected);
    assert_eq!(entries().len(), 2, "each program has its own entries");
}

/// Runs the history of a seed; returns the number of rejected files and of repairs.
fn history(seed: u64) -> (usize, usize) {
    let mut random = Random(seed);
    let mut world = TestHistory::new();
    let folder = tempfile::tempdir().unwrap();
    let cache = StateCache::of(&world.repository, &format!("{seed} {}", folder.path().display()));
    let mut mains: Vec<(ObjectId, Files)> = vec![(world.main, world.files.clone())];
    let (mut rejected, mut repaired) = (0, 0);
    for step in 0..STEPS {
        let before = standing(&world.governed());
        let fork = if random.below(4) == 0 { random.below(mains.len()) } else { mains.len() - 1 };
        let (at, base) = mains[fork].clone();
        world.files.clone_from(&base);
        let mut what = Vec::new();
        let mut files = base.clone();
        for _ in 0..=random.below(2) {
            what.push(draw(&mut random, &world, &mut files, &mains, &before));
            world.files.clone_from(&files);
        }
        world.files.clone_from(&mains[mains.len() - 1].1);
        let main = world.main;
        let head = world.commit(&[at], &files, "a change");
        let gate = check(&world.repository, world.pin, Some(main), head, Some(&cache)).unwrap();
        let errors = gate.problems.sorted().into_iter().filter(|problem| problem.severity == DiagnosticSeverity::Error);
        let errors: BTreeSet<_> =
            errors.map(|problem| (problem.file().unwrap_or_default().to_owned(), problem.code)).collect();
        // A merge that git refuses is not made.
        if errors.iter().any(|(_, code)| *code == "change-conflicts") {
            assert!(merged(&world, main, head).is_none(), "seed {seed}, step {step}: git merges it");
            continue;
        }
        let Some(merged) = merged(&world, main, head) else { continue };
        let merge = world.merge_as(&[main, head], &merged);
        let walked = world.governed();
        let found = walked.rejections().iter().filter(|found| found.standing && found.commit == merge);
        let found: BTreeSet<_> = found.map(|found| (found.path.clone(), found.refusal.code())).collect();
        let context = format!("seed {seed}, step {step}: {}", what.join(" and "));
        // The walk stops at the first reason against a file; the gate names all of them.
        let paths =
            |reasons: &BTreeSet<(String, &str)>| reasons.iter().map(|(path, _)| path.clone()).collect::<BTreeSet<_>>();
        assert_eq!(paths(&errors), paths(&found), "{context}: gate and walk");
        assert!(found.is_subset(&errors), "{context}: gate {errors:?}, walk {found:?}");
        let cached = cache.state(&world.repository, world.pin, merge).unwrap();
        assert_eq!(cached.findings(), walked.findings(), "{context}: walk and cache");
        assert_eq!(decisions(&cached), decisions(&walked), "{context}: walk and cache");
        rejected += found.len();
        repaired += before.difference(&standing(&walked)).count();
        mains.push((merge, merged));
    }
    (rejected, repaired)
}

/// Changes `files` at random; returns a description.
fn draw(
    random: &mut Random,
    world: &TestHistory,
    files: &mut Files,
    mains: &[(ObjectId, Files)],
    rejected: &BTreeSet<String>,
) -> String {
    let stem = format!("dora-{}", 2 + random.below(8));
    let item = random.below(6);
    let verdict = [Verdict::Certify, Verdict::Revoke][random.below(2)];
    let governed: Vec<String> = files.keys().filter(|path| !path.starts_with("policies/")).cloned().collect();
    let any = governed[random.below(governed.len())].clone();
    let reviewed = |files: &mut Files, signers: &[&str]| {
        let mut review: Review = parse(&mains[0].1, &review_path("dora"));
        decide(&mut review, item, verdict);
        put(files, &review_path(&stem), &review);
        signers.iter().for_each(|signer| sign(files, &review_path(&stem), signer));
    };
    // Later versions can only be made of files that can be read.
    let is_whole = files.iter().all(|(path, bytes)| !bytes.ends_with(b"# edited\n") || path.ends_with(".sig"))
        && files.contains_key(&campaign_path())
        && ["root", "registry", "mandate"].iter().all(|kind| files.contains_key(&format!("trust/{kind}/1.toml")));
    match random.below(if is_whole { 14 } else { 11 }) {
        0..=2 => {
            reviewed(files, &["dora"]);
            format!("decide item {item} in {stem}")
        }
        3 => {
            reviewed(files, &["dora", "emil"]);
            format!("decide item {item} in {stem} with a cosigner")
        }
        4 => {
            reviewed(files, &["gus"]);
            format!("decide item {item} in {stem} as another person")
        }
        5 => {
            reviewed(files, &[]);
            format!("decide item {item} in {stem} without a signature")
        }
        6 => {
            reviewed(files, &["dora"]);
            files.insert(signature_path(&review_path(&stem), "emil"), b"no signature\n".to_vec());
            format!("decide item {item} in {stem} with a malformed signature")
        }
        7 => {
            files.remove(&any);
            format!("delete {any}")
        }
        8 => {
            files.get_mut(&any).unwrap().extend(b"# edited\n");
            format!("edit {any}")
        }
        9 => {
            let Some(path) = rejected.iter().nth(random.below(rejected.len().max(1))) else {
                return "nothing".to_owned();
            };
            let older = mains.iter().rev().find_map(|(_, files)| files.get(path).filter(|_| random.below(2) == 0));
            match older {
                Some(bytes) => drop(files.insert(path.clone(), bytes.clone())),
                None => drop(files.remove(path)),
            }
            let beside: Vec<String> =
                files.keys().filter(|other| other.starts_with(&format!("{path}."))).cloned().collect();
            beside.iter().for_each(|other| drop(files.remove(other)));
            format!("repair {path}")
        }
        10 => {
            let (_, old) = &mains[random.below(mains.len())];
            match old.get(&any) {
                Some(bytes) => drop(files.insert(any.clone(), bytes.clone())),
                None => drop(files.remove(&any)),
            }
            format!("restore an older {any}")
        }
        11 => {
            let state = [KeyState::Retired, KeyState::Revoked][random.below(2)];
            let who = 3 + random.below(4);
            *files = world.registry(|registry| registry.principals[who].keys[0].state = state);
            format!("set the key of {} to {state:?}", NAMES[who])
        }
        12 => {
            *files = world.mandate(|mandate| mandate.guardrails.max_removals_per_run = 1 + item as u32);
            "change the mandate".to_owned()
        }
        _ => {
            *files = world.delegation("dora", ["fay", "gus"][random.below(2)], |_| {});
            "delegate".to_owned()
        }
    }
}

/// Returns the files after a merge by git itself; none if it finds a conflict.
fn merged(world: &TestHistory, main: ObjectId, head: ObjectId) -> Option<Files> {
    let git = |arguments: &[&str]| Command::new("git").arg("-C").arg(world.path()).args(arguments).output().unwrap();
    let merge = git(&["merge-tree", "--write-tree", &main.to_string(), &head.to_string()]);
    if merge.status.code() == Some(1) {
        return None;
    }
    assert!(merge.status.success(), "{}", String::from_utf8_lossy(&merge.stderr));
    let tree = String::from_utf8(merge.stdout).unwrap().trim().to_owned();
    let listing = String::from_utf8(git(&["ls-tree", "-r", "-z", &tree]).stdout).unwrap();
    let file = |line: &str| {
        let (entry, path) = line.split_once('\t').unwrap();
        let blob = ObjectId::parse(entry.rsplit(' ').next().unwrap()).unwrap();
        (path.to_owned(), world.repository.blob(blob, u64::MAX).unwrap())
    };
    Some(listing.split_terminator('\0').map(file).collect())
}

fn standing(state: &RepositoryState) -> BTreeSet<String> {
    state.rejections().iter().filter(|found| found.standing).map(|found| found.path.clone()).collect()
}

/// Returns what the state decides, as text.
fn decisions(state: &RepositoryState) -> String {
    let reviews: Vec<_> =
        state.reviews().iter().map(|review| (review.path(), review.digest(), review.names())).collect();
    let bound: Vec<_> = state.openings().values().flat_map(|open| open.items().map(|item| open.bound(item))).collect();
    let delegations: Vec<_> = state.delegations().iter().map(|file| (file.path(), file.digest())).collect();
    let trust = state.trust().map(|trust| (trust.root().digest(), trust.mandate().digest(), trust.allowed_signers()));
    format!("{reviews:?}\n{bound:?}\n{delegations:?}\n{trust:?}\n{:?}", state.suspended_campaigns())
}

/// SplitMix64: the same numbers for a seed on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }
}
