//! Why something that was found in a governed repository is not believed: one stable code for each reason.

use super::stage_rejection::StageRejection;
use crate::{
    diag::Diagnostics,
    format::{
        keys::KeyError,
        sshsig::{Namespace, SshSignatureError},
    },
    model::{Digest, Severity, Tier, Verdict, file::Rating},
};

/// Why something is not believed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Rejection {
    /// Access kept that policy speaks too much against.
    #[error("item {item}: `{verdict}` keeps what policy finds {severity}; that takes an exception")]
    AgainstPolicy {
        /// The item.
        item: String,
        /// The verdict.
        verdict: Verdict,
        /// How bad it is.
        severity: Severity,
    },
    /// `trust/allowed_signers` is not what the trust state renders to.
    #[error("`trust/allowed_signers` is not what the registry and the root say")]
    AllowedSigners,
    /// A review for a campaign that is not open here, or for another campaign of the same name.
    #[error("the file is bound to {found}, and {expected}")]
    CampaignBinding {
        /// What the file says.
        found: Digest,
        /// What is there.
        expected: String,
    },
    /// A verdict without what it needs.
    #[error("item {item}: `{verdict}` needs {needs}")]
    DecisionIncomplete {
        /// The item.
        item: String,
        /// The verdict.
        verdict: Verdict,
        /// What is missing.
        needs: &'static str,
    },
    /// One key stands twice.
    #[error("the key {fingerprint} stands twice: {first} and {second}")]
    DuplicateKey {
        /// The key.
        fingerprint: String,
        /// Where it stands.
        first: String,
        /// Where it stands again.
        second: String,
    },
    /// A name or id stands twice.
    #[error("`{0}` stands twice")]
    DuplicateName(String),
    /// An exception that too few have accepted, or the wrong ones.
    #[error("what is {rating} is accepted by one of each: {groups}; signed have {found}")]
    ExceptionApproval {
        /// Its rating.
        rating: Rating,
        /// The groups of the mandate.
        groups: String,
        /// Who has signed.
        found: String,
    },
    /// An exception that is about other access than its item.
    #[error("it is about {says}, and {item} was put to review as {put}")]
    ExceptionItem {
        /// The item.
        item: String,
        /// What the exception says.
        says: String,
        /// What the campaign put to review.
        put: String,
    },
    /// An exception that is more than silence allows.
    #[error("item {item}: nobody answered before {close}, and an exception for that {why}")]
    ExceptionSilence {
        /// The item.
        item: String,
        /// The file that closed the stage.
        close: String,
        /// What is allowed.
        why: String,
    },
    /// An exception, or a proof of one, that the mandate's terms do not allow.
    #[error("{0}")]
    ExceptionTerms(String),
    /// The file is not in its one canonical form.
    #[error("{}", first(.0))]
    Form(Box<Diagnostics>),
    /// A name in a tree that must not be followed.
    #[error("the name {0}")]
    Hazard(String),
    /// What was put to review has been changed.
    #[error("item {0} is not as the campaign put it to review")]
    ItemAltered(String),
    /// An item that the campaign does not have.
    #[error("item {0} is not among the items of its campaign")]
    ItemForeign(String),
    /// An item that has a decision, and another one that does not name it.
    #[error("item {item} is decided in {by}, and this file does not name that decision")]
    ItemBoundTwice {
        /// The item.
        item: String,
        /// The file that decides it.
        by: String,
    },
    /// The campaign's items are not the population it was signed for.
    #[error("the campaign is signed for {expected}, and its reviews hold {found}")]
    Population {
        /// What is signed.
        expected: String,
        /// What is there.
        found: String,
    },
    /// The key is bad in itself.
    #[error("{0}")]
    Key(KeyError),
    /// A key that is no longer what it was, or not any more there.
    #[error("key {fingerprint} of `{principal}` {what}")]
    KeyHistory {
        /// Whose.
        principal: String,
        /// Which.
        fingerprint: String,
        /// What was done with it.
        what: &'static str,
    },
    /// The log has another name.
    #[error("the log's name changed from `{from}` to `{to}`")]
    LogOrigin {
        /// What it was.
        from: String,
        /// What it is.
        to: String,
    },
    /// The commit before is not on the line of main.
    #[error("commit {0} was the head of main, and main does not come from it any more")]
    MainRolledBack(String),
    /// A path in a governed folder that no governed file has.
    #[error("no governed file belongs there")]
    Misplaced,
    /// Not a plain file.
    #[error("it has mode {0}, and a governed file has 100644")]
    Mode(String),
    /// A review that was signed by others, and not by the one it is for.
    #[error("`{0}`, whose review this is, has not signed it")]
    NotByReviewer(String),
    /// The signer is not in the group that the mandate asks for.
    #[error("`{signer}` is not in the group `{group}`")]
    NotInGroup {
        /// The signer.
        signer: String,
        /// The group.
        group: String,
    },
    /// A merge of more than two lines.
    #[error("a merge of more than two lines brought it; nobody can say who reviewed what")]
    Octopus,
    /// A file's content names another place than the one it lies in.
    #[error("it says it is {says}, and lies at {lies}")]
    Place {
        /// What it says.
        says: String,
        /// Where it lies.
        lies: String,
    },
    /// A chain of versions does not link.
    #[error("`prev` is `{found}`, and the version before has the digest {expected}")]
    Prev {
        /// What it says.
        found: String,
        /// What it must say.
        expected: String,
    },
    /// The root is not the one that was pinned from outside.
    #[error("the first root of trust is {found}, and pinned is {pinned}")]
    RootPin {
        /// The pin.
        pinned: Digest,
        /// What is there.
        found: Digest,
    },
    /// There is no root of trust yet.
    #[error("there is no root of trust, registry and mandate before the merge that brought it")]
    NoTrust,
    /// A reviewer decides on their own access.
    #[error("`{signer}` cannot review {what}: item {item}")]
    SelfReview {
        /// The signer.
        signer: String,
        /// What it is to them.
        what: String,
        /// The item.
        item: String,
    },
    /// A signature is bad.
    #[error("the signature of `{signer}`: {error}")]
    Signature {
        /// The signer's name.
        signer: String,
        /// What is wrong.
        error: SshSignatureError,
    },
    /// A signed file was deleted.
    #[error("a {what} was deleted")]
    SignedDeleted {
        /// What it is.
        what: &'static str,
    },
    /// A signed file was edited.
    #[error("a {what} was edited")]
    SignedEdited {
        /// What it is.
        what: &'static str,
    },
    /// A signed file was moved.
    #[error("a {what} was moved to {to}")]
    SignedRenamed {
        /// What it is.
        what: &'static str,
        /// Where it went.
        to: String,
    },
    /// The key may not sign any more.
    #[error("`{signer}` signed with a key that is {state}")]
    SignerKey {
        /// The signer.
        signer: String,
        /// The key's state.
        state: &'static str,
    },
    /// A signer who may sign this file in no case.
    #[error("`{signer}` is not among those who may sign it: {allowed}")]
    SignerNotNamed {
        /// The signer.
        signer: String,
        /// Who may.
        allowed: String,
    },
    /// A name that trust does not know.
    #[error("`{0}` has no key in the trust state that judges this file")]
    SignerUnknown(String),
    /// Something about the stages of a campaign.
    #[error(transparent)]
    Stage(#[from] StageRejection),
    /// A decision that takes the place of one that is not in force.
    #[error("item {item}: it takes the place of {names}, and in force is {in_force}")]
    StaleSupersedes {
        /// The item.
        item: String,
        /// What it names.
        names: String,
        /// What is in force.
        in_force: String,
    },
    /// Too few signatures.
    #[error("{found} of {needed} signatures{}", for_tier(*.tier))]
    Threshold {
        /// How many distinct signers are needed.
        needed: usize,
        /// How many there are.
        found: usize,
        /// For which tier.
        tier: Option<Tier>,
    },
    /// A threshold that is zero, or more than there are keys.
    #[error("the threshold of {role} is {threshold}, with {keys} keys")]
    ThresholdUnreachable {
        /// The role.
        role: &'static str,
        /// Its threshold.
        threshold: u32,
        /// How many keys it has.
        keys: usize,
    },
    /// Trust and something else in one merge.
    #[error("the merge that brought it changes trust too; a trust change needs a merge of its own")]
    TrustNotAlone,
    /// A version out of order.
    #[error("version {found} where {expected} is next")]
    Version {
        /// What is there.
        found: u32,
        /// What must be there.
        expected: u32,
    },
    /// A signature by another key than the signer's.
    #[error("the signature in `{signer}`'s name is by another key, {fingerprint}")]
    WrongKey {
        /// In whose name.
        signer: String,
        /// By which key.
        fingerprint: String,
    },
    /// A file of another repository.
    #[error("it belongs to the repository {found}, and this is {expected}")]
    WrongRepository {
        /// What it says.
        found: String,
        /// What this is.
        expected: String,
    },
}

fn first(problems: &Diagnostics) -> String {
    problems.sorted().first().map(|problem| problem.message.clone()).unwrap_or_default()
}

fn for_tier(tier: Option<Tier>) -> String {
    tier.map(|tier| format!(" that tier {tier} needs")).unwrap_or_default()
}

impl From<Diagnostics> for Rejection {
    fn from(problems: Diagnostics) -> Self {
        Self::Form(Box::new(problems))
    }
}

impl From<KeyError> for Rejection {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

/// Reads what a signature is for, for messages.
pub(super) const fn words(namespace: Namespace) -> &'static str {
    match namespace {
        Namespace::Attestation => "signed attestation",
        Namespace::Campaign => "signed campaign",
        Namespace::Delegation => "signed delegation",
        Namespace::Evidence => "signed segment",
        Namespace::Exception => "signed exception",
        Namespace::Git => "signed commit",
        Namespace::Mandate => "signed mandate",
        Namespace::Proof => "signed proof",
        Namespace::Registry => "signed registry",
        Namespace::Review => "signed review",
        Namespace::Root => "signed root",
        Namespace::StageClose => "signed close of a stage",
    }
}
