//! The hosts connector through its public interface: from account files to inventory and plan.

use std::{collections::BTreeMap, fs, time::Duration};
use tenure::{
    connector::{
        ConnectorError, ConnectorSchema,
        hosts::{self, HostsConfig},
    },
    inventory::{
        CollectError, CollectRequest, CollectedInventory, CollectionLimits, LoadedInventory, WorkTree, collect, load,
        publish,
    },
    model::{AccessChange, FixedClock, GrantKind, SystemId, Timestamp, Usage},
};

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";

/// A system in a directory, and a folder for its inventory.
struct TestHost {
    dir: tempfile::TempDir,
    config: HostsConfig,
    system: SystemId,
}

impl TestHost {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = HostsConfig::below(dir.path().join("root"));
        let world = Self { dir, config, system: SystemId::parse("web-1").unwrap() };
        world.file("etc/passwd", "root:x:0:0:root:/root:/bin/bash\nana:x:1000:1000::/home/ana:/bin/bash\n");
        world.file("etc/shadow", "root:*:19700:0:99999:7:::\nana:!:19700:0:99999:7:::\n");
        world.file("etc/group", "root:x:0:\nsudo:x:27:ana\nana:x:1000:\n");
        world.file("etc/gshadow", "root:*::\nsudo:*::ana\nana:!::\n");
        world.file("etc/sudoers", "%sudo ALL=(ALL:ALL) ALL\nana ALL=(root) NOPASSWD: /usr/bin/id\n");
        world.file("home/ana/.ssh/authorized_keys", &format!("{KEY} ana@\u{43d}\u{430}\u{202e}home\n"));
        world
    }

    fn file(&self, path: &str, text: &str) {
        let path = self.dir.path().join("root").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn collected(&self) -> Result<CollectedInventory, CollectError> {
        let hosts = hosts::open(&self.system, &self.config).unwrap();
        let clock = FixedClock(Timestamp::parse("2026-11-23T05:00:00Z").unwrap());
        let task = CollectRequest {
            system: &self.system,
            collector: &hosts,
            clock: &clock,
            limits: CollectionLimits::default(),
            pause: &|_: Duration| {},
        };
        collect(&task, &mut |_| {})
    }

    /// Collects, writes the inventory, and reads it back.
    fn loaded(&self) -> (BTreeMap<String, Vec<u8>>, LoadedInventory) {
        let files = self.collected().unwrap().into_files();
        publish(self.dir.path(), &self.system, &files).unwrap();
        (files, load(&WorkTree::new(self.dir.path()), &self.system).unwrap())
    }
}

#[test]
fn a_collection_is_whole_and_the_same_each_time() {
    let world = TestHost::new();
    let (first, loaded) = world.loaded();
    let (second, _) = world.loaded();
    assert_eq!(first, second, "nothing in an unchanged system's inventory changes");
    let keys: Vec<_> = loaded.inventory.grants().map(|grant| grant.key.to_string()).collect();
    let kinds = ["account:", "key:", "membership:", "primary:", "sudo:"];
    assert!(kinds.iter().all(|kind| keys.iter().any(|key| key.starts_with(kind))), "{keys:#?}");
    let accounts = loaded.observation.kinds.iter().find(|count| count.kind == GrantKind::Account).unwrap();
    assert_eq!((accounts.count, accounts.control_total), (2, Some(2)));
    let text = String::from_utf8(first.values().flatten().copied().collect()).unwrap();
    assert!(!text.contains('\u{202e}') && text.contains("\\u{202e}"), "what a user wrote is shown, not obeyed");
}

#[test]
fn an_inventory_alone_is_enough_to_plan_with() {
    let world = TestHost::new();
    let (_, loaded) = world.loaded();
    let words = hosts::vocabulary(&world.config);
    let membership = loaded.inventory.grants().find(|grant| grant.key.as_str().starts_with("membership:")).unwrap();
    fs::remove_dir_all(world.dir.path().join("root")).unwrap();
    let draft = words.plan_change(&AccessChange::Revoke {}, membership, &loaded.inventory).unwrap();
    assert_eq!(draft, words.plan_change(&AccessChange::Revoke {}, membership, &loaded.inventory).unwrap());
    assert_eq!(draft.operations[0].with["member"], "uid:1000:ana");
}

#[test]
fn a_hole_in_the_population_stops_the_collection() {
    let world = TestHost::new();
    fs::remove_file(world.dir.path().join("root/etc/shadow")).unwrap();
    let error = world.collected().unwrap_err();
    let missing = |error: &CollectError| matches!(error, CollectError::Read { error: ConnectorError::NotFound(_), .. });
    assert!(missing(&error) && error.to_string().contains("/etc/shadow"), "{error}");
}

#[test]
fn use_is_known_unknown_or_never_since() {
    let world = TestHost::new();
    let usage = |world: &TestHost, name: &str| {
        let (_, loaded) = world.loaded();
        let key = loaded.inventory.grants().find(|grant| grant.key.as_str().ends_with(&format!(":{name}"))).unwrap();
        loaded.inventory.usage(&key.key.clone())
    };
    assert!(matches!(usage(&world, "ana"), Usage::Unknown(because) if because.contains("no readable lastlog")));
    // lastlog(5): an array by uid; ana has uid 1000.
    let mut lastlog = vec![0_u8; 292 * 1001];
    lastlog[292 * 1000..292 * 1000 + 4].copy_from_slice(&1_790_000_000_u32.to_le_bytes());
    let path = world.dir.path().join("root/var/log");
    fs::create_dir_all(&path).unwrap();
    fs::write(path.join("lastlog"), lastlog).unwrap();
    assert_eq!(usage(&world, "ana"), Usage::At(Timestamp::from_unix(1_790_000_000)));
}

#[test]
fn hosts_connector_conformance() {
    let world = TestHost::new();
    let host = hosts::open(&world.system, &world.config).unwrap();
    // Each file is a call, and an observation reads the files of every account, so the usual limit of 3 calls is
    // exceeded; so are those of sshd, doas and polkit, and the directories of commands are searched once.
    crate::support::conformance::conforms_within(&host, &world.system, 60);
}
