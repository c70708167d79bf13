//! Keys of principals and machines in tests, and their signatures.

use tenure::{
    format::{
        ssh_keys::PrivateKey,
        sshsig::{SignatureNamespace, SshSignature},
    },
    model::Digest,
    store::RepoPath,
};

/// Returns the key of a principal or machine.
pub fn key(name: &str) -> PrivateKey {
    PrivateKey::from_seed(Digest::of(format!("test key of {name}")).as_bytes())
}

/// Returns the path of a signature.
pub fn signature_path(path: &str, signer: &str) -> String {
    format!("{path}.{signer}.sig")
}

/// Returns the namespace of the signatures of a file.
pub fn namespace(path: &str) -> SignatureNamespace {
    RepoPath::of(path).namespace().expect("a signed kind")
}

/// Returns a signature file.
pub fn armored(key: &PrivateKey, namespace: SignatureNamespace, bytes: &[u8]) -> Vec<u8> {
    SshSignature::sign(key, namespace, bytes).expect("a key that signs").armored().into_bytes()
}
