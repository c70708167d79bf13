//! Reads merge provenance and job identity from GitHub, and opens pull requests and issues. Data that cannot be read is
//! reported as unknown. Decisions are never written.

mod oidc;
mod open_pull_request;
mod pull_requests;

pub use oidc::{TokenRequest, claims};
pub use open_pull_request::ExistingItem;
pub use pull_requests::GitHub;

use crate::connector::{
    ConnectorError,
    http::{
        AddressScope, CallEffect, HttpClient, HttpLimits, HttpRequest, Method, OriginError, PinnedOrigin, retry_read,
    },
};
use reqwest::Url;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;
use zeroize::Zeroizing;

/// Whether an address may be on the local machine, as a test server is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ApiScope {
    /// Only https, at public or private addresses.
    Far,
    /// Also http on the loopback interface.
    Loopback,
}

/// Returns a client for one address.
fn client(address: &str, nearness: ApiScope) -> Result<HttpClient, ConnectorError> {
    let odd = |why: OriginError| ConnectorError::Permanent(why.to_string());
    let url = Url::parse(address).map_err(|_| odd(OriginError::Unreadable))?;
    if nearness == ApiScope::Far && url.scheme() != "https" {
        return Err(odd(OriginError::Plain));
    }
    let mut origin = url;
    origin.set_query(None);
    // A self-hosted GitHub server may have a private address; it comes from the runner's own environment.
    let origin = PinnedOrigin::parse(origin.as_str(), AddressScope::Listed).map_err(odd)?;
    HttpClient::connect(origin, LIMITS)
}

/// Makes one read and returns the deserialized JSON.
fn read<T: DeserializeOwned>(
    client: &HttpClient,
    name: &str,
    url: &Url,
    headers: &[(String, String)],
) -> Result<T, ConnectorError> {
    retry_read(client.limits(), || exchange(client, name, CallEffect::Read, Method::GET, url, headers, &Value::Null))
}

/// Makes one call, once, and returns the deserialized JSON of its reply; `null` sends no body.
fn exchange<T: DeserializeOwned>(
    client: &HttpClient,
    name: &str,
    effect: CallEffect,
    method: Method,
    url: &Url,
    headers: &[(String, String)],
    body: &Value,
) -> Result<T, ConnectorError> {
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let (name, headers) = (name.to_owned(), headers.to_vec());
    let answer =
        client.send(HttpRequest { name, effect, method, url: url.clone(), headers, body: Zeroizing::new(body) })?;
    if !answer.is_success() {
        return Err(answer.refusal());
    }
    serde_json::from_slice(answer.body()).map_err(|_| answer.unreadable())
}

const LIMITS: HttpLimits = HttpLimits {
    call: Duration::from_secs(20),
    body: 8 << 20,
    pages: 5,
    attempts: 3,
    patience: Duration::from_secs(10),
};
