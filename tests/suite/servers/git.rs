//! Reading repositories, rejecting unsafe ones, and pushing to remotes.

use crate::support::repository::TestClone;
use crate::support::{
    git_http::{GitHttp, User},
    git_ssh::GitSsh,
};
use std::{fs, os::unix::fs::PermissionsExt, time::Duration};
use tenure::git::{
    CommitDraft, CommitIdentity, FileChange, FileMode, GitError, GitRemote, ObjectId, PushOutcome, RemoteError,
    Repository, TreeEdit, TreeFile, UnsafeNameKind,
};

const BRANCH: &str = "refs/heads/evidence";
const SEEN: &str = "refs/tenure/evidence";

#[test]
fn a_file_is_read_from_a_commit_and_not_from_the_work_tree() {
    let world = TestClone::new();
    let commit = world.commit(&[("systems/pg.toml", "tier = \"T1\"\n")]);
    fs::write(world.clone.join("systems/pg.toml"), "tier = \"T3\"\n").unwrap();
    let repository = Repository::open(&world.clone).unwrap();
    let file = repository.file(commit, "systems/pg.toml").unwrap().unwrap();
    assert_eq!(file.mode, FileMode::Plain);
    assert_eq!(repository.blob(file.id, 100).unwrap(), b"tier = \"T1\"\n");
    assert_eq!(repository.file(commit, "systems/none.toml"), Ok(None));
    assert_eq!(repository.file(commit, "systems/pg.toml/x"), Ok(None));
    assert_eq!(repository.file(commit, "systems").unwrap().unwrap().mode, FileMode::Tree);
}

#[test]
fn a_blob_beyond_the_limit_is_not_read() {
    let world = TestClone::new();
    let commit = world.commit(&[("a", "0123456789")]);
    let repository = Repository::open(&world.clone).unwrap();
    let id = repository.file(commit, "a").unwrap().unwrap().id;
    assert_eq!(repository.blob(id, 9), Err(GitError::BlobTooLarge { id, size: 10, limit: 9 }));
    assert_eq!(repository.blob(id, 10).unwrap().len(), 10);
}

#[test]
fn hostile_trees_are_reported_and_not_followed() {
    let world = TestClone::new();
    let blob = world.blob("x");
    let tree = |lines: &str| world.mktree(lines);
    let inner = tree(&format!("100644 blob {blob}\tdeep\n"));
    // `git mktree` writes these names unchanged; only a checkout would reject them.
    let root = tree(&format!(
        "040000 tree {inner}\t..\n040000 tree {inner}\t.GIT\n100644 blob {blob}\tREADME\n100644 blob {blob}\treadme\n\
         100755 blob {blob}\trun\n120000 blob {blob}\tlink\n160000 commit {}\tmodule\n040000 tree {inner}\tfine\n",
        world.base
    ));
    let commit = world.commit_tree(&root, &[]);
    let repository = Repository::open(&world.clone).unwrap();
    let listing = repository.list(commit, "").unwrap();
    let files: Vec<_> = listing.files.iter().map(|file| (file.path.as_str(), file.mode)).collect();
    assert_eq!(
        files,
        [
            ("README", FileMode::Plain),
            ("fine/deep", FileMode::Plain),
            ("link", FileMode::Symlink),
            ("module", FileMode::Gitlink),
            ("readme", FileMode::Plain),
            ("run", FileMode::Executable),
        ]
    );
    let hazards: Vec<_> = listing.hazards.iter().map(|hazard| (hazard.path.as_str(), hazard.peril.clone())).collect();
    assert_eq!(
        hazards,
        [
            ("..", UnsafeNameKind::Traversal),
            (".GIT", UnsafeNameKind::DotGit),
            ("readme", UnsafeNameKind::CaseTwin("README".to_owned()))
        ]
    );
    let changes = repository.changes(Some(world.base), commit).unwrap();
    assert_eq!(changes.hazards, listing.hazards);
    assert_eq!(repository.list(commit, "fine").unwrap().files.len(), 1);
}

