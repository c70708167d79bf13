//! Seeded control items: a few accesses that nobody has and that policy speaks against, put among the real ones.
//!
//! How many there are is announced in the definition; which they are is told when the last stage is closed. Until then only
//! the salt tells. Each is modelled on a real item that policy would take away: the same words, tier, rules, reviewers and
//! stages, under a name like those around it, so that nothing in a review file tells them apart. They are inert: no
//! inventory has them, so no plan can act on them, and no count of the population has them in it. Whoever looks each access
//! up in the pinned inventory finds them; that is more than most reviews ask for.

use super::{
    CampaignContext, CampaignItem, Roll,
    disguise::{another_id, another_name, another_word, renamed},
    item_summary::truncate,
    recommendation::RecommendationEngine,
    worklist::ItemBatches,
};
use crate::{
    diag::Diagnostic,
    model::{
        CampaignId, Digest, GrantKind, ItemId, PrincipalId, Severity, SystemId, Verdict,
        file::{Item, seeds},
    },
};
use std::collections::{BTreeMap, BTreeSet};

/// Returns which items are seeded, sorted: the same salt gives the same items. They are the ids of no grant.
pub fn seeded(campaign: &CampaignId, salt: &str, count: u32) -> Vec<ItemId> {
    let mut ids: Vec<_> = (0..count).filter_map(|number| id(&draw(campaign, salt, number))).collect();
    ids.sort();
    ids
}

/// The seeded items of a campaign, by the real item that each is modelled on.
#[derive(Clone, Debug, Default)]
pub(super) struct Seeds {
    by_model: BTreeMap<ItemId, Inert>,
    /// The commitment to which they are.
    pub(super) commitment: Option<Digest>,
}

/// How a seeded item differs from its model.
#[derive(Clone, Debug)]
struct Inert {
    id: ItemId,
    grant: Digest,
    subject: String,
    principal: String,
    /// What is called otherwise in the texts, whole words only.
    renames: Vec<(String, String)>,
}

impl Seeds {
    /// Draws as many as the definition announces. The same salt over the same population gives the same.
    ///
    /// # Errors
    /// When fewer real items than that are such that policy would take them away: what is modelled on others would not be
    /// plainly wrong.
    pub(super) fn draw(
        campaign: &CampaignId,
        salt: &str,
        count: u32,
        (roll, piles): (&Roll<'_>, &ItemBatches<'_>),
        setting: &CampaignContext<'_>,
    ) -> Result<Self, Diagnostic> {
        let mut by_model = BTreeMap::new();
        let mut casting = Casting::of(roll, piles, setting);
        let mut names: BTreeMap<&SystemId, Names<'_>> = BTreeMap::new();
        for number in 0..count {
            let drawn = draw(campaign, salt, number);
            let inert = id(&drawn).and_then(|id| {
                let (model, member) = casting.model(&id)?;
                let inventory = &setting.inventories.get(&member.grant.system)?.inventory;
                let names = names.entry(&member.grant.system).or_insert_with(|| Names::of(inventory.grants()));
                Some((model, inert(id, member, names, &drawn)))
            });
            let Some((model, inert)) = inert else { return Err(too_few(count, by_model.len())) };
            by_model.insert(model, inert);
        }
        let commitment = (count > 0).then(|| seeds(salt, by_model.values().map(|inert| &inert.id)));
        Ok(Self { by_model, commitment })
    }

    /// Returns the id of the item that is modelled on this one, if one is.
    pub(super) fn of(&self, model: &ItemId) -> Option<&ItemId> {
        self.by_model.get(model).map(|inert| &inert.id)
    }

    /// Returns the item that is modelled on this one as its reviewers are shown it, if one is.
    pub(super) fn like(&self, model: &Item) -> Option<Item> {
        let inert = self.by_model.get(&model.id)?;
        let renames =
            |text: &str| inert.renames.iter().fold(text.to_owned(), |text, (from, to)| renamed(&text, from, to));
        Some(Item {
            id: inert.id,
            grant: inert.grant,
            subject: inert.subject.clone(),
            principal: inert.principal.clone(),
            entitlement: renames(&model.entitlement),
            facts: renames(&model.facts),
            ..model.clone()
        })
    }
}

/// The search for models: real items that policy would take away, with other reviewers than those who were given one.
struct Casting<'a, 'r> {
    roll: &'a Roll<'r>,
    reviewers: BTreeMap<&'a ItemId, &'a PrincipalId>,
    advisor: RecommendationEngine<'a>,
    judged: BTreeMap<&'a ItemId, bool>,
    taken: BTreeSet<&'a ItemId>,
    given: BTreeSet<&'a PrincipalId>,
}

