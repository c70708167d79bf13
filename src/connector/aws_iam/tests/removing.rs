//! Disabling and removing users with their dependents, on the emulator.

use super::{EVERYTHING, READ_BUCKETS, TestAccount, is_absent};
use crate::connector::TargetQuery;
use crate::connector::{Collector as _, ConnectorError, UnconfiguredSink};
use crate::model::{AccessChange, ExpectedState};

fn dormant() -> TestAccount {
    let world = TestAccount::new();
    world.user("dora");
    world.user("neighbour");
    world.key("neighbour");
    for _ in 0..2 {
        world.key("dora");
    }
    world.moto.by_hand("CreateLoginProfile", &[("UserName", "dora"), ("Password", "not-a-real-1-Password")]);
    world.group("readers", &["dora", "neighbour"]);
    world.attach_to_user("dora", &world.policy("read-buckets", READ_BUCKETS));
    world.moto.by_hand("PutUserPolicy", &[("UserName", "dora"), ("PolicyName", "own"), ("PolicyDocument", EVERYTHING)]);
    world.moto.by_hand("UploadSSHPublicKey", &[("UserName", "dora"), ("SSHPublicKeyBody", "ssh-rsa AAAA of a test")]);
    let serial = "arn:aws:iam::123456789012:mfa/dora";
    world.moto.by_hand("CreateVirtualMFADevice", &[("VirtualMFADeviceName", "dora")]);
    let codes = [("AuthenticationCode1", "123456"), ("AuthenticationCode2", "654321")];
    let with = [("UserName", "dora"), ("SerialNumber", serial), codes[0], codes[1]];
    world.moto.by_hand("EnableMFADevice", &with);
    world
}

#[test]
fn a_dormant_user_goes_with_everything_that_hangs_on_it() {
    let world = dormant();
    let grant = world.grant("account/", "dora");
    assert_eq!(grant.attribute("mfa"), Some("arn:aws:iam::123456789012:mfa/dora"));
    let draft = world.plan_change(&AccessChange::Revoke {}, &grant).unwrap();
    let calls: Vec<&str> = draft.operations.iter().map(|operation| operation.call.as_str()).collect();
    assert_eq!(
        calls,
        [
            "iam:DeleteLoginProfile",
            "iam:UpdateAccessKey",
            "iam:UpdateAccessKey",
            "iam:UpdateSSHPublicKey",
            "iam:DeleteAccessKey",
            "iam:DeleteAccessKey",
            "iam:DeleteSSHPublicKey",
            "iam:RemoveUserFromGroup",
            "iam:DetachUserPolicy",
            "iam:DeleteUserPolicy",
            "iam:DeactivateMFADevice",
            "iam:DeleteVirtualMFADevice",
            "iam:DeleteUser",
        ]
    );
    assert!(draft.irreversible.is_some());

    let plan = world.plan(AccessChange::Revoke {}, &grant);
    let receipt = world.apply(&plan, &UnconfiguredSink).unwrap();
    assert_eq!(receipt.text, "13 of 13 calls made a change");
    assert!(is_absent(&world.presence(&grant)));
    for left in world.inventory().grants() {
        assert_ne!(left.principal.name, "dora", "{}", left.key);
    }
    assert!(!is_absent(&world.presence(&world.grant("membership/", "neighbour"))));
    assert!(world.apply(&plan, &UnconfiguredSink).unwrap().already);
}

#[test]
fn change_after_review_prevents_removal() {
    let world = dormant();
    let grant = world.grant("account/", "dora");
    let plan = world.plan(AccessChange::Revoke {}, &grant);
    let before = world.inventory();
    world
        .moto
        .by_hand("PutUserPolicy", &[("UserName", "dora"), ("PolicyName", "new"), ("PolicyDocument", READ_BUCKETS)]);
    let refused = world.apply(&plan, &UnconfiguredSink).unwrap_err();
    assert!(
        matches!(&refused, ConnectorError::PreconditionFailed(why) if why.contains("an inline policy")),
        "{refused}"
    );
    assert_eq!(world.inventory().grants().len(), before.grants().len() + 1, "nothing was taken away");
}

#[test]
fn a_disabled_user_cannot_sign_in_and_keeps_its_record() {
    let world = dormant();
    let grant = world.grant("account/", "dora");
    let plan = world.plan(AccessChange::Disable {}, &grant);
    let ExpectedState::Shows(expected) = plan.expects.clone() else { panic!("a state is expected") };
    world.apply(&plan, &UnconfiguredSink).unwrap();
    let seen = world.connector().observe(&TargetQuery::removal(&grant)).unwrap().grant.unwrap();
    assert!(expected.iter().all(|(name, value)| seen.attribute(name) == Some(value)), "{seen:?}");
    assert!(!is_absent(&world.presence(&world.grant("membership/", "dora"))));
}