#[test]
fn a_name_twice_in_one_tree_is_never_picked_from() {
    let world = TestClone::new();
    let (one, two) = (world.blob("one"), world.blob("two"));
    let raw = |blob: &ObjectId| [b"100644 a\0".to_vec(), bytes(blob)].concat();
    let root = world.hash_object("tree", &[raw(&one), raw(&two)].concat());
    let commit = world.commit_tree(&root, &[]);
    let repository = Repository::open(&world.clone).unwrap();
    assert!(matches!(repository.file(commit, "a"), Err(GitError::Hazardous { peril: UnsafeNameKind::Duplicate, .. })));
    assert_eq!(repository.list(commit, "").unwrap().hazards[0].peril, UnsafeNameKind::Duplicate);
    assert_eq!(repository.changes(None, commit).unwrap().files.len(), 2);
}

#[test]
fn a_tree_that_grows_without_end_is_not_walked() {
    let world = TestClone::new();
    let mut tree = world.mktree(&format!("100644 blob {}\ta\n", world.blob("x")));
    for _ in 0..9 {
        let lines: String = (0..10).map(|n| format!("040000 tree {tree}\t{n}\n")).collect();
        tree = world.mktree(&lines);
    }
    let commit = world.commit_tree(&tree, &[]);
    let repository = Repository::open(&world.clone).unwrap();
    assert!(matches!(repository.list(commit, ""), Err(GitError::TooMuch { .. })));
    assert!(matches!(repository.changes(None, commit), Err(GitError::TooMuch { .. })));
}

#[test]
fn the_difference_of_two_trees_is_what_git_says_it_is() {
    let world = TestClone::new();
    let before = world.commit(&[("a/one", "1"), ("a/two", "2"), ("b", "file"), ("c/d/e", "5"), ("same/x", "6")]);
    world.git(&["rm", "-q", "a/two", "b"]);
    let after = world.commit(&[("a/one", "changed"), ("b/now-a-folder", "1"), ("new", "7")]);
    let repository = Repository::open(&world.clone).unwrap();
    let changes = repository.changes(Some(before), after).unwrap().files;
    let seen: Vec<_> = changes
        .iter()
        .map(|change| match change {
            FileChange::Added(file) => format!("A {}", file.path),
            FileChange::Changed { after, .. } => format!("M {}", after.path),
            FileChange::Deleted(file) => format!("D {}", file.path),
        })
        .collect();
    let told =
        world.git(&["diff-tree", "-r", "--no-renames", "--name-status", &before.to_string(), &after.to_string()]);
    let mut told: Vec<_> = told.lines().map(|line| line.replace('\t', " ")).collect();
    told.sort_by(|one, other| one[2..].cmp(&other[2..]));
    assert_eq!(seen, told);
    assert!(repository.changes(Some(after), after).unwrap().files.is_empty());
}

#[test]
fn a_change_of_mode_alone_is_a_change() {
    let world = TestClone::new();
    let before = world.commit(&[("a", "1")]);
    fs::set_permissions(world.clone.join("a"), fs::Permissions::from_mode(0o755)).unwrap();
    let after = world.commit(&[]);
    let repository = Repository::open(&world.clone).unwrap();
    let id = repository.file(after, "a").unwrap().unwrap().id;
    let file = |mode| TreeFile { path: "a".to_owned(), mode, id };
    let expected = FileChange::Changed { before: file(FileMode::Plain), after: file(FileMode::Executable) };
    assert_eq!(repository.changes(Some(before), after).unwrap().files, [expected]);
}

