//! The permitted values of enumerated attributes. A value outside the list is an error, so that a misspelt value never
//! passes.

/// Returns all permitted values of an enumerated attribute; `None` for other attributes.
pub fn words(attribute: &str) -> Option<&'static [&'static str]> {
    CLOSED.iter().find(|(name, _)| *name == attribute).map(|(_, words)| *words)
}

const TIERS: &[&str] = &["T0", "T1", "T2", "T3"];

const CLOSED: &[(&str, &[&str])] = &[
    ("credential.kind", &["access-key", "certificate", "password", "ssh-key", "token"]),
    ("credential.status", &["active", "inactive"]),
    ("grant.kind", &["account", "attribute", "credential", "membership", "ownership", "policy", "privilege", "rule"]),
    ("grant.tier", TIERS),
    ("principal.account_kind", &["admin", "standard"]),
    ("principal.kind", &["agent", "break-glass", "engine", "person", "service", "vendor"]),
    ("principal.lifecycle", &["", "permanent", "project", "seasonal", "temporary"]),
    ("principal.mfa", &["none", "otp", "phishing-resistant", "push"]),
    ("principal.owner_status", &["active", "left", "moved", "none"]),
    ("principal.sponsor_status", &["active", "left", "none"]),
    ("principal.status", &["active", "left"]),
    ("principal.tier", TIERS),
    ("principal.workload_status", &["active", "ended", "missing"]),
    ("system.tier", TIERS),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{AttributeKind, attribute};

    #[test]
    fn enumerations_match_attribute_descriptions() {
        for (name, words) in CLOSED {
            let attribute = attribute(name).unwrap();
            assert_eq!(attribute.kind, AttributeKind::Text);
            assert!(words.is_sorted());
            let told = |word: &&str| attribute.about.contains(&format!("`{word}`"));
            let tier = name.ends_with(".tier");
            assert!(tier || words.iter().all(|word| told(word) || word.is_empty()), "{name}: {}", attribute.about);
        }
    }
}
