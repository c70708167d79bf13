//! Proof that entries are on the remote evidence branch.

/// The sequence numbers of entries on the remote evidence branch, in the order of the entries. Only a journal that has
/// pushed and read back creates one.
#[must_use = "what was published gives the right to act"]
#[derive(Debug)]
pub struct PublicationProof {
    seqs: Vec<u64>,
}

impl PublicationProof {
    /// Returns the proof. For implementations of a journal, after reading the remote back.
    pub(crate) fn new(seqs: Vec<u64>) -> Self {
        Self { seqs }
    }

    /// Returns the proof for the entries from `first` on.
    pub fn from(mut self, first: usize) -> Self {
        self.seqs.drain(..first.min(self.seqs.len()));
        self
    }

    /// Returns the sequence numbers.
    pub fn seqs(&self) -> &[u64] {
        &self.seqs
    }
}
