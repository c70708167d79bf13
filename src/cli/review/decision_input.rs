//! What a person answers on an item, and how they write it: verdicts by key, an end as a date or a number of days.

use crate::model::{PrincipalId, ReasonCode, Tier, Timestamp, Verdict, file::Item};

/// A decision, or its absence.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct DecisionInput {
    /// The verdict; none leaves the item open.
    pub(super) verdict: Option<Verdict>,
    /// To what or whom.
    pub(super) to: Option<String>,
    /// Until when.
    pub(super) until: Option<Timestamp>,
    /// Why.
    pub(super) reason: String,
}

impl DecisionInput {
    /// Returns the item with this answer.
    pub(super) fn on(&self, item: Item) -> Item {
        let Self { verdict, to, until, reason } = self.clone();
        Item { decision: verdict, to, until, reason, ..item }
    }

    /// Returns the verdict as people read it.
    pub(super) fn word(&self) -> &'static str {
        self.verdict.map_or("open", Verdict::as_str)
    }
}

/// The keys of the verdicts, in the order in which they are shown.
pub(super) const KEYS: [(char, Verdict, &str); 10] = [
    ('c', Verdict::Certify, "keep it as it is"),
    ('r', Verdict::Revoke, "remove it"),
    ('d', Verdict::Disable, "stop its use, keep the record"),
    ('e', Verdict::Reduce, "keep less of it"),
    ('o', Verdict::Rotate, "keep it, renew the secret"),
    ('p', Verdict::Replace, "put something else in its place, then remove it"),
    ('t', Verdict::Transfer, "give it another owner"),
    ('x', Verdict::Except, "keep it against policy until a date"),
    ('i', Verdict::Investigate, "suspicious: look into it first"),
    ('a', Verdict::Abstain, "not mine to judge"),
];

/// Returns the verdict of a key.
pub(super) fn verdict_of(key: char) -> Option<Verdict> {
    KEYS.iter().find(|(own, ..)| *own == key).map(|(_, verdict, _)| *verdict)
}

/// Returns whether a verdict takes `to`, whether or not it needs it.
pub(super) const fn takes_to(verdict: Verdict) -> bool {
    verdict.needs_to() || matches!(verdict, Verdict::Abstain)
}

/// Returns whether a verdict takes an end, whether or not it needs it.
pub(super) const fn takes_until(verdict: Verdict, tier: Tier) -> bool {
    verdict.needs_until(tier) || matches!(verdict, Verdict::Certify)
}

/// Reads an end: `2027-03-31`, an instant, or `90d`; nothing when the text is blank.
///
/// # Errors
/// What is wrong with it, for the person who wrote it.
pub(super) fn until(text: &str, now: Timestamp) -> Result<Option<Timestamp>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let days = text.strip_suffix(['d', 'D']).and_then(|days| days.trim().parse::<u16>().ok());
    let end = match days {
        Some(days) => start_of_day(now.plus_days(i64::from(days))),
        None => Timestamp::parse(text)
            .map_err(|_| "an end is a date like 2027-03-31, or a number of days like 90d".to_owned())?,
    };
    if end <= now {
        return Err("that is not in the future".to_owned());
    }
    Ok(Some(end))
}

/// Reads to what or whom; nothing when the text is blank.
///
/// # Errors
/// What is wrong with it, for the person who wrote it.
pub(super) fn to(text: &str, verdict: Verdict) -> Result<Option<String>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if matches!(verdict, Verdict::Abstain | Verdict::Transfer) {
        PrincipalId::parse(text).map_err(|error| error.to_string())?;
    }
    Ok(Some(text.to_owned()))
}

/// Reads a reason: words, a code, `code: words`, or the number of a code of this verdict with or without words.
pub(super) fn reason(text: &str, verdict: Verdict) -> String {
    let text = text.trim();
    let (head, rest) = text.split_once([' ', ':']).unwrap_or((text, ""));
    let codes = ReasonCode::of(verdict);
    let numbered = head.parse::<usize>().ok().and_then(|number| codes.get(number.checked_sub(1)?));
    match numbered {
        Some(code) => ReasonCode::join(Some(*code), rest.trim_start_matches(':')),
        None => text.to_owned(),
    }
}

fn start_of_day(time: Timestamp) -> Timestamp {
    Timestamp::from_unix(time.unix() - time.unix().rem_euclid(86_400))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_410_000;

    #[test]
    fn an_end_is_a_date_or_a_number_of_days() {
        let now = Timestamp::from_unix(NOW);
        let read = |text: &str| until(text, now).map(|end| end.map(|end| end.to_string()));
        assert_eq!(read(" "), Ok(None));
        assert_eq!(read("90d"), Ok(Some("2027-02-21T00:00:00Z".to_owned())));
        assert_eq!(read("2027-03-31"), Ok(Some("2027-03-31T00:00:00Z".to_owned())));
        for wrong in ["soon", "90", "0d", "2020-01-01", "2027-02-30", "-5d", "99999999d"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_reason_may_begin_with_the_number_of_a_code() {
        assert_eq!(reason("1 retired in May", Verdict::Revoke), "unused: retired in May");
        assert_eq!(reason("2", Verdict::Revoke), "ended");
        assert_eq!(reason("1: as before", Verdict::Certify), "in-use-needed: as before");
        assert_eq!(reason("99 bottles", Verdict::Certify), "99 bottles");
        assert_eq!(reason("0 left", Verdict::Certify), "0 left");
    }

    #[test]
    fn who_is_named_is_an_id() {
        assert_eq!(to("li.chen", Verdict::Transfer), Ok(Some("li.chen".to_owned())));
        assert!(to("Li Chen", Verdict::Transfer).is_err());
        assert_eq!(to("SELECT only", Verdict::Reduce), Ok(Some("SELECT only".to_owned())));
    }

    #[test]
    fn every_verdict_has_one_key() {
        for verdict in Verdict::ALL {
            assert_eq!(KEYS.iter().filter(|(_, own, _)| *own == verdict).count(), 1);
        }
    }
}
