//! Table of the published items of a campaign, in one piece of memory for each kind of value.

use crate::model::{Digest, ItemId, SystemId, Tier, file::Item};
use crate::trust::verify::item_digest::item_digest;

/// The published items of a campaign, sorted by id.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(in crate::trust) struct ItemTable {
    pub(in crate::trust) rows: Vec<ItemTableRow>,
    pub(in crate::trust) systems: Vec<SystemId>,
    /// The subjects of all items, without separators.
    pub(in crate::trust) subjects: String,
    pub(in crate::trust) fixed: Vec<Digest>,
    pub(in crate::trust) assignments: Vec<(u32, u32)>,
}

/// A row of an item table. Its values of variable length end in the shared lists at these places, and begin where those of
/// the row before end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::trust) struct ItemTableRow {
    pub(in crate::trust) id: ItemId,
    pub(in crate::trust) grant: Digest,
    pub(in crate::trust) names: Digest,
    /// The index into the systems.
    pub(in crate::trust) system: u32,
    pub(in crate::trust) tier: Tier,
    pub(in crate::trust) subject_end: u32,
    pub(in crate::trust) fixed_end: u32,
    pub(in crate::trust) assignments_end: u32,
}

/// An item as published by a campaign.
#[derive(Clone, Copy, Debug)]
pub struct PublishedItem<'t> {
    /// The digests of the immutable fields in each worklist; they may only differ in the reason for the assignment.
    pub(in crate::trust) fixed: &'t [Digest],
    /// The digest of the display names.
    pub(in crate::trust) names: Digest,
    pub(in crate::trust) system: &'t SystemId,
    pub(in crate::trust) grant: Digest,
    /// The immutable id of the holder, `<system>:<id>`.
    pub(in crate::trust) subject: &'t str,
    pub(in crate::trust) tier: Tier,
    /// The assigned reviewers by stage, sorted.
    pub(in crate::trust) assignments: &'t [(u32, u32)],
}

impl ItemTable {
    /// Adds an item, whose id is greater than those before.
    pub(in crate::trust) fn push(&mut self, id: ItemId, item: PublishedItem<'_>) {
        let known = self.systems.iter().position(|known| known == item.system);
        let system = known.unwrap_or_else(|| {
            self.systems.push(item.system.clone());
            self.systems.len() - 1
        });
        self.subjects.push_str(item.subject);
        self.fixed.extend(item.fixed);
        self.assignments.extend(item.assignments);
        // A campaign is far smaller than four gigabytes; larger numbers would find no value.
        let place = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        self.rows.push(ItemTableRow {
            id,
            grant: item.grant,
            names: item.names,
            system: place(system),
            tier: item.tier,
            subject_end: place(self.subjects.len()),
            fixed_end: place(self.fixed.len()),
            assignments_end: place(self.assignments.len()),
        });
    }

    /// Returns the ids.
    pub(in crate::trust) fn ids(&self) -> impl ExactSizeIterator<Item = &ItemId> {
        self.rows.iter().map(|row| &row.id)
    }

    /// Returns the items with their ids.
    pub(in crate::trust) fn iter(&self) -> impl Iterator<Item = (&ItemId, PublishedItem<'_>)> {
        self.rows.iter().enumerate().filter_map(|(index, row)| Some((&row.id, self.at(index)?)))
    }

    /// Returns an item.
    pub(in crate::trust) fn get(&self, id: &ItemId) -> Option<PublishedItem<'_>> {
        self.at(self.rows.binary_search_by_key(id, |row| row.id).ok()?)
    }

    fn at(&self, index: usize) -> Option<PublishedItem<'_>> {
        let row = self.rows.get(index)?;
        let before = index.checked_sub(1).and_then(|before| self.rows.get(before));
        let range = |end: fn(&ItemTableRow) -> u32| before.map_or(0, end) as usize..end(row) as usize;
        Some(PublishedItem {
            fixed: self.fixed.get(range(|row| row.fixed_end))?,
            names: row.names,
            system: self.systems.get(row.system as usize)?,
            grant: row.grant,
            subject: self.subjects.get(range(|row| row.subject_end))?,
            tier: row.tier,
            assignments: self.assignments.get(range(|row| row.assignments_end))?,
        })
    }

    /// Returns whether the rows are sorted and refer to existing values, so that every row is an item.
    pub(in crate::trust) fn is_consistent(&self) -> bool {
        let is_ordered = self.rows.is_sorted_by(|one, next| {
            one.id < next.id
                && one.subject_end <= next.subject_end
                && one.fixed_end <= next.fixed_end
                && one.assignments_end <= next.assignments_end
        });
        let ends = self.rows.last().map(|last| [last.subject_end, last.fixed_end, last.assignments_end]);
        let lengths = [self.subjects.len(), self.fixed.len(), self.assignments.len()];
        let refers = |row: &ItemTableRow| {
            self.subjects.is_char_boundary(row.subject_end as usize) && (row.system as usize) < self.systems.len()
        };
        is_ordered && ends.unwrap_or_default().map(|end| end as usize) == lengths && self.rows.iter().all(refers)
    }
}

impl<'t> PublishedItem<'t> {
    /// Returns the system.
    pub const fn system(self) -> &'t SystemId {
        self.system
    }

    /// Returns the digest of the grant.
    pub const fn grant(self) -> Digest {
        self.grant
    }

    /// Returns the immutable id of the holder, `<system>:<id>`.
    pub const fn subject(self) -> &'t str {
        self.subject
    }

    /// Returns the assignments, as stages and indexes into [`OpenCampaign::reviewers`](super::open_campaign::OpenCampaign::reviewers); sorted.
    pub const fn assignments(self) -> &'t [(u32, u32)] {
        self.assignments
    }

    /// Returns the tier at which it is reviewed.
    pub const fn tier(self) -> Tier {
        self.tier
    }

    /// Returns whether an item equals that of a worklist, except for the decision.
    pub(in crate::trust) fn is(self, system: &SystemId, item: &Item) -> bool {
        self.fixed.contains(&item_digest(system, item))
    }
}
