//! The gate for a change, and the commands around signing, on real repositories.

use crate::support::governed::*;
use crate::support::{
    sandbox::{Sandbox, succeed},
    servers::program,
};
use serde_json::Value;
use std::{fs, path::Path};
use tenure::{
    diag::RenderStyle,
    git::ObjectId,
    model::{
        Digest, Verdict,
        file::{KeyState, Registry, Review},
    },
    trust::{check, reference},
};

/// Returns the codes of the rejections of a change from main to `files`, and the printed report.
fn gate(world: &mut TestHistory, files: &Files) -> (Vec<&'static str>, String) {
    let base = world.main;
    gate_from(world, base, files)
}

fn gate_from(world: &mut TestHistory, fork: ObjectId, files: &Files) -> (Vec<&'static str>, String) {
    let head = world.commit(&[fork], files, "a change");
    let checked = check(&world.repository, world.pin, Some(world.main), head, None).unwrap();
    let mut codes: Vec<_> = checked.problems.sorted().iter().map(|problem| problem.code).collect();
    codes.sort_unstable();
    codes.dedup();
    (codes, checked.problems.render(RenderStyle::plain()))
}

#[test]
fn an_honest_change_passes_whatever_it_is() {
    let mut world = TestHistory::new();
    let honest = [
        world.decided(revoke_first, &["dora"]),
        world.decided(|review| decide(review, 1, Verdict::Revoke), &["dora", "emil"]),
        world.registry(|registry| registry.principals[3].keys[0].state = KeyState::Retired),
        world.mandate(|mandate| mandate.guardrails.max_removals_per_run = 3),
        world.root(|root| root.roles.registry.threshold = 3),
    ];
    for files in honest {
        let (codes, report) = gate(&mut world, &files);
        assert!(codes.is_empty(), "{report}");
    }
}

#[test]
fn the_gate_says_what_the_walk_would_find() {
    let mut world = TestHistory::new();
    world.revoke_first();
    let again = {
        let mut files = world.files.clone();
        files.insert(review_path("dora-2"), world.files[&review_path("dora")].clone());
        let signature = world.files[&signature_path(&review_path("dora"), "dora")].clone();
        files.insert(signature_path(&review_path("dora-2"), "dora"), signature);
        files
    };
    let main = world.files.clone();
    let next = |stem: &str, change: &dyn Fn(&mut Review), signers: &[&str]| {
        let mut files = main.clone();
        let mut review: Review = parse(&files, &review_path("dora"));
        review.items.iter_mut().for_each(|item| (item.decision, item.reason) = (None, String::new()));
        change(&mut review);
        put(&mut files, &review_path(stem), &review);
        signers.iter().for_each(|signer| sign(&mut files, &review_path(stem), signer));
        files
    };
    let stale = |review: &mut Review| {
        revoke_first(review);
        review.items[0].supersedes = Some(reference("elsewhere", Digest::of("x")));
    };
    let altered = |review: &mut Review| {
        decide(review, 5, Verdict::Revoke);
        review.items[5].summary = "used today".to_owned();
    };
    let both = {
        let mut files =
            world.registry(|registry: &mut Registry| registry.principals[3].keys[0].state = KeyState::Retired);
        let more = next("dora-2", &|review| decide(review, 5, Verdict::Revoke), &["dora"]);
        files.extend(more.into_iter().filter(|(path, _)| path.contains("dora-2")));
        files
    };
    let mut reverted = world.files.clone();
    reverted.remove(&signature_path(&review_path("dora"), "dora"));
    let cases = [
        ("copied", again, "duplicate-decision"),
        ("self-review", next("dora-2", &|review| decide(review, 2, Verdict::Certify), &["dora"]), "self-review"),
        ("unsigned", next("dora-2", &|review| decide(review, 5, Verdict::Revoke), &[]), "below-threshold"),
        ("by another", next("dora-2", &|review| decide(review, 5, Verdict::Revoke), &["ana"]), "signer-not-named"),
        ("stale", next("dora-2", &stale, &["dora"]), "stale-supersedes"),
        ("altered", next("dora-2", &altered, &["dora"]), "item-altered"),
        ("trust not alone", both, "trust-change-not-isolated"),
        ("signature removed", reverted, "signed-file-deleted"),
    ];
    for (name, files, code) in cases {
        let (codes, report) = gate(&mut world, &files);
        assert_eq!(codes, [code], "{name}: {report}");
        assert_eq!(world.codes_after(&files), [code], "{name}: the walk");
    }
    let files = next("dora-2", &|review| decide(review, 5, Verdict::Revoke), &["dora"]);
    let (codes, report) = gate(&mut world, &files);
    assert!(codes.is_empty(), "what was left open is decided in the next file: {report}");
}

