//! Tests of the `hosts` connector on trees like Debian's in temporary directories.

mod accepted;
mod accounts;
mod collateral;
mod costs;
mod crash;
mod fragments;
mod holders;
mod keys;
mod memberships;
mod other_ways;
mod reach;
mod remaining;
mod remaining_paths;
mod rules;
mod sudo_agreement;
mod tools;
mod unsafe_targets;
mod verdict_agreement;

use super::{Hosts, HostsConfig, open};
use crate::connector::TargetQuery;
use crate::model::{RemainingPath, SurvivingPath, Tier};
use crate::{
    connector::{
        ApplyReceipt, Collector, ConnectorError, ConnectorSchema, Intent, PlannedChange, Provisioner, SecretSink,
        SinkError, UnconfiguredSink, UnsupportedChangeError, WitnessQuery,
    },
    model::{
        AccessChange, Action, Digest, ExpectedState, Grant, GrantKind, GrantObservation, Inventory, ItemId, SystemId,
        Timestamp, Verdict, VerificationLevel,
        action::{ActionBasis, ActionSpec, Planned},
    },
};
use secrecy::{ExposeSecret, SecretString};
use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt, path::PathBuf, sync::Mutex};

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";
const OTHER_KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP/+/fz7+vn49/b19PPy8fDv7u3s6+rp6Ofm5eTj4uHg";

/// A host below a temporary directory.
struct Host {
    dir: tempfile::TempDir,
    config: HostsConfig,
}

impl Host {
    /// Returns the host below an existing directory.
    fn at(root: PathBuf) -> Self {
        let mut config = HostsConfig::below(root);
        config.lock_wait_seconds = 0;
        Self { dir: tempfile::tempdir().unwrap(), config }
    }

