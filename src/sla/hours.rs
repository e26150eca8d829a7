//! Arithmetic on a [`Timetable`]: the answers of `calendar`, from tables worked out once a year of the calendar.
//!
//! A table holds the open stretches of a year with their running total, so that adding and counting are two binary searches.
//! What lies outside the years with tables is worked out by `calendar`.

use chrono::{Datelike, Days, NaiveDate};

use super::calendar::{self, Edge, hours_on, instant, local_date};
use crate::domain::Timestamp;
use crate::domain::schedule::{Calendar, Objective, Timetable, YearHours};

const MINUTE_MS: i64 = 60_000;
/// Years without a single open time after which a calendar is taken as one that never opens.
const GIVE_UP_AFTER_YEARS: i32 = 4;
/// Hours reach into the next day and zones differ by a day from UTC: a stretch around an instant may have begun this long before it.
const REACH: Days = Days::new(2);

/// When `objective` falls due for something that begins at `start`.
#[must_use]
pub fn due(table: &Timetable, start: Timestamp, objective: Objective) -> Timestamp {
    match objective {
        Objective::Minutes(minutes) => add_ms(table, start, i64::from(minutes) * MINUTE_MS),
        Objective::BusinessDays(days) => business_day_close(table, start, days),
    }
}

/// The first instant by which the desk was open for `ms` since `start`; `start` itself when `ms` is not positive.
#[must_use]
pub fn add_ms(table: &Timetable, start: Timestamp, ms: i64) -> Timestamp {
    if ms <= 0 {
        return start;
    }
    from_tables(table, start, ms).unwrap_or_else(|| calendar::add_ms(table.calendar(), start, ms))
}

/// Milliseconds the desk is open between `from` and `to`; 0 when `to` is not later.
#[must_use]
pub fn working_ms(table: &Timetable, from: Timestamp, to: Timestamp) -> i64 {
    if to <= from {
        return 0;
    }
    counted(table, from, to).unwrap_or_else(|| calendar::working_ms(table.calendar(), from, to))
}

/// As [`calendar::business_day_close`].
#[must_use]
pub fn business_day_close(table: &Timetable, start: Timestamp, days: u32) -> Timestamp {
    closing(table, start, days).unwrap_or_else(|| calendar::business_day_close(table.calendar(), start, days))
}

/// `at` itself when the desk is open then, otherwise the next instant it opens; `at` for a calendar that never opens.
#[must_use]
pub fn next_open(table: &Timetable, at: Timestamp) -> Timestamp {
    // The first millisecond of open time after `at` ends one after the opening.
    from_tables(table, at, 1).map_or_else(|| calendar::next_open(table.calendar(), at), |end| end.plus_ms(-1))
}

fn from_tables(table: &Timetable, start: Timestamp, ms: i64) -> Option<Timestamp> {
    let mut year = first_year(start)?;
    let (mut left, mut closed_years) = (ms, 0);
    while closed_years < GIVE_UP_AFTER_YEARS {
        let hours = table.year(year, build)?;
        // Where the running total of the year has to get to.
        let wanted = worked(hours, start).checked_add(left)?;
        let total = hours.before.last().copied().unwrap_or(0);
        if wanted <= total {
            let at = hours.before.partition_point(|before| *before < wanted).checked_sub(1)?;
            return Some(Timestamp(hours.opens.get(at)? + wanted - hours.before.get(at)?));
        }
        left = wanted - total;
        closed_years = if hours.opens.is_empty() { closed_years + 1 } else { 0 };
        year += 1;
    }
    None
}

fn counted(table: &Timetable, from: Timestamp, to: Timestamp) -> Option<i64> {
    let last = to.utc()?.date_naive().checked_add_days(REACH)?;
    if !Timetable::covers(last) {
        return None;
    }
    let mut sum = 0;
    for year in first_year(from)?..=last.year() {
        let hours = table.year(year, build)?;
        sum += worked(hours, to) - worked(hours, from);
    }
    Some(sum)
}

fn closing(table: &Timetable, start: Timestamp, days: u32) -> Option<Timestamp> {
    let date = local_date(table.calendar().timezone, start)?;
    if !Timetable::covers(date) {
        return None;
    }
    let mut year = date.year();
    let mut hours = table.year(year, build)?;
    // With 0 the day itself counts, otherwise the first one after it.
    let mut at = hours.days.partition_point(|(day, _)| if days == 0 { *day < date } else { *day <= date });
    at = at.checked_add(usize::try_from(days.saturating_sub(1)).ok()?)?;
    let mut closed_years = 0;
    while closed_years < GIVE_UP_AFTER_YEARS {
        if let Some((_, closes)) = hours.days.get(at) {
            return Some(Timestamp(*closes));
        }
        closed_years = if hours.days.is_empty() { closed_years + 1 } else { 0 };
        at -= hours.days.len();
        year += 1;
        hours = table.year(year, build)?;
    }
    None
}

/// Open time of the year up to `at`.
fn worked(hours: &YearHours, at: Timestamp) -> i64 {
    let stretch = hours.closes.partition_point(|closes| *closes <= at.0);
    let before = hours.before.get(stretch).copied().unwrap_or(0);
    before + hours.opens.get(stretch).map_or(0, |opens| (at.0 - opens).max(0))
}

/// The year of the earliest stretch that may be open at `at`; `None` outside the years with tables.
fn first_year(at: Timestamp) -> Option<i32> {
    let date = at.utc()?.date_naive().checked_sub_days(REACH)?;
    Timetable::covers(date).then(|| date.year())
}

fn build(calendar: &Calendar, year: i32) -> YearHours {
    let mut table = YearHours { before: vec![0], ..YearHours::default() };
    let Some(first) = NaiveDate::from_ymd_opt(year, 1, 1).and_then(|first| first.checked_sub_days(REACH)) else {
        return table;
    };
    // Hours of the last days of the year before may reach into this one.
    let (mut until, mut total) = (i64::MIN, 0);
    for date in first.iter_days().take_while(|date| date.year() <= year) {
        let mut last = None;
        for span in hours_on(calendar, date) {
            let opens = instant(calendar.timezone, date, span.start_minute, Edge::Opens);
            let closes = instant(calendar.timezone, date, span.end_minute, Edge::Closes);
            let (Some(opens), Some(closes)) = (opens, closes) else { continue };
            last = last.max(Some(closes));
            let opens = opens.max(until);
            if closes <= opens {
                continue;
            }
            until = closes;
            if date.year() == year {
                total += closes - opens;
                table.opens.push(opens);
                table.closes.push(closes);
                table.before.push(total);
            }
        }
        if let Some(closes) = last.filter(|_| date.year() == year) {
            table.days.push((date, closes));
        }
    }
    table
}

#[cfg(test)]
mod tests;
