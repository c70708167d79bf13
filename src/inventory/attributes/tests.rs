//! Derivation of each attribute, with known and unknown inputs.

use super::*;
use crate::{
    inventory::test_fixtures::{
        days_ago, entry, held, id, inventory, loaded, people, system, system_id, today, used, with,
    },
    model::{
        AccessPath, AccessRoute, Entitlement, GrantKind, Inventory, RepoId, Usage,
        file::{PrincipalKind, PrincipalStatus},
        id::{GrantKey, ItemId},
    },
    policy::ATTRIBUTES,
};

/// Systems with a connector and grants, and principals.
struct Fixture {
    systems: BTreeMap<SystemId, System>,
    inventories: BTreeMap<SystemId, LoadedInventory>,
    people: IdentityDirectory,
    certified: LastCertified,
    lowered: TierOverrides,
    separation: Option<SodAnalysis>,
}

impl Fixture {
    fn of(people_here: Vec<PrincipalRecord>) -> Self {
        Self {
            systems: BTreeMap::new(),
            inventories: BTreeMap::new(),
            people: people(people_here),
            certified: LastCertified::new(),
            lowered: TierOverrides::default(),
            separation: None,
        }
    }

    fn on(self, name: &str, connector: &str, grants: Vec<Grant>) -> Self {
        self.with(connector, inventory(name, grants))
    }

    fn with(mut self, connector: &str, held: Inventory) -> Self {
        let name = held.system().clone();
        self.systems.insert(name.clone(), system(name.as_str(), connector, Tier::T3));
        self.inventories.insert(name, loaded(connector, held));
        self
    }

    fn attribute_builder(&self) -> AttributeBuilder<'_> {
        AttributeBuilder::new(AttributeInputs {
            systems: &self.systems,
            inventories: &self.inventories,
            people: &self.people,
            profiles: &PROFILES,
            certified: &self.certified,
            lowered: &self.lowered,
            separation: self.separation.as_ref(),
            as_of: today(),
        })
    }

    fn grant(&self, system: &str, key: &str) -> &Grant {
        let key = GrantKey::parse(key).unwrap();
        self.inventories[&system_id(system)].inventory.grant(&key).unwrap()
    }

    /// Returns the attributes of a grant with these names, one line each; `?` for unknown ones.
    fn told(&self, system: &str, key: &str, names: &[&str]) -> String {
        told(&self.attribute_builder().grant(self.grant(system, key)), names)
    }

    fn person(&self, who: &str, names: &[&str]) -> String {
        told(&self.attribute_builder().principal(&id(who)).unwrap(), names)
    }
}

static PROFILES: [String; 0] = [];

fn told(facts: &AttributeValues, names: &[&str]) -> String {
    let words = |name: &&str| {
        assert!(ATTRIBUTES.iter().any(|attribute| attribute.name == *name), "{name}");
        match facts.get(name) {
            None => "?".to_owned(),
            Some(AttributeValue::Flag(value)) => value.to_string(),
            Some(AttributeValue::Number(value)) => value.to_string(),
            Some(AttributeValue::Text(value)) => value.clone(),
            Some(AttributeValue::Texts(values)) => format!("[{}]", values.join(", ")),
        }
    };
    names.iter().map(words).collect::<Vec<_>>().join(" ")
}