#[test]
fn histories_that_hide_something_are_not_opened() {
    let world = TestClone::new();
    let commit = world.commit(&[("a", "1")]);
    let dot_git = world.clone.join(".git");
    fs::write(dot_git.join("shallow"), format!("{commit}\n")).unwrap();
    assert!(matches!(Repository::open(&world.clone), Err(GitError::Shallow(_))));
    fs::remove_file(dot_git.join("shallow")).unwrap();
    fs::create_dir_all(dot_git.join("info")).unwrap();
    fs::write(dot_git.join("info/grafts"), format!("{commit}\n")).unwrap();
    assert!(matches!(Repository::open(&world.clone), Err(GitError::Grafted(_))));
    fs::remove_file(dot_git.join("info/grafts")).unwrap();
    world.git(&["replace", &commit.to_string(), &world.base.to_string()]);
    assert!(matches!(Repository::open(&world.clone), Err(GitError::Replaced(_))));
    world.git(&["pack-refs", "--all"]);
    assert!(matches!(Repository::open(&world.clone), Err(GitError::Replaced(_))), "packed refs count too");
    world.git(&["replace", "-d", &commit.to_string()]);
    assert!(Repository::open(&world.clone).is_ok());
    assert!(Repository::open(&world.remote).is_ok(), "a bare repository");
    assert!(Repository::discover(world.clone.join(".git/info")).is_ok());
}

#[test]
fn shallow_clone_and_sha256_format_are_rejected() {
    let world = TestClone::new();
    world.commit(&[("a", "1")]);
    world.push("main");
    let url = format!("file://{}", world.remote.display());
    world.sandbox.git(world.path(), &["clone", "-q", "--depth", "1", &url, "cut"]);
    assert!(matches!(Repository::open(world.path().join("cut")), Err(GitError::Shallow(_))));
    world.sandbox.git(world.path(), &["init", "-q", "--object-format=sha256", "long"]);
    let refused = Repository::open(world.path().join("long")).err().unwrap();
    assert_eq!(refused, GitError::UnsupportedFormat("sha256".to_owned()));
}

#[test]
fn main_is_walked_along_first_parents() {
    let world = TestClone::new();
    let one = world.commit(&[("a", "1")]);
    world.git(&["checkout", "-q", "-b", "side"]);
    let side = world.commit(&[("b", "1")]);
    world.git(&["checkout", "-q", "main"]);
    let two = world.commit(&[("a", "2")]);
    world.git(&["merge", "-q", "--no-ff", "-m", "merge", "side"]);
    let repository = Repository::open(&world.clone).unwrap();
    let merge = repository.resolve("main").unwrap();
    assert_eq!(repository.first_parents(Some(one), merge), Ok(vec![two, merge]));
    assert_eq!(repository.first_parents(None, merge), Ok(vec![world.base, one, two, merge]));
    assert_eq!(repository.first_parents(Some(merge), merge), Ok(Vec::new()));
    assert_eq!(repository.first_parents(Some(side), merge), Err(GitError::NotOnLine { ancestor: side, commit: merge }));
    assert_eq!(repository.parents(merge), Ok(vec![two, side]));
    assert_eq!(repository.merge_base(two, side), Ok(Some(one)));
    assert_eq!(repository.is_ancestor(side, merge), Ok(true));
    assert_eq!(repository.is_ancestor(merge, merge), Ok(true));
    assert_eq!(repository.is_ancestor(merge, side), Ok(false));
}

#[test]
fn a_commit_signed_here_is_good_to_git() {
    let world = TestClone::new();
    let key = world.ssh_key("engine");
    let repository = Repository::open(&world.clone).unwrap();
    let commit = world.signed_commit(&repository, "log/1.jsonl", "{}\n", None, &key);
    world.git(&[
        "-c",
        &format!("gpg.ssh.allowedSignersFile={}", key.allowed.display()),
        "verify-commit",
        &commit.to_string(),
    ]);
    let read = repository.commit(commit).unwrap();
    assert!(read.signature.as_ref().unwrap().signature.ends_with("-----END SSH SIGNATURE-----\n"));
    assert_eq!((read.parents.len(), read.message.as_str(), read.committed), (0, "evidence: one\n", 1_790_000_000));
    world.git(&["fsck", "--strict", "--no-dangling", &commit.to_string()]);
}

