//! The files of a governed repository: one struct for each kind, and the table of kinds.
//!
//! The order of fields is the canonical order of keys. Scalars come before tables, so that TOML can represent this
//! order.

mod attestation;
mod campaign;
mod campaign_definition;
mod exception;
mod exception_terms;
mod governance;
mod import_mapping;
mod kind;
mod log_position;
mod no_response_terms;
mod observation;
mod policy;
mod principals;
mod review;
mod review_terms;
mod stages;
mod system;
mod trust;

pub use attestation::{Attestation, Proof, ProofResult};
pub use campaign::{
    Campaign, Delegation, NoResponseItem, NoResponseOutcome, Population, StageClose, UnlistedItems, assignments_digest,
    files_digest, population,
};
pub use campaign_definition::{CampaignDefinition, Event, NoResponseAction, ReviewerCapacity, Selector, Stage};
pub use exception::{Exception, LOWERED_TIER, Rating};
pub use exception_terms::ExceptionTerms;
pub use governance::{Engine, Governance};
pub use import_mapping::{CellTransform, ColumnDelimiter, ImportMapping, MappedColumn, OwnManager};
pub use log_position::LogPosition;
pub use no_response_terms::NoResponseTerms;
pub use observation::{KindCount, Observation};
pub use policy::{
    Control, Controls, Expected, Framework, Limit, LimitDirection, Profile, ProfileSetting, RetiredControl, Rule,
    RuleCase, RuleCases, Rules, Scope, SeverityWhen, SodRule, SodRuleSide,
};
pub use principals::{AttributeValue, PrincipalKind, PrincipalRecord, PrincipalStatus, Principals};
pub use review::{Item, MissingField, Review};
pub use review_terms::ReviewTerms;
pub use system::{Remediation, SinkSettings, System};
pub use trust::{
    DEFAULT_MAX_FILES_PER_CHANGE, EngineRole, Guardrails, KeyState, Mandate, Registry, RegistryKey, RegistryPrincipal,
    Role, Roles, Root, Thresholds, WitnessRole,
};

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use std::fmt;

kind::kinds! {
    Attestation "attestation" at "attestations/<action>.toml" written by "`tenure attest`"
        signed "attestation.v1@tenure" as "signed attestation" by "the executor and a second person";
    Campaign "campaign" at "campaigns/<id>/campaign.toml" written by "`tenure campaign open`"
        signed "campaign.v1@tenure" as "signed campaign" by "a campaign owner";
    CampaignDefinition "campaign-definition" at "policies/<name>.toml" written by "policy owners";
    Controls "controls" at "policies/controls.toml" written by "policy owners, or `tenure policy init`";
    Delegation "delegation" at "delegations/<id>.toml" written by "`tenure campaign delegate`"
        signed "delegation.v1@tenure" as "signed delegation" by "the delegating reviewer";
    Exception "exception" at "exceptions/<id>.toml" written by "`tenure exception new`"
        signed "exception.v1@tenure" as "signed exception" by "the approvers that its rating requires";
    Governance "governance" at "governance.toml" written by "`tenure init`, then by hand";
    ImportMapping "import-mapping" at "imports/<name>.toml" written by "people, for `tenure principals import`";
    Mandate "mandate" at "trust/mandate/<version>.toml" written by "`tenure init`, then `tenure mandate set`"
        signed "mandate.v1@tenure" as "signed mandate" by "a threshold of the role `mandate`";
    Observation "observation" at "inventory/<system>/observation.toml" written by "`tenure collect`";
    Principals "principals" at "principals.toml", "principals/<name>.toml"
        written by "`tenure principals import`, or by hand";
    Profile "profile" at "policies/<name>.profile.toml" written by "policy owners, or `tenure policy init`";
    Proof "proof" at "proofs/<exception>/<number>.toml" written by "`tenure exception record-test`"
        signed "proof.v1@tenure" as "signed proof" by "the person who tested the control";
    Registry "registry" at "trust/registry/<version>.toml" written by "`tenure init`, then `tenure registry`"
        signed "registry.v1@tenure" as "signed registry" by "a threshold of the role `registry`";
    Review "review" at "campaigns/<id>/reviews/<system>/<reviewer>.toml"
        written by "`tenure campaign open`, then `tenure review` or an editor"
        signed "review.v1@tenure" as "signed review" by "the reviewer, and cosigners as the tier requires";
    Root "root" at "trust/root/<version>.toml" written by "`tenure init`, then by hand"
        signed "root.v1@tenure" as "signed root"
        by "a threshold of the role `root` of this version and of the one before";
    RuleCases "rule-cases" at "policies/<name>.cases.toml" written by "policy owners, or `tenure policy init`";
    Rules "rules" at "policies/<name>.rules.toml" written by "policy owners, or `tenure policy init`";
    StageClose "stage-close" at "campaigns/<id>/stages/<stage>.toml" written by "`tenure campaign close-stage`"
        signed "stage.v1@tenure" as "signed stage close" by "a campaign owner";
    System "system" at "systems/<system>/<version>.toml" written by "`tenure system add`, `set` and `retire`"
        signed "system.v1@tenure" as "signed system version"
        by "the owners of this version and of the one before; members of the mandate's `system_group` sign the first";
}

/// The content of one kind of governed file. Its first field is `schema`.
pub trait GovernedFile: Serialize + DeserializeOwned + JsonSchema {
    /// The kind.
    const KIND: FileKind;

    /// Returns the schema id in the file.
    fn schema(&self) -> &str;
}

/// An operation on any kind of file, generic over the type of the kind.
pub trait KindVisitor {
    /// The result of the operation.
    type Output;

    /// Runs the operation for this type.
    fn run<T: GovernedFile>(self) -> Self::Output;
}

impl FileKind {
    /// Returns the kind with this schema id.
    pub fn of_schema(schema: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.schema() == schema)
    }
}

impl fmt::Display for SignatureNamespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
