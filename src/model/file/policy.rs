//! `policies/*.toml` that are not campaign definitions: rules with their cases, profiles, toxic pairs, controls.

use crate::model::{Severity, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `policies/<name>.rules.toml`: rules that grants and principals are judged by.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Always `tenure/rules/v1`.
    pub schema: String,
    /// What the rules are about.
    pub title: String,
    /// The rules, sorted by id.
    #[serde(rename = "rule", default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
    /// What nobody may hold together.
    #[serde(rename = "pair", default, skip_serializing_if = "Vec::is_empty")]
    pub pairs: Vec<SodRule>,
}

/// One rule. Its expressions are CEL over the attributes that `tenure policy attributes` lists.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// A stable id, such as `NHI-OWN-01`.
    pub id: String,
    /// What is demanded, in a sentence.
    pub title: String,
    /// What it judges.
    pub over: Scope,
    /// Which of them it is about; what it is not about is *not applicable*.
    pub applies: String,
    /// When it is broken. An attribute that is not known leaves it *unknown*, unless the rest decides.
    pub fails: String,
    /// The attributes it cannot do without, sorted.
    pub requires: Vec<String>,
    /// How bad it is when it is broken.
    pub severity: Severity,
    /// What to do about it: recommended, never decided.
    pub verdict: Verdict,
    /// The same in words.
    pub advice: String,
    /// The controls it serves, `<framework>:<id>`; our opinion, and no proof of compliance.
    pub maps: Vec<String>,
    /// What else to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Numbers that its expressions use as `limit.<name>`, and that profiles may tighten.
    #[serde(rename = "limit", default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<Limit>,
    /// When it is worse, or less bad: the first that holds counts.
    #[serde(rename = "severity_when", default, skip_serializing_if = "Vec::is_empty")]
    pub severities: Vec<SeverityWhen>,
}

/// What a rule judges.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Every grant, credentials and accounts among them; also sees the attributes of its principal.
    Grant,
    /// Every principal once, however much it holds.
    Principal,
}

/// A number by tier.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Its name.
    pub name: String,
    /// Which way is stricter.
    pub stricter: LimitDirection,
    /// For tier T0.
    #[serde(rename = "T0")]
    pub t0: i64,
    /// For tier T1.
    #[serde(rename = "T1")]
    pub t1: i64,
    /// For tier T2.
    #[serde(rename = "T2")]
    pub t2: i64,
    /// For tier T3.
    #[serde(rename = "T3")]
    pub t3: i64,
}

/// Which way a number is stricter.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LimitDirection {
    /// Fewer is stricter.
    Less,
    /// More is stricter.
    More,
}

/// Another severity under a condition.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeverityWhen {
    /// The condition, in CEL.
    pub when: String,
    /// The severity then.
    pub severity: Severity,
}

/// Two sides that nobody may hold together: on whatever systems, by whatever path, and through what they answer for.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SodRule {
    /// A stable id, such as `SOD-BUILD-APPROVE`.
    pub id: String,
    /// Why together they do harm.
    pub title: String,
    /// How bad it is.
    pub severity: Severity,
    /// The rule that a finding counts for, such as `HUM-SOD-01`.
    pub rule: String,
    /// The one side.
    pub one: SodRuleSide,
    /// The other side.
    pub other: SodRuleSide,
}

/// One side of a toxic pair: any effective entitlement that meets the expression.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SodRuleSide {
    /// What it lets somebody do, as people say it.
    pub does: String,
    /// CEL over one entitlement: `system`, `kind`, `id`, `name`, `tier`.
    pub when: String,
}

/// `policies/<name>.cases.toml`: what rules say of given facts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleCases {
    /// Always `tenure/rule-cases/v1`.
    pub schema: String,
    /// The cases.
    #[serde(rename = "case", default, skip_serializing_if = "Vec::is_empty")]
    pub cases: Vec<RuleCase>,
}

/// One case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleCase {
    /// What it tells, in a few words.
    pub name: String,
    /// The rule, or the toxic pair.
    pub rule: String,
    /// What the rule must say.
    pub expect: Expected,
    /// How bad, where it fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// The profiles that are on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<String>,
    /// The attributes that are known, as tables: `facts.usage.idle_days = 91`. All others are unknown.
    #[schemars(with = "std::collections::BTreeMap<String, serde_json::Value>")]
    pub facts: toml::Table,
}

/// What a rule says.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Expected {
    /// It is broken.
    Fail,
    /// It is not about this.
    NotApplicable,
    /// It is kept.
    Pass,
    /// What it would have to know is not known.
    Unknown,
}

/// `policies/<name>.profile.toml`: a profile makes rules stricter, and nothing else.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Always `tenure/profile/v1`.
    pub schema: String,
    /// Its name, such as `pci`; `governance.toml` says which are on.
    pub name: String,
    /// What it stands for.
    pub title: String,
    /// What it sets.
    #[serde(rename = "set", default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<ProfileSetting>,
}

/// One thing that a profile sets.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileSetting {
    /// The rule.
    pub rule: String,
    /// Where the number comes from: the control, or the text.
    pub because: String,
    /// The severity, if that is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// The limit, if one is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// Its number for tier T0.
    #[serde(rename = "T0", default, skip_serializing_if = "Option::is_none")]
    pub t0: Option<i64>,
    /// Its number for tier T1.
    #[serde(rename = "T1", default, skip_serializing_if = "Option::is_none")]
    pub t1: Option<i64>,
    /// Its number for tier T2.
    #[serde(rename = "T2", default, skip_serializing_if = "Option::is_none")]
    pub t2: Option<i64>,
    /// Its number for tier T3.
    #[serde(rename = "T3", default, skip_serializing_if = "Option::is_none")]
    pub t3: Option<i64>,
}

/// `policies/controls.toml`: the frameworks and controls that rules name. Titles are paraphrases.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Controls {
    /// Always `tenure/controls/v1`.
    pub schema: String,
    /// The day the data was last compared with the frameworks, `2026-11-22`.
    pub reviewed_on: String,
    /// The frameworks.
    #[serde(rename = "framework", default, skip_serializing_if = "Vec::is_empty")]
    pub frameworks: Vec<Framework>,
    /// The controls.
    #[serde(rename = "control", default, skip_serializing_if = "Vec::is_empty")]
    pub controls: Vec<Control>,
    /// Ids that are not to be used any more.
    #[serde(rename = "retired", default, skip_serializing_if = "Vec::is_empty")]
    pub retired: Vec<RetiredControl>,
}

/// A framework in one version.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Framework {
    /// Its id, such as `nist-csf-2.0`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The version.
    pub version: String,
    /// Whether it is current.
    pub status: String,
    /// What may be quoted.
    pub text_licence: String,
}

/// A control of a framework, in our words.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// The framework's id.
    pub framework: String,
    /// The control's id there.
    pub id: String,
    /// What it asks for, in our words.
    pub title: String,
    /// How much of it is served: `direct`, `supporting`, `partial`.
    pub strength: String,
    /// The audit checks that speak for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub satisfied_by_checks: Vec<String>,
    /// The rules that speak for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    /// What shows it.
    pub evidence: String,
    /// The control it took the place of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<String>,
    /// What else to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// An id that is not to be used any more.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetiredControl {
    /// `<framework>:<id>`.
    pub id: String,
    /// What to use instead.
    #[serde(rename = "use")]
    pub instead: Vec<String>,
    /// Why.
    pub reason: String,
}
