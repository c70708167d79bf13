//! The result of reading a target for one action: what is left of the access, and the target's own answers.

use super::{AccessPath, Digest, Grant, GrantKey, Tier};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Result of one read of a target: the reviewed grant, and the remaining part of the access that an action takes away.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GrantObservation {
    /// The reviewed grant in its present form; `None` when it does not exist or was not read.
    pub grant: Option<Grant>,
    /// The remaining part of the lost access; or the reason why it was not read, which is never treated as absence.
    pub access: Result<RemainingAccess, String>,
}

impl GrantObservation {
    /// Returns an observation of which the read was refused, truncated or inconsistent.
    pub fn unknown(reason: impl Into<String>) -> Self {
        Self { grant: None, access: Err(reason.into()) }
    }

    /// Returns an observation in which nothing is left of the access.
    pub fn absent(probe: impl Into<String>) -> Self {
        Self { grant: None, access: Ok(RemainingAccess::nothing(probe)) }
    }

    /// Returns whether the read shows that nothing is left, and that nothing given out before lives on.
    pub fn is_absent(&self) -> bool {
        self.access.as_ref().is_ok_and(|left| left.paths.is_empty() && left.lingering.is_empty())
    }
}

/// The remaining part of the access that an action takes away.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RemainingAccess {
    /// Every path by which the principal can still do any part of it. Paths to other access are not listed.
    pub paths: Vec<RemainingPath>,
    /// Sessions, processes and tokens that were opened under the access and remain, with their end if known.
    pub lingering: Vec<String>,
    /// The target's own answers to the witnesses.
    pub answers: Vec<WitnessAnswer>,
    /// A known object that the same read found, which distinguishes absence from a failed read.
    pub probe: String,
}

impl RemainingAccess {
    /// Returns that nothing is left; `probe` names the known object that the read found.
    pub fn nothing(probe: impl Into<String>) -> Self {
        Self { probe: probe.into(), ..Self::default() }
    }
}

/// A path by which a principal can still do a part of what an action takes away.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RemainingPath {
    /// The path.
    pub path: AccessPath,
    /// The part of the lost access that it gives.
    pub overlap: Overlap,
    /// The tier of that part.
    pub tier: Tier,
    /// The listed grant that gives it, with its present digest; `None` when no listed grant does.
    pub grant: Option<(GrantKey, Digest)>,
    /// The witnesses that this path permits.
    pub allows: Vec<Witness>,
}

impl RemainingPath {
    /// Returns a path that gives everything that was lost, of this tier.
    pub fn whole(path: AccessPath, tier: Tier) -> Self {
        Self { path, overlap: Overlap::Whole, tier, grant: None, allows: Vec::new() }
    }

    /// Returns the same path, given by this listed grant.
    #[must_use]
    pub fn by(mut self, grant: &Grant) -> Self {
        self.grant = Some((grant.key.clone(), grant.digest()));
        self
    }
}

impl fmt::Display for RemainingPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.overlap {
            Overlap::Whole => write!(f, "{}", self.path),
            Overlap::Part(what) => write!(f, "{}, for {what}", self.path),
            Overlap::CannotTell(why) => write!(f, "{}, which cannot be compared: {why}", self.path),
        }
    }
}

/// The part of the lost access that a remaining path gives. Disjoint paths are not listed.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Overlap {
    /// An unknown part, for this reason.
    CannotTell(String),
    /// This part of it.
    Part(String),
    /// All of it.
    Whole,
}

/// One concrete request that the lost access permitted, such as one command line. Its connector parses both fields.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Witness {
    /// The immutable id of the principal that makes the request.
    pub principal: String,
    /// The request, in the target's own terms; at most 400 bytes.
    pub request: String,
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.principal, self.request)
    }
}

/// The answer of the target to one witness.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WitnessAnswer {
    /// The request.
    pub witness: Witness,
    /// The answer.
    pub answer: Answer,
}

/// An answer of the target.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Answer {
    /// The target permits the request; the text names the query.
    Allowed(String),
    /// The target could not be asked, or its answer is not reliable for this request, for this reason.
    CannotAsk(String),
    /// The target denies the request.
    Denied,
}

/// The strength of a verification.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, schemars::JsonSchema)]
pub enum VerificationLevel {
    /// A second person's proof.
    V2,
    /// Read back through the connector.
    V3,
    /// Read back in a separate run with a read-only credential, with effective access computed.
    V4,
    /// As V4, and an attempt to use the access was refused.
    V5,
}

impl fmt::Display for VerificationLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}
