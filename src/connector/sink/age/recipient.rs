//! X25519 recipients of age: `age1…`, a public key in Bech32.

use super::file_key::FileKey;
use crate::connector::SinkError;
use base64ct::{Base64Unpadded, Encoding as _};
use bech32::{Bech32, Hrp, primitives::decode::CheckedHrpstring};
use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey},
    agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral},
    hkdf::{HKDF_SHA256, Salt},
    rand::SystemRandom,
};
use zeroize::Zeroizing;

/// The public key of a person who can decrypt what is encrypted to it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Recipient([u8; 32]);

impl Recipient {
    /// Returns the recipient with this name, as `age-keygen` prints it.
    ///
    /// # Errors
    /// When it has another form or a wrong checksum, or is a point of low order, whose shared secrets are public.
    pub(super) fn parse(text: &str) -> Result<Self, SinkError> {
        if text.starts_with("ssh-") {
            // RSA in the age ecosystem has a known timing leak (RUSTSEC-2023-0071).
            let why = "ssh keys are not supported as recipients; create a key with `age-keygen` and use its `age1…`";
            return Err(SinkError(why.to_owned()));
        }
        let invalid = || SinkError(format!("invalid age recipient: `{}`", text.chars().take(80).collect::<String>()));
        let key: Vec<u8> = CheckedHrpstring::new::<Bech32>(text).map_err(|_| invalid())?.byte_iter().collect();
        // Only the canonical form: other capitals, padding bits or a longer checksum are not what `age-keygen` prints.
        let canonical = bech32::encode::<Bech32>(Hrp::parse_unchecked("age"), &key).map_err(|_| invalid())?;
        let recipient = key.try_into().map(Self).map_err(|_| invalid())?;
        if canonical != text || recipient.wrap(&FileKey::generate()?).is_err() {
            return Err(invalid());
        }
        Ok(recipient)
    }

    /// Returns the stanza of a header from which only this recipient can take the file key.
    ///
    /// # Errors
    /// When the system has no randomness, or the recipient is a point of low order.
    pub(super) fn wrap(&self, file_key: &FileKey) -> Result<String, SinkError> {
        let failed = |_| SinkError("cannot encrypt to a recipient".to_owned());
        let secret = EphemeralPrivateKey::generate(&X25519, &SystemRandom::new()).map_err(failed)?;
        let share = secret.compute_public_key().map_err(failed)?;
        let salt = [share.as_ref(), self.0.as_slice()].concat();
        let mut wrapped = Zeroizing::new(file_key.bytes().to_vec());
        let peer = UnparsedPublicKey::new(&X25519, self.0);
        // Rejects a shared secret of zeros, which all points of low order have.
        agree_ephemeral(secret, &peer, |shared| {
            let mut key = Zeroizing::new([0; 32]);
            let derived = Salt::new(HKDF_SHA256, &salt).extract(shared);
            derived.expand(&[b"age-encryption.org/v1/X25519"], HKDF_SHA256)?.fill(key.as_mut_slice())?;
            let key = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key.as_slice())?);
            // The key is used once: its nonce is zero by specification.
            let nonce = Nonce::assume_unique_for_key([0; 12]);
            key.seal_in_place_append_tag(nonce, Aad::empty(), &mut *wrapped)
        })
        .and_then(|sealed| sealed)
        .map_err(failed)?;
        Ok(format!(
            "-> X25519 {}\n{}\n",
            Base64Unpadded::encode_string(share.as_ref()),
            Base64Unpadded::encode_string(&wrapped)
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(key: &[u8]) -> String {
        bech32::encode::<Bech32>(Hrp::parse_unchecked("age"), key).unwrap()
    }

    #[test]
    fn recipient_of_age_keygen_is_accepted() {
        // From the specification: <https://github.com/C2SP/C2SP/blob/main/age.md#native-identities>.
        let text = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";
        assert_eq!(encoded(&Recipient::parse(text).unwrap().0), text);
    }

    #[test]
    fn recipient_in_another_form_is_rejected() {
        let good = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";
        let bech32m = bech32::encode::<bech32::Bech32m>(Hrp::parse_unchecked("age"), &[9; 32]).unwrap();
        let other_prefix = bech32::encode::<Bech32>(Hrp::parse_unchecked("agf"), &[9; 32]).unwrap();
        for text in [
            "",
            "age1",
            "age1nonsense",
            &good[..good.len() - 1],
            &format!("{good}q"),
            &good.replace("zvk", "zvq"),
            &good.to_uppercase(),
            &good.replacen("age", "AGE", 1),
            &format!(" {good}"),
            &format!("{good}\n"),
            &bech32m,
            &other_prefix,
            &encoded(&[9; 31]),
            &encoded(&[9; 33]),
            &encoded(&[]),
            "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX",
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1",
        ] {
            assert!(Recipient::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn recipient_of_low_order_is_rejected() {
        // All points of low order: <https://cr.yp.to/ecdh.html#validate>.
        let hex = [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ];
        for text in hex {
            let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
            let mut key: Vec<u8> = (0..text.len()).step_by(2).map(byte).collect();
            assert!(Recipient::parse(&encoded(&key)).is_err(), "{text}");
            // X25519 ignores the highest bit.
            key[31] |= 0x80;
            assert!(Recipient::parse(&encoded(&key)).is_err(), "{text} with the highest bit");
        }
    }
}
