//! Signed commits, verified in process and by `git log --show-signature`.

use super::key;
use std::convert::Infallible;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use tenure::format::allowed_signers;
use tenure::format::ssh_keys::Signer as _;
use tenure::format::sshsig::{SignatureNamespace, SshSignature};
use tenure::git::{Commit, CommitDraft, CommitIdentity, Repository, TreeEdit};

/// Creates a bare repository whose `main` has `count` signed commits.
pub fn prepare(folder: &Path, count: u64) {
    let repository = Repository::create(folder.join("signed.git")).expect("a repository can be made");
    let author = CommitIdentity { name: "Tenure".into(), address: "engine@example.org".into() };
    let (mut tree, mut parent) = (None, None);
    for n in 0..count {
        let blob = repository.write_blob(format!("{n}\n").as_bytes()).expect("a blob can be written");
        let edits = [TreeEdit::Put { path: "count".into(), blob }];
        let next = repository.write_tree(tree, &edits).expect("a tree can be written");
        let parents: Vec<_> = parent.into_iter().collect();
        let seconds = 1_795_000_000 + i64::try_from(n).expect("not that many");
        let message = format!("commit {n}\n");
        let draft = CommitDraft { tree: next, parents: &parents, author: &author, seconds, message: &message };
        let sign = |bytes: &[u8]| {
            let signature = SshSignature::sign(&key(1), SignatureNamespace::Git, bytes).expect("a key in memory signs");
            Ok::<_, Infallible>(signature.armored())
        };
        parent = Some(repository.write_signed_commit(&draft, sign).expect("a commit can be written"));
        tree = Some(next);
    }
    let head = parent.expect("there is a commit");
    repository.move_reference("refs/heads/main", head, None, "bench").expect("a branch can be made");
    let signer =
        allowed_signers::line("engine", &[SignatureNamespace::Git], &key(1).public_key()).expect("a plain name");
    fs::write(folder.join("allowed_signers"), signer).expect("a file can be written");
    let packed = git(folder).args(["gc", "--quiet"]).status().expect("git starts");
    assert!(packed.success(), "git gc fails");
}

/// Verifies every commit in process; returns the number of valid ones.
pub fn verify(folder: &Path) -> u64 {
    let repository = Repository::open(folder.join("signed.git")).expect("it was prepared");
    let head = repository.resolve("refs/heads/main").expect("it was prepared");
    let line = repository.first_parents(None, head).expect("it is one line");
    let good = |commit: &Commit| {
        let signed = commit.signature.as_ref()?;
        let signature = SshSignature::parse(signed.signature.as_bytes()).ok()?;
        signature.verify(SignatureNamespace::Git, &signed.payload).ok().filter(|signer| *signer == key(1).public_key())
    };
    let commits = line.into_iter().map(|id| repository.commit(id).expect("it is there"));
    commits.filter(|commit| good(commit).is_some()).count() as u64
}

/// Verifies every commit with git; returns the number of valid ones.
pub fn verify_by_git(folder: &Path) -> u64 {
    let signers = format!("gpg.ssh.allowedSignersFile={}", folder.join("allowed_signers").display());
    let log = git(folder)
        .args(["-c", "gpg.format=ssh", "-c", &signers, "log", "--show-signature", "--format=%H", "main"])
        .stderr(Stdio::inherit())
        .output()
        .expect("git starts");
    String::from_utf8_lossy(&log.stdout).matches("Good \"git\" signature for engine").count() as u64
}

fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    command.arg("-C").arg(folder.join("signed.git"));
    command
}