#[test]
fn grant_attributes_cover_identity_and_contents() {
    let mut member = held("7", GrantKind::Membership, "role/reporting", Tier::T2);
    member.expands_to =
        ["a", "b"].map(|id| Entitlement { id: id.to_owned(), name: id.to_uppercase() }).into_iter().collect();
    member.paths.push(AccessPath { via: AccessRoute::Role, ids: "x".to_owned(), text: "through x".to_owned() });
    let inherited = AccessPath { via: AccessRoute::Role, ids: "y".to_owned(), text: "member of y".to_owned() };
    let mut by_role = held("7", GrantKind::Privilege, "SELECT", Tier::T2);
    by_role.paths = vec![inherited];
    by_role.attributes.insert("granted-by".to_owned(), "9".to_owned());
    let super_user = held("reporting", GrantKind::Attribute, "superuser", Tier::T0);
    let grantor = held("9", GrantKind::Account, "account", Tier::T2);
    let mut fixture = Fixture::of(vec![]).on("db", "postgres", vec![member, by_role, super_user, grantor]);
    let about = ["grant.kind", "grant.principal", "grant.entitlement", "grant.tier", "grant.expands"];
    assert_eq!(
        fixture.told("db", "membership:7/role/reporting", &about),
        "membership 7's name role/reporting T0 2",
        "a role that contains a T0 grant is T0"
    );
    let ways = ["grant.expands_to", "grant.path_count", "grant.paths", "grant.direct", "grant.administrative"];
    assert_eq!(
        fixture.told("db", "membership:7/role/reporting", &ways),
        "[A, B] 2 [7 has role/reporting, through x] true false"
    );
    let rest = ["grant.direct", "grant.administrative", "grant.standing", "grant.wildcard", "grant.granted_by"];
    assert_eq!(fixture.told("db", "privilege:7/SELECT", &rest), "false false true false 9's name");
    assert_eq!(fixture.told("db", "attribute:reporting/superuser", &rest), "true true true false ?");
    let place = ["system.id", "system.connector", "system.tier", "system.environment", "grant.environment"];
    assert_eq!(fixture.told("db", "privilege:7/SELECT", &place), "db postgres T3 prod prod");
    fixture.systems.get_mut(&system_id("db")).unwrap().environment = None;
    assert_eq!(fixture.told("db", "privilege:7/SELECT", &place), "db postgres T3 ? ?");
    let unsaid = ["grant.certified_days", "grant.granted_days", "grant.jit_available", "grant.scopes", "profiles"];
    assert_eq!(fixture.told("db", "privilege:7/SELECT", &unsaid), "? ? ? ? []");
    let digest = fixture.grant("db", "privilege:7/SELECT").digest();
    fixture.certified.insert(digest, days_ago(40));
    assert_eq!(fixture.told("db", "privilege:7/SELECT", &unsaid), "40 ? ? ? []");
}

#[test]
fn last_use_is_time_never_or_unknown() {
    let grants = ["at", "never", "unknown"].map(|what| held("uid:1", GrantKind::Account, what, Tier::T2));
    let key = |what: &str| GrantKey::parse(&format!("account:uid:1/{what}")).unwrap();
    let usage = [
        (key("at"), Usage::At(days_ago(91))),
        (key("never"), Usage::NeverSince(days_ago(31))),
        (key("unknown"), Usage::Unknown("no log".into())),
    ];
    let fixture = Fixture::of(vec![]).with("hosts", used("web", grants.into(), usage.into_iter().collect()));
    let names = ["usage.idle_days", "usage.never_used", "usage.known_days", "usage.source", "usage.lag_hours"];
    // Collected yesterday: later use is unknown, and the delay is one day.
    assert_eq!(fixture.told("web", "account:uid:1/at", &names), "90 false ? lastlog and wtmp 24");
    assert_eq!(fixture.told("web", "account:uid:1/never", &names), "30 true 30 lastlog and wtmp 24");
    assert_eq!(fixture.told("web", "account:uid:1/unknown", &names), "? ? ? ? ?");
    let member = held("1", GrantKind::Membership, "role/5", Tier::T2);
    let fixture = Fixture::of(vec![]).on("db", "postgres", vec![member]);
    assert_eq!(fixture.told("db", "membership:1/role/5", &names), "? ? ? none ?", "PostgreSQL keeps no record of it");
}

