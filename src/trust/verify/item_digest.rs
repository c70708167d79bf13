//! Digests of the fields of an item that its reviewers may not change.

use crate::model::{Digest, SystemId, file::Item};

/// Returns the digest of the display names.
pub(in crate::trust) fn names(principal: &str, entitlement: &str) -> Digest {
    Digest::of_parts([principal.as_bytes(), b"\n", entitlement.as_bytes(), b"\n"])
}

/// Returns the digest of the fields of an item that a reviewer may not change.
pub(in crate::trust) fn item_digest(system: &SystemId, item: &Item) -> Digest {
    fixed(common(system, item), item)
}

/// Returns the digest of the fields that a reviewer may not change: the system and everything in an item except the
/// decision.
pub(in crate::trust) fn fixed(common: Digest, item: &Item) -> Digest {
    Digest::of_parts([common.as_bytes(), Digest::of(&item.summary).as_bytes()].map(<[u8; 32]>::as_slice))
}

/// Returns the digest of the fields that all reviewers of an item see: all except the facts, which end with the reason
/// for the assignment. The digest is never stored. Each part is prefixed with its length, so that parts cannot run into
/// each other.
pub(in crate::trust) fn common(system: &SystemId, item: &Item) -> Digest {
    let about = [system.as_str(), &item.subject, &item.recommendation, &item.principal, &item.entitlement];
    let mut bytes = Vec::with_capacity(512);
    bytes.extend_from_slice(item.grant_digest.as_bytes());
    bytes.extend_from_slice(&item.id.number().to_le_bytes());
    bytes.extend([item.tier as u8, item.severity.map_or(u8::MAX, |severity| severity as u8)]);
    for part in about {
        bytes.extend_from_slice(&part.len().to_le_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    Digest::of(bytes)
}
