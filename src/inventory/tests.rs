//! Tests of collection: complete listings are stored, incomplete ones leave the previous inventory unchanged.

use super::*;
use crate::{
    connector::{
        Collector, ConnectorDescriptor, ConnectorError, ConnectorHealth, ConnectorSchema, ControlTotal, GrantPage,
        ListingCursor, PlannedChange, TargetQuery, UnsupportedChangeError,
    },
    model::{
        AccessChange, AccessPath, AccessRoute, Attributes, Digest, Entitlement, FixedClock, Grant, GrantKey, GrantKind,
        GrantObservation, Inventory, Principal, PrincipalId, Tier, Timestamp, Usage, VerificationLevel,
        file::{PrincipalKind, PrincipalRecord, Principals},
    },
};
use proptest::prelude::*;
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    fs,
    path::Path,
    time::Duration,
};

/// An in-memory target with two kinds of grants, paged listings, and scripted misbehavior.
struct Target {
    grants: RefCell<Vec<Grant>>,
    usage: Vec<(GrantKey, Usage)>,
    page: usize,
    totals: RefCell<Vec<u64>>,
    faults: RefCell<Vec<ConnectorError>>,
    loops: bool,
    calls: Cell<u64>,
}

impl Target {
    fn with(count: usize) -> Self {
        Self {
            grants: RefCell::new((0..count).map(grant).collect()),
            usage: Vec::new(),
            page: 10,
            totals: RefCell::new(Vec::new()),
            faults: RefCell::new(Vec::new()),
            loops: false,
            calls: Cell::new(0),
        }
    }

    fn failing(mut self, faults: impl IntoIterator<Item = ConnectorError>) -> Self {
        self.faults = RefCell::new(faults.into_iter().collect());
        self
    }

    fn collected(&self) -> Result<CollectedInventory, CollectError> {
        self.collected_waiting(&|_| {})
    }

    fn collected_waiting(&self, pause: &dyn Fn(Duration)) -> Result<CollectedInventory, CollectError> {
        let system = system();
        let clock = FixedClock(Timestamp::from_unix(1_800_000_000));
        let limits = CollectionLimits { pages: 50, grants: 400, ..CollectionLimits::default() };
        let task = CollectRequest { system: &system, collector: self, clock: &clock, limits, pause };
        collect(&task, &mut |_| {})
    }
}

impl ConnectorSchema for Target {
    fn describe(&self) -> ConnectorDescriptor {
        let kinds = &[GrantKind::Membership, GrantKind::Account];
        ConnectorDescriptor { name: "memory", kinds, needs: &[], level: VerificationLevel::V3 }
    }

    fn plan_change(&self, _: &AccessChange, _: &Grant, _: &Inventory) -> Result<PlannedChange, UnsupportedChangeError> {
        Err(UnsupportedChangeError::Unsupported { why: "it only reads".to_owned(), instead: String::new() })
    }
}

impl Collector for Target {
    fn validate(&self) -> Result<ConnectorHealth, ConnectorError> {
        let health = ConnectorHealth {
            target: "memory\u{1b}[2J 1".to_owned(),
            identity: "reader".to_owned(),
            blind_spots: Vec::new(),
        };
        Ok(health)
    }

    fn list(&self, kind: GrantKind, from: Option<&ListingCursor>) -> Result<GrantPage, ConnectorError> {
        self.calls.set(self.calls.get() + 1);
        if let Some(fault) = self.faults.borrow_mut().pop() {
            return Err(fault);
        }
        let start: usize = from.map_or(0, |cursor| cursor.0.parse().unwrap());
        let all = self.grants.borrow();
        let asked = |grant: &&Grant| grant.kind == kind || grant.attribute("stray").is_some();
        let mine: Vec<_> = all.iter().filter(asked).cloned().collect();
        let end = (start + self.page).min(mine.len());
        let last = end == mine.len();
        let next = if self.loops { Some("0".to_owned()) } else { (!last).then(|| end.to_string()) };
        let usage = if kind == GrantKind::Account { self.usage.clone() } else { Vec::new() };
        Ok(GrantPage { grants: mine[start..end].to_vec(), usage, next: next.map(ListingCursor) })
    }

