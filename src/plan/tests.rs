//! Tests of planning: determinism, held decisions and guardrails.

use super::*;
use crate::{
    campaign::Resolution,
    connector::{ConnectorDescriptor, ConnectorSchema, PlannedChange as Drafted, UnsupportedChangeError},
    model::{
        AccessChange, AccessPath, AccessRoute, Attributes, CampaignId, Digest, Entitlement, ExpectedState, Grant,
        GrantKey, GrantKind, Inventory, ItemId, Operation, Principal, PrincipalId, RemainingPath, RunId, SurvivalKind,
        SystemId, Tier, Timestamp, Verdict, VerificationLevel,
        action::ActionBasis,
        file::{Guardrails, PrincipalKind, Remediation, System},
        history::EvidenceHistory,
        record::{self, Record, RecordPayload},
    },
};
use proptest::{prelude::*, sample::subsequence};
use std::collections::BTreeMap;

struct Words;

impl ConnectorSchema for Words {
    fn describe(&self) -> ConnectorDescriptor {
        ConnectorDescriptor { name: "words", kinds: &[GrantKind::Membership], needs: &[], level: VerificationLevel::V3 }
    }

    fn plan_change(
        &self,
        change: &AccessChange,
        grant: &Grant,
        inventory: &Inventory,
    ) -> Result<Drafted, UnsupportedChangeError> {
        if grant.attribute("owns") == Some("much") {
            return Err(UnsupportedChangeError::Harm {
                why: "other principals would lose it too".into(),
                instead: "move it first".into(),
            });
        }
        let operation = Operation { call: "do".into(), with: BTreeMap::new(), text: format!("{change} {}", grant.key) };
        let expects = ExpectedState::Absent;
        Ok(Drafted {
            operations: vec![operation],
            expects,
            loses: vec![],
            survives: grant.attribute("also").map(|key| also(key, inventory)).into_iter().collect(),
            effects: vec![],
            irreversible: None,
        })
    }

    fn grace_period_days(&self, grant: &Grant) -> Option<u16> {
        grant.attribute("disabled").map(|_| 7)
    }
}

/// Another grant that gives the same access.
fn also(key: &str, inventory: &Inventory) -> RemainingPath {
    let other = inventory.grant(&GrantKey::parse(key).unwrap()).unwrap();
    RemainingPath::whole(other.paths[0].clone(), other.tier).by(other)
}

fn id() -> SystemId {
    SystemId::parse("pg").unwrap()
}

fn grant(number: u32, tier: Tier) -> Grant {
    Grant {
        system: id(),
        kind: GrantKind::Membership,
        key: GrantKey::parse(&format!("member:{number}")).unwrap(),
        principal: Principal { id: number.to_string(), name: format!("user{number}") },
        entitlement: Entitlement { id: "e1".into(), name: "role admin".into() },
        paths: vec![AccessPath { via: AccessRoute::Direct, ids: number.to_string(), text: "member".into() }],
        attributes: Attributes::new(),
        expands_to: vec![],
        tier,
    }
}

fn decided(grant: &Grant, verdict: Verdict) -> Resolution {
    let campaign = CampaignId::parse("c").unwrap();
    let item = ItemId::of(&campaign, &id(), &grant.key);
    let basis = ActionBasis {
        path: "p".into(),
        file: Digest::ZERO,
        item,
        verdict,
        signers: vec!["ana".into()],
        decided: Default::default(),
    };
    Resolution {
        campaign,
        system: id(),
        item,
        grant: grant.digest(),
        subject: format!("pg:{}", grant.principal.id),
        tier: grant.tier,
        verdict,
        to: None,
        until: None,
        basis,
    }
}

/// A system with these grants and decisions.
struct World {
    grants: Vec<Grant>,
    decisions: Vec<Resolution>,
    remediation: Remediation,
    history: EvidenceHistory,
    rails: Guardrails,
    reviewed: BTreeMap<Digest, Grant>,
    kinds: BTreeMap<String, PrincipalKind>,
    now: Timestamp,
    collected: Timestamp,
}

