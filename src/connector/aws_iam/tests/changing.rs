//! Removal of memberships, policies and keys, on the emulator.

use super::{EVERYTHING, READ_BUCKETS, TestAccount, is_absent, texts};
use crate::connector::TargetQuery;
use crate::connector::{Collector as _, ConnectorError, Provisioner as _, UnsupportedChangeError};
use crate::model::AccessChange;

#[test]
fn what_is_taken_away_is_gone_and_a_second_time_changes_nothing() {
    let world = TestAccount::new();
    world.user("alice");
    world.key("alice");
    world.group("readers", &["alice"]);
    world
        .moto
        .by_hand("PutUserPolicy", &[("UserName", "alice"), ("PolicyName", "own"), ("PolicyDocument", READ_BUCKETS)]);
    let other = READ_BUCKETS.replace("ListBucket", "PutObject");
    world.attach_to_user("alice", &world.policy("writes", &other));

    for key in ["membership/", "inline/user/", "attached/user/", "access-key/"] {
        let grant = world.grant(key, "alice");
        assert_eq!(texts(&world.presence(&grant)).len(), 1, "{key}");
        let plan = world.plan(AccessChange::Revoke {}, &grant);
        let receipt = world.apply(&plan, &crate::connector::UnconfiguredSink).unwrap();
        assert!(!receipt.already, "{key}: {}", receipt.text);
        assert!(is_absent(&world.presence(&grant)), "{key}");
        let again = world.apply(&plan, &crate::connector::UnconfiguredSink).unwrap();
        assert!(again.already, "{key}: {}", again.text);
    }
}

#[test]
fn remaining_path_is_still_present_and_in_plan() {
    let world = TestAccount::new();
    world.user("alice");
    world.group("readers", &["alice"]);
    let read = world.policy("read-buckets", READ_BUCKETS);
    world.attach_to_user("alice", &read);
    world.attach_to_group("readers", &read);
    // An equivalent document in another spelling, under another name.
    let copy = r#"{"Version":"2012-10-17","Statement":{"Sid":"x","Effect":"Allow","Resource":["*"],"Action":["s3:listbucket","s3:GetObject"]}}"#;
    world.moto.by_hand("PutUserPolicy", &[("UserName", "alice"), ("PolicyName", "copy"), ("PolicyDocument", copy)]);

    let grant = world.grant("attached/user/", "alice");
    let ways = ["copy on alice itself", "read-buckets through the group readers of alice"];
    assert_eq!(super::survivors(&world.plan_change(&AccessChange::Revoke {}, &grant).unwrap()), ways);
    world.change(AccessChange::Revoke {}, &grant).unwrap();
    assert_eq!(texts(&world.presence(&grant)), ways);
    assert!(
        world.connector().observe(&TargetQuery::removal(&grant)).unwrap().grant.is_none(),
        "the reviewed grant itself is gone"
    );

    world.moto.by_hand("DeleteUserPolicy", &[("UserName", "alice"), ("PolicyName", "copy")]);
    world.moto.by_hand("DetachGroupPolicy", &[("GroupName", "readers"), ("PolicyArn", &read)]);
    assert!(is_absent(&world.presence(&grant)));
}

#[test]
fn an_administrator_is_one_until_every_way_is_closed() {
    let world = TestAccount::new();
    world.user("mallory");
    world.group("admins", &["mallory"]);
    world.attach_to_group("admins", &world.policy("everything", EVERYTHING));
    let nearly = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["*"],"Resource":["*"]},{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b"}]}"#;
    world.moto.by_hand("PutUserPolicy", &[("UserName", "mallory"), ("PolicyName", "tmp"), ("PolicyDocument", nearly)]);

    let member = world.grant("membership/", "mallory");
    assert_eq!(
        super::survivors(&world.plan_change(&AccessChange::Revoke {}, &member).unwrap()),
        ["tmp on mallory itself"]
    );
    world.change(AccessChange::Revoke {}, &member).unwrap();
    assert_eq!(texts(&world.presence(&member)), ["tmp on mallory itself"]);

    let inline = world.grant("inline/user/", "mallory");
    world.change(AccessChange::Revoke {}, &inline).unwrap();
    assert!(is_absent(&world.presence(&member)));
    assert!(is_absent(&world.presence(&inline)));
}

