//! Arithmetic on business hours. It walks day by day over the hours that are open, never minute by minute.
//!
//! Hours are wall-clock times of the calendar's zone. An hour the clocks skip holds no time; an hour they repeat is open
//! from its first reading to its last. Hours past midnight belong to the day they begin on: a night shift that begins
//! before a holiday runs to its end.

use chrono::{Datelike, Days, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone};
use chrono_tz::Tz;

use super::holidays::japanese_holiday;
use crate::domain::Timestamp;
use crate::domain::schedule::{Calendar, Objective, Span};

const MINUTE_MS: i64 = 60_000;
const SECOND_MS: i64 = 1_000;
/// A calendar that stays closed for this many days is taken as one that never opens.
const GIVE_UP_AFTER_DAYS: u32 = 1_500;

/// When `objective` falls due for something that begins at `start`.
#[must_use]
pub fn due(calendar: &Calendar, start: Timestamp, objective: Objective) -> Timestamp {
    match objective {
        Objective::Minutes(minutes) => add_minutes(calendar, start, minutes),
        Objective::BusinessDays(days) => business_day_close(calendar, start, days),
    }
}

/// The first instant by which the desk was open for `minutes` since `start`.
#[must_use]
pub fn add_minutes(calendar: &Calendar, start: Timestamp, minutes: u32) -> Timestamp {
    add_ms(calendar, start, i64::from(minutes) * MINUTE_MS)
}

/// As [`add_minutes`], in milliseconds. `start` itself when `ms` is not positive. A calendar that never opens is counted
/// around the clock, so that a promise never gets lost.
#[must_use]
pub fn add_ms(calendar: &Calendar, start: Timestamp, ms: i64) -> Timestamp {
    if ms <= 0 {
        return start;
    }
    let mut left = ms;
    for (opens, closes) in OpenTimes::from(calendar, start) {
        let length = closes - opens;
        if length >= left {
            return Timestamp(opens + left);
        }
        left -= length;
    }
    start.plus_ms(ms)
}

/// Whole minutes the desk is open between `from` and `to`; 0 when `to` is not later.
#[must_use]
pub fn working_minutes(calendar: &Calendar, from: Timestamp, to: Timestamp) -> i64 {
    working_ms(calendar, from, to) / MINUTE_MS
}

/// As [`working_minutes`], in milliseconds.
#[must_use]
pub fn working_ms(calendar: &Calendar, from: Timestamp, to: Timestamp) -> i64 {
    OpenTimes::from(calendar, from)
        .take_while(|(opens, _)| *opens < to.0)
        .map(|(opens, closes)| closes.min(to.0) - opens)
        .sum()
}

/// Closing time of the `days`-th business day after the day of `start`, which is not counted. With 0 the closing time of
/// that day itself, or of the next business day when it is closed.
#[must_use]
pub fn business_day_close(calendar: &Calendar, start: Timestamp, days: u32) -> Timestamp {
    let Some(mut date) = local_date(calendar.timezone, start) else { return start };
    let mut left = if days > 0 { days } else { u32::from(!is_business_day(calendar, date)) };
    let mut closed_days = 0;
    while left > 0 && closed_days < GIVE_UP_AFTER_DAYS {
        let Some(next) = date.succ_opt() else { break };
        date = next;
        if is_business_day(calendar, date) {
            left -= 1;
            closed_days = 0;
        } else {
            closed_days += 1;
        }
    }
    let closes = hours_on(calendar, date)
        .iter()
        .filter_map(|span| instant(calendar.timezone, date, span.end_minute, Edge::Closes))
        .max();
    closes.map_or_else(|| start.plus_ms(i64::from(days) * 24 * 60 * MINUTE_MS), Timestamp)
}

/// `at` itself when the desk is open then, otherwise the next instant it opens; `at` for a calendar that never opens.
#[must_use]
pub fn next_open(calendar: &Calendar, at: Timestamp) -> Timestamp {
    OpenTimes::from(calendar, at).next().map_or(at, |(opens, _)| Timestamp(opens))
}

/// Whether the desk is open at `at`.
#[must_use]
pub fn is_open(calendar: &Calendar, at: Timestamp) -> bool {
    OpenTimes::from(calendar, at).next().is_some_and(|(opens, _)| opens == at.0)
}

/// Whether hours begin on `date`.
#[must_use]
pub fn is_business_day(calendar: &Calendar, date: NaiveDate) -> bool {
    !hours_on(calendar, date).is_empty()
}

/// Open stretches from an instant on, in order, apart from each other or touching, in milliseconds since 1970.
struct OpenTimes<'a> {
    calendar: &'a Calendar,
    date: Option<NaiveDate>,
    next_span: usize,
    from: i64,
    closed_days: u32,
}