impl World {
    fn revoking(count: u32, of: u32) -> Self {
        let grants: Vec<_> = (0..of).map(|number| grant(number, Tier::T2)).collect();
        let decisions = grants.iter().take(count as usize).map(|grant| decided(grant, Verdict::Revoke)).collect();
        let reviewed = grants.iter().map(|grant| (grant.digest(), grant.clone())).collect();
        let rails = Guardrails {
            max_removals_per_run: 50,
            max_removals_per_system: 50,
            max_removals_per_owner: 50,
            max_removal_percent: 100,
            percent_min_removals: 10,
            max_inventory_shrink_percent: 30,
            protected: vec![],
            freeze: vec![],
        };
        let now = Timestamp::parse("2026-11-23").unwrap();
        let (history, kinds, collected) = (EvidenceHistory::default(), BTreeMap::new(), Timestamp::from_unix(0));
        Self { grants, decisions, remediation: Remediation::Automatic, history, rails, reviewed, kinds, now, collected }
    }

    fn plan(&self) -> Plan<Draft> {
        let at = self.collected;
        let inventory = Inventory::new(id(), at, Digest::ZERO, true, self.grants.clone(), BTreeMap::new());
        let system = System {
            schema: "tenure/system/v1".into(),
            repo: crate::model::RepoId::parse("urn:uuid:9c1e6f0a-6a0f-4c59-9a53-1c7f5f6d2b11").unwrap(),
            system: id(),
            version: 1,
            prev: "none".into(),
            retired: None,
            connector: "words".into(),
            owner: PrincipalId::parse("ana").unwrap(),
            deputy: None,
            tier: Tier::T3,
            environment: None,
            identity: None,
            remediation: self.remediation,
            settings: Default::default(),
            sink: None,
        };
        let target = PlanTarget { system: &system, inventory: Some(&inventory), vocabulary: Some(&Words) };
        let targets = BTreeMap::from([(id(), target)]);
        let premises = PlanInputs::test_fixture();
        let reviewed = |resolution: &Resolution| self.reviewed.get(&resolution.grant).cloned();
        let (resolutions, history) = (self.decisions.as_slice(), &self.history);
        build(&BuildInputs {
            premises,
            resolutions,
            suspended: &BTreeMap::new(),
            unreadable: &BTreeMap::new(),
            targets: &targets,
            history,
            reviewed: &reviewed,
            duties: None,
        })
        .unwrap()
    }

    fn trips(&self) -> Vec<&'static str> {
        let at = Timestamp::from_unix(0);
        let inventory = Inventory::new(id(), at, Digest::ZERO, true, self.grants.clone(), BTreeMap::new());
        let limits = GuardrailLimits {
            guardrails: &self.rails,
            grants: BTreeMap::from([(id(), (self.grants.len() as u64, Some(self.reviewed.len() as u64)))]),
            administrators: administrators([&inventory]),
            directory: self,
            now: self.now,
        };
        self.plan().clear(&limits).map_or_else(|t| t.trips.iter().map(|trip| trip.code).collect(), |_| vec![])
    }
}

impl OwnerDirectory for World {
    fn owner(&self, _: &str) -> Option<&PrincipalId> {
        static OWNER: std::sync::OnceLock<PrincipalId> = std::sync::OnceLock::new();
        Some(OWNER.get_or_init(|| PrincipalId::parse("li").unwrap()))
    }

    fn kind(&self, subject: &str) -> Option<PrincipalKind> {
        self.kinds.get(subject).copied()
    }
}

#[test]
fn plan_within_every_limit_is_cleared() {
    assert_eq!(World::revoking(3, 10).trips(), Vec::<&str>::new());
}

#[test]
fn each_guardrail_is_checked() {
    type WorldEdit = fn(&mut World);
    let cases: [(&str, WorldEdit); 9] = [
        ("removals-per-run", |w| w.rails.max_removals_per_run = 2),
        ("removals-per-system", |w| w.rails.max_removals_per_system = 2),
        ("removals-per-owner", |w| w.rails.max_removals_per_owner = 2),
        ("percent-per-system", |w| (w.rails.percent_min_removals, w.rails.max_removal_percent) = (2, 29)),
        ("principal-protected", |w| w.rails.protected = vec!["pg:1".into()]),
        ("engine-access", |w| w.kinds = BTreeMap::from([("pg:1".into(), PrincipalKind::Engine)])),
        ("break-glass-access", |w| w.kinds = BTreeMap::from([("pg:1".into(), PrincipalKind::BreakGlass)])),
        ("inventory-shrank", |w| w.grants.truncate(6)),
        ("freeze-window", |w| w.rails.freeze = vec!["2026-11-20T00:00:00Z/2026-11-30T00:00:00Z".into()]),
    ];
    for (code, change) in cases {
        let mut world = World::revoking(3, 10);
        change(&mut world);
        assert_eq!(world.trips(), [code]);
    }
}