#[test]
fn a_commit_signed_by_git_reads_back_with_what_was_signed() {
    let world = TestClone::new();
    let key = world.ssh_key("ana");
    let sign = ["-c", "gpg.format=ssh", "-c", &format!("user.signingKey={}", key.private.display())];
    world.git(&[&sign[..], &["commit", "-q", "-S", "--allow-empty", "-m", "signed"]].concat());
    let repository = Repository::open(&world.clone).unwrap();
    let signed = repository.commit(repository.resolve("HEAD").unwrap()).unwrap().signature.unwrap();
    key.verify("git", &signed.signature, &signed.payload);
}

#[test]
fn what_leads_out_of_the_tree_is_not_written() {
    let world = TestClone::new();
    let repository = Repository::open(&world.clone).unwrap();
    let blob = repository.write_blob(b"x").unwrap();
    for path in ["", "../a", "a//b", ".git/config", "a/.GIT/hooks/x", "/a", "a/"] {
        let edit = TreeEdit::Put { path: path.to_owned(), blob };
        assert!(matches!(repository.write_tree(None, &[edit]), Err(GitError::Unwritable { .. })), "{path}");
    }
}

#[test]
fn a_tree_keeps_what_no_edit_touches() {
    let world = TestClone::new();
    let commit = world.commit(&[("a/one", "1"), ("a/two", "2"), ("b", "3")]);
    let repository = Repository::open(&world.clone).unwrap();
    let base = repository.tree_of(commit).unwrap();
    let blob = repository.write_blob(b"new").unwrap();
    let edits = [
        TreeEdit::Put { path: "a/one".to_owned(), blob },
        TreeEdit::Put { path: "x/y/z".to_owned(), blob },
        TreeEdit::Remove { path: "b".to_owned() },
    ];
    let tree = repository.write_tree(Some(base), &edits).unwrap();
    let names = world.git(&["ls-tree", "-r", "--name-only", &tree.to_string()]);
    assert_eq!(names.split_whitespace().collect::<Vec<_>>(), ["README", "a/one", "a/two", "x/y/z"]);
}

#[test]
fn a_ref_moves_only_from_where_it_was_seen() {
    let world = TestClone::new();
    let one = world.commit(&[("a", "1")]);
    let repository = Repository::open(&world.clone).unwrap();
    repository.move_reference(SEEN, world.base, None, "first").unwrap();
    let stale = repository.move_reference(SEEN, one, None, "again");
    let actual = Some(world.base);
    assert_eq!(stale, Err(GitError::Moved { reference: SEEN.to_owned(), expected: None, actual }));
    repository.move_reference(SEEN, one, Some(world.base), "on").unwrap();
    assert!(repository.move_reference(SEEN, world.base, Some(world.base), "back").is_err());
    assert_eq!(repository.reference(SEEN), Ok(Some(one)));
}

#[test]
fn of_two_who_push_one_lands_and_the_other_is_told() {
    let world = TestClone::new();
    let carrier = world.carrier();
    let (one, two) = (world.loose_commit("one", &[]), world.loose_commit("two", &[]));
    let repository = Repository::open(&world.clone).unwrap();
    assert_eq!(carrier.fetch(&repository, &[(BRANCH, SEEN)]), Ok(vec![None]));
    assert_eq!(carrier.push(&repository, one, BRANCH), Ok(PushOutcome::Landed));
    assert_eq!(carrier.push(&repository, two, BRANCH), Ok(PushOutcome::LostRace { head: Some(one) }));
    assert_eq!(carrier.fetch(&repository, &[(BRANCH, SEEN)]), Ok(vec![Some(one)]));
    let three = world.loose_commit("three", &[one]);
    assert_eq!(carrier.push(&repository, three, BRANCH), Ok(PushOutcome::Landed));
    assert_eq!(carrier.push(&repository, one, BRANCH), Ok(PushOutcome::Landed), "it is there, below another");
    assert_eq!(carrier.advertised(&repository, &[BRANCH, SEEN]), Ok(vec![Some(three), None]));
}

