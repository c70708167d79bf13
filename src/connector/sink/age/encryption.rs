//! File format of age, version 1 (<https://age-encryption.org/v1>), for encryption only.

use super::file_key::{FileKey, random};
use super::recipient::Recipient;
use crate::connector::SinkError;
use base64ct::{Base64Unpadded, Encoding as _};
use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    error::Unspecified,
    hmac,
};
use zeroize::Zeroizing;

/// Returns a file that each of the recipients can decrypt.
///
/// # Errors
/// When the system has no randomness.
pub(super) fn encrypt(plaintext: &[u8], recipients: &[Recipient]) -> Result<Vec<u8>, SinkError> {
    let file_key = FileKey::generate()?;
    let mut header = "age-encryption.org/v1\n".to_owned();
    for recipient in recipients {
        header += &recipient.wrap(&file_key)?;
    }
    header += "---";
    let mut nonce = [0; 16];
    random(&mut nonce)?;
    let failed = |_| SinkError("cannot encrypt the secret".to_owned());
    let key = file_key.derive(&[], "header").map_err(failed)?;
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()), header.as_bytes());
    let mut file = format!("{header} {}\n", Base64Unpadded::encode_string(mac.as_ref())).into_bytes();
    file.extend_from_slice(&nonce);
    let key = file_key.derive(&nonce, "payload").map_err(failed)?;
    seal(plaintext, key.as_slice(), &mut file).map_err(failed)?;
    Ok(file)
}

/// Appends the payload: chunks of 64 KiB, each sealed under its number, the last one marked (STREAM). An empty payload is
/// one empty chunk.
fn seal(plaintext: &[u8], key: &[u8], file: &mut Vec<u8>) -> Result<(), Unspecified> {
    let key = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key)?);
    let last = plaintext.len().saturating_sub(1) / CHUNK;
    for number in 0..=last {
        let start = number * CHUNK;
        let chunk = &plaintext[start..plaintext.len().min(start + CHUNK)];
        let mut nonce = [0; NONCE_LEN];
        nonce[3..11].copy_from_slice(&(number as u64).to_be_bytes());
        nonce[11] = u8::from(number == last);
        let mut sealed = Zeroizing::new(chunk.to_vec());
        let tag =
            key.seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), sealed.as_mut_slice())?;
        file.extend_from_slice(&sealed);
        file.extend_from_slice(tag.as_ref());
    }
    Ok(())
}

const CHUNK: usize = 64 * 1024;
