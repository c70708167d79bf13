//! Attributes of grants, logins and credentials of an AWS account, for rules.

use crate::connector::{
    CredentialAttributes, CredentialExpiry, GrantAttributes, LastUseSource, LoginAttributes, SecondFactor,
};
use crate::model::{Grant, GrantKind, Timestamp};

/// Returns the attributes of a grant. Only standing access is listed, and only the creation of users and credentials
/// is reported.
pub(super) fn grant(grant: &Grant) -> GrantAttributes<'_> {
    let power = grant.attribute("power");
    GrantAttributes {
        administrative: matches!(power, Some("administrator" | "control-plane")),
        wildcard: matches!(power, Some("administrator" | "broad")).then_some(true),
        standing: Some(true),
        granted_by: None,
        granted: created(grant),
    }
}

/// Returns the attributes of a login: interactive with a console password only.
pub(super) fn login(grant: &Grant) -> LoginAttributes {
    let factors = grant.attribute("mfa");
    let interactive = match grant.kind {
        // A user without a password has credentials for programs only.
        GrantKind::Account => factors.map(|_| false),
        _ => (grant.attribute("type") == Some("password")).then_some(true),
    };
    LoginAttributes { second_factor: factors.map(second_factor), interactive }
}

/// Returns the attributes of a credential. Access keys, passwords and SSH keys do not end by themselves;
/// service-specific credentials may, and their end is not listed. AWS never issues the same access key twice.
pub(super) fn credential(grant: &Grant, _: Timestamp) -> CredentialAttributes<'_> {
    let (kind, ends) = match grant.attribute("type").unwrap_or_default() {
        "access-key" => (Some("access-key"), CredentialExpiry::Never),
        "password" => (Some("password"), CredentialExpiry::Unknown),
        "service-specific-credential" => (Some("token"), CredentialExpiry::Unknown),
        "signing-certificate" => (Some("certificate"), CredentialExpiry::Unknown),
        "ssh-public-key" => (Some("ssh-key"), CredentialExpiry::Never),
        _ => (None, CredentialExpiry::Unknown),
    };
    let status = match (kind, grant.attribute("status")) {
        (_, Some(status)) if status.eq_ignore_ascii_case("active") => Some("active"),
        (_, Some(_)) => Some("inactive"),
        // A password that exists is active.
        (Some("password"), None) => Some("active"),
        _ => None,
    };
    CredentialAttributes { kind, created: created(grant), ends, status, ..CredentialAttributes::default() }
}

/// Returns the source of the last use of a kind of grant. The delay is documented as "hours"; four hours is the
/// observed value.
pub(super) fn last_use(kind: GrantKind) -> LastUseSource {
    match kind {
        GrantKind::Account | GrantKind::Credential => LastUseSource::Kept { name: "IAM", lag_hours: 4 },
        _ => LastUseSource::Nowhere,
    }
}

/// Returns the weakest of the devices. AWS lists them by serial: a security key has `u2f` in its ARN, all other
/// devices generate six-digit codes (IAM user guide, "MFA in IAM").
fn second_factor(serials: &str) -> SecondFactor {
    match serials {
        "none" => SecondFactor::None,
        serials if serials.split(' ').all(|serial| serial.contains(":u2f/")) => SecondFactor::PhishingResistant,
        _ => SecondFactor::OneTimeCode,
    }
}

/// Returns the time of creation, which has fractions of a second.
fn created(grant: &Grant) -> Option<Timestamp> {
    let time: jiff::Timestamp = grant.attribute("created")?.parse().ok()?;
    Some(Timestamp::from_unix(time.as_second()))
}
