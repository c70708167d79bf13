//! Attributes of grants, logins and keys of a host, for rules.

use crate::{
    connector::{CredentialAttributes, CredentialExpiry, GrantAttributes, LastUseSource, LoginAttributes},
    model::{Grant, GrantKind, Tier, Timestamp},
};

/// Returns the attributes of a grant. Only standing access is listed.
pub(super) fn grant(grant: &Grant) -> GrantAttributes<'_> {
    let is = |name: &str| grant.attribute(name) == Some("yes");
    let wildcard = match grant.kind {
        GrantKind::Rule => grant.attribute("commands").map(|commands| {
            commands.contains('*') || commands.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == "ALL")
        }),
        _ => Some(false),
    };
    GrantAttributes {
        administrative: is("administrative")
            || is("superuser")
            || grant.entitlement.id == "sudo:everything"
            // A group with rules is one as well.
            || grant.kind == GrantKind::Membership && grant.tier <= Tier::T1,
        wildcard,
        standing: Some(true),
        ..GrantAttributes::default()
    }
}

/// Returns the attributes of a login: interactive if the shell allows it.
pub(super) fn login(grant: &Grant) -> LoginAttributes {
    let shell = grant.attribute("login").filter(|_| grant.kind == GrantKind::Account);
    LoginAttributes { interactive: shell.map(|login| login == "yes"), ..LoginAttributes::default() }
}

/// Returns the attributes of a line of authorized_keys, by type, length and options (sshd(8)), or of a group password.
pub(super) fn credential(grant: &Grant, as_of: Timestamp) -> CredentialAttributes<'_> {
    let kind = grant.attribute("type").unwrap_or_default();
    let fingerprint = grant.entitlement.id.split_once("SHA256:").map(|(_, print)| print);
    if kind == "group-password" {
        return CredentialAttributes {
            kind: Some("password"),
            ends: CredentialExpiry::Never,
            status: Some("active"),
            ..CredentialAttributes::default()
        };
    }
    let (algorithm, own) = match kind.trim_start_matches("sk-") {
        kind if kind.starts_with("ssh-ed25519") => ("ed25519", Some(256)),
        kind if kind.contains("nistp256") => ("ecdsa", Some(256)),
        kind if kind.contains("nistp384") => ("ecdsa", Some(384)),
        kind if kind.contains("nistp521") => ("ecdsa", Some(521)),
        kind if kind.starts_with("ssh-rsa") => ("rsa", None),
        // FIPS 186-2: 1024 bits, and OpenSSH takes no other.
        kind if kind.starts_with("ssh-dss") => ("dsa", Some(1024)),
        _ => return CredentialAttributes { fingerprint, ..CredentialAttributes::default() },
    };
    let options = grant.attribute("options").unwrap_or_default();
    let has = |name: &str| options.split(',').any(|option| option.trim().to_ascii_lowercase().starts_with(name));
    let ends = match value_of(options, "expiry-time=") {
        Some(text) => expiry(text).map_or(CredentialExpiry::Unknown, CredentialExpiry::At),
        None => CredentialExpiry::Never,
    };
    let ended = matches!(ends, CredentialExpiry::At(end) if end <= as_of);
    CredentialAttributes {
        kind: Some("ssh-key"),
        algorithm: Some(algorithm),
        bits: grant.attribute("bits").and_then(|bits| bits.parse().ok()).or(own),
        created: None,
        ends,
        status: Some(if ended { "inactive" } else { "active" }),
        // `from=` restricts the key to networks, `principals=` to certificates of these names.
        bound: Some(has("from=") || has("principals=")),
        fingerprint,
    }
}

/// Returns the source of the last use of a kind of grant.
pub(super) fn last_use(kind: GrantKind) -> LastUseSource {
    match kind {
        GrantKind::Account => LastUseSource::Kept { name: "lastlog and wtmp", lag_hours: 0 },
        _ => LastUseSource::Nowhere,
    }
}

fn value_of<'a>(options: &'a str, name: &str) -> Option<&'a str> {
    let start = options.to_ascii_lowercase().find(name)? + name.len();
    let rest = options.get(start..)?.strip_prefix('"')?;
    rest.split('"').next()
}

/// `YYYYMMDD[Z]` or `YYYYMMDDHHMM[SS][Z]` (sshd(8)). Without `Z` the time zone of the host applies; the error is at
/// most one day, which is accepted.
fn expiry(text: &str) -> Option<Timestamp> {
    let day = text.get(..8).filter(|day| day.bytes().all(|b| b.is_ascii_digit()))?;
    Timestamp::parse(&format!("{}-{}-{}", day.get(..4)?, day.get(4..6)?, day.get(6..)?)).ok()
}
