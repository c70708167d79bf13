//! Job identity from the OpenID Connect token of GitHub Actions. The token itself is a secret and is not stored.

use super::{ApiScope, client, read};
use crate::{
    connector::ConnectorError,
    model::{Timestamp, record::short},
};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use reqwest::Url;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// The parameters for requesting the token of a job.
pub struct TokenRequest<'a> {
    /// The URL, given by the runner.
    pub url: &'a str,
    /// The bearer token for that URL, valid for this job alone.
    pub token: &'a SecretString,
    /// The GitHub server, such as `https://github.com`.
    pub server: &'a str,
    /// Whether the addresses may be on the local machine.
    pub nearness: ApiScope,
    /// The time at which the token must be valid.
    pub now: Timestamp,
    /// The claims of the job that requests the token, such as `run_id`, as the runner sets them.
    pub job: &'a BTreeMap<&'static str, String>,
}

/// Returns the claims of a job. The signature is verified with the issuer's published keys, the issuer must be that of the
/// server, and the token must be valid now.
///
/// # Errors
/// When there is no token, its signature is invalid, or it has another audience or another time.
pub fn claims(asked: &TokenRequest<'_>) -> Result<BTreeMap<String, String>, ConnectorError> {
    let mut url = Url::parse(asked.url).map_err(|_| odd("invalid token URL"))?;
    url.query_pairs_mut().append_pair("audience", AUDIENCE);
    let headers = [("Authorization".to_owned(), format!("Bearer {}", asked.token.expose_secret()))];
    let token: Token = read(&client(asked.url, asked.nearness)?, "github id-token", &url, &headers)?;
    let token = token.value;
    let mut parts = token.expose_secret().split('.');
    let (Some(head), Some(body), Some(signature), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(odd("malformed JWT: it does not have three parts"));
    };
    let header: Header = parsed(head)?;
    if header.alg != "RS256" {
        return Err(odd("the signature algorithm of the token is not RS256"));
    }
    let told: BTreeMap<String, Value> = parsed(body)?;
    let issuer = issuer(&told, asked)?;
    let keys: Jwks = {
        let address = format!("{issuer}/.well-known/jwks");
        let url = Url::parse(&address).map_err(|_| odd("the issuer is not a URL"))?;
        read(&client(&address, asked.nearness)?, "github jwks", &url, &[])?
    };
    let key = keys.keys.into_iter().find(|key| key.kid == header.kid && key.kty == "RSA");
    let key = key.ok_or_else(|| odd("no key of the issuer matches the `kid` of the token"))?;
    let public = RsaPublicKeyComponents { n: decoded(&key.n)?, e: decoded(&key.e)? };
    public
        .verify(&RSA_PKCS1_2048_8192_SHA256, format!("{head}.{body}").as_bytes(), &decoded(signature)?)
        .map_err(|_| odd("invalid signature"))?;
    if told.get("aud").and_then(Value::as_str) != Some(AUDIENCE) {
        return Err(odd("the token has another audience"));
    }
    check_times(&told, asked.now)?;
    check_job(&told, asked.job)?;
    let mut kept: BTreeMap<String, String> =
        KEPT.iter().filter_map(|name| Some(((*name).to_owned(), short(&text(told.get(*name)?)?)))).collect();
    kept.insert("standing".to_owned(), "verified".to_owned());
    Ok(kept)
}

/// Returns the issuer for a server: GitHub's own, or that of an Enterprise server ("OpenID Connect reference",
/// docs.github.com).
fn issuer(told: &BTreeMap<String, Value>, asked: &TokenRequest<'_>) -> Result<String, ConnectorError> {
    let issuer = told.get("iss").and_then(Value::as_str).unwrap_or_default();
    let server = asked.server.trim_end_matches('/');
    let expected = match server {
        "https://github.com" => vec![GITHUB.to_owned(), format!("{GITHUB}/")],
        server => vec![format!("{server}/_services/token")],
    };
    // An enterprise may have an issuer with its own name at the end.
    let is_own = issuer.strip_prefix(&format!("{GITHUB}/")).is_some_and(|name| {
        server == "https://github.com" && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    });
    if is_own || expected.iter().any(|known| known == issuer) {
        Ok(issuer.trim_end_matches('/').to_owned())
    } else {
        Err(odd("the issuer of the token is not that of the server"))
    }
}

/// Checks the claims that limit when a token is valid (RFC 7519, sections 4.1.4 to 4.1.6).
fn check_times(told: &BTreeMap<String, Value>, now: Timestamp) -> Result<(), ConnectorError> {
    // A NumericDate is a JSON number, with or without a fraction; below 2^53 no second is lost.
    let time = |name: &str| match told.get(name) {
        None => Ok(None),
        Some(value) => value.as_f64().map(Some).ok_or_else(|| odd(&format!("the claim `{name}` is not a number"))),
    };
    #[expect(clippy::cast_precision_loss, reason = "seconds of a calendar year are far below 2^53")]
    let now = now.unix() as f64;
    let (issued, not_before) = (time("iat")?, time("nbf")?);
    let expiry = time("exp")?.ok_or_else(|| odd("the token has no expiry time (`exp`)"))?;
    if now >= expiry + LEEWAY {
        return Err(odd("the token has expired (`exp`)"));
    }
    if not_before.is_some_and(|start| now + LEEWAY < start) {
        return Err(odd("the token is not valid yet (`nbf`)"));
    }
    if issued.is_some_and(|issued| now + LEEWAY < issued) {
        return Err(odd("the token was issued in the future (`iat`)"));
    }
    Ok(())
}

