//! Attacks on signed files, each on a real repository, named by row of the threat table.

use crate::support::governed::*;
use tenure::{
    diag::RenderStyle,
    format::{codec::render, note::VerifierKey, sshsig::SignatureNamespace},
    git::{ObjectId, Repository},
    model::{
        Digest, PrincipalId, RepoId, Severity, Tier, Verdict,
        file::{KeyState, Mandate, Principals, Registry, Review},
    },
    store::RepositorySnapshot,
    trust::{SignatureStatus, check, reference, signature_status},
};

const NONE: [&str; 0] = [];

#[test]
fn the_honest_story_is_believed() {
    let mut world = TestHistory::new();
    world.revoke_first();
    let files = world.decided(|review| decide(review, 1, Verdict::Revoke), &["dora"]);
    assert_eq!(world.codes(), NONE);
    assert_eq!(world.reviews(), 1);
    assert_eq!(world.codes_after(&files), ["signed-file-edited"], "a signed file is never filled in further");
}

#[test]
fn row_01_no_changed_byte_of_a_decision_or_its_signature_is_accepted() {
    let mut world = TestHistory::founded();
    world.open_campaign_of(items()[..1].to_vec());
    let honest = world.decided(revoke_first, &["dora"]);
    let (before, main) = (world.governed(), world.main);
    let mut accepts = |files: &Files| {
        let merge = world.commit(&[main], files, "merge");
        let mut after = before.clone();
        after.advance(&world.repository, merge).unwrap();
        !after.reviews().is_empty()
    };
    assert!(accepts(&honest));
    for path in [review_path("dora"), signature_path(&review_path("dora"), "dora")] {
        for index in 0..honest[&path].len() {
            let mut forged = honest.clone();
            forged.get_mut(&path).unwrap()[index] ^= 1;
            assert!(!accepts(&forged), "{path}, byte {index}");
        }
    }
}

#[test]
fn row_01_nobody_unknown_decides() {
    let mut world = TestHistory::new();
    for (signer, code) in [("mallory", "unknown-signer"), ("ana", "signer-not-named"), ("emil", "not-by-reviewer")] {
        let files = world.decided(revoke_first, &[signer]);
        assert_eq!(world.codes_after(&files), [code], "{signer}");
    }
    let mut files = world.decided(revoke_first, &[]);
    sign_as(&mut files, &review_path("dora"), "dora", &key("mallory"), SignatureNamespace::Review);
    assert_eq!(world.codes_after(&files), ["wrong-key"]);
}

#[test]
fn row_02_a_decision_that_was_reverted_or_added_again_is_found() {
    let mut world = TestHistory::new();
    let stub = world.files.clone();
    world.revoke_first();
    let decided = world.files.clone();
    assert_eq!(world.codes_after(&stub), ["signed-file-deleted", "signed-file-edited"], "git revert");

    let mut copy = decided.clone();
    copy.insert(review_path("dora-2"), decided[&review_path("dora")].clone());
    let signature = decided[&signature_path(&review_path("dora"), "dora")].clone();
    copy.insert(signature_path(&review_path("dora-2"), "dora"), signature);
    assert_eq!(world.codes_after(&copy), ["duplicate-decision"], "copied under a new name");

    world.merge(&stub);
    world.merge(&decided);
    assert_eq!(world.codes(), NONE, "restored as it was signed");
    assert_eq!(world.reviews(), 1, "and counted once");
    assert!(!world.governed().rejections().is_empty(), "what happened stays on record");
}

#[test]
fn row_02_a_change_of_mind_names_the_decision_in_force() {
    let mut world = TestHistory::new();
    world.revoke_first();
    let first = reference(&review_path("dora"), Digest::of(&world.files[&review_path("dora")]));
    let next = |world: &TestHistory, stem: &str, verdict, supersedes: Option<String>| {
        let mut files = world.files.clone();
        let mut review: Review = parse(&files, &review_path("dora"));
        review.items.truncate(1);
        decide(&mut review, 0, verdict);
        review.items[0].supersedes = supersedes;
        put(&mut files, &review_path(stem), &review);
        sign(&mut files, &review_path(stem), "dora");
        files
    };
    let files = next(&world, "dora-2", Verdict::Certify, Some(first.clone()));
    world.merge(&files);
    assert_eq!(world.codes(), NONE);
    let review: Review = parse(&world.files, &review_path("dora"));
    let in_force = world.governed().bound(&review.campaign, &review.items[0].id)[0].verdict;
    assert_eq!(in_force, Verdict::Certify);
    let files = next(&world, "dora-3", Verdict::Revoke, Some(first));
    assert_eq!(world.codes_after(&files), ["stale-supersedes"]);
    let files = next(&world, "dora-3", Verdict::Revoke, None);
    assert_eq!(world.codes_after(&files), ["duplicate-decision"]);
}

#[test]
fn row_03_main_and_trust_do_not_go_back() {
    let mut world = TestHistory::new();
    let before = world.main;
    world.revoke_first();
    let ran_at = world.main;
    assert!(world.governed().check_not_rolled_back(ran_at).is_none());
    world.main = before;
    assert_eq!(world.governed().check_not_rolled_back(ran_at).map(|f| f.code), Some("main-rolled-back"), "reset");
    world.main = ran_at;

    let old = world.files.clone();
    let files = world.registry(|registry| registry.principals[3].keys[0].state = KeyState::Revoked);
    world.merge(&files);
    assert_eq!(world.codes(), NONE);
    assert!(world.codes_after(&old).contains(&"signed-file-deleted"), "registry 1 restored by deleting registry 2");
    let mut older = world.files.clone();
    let first = older["trust/registry/1.toml"].clone();
    older.insert("trust/registry/2.toml".to_owned(), first.clone());
    assert!(world.codes_after(&older).contains(&"signed-file-edited"));
    let mut again = world.files.clone();
    again.insert("trust/registry/3.toml".to_owned(), first);
    sign(&mut again, "trust/registry/3.toml", "ana");
    sign(&mut again, "trust/registry/3.toml", "ben");
    assert_eq!(world.codes_after(&again), ["version-skipped"]);
    let files = world.registry(|registry| registry.principals[3].keys[0].state = KeyState::Active);
    assert_eq!(
        world.codes_after(&files),
        ["allowed-signers-differ", "key-history"],
        "a revoked key does not come back"
    );
}

