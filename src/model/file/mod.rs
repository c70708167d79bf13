//! The files of a governed repository as types: one struct for each kind.
//!
//! The order of fields is the canonical order of keys. Scalars come before tables, so that TOML can represent this
//! order.

mod attestation;
mod campaign;
mod campaign_definition;
mod exception;
mod governance;
mod kind;
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
    Campaign, Delegation, NoResponseItem, NoResponseOutcome, Population, StageClose, assignments_digest, population,
};
pub use campaign_definition::{CampaignDefinition, Event, NoResponseAction, ReviewerCapacity, Selector, Stage};
pub use exception::{Exception, LOWERED_TIER, Rating};
pub use governance::{Engine, Governance};
pub use kind::{FileKind, GovernedFile};
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
    DEFAULT_MAX_FILES_PER_CHANGE, EngineRole, ExceptionTerms, Guardrails, KeyState, Mandate, Registry, RegistryKey,
    RegistryPrincipal, Role, Roles, Root, Thresholds, WitnessRole,
};
