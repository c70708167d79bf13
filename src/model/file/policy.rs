//! Policy files other than campaign definitions: rules with their cases, profiles, separation-of-duties pairs,
//! controls.

use crate::model::{Severity, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `policies/<name>.rules.toml`: rules about grants and principals.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Always `tenure/rules/v1`.
    pub schema: String,
    /// The subject of the rules.
    pub title: String,
    /// The rules, sorted by id.
    #[serde(rename = "rule", default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
    /// Combinations of entitlements that one principal must not have.
    #[serde(rename = "pair", default, skip_serializing_if = "Vec::is_empty")]
    pub pairs: Vec<SodRule>,
}

/// One rule. Its expressions are CEL over the attributes that `tenure policy attributes` lists.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// A stable id, such as `NHI-OWN-01`.
    pub id: String,
    /// The requirement, in a sentence.
    pub title: String,
    /// The objects that the rule is evaluated for.
    pub scope: Scope,
    /// The condition under which the rule applies; otherwise the result is *not applicable*.
    pub when: String,
    /// The condition of a violation. An unknown attribute makes the result *unknown*, unless the other attributes
    /// decide it.
    pub violation: String,
    /// The attributes that the rule needs, sorted.
    pub requires_attributes: Vec<String>,
    /// The severity of a violation.
    pub severity: Severity,
    /// The recommended verdict.
    pub recommend: Verdict,
    /// The recommended remediation in words.
    pub remediation: String,
    /// The related controls, `<framework>:<id>`. The mapping is the authors' opinion and no proof of compliance.
    pub controls: Vec<String>,
    /// Further notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Numbers that the expressions use as `limit.<name>`, and that profiles may tighten.
    #[serde(rename = "limit", default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<Limit>,
    /// Severities under further conditions: the first condition that holds is used.
    #[serde(rename = "severity_when", default, skip_serializing_if = "Vec::is_empty")]
    pub severities: Vec<SeverityWhen>,
}

/// The objects that a rule is evaluated for.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Every grant, including credentials and accounts; the attributes of its principal are available as well.
    Grant,
    /// Every principal once, regardless of the number of its grants.
    Principal,
}

/// A limit by tier.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Its name.
    pub name: String,
    /// The direction in which the limit becomes stricter.
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

/// The direction in which a limit becomes stricter.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LimitDirection {
    /// A smaller number is stricter.
    Less,
    /// A larger number is stricter.
    More,
}

/// A severity under a condition.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeverityWhen {
    /// The condition, in CEL.
    pub when: String,
    /// The severity when the condition holds.
    pub severity: Severity,
}

/// Two sides that one principal must not have together, on any systems and by any path, including through identities
/// that it owns.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SodRule {
    /// A stable id, such as `SOD-BUILD-APPROVE`.
    pub id: String,
    /// The harm of the combination.
    pub title: String,
    /// The severity.
    pub severity: Severity,
    /// The rule under which a finding is counted, such as `HUM-SOD-01`.
    pub rule: String,
    /// The one side.
    pub left: SodRuleSide,
    /// The other side.
    pub right: SodRuleSide,
}

/// One side of a separation-of-duties rule: any effective entitlement that meets the expression.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SodRuleSide {
    /// The capability that the side gives, in words.
    pub capability: String,
    /// CEL over one entitlement: `system`, `kind`, `id`, `name`, `tier`.
    pub when: String,
}

/// `policies/<name>.cases.toml`: expected results of rules for given attributes.
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
    /// The name of the case.
    pub name: String,
    /// The rule, or the separation-of-duties pair.
    pub rule: String,
    /// The expected result.
    pub expect: Expected,
    /// The expected severity of a violation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// The active profiles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<String>,
    /// The known attributes, as tables: `attributes.usage.idle_days = 91`. All other attributes are unknown.
    #[schemars(with = "std::collections::BTreeMap<String, serde_json::Value>")]
    pub attributes: toml::Table,
}

/// The result of a rule.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Expected {
    /// The rule is violated.
    Fail,
    /// The rule does not apply.
    NotApplicable,
    /// The rule is met.
    Pass,
    /// A needed attribute is unknown.
    Unknown,
}

/// `policies/<name>.profile.toml`: a profile, which only tightens rules.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Always `tenure/profile/v1`.
    pub schema: String,
    /// Its name, such as `pci`. `governance.toml` lists the active profiles.
    pub name: String,
    /// The title.
    pub title: String,
    /// The settings.
    #[serde(rename = "set", default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<ProfileSetting>,
}

/// A setting of a profile.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileSetting {
    /// The rule.
    pub rule: String,
    /// The source of the setting: the control, or the text.
    pub because: String,
    /// The new severity, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// The name of the new limit, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// The limit for tier T0.
    #[serde(rename = "T0", default, skip_serializing_if = "Option::is_none")]
    pub t0: Option<i64>,
    /// The limit for tier T1.
    #[serde(rename = "T1", default, skip_serializing_if = "Option::is_none")]
    pub t1: Option<i64>,
    /// The limit for tier T2.
    #[serde(rename = "T2", default, skip_serializing_if = "Option::is_none")]
    pub t2: Option<i64>,
    /// The limit for tier T3.
    #[serde(rename = "T3", default, skip_serializing_if = "Option::is_none")]
    pub t3: Option<i64>,
}

/// `policies/controls.toml`: the frameworks and controls that rules refer to. Titles are paraphrases.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Controls {
    /// Always `tenure/controls/v1`.
    pub schema: String,
    /// The date of the last comparison with the frameworks, `2026-11-22`.
    pub reviewed_on: String,
    /// The frameworks.
    #[serde(rename = "framework", default, skip_serializing_if = "Vec::is_empty")]
    pub frameworks: Vec<Framework>,
    /// The controls.
    #[serde(rename = "control", default, skip_serializing_if = "Vec::is_empty")]
    pub controls: Vec<Control>,
    /// Retired ids.
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
    /// The license of the framework's text, and the parts that may be quoted.
    pub text_license: String,
}

/// A control of a framework, paraphrased.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// The framework's id.
    pub framework: String,
    /// The id of the control in the framework.
    pub id: String,
    /// The requirement, paraphrased.
    pub title: String,
    /// The coverage: `direct`, `supporting`, `partial`.
    pub strength: String,
    /// The audit checks that support it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub satisfied_by_checks: Vec<String>,
    /// The rules that support it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    /// The evidence that shows it.
    pub evidence: String,
    /// The control that it replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<String>,
    /// Further notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A retired id.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetiredControl {
    /// `<framework>:<id>`.
    pub id: String,
    /// The ids to use instead.
    #[serde(rename = "use")]
    pub instead: Vec<String>,
    /// The reason.
    pub reason: String,
}
