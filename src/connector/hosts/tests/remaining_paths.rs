//! Small systems on which a removal leaves the same access by another path: "confirmed" is never the verdict, and sudo
//! agrees that the path is open.

use super::{
    remaining::{Judged, base},
    sudo_agreement::sudo_jail::{self, SudoJail},
    *,
};

/// A system: lines of the rules, and files that are replaced or added.
struct Left {
    name: &'static str,
    rules: &'static [&'static str],
    files: &'static [(&'static str, u32, &'static [&'static str])],
    /// Text that is replaced in a file.
    change: &'static [(&'static str, &'static str, &'static str)],
    /// The target user and the command that sudo permits to bob afterwards; none if the path is not one of sudo.
    sudo: Option<(&'static str, &'static str)>,
}

const NOTHING: Left = Left { name: "", rules: &[], files: &[], change: &[], sudo: None };
const ROOT: Option<(&str, &str)> = Some(("root", "/usr/bin/bash"));
const BOB: &str = "bob:x:1001:1001::/home/bob:/bin/bash";

/// The membership of bob in sudo is revoked, which gives every command as every user.
const MEMBERSHIPS: &[Left] = &[
    Left {
        name: "alias of everyone but another",
        rules: &["User_Alias TEAM = ALL, !eve", "TEAM ALL=(ALL) ALL"],
        sudo: ROOT,
        ..NOTHING
    },
    Left {
        name: "double negation by an alias",
        rules: &["User_Alias OTHERS = ALL, !bob", "!OTHERS ALL=(ALL) ALL"],
        sudo: ROOT,
        ..NOTHING
    },
    Left {
        name: "commands without one",
        rules: &["Cmnd_Alias SAFE = ALL, !/usr/sbin/visudo", "bob ALL=(root) SAFE"],
        sudo: ROOT,
        ..NOTHING
    },
    Left {
        name: "targets without one",
        rules: &["Runas_Alias ANY = ALL, !www-data", "bob ALL=(ANY) ALL"],
        sudo: ROOT,
        ..NOTHING
    },
    Left {
        name: "netgroup in a netgroup",
        rules: &["+all ALL=(ALL) ALL"],
        files: &[("/etc/netgroup", 0o644, &["all inner", "inner (,bob,)"])],
        sudo: ROOT,
        ..NOTHING
    },
    Left { name: "primary group by number", rules: &["%#1001 ALL=(ALL) ALL"], sudo: ROOT, ..NOTHING },
    Left { name: "uid with zeros", rules: &["#01001 ALL=(#0) ALL"], sudo: ROOT, ..NOTHING },
    Left {
        name: "second group with the gid",
        change: &[("/etc/group", "ops:x:2001:", "ops:x:27:")],
        sudo: ROOT,
        ..NOTHING
    },
    Left {
        name: "second group with the name",
        change: &[("/etc/group", "docker:x:998:", "sudo:x:998:bob")],
        sudo: ROOT,
        ..NOTHING
    },
    Left {
        name: "primary group of the account",
        change: &[("/etc/passwd", BOB, "bob:x:1001:27::/home/bob:/bin/bash")],
        sudo: ROOT,
        ..NOTHING
    },
    Left {
        name: "earlier name of the uid",
        rules: &["robert ALL=(ALL) ALL"],
        change: &[(
            "/etc/passwd",
            BOB,
            "robert:x:1001:1001::/home/bob:/bin/bash\nbob:x:1001:1001::/home/bob:/bin/bash",
        )],
        sudo: ROOT,
        ..NOTHING
    },
    Left {
        name: "shell as a user with every right",
        rules: &["bob ALL=(carl) /usr/bin/bash", "carl ALL=(ALL) ALL"],
        sudo: Some(("carl", "/usr/bin/bash")),
        ..NOTHING
    },
    Left {
        name: "rule in a file beside the directory",
        rules: &["@include more"],
        files: &[("/etc/sudoers.d/more", 0o440, &["bob ALL = (ALL) ALL"])],
        sudo: ROOT,
        ..NOTHING
    },
    Left { name: "rule of doas", files: &[("/etc/doas.conf", 0o400, &["permit nopass bob"])], ..NOTHING },
    Left {
        name: "rule of doas for the own group",
        files: &[("/etc/doas.conf", 0o400, &["permit keepenv :bob as root"])],
        ..NOTHING
    },
    Left {
        name: "rule of polkit",
        files: &[(
            "/etc/polkit-1/rules.d/50.rules",
            0o644,
            &["polkit.addRule(function(a, s) { if (s.user == \"bob\") return \"yes\"; });"],
        )],
        ..NOTHING
    },
];

