//! Accounts by subject, with what the connectors say of them as accounts.

use super::{AttributeInputs, subject};
use crate::model::{Grant, GrantKind, Inventory, SystemId, Timestamp};
use std::collections::BTreeMap;

/// An account that holds something.
pub(super) struct Account<'a> {
    pub(super) system: &'a SystemId,
    /// Its immutable id on the system.
    pub(super) principal: &'a str,
    pub(super) inventory: &'a Inventory,
    /// Its second factor, where the system says.
    pub(super) factor: Option<&'static str>,
    /// Whether a person could log in with it, where the system says.
    pub(super) interactive: Option<bool>,
}

/// Returns everybody who holds something on any system, by subject.
pub(super) fn all<'a>(known: &AttributeInputs<'a>) -> BTreeMap<String, Account<'a>> {
    let mut accounts: BTreeMap<String, Account<'a>> = BTreeMap::new();
    for (system, loaded) in known.inventories {
        let mut last = None;
        for grant in loaded.inventory.grants() {
            // Many grants of one holder stand together, and only the account says more of it.
            let principal = grant.principal.id.as_str();
            if last == Some(principal) && !says_more(grant) {
                continue;
            }
            last = Some(principal);
            let account = accounts.entry(subject(grant)).or_insert_with(|| Account {
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

/// Returns the second factor of an account, in the words of rules. AWS lists devices by serial: a security key has `u2f`
/// in its ARN, every other device shows six digits (IAM user guide, "MFA in IAM").
fn factor(grant: &Grant) -> Option<&'static str> {
    let serials = grant.attribute("mfa")?;
    Some(match serials {
        "none" => "none",
        serials if serials.split(' ').all(|serial| serial.contains(":u2f/")) => "phishing-resistant",
        _ => "otp",
    })
}

/// Returns how strong a factor is.
pub(super) fn strength(factor: &str) -> usize {
    ["none", "otp", "push", "phishing-resistant"].iter().position(|known| *known == factor).unwrap_or(0)
}

/// Returns whether a person could log in: by a shell, by a role that may log in, by a password for the console.
fn interactive(grant: &Grant) -> Option<bool> {
    match grant.kind {
        GrantKind::Account => match grant.attribute("login") {
            Some(login) => Some(login == "yes"),
            // An IAM user without a password cannot: its other credentials are for programs.
            None => grant.attribute("mfa").map(|_| false),
        },
        _ => (grant.attribute("type") == Some("password")).then_some(true),
    }
}

/// Returns when something was granted, as its system says. AWS says when users and credentials were made.
pub(super) fn granted(grant: &Grant) -> Option<Timestamp> {
    let text = grant.attribute("created")?;
    // With fractions of a second, as the target writes it.
    text.parse::<jiff::Timestamp>().ok().map(|time| Timestamp::from_unix(time.as_second()))
}