    /// Returns a host with root and daemon; ana, an administrator by sudo; svc, a service with a key; and bo, who left.
    fn debian() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = HostsConfig::below(dir.path());
        config.lock_wait_seconds = 0;
        let host = Self { dir, config };
        host.file(
            "/etc/passwd",
            0o644,
            &[
                "root:x:0:0:root:/root:/bin/bash",
                "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin",
                "ana:x:1000:1000:Ana Ruiz,,,:/home/ana:/bin/bash",
                "svc:x:1001:1001::/home/svc:/bin/sh",
                "bo:x:1002:1002:Bo:/home/bo:/bin/bash",
            ],
        );
        host.file(
            "/etc/shadow",
            0o640,
            &[
                "root:*:19700:0:99999:7:::",
                "daemon:*:19700:0:99999:7:::",
                "ana:$y$j9T$not.a.real.salt$notarealhash:19700:0:99999:7:::",
                "svc:!:19700:0:99999:7:::",
                "bo:$y$j9T$not.a.real.salt$notarealhash:19700:0:99999:7:::",
            ],
        );
        host.file(
            "/etc/group",
            0o644,
            &[
                "root:x:0:",
                "daemon:x:1:",
                "adm:x:4:ana",
                "sudo:x:27:ana,svc",
                "docker:x:998:bo",
                "ana:x:1000:",
                "svc:x:1001:",
                "bo:x:1002:",
            ],
        );
        host.file(
            "/etc/gshadow",
            0o640,
            &[
                "root:*::",
                "daemon:*::",
                "adm:*::ana",
                "sudo:*::ana,svc",
                "docker:!::bo",
                "ana:!::",
                "svc:!::",
                "bo:!::",
            ],
        );
        host.file(
            "/etc/sudoers",
            0o440,
            &[
                "# See the man page.",
                "Defaults\tenv_reset",
                "root\tALL=(ALL:ALL) ALL",
                "%sudo\tALL=(ALL:ALL) ALL",
                "@includedir /etc/sudoers.d",
            ],
        );
        host.file("/etc/machine-id", 0o444, &["0123456789abcdef0123456789abcdef"]);
        host.file("/etc/sudoers.d/README", 0o440, &["# Files with a dot are skipped."]);
        host.file(
            "/home/svc/.ssh/authorized_keys",
            0o600,
            &["# keys", &format!("{KEY} ci@build"), &format!("{OTHER_KEY} backup")],
        );
        host
    }

    fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path.trim_start_matches('/'))
    }

    fn file(&self, path: &str, mode: u32, lines: &[&str]) {
        let full = self.path(path);
        fs::create_dir_all(full.parent().unwrap()).unwrap();
        fs::write(&full, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
        fs::set_permissions(&full, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// Replaces text in a file, which must contain it.
    fn change(&self, path: &str, from: &str, to: &str) {
        let old = self.read(path);
        assert!(old.contains(from), "{path} has no {from:?}:\n{old}");
        fs::write(self.path(path), old.replace(from, to)).unwrap();
    }

    fn system(&self) -> SystemId {
        SystemId::parse("web-1").unwrap()
    }

    fn open(&self) -> Hosts {
        open(&self.system(), &self.config).unwrap()
    }

    fn inventory(&self) -> Inventory {
        self.try_inventory().unwrap()
    }

    fn try_inventory(&self) -> Result<Inventory, ConnectorError> {
        let hosts = self.open();
        let (mut grants, mut usage) = (Vec::new(), BTreeMap::new());
        for kind in hosts.describe().kinds {
            let page = hosts.list(*kind, None)?;
            assert!(page.next.is_none());
            grants.extend(page.grants);
            usage.extend(page.usage);
        }
        let now = Timestamp::parse("2026-11-23T05:00:00Z").unwrap();
        Ok(Inventory::new(self.system(), now, Digest::ZERO, true, grants, usage))
    }

    /// Returns the only grant of a kind whose key contains all of `parts`.
    fn grant(&self, kind: GrantKind, parts: &[&str]) -> Grant {
        let inventory = self.inventory();
        let fits = |grant: &&Grant| grant.kind == kind && parts.iter().all(|part| grant.key.as_str().contains(part));
        let found: Vec<&Grant> = inventory.grants().filter(fits).collect();
        let keys: Vec<_> = inventory.grants().map(|grant| grant.key.as_str()).collect();
        assert_eq!(found.len(), 1, "{kind} {parts:?} among\n{}", keys.join("\n"));
        found[0].clone()
    }

    fn plan_change(&self, change: &AccessChange, grant: &Grant) -> Result<PlannedChange, UnsupportedChangeError> {
        super::vocabulary(&self.config).plan_change(change, grant, &self.inventory())
    }

    fn plan(&self, change: AccessChange, grant: &Grant) -> ActionSpec {
        planned(self.plan_change(&change, grant).unwrap(), change, grant)
    }

    fn apply(&self, planned: &ActionSpec) -> Result<ApplyReceipt, ConnectorError> {
        self.apply_with(planned, &UnconfiguredSink)
    }

    fn apply_with(&self, planned: &ActionSpec, sink: &dyn SecretSink) -> Result<ApplyReceipt, ConnectorError> {
        let action: Action<Planned> = Action::new(planned.clone());
        self.open().apply(&action, Intent::recorded(planned.id.clone(), 7), sink)
    }

    /// Plans and applies a change, and returns the state afterwards.
    fn carry_out(&self, change: AccessChange, grant: &Grant) -> GrantObservation {
        let planned = self.plan(change, grant);
        let receipt = self.apply(&planned).unwrap();
        assert!(!receipt.already, "{receipt:?}");
        self.look(grant)
    }

    /// Reads what is left after an action, and asks the system.
    fn verify(&self, planned: &ActionSpec) -> GrantObservation {
        self.open().observe(&TargetQuery::about(planned).asking(WitnessQuery::Choose)).unwrap()
    }

    fn look(&self, grant: &Grant) -> GrantObservation {
        self.open().observe(&TargetQuery::removal(grant)).unwrap()
    }
}

fn planned(draft: PlannedChange, change: AccessChange, grant: &Grant) -> ActionSpec {
    let item = ItemId::parse("itm-0000000000000001").unwrap();
    let repo = crate::model::RepoId::parse("urn:uuid:9c1e6f0a-6a0f-4c59-9a53-1c7f5f6d2b11").unwrap();
    ActionSpec {
        id: crate::model::ActionId::of(&repo, &item, &grant.digest(), change.verb()),
        basis: ActionBasis {
            path: "campaigns/c/reviews/web-1/ana.toml".to_owned(),
            file: Digest::ZERO,
            item,
            verdict: Verdict::Revoke,
            signers: vec!["ana".to_owned()],
            decided: Default::default(),
        },
        precondition: grant.digest(),
        grant: grant.clone(),
        change,
        operations: draft.operations,
        expects: draft.expects,
        loses: draft.loses,
        survives: surviving(draft.survives, grant.tier),
        effects: draft.effects,
        irreversible: draft.irreversible,
        level: VerificationLevel::V3,
    }
}

/// Asserts that a grant is absent, with a known object found in the same read.
fn assert_gone(sighting: &GrantObservation) {
    assert!(sighting.is_absent(), "{sighting:?}");
    assert!(sighting.access.as_ref().is_ok_and(|left| left.probe.contains("uid 0")), "{sighting:?}");
    assert_eq!(sighting.grant, None);
}

/// Asserts that an access exists, by paths that contain each of `words`.
fn assert_present(sighting: &GrantObservation, words: &[&str]) {
    let paths = &sighting.access.as_ref().unwrap().paths;
    for word in words {
        assert!(paths.iter().any(|path| path.path.text.contains(word)), "{word} is not in {paths:#?}");
    }
}

fn assert_shows(planned: &ActionSpec, sighting: &GrantObservation) {
    let ExpectedState::Shows(wanted) = &planned.expects else { panic!("{:?}", planned.expects) };
    let grant = sighting.grant.as_ref().unwrap_or_else(|| panic!("{sighting:?}"));
    for (name, value) in wanted {
        assert_eq!(grant.attribute(name), Some(value.as_str()), "{name}");
    }
}

/// A sink that keeps secrets in memory.
#[derive(Default)]
struct Drawer(Mutex<Vec<(String, String)>>);

impl SecretSink for Drawer {
    fn deposit(&self, label: &str, secret: &SecretString) -> Result<String, SinkError> {
        let mut kept = self.0.lock().unwrap();
        kept.push((label.to_owned(), secret.expose_secret().to_owned()));
        Ok(format!("drawer/{}", kept.len()))
    }
}

fn surviving(paths: Vec<RemainingPath>, lost: Tier) -> Vec<SurvivingPath> {
    paths.into_iter().map(|path| SurvivingPath::of(path, lost, None)).collect()
}
