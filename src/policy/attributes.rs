//! The closed list of policy attributes. A name outside the list is an error, so that a misspelt attribute never
//! passes.

use std::fmt;

/// One attribute. Where no source supplies a value, it is unknown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Attribute {
    /// The name in expressions and in `facts`.
    pub name: &'static str,
    /// The type of its values.
    pub kind: Kind,
    /// The description.
    pub about: &'static str,
}

/// The type of an attribute.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Kind {
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

impl fmt::Display for Kind {
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
pub fn attribute(name: &str) -> Option<&'static Attribute> {
    let place = ATTRIBUTES.binary_search_by(|attribute| attribute.name.cmp(name)).ok()?;
    ATTRIBUTES.get(place)
}

/// All attributes, sorted by name. Expressions of rules may also use `limit.<name>`: the limits of the rule, for the
/// tier of the subject.
pub const ATTRIBUTES: &[Attribute] = &[
    Attribute { name: "credential.age_days", kind: Kind::Number, about: "Days since the credential was created." },
    Attribute { name: "credential.algorithm", kind: Kind::Text, about: "Algorithm of a key." },
    Attribute { name: "credential.bits", kind: Kind::Number, about: "Size of a key in bits." },
    Attribute {
        name: "credential.default",
        kind: Kind::Flag,
        about: "Whether it is a vendor default, or shared by a bootstrap procedure.",
    },
    Attribute { name: "credential.expires", kind: Kind::Flag, about: "Whether it expires." },
    Attribute {
        name: "credential.expires_in_days",
        kind: Kind::Number,
        about: "Days until it expires; negative after expiry.",
    },
    Attribute {
        name: "credential.exposed",
        kind: Kind::Flag,
        about: "Whether a scanner, a provider or an incident reported it as exposed.",
    },
    Attribute {
        name: "credential.kind",
        kind: Kind::Text,
        about: "`access-key`, `certificate`, `password`, `ssh-key`, `token`.",
    },
    Attribute {
        name: "credential.newer_active_days",
        kind: Kind::Number,
        about: "Days for which a newer active credential of the same kind and identity has existed; 0 if there is none.",
    },
    Attribute { name: "credential.on_automation", kind: Kind::Flag, about: "Whether an automated job uses it." },
    Attribute {
        name: "credential.shared_environments",
        kind: Kind::Number,
        about: "Number of environments in which the same secret is used, by keyed fingerprint.",
    },
    Attribute {
        name: "credential.shared_identities",
        kind: Kind::Number,
        about: "Number of identities with the same secret, by keyed fingerprint.",
    },
    Attribute {
        name: "credential.source_bound",
        kind: Kind::Flag,
        about: "Whether its use is restricted to a network, a workload or a client certificate.",
    },
    Attribute { name: "credential.static", kind: Kind::Flag, about: "Whether it stays valid until it is changed." },
    Attribute { name: "credential.status", kind: Kind::Text, about: "`active` or `inactive`." },
    Attribute {
        name: "credential.storage",
        kind: Kind::Text,
        about: "Storage location, such as `vault`, `code`, `variable`, `image`, `wiki`, `ticket`.",
    },
    Attribute {
        name: "credential.store_approved",
        kind: Kind::Flag,
        about: "Whether the storage location is an approved store.",
    },
    Attribute {
        name: "grant.administrative",
        kind: Kind::Flag,
        about: "Whether it makes its holder an administrator of the system.",
    },
    Attribute {
        name: "grant.attributes",
        kind: Kind::Map,
        about: "Further attributes reported by the connector, by its own names.",
    },
    Attribute { name: "grant.certified_days", kind: Kind::Number, about: "Days since it was last certified." },
    Attribute { name: "grant.direct", kind: Kind::Flag, about: "Whether it is granted directly to the holder." },
    Attribute { name: "grant.entitlement", kind: Kind::Text, about: "Display name of the entitlement." },
    Attribute { name: "grant.environment", kind: Kind::Text, about: "Environment to which it gives access." },
    Attribute { name: "grant.expands", kind: Kind::Number, about: "Number of entitlements that it gives." },
    Attribute { name: "grant.expands_to", kind: Kind::Texts, about: "Names of the entitlements that it gives." },
    Attribute { name: "grant.granted_by", kind: Kind::Text, about: "The grantor." },
    Attribute { name: "grant.granted_days", kind: Kind::Number, about: "Days since it was granted." },
    Attribute {
        name: "grant.jit_available",
        kind: Kind::Flag,
        about: "Whether the platform supports just-in-time elevation for it.",
    },
    Attribute { name: "grant.key", kind: Kind::Text, about: "Key of the grant." },
    Attribute {
        name: "grant.kind",
        kind: Kind::Text,
        about: "`account`, `attribute`, `credential`, `membership`, `ownership`, `policy`, `privilege`, `rule`.",
    },
    Attribute { name: "grant.path_count", kind: Kind::Number, about: "Number of paths by which it is held." },
    Attribute { name: "grant.paths", kind: Kind::Texts, about: "The paths by which it is held." },
    Attribute { name: "grant.principal", kind: Kind::Text, about: "Display name of the holder." },
    Attribute { name: "grant.scopes", kind: Kind::Texts, about: "Scopes of a consent or token." },
    Attribute {
        name: "grant.standing",
        kind: Kind::Flag,
        about: "Whether it is standing access, and not only granted on elevation.",
    },
    Attribute { name: "grant.system", kind: Kind::Text, about: "Id of its system." },
    Attribute { name: "grant.tenant_wide", kind: Kind::Flag, about: "Whether it applies to the whole tenant." },
    Attribute { name: "grant.tier", kind: Kind::Text, about: "`T0`, `T1`, `T2`, `T3`." },
    Attribute {
        name: "grant.wildcard",
        kind: Kind::Flag,
        about: "Whether it contains a wildcard for actions or resources.",
    },
    Attribute {
        name: "principal.account_kind",
        kind: Kind::Text,
        about: "`admin` for an account used only for administration, otherwise `standard`.",
    },
    Attribute {
        name: "principal.alert_on_use",
        kind: Kind::Flag,
        about: "Whether every use of a break-glass identity raises an alert.",
    },
    Attribute {
        name: "principal.auth_method",
        kind: Kind::Text,
        about: "Authentication method, such as `federated`, `client-credentials`, `password-grant`, `basic`, `app-password`.",
    },
    Attribute {
        name: "principal.checkout_log",
        kind: Kind::Flag,
        about: "Whether each use of a shared secret is logged with the person who used it.",
    },
    Attribute {
        name: "principal.claimed",
        kind: Kind::Flag,
        about: "Whether it has an entry in the principals files.",
    },
    Attribute {
        name: "principal.custodians",
        kind: Kind::Number,
        about: "Number of custodians of a break-glass identity.",
    },
    Attribute {
        name: "principal.dated",
        kind: Kind::Flag,
        about: "Whether its entry has an end date or a review date.",
    },
    Attribute {
        name: "principal.delegation_hours",
        kind: Kind::Number,
        about: "Duration in hours for which an agent's delegation is valid.",
    },
    Attribute {
        name: "principal.deputy",
        kind: Kind::Text,
        about: "The deputy of its owner; empty if its entry has none.",
    },
    Attribute {
        name: "principal.due_in_days",
        kind: Kind::Number,
        about: "Days until its end date or review date, whichever comes first; negative after that date.",
    },
    Attribute { name: "principal.ended", kind: Kind::Flag, about: "Whether it has left, or its end date has passed." },
    Attribute {
        name: "principal.ended_days",
        kind: Kind::Number,
        about: "Days since its end date; negative before that date.",
    },
    Attribute {
        name: "principal.ends_in_days",
        kind: Kind::Number,
        about: "Days until its end date; negative after that date.",
    },
    Attribute { name: "principal.environment", kind: Kind::Text, about: "Environment of the principal." },
    Attribute {
        name: "principal.escalation_paths",
        kind: Kind::Texts,
        about: "Ways in which it can raise its own privileges or create credentials for others.",
    },
    Attribute { name: "principal.external", kind: Kind::Flag, about: "Whether a person is external." },
    Attribute {
        name: "principal.federation_available",
        kind: Kind::Flag,
        about: "Whether its platform and its target support federation in place of a long-lived secret.",
    },
    Attribute { name: "principal.has_end", kind: Kind::Flag, about: "Whether its entry has an end date." },
    Attribute {
        name: "principal.id",
        kind: Kind::Text,
        about: "Id of the principal; for an uncorrelated account, `<system>:<immutable id>`.",
    },
    Attribute { name: "principal.in_directory", kind: Kind::Flag, about: "Whether the account exists in a directory." },
    Attribute {
        name: "principal.kill_switch_tested_days",
        kind: Kind::Number,
        about: "Days since the kill switch of an agent was tested.",
    },
    Attribute {
        name: "principal.kind",
        kind: Kind::Text,
        about: "`agent`, `break-glass`, `engine`, `person`, `service`, `vendor`; unknown for an uncorrelated account.",
    },
    Attribute { name: "principal.known_to", kind: Kind::Number, about: "Number of people who know its secret." },
    Attribute {
        name: "principal.last_tested_days",
        kind: Kind::Number,
        about: "Days since a break-glass identity was tested.",
    },
    Attribute {
        name: "principal.lifecycle",
        kind: Kind::Text,
        about: "`permanent`, `project`, `seasonal` or `temporary`; empty if its entry has none.",
    },
    Attribute {
        name: "principal.membership_rotated",
        kind: Kind::Flag,
        about: "Whether a shared secret was rotated after its group of users last changed; true if the group never changed.",
    },
    Attribute { name: "principal.mfa", kind: Kind::Text, about: "`none`, `otp`, `push` or `phishing-resistant`." },
    Attribute {
        name: "principal.older_grants",
        kind: Kind::Number,
        about: "Number of grants from before its role change that were not certified since.",
    },
    Attribute { name: "principal.owner", kind: Kind::Text, about: "The owner; empty if its entry has none." },
    Attribute { name: "principal.owner_gone_days", kind: Kind::Number, about: "Days since its owner left." },
    Attribute {
        name: "principal.owner_status",
        kind: Kind::Text,
        about: "`active`, `left`, `moved` if the owner changed roles after taking it over, or `none` if its entry has no owner.",
    },
    Attribute {
        name: "principal.owner_team",
        kind: Kind::Text,
        about: "Team of its owner; empty if the owner's entry has none, or there is no owner.",
    },
    Attribute { name: "principal.purpose", kind: Kind::Text, about: "Purpose; empty if its entry has none." },
    Attribute { name: "principal.review_in_days", kind: Kind::Number, about: "Days until its review date." },
    Attribute {
        name: "principal.role_changed_days",
        kind: Kind::Number,
        about: "Days since its role, team or owner changed.",
    },
    Attribute {
        name: "principal.rotated_after_use_hours",
        kind: Kind::Number,
        about: "Hours between the last use of a break-glass identity and its rotation; 0 if it was never used.",
    },
    Attribute {
        name: "principal.sealed",
        kind: Kind::Flag,
        about: "Whether the credentials of a break-glass identity are sealed.",
    },
    Attribute { name: "principal.sponsor", kind: Kind::Text, about: "Internal sponsor; empty if its entry has none." },
    Attribute {
        name: "principal.sponsor_status",
        kind: Kind::Text,
        about: "`active`, `left`, or `none` if its entry has no sponsor.",
    },
    Attribute { name: "principal.status", kind: Kind::Text, about: "`active` or `left`." },
    Attribute { name: "principal.team", kind: Kind::Text, about: "Team; empty if its entry has none." },
    Attribute { name: "principal.tier", kind: Kind::Text, about: "Most critical tier of its effective access." },
    Attribute { name: "principal.tool_scopes", kind: Kind::Texts, about: "Tools that an agent may use." },
    Attribute {
        name: "principal.toxic_pairs",
        kind: Kind::Texts,
        about: "Separation-of-duties rules that it violates.",
    },
    Attribute { name: "principal.vendor", kind: Kind::Text, about: "Vendor; empty if its entry has none." },
    Attribute {
        name: "principal.vendor_review_days",
        kind: Kind::Number,
        about: "Days since the vendor was last reviewed.",
    },
    Attribute { name: "principal.workload", kind: Kind::Text, about: "Workload; empty if its entry has none." },
    Attribute {
        name: "principal.workload_ended_days",
        kind: Kind::Number,
        about: "Days since its workload, project or contract ended; negative before the end.",
    },
    Attribute {
        name: "principal.workload_status",
        kind: Kind::Text,
        about: "`active`, `ended`, or `missing` if no such workload is known.",
    },
    Attribute { name: "profiles", kind: Kind::Texts, about: "Names of the active profiles." },
    Attribute { name: "system.connector", kind: Kind::Text, about: "Connector of the system." },
    Attribute { name: "system.environment", kind: Kind::Text, about: "Environment of the system." },
    Attribute { name: "system.id", kind: Kind::Text, about: "Id of the system." },
    Attribute { name: "system.tier", kind: Kind::Text, about: "Minimum tier of everything on the system." },
    Attribute { name: "trust.audience", kind: Kind::Text, about: "Audience that a federated trust requires." },
    Attribute { name: "trust.issuer", kind: Kind::Text, about: "Issuer that a federated trust requires." },
    Attribute {
        name: "trust.subject_pattern",
        kind: Kind::Text,
        about: "Pattern of subjects that a federated trust accepts.",
    },
    Attribute { name: "usage.actions_granted", kind: Kind::Number, about: "Number of granted actions." },
    Attribute {
        name: "usage.actions_used_90d",
        kind: Kind::Number,
        about: "Number of granted actions used in the last 90 days.",
    },
    Attribute { name: "usage.consumers", kind: Kind::Texts, about: "Applications that use it." },
    Attribute { name: "usage.environments", kind: Kind::Texts, about: "Environments from which it is used." },
    Attribute {
        name: "usage.idle_days",
        kind: Kind::Number,
        about: "Days since it was last used; if never used, days since recording began.",
    },
    Attribute {
        name: "usage.interactive_90d",
        kind: Kind::Number,
        about: "Number of interactive uses in the last 90 days.",
    },
    Attribute {
        name: "usage.interactive_allowed",
        kind: Kind::Flag,
        about: "Whether an interactive login is possible.",
    },
    Attribute { name: "usage.known_days", kind: Kind::Number, about: "Days since recording of use began." },
    Attribute { name: "usage.lag_hours", kind: Kind::Number, about: "Delay in hours until use becomes visible." },
    Attribute { name: "usage.never_used", kind: Kind::Flag, about: "Whether it was never used since recording began." },
    Attribute {
        name: "usage.source",
        kind: Kind::Text,
        about: "Source of the last use; `none` if the system does not record use.",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_has_no_twins() {
        assert!(ATTRIBUTES.is_sorted_by(|a, b| a.name < b.name));
        assert_eq!(attribute("usage.idle_days").map(|a| a.kind), Some(Kind::Number));
        assert_eq!(attribute("usage.idle"), None);
    }
}
