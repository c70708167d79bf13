//! Grants: a principal, an entitlement and the access paths between them, under immutable ids.

use super::{Attributes, Digest, GrantKey, SystemId, Tier, Timestamp, jcs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{fmt, sync::Arc};

/// The kind of a grant; also the name of its file under `inventory/<system>/grants/`.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GrantKind {
    /// An account that can be used to log in or act.
    Account,
    /// An attribute of an account that is a right in itself, such as superuser.
    Attribute,
    /// A key, token, password or certificate.
    Credential,
    /// Membership in a group or role.
    Membership,
    /// Ownership of an object, with all the rights that come with it.
    Ownership,
    /// A policy attached to or embedded in a principal.
    Policy,
    /// A right on an object, including rights on future objects.
    Privilege,
    /// A rule that lets the principal act as another, such as a line of sudoers.
    Rule,
}

impl GrantKind {
    /// Returns the spelling in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Attribute => "attribute",
            Self::Credential => "credential",
            Self::Membership => "membership",
            Self::Ownership => "ownership",
            Self::Policy => "policy",
            Self::Privilege => "privilege",
            Self::Rule => "rule",
        }
    }
}

impl fmt::Display for GrantKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The holder of a grant, as its system knows it.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Principal {
    /// The system's immutable id (an oid, a uid, `AIDA…`), never a name.
    pub id: String,
    /// The display name.
    pub name: String,
}

/// An entitlement, as its system knows it.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entitlement {
    /// The system's immutable id for it.
    pub id: String,
    /// The display name.
    pub name: String,
}

/// The kind of an access path.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AccessRoute {
    /// A right over the whole system (superuser, root, administrator).
    Administrator,
    /// A default that grants the right on future objects.
    Default,
    /// Granted to the principal itself.
    Direct,
    /// A group of which it is a member, directly or nested.
    Group,
    /// Ownership of the object.
    Ownership,
    /// Granted to every principal.
    Public,
    /// A role that it has or may assume.
    Role,
    /// A rule that matches the principal.
    Rule,
    /// A session that is already open.
    Session,
}

/// One path by which a principal has an entitlement.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessPath {
    /// The kind of path.
    pub via: AccessRoute,
    /// The immutable ids along the path, joined by `/`. Digests cover this field.
    pub ids: String,
    /// The path in words; for display only.
    pub text: String,
}

impl fmt::Display for AccessPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// One principal with one entitlement: the unit of review and revocation.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The system that holds it.
    pub system: SystemId,
    /// The kind.
    pub kind: GrantKind,
    /// Its immutable key within the system.
    pub key: GrantKey,
    /// The principal.
    pub principal: Principal,
    /// The entitlement.
    pub entitlement: Entitlement,
    /// The access paths, sorted; the first one is the grant itself.
    pub paths: Vec<AccessPath>,
    /// Risk-relevant attributes, in the system's own terms. A change reopens the review, so there are no volatile
    /// values.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
    /// The entitlements that a role or group contains, by immutable id and name, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expands_to: Vec<Entitlement>,
    /// The lowest tier of the entitlement by its capabilities, as determined by the connector.
    pub tier: Tier,
}

#[derive(Serialize)]
struct ReviewedGrantFields<'a> {
    attributes: &'a Attributes,
    entitlement: &'a str,
    expands_to: Vec<&'a str>,
    key: &'a GrantKey,
    kind: GrantKind,
    paths: Vec<(AccessRoute, &'a str)>,
    principal: &'a str,
    system: &'a SystemId,
    tier: Tier,
}

impl Grant {
    /// Releases unused capacity: nearly all grants have one path and one attribute.
    pub fn shrink(&mut self) {
        self.paths.shrink_to_fit();
        self.expands_to.shrink_to_fit();
        self.attributes.shrink();
    }

    /// Returns the digest that a review is bound to: ids, paths, risk-relevant attributes and the contents of a role;
    /// never names or times.
    pub fn digest(&self) -> Digest {
        let reviewed = ReviewedGrantFields {
            attributes: &self.attributes,
            entitlement: &self.entitlement.id,
            expands_to: self.expands_to.iter().map(|e| e.id.as_str()).collect(),
            key: &self.key,
            kind: self.kind,
            paths: self.paths.iter().map(|p| (p.via, p.ids.as_str())).collect(),
            principal: &self.principal.id,
            system: &self.system,
            tier: self.tier,
        };
        // INVARIANT: the type contains strings and enums only, which always have a canonical form.
        jcs::digest(&reviewed).unwrap_or(Digest::ZERO)
    }

    /// Returns whether this is the reviewed grant without additions, and possibly without some of its paths or
    /// contents: the possible effect of other changes in the same run.
    pub fn only_lost_paths(&self, reviewed: &Self) -> bool {
        let same = (&self.system, self.kind, &self.key) == (&reviewed.system, reviewed.kind, &reviewed.key)
            && (&self.principal.id, &self.entitlement.id) == (&reviewed.principal.id, &reviewed.entitlement.id)
            && self.attributes == reviewed.attributes
            && self.tier >= reviewed.tier;
        let known = |path: &AccessPath| reviewed.paths.iter().any(|p| (p.via, &p.ids) == (path.via, &path.ids));
        let hidden = |given: &Entitlement| reviewed.expands_to.iter().any(|e| e.id == given.id);
        same && self.paths.iter().all(known) && self.expands_to.iter().all(hidden)
    }

    /// Returns an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }
}

#[cfg(test)]
impl Grant {
    /// Returns a test grant on `db`: a direct grant of `what` to `who`.
    pub(crate) fn held(who: &str, kind: GrantKind, what: &str) -> Self {
        Self {
            system: SystemId::parse("db").unwrap(),
            kind,
            key: GrantKey::parse(&format!("{who}/{}", what.replace(' ', "_"))).unwrap(),
            principal: Principal { id: who.to_owned(), name: who.to_owned() },
            entitlement: Entitlement { id: what.to_owned(), name: what.to_owned() },
            paths: vec![AccessPath { via: AccessRoute::Direct, ids: who.to_owned(), text: "granted".to_owned() }],
            attributes: Attributes::new(),
            expands_to: Vec::new(),
            tier: Tier::T2,
        }
    }
}

/// The last use of a grant. Unknown use is never guessed.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Usage {
    /// Last used at this time.
    At(Timestamp),
    /// Not used since this time, the start of the source's records.
    NeverSince(Timestamp),
    /// Unknown, for this reason. The reason is shared, because many grants have the same one.
    Unknown(Arc<str>),
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(time) => write!(f, "last used {time}"),
            Self::NeverSince(time) => write!(f, "not used since {time}"),
            Self::Unknown(because) => write!(f, "use unknown: {because}"),
        }
    }
}