#[test]
fn a_hook_that_declines_is_heard() {
    let world = TestClone::new();
    world.hook("update", "echo 'evidence is frozen' >&2; exit 1");
    let repository = Repository::open(&world.clone).unwrap();
    let commit = world.loose_commit("one", &[]);
    let Ok(PushOutcome::Declined { reason }) = world.carrier().push(&repository, commit, BRANCH) else {
        panic!("declined")
    };
    assert!(reason.contains("hook declined") && reason.contains("evidence is frozen"), "{reason}");
}

#[test]
fn a_remote_that_says_yes_and_does_nothing_is_not_believed() {
    let world = TestClone::new();
    world.hook("post-receive", "git update-ref -d refs/heads/evidence");
    let repository = Repository::open(&world.clone).unwrap();
    let commit = world.loose_commit("one", &[]);
    let Ok(PushOutcome::Declined { reason }) = world.carrier().push(&repository, commit, BRANCH) else {
        panic!("declined")
    };
    assert!(reason.contains("reported success"), "{reason}");
}

#[test]
fn a_lost_answer_is_looked_up() {
    let world = TestClone::new();
    // The remote moves its ref, then is killed before it replies.
    world.hook("post-receive", "kill -9 $PPID");
    let repository = Repository::open(&world.clone).unwrap();
    let commit = world.loose_commit("one", &[]);
    assert_eq!(world.carrier().push(&repository, commit, BRANCH), Ok(PushOutcome::Landed));
    world.hook("pre-receive", "kill -9 $PPID");
    let lost = world.carrier().push(&repository, world.loose_commit("two", &[commit]), BRANCH);
    assert!(matches!(lost, Ok(PushOutcome::Unreachable { .. })), "{lost:?}");
}

#[test]
fn a_remote_that_cannot_be_read_is_unknown_and_never_empty() {
    let world = TestClone::new();
    let repository = Repository::open(&world.clone).unwrap();
    let commit = world.loose_commit("one", &[]);
    let deaf = world.way_to("http://127.0.0.1:9/r.git");
    assert!(matches!(deaf.advertised(&repository, &[BRANCH]), Err(RemoteError::Unreachable { .. })));
    assert!(matches!(deaf.push(&repository, commit, BRANCH), Ok(PushOutcome::Unreachable { .. })));
    let nowhere = world.way_to("/nonexistent/r.git");
    assert!(matches!(nowhere.fetch(&repository, &[(BRANCH, SEEN)]), Err(RemoteError::Refused { .. })));
}

#[test]
fn a_remote_that_never_answers_is_given_up() {
    let world = TestClone::new();
    let repository = Repository::open(&world.clone).unwrap();
    let silent = world.script("silent", "sleep 60");
    let carrier = world.way_to("ssh://target/r.git").with_variable("GIT_SSH_COMMAND", silent);
    let carrier = carrier.with_patience(Duration::from_millis(300));
    assert!(matches!(carrier.advertised(&repository, &[BRANCH]), Err(RemoteError::Child(_))));
}

#[test]
fn a_rewritten_branch_is_reported_and_what_was_seen_is_kept() {
    let world = TestClone::new();
    let carrier = world.carrier();
    let repository = Repository::open(&world.clone).unwrap();
    let one = world.loose_commit("one", &[]);
    let two = world.loose_commit("two", &[one]);
    assert_eq!(carrier.push(&repository, two, BRANCH), Ok(PushOutcome::Landed));
    carrier.fetch(&repository, &[(BRANCH, SEEN)]).unwrap();
    world.sandbox.git(&world.remote, &["update-ref", BRANCH, &one.to_string()]);
    let rewritten = carrier.fetch(&repository, &[(BRANCH, SEEN)]);
    assert_eq!(rewritten, Err(RemoteError::Rewritten { reference: BRANCH.to_owned(), ours: two, theirs: one }));
    assert_eq!(repository.reference(SEEN), Ok(Some(two)));
}

