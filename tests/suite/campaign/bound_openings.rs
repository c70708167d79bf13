//! Openings that their owner signed although they are not what the base gives: the gate refuses them, and the audit
//! finds those that were merged without a gate.

use crate::support::{
    fixtures::{CAMPAIGN, TestRepository},
    host,
};
use std::fs;
use tenure::{
    format::{
        blank_worklist::blank_digest,
        codec::{parse, render},
    },
    model::{
        Digest, PrincipalId, Severity, SystemId, Tier, Timestamp,
        file::{Campaign, Review, files_digest},
    },
};

/// A world with an opened campaign that is not yet merged.
fn opened() -> (TestRepository, String) {
    let world = TestRepository::founded();
    host::lay(&world, "web-1");
    world.system("web-1", &host::settings("web-1"));
    world.collected(&["web-1"]);
    world.campaign(&[("web-1", &["membership", "rule"])]);
    let main = world.sandbox().git(world.repo(), &["rev-parse", "HEAD~1"]);
    world.sandbox().git(world.repo(), &["reset", "--quiet", "--soft", &main]);
    world.sandbox().git(world.repo(), &["push", "--quiet", "--force", "origin", "+HEAD:main"]);
    world.sandbox().git(world.repo(), &["fetch", "--quiet", "origin"]);
    (world, main)
}

fn campaign_path() -> String {
    format!("campaigns/{CAMPAIGN}/campaign.toml")
}

fn campaign(world: &TestRepository) -> Campaign {
    parse(&campaign_path(), world.read(&format!("repo/{}", campaign_path())).as_bytes()).ok().unwrap()
}

/// Changes the opening as an owner can: the worklists, the digest of them in the campaign, and the signature.
fn forge(world: &TestRepository, change: impl FnOnce(&mut Campaign, &mut Vec<(String, Review)>)) {
    let mut campaign = campaign(world);
    let mut worklists: Vec<_> = world.reviews().into_iter().map(|path| (path.clone(), world.review(&path))).collect();
    change(&mut campaign, &mut worklists);
    let digests = worklists.iter().map(|(path, review)| (path.as_str(), blank_digest(review, &render(review))));
    campaign.systems[0].worklists = files_digest(digests);
    world.write(&format!("repo/{}", campaign_path()), &render(&campaign));
    let digest = Digest::of(render(&campaign));
    for (path, review) in worklists {
        world.write(&format!("repo/{path}"), &render(&Review { digest, ..review }));
    }
    let _ = fs::remove_file(world.repo().join(format!("{}.ana.sig", campaign_path())));
    world.sign_unchecked("ana", &campaign_path());
}

type BoxedForgery = Box<dyn Fn(&mut Campaign, &mut Vec<(String, Review)>)>;
type Forgery = fn(&mut Campaign, &mut Vec<(String, Review)>);

/// A field, and the change of it.
const FORGED: [(&str, Forgery); 16] = [
    ("`from`", |campaign, _| campaign.from = "policies/none.toml".to_owned()),
    ("`definition`", |campaign, _| campaign.definition.max_no_response_removals = Some(1_000)),
    ("`principals`", |campaign, _| campaign.principals = Digest::of("others")),
    ("`policies`", |campaign, _| campaign.policies = Some(Digest::of("others"))),
    ("`system web-1: observed_at`", |campaign, _| {
        campaign.systems[0].observed_at = Timestamp::from_unix(campaign.opened_at.unix() - 7)
    }),
    ("`system web-1: observation`", |campaign, _| campaign.systems[0].observation = Digest::of("other")),
    ("`system web-1: tree`", |campaign, _| {
        campaign.systems[0].tree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904".to_owned()
    }),
    ("`system web-1: grants`", |campaign, _| campaign.systems[0].grants += 1),
    ("`system web-1: items`", |campaign, _| campaign.systems[0].items += 1),
    ("tier`", |_, worklists| worklists[0].1.items[0].tier = Tier::T3),
    ("subject`", |_, worklists| worklists[0].1.items[0].subject = "web-1:uid:9".to_owned()),
    ("severity`", |_, worklists| worklists[0].1.items[0].severity = Some(Severity::Low)),
    ("recommendation`", |_, worklists| worklists[0].1.items[0].recommendation = "certify: NHI-OWN-02".to_owned()),
    ("principal`", |_, worklists| worklists[0].1.items[0].principal = "intern".to_owned()),
    ("entitlement`", |_, worklists| worklists[0].1.items[0].entitlement = "membership group readers".to_owned()),
    ("cosigners`", |_, worklists| {
        let names = &mut worklists[0].1.cosigners;
        *names = if names.is_empty() { vec![PrincipalId::parse("mia").unwrap()] } else { Vec::new() };
    }),
];

#[test]
fn row_39_owner_cannot_publish_other_fields_than_the_base_gives() {
    let (world, main) = opened();
    let git = |arguments: &[&str]| world.sandbox().git(world.repo(), arguments);
    for (field, change) in FORGED {
        let world = world.copied();
        forge(&world, change);
        let git = |arguments: &[&str]| world.sandbox().git(world.repo(), arguments);
        git(&["add", "--all"]);
        git(&["commit", "--quiet", "-m", "open"]);
        let gate = world.tenure(&["check", "--base", &main]).exits(3);
        gate.says("error[campaign-field-differs]").says(field).says("tenure campaign open");
    }
    forge(&world, |_, worklists| worklists[0].1.items[0].tier = Tier::T3);
    world.merge("open the campaign");
    assert_ne!(git(&["rev-parse", "HEAD"]), main);
    world.audit(0).exits(3).says("campaign-field-differs").says("computed again it is T");
}

#[test]
fn row_43_base_and_window_of_a_campaign_are_those_of_main() {
    let (world, main) = opened();
    let side = {
        let git = |arguments: &[&str]| world.sandbox().git(world.repo(), arguments);
        git(&["commit-tree", "HEAD^{tree}", "-m", "a commit that main never had"])
    };
    let far =
        |campaign: &mut Campaign, _: &mut Vec<(String, Review)>| campaign.closes_at = campaign.closes_at.plus_days(30);
    let cases: [(&str, BoxedForgery); 3] = [
        ("`base`", Box::new(move |campaign, _| campaign.base = side.clone())),
        ("`closes_at`", Box::new(far)),
        (
            "`web-9`",
            Box::new(|campaign, _| {
                let mut other = campaign.systems[0].clone();
                other.system = SystemId::parse("web-9").unwrap();
                campaign.systems.push(other);
            }),
        ),
    ];
    for (field, change) in cases {
        let world = world.copied();
        forge(&world, |campaign, worklists| change(campaign, worklists));
        world.sandbox().git(world.repo(), &["add", "--all"]);
        world.sandbox().git(world.repo(), &["commit", "--quiet", "-m", "open"]);
        world.tenure(&["check", "--base", &main]).exits(3).says(field);
    }
}