#[test]
fn owner_status_is_active_left_none_or_unknown() {
    let service = |owner: Option<&str>| PrincipalRecord {
        owner: owner.map(id),
        ..entry("svc", PrincipalKind::Service, &["db:1"])
    };
    let names = ["principal.owner", "principal.owner_status", "principal.owner_gone_days", "principal.sponsor_status"];
    let told = |owner: Option<&str>, others: Vec<PrincipalRecord>| {
        let all = std::iter::once(service(owner)).chain(others).collect();
        Fixture::of(all).person("svc", &names)
    };
    let li = || entry("li", PrincipalKind::Person, &[]);
    assert_eq!(told(None, vec![]), " none ? none");
    assert_eq!(told(Some("li"), vec![]), "li ? ? none", "the status of an unknown principal is unknown");
    assert_eq!(told(Some("li"), vec![li()]), "li active ? none");
    let left = PrincipalRecord { status: PrincipalStatus::Left, ..li() };
    assert_eq!(told(Some("li"), vec![left.clone()]), "li left ? none", "the date of leaving is unknown");
    let since = PrincipalRecord { end_date: Some(days_ago(54)), ..left };
    assert_eq!(told(Some("li"), vec![since]), "li left 54 none");
    let ended = PrincipalRecord { end_date: Some(days_ago(1)), ..li() };
    assert_eq!(told(Some("li"), vec![ended]), "li left 1 none", "the end date has passed");
    let moved = PrincipalRecord { role_changed_on: Some(days_ago(5)), ..li() };
    assert_eq!(told(Some("li"), vec![moved.clone()]), "li ? ? none", "the date of the takeover is unknown");
    let taken = |days| PrincipalRecord { role_changed_on: Some(days_ago(days)), ..service(Some("li")) };
    let of = |days| Fixture::of(vec![taken(days), moved.clone()]).person("svc", &names);
    assert_eq!([of(9), of(2)], ["li moved ? none", "li active ? none"]);
    let machine = entry("li", PrincipalKind::Agent, &[]);
    assert_eq!(told(Some("li"), vec![machine]), "li none ? none", "a machine cannot be an owner");
}

#[test]
fn missing_entry_keys_yield_empty_or_unknown() {
    let mut svc = PrincipalRecord { owner: Some(id("li")), ..entry("svc", PrincipalKind::Service, &[]) };
    let li = PrincipalRecord { team: Some("orders".to_owned()), ..entry("li", PrincipalKind::Person, &[]) };
    let names = ["principal.team", "principal.purpose", "principal.vendor", "principal.lifecycle"];
    let due = ["principal.owner_team", "principal.has_end", "principal.dated", "principal.due_in_days"];
    let told = |svc: &PrincipalRecord| {
        let fixture = Fixture::of(vec![svc.clone(), li.clone()]);
        format!("{}|{}", fixture.person("svc", &names), fixture.person("svc", &due))
    };
    assert_eq!(told(&svc), "   |orders false false ?");
    let review = AttributeValue::Text("2026-12-03".to_owned());
    svc.attributes.insert("principal.review_in_days".to_owned(), review);
    svc.attributes.insert("principal.lifecycle".to_owned(), AttributeValue::Text("seasonal".to_owned()));
    assert_eq!(told(&svc), "   seasonal|orders false true 10");
    svc.end_date = Some(today().plus_days(4));
    assert_eq!(told(&svc), "   seasonal|orders true true 4");
}

#[test]
fn end_dates_and_changes_are_counted_in_days() {
    let names = ["principal.status", "principal.ends_in_days", "principal.ended_days", "principal.role_changed_days"];
    let more = ["principal.workload", "principal.workload_status", "principal.workload_ended_days"];
    let of = |kind, ends, changed| {
        let svc = PrincipalRecord {
            end_date: ends,
            role_changed_on: changed,
            workload: Some("export".into()),
            ..entry("svc", kind, &[])
        };
        let fixture = Fixture::of(vec![svc]);
        format!("{} | {}", fixture.person("svc", &names), fixture.person("svc", &more))
    };
    assert_eq!(of(PrincipalKind::Service, None, None), "active ? ? ? | export ? ?");
    assert_eq!(of(PrincipalKind::Service, Some(today().plus_days(9)), None), "active 9 -9 ? | export active -9");
    assert_eq!(of(PrincipalKind::Vendor, Some(days_ago(3)), Some(days_ago(8))), "left -3 3 8 | export ended 3");
    assert_eq!(of(PrincipalKind::Person, Some(days_ago(3)), None), "left -3 3 ? | export ? ?");
}