#[test]
fn malformed_freeze_window_freezes() {
    let mut world = World::revoking(1, 10);
    world.rails.freeze = vec!["christmas".into()];
    assert_eq!(world.trips(), ["freeze-window"]);
}

#[test]
fn last_administrator_is_kept() {
    let mut world = World::revoking(0, 0);
    world.grants = vec![grant(1, Tier::T0), grant(2, Tier::T0)];
    world.decisions = vec![decided(&world.grants[0], Verdict::Revoke)];
    assert_eq!(world.trips(), Vec::<&str>::new());
    world.decisions.push(decided(&world.grants[1], Verdict::Revoke));
    assert_eq!(world.trips(), ["last-administrator"]);
}

#[test]
fn row_04_grant_changed_since_review_is_held() {
    let mut world = World::revoking(2, 3);
    world.grants[0].attributes.insert("admin".into(), "true".into());
    let plan = world.plan();
    assert_eq!(plan.held()[0].code, HeldCode::DecisionLapsed);
    assert_eq!(plan.actions().len(), 1);
}

#[test]
fn absent_grant_is_verified_on_every_path() {
    let mut world = World::revoking(1, 1);
    world.grants.clear();
    let plan = world.plan();
    assert_eq!(plan.actions()[0].expects, ExpectedState::Absent);
    assert!(plan.actions()[0].operations.is_empty());
}

#[test]
fn harmful_change_is_held() {
    let mut world = World::revoking(0, 1);
    world.grants[0].attributes.insert("owns".into(), "much".into());
    world.decisions = vec![decided(&world.grants[0], Verdict::Revoke)];
    let plan = world.plan();
    assert_eq!((plan.actions().len(), plan.held()[0].code), (0, HeldCode::CollateralDamage));
}

#[test]
fn verdict_without_change_gives_no_action() {
    let mut world = World::revoking(0, 1);
    world.decisions = vec![decided(&world.grants[0], Verdict::Certify), decided(&world.grants[0], Verdict::Except)];
    assert!(world.plan().actions().is_empty() && world.plan().held().is_empty());
}

#[test]
fn last_campaign_decides_on_a_grant() {
    let mut world = World::revoking(1, 2);
    let mut later = decided(&world.grants[0], Verdict::Certify);
    later.campaign = CampaignId::parse("d").unwrap();
    later.item = ItemId::of(&later.campaign, &id(), &world.grants[0].key);
    world.decisions.push(later);
    assert!(world.plan().actions().is_empty());
}

#[test]
fn other_grant_is_kept_only_with_the_approval_of_the_lost_one() {
    let mut world = World::revoking(0, 2);
    world.grants[0].attributes.insert("also".into(), "member:1".into());
    let survives = |decisions: Vec<Resolution>, world: &mut World| {
        world.decisions = decisions;
        world.plan().actions()[0].survives[0].clone()
    };
    let revoke = decided(&world.grants[0], Verdict::Revoke);
    let certify = decided(&world.grants[1], Verdict::Certify);
    let undecided = survives(vec![revoke.clone()], &mut world);
    assert_eq!(undecided.verdict, SurvivalKind::StillPresent);
    assert_eq!(undecided.to_string(), "will survive, decide on member:1: member");
    let kept = survives(vec![revoke.clone(), certify.clone()], &mut world);
    assert_eq!((kept.verdict, kept.kept_by), (SurvivalKind::Kept, Some(certify.item)));

    let lower = Resolution {
        tier: Tier::T3,
        basis: ActionBasis { signers: vec![], ..certify.basis.clone() },
        ..certify.clone()
    };
    assert_eq!(survives(vec![revoke.clone(), lower], &mut world).verdict, SurvivalKind::StillPresent, "less approval");
    let stale = Resolution { grant: Digest::of("an earlier form"), ..certify };
    assert_eq!(survives(vec![revoke, stale], &mut world).verdict, SurvivalKind::StillPresent, "another form");
}

