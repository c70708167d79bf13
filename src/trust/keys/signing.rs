//! Signs governed files: only in canonical form, in the namespace of their kind, and with verification afterwards.

use crate::trust::error::TrustError;
use crate::trust::keys::root;
use crate::{
    format::{
        codec,
        ssh_keys::{PublicKey, SignError, Signer},
        sshsig::{SignatureNamespace, SshSignature},
    },
    model::{PrincipalId, file::FileKind},
    store::{RepoPath, SignatureFile, kind_of},
};

/// A new, verified signature, to be written beside its file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FileSignature {
    /// The path of the signature file.
    pub path: String,
    /// The content of the signature file.
    pub text: String,
    /// The namespace.
    pub namespace: SignatureNamespace,
    /// The key.
    pub key: PublicKey,
}

/// An error while signing.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// Files of this kind carry no signature.
    #[error("files of kind {} are not signed", .0.name())]
    Kind(FileKind),
    /// The path matches no kind of signed file.
    #[error("no kind of signed file has the path {0}")]
    Place(String),
    /// The file is invalid, or the signature does not verify.
    #[error(transparent)]
    Refused(#[from] Box<TrustError>),
    /// The key could not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// Signs `bytes`, the file at `path` of a governed repository, as `name`. The returned signature is verified.
///
/// # Errors
/// When the file is of no signed kind, has a wrong path, or is not canonical; and when the key fails to sign or
/// produces an invalid signature.
pub fn sign(path: &str, bytes: &[u8], name: &PrincipalId, signer: &dyn Signer) -> Result<FileSignature, SigningError> {
    let refused = |refusal: TrustError| SigningError::Refused(Box::new(refusal));
    let kind = kind_of(path, bytes).map_err(|problems| refused(problems.into()))?;
    let namespace = match RepoPath::of(path).namespace() {
        Some(namespace) => namespace,
        None if kind.namespace().is_none() => return Err(SigningError::Kind(kind)),
        None => return Err(SigningError::Place(path.to_owned())),
    };
    codec::check(kind, path, bytes).map_err(|problems| refused(problems.into()))?;
    let text = SshSignature::sign(signer, namespace, bytes)?.armored();
    let file = SignatureFile {
        signer: name.to_string(),
        path: format!("{path}.{name}.sig"),
        bytes: text.clone().into_bytes(),
    };
    let key = root::verify(namespace, bytes, &file, &[signer.public_key()]).map_err(refused)?;
    Ok(FileSignature { path: file.path, text, namespace, key })
}
