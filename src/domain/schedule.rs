//! Business hours and objectives, as values. The arithmetic is in `sla`.

use chrono::NaiveDate;

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
    /// Closed once.
    pub closed_dates: Vec<NaiveDate>,
    /// Open once although the day would be closed, with the usual hours of that weekday or, on a day without hours, of Monday.
    pub open_dates: Vec<NaiveDate>,
}

/// How much time a person has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
