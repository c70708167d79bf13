//! The closed list of policy attributes. A name outside the list is an error, so that a misspelt attribute never
//! passes.

use super::attribute_definition::{AttributeDefinition, flag, map, number, text, texts};

/// Returns the attribute with this name.
pub fn attribute(name: &str) -> Option<&'static AttributeDefinition> {
    let place = ATTRIBUTES.binary_search_by(|attribute| attribute.name.cmp(name)).ok()?;
    ATTRIBUTES.get(place)
}

/// All attributes, sorted by name. Expressions of rules may also use `limit.<name>`: the limits of the rule, for the
/// tier of the subject.
pub const ATTRIBUTES: &[AttributeDefinition] = &[
    number("credential.age_days", "Days since the credential was created."),
    text("credential.algorithm", "Algorithm of a key."),
    number("credential.bits", "Size of a key in bits."),
    flag("credential.default", "Whether it is a vendor default, or shared by a bootstrap procedure."),
    flag("credential.expires", "Whether it expires."),
    number("credential.expires_in_days", "Days until it expires; negative after expiry."),
    flag("credential.exposed", "Whether a scanner, a provider or an incident reported it as exposed."),
    text("credential.kind", "`access-key`, `certificate`, `password`, `ssh-key`, `token`.").one_of(&[
        "access-key",
        "certificate",
        "password",
        "ssh-key",
        "token",
    ]),
    number(
        "credential.newer_active_days",
        "Days for which a newer active credential of the same kind and identity has existed; 0 if there is none.",
    ),
    flag("credential.on_automation", "Whether an automated job uses it."),
    number(
        "credential.shared_environments",
        "Number of environments in which the same secret is used, by keyed fingerprint.",
    ),
    number("credential.shared_identities", "Number of identities with the same secret, by keyed fingerprint."),
    flag("credential.source_bound", "Whether its use is restricted to a network, a workload or a client certificate."),
    flag("credential.static", "Whether it stays valid until it is changed."),
    text("credential.status", "`active` or `inactive`.").one_of(&["active", "inactive"]),
    text("credential.storage", "Storage location, such as `vault`, `code`, `variable`, `image`, `wiki`, `ticket`."),
    flag("credential.store_approved", "Whether the storage location is an approved store."),
    flag("grant.administrative", "Whether it makes its holder an administrator of the system.").computed(),
    map("grant.attributes", "Further attributes reported by the connector, by its own names.").computed(),
    number("grant.certified_days", "Days since it was last certified.").computed(),
    flag("grant.direct", "Whether it is granted directly to the holder.").computed(),
    text("grant.entitlement", "Display name of the entitlement.").computed(),
    text("grant.environment", "Environment to which it gives access."),
    number("grant.expands", "Number of entitlements that it gives.").computed(),
    texts("grant.expands_to", "Names of the entitlements that it gives.").computed(),
    text("grant.granted_by", "The grantor.").computed(),
    number("grant.granted_days", "Days since it was granted.").computed(),
    flag("grant.jit_available", "Whether the platform supports just-in-time elevation for it."),
    text("grant.key", "Key of the grant.").computed(),
    text(
        "grant.kind",
        "`account`, `attribute`, `credential`, `membership`, `ownership`, `policy`, `privilege`, `rule`.",
    )
    .computed()
    .one_of(&["account", "attribute", "credential", "membership", "ownership", "policy", "privilege", "rule"]),
    number("grant.path_count", "Number of paths by which it is held.").computed(),
    texts("grant.paths", "The paths by which it is held.").computed(),
    text("grant.principal", "Display name of the holder.").computed(),
    texts("grant.scopes", "Scopes of a consent or token."),
    flag("grant.standing", "Whether it is standing access, and not only granted on elevation."),
    text("grant.system", "Id of its system.").computed(),
    flag("grant.tenant_wide", "Whether it applies to the whole tenant."),
    text("grant.tier", "`T0`, `T1`, `T2`, `T3`.").computed().one_of(TIERS),
    flag("grant.wildcard", "Whether it contains a wildcard for actions or resources."),
    text("principal.account_kind", "`admin` for an account used only for administration, otherwise `standard`.")
        .one_of(&["admin", "standard"]),
    flag("principal.alert_on_use", "Whether every use of a break-glass identity raises an alert."),
    text(
        "principal.auth_method",
        "Authentication method, such as `federated`, `client-credentials`, `password-grant`, `basic`, \
         `app-password`.",
    ),
    flag("principal.checkout_log", "Whether each use of a shared secret is logged with the person who used it."),
    flag("principal.claimed", "Whether it has an entry in the principals files.").computed(),
    number("principal.custodians", "Number of custodians of a break-glass identity."),
    flag("principal.dated", "Whether its entry has an end date or a review date.").computed(),
    number("principal.delegation_hours", "Duration in hours for which an agent's delegation is valid."),
    text("principal.deputy", "The deputy of its owner; empty if its entry has none.").key("deputy"),
    number(
        "principal.due_in_days",
        "Days until its end date or review date, whichever comes first; negative after that date.",
    )
    .computed(),
    flag("principal.ended", "Whether it has left, or its end date has passed.").computed(),
    number("principal.ended_days", "Days since its end date; negative before that date.").computed(),
    number("principal.ends_in_days", "Days until its end date; negative after that date.").computed(),
    text("principal.environment", "Environment of the principal.").key("environment"),
    texts(
        "principal.escalation_paths",
        "Ways in which it can raise its own privileges or create credentials for others.",
    ),
    flag("principal.external", "Whether a person is external."),
    flag(
        "principal.federation_available",
        "Whether its platform and its target support federation in place of a long-lived secret.",
    ),
    flag("principal.has_end", "Whether its entry has an end date.").computed(),
    text("principal.id", "Id of the principal; for an uncorrelated account, `<system>:<immutable id>`.").key("id"),
    flag("principal.in_directory", "Whether the account exists in a directory."),
    number("principal.kill_switch_tested_days", "Days since the kill switch of an agent was tested."),
    text(
        "principal.kind",
        "`agent`, `break-glass`, `engine`, `person`, `service`, `vendor`; unknown for an uncorrelated account.",
    )
    .key("kind")
    .one_of(&["agent", "break-glass", "engine", "person", "service", "vendor"]),
    number("principal.known_to", "Number of people who know its secret."),
    number("principal.last_tested_days", "Days since a break-glass identity was tested."),
    text("principal.lifecycle", "`permanent`, `project`, `seasonal` or `temporary`; empty if its entry has none.")
        .one_of(&["", "permanent", "project", "seasonal", "temporary"]),
    flag(
        "principal.membership_rotated",
        "Whether a shared secret was rotated after its group of users last changed; true if the group never \
         changed.",
    ),
    text("principal.mfa", "`none`, `otp`, `push` or `phishing-resistant`.").one_of(&[
        "none",
        "otp",
        "phishing-resistant",
        "push",
    ]),
    number("principal.older_grants", "Number of grants from before its role change that were not certified since."),
    text("principal.owner", "The owner; empty if its entry has none.").key("owner"),
    number("principal.owner_gone_days", "Days since its owner left.").computed(),
    text(
        "principal.owner_status",
        "`active`, `left`, `moved` if the owner changed roles after taking it over, or `none` if its entry \
         has no owner.",
    )
    .computed()
    .one_of(&["active", "left", "moved", "none"]),
    text("principal.owner_team", "Team of its owner; empty if the owner's entry has none, or there is no owner.")
        .computed(),
    text("principal.purpose", "Purpose; empty if its entry has none.").key("purpose"),
    number("principal.review_in_days", "Days until its review date."),
    number("principal.role_changed_days", "Days since its role, team or owner changed.").computed(),
    number(
        "principal.rotated_after_use_hours",
        "Hours between the last use of a break-glass identity and its rotation; 0 if it was never used.",
    ),
    flag("principal.sealed", "Whether the credentials of a break-glass identity are sealed."),
    texts("principal.sod_violations", "Separation-of-duties rules that it violates.").computed(),
    text("principal.sponsor", "Internal sponsor; empty if its entry has none.").key("sponsor"),
    text("principal.sponsor_status", "`active`, `left`, or `none` if its entry has no sponsor.")
        .computed()
        .one_of(&["active", "left", "none"]),
    text("principal.status", "`active` or `left`.").key("status").one_of(&["active", "left"]),
    text("principal.team", "Team; empty if its entry has none.").key("team"),
    text("principal.tier", "Most critical tier of its effective access.").computed().one_of(TIERS),
    texts("principal.tool_scopes", "Tools that an agent may use."),
    text("principal.vendor", "Vendor; empty if its entry has none.").key("vendor"),
    number("principal.vendor_review_days", "Days since the vendor was last reviewed."),
    text("principal.workload", "Workload; empty if its entry has none.").key("workload"),
    number(
        "principal.workload_ended_days",
        "Days since its workload, project or contract ended; negative before the end.",
    ),
    text("principal.workload_status", "`active`, `ended`, or `missing` if no such workload is known.")
        .one_of(&["active", "ended", "missing"]),
    texts("profiles", "Names of the active profiles.").computed(),
    text("system.connector", "Connector of the system.").computed(),
    text("system.environment", "Environment of the system.").computed(),
    text("system.id", "Id of the system.").computed(),
    text("system.tier", "Minimum tier of everything on the system.").computed().one_of(TIERS),
    text("trust.audience", "Audience that a federated trust requires."),
    text("trust.issuer", "Issuer that a federated trust requires."),
    text("trust.subject_pattern", "Pattern of subjects that a federated trust accepts."),
    number("usage.actions_granted", "Number of granted actions."),
    number("usage.actions_used_90d", "Number of granted actions used in the last 90 days."),
    texts("usage.consumers", "Applications that use it."),
    texts("usage.environments", "Environments from which it is used."),
    number("usage.idle_days", "Days since it was last used; if never used, days since recording began."),
    number("usage.interactive_90d", "Number of interactive uses in the last 90 days."),
    flag("usage.interactive_allowed", "Whether an interactive login is possible."),
    number("usage.known_days", "Days since recording of use began."),
    number("usage.lag_hours", "Delay in hours until use becomes visible."),
    flag("usage.never_used", "Whether it was never used since recording began."),
    text("usage.source", "Source of the last use; `none` if the system does not record use."),
];

const TIERS: &[&str] = &["T0", "T1", "T2", "T3"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::AttributeKind;

    #[test]
    fn list_is_sorted_without_duplicates() {
        assert!(ATTRIBUTES.is_sorted_by(|a, b| a.name < b.name));
        assert_eq!(attribute("usage.idle_days").map(|a| a.kind), Some(AttributeKind::Number));
        assert_eq!(attribute("usage.idle"), None);
    }

    #[test]
    fn permitted_values_match_the_descriptions() {
        for attribute in ATTRIBUTES {
            let Some(words) = attribute.words else { continue };
            assert_eq!(attribute.kind, AttributeKind::Text);
            assert!(words.is_sorted());
            let is_listed = |word: &&str| attribute.about.contains(&format!("`{word}`"));
            let is_tier = attribute.name.ends_with(".tier");
            assert!(is_tier || words.iter().all(|word| is_listed(word) || word.is_empty()), "{attribute:?}");
        }
    }
}