#[test]
fn principal_tier_is_most_critical_of_all_accounts() {
    let fixture = Fixture::of(vec![
        entry("ana", PrincipalKind::Person, &["web:uid:1", "db:1"]),
        entry("idle", PrincipalKind::Service, &["db:99"]),
        entry("tenure", PrincipalKind::Engine, &["db:98"]),
    ])
    .on("web", "hosts", vec![held("uid:1", GrantKind::Account, "login", Tier::T2)])
    .on(
        "db",
        "postgres",
        vec![
            held("1", GrantKind::Account, "login", Tier::T2),
            held("1", GrantKind::Membership, "role/5", Tier::T3),
            held("5", GrantKind::Privilege, "CREATE", Tier::T1),
        ],
    );
    let names = ["principal.tier", "principal.claimed", "principal.id", "principal.kind", "principal.owner_status"];
    assert_eq!(fixture.person("ana", &names), "T1 true ana person none");
    assert_eq!(fixture.person("idle", &names), "? true idle service none", "no grants are known");
    assert_eq!(fixture.person("tenure", &["principal.tier"]), "T0", "an engine identity belongs to the control plane");
    // The account of the role gives all of it.
    assert_eq!(fixture.told("db", "account:1/login", &["grant.tier"]), "T1");
    assert_eq!(fixture.told("web", "account:uid:1/login", &["grant.tier", "principal.tier"]), "T2 T1");
    // The role is uncorrelated; rules evaluate it nevertheless.
    assert_eq!(told(&fixture.attribute_builder().account("db:5"), &names), "T1 false db:5 ? none");
    let holders: Vec<_> = fixture.attribute_builder().holders().map(|(id, _)| id).collect();
    assert_eq!(holders, ["ana", "idle", "tenure", "db:5"]);
}

#[test]
fn account_with_two_claims_has_unknown_holder() {
    let fixture = Fixture::of(vec![
        entry("ana", PrincipalKind::Person, &["web:uid:1"]),
        entry("bo", PrincipalKind::Person, &["web:uid:1"]),
    ])
    .on("web", "hosts", vec![held("uid:1", GrantKind::Account, "login", Tier::T2)]);
    let names = ["principal.claimed", "principal.id", "principal.kind", "principal.owner_status"];
    assert_eq!(fixture.told("web", "account:uid:1/login", &names), "true web:uid:1 ? ?");
}

#[test]
fn host_keys_have_algorithm_size_and_optional_expiry() {
    let key = |who: &str, print: &str, kind: &str, options: &str| {
        let mut key = with(
            held(who, GrantKind::Credential, &format!("{who}:SHA256:{print}"), Tier::T2),
            &[("type", kind), ("options", options)],
        );
        if kind == "ssh-rsa" {
            key.attributes.insert("bits".to_owned(), "2048".to_owned());
        }
        key
    };
    let fixture = Fixture::of(vec![
        entry("ana", PrincipalKind::Person, &["web:uid:1", "app:uid:1"]),
        entry("ci", PrincipalKind::Service, &["app:uid:2"]),
    ])
    .on(
        "web",
        "hosts",
        vec![
            with(held("uid:1", GrantKind::Account, "login", Tier::T2), &[("login", "yes")]),
            key("uid:1", "A", "ssh-rsa", ""),
            key("uid:1", "B", "sk-ssh-ed25519@openssh.com", "from=\"10.0.0.0/8\",expiry-time=\"20270101\""),
        ],
    )
    .on(
        "app",
        "hosts",
        vec![key("uid:1", "A", "ssh-rsa", ""), key("uid:2", "A", "ssh-dss", "EXPIRY-TIME=\"202601010000Z\"")],
    );
    let what = ["credential.kind", "credential.algorithm", "credential.bits", "credential.static"];
    let when = [
        "credential.expires",
        "credential.expires_in_days",
        "credential.status",
        "credential.source_bound",
        "credential.age_days",
        "credential.newer_active_days",
        "usage.interactive_allowed",
    ];
    let shared = ["credential.shared_identities", "credential.shared_environments"];
    let told =
        |system: &str, key: &str| [&what[..], &when, &shared].map(|names| fixture.told(system, key, names)).join(" | ");
    assert_eq!(
        told("web", "credential:uid:1/uid:1:SHA256:A"),
        "ssh-key rsa 2048 true | false ? active false ? ? true | 2 1",
        "ana and ci have the same key"
    );
    assert_eq!(
        told("web", "credential:uid:1/uid:1:SHA256:B"),
        "ssh-key ed25519 256 true | true 39 active true ? ? true | 1 1"
    );
    assert_eq!(
        told("app", "credential:uid:2/uid:2:SHA256:A"),
        "ssh-key dsa 1024 true | true -326 inactive false ? ? ? | 2 1"
    );
    assert_eq!(fixture.told("web", "account:uid:1/login", &what), "? ? ? ?", "an account is not a credential");
}