#[test]
fn row_05_what_a_stolen_key_signed_is_suspect_from_an_index_on() {
    let mut world = TestHistory::new();
    world.revoke_first();
    let files = world.registry(|registry| {
        registry.principals[3].keys[0].state = KeyState::Revoked;
        registry.principals[3].keys[0].suspect_from_index = Some(100);
        registry.principals[3].keys.push(registry_key("dora new", KeyState::Active));
    });
    world.merge(&files);
    let governed = world.governed();
    let registry = governed.trust().unwrap().registry();
    let review = &governed.reviews()[0];
    assert_eq!(signature_status(review, Some(99), registry), SignatureStatus::ValidKeyRetired);
    assert_eq!(signature_status(review, Some(100), registry), SignatureStatus::Suspect);
    assert_eq!(signature_status(review, None, registry), SignatureStatus::Suspect, "nothing shows that it is older");
    let mut files = world.files.clone();
    let mut review: Review = parse(&files, &review_path("dora"));
    decide(&mut review, 5, Verdict::Revoke);
    review.items.drain(..5);
    put(&mut files, &review_path("dora-2"), &review);
    sign(&mut files, &review_path("dora-2"), "dora");
    assert_eq!(world.codes_after(&files), ["revoked-key"]);
    sign_as(&mut files, &review_path("dora-2"), "dora", &key("dora new"), SignatureNamespace::Review);
    assert_eq!(world.codes_after(&files), NONE);
}

#[test]
fn row_06_an_old_key_with_an_old_date_is_still_an_old_key() {
    let mut world = TestHistory::new();
    let files = world.registry(|registry| registry.principals[3].keys[0].state = KeyState::Retired);
    world.merge(&files);
    let files = world.decided(revoke_first, &["dora"]);
    world.main = world.commit_at(&[world.main], &files, "signed long ago", 1_000_000_000);
    assert_eq!(world.codes(), ["retired-key"]);
    assert_eq!(world.reviews(), 0);
}

#[test]
fn row_07_nobody_reviews_what_is_their_own() {
    let mut world = TestHistory::new();
    for (item, whose) in [(2, "own access"), (3, "own job"), (4, "own second account")] {
        for verdict in [Verdict::Certify, Verdict::Revoke] {
            let files = world.decided(|review| decide(review, item, verdict), &["dora"]);
            assert_eq!(world.codes_after(&files), ["self-review"], "{whose}: {verdict}");
        }
        let files = world.decided(|review| decide(review, item, Verdict::Abstain), &["dora"]);
        assert_eq!(world.codes_after(&files), NONE, "{whose}: handing it on is allowed");
    }
    let mut files = world.files.clone();
    let mut review: Review = parse(&files, &review_path("dora"));
    (review.reviewer, review.cosigners) = (id("emil"), vec![id("dora")]);
    decide(&mut review, 3, Verdict::Certify);
    put(&mut files, &review_path("emil"), &review);
    sign(&mut files, &review_path("emil"), "emil");
    assert_eq!(world.codes_after(&files), ["self-review"], "through a delegate");
    review.cosigners.clear();
    put(&mut files, &review_path("emil"), &review);
    sign(&mut files, &review_path("emil"), "emil");
    assert_eq!(world.codes_after(&files), ["decision-not-own"], "by somebody who was not asked");
    files.retain(|path, _| !path.contains("/emil.toml"));
    review.reviewer = id("ana");
    put(&mut files, &review_path("ana"), &review);
    sign(&mut files, &review_path("ana"), "ana");
    assert_eq!(world.codes_after(&files), NONE, "by a fallback of the campaign");

    let mut given_away = world.files.clone();
    let mut people: Principals = parse(&given_away, "principals.toml");
    people.principals.last_mut().unwrap().owner = Some(id("emil"));
    put(&mut given_away, "principals.toml", &people);
    world.merge(&given_away);
    let files = world.decided(|review| decide(review, 3, Verdict::Certify), &["dora"]);
    assert_eq!(world.codes_after(&files), ["self-review"], "given away after the campaign was opened");
}

#[test]
fn row_08_principals_are_counted_and_not_keys() {
    let mut world = TestHistory::new();
    let files = world.registry(|registry| registry.principals[3].keys.push(registry_key("dora two", KeyState::Active)));
    world.merge(&files);
    let mut files = world.decided(|review| decide(review, 1, Verdict::Revoke), &["dora"]);
    assert_eq!(world.codes_after(&files), ["below-threshold"], "tier T1 needs two");
    sign_as(&mut files, &review_path("dora"), "emil", &key("dora two"), SignatureNamespace::Review);
    assert_eq!(world.codes_after(&files), ["wrong-key"], "one person with two keys");
    sign_as(&mut files, &review_path("dora"), "emil", &key("dora"), SignatureNamespace::Review);
    assert_eq!(world.codes_after(&files), ["wrong-key"], "one signature twice");
    sign(&mut files, &review_path("dora"), "emil");
    assert_eq!(world.codes_after(&files), NONE);
    let files = world.registry(|registry| registry.principals[4].keys.push(registry_key("dora", KeyState::Active)));
    assert_eq!(world.codes_after(&files), ["duplicate-signing-key"], "two people with one key");
    let files = world.root(|root| {
        let again = root.roles.root.keys[0].replace(" ana", " ana-two");
        root.roles.root.keys.push(again);
    });
    assert_eq!(world.codes_after(&files), ["duplicate-signing-key"], "a root with one key under two names");
}

