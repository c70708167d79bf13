//! Published items of a campaign and their assignments, from the worklists in its folder.

use crate::format::blank_worklist::blank_digest;
use crate::model::{
    Digest, ItemId, PrincipalId, SystemId, Tier,
    file::{Campaign, Item, Review, assignments_digest, files_digest, population},
};
use crate::trust::error::TrustError;
use crate::trust::error::stage::StageError;
use crate::trust::verify::item_digest::{common, fixed, names};
use crate::trust::verify::item_table::{ItemTable, PublishedItem};
use smallvec::SmallVec;
use std::collections::{BTreeMap, HashMap};

/// An item that is collected from its worklists.
struct CollectedItem {
    /// The digests of the immutable fields in each worklist; they may only differ in the reason for the assignment.
    fixed: SmallVec<[Digest; 1]>,
    /// The digest of the fields that are equal in all worklists.
    common: Digest,
    names: Digest,
    system: SystemId,
    grant: Digest,
    subject: Box<str>,
    tier: Tier,
    /// The assigned reviewers by stage, sorted.
    assignments: SmallVec<[(u32, u32); 2]>,
}

impl CollectedItem {
    fn of(system: &SystemId, item: &Item, common: Digest) -> Self {
        Self {
            fixed: SmallVec::new(),
            common,
            names: names(&item.principal, &item.entitlement),
            system: system.clone(),
            grant: item.grant_digest,
            subject: item.subject.as_str().into(),
            tier: item.tier,
            assignments: SmallVec::new(),
        }
    }

    fn published(&self) -> PublishedItem<'_> {
        PublishedItem {
            fixed: &self.fixed,
            names: self.names,
            system: &self.system,
            grant: self.grant,
            subject: &self.subject,
            tier: self.tier,
            assignments: &self.assignments,
        }
    }
}

/// Builder of the published items, fed one worklist at a time to limit memory.
#[derive(Default)]
pub(in crate::trust) struct PublishedItems {
    items: Vec<(ItemId, CollectedItem)>,
    /// The index of each item.
    places: HashMap<ItemId, usize>,
    reviewers: BTreeMap<PrincipalId, u32>,
    /// The worklists by system, each with its digest without decisions.
    worklists: BTreeMap<SystemId, Vec<(String, Digest)>>,
    /// The cosigners of the worklists that name any, by path.
    cosigners: BTreeMap<String, Vec<PrincipalId>>,
    /// A worklist that contains decisions.
    decided: Option<String>,
}

/// The published items, sorted; the assigned reviewers; and the cosigners of each worklist that names any, by path.
pub(in crate::trust) type PublishedParts = (ItemTable, Vec<PrincipalId>, BTreeMap<String, Vec<PrincipalId>>);

impl PublishedItems {
    /// Adds a worklist: a review file as of the opening of the campaign, with its path and its canonical text.
    pub(in crate::trust) fn add(&mut self, path: &str, text: &str, stub: &Review) -> Result<(), TrustError> {
        let digest = blank_digest(stub, text);
        self.worklists.entry(stub.system.clone()).or_default().push((path.to_owned(), digest));
        if !stub.cosigners.is_empty() {
            self.cosigners.insert(path.to_owned(), stub.cosigners.clone());
        }
        if self.decided.is_none() && stub.items.iter().any(|item| item.decision.is_some()) {
            self.decided = Some(path.to_owned());
        }
        let next = u32::try_from(self.reviewers.len()).unwrap_or(u32::MAX);
        let reviewer = *self.reviewers.entry(stub.reviewer.clone()).or_insert(next);
        let assignment = (stub.stage(), reviewer);
        for item in &stub.items {
            let common = common(&stub.system, item);
            let place = *self.places.entry(item.id).or_insert(self.items.len());
            if place == self.items.len() {
                self.items.push((item.id, CollectedItem::of(&stub.system, item, common)));
            }
            // INVARIANT: every indexed item is in the list.
            let Some((_, put)) = self.items.get_mut(place) else { continue };
            if put.common != common {
                return Err(TrustError::ItemAltered(item.id.to_string()));
            }
            let fixed = fixed(common, item);
            if !put.fixed.contains(&fixed) {
                put.fixed.push(fixed);
            }
            match put.assignments.binary_search(&assignment) {
                Ok(_) => return Err(TrustError::DuplicateName(item.id.to_string())),
                Err(index) => put.assignments.insert(index, assignment),
            }
        }
        Ok(())
    }

