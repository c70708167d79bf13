//! Cosignatures of witnesses (C2SP `tlog-cosignature`, cosignature/v1): proof of when a witness saw a checkpoint.

use super::{
    note::{NoteError, SignedNote},
    ssh_keys::PublicKey,
};
use base64ct::{Base64, Encoding};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// The key of a witness with its name: a C2SP *vkey* of the cosignature type.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WitnessKey {
    name: String,
    id: [u8; 4],
    key: PublicKey,
}

impl WitnessKey {
    /// Returns a witness key with this name.
    pub fn new(name: &str, key: PublicKey) -> Self {
        let bytes = [name.as_bytes(), &[b'\n', COSIGNATURE], key.as_bytes()].concat();
        let [a, b, c, d, ..]: [u8; 32] = Sha256::digest(bytes).into();
        Self { name: name.to_owned(), id: [a, b, c, d], key }
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
        let [COSIGNATURE, key @ ..] = &bytes[..] else { return Err(refuse("it is not a cosignature key")) };
        let key = key.try_into().map_err(|_| refuse("its key does not have 32 bytes"))?;
        let parsed = Self::new(name, PublicKey::from_bytes(key).map_err(|_| refuse("its key is weak"))?);
        let right = !name.is_empty() && parsed.to_string() == text;
        if right { Ok(parsed) } else { Err(refuse("its id does not match its name and key")) }
    }

    /// Returns the time of the witness's cosignature over the text of `note`, in seconds since 1970; `None` without
    /// one.
    ///
    /// # Errors
    /// When there is a cosignature in its name that does not match the text.
    pub fn verify(&self, note: &SignedNote) -> Result<Option<u64>, NoteError> {
        let Some(bytes) = note.signature(&self.name, self.id) else { return Ok(None) };
        let mismatch = || NoteError::Mismatch(self.name.clone());
        let (time, signature) = bytes.split_first_chunk::<8>().ok_or_else(mismatch)?;
        let time = u64::from_be_bytes(*time);
        let signed = format!("cosignature/v1\ntime {time}\n{}", note.text());
        match <&[u8; 64]>::try_from(signature) {
            Ok(signature) if self.key.verifies(signed.as_bytes(), signature) => Ok(Some(time)),
            _ => Err(mismatch()),
        }
    }
}

impl fmt::Display for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = u32::from_be_bytes(self.id);
        let base64 = Base64::encode_string(&[&[COSIGNATURE], &self.key.as_bytes()[..]].concat());
        write!(f, "{}+{id:08x}+{base64}", self.name)
    }
}

/// The type byte of a timestamped Ed25519 cosignature (C2SP signed-note).
const COSIGNATURE: u8 = 4;
