//! Signing a governed file: in its one form only, for the namespace of its kind, and verified after.

use super::{rejection::Rejection, root};
use crate::{
    format::{
        keys::{PublicKey, SignError, Signer},
        sshsig::{Namespace, SshSignature},
    },
    model::{PrincipalId, file::FileKind},
    store::{RepoPath, SignatureFile, kind_of, parse_any},
};

/// A signature that was made and verified, to be written beside its file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Signed {
    /// The path of the signature file.
    pub path: String,
    /// Its text.
    pub text: String,
    /// What it is for.
    pub namespace: Namespace,
    /// The key it was made with.
    pub key: PublicKey,
}

/// Why a file was not signed.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// Files of this kind carry no signature.
    #[error("a {} file carries no signature", .0.name())]
    Kind(FileKind),
    /// A path where no signed file lies.
    #[error("{0} is not a place for a signed file")]
    Place(String),
    /// The file is not acceptable, or the signature does not verify.
    #[error(transparent)]
    Refused(#[from] Box<Rejection>),
    /// The key did not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// Signs `bytes`, the file at `path` of a governed repository, in the name of `name`. What comes back verifies.
///
/// # Errors
/// When the file is of no signed kind, lies in the wrong place, or is not in its one canonical form; and when the key does
/// not sign, or signs something else.
pub fn sign(path: &str, bytes: &[u8], name: &PrincipalId, signer: &dyn Signer) -> Result<Signed, SigningError> {
    let refused = |refusal: Rejection| SigningError::Refused(Box::new(refusal));
    let kind = kind_of(path, bytes).map_err(|problems| refused(problems.into()))?;
    let namespace = match RepoPath::of(path).namespace() {
        Some(namespace) => namespace,
        None if kind.namespace().is_none() => return Err(SigningError::Kind(kind)),
        None => return Err(SigningError::Place(path.to_owned())),
    };
    parse_any(path, bytes, kind).map_err(|problems| refused(problems.into()))?;
    let text = SshSignature::sign(signer, namespace, bytes)?.armored();
    let file = SignatureFile {
        signer: name.to_string(),
        path: format!("{path}.{name}.sig"),
        bytes: text.clone().into_bytes(),
    };
    let key = root::verify(namespace, bytes, &file, &[signer.public_key()]).map_err(refused)?;
    Ok(Signed { path: file.path, text, namespace, key })
}
