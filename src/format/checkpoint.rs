//! Checkpoints of a log (C2SP `tlog-checkpoint`) and inclusion proofs (C2SP `tlog-proof`).

use super::merkle;
use super::note::{NoteError, SignedNote, VerifierKey};
use super::ssh_keys::Signer;
use crate::model::Digest;
use base64ct::{Base64, Encoding};
use std::fmt;

/// The state of a log: its name, number of leaves and Merkle root.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Checkpoint {
    /// The name of the log.
    pub origin: String,
    /// The number of leaves.
    pub size: u64,
    /// The Merkle root over them.
    pub root: Digest,
}

/// An error in a checkpoint or a proof.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CheckpointError {
    /// The text is not a checkpoint in its canonical form.
    #[error("this is not a checkpoint: {0}")]
    NotACheckpoint(&'static str),
    /// The text is not a proof in its canonical form.
    #[error("this is not a tlog-proof: {0}")]
    NotAProof(&'static str),
    /// The enclosing note is invalid.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// It is a checkpoint of another log.
    #[error("the checkpoint is of the log `{found}`, not of `{expected}`")]
    Origin {
        /// The log that the checkpoint names.
        found: String,
        /// The expected log.
        expected: String,
    },
    /// The proof does not lead to the root.
    #[error("the proof does not lead from this record to the root of the checkpoint")]
    Unproven,
}

impl Checkpoint {
    /// Parses the text of a checkpoint: exactly three lines.
    ///
    /// # Errors
    /// When it is in another form.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let refuse = CheckpointError::NotACheckpoint;
        let mut lines = text.strip_suffix('\n').ok_or(refuse("its last line feed is missing"))?.split('\n');
        let (Some(origin), Some(size), Some(root), None) = (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(refuse("it does not have three lines: origin, size, root"));
        };
        let size = size.parse().map_err(|_| refuse("its size is not a number"))?;
        let mut bytes = [0; 32];
        let decoded = Base64::decode(root, &mut bytes).map_err(|_| refuse("its root is not base64 of 32 bytes"))?;
        if decoded.len() != 32 {
            return Err(refuse("its root is not base64 of 32 bytes"));
        }
        let checkpoint = Self { origin: origin.to_owned(), size, root: Digest::from_bytes(bytes) };
        if origin.is_empty() || checkpoint.to_string() != text {
            return Err(refuse("it is not in canonical form"));
        }
        Ok(checkpoint)
    }

    /// Signs the checkpoint in the name of the log, which is its origin.
    ///
    /// # Errors
    /// When the origin is not a valid key name, or the signer fails.
    pub fn sign(&self, log: &dyn Signer) -> Result<SignedNote, NoteError> {
        SignedNote::sign(&self.to_string(), &self.origin, log)
    }

    /// Verifies that one of the log's keys signed this note, and parses it. All keys have the name of the log.
    ///
    /// # Errors
    /// When none of them signed it, or the checkpoint is of another log.
    pub fn open(note: &SignedNote, log: &[VerifierKey]) -> Result<Self, CheckpointError> {
        let signers = note.verify(log)?;
        let checkpoint = Self::parse(note.text())?;
        match signers.iter().find(|key| key.name() != checkpoint.origin) {
            None => Ok(checkpoint),
            Some(key) => {
                Err(CheckpointError::Origin { found: checkpoint.origin.clone(), expected: key.name().to_owned() })
            }
        }
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, Base64::encode_string(self.root.as_bytes()))
    }
}

/// A proof that one record is in a log. It can be verified without the other records.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InclusionProof {
    /// The index of the record, counted from zero.
    pub index: u64,
    /// The hashes from the record up to the root.
    pub path: Vec<Digest>,
    /// The signed checkpoint with that root.
    pub checkpoint: SignedNote,
}

impl InclusionProof {
    /// Parses the text of a proof.
    ///
    /// # Errors
    /// When it is in another form.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let refuse = CheckpointError::NotAProof;
        let (head, checkpoint) = text.split_once("\n\n").ok_or(refuse("it has no empty line before its checkpoint"))?;
        let mut lines = head.split('\n');
        if lines.next() != Some(PROOF) {
            return Err(refuse("its first line is not `c2sp.org/tlog-proof@v1`"));
        }
        let index = lines.next().and_then(|line| line.strip_prefix("index ")?.parse().ok());
        let index = index.ok_or(refuse("its second line is not `index` and a number"))?;
        let path: Option<Vec<_>> = lines.map(digest).collect();
        let path = path.filter(|path| path.len() <= 64).ok_or(refuse("its hashes are not base64 of 32 bytes"))?;
        let proof = Self { index, path, checkpoint: SignedNote::parse(checkpoint)? };
        if proof.to_string() == text { Ok(proof) } else { Err(refuse("it is not in canonical form")) }
    }

    /// Verifies that `record` is in the log with one of these keys, and returns the checkpoint of the proof.
    ///
    /// # Errors
    /// When the checkpoint is not signed by the log, or the path does not lead to its root.
    pub fn verify(&self, record: &[u8], log: &[VerifierKey]) -> Result<Checkpoint, CheckpointError> {
        let checkpoint = Checkpoint::open(&self.checkpoint, log)?;
        let leaf = merkle::leaf(record);
        if merkle::verify_inclusion(&leaf, self.index, checkpoint.size, &checkpoint.root, &self.path) {
            Ok(checkpoint)
        } else {
            Err(CheckpointError::Unproven)
        }
    }
}

