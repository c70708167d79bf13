//! The effect of a call on the target.

/// Whether a call can change the target.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CallEffect {
    /// The call only reads, and may be repeated.
    Read,
    /// The call may change the target. Once it is sent, only a read shows whether it did.
    Write,
}