/// Checks that a token was issued for this job: its run, commit and repository. A token of another job proves nothing
/// about this one.
fn check_job(told: &BTreeMap<String, Value>, job: &BTreeMap<&'static str, String>) -> Result<(), ConnectorError> {
    for name in BOUND {
        let claim = told.get(name).and_then(text);
        match (job.get(name), claim) {
            (Some(own), Some(claim)) if *own == claim => {}
            (Some(own), Some(claim)) => {
                return Err(odd(&format!("the token is of another job: `{name}` is {claim}, but this job has {own}")));
            }
            (None, _) => return Err(odd(&format!("the runner does not state the `{name}` of this job"))),
            (_, None) => return Err(odd(&format!("the token has no claim `{name}`"))),
        }
    }
    Ok(())
}

fn parsed<T: for<'de> Deserialize<'de>>(part: &str) -> Result<T, ConnectorError> {
    serde_json::from_slice(&decoded(part)?).map_err(|_| odd("malformed JWT: a part is not JSON"))
}

fn decoded(part: &str) -> Result<Vec<u8>, ConnectorError> {
    Base64UrlUnpadded::decode_vec(part).map_err(|_| odd("malformed JWT: a part is not base64url"))
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn odd(why: &str) -> ConnectorError {
    ConnectorError::Permanent(format!("github id-token: {why}"))
}

#[derive(Deserialize)]
struct Token {
    #[serde(deserialize_with = "secret")]
    value: SecretString,
}

fn secret<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
}

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Key {
    kid: String,
    kty: String,
    n: String,
    e: String,
}

/// The claims that bind a token to a job.
const BOUND: [&str; 4] = ["repository", "run_attempt", "run_id", "sha"];
const AUDIENCE: &str = "tenure";
/// The tolerated difference between the clocks of the issuer and of this machine, in seconds.
const LEEWAY: f64 = 60.0;
const GITHUB: &str = "https://token.actions.githubusercontent.com";
/// The claims that identify the job; other claims are not stored.
const KEPT: [&str; 18] = [
    "actor",
    "actor_id",
    "environment",
    "event_name",
    "iss",
    "job_workflow_ref",
    "job_workflow_sha",
    "ref",
    "repository",
    "repository_id",
    "repository_owner_id",
    "run_attempt",
    "run_id",
    "runner_environment",
    "sha",
    "sub",
    "workflow_ref",
    "workflow_sha",
];

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn checked(claims: Value) -> String {
        let told = serde_json::from_value(claims).unwrap();
        let checked = check_times(&told, Timestamp::from_unix(1_000_000));
        checked.map_or_else(|error| error.to_string(), |()| "valid".to_owned())
    }

    #[test]
    fn row_49_token_of_another_job_is_rejected() {
        let job: BTreeMap<&'static str, String> =
            [("repository", "acme/access"), ("run_attempt", "1"), ("run_id", "77"), ("sha", "c0ffee")]
                .map(|(name, value)| (name, value.to_owned()))
                .into();
        let own = json!({"repository": "acme/access", "run_attempt": "1", "run_id": 77, "sha": "c0ffee"});
        let judged = |claims: &Value, job: &BTreeMap<&'static str, String>| {
            let told = serde_json::from_value(claims.clone()).unwrap();
            check_job(&told, job).map_or_else(|error| error.to_string(), |()| "own".to_owned())
        };
        assert_eq!(judged(&own, &job), "own");
        for (name, other) in [("repository", "acme/other"), ("run_attempt", "2"), ("run_id", "78"), ("sha", "beef")] {
            let mut claims = own.clone();
            claims[name] = json!(other);
            assert!(judged(&claims, &job).contains("another job"), "{name}");
            claims.as_object_mut().unwrap().remove(name);
            assert!(judged(&claims, &job).contains("no claim"), "{name}");
            let mut unstated = job.clone();
            unstated.remove(name);
            assert!(judged(&own, &unstated).contains("does not state"), "{name}");
        }
    }

    #[test]
    fn row_49_token_is_valid_between_its_times() {
        for claims in [
            json!({"exp": 1_000_300}),
            json!({"exp": 1_000_300, "iat": 1_000_000, "nbf": 999_400}),
            json!({"exp": 1_000_300.5, "iat": 999_999.5}),
            // Within the leeway.
            json!({"exp": 999_941, "iat": 1_000_060, "nbf": 1_000_060}),
        ] {
            assert_eq!(checked(claims.clone()), "valid", "{claims}");
        }
    }

    #[test]
    fn row_49_token_outside_of_its_times_is_rejected() {
        for (claims, reason) in [
            (json!({}), "no expiry time (`exp`)"),
            (json!({"iat": 1_000_000, "nbf": 1_000_000}), "no expiry time (`exp`)"),
            (json!({"exp": 999_940}), "has expired (`exp`)"),
            (json!({"exp": 1}), "has expired (`exp`)"),
            (json!({"exp": -1}), "has expired (`exp`)"),
            (json!({"exp": 1_000_300, "nbf": 1_000_061}), "not valid yet (`nbf`)"),
            (json!({"exp": 1_000_300, "iat": 1_000_061}), "issued in the future (`iat`)"),
            (json!({"exp": "1000300"}), "`exp` is not a number"),
            (json!({"exp": null}), "`exp` is not a number"),
            (json!({"exp": 1_000_300, "nbf": "9999999"}), "`nbf` is not a number"),
            (json!({"exp": 1_000_300, "iat": [1]}), "`iat` is not a number"),
        ] {
            let found = checked(claims.clone());
            assert!(found.contains(reason), "{claims}: {found}");
        }
    }
}
