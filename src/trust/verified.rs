//! Verified file contents and their signers.

use crate::{format::ssh_keys::PublicKey, git::ObjectId, model::Digest};
use std::{collections::BTreeMap, ops::Deref};

/// The content of a governed file that a threshold of principals signed, as verified at the merge that introduced it.
///
/// All modules can read it:
/// ```no_run
/// # use tenure::{model::file::Review, trust::Verified};
/// fn read(verified: &Verified<Review>) -> &Review { verified.value() }
/// ```
/// Only this module can construct it:
/// ```compile_fail,E0451
/// # use tenure::{model::file::Review, trust::Verified};
/// fn forge(verified: Verified<Review>, value: Review) -> Verified<Review> { Verified { value, ..verified } }
/// ```
#[derive(Clone, Debug)]
pub struct Verified<T> {
    pub(in crate::trust) value: T,
    pub(in crate::trust) path: String,
    pub(in crate::trust) digest: Digest,
    pub(in crate::trust) signatures: BTreeMap<String, Digest>,
    pub(in crate::trust) signers: Vec<FileSigner>,
    pub(in crate::trust) commit: ObjectId,
    pub(in crate::trust) registry: u32,
}

/// A signer and the key used.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct FileSigner {
    /// The principal id; for a root, registry or mandate the name of the key.
    pub name: String,
    /// The key.
    pub key: PublicKey,
}

impl<T> Verified<T> {
    /// Returns the same provenance with another value, which is derived from this one.
    pub(in crate::trust) fn map<U>(self, make: impl FnOnce(T) -> U) -> Verified<U> {
        let Self { value, path, digest, signatures, signers, commit, registry } = self;
        Verified { value: make(value), path, digest, signatures, signers, commit, registry }
    }

    /// Returns the signed content.
    pub const fn value(&self) -> &T {
        &self.value
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the digest of the signed bytes.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Returns the digests of the signature files by path.
    pub const fn signatures(&self) -> &BTreeMap<String, Digest> {
        &self.signatures
    }

    /// Returns the signers, sorted by name.
    pub fn signers(&self) -> &[FileSigner] {
        &self.signers
    }

    /// Returns the names of the signers, sorted.
    pub fn names(&self) -> Vec<String> {
        self.signers.iter().map(|signer| signer.name.clone()).collect()
    }

    /// Returns the commit on main that introduced the last required signature.
    pub const fn commit(&self) -> ObjectId {
        self.commit
    }

    /// Returns the version of the registry against which it was verified; 0 for a root.
    pub const fn registry(&self) -> u32 {
        self.registry
    }

    /// Returns the reference to this file for `supersedes`.
    pub fn reference(&self) -> String {
        reference(&self.path, self.digest)
    }
}

/// Returns the reference to a file: `<path>@<digest>`.
pub fn reference(path: &str, digest: Digest) -> String {
    format!("{path}@{digest}")
}

impl<T> Deref for Verified<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}
