//! A large, reproducible organization: 19,200 accounts and 400 roles on ten systems (100,000 grants), with their
//! principals.

use super::key_of;
use std::cell::Cell;
use std::collections::BTreeMap;
use tenure::connector::{
    Collector, ConnectorDescriptor, ConnectorError, ConnectorHealth, ConnectorSchema, ControlTotal, GrantPage,
    ListingCursor, PlannedChange, UnsupportedChangeError,
};
use tenure::inventory::{self, CollectionLimits};
use tenure::model::file::{
    FileKind, KeyState, PrincipalKind, PrincipalRecord, PrincipalStatus, Principals, RegistryKey, RegistryPrincipal,
    Remediation, System,
};
use tenure::model::{
    AccessChange, AccessPath, AccessRoute, Attributes, Entitlement, FixedClock, Grant, GrantKey, GrantKind,
    GrantObservation, Inventory, Principal, PrincipalId, SystemId, Tier, Timestamp, Usage, VerificationLevel,
};

/// The number of managers, who review the access of their reports.
pub const LEADERS: usize = 1_200;

/// Returns the systems by number: six hosts, three databases, one cloud account.
pub fn systems() -> Vec<System> {
    (0..SYSTEMS).map(system).collect()
}

fn system(n: usize) -> System {
    let (connector, tier) = style(n);
    System {
        schema: FileKind::System.schema().into(),
        repo: tenure::model::RepoId::parse("urn:uuid:9c1e6f0a-6a0f-4c59-9a53-1c7f5f6d2b11").expect("an id"),
        system: system_id(n),
        version: 1,
        prev: "none".into(),
        retired: None,
        connector: connector.into(),
        owner: leader(n),
        deputy: Some(leader(SYSTEMS + n)),
        tier,
        environment: Some(environment(n).into()),
        identity: None,
        remediation: Remediation::Manual,
        settings: toml::Table::new(),
        sink: None,
    }
}

/// Returns the files of a system's inventory by path below its folder.
pub fn inventory_of(n: usize, now: Timestamp) -> BTreeMap<String, Vec<u8>> {
    let collector = Listed { n, now, grants: grants(n), calls: Cell::new(0) };
    let task = inventory::CollectRequest {
        system: &system_id(n),
        collector: &collector,
        clock: &FixedClock(now),
        limits: CollectionLimits::default(),
        pause: &|_| {},
    };
    let collection = inventory::collect(&task, &mut |_| {}).unwrap_or_else(|error| panic!("{error}"));
    collection.into_files()
}

/// Returns the principals files by path: one in 97 accounts is uncorrelated, one in seven belongs to a machine
/// identity.
pub fn principals(now: Timestamp) -> Vec<(String, Principals)> {
    let mut all: Vec<PrincipalRecord> = (0..ACCOUNTS).filter_map(|account| entry(account, now)).collect();
    all.sort_by(|a, b| a.id.cmp(&b.id));
    let file = |(n, entries): (usize, &[PrincipalRecord])| {
        let file = Principals { schema: FileKind::Principals.schema().into(), principals: entries.to_vec() };
        (format!("principals/{n:02}.toml"), file)
    };
    all.chunks(700).enumerate().map(file).collect()
}

/// Returns the principals who may sign reviews; the registry has the maximum size of one file.
pub fn reviewers() -> Vec<RegistryPrincipal> {
    let reviewer = |n: usize| RegistryPrincipal {
        id: leader(n),
        subjects: Vec::new(),
        groups: vec![GROUP.into()],
        keys: vec![RegistryKey {
            ssh: tenure::format::ssh_keys::Signer::public_key(&key_of(leader(n).as_str())).to_string(),
            state: KeyState::Active,
            suspect_from_index: None,
        }],
    };
    (0..LEADERS).map(reviewer).collect()
}

