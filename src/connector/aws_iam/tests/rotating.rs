//! Rotation of access keys on the emulator, including interruptions.

use super::{TestAccount, connect_to, is_absent};
use crate::connector::TargetQuery;
use crate::connector::sink::AgeSink;
use crate::connector::tests::age::AgeKey;
use crate::connector::{Collector as _, ConnectorError, UnconfiguredSink, UnsupportedChangeError};
use crate::model::{AccessChange, ExpectedState};

struct Vault {
    directory: tempfile::TempDir,
    person: AgeKey,
}

impl Vault {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap(), person: AgeKey::generate() }
    }

    fn sink(&self) -> AgeSink {
        AgeSink::new(&[self.person.recipient()], self.directory.path()).unwrap()
    }

    fn open(&self, place: &str) -> String {
        self.person.decrypt(place)
    }
}

/// Makes only the call that verifies a new key in a rotation.
fn prove(world: &TestAccount, id: &str, secret: &str) {
    // With another expected account, the connector makes the identity call and stops.
    let other = connect_to("999999999999", &world.moto.url(), id, secret, "").unwrap();
    assert!(matches!(other.validate(), Err(ConnectorError::PreconditionFailed(_))));
}

fn value<'a>(text: &'a str, name: &str) -> &'a str {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).unwrap()
}

#[test]
fn rotated_key_is_deposited_and_old_key_is_rejected() {
    let world = TestAccount::new();
    world.user("robot");
    let (old, old_secret) = world.key("robot");
    let grant = world.grant("access-key/", "robot");
    let vault = Vault::new();

    let plan = world.plan(AccessChange::Rotate {}, &grant);
    assert_eq!(plan.expects, ExpectedState::Replaced);
    let receipt = world.apply(&plan, &vault.sink()).unwrap();
    let kept = vault.open(receipt.deposited.as_deref().unwrap());
    let (new, secret) = (value(&kept, "AWS_ACCESS_KEY_ID"), value(&kept, "AWS_SECRET_ACCESS_KEY"));
    assert_eq!(receipt.successor.as_ref().unwrap().as_str(), format!("access-key/{new}"));
    assert!(!format!("{receipt:?}").contains(secret), "the secret is in the sink alone");

    assert!(world.connector_as(new, secret, "").validate().is_ok(), "the new key works");
    let dead = world.connector_as(&old, &old_secret, "").validate();
    assert!(matches!(dead, Err(ConnectorError::Unauthenticated(_))), "the old key does not");
    assert!(is_absent(&world.presence(&grant)));

    let again = world.apply(&plan, &vault.sink()).unwrap();
    assert!(again.already && again.successor == receipt.successor);
}

#[test]
fn failed_deposit_keeps_old_key() {
    let world = TestAccount::new();
    world.user("robot");
    let (old, secret) = world.key("robot");
    let grant = world.grant("access-key/", "robot");
    let plan = world.plan(AccessChange::Rotate {}, &grant);
    let refused = world.apply(&plan, &UnconfiguredSink).unwrap_err();
    assert!(matches!(&refused, ConnectorError::Permanent(why) if why.contains("deleted again")), "{refused}");
    assert!(world.connector_as(&old, &secret, "").validate().is_ok());
    let keys = world.inventory().grants().filter(|key| key.attribute("type") == Some("access-key")).count();
    assert_eq!(keys, 2, "the engine's and the robot's old one");
}

#[test]
fn two_keys_leave_no_room_and_the_refusal_names_the_other() {
    let world = TestAccount::new();
    world.user("robot");
    world.key("robot");
    let (other, _) = world.key("robot");
    let inventory = world.inventory();
    let grant = inventory.grants().find(|key| {
        key.principal.name == "robot" && key.attribute("type") == Some("access-key") && key.entitlement.id != other
    });
    let refused = world.plan_change(&AccessChange::Rotate {}, grant.unwrap()).unwrap_err();
    assert!(matches!(&refused, UnsupportedChangeError::Harm { why, .. } if why.contains(&other)), "{refused}");
}

#[test]
fn an_interrupted_rotation_is_told_by_its_keys() {
    let world = TestAccount::new();
    world.user("robot");
    world.key("robot");
    let grant = world.grant("access-key/", "robot");
    let plan = world.plan(AccessChange::Rotate {}, &grant);
    let vault = Vault::new();

    // Interrupted after the new key was created: its secret may be lost.
    let (new, secret) = world.key("robot");
    let refused = world.apply(&plan, &vault.sink()).unwrap_err();
    assert!(matches!(&refused, ConnectorError::PreconditionFailed(why) if why.contains(&new)), "{refused}");

    // Interrupted after the verification, when the secret was stored: the rotation continues.
    prove(&world, &new, &secret);
    // The interruption may also have occurred after the old key was deactivated.
    let with = [("UserName", "robot"), ("AccessKeyId", grant.entitlement.id.as_str()), ("Status", "Inactive")];
    world.moto.by_hand("UpdateAccessKey", &with);
    let receipt = world.apply(&plan, &vault.sink()).unwrap();
    assert_eq!(receipt.successor.unwrap().as_str(), format!("access-key/{new}"));
    assert!(is_absent(&world.presence(&grant)));
}

#[test]
fn engine_key_is_gone_only_when_rejected() {
    let world = TestAccount::new();
    let grant = world.grant("access-key/", "engine");
    let plan = world.plan(AccessChange::Rotate {}, &grant);
    let vault = Vault::new();
    // The emulator accepts an inactive key: a target that reports success without an effect.
    let refused = world.apply(&plan, &vault.sink()).unwrap_err();
    assert!(matches!(&refused, ConnectorError::Ambiguous(why) if why.contains("is still accepted")), "{refused}");
    let seen = world.connector().observe(&TargetQuery::removal(&grant)).unwrap().grant.unwrap();
    assert_eq!(seen.attribute("status"), Some("Inactive"), "it was not deleted");
}
