//! The key of a file, and random bytes.

use crate::connector::SinkError;
use ring::{
    error::Unspecified,
    hkdf::{HKDF_SHA256, Salt},
};
use zeroize::Zeroizing;

/// The key of one file, from which its other keys are derived.
pub(super) struct FileKey(Zeroizing<[u8; 16]>);

impl FileKey {
    /// Returns a new random key.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub(super) fn generate() -> Result<Self, SinkError> {
        let mut key = Self(Zeroizing::new([0; 16]));
        random(key.0.as_mut_slice())?;
        Ok(key)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_slice()
    }

    pub(super) fn derive(&self, salt: &[u8], purpose: &'static str) -> Result<Zeroizing<[u8; 32]>, Unspecified> {
        let mut key = Zeroizing::new([0; 32]);
        let derived = Salt::new(HKDF_SHA256, salt).extract(self.bytes());
        derived.expand(&[purpose.as_bytes()], HKDF_SHA256)?.fill(key.as_mut_slice())?;
        Ok(key)
    }
}

/// Fills `bytes` with random bytes of the system.
pub(super) fn random(bytes: &mut [u8]) -> Result<(), SinkError> {
    getrandom::fill(bytes).map_err(|error| SinkError(format!("cannot read randomness from the system: {error}")))
}