    /// Checks the items against the campaign file that the owners signed.
    pub(in crate::trust) fn check(&self, campaign: &Campaign) -> Result<(), TrustError> {
        let stages = campaign.definition.stage_count();
        let mut put = self.items.iter().flat_map(|(_, put)| &put.assignments);
        if let Some((found, _)) = put.find(|(stage, _)| *stage == 0 || *stage > stages) {
            return Err(StageError::Unknown { found: *found, stages }.into());
        }
        let items = self.items.iter().map(|(item, put)| (item, &put.grant));
        let (count, found) = (self.items.len() as u64, population(items));
        if (count, found) != (campaign.items, campaign.population) {
            let expected = format!("{} items, {}", campaign.items, campaign.population);
            return Err(TrustError::Population { expected, found: format!("{count} items, {found}") });
        }
        for stage in 1..=stages {
            let items = self.items.iter().map(|(item, _)| item);
            let sample = campaign.definition.sample(stage, (&campaign.id, &campaign.population), items);
            let Some(sample) = sample else { continue };
            for (item, put) in &self.items {
                let assigned = put.assignments.iter().any(|(own, _)| *own == stage);
                if assigned != sample.contains(item) {
                    return Err(StageError::Sample { item: item.to_string(), stage, assigned }.into());
                }
            }
        }
        self.check_assignments(campaign)?;
        self.check_worklists(campaign)
    }

    /// Checks that the assignments are those that the owners signed.
    fn check_assignments(&self, campaign: &Campaign) -> Result<(), TrustError> {
        let Some(expected) = campaign.assignments else { return Ok(()) };
        let names: BTreeMap<u32, &PrincipalId> = self.reviewers.iter().map(|(id, index)| (*index, id)).collect();
        let found = assignments_digest(self.items.iter().flat_map(|(item, put)| {
            put.assignments
                .iter()
                .filter_map(|(stage, index)| Some((*stage, *names.get(index)?)))
                .map(move |(stage, id)| (item, stage, id))
        }));
        if found == expected {
            return Ok(());
        }
        Err(StageError::Assignments { expected: expected.to_string(), found: found.to_string() }.into())
    }

    /// Checks that the worklists are those that the owners signed, and that none contains a decision.
    fn check_worklists(&self, campaign: &Campaign) -> Result<(), TrustError> {
        if let Some(path) = &self.decided {
            return Err(TrustError::DecidedAtOpening(path.clone()));
        }
        let own = campaign.systems.iter().map(|population| &population.system);
        for system in own.chain(self.worklists.keys()) {
            let signed = campaign.systems.iter().find(|population| population.system == *system);
            let files = self.worklists.get(system).into_iter().flatten();
            let found = files_digest(files.map(|(path, digest)| (path.as_str(), *digest)));
            if signed.is_none_or(|signed| signed.worklists != found) {
                let expected = signed.map_or_else(|| "none".to_owned(), |signed| signed.worklists.to_string());
                let system = system.to_string();
                return Err(StageError::Worklists { system, expected, found: found.to_string() }.into());
            }
        }
        Ok(())
    }

    /// Returns the collected parts.
    pub(in crate::trust) fn into_parts(mut self) -> PublishedParts {
        self.items.sort_unstable_by_key(|(item, _)| *item);
        let mut items = ItemTable::default();
        self.items.iter().for_each(|(id, item)| items.push(*id, item.published()));
        let mut reviewers: Vec<_> = self.reviewers.into_iter().collect();
        reviewers.sort_by_key(|(_, index)| *index);
        let reviewers = reviewers.into_iter().map(|(reviewer, _)| reviewer).collect();
        (items, reviewers, self.cosigners)
    }
}
