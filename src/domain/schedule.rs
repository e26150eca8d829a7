//! Business hours and objectives, as values. The arithmetic is in `sla`.

use std::sync::{Arc, OnceLock};

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

/// Minutes of a day when the desk is open, `start` inclusive, `end` exclusive; `end` may pass 1440 (past midnight).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Minutes after midnight, 0 to 1439.
    pub start_minute: u16,
    /// Minutes after the same midnight, above `start_minute`, at most 2880.
    pub end_minute: u16,
}

/// Business hours: open at least once a week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// `business`.
    pub name: String,
    /// The zone the hours are written in.
    pub timezone: chrono_tz::Tz,
    /// Monday first; each day's spans in order, not overlapping.
    pub week: [Vec<Span>; 7],
    /// Japanese national holidays are closed.
    pub japanese_holidays: bool,
    /// Closed every year, inclusive, as (month, day) pairs; may pass the year's end.
    pub closed_yearly: Vec<((u32, u32), (u32, u32))>,
    /// Closed by name: holidays of other countries, company days. Sorted by date.
    pub holidays: Vec<NamedDay>,
    /// Closed once.
    pub closed_dates: Vec<NaiveDate>,
    /// Open once although the day would be closed, with the usual hours of that weekday or, on a day without hours, of Monday.
    pub open_dates: Vec<NaiveDate>,
    /// Open once with hours of its own, whatever the day is otherwise. Sorted by date.
    pub special_hours: Vec<(NaiveDate, Vec<Span>)>,
}

/// A closed day with its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamedDay {
    /// The day.
    pub date: NaiveDate,
    /// `Thanksgiving Day`.
    pub name: String,
}

/// A calendar with the open times of each year worked out once, when they are first asked for. The calendar inside cannot
/// be changed, so the tables never go stale. `sla::hours` fills and reads them.
#[derive(Clone)]
pub struct Timetable {
    calendar: Calendar,
    years: Arc<[OnceLock<YearHours>]>,
}

/// The open times that begin in one year of a calendar, in milliseconds since 1970, in order, apart from each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct YearHours {
    /// When each stretch opens.
    pub opens: Vec<i64>,
    /// When each stretch closes.
    pub closes: Vec<i64>,
    /// Open time of the year before each stretch; one more at the end with the year's whole open time.
    pub before: Vec<i64>,
    /// Business days of the year with their closing times, in order.
    pub days: Vec<(NaiveDate, i64)>,
}

impl Timetable {
    /// The first year with a table.
    pub const FIRST_YEAR: i32 = 1990;
    /// The last year with a table.
    pub const LAST_YEAR: i32 = 2149;

    /// A timetable with nothing worked out yet.
    #[must_use]
    pub fn new(calendar: Calendar) -> Self {
        let years = (Self::FIRST_YEAR..=Self::LAST_YEAR).map(|_| OnceLock::new()).collect();
        Self { calendar, years }
    }

    /// The calendar inside.
    #[must_use]
    pub const fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// The table of `year`, worked out with `build` when it is not there yet; `None` outside the years with tables.
    pub fn year(&self, year: i32, build: impl FnOnce(&Calendar, i32) -> YearHours) -> Option<&YearHours> {
        let slot = self.years.get(usize::try_from(year.checked_sub(Self::FIRST_YEAR)?).ok()?)?;
        Some(slot.get_or_init(|| build(&self.calendar, year)))
    }

    /// Whether `date` is far enough inside the years with tables.
    #[must_use]
    pub fn covers(date: NaiveDate) -> bool {
        (Self::FIRST_YEAR + 1..Self::LAST_YEAR).contains(&date.year())
    }
}

impl std::fmt::Debug for Timetable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Timetable").field(&self.calendar).finish()
    }
}

impl PartialEq for Timetable {
    fn eq(&self, other: &Self) -> bool {
        self.calendar == other.calendar
    }
}

/// How much time a person has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Objective {
    /// Minutes of working time in the calendar.
    Minutes(u32),
    /// Business days: due at closing time of the n-th business day after the start.
    BusinessDays(u32),
}

impl std::str::FromStr for Objective {
    type Err = String;

    /// Reads `15m`, `4h` or `5bd`.
    fn from_str(text: &str) -> Result<Self, String> {
        let fault = || format!("`{text}` is not a duration; write 15m, 4h or 5bd");
        let (unit_at, _) = text.char_indices().find(|(_, c)| !c.is_ascii_digit()).ok_or_else(fault)?;
        let (digits, unit) = text.split_at(unit_at);
        let count: u32 = digits.parse().map_err(|_| fault())?;
        if count == 0 || count > 100_000 {
            return Err(fault());
        }
        match unit {
            "m" => Ok(Self::Minutes(count)),
            "h" => Ok(Self::Minutes(count * 60)),
            "bd" => Ok(Self::BusinessDays(count)),
            _ => Err(fault()),
        }
    }
}

impl std::fmt::Display for Objective {
    /// As it is read: `15m`, `4h`, `5bd`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Minutes(minutes) if minutes % 60 == 0 => write!(f, "{}h", minutes / 60),
            Self::Minutes(minutes) => write!(f, "{minutes}m"),
            Self::BusinessDays(days) => write!(f, "{days}bd"),
        }
    }
}

impl From<Objective> for String {
    fn from(objective: Objective) -> Self {
        objective.to_string()
    }
}

impl TryFrom<String> for Objective {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}