fn laid(left: &Left) -> Host {
    let host = base();
    host.rules(left.rules);
    left.files.iter().for_each(|(path, mode, lines)| host.file(path, *mode, lines));
    left.change.iter().for_each(|(path, from, to)| host.change(path, from, to));
    host
}

/// Returns whether sudo permits a command to bob, by the files of a host.
fn permits(jail: &SudoJail, host: &Host, (user, command): (&str, &'static str)) -> bool {
    jail.file("/etc/netgroup", 0o644, "");
    let own = fs::read_dir(jail.path("/etc/sudoers.d")).unwrap();
    own.for_each(|entry| fs::remove_file(entry.unwrap().path()).unwrap());
    for path in ["/etc/passwd", "/etc/shadow", "/etc/group", "/etc/netgroup"] {
        if host.path(path).exists() {
            jail.file(path, 0o644, &host.read(path));
        }
    }
    jail.file("/etc/sudoers", 0o440, &format!("Defaults listpw=never, !fqdn\n{}", host.read("/etc/sudoers")));
    for entry in fs::read_dir(host.path("/etc/sudoers.d")).unwrap() {
        let path = format!("/etc/sudoers.d/{}", entry.unwrap().file_name().to_str().unwrap());
        jail.file(&path, 0o440, &host.read(&path));
    }
    let text = host.read("/etc/passwd");
    let primary = text.lines().find_map(|line| line.strip_prefix("bob:x:1001:")?.split(':').next()).unwrap();
    let mut groups: Vec<u32> = vec![primary.parse().unwrap()];
    for line in host.read("/etc/group").lines() {
        let fields: Vec<&str> = line.split(':').collect();
        groups.extend(fields[3].split(',').any(|name| name == "bob").then(|| fields[2].parse::<u32>().unwrap()));
    }
    !jail.allowed(1001, &groups, &[(Some(user), None, &[command])]).is_empty()
}

#[test]
fn another_path_to_every_command_is_never_confirmed() {
    let jail = sudo_jail::unavailable().is_none().then(SudoJail::new);
    if let Some(jail) = &jail {
        for command in ["/usr/bin/id", "/usr/bin/bash", "/usr/sbin/visudo"] {
            jail.file(command, 0o755, command);
        }
    }
    let mut wrong = Vec::new();
    for left in MEMBERSHIPS {
        let host = laid(left);
        let inventory = host.inventory();
        let grant = inventory.grants().find(|grant| {
            let key = grant.key.as_str();
            key.starts_with("membership:gid:27:sudo:")
                && key.contains("uid:1001:bob")
                && grant.attribute("primary").is_none()
        });
        let Some(grant) = grant else {
            let keys: Vec<&str> = inventory.grants().map(|grant| grant.key.as_str()).collect();
            panic!("{}: {keys:#?}", left.name);
        };
        let judged = match host.plan_change(&AccessChange::Revoke {}, grant) {
            Ok(_) => host.judged(AccessChange::Revoke {}, grant).0,
            // A refused change is not confirmed.
            Err(_) => continue,
        };
        let open = left.sudo.zip(jail.as_ref()).is_none_or(|(request, jail)| permits(jail, &host, request));
        if judged == Judged::Confirmed || !open {
            wrong.push(format!("{}: {judged:?}, by sudo {open}", left.name));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn same_key_in_another_place_is_never_confirmed() {
    for (settings, path) in [
        (&["Match User bob", "AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/keys/%u"][..], "/etc/ssh/keys/bob"),
        (&["Match Group bob", "AuthorizedKeysFile .ssh/authorized_keys /srv/keys/%U"], "/srv/keys/1001"),
        (&["Match Address 10.0.0.0/8", "AuthorizedKeysFile /etc/ssh/inner/%u"], "/etc/ssh/inner/bob"),
        (&["AuthorizedKeysFile .ssh/authorized_keys %h/.ssh/more"], "/home/bob/.ssh/more"),
    ] {
        let host = base();
        host.file("/etc/ssh/sshd_config", 0o644, settings);
        host.file("/home/bob/.ssh/authorized_keys", 0o600, &[&format!("{KEY} bob")]);
        host.file(path, 0o644, &[&format!("from=\"10.0.0.0/8\" {KEY} again")]);
        let inventory = host.inventory();
        let keys = inventory.grants().filter(|grant| grant.kind == GrantKind::Credential);
        let grant = keys.into_iter().find(|grant| grant.attribute("file") == Some("/home/bob/.ssh/authorized_keys"));
        let (judged, seen) = host.judged(AccessChange::Revoke {}, grant.unwrap());
        assert_ne!(judged, Judged::Confirmed, "{settings:?} {seen:#?}");
    }
}
