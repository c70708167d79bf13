//! Rejections of governed files, each reason with a stable code.

mod help;
pub(in crate::trust) mod stage;

use crate::trust::error::stage::StageError;
use crate::{
    diag::Diagnostics,
    format::{ssh_keys::KeyError, sshsig::SshSignatureError},
    model::{Digest, Severity, Tier, Verdict, file::Rating},
};

/// A rejection as the cache of verified states keeps it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RecordedRejection {
    /// The stable code.
    pub code: &'static str,
    /// The severity.
    pub severity: Severity,
    /// The message.
    pub message: String,
    /// The next step.
    pub help: String,
}

/// The reason for which a governed file is rejected.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TrustError {
    /// Access was kept against a policy finding that requires an exception.
    #[error("item {item}: `{verdict}` keeps access with a finding of severity {severity}, which requires an exception")]
    AgainstPolicy {
        /// The item.
        item: String,
        /// The verdict.
        verdict: Verdict,
        /// The severity.
        severity: Severity,
    },
    /// `trust/allowed_signers` differs from the rendering of the trust state.
    #[error("`trust/allowed_signers` differs from the registry and the root")]
    AllowedSigners,
    /// A file for another campaign of the same name.
    #[error("the file is for the campaign file {found}, but `{campaign}` here is {expected}")]
    CampaignBinding {
        /// The campaign.
        campaign: String,
        /// The digest of the campaign file that the file names.
        found: Digest,
        /// The digest of the campaign file on main.
        expected: Digest,
    },
    /// A file for a campaign that is not on main.
    #[error("the campaign `{0}` does not exist on main")]
    CampaignMissing(String),
    /// A field of a campaign that contradicts what it describes.
    #[error("`{field}` of the campaign is {found}, but computed again it is {expected}")]
    CampaignField {
        /// The field.
        field: &'static str,
        /// The value in the file.
        found: String,
        /// The value computed again.
        expected: String,
    },
    /// Decisions in the merge that opens their campaign.
    #[error("{0} contains decisions, but the merge that opens a campaign brings only undecided worklists")]
    DecidedAtOpening(String),
    /// A cosigner whom the campaign did not assign.
    #[error("`{cosigner}` cannot cosign this review: {why}")]
    Cosigner {
        /// The cosigner.
        cosigner: String,
        /// The reason.
        why: String,
    },
    /// A verdict without a required key.
    #[error("item {item}: `{verdict}` needs {needs}")]
    DecisionIncomplete {
        /// The item.
        item: String,
        /// The verdict.
        verdict: Verdict,
        /// The missing key.
        needs: &'static str,
    },
    /// A duplicate key.
    #[error("duplicate key {fingerprint}: {first} and {second}")]
    DuplicateKey {
        /// The key.
        fingerprint: String,
        /// The first location.
        first: String,
        /// The second location.
        second: String,
    },
    /// A duplicate name or id.
    #[error("duplicate name or id `{0}`")]
    DuplicateName(String),
    /// A release of the engine that the mandate does not permit.
    #[error("the mandate does not permit the release of the engine with the digest {0}")]
    EngineRelease(Digest),
    /// The branch of the evidence changed.
    #[error("the evidence branch changed from `{from}` to `{to}`")]
    EvidenceBranch {
        /// The previous value.
        from: String,
        /// The new value.
        to: String,
    },
    /// An exception without the required approvals.
    #[error("a {rating} exception needs the signature of one member of each group: {groups}; signed by {found}")]
    ExceptionApproval {
        /// The rating.
        rating: Rating,
        /// The groups required by the mandate.
        groups: String,
        /// The signers.
        found: String,
    },
    /// An exception whose access differs from that of its item.
    #[error("the exception is for {says}, but {item} was published as {put}")]
    ExceptionItem {
        /// The item.
        item: String,
        /// The access in the exception.
        says: String,
        /// The access published by the campaign.
        put: String,
    },
    /// An exception that exceeds the no-response terms.
    #[error("item {item} had no response before {close}, so its exception {why}")]
    ExceptionNoResponse {
        /// The item.
        item: String,
        /// The file of the stage close.
        close: String,
        /// The permitted extent.
        why: String,
    },
    /// An exception, or a proof of its control, outside the terms of the mandate.
    #[error("{0}")]
    ExceptionTerms(String),
    /// A rejection that was recorded in the cache of verified states.
    #[error("{}", .0.message)]
    Recorded(Box<RecordedRejection>),
    /// The file is malformed or not canonical.
    #[error("{}", first(.0))]
    Form(Box<Diagnostics>),
    /// `governance.toml` was deleted.
    #[error("no command works without this file")]
    GovernanceMissing,
    /// An unsafe name in a git tree.
    #[error("unsafe name: {0}")]
    Hazard(String),
    /// A published item was altered.
    #[error("item {0} differs from the item published by the campaign")]
    ItemAltered(String),
    /// An item that is not part of the campaign.
    #[error("item {0} is not part of the campaign")]
    ItemNotInCampaign(String),
    /// A second decision on an item that does not name the first in `supersedes`.
    #[error("item {item} is already decided in {by}, which this file does not name in `supersedes`")]
    DuplicateDecision {
        /// The item.
        item: String,
        /// The file with the decision in force.
        by: String,
    },
    /// The items of the campaign differ from the signed population.
    #[error("the campaign is signed for {expected}, but its review files contain {found}")]
    Population {
        /// The signed value.
        expected: String,
        /// The actual value.
        found: String,
    },
    /// An invalid key.
    #[error("{0}")]
    Key(KeyError),
    /// A key whose entry changed in a forbidden way.
    #[error("key {fingerprint} of `{principal}` {what}")]
    KeyHistory {
        /// The principal.
        principal: String,
        /// The fingerprint.
        fingerprint: String,
        /// The change.
        what: &'static str,
    },
    /// The origin of the log changed.
    #[error("the log origin changed from `{from}` to `{to}`")]
    LogOrigin {
        /// The previous value.
        from: String,
        /// The new value.
        to: String,
    },
    /// A former head of main is not on its first-parent line.
    #[error("commit {0} was the head of main but is no longer an ancestor of it")]
    MainRolledBack(String),
    /// A path in a governed folder that matches no kind of file.
    #[error("no kind of governed file has this path")]
    Misplaced,
    /// Not a regular file.
    #[error("the file has mode {0}; governed files have 100644")]
    Mode(String),
    /// A review that is not signed by its reviewer.
    #[error("the reviewer `{0}` has not signed this review")]
    NotByReviewer(String),
    /// The signer is not a member of the group required by the mandate.
    #[error("`{signer}` is not in the group `{group}`")]
    NotInGroup {
        /// The signer.
        signer: String,
        /// The group.
        group: String,
    },
    /// A merge commit with more than two parents.
    #[error("the file was introduced by a merge with more than two parents, which cannot be attributed to one review")]
    Octopus,
    /// The path of a file does not match its content.
    #[error("the content belongs to {says}, but the file is at {lies}")]
    Place {
        /// The path according to the content.
        says: String,
        /// The actual path.
        lies: String,
    },
    /// `prev` does not match the previous version.
    #[error("`prev` is `{found}`, but the previous version has the digest {expected}")]
    Prev {
        /// The value in the file.
        found: String,
        /// The expected value.
        expected: String,
    },
    /// The root differs from the pin.
    #[error("the first root of trust is {found}, but the pin is {pinned}")]
    RootPin {
        /// The pin.
        pinned: Digest,
        /// The actual value.
        found: Digest,
    },
    /// Root, registry or mandate do not exist yet.
    #[error("root of trust, registry and mandate must exist before the merge that introduces this file")]
    TrustNotEstablished,
    /// A reviewer decides on access that is their own.
    #[error("`{signer}` cannot review {what}: item {item}")]
    SelfReview {
        /// The signer.
        signer: String,
        /// The link to the signer.
        what: String,
        /// The item.
        item: String,
    },
    /// An invalid signature.
    #[error("invalid signature of `{signer}`: {error}")]
    Signature {
        /// The name of the signer.
        signer: String,
        /// The error.
        error: SshSignatureError,
    },
    /// A signed file was deleted.
    #[error("a {what} was deleted")]
    SignedDeleted {
        /// The kind of signed file.
        what: &'static str,
    },
    /// A signed file was edited.
    #[error("a {what} was edited")]
    SignedEdited {
        /// The kind of signed file.
        what: &'static str,
    },
    /// A signed file was moved.
    #[error("a {what} was moved to {to}")]
    SignedRenamed {
        /// The kind of signed file.
        what: &'static str,
        /// The new path.
        to: String,
    },
    /// The key is retired or revoked.
    #[error("`{signer}` signed with a key that is {state}")]
    SignerKey {
        /// The signer.
        signer: String,
        /// The state of the key.
        state: &'static str,
    },
    /// A signature of a principal who has left.
    #[error("`{0}` has left, by the principals files at the time of the merge")]
    SignerLeft(String),
    /// A signer whom the file does not name.
    #[error("`{signer}` may not sign this file; permitted signers: {allowed}")]
    SignerNotNamed {
        /// The signer.
        signer: String,
        /// The permitted signers.
        allowed: String,
    },
    /// A signer without a registered key.
    #[error("`{0}` has no registered key")]
    SignerUnknown(String),
    /// A rejection that concerns the stages of a campaign.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// `supersedes` names a decision that is not in force.
    #[error("item {item}: `supersedes` names {names}, but in force is {in_force}")]
    StaleSupersedes {
        /// The item.
        item: String,
        /// The named decision.
        names: String,
        /// The decision in force.
        in_force: String,
    },
    /// Two systems in use with the same target.
    #[error("the identity `{identity}` is that of the system `{other}`, which is in use")]
    SystemIdentity {
        /// The identity of the target.
        identity: String,
        /// The other system.
        other: String,
    },
    /// A version after the last one.
    #[error("`{0}` is retired: no version follows")]
    SystemRetired(String),
    /// Too few signatures under a version of a system.
    #[error("{found} of {needed} signatures{}; permitted signers: {permitted}", missing(.required))]
    SystemSignatures {
        /// The required number of distinct signers.
        needed: usize,
        /// The actual number.
        found: usize,
        /// The required signers who have not signed.
        required: String,
        /// The permitted signers.
        permitted: String,
    },
    /// Too few signatures.
    #[error("{found} of {needed} signatures{}", for_tier(*.tier))]
    Threshold {
        /// The required number of distinct signers.
        needed: usize,
        /// The actual number.
        found: usize,
        /// The tier that requires them.
        tier: Option<Tier>,
    },
    /// A file that enough names have signed, but too few people.
    #[error("`{first}` and `{second}` are one person, who counts once")]
    SamePerson {
        /// The first name.
        first: String,
        /// The second name.
        second: String,
    },
    /// A threshold that is zero or exceeds the number of keys.
    #[error("the threshold of {role} is {threshold}, but it has {keys} keys")]
    ThresholdUnreachable {
        /// The role.
        role: &'static str,
        /// The threshold.
        threshold: u32,
        /// The number of keys.
        keys: usize,
    },
    /// A merge changes trust files and other files.
    #[error("the merge that introduced this file also changes trust; a trust change needs a separate merge")]
    TrustChangeNotIsolated,
    /// A version out of order.
    #[error("version {found} where version {expected} is expected")]
    Version {
        /// The actual version.
        found: u32,
        /// The expected version.
        expected: u32,
    },
    /// A signature made with a key of another principal.
    #[error("the signature named `{signer}` was made with a key that is not theirs, {fingerprint}")]
    WrongKey {
        /// The claimed signer.
        signer: String,
        /// The fingerprint of the key.
        fingerprint: String,
    },
    /// A file of another repository.
    #[error("the file belongs to the repository {found}; this repository is {expected}")]
    WrongRepository {
        /// The value in the file.
        found: String,
        /// The id of this repository.
        expected: String,
    },
}

fn first(problems: &Diagnostics) -> String {
    problems.sorted().first().map(|problem| problem.message.clone()).unwrap_or_default()
}

fn missing(required: &str) -> String {
    if required.is_empty() { String::new() } else { format!(", without that of {required}") }
}

fn for_tier(tier: Option<Tier>) -> String {
    tier.map(|tier| format!(", as required for tier {tier}")).unwrap_or_default()
}

impl From<Diagnostics> for TrustError {
    fn from(problems: Diagnostics) -> Self {
        Self::Form(Box::new(problems))
    }
}

impl From<KeyError> for TrustError {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}