#[test]
fn row_09_a_stripped_signature_is_a_refusal() {
    let mut world = TestHistory::new();
    let signed = world.decided(|review| decide(review, 1, Verdict::Revoke), &["dora", "emil"]);
    let stripped = |signer: &str| {
        let mut files = signed.clone();
        files.remove(&signature_path(&review_path("dora"), signer)).unwrap();
        files
    };
    assert_eq!(world.codes_after(&stripped("emil")), ["below-threshold"]);
    assert_eq!(world.codes_after(&stripped("dora")), ["not-by-reviewer"]);
    let unsigned = world.decided(revoke_first, &[]);
    assert_eq!(world.codes_after(&unsigned), ["below-threshold"], "decided and not signed at all");
    world.merge(&signed);
    assert_eq!(world.codes(), NONE);
    for signer in ["dora", "emil"] {
        assert_eq!(world.codes_after(&stripped(signer)), ["signed-file-deleted"], "{signer}");
    }
    for path in ["trust/root/1.toml", "trust/registry/1.toml", "trust/mandate/1.toml"] {
        let mut files = world.files.clone();
        files.remove(&signature_path(path, "ana")).unwrap();
        assert_eq!(world.codes_after(&files), ["signed-file-deleted"], "{path}");
    }
}

#[test]
fn row_09_signatures_may_arrive_one_by_one() {
    let mut world = TestHistory::new();
    let first = world.decided(|review| decide(review, 1, Verdict::Revoke), &["dora"]);
    world.merge(&first);
    assert_eq!((world.codes(), world.reviews()), (vec!["below-threshold"], 0));
    let mut second = first;
    sign(&mut second, &review_path("dora"), "emil");
    world.merge(&second);
    assert_eq!((world.codes(), world.reviews()), (vec![], 1));
}

#[test]
fn row_10_a_signature_counts_in_one_place_for_one_kind() {
    let mut here = TestHistory::new();
    let signed = here.decided(revoke_first, &["dora"]);
    let mut there = TestHistory::founded_as(RepoId::parse("urn:uuid:00000000-0000-4000-8000-000000000001").unwrap());
    there.open_campaign();
    let mut files = there.files.clone();
    for path in [review_path("dora"), signature_path(&review_path("dora"), "dora")] {
        files.insert(path.clone(), signed[&path].clone());
    }
    assert_eq!(there.codes_after(&files), ["wrong-repository"]);
    for namespace in SignatureNamespace::ALL.into_iter().filter(|namespace| *namespace != SignatureNamespace::Review) {
        let mut files = here.decided(revoke_first, &[]);
        sign_as(&mut files, &review_path("dora"), "dora", &key("dora"), namespace);
        assert_eq!(here.codes_after(&files), ["wrong-namespace"], "{namespace}");
    }
    let other = |review: &mut Review| {
        revoke_first(review);
        review.digest = Digest::of("a campaign of the same name");
    };
    let files = here.decided(other, &["dora"]);
    assert_eq!(here.codes_after(&files), ["campaign-mismatch"]);
}

#[test]
fn row_11_what_only_the_merge_changes_is_seen() {
    let mut world = TestHistory::new();
    let branch_files = world.decided(revoke_first, &["dora"]);
    let base = world.main;
    let branch = world.commit(&[base], &branch_files, "decide");
    let mut evil = branch_files.clone();
    let text = String::from_utf8(evil[&review_path("dora")].clone()).unwrap();
    let changed = text.replacen("decision = \"revoke\"", "decision = \"certify\"", 1);
    assert_ne!(text, changed);
    evil.insert(review_path("dora"), changed.into_bytes());
    world.merge_as(&[base, branch], &evil);
    assert_eq!(world.codes(), ["signature-mismatch"]);
    assert_eq!(world.reviews(), 0);
}

#[test]
fn row_12_a_tree_taken_wholesale_drops_nothing_unseen() {
    let mut world = TestHistory::new();
    let (old_main, old_files) = (world.main, world.files.clone());
    let mut branch_files = old_files.clone();
    branch_files.insert("README.md".to_owned(), b"hello\n".to_vec());
    let branch = world.commit(&[old_main], &branch_files, "a harmless change");
    world.revoke_first();
    let decided = (world.main, world.files.clone());

    world.merge_as(&[decided.0, branch], &branch_files);
    assert_eq!(world.codes(), ["signed-file-deleted", "signed-file-edited"], "tree of the last parent");
    assert_eq!(world.reviews(), 1, "what was signed stays in force");

    world.merge_as(&[branch, decided.0], &branch_files);
    assert_eq!(
        world.governed().check_not_rolled_back(decided.0).map(|f| f.code),
        Some("main-rolled-back"),
        "-s ours, backwards"
    );

    (world.main, world.files) = decided;
    let mut renamed = world.files.clone();
    let bytes = renamed.remove(&review_path("dora")).unwrap();
    renamed.insert(review_path("dora-2"), bytes);
    assert!(world.codes_after(&renamed).contains(&"signed-file-renamed"));
    let mut deleted = world.files.clone();
    deleted.remove(&review_path("dora"));
    deleted.remove(&signature_path(&review_path("dora"), "dora"));
    assert_eq!(world.codes_after(&deleted), ["signed-file-deleted"]);
    let octopus = world.decided(|review| decide(review, 5, Verdict::Revoke), &["dora"]);
    let (base, second, third) = (old_main, branch, world.commit(&[old_main], &octopus, "third"));
    world.merge_as(&[base, second, third], &octopus);
    assert_eq!(world.codes(), ["octopus-merge"]);
    assert_eq!(world.reviews(), 0);
}