impl fmt::Display for InclusionProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{PROOF}\nindex {}", self.index)?;
        for hash in &self.path {
            writeln!(f, "{}", Base64::encode_string(hash.as_bytes()))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

fn digest(line: &str) -> Option<Digest> {
    let mut bytes = [0; 32];
    (Base64::decode(line, &mut bytes).ok()?.len() == 32).then(|| Digest::from_bytes(bytes))
}

const PROOF: &str = "c2sp.org/tlog-proof@v1";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::ssh_keys::PrivateKey;

    fn log() -> (PrivateKey, VerifierKey) {
        let key = PrivateKey::from_seed(&[9; 32]);
        let verifier = VerifierKey::new("tenure/acme", key.public_key()).unwrap();
        (key, verifier)
    }

    #[test]
    fn checkpoint_has_one_form() {
        let checkpoint = Checkpoint { origin: "tenure/acme".into(), size: 7, root: Digest::of(b"x") };
        let text = checkpoint.to_string();
        assert_eq!(Checkpoint::parse(&text).as_ref(), Ok(&checkpoint));
        let others = [
            text.replace("\n7\n", "\n07\n"),
            text.replace("\n7\n", "\n+7\n"),
            text.replace("\n7\n", "\n-7\n"),
            format!("{text}extension\n"),
            format!("{text}\n"),
            text.trim_end().to_owned(),
            text.replace("tenure/acme", ""),
            text.replace('=', ""),
        ];
        for other in others {
            assert!(Checkpoint::parse(&other).is_err(), "{other:?}");
        }
    }

    #[test]
    fn checkpoint_of_another_log_is_rejected() {
        let (key, verifier) = log();
        let checkpoint = Checkpoint { origin: "other".into(), size: 0, root: Digest::of([]) };
        let note = SignedNote::sign(&checkpoint.to_string(), "tenure/acme", &key).unwrap();
        assert!(matches!(Checkpoint::open(&note, &[verifier]), Err(CheckpointError::Origin { .. })));
    }

    #[test]
    fn inclusion_proof_verifies_without_other_records() {
        let (key, verifier) = log();
        let records: Vec<String> = (0..11).map(|i| format!("{{\"seq\":{i}}}")).collect();
        let leaves: Vec<_> = records.iter().map(|record| merkle::leaf(record.as_bytes())).collect();
        let checkpoint = Checkpoint { origin: "tenure/acme".into(), size: 11, root: merkle::root(&leaves) };
        let path = merkle::prove_inclusion(&leaves, 3).unwrap();
        let proof = InclusionProof { index: 3, path, checkpoint: checkpoint.sign(&key).unwrap() };
        let text = proof.to_string();
        let read = InclusionProof::parse(&text).unwrap();
        let keys = [verifier];
        assert_eq!(read.verify(records[3].as_bytes(), &keys), Ok(checkpoint));
        assert_eq!(read.verify(records[4].as_bytes(), &keys), Err(CheckpointError::Unproven));
        for index in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[index] ^= 1;
            let Ok(changed) = String::from_utf8(bytes) else { continue };
            let accepted = InclusionProof::parse(&changed).and_then(|proof| proof.verify(records[3].as_bytes(), &keys));
            assert!(accepted.is_err(), "byte {index}: {changed}");
        }
    }

    #[test]
    fn checkpoint_is_read_by_another_implementation() {
        let (key, _) = log();
        let checkpoint = Checkpoint { origin: "tenure/acme".into(), size: 5, root: Digest::of(b"x") };
        let theirs = tlog_tiles::Checkpoint::from_bytes(checkpoint.to_string().as_bytes()).unwrap();
        assert_eq!((theirs.origin(), theirs.size()), ("tenure/acme", 5));
        assert_eq!(theirs.hash().0, *checkpoint.root.as_bytes());
        assert_eq!(checkpoint.sign(&key).unwrap().text().as_bytes(), theirs.to_bytes());
    }
}
