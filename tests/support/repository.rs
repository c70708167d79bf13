//! A bare remote and a clone with test objects.

use super::{
    git_http::{GitHttp, User},
    git_ssh::GitSsh,
    sandbox::{Sandbox, executable, hook},
};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use tenure::git::{CommitDraft, CommitIdentity, GitRemote, ObjectId, Repository, TreeEdit};

/// A bare remote and a clone with one commit on `main`.
pub struct TestClone {
    pub sandbox: Sandbox,
    pub remote: PathBuf,
    pub clone: PathBuf,
    pub base: ObjectId,
}

/// A key pair created by `ssh-keygen`, and the file that names its owner.
pub struct Key {
    pub private: PathBuf,
    pub allowed: PathBuf,
    name: String,
}

impl TestClone {
    pub fn new() -> Self {
        let sandbox = Sandbox::new();
        let (remote, clone) = (sandbox.bare("remote.git"), sandbox.join("clone"));
        sandbox.git(sandbox.path(), &["clone", "-q", "remote.git", "clone"]);
        sandbox.git(&clone, &["checkout", "-q", "-b", "main"]);
        let base = ObjectId::parse("4b825dc642cb6eb9a060e54bf8d69288fbee4904").unwrap();
        let mut world = Self { sandbox, remote, clone, base };
        world.base = world.commit(&[("README", "hello\n")]);
        world
    }

    pub fn path(&self) -> &Path {
        self.sandbox.path()
    }

    pub fn commit(&self, files: &[(&str, &str)]) -> ObjectId {
        for (path, text) in files {
            let path = self.clone.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        self.git(&["add", "--all"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "change"]);
        id(&self.git(&["rev-parse", "HEAD"]))
    }

    pub fn push(&self, branch: &str) {
        self.git(&["push", "-q", "origin", branch]);
    }

    pub fn blob(&self, text: &str) -> ObjectId {
        self.hash_object("blob", text.as_bytes())
    }

    /// Writes an object unchanged, even if malformed.
    pub fn hash_object(&self, kind: &str, bytes: &[u8]) -> ObjectId {
        id(&self.git_with_input(&["hash-object", "-t", kind, "-w", "--literally", "--stdin"], bytes))
    }

    pub fn mktree(&self, lines: &str) -> ObjectId {
        id(&self.git_with_input(&["mktree", "--missing"], lines.as_bytes()))
    }

    pub fn commit_tree(&self, tree: &ObjectId, parents: &[ObjectId]) -> ObjectId {
        let mut arguments = vec!["commit-tree".to_owned(), tree.to_string(), "-m".to_owned(), "tree".to_owned()];
        arguments.extend(parents.iter().flat_map(|parent| ["-p".to_owned(), parent.to_string()]));
        id(&self.git(&arguments.iter().map(String::as_str).collect::<Vec<_>>()))
    }

    /// Writes a commit with one file that no ref points to.
    pub fn loose_commit(&self, name: &str, parents: &[ObjectId]) -> ObjectId {
        let tree = self.mktree(&format!("100644 blob {}\t{name}\n", self.blob(name)));
        self.commit_tree(&tree, parents)
    }

    /// Runs `git` in the clone.
    pub fn git(&self, arguments: &[&str]) -> String {
        self.sandbox.git(&self.clone, arguments)
    }

    /// Returns the remote as configured in the clone.
    pub fn carrier(&self) -> GitRemote {
        self.way_to("origin")
    }

    /// Returns any remote, without the configuration of this machine.
    pub fn way_to(&self, remote: &str) -> GitRemote {
        let add = |carrier: GitRemote, (name, value)| carrier.with_variable(name, value);
        self.sandbox.environment().into_iter().fold(GitRemote::to(remote).unwrap(), add)
    }

    pub fn over_http(&self, server: &GitHttp, user: User) -> GitRemote {
        let add = |carrier: GitRemote, (name, value)| carrier.with_variable(name, value);
        server.login(&self.sandbox, user).into_iter().fold(self.way_to(&server.url("remote.git")), add)
    }

    pub fn over_ssh(&self, server: &GitSsh) -> GitRemote {
        self.way_to(&server.url(&self.remote)).with_variable("GIT_SSH_COMMAND", server.command())
    }

    pub fn hook(&self, name: &str, body: &str) {
        hook(&self.remote, name, body);
    }

    pub fn script(&self, name: &str, body: &str) -> PathBuf {
        let path = self.sandbox.join(name);
        executable(&path, &format!("#!/bin/sh\n{body}\n"));
        path
    }

    fn git_with_input(&self, arguments: &[&str], input: &[u8]) -> String {
        run(self.sandbox.command("git", &self.clone).args(arguments), input)
    }

    pub fn ssh_key(&self, name: &str) -> Key {
        let private = self.path().join(name);
        run(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]).arg(&private), b"");
        let public = fs::read_to_string(private.with_extension("pub")).unwrap();
        let allowed = self.path().join(format!("{name}.allowed"));
        fs::write(&allowed, format!("{name} {public}")).unwrap();
        Key { private, allowed, name: name.to_owned() }
    }

    pub fn signed_commit(
        &self,
        repository: &Repository,
        path: &str,
        text: &str,
        parent: Option<ObjectId>,
        key: &Key,
    ) -> ObjectId {
        let blob = repository.write_blob(text.as_bytes()).unwrap();
        let base = parent.map(|parent| repository.tree_of(parent).unwrap());
        let tree = repository.write_tree(base, &[TreeEdit::Put { path: path.to_owned(), blob }]).unwrap();
        let author = CommitIdentity { name: "Engine".to_owned(), address: "engine@example.com".to_owned() };
        let parents: Vec<_> = parent.into_iter().collect();
        let draft = CommitDraft {
            tree,
            parents: &parents,
            author: &author,
            seconds: 1_790_000_000,
            message: "evidence: one\n",
        };
        repository.write_signed_commit(&draft, |bytes| Ok::<_, String>(key.sign("git", bytes))).unwrap()
    }
}

impl Key {
    pub fn sign(&self, namespace: &str, bytes: &[u8]) -> String {
        let mut command = Command::new("ssh-keygen");
        run(command.args(["-q", "-Y", "sign", "-n", namespace, "-f"]).arg(&self.private), bytes)
    }

    pub fn verify(&self, namespace: &str, signature: &str, bytes: &[u8]) {
        let file = self.private.with_extension("to-verify");
        fs::write(&file, signature).unwrap();
        let mut command = Command::new("ssh-keygen");
        command.args(["-Y", "verify", "-n", namespace, "-I", &self.name, "-f"]).arg(&self.allowed);
        run(command.arg("-s").arg(&file), bytes);
    }
}

fn run(command: &mut Command, input: &[u8]) -> String {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn id(text: &str) -> ObjectId {
    ObjectId::parse(text.trim()).unwrap()
}
