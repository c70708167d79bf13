//! The form in which a cache keeps what was read of the branch, so that reading continues with what is new.

use super::{EngineKeyHistory, Ledger, segment::RecordChain};
use crate::{
    format::merkle::MerkleTree,
    git::ObjectId,
    model::{Digest, Timestamp, history::EvidenceHistory, record::LogGenesis},
};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, collections::BTreeMap};

/// A ledger without its keys, and the history of its records.
#[derive(Serialize, Deserialize)]
struct StoredLedger<'s> {
    head: Option<ObjectId>,
    root: u32,
    size: u64,
    subtrees: Cow<'s, [Digest]>,
    next: u64,
    last: Digest,
    listed: Cow<'s, str>,
    roots: Cow<'s, BTreeMap<u64, Digest>>,
    witnessed: Option<Timestamp>,
    genesis: Option<Cow<'s, LogGenesis>>,
    history: Cow<'s, EvidenceHistory>,
}

impl Ledger {
    /// Returns this ledger, of a branch without defects, and the history of its records as bytes.
    pub fn save(&self, history: &EvidenceHistory) -> Option<Vec<u8>> {
        let tree = &self.chain.tree;
        let stored = StoredLedger {
            head: self.head,
            root: self.root,
            size: tree.size(),
            subtrees: Cow::Borrowed(tree.subtrees()),
            next: self.chain.next,
            last: self.chain.last(),
            listed: Cow::Borrowed(&self.listed),
            roots: Cow::Borrowed(&self.roots),
            witnessed: self.witnessed,
            genesis: self.genesis.as_ref().map(Cow::Borrowed),
            history: Cow::Borrowed(history),
        };
        rmp_serde::to_vec_named(&stored).ok()
    }

    /// Returns the ledger and the history of such bytes, with `keys` for what is read next; `None` if the bytes are
    /// damaged.
    pub fn resume(keys: EngineKeyHistory, bytes: &[u8]) -> Option<(Self, EvidenceHistory)> {
        let stored: StoredLedger<'_> = rmp_serde::from_slice(bytes).ok()?;
        let tree = MerkleTree::resume(stored.size, stored.subtrees.into_owned())?;
        let ledger = Self {
            keys,
            root: stored.root,
            head: stored.head,
            chain: RecordChain::resume(tree, stored.next, stored.last),
            listed: stored.listed.into_owned(),
            roots: stored.roots.into_owned(),
            witnessed: stored.witnessed,
            genesis: stored.genesis.map(Cow::into_owned),
        };
        Some((ledger, stored.history.into_owned()))
    }
}
