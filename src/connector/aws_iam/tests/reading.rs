//! Listings, usage, tiers and rights, on the emulator.

use super::{EVERYTHING, READ_BUCKETS, TestAccount, connect_to, system};
use crate::connector::TargetQuery;
use crate::connector::tests::conformance::{conforms_within, list_all};
use crate::connector::{Collector as _, ConnectorError};
use crate::model::{GrantKind, Tier, Usage};

fn inhabited() -> TestAccount {
    let world = TestAccount::new();
    for name in ["alice", "bob"] {
        world.user(name);
        world.key(name);
    }
    world.moto.by_hand("CreateLoginProfile", &[("UserName", "alice"), ("Password", "not-a-real-1-Password")]);
    world.group("ops", &["alice", "bob"]);
    world.group("empty", &[]);
    let read = world.policy("read-buckets", READ_BUCKETS);
    let all = world.policy("everything", EVERYTHING);
    world.attach_to_user("alice", &read);
    world.attach_to_user("alice", &all);
    world.attach_to_group("ops", &all);
    let inline = [("GroupName", "ops"), ("PolicyName", "in+line=1,2.3@x"), ("PolicyDocument", READ_BUCKETS)];
    world.moto.by_hand("PutGroupPolicy", &inline);
    world
}

#[test]
fn it_keeps_what_every_connector_promises() {
    let world = inhabited();
    conforms_within(&world.connector(), &system(), 3);

    // The smallest page size gives the same result.
    let (id, secret) = &world.engine;
    let small = world.connector_as(id, secret, "page_size = 2");
    // The replies of the emulator's ListGroups have no end mark, so a full page may have been truncated.
    let refused = small.list(GrantKind::Membership, None).unwrap_err();
    assert!(refused.to_string().contains("does not report whether there are more pages"), "{refused}");
    let page = |aws: &crate::connector::aws_iam::AwsIam| aws.list(GrantKind::Account, None).unwrap().grants;
    assert_eq!(page(&small), page(&world.connector()));
}

#[test]
fn grants_say_what_is_dangerous_and_when_it_was_used() {
    let world = inhabited();
    let inventory = world.inventory();
    let find = |key: &str, name: &str| {
        let of = |grant: &&crate::model::Grant| grant.key.as_str().starts_with(key) && grant.principal.name == name;
        inventory.grants().filter(of).cloned().collect::<Vec<_>>()
    };

    let member = &find("membership/", "alice")[0];
    assert_eq!((member.tier, member.attribute("power")), (Tier::T0, Some("administrator")));
    let hidden: Vec<&str> = member.expands_to.iter().map(|hidden| hidden.name.as_str()).collect();
    assert_eq!(hidden.len(), 2);
    assert!(hidden.contains(&"everything") && hidden.contains(&"in+line=1,2.3@x"), "{hidden:?}");

    let attached = find("attached/user/", "alice");
    let tiers: Vec<_> = attached.iter().map(|grant| (grant.entitlement.name.as_str(), grant.tier)).collect();
    assert!(tiers.contains(&("everything", Tier::T0)) && tiers.contains(&("read-buckets", Tier::T3)), "{tiers:?}");
    assert_eq!(find("inline/group/", "ops")[0].tier, Tier::T3);

    let account = &find("account/", "alice")[0];
    assert_eq!((account.attribute("status"), account.attribute("mfa")), (Some("active"), Some("none")));
    assert_eq!(find("password/", "alice").len(), 1);

    assert!(matches!(inventory.usage(&find("access-key/", "alice")[0].key), Usage::NeverSince(_)));
    assert!(matches!(inventory.usage(&find("access-key/", "engine")[0].key), Usage::At(_)));
    assert!(matches!(inventory.usage(&find("account/", "engine")[0].key), Usage::At(_)));
}

#[test]
fn invalid_or_insufficient_credential_is_reported() {
    let world = inhabited();
    let (id, _) = &world.engine;
    let wrong = world.connector_as(id, "this is not its secret", "");
    let refused = wrong.validate();
    assert!(matches!(refused, Err(ConnectorError::Unauthenticated(_))), "{refused:?}");

    let (id, secret) = world.key("bob");
    world.moto.by_hand("RemoveUserFromGroup", &[("GroupName", "ops"), ("UserName", "bob")]);
    let only = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:ListUsers","iam:GetUser"],"Resource":"*"}]}"#;
    world.moto.by_hand("PutUserPolicy", &[("UserName", "bob"), ("PolicyName", "own"), ("PolicyDocument", only)]);
    let lesser = world.connector_as(&id, &secret, "");
    let missing = |error| matches!(error, ConnectorError::Forbidden { missing } if missing == "iam:ListGroups");
    assert!(missing(lesser.list(GrantKind::Membership, None).unwrap_err()));
    let health = lesser.validate().unwrap();
    assert!(health.identity.ends_with(":user/bob"), "{}", health.identity);
    assert!(health.blind_spots.iter().any(|spot| spot.contains("iam:ListGroups is refused")), "{health:?}");

    // A refused read is unknown, never absent.
    let member = world.grant("membership/", "alice");
    let seen = lesser.observe(&TargetQuery::removal(&member)).unwrap();
    assert!(seen.access.is_err(), "{seen:?}");
}

#[test]
fn unsupported_call_fails_listing_unless_declared() {
    let world = inhabited();
    let (id, secret) = &world.engine;
    let all = world.connector_as(id, secret, "unseen = []");
    assert!(all.list(GrantKind::Credential, None).is_err(), "the emulator has no ListServiceSpecificCredentials");
    let spots = world.connector().validate().unwrap().blind_spots;
    assert!(spots.iter().any(|spot| spot.contains("service-specific credentials")), "{spots:?}");
    assert!(!list_all(&world.connector()).is_empty());
}

#[test]
fn an_account_that_is_another_is_not_touched() {
    let world = TestAccount::new();
    let (id, secret) = &world.engine;
    let aws = connect_to("999999999999", &world.moto.url(), id, secret, "").unwrap();
    assert!(matches!(aws.validate(), Err(ConnectorError::PreconditionFailed(_))));
}
