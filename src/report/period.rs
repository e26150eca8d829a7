//! Months and years, as people name them, and where they begin and end in the desk's zone.

use std::fmt;
use std::str::FromStr;

use chrono::{NaiveDate, NaiveTime, TimeDelta, TimeZone};

use crate::domain::{Span, Timestamp};

/// A month or a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Period {
    /// A whole year.
    Year(i32),
    /// A month of a year, 1 to 12.
    Month(i32, u32),
}

/// The text names no period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no period; write 2026-10 or 2026")]
pub struct NoPeriod(pub String);

impl FromStr for Period {
    type Err = NoPeriod;

    fn from_str(text: &str) -> Result<Self, NoPeriod> {
        let fault = || NoPeriod(text.to_owned());
        let year = |text: &str| {
            let is_year = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|year| is_year && (1990..=2149).contains(year)).ok_or_else(fault)
        };
        match text.split_once('-') {
            None => Ok(Self::Year(year(text)?)),
            Some((of, month)) => {
                let number = month.parse().ok().filter(|month| (1..=12).contains(month)).ok_or_else(fault)?;
                if month.len() == 2 { Ok(Self::Month(year(of)?, number)) } else { Err(fault()) }
            }
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Year(year) => write!(f, "{year}"),
            Self::Month(year, month) => write!(f, "{year}-{month:02}"),
        }
    }
}

impl Period {
    /// The one before.
    #[must_use]
    pub const fn previous(self) -> Self {
        match self {
            Self::Year(year) => Self::Year(year - 1),
            Self::Month(year, 1) => Self::Month(year - 1, 12),
            Self::Month(year, month) => Self::Month(year, month - 1),
        }
    }

    const fn next(self) -> Self {
        match self {
            Self::Year(year) => Self::Year(year + 1),
            Self::Month(year, 12) => Self::Month(year + 1, 1),
            Self::Month(year, month) => Self::Month(year, month + 1),
        }
    }

    fn begins(self) -> Option<NaiveDate> {
        match self {
            Self::Year(year) => NaiveDate::from_ymd_opt(year, 1, 1),
            Self::Month(year, month) => NaiveDate::from_ymd_opt(year, month, 1),
        }
    }

    /// From midnight of its first day to midnight after its last one, in `zone`.
    #[must_use]
    pub fn span(self, zone: chrono_tz::Tz) -> Span {
        let at = |period: Self| period.begins().and_then(|day| midnight(day, zone)).unwrap_or_default();
        Span { from: at(self), to: at(self.next()) }
    }
}

/// The first instant of `day` in `zone`: midnight, or the end of a gap in the clock that swallowed it.
#[must_use]
pub fn midnight(day: NaiveDate, zone: chrono_tz::Tz) -> Option<Timestamp> {
    // No zone ever skipped more than a whole day.
    (0..=24 * 4).find_map(|quarters| {
        let local = day.and_time(NaiveTime::MIN) + TimeDelta::minutes(15 * quarters);
        zone.from_local_datetime(&local).earliest().map(Timestamp::from)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_read_as_they_are_written() {
        for (text, wanted) in [
            ("2026", Some(Period::Year(2026))),
            ("2026-10", Some(Period::Month(2026, 10))),
            ("2026-1", None),
            ("2026-13", None),
            ("2026-00", None),
            ("26-10", None),
            ("+026", None),
            ("", None),
        ] {
            assert_eq!(text.parse().ok(), wanted, "{text}");
            assert!(wanted.is_none_or(|period| period.to_string() == text));
        }
        assert_eq!(Period::Month(2026, 1).previous(), Period::Month(2025, 12));
        assert_eq!(Period::Year(2026).previous(), Period::Year(2025));
    }

    #[test]
    fn a_period_begins_at_local_midnight_also_where_midnight_was_skipped() {
        let tokyo = Period::Month(2026, 10).span(chrono_tz::Asia::Tokyo);
        assert_eq!(tokyo.from.rfc3339(), "2026-09-30T15:00:00.000Z");
        assert_eq!(tokyo.to.rfc3339(), "2026-10-31T15:00:00.000Z");
        // Asunción put its clock forward at midnight of 1 October 2017.
        let gap = Period::Month(2017, 10).span(chrono_tz::America::Asuncion);
        assert_eq!(gap.from.rfc3339(), "2017-10-01T04:00:00.000Z");
        let year = Period::Year(2026).span(chrono_tz::America::New_York);
        assert_eq!((year.to.0 - year.from.0) / 3_600_000, 365 * 24);
    }
}
