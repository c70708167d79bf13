//! A small client of a running ssh-agent (draft-ietf-sshm-ssh-agent): list its keys, sign with one of them.

use crate::format::{
    keys::{PublicKey, SignError, Signer},
    ssh_wire::{Reader, WireError, put_string},
};
use std::{
    cell::RefCell,
    io::{self, Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

/// A running ssh-agent. Private keys stay there.
pub struct Agent {
    stream: RefCell<UnixStream>,
}

/// A key that an agent holds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AgentKey {
    /// The key.
    pub key: PublicKey,
    /// The comment it was loaded with.
    pub comment: String,
}

/// Why an agent could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// It answered with something else than was asked for.
    #[error("the agent answered in an unexpected way ({0})")]
    Answer(&'static str),
    /// It does not answer.
    #[error("the agent cannot be reached: {0}")]
    Io(#[from] io::Error),
    /// It has no such key.
    #[error("the agent does not hold the key {0}; load it with `ssh-add FILE`")]
    NoSuchKey(String),
    /// It refused.
    #[error("the agent refused")]
    Refused,
    /// Its answer is damaged.
    #[error("the agent's answer cannot be read: {0}")]
    Wire(#[from] WireError),
}

impl Agent {
    /// Connects to the agent that listens at `socket`, as `SSH_AUTH_SOCK` names it.
    ///
    /// # Errors
    /// When nobody listens there.
    pub fn connect(socket: &Path) -> Result<Self, AgentError> {
        let stream = UnixStream::connect(socket)?;
        // A key on a token waits for a touch, and a person for a prompt; but not for ever.
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream: RefCell::new(stream) })
    }

    /// Returns the Ed25519 keys it holds, in its order; keys of other types are passed over.
    ///
    /// # Errors
    /// When it does not answer as an agent does.
    pub fn keys(&self) -> Result<Vec<AgentKey>, AgentError> {
        let answer = self.ask(&[REQUEST_IDENTITIES])?;
        let mut reader = Reader::new(expect(&answer, IDENTITIES_ANSWER)?);
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
    /// When it does not hold that key.
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
        let mut reader = Reader::new(expect(&answer, SIGN_RESPONSE)?);
        let mut blob = Reader::new(reader.string()?);
        reader.end()?;
        if blob.string()? != crate::format::keys::TYPE.as_bytes() {
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

/// A key that an agent holds and signs with.
pub struct AgentSigner {
    agent: Agent,
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