#[test]
fn row_19_no_name_or_mode_leads_elsewhere() {
    let world = TestHistory::new();
    let raw = git2::Repository::open(world.path()).unwrap();
    let blob = raw.blob(b"elsewhere\n").unwrap();
    let root = raw.find_commit(git2::Oid::from_str(&world.main.to_string()).unwrap()).unwrap().tree().unwrap();
    let with = |entries: &[(&str, &str, git2::Oid)]| {
        // The trees are built manually, because git itself does not write such names.
        let mut all: Vec<(String, Vec<u8>, git2::Oid)> = root
            .iter()
            .map(|e| (format!("{:o}", e.filemode()), e.name_bytes().to_vec(), e.id()))
            .filter(|(_, name, _)| !entries.iter().any(|(_, other, _)| other.as_bytes() == name.as_slice()))
            .collect();
        all.extend(entries.iter().map(|(mode, name, id)| ((*mode).to_owned(), name.as_bytes().to_vec(), *id)));
        all.sort_by_key(|(mode, name, _)| [&name[..], if mode.as_str() == "40000" { b"/" } else { b"" }].concat());
        let mut bytes = Vec::new();
        for (mode, name, id) in &all {
            bytes.extend_from_slice(mode.as_bytes());
            bytes.push(b' ');
            bytes.extend_from_slice(name);
            bytes.push(0);
            bytes.extend_from_slice(id.as_bytes());
        }
        raw.odb().unwrap().write(git2::ObjectType::Tree, &bytes).unwrap()
    };
    let folder = |mode: &str, name: &str, id: git2::Oid| {
        let mut bytes = format!("{mode} {name}").into_bytes();
        bytes.push(0);
        bytes.extend_from_slice(id.as_bytes());
        raw.odb().unwrap().write(git2::ObjectType::Tree, &bytes).unwrap()
    };
    let commit = git2::Oid::from_str(&world.main.to_string()).unwrap();
    let systems = |mode, name, id| with(&[("40000", "systems", folder(mode, name, id))]);
    let cases = [
        ("symlink", systems("120000", "db.toml", blob), "file-not-regular"),
        ("submodule", systems("160000", "db.toml", commit), "file-not-regular"),
        ("executable", systems("100755", "db.toml", blob), "file-not-regular"),
        ("symlinked folder", with(&[("120000", "systems", blob)]), "file-not-regular"),
        ("dot dot", with(&[("40000", "systems", folder("40000", "..", folder("100644", "x", blob)))]), "name-unsafe"),
        ("dot git", with(&[("40000", ".GIT", folder("100644", "config", blob))]), "name-unsafe"),
        ("separator", with(&[("100644", "trust/root/2.toml", blob)]), "name-unsafe"),
        ("case twin", with(&[("100644", "Governance.toml", blob)]), "name-unsafe"),
        ("stray file", with(&[("40000", "systems", folder("100644", "db.sh", blob))]), "path-not-allowed"),
    ];
    let author = git2::Signature::now("Test", "test@example.org").unwrap();
    let parent = raw.find_commit(commit).unwrap();
    for (name, tree, code) in cases {
        let tree = raw.find_tree(tree).unwrap();
        let merge = raw.commit(None, &author, &author, name, &tree, &[&parent]).unwrap();
        let mut governed = world.governed();
        governed.advance(&world.repository, ObjectId::parse(&merge.to_string()).unwrap()).unwrap();
        let codes: Vec<_> = governed.findings().iter().map(|finding| finding.code).collect();
        assert!(codes.contains(&code), "{name}: {codes:?}");
    }
}

#[test]
fn row_22_attributes_and_line_ends_of_a_work_tree_mean_nothing() {
    let mut world = TestHistory::new();
    let mut files = world.decided(revoke_first, &["dora"]);
    files.insert(".gitattributes".to_owned(), b"* text eol=crlf ident filter=evil\n".to_vec());
    assert_eq!(world.codes_after(&files), NONE, "bytes are read from the object database");
    let crlf: Vec<u8> =
        String::from_utf8(files[&review_path("dora")].clone()).unwrap().replace('\n', "\r\n").into_bytes();
    files.insert(review_path("dora"), crlf);
    sign(&mut files, &review_path("dora"), "dora");
    assert_eq!(world.codes_after(&files), ["carriage-return"], "even when the reviewer signed them so");
}

#[test]
fn row_23_history_that_was_made_to_look_otherwise_is_refused() {
    let mut world = TestHistory::new();
    let first = world.main;
    world.revoke_first();
    let git = world.path().join(".git");
    assert!(Repository::open(world.path()).is_ok());
    let refused = |path: &str, text: &str| {
        let path = git.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        let refused = Repository::open(world.path()).is_err();
        std::fs::remove_file(&path).unwrap();
        refused
    };
    assert!(refused("shallow", &format!("{first}\n")));
    assert!(refused("info/grafts", &format!("{}\n", world.main)));
    assert!(refused(&format!("refs/replace/{}", world.main), &format!("{first}\n")));
    assert!(Repository::open(world.path()).is_ok());
}

