//! Further policy attributes of an item, with display labels.

use super::{ContextLine, ItemContext};
use crate::{campaign::text::truncate, model::file::AttributeValue};

impl ItemContext<'_> {
    /// Returns the known ones of these attributes in one line; `None` if all are unknown.
    pub(super) fn known_line(&self, wanted: &[(&str, &str)]) -> Option<ContextLine> {
        let facts = self.library.attribute_builder.grant(self.grant?);
        let parts: Vec<String> =
            wanted.iter().filter_map(|(name, words)| Some(format!("{words} {}", value(facts.get(name)?)))).collect();
        (!parts.is_empty()).then(|| ContextLine::plain(parts.join(" · ")))
    }
}

fn value(fact: &AttributeValue) -> String {
    match fact {
        AttributeValue::Flag(true) => "yes".to_owned(),
        AttributeValue::Flag(false) => "no".to_owned(),
        AttributeValue::Number(number) => number.to_string(),
        AttributeValue::Text(text) => truncate(text),
        AttributeValue::Texts(texts) if texts.is_empty() => "none".to_owned(),
        AttributeValue::Texts(texts) => {
            let first: Vec<_> = texts.iter().take(MOST).map(|text| truncate(text)).collect();
            let more = texts.len() - first.len();
            let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("{}{rest}", first.join(", "))
        }
    }
}

/// Attributes about use, each with its label.
pub(super) const OF_USE: &[(&str, &str)] = &[
    ("usage.consumers", "callers"),
    ("usage.environments", "used from"),
    ("usage.interactive_90d", "interactive uses in 90 days"),
    ("usage.actions_used_90d", "actions used in 90 days"),
    ("usage.actions_granted", "of actions granted"),
    ("usage.lag_hours", "hours of delay"),
];

/// Attributes about the granting.
pub(super) const OF_GRANT: &[(&str, &str)] = &[
    ("grant.granted_by", "granted by"),
    ("grant.granted_days", "days ago"),
    ("grant.certified_days", "certified days ago"),
];

/// Attributes about risk.
pub(super) const OF_RISK: &[(&str, &str)] = &[
    ("principal.sod_violations", "separation-of-duties violations"),
    ("credential.exposed", "exposed"),
    ("credential.age_days", "days old"),
    ("credential.expires", "expires"),
    ("credential.shared_identities", "identities with the same secret"),
    ("principal.mfa", "second factor"),
    ("principal.known_to", "known to"),
    ("principal.escalation_paths", "escalation paths"),
];

const MOST: usize = 4;