#[test]
fn a_refusal_underlines_the_decision() {
    let mut world = TestHistory::new();
    let files = world.decided(|review| decide(review, 2, Verdict::Certify), &["dora"]);
    let (_, report) = gate(&mut world, &files);
    assert!(report.contains("error[self-review]: `dora` cannot review their own access"), "{report}");
    assert!(report.contains("decision = \"certify\""), "{report}");
    assert!(report.contains("help: reassign"), "{report}");
}

#[test]
fn a_branch_behind_main_is_judged_by_main_as_it_is() {
    let mut world = TestHistory::new();
    let fork = world.main;
    let branch = world.decided(revoke_first, &["dora"]);
    let files = world.registry(|registry| registry.principals[3].keys[0].state = KeyState::Revoked);
    world.merge(&files);
    let (codes, report) = gate_from(&mut world, fork, &branch);
    assert_eq!(codes, ["revoked-key"], "{report}");
}

#[test]
fn a_history_of_its_own_is_no_change() {
    let mut world = TestHistory::new();
    let files = world.decided(revoke_first, &["dora"]);
    let stranger = world.commit(&[], &files, "out of nowhere");
    let checked = check(&world.repository, world.pin, Some(world.main), stranger, None).unwrap();
    assert_eq!(checked.problems.sorted()[0].code, "unrelated-history");
}

#[test]
fn forms_of_files_without_signatures_are_judged_too() {
    let mut world = TestHistory::new();
    let cases = [
        ("systems/db/1.toml", "schema = \"tenure/system/v1\"\n", "missing-key"),
        ("systems/db.sh", "true\n", "path-not-allowed"),
        ("policies/x.toml", "title = \"x\"\n", "schema-missing"),
        ("inventory/pg-orders/grants/membership.jsonl", "{}\n", ""),
    ];
    for (path, text, code) in cases {
        let mut files = world.files.clone();
        files.insert(path.to_owned(), text.as_bytes().to_vec());
        let (codes, report) = gate(&mut world, &files);
        assert!(!codes.is_empty() && (code.is_empty() || codes == [code]), "{path}: {codes:?} {report}");
    }
}

#[test]
fn connector_and_settings_of_a_system_are_checked() {
    let mut world = TestHistory::new();
    let example = include_str!("../../../schemas/examples/system.toml");
    let cases = [
        ("connector = \"postgres\"", "connector = \"postgers\"", "unknown-value", "did you mean `postgres`?"),
        ("\nhost = ", "\nhots = ", "unknown-key", "unknown key `hots` in the settings of `postgres`"),
        ("\nport = 5432", "\nport = \"5432\"", "wrong-type", "expected a whole number"),
        ("\nuser = \"tenure\"", "\nuser = \"\"", "invalid-value", "`user` must not be empty"),
        ("\nuser = \"tenure\"", "", "missing-key", "the key `user` is missing"),
    ];
    for (right, wrong, code, said) in cases {
        let text = example.replacen(right, wrong, 1);
        let line = text.lines().zip(example.lines()).position(|(is, was)| is != was).unwrap() + 1;
        let mut files = world.files.clone();
        files.insert("systems/pg-orders/1.toml".to_owned(), text.into_bytes());
        sign(&mut files, "systems/pg-orders/1.toml", "ana");
        let (codes, report) = gate(&mut world, &files);
        assert_eq!(codes, [code], "{report}");
        let line = if code == "missing-key" { "".to_owned() } else { format!("{line}:") };
        assert!(report.contains(said) && report.contains(&format!("systems/pg-orders/1.toml:{line}")), "{report}");
    }
}

#[test]
fn without_a_base_everything_is_judged() {
    let mut world = TestHistory::new();
    world.revoke_first();
    let all = |world: &TestHistory| check(&world.repository, world.pin, None, world.main, None).unwrap();
    let checked = all(&world);
    assert!(checked.problems.is_empty(), "{}", checked.problems.render(RenderStyle::plain()));
    assert!(checked.files > 10);
    let mut files = world.files.clone();
    files.remove(&review_path("dora"));
    world.merge(&files);
    assert!(all(&world).problems.has_errors());
}

