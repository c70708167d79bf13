//! Length-prefixed fields of SSH keys, signatures and agent messages (RFC 4251 section 5).

/// An error: the bytes end too early, or continue after the last field.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum WireError {
    /// The length of a field exceeds the remaining bytes.
    #[error("it ends in the middle of a field")]
    CutShort,
    /// Bytes follow the last field.
    #[error("it has bytes after its last field")]
    Trailing,
}

/// Reads fields from the front of a byte string.
pub struct SshWireReader<'a>(&'a [u8]);

impl<'a> SshWireReader<'a> {
    /// Returns a reader of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Reads `count` bytes.
    ///
    /// # Errors
    /// When fewer bytes remain.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], WireError> {
        let (head, rest) = self.0.split_at_checked(count).ok_or(WireError::CutShort)?;
        self.0 = rest;
        Ok(head)
    }

    /// Reads a 32-bit number.
    ///
    /// # Errors
    /// When fewer than four bytes remain.
    pub fn number(&mut self) -> Result<u32, WireError> {
        let (head, rest) = self.0.split_first_chunk().ok_or(WireError::CutShort)?;
        self.0 = rest;
        Ok(u32::from_be_bytes(*head))
    }

    /// Reads a string: its length as a 32-bit number, then its bytes.
    ///
    /// # Errors
    /// When it is longer than the remaining bytes.
    pub fn string(&mut self) -> Result<&'a [u8], WireError> {
        let length = self.number()?;
        self.take(usize::try_from(length).map_err(|_| WireError::CutShort)?)
    }

    /// Returns the bytes that have not been read.
    pub const fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// When bytes remain.
    pub const fn end(self) -> Result<(), WireError> {
        if self.0.is_empty() { Ok(()) } else { Err(WireError::Trailing) }
    }
}

/// Appends a string field to `bytes`. Lengths beyond 32 bits cannot occur: all callers write a few kilobytes.
pub fn put_string(bytes: &mut Vec<u8>, field: &[u8]) {
    let length = u32::try_from(field.len()).unwrap_or(u32::MAX);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(field);
}

/// Returns the concatenation of `fields` as string fields.
pub fn strings(fields: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(fields.iter().map(|field| field.len() + 4).sum());
    for field in fields {
        put_string(&mut bytes, field);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_round_trip_and_lengths_are_checked() {
        let bytes = strings(&[b"one", b""]);
        let mut reader = SshWireReader::new(&bytes);
        assert_eq!((reader.string(), reader.string()), (Ok(&b"one"[..]), Ok(&b""[..])));
        assert_eq!(reader.end(), Ok(()));
        assert_eq!(SshWireReader::new(&[0, 0, 0, 9, 1]).string(), Err(WireError::CutShort));
        assert_eq!(SshWireReader::new(&[255, 255, 255, 255]).string(), Err(WireError::CutShort));
        assert_eq!(SshWireReader::new(&[1]).end(), Err(WireError::Trailing));
    }
}
