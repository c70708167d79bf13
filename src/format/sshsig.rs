//! OpenSSH signatures (SSHSIG, `PROTOCOL.sshsig` of OpenSSH), accepted only in the exact encoding of `ssh-keygen`.

use super::ssh_keys::{self, KeyError, PublicKey, SignError, Signer};
use super::ssh_wire::{self, SshWireReader, WireError};
pub use crate::model::file::SignatureNamespace;
use base64ct::{Base64, Encoding};
use sha2::{Digest as _, Sha512};

/// A well-formed signature. [`SshSignature::verify`] checks it against a message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SshSignature {
    key: PublicKey,
    namespace: SignatureNamespace,
    signature: [u8; 64],
}

/// An error in a signature.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SshSignatureError {
    /// The armor is not as `ssh-keygen` writes it.
    #[error("the signature file {0}")]
    Armor(&'static str),
    /// The message was hashed with another algorithm than SHA-512.
    #[error("the signature uses the hash `{0}`; only sha512 is accepted")]
    Hash(String),
    /// The key in the signature is not accepted.
    #[error("the key of the signature: {0}")]
    Key(#[from] KeyError),
    /// The signature does not match the bytes or the key.
    #[error("the signature does not match these bytes and this key")]
    Mismatch,
    /// The signature was made for another kind of artifact.
    #[error("the signature was made for `{found}`, not for `{expected}`")]
    Namespace {
        /// The namespace of the signature.
        found: String,
        /// The required namespace.
        expected: &'static str,
    },
    /// The reserved field is not empty.
    #[error("the reserved field of the signature is not empty")]
    Reserved,
    /// It was not signed with Ed25519.
    #[error("the signature is of type `{0}`; only ssh-ed25519 is accepted")]
    Type(String),
    /// Another version of the format.
    #[error("the signature has version {0}; only version 1 is supported")]
    Version(u32),
    /// A field is too short, or bytes follow the last field.
    #[error("the signature cannot be read: {0}")]
    Wire(#[from] WireError),
}

impl SshSignature {
    /// Signs `message` for `namespace`.
    ///
    /// # Errors
    /// When the signer fails.
    pub fn sign(signer: &dyn Signer, namespace: SignatureNamespace, message: &[u8]) -> Result<Self, SignError> {
        let signature = signer.sign(&signed_bytes(namespace, message))?;
        Ok(Self { key: signer.public_key(), namespace, signature })
    }

    /// Parses a signature file, which must be exactly as `ssh-keygen -Y sign` writes it.
    ///
    /// # Errors
    /// When a field is invalid, or when the text is not the canonical encoding of the signature.
    pub fn parse(armored: &[u8]) -> Result<Self, SshSignatureError> {
        if armored.len() > MAX_ARMORED {
            return Err(SshSignatureError::Armor("is larger than 4 KiB"));
        }
        let text = std::str::from_utf8(armored).map_err(|_| SshSignatureError::Armor("is not text"))?;
        let body = text
            .strip_prefix(BEGIN)
            .ok_or(SshSignatureError::Armor("does not begin with `-----BEGIN SSH SIGNATURE-----` and a line feed"))?
            .strip_suffix(END)
            .ok_or(SshSignatureError::Armor("does not end with `-----END SSH SIGNATURE-----` and a line feed"))?;
        let base64: String = body.chars().filter(|c| *c != '\n').collect();
        let blob = Base64::decode_vec(&base64).map_err(|_| SshSignatureError::Armor("is not valid base64"))?;
        if armor(&blob) != text {
            return Err(SshSignatureError::Armor(
                "is not formatted as ssh-keygen does: lines of 70 characters, line feeds, no other text",
            ));
        }
        Self::from_blob(&blob)
    }

    fn from_blob(blob: &[u8]) -> Result<Self, SshSignatureError> {
        let fields = blob.strip_prefix(MAGIC).ok_or(SshSignatureError::Armor("does not contain an SSHSIG"))?;
        let mut reader = SshWireReader::new(fields);
        match reader.number()? {
            1 => {}
            version => return Err(SshSignatureError::Version(version)),
        }
        let key = PublicKey::from_wire(reader.string()?)?;
        let (name, reserved, hash) = (reader.string()?, reader.string()?, reader.string()?);
        let namespace =
            SignatureNamespace::ALL.into_iter().find(|known| known.as_str().as_bytes() == name).ok_or_else(|| {
                SshSignatureError::Namespace { found: ssh_keys::shown(name), expected: "one of Tenure's namespaces" }
            })?;
        if !reserved.is_empty() {
            return Err(SshSignatureError::Reserved);
        }
        if hash != HASH.as_bytes() {
            return Err(SshSignatureError::Hash(ssh_keys::shown(hash)));
        }
        let mut inner = SshWireReader::new(reader.string()?);
        reader.end()?;
        let kind = inner.string()?;
        if kind != ssh_keys::TYPE.as_bytes() {
            return Err(SshSignatureError::Type(ssh_keys::shown(kind)));
        }
        let signature = inner.string()?.try_into().map_err(|_| WireError::CutShort)?;
        inner.end()?;
        Ok(Self { key, namespace, signature })
    }

    /// Returns the text of the signature file.
    pub fn armored(&self) -> String {
        let inner = ssh_wire::strings(&[ssh_keys::TYPE.as_bytes(), &self.signature]);
        let mut blob = MAGIC.to_vec();
        blob.extend_from_slice(&1_u32.to_be_bytes());
        for field in [&self.key.to_wire()[..], self.namespace.as_str().as_bytes(), b"", HASH.as_bytes(), &inner] {
            ssh_wire::put_string(&mut blob, field);
        }
        armor(&blob)
    }

    /// Verifies that the key in the signature signed exactly `message` for `namespace`, and returns that key. The
    /// caller checks whether the key may sign.
    ///
    /// # Errors
    /// When it did not.
    pub fn verify(&self, namespace: SignatureNamespace, message: &[u8]) -> Result<PublicKey, SshSignatureError> {
        if self.namespace != namespace {
            let found = self.namespace.as_str().to_owned();
            return Err(SshSignatureError::Namespace { found, expected: namespace.as_str() });
        }
        if self.key.verifies(&signed_bytes(namespace, message), &self.signature) {
            Ok(self.key)
        } else {
            Err(SshSignatureError::Mismatch)
        }
    }

    /// Returns the key that the signature names.
    pub const fn key(&self) -> PublicKey {
        self.key
    }

    /// Returns the namespace that the signature names.
    pub const fn namespace(&self) -> SignatureNamespace {
        self.namespace
    }
}

fn signed_bytes(namespace: SignatureNamespace, message: &[u8]) -> Vec<u8> {
    let digest = Sha512::digest(message);
    let mut bytes = MAGIC.to_vec();
    bytes.extend(ssh_wire::strings(&[namespace.as_str().as_bytes(), b"", HASH.as_bytes(), &digest]));
    bytes
}

fn armor(blob: &[u8]) -> String {
    let base64 = Base64::encode_string(blob);
    let mut text = String::with_capacity(base64.len() + 80);
    text.push_str(BEGIN);
    for (index, character) in base64.chars().enumerate() {
        if index > 0 && index % 70 == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text.push('\n');
    text.push_str(END);
    text
}

const MAX_ARMORED: usize = 4096;
const MAGIC: &[u8] = b"SSHSIG";
const HASH: &str = "sha512";
const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----\n";
const END: &str = "-----END SSH SIGNATURE-----\n";

#[cfg(test)]
#[path = "sshsig_tests.rs"]
mod tests;
