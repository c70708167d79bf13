//! A stage close of thousands of unanswered items, which is signed like any other.

use super::{
    fixtures::{campaign_id, id, system_id},
    random_histories::{EMPTY, court, item, on, repo},
};
use crate::{
    campaign::{StageCloseInputs, WorklistFile, close_stage},
    format::{codec, limits::MAX_FILE},
    model::{
        Digest, Tier,
        file::{
            Campaign, CampaignDefinition, GovernedFile, Item, NoResponseAction, Population, Review, UnlistedItems,
            assignments_digest, population,
        },
    },
    trust::test_support::{TestCampaign, TestVerifier, worklists_digest},
};

/// Opens a campaign of this many items, all assigned to `fay`.
fn opened<'c>(
    court: &'c TestVerifier,
    many: usize,
    silence: NoResponseAction,
) -> (TestCampaign<'c>, Vec<WorklistFile>) {
    let items: Vec<Item> = (0..many).map(|number| item((&format!("holder-{number}"), Tier::T3))).collect();
    let mut definition =
        CampaignDefinition { window_days: 30, ..CampaignDefinition::new("Access", id("ana"), id("ben")) };
    definition.on_no_response = silence;
    definition.max_no_response_removals = Some(5_000);
    let stub = |(number, items): (usize, &[Item])| {
        let review = Review {
            schema: Review::KIND.schema().to_owned(),
            repo: repo(),
            campaign: campaign_id(),
            digest: Digest::ZERO,
            system: system_id("db"),
            reviewer: id("fay"),
            cosigners: Vec::new(),
            stage: None,
            items: items.to_vec(),
        };
        (format!("campaigns/{}/reviews/db/fay-{}.toml", campaign_id(), number + 2), review)
    };
    let stubs: Vec<(String, Review)> = items.chunks(75).enumerate().map(stub).collect();
    let campaign = Campaign {
        schema: Campaign::KIND.schema().to_owned(),
        repo: repo(),
        id: campaign_id(),
        from: "policies/access.toml".to_owned(),
        base: EMPTY.to_owned(),
        opened_at: on(0),
        closes_at: on(30),
        items: many as u64,
        population: population(items.iter().map(|item| (&item.id, &item.grant_digest))),
        assignments: Some(assignments_digest(items.iter().map(|item| (&item.id, 1, &stubs[0].1.reviewer)))),
        principals: Digest::of("principals"),
        policies: None,
        evidence: None,
        definition,
        systems: vec![Population {
            system: system_id("db"),
            system_version: Digest::ZERO,
            observed_at: on(0),
            observation: Digest::of("observation"),
            tree: EMPTY.to_owned(),
            grants: many as u64,
            items: many as u64,
            worklists: worklists_digest(&stubs),
        }],
    };
    let case = court.open(campaign, &stubs, "ana").unwrap();
    (case, stubs.into_iter().map(|(path, review)| WorklistFile { path, review }).collect())
}

fn closing<'a>(case: &'a TestCampaign<'_>, sheets: &'a [WorklistFile]) -> StageCloseInputs<'a> {
    StageCloseInputs {
        opening: &case.opening,
        sheets,
        unused: &|_| false,
        can: &|_, _| true,
        base: EMPTY.to_owned(),
        now: on(31),
    }
}

#[test]
fn d8_close_of_2300_silent_items_can_be_signed() {
    let court = court();
    for silence in [NoResponseAction::Open, NoResponseAction::Disable] {
        let (mut case, sheets) = opened(&court, 2_300, silence);
        let close = close_stage(&closing(&case, &sheets)).unwrap();
        assert!(codec::render(&close).len() <= MAX_FILE, "{silence:?}");
        let unlisted = close.unlisted.unwrap();
        assert_eq!(unlisted.items as usize + close.no_response.len(), 2_300);
        let fewer = UnlistedItems { items: unlisted.items - 1, ..unlisted };
        let wrong = [UnlistedItems { digest: Digest::of("others"), ..unlisted }, fewer];
        for unlisted in wrong {
            let spoiled = crate::model::file::StageClose { unlisted: Some(unlisted), ..close.clone() };
            assert_eq!(case.close(spoiled, "ana"), Err("stage-close-wrong"));
        }
        assert_eq!(case.close(close, "ana"), Ok(()));
        let first = &sheets[0].review.items[0].id;
        assert_eq!(
            case.opening.unsettled_in(first).is_some(),
            silence == NoResponseAction::Open,
            "as if it were listed"
        );
    }
}

#[test]
fn small_close_lists_each_silent_item() {
    let court = court();
    let (case, sheets) = opened(&court, 80, NoResponseAction::Open);
    let close = close_stage(&closing(&case, &sheets)).unwrap();
    assert_eq!((close.unlisted, close.no_response.len()), (None, 80));
}