    fn control_totals(&self) -> Result<Vec<ControlTotal>, ConnectorError> {
        let count = self.totals.borrow_mut().pop();
        let total = |count| ControlTotal { kind: GrantKind::Account, count, source: "count(*)".to_owned() };
        Ok(count.map(total).into_iter().collect())
    }

    fn observe(&self, _: &TargetQuery<'_>) -> Result<GrantObservation, ConnectorError> {
        Err(ConnectorError::Unsupported("observe".to_owned()))
    }

    fn calls(&self) -> u64 {
        self.calls.get()
    }
}

fn system() -> SystemId {
    SystemId::parse("db").unwrap()
}

fn key(text: &str) -> GrantKey {
    GrantKey::parse(text).unwrap()
}

fn grant(index: usize) -> Grant {
    let kind = if index % 3 == 2 { GrantKind::Membership } else { GrantKind::Account };
    Grant {
        system: system(),
        kind,
        key: key(&format!("{kind}:{index:04}")),
        principal: Principal { id: format!("{}", index / 2), name: format!("role_{}", index / 2) },
        entitlement: Entitlement { id: format!("e{index}"), name: "login".to_owned() },
        paths: vec![AccessPath { via: AccessRoute::Direct, ids: format!("e{index}"), text: "itself".to_owned() }],
        attributes: Attributes::new(),
        expands_to: Vec::new(),
        tier: Tier::T2,
    }
}

fn in_repository(files: &BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    files.iter().map(|(path, bytes)| (format!("inventory/db/{path}"), bytes.clone())).collect()
}

#[test]
fn loaded_inventory_equals_collected_one() {
    let mut target = Target::with(95);
    target.usage = vec![
        (key("account:0001"), Usage::NeverSince(Timestamp::from_unix(0))),
        (key("membership:0002"), Usage::Unknown("not kept".into())),
    ];
    let collection = target.collected().unwrap();
    let counts: Vec<_> = collection.observation.kinds.iter().map(|k| (k.kind, k.count, k.pages)).collect();
    assert_eq!(counts, [(GrantKind::Account, 64, 7), (GrantKind::Membership, 31, 4)]);
    assert_eq!(collection.observation.calls, 11);

    let loaded = load(&in_repository(&collection.into_files()), &system()).unwrap();
    let keys: std::collections::BTreeSet<_> = loaded.inventory.grants().map(|grant| grant.key.clone()).collect();
    assert_eq!(keys.len(), 95);
    assert!(loaded.inventory.grants().all(|held| target.grants.borrow().contains(held)));
    assert_eq!(loaded.inventory.usage(&key("membership:0002")), Usage::Unknown("not kept".into()));
}

#[test]
fn page_order_does_not_change_inventory_bytes() {
    let target = Target::with(40);
    let first = target.collected().unwrap();
    target.grants.borrow_mut().reverse();
    let second = Target { page: 3, ..target }.collected().unwrap();
    assert_eq!(first.files, second.files);
}

#[test]
fn reads_are_retried_only_for_retryable_errors() {
    let waits = RefCell::new(Vec::new());
    let soon = Timestamp::from_unix(1_800_000_007);
    let faults = [ConnectorError::RateLimited { until: Some(soon) }, ConnectorError::Transient("reset".to_owned())];
    let collection = Target::with(5).failing(faults).collected_waiting(&|wait| waits.borrow_mut().push(wait));
    assert!(collection.is_ok());
    assert_eq!(*waits.borrow(), [Duration::from_millis(500), Duration::from_secs(7)]);

    let refused = ConnectorError::Forbidden { missing: "pg_read_all_settings".to_owned() };
    let target = Target::with(5).failing([refused]);
    let error = target.collected().unwrap_err();
    assert_eq!(
        error.to_string(),
        "listing account, page 1 failed after 1 attempt: the target refused: pg_read_all_settings"
    );
    assert_eq!(target.calls(), 1);

    let down = std::iter::repeat_n(ConnectorError::Transient("down".to_owned()), 20);
    let error = Target::with(5).failing(down).collected().unwrap_err();
    assert!(matches!(error, CollectError::Read { tries: 5, .. }), "{error}");

    let late = ConnectorError::RateLimited { until: Some(soon.plus_days(1)) };
    let error = Target::with(5).failing([late]).collected().unwrap_err();
    assert!(matches!(error, CollectError::Read { tries: 1, .. }), "{error}");
}

