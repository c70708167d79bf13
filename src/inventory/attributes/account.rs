//! Accounts by `<system>:<immutable id>`, with their account attributes from the connectors.

use super::{AttributeInputs, subject};
use crate::model::{Grant, GrantKind, Inventory, SystemId, Timestamp};
use std::collections::BTreeMap;

/// An account that holds at least one grant.
pub(super) struct AccountAttributes<'a> {
    pub(super) system: &'a SystemId,
    /// The immutable id on the system.
    pub(super) principal: &'a str,
    pub(super) inventory: &'a Inventory,
    /// The second factor, where the system reports it.
    pub(super) factor: Option<&'static str>,
    /// Whether an interactive login is possible, where the system reports it.
    pub(super) interactive: Option<bool>,
}

/// Returns all accounts that hold a grant on any system, by subject id.
pub(super) fn all<'a>(known: &AttributeInputs<'a>) -> BTreeMap<String, AccountAttributes<'a>> {
    let mut accounts: BTreeMap<String, AccountAttributes<'a>> = BTreeMap::new();
    for (system, loaded) in known.inventories {
        let mut last = None;
        for grant in loaded.inventory.grants() {
            // The grants of one holder are adjacent, and only the account grant has further attributes.
            let principal = grant.principal.id.as_str();
            if last == Some(principal) && !says_more(grant) {
                continue;
            }
            last = Some(principal);
            let account = accounts.entry(subject(grant)).or_insert_with(|| AccountAttributes {
                system,
                principal,
                inventory: &loaded.inventory,
                factor: None,
                interactive: None,
            });
            if says_more(grant) {
                account.factor = account.factor.or_else(|| factor(grant));
                let may = interactive(grant);
                account.interactive = account.interactive.max(may);
            }
        }
    }
    accounts
}

fn says_more(grant: &Grant) -> bool {
    matches!(grant.kind, GrantKind::Account | GrantKind::Credential)
}

/// Returns the second factor of an account as a value of `principal.mfa`. AWS lists devices by serial: a security key
/// has `u2f` in its ARN, all other devices generate six-digit codes (IAM user guide, "MFA in IAM").
fn factor(grant: &Grant) -> Option<&'static str> {
    let serials = grant.attribute("mfa")?;
    Some(match serials {
        "none" => "none",
        serials if serials.split(' ').all(|serial| serial.contains(":u2f/")) => "phishing-resistant",
        _ => "otp",
    })
}

/// Returns the strength of a factor; higher is stronger.
pub(super) fn strength(factor: &str) -> usize {
    ["none", "otp", "push", "phishing-resistant"].iter().position(|known| *known == factor).unwrap_or(0)
}

/// Returns whether an interactive login is possible: by a shell, by a role with LOGIN, by a console password.
fn interactive(grant: &Grant) -> Option<bool> {
    match grant.kind {
        GrantKind::Account => match grant.attribute("login") {
            Some(login) => Some(login == "yes"),
            // An IAM user without a password has credentials for programs only.
            None => grant.attribute("mfa").map(|_| false),
        },
        _ => (grant.attribute("type") == Some("password")).then_some(true),
    }
}

/// Returns when a grant was made, as reported by the system. AWS reports the creation of users and credentials.
pub(super) fn granted(grant: &Grant) -> Option<Timestamp> {
    let text = grant.attribute("created")?;
    // With fractions of a second, as the target formats it.
    text.parse::<jiff::Timestamp>().ok().map(|time| Timestamp::from_unix(time.as_second()))
}
