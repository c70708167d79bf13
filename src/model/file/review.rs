//! `campaigns/<id>/reviews/<system>/<reviewer>.toml`: a list of items and the decisions on them.

use crate::model::{CampaignId, Digest, ItemId, PrincipalId, RepoId, Severity, SystemId, Tier, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A reviewer's file of items and decisions.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// Always `tenure/review/v1`.
    pub schema: String,
    /// The id of the repository.
    pub repo: RepoId,
    /// The campaign.
    pub campaign: CampaignId,
    /// The digest of the campaign's file, so that decisions cannot be replayed in another campaign with the same id.
    pub digest: Digest,
    /// The system of its items.
    pub system: SystemId,
    /// The assigned reviewer, who must sign the file.
    pub reviewer: PrincipalId,
    /// Additional signers, when a tier requires more than one; they sign the same bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cosigners: Vec<PrincipalId>,
    /// The stage; default 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<u32>,
    /// The items, in reading order.
    #[serde(rename = "item")]
    pub items: Vec<Item>,
}

impl Review {
    /// Returns the stage, counted from 1.
    pub fn stage(&self) -> u32 {
        self.stage.unwrap_or(1)
    }
}

/// One grant that one reviewer must decide on.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Its id.
    pub id: ItemId,
    /// The digest of the grant as reviewed. If the grant changes, the decision lapses.
    pub grant_digest: Digest,
    /// The holder's immutable id, `<system>:<id>`.
    pub subject: String,
    /// The risk tier.
    pub tier: Tier,
    /// The summary for the reviewer, in plain words.
    pub summary: String,
    /// The recommendation of the policy with its reasons; empty without findings.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub recommendation: String,
    /// The highest severity of the policy findings. Certifying such a flagged item has additional requirements.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// The display name of the principal.
    pub principal: String,
    /// The display name of the entitlement.
    pub entitlement: String,
    /// The verdict; empty while undecided.
    #[serde(with = "blank")]
    #[schemars(with = "String", extend("enum" = ["", "abstain", "certify", "disable", "except", "investigate", "reduce", "replace", "revoke", "rotate", "transfer"]))]
    pub decision: Option<Verdict>,
    /// The target of `reduce`, `replace`, `transfer` and `abstain`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The end date of `except`, and of `certify` with an end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<crate::model::Timestamp>,
    /// The reason; empty while undecided.
    pub reason: String,
    /// The decision that this one replaces: `<file>@<digest of the file>`; otherwise absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<String>,
}

impl Item {
    /// Returns the first required field that the decision lacks; `None` when it is complete, or open.
    pub fn lacks(&self) -> Option<MissingField> {
        let verdict = self.decision?;
        let blank = |text: Option<&str>| text.is_none_or(|text| text.trim().is_empty());
        if blank(Some(&self.reason)) {
            return Some(MissingField::Reason);
        }
        if verdict.needs_to() && blank(self.to.as_deref()) {
            return Some(MissingField::To);
        }
        (verdict.needs_until(self.tier) && self.until.is_none()).then_some(MissingField::Until)
    }
}

/// A required field that a decision lacks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MissingField {
    /// A reason code.
    Code,
    /// A signed exception, because a rule forbids certifying.
    Exception,
    /// A reason.
    Reason,
    /// The target.
    To,
    /// The end date.
    Until,
    /// An explanation after the reason code, because a rule recommends against certifying.
    Words,
}

impl MissingField {
    /// Returns the required field in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Code => "a reason code at the beginning of its `reason`, because the item is flagged",
            Self::Exception => "a signed exception, because of the severity of its findings",
            Self::Reason => "a `reason`",
            Self::To => "the key `to`: the target of the verdict",
            Self::Until => "the key `until`: an end date",
            Self::Words => "a longer `reason`, because the item is flagged",
        }
    }
}

/// Serializes a verdict that may be empty: `decision = ""` is undecided.
mod blank {
    use super::Verdict;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use std::borrow::Cow;

    pub(super) fn serialize<S: Serializer>(verdict: &Option<Verdict>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(verdict.map_or("", Verdict::as_str))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Verdict>, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        if text.is_empty() {
            return Ok(None);
        }
        let known = Verdict::ALL.into_iter().find(|verdict| verdict.as_str() == text);
        known.map(Some).ok_or_else(|| {
            let allowed: Vec<_> = Verdict::ALL.iter().map(|verdict| format!("`{verdict}`")).collect();
            D::Error::custom(format!(
                "unknown verdict `{text}`, expected one of {}, or an empty string",
                allowed.join(", ")
            ))
        })
    }
}
