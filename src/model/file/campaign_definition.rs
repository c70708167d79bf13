//! Campaign definitions, `policies/<name>.toml`: templates from which campaigns are opened repeatedly.

use crate::model::{CampaignId, GrantKind, PrincipalId, ReviewResult, Strategy, SystemId, Tier, file::PrincipalKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `policies/<name>.toml`: the scope, the reviewers and the no-response handling of a campaign.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CampaignDefinition {
    /// Always `tenure/campaign-definition/v1`.
    pub schema: String,
    /// The title of the campaign.
    pub title: String,
    /// The length of the review window in days. With stages, it is at least the sum of their days.
    pub window_days: u32,
    /// The maximum age of an inventory on opening, in days.
    pub max_inventory_age_days: u32,
    /// The reviewer of an item that has no owner, or whose owner would review their own access.
    pub fallback: PrincipalId,
    /// The reviewer of items that the fallback reviewer is not allowed to decide.
    pub second_fallback: PrincipalId,
    /// The consequence of no response; never `certify`.
    pub on_no_response: NoResponseAction,
    /// The maximum number of items whose access no response may remove when a stage is closed; default 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_no_response_removals: Option<u32>,
    /// The strategy that combines the results of several stages; default `all-must-accept`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overall_strategy: Option<Strategy>,
    /// The times of reminders, in percent of a stage's days; default 50 and 75.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remind_percent: Vec<u32>,
    /// The recurrence in days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recurrence_days: Option<u32>,
    /// The lifecycle events that open the campaign for the affected access.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub triggers: Vec<Event>,
    /// The systems that may contribute no items. If any other system has none, the campaign does not open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow_empty: Vec<SystemId>,
    /// The maximum number of items per reviewer; further items go to the next reviewer in line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_items_per_reviewer: Option<ReviewerCapacity>,
    /// The stages in order. Without stages, there is one stage of `window_days`, assigned to the owner of the
    /// principal, then the owner of its system, then the fallback reviewers.
    #[serde(rename = "stage", default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<Stage>,
    /// The selectors of grants. A grant that matches any selector is in scope.
    #[serde(rename = "select")]
    pub selectors: Vec<Selector>,
}

impl CampaignDefinition {
    /// Returns a definition of two weeks and one stage, without selectors.
    pub fn new(title: &str, fallback: PrincipalId, second_fallback: PrincipalId) -> Self {
        Self {
            schema: super::FileKind::CampaignDefinition.schema().to_owned(),
            title: title.to_owned(),
            window_days: 14,
            max_inventory_age_days: 2,
            fallback,
            second_fallback,
            on_no_response: NoResponseAction::Open,
            max_no_response_removals: None,
            overall_strategy: None,
            remind_percent: Vec::new(),
            recurrence_days: None,
            triggers: Vec::new(),
            allow_empty: Vec::new(),
            max_items_per_reviewer: None,
            stages: Vec::new(),
            selectors: Vec::new(),
        }
    }
}

/// One stage of a campaign.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// The name of the stage.
    pub name: String,
    /// The number of days for its reviewers.
    pub days: u32,
    /// The reviewers, in order of preference: `owner`, `deputy`, `manager`, `system-owner`, `system-deputy`, `team`,
    /// `group:<registry group>`, `person:<id>`, or `cel:<expression>` that returns an id or a list of ids. The fallback
    /// reviewers of the definition always come last.
    pub reviewers: Vec<String>,
    /// The number of reviewers of each item. They decide independently, in separate files.
    pub reviewers_per_item: u32,
    /// The strategy that combines their verdicts.
    pub strategy: Strategy,
    /// The results after which no later stage is needed; the default of the strategy when both this and `advance_on`
    /// are empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stop_on: Vec<ReviewResult>,
    /// The only results after which a later stage is needed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advance_on: Vec<ReviewResult>,
    /// The percentage of the items that a later stage asks about; all of them if absent. The sample is fixed when the
    /// campaign opens. An item outside of it passes the stage with the result of the stages before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample_percent: Option<u32>,
}

/// The maximum number of items per reviewer in a campaign, by tier.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewerCapacity {
    /// For tier T0.
    #[serde(rename = "T0")]
    pub t0: u32,
    /// For tier T1.
    #[serde(rename = "T1")]
    pub t1: u32,
    /// For tier T2.
    #[serde(rename = "T2")]
    pub t2: u32,
    /// For tier T3.
    #[serde(rename = "T3")]
    pub t3: u32,
}

/// A lifecycle event after which the affected access is certified immediately.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// A secret was exposed.
    Exposure,
    /// A person left.
    Leaver,
    /// A person changed their role or team.
    Mover,
    /// The owner of a non-human identity left or was removed.
    OwnerGone,
    /// The contents of a role or group changed.
    RoleChanged,
}

/// A selector of grants. A grant must meet all given conditions; an empty list is no condition.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Selector {
    /// The systems.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub systems: Vec<SystemId>,
    /// The kinds of grants.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<GrantKind>,
    /// The kinds of principals.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub principals: Vec<PrincipalKind>,
    /// The tiers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<Tier>,
    /// The number of days without use before the inventory; grants with unknown use are selected as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unused_days: Option<u32>,
    /// Only grants of principals without an active owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orphaned: Option<bool>,
    /// Only grants that are not in the inventory pinned by this campaign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_since: Option<CampaignId>,
    /// Only grants that are new or changed since the inventory pinned by this campaign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_since: Option<CampaignId>,
    /// Only items of this campaign that had no response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unanswered_in: Option<CampaignId>,
    /// Only grants that violate one of these rules, or for which it cannot be evaluated; `*` is any rule.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<String>,
    /// Only these accounts, `<system>:<immutable id>`; set for lifecycle events.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<String>,
    /// Only these roles and groups, `<system>:<immutable id of the entitlement>`: their members or, with
    /// `role_contents`, their contents.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Review the contents of roles and groups instead of their members: one item for each entitlement in a role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_contents: Option<bool>,
    /// A CEL expression over the attributes of a grant; grants for which it cannot be evaluated are selected as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
}

/// The consequence of no response.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NoResponseAction {
    /// Access of tiers T2 and T3 is disabled when the last stage is closed. So is access of T0 and T1 that is certainly
    /// unused; other access of these tiers needs an exception.
    Disable,
    /// The item stays open and the campaign cannot be closed.
    Open,
    /// As `disable`; access that the connector cannot disable, such as a membership, is revoked. What it can neither
    /// disable nor revoke stays open, and a fallback decides.
    Remove,
}
