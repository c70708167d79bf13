//! Kinds of governed TOML files, and the schema id in the first line of each.

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};

/// A kind of governed TOML file.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum FileKind {
    /// `attestations/<action>.toml`
    Attestation,
    /// `campaigns/<id>/campaign.toml`
    Campaign,
    /// `policies/<name>.toml`, a campaign definition
    CampaignDefinition,
    /// `policies/controls.toml`
    Controls,
    /// `delegations/<id>.toml`
    Delegation,
    /// `exceptions/<id>.toml`
    Exception,
    /// `governance.toml`
    Governance,
    /// `trust/mandate/N.toml`
    Mandate,
    /// `inventory/<system>/observation.toml`
    Observation,
    /// `principals.toml` or `principals/<name>.toml`
    Principals,
    /// `policies/<name>.profile.toml`
    Profile,
    /// `proofs/<exception>/<n>.toml`
    Proof,
    /// `trust/registry/N.toml`
    Registry,
    /// `campaigns/<id>/reviews/<system>/<reviewer>.toml`
    Review,
    /// `trust/root/N.toml`
    Root,
    /// `policies/<name>.cases.toml`
    RuleCases,
    /// `policies/<name>.rules.toml`
    Rules,
    /// `campaigns/<id>/stages/<n>.toml`
    StageClose,
    /// `systems/<system>.toml`
    System,
}

impl FileKind {
    /// All kinds in alphabetical order.
    pub const ALL: [Self; 19] = [
        Self::Attestation,
        Self::Campaign,
        Self::CampaignDefinition,
        Self::Controls,
        Self::Delegation,
        Self::Exception,
        Self::Governance,
        Self::Mandate,
        Self::Observation,
        Self::Principals,
        Self::Profile,
        Self::Proof,
        Self::Registry,
        Self::Review,
        Self::Root,
        Self::RuleCases,
        Self::Rules,
        Self::StageClose,
        Self::System,
    ];

    /// Returns the kind's name, as accepted by `tenure schema`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Attestation => "attestation",
            Self::Campaign => "campaign",
            Self::CampaignDefinition => "campaign-definition",
            Self::Controls => "controls",
            Self::Delegation => "delegation",
            Self::Exception => "exception",
            Self::Governance => "governance",
            Self::Mandate => "mandate",
            Self::Observation => "observation",
            Self::Principals => "principals",
            Self::Profile => "profile",
            Self::Proof => "proof",
            Self::Registry => "registry",
            Self::Review => "review",
            Self::Root => "root",
            Self::RuleCases => "rule-cases",
            Self::Rules => "rules",
            Self::StageClose => "stage-close",
            Self::System => "system",
        }
    }

    /// Returns the schema id of the current version.
    pub const fn schema(self) -> &'static str {
        match self {
            Self::Attestation => "tenure/attestation/v1",
            Self::Campaign => "tenure/campaign/v1",
            Self::CampaignDefinition => "tenure/campaign-definition/v1",
            Self::Controls => "tenure/controls/v1",
            Self::Delegation => "tenure/delegation/v1",
            Self::Exception => "tenure/exception/v1",
            Self::Governance => "tenure/governance/v1",
            Self::Mandate => "tenure/mandate/v1",
            Self::Observation => "tenure/observation/v1",
            Self::Principals => "tenure/principals/v1",
            Self::Profile => "tenure/profile/v1",
            Self::Proof => "tenure/proof/v1",
            Self::Registry => "tenure/registry/v1",
            Self::Review => "tenure/review/v1",
            Self::Root => "tenure/root/v1",
            Self::RuleCases => "tenure/rule-cases/v1",
            Self::Rules => "tenure/rules/v1",
            Self::StageClose => "tenure/stage-close/v1",
            Self::System => "tenure/system/v1",
        }
    }

    /// Returns the kind with this schema id.
    pub fn of_schema(schema: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.schema() == schema)
    }

    /// Returns the SSHSIG namespace of the kind's signatures, or `None` for an unsigned kind.
    pub const fn namespace(self) -> Option<&'static str> {
        match self {
            Self::Attestation => Some("attestation.v1@tenure"),
            Self::Campaign => Some("campaign.v1@tenure"),
            Self::Delegation => Some("delegation.v1@tenure"),
            Self::Exception => Some("exception.v1@tenure"),
            Self::Mandate => Some("mandate.v1@tenure"),
            Self::Proof => Some("proof.v1@tenure"),
            Self::Registry => Some("registry.v1@tenure"),
            Self::Review => Some("review.v1@tenure"),
            Self::Root => Some("root.v1@tenure"),
            Self::StageClose => Some("stage.v1@tenure"),
            Self::CampaignDefinition
            | Self::Controls
            | Self::Governance
            | Self::Observation
            | Self::Principals
            | Self::Profile
            | Self::RuleCases
            | Self::Rules
            | Self::System => None,
        }
    }
}

/// The content of one kind of governed file. Its first field is `schema`.
pub trait GovernedFile: Serialize + DeserializeOwned + JsonSchema {
    /// The kind.
    const KIND: FileKind;

    /// Returns the schema id in the file.
    fn schema(&self) -> &str;
}

macro_rules! governed {
    ($($type:ident),* $(,)?) => {$(
        impl GovernedFile for super::$type {
            const KIND: FileKind = FileKind::$type;
            fn schema(&self) -> &str {
                &self.schema
            }
        }
    )*};
}

governed!(
    Attestation,
    Campaign,
    CampaignDefinition,
    Controls,
    Delegation,
    Exception,
    Governance,
    Mandate,
    Observation,
    Principals,
    Profile,
    Proof,
    Registry,
    Review,
    Root,
    RuleCases,
    Rules,
    StageClose,
    System,
);
