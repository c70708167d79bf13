//! Commits: ancestry, and the bytes that a signature covers.

use super::{GitError, ObjectId, Repository};

/// A commit as it is stored. The names and times in it are unverified claims of its author.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Commit {
    /// Its id.
    pub id: ObjectId,
    /// Its tree.
    pub tree: ObjectId,
    /// Its parents. The first parent is the branch that the commit was merged into.
    pub parents: Vec<ObjectId>,
    /// The author that the commit names, as `name <address>`.
    pub author: String,
    /// The commit time that the commit names, in seconds since 1970.
    pub committed: i64,
    /// Its message.
    pub message: String,
    /// Its signature, if it has one.
    pub signature: Option<CommitSignature>,
}

/// The signature of a commit and what it covers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CommitSignature {
    /// The armored signature as it was made, with its final line end.
    pub signature: String,
    /// The bytes of the commit without the signature: the signed bytes.
    pub payload: Vec<u8>,
}

impl Repository {
    /// Returns a commit with its signature. Parses the object directly, because libgit2 also accepts a signature in the
    /// message.
    ///
    /// # Errors
    /// When there is no such commit, or it is not in the format that git writes.
    pub fn commit(&self, id: ObjectId) -> Result<Commit, GitError> {
        let database = self.inner.odb().map_err(GitError::library("opening the object database"))?;
        let object = database.read(id.oid()).map_err(|_| GitError::NoSuchObject(id))?;
        if object.kind() != git2::ObjectType::Commit {
            return Err(GitError::Malformed { id, why: "it is not a commit" });
        }
        parse(id, object.data()).map_err(|why| GitError::Malformed { id, why })
    }

    /// Returns the parents of a commit.
    ///
    /// # Errors
    /// When there is no such commit.
    pub fn parents(&self, commit: ObjectId) -> Result<Vec<ObjectId>, GitError> {
        match self.inner.find_commit(commit.oid()) {
            Ok(found) => Ok(found.parent_ids().map(ObjectId::from).collect()),
            Err(_) => Err(GitError::NoSuchObject(commit)),
        }
    }

    /// Returns the commits after `from` up to and including `to` along first parents, oldest first. Without `from`,
    /// starts at the first commit.
    ///
    /// # Errors
    /// [`GitError::NotOnLine`] when the walk from `to` does not meet `from`.
    pub fn first_parents(&self, from: Option<ObjectId>, to: ObjectId) -> Result<Vec<ObjectId>, GitError> {
        let mut line = Vec::new();
        let mut at = Some(to);
        while let Some(commit) = at.filter(|commit| Some(*commit) != from) {
            line.push(commit);
            at = self.parents(commit)?.first().copied();
        }
        match from {
            Some(ancestor) if at.is_none() => Err(GitError::NotOnLine { ancestor, commit: to }),
            _ => {
                line.reverse();
                Ok(line)
            }
        }
    }

    /// Returns the time of a commit in seconds since 1970, as its committer wrote it.
    ///
    /// # Errors
    /// When there is no such commit.
    pub fn committed_at(&self, commit: ObjectId) -> Result<i64, GitError> {
        let found = self.inner.find_commit(commit.oid()).map_err(|_| GitError::NoSuchObject(commit))?;
        Ok(found.time().seconds())
    }

    /// Returns whether `ancestor` is `commit` or can be reached from it.
    ///
    /// # Errors
    /// When one of the two is not in this repository.
    pub fn is_ancestor(&self, ancestor: ObjectId, commit: ObjectId) -> Result<bool, GitError> {
        if ancestor == commit {
            return Ok(true);
        }
        for id in [ancestor, commit] {
            self.inner.find_commit(id.oid()).map_err(|_| GitError::NoSuchObject(id))?;
        }
        self.inner.graph_descendant_of(commit.oid(), ancestor.oid()).map_err(GitError::library("comparing two commits"))
    }

    /// Returns a best common ancestor of two commits, or `None` when their histories are unrelated.
    ///
    /// # Errors
    /// When one of the two is not in this repository.
    pub fn merge_base(&self, one: ObjectId, other: ObjectId) -> Result<Option<ObjectId>, GitError> {
        match self.inner.merge_base(one.oid(), other.oid()) {
            Ok(base) => Ok(Some(base.into())),
            Err(error) if error.code() == git2::ErrorCode::NotFound => {
                self.inner.find_commit(one.oid()).map_err(|_| GitError::NoSuchObject(one))?;
                self.inner.find_commit(other.oid()).map_err(|_| GitError::NoSuchObject(other))?;
                Ok(None)
            }
            Err(error) => Err(GitError::library("looking for a merge base")(error)),
        }
    }

