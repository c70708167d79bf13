//! Ed25519 keys in the formats of OpenSSH: public key lines and unencrypted private key files.

use super::ssh_wire::{self, SshWireReader, WireError};
use base64ct::{Base64, Base64Unpadded, Encoding};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use std::{cell::RefCell, fmt};
use zeroize::Zeroizing;

/// An Ed25519 public key that is not weak and is in its canonical encoding.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct PublicKey(VerifyingKey);

thread_local! {
    /// Recently accepted keys, each at an index taken from its bytes. An accepted key stays acceptable.
    static RECENT: RefCell<[Option<PublicKey>; ACCEPTED]> = const { RefCell::new([None; ACCEPTED]) };
}

const ACCEPTED: usize = 32;

/// An error in a key.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum KeyError {
    /// A public key line that is not `ssh-ed25519 AAAA…`, alone or with a comment.
    #[error("a public key is one line `ssh-ed25519 AAAA… comment`: {0}")]
    Line(&'static str),
    /// The system has no randomness.
    #[error("the system returned no random bytes for a new key")]
    NoRandomness,
    /// A file that is not a valid private key file.
    #[error("this is not an OpenSSH private key file: {0}")]
    PrivateKeyFile(&'static str),
    /// A private key file that is protected by a passphrase.
    #[error(
        "this private key is protected by a passphrase; load it into your ssh-agent with `ssh-add FILE` \
         and sign through the agent"
    )]
    Protected,
    /// A key of another type.
    #[error("only ssh-ed25519 keys are accepted, not `{0}`; create one with `ssh-keygen -t ed25519`")]
    Type(String),
    /// A point of small order or in a non-canonical encoding, for which one signature could match many messages.
    #[error("this Ed25519 key is weak")]
    Weak,
    /// A field is too short, or bytes follow the last field.
    #[error("the key cannot be read: {0}")]
    Wire(#[from] WireError),
}

impl PublicKey {
    /// Accepts the 32 bytes of a key.
    ///
    /// # Errors
    /// When they are not a point, are a point of small order, or are not the canonical encoding of a point (RFC 8032
    /// section 5.1.3).
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        // A few keys make nearly all signatures, and decoding the point of a key costs a fifth of a verification.
        let place = usize::from(bytes[0]) % ACCEPTED;
        if let Some(key) = RECENT.with_borrow(|recent| recent[place]).filter(|key| key.as_bytes() == bytes) {
            return Ok(key);
        }
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::Weak)?;
        if key.is_weak() || !is_canonical(bytes) {
            return Err(KeyError::Weak);
        }
        RECENT.with_borrow_mut(|recent| recent[place] = Some(Self(key)));
        Ok(Self(key))
    }

    /// Parses the wire format of RFC 8709: the type, then the 32 bytes.
    ///
    /// # Errors
    /// When it is of another type, weak, or not exactly that long.
    pub fn from_wire(blob: &[u8]) -> Result<Self, KeyError> {
        let mut reader = SshWireReader::new(blob);
        let kind = reader.string()?;
        if kind != TYPE.as_bytes() {
            return Err(KeyError::Type(shown(kind)));
        }
        let bytes = reader.string()?;
        reader.end()?;
        Self::from_bytes(bytes.try_into().map_err(|_| WireError::CutShort)?)
    }

    /// Parses `ssh-ed25519 AAAA…` without a comment, as used in governed files: a key has exactly one spelling.
    ///
    /// # Errors
    /// When `text` is anything else.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let (kind, base64) = text.split_once(' ').ok_or(KeyError::Line("a space is missing"))?;
        if kind != TYPE {
            return Err(KeyError::Type(shown(kind.as_bytes())));
        }
        let blob = Base64::decode_vec(base64).map_err(|_| KeyError::Line("its second field is not base64"))?;
        Self::from_wire(&blob)
    }

    /// Parses a public key line, such as the line of a `.pub` file, and returns the key and its comment.
    ///
    /// # Errors
    /// When it is more than one line, begins with options, or is a key of another type.
    pub fn parse_line(line: &str) -> Result<(Self, &str), KeyError> {
        let line = line.strip_suffix('\n').unwrap_or(line);
        if line.chars().any(char::is_control) {
            return Err(KeyError::Line("it has more than one line, or control characters"));
        }
        let mut words = line.splitn(3, ' ');
        let (kind, base64) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let key = Self::parse(&format!("{kind} {base64}"))?;
        Ok((key, words.next().unwrap_or_default()))
    }

    /// Returns the 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Returns the wire format of RFC 8709.
    pub fn to_wire(&self) -> Vec<u8> {
        ssh_wire::strings(&[TYPE.as_bytes(), self.as_bytes()])
    }

    /// Returns the fingerprint as `ssh-keygen -l` prints it: `SHA256:` and unpadded base64.
    pub fn fingerprint(&self) -> String {
        let digest = crate::model::Digest::of(self.to_wire());
        format!("SHA256:{}", Base64Unpadded::encode_string(digest.as_bytes()))
    }

    /// Returns whether `signature` is a signature of this key over exactly `message`, by the strict rules.
    pub fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }
}

