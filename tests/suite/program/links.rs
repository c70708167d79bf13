//! Symbolic links that a pull request brings where a command writes.

use crate::support::{
    fixtures::{CAMPAIGN, TestRepository},
    host,
};
use std::{fs, os::unix::fs::symlink};

/// A repository with an open campaign, and a folder outside of it.
fn opened() -> TestRepository {
    let world = TestRepository::founded();
    host::lay(&world, "web-1");
    world.system("web-1", &host::settings("web-1"));
    world.collected(&["web-1"]);
    world.campaign(&[("web-1", &["membership"])]);
    world.write("outside/kept", "kept\n");
    world
}

/// Replaces a file or folder of the work tree by a link to the folder outside, or to a file in it.
fn link(world: &TestRepository, path: &str, target: &str) {
    let place = world.repo().join(path);
    let _ = fs::remove_file(&place);
    let _ = fs::remove_dir_all(&place);
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    symlink(world.join(target), &place).unwrap();
}

#[test]
fn row_51_no_command_writes_through_a_link() {
    let world = opened();
    let campaign = format!("campaigns/{CAMPAIGN}/campaign.toml");
    let signature = format!("{campaign}.ana.sig");
    let sign = ["sign", "--key", "../keys/ana", &campaign];
    let open = ["campaign", "open", "again", "--from", "policies/all.toml"];
    let delegate =
        ["campaign", "delegate", CAMPAIGN, "--from", "ana", "--to", "mia", "--reason", "on leave", "--until", "5d"];
    let cases: [(&str, &str, &[&str]); 8] = [
        (&signature, "outside/kept", &sign),
        ("trust/allowed_signers", "outside/kept", &["sign", "--key", "../keys/ana", "trust/registry/1.toml"]),
        ("inventory", "outside", &["collect", "web-1"]),
        ("campaigns", "outside", &open),
        ("delegations", "outside", &delegate),
        ("policies", "outside", &["policy", "init", "--replace"]),
        (".github", "outside", &["forge", "workflows", "--write"]),
        ("policies/all.toml", "outside/kept", &["fmt", "policies/all.toml"]),
    ];
    for (path, target, arguments) in cases {
        link(&world, path, target);
        let refused = world.tenure(arguments);
        assert_ne!(refused.code, Some(0), "{arguments:?}: {}{}", refused.out, refused.err);
        assert_eq!(world.read("outside/kept"), "kept\n", "{arguments:?}");
        assert_eq!(fs::read_dir(world.join("outside")).unwrap().count(), 1, "{arguments:?}");
        let hint = format!("{}{}", refused.out, refused.err);
        assert!(hint.contains("link"), "{arguments:?}: {hint}");
        fs::remove_file(world.repo().join(path)).unwrap();
        world.sandbox().git(world.repo(), &["checkout", "--quiet", "HEAD", "."]);
    }
}
