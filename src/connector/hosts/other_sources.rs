//! Sources of access that are not listed as grants: trusted hosts, and programs that run as root for their callers.

use super::{account_files::PasswdEntry, account_table::AccountTable, root_dir::RootDir, text::shown};

/// Directories of commands, in which programs with the set-user-id bit are searched.
const COMMAND_DIRECTORIES: [&str; 4] = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"];

/// Returns the programs in the usual directories that run as root for their callers, without those that distributions
/// install.
pub(super) fn root_programs(root: &RootDir) -> Vec<String> {
    let mut found = Vec::new();
    for directory in COMMAND_DIRECTORIES {
        for name in root.names(directory).ok().flatten().unwrap_or_default() {
            let path = format!("{directory}/{name}");
            let stock = STOCK.contains(&name.as_str()) && !directory.starts_with("/usr/local");
            let runs_as_root = |path: &str| {
                root.metadata(path).ok().flatten().is_some_and(|file| file.owner == 0 && file.mode & 0o4000 != 0)
            };
            if !stock && runs_as_root(&path) {
                found.push(path);
            }
        }
    }
    found
}

/// Returns the sources of access that are not compared, for the health of a system.
pub(super) fn blind_spots(root: &RootDir, accounts: &AccountTable<PasswdEntry>) -> Vec<String> {
    let mut spots = Vec::new();
    for path in root.root_programs(root_programs) {
        spots.push(format!("{} runs as root for its callers (set-user-id)", shown(path)));
    }
    let there = |path: &str| root.metadata(path).ok().flatten().is_some_and(|file| file.owner != u32::MAX);
    for file in ["/etc/hosts.equiv", "/etc/ssh/shosts.equiv"].into_iter().filter(|file| there(file)) {
        spots.push(format!("{file} lets users of other hosts log in, if a service takes it"));
    }
    let homes = accounts.values().filter(|account| account.home.len() > 1);
    let mut trusting: Vec<String> = homes
        .flat_map(|account| [".rhosts", ".shosts"].map(|name| format!("{}/{name}", account.home.trim_end_matches('/'))))
        .filter(|path| there(path))
        .collect();
    trusting.sort();
    trusting.dedup();
    if let Some(first) = trusting.first() {
        let more = match trusting.len() {
            1 => String::new(),
            count => format!(" and {} more files", count - 1),
        };
        spots.push(format!("{}{more} let users of other hosts log in, if a service takes it", shown(first)));
    }
    spots
}

/// Programs with the bit in Debian, Ubuntu, Fedora and their relatives.
const STOCK: [&str; 44] = [
    "at",
    "bwrap",
    "chage",
    "chfn",
    "chsh",
    "crontab",
    "dbus-daemon-launch-helper",
    "dotlockfile",
    "doas",
    "exim4",
    "expiry",
    "fping",
    "fusermount",
    "fusermount3",
    "gpasswd",
    "grub2-set-bootflag",
    "ksu",
    "locate",
    "mount",
    "mount.cifs",
    "mount.nfs",
    "mtr-packet",
    "newgidmap",
    "newgrp",
    "newuidmap",
    "ntfs-3g",
    "pam_timestamp_check",
    "passwd",
    "ping",
    "ping6",
    "pkexec",
    "polkit-agent-helper-1",
    "pppd",
    "sg",
    "ssh-agent",
    "staprun",
    "su",
    "sudo",
    "sudoedit",
    "traceroute6.iputils",
    "umount",
    "unix_chkpwd",
    "usernetctl",
    "userhelper",
];