#[test]
fn row_29_what_is_bound_is_the_sha_256_of_bytes() {
    let mut world = TestHistory::new();
    let manifest = |world: &TestHistory| RepositorySnapshot::at(&world.repository, world.main).manifest().unwrap();
    let mut lines: Vec<String> = Vec::new();
    for (path, bytes) in world.files.iter().filter(|(path, _)| !path.starts_with('.')) {
        lines.push(format!("{}  100644  {path}\n", Digest::of(bytes).hex()));
    }
    assert_eq!(manifest(&world), Digest::of(lines.concat()), "as `sha256sum` has it");
    let honest = manifest(&world);
    let files = world.files.clone();
    for path in files.keys().filter(|path| !path.starts_with('.')) {
        let mut forged = files.clone();
        forged.get_mut(path).unwrap()[0] ^= 1;
        world.merge(&forged);
        assert_ne!(manifest(&world), honest, "{path}");
    }
}

#[test]
fn row_30_no_clock_changes_the_answer() {
    let mut world = TestHistory::new();
    let files = world.decided(revoke_first, &["dora"]);
    let base = world.main;
    let answers: Vec<_> = [-31_536_000, 0, 31_536_000]
        .map(|shift| {
            world.main = world.commit_at(&[base], &files, "merge", 1_790_000_000 + shift);
            let governed = world.governed();
            let review = &governed.reviews()[0];
            (world.codes(), review.digest(), review.names(), review.registry())
        })
        .into();
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
}

#[test]
fn row_33_limits_change_by_signature_only() {
    let mut world = TestHistory::new();
    let lower = |mandate: &mut Mandate| mandate.thresholds.t1 = 1;
    let signed = world.mandate(lower);
    let needs = |world: &TestHistory| world.governed().trust().unwrap().mandate().threshold(tenure::model::Tier::T1);
    let mut unsigned = signed.clone();
    for signer in ["ana", "ben"] {
        unsigned.remove(&signature_path("trust/mandate/2.toml", signer)).unwrap();
        assert!(world.codes_after(&unsigned).contains(&"below-threshold"), "without {signer}");
    }
    world.merge(&unsigned);
    assert_eq!(needs(&world), 2, "the old mandate stays in force");
    let mut edited = world.files.clone();
    let mut mandate: Mandate = parse(&edited, "trust/mandate/1.toml");
    lower(&mut mandate);
    put(&mut edited, "trust/mandate/1.toml", &mandate);
    assert!(world.codes_after(&edited).contains(&"signed-file-edited"));
    world.merge(&signed);
    assert_eq!((world.codes(), needs(&world)), (vec![], 1));
}

/// Returns a commit on main with this number of additional files in the review folder of a campaign, all with one blob.
fn many(world: &TestHistory, count: usize, blob: git2::Oid) -> ObjectId {
    let raw = git2::Repository::open(world.path()).unwrap();
    let database = raw.odb().unwrap();
    let tree = |entries: &mut dyn Iterator<Item = (&str, String, git2::Oid)>| {
        let mut bytes = Vec::new();
        for (mode, name, id) in entries {
            bytes.extend_from_slice(format!("{mode} {name}\0").as_bytes());
            bytes.extend_from_slice(id.as_bytes());
        }
        database.write(git2::ObjectType::Tree, &bytes).unwrap()
    };
    let reviews = tree(&mut (0..count).map(|number| ("100644", format!("r{number:06}.toml"), blob)));
    let folder = |name: &str, id| tree(&mut std::iter::once(("40000", name.to_owned(), id)));
    let campaigns = ["pg-orders", "reviews", "2026-q9"].into_iter().fold(reviews, |id, name| folder(name, id));
    let commit = git2::Oid::from_str(&world.main.to_string()).unwrap();
    let parent = raw.find_commit(commit).unwrap();
    let before = parent.tree().unwrap();
    let rest = before.iter().filter(|entry| entry.name() != Ok("campaigns"));
    let mut all: Vec<(String, String, git2::Oid)> =
        rest.map(|e| (format!("{:o}", e.filemode()), e.name().unwrap().to_owned(), e.id())).collect();
    all.push(("40000".to_owned(), "campaigns".to_owned(), campaigns));
    all.sort_by_key(|(mode, name, _)| if mode == "40000" { format!("{name}/") } else { name.clone() });
    let root = tree(&mut all.iter().map(|(mode, name, id)| (mode.as_str(), name.clone(), *id)));
    let author = git2::Signature::now("Test", "test@example.org").unwrap();
    let root = raw.find_tree(root).unwrap();
    let made = raw.commit(None, &author, &author, "many", &root, &[&parent]).unwrap();
    ObjectId::parse(&made.to_string()).unwrap()
}

#[test]
fn row_36_a_giant_change_is_refused_by_counting_and_not_read() {
    let mut world = TestHistory::founded();
    let codes = |world: &TestHistory, head| {
        let checked = check(&world.repository, world.pin, Some(world.main), head, None).unwrap();
        checked.problems.sorted().iter().map(|problem| problem.code).collect::<Vec<_>>()
    };
    // Their blob does not exist, so reading one of them fails.
    let nowhere = git2::Oid::from_str(&"5".repeat(40)).unwrap();
    let giant = many(&world, 100_000, nowhere);
    assert_eq!(codes(&world, giant), ["change-too-large"]);
    let told = check(&world.repository, world.pin, Some(world.main), giant, None)
        .unwrap()
        .problems
        .render(RenderStyle::plain());
    insta::assert_snapshot!(told);
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_tenure"));
    let (base, pin) = (world.main.to_string(), world.pin.to_string());
    command.env_clear().arg("-C").arg(world.path()).args(["check", "--base", &base, "--root", &pin]);
    let ended = command.arg(giant.to_string()).output().unwrap();
    assert_eq!(ended.status.code(), Some(3), "{}", String::from_utf8_lossy(&ended.stderr));
    let small = many(&world, 1, nowhere);
    assert!(check(&world.repository, world.pin, Some(world.main), small, None).is_err(), "one of them is read");

    // The limit is that of the mandate in force before the change, so a change cannot raise its own limit.
    let raw = git2::Repository::open(world.path()).unwrap();
    let blob = raw.blob(b"schema = \"tenure/review/v1\"\n").unwrap();
    let change = many(&world, 151, blob);
    assert!(!codes(&world, change).contains(&"change-too-large"), "there is room for the usual");
    let fewer = world.mandate(|mandate| mandate.max_files_per_change = Some(150));
    world.merge(&fewer);
    assert_eq!(world.codes(), NONE);
    let (over, within) = (many(&world, 151, blob), many(&world, 150, blob));
    assert_eq!(codes(&world, over), ["change-too-large"]);
    assert!(!codes(&world, within).contains(&"change-too-large"));
    let more = world.mandate(|mandate| mandate.max_files_per_change = Some(200_000));
    world.merge(&more);
    let over = many(&world, 151, blob);
    assert!(!codes(&world, over).contains(&"change-too-large"));
    let none = world.mandate(|mandate| mandate.max_files_per_change = Some(0));
    world.merge(&none);
    let again = world.mandate(|mandate| mandate.max_files_per_change = None);
    let head = world.commit(&[world.main], &again, "a change");
    assert_eq!(codes(&world, head), NONE, "no mandate shuts out the next one");
}