#[test]
fn listing_without_end_is_rejected() {
    let looping = Target { loops: true, ..Target::with(0) };
    assert_eq!(looping.collected().unwrap_err().code(), "cursor-repeated");

    let endless = Target { page: 1, ..Target::with(300) };
    assert_eq!(endless.collected().unwrap_err().to_string(), "account: more than 50 pages");
    assert_eq!(Target { page: 999, ..Target::with(900) }.collected().unwrap_err().code(), "listing-too-long");
    assert_eq!(Target::with(0).collected().unwrap_err().code(), "empty-inventory");
}

#[test]
fn inconsistent_listing_is_rejected() {
    let spoiled = |spoil: fn(&mut Vec<Grant>)| {
        let target = Target::with(12);
        spoil(&mut target.grants.borrow_mut());
        target.collected().unwrap_err().code()
    };
    assert_eq!(spoiled(|grants| grants.push(grant(0))), "duplicate-grant");
    assert_eq!(spoiled(|grants| grants[2].key = key("account:0000")), "duplicate-grant");
    assert_eq!(spoiled(|grants| grants[1].system = SystemId::parse("other").unwrap()), "grant-of-other-system");
    assert_eq!(
        spoiled(|grants| drop(grants[2].attributes.insert("stray".to_owned(), "1".to_owned()))),
        "grant-of-other-system"
    );

    let stray = Target { usage: vec![(key("account:9999"), Usage::At(Timestamp::from_unix(0)))], ..Target::with(9) };
    assert_eq!(stray.collected().unwrap_err().code(), "usage-without-grant");
}

#[test]
fn differing_control_total_is_an_error_after_retry() {
    // Counts are taken from the end: first 9, then 8.
    let target = Target { totals: RefCell::new(vec![8, 9]), ..Target::with(12) };
    let observed = target.collected().unwrap().observation;
    assert_eq!(observed.kinds[0].control_total, Some(8));
    assert_eq!(observed.kinds[0].control_source.as_deref(), Some("count(*)"));
    assert_eq!(observed.kinds[1].control_total, None);

    let target = Target { totals: RefCell::new(vec![9, 9]), ..Target::with(12) };
    let error = target.collected().unwrap_err();
    assert_eq!(error.to_string(), "account: 8 listed, but 9 by `count(*)`; second listing: 8");
}

#[test]
fn changed_inventory_file_is_rejected() {
    let whole = in_repository(&Target::with(30).collected().unwrap().into_files());
    for path in whole.keys() {
        let mut without = whole.clone();
        without.remove(path);
        let expected = if path.ends_with(".toml") { "inventory-missing" } else { "inventory-inconsistent" };
        assert_eq!(load(&without, &system()).unwrap_err().code(), expected, "{path}");
        let mut flipped = whole.clone();
        let first = flipped.get_mut(path).and_then(|bytes| bytes.first_mut());
        if let Some(byte) = first {
            *byte ^= 1;
            assert!(load(&flipped, &system()).is_err(), "{path}");
        }
    }
}

