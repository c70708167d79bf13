//! Rotation of SSH keys.

use super::{
    authorized_keys::{self, fingerprint},
    calls::parameter,
    file_edits::PendingWrites,
    text::shown,
};
use crate::{
    connector::{ConnectorError, SecretSink},
    model::{ActionId, Operation},
};
use base64ct::{Base64, Encoding};
use ed25519_dalek::SigningKey;
use secrecy::SecretString;
use zeroize::{Zeroize, Zeroizing};

/// The key that replaces another one.
pub(super) struct ReplacementKey {
    /// Its fingerprint.
    pub fingerprint: String,
    /// The location of its private part; `None` when an earlier attempt of the same action stored it.
    pub deposited: Option<String>,
}

/// Adds the public part of a new key beside the old one, after its private part is stored in the sink.
///
/// The comment of the new line contains the action id: after an interrupted attempt, no second key is created.
pub(super) fn succeed(
    work: &mut PendingWrites<'_>,
    operation: &Operation,
    action: &ActionId,
    sink: &dyn SecretSink,
) -> Result<ReplacementKey, ConnectorError> {
    let (file, old) = (parameter(operation, "file")?, parameter(operation, "fingerprint")?);
    let (account, options) = (parameter(operation, "account")?, parameter(operation, "from")?);
    let mark = format!("tenure:{action}");
    let found = authorized_keys::read(work.bytes(file)).keys;
    if let Some(made) = found.iter().find(|key| key.comment == mark) {
        return Ok(ReplacementKey { fingerprint: made.fingerprint.clone(), deposited: None });
    }
    let same =
        |key: &&authorized_keys::AuthorizedKey| key.fingerprint == old && shown(&key.options.join(",")) == options;
    let gone = || ConnectorError::PreconditionFailed(format!("{file} no longer has {old} as it was reviewed"));
    let model = found.iter().find(same).ok_or_else(gone)?;
    let mut seed = Zeroizing::new([0_u8; 32]);
    let no_random = |e| ConnectorError::Transient(format!("the system returned no random bytes: {e}"));
    getrandom::fill(seed.as_mut_slice()).map_err(no_random)?;
    let key = SigningKey::from_bytes(&seed);
    let public = public_blob(&key);
    let label = format!("{account} {}", fingerprint(&public));
    let deposited = sink
        .deposit(&label, &private_file(&key, &mark)?)
        .map_err(|error| ConnectorError::Permanent(error.to_string()))?;
    let mut bytes = work.bytes(file).to_vec();
    if !bytes.is_empty() && !bytes.ends_with(b"\n") {
        bytes.push(b'\n');
    }
    let options = model.options.join(",");
    let blank = if options.is_empty() { "" } else { " " };
    let line = format!("{options}{blank}ssh-ed25519 {} {mark}\n", Base64::encode_string(&public));
    bytes.extend_from_slice(line.as_bytes());
    work.set(file, bytes);
    Ok(ReplacementKey { fingerprint: fingerprint(&public), deposited: Some(deposited) })
}

/// Returns the public key in wire format (RFC 8709).
fn public_blob(key: &SigningKey) -> Vec<u8> {
    let mut blob = Vec::with_capacity(51);
    string(&mut blob, b"ssh-ed25519");
    string(&mut blob, key.verifying_key().as_bytes());
    blob
}

/// Returns the key as a private key file for `ssh -i`, without a passphrase (PROTOCOL.key of OpenSSH).
fn private_file(key: &SigningKey, comment: &str) -> Result<SecretString, ConnectorError> {
    let mut check = [0_u8; 4];
    getrandom::fill(&mut check)
        .map_err(|e| ConnectorError::Transient(format!("the system returned no random bytes: {e}")))?;
    let mut secret = Zeroizing::new(Vec::with_capacity(256));
    secret.extend_from_slice(&check);
    secret.extend_from_slice(&check);
    string(&mut secret, b"ssh-ed25519");
    string(&mut secret, key.verifying_key().as_bytes());
    let pair = Zeroizing::new(key.to_keypair_bytes());
    string(&mut secret, pair.as_slice());
    string(&mut secret, comment.as_bytes());
    let mut pad = 1;
    while secret.len() % 8 != 0 {
        secret.push(pad);
        pad += 1;
    }
    let mut file = Zeroizing::new(Vec::with_capacity(512));
    file.extend_from_slice(b"openssh-key-v1\0");
    string(&mut file, b"none");
    string(&mut file, b"none");
    string(&mut file, b"");
    file.extend_from_slice(&1_u32.to_be_bytes());
    string(&mut file, &public_blob(key));
    string(&mut file, &secret);
    let mut text = Zeroizing::new(String::with_capacity(1024));
    text.push_str("-----BEGIN OPENSSH PRIVATE KEY-----\n");
    let mut encoded = Base64::encode_string(&file);
    for (index, c) in encoded.chars().enumerate() {
        if index > 0 && index % 70 == 0 {
            text.push('\n');
        }
        text.push(c);
    }
    encoded.zeroize();
    text.push_str("\n-----END OPENSSH PRIVATE KEY-----\n");
    Ok(SecretString::from(text.as_str()))
}

fn string(blob: &mut Vec<u8>, bytes: &[u8]) {
    // INVARIANT: all strings written here are far shorter than 2^32.
    blob.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    blob.extend_from_slice(bytes);
}