impl<'a> OpenTimes<'a> {
    fn from(calendar: &'a Calendar, start: Timestamp) -> Self {
        // Hours reach at most one day past the day they begin on; one more covers a day the zone skipped.
        let date = local_date(calendar.timezone, start).and_then(|date| date.checked_sub_days(Days::new(2)));
        Self { calendar, date, next_span: 0, from: start.0, closed_days: 0 }
    }
}

impl Iterator for OpenTimes<'_> {
    type Item = (i64, i64);

    fn next(&mut self) -> Option<(i64, i64)> {
        while self.closed_days < GIVE_UP_AFTER_DAYS {
            let date = self.date?;
            while let Some(span) = hours_on(self.calendar, date).get(self.next_span) {
                self.next_span += 1;
                let opens = instant(self.calendar.timezone, date, span.start_minute, Edge::Opens)?.max(self.from);
                let closes = instant(self.calendar.timezone, date, span.end_minute, Edge::Closes)?;
                if closes > opens {
                    self.from = closes;
                    self.closed_days = 0;
                    return Some((opens, closes));
                }
            }
            self.next_span = 0;
            self.date = date.succ_opt();
            self.closed_days += 1;
        }
        None
    }
}

/// The hours that begin on `date`, in order; empty when the day is closed.
#[must_use]
pub fn hours_on(calendar: &Calendar, date: NaiveDate) -> &[Span] {
    if let Ok(at) = calendar.special_hours.binary_search_by_key(&date, |(day, _)| *day) {
        return calendar.special_hours.get(at).map_or(&[], |(_, hours)| hours);
    }
    let usual = calendar.week.get(date.weekday().num_days_from_monday() as usize).map_or(&[][..], Vec::as_slice);
    if calendar.open_dates.contains(&date) {
        if usual.is_empty() {
            return calendar.week.iter().find(|hours| !hours.is_empty()).map_or(&[], Vec::as_slice);
        }
        return usual;
    }
    if usual.is_empty() || is_closed(calendar, date) { &[] } else { usual }
}

fn is_closed(calendar: &Calendar, date: NaiveDate) -> bool {
    let day = (date.month(), date.day());
    let yearly = calendar
        .closed_yearly
        .iter()
        .any(|(first, last)| if first <= last { *first <= day && day <= *last } else { *first <= day || day <= *last });
    yearly
        || calendar.closed_dates.contains(&date)
        || calendar.holidays.binary_search_by_key(&date, |day| day.date).is_ok()
        || (calendar.japanese_holidays && japanese_holiday(date).is_some())
}

pub(super) fn local_date(timezone: Tz, at: Timestamp) -> Option<NaiveDate> {
    // A day is kept free at both ends of what chrono can show, so that no zone's offset runs over it.
    let utc = at.utc()?.naive_utc();
    utc.checked_add_days(Days::new(2))?;
    utc.checked_sub_days(Days::new(2))?;
    Some(timezone.from_utc_datetime(&utc).date_naive())
}

#[derive(Clone, Copy)]
pub(super) enum Edge {
    Opens,
    Closes,
}

pub(super) fn instant(timezone: Tz, date: NaiveDate, minute: u16, edge: Edge) -> Option<i64> {
    let wall = date.and_time(NaiveTime::MIN).checked_add_signed(TimeDelta::minutes(i64::from(minute)))?;
    Some(match timezone.from_local_datetime(&wall) {
        MappedLocalTime::Single(at) => at.timestamp_millis(),
        MappedLocalTime::Ambiguous(first, second) => {
            let (first, second) = (first.timestamp_millis(), second.timestamp_millis());
            match edge {
                Edge::Opens => first.min(second),
                Edge::Closes => first.max(second),
            }
        }
        MappedLocalTime::None => end_of_gap(timezone, wall)?,
    })
}

/// The instant the clocks jump over `wall`: the first one that reads later.
fn end_of_gap(timezone: Tz, wall: NaiveDateTime) -> Option<i64> {
    let offset_s = |utc: NaiveDateTime| i64::from(timezone.offset_from_utc_datetime(&utc).fix().local_minus_utc());
    let before = offset_s(wall.checked_sub_days(Days::new(1))?);
    let after = offset_s(wall.checked_add_days(Days::new(1))?);
    let wall_s = wall.and_utc().timestamp();
    let (mut early, mut late) = (wall_s - before.max(after), wall_s - before.min(after));
    while early + 1 < late {
        let middle = early.midpoint(late);
        if offset_s(chrono::DateTime::from_timestamp(middle, 0)?.naive_utc()) == before {
            early = middle;
        } else {
            late = middle;
        }
    }
    Some(late * SECOND_MS)
}

#[cfg(test)]
mod tests;
