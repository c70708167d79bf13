//! Tampering with files and signatures on main, with history, and with evidence signed by the real keys.

use super::{enforced::*, evidence};
use base64ct::{Base64, Encoding};
use sha2::{Digest as _, Sha256, Sha512};
use std::fs;
use tenure::{
    evidence::layout::{CHECKPOINT, SEGMENTS, SEGMENTS_SIGNATURE},
    format::{
        checkpoint::Checkpoint,
        codec::render,
        cosignature::WitnessKey,
        merkle::MerkleTree,
        note::SignedNote,
        ssh_keys::{PrivateKey, Signer as _},
        sshsig::{SignatureNamespace, SshSignature},
    },
    git::{FileChange, ObjectId, TreeEdit},
    model::{
        Digest, Verdict,
        file::{GovernedFile as Kind, KeyState, Mandate, Registry, RegistryKey, Review, Root},
    },
    trust::{reference, render_allowed_signers},
};

/// The next review of `ana`, with a changed decision.
pub const NEXT: &str = "campaigns/2026-q4/reviews/web-1/ana-3.toml";

impl Case<'_> {
    /// Returns the next review and its signature: `ana` confirms a decision with another reason.
    pub fn next_review(&self) -> Files {
        let mut review: Review = self.file(REVIEW);
        review.items.retain(|item| item.decision == Some(Verdict::Certify));
        review.items.truncate(1);
        review.items[0].reason = "now in use".to_owned();
        review.items[0].supersedes = Some(reference(REVIEW, Digest::of(self.read(REVIEW))));
        let mut files = Files::from([(NEXT.to_owned(), Some(render(&review).into_bytes()))]);
        sign(&mut files, NEXT, "ana");
        files
    }

    /// Merges the next review in another form, signed by its reviewer.
    pub fn form(&mut self, edit: impl FnOnce(&str) -> String) {
        self.signed(|files| {
            rewrite(files, NEXT, edit);
            sign(files, NEXT, "ana");
        });
    }

    /// Merges the next review with a change after signing.
    pub fn unsigned(&mut self, edit: impl FnOnce(&str) -> String) {
        self.signed(|files| rewrite(files, NEXT, edit));
    }

    /// Merges the next review with another signature file.
    pub fn armor(&mut self, make: impl FnOnce(&[u8]) -> String) {
        self.signed(|files| {
            let armored = make(files[NEXT].as_ref().unwrap());
            files.insert(signature_path(NEXT, "ana"), Some(armored.into_bytes()));
        });
    }

    /// Merges the next review and its signatures with a change.
    pub fn signed(&mut self, change: impl FnOnce(&mut Files)) {
        let mut files = self.next_review();
        change(&mut files);
        self.merge(&files);
    }

    /// Merges the next review, signed with a key that is retired or revoked.
    pub fn signed_after(&mut self, state: KeyState) {
        let files = self.registry(|registry| {
            registry.principals[0].keys[0].state = state;
            registry.principals[0].keys.push(entry("ana new"));
        });
        self.merge(&files);
        self.signed(|_| {});
    }

    /// Merges an edit of a file on main.
    pub fn edit(&mut self, path: &str, edit: impl FnOnce(&str) -> String) {
        let mut files = Files::from([(path.to_owned(), Some(self.read(path)))]);
        rewrite(&mut files, path, edit);
        self.merge(&files);
    }

    /// Changes the mode of a file on main.
    pub fn mode(&mut self, mode: &str, path: &str) {
        self.git(&["read-tree", &self.main.to_string()]);
        let blob = self.repository.file(self.main, path).unwrap().unwrap().id;
        self.git(&["update-index", "--cacheinfo", &format!("{mode},{blob},{path}")]);
        let tree = ObjectId::parse(&self.git(&["write-tree"])).unwrap();
        self.main_is(self.commit(tree, &[self.main]));
    }

    /// Moves main to a merge with this tree and these parents.
    pub fn merge_as(&mut self, tree: ObjectId, parents: &[ObjectId]) {
        self.main_is(self.commit(tree, parents));
    }

    /// Returns the tree of main.
    pub fn tree_of_main(&self) -> ObjectId {
        self.repository.tree_of(self.main).unwrap()
    }

    /// Returns the commit of main before the reviews.
    pub fn before_the_review(&self) -> ObjectId {
        let line = self.line(self.main);
        line[line.len() - 2]
    }

    /// Returns a branch from that commit, and its tree.
    pub fn old_branch(&self) -> (ObjectId, ObjectId) {
        let old = self.before_the_review();
        let tree = self.repository.tree_of(old).unwrap();
        (self.commit(tree, &[old]), tree)
    }

    /// Returns the next registry, signed by two founders.
    pub fn registry(&self, change: impl FnOnce(&mut Registry)) -> Files {
        self.next("registry", 2, |file: &mut Registry, prev| {
            (file.version, file.prev) = (2, prev);
            change(file);
        })
    }

    /// Returns the next mandate, signed by two founders.
    pub fn mandate(&self, change: impl FnOnce(&mut Mandate)) -> Files {
        self.next("mandate", 2, |file: &mut Mandate, prev| {
            (file.version, file.prev) = (2, prev);
            change(file);
        })
    }

    /// Returns the next root, signed by two founders.
    pub fn root(&self, change: impl FnOnce(&mut Root)) -> Files {
        self.next("root", 2, |file: &mut Root, prev| {
            (file.version, file.prev) = (2, prev);
            change(file);
        })
    }

    /// Returns another version of a file of trust, signed by two founders.
    pub fn next<T: Kind>(&self, kind: &str, version: u32, change: impl FnOnce(&mut T, String)) -> Files {
        let first = format!("trust/{kind}/1.toml");
        let mut file: T = self.file(&first);
        change(&mut file, Digest::of(self.read(&first)).to_string());
        let (path, text) = (format!("trust/{kind}/{version}.toml"), render(&file));
        let newest = |other: &str| match other == kind {
            true => text.clone().into_bytes(),
            false => self.read(&format!("trust/{other}/1.toml")),
        };
        let mut files = Files::from([(path.clone(), Some(text.clone().into_bytes()))]);
        // Malformed files cannot be rendered; the old list is then kept.
        if let Ok(list) = render_allowed_signers(&newest("root"), &newest("registry"), &newest("mandate")) {
            files.insert("trust/allowed_signers".to_owned(), Some(list.into_bytes()));
        }
        sign(&mut files, &path, "ana");
        sign(&mut files, &path, "ben");
        files
    }

    /// Rewrites the evidence log with a change, signed with the real keys of the engine.
    pub fn forge(&mut self, change: impl FnOnce(&mut Log)) {
        let mut log = Log::read(self);
        change(&mut log);
        let head = log.write(self);
        self.log_is(head);
    }

    /// Adds a commit with these edits to the evidence branch, signed with the real key of the engine.
    pub fn engine(&mut self, edits: &[TreeEdit]) {
        let head = self.world.engine.forge(&self.repository, &[self.log], edits);
        self.log_is(head);
    }

    /// Writes another checkpoint, signed with the real key of the log.
    pub fn checkpoint(&mut self, change: impl FnOnce(&mut Checkpoint)) {
        let mut checkpoint = self.seen();
        change(&mut checkpoint);
        let note = checkpoint.sign(&self.world.engine.log_key).unwrap().to_string();
        self.engine(&[evidence::put(&self.repository, CHECKPOINT, &note)]);
    }

    /// Returns the checkpoint of the log.
    pub fn seen(&self) -> Checkpoint {
        let text = String::from_utf8(evidence::read(&self.repository, self.log, CHECKPOINT)).unwrap();
        Checkpoint::parse(SignedNote::parse(&text).unwrap().text()).unwrap()
    }

    /// Signs the list of segments with another key.
    pub fn list(&mut self, key: &PrivateKey) {
        let list = evidence::read(&self.repository, self.log, SEGMENTS);
        let armored = SshSignature::sign(key, SignatureNamespace::Evidence, &list).unwrap().armored();
        self.engine(&[evidence::put(&self.repository, SEGMENTS_SIGNATURE, &armored)]);
    }

    /// Returns the paths of the segments, in order.
    pub fn segments(&self) -> Vec<String> {
        Log::read(self).segments.into_iter().map(|segment| segment.path).collect()
    }

    /// Returns the commit with the first record of this kind.
    pub fn with(&self, kind: &str) -> ObjectId {
        let kind = format!("\"kind\":\"{kind}\"");
        let log = Log::read(self);
        let at = log.segments.iter().position(|segment| segment.lines.iter().any(|line| line.contains(&kind)));
        self.line(self.log)[at.unwrap()]
    }
}