#[test]
fn a_policy_of_a_group_is_lost_by_its_members_by_name() {
    let world = TestAccount::new();
    world.user("alice");
    world.group("readers", &["alice"]);
    world.attach_to_group("readers", &world.policy("read-buckets", READ_BUCKETS));
    let grant = world.grant("attached/group/", "readers");
    let draft = world.plan_change(&AccessChange::Revoke {}, &grant).unwrap();
    let loses: Vec<_> = draft.loses.iter().map(|loss| loss.principal.as_str()).collect();
    assert_eq!(loses, ["alice", "readers"]);
    assert!(draft.operations[0].text.starts_with("aws iam detach-group-policy --group-name readers --policy-arn arn:"));
    let plan = world.plan(AccessChange::Revoke {}, &grant);
    let undone = world.connector().compensate(&plan).unwrap();
    assert!(undone[0].text.starts_with("aws iam attach-group-policy --group-name readers"), "{}", undone[0].text);
    world.change(AccessChange::Revoke {}, &grant).unwrap();
    assert!(is_absent(&world.presence(&grant)));
}

#[test]
fn a_name_that_was_given_to_somebody_else_leaves_them_untouched() {
    let world = TestAccount::new();
    world.user("alice");
    let read = world.policy("read-buckets", READ_BUCKETS);
    world.attach_to_user("alice", &read);
    world.group("readers", &["alice"]);
    let (attached, member) = (world.grant("attached/user/", "alice"), world.grant("membership/", "alice"));
    let plans = [world.plan(AccessChange::Revoke {}, &attached), world.plan(AccessChange::Revoke {}, &member)];

    world.moto.by_hand("UpdateUser", &[("UserName", "alice"), ("NewUserName", "alicia")]);
    world.user("alice");
    world.attach_to_user("alice", &read);
    world.moto.by_hand("AddUserToGroup", &[("GroupName", "readers"), ("UserName", "alice")]);
    for plan in &plans {
        let refused = world.apply(plan, &crate::connector::UnconfiguredSink).unwrap_err();
        assert!(matches!(refused, ConnectorError::PreconditionFailed(_)), "{refused}");
    }
    let innocent = world.grant("attached/user/", "alice");
    assert_ne!(innocent.principal.id, attached.principal.id);
    assert!(!is_absent(&world.presence(&innocent)));
    // The user is found under its new name.
    assert!(texts(&world.presence(&attached))[0].contains("alicia"));

    // The same with a group, and with a policy whose content has changed.
    let renamed = world.grant("membership/", "alicia");
    let plan = world.plan(AccessChange::Revoke {}, &renamed);
    world.moto.by_hand("UpdateGroup", &[("GroupName", "readers"), ("NewGroupName", "old-readers")]);
    world.group("readers", &["alicia"]);
    assert!(matches!(
        world.apply(&plan, &crate::connector::UnconfiguredSink),
        Err(ConnectorError::PreconditionFailed(_))
    ));
    world
        .moto
        .by_hand("PutUserPolicy", &[("UserName", "alicia"), ("PolicyName", "p"), ("PolicyDocument", READ_BUCKETS)]);
    let plan = world.plan(AccessChange::Revoke {}, &world.grant("inline/user/", "alicia"));
    world.moto.by_hand("PutUserPolicy", &[("UserName", "alicia"), ("PolicyName", "p"), ("PolicyDocument", EVERYTHING)]);
    let refused = world.apply(&plan, &crate::connector::UnconfiguredSink).unwrap_err();
    assert!(refused.to_string().contains("has changed"), "{refused}");
}

#[test]
fn a_key_is_disabled_now_and_deleted_after_its_soak() {
    let world = TestAccount::new();
    world.user("alice");
    let (id, secret) = world.key("alice");
    assert!(world.connector_as(&id, &secret, "").validate().is_ok());
    let grant = world.grant("access-key/", "alice");

    let soaking = world.connector_as(&world.engine.0, &world.engine.1, "soak_days = 65535");
    use crate::connector::ConnectorSchema as _;
    let refused = soaking.plan_change(&AccessChange::Revoke {}, &grant, &world.inventory()).unwrap_err();
    assert!(
        matches!(&refused, UnsupportedChangeError::Harm { instead, .. } if instead.contains("disable it now")),
        "{refused}"
    );

    world.change(AccessChange::Disable {}, &grant).unwrap();
    let seen = world.connector().observe(&TargetQuery::removal(&grant)).unwrap().grant.unwrap();
    assert_eq!(seen.attribute("status"), Some("Inactive"));
    assert_ne!(seen.digest(), grant.digest(), "it is reviewed again in its new state");

    let draft = world.plan_change(&AccessChange::Revoke {}, &seen).unwrap();
    assert_eq!(draft.operations.len(), 1, "what is inactive needs only be deleted");
    world.change(AccessChange::Revoke {}, &seen).unwrap();
    assert!(is_absent(&world.presence(&grant)));
    let dead = world.connector_as(&id, &secret, "").validate();
    assert!(matches!(dead, Err(ConnectorError::Unauthenticated(_))), "{dead:?}");
}
