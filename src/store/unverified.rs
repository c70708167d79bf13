//! A governed file of valid form whose signatures have not been verified.

use crate::model::Digest;

/// A signature file beside a governed file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignatureFile {
    /// The signer's name in the file name.
    pub signer: String,
    /// Its path.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The content of a governed file with its raw bytes and the signatures beside it. `trust` must verify it before it is
/// used.
#[derive(Clone, Debug)]
pub struct Unverified<T> {
    value: T,
    bytes: Vec<u8>,
    path: String,
    signatures: Vec<SignatureFile>,
}

impl<T> Unverified<T> {
    /// Returns a file as read: its value, its raw bytes, its path and its signatures.
    pub const fn new(value: T, bytes: Vec<u8>, path: String, signatures: Vec<SignatureFile>) -> Self {
        Self { value, bytes, path, signatures }
    }

    /// Returns the content of the file.
    pub const fn value(&self) -> &T {
        &self.value
    }

    /// Returns the bytes that signatures cover.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the digest of the bytes.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }

    /// Returns the path from the root of the repository.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the signatures beside it, sorted by path.
    pub fn signatures(&self) -> &[SignatureFile] {
        &self.signatures
    }

    /// Returns the content of the file and drops the rest.
    pub fn into_value(self) -> T {
        self.value
    }
}
