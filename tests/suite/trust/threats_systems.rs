//! Versions of systems: who signs them, which one is in force, and what happens to a system whose files are changed.

use crate::support::fixtures::{CAMPAIGN, KEYS, TestRepository};
use crate::support::governed::*;
use crate::support::host;
use std::fs;
use std::sync::LazyLock;
use tenure::{
    connector::registry,
    diag::RenderStyle,
    format::codec,
    model::{
        Digest, PrincipalId, Tier,
        file::{KeyState, System},
    },
    trust::check,
};

/// A world with decisions on `web-1`, of which nothing is enforced.
static DECIDED: LazyLock<TestRepository> = LazyLock::new(|| {
    let world = TestRepository::founded();
    host::decide(&world, &["web-1"]);
    world
});

const DB: &str = "systems/db/1.toml";

/// Returns the first version of a system of tier T2, owned by `dora`.
fn first(world: &TestHistory) -> System {
    let text = include_str!("../../../schemas/examples/system.toml");
    let mut system: System = codec::parse("systems/pg-orders/1.toml", text.as_bytes()).ok().unwrap();
    system.repo = world.founding.repo.clone();
    system.system = tenure::model::SystemId::parse("db").unwrap();
    system.owner = id("dora");
    system.deputy = Some(id("emil"));
    system
}

fn id(name: &str) -> PrincipalId {
    PrincipalId::parse(name).unwrap()
}

/// Returns the files of main with another file of a system, signed by `signers`.
fn with(world: &TestHistory, system: &System, signers: &[&str]) -> Files {
    let mut files = world.files.clone();
    put(&mut files, &system.path(), system);
    signers.iter().for_each(|signer| sign(&mut files, &system.path(), signer));
    files
}

/// Returns the version after the newest one of `db`.
fn next(world: &TestHistory, change: impl FnOnce(&mut System)) -> System {
    let path = (1..).map(|n| format!("systems/db/{n}.toml")).take_while(|path| world.files.contains_key(path)).last();
    let path = path.unwrap();
    let mut system: System = parse(&world.files, &path);
    system.version += 1;
    system.prev = Digest::of(&world.files[&path]).to_string();
    change(&mut system);
    system
}

/// Returns the codes of the gate for a change, and its report.
fn gate(world: &mut TestHistory, files: &Files) -> (Vec<&'static str>, String) {
    let head = world.commit(&[world.main], files, "a change");
    let checked = check(&world.repository, world.pin, Some(world.main), head, None).unwrap();
    let mut codes: Vec<_> = checked.problems.sorted().iter().map(|problem| problem.code).collect();
    codes.dedup();
    (codes, checked.problems.render(RenderStyle::plain()))
}

/// Returns the codes of the gate for another file of a system, signed by `signers`, and its report.
fn gate_signed(world: &mut TestHistory, system: &System, signers: &[&str]) -> (Vec<&'static str>, String) {
    let files = with(world, system, signers);
    gate(world, &files)
}

/// A repository with a signed `db`.
fn described() -> TestHistory {
    let mut world = TestHistory::founded();
    let system = first(&world);
    let files = with(&world, &system, &["ana"]);
    world.merge(&files);
    assert_eq!(world.codes(), [""; 0]);
    world
}

fn versions(world: &TestHistory) -> usize {
    world.governed().systems().values().map(Vec::len).sum()
}

type SystemEdit = fn(&mut System);

#[test]
fn row_40_first_version_is_signed_by_the_system_group() {
    let mut world = TestHistory::founded();
    let system = first(&world);
    for (signers, code) in [(&[][..], "below-threshold"), (&["dora"], "signer-not-named")] {
        let (codes, report) = gate_signed(&mut world, &system, signers);
        assert_eq!(codes, [code], "{report}");
    }
    let strict = System { tier: Tier::T0, ..system.clone() };
    let (codes, report) = gate_signed(&mut world, &strict, &["ana"]);
    assert_eq!(codes, ["below-threshold"], "{report}");
    assert!(report.contains("1 of 2 signatures") && report.contains("`ben`"), "{report}");
    let (codes, report) = gate_signed(&mut world, &strict, &["ana", "cleo"]);
    assert!(codes.is_empty(), "{report}");
}

