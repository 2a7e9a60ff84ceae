//! When a token expires, as the user or Git gave it: Code Ocean's API does not say.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// The expiry of a token, written as `2027-06-30` or `2027-06-30T12:00:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Expiry {
    /// The last day on which the token is valid, as in `--expires`. Days end in UTC.
    Day(Date),
    /// The second from which the token is invalid, as in Git's `password_expiry_utc`.
    Second(Timestamp),
}

impl Expiry {
    /// The time from which the token is invalid; none if the day is the last that can be represented.
    pub fn end(self) -> Option<Timestamp> {
        match self {
            Expiry::Day(day) => Some(day.tomorrow().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp()),
            Expiry::Second(end) => Some(end),
        }
    }

    /// The day of the expiry, in UTC.
    pub fn day(self) -> Date {
        match self {
            Expiry::Day(day) => day,
            Expiry::Second(end) => end.to_zoned(TimeZone::UTC).date(),
        }
    }

    /// The days until the token expires: 0 on the last day, negative afterwards.
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