#[test]
fn options_credentials_and_other_transports_are_no_remotes() {
    for name in ["", "-x", "--upload-pack=sh", "ext::sh -c true", "a\nb"] {
        assert!(matches!(GitRemote::to(name), Err(RemoteError::NotAName(_))), "{name:?}");
    }
    for url in ["https://ana:secret@h/r", "https://token@h/r", "ssh://ana:secret@h/r"] {
        assert!(matches!(GitRemote::to(url), Err(RemoteError::CredentialsInRemote)), "{url}");
    }
    for fine in ["origin", "/srv/r.git", "ssh://git@h/r", "git@h:r", "https://h/r@v2"] {
        assert!(GitRemote::to(fine).is_ok(), "{fine}");
    }
    let world = TestClone::new();
    world.git(&["remote", "add", "leaky", "https://ana:hunter2@127.0.0.1:9/r"]);
    let repository = Repository::open(&world.clone).unwrap();
    let refused = world_error(world.way_to("leaky").advertised(&repository, &[BRANCH]));
    assert!(matches!(refused, RemoteError::Refused { .. }), "{refused}");
    assert!(!refused.to_string().contains("hunter2"), "{refused}");
}

#[test]
fn a_clone_has_the_history_and_no_files() {
    let world = TestClone::new();
    world.push("main");
    let path = world.path().join("second");
    let repository = world.way_to(&world.remote.display().to_string()).clone_to(&path).unwrap();
    assert_eq!(repository.resolve("origin/main"), Ok(world.base));
    assert!(!path.join("README").exists());
}

#[test]
fn ssh_and_http_carry_as_files_do() {
    let world = TestClone::new();
    let repository = Repository::open(&world.clone).unwrap();
    let (web, shell) = (GitHttp::serve(&world.sandbox, world.path()), GitSsh::serve(&world.sandbox));
    let (http, ssh) = (world.over_http(&web, User::Writer), world.over_ssh(&shell));
    let one = world.loose_commit("one", &[]);
    let two = world.loose_commit("two", &[one]);
    let rival = world.loose_commit("rival", &[one]);
    assert_eq!(ssh.push(&repository, one, BRANCH), Ok(PushOutcome::Landed));
    assert_eq!(http.advertised(&repository, &[BRANCH]), Ok(vec![Some(one)]));
    assert_eq!(http.push(&repository, two, BRANCH), Ok(PushOutcome::Landed));
    assert_eq!(ssh.push(&repository, rival, BRANCH), Ok(PushOutcome::LostRace { head: Some(two) }));
    assert_eq!(http.push(&repository, rival, BRANCH), Ok(PushOutcome::LostRace { head: Some(two) }));
    let three = world.loose_commit("three", &[two]);
    let reader = world.over_http(&web, User::Reader);
    assert_eq!(reader.fetch(&repository, &[(BRANCH, SEEN)]), Ok(vec![Some(two)]));
    world.hook("pre-receive", "exit 1");
    for carrier in [&ssh, &http, &reader] {
        let declined = carrier.push(&repository, three, BRANCH);
        assert!(matches!(declined, Ok(PushOutcome::Declined { .. })), "{declined:?}");
    }
    shell.forget_all_keys();
    assert!(matches!(ssh.advertised(&repository, &[BRANCH]), Err(RemoteError::Refused { .. })));
}

fn world_error<T>(result: Result<T, RemoteError>) -> RemoteError {
    result.err().unwrap()
}

fn bytes(id: &ObjectId) -> Vec<u8> {
    let text = id.to_string();
    (0..20).map(|n| u8::from_str_radix(&text[2 * n..2 * n + 2], 16).unwrap()).collect()
}

#[test]
fn an_author_git_would_not_take_is_refused() {
    let world = TestClone::new();
    let repository = Repository::open(&world.clone).unwrap();
    let tree = repository.write_tree(None, &[]).unwrap();
    let author = CommitIdentity { name: String::new(), address: "x".to_owned() };
    let draft = CommitDraft { tree, parents: &[], author: &author, seconds: 0, message: "m" };
    assert!(repository.write_commit(&draft).is_err());
}
