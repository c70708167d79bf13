//! Manifests of trees, compared with their definition.

use crate::support::repository::TestClone;
use tenure::{
    git::{ObjectId, Repository},
    model::Digest,
    store::{KnownDigests, RepoPath, RepositorySnapshot},
};

/// Returns the digest over the lines of the governed files, sorted by path.
fn defined(repository: &Repository, commit: ObjectId) -> Digest {
    let files = repository.list(commit, "").unwrap().files;
    let files = files.into_iter().filter(|file| RepoPath::of(&file.path).is_governed());
    let lines = files.map(|file| {
        let digest = Digest::of(repository.blob(file.id, u64::MAX).unwrap());
        format!("{}  100644  {}\n", digest.hex(), file.path)
    });
    Digest::of(lines.collect::<String>())
}

#[test]
fn manifests_of_a_history_are_as_defined() {
    let world = TestClone::new();
    let steps: [&[(&str, &str)]; 5] = [
        &[("policies/a.toml", "1"), ("policies/a/b.toml", "2"), ("policies/a-b.toml", "3"), ("src/x", "4")],
        &[("policies/a0.toml", "5"), ("systems/db/1.toml", "6"), ("systems/db-2/1.toml", "6")],
        // The same folder at another path.
        &[("inventory/db/observation.toml", "7"), ("inventory/other/observation.toml", "7")],
        &[("policies/a/b.toml", "8")],
        &[("policies/a/b.toml", "2"), ("README", "other")],
    ];
    let commits: Vec<_> = steps.iter().map(|files| world.commit(files)).collect();
    let repository = Repository::open(&world.clone).unwrap();
    let mut known = KnownDigests::default();
    let mut found = Vec::new();
    for commit in commits {
        let manifest = RepositorySnapshot::at(&repository, commit).manifest_with(&mut known).unwrap();
        assert_eq!(manifest, defined(&repository, commit), "{commit}");
        found.push(manifest);
    }
    found.sort();
    found.dedup();
    assert_eq!(found.len(), 4, "only the third and the last step have the same governed files");
}

#[test]
fn manifest_of_a_misordered_tree_is_sorted() {
    let world = TestClone::new();
    let blob = |text: &str| world.blob(text).to_string();
    let entry = |mode: &str, name: &str, id: &str| {
        let id: Vec<u8> = (0..20).map(|at| u8::from_str_radix(&id[2 * at..2 * at + 2], 16).unwrap()).collect();
        [format!("{mode} {name}\0").into_bytes(), id].concat()
    };
    let (one, two) = (entry("100644", "a.toml", &blob("1")), entry("100644", "b.toml", &blob("2")));
    let [sorted, reversed] = [[one.clone(), two.clone()], [two, one]].map(|entries| {
        let policies = world.hash_object("tree", &entries.concat());
        let root = world.mktree(&format!("040000 tree {policies}\tpolicies\n"));
        world.commit_tree(&root, &[])
    });
    let repository = Repository::open(&world.clone).unwrap();
    let mut known = KnownDigests::default();
    let mut manifest = |commit| RepositorySnapshot::at(&repository, commit).manifest_with(&mut known).unwrap();
    assert_eq!(manifest(sorted), defined(&repository, sorted));
    assert_eq!(manifest(reversed), manifest(sorted));
}
