//! Campaigns: frozen populations, items, reviews, and the resolution of each item.

mod aggregate;
mod assignment;
mod close;
mod close_stage;
mod decision_context;
mod dependents;
mod derived_definition;
mod eligibility;
mod exceptions;
mod item_progress;
mod item_state;
mod item_summary;
mod lifecycle_events;
mod non_response;
mod open;
mod population;
mod prior_campaigns;
mod recommendation;
mod reminders;
mod reopening;
mod resolution;
mod resolution_summary;
mod resolve;
mod review_quality;
mod reviewer_selector;
mod role_contents;
mod schedule;
mod scope_drift;
mod status;
mod text;
mod validate_definition;
mod worklist;

#[cfg(test)]
mod tests;

pub use assignment::ReviewerAssignment;
pub use close::close;
pub use close_stage::{StageCloseError, StageCloseInputs, close_stage, current_stage, missing};
pub use decision_context::{
    ContextIndex, ContextLine, ContextSection, ContextSources, DecisionContext, PriorDecision, is_flagged,
    no_response_text, said, tier_words,
};
pub use dependents::dependents;
pub use derived_definition::{AffectedScope, for_drift, for_unanswered, is_narrowed, narrowed};
pub use eligibility::{Ineligibility, ReviewerPool};
pub use exceptions::{ExceptionContext, ExceptionState, ExceptionStatus, UNDECIDED, exception_findings, exceptions};
pub use item_state::ItemState;
pub use item_summary::asked_as;
pub use lifecycle_events::{IdentityView, LifecycleEvent, detect, word};
pub use non_response::{missed_campaigns, non_response_findings};
pub use open::{OpenRequest, OpenedCampaign, open};
pub use population::{CampaignItem, CampaignPopulation, population};
pub use prior_campaigns::{PriorCampaigns, RequiredCampaigns};
pub use reminders::{OpenStage, OpenWork, Reminder, ReminderLevel, WorkKind, notices, work_notices};
pub use reopening::{FieldDifference, PublishedOpening, differences};
pub use resolution::Resolution;
pub use resolution_summary::{PendingReason, ReopenReason, ResolutionSummary};
pub use resolve::{decided, resolve};
pub use review_quality::{QualityInputs, ReviewQuality, ReviewerQuality, SignedReviewData, file_warnings, study};
pub use reviewer_selector::{AssignmentReason, ReviewerSelector, ReviewerSelectorError};
pub use role_contents::{is_unlisted, memberships, synthetic_role_grants};
pub use schedule::{DueCampaign, by_event, recurring};
pub use scope_drift::{ChangedGrant, DriftDisposition, DriftDispositions, GrantDrift, changes, pending_drift};
pub use status::{CampaignStatus, ItemStatus, ReviewerStatus, StageStatus, StatusInputs, status};
pub use validate_definition::{DefinitionContext, check_definition};
pub use worklist::{WorklistFile, worklist};

use crate::{
    inventory::{AttributeBuilder, IdentityDirectory, LoadedInventory, SodAnalysis, TierOverrides},
    model::{
        Grant, RepoId, SystemId,
        file::{Registry, System, Thresholds},
    },
    policy::PolicyPack,
    trust::{FormerOwnership, OwnershipIndex},
};
use std::collections::BTreeMap;

/// The inputs of a campaign, all read at one commit of the main branch.
#[derive(Clone, Copy)]
pub struct CampaignContext<'a> {
    /// The repository.
    pub repo: &'a RepoId,
    /// All systems.
    pub systems: &'a BTreeMap<SystemId, System>,
    /// The inventories of the systems that have one.
    pub inventories: &'a BTreeMap<SystemId, LoadedInventory>,
    /// The identities.
    pub people: &'a IdentityDirectory,
    /// The ownership of access.
    pub kinship: &'a OwnershipIndex,
    /// The links that were removed since the last campaign.
    pub former: FormerOwnership<'a>,
    /// The registry.
    pub registry: &'a Registry,
    /// The mandate.
    pub thresholds: &'a Thresholds,
    /// The grants whose tier a verified exception in force lowers.
    pub lowered: &'a TierOverrides,
    /// The separation-of-duties violations.
    pub separation: &'a SodAnalysis,
    /// The attributes of each grant and principal.
    pub attribute_builder: &'a AttributeBuilder<'a>,
    /// The policy rules.
    pub pack: &'a PolicyPack,
    /// The results of earlier campaigns that the definition requires; see [`RequiredCampaigns`].
    pub earlier: &'a PriorCampaigns,
    /// Role contents without a grant of their own; see [`synthetic_role_grants`].
    pub unlisted: &'a BTreeMap<SystemId, Vec<Grant>>,
}

/// Returns the folder of the campaign.
pub fn folder(campaign: &crate::model::CampaignId) -> String {
    format!("campaigns/{campaign}")
}
