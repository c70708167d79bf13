//! UTC timestamps, and clocks that are passed as arguments.

use super::serde_text;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// An instant in UTC to the second, written as RFC 3339: `2026-11-23T05:00:00Z`.
///
/// Times are unverified claims. Evidence is ordered by sequence number, never by timestamp.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd, JsonSchema)]
#[schemars(with = "String", extend("pattern" = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"))]
pub struct Timestamp(i64);

/// An error: a text that is not a timestamp in canonical form.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is not a valid time: expected the form `2026-11-23T05:00:00Z`{hint}", hint = hint(.0))]
pub struct ParseTimestampError(String);

/// Returns what to write instead of a form that command lines accept and files do not.
fn hint(text: &str) -> String {
    let days = text.strip_suffix('d').is_some_and(|days| days.parse::<u32>().is_ok());
    match Timestamp::parse(text) {
        Ok(whole) if text.len() == 10 => format!("; in a file, write `{whole}`"),
        _ if days => "; a file has a date, and no number of days".to_owned(),
        _ => String::new(),
    }
}

impl Timestamp {
    /// Returns the time `seconds` after 1970-01-01T00:00:00Z; a time outside the years 0 to 9999 becomes 1970.
    pub fn from_unix(seconds: i64) -> Self {
        const YEAR_0: i64 = -62_167_219_200;
        const YEAR_10000: i64 = 253_402_300_800;
        Self(if (YEAR_0..YEAR_10000).contains(&seconds) { seconds } else { 0 })
    }

    /// Returns the seconds since 1970-01-01T00:00:00Z.
    pub const fn unix(self) -> i64 {
        self.0
    }

    /// Returns the time `days` of 86,400 seconds later.
    pub fn plus_days(self, days: i64) -> Self {
        Self::from_unix(self.0.saturating_add(days.saturating_mul(DAY)))
    }

    /// Returns the number of whole days since `earlier`; negative when `earlier` is later than this time.
    pub const fn days_since(self, earlier: Self) -> i64 {
        (self.0 - earlier.0).div_euclid(DAY)
    }

    /// Parses `2026-11-23T05:00:00Z`, or a date alone as the start of that day.
    ///
    /// # Errors
    /// When `text` is in any other form.
    pub fn parse(text: &str) -> Result<Self, ParseTimestampError> {
        let refuse = || ParseTimestampError(text.chars().take(40).collect());
        let full = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
        let instant: jiff::Timestamp = full.parse().map_err(|_| refuse())?;
        let time = Self::from_unix(instant.as_second());
        if time.to_string() == full { Ok(time) } else { Err(refuse()) }
    }

    /// Parses `2026-11-23T05:00:00Z`, the form used in files; a date alone is accepted on command lines only.
    ///
    /// # Errors
    /// When `text` is in any other form.
    pub fn parse_whole(text: &str) -> Result<Self, ParseTimestampError> {
        if text.len() == 10 { Err(ParseTimestampError(text.to_owned())) } else { Self::parse(text) }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_second(self.0) {
            Ok(instant) => write!(f, "{}", instant.strftime("%Y-%m-%dT%H:%M:%SZ")),
            Err(_) => f.write_str("1970-01-01T00:00:00Z"),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde_text::read(deserializer, Self::parse_whole)
    }
}

impl std::str::FromStr for Timestamp {
    type Err = ParseTimestampError;
    fn from_str(text: &str) -> Result<Self, ParseTimestampError> {
        Self::parse(text)
    }
}

/// A source of the current time. Only the command line reads the system clock.
pub trait Clock {
    /// Returns the current time of this clock.
    fn now(&self) -> Timestamp;
}

/// The system clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(jiff::Timestamp::now().as_second())
    }
}

/// A clock that always returns the same time, for `--now` and for tests.
#[derive(Clone, Copy, Debug)]
pub struct FixedClock(pub Timestamp);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

const DAY: i64 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamp_has_one_spelling() {
        let text = "2026-11-23T05:00:00Z";
        assert_eq!(Timestamp::parse(text).map(|t| t.to_string()), Ok(text.to_owned()));
        for other in ["2026-11-23T05:00:00.5Z", "2026-11-23T06:00:00+01:00", "2026-11-23 05:00:00Z", "now", ""] {
            assert!(Timestamp::parse(other).is_err(), "{other}");
        }
    }
}