/// The records of a log by segment, each from one commit.
pub struct Log {
    pub segments: Vec<Segment>,
}

/// One segment.
pub struct Segment {
    pub path: String,
    pub lines: Vec<String>,
}

impl Log {
    fn read(case: &Case<'_>) -> Self {
        let list = String::from_utf8(evidence::read(&case.repository, case.log, SEGMENTS)).unwrap();
        let segment = |line: &str| {
            let path = line.split_once("  ").unwrap().1.to_owned();
            let text = String::from_utf8(evidence::read(&case.repository, case.log, &path)).unwrap();
            Segment { path, lines: text.lines().map(str::to_owned).collect() }
        };
        let log = Self { segments: list.lines().map(segment).collect() };
        assert_eq!(log.segments.len(), case.line(case.log).len(), "each commit brought one segment");
        log
    }

    /// Writes all commits again: segments, lists, signatures and checkpoints.
    fn write(&self, case: &Case<'_>) -> ObjectId {
        let (repository, engine) = (&case.repository, &case.world.engine);
        let (mut head, mut list, mut tree) = (None, String::new(), MerkleTree::new());
        for (segment, commit) in self.segments.iter().zip(case.line(case.log)) {
            let kept = repository.changes(repository.parents(commit).unwrap().first().copied(), commit).unwrap();
            let kept = kept.files.into_iter().filter_map(|change| match change {
                FileChange::Added(file) if file.path.starts_with("blobs/") => {
                    Some(TreeEdit::Put { path: file.path, blob: file.id })
                }
                _ => None,
            });
            let mut edits: Vec<_> = kept.collect();
            if !segment.lines.is_empty() {
                let text: String = segment.lines.iter().map(|line| format!("{line}\n")).collect();
                segment.lines.iter().for_each(|line| tree.append(line.as_bytes()));
                list.push_str(&format!("{}  {}\n", Digest::of(&text).hex(), segment.path));
                edits.push(evidence::put(repository, &segment.path, &text));
            }
            let note = Checkpoint { origin: evidence::ORIGIN.to_owned(), size: tree.size(), root: tree.root() };
            let signature =
                SshSignature::sign(&engine.commit_key, SignatureNamespace::Evidence, list.as_bytes()).unwrap();
            edits.push(evidence::put(repository, SEGMENTS, &list));
            edits.push(evidence::put(repository, SEGMENTS_SIGNATURE, &signature.armored()));
            edits.push(evidence::put(repository, CHECKPOINT, &note.sign(&engine.log_key).unwrap().to_string()));
            head = Some(engine.forge(repository, &head.into_iter().collect::<Vec<_>>(), &edits));
        }
        head.unwrap()
    }

