//! `campaigns/<id>/reviews/<system>/<reviewer>.toml`: a worklist, and the decisions on it.

use crate::model::{CampaignId, Digest, ItemId, PrincipalId, RepoId, Severity, SystemId, Tier, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A reviewer's file of items and decisions.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// Always `tenure/review/v1`.
    pub schema: String,
    /// The repository it belongs to.
    pub repo: RepoId,
    /// The campaign it belongs to.
    pub campaign: CampaignId,
    /// The digest of that campaign's file: the same id elsewhere cannot be replayed.
    pub digest: Digest,
    /// The system its items are on.
    pub system: SystemId,
    /// The reviewer it was written for, who must sign it.
    pub reviewer: PrincipalId,
    /// Further signers, where a tier asks for more than one; they sign the same bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cosigners: Vec<PrincipalId>,
    /// The stage it belongs to; 1 where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<u32>,
    /// The items, in the order a person should read them.
    #[serde(rename = "item")]
    pub items: Vec<Item>,
}

impl Review {
    /// Returns the stage it belongs to, from 1.
    pub fn stage(&self) -> u32 {
        self.stage.unwrap_or(1)
    }
}

/// One grant put to one reviewer.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Its id.
    pub id: ItemId,
    /// The digest of the grant as reviewed; if the grant has changed since, the decision lapses.
    pub grant: Digest,
    /// The holder's immutable id, `<system>:<id>`.
    pub subject: String,
    /// How much harm it can do.
    pub tier: Tier,
    /// What a person should know to decide, in plain words.
    pub facts: String,
    /// What policy would advise, with the reasons; empty when nothing speaks against it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub recommend: String,
    /// How bad the worst is that policy finds; such an item is flagged, and keeping it takes more than a click.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// The holder, by the name people use.
    pub principal: String,
    /// What is held, by the name people use.
    pub entitlement: String,
    /// The verdict; empty while undecided.
    #[serde(with = "blank")]
    #[schemars(with = "String", extend("enum" = ["", "abstain", "certify", "disable", "except", "investigate", "reduce", "replace", "revoke", "rotate", "transfer"]))]
    pub decision: Option<Verdict>,
    /// For reduce, replace, transfer and abstain: to what or whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// For except, and certify with an end: until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<crate::model::Timestamp>,
    /// Why; empty while undecided.
    pub reason: String,
    /// The decision this one takes the place of: `<file>@<digest of the file>`; else absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<String>,
}

impl Item {
    /// Returns the first thing that its decision cannot do without and does not have; nothing when it is whole, or open.
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

/// What a decision does not have and cannot do without.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MissingField {
    /// Why, in a word that can be counted.
    Code,
    /// A signed exception: policy speaks against keeping it.
    Exception,
    /// Why.
    Reason,
    /// To what or whom.
    To,
    /// Until when.
    Until,
    /// Why, in words of its own: policy speaks against keeping it.
    Words,
}

impl MissingField {
    /// Returns what is needed, as people read it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Code => "a code at the beginning of its `reason`, because policy speaks against it",
            Self::Exception => "a signed exception, because of how much policy speaks against it",
            Self::Reason => "a `reason`",
            Self::To => "`to`: to what or whom",
            Self::Until => "`until`: an end",
            Self::Words => "a few words more in its `reason`, because policy speaks against it",
        }
    }
}

/// A verdict that may be left blank: `decision = ""` is undecided.
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
            D::Error::custom(format!("unknown verdict `{text}`, expected one of {} or nothing", allowed.join(", ")))
        })
    }
}
