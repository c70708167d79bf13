//! Sends single requests to a pinned origin.

use super::effect::CallEffect;
use super::limits::HttpLimits;
use super::origin::PinnedOrigin;
use super::response::HttpResponse;
use crate::connector::ConnectorError;
use reqwest::{Url, blocking, header, redirect, retry};
use std::io::Read as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

pub use reqwest::Method;

/// A call.
pub struct HttpRequest {
    /// The name of the call in messages, chosen by the connector, never by the target.
    pub name: String,
    /// Whether it can change the target.
    pub effect: CallEffect,
    /// The HTTP method.
    pub method: Method,
    /// The URL; must be within the client's origin.
    pub url: Url,
    /// The headers; they may contain secrets and are never printed.
    pub headers: Vec<(String, String)>,
    /// The body; it may contain secrets and is never printed.
    pub body: Zeroizing<Vec<u8>>,
}

/// A client of one origin.
pub struct HttpClient {
    inner: blocking::Client,
    origin: PinnedOrigin,
    limits: HttpLimits,
    calls: AtomicU64,
}

impl HttpClient {
    /// Returns a client for `origin`. Its addresses are resolved and checked here, once.
    ///
    /// # Errors
    /// When the name cannot be resolved, an address is not allowed, or there are no trusted certificates.
    pub fn connect(origin: PinnedOrigin, limits: HttpLimits) -> Result<Self, ConnectorError> {
        let addresses = origin.resolve()?;
        let mut headers = header::HeaderMap::new();
        // Without compression, there are no decompression bombs.
        headers.insert(header::ACCEPT_ENCODING, header::HeaderValue::from_static("identity"));
        let inner = blocking::Client::builder()
            .tls_backend_preconfigured(trusted(&origin)?)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_proxy()
            .referer(false)
            .default_headers(headers)
            .user_agent(concat!("tenure/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(limits.call.min(CONNECT))
            .timeout(limits.call)
            .resolve_to_addrs(origin.host(), &addresses)
            .build()
            .map_err(|_| ConnectorError::Permanent("the HTTP client cannot be initialized".to_owned()))?;
        Ok(Self { inner, origin, limits, calls: AtomicU64::new(0) })
    }

    /// Returns the origin it is pinned to.
    pub fn origin(&self) -> &PinnedOrigin {
        &self.origin
    }

    /// Returns the limits.
    pub fn limits(&self) -> &HttpLimits {
        &self.limits
    }

    /// Returns the number of calls made so far, including each attempt.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Makes one call, once, and returns the reply with any status below 300 or from 400.
    ///
    /// # Errors
    /// The class of the error depends on the state of the call: transient when no data was sent; ambiguous for a write whose
    /// reply is lost, truncated or a redirect; permanent for a read whose reply exceeds the limits.
    pub fn send(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let HttpRequest { name, effect, method, url, headers, body } = request;
        if !self.origin.owns(&url) {
            return Err(ConnectorError::Permanent(format!("the URL of {name} is outside {}", self.origin.host())));
        }
        let mut call = self.inner.request(method, url).body(body.to_vec());
        for (key, value) in &headers {
            call = call.header(key, value);
        }
        let call =
            call.build().map_err(|_| ConnectorError::Permanent(format!("{name} is not a valid HTTP request")))?;
        let deadline = Instant::now() + self.limits.call;
        self.calls.fetch_add(1, Ordering::Relaxed);
        let response = self.inner.execute(call).map_err(|error| {
            if error.is_connect() {
                ConnectorError::Transient(format!("{name}: no connection to {}", self.origin.host()))
            } else {
                lost(&name, effect, if error.is_timeout() { "no answer in time" } else { "the connection broke" })
            }
        })?;
        let status = response.status().as_u16();
        if (300..400).contains(&status) {
            return Err(odd(&name, effect, "the target sent a redirect, which is not allowed"));
        }
        if response.headers().get(header::CONTENT_ENCODING).is_some_and(|value| value.as_bytes() != b"identity") {
            return Err(odd(&name, effect, "the reply is compressed, which was not requested"));
        }
        let retry_after = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = retry_after.map(str::to_owned);
        let body = self.body(&name, effect, response, deadline)?;
        Ok(HttpResponse::new(name, effect, status, retry_after, body))
    }

    fn body(
        &self,
        name: &str,
        effect: CallEffect,
        mut response: blocking::Response,
        deadline: Instant,
    ) -> Result<Zeroizing<Vec<u8>>, ConnectorError> {
        let mut body = Zeroizing::new(Vec::new());
        let mut piece = Zeroizing::new([0; 16 << 10]);
        loop {
            match response.read(piece.as_mut()) {
                Ok(0) => return Ok(body),
                Ok(length) => body.extend_from_slice(piece.get(..length).unwrap_or_default()),
                Err(_) => return Err(lost(name, effect, "the connection was closed during the reply")),
            }
            if body.len() > self.limits.body {
                return Err(odd(name, effect, "the reply exceeds the size limit"));
            }
            // A slow body keeps every single read below its timeout, so the call as a whole has one too.
            if Instant::now() > deadline {
                return Err(lost(name, effect, "the reply exceeds the time limit"));
            }
        }
    }
}

/// Returns the error for a call that was sent with an unknown result.
fn lost(name: &str, effect: CallEffect, why: &str) -> ConnectorError {
    match effect {
        CallEffect::Read => ConnectorError::Transient(format!("{name}: {why}")),
        CallEffect::Write => ConnectorError::Ambiguous(format!("{name}: {why}")),
    }
}

/// Returns the error for an unexpected reply that a retry does not change.
fn odd(name: &str, effect: CallEffect, why: &str) -> ConnectorError {
    match effect {
        CallEffect::Read => ConnectorError::Permanent(format!("{name}: {why}")),
        CallEffect::Write => ConnectorError::Ambiguous(format!("{name}: {why}")),
    }
}

/// Configures TLS with rustls and ring, and the trusted certificates of the machine.
fn trusted(origin: &PinnedOrigin) -> Result<rustls::ClientConfig, ConnectorError> {
    let mut roots = rustls::RootCertStore::empty();
    if origin.is_encrypted() {
        let (added, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if added == 0 {
            let why = "this machine trusts no certificates; install ca-certificates or set SSL_CERT_FILE";
            return Err(ConnectorError::Permanent(why.to_owned()));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let versions = versions.map_err(|_| ConnectorError::Permanent("TLS cannot be set up".to_owned()))?;
    Ok(versions.with_root_certificates(roots).with_no_client_auth())
}

const CONNECT: Duration = Duration::from_secs(10);
