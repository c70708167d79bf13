//! Threat row 31: hostile targets of any connector over HTTP.

use crate::support::hostile::{Hostile, Reply, answer_with};
use std::time::{Duration, Instant};
use tenure::connector::ConnectorError;
use tenure::connector::http::{
    AddressScope, CallEffect, HttpClient, HttpLimits, HttpRequest, HttpResponse, Method, PinnedOrigin, retry_read,
};

const CANARY: &str = "CANARY-77b0d1";

fn client(server: &Hostile, limits: HttpLimits) -> HttpClient {
    HttpClient::connect(PinnedOrigin::parse(&server.url(), AddressScope::Listed).unwrap(), limits).unwrap()
}

fn quick() -> HttpLimits {
    HttpLimits { call: Duration::from_millis(700), body: 64 << 10, ..HttpLimits::default() }
}

fn ask(client: &HttpClient, effect: CallEffect) -> Result<HttpResponse, ConnectorError> {
    let mut url = client.origin().url().clone();
    url.set_query(Some(&format!("token={CANARY}")));
    client.send(HttpRequest {
        name: "api:Call".to_owned(),
        effect,
        method: Method::POST,
        url,
        headers: vec![("authorization".to_owned(), CANARY.to_owned())],
        body: CANARY.as_bytes().to_vec().into(),
    })
}

/// Makes a read and a write, and returns the classes of the errors.
fn classes(limits: HttpLimits, reply: impl Fn() -> Reply + Send + Sync + Copy + 'static) -> [&'static str; 2] {
    [CallEffect::Read, CallEffect::Write].map(|effect| {
        let server = Hostile::serve(move |_, _| reply());
        let error = ask(&client(&server, limits), effect).err().expect("an error");
        assert!(!format!("{error} {error:?}").contains("CANARY"), "{error:?}");
        assert_eq!(server.requests().len(), 1, "a call is made once");
        error.class()
    })
}

#[test]
fn row_31_a_redirect_is_refused_and_never_followed() {
    let elsewhere = Hostile::serve(|_, _| answer_with("200 OK", "", "stolen"));
    let url = elsewhere.url();
    for status in ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let location = format!("Location: {url}/{CANARY}\r\n");
        let server = Hostile::serve(move |_, _| answer_with(status, &location, CANARY));
        let error = ask(&client(&server, quick()), CallEffect::Read).err().unwrap();
        assert_eq!(error.class(), "permanent", "{status}");
        assert!(!error.to_string().contains("CANARY"));
    }
    assert!(elsewhere.requests().is_empty(), "the credential went nowhere else");
}

#[test]
fn row_31_an_answer_larger_than_allowed_is_cut_off() {
    let huge = || answer_with("200 OK", "", &"x".repeat(1 << 20));
    assert_eq!(classes(quick(), huge), ["permanent", "ambiguous"]);
    let endless = || {
        let mut bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        for _ in 0..64 {
            bytes.extend_from_slice(format!("1000\r\n{}\r\n", "x".repeat(0x1000)).as_bytes());
        }
        Reply::Bytes(bytes)
    };
    assert_eq!(classes(quick(), endless), ["permanent", "ambiguous"]);
}

#[test]
fn row_31_a_compressed_answer_is_not_inflated() {
    for encoding in ["gzip", "br", "deflate", "zstd", "gzip, gzip"] {
        let header = format!("Content-Encoding: {encoding}\r\n");
        let server = Hostile::serve(move |_, _| answer_with("200 OK", &header, CANARY));
        let error = ask(&client(&server, quick()), CallEffect::Read).err().unwrap();
        assert_eq!(error.class(), "permanent", "{encoding}");
        assert!(server.requests()[0].to_lowercase().contains("accept-encoding: identity"));
    }
}

#[test]
fn row_31_a_slow_answer_ends_in_time_wherever_it_is_slow() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
    let silence = || Reply::Silence;
    let in_headers = || Reply::Trickle([&head[..], &[b'x'; 1000]].concat(), 10);
    let in_body = move || Reply::Trickle([&head[..], &[b'x'; 1000]].concat(), head.len());
    let started = Instant::now();
    assert_eq!(classes(quick(), silence), ["transient", "ambiguous"]);
    assert_eq!(classes(quick(), in_headers), ["transient", "ambiguous"]);
    assert_eq!(classes(quick(), in_body), ["transient", "ambiguous"]);
    // Six calls of 0.7 s, each of which may take one read longer; a thousand single bytes would take 20 s.
    assert!(started.elapsed() < Duration::from_secs(12), "{:?}", started.elapsed());
}

#[test]
fn what_was_not_sent_is_transient_and_what_was_is_ambiguous() {
    let gone = {
        let server = Hostile::serve(|_, _| Reply::Drop);
        let client = client(&server, quick());
        drop(server);
        client
    };
    for effect in [CallEffect::Read, CallEffect::Write] {
        assert_eq!(ask(&gone, effect).err().unwrap().class(), "transient", "nothing was sent");
    }
    assert_eq!(classes(quick(), || Reply::Drop), ["transient", "ambiguous"]);
    let nonsense = || Reply::Bytes(format!("{CANARY} is not HTTP\r\n\r\n").into_bytes());
    assert_eq!(classes(quick(), nonsense), ["transient", "ambiguous"]);
}

#[test]
fn reads_are_tried_again_and_counted() {
    let server = Hostile::serve(|_, before| match before {
        0 => Reply::Drop,
        1 => answer_with("429 Too Many Requests", "", ""),
        _ => answer_with("200 OK", "", "here"),
    });
    let client = client(&server, HttpLimits::default());
    let answer = retry_read(client.limits(), || {
        let answer = ask(&client, CallEffect::Read)?;
        if answer.is_success() { Ok(answer) } else { Err(answer.refusal()) }
    });
    assert_eq!(answer.ok().map(|answer| answer.body().to_vec()), Some(b"here".to_vec()));
    assert_eq!(client.calls(), 3);
}

#[test]
fn a_call_out_of_the_origin_is_not_made() {
    let server = Hostile::serve(|_, _| answer_with("200 OK", "", ""));
    let other = Hostile::serve(|_, _| answer_with("200 OK", "", ""));
    let client = client(&server, quick());
    let url = PinnedOrigin::parse(&other.url(), AddressScope::Listed).unwrap().url().clone();
    let request = HttpRequest {
        name: "api:Call".to_owned(),
        effect: CallEffect::Write,
        method: Method::GET,
        url,
        headers: Vec::new(),
        body: Vec::new().into(),
    };
    assert_eq!(client.send(request).err().map(|error| error.class()), Some("permanent"));
    assert_eq!((client.calls(), other.requests().len()), (0, 0));
}