#[test]
fn row_40_later_version_is_signed_by_both_owners() {
    let mut world = described();
    let other = next(&world, |system| system.owner = id("fay"));
    for (signers, code) in [
        (&["ana", "ben"][..], "below-threshold"),
        (&["dora"], "below-threshold"),
        (&["fay"], "below-threshold"),
        (&["dora", "gus"], "signer-not-named"),
    ] {
        let (codes, report) = gate_signed(&mut world, &other, signers);
        assert_eq!(codes, [code], "{signers:?} {report}");
    }
    let (codes, report) = gate_signed(&mut world, &other, &["dora", "fay"]);
    assert!(codes.is_empty(), "{report}");
}

#[test]
fn row_40_stricter_tier_of_two_versions_counts() {
    let mut world = described();
    let raised = next(&world, |system| system.tier = Tier::T0);
    let (codes, report) = gate_signed(&mut world, &raised, &["dora"]);
    assert_eq!(codes, ["below-threshold"], "{report}");
    let files = with(&world, &raised, &["dora", "emil"]);
    world.merge(&files);
    assert_eq!((world.codes(), versions(&world)), (Vec::new(), 2));
    let lowered = next(&world, |system| system.tier = Tier::T3);
    let (codes, report) = gate_signed(&mut world, &lowered, &["dora"]);
    assert_eq!(codes, ["below-threshold"], "{report}");
}

#[test]
fn row_40_group_signs_for_an_owner_without_a_key() {
    let mut world = described();
    let files = world.registry(|registry| {
        let dora = registry.principals.iter_mut().find(|one| one.id.as_str() == "dora").unwrap();
        dora.keys[0].state = KeyState::Retired;
    });
    world.merge(&files);
    let other = next(&world, |system| system.owner = id("fay"));
    let (codes, report) = gate_signed(&mut world, &other, &["fay"]);
    assert_eq!(codes, ["below-threshold"], "{report}");
    let (codes, report) = gate_signed(&mut world, &other, &["fay", "cleo"]);
    assert!(codes.is_empty(), "{report}");
}

#[test]
fn row_40_versions_are_chained_and_in_their_place() {
    let mut world = described();
    let wrong: [(&str, SystemEdit); 4] = [
        ("place-mismatch", |system| system.system = tenure::model::SystemId::parse("other").unwrap()),
        ("prev-mismatch", |system| system.prev = Digest::of("another").to_string()),
        ("version-skipped", |system| system.version = 4),
        ("wrong-repository", |system| {
            system.repo = tenure::model::RepoId::parse("urn:uuid:00000000-0a0f-4c59-9a53-1c7f5f6d2b11").unwrap()
        }),
    ];
    for (code, change) in wrong {
        let system = next(&world, change);
        let mut files = world.files.clone();
        let path = format!("systems/db/{}.toml", system.version);
        put(&mut files, &path, &system);
        sign(&mut files, &path, "dora");
        let (codes, report) = gate(&mut world, &files);
        assert_eq!(codes, [code], "{report}");
        let main = (world.main, world.files.clone());
        world.merge(&files);
        assert_eq!(versions(&world), 1, "{code}: not in force");
        (world.main, world.files) = main;
    }
}

#[test]
fn row_40_no_field_of_a_signed_version_can_be_changed() {
    for kind in registry::REGISTRY {
        let mut world = TestHistory::founded();
        let mut system: System = toml::from_str(kind.example()).unwrap();
        system.repo = world.founding.repo.clone();
        let files = with(&world, &system, &["ana", "ben"]);
        world.merge(&files);
        assert_eq!(world.codes(), [""; 0], "{}", kind.name());
        let text = String::from_utf8(files[&system.path()].clone()).unwrap();
        for line in text.lines().filter(|line| line.contains(" = ")) {
            let (key, _) = line.split_once(" = ").unwrap();
            let edited = text.replacen(&format!("{line}\n"), &format!("{key} = \"decoy\"\n"), 1);
            let removed = text.replacen(&format!("{line}\n"), "", 1);
            for text in [edited, removed] {
                let mut files = world.files.clone();
                files.insert(system.path(), text.into_bytes());
                let (codes, report) = gate(&mut world, &files);
                assert_eq!(codes, ["signed-file-edited"], "{key}: {report}");
            }
        }
        let mut gone = world.files.clone();
        gone.retain(|path, _| !path.starts_with("systems/"));
        let (codes, report) = gate(&mut world, &gone);
        assert_eq!(codes, ["signed-file-deleted"], "{report}");
        let mut moved = gone;
        moved.insert("systems/elsewhere/1.toml".to_owned(), text.into_bytes());
        let (codes, report) = gate(&mut world, &moved);
        assert!(codes.contains(&"signed-file-renamed"), "{report}");
    }
}