    /// Returns the last segment.
    pub fn last(&mut self) -> &mut Segment {
        self.segments.last_mut().unwrap()
    }

    /// Returns all lines.
    pub fn lines(&mut self) -> impl Iterator<Item = &mut String> {
        self.segments.iter_mut().flat_map(|segment| &mut segment.lines)
    }

    /// Replaces a text in all lines.
    pub fn change(&mut self, from: &str, to: &str) {
        let mut changed = 0;
        for line in self.lines().filter(|line| line.contains(from)) {
            *line = line.replace(from, to);
            changed += 1;
        }
        assert_ne!(changed, 0, "no line has {from}");
    }

    /// Changes the digit after `prefix` in the first line that has `marker`.
    pub fn flip(&mut self, marker: &str, prefix: &str) {
        let line = self.lines().find(|line| line.contains(marker)).unwrap();
        *line = flip(line, prefix);
    }

    /// Removes every line that contains `marker`.
    pub fn remove(&mut self, marker: &str) {
        let before = self.lines().count();
        self.segments.iter_mut().for_each(|segment| segment.lines.retain(|line| !line.contains(marker)));
        assert_ne!(self.lines().count(), before, "no line has {marker}");
    }

    /// Computes the chain of all records again.
    pub fn relink(&mut self) {
        self.number(|seq| seq);
    }

    /// Computes the chain of all records again, with other sequence numbers.
    pub fn number(&mut self, number: impl Fn(u64) -> u64) {
        let (mut seq, mut prev) = (0, "0".repeat(64));
        for segment in &mut self.segments {
            let (folder, name) = segment.path.rsplit_once('/').unwrap();
            segment.path = format!("{folder}/{:012}{}", number(seq), &name[12..]);
            for line in &mut segment.lines {
                *line = field(line, "\"prev\":", &format!("\"{prev}\""));
                *line = field(line, "\"seq\":", &number(seq).to_string());
                prev = Digest::of(&*line).hex();
                seq += 1;
            }
        }
    }
}