fn entry(account: usize, now: Timestamp) -> Option<PrincipalRecord> {
    let is_leader = account < LEADERS;
    if !is_leader && account.is_multiple_of(97) {
        return None;
    }
    let is_machine = !is_leader && account % 7 == 3;
    let kind = if is_machine { PrincipalKind::Service } else { PrincipalKind::Person };
    let id = match (is_leader, is_machine) {
        (true, _) => leader(account),
        (false, true) => person(&format!("svc-{account:05}")),
        (false, false) => person(&format!("p{account:05}")),
    };
    let of = system_id(account % SYSTEMS);
    Some(PrincipalRecord {
        status: if !is_leader && account % 101 == 5 { PrincipalStatus::Left } else { PrincipalStatus::Active },
        accounts: vec![format!("{of}:{}", uid(account))],
        owner: Some(leader((account * 7 + 1) % LEADERS)),
        deputy: is_machine.then(|| leader((account * 11 + 2) % LEADERS)),
        team: Some(format!("team-{:03}", account % 211)),
        workload: is_machine.then(|| format!("job {}", account % 400)),
        purpose: (!account.is_multiple_of(3) && is_machine)
            .then(|| "moves orders to the warehouse every night".to_owned()),
        environment: Some(environment(account % SYSTEMS).into()),
        role: (!is_machine).then(|| ["clerk", "engineer", "analyst", "support"][account % 4].to_owned()),
        role_changed_on: account.is_multiple_of(5).then(|| now.plus_days(-(account as i64 % 700))),
        end_date: (account % 50 == 7).then(|| now.plus_days(account as i64 % 300 + 30)),
        ..PrincipalRecord::new(id, kind)
    })
}

fn grants(n: usize) -> Vec<Grant> {
    let accounts = (0..ACCOUNTS).filter(|account| account % SYSTEMS == n).flat_map(|account| of_account(n, account));
    accounts.chain((0..ROLES).flat_map(|role| of_role(n, role))).collect()
}

/// Returns an account with three roles, and a separate credential or right.
fn of_account(n: usize, account: usize) -> Vec<Grant> {
    let (connector, tier) = style(n);
    let id = uid(account);
    let held = |kind: GrantKind, what: String, tier: Tier| {
        grant(n, kind, (&id, format!("u{account:05}")), (what.clone(), what), tier)
    };
    let mut own = held(GrantKind::Account, "login".into(), tier);
    own.attributes.insert("login".into(), if account.is_multiple_of(11) { "no" } else { "yes" }.into());
    let mut all = vec![own];
    for step in [0, 7, 19] {
        // The first role has few members and the last very few; the others, 27 in rotation, are for all.
        let role = match (account / SYSTEMS + step) % 1_026 {
            0 => ROLES - 1,
            part if part % 200 == 1 => 0,
            part => 1 + part % (ROLES - 2),
        };
        let mut member = held(GrantKind::Membership, format!("role-{role:02}"), tier);
        member.expands_to =
            (0..RIGHTS).map(|right| Entitlement { id: right_id(role, right), name: right_id(role, right) }).collect();
        all.push(member);
    }
    all.push(match (connector, account / SYSTEMS % 2) {
        ("hosts", 0) => {
            let mut key = held(GrantKind::Credential, format!("SHA256:{account:043}"), tier);
            let weak = account.is_multiple_of(60);
            key.attributes.insert("type".into(), if weak { "ssh-rsa" } else { "ssh-ed25519" }.into());
            key.attributes.insert("bits".into(), if weak { "2048" } else { "256" }.into());
            key
        }
        ("hosts", _) => held(GrantKind::Rule, format!("sudo:systemctl restart job-{:03}", account % 400), Tier::T2),
        ("postgres", 0) => {
            let mut password = held(GrantKind::Credential, "password".into(), tier);
            password.attributes.insert("valid-until".into(), "infinity".into());
            password.attributes.insert("stored-as".into(), "scram-sha-256".into());
            password
        }
        ("postgres", _) => held(GrantKind::Privilege, format!("select on table {}", 16_384 + account % 500), tier),
        (_, 0) => {
            let mut access = held(GrantKind::Credential, format!("AKIA{account:016}"), tier);
            access.attributes.insert("type".into(), "access-key".into());
            access.attributes.insert("status".into(), "Active".into());
            access.attributes.insert("created".into(), format!("202{}-03-01T09:00:00Z", account / SYSTEMS % 6));
            access
        }
        (_, _) => held(GrantKind::Policy, format!("arn:aws:iam::aws:policy/Part{}", account % 90), tier),
    });
    all
}

fn of_role(n: usize, role: usize) -> Vec<Grant> {
    let (connector, tier) = style(n);
    let kind = match connector {
        "hosts" => GrantKind::Rule,
        "postgres" => GrantKind::Privilege,
        _ => GrantKind::Policy,
    };
    let tier = match role {
        0 => Tier::T1,
        last if last == ROLES - 1 => Tier::T0,
        _ => tier,
    };
    let name = format!("role-{role:02}");
    let right = |right: usize| {
        let right = right_id(role, right);
        grant(n, kind, (&name, name.clone()), (right.clone(), right), tier)
    };
    (0..RIGHTS).map(right).collect()
}