/// Returns whether y is encoded as a number below 2^255 - 19 (RFC 8032 section 5.1.3, step 1). The only other
/// non-canonical encoding, a negative x of zero, is that of points of small order.
fn is_canonical(bytes: &[u8; 32]) -> bool {
    let [first, middle @ .., last] = bytes;
    *first < 0xed || last & 0x7f != 0x7f || middle.iter().any(|byte| *byte != 0xff)
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{TYPE} {}", Base64::encode_string(&self.to_wire()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fingerprint())
    }
}

impl Ord for PublicKey {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl PartialOrd for PublicKey {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl std::str::FromStr for PublicKey {
    type Err = KeyError;
    fn from_str(text: &str) -> Result<Self, KeyError> {
        Self::parse(text)
    }
}

/// A signer: a private key in memory, or an agent that holds it.
pub trait Signer {
    /// Returns the public key of its signatures.
    fn public_key(&self) -> PublicKey;

    /// Returns the Ed25519 signature over `message`.
    ///
    /// # Errors
    /// When an agent refuses or is not available.
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError>;
}

/// An error of signing.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("signing failed: {0}")]
pub struct SignError(pub String);

/// An Ed25519 private key. It is erased from memory when dropped, and never printed.
#[derive(Clone)]
pub struct PrivateKey(SigningKey);

impl PrivateKey {
    /// Returns a new random key.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn generate() -> Result<Self, KeyError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *seed).map_err(|_| KeyError::NoRandomness)?;
        Ok(Self::from_seed(&seed))
    }

    /// Returns the key derived from `seed` (RFC 8032 section 5.1.5).
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// Parses an unencrypted OpenSSH private key file (`openssh-key-v1`).
    ///
    /// # Errors
    /// When it is protected by a passphrase, of another type, or damaged.
    pub fn parse_openssh(text: &str) -> Result<Self, KeyError> {
        let body = text
            .trim_ascii()
            .strip_prefix(BEGIN)
            .and_then(|rest| rest.strip_suffix(END))
            .ok_or(KeyError::PrivateKeyFile("its first or last line is not that of a private key"))?;
        let mut base64 = Zeroizing::new(String::with_capacity(body.len()));
        base64.extend(body.chars().filter(|c| !c.is_ascii_whitespace()));
        let damaged = || KeyError::PrivateKeyFile("its base64 is damaged");
        let bytes = Zeroizing::new(Base64::decode_vec(&base64).map_err(|_| damaged())?);
        let fields =
            bytes.strip_prefix(MAGIC).ok_or(KeyError::PrivateKeyFile("its content is not `openssh-key-v1`"))?;
        let mut reader = SshWireReader::new(fields);
        let (cipher, kdf, _options) = (reader.string()?, reader.string()?, reader.string()?);
        if cipher != b"none" || kdf != b"none" {
            return Err(KeyError::Protected);
        }
        if reader.number()? != 1 {
            return Err(KeyError::PrivateKeyFile("it contains more than one key"));
        }
        let public = PublicKey::from_wire(reader.string()?)?;
        let secret = reader.string()?;
        reader.end()?;
        let key = Self::parse_secret(secret)?;
        if key.public_key() == public { Ok(key) } else { Err(KeyError::PrivateKeyFile("its two halves differ")) }
    }

