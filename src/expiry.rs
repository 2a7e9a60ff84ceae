//! When a token ends, as far as its user or Git said so; Code Ocean does not tell.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// The end of a token. Its text is `2027-06-30` or `2027-06-30T12:00:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Expiry {
    /// The last day on which it is good, as `--expires` takes it. Days end in UTC.
    Day(Date),
    /// The second from which on it is not, as Git's `password_expiry_utc` gives it.
    Second(Timestamp),
}

impl Expiry {
    /// From when on it is not good any more; none for the last day that there is.
    pub fn end(self) -> Option<Timestamp> {
        match self {
            Expiry::Day(day) => Some(day.tomorrow().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp()),
            Expiry::Second(end) => Some(end),
        }
    }

    /// The day of the end, in UTC.
    pub fn day(self) -> Date {
        match self {
            Expiry::Day(day) => day,
            Expiry::Second(end) => end.to_zoned(TimeZone::UTC).date(),
        }
    }

    /// The days left to that day, which is 0; negative when the token has ended.
    pub fn days_left(self) -> i32 {
        let now = Timestamp::now();
        let days = (self.day() - now.to_zoned(TimeZone::UTC).date()).get_days();
        let is_over = self.end().is_some_and(|end| end <= now);
        if is_over { days.min(-1) } else { days }
    }
}

impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expiry::Day(day) => day.fmt(f),
            Expiry::Second(end) => end.fmt(f),
        }
    }
}

impl From<Expiry> for String {
    fn from(expiry: Expiry) -> String {
        expiry.to_string()
    }
}

impl TryFrom<String> for Expiry {
    type Error = jiff::Error;

    fn try_from(text: String) -> Result<Expiry, jiff::Error> {
        match text.parse::<Timestamp>() {
            Ok(end) => Ok(Expiry::Second(end)),
            Err(_) => text.parse().map(Expiry::Day),
        }
    }
}