#[test]
fn trust_change_is_separate_and_keys_count_after_merge() {
    let mut world = TestHistory::new();
    let join = |registry: &mut Registry| {
        registry.principals[3].keys.push(registry_key("dora new", KeyState::Active));
    };
    let mut both = world.registry(join);
    let mut review: Review = parse(&both, &review_path("dora"));
    revoke_first(&mut review);
    put(&mut both, &review_path("dora"), &review);
    sign_as(&mut both, &review_path("dora"), "dora", &key("dora new"), SignatureNamespace::Review);
    assert_eq!(world.codes_after(&both), ["trust-change-not-isolated"]);
    let files = world.registry(join);
    world.merge(&files);
    let mut files = world.decided(revoke_first, &[]);
    sign_as(&mut files, &review_path("dora"), "dora", &key("dora new"), SignatureNamespace::Review);
    assert_eq!(world.codes_after(&files), NONE);
}

#[test]
fn a_root_is_followed_only_by_one_that_both_sign() {
    let mut world = TestHistory::new();
    let pin = world.pin;
    world.pin = Digest::of("another");
    assert!(world.codes().contains(&"root-pin-mismatch"));
    assert!(world.governed().trust().is_none());
    world.pin = pin;
    let replace = |root: &mut tenure::model::file::Root| {
        root.roles.root.keys[0] = format!("{} zoe", tenure::format::ssh_keys::Signer::public_key(&key("zoe")));
    };
    let mut files = world.root(replace);
    files.remove(&signature_path("trust/root/2.toml", "ana"));
    assert!(world.codes_after(&files).contains(&"below-threshold"), "ben alone");
    sign(&mut files, "trust/root/2.toml", "zoe");
    assert!(world.codes_after(&files).contains(&"below-threshold"), "one of the old, two of the new");
    sign(&mut files, "trust/root/2.toml", "ana");
    assert_eq!(world.codes_after(&files), NONE, "two of the old, two of the new");
}

#[test]
fn row_tamper_corpus_each_entry_has_its_code() {
    let mut world = TestHistory::new();
    let signed = world.decided(revoke_first, &["dora"]);
    let path = review_path("dora");
    let sig = signature_path(&path, "dora");
    let text = String::from_utf8(signed[&path].clone()).unwrap();
    let armor = String::from_utf8(signed[&sig].clone()).unwrap();
    // A file signed by the reviewer in another form is rejected for its form; a file changed after signing is rejected
    // for its signature.
    let resigned = |text: String| {
        let mut files = signed.clone();
        files.insert(path.clone(), text.into_bytes());
        sign(&mut files, &path, "dora");
        files
    };
    let forms = [
        ("CRLF", text.replace('\n', "\r\n"), "carriage-return"),
        ("BOM", format!("\u{feff}{text}"), "byte-order-mark"),
        ("trailing space", text.replacen('\n', " \n", 1), "not-canonical"),
        ("added comment", format!("# approved\n{text}"), "not-canonical"),
        ("key order", swap_lines(&text), "not-canonical"),
        ("unknown key", text.replacen("reviewer =", "approved = true\nreviewer =", 1), "unknown-key"),
        ("duplicate key", text.replacen("system =", "system = \"x\"\nsystem =", 1), "duplicate-key"),
        ("tier lowered", text.replacen("tier = \"T1\"", "tier = \"T3\"", 1), "item-altered"),
        ("facts changed", text.replacen("not used for 143 days", "used today", 1), "item-altered"),
        ("grant changed", text.replacen(&Digest::of("mo").hex(), &Digest::of("x").hex(), 1), "item-altered"),
        ("foreign item", text.replacen("itm-", "itm-0000000000000000\"\n#", 1), "not-canonical"),
        ("no reason", text.replacen("the job it was for ended in May", "", 1), "decision-incomplete"),
        ("other system", text.replacen("system = \"pg-orders\"", "system = \"pg-other\"", 1), "place-mismatch"),
        ("other reviewer", text.replacen("reviewer = \"dora\"", "reviewer = \"emil\"", 1), "place-mismatch"),
    ];
    for (name, text, code) in forms {
        assert_eq!(world.codes_after(&resigned(text)), [code], "{name}");
    }
    let body = armor.split_once('\n').unwrap().1;
    let armors = [
        ("trailing block", format!("{armor}{armor}"), "signature-malformed"),
        ("trailing junk", format!("{armor}junk\n"), "signature-malformed"),
        ("re-wrapped", format!("-----BEGIN SSH SIGNATURE-----\n{}", body.replacen('\n', "", 1)), "signature-malformed"),
        ("empty", String::new(), "signature-malformed"),
    ];
    for (name, armor, code) in armors {
        let mut files = signed.clone();
        files.insert(sig.clone(), armor.into_bytes());
        assert_eq!(world.codes_after(&files), [code], "{name}");
    }
    for line in
        text.lines().filter(|line| line.starts_with("decision = \"revoke\"") || line.starts_with("reason = \"the"))
    {
        let mut files = signed.clone();
        let flipped = text.replacen(line, &line.replacen("revoke", "rotate", 1).replacen("May", "June", 1), 1);
        files.insert(path.clone(), flipped.into_bytes());
        assert_eq!(world.codes_after(&files), ["signature-mismatch"], "{line}");
    }
    let mut files = world.registry(|registry| registry.version = 3);
    assert!(world.codes_after(&files).contains(&"version-skipped"));
    files = world.registry(|registry| registry.prev = Digest::of("x").to_string());
    assert!(world.codes_after(&files).contains(&"prev-mismatch"));
    files = world.registry(|registry| drop(registry.principals[4].keys.pop()));
    assert!(world.codes_after(&files).contains(&"key-history"));
    // The neutral point: lax verifiers accept it for every message.
    let weak = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    files = world.registry(|registry| weak.clone_into(&mut registry.principals[4].keys[0].ssh));
    assert!(world.codes_after(&files).contains(&"weak-key"));
    files = world.root(|root| root.roles.root.threshold = 1);
    for signer in ["ana", "ben"] {
        let mut unsigned = files.clone();
        unsigned.remove(&signature_path("trust/root/2.toml", signer));
        assert!(world.codes_after(&unsigned).contains(&"below-threshold"), "lower threshold without {signer}");
    }
    files = world.root(|root| root.roles.mandate.threshold = 0);
    assert!(world.codes_after(&files).contains(&"threshold-unreachable"));
    files = world.root(|root| {
        root.log_origin = "tenure/other".to_owned();
        let key = tenure::format::ssh_keys::Signer::public_key(&key("log"));
        root.roles.engine.log_keys = vec![VerifierKey::new("tenure/other", key).unwrap().to_string()];
    });
    assert!(world.codes_after(&files).contains(&"log-origin-changed"));
    files = world.root(|root| root.roles.engine.commit_keys[0] = root.roles.root.keys[0].clone());
    assert!(world.codes_after(&files).contains(&"duplicate-signing-key"), "the engine does not sign for people");
}

