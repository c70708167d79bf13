//! What GitHub knows of a governed repository: who proposed, approved and merged a change, and which job this is. What it
//! cannot read is said to be unknown. What it writes are pull requests and issues: questions to people, never an answer.

mod oidc;
mod open_pull_request;
mod pull_requests;

pub use oidc::{TokenRequest, claims};
pub use open_pull_request::ExistingItem;
pub use pull_requests::GitHub;

use super::{
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

/// Whether an address may lie on this very machine, as that of a server for tests does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ApiScope {
    /// Only over https, at public or private addresses.
    Far,
    /// Also over http on loopback.
    Loopback,
}

/// Returns a client of one address.
fn client(address: &str, nearness: ApiScope) -> Result<HttpClient, ConnectorError> {
    let odd = |why: OriginError| ConnectorError::Permanent(why.to_string());
    let url = Url::parse(address).map_err(|_| odd(OriginError::Unreadable))?;
    if nearness == ApiScope::Far && url.scheme() != "https" {
        return Err(odd(OriginError::Plain));
    }
    let mut origin = url;
    origin.set_query(None);
    // A forge of one's own may have an inner address; it is what the runner's own environment names.
    let origin = PinnedOrigin::parse(origin.as_str(), AddressScope::Listed).map_err(odd)?;
    HttpClient::connect(origin, LIMITS)
}

/// Makes one read and returns what its JSON says.
fn read<T: DeserializeOwned>(
    client: &HttpClient,
    name: &str,
    url: &Url,
    headers: &[(String, String)],
) -> Result<T, ConnectorError> {
    retry_read(client.limits(), || exchange(client, name, CallEffect::Read, Method::GET, url, headers, &Value::Null))
}

/// Makes one call, once, and returns what the JSON of its answer says; `null` is no body.
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
