//! One call at a time to a pinned origin.

use super::{HttpLimits, HttpResponse, PinnedOrigin};
use crate::connector::ConnectorError;
use reqwest::{Url, blocking, header, redirect, retry};
use std::io::Read as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

pub use reqwest::Method;

/// Whether a call can change the target.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CallEffect {
    /// It only looks; the same call may be made again.
    Read,
    /// It may change something; once it is sent, only a look tells whether it did.
    Write,
}

/// A call to be made.
pub struct HttpRequest {
    /// What the call is called in texts: the connector's own words, never the target's.
    pub name: String,
    /// Whether it can change the target.
    pub effect: CallEffect,
    /// The HTTP method.
    pub method: Method,
    /// Where to; must be within the client's origin.
    pub url: Url,
    /// The headers; they may hold secrets and are never shown.
    pub headers: Vec<(String, String)>,
    /// The body; it may hold secrets and is never shown.
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
    /// Returns a client of `origin`, whose addresses are resolved and judged here, once.
    ///
    /// # Errors
    /// When the name cannot be resolved, an address is not allowed, or there are no trusted certificates.
    pub fn connect(origin: PinnedOrigin, limits: HttpLimits) -> Result<Self, ConnectorError> {
        let addresses = origin.resolve()?;
        let mut headers = header::HeaderMap::new();
        // What is not asked for cannot be a bomb.
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
            .map_err(|_| ConnectorError::Permanent("the HTTP client cannot be set up on this machine".to_owned()))?;
        Ok(Self { inner, origin, limits, calls: AtomicU64::new(0) })
    }

    /// Returns the origin it is pinned to.
    pub fn origin(&self) -> &PinnedOrigin {
        &self.origin
    }

    /// Returns what the target may cost.
    pub fn limits(&self) -> &HttpLimits {
        &self.limits
    }

    /// Returns the number of calls made so far, each attempt counted.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Makes one call, once, and returns the answer with whatever status it has below 300 or from 400.
    ///
    /// # Errors
    /// By what is known: nothing sent is transient; a write whose answer is lost, cut short or a redirect is
    /// ambiguous; an answer beyond the limits is permanent for a read.
    pub fn send(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let HttpRequest { name, effect, method, url, headers, body } = request;
        if !self.origin.owns(&url) {
            return Err(ConnectorError::Permanent(format!("{name} would leave {}", self.origin.host())));
        }
        let mut call = self.inner.request(method, url).body(body.to_vec());
        for (key, value) in &headers {
            call = call.header(key, value);
        }
        let call = call.build().map_err(|_| ConnectorError::Permanent(format!("{name} cannot be put into HTTP")))?;
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
            return Err(odd(&name, effect, "the target redirects, which is not followed"));
        }
        if response.headers().get(header::CONTENT_ENCODING).is_some_and(|value| value.as_bytes() != b"identity") {
            return Err(odd(&name, effect, "the answer is compressed, which was not asked for"));
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
                Err(_) => return Err(lost(name, effect, "the answer broke off")),
            }
            if body.len() > self.limits.body {
                return Err(odd(name, effect, "the answer is larger than allowed"));
            }
            // A body that trickles keeps every single read below its limit; the call as a whole has one too.
            if Instant::now() > deadline {
                return Err(lost(name, effect, "the answer took too long"));
            }
        }
    }
}

/// A call was sent, and what it did is not known.
fn lost(name: &str, effect: CallEffect, why: &str) -> ConnectorError {
    match effect {
        CallEffect::Read => ConnectorError::Transient(format!("{name}: {why}")),
        CallEffect::Write => ConnectorError::Ambiguous(format!("{name}: {why}")),
    }
}

/// The target answered in a way that will not get better by asking again.
fn odd(name: &str, effect: CallEffect, why: &str) -> ConnectorError {
    match effect {
        CallEffect::Read => ConnectorError::Permanent(format!("{name}: {why}")),
        CallEffect::Write => ConnectorError::Ambiguous(format!("{name}: {why}")),
    }
}

/// TLS by rustls and ring, trusting what the machine trusts.
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
