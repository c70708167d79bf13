//! Input of decisions: verdicts by key, end dates as a date or a number of days, reasons by code.

use crate::model::{PrincipalId, ReasonCode, Tier, Timestamp, Verdict, file::Item};

/// A decision, or its removal.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct DecisionInput {
    /// The verdict; `None` leaves the item open.
    pub(super) verdict: Option<Verdict>,
    /// The target.
    pub(super) to: Option<String>,
    /// The end date.
    pub(super) until: Option<Timestamp>,
    /// The reason.
    pub(super) reason: String,
}

impl DecisionInput {
    /// Returns the item with this decision.
    pub(super) fn on(&self, item: Item) -> Item {
        let Self { verdict, to, until, reason } = self.clone();
        Item { decision: verdict, to, until, reason, ..item }
    }

    /// Returns the display text of the verdict.
    pub(super) fn word(&self) -> &'static str {
        self.verdict.map_or("open", Verdict::as_str)
    }
}

/// The keys of the verdicts, in display order.
pub(super) const KEYS: [(char, Verdict, &str); 10] = [
    ('c', Verdict::Certify, "keep the access unchanged"),
    ('r', Verdict::Revoke, "remove it"),
    ('d', Verdict::Disable, "block its use, keep the account"),
    ('e', Verdict::Reduce, "keep part of the access"),
    ('o', Verdict::Rotate, "keep the access, renew the secret"),
    ('p', Verdict::Replace, "create a replacement, then remove it"),
    ('t', Verdict::Transfer, "assign another owner"),
    ('x', Verdict::Except, "keep it as an exception until a date"),
    ('i', Verdict::Investigate, "suspicious: investigate first"),
    ('a', Verdict::Abstain, "not my decision"),
];

/// Returns the verdict of a key.
pub(super) fn verdict_of(key: char) -> Option<Verdict> {
    KEYS.iter().find(|(own, ..)| *own == key).map(|(_, verdict, _)| *verdict)
}

/// Returns whether a verdict accepts `to`.
pub(super) const fn takes_to(verdict: Verdict) -> bool {
    verdict.needs_to() || matches!(verdict, Verdict::Abstain)
}

/// Returns whether a verdict accepts an end date.
pub(super) const fn takes_until(verdict: Verdict, tier: Tier) -> bool {
    verdict.needs_until(tier) || matches!(verdict, Verdict::Certify)
}

/// Parses an end: `2027-03-31`, an instant, or `90d`; `None` if the text is blank.
///
/// # Errors
/// A message for the person who entered it.
pub(super) fn until(text: &str, now: Timestamp) -> Result<Option<Timestamp>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let days = text.strip_suffix(['d', 'D']).and_then(|days| days.trim().parse::<u16>().ok());
    let end = match days {
        Some(days) => start_of_day(now.plus_days(i64::from(days))),
        None => Timestamp::parse(text)
            .map_err(|_| "expected a date like 2027-03-31, or a number of days like 90d".to_owned())?,
    };
    if end <= now {
        return Err("the end date is not in the future".to_owned());
    }
    Ok(Some(end))
}

/// Parses a target; `None` if the text is blank.
///
/// # Errors
/// A message for the person who entered it.
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

/// Parses a reason: text, a code, `code: text`, or the number of a code of this verdict with or without text.
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
