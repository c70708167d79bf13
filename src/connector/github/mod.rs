//! What GitHub knows of a governed repository: who proposed, approved and merged a change, and which job this is. It only
//! reads, and what it cannot read is said to be unknown.

mod claims;
mod merges;

pub use claims::{Asked, claims};
pub use merges::GitHub;

use super::{
    ConnectorError,
    http::{Client, Effect, Limits, Method, NotAnOrigin, Origin, Reach, Request, retry_read},
};
use reqwest::Url;
use serde::de::DeserializeOwned;
use std::time::Duration;
use zeroize::Zeroizing;

/// Whether an address may lie on this very machine, as that of a server for tests does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Nearness {
    /// Only over https, at public or private addresses.
    Far,
    /// Also over http on loopback.
    Loopback,
}

/// Returns a client of one address.
fn client(address: &str, nearness: Nearness) -> Result<Client, ConnectorError> {
    let odd = |why: NotAnOrigin| ConnectorError::Permanent(why.to_string());
    let url = Url::parse(address).map_err(|_| odd(NotAnOrigin::Unreadable))?;
    if nearness == Nearness::Far && url.scheme() != "https" {
        return Err(odd(NotAnOrigin::Plain));
    }
    let mut origin = url;
    origin.set_query(None);
    // A forge of one's own may have an inner address; it is what the runner's own environment names.
    let origin = Origin::parse(origin.as_str(), Reach::Listed).map_err(odd)?;
    Client::connect(origin, LIMITS)
}

/// Makes one read and returns what its JSON says.
fn read<T: DeserializeOwned>(
    client: &Client,
    name: &str,
    url: &Url,
    headers: &[(String, String)],
) -> Result<T, ConnectorError> {
    retry_read(client.limits(), || {
        let request = Request {
            name: name.to_owned(),
            effect: Effect::Read,
            method: Method::GET,
            url: url.clone(),
            headers: headers.to_vec(),
            body: Zeroizing::default(),
        };
        let answer = client.send(request)?;
        if !answer.is_success() {
            return Err(answer.refusal());
        }
        serde_json::from_slice(answer.body()).map_err(|_| answer.unreadable())
    })
}

const LIMITS: Limits =
    Limits { call: Duration::from_secs(20), body: 8 << 20, pages: 5, attempts: 3, patience: Duration::from_secs(10) };
