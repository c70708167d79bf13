//! Test fixture: a simulated system, a journal, and decisions to revoke its grants.

use super::{
    journal::Memory,
    simulated_system::{self, Fault, SimulatedSystem},
};
use crate::model::action::ActionSpec;
use crate::{
    campaign::Resolution,
    connector::UnconfiguredSink,
    enforce::{
        ProvisioningTarget, ReadTarget, RunError, RunObserver, RunRequest, RunStep, RunSummary, VerifyReport, enforce,
        verify,
    },
    model::{
        ActionId, CampaignId, Digest, FixedClock, Grant, Inventory, ItemId, PrincipalId, SystemId, Timestamp, Verdict,
        action::ActionBasis,
        file::{Guardrails, PrincipalKind, Remediation, System},
        record::{OutcomeKind, RecordPayload, RunStart, VerificationKind},
    },
    plan::{BuildInputs, Cleared, Draft, GuardrailLimits, OwnerDirectory, Plan, PlanInputs, PlanTarget, build},
};
use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind, panic_any},
};

pub(super) struct World {
    pub(super) journal: Memory,
    pub(super) sim: SimulatedSystem,
    decided: Vec<Resolution>,
    reviewed: BTreeMap<Digest, Grant>,
}

pub(super) fn plan_of(world: &World) -> Plan<Cleared> {
    world.plan().clear(&world.limits()).unwrap()
}

impl World {
    pub(super) fn with_grants(count: usize) -> Self {
        let sim = SimulatedSystem::default();
        let grants: Vec<Grant> = (0..count).map(simulated_system::grant).collect();
        sim.0.lock().unwrap().grants = grants.iter().map(|grant| (grant.key.clone(), grant.clone())).collect();
        let decided = grants.iter().map(revoke).collect();
        let reviewed = grants.into_iter().map(|grant| (grant.digest(), grant)).collect();
        Self { journal: Memory::new(), sim, decided, reviewed }
    }

    pub(super) fn fault(&mut self, number: usize, fault: Fault) {
        self.sim.0.lock().unwrap().faults.insert(simulated_system::grant(number).key, fault);
    }

    pub(super) fn plan_only(&mut self, numbers: &[usize]) {
        self.decided = numbers.iter().map(|number| revoke(&simulated_system::grant(*number))).collect();
    }

    pub(super) fn mutate(&mut self, number: usize) {
        let mut inside = self.sim.0.lock().unwrap();
        let grant = inside.grants.get_mut(&simulated_system::grant(number).key).unwrap();
        grant.attributes.insert("admin".into(), "true".into());
    }

    pub(super) fn remove(&mut self, number: usize) {
        self.sim.0.lock().unwrap().grants.remove(&simulated_system::grant(number).key);
    }

    pub(super) fn enforce(&mut self) -> Result<RunSummary, RunError> {
        let plan = plan_of(self);
        self.run(plan)
    }

    pub(super) fn run(&mut self, plan: Plan<Cleared>) -> Result<RunSummary, RunError> {
        self.run_watched(plan, &super::super::NoopObserver)
    }

    /// Runs, and stops at `step` as if the process had been killed.
    pub(super) fn die_at(&mut self, step: RunStep) {
        struct Killer(RunStep);
        impl RunObserver for Killer {
            fn reached(&self, step: RunStep, _: Option<&ActionId>) {
                if step == self.0 {
                    panic_any("killed");
                }
            }
        }
        let plan = plan_of(self);
        let quiet = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let _ = catch_unwind(AssertUnwindSafe(|| self.run_watched(plan, &Killer(step))));
        std::panic::set_hook(quiet);
    }

    fn run_watched(&mut self, plan: Plan<Cleared>, observer: &dyn RunObserver) -> Result<RunSummary, RunError> {
        self.journal.next_run();
        let start = self.start("enforce");
        let hand = ProvisioningTarget {
            provisioner: Box::new(self.sim.clone()),
            sink: Box::new(UnconfiguredSink),
            remediation: Remediation::Automatic,
            acted: false,
        };
        let mut hands = BTreeMap::from([(simulated_system::system(), hand)]);
        let now = Timestamp::from_unix(10);
        enforce(RunRequest { plan, start, taken_up: vec![], hands: &mut hands, observer, now }, &mut self.journal)
    }

    fn start(&self, command: &str) -> RunStart {
        RunStart {
            command: command.into(),
            main: "0".repeat(40),
            plan: None,
            manifest: Digest::ZERO,
            systems: vec![simulated_system::system()],
            root: Digest::ZERO,
            mandate: Digest::ZERO,
            engine: "test".into(),
            lease: 600,
            evidence: self.journal.history.size(),
            claims: BTreeMap::new(),
        }
    }

    /// Returns the inventory as it was at review time, or as the system is now.
    pub(super) fn inventory(&self, observed_at: i64) -> Inventory {
        let grants: Vec<Grant> = self.sim.0.lock().unwrap().grants.values().cloned().collect();
        let at = Timestamp::from_unix(observed_at);
        Inventory::new(simulated_system::system(), at, Digest::ZERO, true, grants, BTreeMap::new())
    }

