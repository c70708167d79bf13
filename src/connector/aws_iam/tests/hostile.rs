//! Threat rows 26 and 31: a target that throttles, drops replies, loops, redirects, sends false replies, and leaks.

use super::{action, connect, system};
use crate::connector::TargetQuery;
use crate::connector::tests::hostile::{Hostile, Reply, answer_with};
use crate::connector::{
    Collector as _, ConnectorError, ConnectorSchema as _, Intent, Provisioner as _, UnconfiguredSink,
};
use crate::model::{AccessChange, Attributes, Digest, Grant, GrantKind, Inventory, Timestamp};
use std::collections::BTreeMap;

const CANARY: &str = "CANARY-3f9c1e7a";

/// Returns the action of a request.
fn asked(request: &str) -> &str {
    let rest = request.split_once("Action=").map_or("", |(_, rest)| rest);
    rest.split('&').next().unwrap_or_default()
}

/// Returns a success reply, with the canary in every place where AWS sends no data.
fn ok(action: &str, result: &str) -> Reply {
    let body = format!(
        "<?xml version=\"1.0\"?><{action}Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><{action}Result>\
         {result}</{action}Result><ResponseMetadata><RequestId>{CANARY}</RequestId></ResponseMetadata></{action}Response>"
    );
    answer_with("200 OK", &leaky(), &body)
}

fn refusal(status: &str, code: &str) -> Reply {
    let body = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{CANARY}</Message></Error>\
         <RequestId>{CANARY}</RequestId></ErrorResponse>"
    );
    answer_with(status, &leaky(), &body)
}

fn leaky() -> String {
    format!("X-Amzn-RequestId: {CANARY}\r\nSet-Cookie: s={CANARY}\r\nWWW-Authenticate: {CANARY}\r\n")
}

const ALICE: &str = "<User><Path>/</Path><UserName>alice</UserName><UserId>AIDA1</UserId><Arn>a</Arn>\
                     <CreateDate>2026-01-01T00:00:00Z</CreateDate></User>";

fn alice_in_list() -> String {
    format!("<member>{}</member>", ALICE.replace("<User>", "").replace("</User>", ""))
}

/// An access key of alice, as it was collected.
fn key() -> Grant {
    let paths = vec![crate::model::AccessPath {
        via: crate::model::AccessRoute::Direct,
        ids: "AIDA1/AKIA1".into(),
        text: "alice has access key AKIA1".into(),
    }];
    Grant {
        system: system(),
        kind: GrantKind::Credential,
        key: crate::model::GrantKey::parse("access-key/AKIA1").unwrap(),
        principal: crate::model::Principal { id: "AIDA1".into(), name: "alice".into() },
        entitlement: crate::model::Entitlement { id: "AKIA1".into(), name: "access key AKIA1".into() },
        paths,
        attributes: Attributes::from_iter([("status".into(), "Active".into()), ("type".into(), "access-key".into())]),
        expands_to: Vec::new(),
        tier: crate::model::Tier::T2,
    }
}

fn revoke(server: &Hostile) -> Result<crate::connector::ApplyReceipt, ConnectorError> {
    change(server, AccessChange::Revoke {})
}

fn change(server: &Hostile, change: AccessChange) -> Result<crate::connector::ApplyReceipt, ConnectorError> {
    let aws = connect(&server.url(), "AKIAENGINE", "secret of a test", "").unwrap();
    let at = Timestamp::parse("2026-11-23").unwrap();
    let inventory = Inventory::new(system(), at, Digest::ZERO, true, [key()], BTreeMap::new());
    let draft = aws.plan_change(&change, &key(), &inventory).unwrap();
    let action = action(change, &key(), draft);
    aws.apply(&action, Intent::recorded(action.id.clone(), 1), &UnconfiguredSink)
}

fn users(server: &Hostile) -> Result<crate::connector::GrantPage, ConnectorError> {
    connect(&server.url(), "AKIAENGINE", "secret of a test", "").unwrap().list(GrantKind::Policy, None)
}

fn count(server: &Hostile, action: &str) -> usize {
    server.requests().iter().filter(|request| asked(request) == action).count()
}

