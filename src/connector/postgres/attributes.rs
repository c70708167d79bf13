//! Attributes of grants, logins and passwords of a PostgreSQL server, for rules.

use crate::{
    connector::{CredentialAttributes, CredentialExpiry, GrantAttributes, LastUseSource, LoginAttributes},
    model::{Grant, GrantKind, Tier, Timestamp},
};

/// Returns the attributes of a grant. A privilege names one object, and only standing access is listed. The server
/// reports the oid of the granting role, or that it was the owner of the object.
pub(super) fn grant(grant: &Grant) -> GrantAttributes<'_> {
    // CREATEDB is the one role attribute that is not part of the control plane.
    let control = grant.kind == GrantKind::Attribute && grant.tier == Tier::T0;
    GrantAttributes {
        administrative: control || grant.attribute("admin") == Some("yes"),
        wildcard: Some(false),
        standing: Some(true),
        granted_by: grant.attribute("granted-by"),
        granted: None,
    }
}

/// Returns the attributes of a login: interactive if the role has LOGIN.
pub(super) fn login(grant: &Grant) -> LoginAttributes {
    let login = grant.attribute("login").filter(|_| grant.kind == GrantKind::Account);
    LoginAttributes { interactive: login.map(|login| login == "yes"), ..LoginAttributes::default() }
}

/// Returns the attributes of the password of a role: storage format and VALID UNTIL. It is stored with a salt.
pub(super) fn credential(grant: &Grant, as_of: Timestamp) -> CredentialAttributes<'_> {
    let ends = match grant.attribute("valid-until") {
        Some("infinity") => CredentialExpiry::Never,
        Some("-infinity") => CredentialExpiry::At(Timestamp::from_unix(0)),
        Some(text) => Timestamp::parse(text).map_or(CredentialExpiry::Unknown, CredentialExpiry::At),
        None => CredentialExpiry::Unknown,
    };
    let ended = matches!(ends, CredentialExpiry::At(end) if end <= as_of);
    CredentialAttributes {
        kind: Some("password"),
        algorithm: grant.attribute("stored-as"),
        ends,
        status: Some(if ended { "inactive" } else { "active" }),
        ..CredentialAttributes::default()
    }
}

/// Returns the source of the last use of a kind of grant. The server shows current sessions and records no history.
pub(super) fn last_use(kind: GrantKind) -> LastUseSource {
    match kind {
        GrantKind::Account => LastUseSource::Kept { name: "open sessions", lag_hours: 0 },
        _ => LastUseSource::Nowhere,
    }
}
