//! The form in which the cache keeps the published items of a campaign: rows of a fixed length, which are read without
//! allocation.

use crate::model::{Digest, ItemId, SystemId, Tier};
use crate::trust::verify::item_table::{ItemTable, ItemTableRow};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{borrow::Cow, fmt};

#[derive(Serialize, Deserialize)]
pub(super) struct StoredItems<'s> {
    systems: Cow<'s, [SystemId]>,
    subjects: Cow<'s, str>,
    #[serde(borrow)]
    rows: ByteString<'s>,
    #[serde(borrow)]
    fixed: ByteString<'s>,
    #[serde(borrow)]
    assignments: ByteString<'s>,
}

impl<'s> StoredItems<'s> {
    pub(super) fn of(items: &'s ItemTable) -> Self {
        let numbers = items.assignments.iter().flat_map(|(stage, reviewer)| [*stage, *reviewer]);
        Self {
            systems: Cow::Borrowed(&items.systems),
            subjects: Cow::Borrowed(&items.subjects),
            rows: ByteString::of(items.rows.iter().flat_map(row_bytes)),
            fixed: ByteString::of(items.fixed.iter().flat_map(Digest::as_bytes).copied()),
            assignments: ByteString::of(numbers.flat_map(u32::to_le_bytes)),
        }
    }

    /// Returns the items; `None` if this form is inconsistent.
    pub(super) fn restore(self) -> Option<ItemTable> {
        let items = ItemTable {
            rows: whole_chunks::<ROW>(&self.rows.0)?.iter().map(row).collect::<Option<_>>()?,
            systems: self.systems.into_owned(),
            subjects: self.subjects.into_owned(),
            fixed: whole_chunks::<32>(&self.fixed.0)?.iter().map(|bytes| Digest::from_bytes(*bytes)).collect(),
            assignments: whole_chunks::<8>(&self.assignments.0)?.iter().map(assignment).collect(),
        };
        items.is_consistent().then_some(items)
    }
}

fn whole_chunks<const N: usize>(bytes: &[u8]) -> Option<&[[u8; N]]> {
    let (chunks, rest) = bytes.as_chunks::<N>();
    rest.is_empty().then_some(chunks)
}

fn row_bytes(row: &ItemTableRow) -> [u8; ROW] {
    let mut bytes = [0; ROW];
    let numbers = [row.system, row.subject_end, row.fixed_end, row.assignments_end].map(u32::to_le_bytes);
    let parts: [&[u8]; 5] = [
        &row.id.number().to_le_bytes(),
        row.grant.as_bytes(),
        row.names.as_bytes(),
        numbers.as_flattened(),
        &[row.tier as u8],
    ];
    let mut rest = bytes.as_mut_slice();
    for part in parts {
        // INVARIANT: the parts have the length of a row.
        if let Some(place) = rest.split_off_mut(..part.len()) {
            place.copy_from_slice(part);
        }
    }
    bytes
}

fn row(bytes: &[u8; ROW]) -> Option<ItemTableRow> {
    let (id, rest) = bytes.split_first_chunk::<8>()?;
    let (grant, rest) = rest.split_first_chunk::<32>()?;
    let (names, rest) = rest.split_first_chunk::<32>()?;
    let (numbers, tier) = rest.as_chunks::<4>();
    let [system, subject_end, fixed_end, assignments_end] = numbers else { return None };
    let tier = TIERS.into_iter().find(|known| tier == [*known as u8])?;
    Some(ItemTableRow {
        id: ItemId::from_number(u64::from_le_bytes(*id)),
        grant: Digest::from_bytes(*grant),
        names: Digest::from_bytes(*names),
        system: u32::from_le_bytes(*system),
        tier,
        subject_end: u32::from_le_bytes(*subject_end),
        fixed_end: u32::from_le_bytes(*fixed_end),
        assignments_end: u32::from_le_bytes(*assignments_end),
    })
}

fn assignment(bytes: &[u8; 8]) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = *bytes;
    (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]))
}

/// Bytes as one string of bytes instead of a list of numbers, borrowed where they are read.
struct ByteString<'s>(Cow<'s, [u8]>);

impl ByteString<'_> {
    fn of(bytes: impl IntoIterator<Item = u8>) -> Self {
        Self(bytes.into_iter().collect())
    }
}

impl Serialize for ByteString<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de: 's, 's> Deserialize<'de> for ByteString<'s> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ByteStringVisitor;
        impl<'de> de::Visitor<'de> for ByteStringVisitor {
            type Value = ByteString<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string of bytes")
            }
            fn visit_borrowed_bytes<E: de::Error>(self, bytes: &'de [u8]) -> Result<ByteString<'de>, E> {
                Ok(ByteString(Cow::Borrowed(bytes)))
            }
        }
        deserializer.deserialize_bytes(ByteStringVisitor)
    }
}

const TIERS: [Tier; 4] = [Tier::T0, Tier::T1, Tier::T2, Tier::T3];

/// The length of a row: id, grant, names, four numbers and tier.
const ROW: usize = 8 + 32 + 32 + 4 * 4 + 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::verify::item_table::PublishedItem;

    fn table() -> ItemTable {
        let mut items = ItemTable::default();
        let systems = ["db", "host"].map(|id| SystemId::parse(id).unwrap());
        for number in 0..5_u8 {
            let fixed = vec![Digest::of([number]); usize::from(number % 3)];
            let assignments: Vec<_> = (0..u32::from(number)).map(|stage| (stage, 7)).collect();
            let item = PublishedItem {
                fixed: &fixed,
                names: Digest::of([number, 1]),
                system: &systems[usize::from(number % 2)],
                grant: Digest::of([number, 2]),
                subject: ["", "db:é", "db:1"][usize::from(number % 3)],
                tier: TIERS[usize::from(number % 4)],
                assignments: &assignments,
            };
            items.push(ItemId::from_number(u64::from(number) << 60), item);
        }
        items
    }

    fn restored(bytes: &[u8]) -> Option<ItemTable> {
        rmp_serde::from_slice::<StoredItems<'_>>(bytes).ok()?.restore()
    }

    #[test]
    fn stored_items_are_restored() {
        let items = table();
        let bytes = rmp_serde::to_vec(&StoredItems::of(&items)).unwrap();
        assert_eq!(restored(&bytes), Some(items));
        let none = rmp_serde::to_vec(&StoredItems::of(&ItemTable::default())).unwrap();
        assert_eq!(restored(&none), Some(ItemTable::default()));
    }

    #[test]
    fn every_row_of_restored_items_is_an_item() {
        let whole = rmp_serde::to_vec(&StoredItems::of(&table())).unwrap();
        let (mut refused, mut accepted) = (0, 0);
        for place in 0..whole.len() {
            for flip in [1, 0x10, 0x80] {
                let mut damaged = whole.clone();
                damaged[place] ^= flip;
                match restored(&damaged) {
                    None => refused += 1,
                    Some(items) => {
                        assert_eq!(items.iter().count(), items.ids().len(), "byte {place}");
                        assert!(items.ids().all(|id| items.get(id).is_some()), "byte {place}");
                        accepted += 1;
                    }
                }
            }
        }
        assert!(refused > 100 && accepted > 0, "{refused} refused, {accepted} accepted");
    }
}