    fn parse_secret(bytes: &[u8]) -> Result<Self, KeyError> {
        let mut reader = SshWireReader::new(bytes);
        if reader.number()? != reader.number()? {
            return Err(KeyError::PrivateKeyFile("its check numbers differ"));
        }
        let kind = reader.string()?;
        if kind != TYPE.as_bytes() {
            return Err(KeyError::Type(shown(kind)));
        }
        let (public, pair, _comment) = (reader.string()?, reader.string()?, reader.string()?);
        let (seed, again) = pair.split_first_chunk::<32>().ok_or(WireError::CutShort)?;
        let key = Self::from_seed(seed);
        let bytes = key.public_key();
        if public != bytes.as_bytes() || again != bytes.as_bytes() {
            return Err(KeyError::PrivateKeyFile("its two halves differ"));
        }
        if reader.rest().len() >= BLOCK || reader.rest().iter().zip(1_u8..).any(|(byte, count)| *byte != count) {
            return Err(KeyError::PrivateKeyFile("its padding is damaged"));
        }
        Ok(key)
    }

    /// Returns the text of an unencrypted OpenSSH private key file, for a file with mode 0600.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn to_openssh(&self, comment: &str) -> Result<Zeroizing<String>, KeyError> {
        let mut check = [0; 4];
        getrandom::fill(&mut check).map_err(|_| KeyError::NoRandomness)?;
        let public = self.public_key();
        let pair = Zeroizing::new([*self.0.as_bytes(), *public.as_bytes()].concat());
        let mut secret = Zeroizing::new([check, check].concat());
        for field in [TYPE.as_bytes(), public.as_bytes(), &pair, comment.as_bytes()] {
            ssh_wire::put_string(&mut secret, field);
        }
        for count in (1_u8..).take(secret.len().next_multiple_of(BLOCK) - secret.len()) {
            secret.push(count);
        }
        let mut bytes = Zeroizing::new(MAGIC.to_vec());
        for field in [&b"none"[..], b"none", b""] {
            ssh_wire::put_string(&mut bytes, field);
        }
        bytes.extend_from_slice(&1_u32.to_be_bytes());
        ssh_wire::put_string(&mut bytes, &public.to_wire());
        ssh_wire::put_string(&mut bytes, &secret);
        let base64 = Zeroizing::new(Base64::encode_string(&bytes));
        let mut text = Zeroizing::new(String::with_capacity(base64.len() + 128));
        text.push_str(BEGIN);
        for (index, character) in base64.chars().enumerate() {
            if index % 70 == 0 {
                text.push('\n');
            }
            text.push(character);
        }
        text.push('\n');
        text.push_str(END);
        text.push('\n');
        Ok(text)
    }
}

impl Signer for PrivateKey {
    fn public_key(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError> {
        self.0.try_sign(message).map(|signature| signature.to_bytes()).map_err(|error| SignError(error.to_string()))
    }
}

/// Returns up to 40 printable characters of a field, for a message.
pub(super) fn shown(bytes: &[u8]) -> String {
    bytes.iter().take(40).map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '?' }).collect()
}