fn right_id(role: usize, right: usize) -> String {
    format!("right-{:03}", (role * 7 + right * 3) % 300 + right)
}

fn grant(n: usize, kind: GrantKind, holder: (&str, String), what: (String, String), tier: Tier) -> Grant {
    let (id, name) = holder;
    let key = format!("{kind}:{id}/{}", what.0.replace(' ', "_"));
    Grant {
        system: system_id(n),
        kind,
        key: GrantKey::parse(&key).unwrap_or_else(|error| panic!("{key}: {error}")),
        principal: Principal { id: id.into(), name },
        paths: vec![AccessPath { via: AccessRoute::Direct, ids: id.into(), text: "granted to it".into() }],
        entitlement: Entitlement { id: what.0, name: what.1 },
        attributes: Attributes::new(),
        expands_to: Vec::new(),
        tier,
    }
}

/// The grants of a system, as a connector lists them.
struct Listed {
    n: usize,
    now: Timestamp,
    grants: Vec<Grant>,
    calls: Cell<u64>,
}

impl ConnectorSchema for Listed {
    fn describe(&self) -> ConnectorDescriptor {
        ConnectorDescriptor { name: style(self.n).0, kinds: KINDS, needs: &[], level: VerificationLevel::V3 }
    }

    fn plan_change(&self, _: &AccessChange, _: &Grant, _: &Inventory) -> Result<PlannedChange, UnsupportedChangeError> {
        Err(UnsupportedChangeError::Unsupported { why: "it only lists".into(), instead: "nothing".into() })
    }
}

impl Collector for Listed {
    fn validate(&self) -> Result<ConnectorHealth, ConnectorError> {
        Ok(ConnectorHealth { target: "a list".into(), identity: "bench".into(), blind_spots: Vec::new() })
    }

    fn list(&self, kind: GrantKind, _: Option<&ListingCursor>) -> Result<GrantPage, ConnectorError> {
        self.calls.set(self.calls.get() + 1);
        let grants: Vec<Grant> = self.grants.iter().filter(|grant| grant.kind == kind).cloned().collect();
        let usage = grants.iter().enumerate().filter(|_| kind == GrantKind::Account).map(|(place, grant)| {
            let day = self.now.plus_days(-(place as i64 % 400));
            let usage = match place % 10 {
                0 => Usage::Unknown("the log was rotated".into()),
                1 => Usage::NeverSince(day),
                _ => Usage::At(day),
            };
            (grant.key.clone(), usage)
        });
        Ok(GrantPage { usage: usage.collect(), grants, next: None })
    }

    fn control_totals(&self) -> Result<Vec<ControlTotal>, ConnectorError> {
        Ok(Vec::new())
    }

    fn observe(&self, _: &tenure::connector::TargetQuery<'_>) -> Result<GrantObservation, ConnectorError> {
        Err(ConnectorError::Unsupported("it only lists".into()))
    }

    fn calls(&self) -> u64 {
        self.calls.get()
    }
}

/// Returns the id of a system.
pub fn system_id(n: usize) -> SystemId {
    let id = match style(n).0 {
        "hosts" => format!("host-{n}"),
        "postgres" => format!("db-{n}"),
        _ => "cloud".to_owned(),
    };
    SystemId::parse(&id).unwrap_or_else(|error| panic!("{error}"))
}

/// Returns the id of a manager.
pub fn leader(n: usize) -> PrincipalId {
    person(&format!("m{n:04}"))
}

fn person(id: &str) -> PrincipalId {
    PrincipalId::parse(id).unwrap_or_else(|error| panic!("{error}"))
}

fn uid(account: usize) -> String {
    format!("{}", 10_000 + account)
}

const fn style(n: usize) -> (&'static str, Tier) {
    match n {
        0..6 => ("hosts", Tier::T3),
        6..9 => ("postgres", Tier::T2),
        _ => ("aws-iam", Tier::T2),
    }
}

const fn environment(n: usize) -> &'static str {
    if n.is_multiple_of(3) { "test" } else { "prod" }
}

/// The group of all reviewers.
pub const GROUP: &str = "all";
/// The number of systems.
pub const SYSTEMS: usize = 10;
const ACCOUNTS: usize = 19_200;
const ROLES: usize = 40;
const RIGHTS: usize = 10;
const KINDS: &[GrantKind] = &[
    GrantKind::Account,
    GrantKind::Credential,
    GrantKind::Membership,
    GrantKind::Policy,
    GrantKind::Privilege,
    GrantKind::Rule,
];
