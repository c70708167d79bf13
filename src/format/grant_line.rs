//! Serializes one grant directly as canonical JSON (RFC 8785).

use crate::model::{
    AccessPath, AccessRoute, Attributes, Entitlement, Grant, GrantKey, GrantKind, Principal, SystemId, Tier,
    jcs::{self, CanonicalizationError},
};
use serde::Serialize;

/// Returns the same text as [`jcs::to_string`] for a grant, several times faster.
///
/// # Errors
/// When the grant has no canonical form.
pub(super) fn grant(grant: &Grant) -> Result<String, CanonicalizationError> {
    // UTF-16 order equals byte order as long as all names are ASCII, as the names that connectors choose are.
    if grant.attributes.keys().all(|name| name.is_ascii()) {
        serde_json::to_string(&GrantLine::of(grant))
            .map_err(|error| CanonicalizationError::Unwritable(error.to_string()))
    } else {
        jcs::to_string(grant)
    }
}

/// The fields of a grant in the order of RFC 8785. A test compares the output with [`jcs`].
#[derive(Serialize)]
struct GrantLine<'a> {
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    attributes: &'a Attributes,
    entitlement: &'a Entitlement,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    expands_to: &'a [Entitlement],
    key: &'a GrantKey,
    kind: GrantKind,
    paths: Vec<PathLine<'a>>,
    principal: &'a Principal,
    system: &'a SystemId,
    tier: Tier,
}

#[derive(Serialize)]
struct PathLine<'a> {
    ids: &'a str,
    text: &'a str,
    via: AccessRoute,
}

impl<'a> GrantLine<'a> {
    fn of(grant: &'a Grant) -> Self {
        let path = |path: &'a AccessPath| PathLine { ids: &path.ids, text: &path.text, via: path.via };
        Self {
            attributes: &grant.attributes,
            entitlement: &grant.entitlement,
            expands_to: &grant.expands_to,
            key: &grant.key,
            kind: grant.kind,
            paths: grant.paths.iter().map(path).collect(),
            principal: &grant.principal,
            system: &grant.system,
            tier: grant.tier,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn fast_path_equals_jcs(name in ".*", value in ".*", attribute in ".{0,4}", text in ".*") {
            let grant = Grant {
                system: SystemId::parse("db").unwrap(),
                kind: GrantKind::Membership,
                key: GrantKey::parse("member:16384:16390").unwrap(),
                principal: Principal { id: "16384".to_owned(), name: name.clone() },
                entitlement: Entitlement { id: "16390".to_owned(), name: value.clone() },
                paths: vec![AccessPath { via: AccessRoute::Direct, ids: value.clone(), text }],
                attributes: Attributes::from_iter([(attribute, value)]),
                expands_to: vec![Entitlement { id: "1".to_owned(), name }],
                tier: Tier::T1,
            };
            prop_assert_eq!(super::grant(&grant), jcs::to_string(&grant));
            let bare = Grant { attributes: Attributes::new(), expands_to: Vec::new(), paths: Vec::new(), ..grant };
            prop_assert_eq!(super::grant(&bare), jcs::to_string(&bare));
        }
    }
}
