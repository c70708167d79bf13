//! Signed notes (C2SP `signed-note`): a text with signatures.

use super::ssh_keys::{PublicKey, SignError, Signer};
use base64ct::{Base64, Encoding};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// A text with signatures. [`SignedNote::verify`] checks the signatures.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// One signature line of a note.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NoteSignature {
    name: String,
    id: [u8; 4],
    bytes: Vec<u8>,
}

/// An error in a note or a verifier key.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NoteError {
    /// A signature by a known key does not match the text.
    #[error("the signature of `{0}` does not match the text")]
    Mismatch(String),
    /// The note is not in the canonical form of C2SP signed-note.
    #[error("this is not a signed note: {0}")]
    NotANote(&'static str),
    /// A verifier key is not in canonical form.
    #[error("this is not a verifier key (`name+12ab34cd+base64`): {0}")]
    NotAVerifierKey(&'static str),
    /// The signer failed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// No signature is by one of the given keys.
    #[error("no signature is by a known key")]
    Unsigned,
}

impl SignedNote {
    /// Signs `text`, which ends with a line feed, as `name`.
    ///
    /// # Errors
    /// When the text or the name is not allowed in a note, or the signer fails.
    pub fn sign(text: &str, name: &str, signer: &dyn Signer) -> Result<Self, NoteError> {
        let mut note = Self { text: text.to_owned(), signatures: Vec::new() };
        note.add(name, signer)?;
        if Self::parse(&note.to_string())? == note {
            Ok(note)
        } else {
            Err(NoteError::NotANote("its text looks like signatures"))
        }
    }

    /// Adds a signature over the text.
    ///
    /// # Errors
    /// As [`SignedNote::sign`].
    pub fn add(&mut self, name: &str, signer: &dyn Signer) -> Result<(), NoteError> {
        check_text(&self.text)?;
        let key = VerifierKey::new(name, signer.public_key())?;
        let bytes = signer.sign(self.text.as_bytes())?.to_vec();
        self.signatures.retain(|old| (&old.name, old.id) != (&key.name, key.id));
        self.signatures.push(NoteSignature { name: key.name, id: key.id, bytes });
        Ok(())
    }

    /// Parses a note in its canonical form.
    ///
    /// # Errors
    /// When it has control characters, no signature, more than 32 signatures or two by one key, or is otherwise not a
    /// note.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        if note.len() > MAX_BYTES {
            return Err(NoteError::NotANote("it is larger than 64 KiB"));
        }
        let refuse = NoteError::NotANote("it has no empty line before its signatures");
        let (text, lines) = note.rsplit_once("\n\n").ok_or(refuse)?;
        let text = format!("{text}\n");
        check_text(&text)?;
        let lines = lines.strip_suffix('\n').ok_or(NoteError::NotANote("it does not end with a line feed"))?;
        let mut signatures: Vec<NoteSignature> = Vec::new();
        for line in lines.split('\n') {
            let signature = NoteSignature::parse(line)?;
            if signatures.iter().any(|other| (&other.name, other.id) == (&signature.name, signature.id)) {
                return Err(NoteError::NotANote("it has two signatures by one key"));
            }
            signatures.push(signature);
        }
        if signatures.len() > MAX_SIGNATURES {
            return Err(NoteError::NotANote("it has more than 32 signatures"));
        }
        Ok(Self { text, signatures })
    }

    /// Returns the known keys that signed the text, in the order of the signature lines. Unknown keys are skipped, as
    /// the format requires; a signature by a known key that does not match makes the whole note invalid.
    ///
    /// # Errors
    /// When no known key signed, or a signature by a known key does not match.
    pub fn verify<'k>(&self, known: &'k [VerifierKey]) -> Result<Vec<&'k VerifierKey>, NoteError> {
        let mut signers = Vec::new();
        for signature in &self.signatures {
            let same = |key: &&VerifierKey| (&key.name, key.id) == (&signature.name, signature.id);
            for key in known.iter().filter(same) {
                let fits = <&[u8; 64]>::try_from(signature.bytes.as_slice())
                    .is_ok_and(|bytes| key.key.verifies(self.text.as_bytes(), bytes));
                if !fits {
                    return Err(NoteError::Mismatch(signature.name.clone()));
                }
                signers.push(key);
            }
        }
        if signers.is_empty() { Err(NoteError::Unsigned) } else { Ok(signers) }
    }

    /// Returns the text, with its last line feed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the bytes of the signature by the key of this name and id.
    pub(super) fn signature(&self, name: &str, id: [u8; 4]) -> Option<&[u8]> {
        let found = self.signatures.iter().find(|signature| (signature.name.as_str(), signature.id) == (name, id));
        found.map(|signature| signature.bytes.as_slice())
    }

    /// Returns the signature lines.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }
}

