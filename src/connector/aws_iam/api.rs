//! Signs and sends calls of the Query API, and classifies the errors.

use super::{
    api_types,
    config::Config,
    signature::{AccessKeySecret, RESERVED, SignatureScope, sign},
};
use crate::connector::http::{CallEffect, HttpClient, HttpLimits, HttpRequest, HttpResponse, Method, retry_read};
use crate::connector::{ConnectorError, ConnectorSettings as _, InvalidSettingError};
use jiff::Timestamp;
use percent_encoding::utf8_percent_encode;
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use std::sync::{Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// The IAM and STS endpoints of one account, and the signing key.
pub(super) struct IamApi {
    iam: HttpClient,
    sts: HttpClient,
    region: String,
    page_size: u16,
    secret: Mutex<AccessKeySecret>,
}

#[derive(Clone, Copy)]
enum AwsService {
    Iam,
    Sts,
}

impl IamApi {
    pub(super) fn connect(
        config: &Config,
        lookup: impl Fn(&str) -> Option<SecretString>,
    ) -> Result<Self, ConnectorError> {
        let refuse = |error: InvalidSettingError| ConnectorError::Permanent(error.to_string());
        config.validate().map_err(refuse)?;
        let variable = |name: &str| {
            let missing = || ConnectorError::Unauthenticated(format!("the environment variable {name} is not set"));
            lookup(name).filter(|secret| !secret.expose_secret().is_empty()).ok_or_else(missing)
        };
        let id = variable(&config.access_key_id_env)?.expose_secret().to_owned();
        let key = variable(&config.secret_access_key_env)?;
        let token = config.session_token_env.as_deref().map(variable).transpose()?;
        Ok(Self {
            iam: HttpClient::connect(config.iam().map_err(refuse)?, HttpLimits::default())?,
            sts: HttpClient::connect(config.sts().map_err(refuse)?, HttpLimits::default())?,
            region: config.region.clone(),
            page_size: config.page_size,
            secret: Mutex::new(AccessKeySecret { id, key, token }),
        })
    }

    pub(super) fn calls(&self) -> u64 {
        self.iam.calls() + self.sts.calls()
    }

    pub(super) fn host(&self) -> &str {
        self.iam.origin().host()
    }

    pub(super) fn limits(&self) -> &HttpLimits {
        self.iam.limits()
    }

    pub(super) fn page_size(&self) -> u16 {
        self.page_size
    }

    /// Returns the present signing key.
    pub(super) fn secret(&self) -> AccessKeySecret {
        self.current().clone()
    }

    /// Sets the signing key: for the rotation of the engine's own key.
    pub(super) fn sign_with(&self, secret: AccessKeySecret) {
        *self.current() = secret;
    }

    fn current(&self) -> MutexGuard<'_, AccessKeySecret> {
        // A poisoned lock still contains a complete key: it is only ever replaced as one value.
        self.secret.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a read, and repeats it if its error allows that.
    pub(super) fn read<T: DeserializeOwned>(&self, action: &str, with: &[(&str, &str)]) -> Result<T, ConnectorError> {
        retry_read(self.iam.limits(), || {
            let answer = self.call(AwsService::Iam, action, with, CallEffect::Read, &self.secret())?;
            api_types::result(action, answer.body()).ok_or_else(|| answer.unreadable())
        })
    }

    /// Returns the owner of a key: this call needs no rights and changes no state.
    pub(super) fn caller(&self, secret: &AccessKeySecret) -> Result<api_types::CallerIdentity, ConnectorError> {
        let action = "GetCallerIdentity";
        retry_read(self.sts.limits(), || {
            let answer = self.call(AwsService::Sts, action, &[], CallEffect::Read, secret)?;
            api_types::result(action, answer.body()).ok_or_else(|| answer.unreadable())
        })
    }

    /// Makes a write without a result. It is sent once in any case.
    pub(super) fn write(&self, action: &str, with: &[(&str, &str)]) -> Result<(), ConnectorError> {
        let answer = self.call(AwsService::Iam, action, with, CallEffect::Write, &self.secret())?;
        if api_types::acknowledges(action, answer.body()) { Ok(()) } else { Err(answer.unreadable()) }
    }

    /// Makes a write that returns a new object. It is sent once in any case.
    pub(super) fn create<T: DeserializeOwned>(&self, action: &str, with: &[(&str, &str)]) -> Result<T, ConnectorError> {
        let answer = self.call(AwsService::Iam, action, with, CallEffect::Write, &self.secret())?;
        api_types::result(action, answer.body()).ok_or_else(|| answer.unreadable())
    }

    fn call(
        &self,
        service: AwsService,
        action: &str,
        with: &[(&str, &str)],
        effect: CallEffect,
        secret: &AccessKeySecret,
    ) -> Result<HttpResponse, ConnectorError> {
        let (client, prefix, version) = match service {
            AwsService::Iam => (&self.iam, "iam", "2010-05-08"),
            AwsService::Sts => (&self.sts, "sts", "2011-06-15"),
        };
        let mut body = format!("Action={action}&Version={version}");
        for (key, value) in with {
            body.push_str(&format!("&{key}={}", utf8_percent_encode(value, RESERVED)));
        }
        let name = format!("{prefix}:{action}");
        let url = client.origin().url().clone();
        let mut headers = vec![("content-type".to_owned(), FORM.to_owned())];
        // The real time, never `--now`: AWS rejects a signature that is off by five minutes.
        let scope = SignatureScope { region: &self.region, service: prefix, time: Timestamp::now() };
        headers.extend(sign(&url, &headers, body.as_bytes(), secret, &scope));
        let body = Zeroizing::new(body.into_bytes());
        let answer =
            client.send(HttpRequest { name: name.clone(), effect, method: Method::POST, url, headers, body })?;
        if answer.is_success() { Ok(answer) } else { Err(class(&name, &answer)) }
    }
}

/// Returns the class of an error by the error code of AWS. Only codes of this list are included in a message.
fn class(name: &str, answer: &HttpResponse) -> ConnectorError {
    let Some(code) = api_types::error_code(answer.body()) else {
        return match answer.refusal() {
            // AWS replies to every supported call with an error in its own format; a bare 404 is a server without this
            // call.
            ConnectorError::NotFound(_) => ConnectorError::Unsupported(name.to_owned()),
            other => other,
        };
    };
    let with = |code: &str| format!("{name}: {code}");
    match code.as_str() {
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestLimitExceeded"
        | "TooManyRequestsException"
        | "SlowDown"
        | "BandwidthLimitExceeded" => answer.rate_limited(),
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "OptInRequired" => {
            ConnectorError::Forbidden { missing: name.to_owned() }
        }
        code @ ("AuthFailure"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "IncompleteSignature"
        | "InvalidClientTokenId"
        | "InvalidAccessKeyId"
        | "MissingAuthenticationToken"
        | "RequestExpired"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException") => ConnectorError::Unauthenticated(with(code)),
        "NoSuchEntity" => ConnectorError::NotFound(name.to_owned()),
        code @ ("DeleteConflict" | "EntityAlreadyExists" | "LimitExceeded") => {
            ConnectorError::PreconditionFailed(with(code))
        }
        code @ ("ConcurrentModification" | "EntityTemporarilyUnmodifiable") => ConnectorError::Transient(with(code)),
        "InvalidAction" | "UnsupportedOperation" => ConnectorError::Unsupported(name.to_owned()),
        code @ ("InvalidInput" | "MalformedInput" | "UnmodifiableEntity" | "ValidationError") => {
            ConnectorError::Permanent(with(code))
        }
        _ => answer.refusal(),
    }
}

const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";