#[test]
fn aws_keys_have_age_postgres_passwords_have_expiry() {
    let key = |name: &str, created: &str, status: &str| {
        let attributes = [("type", "access-key"), ("created", created), ("status", status)];
        with(held("AIDA1", GrantKind::Credential, name, Tier::T2), &attributes)
    };
    let password = |name: &str, until: &str, stored: &str| {
        with(held(name, GrantKind::Credential, "password", Tier::T2), &[("valid-until", until), ("stored-as", stored)])
    };
    let user = with(
        held("AIDA1", GrantKind::Account, "iam-user", Tier::T2),
        &[("mfa", "arn:aws:iam::1:u2f/user/a arn:aws:iam::1:mfa/b"), ("created", "2025-11-23T00:00:00Z")],
    );
    let fixture = Fixture::of(vec![entry("ci", PrincipalKind::Service, &["aws:AIDA1"])])
        .on(
            "aws",
            "aws-iam",
            vec![
                user,
                key("old", "2025-11-23T10:00:00.5Z", "Active"),
                key("new", "2026-11-13T00:00:00Z", "Active"),
                key("off", "2026-01-01T00:00:00Z", "Inactive"),
            ],
        )
        .on(
            "db",
            "postgres",
            vec![password("1", "infinity", "md5"), password("2", "2026-12-03T00:00:00Z", "scram-sha-256")],
        );
    let names = [
        "credential.kind",
        "credential.age_days",
        "credential.status",
        "credential.expires",
        "credential.expires_in_days",
        "credential.algorithm",
        "credential.newer_active_days",
    ];
    assert_eq!(fixture.told("aws", "credential:AIDA1/old", &names), "access-key 364 active false ? ? 10");
    assert_eq!(fixture.told("aws", "credential:AIDA1/new", &names), "access-key 10 active false ? ? 0");
    assert_eq!(fixture.told("aws", "credential:AIDA1/off", &names), "access-key 326 inactive false ? ? 10");
    assert_eq!(fixture.told("db", "credential:1/password", &names), "password ? active false ? md5 0");
    assert_eq!(fixture.told("db", "credential:2/password", &names), "password ? active true 10 scram-sha-256 0");
    let account = ["principal.mfa", "grant.granted_days", "usage.interactive_allowed"];
    assert_eq!(
        fixture.told("aws", "account:AIDA1/iam-user", &account),
        "otp 365 false",
        "the weaker of two factors counts"
    );
}

#[test]
fn declared_attributes_apply_if_not_derived() {
    let mut svc = entry("svc", PrincipalKind::Service, &["web:uid:1"]);
    for (name, fact) in [
        ("principal.last_tested_days", AttributeValue::Text("2026-11-03".to_owned())),
        ("principal.review_in_days", AttributeValue::Text("2026-12-03".to_owned())),
        ("principal.mfa", AttributeValue::Text("push".to_owned())),
        ("credential.exposed", AttributeValue::Flag(true)),
        ("grant.jit_available", AttributeValue::Flag(true)),
        ("grant.standing", AttributeValue::Flag(false)),
        ("usage.consumers", AttributeValue::Texts(vec!["export".to_owned()])),
        ("principal.tier", AttributeValue::Text("T3".to_owned())),
        ("principal.color", AttributeValue::Text("blue".to_owned())),
    ] {
        svc.attributes.insert(name.to_owned(), fact);
    }
    let account = held("uid:1", GrantKind::Account, "login", Tier::T0);
    let key = held("uid:1", GrantKind::Credential, "uid:1:SHA256:A", Tier::T2);
    let fixture = Fixture::of(vec![svc]).on("web", "hosts", vec![account, key]);
    let names = ["principal.last_tested_days", "principal.review_in_days", "principal.mfa", "usage.consumers"];
    assert_eq!(fixture.person("svc", &names), "20 10 push [export]");
    let per_grant = ["credential.exposed", "grant.jit_available", "grant.standing", "principal.tier"];
    assert_eq!(fixture.told("web", "account:uid:1/login", &per_grant), "? true true T0");
    assert_eq!(fixture.told("web", "credential:uid:1/uid:1:SHA256:A", &per_grant), "true true true T0");
}