impl<'a, 'r> Casting<'a, 'r> {
    fn of(roll: &'a Roll<'r>, piles: &'a ItemBatches<'_>, setting: &'a CampaignContext<'a>) -> Self {
        let first = piles.iter().filter(|((_, _, stage, _), _)| *stage == 1);
        let reviewers =
            first.flat_map(|((_, reviewer, ..), pile)| pile.iter().map(move |(item, ..)| (*item, reviewer)));
        Self {
            roll,
            reviewers: reviewers.collect(),
            advisor: RecommendationEngine::of(setting),
            judged: BTreeMap::new(),
            taken: BTreeSet::new(),
            given: BTreeSet::new(),
        }
    }

    /// Returns the next model from `from` on, and round again.
    fn model(&mut self, from: &ItemId) -> Option<(ItemId, &'a CampaignItem<'r>)> {
        let roll = self.roll;
        let (after, before): (Vec<_>, Vec<_>) = roll.items().partition(|(item, _)| *item >= from);
        let mut any = None;
        for (item, member) in after.into_iter().chain(before) {
            let reviewer = self.reviewers.get(item).copied();
            let fresh = reviewer.is_some_and(|reviewer| !self.given.contains(reviewer));
            if self.taken.contains(item) || (!fresh && any.is_some()) || !self.is_wrong(item, member) {
                continue;
            }
            any = Some((item, member));
            if fresh {
                break;
            }
        }
        let (item, member) = any?;
        self.taken.insert(item);
        self.given.extend(self.reviewers.get(item));
        Some((*item, member))
    }

    /// Returns whether policy would take it away, and leaves it to the reviewer's word: what is kept by an exception only
    /// could not be kept by mistake.
    fn is_wrong(&mut self, item: &'a ItemId, member: &CampaignItem<'_>) -> bool {
        let advisor = &self.advisor;
        *self.judged.entry(item).or_insert_with(|| {
            let advice = advisor.advice(member);
            let text = advice.text();
            let takes = [Verdict::Disable, Verdict::Revoke].iter().any(|verdict| text.starts_with(verdict.as_str()));
            takes && advice.severity().is_some_and(|severity| severity > Severity::Critical)
        })
    }
}

/// What is called how on a system.
struct Names<'a> {
    names: BTreeSet<&'a str>,
    ids: BTreeSet<&'a str>,
    given: BTreeSet<String>,
}

impl<'a> Names<'a> {
    fn of(grants: impl Iterator<Item = &'a crate::model::Grant>) -> Self {
        let (mut names, mut ids) = (BTreeSet::new(), BTreeSet::new());
        for grant in grants {
            names.insert(grant.principal.name.as_str());
            ids.insert(grant.principal.id.as_str());
        }
        Self { names, ids, given: BTreeSet::new() }
    }
}

fn inert(id: ItemId, model: &CampaignItem<'_>, names: &mut Names<'_>, drawn: &Digest) -> Inert {
    let (own, name) = (model.grant.principal.id.as_str(), model.grant.principal.name.as_str());
    let taken = |text: &str| names.names.contains(text) || names.ids.contains(text) || names.given.contains(text);
    let another = another_name(name, &names.names, taken, drawn);
    let account = if own == name { another.clone() } else { another_id(own, (name, &another), taken, drawn) };
    let mut renames = vec![(truncate(name), truncate(&another)), (own.to_owned(), account.clone())];
    // A secret is told apart by a word of its own.
    if model.grant.kind == GrantKind::Credential {
        let longest = model.grant.entitlement.name.split_whitespace().max_by_key(|word| word.len());
        renames.extend(longest.map(|word| (word.to_owned(), another_word(word, drawn))));
    }
    names.given.extend([another.clone(), account.clone()]);
    Inert {
        id,
        grant: Digest::of(format!("tenure/seed/grant/v1\n{drawn}\n")),
        subject: format!("{}:{account}", model.grant.system),
        principal: truncate(&another),
        renames,
    }
}

fn draw(campaign: &CampaignId, salt: &str, number: u32) -> Digest {
    Digest::of(format!("tenure/seed/v1\n{campaign}\n{salt}\n{number}\n"))
}

fn id(drawn: &Digest) -> Option<ItemId> {
    ItemId::parse(&format!("itm-{}", drawn.hex().get(..16)?)).ok()
}

fn too_few(count: u32, found: usize) -> Diagnostic {
    let message = format!(
        "{count} items are to be seeded, and policy would take away {found} of those that could be their model"
    );
    Diagnostic::error("seeds-no-model", message)
        .with_note("a seeded item must be plainly wrong, and look like others that are")
        .help(
            "announce fewer in `seeded`: a few in a large campaign are enough; without rules nothing is plainly wrong",
        )
}
