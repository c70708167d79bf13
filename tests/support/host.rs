//! A small Linux system below a folder.

use super::fixtures::{Decision, TestRepository};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use tenure::model::Verdict;

/// Every kind of grant of a host.
pub const KINDS: &[&str] = &["account", "credential", "membership", "rule"];

/// Returns the settings of a host beside the repository, with separate settings for read-back.
pub fn settings(folder: &str) -> String {
    let root = format!("root = \"../{folder}\"\n");
    format!("connector = \"hosts\"\n\n[settings]\n{root}\n[settings.readback]\n{root}")
}

/// Creates a host in a folder of the world: people, jobs, two administrators, a leaver's key.
pub fn lay(world: &TestRepository, folder: &str) {
    for (path, mode, text) in FILES {
        let name = format!("{folder}/{path}");
        world.write(&name, text);
        fs::set_permissions(world.join(&name), fs::Permissions::from_mode(*mode)).unwrap();
    }
}

/// Registers these systems as hosts beside the repository, and runs a campaign on them with [`DECISIONS`].
pub fn decide(world: &TestRepository, systems: &[&str]) {
    for system in systems {
        lay(world, system);
        world.system(system, &settings(system));
    }
    world.collected(systems);
    let select: Vec<(&str, &[&str])> = systems.iter().map(|system| (*system, KINDS)).collect();
    world.campaign(&select);
    world.decided(&all_decisions(systems));
}

/// The four decisions on each of these systems.
pub fn all_decisions<'a>(systems: &[&'a str]) -> Vec<Decision<'a>> {
    systems.iter().flat_map(|system| decisions(system)).collect()
}

/// Four decisions, each about a separate file, so that the file shows whether it was enforced.
fn decisions(system: &str) -> [Decision<'_>; 4] {
    [
        Decision(system, "svc_export", "membership group sudo", Verdict::Revoke),
        Decision(system, "li", "account account li", Verdict::Disable),
        Decision(system, "deploy", "credential ssh as deploy with li@laptop", Verdict::Revoke),
        Decision(system, "deploy", "rule sudo (root) NOPASSWD: /usr/bin/systemctl restart shop", Verdict::Revoke),
    ]
}

/// Asserts that a host is exactly as decided.
pub fn is_as_decided(host: &Path) {
    let told: BTreeMap<_, _> = FILES.iter().map(|(path, _, text)| (*path, *text)).collect();
    for (path, text, _) in files(host) {
        let wanted = match path {
            "etc/group" | "etc/gshadow" => told[path].replace("ben,svc_export,svc_backup", "ben,svc_backup"),
            "etc/shadow" => told[path].replace("li:!:20000:0:99999:7:::", "li:!:20000:0:99999:7::1:"),
            "etc/sudoers.d/deploy" => String::new(),
            "srv/deploy/.ssh/authorized_keys" => told[path].lines().take(1).map(|line| format!("{line}\n")).collect(),
            _ => told[path].to_owned(),
        };
        assert_eq!(text, wanted, "{path}");
    }
}

/// Asserts that a host is unchanged.
pub fn is_untouched(host: &Path) {
    let told: Vec<_> = FILES.iter().map(|(path, _, text)| (*path, (*text).to_owned())).collect();
    let now: Vec<_> = files(host).into_iter().map(|(path, text, _)| (path, text)).collect();
    assert_eq!(now, told);
}

/// Returns the files of a host that define access, with content and inode.
pub fn files(folder: &Path) -> Vec<(&'static str, String, u64)> {
    let read = |path: &'static str| {
        let file = folder.join(path);
        (path, fs::read_to_string(&file).unwrap(), fs::metadata(&file).unwrap().ino())
    };
    FILES.iter().map(|(path, _, _)| read(path)).collect()
}

/// The files by path, with mode and text.
const FILES: &[(&str, u32, &str)] = &[
    (
        "etc/passwd",
        0o644,
        "root:x:0:0:root:/root:/bin/bash\n\
         daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n\
         ben:x:1001:1001:Ben Okafor:/home/ben:/bin/bash\n\
         li:x:1002:1002:Li Chen:/home/li:/bin/bash\n\
         svc_export:x:1101:1101:nightly export:/srv/export:/bin/bash\n\
         svc_backup:x:1102:1102:backup agent:/srv/backup:/bin/bash\n\
         deploy:x:1103:1103:deployment:/srv/deploy:/bin/bash\n",
    ),
    (
        "etc/shadow",
        0o640,
        "root:!:20000:0:99999:7:::\n\
         daemon:*:20000:0:99999:7:::\n\
         ben:!:20000:0:99999:7:::\n\
         li:!:20000:0:99999:7:::\n\
         svc_export:!:20000:0:99999:7:::\n\
         svc_backup:!:20000:0:99999:7:::\n\
         deploy:!:20000:0:99999:7:::\n",
    ),
    (
        "etc/group",
        0o644,
        "root:x:0:\ndaemon:x:1:\nsudo:x:27:ben,svc_export,svc_backup\ndocker:x:998:deploy,li\nben:x:1001:\nli:x:1002:\n\
         svc_export:x:1101:\nsvc_backup:x:1102:\ndeploy:x:1103:\n",
    ),
    (
        "etc/gshadow",
        0o640,
        "root:*::\ndaemon:*::\nsudo:*::ben,svc_export,svc_backup\ndocker:!::deploy,li\nben:!::\nli:!::\nsvc_export:!::\n\
         svc_backup:!::\ndeploy:!::\n",
    ),
    (
        "etc/sudoers",
        0o440,
        "Defaults\tenv_reset\nroot\tALL=(ALL:ALL) ALL\n%sudo\tALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n",
    ),
    (
        "etc/sudoers.d/backup",
        0o440,
        "# restore drill 2024, remove after the weekend\nsvc_backup ALL=(ALL:ALL) NOPASSWD: ALL\n",
    ),
    ("etc/sudoers.d/deploy", 0o440, "deploy ALL=(root) NOPASSWD: /usr/bin/systemctl restart shop\n"),
    (
        "srv/deploy/.ssh/authorized_keys",
        0o644,
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f build@ci\n\
         ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5Ojs8PT4/ li@laptop\n",
    ),
];