impl fmt::Display for SignedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        for signature in &self.signatures {
            let base64 = Base64::encode_string(&[&signature.id[..], &signature.bytes].concat());
            writeln!(f, "{DASH}{} {base64}", signature.name)?;
        }
        Ok(())
    }
}

impl NoteSignature {
    fn parse(line: &str) -> Result<Self, NoteError> {
        let rest = line.strip_prefix(DASH).ok_or(NoteError::NotANote("a signature line does not begin with `— `"))?;
        let (name, base64) = rest.split_once(' ').ok_or(NoteError::NotANote("a signature line has no signature"))?;
        check_name(name).map_err(NoteError::NotANote)?;
        let refuse = || NoteError::NotANote("a signature is not base64");
        let bytes = Base64::decode_vec(base64).map_err(|_| refuse())?;
        let (id, bytes) = bytes.split_first_chunk().filter(|(_, bytes)| !bytes.is_empty()).ok_or_else(refuse)?;
        Ok(Self { name: name.to_owned(), id: *id, bytes: bytes.to_vec() })
    }

    /// Returns the name of the key in the signature line.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// An Ed25519 key for verifying notes, with its name: a C2SP *vkey*.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VerifierKey {
    name: String,
    id: [u8; 4],
    key: PublicKey,
}

impl VerifierKey {
    /// Returns a verifier key with this name.
    ///
    /// # Errors
    /// When the name is empty or contains spaces, control characters or a plus.
    pub fn new(name: &str, key: PublicKey) -> Result<Self, NoteError> {
        check_name(name).map_err(NoteError::NotAVerifierKey)?;
        let mut hash = Sha256::new();
        hash.update(name);
        hash.update([b'\n', ED25519]);
        hash.update(key.as_bytes());
        let digest: [u8; 32] = hash.finalize().into();
        let id = [digest[0], digest[1], digest[2], digest[3]];
        Ok(Self { name: name.to_owned(), id, key })
    }

    /// Parses `name+12ab34cd+base64`.
    ///
    /// # Errors
    /// When it is in another form, of another type, or its id does not match its name and key.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let refuse = NoteError::NotAVerifierKey;
        let (name, rest) = text.split_once('+').ok_or(refuse("a `+` is missing"))?;
        let (_, base64) = rest.split_once('+').ok_or(refuse("a `+` is missing"))?;
        let bytes = Base64::decode_vec(base64).map_err(|_| refuse("its key is not base64"))?;
        let [ED25519, key @ ..] = &bytes[..] else { return Err(refuse("it is not an Ed25519 key")) };
        let key = key.try_into().map_err(|_| refuse("its key does not have 32 bytes"))?;
        let key = PublicKey::from_bytes(key).map_err(|_| refuse("its key is weak"))?;
        let parsed = Self::new(name, key)?;
        if parsed.to_string() == text { Ok(parsed) } else { Err(refuse("its id does not match its name and key")) }
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the key.
    pub const fn key(&self) -> PublicKey {
        self.key
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = u32::from_be_bytes(self.id);
        let base64 = Base64::encode_string(&[&[ED25519], &self.key.as_bytes()[..]].concat());
        write!(f, "{}+{id:08x}+{base64}", self.name)
    }
}

fn check_text(text: &str) -> Result<(), NoteError> {
    if !text.ends_with('\n') {
        return Err(NoteError::NotANote("its text does not end with a line feed"));
    }
    if text.chars().any(|c| c.is_ascii_control() && c != '\n') {
        return Err(NoteError::NotANote("its text has control characters"));
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), &'static str> {
    let unfit = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    if name.is_empty() || name.contains(unfit) {
        return Err("the name of the key is empty, or contains a space or a plus");
    }
    Ok(())
}

/// The type byte of an Ed25519 key and signature (C2SP signed-note).
const ED25519: u8 = 1;
const DASH: &str = "\u{2014} ";
const MAX_BYTES: usize = 1 << 16;
const MAX_SIGNATURES: usize = 32;

#[cfg(test)]
#[path = "note_tests.rs"]
mod tests;
