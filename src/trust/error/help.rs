//! Code, severity and remediation of each rejection.

use crate::trust::error::TrustError;
use crate::{
    format::{ssh_keys::KeyError, sshsig::SshSignatureError},
    model::Severity,
};

impl TrustError {
    /// Returns the stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::AgainstPolicy { .. } => "certify-against-policy",
            Self::AllowedSigners => "allowed-signers-differ",
            Self::CampaignBinding { .. } => "campaign-mismatch",
            Self::CampaignField { .. } => "campaign-field-differs",
            Self::CampaignMissing(_) => "campaign-missing",
            Self::Cosigner { .. } => "cosigner-not-assigned",
            Self::DecidedAtOpening(_) => "decided-at-opening",
            Self::DecisionIncomplete { .. } => "decision-incomplete",
            Self::DuplicateKey { .. } => "duplicate-signing-key",
            Self::DuplicateName(_) => "duplicate-name",
            Self::EngineRelease(_) => "engine-not-permitted",
            Self::EvidenceBranch { .. } => "evidence-branch-changed",
            Self::ExceptionApproval { .. } => "below-threshold",
            Self::ExceptionItem { .. } => "exception-mismatch",
            Self::ExceptionNoResponse { .. } => "exception-no-response",
            Self::ExceptionTerms(_) => "exception-terms",
            Self::Form(problems) => problems.sorted().first().map_or("malformed", |problem| problem.code),
            Self::GovernanceMissing => "governance-missing",
            Self::Hazard(_) => "name-unsafe",
            Self::ItemAltered(_) => "item-altered",
            Self::DuplicateDecision { .. } => "duplicate-decision",
            Self::ItemNotInCampaign(_) => "item-not-in-campaign",
            Self::Key(KeyError::Weak) => "weak-key",
            Self::Key(_) => "key-unreadable",
            Self::KeyHistory { .. } => "key-history",
            Self::LogOrigin { .. } => "log-origin-changed",
            Self::MainRolledBack(_) => "main-rolled-back",
            Self::Misplaced => "path-not-allowed",
            Self::Mode(_) => "file-not-regular",
            Self::TrustNotEstablished => "trust-not-established",
            Self::NotByReviewer(_) => "not-by-reviewer",
            Self::NotInGroup { .. } => "not-in-group",
            Self::Octopus => "octopus-merge",
            Self::Place { .. } => "place-mismatch",
            Self::Population { .. } => "population-mismatch",
            Self::Prev { .. } => "prev-mismatch",
            Self::Recorded(recorded) => recorded.code,
            Self::RootPin { .. } => "root-pin-mismatch",
            Self::SelfReview { .. } => "self-review",
            Self::Signature { error, .. } => signature_code(error),
            Self::SignedDeleted { .. } => "signed-file-deleted",
            Self::SignedEdited { .. } => "signed-file-edited",
            Self::SignedRenamed { .. } => "signed-file-renamed",
            Self::SignerKey { state: "revoked", .. } => "revoked-key",
            Self::SignerKey { .. } => "retired-key",
            Self::SignerLeft(_) => "signer-left",
            Self::SignerNotNamed { .. } => "signer-not-named",
            Self::SignerUnknown(_) => "unknown-signer",
            Self::Stage(stage) => stage.code(),
            Self::StaleSupersedes { .. } => "stale-supersedes",
            Self::SystemIdentity { .. } => "system-identity-taken",
            Self::SystemRetired(_) => "system-retired",
            Self::SystemSignatures { .. } => "below-threshold",
            Self::SamePerson { .. } => "same-person",
            Self::Threshold { .. } => "below-threshold",
            Self::ThresholdUnreachable { .. } => "threshold-unreachable",
            Self::TrustChangeNotIsolated => "trust-change-not-isolated",
            Self::Version { .. } => "version-skipped",
            Self::WrongKey { .. } => "wrong-key",
            Self::WrongRepository { .. } => "wrong-repository",
        }
    }

    /// Returns the severity.
    pub fn severity(&self) -> Severity {
        match self {
            Self::AllowedSigners | Self::DecisionIncomplete { .. } | Self::Form(_) | Self::Misplaced => {
                Severity::Medium
            }
            Self::AgainstPolicy { .. }
            | Self::CampaignBinding { .. }
            | Self::CampaignMissing(_)
            | Self::Cosigner { .. }
            | Self::DecidedAtOpening(_)
            | Self::ExceptionApproval { .. }
            | Self::GovernanceMissing
            | Self::ExceptionItem { .. }
            | Self::ExceptionNoResponse { .. }
            | Self::ExceptionTerms(_)
            | Self::ItemAltered(_)
            | Self::ItemNotInCampaign(_)
            | Self::NotByReviewer(_)
            | Self::NotInGroup { .. }
            | Self::TrustNotEstablished
            | Self::Octopus
            | Self::Place { .. }
            | Self::Population { .. }
            | Self::SelfReview { .. }
            | Self::SignerLeft(_)
            | Self::SignerNotNamed { .. }
            | Self::SystemSignatures { .. }
            | Self::Threshold { .. }
            | Self::TrustChangeNotIsolated => Severity::High,
            Self::Recorded(recorded) => recorded.severity,
            Self::Stage(stage) => stage.severity(),
            _ => Severity::Critical,
        }
    }

    /// Returns the next step.
    pub fn help(&self) -> &str {
        match self {
            Self::AgainstPolicy { .. } => {
                "revoke the access; or decide `except` with an end date, and sign an exception: \
                 `tenure exception new ITEM …`"
            }
            Self::AllowedSigners => {
                "sign the newest file in `trust/registry`: `tenure sign` rewrites `trust/allowed_signers`"
            }
            Self::CampaignBinding { .. } => "restore the file that `tenure campaign open` wrote, and sign that file",
            Self::CampaignField { .. } => "open the campaign again at the head of main: `tenure campaign open`",
            Self::CampaignMissing(_) => "merge the campaign first, or correct `campaign` in the file",
            Self::Cosigner { .. } => {
                "restore the cosigners of the published worklist; a fallback of the campaign may cosign for one who left"
            }
            Self::DecidedAtOpening(_) => {
                "merge the campaign with the files that `tenure campaign open` wrote, and decide afterwards"
            }
            Self::DecisionIncomplete { .. } => "fill it in and sign again: `tenure sign FILE`",
            Self::DuplicateKey { .. } | Self::DuplicateName(_) => {
                "list each key and each name once; a key belongs to one principal"
            }
            Self::EngineRelease(_) => "add the digest to `engine_releases` of the next mandate, and merge it first",
            Self::EvidenceBranch { .. } => "the branch of the evidence cannot change; restore `evidence`",
            Self::ExceptionApproval { .. } => "get the missing signatures: `tenure sign FILE`",
            Self::ExceptionItem { .. } => "create the exception again for this item: `tenure exception new ITEM …`",
            Self::ExceptionNoResponse { .. } => {
                "a fallback decides in a new review file: `tenure review`; the terms are listed by \
                 `tenure exception requirements`"
            }
            Self::ExceptionTerms(_) => {
                "follow the terms of the mandate for its rating: `tenure exception requirements`"
            }
            Self::Form(_) => "write the file in canonical form: `tenure fmt FILE`, then sign again",
            Self::GovernanceMissing => "restore it from an earlier commit: `git checkout COMMIT -- governance.toml`",
            Self::Hazard(_) => "remove the entry from the tree",
            Self::ItemAltered(_) | Self::ItemNotInCampaign(_) | Self::Population { .. } => {
                "change only `decision`, `to`, `until`, `reason` and `supersedes`; restore all other keys"
            }
            Self::DuplicateDecision { .. } | Self::StaleSupersedes { .. } => {
                "name the decision in force in `supersedes`: `tenure review` writes such a file"
            }
            Self::Key(_) => "create a new key: `ssh-keygen -t ed25519`",
            Self::KeyHistory { .. } => "keep every key in the registry; set `state` to retired or revoked",
            Self::LogOrigin { .. } => "the origin of a log cannot change; restore `log_origin`",
            Self::MainRolledBack(_) => {
                "restore the branch from a clone that has the commit, and find out why it was reset"
            }
            Self::Misplaced => "move the file out of the governed folders",
            Self::Mode(_) => "`git update-index --chmod=-x FILE`, or replace the link with a regular file",
            Self::TrustNotEstablished => "run `tenure init` and merge its files first",
            Self::NotByReviewer(_) => "the reviewer named in the file must sign it: `tenure sign FILE`",
            Self::NotInGroup { .. } => "a member of the group must sign: `tenure sign FILE`",
            Self::Octopus => "merge one branch at a time",
            Self::Place { .. } => "move the file to the path that its content requires",
            Self::Prev { .. } | Self::Version { .. } => "write the next version with the digest of the one in force",
            Self::Recorded(recorded) => &recorded.help,
            Self::RootPin { .. } => {
                "compare the pin with the one `tenure init` printed; if it is correct, do not trust this repository"
            }
            Self::SelfReview { .. } => "reassign the item to another reviewer",
            Self::Signature { .. } | Self::WrongKey { .. } => "sign again: `tenure sign FILE`",
            Self::SignedDeleted { what: SYSTEM }
            | Self::SignedEdited { what: SYSTEM }
            | Self::SignedRenamed { what: SYSTEM, .. } => {
                "restore the signed file; `tenure system set ID KEY=VALUE` writes the next version, and `tenure system \
                 retire ID` the last one"
            }
            Self::SignedDeleted { .. } | Self::SignedEdited { .. } | Self::SignedRenamed { .. } => {
                "restore the signed file; to change a decision, add a new file that names the old decision in \
                 `supersedes`"
            }
            Self::SignerKey { .. } | Self::SignerUnknown(_) => "sign with an active key of the registry in force",
            Self::SignerLeft(_) => "another person must sign: `tenure sign FILE`",
            Self::SignerNotNamed { .. } => "remove the signature, or name its signer in the file",
            Self::Stage(stage) => stage.help(),
            Self::SystemIdentity { .. } => "retire the other system first: `tenure system retire ID`",
            Self::SystemRetired(_) => "describe the target under a new id: `tenure system add ID`",
            Self::SystemSignatures { .. } | Self::Threshold { .. } => "get the missing signatures: `tenure sign FILE`",
            Self::SamePerson { .. } => {
                "have another person sign: `tenure sign FILE`; `tenure principals check` names the common account"
            }
            Self::ThresholdUnreachable { .. } => "set a threshold between 1 and the number of keys",
            Self::TrustChangeNotIsolated => "merge trust changes separately from all other changes",
            Self::WrongRepository { .. } => "a signed file is valid in one repository only; create a new one here",
        }
    }
}

fn signature_code(error: &SshSignatureError) -> &'static str {
    match error {
        SshSignatureError::Hash(_) => "wrong-hash",
        SshSignatureError::Key(KeyError::Weak) => "weak-key",
        SshSignatureError::Mismatch => "signature-mismatch",
        SshSignatureError::Namespace { .. } => "wrong-namespace",
        _ => "signature-malformed",
    }
}

/// The description of a version of a system.
const SYSTEM: &str = "signed system version";