#[test]
fn malformed_lines_are_rejected_despite_digest() {
    let whole = in_repository(&Target::with(30).collected().unwrap().into_files());
    let path = "inventory/db/grants/account.jsonl";
    let spoiled = |spoil: &dyn Fn(&str) -> String| {
        let mut files = whole.clone();
        let before = Digest::of(&files[path]).to_string();
        let text = spoil(std::str::from_utf8(&files[path]).unwrap());
        let after = Digest::of(&text).to_string();
        files.insert(path.to_owned(), text.into_bytes());
        let observation = String::from_utf8(files["inventory/db/observation.toml"].clone()).unwrap();
        let observation = observation.replace(&before, &after).into_bytes();
        files.insert("inventory/db/observation.toml".to_owned(), observation);
        load(&files, &system()).unwrap_err().to_string()
    };
    let reversed = |text: &str| text.lines().rev().map(|line| format!("{line}\n")).collect::<String>();
    let told = [
        spoiled(&|text| text.replacen(',', ", ", 1)),
        spoiled(&|text| text.replacen("{", "{\"more\":1,", 1)),
        spoiled(&|text| text.replacen("\"login\"", "\"\\u006cogin\"", 1)),
        spoiled(&|text| text.trim_end().to_owned()),
        spoiled(&reversed),
        spoiled(&|text| text.replace("\"db\"", "\"xy\"")),
        spoiled(&|text| text.replace("\"kind\":\"account\"", "\"kind\":\"rule\"")),
        spoiled(&|text| text.lines().skip(1).map(|line| format!("{line}\n")).collect()),
    ];
    insta::assert_snapshot!(told.join("\n").replace("inventory/db/grants/", ""), @"
    `account.jsonl` is not in canonical form: not-canonical: line 1: not in canonical form (RFC 8785)
    `account.jsonl` is not in canonical form: invalid-line: line 1: unknown field `more`, expected one of `system`, `kind`, `key`, `principal`, `entitlement`, `paths`, `attributes`, `expands_to`, `tier`
    `account.jsonl` is not in canonical form: not-canonical: line 1: not in canonical form (RFC 8785)
    `account.jsonl` is not in canonical form: no-final-newline: line 20: the last line has no line end
    `account.jsonl` is not in canonical form: not-sorted: line 2: `account:0027` comes after `account:0028`: lines must be sorted by key, without duplicates
    `account.jsonl`: line 1 is not a grant of the system db and the kind account
    `account.jsonl`: line 1 is not a grant of the system db and the kind account
    `account.jsonl`: it has 19 grants, but the observation counts 20
    ");
}

#[test]
fn inventory_is_replaced_atomically_without_leftovers() {
    let root = tempfile::tempdir().unwrap();
    for count in [30, 45] {
        let files = Target::with(count).collected().unwrap().into_files();
        publish(root.path(), &system(), &files).unwrap();
        let loaded = load(&WorkTree::new(root.path()), &system()).unwrap();
        assert_eq!(loaded.inventory.grants().len(), count);
        assert_eq!(names(&root.path().join("inventory")), ["db"]);
        assert_eq!(names(&root.path().join("inventory/db")), ["grants", "observation.toml", "usage.jsonl"]);
    }
}

#[test]
fn crash_leftovers_are_removed_and_old_folder_restored() {
    let root = tempfile::tempdir().unwrap();
    let files = Target::with(30).collected().unwrap().into_files();
    publish(root.path(), &system(), &files).unwrap();
    let staging = root.path().join("inventory/.staging");
    fs::create_dir_all(staging.join("db.new/grants")).unwrap();
    fs::write(staging.join("db.new/grants/junk.jsonl"), "half").unwrap();
    fs::rename(root.path().join("inventory/db"), staging.join("db.old")).unwrap();

    // The next collection fails before it has anything to publish in full: the old one must be back.
    let unwritable = [("grants".to_owned(), Vec::new()), ("grants/account.jsonl".to_owned(), Vec::new())].into();
    assert!(publish(root.path(), &system(), &unwritable).is_err());
    assert!(load(&WorkTree::new(root.path()), &system()).is_ok());

    publish(root.path(), &system(), &files).unwrap();
    assert_eq!(names(&root.path().join("inventory")), ["db"]);
    assert_eq!(names(&root.path().join("inventory/db/grants")), ["account.jsonl", "membership.jsonl"]);
}

#[test]
fn symbolic_links_are_not_followed() {
    let (root, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let files = Target::with(30).collected().unwrap().into_files();
    publish(outside.path(), &system(), &files).unwrap();
    std::os::unix::fs::symlink(outside.path().join("inventory"), root.path().join("inventory")).unwrap();
    assert_eq!(load(&WorkTree::new(root.path()), &system()).unwrap_err().code(), "inventory-unreadable");
    assert!(publish(root.path(), &system(), &files).is_err());
    assert!(WorkTree::new(root.path()).read("../etc/passwd").is_err());
}

#[test]
fn difference_describes_changes_and_lapsed_reviews() {
    let target = Target::with(6);
    let before = load(&in_repository(&target.collected().unwrap().into_files()), &system()).unwrap().inventory;
    {
        let mut grants = target.grants.borrow_mut();
        grants.remove(5);
        grants.push(grant(7));
        grants[0].principal.name = "renamed".to_owned();
        grants[1].attributes.insert("superuser".to_owned(), "yes".to_owned());
        grants[1].tier = Tier::T0;
        grants[3].paths.push(AccessPath { via: AccessRoute::Group, ids: "g".to_owned(), text: "through g".to_owned() });
        grants[4].expands_to.push(Entitlement { id: "x".to_owned(), name: "read orders".to_owned() });
    }
    let after = load(&in_repository(&target.collected().unwrap().into_files()), &system()).unwrap().inventory;
    let found = difference(&before, &after);
    assert_eq!(found.added, [grant(7)]);
    assert_eq!(found.removed, [grant(5)]);
    let told: Vec<_> = found.changed.iter().map(|c| (c.grant.key.as_str(), c.lapses, c.what.join("; "))).collect();
    assert_eq!(
        told,
        [
            ("account:0000", false, "principal: role_0 → renamed".to_owned()),
            ("account:0001", true, "tier: T2 → T0; superuser: (not there) → yes".to_owned()),
            ("account:0003", true, "path + through g".to_owned()),
            ("account:0004", true, "gives + read orders".to_owned()),
        ]
    );
    assert!(difference(&after, &after).is_empty());
}

fn entry(id: &str, kind: PrincipalKind, owner: Option<&str>, accounts: &[&str]) -> PrincipalRecord {
    PrincipalRecord {
        accounts: accounts.iter().map(|&account| account.to_owned()).collect(),
        owner: owner.map(|owner| PrincipalId::parse(owner).unwrap()),
        ..PrincipalRecord::new(PrincipalId::parse(id).unwrap(), kind)
    }
}

#[test]
fn disputed_account_is_not_correlated() {
    let principals = |principals| Principals { schema: "tenure/principals/v1".to_owned(), principals };
    let (people, findings) = IdentityDirectory::new([
        (
            "principals/a.toml",
            principals(vec![
                entry("ana", PrincipalKind::Person, Some("boss"), &["db:1", "aws:AIDA1"]),
                entry("boss", PrincipalKind::Person, None, &["db:2"]),
                entry("etl", PrincipalKind::Service, Some("robot"), &["db:3"]),
                entry("robot", PrincipalKind::Agent, Some("ana"), &["db:4", "db:2"]),
            ]),
        ),
        (
            "principals/b.toml",
            principals(vec![
                entry("etl", PrincipalKind::Service, None, &[]),
                entry("lost", PrincipalKind::Service, Some("nobody"), &["db:5"]),
                entry("loop-a", PrincipalKind::Service, Some("loop-b"), &["db:6"]),
                entry("loop-b", PrincipalKind::Service, Some("loop-a"), &[]),
            ]),
        ),
    ]);
    let told: Vec<_> = findings.iter().map(|finding| (finding.code, finding.subject.as_str())).collect();
    assert_eq!(
        told,
        [
            ("account-multiply-correlated", "db:2"),
            ("duplicate-principal", "principals/b.toml"),
            ("unknown-owner", "lost")
        ]
    );
    assert_eq!(people.identity_of("aws:AIDA1").map(|entry| entry.id.as_str()), Some("ana"));
    assert!(people.identity_of("db:2").is_none() && people.identity_of("db:99").is_none());
}

proptest! {
    #[test]
    fn files_do_not_depend_on_the_order_of_answers(order in Just((0..30_usize).collect::<Vec<_>>()).prop_shuffle()) {
        let target = Target::with(0);
        *target.grants.borrow_mut() = order.into_iter().map(grant).collect();
        let files = target.collected().unwrap().files;
        prop_assert_eq!(files, Target::with(30).collected().unwrap().files);
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