#[test]
fn a_throttled_read_waits_as_it_is_told_and_succeeds() {
    let server = Hostile::serve(|request, before| match before {
        0 => refusal("400 Bad Request", "Throttling"),
        1 => answer_with("429 Too Many Requests", "Retry-After: 1\r\n", CANARY),
        2 => refusal("503 Service Unavailable", "ServiceUnavailable"),
        _ => ok(asked(request), "<Users/><IsTruncated>false</IsTruncated>"),
    });
    assert!(users(&server).unwrap().grants.is_empty());
    assert_eq!(count(&server, "ListUsers"), 4, "every attempt is a call");
}

#[test]
fn permanent_throttling_fails_and_writes_are_not_retried() {
    let server = Hostile::serve(|_, _| answer_with("429 Too Many Requests", "Retry-After: 3600\r\n", ""));
    assert!(matches!(users(&server), Err(ConnectorError::RateLimited { until: Some(_) })));
    assert_eq!(count(&server, "ListUsers"), 1, "an hour is longer than a caller waits");

    let server = Hostile::serve(|request, _| match asked(request) {
        "GetUser" => ok("GetUser", ALICE),
        _ => refusal("400 Bad Request", "Throttling"),
    });
    assert!(matches!(revoke(&server), Err(ConnectorError::RateLimited { .. })));
    assert_eq!(count(&server, "UpdateAccessKey"), 1);
}

#[test]
fn a_write_whose_answer_is_lost_is_ambiguous_and_made_once() {
    let lost: [fn() -> Reply; 7] = [
        || Reply::Drop,
        || Reply::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n<UpdateAccessKeyRes".to_vec()),
        || answer_with("200 OK", "", "<html>welcome</html>"),
        || answer_with("200 OK", "", "<DeleteUserResponse/>"),
        || answer_with("302 Found", "Location: http://127.0.0.1:1/CANARY-3f9c1e7a\r\n", ""),
        || answer_with("500 Internal Server Error", "", "CANARY-3f9c1e7a"),
        || answer_with("200 OK", "Content-Encoding: gzip\r\n", "CANARY-3f9c1e7a"),
    ];
    for reply in lost {
        let server = Hostile::serve(move |request, _| match asked(request) {
            "GetUser" => ok("GetUser", ALICE),
            _ => reply(),
        });
        let error = revoke(&server).unwrap_err();
        assert!(matches!(error, ConnectorError::Ambiguous(_)), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("CANARY"), "{error:?}");
        assert_eq!(count(&server, "UpdateAccessKey"), 1);
        assert_eq!(count(&server, "DeleteAccessKey"), 0, "nothing is done on top of what is not known");
    }
}

#[test]
fn error_after_first_change_is_not_reported_as_no_change() {
    let server = Hostile::serve(|request, _| match asked(request) {
        "GetUser" => ok("GetUser", ALICE),
        "UpdateAccessKey" => {
            answer_with("200 OK", "", "<UpdateAccessKeyResponse><ResponseMetadata/></UpdateAccessKeyResponse>")
        }
        _ => refusal("400 Bad Request", "Throttling"),
    });
    let error = revoke(&server).unwrap_err();
    assert!(matches!(&error, ConnectorError::Ambiguous(why) if why.contains("1 of 2 calls made")), "{error:?}");
}

#[test]
fn a_listing_ends_only_where_the_target_says_so() {
    let page = |more: &'static str| {
        Hostile::serve(move |request, _| ok(asked(request), &format!("<Users>{}</Users>{more}", "")))
    };
    for more in [
        "",
        "<IsTruncated>true</IsTruncated>",
        "<IsTruncated>true</IsTruncated><Marker></Marker>",
        "<IsTruncated>false</IsTruncated><Marker>more</Marker>",
        "<IsTruncated>perhaps</IsTruncated>",
        "<Marker>more</Marker>",
    ] {
        assert!(matches!(users(&page(more)), Err(ConnectorError::Permanent(_))), "{more}");
    }
    let nothing = Hostile::serve(|request, _| ok(asked(request), "<IsTruncated>false</IsTruncated>"));
    assert!(users(&nothing).is_err(), "no list is not an empty list");
}