fn id(name: &str) -> PrincipalId {
    PrincipalId::parse(name).unwrap()
}

fn swap_lines(text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.swap(1, 2);
    format!("{}\n", lines.join("\n"))
}

#[test]
fn row_39_every_field_of_a_worklist_is_bound_by_the_campaign() {
    let mut world = TestHistory::founded();
    let before = (world.main, world.files.clone());
    world.open_campaign();
    let honest = world.files.clone();
    let stub: Review = parse(&honest, &review_path("dora"));
    let one = |change: &dyn Fn(&mut Review)| {
        let mut review = stub.clone();
        change(&mut review);
        review
    };
    let forged = [
        ("tier", one(&|review| review.items[1].tier = Tier::T3)),
        ("subject", one(&|review| review.items[1].subject = "pg-orders:intern".to_owned())),
        ("summary", one(&|review| review.items[1].summary = "used today".to_owned())),
        ("recommendation", one(&|review| review.items[1].recommendation = "certify".to_owned())),
        ("severity", one(&|review| review.items[1].severity = Some(Severity::Low))),
        ("principal", one(&|review| review.items[1].principal = "intern".to_owned())),
        ("entitlement", one(&|review| review.items[1].entitlement = "group readers".to_owned())),
        ("cosigners", one(&|review| review.cosigners = vec![PrincipalId::parse("fay").unwrap()])),
        ("no cosigners", one(&|review| review.cosigners.clear())),
        ("stage", one(&|review| review.stage = Some(1))),
        ("order", one(&|review| review.items.swap(0, 1))),
        ("to of an undecided item", one(&|review| review.items[1].to = Some("readers".to_owned()))),
    ];
    for (field, review) in forged {
        (world.main, world.files) = before.clone();
        let mut files = honest.clone();
        put(&mut files, &review_path("dora"), &review);
        let expected: &[&str] = match field {
            "to of an undecided item" => &[],
            _ => &["campaign-missing", "worklists-differ"],
        };
        assert_eq!(world.codes_after(&files), expected, "{field}");
        // The branch is honest; only the merge commit has the change.
        let branch = world.commit(&[world.main], &honest, "a change");
        world.merge_as(&[world.main, branch], &files);
        assert_eq!(world.codes(), expected, "{field}, in the merge alone");
    }
    (world.main, world.files) = before.clone();
    let mut files = honest.clone();
    files.insert(
        review_path("fay"),
        render(&Review { reviewer: PrincipalId::parse("fay").unwrap(), ..stub.clone() }).into_bytes(),
    );
    assert_eq!(world.codes_after(&files), ["campaign-missing", "worklists-differ"], "another worklist");
    (world.main, world.files) = before;
    let mut files = honest.clone();
    let mut review = stub;
    decide(&mut review, 0, Verdict::Certify);
    put(&mut files, &review_path("dora"), &review);
    sign(&mut files, &review_path("dora"), "dora");
    assert_eq!(world.codes_after(&files), ["campaign-missing", "decided-at-opening"], "decided in the opening");
    world.merge(&honest);
    assert_eq!(world.codes(), NONE);
    let mut review: Review = parse(&honest, &review_path("dora"));
    decide(&mut review, 1, Verdict::Certify);
    review.cosigners = vec![PrincipalId::parse("gus").unwrap()];
    put(&mut files, &review_path("dora"), &review);
    sign(&mut files, &review_path("dora"), "dora");
    sign(&mut files, &review_path("dora"), "gus");
    assert_eq!(world.codes_after(&files), ["cosigner-not-assigned"], "a cosigner of one's own choice");
}