#[test]
fn report_only_system_is_never_changed() {
    let mut world = World::revoking(1, 1);
    world.remediation = Remediation::ReportOnly;
    assert_eq!((world.plan().actions().len(), world.plan().held()[0].code), (0, HeldCode::ReportOnly));
}

#[test]
fn disabling_comes_first_and_accounts_last() {
    let mut world = World::revoking(0, 3);
    world.grants[0].kind = GrantKind::Account;
    let verdicts = [Verdict::Revoke, Verdict::Revoke, Verdict::Disable];
    world.decisions = world.grants.iter().zip(verdicts).map(|(grant, verdict)| decided(grant, verdict)).collect();
    let plan = world.plan();
    let order: Vec<_> = plan.actions().iter().map(|action| action.grant.key.as_str()).collect();
    assert_eq!(order, ["member:2", "member:1", "member:0"]);
}

#[test]
fn disabled_access_is_removed_after_its_soak_period() {
    let mut world = World::revoking(0, 1);
    world.decisions = vec![decided(&world.grants[0], Verdict::Disable)];
    let disable = world.plan().actions()[0].clone();
    // The engine disabled it on 1970-01-01; the grant shows it.
    confirm(&mut world, &disable);
    world.grants[0].attributes.insert("disabled".into(), "yes".into());
    assert!(world.plan().actions().is_empty(), "the soak period has only begun");
    world.collected = Timestamp::from_unix(0).plus_days(7);
    let plan = world.plan();
    assert_eq!(plan.actions()[0].change, AccessChange::Revoke {});
    assert_ne!(plan.actions()[0].id, disable.id);
    let removal = plan.actions()[0].clone();
    confirm(&mut world, &removal);
    assert!(world.plan().actions().is_empty(), "once");
}

#[test]
fn confirmed_action_is_not_repeated() {
    let mut world = World::revoking(1, 1);
    let action = world.plan().actions()[0].clone();
    confirm(&mut world, &action);
    assert!(world.plan().actions().is_empty());
}

/// Records the intent of an action and its confirmation.
fn confirm(world: &mut World, action: &crate::model::action::ActionSpec) {
    let intent = record::IntentRecorded {
        witnesses: Vec::new(),
        action: action.id.clone(),
        plan: Digest::ZERO,
        system: id(),
        item: action.basis.item,
        grant: action.grant.key.clone(),
        precondition: action.precondition,
        verb: action.change.verb().into(),
    };
    let seen = record::VerificationRecorded {
        left: Vec::new(),
        answers: Vec::new(),
        action: action.id.clone(),
        result: record::VerificationKind::Confirmed,
        level: VerificationLevel::V3,
        paths: vec![],
        probe: "p".into(),
    };
    for entry in [RecordPayload::Intent(intent), RecordPayload::Verification(seen)] {
        let (run, t, seq) = (RunId::new_now(), world.collected, world.history.size());
        let record = Record { v: 1, seq, prev: String::new(), run, t, entry };
        world.history.push(&record, Digest::ZERO);
    }
}

proptest! {
    #[test]
    fn plan_is_independent_of_decision_order(
        (one, other) in subsequence((0..12_usize).collect::<Vec<_>>(), 0..12)
            .prop_flat_map(|numbers| (Just(numbers.clone()), Just(numbers).prop_shuffle()))
    ) {
        let mut world = World::revoking(0, 12);
        let grants = world.grants.clone();
        let plans = [one, other].map(|numbers| {
            world.decisions = numbers.iter().map(|number| decided(&grants[*number], Verdict::Revoke)).collect();
            world.plan()
        });
        prop_assert_eq!(plans[0].bytes(), plans[1].bytes());
        prop_assert_eq!(plans[0].digest(), Digest::of(plans[0].bytes()));
        prop_assert_eq!(read(plans[0].bytes()).unwrap(), plans[0].actions().to_vec());
    }
}