#[test]
fn pages_that_go_round_in_a_circle_are_noticed() {
    let server = Hostile::serve(|request, before| match asked(request) {
        "GetUser" => refusal("404 Not Found", "NoSuchEntity"),
        _ => {
            let marker = ["one", "two"][before % 2];
            let list =
                format!("<Users>{}</Users><IsTruncated>true</IsTruncated><Marker>{marker}</Marker>", alice_in_list());
            ok("ListUsers", &list)
        }
    });
    let aws = connect(&server.url(), "AKIAENGINE", "secret of a test", "").unwrap();
    let mut other = key();
    other.principal.id = "AIDA2".into();
    let seen = aws.observe(&TargetQuery::removal(&other)).unwrap();
    assert!(seen.access.as_ref().is_err_and(|reason| reason.contains("loop")), "{seen:?}");
    assert!(server.requests().len() < 8);
}

#[test]
fn an_empty_account_proves_nothing() {
    let server = Hostile::serve(|request, _| match asked(request) {
        "GetUser" => refusal("404 Not Found", "NoSuchEntity"),
        other => ok(other, "<Users/><IsTruncated>false</IsTruncated>"),
    });
    let aws = connect(&server.url(), "AKIAENGINE", "secret of a test", "").unwrap();
    assert!(aws.observe(&TargetQuery::removal(&key())).unwrap().access.is_err());
}

#[test]
fn a_document_type_defines_nothing() {
    let server = Hostile::serve(|_, _| {
        let body = "<?xml version=\"1.0\"?><!DOCTYPE r [<!ENTITY x \"alice\">]><ListUsersResponse><ListUsersResult><Users/>\
                    <IsTruncated>false</IsTruncated></ListUsersResult></ListUsersResponse>";
        answer_with("200 OK", "", body)
    });
    assert!(matches!(users(&server), Err(ConnectorError::Permanent(_))));
}

#[test]
fn row_26_nothing_the_target_says_or_is_told_in_secret_is_repeated() {
    let statuses =
        ["400 Bad Request", "401 Unauthorized", "403 Forbidden", "404 Not Found", "409 Conflict", "503 Busy"];
    let codes = ["AccessDenied", "SignatureDoesNotMatch", "NoSuchEntity", "ValidationError", CANARY];
    for (status, code) in statuses.into_iter().flat_map(|status| codes.map(|code| (status, code))) {
        // Retries would only slow down the test.
        if status.starts_with("503") && code != CANARY {
            continue;
        }
        let server = Hostile::serve(move |_, _| refusal(status, code));
        let aws = connect(&server.url(), "AKIAENGINE", CANARY, "").unwrap();
        let mut told = String::new();
        told.push_str(&format!("{:?}", aws.validate()));
        told.push_str(&format!("{:?}", aws.observe(&TargetQuery::removal(&key()))));
        if !status.starts_with("503") {
            told.push_str(&format!("{:?}", aws.list(GrantKind::Account, None).map(|page| page.grants)));
            told.push_str(&format!("{:?}", aws.control_totals()));
        }
        assert!(!told.contains(CANARY), "{status} {code}: {told}");
        assert!(server.requests().iter().all(|request| !request.contains(CANARY)), "a secret signs, and is never sent");
    }
}

#[test]
fn row_26_a_new_secret_is_in_no_receipt_and_no_error() {
    let server = Hostile::serve(|request, _| match asked(request) {
        "GetUser" => ok("GetUser", ALICE),
        "ListAccessKeys" => ok(
            "ListAccessKeys",
            "<AccessKeyMetadata><member><UserName>alice</UserName><AccessKeyId>AKIA1</AccessKeyId><Status>Active</Status>\
             <CreateDate>2026-01-01T00:00:00Z</CreateDate></member></AccessKeyMetadata><IsTruncated>false</IsTruncated>",
        ),
        "CreateAccessKey" => ok(
            "CreateAccessKey",
            &format!(
                "<AccessKey><UserName>alice</UserName><AccessKeyId>AKIA2</AccessKeyId><Status>Active</Status>\
                 <SecretAccessKey>{CANARY}</SecretAccessKey></AccessKey>"
            ),
        ),
        _ => refusal("403 Forbidden", "AccessDenied"),
    });
    let refused = change(&server, AccessChange::Rotate {}).unwrap_err();
    let told = format!("{refused} {refused:?}");
    assert!(told.contains("AKIA2") && !told.contains(CANARY), "what is left behind is named: {told}");
}
