//! Password rotation: the new password is generated, stored in the sink, set as a verifier, and verified by a login.

use super::{grant_key::PostgresGrantKey, server_connections::ServerConnections, snapshot::ClusterSnapshot, sql};
use crate::{
    connector::{ApplyReceipt, ConnectorError, SecretSink},
    model::{Action, Digest, Grant, GrantKey, action::Planned},
};
use base64ct::{Base64UrlUnpadded, Encoding};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

/// A password rotation in progress.
pub(super) struct PasswordRotation {
    password: SecretString,
    verifier: SecretString,
    deposited: String,
}

impl PasswordRotation {
    /// Generates a password and stores it in the sink, before any change.
    pub(super) fn begin(action: &Action<Planned>, sink: &dyn SecretSink) -> Result<Self, ConnectorError> {
        let password = random()?;
        // SCRAM-SHA-256 (RFC 7677), computed here: the clear password never reaches the server or its log.
        let verifier = postgres_protocol::password::scram_sha_256(password.expose_secret().as_bytes());
        let label = format!("{}/{} ({})", action.grant.system, action.grant.principal.name, action.id);
        let deposited = sink
            .deposit(&label, &password)
            .map_err(|error| ConnectorError::PreconditionFailed(format!("no change was made: {error}")))?;
        Ok(Self { password, verifier: SecretString::from(verifier), deposited })
    }

    /// Replaces the placeholder of the plan by the verifier.
    pub(super) fn fill(&self, text: &str) -> String {
        // The verifier consists of base64, `$` and `:`, and needs no escape.
        text.replace(sql::VERIFIER, &format!("'{}'", self.verifier.expose_secret()))
    }

    /// Removes the verifier from a message of the server.
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

    /// Verifies by a login that the new password works, and that passwords are checked at all.
    pub(super) fn prove(
        self,
        server: &mut ServerConnections,
        grant: &Grant,
        receipt: &mut ApplyReceipt,
    ) -> Result<(), ConnectorError> {
        let user = &grant.principal.name;
        let proof = match server.log_in(user, &self.password) {
            Ok(()) => match server.log_in(user, &random()?).as_ref().map_err(String::as_str) {
                Err(WRONG_PASSWORD) => {
                    "a login with the new password worked, and one with a wrong password was refused".to_owned()
                }
                Ok(()) => "the server accepts any password for this role from this address (pg_hba.conf)".to_owned(),
                Err(other) => format!("a login with the new password worked; with a wrong password: {other}"),
            },
            // Errors that occur after the password was accepted.
            Err(code) if AFTER_PASSWORD.contains(&code.as_str()) => {
                format!("the new password was accepted, but the session was refused ({code})")
            }
            Err(code) if code == WRONG_PASSWORD => {
                return Err(ConnectorError::Ambiguous("the new password was set, but is not accepted".to_owned()));
            }
            Err(other) => format!("not verified by a login: {other}"),
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

/// Checks inside the transaction that the stored verifier differs from the reviewed one.
pub(super) fn replaced(facts: &ClusterSnapshot, key: &PostgresGrantKey) -> Result<(), ConnectorError> {
    let PostgresGrantKey::Password { role, fingerprint } = key else { return Ok(()) };
    let stored = facts.role(*role).map(|role| role.password.as_str());
    match stored {
        Some(now) if now != fingerprint && now != "none" => Ok(()),
        _ => Err(ConnectorError::Permanent("the server did not store the new password; rolled back".to_owned())),
    }
}

/// Generates 256 bits from the operating system, in characters that need no escape.
fn random() -> Result<SecretString, ConnectorError> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(bytes.as_mut_slice())
        .map_err(|error| ConnectorError::Transient(format!("no randomness from the system: {error}")))?;
    Ok(SecretString::from(Base64UrlUnpadded::encode_string(bytes.as_slice())))
}

const WRONG_PASSWORD: &str = "28P01";

/// SQLSTATEs of refused sessions: no CONNECT on the database, too many connections, database accepts no connections.
const AFTER_PASSWORD: [&str; 3] = ["42501", "53300", "55000"];
