//! A simulated system with scheduled faults that a real system does not show on demand.

use crate::model::{Witness, WitnessAnswer};
use crate::{
    connector::{
        ApplyReceipt, Collector, ConnectorDescriptor, ConnectorError, ConnectorHealth, ConnectorSchema, ControlTotal,
        GrantPage, Intent, ListingCursor, PlannedChange, Provisioner, SecretSink, TargetQuery, UnsupportedChangeError,
        WitnessQuery,
    },
    model::{
        AccessChange, AccessPath, AccessRoute, Action, Answer, Attributes, Entitlement, ExpectedState, Grant, GrantKey,
        GrantKind, GrantObservation, Inventory, Operation, Principal, RemainingAccess, RemainingPath, SystemId, Tier,
        VerificationLevel, action::Planned,
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

/// A fault of the system for one grant; each fault occurs once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fault {
    AnswerLostAfterDoing,
    AnswerLostBeforeDoing,
    DoesAnother,
    Refuses,
    SaysYesDoesNothing,
    Unreadable,
    UnreadableAfterwards,
}

#[derive(Debug, Default)]
pub(super) struct Inside {
    pub(super) grants: BTreeMap<GrantKey, Grant>,
    pub(super) faults: BTreeMap<GrantKey, Fault>,
    /// Every write that the system received: the grant, and the sequence number of the intent.
    pub(super) writes: Vec<(GrantKey, u64)>,
    /// Whether listing is refused.
    pub(super) unlisted: bool,
    /// Whether the system can be asked about a request.
    pub(super) has_oracle: bool,
    /// Grants whose access remains by a path that the connector does not know.
    pub(super) hidden_paths: BTreeSet<GrantKey>,
    /// Grants with open sessions.
    pub(super) open_sessions: BTreeSet<GrantKey>,
    /// Every request that was asked.
    pub(super) asked: Vec<Witness>,
    unreadable: BTreeSet<GrantKey>,
    pub(super) calls: u64,
}

/// A connection to the system. The system itself outlives it.
#[derive(Clone, Debug, Default)]
pub(super) struct SimulatedSystem(pub(super) Arc<Mutex<Inside>>);

pub(super) fn system() -> SystemId {
    SystemId::parse("sim").unwrap()
}

pub(super) fn grant(number: usize) -> Grant {
    Grant {
        system: system(),
        kind: GrantKind::Membership,
        key: GrantKey::parse(&format!("member:{number}")).unwrap(),
        principal: Principal { id: format!("{number}"), name: format!("user{number}") },
        entitlement: Entitlement { id: "g1".into(), name: "group payments".into() },
        paths: vec![AccessPath {
            via: AccessRoute::Direct,
            ids: format!("{number}/g1"),
            text: "member of payments".into(),
        }],
        attributes: Attributes::new(),
        expands_to: vec![],
        tier: Tier::T2,
    }
}

impl ConnectorSchema for SimulatedSystem {
    fn describe(&self) -> ConnectorDescriptor {
        ConnectorDescriptor { name: "sim", kinds: &[GrantKind::Membership], needs: &[], level: VerificationLevel::V3 }
    }

    fn has_oracle(&self, _: &Grant) -> bool {
        self.0.lock().unwrap().has_oracle
    }

    fn plan_change(
        &self,
        _: &AccessChange,
        grant: &Grant,
        _: &Inventory,
    ) -> Result<PlannedChange, UnsupportedChangeError> {
        let with = BTreeMap::from([("key".to_owned(), grant.key.to_string())]);
        let operation = Operation { call: "remove".into(), with, text: format!("remove {}", grant.key) };
        Ok(PlannedChange {
            operations: vec![operation],
            expects: ExpectedState::Absent,
            loses: vec![],
            survives: vec![],
            effects: vec![],
            irreversible: None,
        })
    }
}

impl Inside {
    /// Answers the requests of a query about `key`.
    fn answers(&mut self, key: &GrantKey, query: WitnessQuery<'_>) -> Vec<WitnessAnswer> {
        let chosen = [Witness { principal: key.to_string(), request: "pay".into() }];
        let witnesses = match query {
            WitnessQuery::Nothing => return Vec::new(),
            WitnessQuery::Choose => &chosen[..],
            WitnessQuery::Ask(witnesses) => witnesses,
        };
        self.asked.extend(witnesses.iter().cloned());
        let is_permitted = self.grants.contains_key(key) || self.hidden_paths.contains(key);
        let answer = if is_permitted { Answer::Allowed("asked".into()) } else { Answer::Denied };
        witnesses.iter().map(|witness| WitnessAnswer { witness: witness.clone(), answer: answer.clone() }).collect()
    }
}

impl Collector for SimulatedSystem {
    fn validate(&self) -> Result<ConnectorHealth, ConnectorError> {
        Ok(ConnectorHealth::default())
    }

    fn list(&self, _: GrantKind, _: Option<&ListingCursor>) -> Result<GrantPage, ConnectorError> {
        let inside = self.0.lock().unwrap();
        if inside.unlisted {
            return Err(ConnectorError::Forbidden { missing: "list".into() });
        }
        Ok(GrantPage { grants: inside.grants.values().cloned().collect(), ..GrantPage::default() })
    }

    fn control_totals(&self) -> Result<Vec<ControlTotal>, ConnectorError> {
        Ok(vec![])
    }

    fn observe(&self, query: &TargetQuery<'_>) -> Result<GrantObservation, ConnectorError> {
        let grant = query.grant;
        let mut inside = self.0.lock().unwrap();
        inside.calls += 1;
        if inside.faults.get(&grant.key) == Some(&Fault::Unreadable) {
            inside.faults.remove(&grant.key);
            return Ok(GrantObservation::unknown("refused"));
        }
        if inside.unreadable.remove(&grant.key) {
            return Err(ConnectorError::Forbidden { missing: "read".into() });
        }
        let now = inside.grants.get(&grant.key).cloned();
        let own = |now: &Grant| RemainingPath::whole(now.paths[0].clone(), now.tier).by(now);
        let paths = now.iter().map(own).collect();
        let answers = inside.answers(&grant.key, query.witnesses);
        let lingering = inside.open_sessions.get(&grant.key).map(|_| "1 session".to_owned()).into_iter().collect();
        let probe = "the group itself".to_owned();
        let access = Ok(RemainingAccess { paths, lingering, answers, probe });
        Ok(GrantObservation { grant: now, access })
    }

    fn calls(&self) -> u64 {
        self.0.lock().unwrap().calls
    }
}

impl Provisioner for SimulatedSystem {
    fn apply(
        &self,
        action: &Action<Planned>,
        intent: Intent,
        _: &dyn SecretSink,
    ) -> Result<ApplyReceipt, ConnectorError> {
        let mut inside = self.0.lock().unwrap();
        inside.calls += 1;
        let key = action.grant.key.clone();
        inside.writes.push((key.clone(), intent.seq()));
        let receipt = ApplyReceipt { text: "ok".into(), ..ApplyReceipt::default() };
        match inside.faults.remove(&key) {
            Some(Fault::Refuses) => return Err(ConnectorError::Forbidden { missing: "write".into() }),
            Some(Fault::SaysYesDoesNothing) => return Ok(receipt),
            Some(Fault::AnswerLostBeforeDoing) => return Err(ConnectorError::Ambiguous("reset".into())),
            Some(Fault::AnswerLostAfterDoing) => {
                inside.grants.remove(&key);
                return Err(ConnectorError::Ambiguous("reset".into()));
            }
            Some(Fault::DoesAnother) => {
                let other = inside.grants.keys().find(|other| **other != key).cloned();
                other.and_then(|other| inside.grants.remove(&other));
                return Ok(receipt);
            }
            Some(Fault::UnreadableAfterwards) => {
                inside.unreadable.insert(key.clone());
            }
            Some(Fault::Unreadable) | None => {}
        }
        inside.grants.remove(&key);
        Ok(receipt)
    }

    fn compensate(&self, _: &Action<Planned>) -> Option<Vec<Operation>> {
        None
    }
}
