//! The digest of a worklist without the keys that a reviewer fills in: it pins the worklist in its campaign.

use super::codec;
use crate::model::{
    Digest,
    file::{Item, Review},
};
use std::borrow::Cow;

/// Returns the SHA-256 of a review file without its decisions: the canonical text without the line `digest`, which
/// names the campaign, and with `decision` and `reason` empty and `to`, `until` and `supersedes` absent. `text` is the
/// canonical text of `review`.
pub fn blank_digest(review: &Review, text: &str) -> Digest {
    let text = if review.items.iter().all(is_blank) { Cow::Borrowed(text) } else { Cow::Owned(blank_text(review)) };
    let line = text.find("\ndigest = ").map(|at| at + 1);
    let end = line.and_then(|from| Some(from + text.get(from..)?.find('\n')? + 1));
    match (line, end) {
        (Some(from), Some(end)) => {
            let (before, after) = (text.as_bytes().get(..from), text.as_bytes().get(end..));
            Digest::of_parts([before.unwrap_or_default(), after.unwrap_or_default()])
        }
        // Every canonical review has the line.
        _ => Digest::of(text.as_bytes()),
    }
}

/// Returns the item without its decision, as published.
pub fn blank_item(item: &Item) -> Item {
    Item { decision: None, to: None, until: None, reason: String::new(), supersedes: None, ..item.clone() }
}

fn is_blank(item: &Item) -> bool {
    let Item { decision, to, until, reason, supersedes, .. } = item;
    decision.is_none() && to.is_none() && until.is_none() && reason.is_empty() && supersedes.is_none()
}

fn blank_text(review: &Review) -> String {
    codec::render(&Review { items: review.items.iter().map(blank_item).collect(), ..review.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Verdict;

    const REVIEW: &str = include_str!("../../schemas/examples/review.toml");

    fn parsed(text: &str) -> Review {
        codec::parse("review.toml", text.as_bytes()).unwrap_or_else(|_| panic!("not canonical: {text}"))
    }

    #[test]
    fn digest_is_independent_of_campaign_and_decisions() {
        let filled = parsed(REVIEW);
        let digest = blank_digest(&filled, REVIEW);
        let mut blank = filled.clone();
        blank.items = blank.items.iter().map(blank_item).collect();
        blank.digest = Digest::of("another campaign file");
        assert_eq!(blank_digest(&blank, &codec::render(&blank)), digest);
        let mut other = filled;
        for item in &mut other.items {
            (item.decision, item.reason) = (Some(Verdict::Certify), "still needed".to_owned());
        }
        assert_eq!(blank_digest(&other, &codec::render(&other)), digest);
        let lines = codec::render(&blank);
        let lines = lines.lines().filter(|line| !line.starts_with("digest = ")).map(|line| format!("{line}\n"));
        assert_eq!(digest, Digest::of(lines.collect::<String>()));
    }

    #[test]
    fn digest_depends_on_every_other_key() {
        let blank = blank_text(&parsed(REVIEW));
        let of = |text: &str| blank_digest(&parsed(text), text);
        let keys: Vec<&str> = blank.lines().filter_map(|line| line.split_once(" = \"")).map(|(key, _)| key).collect();
        for key in keys.iter().filter(|key| !["digest", "schema", "decision", "reason", "repo"].contains(key)) {
            let line = blank.lines().find(|line| line.starts_with(&format!("{key} = \""))).unwrap();
            let other = match *key {
                "tier" => "tier = \"T3\"".to_owned(),
                "severity" => "severity = \"low\"".to_owned(),
                _ => {
                    let value = line.split_once(" = \"").unwrap().1;
                    format!("{key} = \"{}", value.replacen('1', "7", 1).replacen('e', "a", 1))
                }
            };
            let changed = blank.replacen(line, &other, 1);
            if changed != blank {
                assert_ne!(of(&changed), of(&blank), "{key}");
            }
        }
    }
}
