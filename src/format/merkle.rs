//! The Merkle tree of a log (RFC 6962 section 2): incremental root, inclusion proofs and consistency proofs.

use crate::model::Digest;

/// Returns the hash of one leaf: SHA-256 over 0x00 and its bytes.
pub fn leaf(bytes: &[u8]) -> Digest {
    Digest::of_parts([&[0], bytes])
}

fn node(left: &Digest, right: &Digest) -> Digest {
    let mut bytes = [1; 65];
    bytes[1..33].copy_from_slice(left.as_bytes());
    bytes[33..].copy_from_slice(right.as_bytes());
    Digest::of(bytes)
}

/// An append-only tree, stored as the roots of its complete subtrees: 20 hashes for a million leaves.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct MerkleTree {
    size: u64,
    /// The roots from the largest complete subtree, on the left, to the smallest.
    subtrees: Vec<Digest>,
}

impl MerkleTree {
    /// Returns the empty tree.
    pub const fn new() -> Self {
        Self { size: 0, subtrees: Vec::new() }
    }

    /// Restores a tree from its size and the roots of its complete subtrees, largest first.
    ///
    /// Returns `None` when the number of subtrees does not match the size.
    pub fn resume(size: u64, subtrees: Vec<Digest>) -> Option<Self> {
        (usize::try_from(size.count_ones()) == Ok(subtrees.len())).then_some(Self { size, subtrees })
    }

    /// Appends a leaf with these bytes.
    pub fn append(&mut self, bytes: &[u8]) {
        self.append_hash(leaf(bytes));
    }

    /// Appends a leaf by its hash.
    pub fn append_hash(&mut self, leaf: Digest) {
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.subtrees.pop() {
                hash = node(&left, &hash);
            }
        }
        self.subtrees.push(hash);
        self.size += 1;
    }

    /// Returns the number of leaves.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Returns the roots of the complete subtrees, largest first.
    pub fn subtrees(&self) -> &[Digest] {
        &self.subtrees
    }

    /// Returns the root; for the empty tree, the digest of the empty string.
    pub fn root(&self) -> Digest {
        let mut subtrees = self.subtrees.iter().rev();
        let Some(last) = subtrees.next() else { return Digest::of([]) };
        subtrees.fold(*last, |right, left| node(left, &right))
    }
}

/// Returns the root over `leaves`, which are given by their hashes.
pub fn root(leaves: &[Digest]) -> Digest {
    let mut tree = MerkleTree::new();
    for leaf in leaves {
        tree.append_hash(*leaf);
    }
    tree.root()
}

/// Returns the proof that leaf `index` is in the tree over `leaves` (RFC 6962 section 2.1.1), if there is such a leaf.
pub fn prove_inclusion(leaves: &[Digest], index: usize) -> Option<Vec<Digest>> {
    if index >= leaves.len() {
        return None;
    }
    let mut proof = Vec::new();
    let (mut rest, mut index) = (leaves, index);
    while rest.len() > 1 {
        let (left, right) = rest.split_at(split(rest.len()));
        if index < left.len() {
            proof.push(root(right));
            rest = left;
        } else {
            proof.push(root(left));
            index -= left.len();
            rest = right;
        }
    }
    proof.reverse();
    Some(proof)
}