#[test]
fn row_40_two_systems_in_use_never_have_one_identity() {
    let mut world = described();
    let named = |system: &mut System| system.identity = Some("cluster:7".to_owned());
    let identified = next(&world, named);
    let files = with(&world, &identified, &["dora"]);
    world.merge(&files);
    let mut decoy = first(&world);
    decoy.system = tenure::model::SystemId::parse("decoy").unwrap();
    named(&mut decoy);
    let (codes, report) = gate_signed(&mut world, &decoy, &["ana"]);
    assert_eq!(codes, ["system-identity-taken"], "{report}");
    let last = next(&world, |system| system.retired = Some(true));
    let files = with(&world, &last, &["dora"]);
    world.merge(&files);
    let (codes, report) = gate_signed(&mut world, &decoy, &["ana"]);
    assert!(codes.is_empty(), "{report}");
    let after = next(&world, |system| system.retired = None);
    let (codes, report) = gate_signed(&mut world, &after, &["dora"]);
    assert_eq!(codes, ["system-retired"], "{report}");
}

#[test]
fn version_signed_in_a_later_merge_takes_effect_then() {
    let mut world = described();
    let second = next(&world, |system| system.tier = Tier::T0);
    let files = with(&world, &second, &["dora"]);
    world.merge(&files);
    assert_eq!((world.codes(), versions(&world)), (vec!["below-threshold"], 1));
    let third = next(&world, |system| system.environment = None);
    let files = with(&world, &third, &["dora", "emil"]);
    world.merge(&files);
    assert_eq!(versions(&world), 1, "a version after one that is not in force");
    let mut files = world.files.clone();
    sign(&mut files, "systems/db/2.toml", "ben");
    world.merge(&files);
    assert_eq!((world.codes(), versions(&world)), (Vec::new(), 3));
    assert!(world.files.contains_key(DB));
}

#[test]
fn row_40_edited_system_is_held_and_no_decoy_is_touched() {
    let world = DECIDED.copied();
    host::lay(&world, "decoy");
    let base = world.sandbox().git(world.repo(), &["rev-parse", "HEAD"]);
    let file = world.read("repo/systems/web-1/1.toml");
    let last = file.rfind("../web-1").unwrap();
    let readback = format!("{}../decoy{}", &file[..last], &file[last + "../web-1".len()..]);
    for text in [file.replace("../web-1", "../decoy"), readback] {
        let world = world.copied();
        world.write("repo/systems/web-1/1.toml", &text);
        world.merge("point web-1 at a decoy");
        world.tenure(&["check", "--base", base.trim()]).exits(3).says("error[signed-file-edited]");
        let told = world.enforce(&[]).exits(3).says("a signed system version was edited");
        told.says("systems/web-1/1.toml").says("0 of 0 actions confirmed");
        host::is_untouched(&world.join("decoy"));
        host::is_untouched(&world.join("web-1"));
        world.tenure(&["collect", "web-1"]).exits(3).says("signed-file-edited");
        world.audit(0).exits(3).says("signed-file-edited");
    }
}

#[test]
fn row_40_deleted_system_is_still_read() {
    let world = DECIDED.copied();
    world.enforce(&[]).exits(0);
    world.verify_later(60).exits(0);
    let group = world.read("web-1/etc/group").replace("ben,svc_backup", "ben,svc_export,svc_backup");
    fs::remove_dir_all(world.repo().join("systems/web-1")).unwrap();
    world.merge("remove the system");
    world.write("web-1/etc/group", &group);
    let told = world.verify_later(120);
    assert_eq!(told.code, Some(4), "{}{}", told.out, told.err);
    told.says("signed-file-deleted");
    let seen = world.records_of("verification");
    assert!(seen.iter().any(|record| record["result"] == "still-present"), "{seen:#?}");
    world.audit(180).exits(3).says("signed-file-deleted");
}

