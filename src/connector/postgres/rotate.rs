//! A new password: made here, kept by the sink first, stored by the server as a verifier, proven by use.

use super::{connections::ServerConnections, grant_key::PostgresGrantKey, snapshot::ClusterSnapshot, sql};
use crate::{
    connector::{ApplyReceipt, ConnectorError, SecretSink},
    model::{Action, Digest, Grant, GrantKey, action::Planned},
};
use base64ct::{Base64UrlUnpadded, Encoding};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

/// A password on its way.
pub(super) struct PasswordRotation {
    password: SecretString,
    verifier: SecretString,
    deposited: String,
}

impl PasswordRotation {
    /// Makes a password and gives it to the sink; nothing has been changed yet.
    pub(super) fn begin(action: &Action<Planned>, sink: &dyn SecretSink) -> Result<Self, ConnectorError> {
        let password = random()?;
        // SCRAM-SHA-256 (RFC 7677), computed here: the clear password never reaches the server or its log.
        let verifier = postgres_protocol::password::scram_sha_256(password.expose_secret().as_bytes());
        let label = format!("{}/{} ({})", action.grant.system, action.grant.principal.name, action.id);
        let deposited = sink
            .deposit(&label, &password)
            .map_err(|error| ConnectorError::PreconditionFailed(format!("nothing was changed: {error}")))?;
        Ok(Self { password, verifier: SecretString::from(verifier), deposited })
    }

    /// Puts the verifier where the plan has its sign.
    pub(super) fn fill(&self, text: &str) -> String {
        // The verifier is base64, `$` and `:`; it needs no escape.
        text.replace(sql::VERIFIER, &format!("'{}'", self.verifier.expose_secret()))
    }

    /// Takes the verifier out of a message, should the server have put it there.
    pub(super) fn redact(&self, error: ConnectorError) -> ConnectorError {
        let clean = |text: String| text.replace(self.verifier.expose_secret(), "…");
        match error {
            ConnectorError::Forbidden { missing } => ConnectorError::Forbidden { missing: clean(missing) },
            ConnectorError::NotFound(text) => ConnectorError::NotFound(clean(text)),
            ConnectorError::Permanent(text) => ConnectorError::Permanent(clean(text)),
            ConnectorError::Transient(text) => ConnectorError::Transient(clean(text)),
            other => other,
        }
    }

    /// Proves by use that the new password works and that passwords are asked for at all.
    pub(super) fn prove(
        self,
        server: &mut ServerConnections,
        grant: &Grant,
        receipt: &mut ApplyReceipt,
    ) -> Result<(), ConnectorError> {
        let user = &grant.principal.name;
        let proof = match server.log_in(user, &self.password) {
            Ok(()) => match server.log_in(user, &random()?).as_ref().map_err(String::as_str) {
                Err(WRONG_PASSWORD) => "a login with the new one worked, and with a wrong one was refused".to_owned(),
                Ok(()) => "the server lets this role in from here with any password (pg_hba.conf)".to_owned(),
                Err(other) => format!("a login with the new one worked; with a wrong one: {other}"),
            },
            // Answers that come after the password was accepted.
            Err(code) if AFTER_PASSWORD.contains(&code.as_str()) => {
                format!("the new one was accepted, the session then refused ({code})")
            }
            Err(code) if code == WRONG_PASSWORD => {
                return Err(ConnectorError::Ambiguous("the new password was set and is not accepted".to_owned()));
            }
            Err(other) => format!("not proven by use: {other}"),
        };
        receipt.text = format!("{}; password replaced: {proof}", receipt.text);
        receipt.successor = self.successor(grant);
        receipt.deposited = Some(self.deposited);
        Ok(())
    }

    fn successor(&self, grant: &Grant) -> Option<GrantKey> {
        let role = grant.principal.id.parse().ok()?;
        let fingerprint = Digest::of(self.verifier.expose_secret()).hex();
        GrantKey::parse(&PostgresGrantKey::Password { role, fingerprint }.to_string()).ok()
    }
}

/// Checks from inside the transaction that another verifier is stored than the one reviewed.
pub(super) fn replaced(facts: &ClusterSnapshot, key: &PostgresGrantKey) -> Result<(), ConnectorError> {
    let PostgresGrantKey::Password { role, fingerprint } = key else { return Ok(()) };
    let stored = facts.role(*role).map(|role| role.password.as_str());
    match stored {
        Some(now) if now != fingerprint && now != "none" => Ok(()),
        _ => Err(ConnectorError::Permanent("the server did not store the new password; rolled back".to_owned())),
    }
}

/// 256 bits from the operating system, in characters that need no escape anywhere.
fn random() -> Result<SecretString, ConnectorError> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(bytes.as_mut_slice())
        .map_err(|error| ConnectorError::Transient(format!("no randomness from the system: {error}")))?;
    Ok(SecretString::from(Base64UrlUnpadded::encode_string(bytes.as_slice())))
}

const WRONG_PASSWORD: &str = "28P01";

/// CONNECT on the database missing, too many connections, database not accepting any.
const AFTER_PASSWORD: [&str; 3] = ["42501", "53300", "55000"];