    /// Returns whether the object is in this repository.
    pub fn has(&self, id: ObjectId) -> bool {
        self.inner.odb().is_ok_and(|database| database.exists(id.oid()))
    }
}

/// Parses the headers in the only order that git writes them, up to the first empty line.
fn parse(id: ObjectId, bytes: &[u8]) -> Result<Commit, &'static str> {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n").ok_or("the end of its headers is missing")?;
    if bytes[..end].contains(&0) {
        return Err("a header contains a zero byte");
    }
    let mut commit = Commit {
        id,
        tree: id,
        parents: Vec::new(),
        author: String::new(),
        committed: 0,
        message: String::from_utf8_lossy(&bytes[end + 2..]).into_owned(),
        signature: None,
    };
    let mut payload = Vec::with_capacity(bytes.len());
    let mut lines = bytes[..=end].split_inclusive(|byte| *byte == b'\n').peekable();
    let mut trees = 0;
    while let Some(line) = lines.next() {
        let (name, value) = split(line)?;
        let mut signature = value.to_owned();
        let signs = name == b"gpgsig";
        if !signs {
            payload.extend_from_slice(line);
        }
        while let Some(more) = lines.next_if(|next| next.starts_with(b" ")) {
            if signs {
                signature.push('\n');
                signature.push_str(text(&more[1..])?);
            } else {
                payload.extend_from_slice(more);
            }
        }
        match name {
            b"tree" => {
                trees += 1;
                commit.tree = ObjectId::parse(value).map_err(|_| "its tree has no id")?;
            }
            b"parent" => commit.parents.push(ObjectId::parse(value).map_err(|_| "a parent has no id")?),
            b"author" => commit.author = value.split_inclusive('>').next().unwrap_or_default().to_owned(),
            b"committer" => commit.committed = seconds(value).ok_or("its committer line has no time")?,
            b"gpgsig" if commit.signature.is_some() => return Err("it has two signatures"),
            b"gpgsig" => commit.signature = Some(CommitSignature { signature: signature + "\n", payload: Vec::new() }),
            _ => {}
        }
    }
    if trees != 1 {
        return Err("it does not have exactly one tree");
    }
    payload.extend_from_slice(&bytes[end + 1..]);
    if let Some(signed) = &mut commit.signature {
        signed.payload = payload;
    }
    Ok(commit)
}

fn split(line: &[u8]) -> Result<(&[u8], &str), &'static str> {
    let space = line.iter().position(|byte| *byte == b' ').filter(|at| *at > 0).ok_or("a header has no value")?;
    // Names of people may be in any encoding. All headers that Tenure reads are ASCII.
    Ok((&line[..space], text(&line[space + 1..]).unwrap_or_default()))
}

fn text(line: &[u8]) -> Result<&str, &'static str> {
    std::str::from_utf8(line.strip_suffix(b"\n").unwrap_or(line)).map_err(|_| "a header is not UTF-8")
}

/// Returns the time in `name <address> 1790000000 +0000`.
fn seconds(value: &str) -> Option<i64> {
    value.rsplit_once("> ")?.1.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\
        author Ana <ana@example.com> 1790000000 +0000\ncommitter Ana <ana@example.com> 1790000001 +0000\n";

    fn read(text: &str) -> Result<Commit, &'static str> {
        parse(ObjectId::from_raw([1; 20]), text.as_bytes())
    }

    #[test]
    fn signature_is_excluded_from_payload() {
        let commit = read(&format!("{HEAD}gpgsig one\n two\n three\nencoding x\n\nmessage\n")).unwrap();
        let signed = commit.signature.unwrap();
        assert_eq!(signed.signature, "one\ntwo\nthree\n");
        assert_eq!(signed.payload, format!("{HEAD}encoding x\n\nmessage\n").as_bytes());
        assert_eq!((commit.committed, commit.author.as_str()), (1_790_000_001, "Ana <ana@example.com>"));
    }

    #[test]
    fn signature_in_message_is_ignored() {
        let commit = read(&format!("{HEAD}\nmessage\n\ngpgsig one\n two\n")).unwrap();
        assert_eq!(commit.signature, None);
    }

    #[test]
    fn second_signature_or_tree_is_malformed() {
        assert!(read(&format!("{HEAD}gpgsig one\ngpgsig two\n\nmessage\n")).is_err());
        assert!(read(&format!("tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n{HEAD}\nmessage\n")).is_err());
        assert!(read(HEAD).is_err());
    }
}