    /// Verifies through another connection, and compares a fresh listing with `committed`.
    pub(super) fn verify(&mut self, committed: Option<&Inventory>) -> VerifyReport {
        self.journal.next_run();
        let reader = ReadTarget {
            collector: Box::new(self.sim.clone()),
            own_credential: true,
            remediation: Remediation::Automatic,
            committed,
        };
        let readers = BTreeMap::from([(simulated_system::system(), reader)]);
        let clock = FixedClock(Timestamp::from_unix(10));
        verify(self.start("verify"), &readers, None, Vec::new(), &clock, &mut self.journal).unwrap()
    }

    fn plan(&self) -> Plan<Draft> {
        let inventory = self.inventory(0);
        let system = System {
            schema: "tenure/system/v1".into(),
            repo: crate::model::RepoId::parse("urn:uuid:9c1e6f0a-6a0f-4c59-9a53-1c7f5f6d2b11").unwrap(),
            system: simulated_system::system(),
            version: 1,
            prev: "none".into(),
            retired: None,
            connector: "sim".into(),
            owner: PrincipalId::parse("ana").unwrap(),
            deputy: None,
            tier: crate::model::Tier::T3,
            environment: None,
            identity: None,
            remediation: Remediation::Automatic,
            settings: Default::default(),
            sink: None,
        };
        let target = PlanTarget { system: &system, inventory: Some(&inventory), vocabulary: Some(&self.sim) };
        let targets = BTreeMap::from([(simulated_system::system(), target)]);
        let premises = PlanInputs {
            evidence_size: self.journal.history.size(),
            evidence_head: self.journal.history.head(),
            ..PlanInputs::test_fixture()
        };
        let reviewed = |resolution: &Resolution| self.reviewed.get(&resolution.grant).cloned();
        let history = &self.journal.history;
        build(&BuildInputs {
            premises,
            resolutions: &self.decided,
            suspended: &BTreeMap::new(),
            unreadable: &BTreeMap::new(),
            targets: &targets,
            history,
            reviewed: &reviewed,
            duties: None,
        })
        .unwrap()
    }

    fn limits(&self) -> GuardrailLimits<'static> {
        GuardrailLimits {
            guardrails: Box::leak(Box::new(Guardrails {
                max_removals_per_run: 1000,
                max_removals_per_system: 1000,
                max_removals_per_owner: 1000,
                max_removal_percent: 100,
                percent_min_removals: 1000,
                max_inventory_shrink_percent: 100,
                protected: vec![],
                freeze: vec![],
            })),
            grants: BTreeMap::new(),
            administrators: BTreeMap::new(),
            directory: &Nobody,
            now: Timestamp::from_unix(0),
        }
    }

    pub(super) fn held(&self) -> usize {
        self.sim.0.lock().unwrap().grants.len()
    }

    pub(super) fn writes(&self) -> usize {
        self.sim.0.lock().unwrap().writes.len()
    }

    pub(super) fn calls(&self) -> u64 {
        self.sim.0.lock().unwrap().calls
    }

    pub(super) fn kinds(&self) -> Vec<&'static str> {
        self.journal.entries.iter().map(RecordPayload::kind).collect()
    }

    pub(super) fn outcomes(&self) -> Vec<OutcomeKind> {
        let outcome = |entry: &RecordPayload| match entry {
            RecordPayload::Outcome(outcome) => Some(outcome.result),
            _ => None,
        };
        self.journal.entries.iter().filter_map(outcome).collect()
    }

    pub(super) fn verifications(&self) -> Vec<VerificationKind> {
        let verification = |entry: &RecordPayload| match entry {
            RecordPayload::Verification(verification) => Some(verification.result),
            _ => None,
        };
        self.journal.entries.iter().filter_map(verification).collect()
    }

    /// Asserts the invariant of the journal: every write that the target received had an intent.
    pub(super) fn assert_every_write_had_its_intent(&self) {
        for (key, seq) in &self.sim.0.lock().unwrap().writes {
            match self.journal.entries.get(usize::try_from(*seq).unwrap()) {
                Some(RecordPayload::Intent(intent)) => assert_eq!(intent.grant, *key),
                other => panic!("the write to {key} had no intent but {other:?}"),
            }
        }
    }
}

fn revoke(grant: &Grant) -> Resolution {
    let campaign = CampaignId::parse("2026-q4").unwrap();
    let item = ItemId::of(&campaign, &grant.system, &grant.key);
    let verdict = Verdict::Revoke;
    let path = "campaigns/2026-q4/reviews/sim/ana.toml".to_owned();
    Resolution {
        system: SystemId::parse("sim").unwrap(),
        grant: grant.digest(),
        subject: format!("sim:{}", grant.principal.id),
        tier: grant.tier,
        verdict,
        to: None,
        until: None,
        basis: ActionBasis {
            path,
            file: Digest::ZERO,
            item,
            verdict,
            signers: vec!["ana".into()],
            decided: Default::default(),
        },
        item,
        campaign,
    }
}

struct Nobody;

impl OwnerDirectory for Nobody {
    fn owner(&self, _: &str) -> Option<&PrincipalId> {
        None
    }

    fn kind(&self, _: &str) -> Option<PrincipalKind> {
        None
    }
}

/// Returns the planned removal of a grant of the simulated system.
pub(in crate::enforce) fn planned(number: usize) -> ActionSpec {
    let world = World::with_grants(number + 1);
    let wanted = simulated_system::grant(number).key;
    let plan = world.plan();
    plan.actions().iter().find(|action| action.grant.key == wanted).unwrap().clone()
}