#[test]
fn founding_signing_and_checking_by_hand() {
    let sandbox = Sandbox::new();
    let tenure = |arguments: &[&str], folder: &Path| {
        let mut command = sandbox.tenure(folder);
        command.args(arguments);
        command
    };
    let founded = succeed(&mut tenure(&["--format", "json", "init", "--solo", "ana", "repo"], sandbox.path()));
    let founded: Value = serde_json::from_str(&founded).unwrap();
    let pin = founded["root"].as_str().unwrap().to_owned();
    let repo = sandbox.join("repo");
    assert_eq!(sandbox.git(&repo, &["status", "--porcelain"]), "", "nothing is left over");
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&fs::metadata(sandbox.join("repo.keys/ana")).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    succeed(&mut tenure(&["--root", &pin, "check"], &repo));
    let again = tenure(&["init", "--solo", "ana", "."], &repo).output().unwrap();
    assert_eq!(again.status.code(), Some(1), "never twice");

    // A second registry adds a reviewer: written manually, formatted, signed, checked.
    let first = fs::read_to_string(repo.join("trust/registry/1.toml")).unwrap();
    let digest = Digest::of(&first).to_string();
    let key = key_line("dora");
    let joined = format!(
        "{}\n[[principal]]\nid = \"dora\"\nsubjects = []\n\n[[principal.key]]\nssh = \"{key}\"\nstate = \"active\"\n",
        first.replacen("version = 1", "version = 2", 1).replacen("prev = \"none\"", &format!("prev = \"{digest}\""), 1)
    );
    fs::write(repo.join("trust/registry/2.toml"), joined).unwrap();
    sandbox.git(&repo, &["switch", "-q", "-c", "join"]);
    let commit = |message: &str| {
        sandbox.git(&repo, &["add", "--all"]);
        sandbox.git(&repo, &["commit", "-q", "-m", message]);
    };
    commit("dora joins");
    let gate = || tenure(&["--root", &pin, "check", "--base", "main"], &repo).output().unwrap();
    let refused = gate();
    assert_eq!(refused.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("below-threshold"), "{refused:?}");
    let shown = |format: &str| {
        let mut command = tenure(&["--root", &pin, "--format", format, "check", "--base", "main"], &repo);
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    let sarif: Value = serde_json::from_str(&shown("sarif")).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "below-threshold", "{sarif}");
    assert!(shown("markdown").contains("| error below-threshold | trust/registry/2.toml |"), "{}", shown("markdown"));
    assert!(shown("json").contains("\"below-threshold\""));
    succeed(&mut tenure(&["sign", "--key", "../repo.keys/ana", "trust/registry/2.toml"], &repo));
    commit("sign it");
    let passed = gate();
    assert!(passed.status.success(), "{}", String::from_utf8_lossy(&passed.stderr));

    // A file that cannot be signed is reported with the reason and the next command.
    let wrong = tenure(&["sign", "--key", "../repo.keys/engine-log", "trust/registry/2.toml"], &repo).output().unwrap();
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("unknown-signer"), "{wrong:?}");
    let form = tenure(&["sign", "--key", "../repo.keys/ana", "governance.toml"], &repo).output().unwrap();
    assert!(String::from_utf8_lossy(&form.stderr).contains("are not signed"), "{form:?}");
    let unpinned = tenure(&["check"], &repo).output().unwrap();
    assert!(String::from_utf8_lossy(&unpinned.stderr).contains("root-not-pinned"), "{unpinned:?}");
}

#[test]
fn three_founders_sign_one_by_one() {
    let sandbox = Sandbox::new();
    for name in ["ana", "ben", "cleo"] {
        let mut command = sandbox.command(program("ssh-keygen"), sandbox.path());
        succeed(command.args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", name]));
    }
    let mut init = sandbox.tenure(sandbox.path());
    init.args(["--format", "json", "init", "repo"]);
    init.args(["--founder", "ana=ana.pub", "--founder", "ben=ben.pub", "--founder", "cleo=cleo.pub"]);
    let founded: Value = serde_json::from_str(&succeed(&mut init)).unwrap();
    let pin = founded["root"].as_str().unwrap();
    let repo = sandbox.join("repo");
    let check = || sandbox.tenure(&repo).args(["--root", pin, "check"]).output().unwrap();
    assert_eq!(check().status.code(), Some(3), "nobody has signed");
    for (name, code) in [("ana", 3), ("cleo", 0)] {
        for kind in ["root", "registry", "mandate"] {
            let (key, file) = (format!("../{name}"), format!("trust/{kind}/1.toml"));
            succeed(sandbox.tenure(&repo).args(["sign", "--key", &key, &file]));
        }
        sandbox.git(&repo, &["add", "--all"]);
        sandbox.git(&repo, &["commit", "-q", "-m", "sign"]);
        let checked = check();
        assert_eq!(checked.status.code(), Some(code), "{name}: {}", String::from_utf8_lossy(&checked.stderr));
    }
}

fn key_line(name: &str) -> String {
    tenure::format::ssh_keys::Signer::public_key(&key(name)).to_string()
}
