//! Proof that entries stand on the remote evidence branch.

/// The sequence numbers of entries that the remote evidence branch has, in the order they were given. Only a journal
/// that has pushed and read back makes one.
#[must_use = "what was published gives the right to act"]
#[derive(Debug)]
pub struct PublicationProof {
    seqs: Vec<u64>,
}

impl PublicationProof {
    /// Returns the proof. For implementations of a journal, after the remote was read back.
    pub(crate) fn new(seqs: Vec<u64>) -> Self {
        Self { seqs }
    }

    /// Returns the proof for the entries from the `first` on.
    pub fn from(mut self, first: usize) -> Self {
        self.seqs.drain(..first.min(self.seqs.len()));
        self
    }

    /// Returns the sequence numbers.
    pub fn seqs(&self) -> &[u64] {
        &self.seqs
    }
}
