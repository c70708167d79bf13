//! Tests of network failures and concurrent changes between the steps of an action.

use super::*;
use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, atomic::AtomicBool},
    thread,
    time::{Duration, Instant},
};

/// The treatment of a message by the test proxy.
#[derive(Clone, Copy)]
enum Wire {
    /// The server does not receive it.
    CutBefore,
    /// The server receives it, and its reply is lost.
    CutAfter,
    /// It is forwarded.
    Forward,
}

/// Listens in front of the server and lets `act` decide about the first message that contains `mark`.
fn wire(mark: &'static str, act: impl FnOnce() -> Wire + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let act = Arc::new(Mutex::new(Some(act)));
    // One thread for the proxy and two for each connection; they end with the connections, at the latest with the test.
    thread::spawn(move || {
        for client in listener.incoming() {
            let (client, act) = (client.unwrap(), Arc::clone(&act));
            thread::spawn(move || carry(client, mark, &act));
        }
    });
    port
}

fn carry(mut client: TcpStream, mark: &str, act: &Mutex<Option<impl FnOnce() -> Wire>>) {
    let mut server = TcpStream::connect(("127.0.0.1", CLUSTER.port())).unwrap();
    let (mut back_from, mut back_to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let mute = Arc::new(AtomicBool::new(false));
    let muted = Arc::clone(&mute);
    thread::spawn(move || {
        let mut buffer = [0; 65_536];
        while let Ok(read @ 1..) = back_from.read(&mut buffer) {
            if muted.load(Ordering::SeqCst) || back_to.write_all(&buffer[..read]).is_err() {
                break;
            }
        }
        // A dropped reply: the server has executed the request.
        let _ = back_to.shutdown(Shutdown::Both);
    });
    let mut buffer = [0; 65_536];
    while let Ok(read @ 1..) = client.read(&mut buffer) {
        let marked = buffer[..read].windows(mark.len()).any(|bytes| bytes == mark.as_bytes());
        let act = if marked { act.lock().unwrap().take() } else { None };
        match act.map_or(Wire::Forward, |act| act()) {
            Wire::CutBefore => break,
            Wire::CutAfter => {
                mute.store(true, Ordering::SeqCst);
                server.write_all(&buffer[..read]).unwrap();
                continue;
            }
            Wire::Forward => {}
        }
        if server.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
}

fn through(port: u16, story: &Story) -> Postgres {
    let config = PostgresConfig { port, ..config(&[&story.database], "super") };
    open(&system(), &config, SecretString::from(CLUSTER.password().to_owned())).unwrap()
}

const STORY: &str = "CREATE TABLE t (a int); CREATE ROLE svc_N LOGIN; GRANT SELECT ON t TO svc_N";

#[test]
fn reply_lost_at_commit_is_ambiguous() {
    for (cut, done) in [(Wire::CutAfter, true), (Wire::CutBefore, false)] {
        let story = Story::new(STORY);
        let plan = story.plan(AccessChange::Revoke {}, &story.grant("svc_N", "SELECT ON TABLE"));
        let far = through(wire("COMMIT", move || cut), &story);
        let error = apply_by(&far, &plan, &story.vault).unwrap_err();
        assert_eq!(error.class(), "ambiguous", "{error}");
        assert_eq!(
            far.observe(&TargetQuery::removal(&plan.grant)).unwrap().grant.is_none(),
            done,
            "the next read connects again"
        );
        assert_eq!(story.reads("svc_N", "t"), !done);
        assert_eq!(apply_by(&far, &plan, &story.vault).unwrap().already, done);
    }
}

#[test]
fn reply_lost_before_commit_is_transient() {
    for cut in [Wire::CutAfter, Wire::CutBefore] {
        let story = Story::new(STORY);
        let plan = story.plan(AccessChange::Revoke {}, &story.grant("svc_N", "SELECT ON TABLE"));
        let far = through(wire("REVOKE", move || cut), &story);
        let error = apply_by(&far, &plan, &story.vault).unwrap_err();
        assert_eq!(error.class(), "transient", "{error}");
        assert!(story.reads("svc_N", "t"));
        assert!(far.observe(&TargetQuery::removal(&plan.grant)).unwrap().grant.is_some());
    }
}

#[test]
fn name_reused_after_the_check_is_rolled_back() {
    let story = Story::new(STORY);
    let plan = story.plan(AccessChange::Revoke {}, &story.grant("svc_N", "SELECT ON TABLE"));
    let database = story.database.clone();
    let swap = story.text("ALTER ROLE svc_N RENAME TO old_N; CREATE ROLE svc_N LOGIN; GRANT SELECT ON t TO svc_N");
    let far = through(
        wire("REVOKE", move || {
            CLUSTER.sql(&database, &swap);
            Wire::Forward
        }),
        &story,
    );
    let error = apply_by(&far, &plan, &story.vault).unwrap_err();
    assert!(error.to_string().contains("rolled back"), "{error}");
    assert!(story.reads("svc_N", "t"), "the other role keeps its privilege");
    assert!(story.reads("old_N", "t"));
}

#[test]
fn statement_without_effect_is_not_a_success() {
    // The grantor became a superuser in between: acting as it now means acting as the owner, who did not grant this
    // privilege.
    let story = Story::new(
        "CREATE TABLE t (a int); CREATE ROLE svc_N LOGIN; CREATE ROLE lead_N;
         GRANT SELECT ON t TO lead_N WITH GRANT OPTION; SET ROLE lead_N; GRANT SELECT ON t TO svc_N; RESET ROLE",
    );
    let plan = story.plan(AccessChange::Revoke {}, &story.grant("svc_N", "SELECT ON TABLE"));
    story.sql("ALTER ROLE lead_N SUPERUSER");
    let error = story.apply(&plan).unwrap_err();
    assert!(error.to_string().contains("without a change; rolled back"), "{error}");
    assert!(story.reads("svc_N", "t"));
}

#[test]
fn password_with_lost_commit_is_stored_and_found() {
    let story = Story::new("CREATE ROLE svc_N LOGIN PASSWORD 'the old one'");
    let plan = story.plan(AccessChange::Rotate {}, &story.grant("svc_N", "password"));
    let far = through(wire("COMMIT", || Wire::CutAfter), &story);
    assert_eq!(apply_by(&far, &plan, &story.vault).unwrap_err().class(), "ambiguous");
    let (_, secret) = story.vault.0.lock().unwrap()[0].clone();
    assert!(
        CLUSTER.log_in("postgres", &story.text("svc_N"), &secret).is_ok(),
        "it was stored in the sink before it was set"
    );
    assert!(far.observe(&TargetQuery::removal(&plan.grant)).unwrap().is_absent());
}

#[test]
fn silent_server_times_out() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let story = Story::new("CREATE ROLE svc_N LOGIN");
    let far = through(silent.local_addr().unwrap().port(), &story);
    far.state().server.patience = Duration::from_millis(300);
    let begun = Instant::now();
    assert_eq!(far.validate().unwrap_err().class(), "transient");
    assert!(begun.elapsed() < Duration::from_secs(20));
}
