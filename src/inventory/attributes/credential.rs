//! Policy attributes of credentials, by connector.

use super::{AttributeBuilder, AttributeCollector, AttributeInputs, account, account::AccountAttributes, subject};
use crate::model::{Grant, GrantKind, Timestamp, file::PrincipalRecord};
use std::collections::{BTreeMap, BTreeSet};

/// The attributes that a connector reports of a credential.
#[derive(Default)]
struct CredentialAttributes<'a> {
    kind: Option<&'static str>,
    algorithm: Option<&'a str>,
    bits: Option<i64>,
    created: Option<Timestamp>,
    ends: CredentialExpiry,
    status: Option<&'static str>,
    bound: Option<bool>,
}

/// The expiry of a credential.
#[derive(Clone, Copy, Default)]
enum CredentialExpiry {
    At(Timestamp),
    Never,
    #[default]
    Unknown,
}

/// Index of all credentials.
pub(super) struct CredentialIndex<'a> {
    /// The holders of each key, by fingerprint: the principal of the account, or the account itself if it is
    /// uncorrelated.
    holders: BTreeMap<&'a str, BTreeSet<String>>,
    /// The environments in which each key grants access; none where the environment of a system is not known.
    environments: BTreeMap<&'a str, Option<BTreeSet<&'a str>>>,
    /// The active credentials of each account, by account and kind, with their creation time where it is known.
    active: BTreeMap<(String, &'static str), Vec<Option<Timestamp>>>,
}

impl<'a> CredentialIndex<'a> {
    /// Returns the index over the credentials of all accounts.
    pub(super) fn of(known: &AttributeInputs<'a>, accounts: &BTreeMap<String, AccountAttributes<'a>>) -> Self {
        let (mut holders, mut environments) = (BTreeMap::<_, BTreeSet<_>>::new(), BTreeMap::new());
        let mut active: BTreeMap<(String, &'static str), Vec<Option<Timestamp>>> = BTreeMap::new();
        for (of, account) in accounts {
            let system = known.systems.get(account.system);
            let connector = system.map_or("", |system| system.connector.as_str());
            let identity = known.people.identity_of(of).map(|entry: &PrincipalRecord| entry.id.to_string());
            for grant in account.inventory.of_principal(account.principal) {
                if grant.kind != GrantKind::Credential {
                    continue;
                }
                let read = read(grant, connector, known.as_of);
                if let Some(kind) = read.kind.filter(|_| read.status != Some("inactive")) {
                    active.entry((of.clone(), kind)).or_default().push(read.created);
                }
                let Some(print) = fingerprint(grant) else { continue };
                holders.entry(print).or_default().insert(identity.clone().unwrap_or_else(|| of.clone()));
                let place = environments.entry(print).or_insert_with(|| Some(BTreeSet::new()));
                match (place.as_mut(), system.and_then(|system| system.environment.as_deref())) {
                    (Some(known), Some(environment)) => drop(known.insert(environment)),
                    _ => *place = None,
                }
            }
        }
        Self { holders, environments, active }
    }

    /// Returns for how many days a newer credential of the same kind has been active beside this one; 0 if there is
    /// none, and `None` where ages are not known.
    fn newer(&self, of: &str, credential: &CredentialAttributes<'_>, as_of: Timestamp) -> Option<i64> {
        let all = self.active.get(&(of.to_owned(), credential.kind?))?;
        if all.len() < 2 {
            return Some(0);
        }
        let created = credential.created?;
        let all: Option<Vec<Timestamp>> = all.iter().copied().collect();
        let newer = all?.into_iter().filter(|time| *time > created).min();
        Some(newer.map_or(0, |time| as_of.days_since(time)))
    }
}

impl AttributeBuilder<'_> {
    /// Sets the attributes of a credential.
    pub(super) fn add_credential_attributes(&self, grant: &Grant, connector: &str, collector: &mut AttributeCollector) {
        let as_of = self.known.as_of;
        let read = read(grant, connector, as_of);
        collector.text_of("credential.kind", read.kind);
        collector.text_of("credential.algorithm", read.algorithm);
        collector.number("credential.bits", read.bits);
        collector.number("credential.age_days", read.created.map(|created| as_of.days_since(created)));
        match read.ends {
            CredentialExpiry::At(end) => {
                collector.flag("credential.expires", true);
                collector.number("credential.expires_in_days", end.days_since(as_of));
            }
            CredentialExpiry::Never => collector.flag("credential.expires", false),
            CredentialExpiry::Unknown => {}
        }
        // A certificate expires by itself; all other credentials of these systems are valid until they are changed.
        collector.flag("credential.static", read.kind.map(|kind| kind != "certificate"));
        collector.text_of("credential.status", read.status);
        collector.flag("credential.source_bound", read.bound);
        collector.number("credential.newer_active_days", self.keyring.newer(&subject(grant), &read, as_of));
        if let Some(print) = fingerprint(grant) {
            let count = |count: usize| i64::try_from(count).ok();
            collector.number(
                "credential.shared_identities",
                self.keyring.holders.get(print).and_then(|holders| count(holders.len())),
            );
            let environments = self.keyring.environments.get(print).and_then(Option::as_ref);
            collector.number("credential.shared_environments", environments.and_then(|known| count(known.len())));
        }
    }
}

/// Returns the fingerprint of a key that may be listed in several places. Passwords are stored with a salt, and AWS
/// never issues the same access key twice: sharing of these cannot be detected.
fn fingerprint(grant: &Grant) -> Option<&str> {
    let (_, print) = grant.entitlement.id.split_once("SHA256:")?;
    (grant.kind == GrantKind::Credential).then_some(print)
}

fn read<'a>(grant: &'a Grant, connector: &str, as_of: Timestamp) -> CredentialAttributes<'a> {
    match connector {
        "aws-iam" => aws_iam(grant),
        "hosts" => hosts(grant, as_of),
        "postgres" => postgres(grant, as_of),
        _ => CredentialAttributes::default(),
    }
}

/// IAM: `type`, `created`, `status`. Access keys, passwords and SSH keys do not end by themselves; service-specific
/// credentials may, and their end is not listed.
fn aws_iam(grant: &Grant) -> CredentialAttributes<'_> {
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
    CredentialAttributes { kind, created: account::granted(grant), ends, status, ..CredentialAttributes::default() }
}

/// authorized_keys: type, length and options of a key (sshd(8)); passwords of groups.
fn hosts(grant: &Grant, as_of: Timestamp) -> CredentialAttributes<'_> {
    let kind = grant.attribute("type").unwrap_or_default();
    if kind == "group-password" {
        let status = Some("active");
        return CredentialAttributes {
            kind: Some("password"),
            ends: CredentialExpiry::Never,
            status,
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
        _ => return CredentialAttributes::default(),
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
    }
}

/// The password of a role: storage format and VALID UNTIL.
fn postgres(grant: &Grant, as_of: Timestamp) -> CredentialAttributes<'_> {
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