/// Returns `line` with another value after `key`, up to the next comma.
fn field(line: &str, key: &str, value: &str) -> String {
    let at = line.find(key).unwrap() + key.len();
    let end = at + line[at..].find(',').unwrap();
    format!("{}{value}{}", &line[..at], &line[end..])
}

/// Returns `text` with another digit after the first `prefix`.
pub fn flip(text: &str, prefix: &str) -> String {
    let at = text.find(prefix).unwrap() + prefix.len();
    let digit = if text[at..].starts_with('0') { "1" } else { "0" };
    format!("{}{digit}{}", &text[..at], &text[at + 1..])
}

/// Returns `text` with two of its lines swapped.
pub fn swap(text: &str, one: usize, other: usize) -> String {
    let mut lines: Vec<_> = text.lines().collect();
    lines.swap(one, other);
    lines.join("\n") + "\n"
}

/// Changes the text of a file.
pub fn rewrite(files: &mut Files, path: &str, edit: impl FnOnce(&str) -> String) {
    let text = String::from_utf8(files[path].clone().unwrap()).unwrap();
    let changed = edit(&text);
    assert_ne!(changed, text, "{path} was not changed");
    files.insert(path.to_owned(), Some(changed.into_bytes()));
}

/// Returns a key of the registry.
pub fn entry(name: &str) -> RegistryKey {
    RegistryKey { ssh: key(name).public_key().to_string(), state: KeyState::Active, suspect_from_index: None }
}

/// Returns a key of the root.
pub fn line(name: &str) -> String {
    format!("{} {name}", key(name).public_key())
}

/// Returns the valid signature of `ana` for a review.
pub fn armored(message: &[u8]) -> String {
    SshSignature::sign(&key("ana"), SignatureNamespace::Review, message).unwrap().armored()
}

/// Returns a signature of `ana` for a review with another reserved field or hash, otherwise valid (`PROTOCOL.sshsig`).
pub fn unusual(message: &[u8], reserved: &[u8], hash: &str) -> String {
    let string = |bytes: &[u8]| [&u32::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat();
    let digest = if hash == "sha256" { Sha256::digest(message).to_vec() } else { Sha512::digest(message).to_vec() };
    let names =
        [string(SignatureNamespace::Review.as_str().as_bytes()), string(reserved), string(hash.as_bytes())].concat();
    let signed = [b"SSHSIG", &names[..], &string(&digest)].concat();
    let signature = [string(b"ssh-ed25519"), string(&key("ana").sign(&signed).unwrap())].concat();
    let public = string(&key("ana").public_key().to_wire());
    let blob = [b"SSHSIG\0\0\0\x01", &public[..], &names, &string(&signature)].concat();
    let base64 = Base64::encode_string(&blob);
    let lines = base64.as_bytes().chunks(70).map(|line| String::from_utf8(line.to_vec()).unwrap() + "\n");
    format!("-----BEGIN SSH SIGNATURE-----\n{}-----END SSH SIGNATURE-----\n", lines.collect::<String>())
}

/// Returns the key of a witness.
pub fn witness_key(name: &str) -> WitnessKey {
    WitnessKey::new(&format!("{name}.example"), key(name).public_key())
}

/// Returns a checkpoint that a witness cosigned (C2SP tlog-cosignature).
pub fn cosigned(checkpoint: &Checkpoint, witness: &str) -> String {
    if witness == "nobody" {
        return format!("{checkpoint}\n");
    }
    let vkey = witness_key(witness).to_string();
    let id = u32::from_str_radix(vkey.split('+').nth(1).unwrap(), 16).unwrap().to_be_bytes();
    let time = 1_795_000_000_u64;
    let signed = format!("cosignature/v1\ntime {time}\n{checkpoint}");
    let signature = key(witness).sign(signed.as_bytes()).unwrap();
    let base64 = Base64::encode_string(&[&id[..], &time.to_be_bytes(), &signature].concat());
    format!("{checkpoint}\n\u{2014} {witness}.example {base64}\n")
}

/// Writes a file of the clone's git folder.
pub fn write(case: &Case<'_>, path: &str, text: &str) {
    let path = case.folder.join(".git").join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}