/// The only accepted key type (RFC 8709).
pub const TYPE: &str = "ssh-ed25519";
const BEGIN: &str = "-----BEGIN OPENSSH PRIVATE KEY-----";
const END: &str = "-----END OPENSSH PRIVATE KEY-----";
const MAGIC: &[u8] = b"openssh-key-v1\0";
const BLOCK: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_file_round_trips_and_another_reader_agrees() {
        let key = PrivateKey::generate().unwrap();
        let text = key.to_openssh("ana.ruiz").unwrap();
        assert_eq!(PrivateKey::parse_openssh(&text).map(|k| k.public_key()), Ok(key.public_key()));
        let theirs = ssh_key::PrivateKey::from_openssh(text.as_bytes()).unwrap();
        let line = format!("{} ana.ruiz", key.public_key());
        assert_eq!(theirs.public_key().to_openssh().unwrap(), line);
        assert_eq!(theirs.fingerprint(ssh_key::HashAlg::Sha256).to_string(), key.public_key().fingerprint());
        assert_eq!(PublicKey::parse_line(&line), Ok((key.public_key(), "ana.ruiz")));
    }

    #[test]
    fn key_file_of_another_writer_is_read() {
        let theirs = ssh_key::PrivateKey::from(ssh_key::private::Ed25519Keypair::from_seed(&[7; 32]));
        let text = theirs.to_openssh(ssh_key::LineEnding::LF).unwrap();
        let ours = PrivateKey::parse_openssh(&text).unwrap();
        assert_eq!(ours.public_key(), PrivateKey::from_seed(&[7; 32]).public_key());
    }

    #[test]
    fn changed_byte_in_key_file_gives_no_other_key() {
        let text = PrivateKey::from_seed(&[7; 32]).to_openssh("c").unwrap();
        let key = PrivateKey::parse_openssh(&text).unwrap().public_key();
        for index in 0..text.len() {
            let mut bytes = text.as_bytes().to_vec();
            bytes[index] ^= 1;
            if let Ok(Ok(other)) = std::str::from_utf8(&bytes).map(PrivateKey::parse_openssh) {
                assert_eq!(other.public_key(), key, "byte {index}");
            }
        }
    }

    #[test]
    fn weak_keys_are_rejected() {
        // The eight points of small order, and second encodings of two of them (RFC 8032; Chalkias et al. 2020).
        let mut small = vec![[0; 32], [0; 32], [0xff; 32], [0xff; 32]];
        small[1][0] = 1;
        small[2][0] = 0xec;
        small[2][31] = 0x7f;
        small[3][0] = 0xee;
        small[3][31] = 0x7f;
        for bytes in small {
            assert_eq!(PublicKey::from_bytes(&bytes), Err(KeyError::Weak), "{bytes:?}");
        }
    }

    #[test]
    fn non_canonical_encoding_is_rejected() {
        // All 19 numbers of 255 bits that are not field elements, with both signs, and as many of the largest field
        // elements.
        for (first, sign) in (0xda..=0xff).flat_map(|first| [(first, 0), (first, 0x80)]) {
            let mut bytes = [0xff; 32];
            (bytes[0], bytes[31]) = (first, 0x7f | sign);
            let accepted = PublicKey::from_bytes(&bytes);
            let point = VerifyingKey::from_bytes(&bytes).ok().filter(|key| !key.is_weak());
            let is_only_one = point.is_some_and(|key| key.to_edwards().compress().as_bytes() == &bytes);
            assert_eq!(accepted.is_ok(), is_only_one, "{bytes:?}");
        }
    }

    #[test]
    fn malformed_public_key_lines_are_rejected() {
        let line = PrivateKey::from_seed(&[1; 32]).public_key().to_string();
        let lines = [
            String::new(),
            format!("no-pty {line}"),
            format!("{line}\nssh-rsa AAAA"),
            format!("{line}A"),
            format!(" {line}"),
            line.replace(' ', "  "),
            line.replace("ed25519", "rsa"),
        ];
        for line in lines {
            assert!(PublicKey::parse_line(&line).is_err(), "{line}");
        }
    }
}
