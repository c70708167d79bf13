//! Compares an opened campaign with the same opening computed again from its base.

use super::{OpenedCampaign, WorklistFile, derived_definition::is_derived};
use crate::model::{
    ItemId, PrincipalId,
    file::{Campaign, CampaignDefinition, Item, Population},
};
use std::collections::{BTreeMap, BTreeSet};

/// A field of an opening whose value differs from the one computed again.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct FieldDifference {
    /// The file.
    pub path: String,
    /// The field; for an item, its id and the field.
    pub field: String,
    /// The value in the file.
    pub found: String,
    /// The value computed again.
    pub expected: String,
}

/// The signed files of an opening.
#[derive(Clone, Copy)]
pub struct PublishedOpening<'a> {
    /// The campaign.
    pub campaign: &'a Campaign,
    /// Its worklists.
    pub worklists: &'a [WorklistFile],
    /// The definition at the base; `None` if there is none at that path.
    pub definition: Option<&'a CampaignDefinition>,
}

/// Returns the differences between an opening and the same opening computed again. Compares the structured fields:
/// summaries are sentences of a program version, so only their digest in the campaign binds them.
pub fn differences(published: PublishedOpening<'_>, again: &OpenedCampaign) -> Vec<FieldDifference> {
    let mut found = campaign_differences(published, &again.campaign);
    found.extend(worklist_differences(published.worklists, &again.sheets));
    found.sort();
    found
}

fn campaign_differences(published: PublishedOpening<'_>, again: &Campaign) -> Vec<FieldDifference> {
    let own = published.campaign;
    let mut differing = Differing { path: format!("{}/campaign.toml", super::folder(&own.id)), found: Vec::new() };
    match published.definition {
        Some(definition) if is_derived(&own.definition, definition) => {}
        Some(definition) => differing.compare("definition", &own.definition.title, &definition.title, false),
        None => differing.compare("from", &own.from, &"a definition at the base of the campaign", false),
    }
    differing.fields("items", &own.items, &again.items);
    differing.fields("population", &own.population, &again.population);
    let (mine, theirs) = (text(own.assignments.as_ref()), text(again.assignments.as_ref()));
    differing.fields("assignments", &mine, &theirs);
    differing.fields("principals", &own.principals, &again.principals);
    differing.fields("policies", &text(own.policies.as_ref()), &text(again.policies.as_ref()));
    let by_system = |campaign: &'_ Campaign| -> BTreeMap<String, Population> {
        campaign.systems.iter().map(|one| (one.system.to_string(), one.clone())).collect()
    };
    let (mine, theirs) = (by_system(own), by_system(again));
    for system in mine.keys().chain(theirs.keys()).collect::<BTreeSet<_>>() {
        let (Some(mine), Some(theirs)) = (mine.get(system), theirs.get(system)) else {
            let has = |there: bool| if there { "listed" } else { "not listed" };
            let listed = (has(mine.contains_key(system)), has(theirs.contains_key(system)));
            differing.compare(&format!("system {system}"), &listed.0, &listed.1, false);
            continue;
        };
        let name = |field: &str| format!("system {system}: {field}");
        differing.fields(&name("system_version"), &mine.system_version, &theirs.system_version);
        differing.fields(&name("observed_at"), &mine.observed_at, &theirs.observed_at);
        differing.fields(&name("observation"), &mine.observation, &theirs.observation);
        differing.fields(&name("tree"), &mine.tree, &theirs.tree);
        differing.fields(&name("grants"), &mine.grants, &theirs.grants);
        differing.fields(&name("items"), &mine.items, &theirs.items);
    }
    differing.found
}

/// An item in a worklist: the item, its stage, and its reviewer.
type Placed<'w> = BTreeMap<(ItemId, u32, &'w PrincipalId), (&'w WorklistFile, &'w Item)>;

fn worklist_differences(own: &[WorklistFile], again: &[WorklistFile]) -> Vec<FieldDifference> {
    let (mine, theirs) = (placed(own), placed(again));
    let mut found = Vec::new();
    for place in mine.keys().chain(theirs.keys()).collect::<BTreeSet<_>>() {
        let (item, stage, reviewer) = place;
        match (mine.get(place), theirs.get(place)) {
            (Some((file, own)), Some((other, again))) => {
                let mut differing = Differing { path: file.path.clone(), found: Vec::new() };
                let name = |field: &str| format!("{item}: {field}");
                differing.fields(&name("grant_digest"), &own.grant_digest, &again.grant_digest);
                differing.fields(&name("subject"), &own.subject, &again.subject);
                differing.fields(&name("tier"), &own.tier, &again.tier);
                differing.fields(&name("severity"), &text(own.severity.as_ref()), &text(again.severity.as_ref()));
                differing.fields(&name("recommendation"), &own.recommendation, &again.recommendation);
                differing.fields(&name("principal"), &own.principal, &again.principal);
                differing.fields(&name("entitlement"), &own.entitlement, &again.entitlement);
                differing.fields(&name("cosigners"), &names(file), &names(other));
                found.extend(differing.found);
            }
            (Some((file, _)), None) => {
                let mut differing = Differing { path: file.path.clone(), found: Vec::new() };
                let expected = format!("not assigned to {reviewer} in stage {stage}");
                differing.compare(&item.to_string(), &"assigned", &expected, false);
                found.extend(differing.found);
            }
            (None, Some((file, _))) => {
                let mut differing = Differing { path: file.path.clone(), found: Vec::new() };
                let expected = format!("assigned to {reviewer} in stage {stage}");
                differing.compare(&item.to_string(), &"not assigned", &expected, false);
                found.extend(differing.found);
            }
            (None, None) => {}
        }
    }
    found
}

fn placed(files: &[WorklistFile]) -> Placed<'_> {
    let mut placed = Placed::new();
    for file in files {
        let place = |item: &Item| (item.id, file.review.stage(), &file.review.reviewer);
        placed.extend(file.review.items.iter().map(|item| (place(item), (file, item))));
    }
    placed
}

fn names(file: &WorklistFile) -> String {
    let names: Vec<&str> = file.review.cosigners.iter().map(PrincipalId::as_str).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn text(value: Option<&impl ToString>) -> String {
    value.map_or_else(|| "none".to_owned(), ToString::to_string)
}

/// The differences of one file.
struct Differing {
    path: String,
    found: Vec<FieldDifference>,
}

impl Differing {
    fn fields<T: PartialEq + ToString>(&mut self, field: &str, found: &T, expected: &T) {
        self.compare(field, found, expected, found == expected);
    }

    fn compare(&mut self, field: &str, found: &impl ToString, expected: &impl ToString, equal: bool) {
        if !equal {
            let (path, field) = (self.path.clone(), field.to_owned());
            let (found, expected) = (found.to_string(), expected.to_string());
            self.found.push(FieldDifference { path, field, found, expected });
        }
    }
}
