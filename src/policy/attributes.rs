//! The closed list of policy attributes. A name outside the list is an error, so that a misspelt attribute never
//! passes.

use std::fmt;

/// One attribute. Where no source supplies a value, it is unknown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AttributeDefinition {
    /// The name in expressions and in `attributes`.
    pub name: &'static str,
    /// The type of its values.
    pub kind: AttributeKind,
    /// The description.
    pub about: &'static str,
}

/// The type of an attribute.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum AttributeKind {
    /// A boolean.
    Flag,
    /// A map of strings.
    Map,
    /// An integer.
    Number,
    /// A string.
    Text,
    /// A list of strings.
    Texts,
}

impl fmt::Display for AttributeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flag => "bool",
            Self::Map => "map(string, string)",
            Self::Number => "int",
            Self::Text => "string",
            Self::Texts => "list(string)",
        })
    }
}

/// Returns the attribute with this name.
pub fn attribute(name: &str) -> Option<&'static AttributeDefinition> {
    let place = ATTRIBUTES.binary_search_by(|attribute| attribute.name.cmp(name)).ok()?;
    ATTRIBUTES.get(place)
}

/// All attributes, sorted by name. Expressions of rules may also use `limit.<name>`: the limits of the rule, for the
/// tier of the subject.
pub const ATTRIBUTES: &[AttributeDefinition] = &[
    AttributeDefinition {
        name: "credential.age_days",
        kind: AttributeKind::Number,
        about: "Days since the credential was created.",
    },
    AttributeDefinition { name: "credential.algorithm", kind: AttributeKind::Text, about: "Algorithm of a key." },
    AttributeDefinition { name: "credential.bits", kind: AttributeKind::Number, about: "Size of a key in bits." },
    AttributeDefinition {
        name: "credential.default",
        kind: AttributeKind::Flag,
        about: "Whether it is a vendor default, or shared by a bootstrap procedure.",
    },
    AttributeDefinition { name: "credential.expires", kind: AttributeKind::Flag, about: "Whether it expires." },
    AttributeDefinition {
        name: "credential.expires_in_days",
        kind: AttributeKind::Number,
        about: "Days until it expires; negative after expiry.",
    },
    AttributeDefinition {
        name: "credential.exposed",
        kind: AttributeKind::Flag,
        about: "Whether a scanner, a provider or an incident reported it as exposed.",
    },
    AttributeDefinition {
        name: "credential.kind",
        kind: AttributeKind::Text,
        about: "`access-key`, `certificate`, `password`, `ssh-key`, `token`.",
    },
    AttributeDefinition {
        name: "credential.newer_active_days",
        kind: AttributeKind::Number,
        about: "Days for which a newer active credential of the same kind and identity has existed; 0 if there is none.",
    },
    AttributeDefinition {
        name: "credential.on_automation",
        kind: AttributeKind::Flag,
        about: "Whether an automated job uses it.",
    },
    AttributeDefinition {
        name: "credential.shared_environments",
        kind: AttributeKind::Number,
        about: "Number of environments in which the same secret is used, by keyed fingerprint.",
    },
    AttributeDefinition {
        name: "credential.shared_identities",
        kind: AttributeKind::Number,
        about: "Number of identities with the same secret, by keyed fingerprint.",
    },
    AttributeDefinition {
        name: "credential.source_bound",
        kind: AttributeKind::Flag,
        about: "Whether its use is restricted to a network, a workload or a client certificate.",
    },
    AttributeDefinition {
        name: "credential.static",
        kind: AttributeKind::Flag,
        about: "Whether it stays valid until it is changed.",
    },
    AttributeDefinition { name: "credential.status", kind: AttributeKind::Text, about: "`active` or `inactive`." },
    AttributeDefinition {
        name: "credential.storage",
        kind: AttributeKind::Text,
        about: "Storage location, such as `vault`, `code`, `variable`, `image`, `wiki`, `ticket`.",
    },
    AttributeDefinition {
        name: "credential.store_approved",
        kind: AttributeKind::Flag,
        about: "Whether the storage location is an approved store.",
    },
    AttributeDefinition {
        name: "grant.administrative",
        kind: AttributeKind::Flag,
        about: "Whether it makes its holder an administrator of the system.",
    },
    AttributeDefinition {
        name: "grant.attributes",
        kind: AttributeKind::Map,
        about: "Further attributes reported by the connector, by its own names.",
    },
    AttributeDefinition {
        name: "grant.certified_days",
        kind: AttributeKind::Number,
        about: "Days since it was last certified.",
    },
    AttributeDefinition {
        name: "grant.direct",
        kind: AttributeKind::Flag,
        about: "Whether it is granted directly to the holder.",
    },
    AttributeDefinition {
        name: "grant.entitlement",
        kind: AttributeKind::Text,
        about: "Display name of the entitlement.",
    },
    AttributeDefinition {
        name: "grant.environment",
        kind: AttributeKind::Text,
        about: "Environment to which it gives access.",
    },
    AttributeDefinition {
        name: "grant.expands",
        kind: AttributeKind::Number,
        about: "Number of entitlements that it gives.",
    },
    AttributeDefinition {
        name: "grant.expands_to",
        kind: AttributeKind::Texts,
        about: "Names of the entitlements that it gives.",
    },
    AttributeDefinition { name: "grant.granted_by", kind: AttributeKind::Text, about: "The grantor." },
    AttributeDefinition {
        name: "grant.granted_days",
        kind: AttributeKind::Number,
        about: "Days since it was granted.",
    },
    AttributeDefinition {
        name: "grant.jit_available",
        kind: AttributeKind::Flag,
        about: "Whether the platform supports just-in-time elevation for it.",
    },
    AttributeDefinition { name: "grant.key", kind: AttributeKind::Text, about: "Key of the grant." },
    AttributeDefinition {
        name: "grant.kind",
        kind: AttributeKind::Text,
        about: "`account`, `attribute`, `credential`, `membership`, `ownership`, `policy`, `privilege`, `rule`.",
    },
    AttributeDefinition {
        name: "grant.path_count",
        kind: AttributeKind::Number,
        about: "Number of paths by which it is held.",
    },
    AttributeDefinition { name: "grant.paths", kind: AttributeKind::Texts, about: "The paths by which it is held." },
    AttributeDefinition { name: "grant.principal", kind: AttributeKind::Text, about: "Display name of the holder." },
    AttributeDefinition { name: "grant.scopes", kind: AttributeKind::Texts, about: "Scopes of a consent or token." },
    AttributeDefinition {
        name: "grant.standing",
        kind: AttributeKind::Flag,
        about: "Whether it is standing access, and not only granted on elevation.",
    },
    AttributeDefinition { name: "grant.system", kind: AttributeKind::Text, about: "Id of its system." },
    AttributeDefinition {
        name: "grant.tenant_wide",
        kind: AttributeKind::Flag,
        about: "Whether it applies to the whole tenant.",
    },
    AttributeDefinition { name: "grant.tier", kind: AttributeKind::Text, about: "`T0`, `T1`, `T2`, `T3`." },
    AttributeDefinition {
        name: "grant.wildcard",
        kind: AttributeKind::Flag,
        about: "Whether it contains a wildcard for actions or resources.",
    },
    AttributeDefinition {
        name: "principal.account_kind",
        kind: AttributeKind::Text,
        about: "`admin` for an account used only for administration, otherwise `standard`.",
    },
    AttributeDefinition {
        name: "principal.alert_on_use",
        kind: AttributeKind::Flag,
        about: "Whether every use of a break-glass identity raises an alert.",
    },
    AttributeDefinition {
        name: "principal.auth_method",
        kind: AttributeKind::Text,
        about: "Authentication method, such as `federated`, `client-credentials`, `password-grant`, `basic`, `app-password`.",
    },
    AttributeDefinition {
        name: "principal.checkout_log",
        kind: AttributeKind::Flag,
        about: "Whether each use of a shared secret is logged with the person who used it.",
    },
    AttributeDefinition {
        name: "principal.claimed",
        kind: AttributeKind::Flag,
        about: "Whether it has an entry in the principals files.",
    },
    AttributeDefinition {
        name: "principal.custodians",
        kind: AttributeKind::Number,
        about: "Number of custodians of a break-glass identity.",
    },
    AttributeDefinition {
        name: "principal.dated",
        kind: AttributeKind::Flag,
        about: "Whether its entry has an end date or a review date.",
    },
    AttributeDefinition {
        name: "principal.delegation_hours",
        kind: AttributeKind::Number,
        about: "Duration in hours for which an agent's delegation is valid.",
    },
    AttributeDefinition {
        name: "principal.deputy",
        kind: AttributeKind::Text,
        about: "The deputy of its owner; empty if its entry has none.",
    },
    AttributeDefinition {
        name: "principal.due_in_days",
        kind: AttributeKind::Number,
        about: "Days until its end date or review date, whichever comes first; negative after that date.",
    },
    AttributeDefinition {
        name: "principal.ended",
        kind: AttributeKind::Flag,
        about: "Whether it has left, or its end date has passed.",
    },
    AttributeDefinition {
        name: "principal.ended_days",
        kind: AttributeKind::Number,
        about: "Days since its end date; negative before that date.",
    },
    AttributeDefinition {
        name: "principal.ends_in_days",
        kind: AttributeKind::Number,
        about: "Days until its end date; negative after that date.",
    },
    AttributeDefinition {
        name: "principal.environment",
        kind: AttributeKind::Text,
        about: "Environment of the principal.",
    },
    AttributeDefinition {
        name: "principal.escalation_paths",
        kind: AttributeKind::Texts,
        about: "Ways in which it can raise its own privileges or create credentials for others.",
    },
    AttributeDefinition {
        name: "principal.external",
        kind: AttributeKind::Flag,
        about: "Whether a person is external.",
    },
    AttributeDefinition {
        name: "principal.federation_available",
        kind: AttributeKind::Flag,
        about: "Whether its platform and its target support federation in place of a long-lived secret.",
    },
    AttributeDefinition {
        name: "principal.has_end",
        kind: AttributeKind::Flag,
        about: "Whether its entry has an end date.",
    },
    AttributeDefinition {
        name: "principal.id",
        kind: AttributeKind::Text,
        about: "Id of the principal; for an uncorrelated account, `<system>:<immutable id>`.",
    },
    AttributeDefinition {
        name: "principal.in_directory",
        kind: AttributeKind::Flag,
        about: "Whether the account exists in a directory.",
    },
    AttributeDefinition {
        name: "principal.kill_switch_tested_days",
        kind: AttributeKind::Number,
        about: "Days since the kill switch of an agent was tested.",
    },
    AttributeDefinition {
        name: "principal.kind",
        kind: AttributeKind::Text,
        about: "`agent`, `break-glass`, `engine`, `person`, `service`, `vendor`; unknown for an uncorrelated account.",
    },
    AttributeDefinition {
        name: "principal.known_to",
        kind: AttributeKind::Number,
        about: "Number of people who know its secret.",
    },
    AttributeDefinition {
        name: "principal.last_tested_days",
        kind: AttributeKind::Number,
        about: "Days since a break-glass identity was tested.",
    },
    AttributeDefinition {
        name: "principal.lifecycle",
        kind: AttributeKind::Text,
        about: "`permanent`, `project`, `seasonal` or `temporary`; empty if its entry has none.",
    },
    AttributeDefinition {
        name: "principal.membership_rotated",
        kind: AttributeKind::Flag,
        about: "Whether a shared secret was rotated after its group of users last changed; true if the group never changed.",
    },
    AttributeDefinition {
        name: "principal.mfa",
        kind: AttributeKind::Text,
        about: "`none`, `otp`, `push` or `phishing-resistant`.",
    },
    AttributeDefinition {
        name: "principal.older_grants",
        kind: AttributeKind::Number,
        about: "Number of grants from before its role change that were not certified since.",
    },
    AttributeDefinition {
        name: "principal.owner",
        kind: AttributeKind::Text,
        about: "The owner; empty if its entry has none.",
    },
    AttributeDefinition {
        name: "principal.owner_gone_days",
        kind: AttributeKind::Number,
        about: "Days since its owner left.",
    },
    AttributeDefinition {
        name: "principal.owner_status",
        kind: AttributeKind::Text,
        about: "`active`, `left`, `moved` if the owner changed roles after taking it over, or `none` if its entry has no owner.",
    },
    AttributeDefinition {
        name: "principal.owner_team",
        kind: AttributeKind::Text,
        about: "Team of its owner; empty if the owner's entry has none, or there is no owner.",
    },
    AttributeDefinition {
        name: "principal.purpose",
        kind: AttributeKind::Text,
        about: "Purpose; empty if its entry has none.",
    },
    AttributeDefinition {
        name: "principal.review_in_days",
        kind: AttributeKind::Number,
        about: "Days until its review date.",
    },
    AttributeDefinition {
        name: "principal.role_changed_days",
        kind: AttributeKind::Number,
        about: "Days since its role, team or owner changed.",
    },
    AttributeDefinition {
        name: "principal.rotated_after_use_hours",
        kind: AttributeKind::Number,
        about: "Hours between the last use of a break-glass identity and its rotation; 0 if it was never used.",
    },
    AttributeDefinition {
        name: "principal.sealed",
        kind: AttributeKind::Flag,
        about: "Whether the credentials of a break-glass identity are sealed.",
    },
    AttributeDefinition {
        name: "principal.sod_violations",
        kind: AttributeKind::Texts,
        about: "Separation-of-duties rules that it violates.",
    },
    AttributeDefinition {
        name: "principal.sponsor",
        kind: AttributeKind::Text,
        about: "Internal sponsor; empty if its entry has none.",
    },
    AttributeDefinition {
        name: "principal.sponsor_status",
        kind: AttributeKind::Text,
        about: "`active`, `left`, or `none` if its entry has no sponsor.",
    },
    AttributeDefinition { name: "principal.status", kind: AttributeKind::Text, about: "`active` or `left`." },
    AttributeDefinition {
        name: "principal.team",
        kind: AttributeKind::Text,
        about: "Team; empty if its entry has none.",
    },
    AttributeDefinition {
        name: "principal.tier",
        kind: AttributeKind::Text,
        about: "Most critical tier of its effective access.",
    },
    AttributeDefinition {
        name: "principal.tool_scopes",
        kind: AttributeKind::Texts,
        about: "Tools that an agent may use.",
    },
    AttributeDefinition {
        name: "principal.vendor",
        kind: AttributeKind::Text,
        about: "Vendor; empty if its entry has none.",
    },
    AttributeDefinition {
        name: "principal.vendor_review_days",
        kind: AttributeKind::Number,
        about: "Days since the vendor was last reviewed.",
    },
    AttributeDefinition {
        name: "principal.workload",
        kind: AttributeKind::Text,
        about: "Workload; empty if its entry has none.",
    },
    AttributeDefinition {
        name: "principal.workload_ended_days",
        kind: AttributeKind::Number,
        about: "Days since its workload, project or contract ended; negative before the end.",
    },
    AttributeDefinition {
        name: "principal.workload_status",
        kind: AttributeKind::Text,
        about: "`active`, `ended`, or `missing` if no such workload is known.",
    },
    AttributeDefinition { name: "profiles", kind: AttributeKind::Texts, about: "Names of the active profiles." },
    AttributeDefinition { name: "system.connector", kind: AttributeKind::Text, about: "Connector of the system." },
    AttributeDefinition { name: "system.environment", kind: AttributeKind::Text, about: "Environment of the system." },
    AttributeDefinition { name: "system.id", kind: AttributeKind::Text, about: "Id of the system." },
    AttributeDefinition {
        name: "system.tier",
        kind: AttributeKind::Text,
        about: "Minimum tier of everything on the system.",
    },
    AttributeDefinition {
        name: "trust.audience",
        kind: AttributeKind::Text,
        about: "Audience that a federated trust requires.",
    },
    AttributeDefinition {
        name: "trust.issuer",
        kind: AttributeKind::Text,
        about: "Issuer that a federated trust requires.",
    },
    AttributeDefinition {
        name: "trust.subject_pattern",
        kind: AttributeKind::Text,
        about: "Pattern of subjects that a federated trust accepts.",
    },
    AttributeDefinition {
        name: "usage.actions_granted",
        kind: AttributeKind::Number,
        about: "Number of granted actions.",
    },
    AttributeDefinition {
        name: "usage.actions_used_90d",
        kind: AttributeKind::Number,
        about: "Number of granted actions used in the last 90 days.",
    },
    AttributeDefinition { name: "usage.consumers", kind: AttributeKind::Texts, about: "Applications that use it." },
    AttributeDefinition {
        name: "usage.environments",
        kind: AttributeKind::Texts,
        about: "Environments from which it is used.",
    },
    AttributeDefinition {
        name: "usage.idle_days",
        kind: AttributeKind::Number,
        about: "Days since it was last used; if never used, days since recording began.",
    },
    AttributeDefinition {
        name: "usage.interactive_90d",
        kind: AttributeKind::Number,
        about: "Number of interactive uses in the last 90 days.",
    },
    AttributeDefinition {
        name: "usage.interactive_allowed",
        kind: AttributeKind::Flag,
        about: "Whether an interactive login is possible.",
    },
    AttributeDefinition {
        name: "usage.known_days",
        kind: AttributeKind::Number,
        about: "Days since recording of use began.",
    },
    AttributeDefinition {
        name: "usage.lag_hours",
        kind: AttributeKind::Number,
        about: "Delay in hours until use becomes visible.",
    },
    AttributeDefinition {
        name: "usage.never_used",
        kind: AttributeKind::Flag,
        about: "Whether it was never used since recording began.",
    },
    AttributeDefinition {
        name: "usage.source",
        kind: AttributeKind::Text,
        about: "Source of the last use; `none` if the system does not record use.",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_is_sorted_without_duplicates() {
        assert!(ATTRIBUTES.is_sorted_by(|a, b| a.name < b.name));
        assert_eq!(attribute("usage.idle_days").map(|a| a.kind), Some(AttributeKind::Number));
        assert_eq!(attribute("usage.idle"), None);
    }
}
