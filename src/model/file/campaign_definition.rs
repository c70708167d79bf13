//! `policies/<name>.toml` that defines a campaign: what people write once, to be opened again and again.

use crate::model::{CampaignId, GrantKind, PrincipalId, Stance, Strategy, SystemId, Tier, file::PrincipalKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `policies/<name>.toml`: what a campaign is about, who judges it, and what silence means.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CampaignDefinition {
    /// Always `tenure/campaign-definition/v1`.
    pub schema: String,
    /// What the campaign is called.
    pub title: String,
    /// How many days reviewers have; with stages, each stage says its own, and this is their sum or more.
    pub window_days: u32,
    /// The oldest an inventory may be on opening, in days.
    pub fresh_days: u32,
    /// Who reviews an item that has no owner, or whose owner would review themselves.
    pub fallback: PrincipalId,
    /// Who reviews what the fallback may not.
    pub second_fallback: PrincipalId,
    /// What no response means; never `certify`.
    pub on_silence: NoResponseAction,
    /// The most items that silence may take access away from, when a stage is closed; 10 where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silence_cap: Option<u32>,
    /// What the stances of several stages amount to; `all-must-accept` where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overall: Option<Strategy>,
    /// When reviewers are reminded, in percent of a stage's days; 50 and 75 where nothing is said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remind_percent: Vec<u32>,
    /// Open it again after so many days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every_days: Option<u32>,
    /// Open it, over what the event touches, when one of these happens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on_events: Vec<Event>,
    /// The systems that may contribute nothing; all others must, or the campaign does not open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub may_be_empty: Vec<SystemId>,
    /// How many percent of the items somebody else decides once more, blind; all of T0. None where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_look_percent: Option<u32>,
    /// The most items one reviewer is given; the rest goes to the next in line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<ReviewerCapacity>,
    /// The stages in their order. Without any there is one, of `window_days`, judged by the owner of a principal, then the
    /// owner of its system, then the fallbacks.
    #[serde(rename = "stage", default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<Stage>,
    /// Which grants; one that any selector takes is in.
    #[serde(rename = "select")]
    pub selectors: Vec<Selector>,
}

impl CampaignDefinition {
    /// Returns a definition of two weeks and one stage that selects nothing yet.
    pub fn new(title: &str, fallback: PrincipalId, second_fallback: PrincipalId) -> Self {
        Self {
            schema: super::FileKind::CampaignDefinition.schema().to_owned(),
            title: title.to_owned(),
            window_days: 14,
            fresh_days: 2,
            fallback,
            second_fallback,
            on_silence: NoResponseAction::Open,
            silence_cap: None,
            overall: None,
            remind_percent: Vec::new(),
            every_days: None,
            on_events: Vec::new(),
            may_be_empty: Vec::new(),
            second_look_percent: None,
            load: None,
            stages: Vec::new(),
            selectors: Vec::new(),
        }
    }
}

/// One stage of a campaign.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// What the stage is called.
    pub name: String,
    /// How many days its reviewers have.
    pub days: u32,
    /// Who judges, the first in line first: `owner`, `deputy`, `manager`, `system-owner`, `system-deputy`, `team`,
    /// `group:<registry group>`, `person:<id>`, or `cel:<expression>` that gives an id or a list of ids. The fallbacks
    /// of the definition always come last.
    pub reviewers: Vec<String>,
    /// How many of them judge each item, each for themselves, in files of their own.
    pub ask: u32,
    /// What their verdicts amount to.
    pub outcome: Strategy,
    /// The stances after which no later stage is asked; the strategy's own where both this and `advance_on` are empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stop_on: Vec<Stance>,
    /// The only stances after which a later stage is asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advance_on: Vec<Stance>,
}

/// The most items one reviewer is given in a campaign, by tier.
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

/// Something that happens to principals, for which access is certified anew at once.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// A secret was seen where it should not be.
    Exposure,
    /// Somebody left.
    Leaver,
    /// Somebody has another role or team.
    Mover,
    /// Who answered for a non-human identity does so no more.
    OwnerGone,
    /// What a role or group gives has changed.
    RoleChanged,
}

/// Which grants a campaign takes: those that meet every condition given; an empty list is no condition.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Selector {
    /// These systems.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub systems: Vec<SystemId>,
    /// These kinds of grants.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<GrantKind>,
    /// These kinds of principals.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub principals: Vec<PrincipalKind>,
    /// These tiers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<Tier>,
    /// Not used for this many days before the inventory; unknown use is taken too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unused_days: Option<u32>,
    /// Only grants of principals without a living owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_owner: Option<bool>,
    /// Only grants that the inventory pinned by this campaign does not have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_since: Option<CampaignId>,
    /// Only grants that are new, or not as they were, since the inventory pinned by this campaign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_since: Option<CampaignId>,
    /// Only what this campaign asked about and nobody answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unanswered_in: Option<CampaignId>,
    /// Only grants on which one of these rules fails, or cannot be judged; `*` is any rule.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<String>,
    /// Only these accounts, `<system>:<immutable id>`: what an event touches.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<String>,
    /// Only these roles and groups, `<system>:<immutable id of the entitlement>`: who is in them or, with `role_contents`,
    /// what they give.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Put the contents of roles and groups to review, one item for each entitlement a role gives, and not who holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_contents: Option<bool>,
    /// A CEL expression over the facts of a grant; what it cannot judge is taken too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cel: Option<String>,
}

/// What no response means.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NoResponseAction {
    /// Tiers T2 and T3 are disabled when the last stage is closed; T0 and T1 too when they are unused for certain, else
    /// they need an exception.
    Disable,
    /// The item stays open and the campaign cannot close.
    Open,
}