#[test]
fn grants_before_role_change_are_counted_if_dated() {
    let made = |what: &str, day: &str| with(held("A", GrantKind::Policy, what, Tier::T2), &[("created", day)]);
    let moved =
        PrincipalRecord { role_changed_on: Some(days_ago(10)), ..entry("ana", PrincipalKind::Person, &["aws:A"]) };
    let told = |grants: Vec<Grant>, certified: Option<i64>| {
        let mut fixture = Fixture::of(vec![moved.clone()]).on("aws", "aws-iam", grants);
        if let Some(days) = certified {
            let digest = fixture.grant("aws", "policy:A/unsaid").digest();
            fixture.certified.insert(digest, days_ago(days));
        }
        fixture.person("ana", &["principal.older_grants"])
    };
    let unsaid = || held("A", GrantKind::Policy, "unsaid", Tier::T2);
    assert_eq!(told(vec![made("new", "2026-11-20T00:00:00Z")], None), "0");
    assert_eq!(told(vec![made("old", "2026-01-20T00:00:00Z"), unsaid()], None), "1", "a lower bound");
    assert_eq!(told(vec![made("new", "2026-11-20T00:00:00Z"), unsaid()], None), "?");
    assert_eq!(told(vec![unsaid()], Some(30)), "1", "certified before the role change");
    assert_eq!(told(vec![unsaid()], Some(3)), "0", "certified after the role change");
}

#[test]
fn sod_violations_are_unknown_if_not_computed() {
    let mut fixture =
        Fixture::of(vec![entry("ana", PrincipalKind::Person, &[]), entry("bo", PrincipalKind::Person, &[])]);
    assert_eq!(fixture.person("ana", &["principal.sod_violations"]), "?");
    fixture.separation = Some(SodAnalysis::default());
    assert_eq!(fixture.person("bo", &["principal.sod_violations"]), "[]");
}

#[test]
fn tier_is_lowered_only_by_exception_for_same_grant() {
    let mut fixture =
        Fixture::of(vec![]).on("db", "postgres", vec![held("1", GrantKind::Attribute, "replication", Tier::T0)]);
    let digest = fixture.grant("db", "attribute:1/replication").digest();
    let exception = |grant: Digest, rating: Rating, until: i64| Exception {
        schema: "tenure/exception/v1".to_owned(),
        repo: RepoId::random(),
        id: id("exc-1"),
        item: ItemId::parse("itm-0000000000000000").unwrap(),
        grant_digest: grant,
        subject: "db:1".to_owned(),
        rule: Some("EXC-01".to_owned()),
        lower_tier_to: Some(Tier::T2),
        rating,
        owner: id("ana"),
        approver: id("bo"),
        approvers: vec![],
        reason: "an unused replica".to_owned(),
        compensating: "its network is closed".to_owned(),
        proof_days: None,
        first_found: days_ago(9),
        valid_from: days_ago(9),
        until: days_ago(-until),
        renews: None,
    };
    let mut told = |exception: Exception| {
        fixture.lowered = TierOverrides::of([&exception], today());
        let text = fixture.attribute_builder().tier_text(fixture.grant("db", "attribute:1/replication"));
        (fixture.told("db", "attribute:1/replication", &["grant.tier"]), text)
    };
    assert_eq!(
        told(exception(digest, Rating::Critical, 5)),
        ("T2".to_owned(), Some("T2 by exception exc-1 until 2026-11-28T00:00:00Z, T0 by what it gives".to_owned()))
    );
    assert_eq!(told(exception(digest, Rating::Critical, 0)), ("T0".to_owned(), None), "the exception has ended");
    assert_eq!(told(exception(digest, Rating::Low, 5)), ("T0".to_owned(), None), "the rating is too low for the tier");
    assert_eq!(
        told(exception(Digest::ZERO, Rating::Critical, 5)),
        ("T0".to_owned(), None),
        "an exception for another grant"
    );
    let raised = Exception { lower_tier_to: Some(Tier::T0), ..exception(digest, Rating::Critical, 5) };
    assert_eq!(told(raised), ("T0".to_owned(), None));
}