/// Returns whether `proof` shows that the leaf with hash `leaf` has this index in the tree of this size and root (RFC
/// 9162 section 2.1.3.2).
pub fn verify_inclusion(leaf: &Digest, index: u64, size: u64, root: &Digest, proof: &[Digest]) -> bool {
    if index >= size {
        return false;
    }
    let (mut position, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if position & 1 == 1 || position == last {
            hash = node(sibling, &hash);
            while position & 1 == 0 && position != 0 {
                position >>= 1;
                last >>= 1;
            }
        } else {
            hash = node(&hash, sibling);
        }
        position >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Returns the proof that the first `old` of `leaves` are a prefix of the whole tree (RFC 6962 section 2.1.2).
///
/// Returns `None` when `old` is zero or larger than the tree.
pub fn prove_consistency(leaves: &[Digest], old: usize) -> Option<Vec<Digest>> {
    if old == 0 || old > leaves.len() {
        return None;
    }
    let mut proof = Vec::new();
    let (mut rest, mut old, mut whole) = (leaves, old, true);
    while old < rest.len() {
        let (left, right) = rest.split_at(split(rest.len()));
        if old <= left.len() {
            proof.push(root(right));
            rest = left;
        } else {
            proof.push(root(left));
            old -= left.len();
            rest = right;
            whole = false;
        }
    }
    if !whole {
        proof.push(root(rest));
    }
    proof.reverse();
    Some(proof)
}

/// Returns whether `proof` shows that the tree of the old size and root is a prefix of the new one (RFC 9162 section
/// 2.1.4.2). The empty tree is a prefix of every tree and needs no proof.
pub fn verify_consistency(old: (u64, &Digest), new: (u64, &Digest), proof: &[Digest]) -> bool {
    let ((old_size, old_root), (new_size, new_root)) = (old, new);
    if old_size == 0 {
        return proof.is_empty() && *old_root == Digest::of([]);
    }
    if old_size >= new_size {
        return old_size == new_size && proof.is_empty() && old_root == new_root;
    }
    let mut hashes = proof.iter();
    let first = if old_size.is_power_of_two() { Some(old_root) } else { hashes.next() };
    let Some(first) = first else { return false };
    let (mut position, mut last) = (old_size - 1, new_size - 1);
    while position & 1 == 1 {
        position >>= 1;
        last >>= 1;
    }
    let (mut before, mut after) = (*first, *first);
    for sibling in hashes {
        if last == 0 {
            return false;
        }
        if position & 1 == 1 || position == last {
            before = node(sibling, &before);
            after = node(sibling, &after);
            while position & 1 == 0 && position != 0 {
                position >>= 1;
                last >>= 1;
            }
        } else {
            after = node(&after, sibling);
        }
        position >>= 1;
        last >>= 1;
    }
    last == 0 && before == *old_root && after == *new_root
}

/// Returns the largest power of two smaller than `count`, which is at least two.
const fn split(count: usize) -> usize {
    1 << (count - 1).ilog2()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(count: usize) -> Vec<Digest> {
        (0..count).map(|i| leaf(&i.to_be_bytes())).collect()
    }

    /// The literal definition of RFC 6962 section 2.1.
    fn by_definition(leaves: &[Digest]) -> Digest {
        match leaves {
            [] => Digest::of([]),
            [one] => *one,
            more => {
                let (left, right) = more.split_at(split(more.len()));
                node(&by_definition(left), &by_definition(right))
            }
        }
    }

    #[test]
    fn incremental_root_equals_the_definition() {
        let all = leaves(130);
        for count in 0..all.len() {
            assert_eq!(root(&all[..count]), by_definition(&all[..count]), "{count} leaves");
        }
    }

    #[test]
    fn resumed_tree_has_the_same_root() {
        let all = leaves(100);
        let mut tree = MerkleTree::new();
        for (index, hash) in all.iter().enumerate() {
            let mut resumed = MerkleTree::resume(tree.size(), tree.subtrees().to_vec()).unwrap();
            tree.append_hash(*hash);
            resumed.append_hash(*hash);
            assert_eq!(resumed, tree, "at {index}");
        }
        assert_eq!(MerkleTree::resume(3, vec![all[0]]), None);
    }

    #[test]
    fn inclusion_proof_verifies_only_its_leaf() {
        for size in 1..40 {
            let all = leaves(size);
            let top = root(&all);
            for index in 0..size {
                let proof = prove_inclusion(&all, index).unwrap();
                let holds = |at: usize, of: usize, top: &Digest, proof: &[Digest]| {
                    verify_inclusion(&all[index], at as u64, of as u64, top, proof)
                };
                assert!(holds(index, size, &top, &proof), "{index} of {size}");
                assert!((0..size + 2).all(|other| other == index || !holds(other, size, &top, &proof)));
                assert!(!holds(index, size, &all[0], &proof) || size == 1);
                assert!(!holds(index, size, &top, &[&proof[..], &[top]].concat()));
                assert!(proof.is_empty() || !holds(index, size, &top, &proof[1..]));
            }
            assert_eq!(prove_inclusion(&all, size), None);
        }
    }

    #[test]
    fn consistency_proof_verifies_only_its_prefix() {
        for new in 1..40 {
            let all = leaves(new);
            let (top, other) = (root(&all), leaf(b"other"));
            for old in 1..=new {
                let proof = prove_consistency(&all, old).unwrap();
                let before = root(&all[..old]);
                let sizes = (old as u64, new as u64);
                assert!(verify_consistency((sizes.0, &before), (sizes.1, &top), &proof), "{old} to {new}");
                assert!(!verify_consistency((sizes.0, &other), (sizes.1, &top), &proof));
                assert!(!verify_consistency((sizes.0, &before), (sizes.1, &other), &proof));
                for index in 0..proof.len() {
                    let mut forged = proof.clone();
                    forged[index] = other;
                    assert!(!verify_consistency((sizes.0, &before), (sizes.1, &top), &forged));
                }
                assert!(!verify_consistency((sizes.0, &before), (sizes.1, &top), &[&proof[..], &[other]].concat()));
            }
        }
    }

    #[test]
    fn merkle_tree_agrees_with_another_implementation() {
        use tlog_tiles::{Hash, check_record, check_tree};
        let all = leaves(23);
        let theirs = |digest: &Digest| Hash(*digest.as_bytes());
        let list = |proof: Vec<Digest>| proof.iter().map(theirs).collect::<Vec<_>>();
        for index in 0..23_usize {
            let proof = list(prove_inclusion(&all, index).unwrap());
            let record = theirs(&all[index]);
            assert!(check_record(&proof, 23, theirs(&root(&all)), index as u64, record).is_ok());
        }
        for old in 1..=23_usize {
            let proof = list(prove_consistency(&all, old).unwrap());
            let before = theirs(&root(&all[..old]));
            assert!(check_tree(&proof, 23, theirs(&root(&all)), old as u64, before).is_ok());
        }
        assert_eq!(tlog_tiles::record_hash(b"x").0, *leaf(b"x").as_bytes());
    }
}