#[test]
fn row_40_unsigned_version_changes_nothing() {
    let world = DECIDED.copied();
    let plan = world.tenure(&["plan"]).exits(0).out;
    let base = world.sandbox().git(world.repo(), &["rev-parse", "HEAD"]);
    world.tenure(&["system", "set", "web-1", "settings.root=../decoy"]).exits(0).says("among them `ana`");
    world.merge("point web-1 at a decoy");
    let told = world.tenure(&["check", "--base", base.trim()]).exits(3);
    told.says("error[below-threshold]").says("systems/web-1/2.toml").says("`ana`");
    let shown = |plan: &str| plan.lines().filter(|line| line.starts_with("  /")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(shown(&world.tenure(&["plan"]).exits(0).out), shown(&plan));
    world.audit(0).exits(3).says("below-threshold");
    world.sign("ana", &["systems/web-1/2.toml"]);
    world.merge("sign it");
    world.tenure(&["check", "--base", base.trim()]).exits(0);
    world.tenure(&["plan"]).exits(0);
}

#[test]
fn row_40_change_while_a_campaign_is_open_is_reported() {
    let world = DECIDED.copied();
    let base = |world: &TestRepository| world.sandbox().git(world.repo(), &["rev-parse", "HEAD"]).trim().to_owned();
    let change = |world: &TestRepository, values: &[&str]| {
        let base = base(world);
        world.tenure(&[&["system", "set", "web-1"], values].concat()).exits(0);
        world.sign("ana", &[&world.system_path("web-1")]);
        world.merge("change web-1");
        world.tenure(&["check", "--base", &base]).exits(0)
    };
    let closed = world.copied();
    let told = change(&world, &["settings.readback.root=../decoy", "deputy=mia"]);
    let told = told.says("warning[system-changed-in-campaign]").says("systems/web-1/2.toml").says(CAMPAIGN);
    let field = "`settings.readback.root` from \"../web-1\" to \"../decoy\" (signed by ana)";
    told.says("`deputy` from \"ben\" to \"mia\"").says(field);
    let told = world.audit(0).exits(3).says("system-changed-in-campaign").says(field);
    told.says(&format!("merge {}", &base(&world)[..12])).says("its approvals are not recorded");
    change(&world, &["settings.readback.root=../web-1"]).says("systems/web-1/3.toml").hides("systems/web-1/2.toml");

    closed.enforce(&[]).exits(0);
    closed.verify_later(60).exits(0);
    closed.tenure_later(120, &[&["campaign", "close", CAMPAIGN], KEYS].concat()).exits(0);
    change(&closed, &["deputy=mia"]).hides("system-changed-in-campaign");
    closed.audit(180).hides("system-changed-in-campaign");
}

#[test]
fn row_40_retired_system_keeps_its_open_decisions() {
    let world = DECIDED.copied();
    world.tenure(&["system", "retire", "web-1"]).exits(0).says("systems/web-1/2.toml");
    world.sign("ana", &["systems/web-1/2.toml"]);
    world.merge("retire web-1");
    world.tenure(&["collect", "web-1"]).exits(1).says("system-retired");
    world.tenure(&["campaign", "open", "again", "--from", "policies/all.toml"]).exits(1).says("unknown-system");
    world.tenure(&["system", "set", "web-1", "tier=T3"]).exits(1).says("system-retired");
    world.enforce(&[]).exits(0).says("confirmed");
    host::is_as_decided(&world.join("web-1"));
    world.tenure(&["campaign", "status", CAMPAIGN]).exits(0);
}

#[test]
fn system_commands_follow_no_links_and_replace_nothing() {
    let world = DECIDED.copied();
    let add = ["system", "add", "web-2", "--connector", "hosts", "--owner", "ana", "--setting", "root=../web-2"];
    world.tenure(&add).exits(0).says("signatures needed: 1").says("`mia`").says("tenure sign systems/web-2/1.toml");
    world.tenure(&add).exits(1).says("already has a version");
    world.tenure(&["system", "set", "web-2", "tier=T1"]).exits(1).says("not-signed");
    fs::rename(world.repo().join("systems/web-2"), world.join("outside")).unwrap();
    std::os::unix::fs::symlink("../../outside", world.repo().join("systems/web-2")).unwrap();
    world.tenure(&add).exits(1).says("symbolic link");
    fs::remove_file(world.repo().join("systems/web-2")).unwrap();
    fs::create_dir(world.repo().join("systems/web-2")).unwrap();
    std::os::unix::fs::symlink("../../../stolen", world.repo().join("systems/web-2/1.toml")).unwrap();
    world.tenure(&add).exits(1).says("symbolic link");
    assert!(!world.join("stolen").exists());
    world.tenure(&["system", "add", "web-3", "--connector", "hosts", "--owner", "ana", "--setting", "rot=x"]).exits(1);
    assert!(!world.repo().join("systems/web-3").exists());
}
