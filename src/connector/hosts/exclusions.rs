//! Compares the exclusions of a rule with those that were reviewed.

use super::{grant_key::SudoersPrincipal, grants::may_exclude, snapshot::HostSnapshot};
use crate::model::{Grant, GrantKind};
use std::collections::BTreeSet;

/// Returns the present form of a rule with the exclusions that were reviewed, if the difference concerns no account: an
/// excluded account was removed, or has left the group of the rule.
pub(super) fn as_reviewed(reviewed: &Grant, now: Grant, tree: &HostSnapshot) -> Grant {
    let (was, is) = (ids(reviewed), ids(&now));
    if now.kind != GrantKind::Rule || was == is {
        return now;
    }
    let ended = was.difference(&is).all(|id| !concerns(tree, &now.principal.id, id));
    // A name without an account.
    let unknown = is.difference(&was).all(|id| id.starts_with("name:"));
    if !ended || !unknown {
        return now;
    }
    let mut attributes = now.attributes.clone();
    match reviewed.attribute("except") {
        Some(except) => attributes.insert("except".to_owned(), except.to_owned()),
        None => attributes.remove("except"),
    };
    Grant { attributes, ..now }
}

/// Returns whether an exclusion may concern an account of a holder.
fn concerns(tree: &HostSnapshot, holder: &str, excluded: &str) -> bool {
    match (principal(tree, holder), principal(tree, excluded)) {
        (_, Some(SudoersPrincipal::Account(uid, _))) if tree.account_of(uid).is_none() => false,
        (Some(holder), Some(excluded)) => may_exclude(tree, &holder, &excluded),
        _ => true,
    }
}

/// Returns the principal of an id of this system, if it is not that of an unknown name.
fn principal(tree: &HostSnapshot, id: &str) -> Option<SudoersPrincipal> {
    let (kind, number) = id.split_once(':').unwrap_or((id, ""));
    let name = match kind {
        "everyone" => "ALL".to_owned(),
        "gid" => format!("%#{number}"),
        "uid" => format!("#{number}"),
        _ => return None,
    };
    Some(SudoersPrincipal::listed(tree, &name))
}

fn ids(rule: &Grant) -> BTreeSet<&str> {
    rule.attribute("except").unwrap_or_default().split(',').filter(|id| !id.is_empty()).collect()
}