#[test]
fn row_41_branch_of_the_evidence_is_that_of_the_root() {
    let mut world = TestHistory::founded();
    let files = world.root(|root| root.evidence = Some("evidence2".to_owned()));
    assert_eq!(world.codes_after(&files), ["evidence-branch-changed"]);
    let mut files = world.files.clone();
    let text = String::from_utf8(files["governance.toml"].clone()).unwrap();
    let moved = text.replace("branch = \"main\"\n", "branch = \"main\"\nevidence = \"evidence2\"\n");
    assert_ne!(text, moved);
    files.insert("governance.toml".to_owned(), moved.into_bytes());
    assert_eq!(world.codes_after(&files), ["unknown-key"], "no unsigned file names it");
}

#[test]
fn row_47_two_names_of_one_person_count_once() {
    let share = |accounts: [&str; 2], files: &Files| {
        let mut files = files.clone();
        let mut people: Principals = parse(&files, "principals.toml");
        for (name, account) in ["dora", "emil"].into_iter().zip(accounts) {
            let entry = people.principals.iter_mut().find(|entry| entry.id.as_str() == name).unwrap();
            entry.accounts.push(format!("{SYSTEM}:{account}"));
            entry.accounts.sort();
        }
        put(&mut files, "principals.toml", &people);
        files
    };
    let both = |world: &TestHistory| world.decided(|review| decide(review, 1, Verdict::Revoke), &["dora", "emil"]);
    let mut world = TestHistory::new();
    assert_eq!(world.codes_after(&both(&world)), NONE);
    let apart = share(["laptop-1", "laptop-2"], &world.files);
    world.merge(&apart);
    assert_eq!(world.codes_after(&both(&world)), NONE, "accounts of their own");
    let shared = share(["operations", "operations"], &world.files);
    world.merge(&shared);
    assert_eq!(world.codes_after(&both(&world)), ["same-person"], "a shared account");

    let files = world.registry(|registry| registry.principals[4].subjects.push(format!("{SYSTEM}:dora")));
    assert_eq!(world.codes_after(&files), ["duplicate-name"], "the registry names an account once");

    let mut world = TestHistory::founded();
    let shared = share(["operations", "operations"], &world.files);
    world.merge(&shared);
    world.open_campaign();
    let apart = {
        let mut files = world.files.clone();
        let mut people: Principals = parse(&files, "principals.toml");
        let emil = people.principals.iter_mut().find(|entry| entry.id.as_str() == "emil").unwrap();
        emil.accounts.retain(|account| !account.ends_with(":operations"));
        put(&mut files, "principals.toml", &people);
        files
    };
    world.merge(&apart);
    assert_eq!(world.codes_after(&both(&world)), ["same-person"], "one person when the campaign was opened");
}

/// Gives an account to a person, or takes it away.
fn with_account(files: &Files, name: &str, account: &str, has_it: bool) -> Files {
    let mut files = files.clone();
    let mut people: Principals = parse(&files, "principals.toml");
    let entry = people.principals.iter_mut().find(|entry| entry.id.as_str() == name).unwrap();
    entry.accounts.retain(|own| !own.ends_with(&format!(":{account}")));
    if has_it {
        entry.accounts.push(format!("{SYSTEM}:{account}"));
        entry.accounts.sort();
    }
    put(&mut files, "principals.toml", &people);
    files
}

#[test]
fn row_42_link_removed_around_an_opening_is_self_review() {
    let account = items()[1].subject.trim_start_matches(&format!("{SYSTEM}:")).to_owned();
    let decide_it =
        |world: &TestHistory| world.decided(|review| decide(review, 1, Verdict::Certify), &["dora", "emil"]);

    let mut world = TestHistory::founded();
    for has_it in [true, false] {
        let files = with_account(&world.files, "emil", &account, has_it);
        world.merge(&files);
    }
    world.open_campaign();
    assert_eq!(world.codes_after(&decide_it(&world)), ["self-review"], "removed before the opening");
    let files = with_account(&world.files, "emil", &account, true);
    world.merge(&files);
    assert_eq!(world.codes_after(&decide_it(&world)), ["self-review"], "and restored after it");

    let mut world = TestHistory::new();
    assert_eq!(world.codes_after(&decide_it(&world)), NONE);
    for has_it in [true, false] {
        let files = with_account(&world.files, "emil", &account, has_it);
        world.merge(&files);
    }
    assert_eq!(world.codes_after(&decide_it(&world)), ["self-review"], "held for a day during the campaign");

    let mut world = TestHistory::founded();
    let mut files = world.files.clone();
    let mut people: Principals = parse(&files, "principals.toml");
    let mut job = people.principals.iter().find(|entry| entry.id.as_str() == "svc-export").unwrap().clone();
    (job.id, job.owner) = (id("svc-other"), Some(id("emil")));
    job.accounts = vec![format!("{SYSTEM}:{account}")];
    people.principals.push(job);
    put(&mut files, "principals.toml", &people);
    world.merge(&files);
    let mut people: Principals = parse(&world.files, "principals.toml");
    people.principals.last_mut().unwrap().owner = Some(id("fay"));
    let mut files = world.files.clone();
    put(&mut files, "principals.toml", &people);
    world.merge(&files);
    world.open_campaign();
    assert_eq!(world.codes_after(&decide_it(&world)), ["self-review"], "an owner who was exchanged");
}
