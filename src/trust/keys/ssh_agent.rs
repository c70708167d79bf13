//! Client of ssh-agent (draft-ietf-sshm-ssh-agent): lists keys and signs.

use crate::format::{
    ssh_keys::{PublicKey, SignError, Signer},
    ssh_wire::{SshWireReader, WireError, put_string},
};
use std::{
    cell::RefCell,
    io::{self, Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

/// A connection to a running ssh-agent. Private keys never leave the agent.
pub struct SshAgent {
    stream: RefCell<UnixStream>,
}

/// A key held by an agent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AgentKey {
    /// The key.
    pub key: PublicKey,
    /// The comment of the key.
    pub comment: String,
}

/// An error of the agent connection.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// An unexpected response.
    #[error("unexpected response of the ssh-agent: {0}")]
    Answer(&'static str),
    /// The connection failed.
    #[error("cannot reach the ssh-agent: {0}")]
    Io(#[from] io::Error),
    /// The agent does not hold the key.
    #[error("the ssh-agent does not hold the key {0}; load it with `ssh-add FILE`")]
    NoSuchKey(String),
    /// The agent refused to sign.
    #[error("the ssh-agent refused to sign")]
    Refused,
    /// A malformed response.
    #[error("malformed response of the ssh-agent: {0}")]
    Wire(#[from] WireError),
}

impl SshAgent {
    /// Connects to the agent at `socket`, the value of `SSH_AUTH_SOCK`.
    ///
    /// # Errors
    /// When no agent listens at the socket.
    pub fn connect(socket: &Path) -> Result<Self, AgentError> {
        let stream = UnixStream::connect(socket)?;
        // A hardware key may wait for a touch, and a prompt for a person; the timeout limits that.
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream: RefCell::new(stream) })
    }

    /// Returns the Ed25519 keys of the agent, in its order. Keys of other types are skipped.
    ///
    /// # Errors
    /// When the response is invalid.
    pub fn keys(&self) -> Result<Vec<AgentKey>, AgentError> {
        let answer = self.ask(&[REQUEST_IDENTITIES])?;
        let mut reader = SshWireReader::new(expect(&answer, IDENTITIES_ANSWER)?);
        let mut keys = Vec::new();
        for _ in 0..reader.number()? {
            let (blob, comment) = (reader.string()?, reader.string()?);
            if let Ok(key) = PublicKey::from_wire(blob) {
                keys.push(AgentKey { key, comment: String::from_utf8_lossy(comment).into_owned() });
            }
        }
        reader.end()?;
        Ok(keys)
    }

    /// Returns a signer with one of its keys.
    ///
    /// # Errors
    /// When the agent does not hold that key.
    pub fn signer(self, key: PublicKey) -> Result<AgentSigner, AgentError> {
        if self.keys()?.iter().any(|held| held.key == key) {
            Ok(AgentSigner { agent: self, key })
        } else {
            Err(AgentError::NoSuchKey(key.fingerprint()))
        }
    }

    fn sign(&self, key: &PublicKey, message: &[u8]) -> Result<[u8; 64], AgentError> {
        let mut request = vec![SIGN_REQUEST];
        put_string(&mut request, &key.to_wire());
        put_string(&mut request, message);
        request.extend_from_slice(&0_u32.to_be_bytes());
        let answer = self.ask(&request)?;
        let mut reader = SshWireReader::new(expect(&answer, SIGN_RESPONSE)?);
        let mut blob = SshWireReader::new(reader.string()?);
        reader.end()?;
        if blob.string()? != crate::format::ssh_keys::TYPE.as_bytes() {
            return Err(AgentError::Answer("a signature of another type"));
        }
        let signature = blob.string()?.try_into().map_err(|_| AgentError::Answer("a signature of another length"))?;
        blob.end()?;
        Ok(signature)
    }

    fn ask(&self, request: &[u8]) -> Result<Vec<u8>, AgentError> {
        let mut message = Vec::with_capacity(request.len() + 4);
        put_string(&mut message, request);
        let mut stream = self.stream.borrow_mut();
        stream.write_all(&message)?;
        let mut length = [0; 4];
        stream.read_exact(&mut length)?;
        let length = u32::from_be_bytes(length);
        if length > MAX_ANSWER {
            return Err(AgentError::Answer("more than 256 KiB"));
        }
        let mut answer = Vec::new();
        (&mut *stream).take(u64::from(length)).read_to_end(&mut answer)?;
        if answer.len() as u64 == u64::from(length) { Ok(answer) } else { Err(WireError::CutShort.into()) }
    }
}

fn expect(answer: &[u8], kind: u8) -> Result<&[u8], AgentError> {
    match answer.split_first() {
        Some((found, rest)) if *found == kind => Ok(rest),
        Some((&FAILURE, _)) => Err(AgentError::Refused),
        _ => Err(AgentError::Answer("another kind of message")),
    }
}

/// A signer that uses a key of the agent.
pub struct AgentSigner {
    agent: SshAgent,
    key: PublicKey,
}

impl Signer for AgentSigner {
    fn public_key(&self) -> PublicKey {
        self.key
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError> {
        self.agent.sign(&self.key, message).map_err(|error| SignError(error.to_string()))
    }
}

const PATIENCE: Duration = Duration::from_secs(60);
const MAX_ANSWER: u32 = 256 * 1024;
const FAILURE: u8 = 5;
const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;
