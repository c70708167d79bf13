//! The attributes that rules may speak of: a closed list, so that a name nobody supplies is a mistake and not a pass.

use std::fmt;

/// One attribute. Where nobody supplies it for a grant or a principal, it is unknown there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Attribute {
    /// Its name in expressions and in `facts`.
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// What it says.
    pub about: &'static str,
}

/// What the values of an attribute are.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// Yes or no.
    Flag,
    /// Words by name.
    Map,
    /// A whole number.
    Number,
    /// A word.
    Text,
    /// Words.
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

/// All attributes, sorted by name. `limit.<name>` stands beside them: the numbers of a rule, for the tier at hand.
pub const ATTRIBUTES: &[Attribute] = &[
    Attribute { name: "credential.age_days", kind: Kind::Number, about: "How many days ago it was made." },
    Attribute { name: "credential.algorithm", kind: Kind::Text, about: "The algorithm of a key." },
    Attribute { name: "credential.bits", kind: Kind::Number, about: "The size of a key." },
    Attribute {
        name: "credential.default",
        kind: Kind::Flag,
        about: "Whether it is what the vendor ships, or shared by a bootstrap.",
    },
    Attribute { name: "credential.expires", kind: Kind::Flag, about: "Whether the issuer lets it end." },
    Attribute {
        name: "credential.expires_in_days",
        kind: Kind::Number,
        about: "How many days it is still good for; below 0 it has ended.",
    },
    Attribute {
        name: "credential.exposed",
        kind: Kind::Flag,
        about: "Whether a scanner, a provider or an incident saw it where it should not be.",
    },
    Attribute {
        name: "credential.kind",
        kind: Kind::Text,
        about: "`access-key`, `certificate`, `password`, `ssh-key`, `token`.",
    },
    Attribute {
        name: "credential.newer_active_days",
        kind: Kind::Number,
        about: "For how many days a newer active one of the same kind and identity has stood beside it; 0 where there is none.",
    },
    Attribute { name: "credential.on_automation", kind: Kind::Flag, about: "Whether a job uses it." },
    Attribute {
        name: "credential.shared_environments",
        kind: Kind::Number,
        about: "In how many environments the same secret is known, by keyed fingerprint.",
    },
    Attribute {
        name: "credential.shared_identities",
        kind: Kind::Number,
        about: "How many identities have the same secret, by keyed fingerprint.",
    },
    Attribute {
        name: "credential.source_bound",
        kind: Kind::Flag,
        about: "Whether it works only from a network, a workload or with a client certificate.",
    },
    Attribute {
        name: "credential.static",
        kind: Kind::Flag,
        about: "Whether it stays the same until somebody changes it.",
    },
    Attribute { name: "credential.status", kind: Kind::Text, about: "`active` or `inactive`." },
    Attribute {
        name: "credential.storage",
        kind: Kind::Text,
        about: "Where it is kept, such as `vault`, `code`, `variable`, `image`, `wiki`, `ticket`.",
    },
    Attribute { name: "credential.store_approved", kind: Kind::Flag, about: "Whether that is an approved store." },
    Attribute {
        name: "grant.administrative",
        kind: Kind::Flag,
        about: "Whether it makes its holder an administrator.",
    },
    Attribute {
        name: "grant.attributes",
        kind: Kind::Map,
        about: "What the connector says besides, by its own names.",
    },
    Attribute { name: "grant.certified_days", kind: Kind::Number, about: "How many days ago it was last certified." },
    Attribute { name: "grant.direct", kind: Kind::Flag, about: "Whether it is granted to the holder itself." },
    Attribute { name: "grant.entitlement", kind: Kind::Text, about: "What is held, by the name people use." },
    Attribute { name: "grant.environment", kind: Kind::Text, about: "The environment that it reaches." },
    Attribute { name: "grant.expands", kind: Kind::Number, about: "How many entitlements it gives." },
    Attribute { name: "grant.expands_to", kind: Kind::Texts, about: "Their names." },
    Attribute { name: "grant.granted_by", kind: Kind::Text, about: "Who granted it." },
    Attribute { name: "grant.granted_days", kind: Kind::Number, about: "How many days ago it was granted." },
    Attribute {
        name: "grant.jit_available",
        kind: Kind::Flag,
        about: "Whether the platform could give it for a time only.",
    },
    Attribute { name: "grant.key", kind: Kind::Text, about: "Its key." },
    Attribute {
        name: "grant.kind",
        kind: Kind::Text,
        about: "`account`, `attribute`, `credential`, `membership`, `ownership`, `policy`, `privilege`, `rule`.",
    },
    Attribute { name: "grant.path_count", kind: Kind::Number, about: "By how many paths it comes about." },
    Attribute { name: "grant.paths", kind: Kind::Texts, about: "These paths." },
    Attribute { name: "grant.principal", kind: Kind::Text, about: "Its holder, by the name people use." },
    Attribute { name: "grant.scopes", kind: Kind::Texts, about: "The scopes of a consent or token." },
    Attribute {
        name: "grant.standing",
        kind: Kind::Flag,
        about: "Whether it is there all the time, not only when elevated.",
    },
    Attribute { name: "grant.system", kind: Kind::Text, about: "Its system." },
    Attribute { name: "grant.tenant_wide", kind: Kind::Flag, about: "Whether it reaches the whole tenant." },
    Attribute { name: "grant.tier", kind: Kind::Text, about: "`T0`, `T1`, `T2`, `T3`." },
    Attribute {
        name: "grant.wildcard",
        kind: Kind::Flag,
        about: "Whether it has a wildcard for actions or resources.",
    },
    Attribute {
        name: "principal.account_kind",
        kind: Kind::Text,
        about: "`admin` for an account used for administration alone, else `standard`.",
    },
    Attribute {
        name: "principal.alert_on_use",
        kind: Kind::Flag,
        about: "Whether any use of a break-glass identity raises an alert.",
    },
    Attribute {
        name: "principal.auth_method",
        kind: Kind::Text,
        about: "How it authenticates, such as `federated`, `client-credentials`, `password-grant`, `basic`, `app-password`.",
    },
    Attribute {
        name: "principal.checkout_log",
        kind: Kind::Flag,
        about: "Whether each use of a shared secret is logged with a person.",
    },
    Attribute { name: "principal.claimed", kind: Kind::Flag, about: "Whether it is in the principals' files." },
    Attribute {
        name: "principal.custodians",
        kind: Kind::Number,
        about: "How many people hold a break-glass identity.",
    },
    Attribute {
        name: "principal.dated",
        kind: Kind::Flag,
        about: "Whether its entry names an end, or a day on which it is looked at again.",
    },
    Attribute {
        name: "principal.delegation_hours",
        kind: Kind::Number,
        about: "How long what an agent is given to do lasts.",
    },
    Attribute {
        name: "principal.deputy",
        kind: Kind::Text,
        about: "Who stands in for its owner; empty where its entry names nobody.",
    },
    Attribute {
        name: "principal.due_in_days",
        kind: Kind::Number,
        about: "How many days until its end, or until it is looked at again, whichever comes first; below 0 that day has passed.",
    },
    Attribute {
        name: "principal.ended",
        kind: Kind::Flag,
        about: "Whether it has left, or the end that its entry names has come.",
    },
    Attribute {
        name: "principal.ended_days",
        kind: Kind::Number,
        about: "For how many days its end has passed; below 0 it is still to come.",
    },
    Attribute {
        name: "principal.ends_in_days",
        kind: Kind::Number,
        about: "How many days until its end; below 0 it has passed.",
    },
    Attribute { name: "principal.environment", kind: Kind::Text, about: "Where it belongs." },
    Attribute {
        name: "principal.escalation_paths",
        kind: Kind::Texts,
        about: "The ways in which it can raise its own rights or make credentials for others.",
    },
    Attribute { name: "principal.external", kind: Kind::Flag, about: "Whether a person comes from outside." },
    Attribute {
        name: "principal.federation_available",
        kind: Kind::Flag,
        about: "Whether its platform and its target could do without a long-lived secret.",
    },
    Attribute { name: "principal.has_end", kind: Kind::Flag, about: "Whether its entry names an end." },
    Attribute {
        name: "principal.id",
        kind: Kind::Text,
        about: "Its id; for an account nobody claims, `<system>:<immutable id>`.",
    },
    Attribute {
        name: "principal.in_directory",
        kind: Kind::Flag,
        about: "Whether the account is known to a directory.",
    },
    Attribute {
        name: "principal.kill_switch_tested_days",
        kind: Kind::Number,
        about: "How many days ago an agent's off-switch was tested.",
    },
    Attribute {
        name: "principal.kind",
        kind: Kind::Text,
        about: "`agent`, `break-glass`, `engine`, `person`, `service`, `vendor`; unknown for an account nobody claims.",
    },
    Attribute { name: "principal.known_to", kind: Kind::Number, about: "How many people know its secret." },
    Attribute {
        name: "principal.last_tested_days",
        kind: Kind::Number,
        about: "How many days ago a break-glass identity was tested.",
    },
    Attribute {
        name: "principal.lifecycle",
        kind: Kind::Text,
        about: "`permanent`, `project`, `seasonal` or `temporary`; empty where its entry does not say.",
    },
    Attribute {
        name: "principal.membership_rotated",
        kind: Kind::Flag,
        about: "Whether a shared secret was changed after its circle last changed; yes where it never did.",
    },
    Attribute { name: "principal.mfa", kind: Kind::Text, about: "`none`, `otp`, `push` or `phishing-resistant`." },
    Attribute {
        name: "principal.older_grants",
        kind: Kind::Number,
        about: "How many grants it has from before its role changed, and that were not certified since.",
    },
    Attribute {
        name: "principal.owner",
        kind: Kind::Text,
        about: "Who answers for it; empty where its entry names nobody.",
    },
    Attribute {
        name: "principal.owner_gone_days",
        kind: Kind::Number,
        about: "For how many days its owner has been gone.",
    },
    Attribute {
        name: "principal.owner_status",
        kind: Kind::Text,
        about: "`active`, `left`, `moved` where the owner has had another role since taking it over, or `none` where nobody is named.",
    },
    Attribute {
        name: "principal.owner_team",
        kind: Kind::Text,
        about: "The team of its owner; empty where the owner's entry does not say, or nobody is named.",
    },
    Attribute {
        name: "principal.purpose",
        kind: Kind::Text,
        about: "What it is for; empty where its entry does not say.",
    },
    Attribute {
        name: "principal.review_in_days",
        kind: Kind::Number,
        about: "How many days until it is looked at again.",
    },
    Attribute {
        name: "principal.role_changed_days",
        kind: Kind::Number,
        about: "How many days ago its role, team or owner changed.",
    },
    Attribute {
        name: "principal.rotated_after_use_hours",
        kind: Kind::Number,
        about: "How many hours after its last use a break-glass identity was rotated; 0 where it was never used.",
    },
    Attribute { name: "principal.sealed", kind: Kind::Flag, about: "Whether a break-glass identity is sealed." },
    Attribute {
        name: "principal.sponsor",
        kind: Kind::Text,
        about: "Who stands up for it inside; empty where its entry names nobody.",
    },
    Attribute {
        name: "principal.sponsor_status",
        kind: Kind::Text,
        about: "`active`, `left`, or `none` where nobody is named.",
    },
    Attribute { name: "principal.status", kind: Kind::Text, about: "`active` or `left`." },
    Attribute {
        name: "principal.team",
        kind: Kind::Text,
        about: "The team it belongs to; empty where its entry does not say.",
    },
    Attribute { name: "principal.tier", kind: Kind::Text, about: "The worst tier of all it effectively holds." },
    Attribute { name: "principal.tool_scopes", kind: Kind::Texts, about: "What an agent may use." },
    Attribute { name: "principal.toxic_pairs", kind: Kind::Texts, about: "The toxic pairs it holds both sides of." },
    Attribute { name: "principal.vendor", kind: Kind::Text, about: "The supplier; empty where its entry names none." },
    Attribute {
        name: "principal.vendor_review_days",
        kind: Kind::Number,
        about: "How many days ago the supplier was last looked into.",
    },
    Attribute {
        name: "principal.workload",
        kind: Kind::Text,
        about: "The workload it serves; empty where its entry names none.",
    },
    Attribute {
        name: "principal.workload_ended_days",
        kind: Kind::Number,
        about: "For how many days the workload, project or contract has ended; below 0 it goes on.",
    },
    Attribute {
        name: "principal.workload_status",
        kind: Kind::Text,
        about: "`active`, `ended`, or `missing` where nobody knows such a workload.",
    },
    Attribute { name: "profiles", kind: Kind::Texts, about: "The profiles that are on." },
    Attribute { name: "system.connector", kind: Kind::Text, about: "The connector that speaks to the system." },
    Attribute { name: "system.environment", kind: Kind::Text, about: "The environment it is in." },
    Attribute { name: "system.id", kind: Kind::Text, about: "The system." },
    Attribute { name: "system.tier", kind: Kind::Text, about: "The least tier of everything on it." },
    Attribute { name: "trust.audience", kind: Kind::Text, about: "The audience that a federated trust pins." },
    Attribute { name: "trust.issuer", kind: Kind::Text, about: "The issuer that a federated trust pins." },
    Attribute { name: "trust.subject_pattern", kind: Kind::Text, about: "The subjects that a federated trust takes." },
    Attribute { name: "usage.actions_granted", kind: Kind::Number, about: "How many actions it has." },
    Attribute { name: "usage.actions_used_90d", kind: Kind::Number, about: "How many of them were used in 90 days." },
    Attribute { name: "usage.consumers", kind: Kind::Texts, about: "Which applications use it." },
    Attribute { name: "usage.environments", kind: Kind::Texts, about: "From which environments it is used." },
    Attribute {
        name: "usage.idle_days",
        kind: Kind::Number,
        about: "For how many days it was not used; counted from when use began to be kept, never from before.",
    },
    Attribute { name: "usage.interactive_90d", kind: Kind::Number, about: "How often a person used it in 90 days." },
    Attribute { name: "usage.interactive_allowed", kind: Kind::Flag, about: "Whether a person could log in with it." },
    Attribute { name: "usage.known_days", kind: Kind::Number, about: "For how many days use has been kept." },
    Attribute { name: "usage.lag_hours", kind: Kind::Number, about: "How late use becomes known." },
    Attribute {
        name: "usage.never_used",
        kind: Kind::Flag,
        about: "Whether it was never used since use began to be kept.",
    },
    Attribute {
        name: "usage.source",
        kind: Kind::Text,
        about: "Where the last use is known from; `none` where the system keeps no record of use.",
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
